//! How the node fares, for administrators: what is wrong in words, and the figures behind it.

use askama::Template;
use axum::response::Response;

use crate::access::Admin;
use crate::frame::{Frame, Tab, page};
use crate::health::{Health, size};
use crate::problem::Problem;
use crate::state::now_ms;
use crate::words::{count, length};
use crate::zone::Zone;

/// Figures that belong together.
struct Group {
    name: &'static str,
    figures: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "health.html")]
struct HealthPage {
    f: Frame,
    wrong: Vec<String>,
    groups: Vec<Group>,
}

/// The page.
pub(crate) async fn show(admin: Admin) -> Result<Response, Problem> {
    let health = admin.state.health().await?;
    let zone = Zone::named("UTC");
    page(&HealthPage {
        wrong: health.wrong(),
        groups: vec![process(&health, &zone), work(&health), written(&health, &zone), told(&health)],
        f: Frame::of_node(&admin, Tab::Health, "Health", zone.words()),
    })
}

/// "3 days 4 h", "2 h 5 min".
fn since(ms: u64) -> String {
    let (days, rest) = (ms / 86_400_000, ms % 86_400_000);
    // Seconds say nothing of a node that has run for hours.
    let rest = if ms >= 3_600_000 { rest - rest % 60_000 } else { rest };
    if days == 0 { length(rest) } else { format!("{} {} h", count(days as usize, "day"), rest / 3_600_000) }
}

fn not_known() -> String {
    "not known".to_owned()
}

/// What only a node that answers knows.
fn told_by_node(health: &Health, text: String) -> String {
    if health.status.is_some() { text } else { not_known() }
}

fn process(health: &Health, zone: &Zone) -> Group {
    let process = health.process();
    let stopped = process.map(|process| process.stopped.join(", "));
    let figures = vec![
        ("Version", process.map_or_else(not_known, |process| process.version.clone())),
        (
            "Runs",
            process.map_or_else(not_known, |process| {
                let ms = now_ms().saturating_sub(process.started_ms);
                format!("for {}, since {}", since(ms), zone.short(process.started_ms))
            }),
        ),
        ("Workers", health.status.as_ref().map_or_else(not_known, |status| status.workers.to_string())),
        (
            "Parts that have stopped",
            stopped.map_or_else(not_known, |stopped| if stopped.is_empty() { "none".to_owned() } else { stopped }),
        ),
    ];
    Group { name: "Process", figures }
}

fn work(health: &Health) -> Group {
    let up = health.carriers.iter().filter(|(_, usable, _)| *usable).count();
    let figures = vec![
        ("Calls now", told_by_node(health, health.calls.to_string())),
        ("Registrations", health.tables.registrations.to_string()),
        ("Open incidents", health.tables.open_incidents.to_string()),
        ("Locked out", health.tables.bans.to_string()),
        ("Carriers that answer", told_by_node(health, format!("{up} of {} that were tried", health.carriers.len()))),
    ];
    Group { name: "Work", figures }
}

fn written(health: &Health, zone: &Zone) -> Group {
    let (process, status) = (health.process(), health.status.clone().unwrap_or_default());
    let snapshot = process.and_then(|process| process.snapshot);
    let figures = vec![
        (
            "Waits for the disk",
            told_by_node(
                health,
                match status.waiting_records {
                    0 => "nothing".to_owned(),
                    records => format!("{}, for {}", count(records as usize, "record"), length(status.waiting_ms)),
                },
            ),
        ),
        ("Records in the journal", process.map_or_else(not_known, |process| process.durable_lsn.to_string())),
        (
            "Lists are behind by",
            told_by_node(
                health,
                match health.behind() {
                    0 => "nothing".to_owned(),
                    behind => count(usize::try_from(behind).unwrap_or(usize::MAX), "record"),
                },
            ),
        ),
        (
            "Last snapshot",
            told_by_node(
                health,
                snapshot.map_or("none since the start: one comes every 50,000 records".to_owned(), |(lsn, at_ms)| {
                    format!("{}, up to record {lsn}", zone.short(at_ms))
                }),
            ),
        ),
        (
            "Free on the disk",
            process
                .and_then(|process| process.disk)
                .map_or_else(not_known, |(free, total)| format!("{} of {}", size(free), size(total))),
        ),
    ];
    Group { name: "What is written", figures }
}

fn told(health: &Health) -> Group {
    let figures = vec![
        ("Mails that wait", health.tables.mails_waiting.to_string()),
        ("Mails not delivered", health.tables.mails_failed.to_string()),
    ];
    Group { name: "Mail", figures }
}
