//! The settings of an account: who is told, and the way to everything else that can be set.

use account::{Change, Contact};
use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use crate::access::Scope;
use crate::forms::Signed;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;

/// Contacts that an account may have.
const MAX_CONTACTS: usize = 10;
/// The longest name or address, characters.
const MAX_CHARS: usize = 100;

/// A page that settings are on.
struct Way {
    href: String,
    name: &'static str,
    what: &'static str,
}

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    f: Frame,
    ways: Vec<Way>,
    contacts: Vec<Contact>,
    /// A line each, as they are typed.
    typed: String,
    may_change: bool,
    has_mail: bool,
    here: String,
}

/// The page.
pub(crate) async fn show(scope: Scope) -> Result<Response, Problem> {
    let way = |page: &str, name, what| Way { href: scope.path(page), name, what };
    let mut ways = vec![
        way("/limits", "Limits", "countries, hours, prices, calls at once, the most a hijack can cost"),
        way("/guard", "Guard", "whether it acts or only watches"),
        way("/webhooks", "Webhooks", "events posted to a program of yours, or to Slack"),
        way("/keys", "API keys", "what programs prove themselves with"),
        way("/people", "People", "who may log in, and as what"),
        way("/audit", "Audit log", "who changed what, with before and after"),
    ];
    ways.push(Way {
        href: scope.visitor.path("/me"),
        name: "Your login",
        what: "password, second step, where you are logged in",
    });
    let contacts = scope.account.settings.contacts.clone();
    page(&SettingsPage {
        f: Frame::of_account(&scope, Tab::Settings, "Settings"),
        ways,
        typed: contacts.iter().map(|contact| format!("{} <{}>\n", contact.name, contact.email)).collect(),
        contacts,
        may_change: scope.visitor.is_allowed_to_change(),
        has_mail: scope.visitor.state.settings.has_mail,
        here: scope.path("/settings"),
    })
}

/// Who is told.
#[derive(Deserialize)]
pub(crate) struct Contacts {
    contacts: String,
}

/// Sets who is told.
pub(crate) async fn set_contacts(scope: Scope, Signed(form): Signed<Contacts>) -> Result<Response, Problem> {
    scope.visitor.may_change()?;
    let done = match read(&form.contacts) {
        Ok(contacts) => {
            let settings = account::Settings { contacts, ..scope.account.settings.clone() };
            scope.change(Change::Settings(settings)).await
        }
        Err(problem) => Err(problem),
    };
    scope.visitor.then(done, &scope.page("/settings"))
}

/// Contacts from their lines: "Jo Law <jo@law.example>", or an address alone.
fn read(text: &str) -> Result<Vec<Contact>, Problem> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.len() > MAX_CONTACTS {
        return Err(Problem::Typed(format!("an account has at most {MAX_CONTACTS} contacts")));
    }
    let one = |line: &&str| {
        let (name, email) = match line.strip_suffix('>').and_then(|line| line.rsplit_once('<')) {
            Some((name, email)) => (name.trim().trim_matches('"').to_owned(), email.trim().to_owned()),
            None => (String::new(), (*line).to_owned()),
        };
        let is_address = email.split_once('@').is_some_and(|(who, host)| !who.is_empty() && !host.is_empty());
        let is_short = name.chars().count() <= MAX_CHARS && email.chars().count() <= MAX_CHARS;
        match is_address && is_short && !email.contains(char::is_whitespace) {
            true => Ok(Contact { name, email }),
            false => Err(Problem::Typed(format!("{line} is not an e-mail address, or a name and one in <>"))),
        }
    };
    lines.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_read_a_line_each() {
        let contact = |name: &str, email: &str| Contact { name: name.into(), email: email.into() };
        let found = read("Jo Law <jo@law.example>\r\n\r\n office@law.example \n").unwrap();
        assert_eq!(found, [contact("Jo Law", "jo@law.example"), contact("", "office@law.example")]);
        assert_eq!(read(" \n").unwrap(), []);
        for bad in ["Jo", "Jo <jo>", "<@x>", "a b@c", &"x@y\n".repeat(11)] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
