//! What is kept beside the journal: users, webhooks, API keys. Pages, API and command line make, change and remove them
//! here, so that each change is checked alike and has its line in the audit log.

mod keys;
mod users;
mod webhooks;

use billing::AccountId;
use store::{AuditRow, Changed, Desk};

pub(crate) use keys::MARK;
pub use keys::{NewKey, make_key, revoke_key};
pub use users::{NewUser, change_user, end_session, end_sessions, factor_off, invite, new_password, remove_user};
pub use webhooks::{NewWebhook, add_webhook, remove_webhook, switch_webhook};

/// The longest name of a user or key, and address of a user, characters.
pub const MAX_NAME_CHARS: usize = 100;

/// Who changes something, and when.
#[derive(Clone, Debug)]
pub struct Hand {
    /// A login name, "API key k...", or "the command line".
    pub by: String,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: u64,
}

/// Why something was not changed.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// A login name that is none.
    #[error("{}", store::LOGIN_RULE)]
    Login,
    /// A name that is too long, or none.
    #[error("a name has 1 to {MAX_NAME_CHARS} characters")]
    Name,
    /// Not an e-mail address.
    #[error("`{0}` is not an e-mail address of at most {MAX_NAME_CHARS} characters")]
    Email(String),
    /// Nobody to write to.
    #[error("no e-mail address is kept with {0}")]
    NoEmail(String),
    /// A user of an account without one, or an administrator with one.
    #[error("an owner or viewer belongs to an account, an administrator to none")]
    Belongs,
    /// A role that a user of this account cannot have.
    #[error("an administrator belongs to no account: invite them anew")]
    OtherReach,
    /// Mails that were not sent yet.
    #[error("enough mails to {0} wait already")]
    MailsWait(String),
    /// A key that opens nothing.
    #[error("a key needs a scope")]
    NoScope,
    /// Payments are the node's to book.
    #[error("only a key of the whole node can have the scope `money`")]
    MoneyOfAccount,
    /// A key that would end before it begins.
    #[error("the key would have ended already")]
    Ended,
    /// As many keys as may be.
    #[error("there are {} keys already: revoke one", store::MAX_API_KEYS)]
    ManyKeys,
    /// Not an address that a webhook may have.
    #[error("{}", store::HOOK_URL_RULE)]
    Url,
    /// No such event.
    #[error("there is no event `{0}`")]
    NoEvent(String),
    /// As many webhooks as may be.
    #[error("an account has at most {} webhooks", store::MAX_WEBHOOKS)]
    ManyWebhooks,
    /// The store's reason.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl KeptError {
    /// Whether it is for what is there already, not for what was asked.
    pub(crate) fn is_conflict(&self) -> bool {
        let taken = matches!(self, Self::Store(store::Error::UserExists(_)));
        taken || matches!(self, Self::ManyKeys | Self::ManyWebhooks | Self::MailsWait(_) | Self::NoEmail(_))
    }
}

impl Hand {
    /// Writes a line of the audit log: of an account, or of the node.
    fn note(
        &self,
        desk: &Desk,
        account: Option<&AccountId>,
        text: &str,
        changes: Vec<Changed>,
    ) -> Result<(), store::Error> {
        let (account, by) = (account.cloned(), self.by.clone());
        desk.note(&AuditRow { account, at_ms: self.at_ms, by, text: text.to_owned(), changes })
    }
}

fn changed(what: String, before: impl ToString, after: impl ToString) -> Vec<Changed> {
    let (before, after) = (before.to_string(), after.to_string());
    if before == after { Vec::new() } else { vec![Changed { what, before, after }] }
}

fn is_text(text: &str) -> bool {
    text.chars().count() <= MAX_NAME_CHARS && !text.contains(char::is_control)
}
