//! From a notice to a mail: subject, text and HTML.
//!
//! The notice and its context become a [`document::Document`] (headings, tables, steps; all words come from `words`),
//! and two writers turn that into text and HTML, so that both say the same.

mod alarm;
mod context;
mod document;
mod emergency;
mod html;
mod incident;
mod letter;
mod local;
mod low_balance;
mod news;
mod text;
mod words;

#[cfg(test)]
mod tests;

use account::Notice;

use crate::PortalUrl;
use crate::outbox::Waiting;

pub use alarm::DiskAlarm;
pub use context::{MailContext, OnceLinks};
pub(crate) use letter::LetterFacts;

/// A mail, ready to be addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Subject.
    pub subject: String,
    /// The text alternative, lines of at most 77 characters (addresses of pages may be longer).
    pub text: String,
    /// The HTML alternative.
    pub html: String,
    /// Whether mail programs should show it as important.
    pub urgent: bool,
}

/// Why a mail could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The template failed.
    #[error("the mail's HTML cannot be written")]
    Html(#[from] askama::Error),
}

/// Makes the mail of a notice queued at `created_ms`. The same inputs give the same bytes.
///
/// # Errors
/// [`RenderError::Html`], where the template fails.
pub fn render(notice: &Notice, context: &MailContext, created_ms: u64) -> Result<Mail, RenderError> {
    written(document(notice, context, created_ms))
}

/// Makes one mail of several news of an account.
///
/// # Errors
/// [`RenderError::Html`], where the template fails.
pub(crate) fn render_news(news: &[Waiting], context: &MailContext) -> Result<Mail, RenderError> {
    let told: Vec<(u64, &Notice)> = news.iter().map(|one| (one.created_ms, &one.notice)).collect();
    written(news::document(&told, context))
}

/// What a notice says in a sentence or two, and where it leads.
pub(crate) fn short(notice: &Notice, context: &MailContext, created_ms: u64) -> (String, String, String) {
    let document = document(notice, context, created_ms);
    let url = match notice.incident() {
        Some(incident) => context.portal.incident(&context.account, incident.id),
        None if matches!(notice, Notice::LowBalance { .. }) => context.portal.money(&context.account),
        None => context.portal.calls(&context.account),
    };
    (document.title, document.lead.join(" "), url)
}

fn document(notice: &Notice, context: &MailContext, created_ms: u64) -> document::Document {
    match notice {
        Notice::Incident(incident) => incident::document(incident, context),
        Notice::LowBalance { balance, threshold } => low_balance::document(*balance, *threshold, context, created_ms),
        Notice::Emergency { number, place, .. } => emergency::document(number, place, context, created_ms),
        news => news::document(&[(created_ms, news)], context),
    }
}

/// Makes a mail to a user of the portal.
///
/// # Errors
/// [`RenderError::Html`], where the template fails.
pub(crate) fn letter(facts: &LetterFacts) -> Result<Mail, RenderError> {
    written(letter::document(facts))
}

/// Makes the mail about the disk of a node, as it is at `at_ms`.
///
/// # Errors
/// [`RenderError::Html`], where the template fails.
pub(crate) fn render_alarm(alarm: DiskAlarm, node: &str, portal: &PortalUrl, at_ms: u64) -> Result<Mail, RenderError> {
    written(alarm::document(alarm, node, portal, at_ms))
}

fn written(document: document::Document) -> Result<Mail, RenderError> {
    Ok(Mail {
        text: text::write(&document),
        html: html::write(&document)?,
        urgent: document.tone != document::Tone::Notice,
        subject: document.subject,
    })
}
