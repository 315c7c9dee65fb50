//! Links in mails that do one thing once, without a login. Opening one shows a page with a button; only the button acts, so
//! that a program which follows all links in a mail does nothing.

use account::{Actor, Change, Secrets};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use billing::{AccountId, IncidentId};
use guard::{Incident, IncidentState};
use node::{Command, CommandReply};
use sip::digest::Ha1Set;
use store::{AccountRow, Deed, LineRow, Link};

use crate::alone::Alone;
use crate::problem::Problem;
use crate::state::{PortalState, now_ms};
use crate::words::{self, line_in_full};
use crate::zone::Zone;
use crate::{new_password, random};

#[derive(Template)]
#[template(path = "once.html")]
struct OncePage {
    a: Alone,
    lead: String,
    effects: Vec<String>,
    /// What the button says, while there is something to do.
    button: Option<&'static str>,
    action: String,
    /// Where to go on.
    on: String,
    on_name: &'static str,
}

/// An incident that a link is about.
struct Case {
    account: AccountRow,
    incident: Incident,
    line: Option<LineRow>,
}

impl Case {
    async fn read(state: &PortalState, account: AccountId, incident: IncidentId) -> Result<Self, Problem> {
        let found = state.read(move |reader| {
            let Some(row) = reader.account(&account)? else { return Ok(None) };
            let Some(incident) = reader.incident(incident)?.filter(|incident| incident.account == account) else {
                return Ok(None);
            };
            let line = reader.line(&account, &incident.line)?;
            Ok(Some(Self { account: row, incident, line }))
        });
        found.await?.ok_or(Problem::LinkVoid)
    }

    fn line(&self) -> String {
        self.line.as_ref().map_or_else(|| format!("line {}", self.incident.line), |row| line_in_full(&row.line))
    }

    fn page(&self, state: &PortalState, headers: &HeaderMap, title: &str) -> OncePage {
        let base = state.settings.base();
        OncePage {
            a: Alone::new(state, headers, title),
            lead: String::new(),
            effects: Vec::new(),
            button: None,
            action: String::new(),
            on: format!("{base}/accounts/{}/incidents/{}", self.account.id, self.incident.id),
            on_name: "Open the incident (after the login)",
        }
    }

    fn what(&self) -> String {
        let zone = Zone::named(&self.account.settings.time_zone);
        let calls = words::count(self.incident.calls.len(), "call");
        let (name, when) = (&self.account.settings.name, zone.in_full(self.incident.acted_ms));
        format!("{name}: {calls} over {}, noticed on {when}.", self.line())
    }
}

/// The page of a link.
pub(crate) async fn ask(
    State(state): State<PortalState>,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let link = usable(&state, &token).await?;
    let page = match link.deed {
        Deed::Password { login, stamp, .. } => {
            let user = new_password::user_of(&state, &login, stamp).await?;
            return new_password::show(&state, &headers, &token, &user, None);
        }
        Deed::NotUs { account, incident } => not_us(&state, &headers, &Case::read(&state, account, incident).await?),
        Deed::ShutOut { account, incident } => {
            shut_out(&state, &headers, &Case::read(&state, account, incident).await?)
        }
    };
    let action = format!("{}/once/{token}", state.settings.base());
    Ok(Html(OncePage { action, ..page }.render()?).into_response())
}

fn not_us(state: &PortalState, headers: &HeaderMap, case: &Case) -> OncePage {
    let page = case.page(state, headers, "That was not us");
    if case.incident.state == IncidentState::Theirs {
        return OncePage { lead: "This was said before: the calls were not yours.".to_owned(), ..page };
    }
    let watches = case.account.settings.guard == account::GuardMode::Shadow;
    let cut = if watches {
        "Nothing is turned off: your guard is set to watch. Log in to change that."
    } else {
        "As long as the incident is open, international calling is off on the line. Calls at home and emergency calls \
         go on."
    };
    OncePage {
        lead: case.what(),
        effects: vec![
            "You say that neither you nor your people placed these calls.".to_owned(),
            cut.to_owned(),
            "The numbers called, and the new places they were called from, speak against whoever uses them again."
                .to_owned(),
            "You can take it back after the login.".to_owned(),
        ],
        button: Some("No, that was not us"),
        ..page
    }
}

fn shut_out(state: &PortalState, headers: &HeaderMap, case: &Case) -> OncePage {
    let page = case.page(state, headers, "Shut the line");
    if case.line.as_ref().is_none_or(|row| row.line.auth_name.is_none()) {
        return OncePage { lead: "This line has no password that could be made void.".to_owned(), ..page };
    }
    OncePage {
        lead: case.what(),
        effects: vec![
            format!("The password of {} is void at once, and nobody knows the new one.", case.line()),
            "All its registrations are dropped and its running calls are hung up.".to_owned(),
            "Your own phone cannot call on it either, not even for help, until you have logged in and changed the secret."
                .to_owned(),
        ],
        button: Some("Shut the line now"),
        ..page
    }
}

/// Does what a link does.
pub(crate) async fn act(
    State(state): State<PortalState>,
    headers: HeaderMap,
    Path(token): Path<String>,
    form: axum::body::Bytes,
) -> Result<Response, Problem> {
    let link = usable(&state, &token).await?;
    let (mark, until_ms) = (Link::mark(&token), link.expires_ms);
    let (title, case, change) = match link.deed {
        Deed::Password { login, stamp, .. } => {
            let user = new_password::user_of(&state, &login, stamp).await?;
            return new_password::take(&state, &headers, &token, user, &form, until_ms).await;
        }
        Deed::NotUs { account, incident } => {
            let case = Case::read(&state, account, incident).await?;
            ("That was not us", case, Change::ThatWasNotUs { incident })
        }
        Deed::ShutOut { account, incident } => {
            let case = Case::read(&state, account, incident).await?;
            let line = case.line.as_ref().map(|row| row.line.clone()).ok_or(Problem::LinkVoid)?;
            let name = line.auth_name.as_deref().ok_or(Problem::LinkVoid)?;
            let (realm, secret) = (state.settings.realm.as_bytes(), random::token());
            let (ha1_md5, ha1_sha256) = Ha1Set::new(name.as_bytes(), realm, secret.as_bytes()).parts();
            let secrets = Secrets { ha1_md5, ha1_sha256, version: 0 };
            ("Shut the line", case, Change::SetSecret { line: line.id, secrets })
        }
    };
    // Used before it is done, so that two presses at once do it once.
    if !state.desk(move |desk| desk.use_link(&mark, now_ms(), until_ms)).await? {
        return Err(Problem::LinkUsed);
    }
    let command = Command::Account { account: case.account.id.clone(), by: Actor::Link, change };
    let done = match state.control.send(command).await {
        Ok(CommandReply::Done(done)) => done.text,
        answer => {
            state.desk(move |desk| desk.give_link_back(&mark)).await?;
            return Err(answer.err().map_or(Problem::Broken, Problem::Command));
        }
    };
    let page = case.page(&state, &headers, title);
    let page = OncePage {
        lead: done,
        effects: vec!["This link has done its work and does nothing more.".to_owned()],
        on_name: "Log in and put the rest right",
        ..page
    };
    Ok(Html(page.render()?).into_response())
}

/// A link of ours that has neither been used nor expired.
async fn usable(state: &PortalState, token: &str) -> Result<Link, Problem> {
    let link = Link::read(token, &state.vault).ok_or(Problem::LinkVoid)?;
    if link.expires_ms <= now_ms() {
        return Err(Problem::LinkExpired);
    }
    let mark = Link::mark(token);
    if state.desk(move |desk| desk.is_used(&mark)).await? { Err(Problem::LinkUsed) } else { Ok(link) }
}
