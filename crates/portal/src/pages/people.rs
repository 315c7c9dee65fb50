//! Who may log in: of an account for its owner, of the node for administrators. People are invited by mail and choose
//! their passwords themselves.

use askama::Template;
use axum::response::Response;
use billing::AccountId;
use serde::Deserialize;
use store::{Role, User};

use crate::circle::Circle;
use crate::forms::Signed;
use crate::frame::{Frame, Tab, page};
use crate::kept::{self, NewUser};
use crate::problem::Problem;

struct Row {
    login: String,
    name: String,
    email: String,
    role: Role,
    /// Their account, on the node's page.
    account: Option<(String, String)>,
    /// Whether they have yet to choose a password.
    is_invited: bool,
    has_factor: bool,
    is_me: bool,
}

impl Row {
    fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    fn is_owner(&self) -> bool {
        self.role == Role::Owner
    }
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    f: Frame,
    rows: Vec<Row>,
    here: String,
    may_change: bool,
    is_node: bool,
    has_mail: bool,
    accounts: Vec<(String, String)>,
}

/// The page.
pub(crate) async fn show(circle: Circle) -> Result<Response, Problem> {
    let visitor = circle.visitor();
    let only = circle.account().cloned();
    let users = visitor.state.desk(move |desk| {
        let of = |user: &User| only.is_none() || user.account == only;
        let users = desk.users()?.into_iter().filter(of);
        let with_factor = users.map(|user| {
            let factor = desk.second_factor(&user.login)?;
            Ok((user, factor.is_some_and(|factor| factor.since_ms.is_some())))
        });
        with_factor.collect::<Result<Vec<_>, store::Error>>()
    });
    let users = users.await?;
    let accounts = match &circle {
        Circle::Account(_) => Vec::new(),
        Circle::Node(_) => visitor.state.read(|reader| reader.accounts()).await?,
    };
    let rows = users.into_iter().map(|(user, has_factor)| Row {
        is_me: user.login == visitor.user.login,
        account: circle.account().is_none().then_some(user.account).flatten().map(|id| {
            let name = accounts.iter().find(|row| row.id == id).map_or(id.to_string(), |row| row.settings.name.clone());
            (visitor.path(&format!("/accounts/{id}")), name)
        }),
        is_invited: user.password_hash.is_empty(),
        login: user.login,
        name: user.name,
        email: user.email,
        role: user.role,
        has_factor,
    });
    page(&PeoplePage {
        rows: rows.collect(),
        f: circle.frame(Tab::People, "People"),
        here: circle.path("/people"),
        may_change: visitor.is_allowed_to_change(),
        is_node: circle.account().is_none(),
        has_mail: visitor.state.settings.has_mail,
        accounts: accounts.iter().map(|row| (row.id.to_string(), row.settings.name.clone())).collect(),
    })
}

/// Somebody to invite.
#[derive(Deserialize)]
pub(crate) struct Invited {
    login: String,
    name: String,
    email: String,
    role: String,
    /// Of an owner or viewer, on the node's page.
    #[serde(default)]
    account: String,
}

/// Adds a user without a password and writes to them.
pub(crate) async fn invite(circle: Circle, Signed(form): Signed<Invited>) -> Result<Response, Problem> {
    circle.visitor().may_change()?;
    let done = invited(&circle, form).await;
    circle.visitor().then(done, &circle.page("/people"))
}

async fn invited(circle: &Circle, form: Invited) -> Result<String, Problem> {
    let visitor = circle.visitor();
    let role: Role = form.role.parse().map_err(|error: store::Error| Problem::Typed(error.to_string()))?;
    let (name, email) = (form.name.trim().to_owned(), form.email.trim().to_owned());
    let new = NewUser { login: form.login, name, email, role, account: account_of(circle, role, &form.account).await? };
    let text = format!("{} invites you to {}.", visitor.name(), visitor.state.settings.node_name);
    let has_mail = visitor.state.settings.has_mail;
    let user = visitor.kept(move |desk, hand| kept::invite(desk, hand, new, has_mail, &text)).await?;
    let login = &user.login;
    Ok(match has_mail {
        true => format!("{login} is invited by mail. The link in it works for a week."),
        false => {
            let link = visitor.state.password_link(&user);
            format!("There is no mail server: give {login} this link, which works once within a week: {link}")
        }
    })
}

/// Which account a user of this role belongs to.
async fn account_of(circle: &Circle, role: Role, typed: &str) -> Result<Option<AccountId>, Problem> {
    match (circle.account(), role) {
        (Some(_), Role::Admin) => Err(Problem::NotAllowed),
        (Some(own), _) => Ok(Some(own.clone())),
        (None, Role::Admin) => Ok(None),
        (None, _) => {
            let missing = || Problem::Typed("an owner or viewer belongs to an account: choose one".to_owned());
            let id: AccountId = typed.parse().map_err(|_| missing())?;
            let found = circle.visitor().state.read(move |reader| reader.account(&id)).await?;
            found.map(|row| Some(row.id)).ok_or_else(missing)
        }
    }
}

/// A user on the page.
#[derive(Deserialize)]
pub(crate) struct Named {
    login: String,
}

/// A user of the circle who is not the visitor.
async fn other(circle: &Circle, login: &str) -> Result<User, Problem> {
    let visitor = circle.visitor();
    visitor.may_change()?;
    let login = login.to_owned();
    let user = visitor.state.desk(move |desk| desk.user(&login)).await?;
    let user = user.filter(|user| circle.account().is_none() || user.account.as_ref() == circle.account());
    let user = user.ok_or(Problem::NotFound)?;
    match user.login == visitor.user.login {
        true => Err(Problem::Typed("this is your own login: ask somebody else to change it".to_owned())),
        false => Ok(user),
    }
}

/// A user as they are to be.
#[derive(Deserialize)]
pub(crate) struct Edited {
    login: String,
    role: String,
}

/// Gives a user another role in their account.
pub(crate) async fn change(circle: Circle, Signed(form): Signed<Edited>) -> Result<Response, Problem> {
    let done = async {
        let user = other(&circle, &form.login).await?;
        let role: Role = form.role.parse().map_err(|error: store::Error| Problem::Typed(error.to_string()))?;
        let new = User { role, ..user.clone() };
        circle.visitor().kept(move |desk, hand| kept::change_user(desk, hand, &user, &new)).await
    };
    circle.visitor().then(done.await, &circle.page("/people"))
}

/// Removes a user, who is logged out at once.
pub(crate) async fn remove(circle: Circle, Signed(form): Signed<Named>) -> Result<Response, Problem> {
    let done = async {
        let user = other(&circle, &form.login).await?;
        circle.visitor().kept(move |desk, hand| kept::remove_user(desk, hand, &user)).await
    };
    circle.visitor().then(done.await, &circle.page("/people"))
}

/// Sends a user a link to choose a password; shows it where there is no mail server.
pub(crate) async fn reset(circle: Circle, Signed(form): Signed<Named>) -> Result<Response, Problem> {
    let done = async {
        let user = other(&circle, &form.login).await?;
        let visitor = circle.visitor();
        let (why, asked) = (format!("{} asked for it.", visitor.name()), user.clone());
        let has_mail = visitor.state.settings.has_mail;
        visitor.kept(move |desk, hand| kept::new_password(desk, hand, &asked, has_mail, &why)).await?;
        let login = &user.login;
        Ok(match has_mail {
            true => format!("A mail with a link to choose a password goes to {login}."),
            false => {
                let link = visitor.state.password_link(&user);
                format!("There is no mail server: give {login} this link, which works once: {link}")
            }
        })
    };
    circle.visitor().then(done.await, &circle.page("/people"))
}

/// Turns a user's second factor off: their phone is lost, and their codes, too.
pub(crate) async fn factor_off(circle: Circle, Signed(form): Signed<Named>) -> Result<Response, Problem> {
    let done = async {
        let user = other(&circle, &form.login).await?;
        let why = format!("{} turned the second step of your login off.", circle.visitor().name());
        let text = format!("{} logs in with the password alone until they set up a second step anew.", user.login);
        circle.visitor().kept(move |desk, hand| kept::factor_off(desk, hand, &user, &why)).await?;
        Ok(text)
    };
    circle.visitor().then(done.await, &circle.page("/people"))
}
