//! The mail about an emergency call: who, from where, when (Kari's Law).

use billing::{EmergencyKind, EmergencyNumber};

use super::context::{MailContext, clean};
use super::document::{Block, Document, Tone};
use super::incident::step;
use super::local::Local;
use super::words::{self, facts, lead, steps, subject, title};

/// Writes the mail about an emergency call.
pub(super) fn document(number: &str, place: &str, context: &MailContext, at_ms: u64) -> Document {
    let settings = context.settings();
    let local = Local::new(&settings.time_zone);
    let (name, number) = (clean(&settings.name), clean(number));
    let line = context.line_and_name();
    let when = words::when(&local.clock(at_ms), &local.date(at_ms), &local.zone(at_ms));
    let kind = EmergencyNumber::find(settings.country, &number).map(|number| number.kind());
    let test = kind == Some(EmergencyKind::Test);
    let mut rows = vec![
        (facts::NUMBER.to_owned(), number.clone()),
        (words::fact_line(context.line.kind).to_owned(), context.id_and_name()),
        (facts::PLACE.to_owned(), clean(place)),
        (facts::WHEN.to_owned(), when.clone()),
    ];
    if let Some(shown) = context.line.caller_id.or(settings.numbers.first().copied()) {
        rows.push((facts::CALL_BACK.to_owned(), shown.to_string()));
    }
    let to_do = step(if test { steps::TEST } else { steps::HELP }, context.portal.calls(&context.account));
    Document {
        subject: subject::emergency(&number, &context.line(), &local.clock(at_ms)),
        tone: if test { Tone::Notice } else { Tone::Alarm },
        kicker: words::kicker(&name),
        title: title::emergency(&number, test),
        lead: vec![lead::emergency(&number, &line, &when), lead::EMERGENCY_WENT_OUT.into()],
        blocks: vec![
            Block::Facts { heading: words::WHAT_HAPPENED.into(), rows },
            Block::Steps { heading: words::WHAT_TO_DO.into(), steps: vec![to_do] },
        ],
        footer: words::footer(&name, &context.node).into(),
    }
}
