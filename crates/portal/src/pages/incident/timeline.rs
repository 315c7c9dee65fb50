//! The timeline of an incident as a drawing: the attempts by number, and the evidence that grew with them.

use askama::Template;
use billing::{CallId, Cdr, Decision};

use super::Case;
use crate::access::Scope;
use crate::pages::story;
use crate::words::count;

/// Width, units.
const WIDTH: f64 = 640.0;
/// Room for the numbers of the scale on the left, and at the right edge.
const LEFT: f64 = 44.0;
const RIGHT: f64 = 626.0;
/// Height of the evidence.
const TOP: f64 = 26.0;
const EVIDENCE: f64 = 96.0;
/// Height of a number's lane, with its name.
const LANE: f64 = 34.0;
/// Lanes drawn; further numbers share the last one.
const MAX_LANES: usize = 6;
/// The shortest time shown, milliseconds.
const MIN_SPAN_MS: u64 = 10_000;
/// The narrowest bar, units.
const MIN_BAR: f64 = 4.0;

struct Bar {
    x: String,
    y: String,
    width: String,
    class: &'static str,
    says: String,
}

struct Lane {
    y: String,
    name: String,
}

struct Tick {
    x: String,
    anchor: &'static str,
    time: String,
}

struct Dot {
    x: String,
    y: String,
    class: &'static str,
    says: String,
}

/// The drawing.
#[derive(Template)]
#[template(path = "incident_timeline.html")]
pub(super) struct Timeline {
    height: String,
    says: String,
    /// The evidence as a path, and its dots.
    steps: String,
    dots: Vec<Dot>,
    most: String,
    acted_x: String,
    /// What is written beside the line of the cut, on its roomier side; the heading goes to the other.
    acted_is_late: bool,
    acted: &'static str,
    lanes: Vec<Lane>,
    bars: Vec<Bar>,
    ticks: Vec<Tick>,
    axis_y: String,
    ticks_y: String,
}

/// From when to when it is drawn.
struct Span {
    from_ms: u64,
    to_ms: u64,
}

impl Span {
    fn of(case: &Case) -> Self {
        let incident = &case.incident;
        let from_ms = story::began_ms(incident);
        let last_start = incident.calls.iter().map(|call| call.start_ms).max().unwrap_or(from_ms);
        let last_end = case.cdrs.iter().map(|cdr| cdr.times.end_ms).max().unwrap_or(from_ms);
        Self { from_ms, to_ms: last_start.max(last_end).max(incident.acted_ms).max(from_ms + MIN_SPAN_MS) }
    }

    fn x(&self, at_ms: u64) -> f64 {
        let share = at_ms.saturating_sub(self.from_ms) as f64 / (self.to_ms - self.from_ms) as f64;
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }
}

/// `None` where no call is listed.
pub(super) fn draw(scope: &Scope, case: &Case) -> Option<Timeline> {
    let incident = &case.incident;
    if incident.calls.is_empty() {
        return None;
    }
    let span = Span::of(case);
    let most =
        case.cdrs.iter().map(|cdr| cdr.verdict.score_tenth_db).max().unwrap_or(0).max(incident.score.tenths()).max(1);
    let (lanes, bars) = lanes(scope, case, &span);
    let bottom = TOP + EVIDENCE + 12.0 + LANE * lanes.len() as f64;
    let acted_x = span.x(incident.acted_ms);
    Some(Timeline {
        height: format!("{:.0}", bottom + 30.0),
        says: format!(
            "Timeline: {} between {} and {}; the evidence reached {} decibans.",
            count(incident.calls.len(), "call"),
            scope.zone.time(span.from_ms),
            scope.zone.time(span.to_ms),
            incident.score
        ),
        steps: steps(case, &span, most),
        dots: stood(case).into_iter().map(|one| dot(scope, one, &span, most)).collect(),
        most: format!("{}", most / 10),
        acted_x: format!("{acted_x:.1}"),
        acted_is_late: acted_x > WIDTH / 2.0,
        acted: match (incident.shadow, incident.action) {
            (true, _) => "noticed",
            (false, guard::Action::Alert) => "refused",
            (false, _) => "international calling cut",
        },
        lanes,
        bars,
        ticks: ticks(scope, &span),
        axis_y: format!("{bottom:.1}"),
        ticks_y: format!("{:.1}", bottom + 17.0),
    })
}

fn height(tenths: i32, most: i32) -> f64 {
    TOP + EVIDENCE * (1.0 - f64::from(tenths.clamp(0, most)) / f64::from(most))
}

/// The evidence as it stood at each attempt: the strongest so far, for what comes after a cut is refused without a look.
fn stood(case: &Case) -> Vec<(&Cdr, i32)> {
    let stood = case.cdrs.iter().scan(0, |most, cdr| {
        *most = cdr.verdict.score_tenth_db.max(*most);
        Some((cdr, *most))
    });
    stood.collect()
}

/// It holds until the next attempt.
fn steps(case: &Case, span: &Span, most: i32) -> String {
    let mut path = format!("M{LEFT} {:.1}", height(0, most));
    for (cdr, tenths) in stood(case) {
        path.push_str(&format!("H{:.1}V{:.1}", span.x(cdr.times.start_ms), height(tenths, most)));
    }
    path.push_str(&format!("H{RIGHT}"));
    path
}

fn dot(scope: &Scope, (cdr, tenths): (&Cdr, i32), span: &Span, most: i32) -> Dot {
    Dot {
        x: format!("{:.1}", span.x(cdr.times.start_ms)),
        y: format!("{:.1}", height(tenths, most)),
        class: class(cdr),
        says: format!("{}: {}.{} decibans", scope.zone.time(cdr.times.start_ms), tenths / 10, tenths % 10),
    }
}

fn class(cdr: &Cdr) -> &'static str {
    match (cdr.verdict.decision, cdr.times.answer_ms) {
        (Decision::Refused, _) => "refused",
        (_, Some(_)) => "answered",
        (_, None) => "failed",
    }
}

fn lanes(scope: &Scope, case: &Case, span: &Span) -> (Vec<Lane>, Vec<Bar>) {
    let mut names: Vec<String> = Vec::new();
    let mut bars = Vec::new();
    for call in &case.incident.calls {
        let name = format!("{} {}", call.number, call.destination);
        let at = names.iter().position(|known| *known == name).unwrap_or(names.len());
        if at == names.len() {
            names.push(name);
        }
        let cdr = cdr(case, call.call);
        let end_ms = cdr.map_or(span.to_ms, |cdr| cdr.times.end_ms);
        let (x, to) = (span.x(call.start_ms), span.x(end_ms));
        bars.push(Bar {
            x: format!("{x:.1}"),
            y: format!("{:.1}", lane_y(at.min(MAX_LANES - 1)) + 18.0),
            width: format!("{:.1}", (to - x).max(MIN_BAR)),
            class: cdr.map_or("answered", class),
            says: format!("{}: {}", scope.zone.time(call.start_ms), call.result),
        });
    }
    if names.len() > MAX_LANES {
        let others = names.len() + 1 - MAX_LANES;
        names.truncate(MAX_LANES - 1);
        names.push(count(others, "other number"));
    }
    let lane = |(at, name): (usize, String)| Lane { y: format!("{:.1}", lane_y(at) + 13.0), name };
    (names.into_iter().enumerate().map(lane).collect(), bars)
}

fn lane_y(at: usize) -> f64 {
    TOP + EVIDENCE + 12.0 + LANE * at as f64
}

fn cdr(case: &Case, call: CallId) -> Option<&Cdr> {
    case.cdrs.iter().find(|cdr| cdr.call == call)
}

fn ticks(scope: &Scope, span: &Span) -> Vec<Tick> {
    let at = |part: u64| span.from_ms + (span.to_ms - span.from_ms) * part / 2;
    let tick = |(part, anchor): (u64, &'static str)| Tick {
        x: format!("{:.1}", span.x(at(part))),
        anchor,
        time: if span.to_ms - span.from_ms > 20 * 3_600_000 {
            scope.zone.short(at(part))
        } else {
            scope.zone.time(at(part))
        },
    };
    [(0, "start"), (1, "middle"), (2, "end")].map(tick).into()
}
