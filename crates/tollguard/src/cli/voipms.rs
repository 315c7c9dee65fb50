//! `tollguard voipms`: who may use VOIP.MS's API as which account, and from where.

use std::net::IpAddr;

use billing::AccountId;
use clap::{Args, Subcommand};
use ipnet::IpNet;
use serde_json::json;
use store::{ApiAccess, MAX_API_ADDRESSES};

use super::context::Context;
use super::error::refused;
use super::output::{self, Table, local, now_ms};
use super::password::{Chosen, generate};
use super::{CliError, Listing};

/// The longest user name, characters.
const MAX_NAME_CHARS: usize = 128;

/// Programs that use VOIP.MS's API as an account.
#[derive(Debug, Args)]
#[command(long_about = "\
Tools made for VOIP.MS find the same API here, at /api/v1/rest.php below the portal's address. An account's tools log in \
with a user name, an e-mail address as a rule, and a password that is made up here and shown once; they may call from the \
addresses you allow and from nowhere else. Behind a reverse proxy set `proxies` in the configuration's [portal].

Examples:
  tollguard voipms on law-000 --allow 203.0.113.9 --allow 198.51.100.0/24
  tollguard voipms allow law-000 203.0.113.10
  tollguard voipms password law-000
  tollguard voipms off law-000")]
pub struct Voipms {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Turn the API on for an account; its first password is shown once.
    On {
        /// The account.
        account: AccountId,
        /// The user name; the first contact's e-mail address where it is not given.
        #[arg(long)]
        user: Option<String>,
        /// An address or network that calls may come from; may be given several times.
        #[arg(long, value_name = "ADDRESS")]
        allow: Vec<Net>,
    },
    /// Turn it off. User name, password and addresses are kept.
    Off {
        /// The account.
        account: AccountId,
    },
    /// Allow these addresses and networks, and no others; none at all where none is given.
    Allow {
        /// The account.
        account: AccountId,
        /// Addresses and networks.
        #[arg(value_name = "ADDRESS")]
        addresses: Vec<Net>,
    },
    /// Make up a new password and show it once; the old one is void at once.
    Password {
        /// The account.
        account: AccountId,
    },
    /// All accounts with an access.
    List(Listing),
}

/// An address, or a network of them.
#[derive(Clone, Copy, Debug)]
struct Net(IpNet);

impl std::str::FromStr for Net {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse()
            .or_else(|_| address())
            .map(|net: IpNet| Self(net.trunc()))
            .map_err(|_| format!("`{text}` is neither an address nor a network such as 198.51.100.0/24"))
    }
}

impl Voipms {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        match self.action {
            Action::On { account, user, allow } => turn_on(context, &account, user, &allow),
            Action::Off { account } => {
                let access = of(context, &account)?;
                context.desk()?.put_api_access(&ApiAccess { is_on: false, ..access })?;
                output::print(&format!("VOIP.MS's API is off for {account}.\n"));
                Ok(())
            }
            Action::Allow { account, addresses } => {
                let access = ApiAccess { allowed: nets(&addresses)?, ..of(context, &account)? };
                context.desk()?.put_api_access(&access)?;
                output::print(&format!("{account} may call the API from {}.\n", places(&access)));
                Ok(())
            }
            Action::Password { account } => {
                let access = of(context, &account)?;
                let password = generate()?;
                context.desk()?.put_api_access(&ApiAccess { password_hash: ApiAccess::hash(&password), ..access })?;
                output::print(&format!("{account} has a new password for the API.\n"));
                Chosen { text: password, generated: true }.show();
                Ok(())
            }
            Action::List(listing) => list(context, listing),
        }
    }
}

fn nets(addresses: &[Net]) -> Result<Vec<IpNet>, CliError> {
    if addresses.len() > MAX_API_ADDRESSES {
        return refused(format!("at most {MAX_API_ADDRESSES} addresses and networks can be allowed"));
    }
    Ok(addresses.iter().map(|net| net.0).collect())
}

fn find(context: &Context, account: &AccountId) -> Result<Option<ApiAccess>, CliError> {
    Ok(context.desk()?.api_accesses()?.into_iter().find(|access| access.account == *account))
}

fn of(context: &Context, account: &AccountId) -> Result<ApiAccess, CliError> {
    match find(context, account)? {
        Some(access) => Ok(access),
        None => refused(format!("{account} has no access to the API: `tollguard voipms on {account}` makes one")),
    }
}

/// Addresses in a sentence.
fn places(access: &ApiAccess) -> String {
    match access.allowed.as_slice() {
        [] => "nowhere yet: `tollguard voipms allow`".to_owned(),
        some => some.iter().map(short).collect::<Vec<_>>().join(", "),
    }
}

/// An address without its length, where it is one alone.
fn short(net: &IpNet) -> String {
    if net.prefix_len() == net.max_prefix_len() { net.addr().to_string() } else { net.to_string() }
}

fn turn_on(context: &Context, account: &AccountId, user: Option<String>, allow: &[Net]) -> Result<(), CliError> {
    let settings = context.account(&context.reader()?, account)?.settings;
    let allowed = nets(allow)?;
    let known = find(context, account)?;
    let usual = || settings.contacts.first().map(|contact| contact.email.clone());
    let Some(username) = user.or_else(|| known.as_ref().map(|known| known.username.clone())).or_else(usual) else {
        return refused("the account has no contact whose e-mail address could be the user name: add --user");
    };
    let is_name = !username.is_empty()
        && username.chars().count() <= MAX_NAME_CHARS
        && !username.contains(|c: char| c.is_whitespace() || c.is_control());
    if !is_name {
        return refused(format!("a user name has 1 to {MAX_NAME_CHARS} characters and no spaces"));
    }
    let mut made = None;
    let access = match known {
        Some(known) => {
            let allowed = if allowed.is_empty() { known.allowed.clone() } else { allowed };
            ApiAccess { username, allowed, is_on: true, ..known }
        }
        None => {
            let password = generate()?;
            let password_hash = ApiAccess::hash(&password);
            made = Some(password);
            let created_ms = now_ms();
            ApiAccess { account: account.clone(), username, password_hash, allowed, is_on: true, created_ms }
        }
    };
    context.desk()?.put_api_access(&access)?;
    let from = places(&access);
    output::print(&format!("VOIP.MS's API is on for {account}, as {} from {from}.\n", access.username));
    if let Some(text) = made {
        Chosen { text, generated: true }.show();
    }
    Ok(())
}

fn list(context: &Context, listing: Listing) -> Result<(), CliError> {
    let accesses = context.desk()?.api_accesses()?;
    if listing.json {
        let rows: Vec<_> = accesses
            .iter()
            .map(|access| {
                json!({
                    "account": access.account, "user": access.username, "allowed": access.allowed, "on": access.is_on,
                    "created_ms": access.created_ms,
                })
            })
            .collect();
        return output::json(&rows);
    }
    let mut table = Table::new(&["ACCOUNT", "USER", "STATE", "FROM", "SINCE"], &[]);
    for access in accesses {
        table.row(vec![
            access.account.to_string(),
            access.username.clone(),
            if access.is_on { "on" } else { "off" }.to_owned(),
            places(&access),
            local(access.created_ms, None),
        ]);
    }
    output::print(&table.text("No account has an access to the API yet: `tollguard voipms --help`."));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_told_apart_from_names() {
        for (text, shown) in
            [("192.0.2.7", "192.0.2.7"), ("192.0.2.7/24", "192.0.2.0/24"), ("2001:db8::1", "2001:db8::1")]
        {
            assert_eq!(short(&text.parse::<Net>().unwrap().0), shown);
        }
        assert!("office.example".parse::<Net>().is_err());
    }
}
