//! `tollguard cdr`: call detail records.

mod export;
mod report;

use std::collections::BTreeMap;
use std::net::IpAddr;

use billing::{
    AccountId, CallId, CarrierId, Cdr as Record, CdrPlace, CdrRate, Country, Currency, Decision, HungUpBy, IncidentId,
    LineId, Route,
};
use clap::{Args, Subcommand, ValueEnum};
use portal::shapes;
use store::{CdrFilter, Reader};

use super::context::Context;
use super::error::refused;
use super::output::{self, Table, fields, local, now_ms, or_dash, talk};
use super::span::Moment;
use super::{CliError, Listing};

/// Call detail records: who called whom, from where, and what it cost.
#[derive(Debug, Args)]
#[command(long_about = "\
Call detail records, one for every attempt: which line, from which address and city, to which number, what came of it, \
what it cost, and why it was let through or refused.

Examples:
  tollguard cdr list --account law-000 --since 24h
  tollguard cdr list --number +355 --verdict refused
  tollguard cdr list --incident i0000000000010
  tollguard cdr export --since 2026-03-01 --until 2026-04-01 > march.csv
  tollguard cdr report --month 2026-03 --by country
  tollguard cdr show c0000000000007")]
pub struct Cdr {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Calls, the latest first.
    List {
        #[command(flatten)]
        filter: Box<Filter>,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        #[command(flatten)]
        listing: Listing,
    },
    /// All calls that match, the oldest first, for other programs.
    Export {
        #[command(flatten)]
        filter: Box<Filter>,
        /// As a table, or as a JSON object a line.
        #[arg(long, default_value = "csv")]
        format: export::Format,
    },
    /// Calls added up by day, line, country or carrier.
    Report(report::Report),
    /// One call in full.
    Show {
        /// Which.
        call: CallId,
        #[command(flatten)]
        listing: Listing,
    },
}

#[derive(Debug, Args)]
struct Filter {
    /// Of this account.
    #[arg(long)]
    account: Option<AccountId>,
    /// Placed by this line of the account.
    #[arg(long, requires = "account")]
    line: Option<LineId>,
    /// Begun at or after: 24h, 7d, 2026-03-01, "2026-03-01 07:00".
    #[arg(long, value_name = "WHEN")]
    since: Option<Moment>,
    /// Begun before.
    #[arg(long, value_name = "WHEN")]
    until: Option<Moment>,
    /// To numbers that begin so, such as +355.
    #[arg(long, value_name = "+DIGITS", allow_hyphen_values = false)]
    number: Option<String>,
    /// To this country, two letters.
    #[arg(long, value_name = "CODE")]
    country: Option<Country>,
    /// Placed from this address.
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
    /// Taken by this carrier.
    #[arg(long)]
    carrier: Option<CarrierId>,
    /// Let through or refused.
    #[arg(long)]
    verdict: Option<Verdict>,
    /// Of this incident.
    #[arg(long)]
    incident: Option<IncidentId>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Verdict {
    /// Let through.
    Allowed,
    /// Not let through.
    Refused,
}

impl Filter {
    fn of_store(&self, limit: u32) -> CdrFilter {
        let now_ms = now_ms();
        CdrFilter {
            account: self.account.clone(),
            line: self.line.clone(),
            since_ms: self.since.map(|moment| moment.ms(now_ms)),
            until_ms: self.until.map(|moment| moment.ms(now_ms)),
            number_prefix: self.number.clone(),
            country: self.country,
            ip: self.address,
            carrier: self.carrier.clone(),
            verdict: self.verdict.map(|verdict| match verdict {
                Verdict::Allowed => Decision::Allowed,
                Verdict::Refused => Decision::Refused,
            }),
            incident: self.incident,
            before: None,
            limit,
        }
    }
}

impl Cdr {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        match self.action {
            Action::List { filter, limit, listing } => list(context, &filter, limit, listing),
            Action::Export { filter, format } => export::run(context, filter.of_store(0), format),
            Action::Report(report) => report.run(context),
            Action::Show { call, listing } => show(context, call, listing),
        }
    }
}

/// Currency and time zone of the accounts that are met.
struct Customs<'r> {
    reader: &'r Reader,
    known: BTreeMap<AccountId, (Currency, Option<String>)>,
}

impl<'r> Customs<'r> {
    fn new(reader: &'r Reader) -> Self {
        Self { reader, known: BTreeMap::new() }
    }

    fn of(&mut self, account: &AccountId) -> Result<(Currency, Option<String>), CliError> {
        if let Some(known) = self.known.get(account) {
            return Ok(known.clone());
        }
        let settings = self.reader.account(account)?.map(|row| row.settings);
        let customs = settings.map_or((Currency::USD, None), |s| (s.currency, Some(s.time_zone)));
        self.known.insert(account.clone(), customs.clone());
        Ok(customs)
    }
}

fn list(context: &Context, filter: &Filter, limit: u32, listing: Listing) -> Result<(), CliError> {
    let reader = context.reader()?;
    let cdrs = reader.cdrs(&filter.of_store(limit))?;
    let mut customs = Customs::new(&reader);
    if listing.json {
        let shape = |cdr: &Record| Ok(shapes::call(cdr, &customs.of(&cdr.who.account)?.0));
        return output::json(&cdrs.iter().map(shape).collect::<Result<Vec<_>, CliError>>()?);
    }
    let headings = ["WHEN", "ACCOUNT", "LINE", "FROM", "TO", "DESTINATION", "TALK", "COST", "RESULT", "CALL"];
    let mut table = Table::new(&headings, &[6, 7]);
    for cdr in cdrs {
        let (currency, zone) = customs.of(&cdr.who.account)?;
        table.row(vec![
            local(cdr.times.start_ms, zone.as_deref()),
            cdr.who.account.to_string(),
            or_dash(cdr.who.line.as_ref()),
            format!("{} {}", cdr.from.ip, place(&cdr.from.place)),
            number(&cdr),
            cdr.number.destination.clone(),
            talk(cdr.times.talk_ms()),
            cdr.money.charge.format(&currency),
            result(&cdr),
            cdr.call.to_string(),
        ]);
    }
    output::print(&table.text("There are no such calls."));
    Ok(())
}

fn show(context: &Context, call: CallId, listing: Listing) -> Result<(), CliError> {
    let reader = context.reader()?;
    let Some(cdr) = reader.cdr(None, call)? else { return refused(format!("there is no record of call {call}")) };
    let (currency, zone) = Customs::new(&reader).of(&cdr.who.account)?;
    if listing.json {
        return output::json(&shapes::call(&cdr, &currency));
    }
    output::print(&fields(&page(&cdr, &currency, zone.as_deref())));
    Ok(())
}

fn page(cdr: &Record, currency: &Currency, zone: Option<&str>) -> Vec<(&'static str, String)> {
    let at = |ms: Option<u64>| or_dash(ms.map(|ms| local(ms, zone)));
    let (from, money, result) = (&cdr.from, &cdr.money, &cdr.result);
    let told = cdr.who.told_by_pbx.as_ref();
    let told = told.map(|told| format!("extension {} at {} (told by the PBX)", told.extension, told.address));
    let route = match &cdr.route {
        Some(Route::Carrier(id)) => format!("carrier {id}"),
        Some(Route::Line(id)) => format!("line {id}"),
        None => "nowhere".to_owned(),
    };
    let ended = match &result.hung_up_by {
        HungUpBy::Caller => "by the caller".to_owned(),
        HungUpBy::Callee => "by the callee".to_owned(),
        HungUpBy::Node { why } => format!("by this node: {why}"),
        HungUpBy::Nobody => "-".to_owned(),
    };
    let recovered = if result.recovered { ", settled after a restart" } else { "" };
    let score = cdr.verdict.score_tenth_db;
    let sign = if score < 0 { "-" } else { "" };
    let score = format!("{sign}{}.{} dB", score.unsigned_abs() / 10, score.unsigned_abs() % 10);
    vec![
        ("call", cdr.call.to_string()),
        ("account", cdr.who.account.to_string()),
        ("line", or_dash(cdr.who.line.as_ref())),
        ("direction", cdr.who.direction.as_str().to_owned()),
        ("caller shown", cdr.who.caller.clone()),
        ("behind it", or_dash(told)),
        ("from", format!("{}:{} over {}, {}", from.ip, from.port, from.transport, place(&from.place))),
        ("user agent", or_dash(Some(&from.user_agent).filter(|text| !text.is_empty()))),
        ("dialled", cdr.number.dialled.clone()),
        ("number", or_dash(cdr.number.e164)),
        ("destination", cdr.number.destination.clone()),
        ("sent to", route),
        ("began", at(Some(cdr.times.start_ms))),
        ("rang", at(cdr.times.ring_ms)),
        ("answered", at(cdr.times.answer_ms)),
        ("ended", format!("{}, {ended}{recovered}", at(Some(cdr.times.end_ms)))),
        ("talk", talk(cdr.times.talk_ms())),
        ("voice last heard", at(cdr.times.heard_ms)),
        ("SIP result", format!("{} {}", result.sip_status, result.reason)),
        (
            "price",
            format!(
                "{} a minute, {} an answer",
                money.per_minute.format_exact(currency),
                money.connect_fee.format_exact(currency)
            ),
        ),
        ("cost", format!("{} for {} s", money.charge.format(currency), money.billed_s)),
        ("priced by", or_dash(money.rate.as_ref().map(priced_by))),
        ("carrier's cost", or_dash(money.cost.map(|cost| cost.format_exact(currency)))),
        ("held at most", money.held_peak.format(currency)),
        ("verdict", format!("{}, {score}", cdr.verdict.decision.as_str())),
        ("reasons", or_dash(Some(cdr.verdict.words().collect::<Vec<_>>().join("\n")).filter(|text| !text.is_empty()))),
        ("incident", or_dash(cdr.verdict.incident)),
    ]
}

fn priced_by(rate: &CdrRate) -> String {
    let from =
        if rate.source.from_ms == 0 { String::new() } else { format!(" of {}", local(rate.source.from_ms, None)) };
    format!(
        "deck {}{from}, prefix {}, {}/{} s, {} s free",
        rate.source.deck, rate.prefix, rate.minimum_s, rate.increment_s, rate.free_s
    )
}

fn number(cdr: &Record) -> String {
    cdr.number.e164.map_or_else(|| cdr.number.dialled.clone(), |number| number.to_string())
}

fn result(cdr: &Record) -> String {
    match (cdr.verdict.decision, cdr.times.answer_ms) {
        (Decision::Refused, _) => format!("refused ({})", cdr.result.sip_status),
        (Decision::Allowed, Some(_)) => match &cdr.result.hung_up_by {
            HungUpBy::Node { why } => format!("answered, ended: {why}"),
            _ => "answered".to_owned(),
        },
        (Decision::Allowed, None) => format!("{} {}", cdr.result.sip_status, cdr.result.reason),
    }
}

/// "Khan Yunis, Palestine (PalTel)".
fn place(place: &CdrPlace) -> String {
    let country = place.country.map(|country| country.name().to_owned());
    let origin: Vec<String> = place.city.clone().into_iter().chain(country).collect();
    match (origin.is_empty(), &place.network) {
        (true, None) => "unknown place".to_owned(),
        (true, Some(network)) => network.clone(),
        (false, None) => origin.join(", "),
        (false, Some(network)) => format!("{} ({network})", origin.join(", ")),
    }
}
