//! A user's own login: password, second factor, sessions.

pub(crate) mod factor;

use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use store::{LetterKind, MIN_PASSWORD_CHARS, Session};

use crate::access::Visitor;
use crate::forms::{Button, Signed};
use crate::frame::{Frame, Tab, page};
use crate::kept;
use crate::login::is_right;
use crate::new_password::hashed;
use crate::problem::Problem;
use crate::state::now_ms;
use crate::words::count;
use crate::zone::Zone;

struct Row {
    id: String,
    browser: String,
    ip: String,
    town: String,
    since: String,
    used: String,
    is_this: bool,
}

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    f: Frame,
    login: String,
    name: String,
    email: String,
    role: String,
    factor_since: Option<String>,
    codes_left: String,
    least: usize,
    sessions: Vec<Row>,
}

impl Visitor {
    /// The zone of the user's account; UTC for administrators.
    pub(super) async fn zone(&self) -> Result<Zone, Problem> {
        let Some(id) = self.user.account.clone() else { return Ok(Zone::named("UTC")) };
        let account = self.state.read(move |reader| reader.account(&id)).await?;
        Ok(Zone::named(account.as_ref().map_or("UTC", |account| &account.settings.time_zone)))
    }
}

/// The page.
pub(crate) async fn show(visitor: Visitor) -> Result<Response, Problem> {
    let zone = visitor.zone().await?;
    let login = visitor.user.login.clone();
    let found = visitor.state.desk(move |desk| Ok((desk.second_factor(&login)?, desk.sessions_of(&login, now_ms())?)));
    let (factor, sessions) = found.await?;
    let factor_since = factor.as_ref().and_then(|factor| factor.since_ms).map(|ms| zone.in_full(ms));
    page(&MePage {
        f: Frame::of_node(&visitor, Tab::Me, "Your login", zone.words()),
        login: visitor.user.login.clone(),
        name: visitor.user.name.clone(),
        email: visitor.user.email.clone(),
        role: visitor.user.role.in_words().to_owned(),
        factor_since,
        codes_left: count(factor.map_or(0, |factor| factor.codes_left) as usize, "recovery code"),
        least: MIN_PASSWORD_CHARS,
        sessions: sessions.iter().map(|session| row(&visitor, &zone, session)).collect(),
    })
}

fn row(visitor: &Visitor, zone: &Zone, session: &Session) -> Row {
    let place = session.ip.parse().ok().map(|ip| visitor.state.places.locate(ip));
    Row {
        id: session.name(),
        browser: browser(&session.agent),
        ip: session.ip.clone(),
        town: place.map_or_else(String::new, |place| crate::words::town(&place)),
        since: zone.short(session.created_ms),
        used: zone.short(session.last_used_ms),
        is_this: session.token_hash == visitor.session,
    }
}

/// "Firefox on Windows" of what a browser calls itself.
fn browser(agent: &str) -> String {
    let first =
        |known: &[(&str, &'static str)]| known.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name);
    // Each also claims to be those below it.
    let name = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "an iPhone"),
        ("iPad", "an iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "a Mac"),
        ("Linux", "Linux"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(name), None) => name.to_owned(),
        (None, _) if agent.is_empty() => "a browser that does not say what it is".to_owned(),
        (None, _) => agent.to_owned(),
    }
}

/// A session to end.
#[derive(Deserialize)]
pub(crate) struct Ended {
    session: String,
}

/// Ends a session of the user's own.
pub(crate) async fn end_session(
    visitor: Visitor,
    Signed(Ended { session }): Signed<Ended>,
) -> Result<Response, Problem> {
    let user = visitor.user.clone();
    let done = visitor.kept(move |desk, hand| {
        let all = desk.sessions_of(&user.login, hand.at_ms)?;
        match all.iter().find(|one| one.name() == session) {
            Some(found) => kept::end_session(desk, hand, &user, found),
            None => Ok("That session had ended before.".to_owned()),
        }
    });
    visitor.then(done.await, "/me")
}

/// Ends all sessions of the user but this one.
pub(crate) async fn end_others(visitor: Visitor, Signed(Button {}): Signed<Button>) -> Result<Response, Problem> {
    let (login, this) = (visitor.user.login.clone(), visitor.session);
    let row = visitor.note_of(visitor.user.account.clone(), &format!("{login} ended all other sessions."));
    let ended = visitor.state.desk(move |desk| {
        let ended = desk.end_other_sessions(&login, &this)?;
        desk.note(&row)?;
        Ok(ended)
    });
    let done = format!("{} ended; you are logged in here alone.", count(ended.await?, "session"));
    visitor.then(Ok(done), "/me")
}

/// Another password.
#[derive(Deserialize)]
pub(crate) struct NewPassword {
    old: String,
    password: String,
    again: String,
}

/// Changes the user's own password.
pub(crate) async fn change_password(
    visitor: Visitor,
    Signed(NewPassword { old, password, again }): Signed<NewPassword>,
) -> Result<Response, Problem> {
    let done = match changed(&visitor, old, password, &again).await {
        Ok(()) => Ok("Your password is changed. Log in with it.".to_owned()),
        Err(problem) => Err(problem),
    };
    visitor.then(done, "/me")
}

async fn changed(visitor: &Visitor, old: String, password: String, again: &str) -> Result<(), Problem> {
    let (state, login) = (&visitor.state, visitor.user.login.clone());
    visitor.proves(old).await?;
    if password != again {
        return Err(Problem::Typed("the two new passwords are not the same".to_owned()));
    }
    let hash = hashed(state, password).await?.map_err(|error| Problem::Typed(error.to_string()))?;
    let row = visitor.note_of(visitor.user.account.clone(), &format!("{login} changed the password."));
    state
        .desk(move |desk| {
            desk.set_password(&login, &hash)?;
            desk.note(&row)?;
            desk.write_letter(&login, LetterKind::Security, "Your password was changed.", now_ms()).map(drop)
        })
        .await
}

impl Visitor {
    /// That whoever sits there knows the password: a session alone does not change what the next login asks for. Tries are
    /// limited as those of the login are.
    async fn proves(&self, password: String) -> Result<(), Problem> {
        let login = &self.user.login;
        let wait =
            self.state.throttle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).try_name(login, now_ms());
        if wait.is_err() {
            return Err(Problem::Typed("too many wrong passwords; wait ten minutes".to_owned()));
        }
        if !is_right(&self.state, login, password).await? {
            return Err(Problem::Typed("that is not your present password".to_owned()));
        }
        self.state.throttle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).name_succeeded(login);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::browser;

    #[test]
    fn browsers_have_names() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome on Linux");
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile Safari/604.1";
        assert_eq!(browser(safari), "Safari on an iPhone");
        assert_eq!(browser("curl/8.1"), "curl/8.1");
        assert_eq!(browser(""), "a browser that does not say what it is");
    }
}
