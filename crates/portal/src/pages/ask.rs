//! Pages that ask before something is done (links in mails lead to them), and the answers to an incident.

use account::Change;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use billing::IncidentId;
use guard::{Incident, IncidentState};

use super::incident::{find, lifts};
use crate::access::Scope;
use crate::forms::{Button, Signed};
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;

/// A question with one button.
#[derive(Template)]
#[template(path = "ask.html")]
pub(super) struct AskPage {
    pub(super) f: Frame,
    pub(super) lead: String,
    pub(super) effects: Vec<String>,
    pub(super) action: String,
    pub(super) button: &'static str,
    pub(super) is_grave: bool,
    pub(super) back: String,
    pub(super) may_change: bool,
}

fn path_of(incident: &Incident) -> String {
    format!("/incidents/{}", incident.id)
}

/// "Turn international calling back on?"
pub(crate) async fn lift(scope: Scope, Path((_, incident)): Path<(String, String)>) -> Result<Response, Problem> {
    let (incident, line) = find(&scope, &incident).await?;
    let lifts = lifts(&scope, &incident, line.as_ref());
    let mut effects = vec![
        "Calls abroad go through again, and cost money again.".to_owned(),
        "Do this after the secret was changed: otherwise the same caller may come straight back.".to_owned(),
    ];
    let lead = match lifts.as_slice() {
        [] => {
            effects.clear();
            "International calling is not cut by this incident: there is nothing to turn back on.".to_owned()
        }
        [Some(line)] => format!("International calling is turned back on for line {line}."),
        _ => "International calling is turned back on for the account and all its lines.".to_owned(),
    };
    page(&AskPage {
        f: Frame::of_account(&scope, Tab::Incidents, "Turn international calling back on"),
        lead,
        effects,
        action: scope.path(&format!("{}/lift", path_of(&incident))),
        button: "Turn it back on",
        is_grave: false,
        back: scope.path(&path_of(&incident)),
        may_change: scope.visitor.is_allowed_to_change() && !lifts.is_empty(),
    })
}

/// Turns international calling back on.
pub(crate) async fn lifted(
    scope: Scope,
    Path((_, incident)): Path<(String, String)>,
    Signed(Button {}): Signed<Button>,
) -> Result<Response, Problem> {
    let (incident, line) = find(&scope, &incident).await?;
    let mut done = Err(Problem::Typed("international calling is not cut by this incident".into()));
    for line in lifts(&scope, &incident, line.as_ref()) {
        done = scope.change(Change::LiftCut { line }).await;
    }
    scope.visitor.then(done, &scope.page(&path_of(&incident)))
}

/// "That was us?"
pub(crate) async fn ours(scope: Scope, Path((_, incident)): Path<(String, String)>) -> Result<Response, Problem> {
    let (incident, _) = find(&scope, &incident).await?;
    page(&AskPage {
        f: Frame::of_account(&scope, Tab::Incidents, "That was us"),
        lead: "You say that you know these calls: you or your people placed them.".to_owned(),
        effects: vec![
            "What this incident cut is turned back on.".to_owned(),
            "These numbers, destinations and places are normal for the line at once; calls there no longer count as strange."
                .to_owned(),
            "You can take this answer back: the guard then unlearns it, and cuts again what was cut.".to_owned(),
            "If you are not sure, do not press it: ask whoever has the phone first.".to_owned(),
        ],
        action: scope.path(&format!("{}/ours", path_of(&incident))),
        button: "Yes, that was us",
        is_grave: false,
        back: scope.path(&path_of(&incident)),
        may_change: scope.visitor.is_allowed_to_change() && incident.state != IncidentState::Ours,
    })
}

/// The owner knows these calls.
pub(crate) async fn were_ours(
    scope: Scope,
    Path((_, incident)): Path<(String, String)>,
    Signed(Button {}): Signed<Button>,
) -> Result<Response, Problem> {
    answer(&scope, &incident, |incident| Change::ThatWasUs { incident }).await
}

/// "That was not us?"
pub(crate) async fn theirs(scope: Scope, Path((_, incident)): Path<(String, String)>) -> Result<Response, Problem> {
    let (incident, _) = find(&scope, &incident).await?;
    page(&AskPage {
        f: Frame::of_account(&scope, Tab::Incidents, "That was not us"),
        lead: "You say that neither you nor your people placed these calls.".to_owned(),
        effects: vec![
            "The numbers that were called, and the new places they were called from, speak against whoever uses them again, \
             on every line of the account."
                .to_owned(),
            "As long as the incident is open, international calling is cut on the line.".to_owned(),
            "Somebody knows a secret: change it next.".to_owned(),
            "You can take this answer back: the guard then unlearns it.".to_owned(),
        ],
        action: scope.path(&format!("{}/theirs", path_of(&incident))),
        button: "No, that was not us",
        is_grave: true,
        back: scope.path(&path_of(&incident)),
        may_change: scope.visitor.is_allowed_to_change() && incident.state != IncidentState::Theirs,
    })
}

/// The owner does not know these calls.
pub(crate) async fn were_theirs(
    scope: Scope,
    Path((_, incident)): Path<(String, String)>,
    Signed(Button {}): Signed<Button>,
) -> Result<Response, Problem> {
    answer(&scope, &incident, |incident| Change::ThatWasNotUs { incident }).await
}

/// "Take the answer back?"
pub(crate) async fn take_back(scope: Scope, Path((_, incident)): Path<(String, String)>) -> Result<Response, Problem> {
    let (incident, _) = find(&scope, &incident).await?;
    const UNLEARNT: &str = "The guard unlearns what the answer taught it.";
    let (lead, effects) = match incident.state {
        IncidentState::Ours => (
            "You said that these calls were yours, and take that back.",
            vec![UNLEARNT, "If the incident was open before, it is open again, and what it had cut is cut again."],
        ),
        IncidentState::Theirs => (
            "You said that these calls were not yours, and take that back.",
            vec![UNLEARNT, "What is cut stays cut until you turn it back on."],
        ),
        _ => ("Nobody has answered this incident, so there is nothing to take back.", Vec::new()),
    };
    page(&AskPage {
        f: Frame::of_account(&scope, Tab::Incidents, "Take the answer back"),
        lead: lead.to_owned(),
        effects: effects.into_iter().map(str::to_owned).collect(),
        action: scope.path(&format!("{}/take-back", path_of(&incident))),
        button: "Take it back",
        is_grave: false,
        back: scope.path(&path_of(&incident)),
        may_change: scope.visitor.is_allowed_to_change()
            && matches!(incident.state, IncidentState::Ours | IncidentState::Theirs),
    })
}

/// The answer is taken back.
pub(crate) async fn taken_back(
    scope: Scope,
    Path((_, incident)): Path<(String, String)>,
    Signed(Button {}): Signed<Button>,
) -> Result<Response, Problem> {
    answer(&scope, &incident, |incident| Change::TakeBack { incident }).await
}

/// Makes the owner's answer to an incident and shows the incident again.
async fn answer(scope: &Scope, incident: &str, change: impl Fn(IncidentId) -> Change) -> Result<Response, Problem> {
    let (incident, _) = find(scope, incident).await?;
    let done = scope.change(change(incident.id)).await;
    scope.visitor.then(done, &scope.page(&path_of(&incident)))
}
