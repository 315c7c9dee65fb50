//! The mail about a balance that fell below the owner's threshold.

use billing::Money;

use super::context::{MailContext, clean};
use super::document::{Block, Document, Tone};
use super::incident::step;
use super::local::Local;
use super::words::{self, facts, lead, steps, subject, title};

/// Writes it.
pub(super) fn document(balance: Money, threshold: Money, context: &MailContext, at_ms: u64) -> Document {
    let settings = context.settings();
    let local = Local::new(&settings.time_zone);
    let name = clean(&settings.name);
    let when = words::when(&local.clock(at_ms), &local.date(at_ms), &local.zone(at_ms));
    let left = context.money(balance);
    let mut rows = vec![(facts::BALANCE.to_owned(), left.clone())];
    if context.facts.held.is_positive() {
        rows.push((facts::HELD.to_owned(), context.money(context.facts.held)));
    }
    let to_do = step(steps::TOP_UP, context.portal.money(&context.account));
    Document {
        subject: subject::low_balance(&left),
        tone: Tone::Notice,
        kicker: words::kicker(&name),
        title: title::low_balance(&left),
        lead: vec![lead::low_balance(&context.money(threshold), &when), lead::AT_ZERO.into()],
        blocks: vec![
            Block::Facts { heading: words::WHAT_HAPPENED.into(), rows },
            Block::Steps { heading: words::WHAT_TO_DO.into(), steps: vec![to_do] },
        ],
        footer: words::footer(&name, &context.node).into(),
    }
}
