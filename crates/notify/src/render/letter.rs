//! Mails to users of the portal: an invitation, a new password, a change of their login.

use store::LetterKind;

use super::context::clean;
use super::document::{Block, Document, Tone};
use super::incident::step;
use super::local::Local;
use super::words::{self, letters};

/// What such a mail says.
pub(crate) struct LetterFacts {
    pub(crate) kind: LetterKind,
    /// What happened, in a sentence; who invites.
    pub(crate) text: String,
    pub(crate) login: String,
    pub(crate) node: String,
    /// Where its link leads.
    pub(crate) url: String,
    /// Until when the link works; of those that work once.
    pub(crate) until_ms: u64,
    pub(crate) time_zone: String,
}

/// Writes it.
pub(super) fn document(facts: &LetterFacts) -> Document {
    let (node, text) = (clean(&facts.node), clean(&facts.text));
    let local = Local::new(&facts.time_zone);
    let until = words::when(&local.clock(facts.until_ms), &local.date(facts.until_ms), &local.zone(facts.until_ms));
    let (title, what, note) = match facts.kind {
        LetterKind::Invitation => (letters::INVITED, letters::CHOOSE_FIRST, letters::once_until(&until)),
        LetterKind::Reset => (letters::RESET, letters::CHOOSE_NEW, letters::once_until(&until)),
        LetterKind::Security => (letters::SECURITY, letters::NOT_YOU, letters::NO_MORE.to_owned()),
    };
    let login = (letters::LOGIN.to_owned(), clean(&facts.login));
    Document {
        subject: letters::subject(title, &node),
        tone: if facts.kind == LetterKind::Security { Tone::Warning } else { Tone::Notice },
        kicker: words::kicker(&node),
        title: title.to_owned(),
        lead: vec![text, note],
        blocks: vec![
            Block::Facts { heading: words::WHAT_HAPPENED.into(), rows: vec![login] },
            Block::Steps { heading: words::WHAT_TO_DO.into(), steps: vec![step(what, facts.url.clone())] },
        ],
        footer: vec![letters::footer(&node)],
    }
}
