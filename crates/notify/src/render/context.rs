//! What a mail needs to know besides its notice.

use account::{LineKind, Settings};
use billing::{AccountId, Country, Money};

use super::words;
use crate::links::PortalUrl;
use crate::outbox::{AccountFacts, LineFacts};

/// What a mail needs to know besides its notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailContext {
    /// The node's name, for the footer.
    pub node: String,
    /// Where links lead.
    pub portal: PortalUrl,
    /// The account.
    pub account: AccountId,
    /// Its settings and money.
    pub facts: AccountFacts,
    /// The line the notice is about; blank where it is about the account.
    pub line: LineFacts,
    /// The links of an incident's mail that do one thing once; `None` where nothing signs them.
    pub once: Option<OnceLinks>,
}

/// Links that do one thing once, without a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnceLinks {
    /// Says that the calls were not the owner's: international calling goes off and stays off.
    pub not_us: String,
    /// Makes the line's secret worth nothing.
    pub shut_out: String,
    /// Until when they work, milliseconds since the Unix epoch.
    pub until_ms: u64,
}

impl MailContext {
    pub(super) fn settings(&self) -> &Settings {
        &self.facts.settings
    }

    pub(super) fn money(&self, amount: Money) -> String {
        amount.format(&self.settings().currency)
    }

    pub(super) fn is_trunk(&self) -> bool {
        self.line.kind == Some(LineKind::Trunk)
    }

    /// "trunk main-trunk", "extension 107".
    pub(super) fn line(&self) -> String {
        format!("{} {}", words::line_kind(self.line.kind), self.line.id)
    }

    /// "extension 107 (Conference room)".
    pub(super) fn line_and_name(&self) -> String {
        format!("{} {}", words::line_kind(self.line.kind), self.id_and_name())
    }

    /// "107 (Conference room)".
    pub(super) fn id_and_name(&self) -> String {
        let id = &self.line.id;
        match clean(&self.line.name) {
            name if name.is_empty() || name == *id => id.clone(),
            name => format!("{id} ({name})"),
        }
    }

    /// The countries whose ordinary numbers a cut leaves alone (see `billing::cut_class`).
    pub(super) fn home(&self) -> Vec<Country> {
        let own = self.settings().country;
        let mut home = vec![own];
        if own.is_nanp() {
            home.extend([Country::US, Country::CA].into_iter().filter(|country| *country != own));
        }
        home
    }
}

/// Longest text of somebody else's that a mail repeats, in characters.
const MAX_FOREIGN_CHARS: usize = 240;

/// Text of somebody else's, fit to be shown: on one line, without control, direction and invisible characters, cut at
/// [`MAX_FOREIGN_CHARS`]. (Markup is the HTML writer's business, which escapes everything.)
pub(super) fn clean(text: &str) -> String {
    let hidden = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}' | '\u{61c}');
    let shown = text.chars().filter(|c| !hidden(*c)).map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c });
    let shown: String = shown.collect();
    let mut words = shown.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = words.char_indices().nth(MAX_FOREIGN_CHARS) {
        words.truncate(at);
        words.push('…');
    }
    words
}
