//! `tollguard user`: who may log in to the portal.

use billing::AccountId;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use store::{Role, User as Row, hash_password};

use super::context::Context;
use super::error::refused;
use super::output::{self, Table, local, now_ms, or_dash};
use super::password::PasswordArgs;
use super::{CliError, Listing};

/// Who may log in to the portal.
#[derive(Debug, Args)]
#[command(long_about = "\
Users of the portal. An admin may do everything on the node, an owner everything on one account, a viewer look at one.

Examples:
  tollguard user add jo --role owner --account law-000 --email jo@law.example
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
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// All users.
    List(Listing),
    /// Remove a user, who is logged out at once.
    Remove {
        /// Login name.
        login: String,
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

impl User {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        match self.action {
            Action::Add { login, role, account, name, email, password } => {
                let role = match role {
                    RoleWord::Admin => Role::Admin,
                    RoleWord::Owner => Role::Owner,
                    RoleWord::Viewer => Role::Viewer,
                };
                let row = Row { login, name, email, role, account, password_hash: String::new(), created_ms: now_ms() };
                add(context, row, &password)
            }
            Action::List(listing) => list(context, listing),
            Action::Remove { login } => {
                context.desk()?.remove_user(&login)?;
                output::print(&format!("{login} was removed and is logged out.\n"));
                Ok(())
            }
            Action::Password { login, password } => {
                let desk = context.desk()?;
                if desk.user(&login)?.is_none() {
                    return refused(format!("there is no user {login}"));
                }
                let chosen = password.choose(&login)?;
                desk.set_password(&login, &hash_password(&chosen.text)?)?;
                output::print(&format!("{login} has a new password and is logged out.\n"));
                chosen.show();
                Ok(())
            }
        }
    }
}

fn add(context: &Context, mut row: Row, password: &PasswordArgs) -> Result<(), CliError> {
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
    let chosen = password.choose(&row.login)?;
    row.password_hash = hash_password(&chosen.text)?;
    desk.add_user(&row)?;
    output::print(&format!("{} may log in to the portal.\n", row.login));
    chosen.show();
    Ok(())
}

fn list(context: &Context, listing: Listing) -> Result<(), CliError> {
    let users = context.desk()?.users()?;
    if listing.json {
        let rows: Vec<_> = users
            .iter()
            .map(|user| {
                json!({
                    "login": user.login, "name": user.name, "email": user.email, "role": user.role.as_str(),
                    "account": user.account, "created_ms": user.created_ms,
                })
            })
            .collect();
        return output::json(&rows);
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
