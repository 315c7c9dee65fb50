//! Pages that an account and the node have alike: people, audit log. Owners see those of their account, administrators
//! also the node's.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use billing::AccountId;
use store::AuditRow;

use crate::access::{Scope, Visitor};
use crate::frame::{Frame, Tab};
use crate::problem::Problem;
use crate::state::{PortalState, now_ms};
use crate::zone::Zone;

/// An account, or the node.
pub(crate) enum Circle {
    Account(Box<Scope>),
    Node(Box<Visitor>),
}

impl FromRequestParts<PortalState> for Circle {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &PortalState) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::NotFound)?;
        if params.iter().any(|(key, _)| key == "account") {
            return Scope::from_request_parts(parts, state).await.map(|scope| Self::Account(Box::new(scope)));
        }
        let visitor = Visitor::from_request_parts(parts, state).await?;
        if visitor.is_admin() { Ok(Self::Node(Box::new(visitor))) } else { Err(Problem::NotFound) }
    }
}

impl Circle {
    pub(crate) fn visitor(&self) -> &Visitor {
        match self {
            Self::Account(scope) => &scope.visitor,
            Self::Node(visitor) => visitor,
        }
    }

    /// The account; `None` for the node.
    pub(crate) fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Account(scope) => Some(scope.id()),
            Self::Node(_) => None,
        }
    }

    /// The path of a page of it, without the base.
    pub(crate) fn page(&self, page: &str) -> String {
        match self {
            Self::Account(scope) => scope.page(page),
            Self::Node(_) => page.to_owned(),
        }
    }

    pub(crate) fn path(&self, page: &str) -> String {
        self.visitor().path(&self.page(page))
    }

    /// The account's zone; UTC for the node.
    pub(crate) fn zone(&self) -> Zone {
        match self {
            Self::Account(scope) => scope.zone.clone(),
            Self::Node(_) => Zone::named("UTC"),
        }
    }

    pub(crate) fn frame(&self, tab: Tab, title: &str) -> Frame {
        match self {
            Self::Account(scope) => Frame::of_account(scope, Tab::Settings, title),
            Self::Node(visitor) => Frame::of_node(visitor, tab, title, self.zone().words()),
        }
    }
}

impl Visitor {
    /// A line of the audit log about what this visitor does.
    pub(crate) fn note_of(&self, account: Option<AccountId>, text: &str) -> AuditRow {
        let (at_ms, by) = (now_ms(), self.user.login.clone());
        AuditRow { account, at_ms, by, text: text.to_owned(), changes: Vec::new() }
    }
}
