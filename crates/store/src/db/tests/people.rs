//! Webhooks, second factors and links; what is news, and what stands in the audit log.

use std::net::IpAddr;

use account::{Actor, Effect, Notice};
use geo::Place as Whereabouts;

use super::*;
use crate::db::factors::SecondFactor;

const WEEK_MS: u64 = 7 * 86_400_000;

fn hook(events: &[&str]) -> Webhook {
    Webhook {
        id: 0,
        account: law(),
        url: "https://hooks.example/x".into(),
        format: HookFormat::Json,
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        secret: vec![1, 2, 3],
        is_on: true,
        created_ms: 5,
    }
}

#[test]
fn each_notice_is_handed_on_once_and_a_delivery_can_be_sent_again() {
    let place = Place::filled();
    let desk = place.desk();
    let id = desk.add_webhook(&hook(&[])).unwrap().unwrap();
    assert_eq!(desk.webhooks(Some(&law())).unwrap(), [Webhook { id, ..hook(&[]) }]);
    let notices = desk.not_handed_on().unwrap();
    assert_eq!(notices.len(), 2);
    let new = NewDelivery { webhook: id, event: "incident.opened".into(), body: "{}".into(), at_ms: 10 };
    desk.hand_on(notices[1].id, std::slice::from_ref(&new)).unwrap();
    assert_eq!(desk.not_handed_on().unwrap(), []);

    let (first, _) = desk.next_delivery(10).unwrap().unwrap();
    desk.not_delivered(first.id, "500", Some(40)).unwrap();
    assert_eq!(desk.next_delivery(39).unwrap(), None);
    assert_eq!(desk.next_delivery(40).unwrap().unwrap().0.attempts, 1);
    desk.switch_webhook(id, false).unwrap();
    assert_eq!(desk.next_delivery(40).unwrap(), None, "it waits while the webhook is off");
    desk.switch_webhook(id, true).unwrap();
    desk.delivered(first.id, "200", 41).unwrap();
    assert_eq!(desk.next_delivery(100).unwrap(), None);
    assert!(desk.send_again(None, first.id, 50).unwrap());
    let (again, _) = desk.next_delivery(50).unwrap().unwrap();
    assert_eq!((again.id, again.attempts, &again.body), (first.id, 0, &first.body));
    assert!(!desk.send_again(None, 999, 50).unwrap());
    desk.remove_webhook(id).unwrap();
    assert_eq!(desk.deliveries(&law(), None, 10).unwrap(), [], "its deliveries go with it");
}

#[test]
fn webhooks_of_an_account_are_bounded_and_choose_their_events() {
    let place = Place::filled();
    let desk = place.desk();
    for _ in 0..MAX_WEBHOOKS {
        assert!(desk.add_webhook(&hook(&[])).unwrap().is_some());
    }
    assert_eq!(desk.add_webhook(&hook(&[])).unwrap(), None);
    assert!(hook(&[]).wants("balance.low") && hook(&["balance.low"]).wants("balance.low"));
    assert!(!hook(&["balance.low"]).wants("country.new"));
    assert!(!Webhook { is_on: false, ..hook(&[]) }.wants("balance.low"));
    for (url, good) in
        [("https://x.example/a?b", true), ("ftp://x", false), ("https://", false), ("https://a b", false)]
    {
        assert_eq!(Webhook::is_url(url), good, "{url}");
    }
}

#[test]
fn links_are_used_once_and_forgotten_when_they_would_have_expired() {
    let desk = Place::new().desk();
    assert!(desk.use_link(&[1; 32], 10, 100).unwrap());
    assert!(!desk.use_link(&[1; 32], 11, 100).unwrap() && desk.is_used(&[1; 32]).unwrap());
    desk.give_link_back(&[1; 32]).unwrap();
    assert!(desk.use_link(&[1; 32], 12, 100).unwrap());
    assert!(desk.use_link(&[2; 32], 101, 200).unwrap());
    assert!(!desk.is_used(&[1; 32]).unwrap(), "it has expired by now");
}

#[test]
fn a_second_factor_is_confirmed_and_its_codes_are_taken_once() {
    let desk = Place::filled().desk();
    let user = User {
        login: "dana".into(),
        name: String::new(),
        email: String::new(),
        role: Role::Owner,
        account: Some(law()),
        password_hash: String::new(),
        created_ms: 1,
    };
    desk.add_user(&user).unwrap();
    desk.begin_second_factor("dana", &[1]).unwrap();
    desk.begin_second_factor("dana", &[2]).unwrap();
    desk.confirm_second_factor("dana", 7, &[[3; 32], [4; 32]], &[0; 32]).unwrap();
    desk.begin_second_factor("dana", &[5]).unwrap();
    let expected = SecondFactor { secret: vec![2], since_ms: Some(7), last_step: 0, codes_left: 2 };
    assert_eq!(desk.second_factor("dana").unwrap(), Some(expected), "one that is asked for is not replaced");
    assert!(desk.take_step("dana", 10).unwrap());
    assert!(!desk.take_step("dana", 10).unwrap() && !desk.take_step("dana", 9).unwrap());
    assert!(desk.take_recovery_code("dana", &[3; 32]).unwrap());
    assert!(!desk.take_recovery_code("dana", &[3; 32]).unwrap());
    assert!(desk.remove_second_factor("dana").unwrap() && !desk.remove_second_factor("dana").unwrap());
    assert_eq!(desk.second_factor("dana").unwrap(), None);
}

/// The notices that news led to.
fn news(place: &Place) -> Vec<Notice> {
    let all = place.reader().outbox(None, 100).unwrap();
    all.into_iter().rev().map(|(queued, _)| queued.notice).filter(Notice::is_news).collect()
}

#[test]
fn a_country_and_a_network_are_news_once_and_not_in_the_first_days() {
    let place = Place::new();
    let call = |n: u64, country: &str, start_ms: u64| {
        let mut cdr = cdr(3 * n + 1);
        cdr.number.country = Some(id(country));
        cdr.times.answer_ms = Some(start_ms + 1000);
        cdr.times.start_ms = start_ms;
        Effect::Cdr(cdr)
    };
    let seen = |asn: u32, at_ms: u64| {
        let place = Whereabouts { asn: Some(asn), ..Whereabouts::default() };
        let last_seen = Some((at_ms, IpAddr::from([198, 18, 0, 9]), place));
        Effect::Line(account::Line { last_seen, ..line("107") })
    };
    let later = START_MS + WEEK_MS + 1;
    let effects = [
        call(1, "US", START_MS),
        call(2, "GB", START_MS + 1000),
        call(3, "GB", later),
        call(4, "AL", later),
        call(5, "AL", later + 1000),
        seen(7922, START_MS),
        seen(7922, later),
        seen(12975, later),
        seen(12975, later + 1000),
    ];
    let bodies = effects.into_iter().map(|effect| fixture::account(vec![effect])).collect();
    place.projector().apply(&numbered(1, bodies)).unwrap();
    let found = news(&place);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(matches!(&found[0], Notice::NewCountry { country, .. } if country == "AL"), "{found:?}");
    assert!(matches!(&found[1], Notice::NewNetwork { .. }), "{found:?}");
    let desk = place.desk();
    assert_eq!(desk.next_due(START_MS + 1000).unwrap(), None, "it waits for more");
    assert_eq!(desk.waiting_news(&law(), 10).unwrap().len(), 2);
}

#[test]
fn an_incident_that_goes_further_or_ends_is_news() {
    let place = Place::filled();
    let next = records().len() as u64 + 1;
    let further = guard::Incident { action: guard::Action::CutInternational, ..incident(None) };
    let closed = guard::Incident { closed_ms: Some(START_MS + 5), ..further.clone() };
    let bodies = [incident(None), further.clone(), further, closed.clone(), closed];
    let bodies = bodies.map(|incident| fixture::account(vec![Effect::Incident(incident)])).into();
    place.projector().apply(&numbered(next, bodies)).unwrap();
    let found = news(&place);
    assert!(matches!(&found[..], [Notice::IncidentUpdated(_), Notice::IncidentClosed(_)]), "{found:?}");
}

#[test]
fn the_audit_log_tells_before_and_after_and_the_desk_writes_into_it() {
    let place = Place::filled();
    let next = records().len() as u64 + 1;
    let (by, text) = (Actor::User("dana".into()), "Changed.".to_owned());
    let audit = || Effect::Audit { by: by.clone(), text: text.clone() };
    let muted = account::Line { international: false, ..line("107") };
    let bodies = vec![
        fixture::account(vec![Effect::Line(muted), audit()]),
        fixture::account(vec![Effect::LineRemoved(id("107")), audit()]),
        fixture::account(vec![Effect::AccountCut(None), audit()]),
    ];
    place.projector().apply(&numbered(next, bodies)).unwrap();
    let reader = place.reader();
    let rows = reader.audit(Some(&law()), 3).unwrap();
    let changed = |row: &AuditRow, what: &str| {
        let found = row.changes.iter().find(|change| change.what == what);
        found.map(|change| (change.before.clone(), change.after.clone()))
    };
    assert_eq!(changed(&rows[2], "line 107.international"), Some(("true".into(), "false".into())));
    assert_eq!(rows[2].changes.len(), 1, "{:?}", rows[2].changes);
    assert_eq!(changed(&rows[1], "line 107.name"), Some(("Conference room".into(), String::new())));
    assert_eq!(changed(&rows[0], "cut").map(|(_, after)| after), Some(String::new()));
    assert!(!format!("{rows:?}").contains("ha1"), "no digest of a secret");

    let row = AuditRow { account: None, at_ms: u64::MAX >> 2, by: "ada".into(), text: "x".into(), changes: Vec::new() };
    place.desk().note(&row).unwrap();
    assert_eq!(reader.audit(None, 1).unwrap(), [row]);
    assert!(reader.audit(Some(&law()), 100).unwrap().iter().all(|row| row.by != "ada"));
}
