//! The timeline of one incident as SVG: evidence stacked by attempt, what became of each, money lost and saved.

use std::fmt::Write as _;

use billing::Money;
use guard::{Decibans, EvidenceKind};
use replay::{Incident, ListedCall, Outcome};

use super::{clock, escape, money};

const WIDTH: f64 = 400.0;
const LEFT: f64 = 38.0;
const RIGHT: f64 = 394.0;
/// Evidence: from here to there.
const STACK: (f64, f64) = (18.0, 158.0);
/// The dots that say what became of each attempt.
const DOTS: f64 = 174.0;
/// Money: from here to there.
const MONEY: (f64, f64) = (200.0, 262.0);
const TIMES: f64 = 280.0;
const HEIGHT: f64 = 288.0;
/// Where the name of the axis ends.
const LABEL: f64 = 100.0;
/// Widest bar.
const BAR: f64 = 18.0;
/// Times written below the attempts.
const MAX_TIMES: usize = 5;

/// The class of a kind's colour.
pub fn colour(kind: EvidenceKind) -> String {
    let at = EvidenceKind::ALL.iter().position(|known| *known == kind).unwrap_or(0);
    format!("k{}", at % 16)
}

/// The whole picture; empty for an incident without calls.
pub fn timeline(incident: &Incident) -> String {
    let calls = &incident.calls;
    if calls.is_empty() {
        return String::new();
    }
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{} attempts; {} refused; {} spent, {} saved\">",
        calls.len(),
        incident.refused,
        money(incident.cost),
        money(incident.saved)
    );
    let step = (RIGHT - LEFT) / calls.len() as f64;
    stacks(&mut svg, incident, step);
    sums(&mut svg, calls, step);
    times(&mut svg, incident, step);
    cut(&mut svg, incident, step);
    svg.push_str("</svg>");
    svg
}

fn middle(at: usize, step: f64) -> f64 {
    LEFT + step * (at as f64 + 0.5)
}

/// Evidence of every attempt, for a hijack above the line and for the owner below it.
fn stacks(svg: &mut String, incident: &Incident, step: f64) {
    let side = |call: &ListedCall, above: bool| -> f64 {
        let weights = call.weights.iter().map(|(_, weight)| decibans(*weight));
        weights.filter(|db| (*db > 0.0) == above).map(f64::abs).sum()
    };
    let most = |above| incident.calls.iter().map(|call| side(call, above)).fold(0.0, f64::max);
    let (up, down) = (most(true).max(10.0), most(false));
    let scale = (STACK.1 - STACK.0) / (up + down);
    let zero = STACK.0 + up * scale;
    for db in [0.0, (up / 2.0 / 10.0).round() * 10.0, (up / 10.0).floor() * 10.0] {
        let y = zero - db * scale;
        let class = if db == 0.0 { "zero" } else { "axis" };
        let _ = write!(svg, "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
        let _ = write!(svg, "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{db:.0}</text>", LEFT - 5.0, y + 4.0);
    }
    let _ = write!(svg, "<text x=\"0\" y=\"10\">dB of evidence</text>");
    let width = (step * 0.8).min(BAR);
    for (at, call) in incident.calls.iter().enumerate() {
        let x = middle(at, step) - width / 2.0;
        let _ = write!(svg, "<g><title>{}</title>", escape(&told(incident, call)));
        let (mut above, mut below) = (zero, zero);
        for (kind, weight) in &call.weights {
            let height = decibans(*weight).abs() * scale;
            let y = if weight.tenths() > 0 {
                above -= height;
                above
            } else {
                below += height;
                below - height
            };
            let class = colour(*kind);
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
            );
        }
        if call.weights.is_empty() {
            let _ = write!(
                svg,
                "<rect class=\"idle\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"3\"/>",
                zero - 3.0
            );
        }
        let radius = (step * 0.36).clamp(1.2, 3.6);
        let (class, _) = fate(call);
        let _ = write!(
            svg,
            "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{DOTS}\" r=\"{radius:.1}\"/></g>",
            middle(at, step)
        );
    }
}

/// Money over the attempts: what was spent, and on top of it what was saved.
fn sums(svg: &mut String, calls: &[ListedCall], step: f64) {
    let dollars = |amount: Money| amount.micros() as f64 / 1e6;
    let total: f64 = calls.iter().map(|call| dollars(call.cost) + dollars(call.saved)).sum();
    let scale = (MONEY.1 - MONEY.0) / total.max(0.01);
    let (mut spent, mut all) = (0.0, 0.0);
    let start = format!("M{LEFT} {}", MONEY.1);
    let (mut spent_path, mut all_path) = (start.clone(), start);
    for (at, call) in calls.iter().enumerate() {
        let x = LEFT + step * at as f64;
        spent += dollars(call.cost);
        all += dollars(call.cost) + dollars(call.saved);
        for (path, sum) in [(&mut spent_path, spent), (&mut all_path, all)] {
            let y = MONEY.1 - sum * scale;
            let _ = write!(path, "L{x:.1} {y:.1}L{:.1} {y:.1}", x + step);
        }
    }
    for (class, path) in [("saved", all_path), ("spent", spent_path)] {
        let _ = write!(svg, "<path class=\"{class}\" d=\"{path}L{RIGHT} {}Z\"/>", MONEY.1);
    }
    let (top, bottom) = MONEY;
    let _ = write!(svg, "<line class=\"zero\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{bottom}\" y2=\"{bottom}\"/>");
    let sum = calls.iter().fold(Money::ZERO, |sum, call| sum.saturating_add(call.cost).saturating_add(call.saved));
    let _ = write!(svg, "<text x=\"0\" y=\"{}\">{}</text>", top - 5.0, escape(&money(sum)));
}

fn times(svg: &mut String, incident: &Incident, step: f64) {
    let calls = &incident.calls;
    let shown = calls.len().min(MAX_TIMES);
    for number in 0..shown {
        let at = if shown == 1 { 0 } else { number * (calls.len() - 1) / (shown - 1) };
        let anchor = match number {
            _ if shown == 1 => "middle",
            0 => "start",
            last if last + 1 == shown => "end",
            _ => "middle",
        };
        let x = match anchor {
            "start" => LEFT,
            "end" => RIGHT,
            _ => middle(at, step),
        };
        let Some(call) = calls.get(at) else { continue };
        let time = clock(call.at_ms, incident.utc_offset_min, "%H:%M");
        let _ = write!(svg, "<text x=\"{x:.1}\" y=\"{TIMES}\" text-anchor=\"{anchor}\">{time}</text>");
    }
}

/// A line where the cut came.
fn cut(svg: &mut String, incident: &Incident, step: f64) {
    let Some(cut_ms) = incident.cut_ms else { return };
    let before = incident.calls.iter().filter(|call| call.at_ms < cut_ms).count();
    let x = (LEFT + step * before as f64).clamp(LEFT, RIGHT);
    // Clear of the name of the axis at the left.
    let (anchor, text_x) = if x > WIDTH / 2.0 { ("end", x - 4.0) } else { ("start", x.max(LABEL) + 4.0) };
    let _ = write!(
        svg,
        "<line class=\"cutline\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"14\" y2=\"{}\"/><text class=\"cuttext\" x=\"{text_x:.1}\" y=\"10\" text-anchor=\"{anchor}\">cut {}</text>",
        MONEY.1,
        clock(cut_ms, incident.utc_offset_min, "%H:%M:%S")
    );
}

fn decibans(weight: Decibans) -> f64 {
    f64::from(weight.tenths()) / 10.0
}

/// The class and the words for what became of a call.
pub fn fate(call: &ListedCall) -> (&'static str, &'static str) {
    match (call.outcome, call.hung_up) {
        (Outcome::Allowed, true) => ("hungup", "hung up"),
        (Outcome::Allowed, false) => ("carried", "carried"),
        (Outcome::Refused | Outcome::Skipped, _) => ("refused", "refused"),
    }
}

fn told(incident: &Incident, call: &ListedCall) -> String {
    let score: Decibans = call.weights.iter().map(|(_, weight)| *weight).sum();
    let time = clock(call.at_ms, incident.utc_offset_min, "%a %H:%M:%S");
    format!("{time} {} {}: {}, {score} dB", call.number, call.destination, fate(call).1)
}
