//! The overview of one account: what is wrong, what there is to spend, who is talking, what was called last.

mod charts;
mod live;

use account::ExposureView;
use askama::Template;
use axum::response::Response;
use node::{Command, CommandReply};
use store::{CdrFilter, LineRow, Reader, Totals, Usage, UsageBy};

use super::table::CallTable;
use crate::access::Scope;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::state::now_ms;
use crate::words::{count, length, line_in_full};
use charts::{Days, Part, USUAL_DAYS, Usual};
use live::RunningCalls;

pub(crate) use live::live;

/// Open incidents shown as banners.
const MAX_BANNERS: u32 = 5;
/// Calls shown.
const LAST_CALLS: u32 = 10;

/// An open incident.
pub(super) struct Banner {
    pub(super) href: String,
    pub(super) title: String,
    pub(super) text: String,
}

struct CutLine {
    href: String,
    name: String,
    since: String,
}

/// The account's money, in words.
struct Purse {
    balance: String,
    /// How long it lasts.
    lasts: String,
    held: String,
    free: String,
    today: String,
    today_charge: String,
    /// What is usual.
    usual: String,
    ceiling: String,
    /// What of the ceiling is used; `None` where the node does not answer.
    exposure: Option<Exposure>,
}

/// What was spent lately.
struct Spending {
    /// `None` where nothing was.
    days: Option<Days>,
    countries: Vec<Part>,
}

/// How far the ceiling is used.
struct Exposure {
    spent: String,
    held: String,
    left: String,
    own: String,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    f: Frame,
    banners: Vec<Banner>,
    purse: Purse,
    guard: &'static str,
    guard_acts: bool,
    guard_href: String,
    registered: String,
    account_cut: Option<String>,
    cut_lines: Vec<CutLine>,
    limits_href: String,
    spending: Spending,
    running: RunningCalls,
    live: String,
    calls: CallTable,
    calls_href: String,
}

struct Found {
    incidents: Vec<guard::Incident>,
    lines: Vec<LineRow>,
    totals: Totals,
    days: Vec<Usage>,
    countries: Vec<Usage>,
    calls: Vec<billing::Cdr>,
}

/// The page.
pub(crate) async fn overview(scope: Scope) -> Result<Response, Problem> {
    let (id, today) = (scope.id().clone(), scope.zone.day_of(now_ms()));
    let lately = today.saturating_sub(USUAL_DAYS)..today.saturating_add(1);
    let found = scope.visitor.state.read(move |reader: &Reader| {
        Ok(Found {
            incidents: reader.incidents(Some(&id), true, MAX_BANNERS)?,
            lines: reader.lines(&id)?,
            totals: reader.totals_of_days(&id, None, today..today + 1)?,
            days: reader.usage(Some(&id), lately.clone(), UsageBy::Day)?,
            countries: reader.usage(Some(&id), lately, UsageBy::Country)?,
            calls: reader.cdrs(&CdrFilter { account: Some(id), limit: LAST_CALLS, ..CdrFilter::default() })?,
        })
    });
    let found = found.await?;
    let running = RunningCalls::of(&scope).await;
    let exposure = exposure(&scope).await;
    page(&view(&scope, &found, running, exposure))
}

/// What the account may still lose at destinations that are not its own.
async fn exposure(scope: &Scope) -> Option<Exposure> {
    let command = Command::Exposure { account: Some(scope.id().clone()) };
    let Ok(CommandReply::Exposure(views)) = scope.visitor.state.control.send(command).await else { return None };
    let ExposureView { bound, grounds, .. } = views.into_iter().next()?;
    let own: Vec<String> = grounds.into_iter().filter(|ground| ground.own).map(|ground| ground.name).collect();
    Some(Exposure {
        spent: scope.money(bound.charged),
        held: scope.money(bound.held),
        left: scope.money(bound.left),
        own: if own.is_empty() { "none yet".to_owned() } else { own.join(", ") },
    })
}

fn view(scope: &Scope, found: &Found, running: RunningCalls, exposure: Option<Exposure>) -> AccountPage {
    let (account, settings) = (&scope.account, &scope.account.settings);
    let now = now_ms();
    let cut = found.lines.iter().filter_map(|row| row.line.cut.map(|cut| (row, cut)));
    let at_home = |row: &&LineRow| row.line.bindings.iter().any(|binding| binding.until_ms > now);
    let registered = found.lines.iter().filter(at_home).count();
    let today = scope.zone.day_of(now);
    let usual = Usual::of(&found.days, today);
    let guard_acts = settings.guard == account::GuardMode::Active;
    AccountPage {
        f: Frame::of_account(scope, Tab::Overview, &settings.name),
        banners: found.incidents.iter().map(|incident| banner(scope, incident, &found.lines)).collect(),
        purse: Purse {
            balance: scope.money(account.balance),
            lasts: usual.lasts(scope, account.balance),
            held: scope.money(account.held),
            free: scope.money(account.balance.saturating_sub(account.held)),
            today: totals(&found.totals),
            today_charge: scope.money(found.totals.charge),
            usual: match usual.days {
                0 => "what is usual is not known yet".to_owned(),
                _ => format!("{} is usual for a whole day", scope.money(usual.charge)),
            },
            ceiling: scope.money(settings.exposure_ceiling),
            exposure,
        },
        guard: if guard_acts { "acts" } else { "only watches" },
        guard_acts,
        guard_href: scope.path("/guard"),
        registered: format!("{registered} of {}", found.lines.len()),
        account_cut: account.cut.map(|cut| scope.zone.in_full(cut.since_ms)),
        cut_lines: cut
            .map(|(row, cut)| CutLine {
                href: scope.path(&format!("/lines/{}", row.line.id)),
                name: line_in_full(&row.line),
                since: scope.zone.in_full(cut.since_ms),
            })
            .collect(),
        limits_href: scope.path("/limits"),
        spending: Spending {
            days: charts::days(scope, &found.days, today, &usual),
            countries: charts::countries(scope, &found.countries),
        },
        running,
        live: scope.path("/live"),
        calls: CallTable::of(scope, &found.calls, "No calls yet. The first one will be listed here."),
        calls_href: scope.path("/calls"),
    }
}

fn totals(totals: &Totals) -> String {
    if totals.calls == 0 {
        return "no calls".to_owned();
    }
    let calls = count(usize::try_from(totals.calls).unwrap_or(usize::MAX), "call");
    format!("{calls}, {} answered, {} talked", totals.answered, length(totals.talk_ms))
}

fn banner(scope: &Scope, incident: &guard::Incident, lines: &[LineRow]) -> Banner {
    let kind = lines.iter().find(|row| row.line.id == incident.line).map(|row| row.line.kind);
    Banner {
        href: scope.path(&format!("/incidents/{}", incident.id)),
        title: super::story::title(incident, kind),
        text: format!(
            "{}. {} {}",
            scope.zone.in_full(super::story::began_ms(incident)),
            super::story::what_happened(incident, kind, &scope.money(super::story::cost(incident))),
            super::story::done(incident),
        ),
    }
}
