//! The mails about the node's own disk, to its administrators.

use super::document::{Block, Document, Tone};
use super::incident::step;
use super::local::Local;
use super::words::{self, node as said};
use crate::PortalUrl;

/// What has become of the disk of the data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskAlarm {
    /// It has no room.
    Full,
    /// It does not finish what it was told to write.
    Hung,
    /// It takes everything again.
    Over,
}

/// Writes it; the node's times are in UTC.
pub(super) fn document(alarm: DiskAlarm, node: &str, portal: &PortalUrl, at_ms: u64) -> Document {
    let local = Local::new("UTC");
    let when = words::when(&local.clock(at_ms), &local.date(at_ms), &local.zone(at_ms));
    let (tone, title, lead, means, to_do) = match alarm {
        DiskAlarm::Full => {
            (Tone::Alarm, said::full::title(node), said::full::LEAD, &said::full::MEANS[..], Some(said::full::STEP))
        }
        DiskAlarm::Hung => {
            (Tone::Alarm, said::hung::title(node), said::hung::LEAD, &said::hung::MEANS[..], Some(said::hung::STEP))
        }
        DiskAlarm::Over => (Tone::Notice, said::over::title(node), said::over::LEAD, &[][..], None),
    };
    let facts = vec![(said::NODE.to_owned(), node.to_owned()), (said::SINCE.to_owned(), when)];
    let mut blocks = vec![Block::Facts { heading: words::WHAT_HAPPENED.into(), rows: facts }];
    if !means.is_empty() {
        let items = means.iter().map(|item| (*item).to_owned()).collect();
        blocks.push(Block::List { heading: said::WHAT_IT_MEANS.into(), items });
    }
    if let Some(words) = to_do {
        let steps = vec![step(words, portal.to_string())];
        blocks.push(Block::Steps { heading: words::WHAT_TO_DO.into(), steps });
    }
    Document {
        subject: format!("{}: {}", words::PRODUCT, lower_first(&title)),
        tone,
        kicker: said::kicker(node),
        title,
        lead: vec![lead.to_owned()],
        blocks,
        footer: said::footer(node).into(),
    }
}

/// A sentence as it goes on after a colon.
fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
