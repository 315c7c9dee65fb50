//! What people read: results, places, lengths of time, lines.

use std::net::IpAddr;

use account::{Line, LineKind};
use billing::{Cdr, CdrPlace, Decision, Direction, HungUpBy, Route};
use geo::Place;

/// How a thing is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Plain,
    Warn,
    Bad,
}

impl Tone {
    /// The class in the style sheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Plain => "plain",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A word with its colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Badge {
    pub(crate) text: String,
    pub(crate) class: &'static str,
}

impl Badge {
    pub(crate) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), class: tone.class() }
    }
}

/// A clear lower-case sentence as a sentence on a page.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

/// "1 call", "2 calls".
pub(crate) fn count(many: usize, what: &str) -> String {
    if many == 1 { format!("1 {what}") } else { format!("{many} {what}s") }
}

/// "31 s", "4 min 5 s", "1 h 2 min".
pub(crate) fn length(ms: u64) -> String {
    let s = ms.div_ceil(1000);
    match (s / 3600, s / 60 % 60, s % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, min, 0) => format!("{min} min"),
        (0, min, s) => format!("{min} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, min, _) => format!("{h} h {min} min"),
    }
}

/// "Extension 107".
pub(crate) fn line_name(kind: LineKind, id: &str) -> String {
    match kind {
        LineKind::Extension => format!("Extension {id}"),
        LineKind::Trunk => format!("Trunk {id}"),
    }
}

/// "Extension 107 (Conference room)".
pub(crate) fn line_in_full(line: &Line) -> String {
    let name = line_name(line.kind, line.id.as_str());
    if line.name.is_empty() || line.name == line.id.as_str() { name } else { format!("{name} ({})", line.name) }
}

/// City and country: "Khan Yunis, Palestine"; the operator's own name first.
pub(crate) fn town(place: &Place) -> String {
    let country = place.country_name().map(str::to_owned);
    let town = match (&place.city, country) {
        (Some(city), Some(country)) => Some(format!("{city}, {country}")),
        (Some(city), None) => Some(city.to_string()),
        (None, country) => country,
    };
    match (&place.named, town) {
        (Some(named), _) => named.to_string(),
        (None, Some(town)) => town,
        (None, None) => "unknown place".to_owned(),
    }
}

/// The place of an address as [`town`] has it; the address itself where its place is not known.
pub(crate) fn whereabouts(ip: IpAddr, place: &Place) -> String {
    let is_known = place.named.is_some() || place.city.is_some() || place.country.is_some();
    if is_known { town(place) } else { ip.to_canonical().to_string() }
}

/// The network: "PalTel (AS12975)"; "unknown network".
pub(crate) fn network(place: &Place) -> String {
    let network = match (&place.network, place.asn) {
        (Some(network), Some(asn)) => format!("{network} (AS{asn})"),
        (Some(network), None) => network.to_string(),
        (None, Some(asn)) => format!("AS{asn}"),
        (None, None) => match &place.named_range {
            Some(range) => format!("your network {range}"),
            None => "unknown network".to_owned(),
        },
    };
    if place.hosting == Some(true) { format!("{network}, hosting or VPN") } else { network }
}

/// Both; a place of which nothing is known is said once.
pub(crate) fn town_and_network(place: &Place) -> String {
    if place.is_unknown() { town(place) } else { format!("{}, {}", town(place), network(place)) }
}

/// City and country of a call's source.
pub(crate) fn call_town(place: &CdrPlace) -> String {
    match (&place.city, &place.country) {
        (Some(city), Some(country)) => format!("{city}, {}", country.name()),
        (Some(city), None) => city.clone(),
        (None, Some(country)) => country.name().to_owned(),
        (None, None) => place.network.clone().unwrap_or_else(|| "unknown place".to_owned()),
    }
}

/// How a call ended, with its colour.
pub(crate) fn result(cdr: &Cdr) -> Badge {
    if cdr.verdict.decision == Decision::Refused {
        return Badge::new("refused", Tone::Bad);
    }
    if cdr.times.answer_ms.is_some() {
        return match &cdr.result.hung_up_by {
            HungUpBy::Node { why } => Badge::new(format!("ended by us: {why}"), Tone::Warn),
            _ => Badge::new("answered", Tone::Good),
        };
    }
    let words = match cdr.result.sip_status {
        486 | 600 => "busy".to_owned(),
        487 => "given up by the caller".to_owned(),
        408 | 480 => "no answer".to_owned(),
        404 | 410 | 484 | 604 => "no such number".to_owned(),
        603 => "declined".to_owned(),
        status => format!("failed ({status})"),
    };
    Badge::new(words, Tone::Plain)
}

/// Who hung up.
pub(crate) fn hung_up_by(cdr: &Cdr) -> String {
    match &cdr.result.hung_up_by {
        HungUpBy::Caller => "the caller".to_owned(),
        HungUpBy::Callee => "the one called".to_owned(),
        HungUpBy::Node { why } => format!("this node: {why}"),
        HungUpBy::Nobody => "nobody; it was never answered".to_owned(),
    }
}

/// What was called, as a number where it is one.
pub(crate) fn number(cdr: &Cdr) -> String {
    cdr.number.e164.map_or_else(|| cdr.number.dialled.clone(), |number| number.to_string())
}

/// The country of what was called, or what else it is.
pub(crate) fn destination(cdr: &Cdr) -> String {
    if !cdr.number.destination.is_empty() {
        return cdr.number.destination.clone();
    }
    match (cdr.who.direction, &cdr.number.country) {
        (_, Some(country)) => country.name().to_owned(),
        (Direction::Outbound, None) => "unknown destination".to_owned(),
        (Direction::Inbound, None) => "your phones".to_owned(),
        (Direction::Internal, None) => "inside".to_owned(),
    }
}

/// Where a call was sent.
pub(crate) fn route(cdr: &Cdr) -> String {
    match &cdr.route {
        Some(Route::Carrier(carrier)) => format!("carrier {carrier}"),
        Some(Route::Line(line)) => format!("line {line}"),
        None => "nowhere".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_aloud() {
        for (ms, words) in [
            (0, "0 s"),
            (1, "1 s"),
            (31_000, "31 s"),
            (60_000, "1 min"),
            (245_000, "4 min 5 s"),
            (3_600_000, "1 h"),
            (3_725_000, "1 h 2 min"),
        ] {
            assert_eq!(length(ms), words);
        }
    }

    #[test]
    fn places_have_names() {
        let mut place =
            Place { country: Some(*b"PS"), asn: Some(12975), network: Some("PalTel".into()), ..Place::default() };
        assert_eq!(network(&place), "PalTel (AS12975)");
        place.city = Some("Khan Yunis".into());
        assert_eq!(town(&place), "Khan Yunis, Palestine");
        place.named = Some("Head office".into());
        assert_eq!(town(&place), "Head office");
        assert_eq!(town(&Place::default()), "unknown place");
        assert_eq!(network(&Place { hosting: Some(true), ..Place::default() }), "unknown network, hosting or VPN");
    }

    #[test]
    fn errors_become_sentences() {
        assert_eq!(sentence("there is no line 9 on this account"), "There is no line 9 on this account.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(count(1, "call"), "1 call");
    }
}
