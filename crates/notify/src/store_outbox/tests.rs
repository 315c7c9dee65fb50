//! From a journal record through SQLite to a mail server, over a restart.

use std::path::Path;

use account::{Effect, Input, Line, LineKind, Notice};
use billing::LineId;
use node::{Body, Record};
use store::{Projector, Sending};

use super::*;
use crate::mailer::Mailer;
use crate::settings::Settings;
use crate::testing::outbox::HandClock;
use crate::testing::smtp::{Act, Server};
use crate::testing::{OPENED_MS, account_id, settings, trunk_incident};
use crate::worker::{FIRST_RETRY_MS, Worker};

/// A firm with a trunk, and the notice of its incident.
fn project(database: &Path) {
    let mut settings = settings();
    settings.contacts.truncate(1);
    let trunk = Line {
        id: LineId::new("main-trunk").unwrap(),
        kind: LineKind::Trunk,
        name: "Office PBX".into(),
        auth_name: None,
        secrets: None,
        addresses: vec!["192.0.2.10".parse().unwrap()],
        certificates: Vec::new(),
        caller_id: None,
        international: true,
        max_calls: None,
        limits: account::Limits::default(),
        cut: None,
        bindings: Vec::new(),
        last_seen: None,
        shut_out_ms: 0,
    };
    let effects = vec![
        Effect::Settings(settings),
        Effect::Line(trunk),
        Effect::Notice(Notice::Incident(Box::new(trunk_incident()))),
    ];
    let body = Body::Account { account: account_id(), seq: 1, input: Input::Tick, effects };
    Projector::open(database).unwrap().apply(&[Record { lsn: 1, at_ms: OPENED_MS, body }]).unwrap();
}

fn worker(database: &Path, server: &Server, clock: &HandClock) -> Worker<StoreOutbox, HandClock> {
    let desk = Arc::new(Desk::open(database).unwrap());
    let reader = Arc::new(Reader::open(database).unwrap());
    let url = format!("smtp://{}", server.addr);
    let settings = Settings::parse(&url, "Tollguard <alerts@front.example>", "https://p.example").unwrap();
    let mailer = Mailer::new(&settings).unwrap();
    Worker::new(Arc::new(StoreOutbox::new(desk, reader)), mailer, settings.portal, "front", clock.clone())
}

#[tokio::test]
async fn a_notice_outlives_the_process_and_is_sent_once() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("tollguard.db");
    project(&database);
    let server = Server::start(&[Act::AnswerRcpt("451 4.3.0 later")]).await;
    let clock = HandClock::default();
    clock.set(OPENED_MS);
    assert_eq!(worker(&database, &server, &clock).pass().await, OPENED_MS + FIRST_RETRY_MS);
    clock.set(OPENED_MS + FIRST_RETRY_MS);
    let mut second = worker(&database, &server, &clock);
    second.pass().await;
    second.pass().await;
    let taken = server.taken();
    assert_eq!(taken.len(), 1);
    assert!(taken[0].data.contains("Subject: Tollguard: international calling on trunk main-trunk was stopped"));
    let rows = Reader::open(&database).unwrap().outbox(Some(&account_id()), 10).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].1, Sending::Sent { at_ms: OPENED_MS + FIRST_RETRY_MS });
}
