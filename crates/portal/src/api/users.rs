//! Users of the portal: invited, changed, removed; where they are logged in.

use axum::Json;
use axum::http::StatusCode;
use billing::AccountId;
use serde::Deserialize;
use store::{KeyScope, Role as HeldRole, Session as HeldSession, User as HeldUser};
use utoipa::IntoParams;

use super::client::Client;
use super::extract::{Body, Place};
use super::fault::{Answer, Fault, Kind};
use super::page::{Listing, Page, Paging};
use super::shapes::{Done, Invited, LoginName, NewUser, Session, SessionName, User, UserChange};
use crate::kept;
use crate::state::now_ms;

/// A user in an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtUser {
    /// The login name.
    #[param(value_type = LoginName)]
    login: String,
}

/// A session in an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtSession {
    /// The session.
    #[param(value_type = SessionName)]
    session: String,
}

/// A user that the key reaches, with whether they have a second step.
struct Found {
    client: Client,
    user: HeldUser,
    has_second_step: bool,
}

impl Client {
    /// Users within the key's reach that `of` finds.
    async fn users(&self, of: impl Fn(&HeldUser) -> bool + Send + 'static) -> Result<Vec<(HeldUser, bool)>, Fault> {
        let own: Option<AccountId> = self.key.account.clone();
        let found = self.portal().desk(move |desk| {
            let within = |user: &HeldUser| own.is_none() || user.account == own;
            let users = desk.users()?.into_iter().filter(|user| within(user) && of(user));
            let with_factor = users.map(|user| {
                let factor = desk.second_factor(&user.login)?;
                Ok((user, factor.is_some_and(|factor| factor.since_ms.is_some())))
            });
            with_factor.collect::<Result<Vec<_>, store::Error>>()
        });
        Ok(found.await?)
    }

    async fn user(self, scope: KeyScope, at: AtUser) -> Result<Found, Fault> {
        self.must(scope)?;
        let missing = Fault::not_found(format!("there is no user {} for this key", at.login));
        let (user, has_second_step) = self.users(move |user| user.login == at.login).await?.pop().ok_or(missing)?;
        Ok(Found { client: self, user, has_second_step })
    }
}

/// Users that the key reaches.
#[utoipa::path(get, path = "/users", tag = "people", params(Paging), responses((status = 200, body = Page<User>)))]
pub(super) async fn list(client: Client, listing: Listing) -> Answer<Page<User>> {
    client.must(KeyScope::Read)?;
    let users = client.users(|_| true).await?;
    listing.page_of_all(users, |(user, _)| user.login.clone(), |(user, has_step)| User::of(&user, has_step))
}

/// Invite somebody: they choose their password by a link, and may then do what their role allows.
#[utoipa::path(post, path = "/users", tag = "people", request_body = NewUser, responses((status = 201, body = Invited)))]
pub(super) async fn invite(client: Client, Body(new): Body<NewUser>) -> Result<(StatusCode, Json<Invited>), Fault> {
    client.must(KeyScope::People)?;
    let role = HeldRole::from(new.role);
    let account = new.account.or_else(|| client.key.account.clone());
    if !client.covers(account.as_ref()) || role == HeldRole::Admin && !client.is_of_node() {
        return Err(Fault::new(Kind::NotAllowed, "a key invites nobody who reaches further than itself"));
    }
    if let Some(id) = account.clone() {
        let missing = Fault::not_found(format!("there is no account {id} for this key"));
        client.read(move |reader| reader.account(&id)).await?.ok_or(missing)?;
    }
    let new = kept::NewUser { login: new.login, name: new.name, email: new.email, role, account };
    let settings = &client.portal().settings;
    let (why, has_mail) = (format!("You may log in to {}.", settings.node_name), settings.has_mail);
    let user = client.kept(move |desk, hand| kept::invite(desk, hand, new, has_mail, &why)).await?;
    let text = format!("{} was invited as {}.", user.login, user.role.in_words());
    Ok((StatusCode::CREATED, Json(client.invited(&user, false, text))))
}

impl Client {
    fn invited(&self, user: &HeldUser, has_second_step: bool, text: String) -> Invited {
        let link = (!self.portal().settings.has_mail).then(|| self.portal().password_link(user));
        Invited { user: User::of(user, has_second_step), text, link }
    }
}

/// One user.
#[utoipa::path(get, path = "/users/{login}", tag = "people", params(AtUser), responses((status = 200, body = User)))]
pub(super) async fn show(client: Client, Place(at): Place<AtUser>) -> Answer<User> {
    let found = client.user(KeyScope::Read, at).await?;
    Ok(Json(User::of(&found.user, found.has_second_step)))
}

/// Change a user; what is not given stays.
#[utoipa::path(patch, path = "/users/{login}", tag = "people", params(AtUser), request_body = UserChange,
    responses((status = 200, body = User)))]
pub(super) async fn change(client: Client, Place(at): Place<AtUser>, Body(change): Body<UserChange>) -> Answer<User> {
    let Found { client, user: old, has_second_step } = client.user(KeyScope::People, at).await?;
    let new = HeldUser {
        name: change.name.unwrap_or_else(|| old.name.clone()),
        email: change.email.unwrap_or_else(|| old.email.clone()),
        role: change.role.map_or(old.role, HeldRole::from),
        ..old.clone()
    };
    let shape = User::of(&new, has_second_step);
    client.kept(move |desk, hand| kept::change_user(desk, hand, &old, &new)).await?;
    Ok(Json(shape))
}

/// Remove a user, who is logged out at once.
#[utoipa::path(delete, path = "/users/{login}", tag = "people", params(AtUser), responses((status = 200, body = Done)))]
pub(super) async fn remove(client: Client, Place(at): Place<AtUser>) -> Answer<Done> {
    let Found { client, user, .. } = client.user(KeyScope::People, at).await?;
    Ok(Json(client.kept(move |desk, hand| kept::remove_user(desk, hand, &user)).await?.into()))
}

/// Let a user choose a new password, by a link; the old one holds until then.
#[utoipa::path(post, path = "/users/{login}/new-password", tag = "people", params(AtUser),
    responses((status = 200, body = Invited)))]
pub(super) async fn new_password(client: Client, Place(at): Place<AtUser>) -> Answer<Invited> {
    let Found { client, user, has_second_step } = client.user(KeyScope::People, at).await?;
    let (asked, has_mail) = (user.clone(), client.portal().settings.has_mail);
    let why = format!("Whoever runs {} asked for it.", client.portal().settings.node_name);
    client.kept(move |desk, hand| kept::new_password(desk, hand, &asked, has_mail, &why)).await?;
    let text = format!("{} may choose a new password.", user.login);
    Ok(Json(client.invited(&user, has_second_step, text)))
}

/// Turn a user's second step off: their phone is lost, and their recovery codes, too.
#[utoipa::path(delete, path = "/users/{login}/second-step", tag = "people", params(AtUser),
    responses((status = 200, body = Done)))]
pub(super) async fn second_step_off(client: Client, Place(at): Place<AtUser>) -> Answer<Done> {
    let Found { client, user, .. } = client.user(KeyScope::People, at).await?;
    let why = format!("Whoever runs {} turned the second step of your login off.", client.portal().settings.node_name);
    let login = user.login.clone();
    if !client.kept(move |desk, hand| kept::factor_off(desk, hand, &user, &why)).await? {
        return Err(Fault::new(Kind::Conflict, format!("{login} has no second step")));
    }
    Ok(Json(format!("{login} logs in with the password alone.").into()))
}

/// Where a user is logged in, the last used session first.
#[utoipa::path(get, path = "/users/{login}/sessions", tag = "people", params(AtUser),
    responses((status = 200, body = Vec<Session>)))]
pub(super) async fn sessions(client: Client, Place(at): Place<AtUser>) -> Answer<Vec<Session>> {
    let Found { client, user, .. } = client.user(KeyScope::Read, at).await?;
    let sessions = client.portal().desk(move |desk| desk.sessions_of(&user.login, now_ms())).await?;
    Ok(Json(sessions.iter().map(Session::from).collect()))
}

/// Log a user out everywhere.
#[utoipa::path(delete, path = "/users/{login}/sessions", tag = "people", params(AtUser),
    responses((status = 200, body = Done)))]
pub(super) async fn log_out(client: Client, Place(at): Place<AtUser>) -> Answer<Done> {
    let Found { client, user, .. } = client.user(KeyScope::People, at).await?;
    Ok(Json(client.kept(move |desk, hand| kept::end_sessions(desk, hand, &user)).await?.into()))
}

/// End one session of a user.
#[utoipa::path(delete, path = "/users/{login}/sessions/{session}", tag = "people", params(AtUser, AtSession),
    responses((status = 200, body = Done)))]
pub(super) async fn end_session(
    client: Client,
    Place(at): Place<AtUser>,
    Place(AtSession { session }): Place<AtSession>,
) -> Answer<Done> {
    let Found { client, user, .. } = client.user(KeyScope::People, at).await?;
    let missing = Fault::not_found(format!("{} has no such session", user.login));
    let login = user.login.clone();
    let sessions = client.portal().desk(move |desk| desk.sessions_of(&login, now_ms())).await?;
    let session: HeldSession = sessions.into_iter().find(|one| one.name() == session).ok_or(missing)?;
    Ok(Json(client.kept(move |desk, hand| kept::end_session(desk, hand, &user, &session)).await?.into()))
}
