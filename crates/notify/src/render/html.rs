//! The document as HTML that mail programs understand: tables, inline styles, no images, nothing fetched.

use askama::Template;

use super::document::{Block, Document};

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    doc: &'a Document,
}

/// Writes the HTML alternative; everything that is not the template's own is escaped.
pub(super) fn write(doc: &Document) -> Result<String, askama::Error> {
    Html { doc }.render()
}
