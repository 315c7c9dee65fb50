//! What stands around every page: the node's name, the way to the other pages, the note of what was just done.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use crate::access::{Scope, Visitor};
use crate::problem::Problem;

/// Which page of the bar is open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Node,
    Overview,
    Calls,
    Lines,
    Incidents,
    Money,
    Lockout,
    Settings,
    People,
    Carriers,
    Decks,
    Health,
    Keys,
    Audit,
    Me,
}

/// A way to another page.
pub(crate) struct Way {
    pub(crate) href: String,
    pub(crate) name: &'static str,
    pub(crate) here: bool,
}

/// The frame.
pub(crate) struct Frame {
    pub(crate) base: String,
    pub(crate) title: String,
    pub(crate) node: String,
    pub(crate) role: String,
    pub(crate) user: String,
    pub(crate) csrf: String,
    pub(crate) note: Option<(bool, String)>,
    pub(crate) account: Option<String>,
    pub(crate) ways: Vec<Way>,
    pub(crate) times: String,
}

impl Frame {
    /// Around a page of an account.
    pub(crate) fn of_account(scope: &Scope, tab: Tab, title: &str) -> Self {
        let visitor = &scope.visitor;
        let way = |page: &str, name, of| Way { href: scope.path(page), name, here: tab == of };
        let mut ways = Vec::new();
        if visitor.is_admin() {
            ways.push(Way { href: visitor.path("/"), name: "All accounts", here: false });
        }
        ways.extend([
            way("", "Overview", Tab::Overview),
            way("/calls", "Calls", Tab::Calls),
            way("/lines", "Lines", Tab::Lines),
            way("/incidents", "Incidents", Tab::Incidents),
            way("/money", "Money", Tab::Money),
            way("/settings", "Settings", Tab::Settings),
        ]);
        if visitor.sees_lockout {
            ways.push(Way { href: visitor.path("/lockout"), name: "Lock-out", here: false });
        }
        let account = Some(scope.account.settings.name.clone());
        Self { account, ways, times: scope.zone.words(), ..Self::bare(visitor, title) }
    }

    /// Around a page of the node.
    pub(crate) fn of_node(visitor: &Visitor, tab: Tab, title: &str, times: String) -> Self {
        let mut ways = Vec::new();
        if visitor.is_admin() {
            let pages = [
                ("/", "All accounts", Tab::Node),
                ("/carriers", "Carriers", Tab::Carriers),
                ("/decks", "Decks", Tab::Decks),
                ("/health", "Health", Tab::Health),
                ("/people", "People", Tab::People),
                ("/keys", "API keys", Tab::Keys),
                ("/audit", "Audit log", Tab::Audit),
            ];
            ways.extend(pages.into_iter().map(|(page, name, of)| Way {
                href: visitor.path(page),
                name,
                here: tab == of,
            }));
        } else if let Some(id) = &visitor.user.account {
            let pages = [("", "Overview"), ("/calls", "Calls"), ("/lines", "Lines"), ("/incidents", "Incidents")];
            let pages = pages.into_iter().chain([("/money", "Money"), ("/settings", "Settings")]);
            ways.extend(pages.map(|(page, name)| Way {
                href: visitor.path(&format!("/accounts/{id}{page}")),
                name,
                here: false,
            }));
        }
        if visitor.sees_lockout {
            ways.push(Way { href: visitor.path("/lockout"), name: "Lock-out", here: tab == Tab::Lockout });
        }
        Self { ways, times, ..Self::bare(visitor, title) }
    }

    fn bare(visitor: &Visitor, title: &str) -> Self {
        let settings = &visitor.state.settings;
        Self {
            base: settings.base().to_owned(),
            title: title.to_owned(),
            node: settings.node_name.clone(),
            role: settings.role.clone(),
            user: visitor.name().to_owned(),
            csrf: visitor.csrf.clone(),
            note: visitor.note.clone(),
            account: None,
            ways: Vec::new(),
            times: String::new(),
        }
    }
}

/// A page as an answer.
pub(crate) fn page(template: &impl Template) -> Result<Response, Problem> {
    Ok(Html(template.render()?).into_response())
}
