//! A new line: a phone or a PBX, with the settings that go into it.

use account::{Change, Limits, Line, LineKind};
use askama::Template;
use axum::response::Response;
use billing::LineId;
use serde::Deserialize;

use super::secret;
use crate::access::Scope;
use crate::forms::Signed;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::random;

const PAGE: &str = "/new-line";
/// The longest display name, characters.
const MAX_NAME_CHARS: usize = 80;

#[derive(Template)]
#[template(path = "new_line.html")]
struct NewLinePage {
    f: Frame,
    here: String,
    lines: String,
    may_change: bool,
}

/// The form.
pub(crate) async fn show(scope: Scope) -> Result<Response, Problem> {
    page(&NewLinePage {
        f: Frame::of_account(&scope, Tab::Lines, "Add a line"),
        here: scope.path(PAGE),
        lines: scope.path("/lines"),
        may_change: scope.visitor.is_allowed_to_change(),
    })
}

/// The form's fields.
#[derive(Deserialize)]
pub(crate) struct New {
    line: String,
    name: String,
    kind: LineKind,
    /// "on" where it is ticked.
    #[serde(default)]
    international: Option<String>,
}

/// Adds the line and shows its secret, the only time.
pub(crate) async fn add(scope: Scope, Signed(form): Signed<New>) -> Result<Response, Problem> {
    scope.visitor.may_change()?;
    let line = match read(&scope, &form).await {
        Ok(line) => line,
        Err(problem) => return scope.visitor.then(Err(problem), &scope.page(PAGE)),
    };
    let text = random::secret();
    let auth_name = line.auth_name.clone().unwrap_or_default();
    let secrets = Some(secret::digests(&scope, &auth_name, &text));
    let added = Line { secrets, ..line.clone() };
    match scope.change(Change::PutLine(added)).await {
        Ok(done) => {
            let back = (scope.path(&format!("/lines/{}", line.id)), "Done, see the line");
            secret::shown(&scope, &line, done, text, back)
        }
        Err(problem) => scope.visitor.then(Err(problem), &scope.page(PAGE)),
    }
}

async fn read(scope: &Scope, form: &New) -> Result<Line, Problem> {
    let typed = form.line.trim();
    let id: LineId = typed
        .parse()
        .map_err(|_| Problem::Typed(format!("`{typed}` cannot be a line's name: use digits, letters, - and _")))?;
    let name = form.name.trim().to_owned();
    if name.chars().count() > MAX_NAME_CHARS || name.contains(char::is_control) {
        return Err(Problem::Typed(format!("a display name has at most {MAX_NAME_CHARS} characters")));
    }
    let (account, asked) = (scope.id().clone(), id.clone());
    if scope.visitor.state.read(move |reader| reader.line(&account, &asked)).await?.is_some() {
        return Err(Problem::Typed(format!("there is a line {id} already")));
    }
    Ok(Line {
        // Names are unique on the node, and every account may have an extension 101.
        auth_name: Some(format!("{}-{id}", scope.id()).into()),
        id,
        kind: form.kind,
        name,
        secrets: None,
        addresses: Vec::new(),
        certificates: Vec::new(),
        caller_id: None,
        international: form.international.is_some(),
        max_calls: None,
        limits: Limits::default(),
        cut: None,
        bindings: Vec::new(),
        last_seen: None,
        shut_out_ms: 0,
    })
}
