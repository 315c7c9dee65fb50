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
mod local;
mod low_balance;
mod text;
mod words;

#[cfg(test)]
mod tests;

use account::Notice;

use crate::PortalUrl;
pub use alarm::DiskAlarm;
pub use context::MailContext;

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
    let document = match notice {
        Notice::Incident(incident) => incident::document(incident, context),
        Notice::LowBalance { balance, threshold } => low_balance::document(*balance, *threshold, context, created_ms),
        Notice::Emergency { number, place, .. } => emergency::document(number, place, context, created_ms),
    };
    written(document)
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
