//! A new secret for a line: asked first, made here, shown once.

use account::{Change, Line, Secrets};
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use sip::digest::Ha1Set;

use super::ask::AskPage;
use super::line::find;
use crate::access::Scope;
use crate::forms::{Back, Button, Signed};
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::random;
use crate::words::line_in_full;

#[derive(Template)]
#[template(path = "secret.html")]
struct SecretPage {
    f: Frame,
    done: String,
    name: String,
    is_trunk: bool,
    secret: String,
    auth_name: String,
    domain: String,
    server: String,
    back: String,
    /// What is found there.
    back_name: &'static str,
}

fn path_of(line: &Line) -> String {
    format!("/lines/{}", line.id)
}

/// The page that asks.
pub(crate) async fn ask(scope: Scope, Path((_, line)): Path<(String, String)>) -> Result<Response, Problem> {
    let line = find(&scope, &line).await?.line;
    line.auth_name.as_ref().ok_or(Problem::NotFound)?;
    let name = line_in_full(&line);
    page(&AskPage {
        f: Frame::of_account(&scope, Tab::Lines, "Change the secret"),
        lead: format!("{name} gets a new, strong secret. It is shown once, on the next page."),
        effects: vec![
            "Whoever knows the old secret is out at once, the rightful phone too.".to_owned(),
            "All its registrations are dropped and its running calls are hung up.".to_owned(),
            "You then type the new secret into the phone or PBX. It takes a few minutes.".to_owned(),
        ],
        action: scope.path(&format!("{}/secret", path_of(&line))),
        button: "Change the secret now",
        is_grave: true,
        back: scope.path(&path_of(&line)),
        may_change: scope.visitor.is_allowed_to_change(),
    })
}

/// Changes it and shows it, the only time.
pub(crate) async fn change(
    scope: Scope,
    Path((_, line)): Path<(String, String)>,
    back: Back,
    Signed(Button {}): Signed<Button>,
) -> Result<Response, Problem> {
    let line = find(&scope, &line).await?.line;
    let auth_name = line.auth_name.as_deref().ok_or(Problem::NotFound)?;
    let settings = &scope.visitor.state.settings;
    let secret = random::secret();
    let ha1 = Ha1Set::new(auth_name.as_bytes(), settings.realm.as_bytes(), secret.as_bytes());
    let (ha1_md5, ha1_sha256) = ha1.parts();
    // The account machine counts the version on.
    let secrets = Secrets { ha1_md5, ha1_sha256, version: 0 };
    let done = match scope.change(Change::SetSecret { line: line.id.clone(), secrets }).await {
        Ok(done) => done,
        Err(problem) => return scope.visitor.then(Err(problem), &back.or(scope.page(&path_of(&line)))),
    };
    let back_name = if back.is_given() { "Done, go on" } else { "Done, see the line" };
    page(&SecretPage {
        f: Frame::of_account(&scope, Tab::Lines, "The new secret"),
        done,
        name: line_in_full(&line),
        is_trunk: line.kind == account::LineKind::Trunk,
        secret,
        auth_name: auth_name.to_owned(),
        domain: settings.realm.clone(),
        server: settings.sip_server.clone(),
        back: scope.visitor.path(&back.or(scope.page(&path_of(&line)))),
        back_name,
    })
}
