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
use crate::recipes::{Access, Recipe};
use crate::words::line_in_full;
use crate::{random, recipes};

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
    recipes: Vec<Recipe>,
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
    let secret = random::secret();
    // The account machine counts the version on.
    let secrets = digests(&scope, auth_name, &secret);
    let done = match scope.change(Change::SetSecret { line: line.id.clone(), secrets }).await {
        Ok(done) => done,
        Err(problem) => return scope.visitor.then(Err(problem), &back.or(scope.page(&path_of(&line)))),
    };
    let back_name = if back.is_given() { "Done, go on" } else { "Done, see the line" };
    let back = scope.visitor.path(&back.or(scope.page(&path_of(&line))));
    shown(&scope, &line, done, secret, (back, back_name))
}

/// What is kept of a secret.
pub(super) fn digests(scope: &Scope, auth_name: &str, secret: &str) -> Secrets {
    let realm = scope.visitor.state.settings.realm.as_bytes();
    let (ha1_md5, ha1_sha256) = Ha1Set::new(auth_name.as_bytes(), realm, secret.as_bytes()).parts();
    Secrets { ha1_md5, ha1_sha256, version: 0 }
}

/// The page that shows a secret, the only time, with the settings to type or copy.
pub(super) fn shown(
    scope: &Scope,
    line: &Line,
    done: String,
    secret: String,
    (back, back_name): (String, &'static str),
) -> Result<Response, Problem> {
    let settings = &scope.visitor.state.settings;
    let auth_name = line.auth_name.as_deref().unwrap_or_default();
    let access = Access {
        kind: line.kind,
        user: auth_name,
        secret: &secret,
        domain: &settings.realm,
        server: settings.sip_server.split(" or ").next().unwrap_or_default(),
    };
    page(&SecretPage {
        recipes: recipes::all(&access),
        f: Frame::of_account(scope, Tab::Lines, "The new secret"),
        done,
        name: line_in_full(line),
        is_trunk: line.kind == account::LineKind::Trunk,
        auth_name: auth_name.to_owned(),
        domain: settings.realm.clone(),
        server: settings.sip_server.clone(),
        secret,
        back,
        back_name,
    })
}
