//! The worker against a mail server that refuses, drops and takes, on a clock moved by hand.

use std::sync::atomic::Ordering;

use super::*;
use crate::limit::{HOUR_MS, KEPT_FOR_EMERGENCIES, MAX_MAILS_AN_HOUR};
use crate::settings::Settings;
use crate::testing::outbox::{HandClock, MemoryOutbox, State};
use crate::testing::smtp::{Act, Server};
use crate::testing::{OPENED_MS, emergency, settings, trunk_incident};

struct Bench {
    server: Server,
    outbox: Arc<MemoryOutbox>,
    clock: HandClock,
    worker: Worker<MemoryOutbox, HandClock>,
}

impl Bench {
    /// So many contacts, and a server with this script.
    async fn new(contacts: usize, script: &[Act]) -> Self {
        let server = Server::start(script).await;
        let outbox = Arc::new(MemoryOutbox::default());
        *outbox.contacts.lock().unwrap() = settings().contacts.into_iter().take(contacts).collect();
        let clock = HandClock::default();
        clock.set(OPENED_MS);
        let worker = worker(&server, &outbox, &clock);
        Self { server, outbox, clock, worker }
    }

    fn to(&self) -> Vec<String> {
        self.server.taken().iter().map(|taken| taken.to.replace("RCPT TO:", "")).collect()
    }
}

fn worker(server: &Server, outbox: &Arc<MemoryOutbox>, clock: &HandClock) -> Worker<MemoryOutbox, HandClock> {
    let url = format!("smtp://{}", server.addr);
    let settings = Settings::parse(&url, "alerts@front.example", "https://p.example").unwrap();
    let mailer = Mailer::new(&settings).unwrap();
    Worker::new(Arc::clone(outbox), mailer, settings.portal, "front", clock.clone())
}

fn incident() -> Notice {
    Notice::Incident(Box::new(trunk_incident()))
}

#[test]
fn waits_double_up_to_an_hour() {
    let waits: Vec<u64> = [1, 2, 3, 7, 8, 100].map(|attempts| retry_in_ms(attempts) / 1000).into();
    assert_eq!(waits, [30, 60, 120, 1920, 3600, 3600]);
    assert_eq!(retry_in_ms(0), FIRST_RETRY_MS);
}

#[tokio::test]
async fn each_contact_gets_one_mail() {
    let mut bench = Bench::new(2, &[]).await;
    bench.outbox.put(1, OPENED_MS, incident());
    bench.worker.pass().await;
    assert_eq!(bench.to(), ["<ann@smith.example>", "<office@smith.example>"]);
    assert_eq!(bench.outbox.row(1).state, State::Sent(OPENED_MS));
    let ids = bench.outbox.delivered.lock().unwrap().clone();
    assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
    assert!(bench.server.taken()[0].data.contains(&ids[0]));
    // Nothing is due: nothing is sent, and the worker sleeps.
    assert!(bench.worker.pass().await > OPENED_MS);
    assert_eq!(bench.server.connections(), 2);
}

#[tokio::test]
async fn what_is_refused_for_now_is_tried_again_until_it_is_taken_once() {
    let mut bench = Bench::new(1, &[Act::AnswerData("451 4.3.0 later"), Act::Drop, Act::Take]).await;
    bench.outbox.put(1, OPENED_MS, incident());
    assert_eq!(bench.worker.pass().await, OPENED_MS + FIRST_RETRY_MS);
    let row = bench.outbox.row(1);
    assert_eq!((row.notice.attempts, &row.state), (1, &State::Queued(OPENED_MS + FIRST_RETRY_MS)));
    assert!(row.error.contains("ann@smith.example") && row.error.contains("451"), "{}", row.error);
    // Too early: not tried.
    bench.clock.set(OPENED_MS + FIRST_RETRY_MS - 1);
    bench.worker.pass().await;
    assert_eq!(bench.server.connections(), 1);
    bench.clock.set(OPENED_MS + FIRST_RETRY_MS);
    assert_eq!(bench.worker.pass().await, OPENED_MS + 3 * FIRST_RETRY_MS);
    bench.clock.set(OPENED_MS + 3 * FIRST_RETRY_MS);
    bench.worker.pass().await;
    assert_eq!(bench.outbox.row(1).state, State::Sent(OPENED_MS + 3 * FIRST_RETRY_MS));
    bench.clock.set(OPENED_MS + HOUR_MS);
    bench.worker.pass().await;
    assert_eq!((bench.server.taken().len(), bench.server.connections()), (1, 3));
}

#[tokio::test]
async fn a_retry_spares_those_who_have_their_copy() {
    let script = [Act::Take, Act::AnswerRcpt("451 4.2.1 busy"), Act::Take];
    let mut bench = Bench::new(2, &script).await;
    bench.outbox.put(1, OPENED_MS, incident());
    bench.clock.set(bench.worker.pass().await);
    bench.worker.pass().await;
    assert_eq!(bench.to(), ["<ann@smith.example>", "<office@smith.example>"]);
    assert!(matches!(bench.outbox.row(1).state, State::Sent(_)));
    assert!(bench.worker.progress.is_empty());
}

#[tokio::test]
async fn after_a_crash_between_sending_and_marking_the_copy_bears_the_same_message_id() {
    let mut bench = Bench::new(1, &[]).await;
    bench.outbox.put(1, OPENED_MS, incident());
    bench.outbox.broken.store(true, Ordering::Relaxed);
    let next_ms = bench.worker.pass().await;
    assert_eq!(next_ms, OPENED_MS + STORE_RETRY_MS);
    // The same worker knows that the mail is out, and sends nothing while the store fails.
    bench.clock.set(next_ms);
    bench.worker.pass().await;
    assert_eq!(bench.server.taken().len(), 1);
    // A restarted one does not.
    bench.outbox.broken.store(false, Ordering::Relaxed);
    worker(&bench.server, &bench.outbox, &bench.clock).pass().await;
    let ids = bench.outbox.delivered.lock().unwrap().clone();
    assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
    assert_eq!(bench.outbox.row(1).state, State::Sent(next_ms));
}

#[tokio::test]
async fn one_contact_that_does_not_exist_does_not_keep_the_mail_from_the_other() {
    let mut bench = Bench::new(2, &[Act::AnswerRcpt("550 5.1.1 no such user")]).await;
    bench.outbox.put(1, OPENED_MS, incident());
    bench.worker.pass().await;
    assert_eq!(bench.to(), ["<office@smith.example>"]);
    assert!(matches!(bench.outbox.row(1).state, State::Sent(_)));
}

#[tokio::test]
async fn what_nobody_takes_is_kept_as_failed() {
    let mut bench = Bench::new(1, &[Act::AnswerRcpt("550 5.1.1 no such user")]).await;
    bench.outbox.put(1, OPENED_MS, incident());
    bench.worker.pass().await;
    let row = bench.outbox.row(1);
    assert!(row.state == State::Failed && row.error.contains("no such user"), "{row:?}");
    let mut bench = Bench::new(0, &[]).await;
    bench.outbox.put(1, OPENED_MS, incident());
    bench.worker.pass().await;
    assert_eq!(bench.outbox.row(1).state, State::Failed);
    assert!(bench.outbox.row(1).error.contains("no contacts"));
}

#[tokio::test]
async fn after_three_days_it_is_given_up() {
    let refusals = [Act::AnswerRcpt("451 4.2.1 busy"); 200];
    let mut bench = Bench::new(1, &refusals).await;
    bench.outbox.put(1, OPENED_MS, incident());
    while matches!(bench.outbox.row(1).state, State::Queued(_)) {
        let next_ms = bench.worker.pass().await;
        assert!(next_ms > bench.clock.now_ms(), "time goes on");
        bench.clock.set(next_ms);
        assert!(next_ms < OPENED_MS + GIVE_UP_AFTER_MS + HOUR_MS, "it ends");
    }
    assert_eq!(bench.outbox.row(1).state, State::Failed);
    assert!((70..90).contains(&bench.server.connections()), "{}", bench.server.connections());
    assert!(bench.server.taken().is_empty());
}

#[tokio::test]
async fn a_flood_waits_and_an_emergency_call_does_not() {
    let mut bench = Bench::new(1, &[]).await;
    for id in 0..30 {
        bench.outbox.put(id, OPENED_MS, incident());
    }
    bench.worker.pass().await;
    let ordinary = MAX_MAILS_AN_HOUR - KEPT_FOR_EMERGENCIES;
    assert_eq!(bench.server.taken().len(), ordinary);
    assert!(bench.outbox.row(29).error.contains("held back"));
    bench.outbox.put(100, OPENED_MS, emergency());
    bench.worker.pass().await;
    assert_eq!(bench.server.taken().len(), ordinary + 1);
    assert!(matches!(bench.outbox.row(100).state, State::Sent(_)));
    bench.clock.set(OPENED_MS + HOUR_MS);
    bench.worker.pass().await;
    assert_eq!(bench.server.taken().len(), 31, "the rest follows an hour later");
}

#[tokio::test]
async fn a_notified_worker_sends_at_once_and_stops_when_told() {
    let bench = Bench::new(1, &[]).await;
    let (wake, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let stopped = Arc::clone(&stop);
    let running = tokio::spawn(bench.worker.run(Arc::clone(&wake), async move { stopped.notified().await }));
    bench.outbox.put(1, OPENED_MS, incident());
    wake.notify_one();
    let sent = async {
        while !matches!(bench.outbox.row(1).state, State::Sent(_)) {
            tokio::task::yield_now().await;
        }
    };
    // Far below the time the worker would look by itself.
    tokio::time::timeout(Duration::from_millis(MAX_SLEEP_MS / 3), sent).await.unwrap();
    stop.notify_one();
    running.await.unwrap();
    assert_eq!(bench.server.taken().len(), 1);
}

#[tokio::test]
async fn news_is_told_together_and_once() {
    let mut bench = Bench::new(1, &[]).await;
    let line = billing::LineId::new("107").unwrap();
    for id in 1..=5 {
        let notice =
            Notice::NewCountry { line: line.clone(), country: "AL".into(), number: format!("+35569123456{id}") };
        // The last is not due yet.
        bench.outbox.put(id, if id == 5 { OPENED_MS + 1000 } else { OPENED_MS }, notice);
    }
    bench.worker.pass().await;
    assert_eq!(bench.to().len(), 1, "one mail for all");
    assert!((1..=5).all(|id| bench.outbox.row(id).state == State::Sent(OPENED_MS)));
    bench.clock.set(OPENED_MS + 2000);
    bench.worker.pass().await;
    assert_eq!(bench.to().len(), 1);
}
