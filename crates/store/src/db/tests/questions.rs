//! What the reader answers.

use billing::{Cdr, Decision, IncidentId, Money};

use super::*;

#[test]
fn calls_by_every_filter() {
    let place = Place::filled();
    let reader = place.reader();
    let numbers = |filter: CdrFilter| -> Vec<u64> {
        reader.cdrs(&filter).unwrap().into_iter().map(|cdr: Cdr| cdr.call.0).collect()
    };
    let all = CdrFilter::default;
    assert_eq!(numbers(all()), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(numbers(CdrFilter { limit: 2, ..all() }), [9, 8]);
    assert_eq!(numbers(CdrFilter { account: Some(id("law-001")), ..all() }), [0; 0]);
    assert_eq!(numbers(CdrFilter { account: Some(law()), line: Some(id("101")), ..all() }), [8, 6, 4, 2]);
    let (since_ms, until_ms) = (Some(cdr(3).times.start_ms), Some(cdr(6).times.start_ms));
    assert_eq!(numbers(CdrFilter { since_ms, until_ms, ..all() }), [5, 4, 3]);
    assert_eq!(numbers(CdrFilter { verdict: Some(Decision::Refused), ..all() }), [9, 6, 3]);
    assert_eq!(numbers(CdrFilter { incident: Some(IncidentId(9)), ..all() }), [9, 6, 3]);
    assert_eq!(numbers(CdrFilter { number_prefix: Some("+355691234567".into()), ..all() }), [7]);
    assert_eq!(numbers(CdrFilter { number_prefix: Some("011".into()), ..all() }), [5], "no number, as dialled");
    assert_eq!(numbers(CdrFilter { number_prefix: Some("%".into()), ..all() }), [0; 0]);
}

#[test]
fn pages_meet_without_overlap() {
    let place = Place::filled();
    let reader = place.reader();
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let page = reader.cdrs(&CdrFilter { limit: 2, before, ..CdrFilter::default() }).unwrap();
        let Some(last) = page.last() else { break };
        before = Some((last.times.start_ms, last.call));
        found.extend(page);
    }
    assert_eq!(found, (1..=9).rev().map(cdr).collect::<Vec<_>>());
}

#[test]
fn one_call_and_totals() {
    let place = Place::filled();
    let reader = place.reader();
    assert_eq!(reader.cdr(Some(&law()), cdr(2).call).unwrap(), Some(cdr(2)));
    assert_eq!(reader.cdr(Some(&id("law-001")), cdr(2).call).unwrap(), None);
    let since = CdrFilter { account: Some(law()), since_ms: Some(cdr(4).times.start_ms), ..CdrFilter::default() };
    let totals = reader.totals_of(&since).unwrap();
    assert_eq!(totals, Totals { calls: 6, answered: 4, talk_ms: 120_000, charge: Money::from_cents(80) });
    let nobody = id("law-001");
    assert_eq!(reader.totals_of(&CdrFilter { account: Some(nobody), ..since.clone() }).unwrap(), Totals::default());
    let day = cdr(1).times.local_day();
    let of_days = |line: Option<&str>, days| reader.totals_of_days(&law(), line.map(id).as_ref(), days).unwrap();
    assert_eq!(of_days(None, 0..u32::MAX), reader.totals_of(&CdrFilter { since_ms: None, ..since }).unwrap());
    assert_eq!(of_days(None, day..day + 1), of_days(None, 0..u32::MAX));
    assert_eq!(of_days(None, day + 1..day + 9), Totals::default());
    assert_eq!((of_days(Some("101"), day..day + 1).calls, of_days(Some("107"), day..day + 1).calls), (4, 5));
    let ledger = reader.statement(&law(), 2).unwrap();
    assert_eq!(ledger, [entry(10), entry(9)]);
}

#[test]
fn accounts_lines_and_numbers() {
    let place = Place::filled();
    let reader = place.reader();
    let row = reader.account(&law()).unwrap().unwrap();
    assert_eq!((row.balance, row.held), (Money::from_cents(9_880), Money::from_cents(40)));
    assert_eq!(row.cut.map(|cut| (cut.incident, cut.since_ms)), Some((IncidentId(9), START_MS)));
    assert_eq!(row.settings, settings());
    assert_eq!(reader.accounts().unwrap(), [row]);
    let lines = reader.lines(&law()).unwrap();
    assert_eq!(lines.iter().map(|row| row.line.id.as_str()).collect::<Vec<_>>(), ["101", "107"]);
    assert_eq!(lines[1].secret_version, Some(3));
    assert_eq!(lines[1].line, account::Line { secrets: None, ..line("107") });
    assert_eq!(reader.line(&law(), &id("107")).unwrap(), Some(lines[1].clone()));
    let dids = reader.dids(Some(&law())).unwrap();
    assert_eq!(dids.len(), 1);
    assert_eq!((&dids[0].account, &dids[0].did.lines), (&law(), &vec![id("101")]));
    assert_eq!(reader.dids(None).unwrap(), dids);
    let audit = reader.audit(Some(&law()), 10).unwrap();
    assert_eq!(audit.iter().map(|row| row.by.as_str()).collect::<Vec<_>>(), ["dana", "the command line"]);
}

#[test]
fn incidents_open_and_closed() {
    let place = Place::filled();
    let reader = place.reader();
    assert_eq!(reader.incidents(Some(&law()), true, 10).unwrap(), [incident(None)]);
    let closed = incident(Some(START_MS + 5));
    let effects = vec![account::Effect::Incident(closed.clone()), account::Effect::AccountCut(None)];
    let next = records().len() as u64 + 1;
    place.projector().apply(&numbered(next, vec![fixture::account(effects)])).unwrap();
    assert_eq!(reader.incidents(None, true, 10).unwrap(), []);
    assert_eq!(reader.incidents(None, false, 10).unwrap(), std::slice::from_ref(&closed));
    assert_eq!(reader.incident(IncidentId(9)).unwrap(), Some(closed));
    assert_eq!(reader.incident(IncidentId(10)).unwrap(), None);
    assert_eq!(reader.account(&law()).unwrap().unwrap().cut, None);
}

#[test]
fn the_nodes_own_book() {
    let place = Place::filled();
    let reader = place.reader();
    let carriers = reader.carriers().unwrap();
    assert_eq!(carriers.len(), 1);
    assert_eq!(carriers[0].auth.as_ref().map(|auth| auth.secret.as_str()), Some(""));
    let decks = reader.decks().unwrap();
    assert_eq!(decks.iter().map(|deck| (deck.id.as_str(), deck.rates)).collect::<Vec<_>>(), [("retail", 3)]);
    assert_eq!(reader.rates(&id("retail"), START_MS, "355", 10).unwrap(), rates()[1..]);
    assert_eq!(reader.rates(&id("old"), START_MS, "", 10).unwrap(), []);
    assert!(!reader.lockout().unwrap().enabled);
    assert!(Place::at_format().reader().lockout().unwrap().enabled, "the default");
    assert_eq!(reader.bans(START_MS).unwrap(), [ban(9, START_MS + 3_600_000)]);
    assert_eq!(reader.bans(START_MS + 3_600_000).unwrap(), []);
}

impl Place {
    /// With empty tables.
    fn at_format() -> Self {
        let place = Self::new();
        place.projector();
        place
    }
}

#[test]
fn a_reader_cannot_write() {
    let place = Place::filled();
    let reader = place.reader();
    assert!(reader.all("x", "DELETE FROM cdrs RETURNING part", [], |_| Ok(())).is_err());
    assert!(Reader::open(&place.path.with_file_name("none.db")).is_err());
}

#[test]
fn prices_are_looked_up_by_digits_and_by_place() {
    let reader = Place::filled().reader();
    let found = |text: &str| -> Vec<String> {
        let rates = reader.find_rates(&id("retail"), u64::MAX >> 1, text, "", 10).unwrap();
        rates.iter().map(|rate| rate.prefix.as_digits().as_str().to_owned()).collect()
    };
    let all = found("");
    assert_eq!(all.len(), 3);
    let name = reader.find_rates(&id("retail"), u64::MAX >> 1, &all[0], "", 1).unwrap()[0].destination.to_lowercase();
    assert!(found(&name).contains(&all[0]), "{name}");
    assert!(found(&format!("+{}5551234", all[0])).contains(&all[0]), "of a whole number");
    assert!(found("no such place").is_empty());
}

/// A few calls of a few accounts, of which many begin at one moment and some end late.
fn mixed(seeds: &[u8]) -> Vec<Cdr> {
    let call = |(n, seed): (usize, &u8)| {
        let mut call = cdr(u64::from(*seed));
        call.call = billing::CallId(n as u64 + 1);
        call.who.account = id(["law-000", "law-001"][usize::from(seed % 2)]);
        call.from.ip = [198, 18, 0, seed % 5].into();
        call.number.country = Some(id(["AL", "US", "CU"][usize::from(seed % 3)]));
        call.times.start_ms = START_MS + u64::from(seed % 7) * 1_000 + n as u64 / 8 * 3_000;
        call
    };
    seeds.iter().enumerate().map(call).collect()
}

/// Filters of everything, each of which fits some.
fn filter(pick: u16, calls: &[Cdr]) -> CdrFilter {
    let of = &calls[usize::from(pick) % calls.len()];
    let picked = |bit: u16| pick >> bit & 1 == 1;
    CdrFilter {
        account: picked(0).then(|| of.who.account.clone()),
        line: picked(1).then(|| of.who.line.clone()).flatten(),
        since_ms: picked(2).then_some(START_MS + 3_000),
        until_ms: picked(3).then_some(of.times.start_ms + 2_000),
        number_prefix: picked(4).then(|| ["+35569", "+355691234565", "0"][usize::from(pick) % 3].to_owned()),
        country: picked(5).then_some(of.number.country).flatten(),
        ip: picked(6).then_some(of.from.ip),
        carrier: picked(7).then(|| id("wholesale")),
        verdict: picked(8).then_some(of.verdict.decision),
        incident: picked(9).then_some(of.verdict.incident).flatten(),
        before: None,
        limit: u32::from(pick % 5) + 1,
    }
}

fn fits(filter: &CdrFilter, call: &Cdr) -> bool {
    let number = call.number.e164.map_or_else(|| call.number.dialled.clone(), |number| number.to_string());
    let carrier = match &call.route {
        Some(billing::Route::Carrier(carrier)) => Some(carrier),
        _ => None,
    };
    filter.account.as_ref().is_none_or(|account| *account == call.who.account)
        && filter.line.as_ref().is_none_or(|line| Some(line) == call.who.line.as_ref())
        && filter.since_ms.is_none_or(|since_ms| call.times.start_ms >= since_ms)
        && filter.until_ms.is_none_or(|until_ms| call.times.start_ms < until_ms)
        && filter.number_prefix.as_ref().is_none_or(|prefix| number.starts_with(prefix.as_str()))
        && filter.country.is_none_or(|country| Some(country) == call.number.country)
        && filter.ip.is_none_or(|ip| ip == call.from.ip)
        && filter.carrier.as_ref().is_none_or(|wanted| Some(wanted) == carrier)
        && filter.verdict.is_none_or(|verdict| verdict == call.verdict.decision)
        && filter.incident.is_none_or(|incident| Some(incident) == call.verdict.incident)
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    /// Whatever is asked for, all that fits is found, page by page, and nothing else: of calls that are filed and of
    /// those that are not yet, the latest first and the oldest first, and when old ones have been removed.
    #[test]
    fn what_fits_is_found(
        seeds in proptest::collection::vec(proptest::prelude::any::<u8>(), 1..60),
        picks in proptest::collection::vec(proptest::prelude::any::<u16>(), 8),
        cut in proptest::prelude::any::<bool>(),
    ) {
        let mut calls = mixed(&seeds);
        let place = Place::new();
        let of = |call: &Cdr| node::Body::Account {
            account: call.who.account.clone(),
            seq: 0,
            input: account::Input::Tick,
            effects: vec![account::Effect::Settings(settings()), account::Effect::Cdr(call.clone())],
        };
        place.projector().apply(&numbered(1, calls.iter().map(of).collect())).unwrap();
        if cut {
            let rules = Retention { calls_days: Some(1), ..Retention::default() };
            let before_ms = START_MS + 4_000;
            place.desk().expire(&rules, before_ms + 86_400_000).unwrap();
            calls.retain(|call| call.times.start_ms >= before_ms);
        }
        let reader = place.reader();
        for pick in picks.into_iter().filter(|_| !calls.is_empty()) {
            let filter = filter(pick, &calls);
            let mut wanted: Vec<&Cdr> = calls.iter().filter(|call| fits(&filter, call)).collect();
            wanted.sort_by_key(|call| (call.times.start_ms, call.call));
            let (mut oldest, mut latest) = (Vec::new(), Vec::new());
            loop {
                let after = oldest.last().map(|last: &Cdr| (last.times.start_ms, last.call));
                let page = reader.cdrs_after(&filter, after).unwrap();
                if page.is_empty() {
                    break;
                }
                oldest.extend(page);
            }
            proptest::prop_assert_eq!(oldest.iter().collect::<Vec<_>>(), wanted.clone());
            loop {
                let before = latest.last().map(|last: &Cdr| (last.times.start_ms, last.call));
                let page = reader.cdrs(&CdrFilter { before, ..filter.clone() }).unwrap();
                if page.is_empty() {
                    break;
                }
                latest.extend(page);
            }
            wanted.reverse();
            proptest::prop_assert_eq!(latest.iter().collect::<Vec<_>>(), wanted.clone());
            proptest::prop_assert_eq!(reader.totals_of(&filter).unwrap().calls, wanted.len() as u64);
        }
    }
}
