//! `tollguard user`: who may log in to the portal.

use account::Actor;
use billing::AccountId;
use clap::{Args, Subcommand, ValueEnum};
use portal::{kept, shapes};
use store::{AuditRow, Changed, Desk, LetterKind, Link, Role, User as Row, Vault, hash_password};

use super::context::Context;
use super::error::refused;
use super::output::{self, Table, hand, local, now_ms, or_dash, say};
use super::password::PasswordArgs;
use super::{CliError, Listing};

/// Who may log in to the portal.
#[derive(Debug, Args)]
#[command(long_about = "\
Users of the portal. An admin may do everything on the node, an owner everything on one account, a viewer look at one.

Examples:
  tollguard user add jo --role owner --account law-000 --email jo@law.example --invite
  tollguard user password jo --generate")]
pub struct User {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a user.
    Add {
        /// Login name; case matters.
        login: String,
        /// What they may do.
        #[arg(long)]
        role: RoleWord,
        /// The account of an owner or viewer.
        #[arg(long)]
        account: Option<AccountId>,
        /// Name.
        #[arg(long, default_value = "")]
        name: String,
        /// E-mail address.
        #[arg(long, default_value = "")]
        email: String,
        /// Let them choose their password by a link instead: mailed where there is a mail server, and shown.
        #[arg(long, conflicts_with_all = ["generate", "password_file"])]
        invite: bool,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Change a user; what is not given stays.
    Change {
        /// Login name.
        login: String,
        /// Name.
        #[arg(long)]
        name: Option<String>,
        /// E-mail address.
        #[arg(long)]
        email: Option<String>,
        /// Owner or viewer; an administrator stays one.
        #[arg(long)]
        role: Option<RoleWord>,
    },
    /// All users.
    List(Listing),
    /// Remove a user, who is logged out at once.
    Remove {
        /// Login name.
        login: String,
    },
    /// Show a link with which a user chooses a password: once, within an hour, or a week for the first one.
    Link {
        /// Login name.
        login: String,
    },
    /// Turn a user's second step off: their phone is lost, and their recovery codes, too.
    NoSecondStep {
        /// Login name.
        login: String,
    },
    /// Where a user is logged in.
    Sessions {
        /// Login name.
        login: String,
        /// End them all.
        #[arg(long)]
        end: bool,
        #[command(flatten)]
        listing: Listing,
    },
    /// Give a user another password; they are logged out at once.
    Password {
        /// Login name.
        login: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleWord {
    /// Everything on the node.
    Admin,
    /// Everything on one account.
    Owner,
    /// Look at one account.
    Viewer,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Admin => Self::Admin,
            RoleWord::Owner => Self::Owner,
            RoleWord::Viewer => Self::Viewer,
        }
    }
}

impl User {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        match self.action {
            Action::Add { login, role, account, name, email, invite, password } => {
                let role = Role::from(role);
                let row = Row { login, name, email, role, account, password_hash: String::new(), created_ms: now_ms() };
                add(context, row, (!invite).then_some(&password))
            }
            Action::List(listing) => list(context, listing),
            Action::Change { login, name, email, role } => {
                let desk = context.desk()?;
                let old = find(&desk, &login)?;
                let new = Row {
                    name: name.unwrap_or_else(|| old.name.clone()),
                    email: email.unwrap_or_else(|| old.email.clone()),
                    role: role.map_or(old.role, Role::from),
                    ..old.clone()
                };
                say(&kept::change_user(&desk, &hand(), &old, &new)?)
            }
            Action::Remove { login } => {
                let desk = context.desk()?;
                say(&kept::remove_user(&desk, &hand(), &find(&desk, &login)?)?)
            }
            Action::Link { login } => {
                let desk = context.desk()?;
                let user = find(&desk, &login)?;
                kept::new_password(&desk, &hand(), &user, false, "")?;
                show_link(context, &desk, &user)
            }
            Action::NoSecondStep { login } => {
                let desk = context.desk()?;
                let user = find(&desk, &login)?;
                let why = format!("Whoever runs {} turned the second step of your login off.", context.config.name);
                if !kept::factor_off(&desk, &hand(), &user, &why)? {
                    return refused(format!("{login} has no second step"));
                }
                say(&format!("{login} logs in with the password alone."))
            }
            Action::Sessions { login, end, listing } => sessions(context, &login, end, listing),
            Action::Password { login, password } => {
                let desk = context.desk()?;
                drop(find(&desk, &login)?);
                let chosen = password.choose(&login)?;
                desk.set_password(&login, &hash_password(&chosen.text)?)?;
                let user = find(&desk, &login)?;
                noted(&desk, &user, format!("{login} has a new password and is logged out."), "", "")?;
                chosen.show();
                Ok(())
            }
        }
    }
}

fn find(desk: &Desk, login: &str) -> Result<Row, CliError> {
    match desk.user(login)? {
        Some(user) => Ok(user),
        None => refused(format!("there is no user {login}")),
    }
}

/// Prints what was done and writes it into the audit log.
fn noted(desk: &Desk, user: &Row, text: String, before: &str, after: &str) -> Result<(), CliError> {
    output::print(&format!("{text}\n"));
    let what = format!("user {}", user.login);
    let changed = Changed { what, before: before.to_owned(), after: after.to_owned() };
    desk.note(&AuditRow {
        account: user.account.clone(),
        at_ms: now_ms(),
        by: Actor::CommandLine.name().to_owned(),
        text,
        changes: Some(changed).filter(|changed| changed.before != changed.after).into_iter().collect(),
    })?;
    Ok(())
}

/// Shows the link with which a user chooses a password.
fn show_link(context: &Context, desk: &Desk, user: &Row) -> Result<(), CliError> {
    let portal = &context.config.portal;
    let listening = portal.listen.map(|address| format!("http://{address}"));
    let Some(url) = portal.url.clone().or(listening) else {
        return refused("this node has no portal: set `listen` in the configuration's [portal]");
    };
    let vault = Vault::open(&context.config.data_dir, desk)?;
    output::print(&format!("{url}/once/{}\n", Link::password(user, now_ms()).token(&vault)));
    Ok(())
}

fn sessions(context: &Context, login: &str, end: bool, listing: Listing) -> Result<(), CliError> {
    let desk = context.desk()?;
    let user = find(&desk, login)?;
    if end {
        return say(&kept::end_sessions(&desk, &hand(), &user)?);
    }
    let sessions = desk.sessions_of(login, now_ms())?;
    if listing.json {
        return output::json(&sessions.iter().map(shapes::session).collect::<Vec<_>>());
    }
    let mut table = Table::new(&["SINCE", "LAST USED", "ADDRESS", "BROWSER"], &[]);
    for session in sessions {
        let (since, used) = (local(session.created_ms, None), local(session.last_used_ms, None));
        table.row(vec![since, used, session.ip, session.agent]);
    }
    output::print(&table.text(&format!("{login} is logged in nowhere.")));
    Ok(())
}

fn add(context: &Context, mut row: Row, password: Option<&PasswordArgs>) -> Result<(), CliError> {
    if !Row::is_login(&row.login) {
        return refused(store::LOGIN_RULE);
    }
    match (row.role, &row.account) {
        (Role::Admin, Some(_)) => return refused("an admin belongs to no account: leave --account out"),
        (Role::Owner | Role::Viewer, None) => {
            return refused("an owner or viewer belongs to an account: add --account");
        }
        (_, Some(account)) => drop(context.account(&context.reader()?, account)?),
        (Role::Admin, None) => {}
    }
    let desk = context.desk()?;
    let chosen = password.map(|password| password.choose(&row.login)).transpose()?;
    if let Some(chosen) = &chosen {
        row.password_hash = hash_password(&chosen.text)?;
    }
    desk.add_user(&row)?;
    noted(&desk, &row, format!("{} may log in to the portal.", row.login), "", row.role.as_str())?;
    match chosen {
        Some(chosen) => {
            chosen.show();
            Ok(())
        }
        None => {
            let text = format!("Whoever runs {} invites you.", context.config.name);
            desk.write_letter(&row.login, LetterKind::Invitation, &text, now_ms())?;
            show_link(context, &desk, &row)
        }
    }
}

fn list(context: &Context, listing: Listing) -> Result<(), CliError> {
    let desk = context.desk()?;
    let users = desk.users()?;
    if listing.json {
        let shape = |user: &Row| {
            let factor = desk.second_factor(&user.login)?;
            Ok(shapes::user(user, factor.is_some_and(|factor| factor.since_ms.is_some())))
        };
        return output::json(&users.iter().map(shape).collect::<Result<Vec<_>, CliError>>()?);
    }
    let mut table = Table::new(&["LOGIN", "NAME", "ROLE", "ACCOUNT", "E-MAIL", "ADDED"], &[]);
    for user in users {
        table.row(vec![
            user.login,
            user.name,
            user.role.to_string(),
            or_dash(user.account),
            user.email,
            local(user.created_ms, None),
        ]);
    }
    output::print(&table.text("There are no users yet: `tollguard user add --help`."));
    Ok(())
}
