//! A user's second factor: set up with a QR code, confirmed with a code, turned off with one.

use std::sync::Arc;

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use store::LetterKind;

use crate::access::Visitor;
use crate::factor;
use crate::forms::{Button, Signed};
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::state::now_ms;

const SETUP: &str = "/me/second-factor";

#[derive(Template)]
#[template(path = "factor.html")]
struct FactorPage {
    f: Frame,
    qr: String,
    secret: String,
    login: String,
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct CodesPage {
    f: Frame,
    codes: Vec<String>,
    back: String,
}

/// Begins to set one up: a new secret, or the one that waits to be confirmed.
pub(crate) async fn begin(visitor: Visitor, Signed(Button {}): Signed<Button>) -> Result<Response, Problem> {
    let (vault, login) = (Arc::clone(&visitor.state.vault), visitor.user.login.clone());
    visitor.state.desk(move |desk| desk.begin_second_factor(&login, &vault.seal(&factor::secret())?)).await?;
    Ok(Redirect::to(&visitor.path(SETUP)).into_response())
}

/// The QR code of the one that is being set up.
pub(crate) async fn show(visitor: Visitor) -> Result<Response, Problem> {
    let (vault, login) = (Arc::clone(&visitor.state.vault), visitor.user.login.clone());
    let secret = visitor.state.desk(move |desk| {
        let waiting = desk.second_factor(&login)?.filter(|factor| factor.since_ms.is_none());
        waiting.map(|factor| vault.open_sealed(&factor.secret)).transpose()
    });
    let Some(secret) = secret.await? else { return Ok(Redirect::to(&visitor.path("/me")).into_response()) };
    let uri = factor::uri(&secret, &visitor.state.settings.node_name, &visitor.user.login);
    page(&FactorPage {
        f: Frame::of_node(&visitor, Tab::Me, "Set up the second step", String::new()),
        qr: factor::drawn(&uri).unwrap_or_default(),
        secret: factor::written(&secret),
        login: visitor.user.login.clone(),
    })
}

/// A code of the app.
#[derive(Deserialize)]
pub(crate) struct Code {
    code: String,
}

impl Visitor {
    /// That whoever sits there has the phone, or for some things a recovery code. Tries are limited as those of the login are.
    async fn shows(&self, code: String, recovery_too: bool) -> Result<(), Problem> {
        let (vault, login) = (Arc::clone(&self.state.vault), self.user.login.clone());
        let wait =
            self.state.throttle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).try_name(&login, now_ms());
        if wait.is_err() {
            return Err(Problem::Typed("too many wrong codes; wait ten minutes".to_owned()));
        }
        let asked = login.clone();
        let taken = self.state.desk(move |desk| match recovery_too {
            true => factor::takes_any(desk, &vault, &asked, &code, now_ms()),
            false => factor::takes_code(desk, &vault, &asked, &code, now_ms()),
        });
        if !taken.await? {
            return Err(Problem::Typed("that code is wrong, or was used before; wait for the next one".to_owned()));
        }
        self.state.throttle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).name_succeeded(&login);
        Ok(())
    }
}

/// From now on the login asks for it.
pub(crate) async fn confirm(visitor: Visitor, Signed(Code { code }): Signed<Code>) -> Result<Response, Problem> {
    if let Err(problem) = visitor.shows(code, false).await {
        return visitor.then(Err(problem), SETUP);
    }
    let codes = factor::recovery_codes();
    let kept: Vec<[u8; 32]> = codes.iter().map(|code| factor::kept(code)).collect();
    let (login, session) = (visitor.user.login.clone(), visitor.session);
    let row = visitor.note_of(visitor.user.account.clone(), &format!("{login} has a second step at the login."));
    visitor
        .state
        .desk(move |desk| {
            desk.confirm_second_factor(&login, now_ms(), &kept, &session)?;
            desk.note(&row)?;
            desk.write_letter(&login, LetterKind::Security, "A second step was added to your login.", now_ms())
                .map(drop)
        })
        .await?;
    let back = visitor.path("/me");
    page(&CodesPage { f: Frame::of_node(&visitor, Tab::Me, "Your recovery codes", String::new()), codes, back })
}

/// The login asks for it no longer.
pub(crate) async fn turn_off(visitor: Visitor, Signed(Code { code }): Signed<Code>) -> Result<Response, Problem> {
    if let Err(problem) = visitor.shows(code, true).await {
        return visitor.then(Err(problem), "/me");
    }
    let login = visitor.user.login.clone();
    let row =
        visitor.note_of(visitor.user.account.clone(), &format!("{login} turned the second step at the login off."));
    visitor
        .state
        .desk(move |desk| {
            desk.remove_second_factor(&login)?;
            desk.note(&row)?;
            let text = "The second step of your login was turned off.";
            desk.write_letter(&login, LetterKind::Security, text, now_ms()).map(drop)
        })
        .await?;
    visitor.then(Ok("The login asks for the password alone now.".to_owned()), "/me")
}
