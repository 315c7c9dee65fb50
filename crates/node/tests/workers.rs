//! A node of several workers: a call, its account and who reads its messages may all be in different places.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

#[path = "workers/harness.rs"]
mod harness;

use account::Change;
use harness::{CARRIER, Node, Sent, answer_to, change, extension, request, secrets, trunk};
use lockout::BanReason;
use node::{Command, CommandError, CommandReply, Letter, NodeState};
use sip::digest::{Challenge, ClientAuth, Credentials};
use sip::{Message, Name};

fn status(message: &Message) -> u16 {
    message.status().unwrap_or_default()
}

fn is_invite(message: &Message) -> bool {
    message.is_request() && message.method_raw() == b"INVITE"
}

/// Our tag in an answer, as the peer writes it into To.
fn tag_of(answer: &Message) -> String {
    format!(";tag={}", String::from_utf8_lossy(answer.to().unwrap().tag().unwrap()))
}

/// Sets up the call `call_id` of firm `n`; every message is read by a worker of `reader`'s choice. Its end is up to the
/// caller. Returns our tag towards the caller and the INVITE the carrier got.
fn talk(node: &mut Node, n: usize, call_id: &str, reader: impl FnMut() -> usize) -> (String, Sent) {
    talk_from(node, &format!("127.0.1.{n}:5060"), call_id, "", reader)
}

/// The same of somebody at `from`, with more lines in the INVITE.
fn talk_from(
    node: &mut Node,
    from: &str,
    call_id: &str,
    more: &str,
    mut reader: impl FnMut() -> usize,
) -> (String, Sent) {
    node.reads(reader(), from, &request("INVITE", from, ("+13037654321", ""), call_id, 1, more));
    node.deliver();
    assert!(!node.sent.iter().any(|sent| is_invite(&sent.message)), "nothing is spent before it is on disk");
    node.settle();
    let to_carrier = node.take(CARRIER);
    let invite = to_carrier.iter().find(|sent| is_invite(&sent.message)).expect("the carrier is called").clone();
    node.reads(reader(), CARRIER, &answer_to(&invite, "180 Ringing", false));
    node.reads(reader(), CARRIER, &answer_to(&invite, "200 OK", true));
    node.settle();
    let answers = node.take(from);
    let ok = answers.iter().find(|sent| status(&sent.message) == 200).expect("the caller hears of the answer");
    let tag = tag_of(&ok.message);
    node.reads(reader(), from, &request("ACK", from, ("+13037654321", &tag), call_id, 1, ""));
    node.settle();
    (tag, invite)
}

/// Readers that take turns.
fn in_turn(workers: usize) -> impl FnMut() -> usize {
    let mut next = 0;
    move || {
        next += 1;
        next % workers
    }
}

#[test]
fn calls_go_on_whoever_reads_their_messages_and_wherever_their_account_is() {
    for workers in [2, 3] {
        let mut node = Node::with_firms(workers);
        let mut reader = in_turn(workers);
        let mut homes = vec![0; workers];
        for call in 0..24 {
            let (n, call_id) = (1 + call % 8, format!("call-{call}"));
            let (tag, invite) = talk(&mut node, n, &call_id, &mut reader);
            assert_eq!(node.calls(), 1);
            let from = format!("127.0.1.{n}:5060");
            node.take(CARRIER);
            node.now_ms += 30_000;
            node.reads(reader(), &from, &request("BYE", &from, ("+13037654321", &tag), &call_id, 2, ""));
            node.settle();
            let bye = node.take(CARRIER).pop().expect("the carrier is hung up");
            assert_eq!((bye.message.method_raw(), bye.message.call_id()), (&b"BYE"[..], invite.message.call_id()));
            node.reads(reader(), CARRIER, &answer_to(&bye, "200 OK", false));
            node.settle();
            assert_eq!(status(&node.take(&from).pop().unwrap().message), 200);
            homes[bye.worker] += 1;
            let account = node.account(&format!("law-{n}"));
            assert!(account.running().is_empty() && account.ledger().held().micros() == 0);
            assert!(account.ledger().captured().is_positive(), "half a minute is paid for");
        }
        assert_eq!(node.calls(), 0);
        assert!(homes.iter().all(|count| *count > 0), "every worker had calls: {homes:?}");
        assert!(node.delivered > 0);
        let mut replayed = NodeState::default();
        node.records.iter().for_each(|record| replayed.apply(record).unwrap());
        assert_eq!(replayed, node.state());
    }
}

#[test]
fn a_cancel_from_another_port_reaches_its_call_and_an_invite_sent_again_is_none_more() {
    let mut node = Node::with_firms(2);
    for n in 1..=8 {
        let (from, elsewhere) = (format!("127.0.1.{n}:5060"), format!("127.0.1.{n}:6060"));
        let call_id = format!("call-{n}");
        let invite = request("INVITE", &from, ("+13037654321", ""), &call_id, 1, "");
        node.reads(0, &from, &invite);
        node.reads(1, &elsewhere, &invite);
        node.settle();
        node.reads(0, &elsewhere, &invite);
        node.settle();
        assert_eq!(node.calls(), 1);
        assert_eq!(node.take(CARRIER).iter().filter(|sent| is_invite(&sent.message)).count(), 1);
        node.reads(n % 2, &elsewhere, &request("CANCEL", &from, ("+13037654321", ""), &call_id, 1, ""));
        node.settle();
        // Answers go where the copy came from that was there first.
        let answers = [node.take(&from), node.take(&elsewhere)].concat();
        let heard: Vec<_> = answers.iter().map(|sent| status(&sent.message)).collect();
        assert!(heard.contains(&487), "{heard:?}");
        assert_eq!(node.calls(), 0);
        let held = node.account(&format!("law-{n}")).ledger().held();
        assert_eq!(held.micros(), 0);
        node.sent.clear();
    }
}

#[test]
fn calls_of_a_line_that_is_gone_end_on_all_workers() {
    let mut node = Node::with_firms(2);
    let phone = "127.0.0.7:5060";
    let mut auth = challenge(&mut node, 1, phone);
    let mut at = [0, 0];
    for call in 0..6 {
        let proof = proof("INVITE", &mut auth, "secret of 101");
        let (_, invite) = talk_from(&mut node, phone, &format!("call-{call}"), &proof, in_turn(2));
        at[invite.worker] += 1;
    }
    assert!(at.iter().all(|count| *count > 0), "both workers have calls: {at:?}");
    assert_eq!(node.calls(), 6);
    node.sent.clear();
    node.done(change("law-1", Change::RemoveLine("101".parse().unwrap())));
    let byes = node.take(CARRIER).iter().filter(|sent| sent.message.method_raw() == b"BYE").count();
    assert_eq!((byes, node.calls()), (6, 0));
    assert!(node.account("law-1").running().is_empty());
}

#[test]
fn when_the_credit_runs_out_the_call_ends_wherever_it_is() {
    let mut node = Node::with_firms(2);
    for call in 0..4 {
        talk(&mut node, 2, &format!("call-{call}"), in_turn(2));
    }
    node.sent.clear();
    // Ten dollars end in time, since nothing else wakes the workers here: every deadline is served.
    for _ in 0..200_000 {
        if node.calls() == 0 {
            break;
        }
        let next = node.workers.iter().filter_map(node::Worker::next_wake_ms).min().unwrap();
        node.now_ms = next.max(node.now_ms + 1_000);
        for worker in 0..2 {
            let now_ms = node.now_ms;
            node.workers[worker].tick(now_ms);
        }
        node.settle();
    }
    let ledger = node.account("law-2").ledger();
    assert!(ledger.captured() <= ledger.paid_in() && ledger.held().micros() == 0, "{ledger:?}");
    assert!(node.take(CARRIER).iter().any(|sent| sent.message.method_raw() == b"BYE"));
}

/// What proves a request of extension 101.
fn proof(method: &str, auth: &mut ClientAuth, secret: &str) -> String {
    let credentials = Credentials { username: "101", secret };
    let value = auth.answer(credentials, method.as_bytes(), b"sip:127.0.0.1", "c");
    format!("Authorization: {}\r\n", String::from_utf8_lossy(&value))
}

/// A REGISTER of extension 101.
fn register(from: &str, call_id: &str, auth: &mut ClientAuth, secret: &str) -> String {
    request("REGISTER", from, ("101", ""), call_id, 1, &proof("REGISTER", auth, secret))
}

/// A challenge of one worker's.
fn challenge(node: &mut Node, worker: usize, from: &str) -> ClientAuth {
    node.reads(worker, from, &request("REGISTER", from, ("101", ""), &format!("first-{worker}"), 1, ""));
    node.settle();
    let answer = node.take(from).pop().unwrap().message;
    assert_eq!(status(&answer), 401);
    ClientAuth::new(&Challenge::parse(answer.header(Name::WwwAuthenticate).unwrap()).unwrap())
}

#[test]
fn exactly_as_many_guesses_are_verified_as_configured_by_all_workers_together() {
    for workers in [1, 2, 3] {
        let mut node = Node::with_firms(workers);
        let thief = "127.0.0.66:5060";
        let auth = challenge(&mut node, 0, thief);
        // All of them are under way before the first is verified.
        for guess in 0..60 {
            let text = register(thief, &format!("guess-{guess}"), &mut auth.clone(), &format!("guess {guess}"));
            node.reads(guess % workers, thief, &text);
        }
        node.settle();
        let refused = node.take(thief).iter().filter(|sent| status(&sent.message) == 401).count();
        assert_eq!(refused, 5, "with {workers} workers");
        for worker in 0..workers {
            let now_ms = node.now_ms;
            assert!(!node.workers[worker].admits(now_ms, thief.parse().unwrap()), "worker {worker} reads on");
        }
        let Ok(CommandReply::Bans(bans)) = node.answer(Command::Bans) else { panic!("no list") };
        assert!(matches!(bans[0].reason, BanReason::FailedAuthentication { failures: 5, .. }), "{bans:?}");
        assert_eq!(node.state().book.bans.len(), 1, "the ban outlives a restart");
        node.done(Command::LiftBan { by: account::Actor::CommandLine, prefix: bans[0].prefix });
        assert!((0..workers).all(|worker| node.workers[worker].admits(node.now_ms, thief.parse().unwrap())));
        assert!(node.state().book.bans.is_empty());
    }
}

#[test]
fn a_nonce_is_good_at_every_worker_and_a_count_only_once() {
    let mut node = Node::with_firms(2);
    let phone = "127.0.0.7:5060";
    let mut auth = challenge(&mut node, 1, phone);
    let overheard = auth.clone();
    for call in 0..6 {
        node.reads(call % 2, phone, &register(phone, &format!("phone-{call}"), &mut auth, "secret of 101"));
        node.settle();
        assert_eq!(status(&node.take(phone).pop().unwrap().message), 200);
    }
    let thief = "127.0.0.66:5060";
    for call in 0..6 {
        node.reads(
            call % 2,
            thief,
            &register(thief, &format!("thief-{call}"), &mut overheard.clone(), "secret of 101"),
        );
        node.settle();
        assert_eq!(status(&node.take(thief).pop().unwrap().message), 401, "the count was used");
    }
    assert_eq!(node.account("law-1").lines()["101"].bindings[0].flow.remote, phone.parse().unwrap());
}

#[test]
fn a_phone_that_stays_is_written_once_and_is_kept_a_little_longer_by_a_crash() {
    let mut node = Node::with_firms(2);
    let (phone, line) = ("127.0.0.7:5060", "101");
    let mut auth = challenge(&mut node, 1, phone);
    let mut again = |node: &mut Node, count: usize| {
        let before = node.records.len();
        node.reads(count % 2, phone, &register(phone, &format!("phone-{count}"), &mut auth, "secret of 101"));
        node.settle();
        assert_eq!(status(&node.take(phone).pop().unwrap().message), 200);
        node.records.len() - before
    };
    assert_eq!(again(&mut node, 0), 1);
    let first_ms = node.now_ms;
    node.now_ms += 60_000;
    assert_eq!(again(&mut node, 1), 0, "the phone is where it was");
    let mut replayed = NodeState::default();
    node.records.iter().for_each(|record| replayed.apply(record).unwrap());
    assert_eq!(replayed, node.state());
    let mut crashed = Node::start(replayed, 1, 2);
    let bindings = |node: &Node| node.account("law-1").lines()[line].bindings.len();
    for (node, asked_ms) in [(&mut node, first_ms + 60_000), (&mut crashed, first_ms + account::VOUCHED_MS)] {
        let lapses_ms = asked_ms + 300_000;
        for (at_ms, left) in [(lapses_ms - 1, 1), (lapses_ms, 0)] {
            node.now_ms = at_ms;
            node.workers.iter_mut().for_each(|worker| worker.tick(at_ms));
            node.settle();
            assert_eq!(bindings(node), left, "{at_ms}");
        }
    }
}

#[test]
fn a_new_call_for_a_worker_with_a_full_box_is_refused_and_nothing_else_is() {
    let mut node = Node::with_firms(2);
    let mut refused = 0;
    for call in 1..=8 {
        let (from, call_id) = (&format!("127.0.1.{call}:5060"), format!("call-{call}"));
        node.reads(0, from, &request("INVITE", from, ("+13037654321", ""), &call_id, 1, ""));
        node.reads(0, from, &request("OPTIONS", from, ("x", ""), &call_id, 2, ""));
        for (_, letter) in std::mem::take(&mut node.letters) {
            if letter.is_refusable() {
                let now_ms = node.now_ms;
                node.workers[0].undelivered(now_ms, letter);
                node.drain();
                let answer = node.take(from).pop().unwrap().message;
                assert_eq!((status(&answer), answer.header(Name::RetryAfter)), (503, Some(&b"5"[..])));
                refused += 1;
            } else {
                assert!(!matches!(&letter, Letter::Message { message, .. } if is_invite(message)));
            }
        }
    }
    assert!((1..8).contains(&refused), "about half of them are the other worker's: {refused}");
}

#[test]
fn names_are_unique_though_both_are_asked_for_at_once() {
    let mut node = Node::with_firms(3);
    for n in 1..=8 {
        node.ask(change(&format!("law-{n}"), Change::PutLine(extension("200"))));
    }
    node.settle();
    let taken = |reply: &&Result<CommandReply, CommandError>| matches!(reply, Err(CommandError::NameTaken(_)));
    assert_eq!((node.replies.len(), node.replies.iter().filter(taken).count()), (8, 7));
    let with_it = (1..=8).filter(|n| node.account(&format!("law-{n}")).lines().contains_key("200")).count();
    assert_eq!(with_it, 1);
}

#[test]
fn a_snapshot_that_is_taken_while_all_goes_on_and_the_journal_after_it_make_the_state() {
    let mut node = Node::with_firms(3);
    talk(&mut node, 1, "call-1", in_turn(3));
    let lsn = node.records.len() as u64;
    // The shares are asked for one by one, and in between more happens.
    for worker in 0..3 {
        let now_ms = node.now_ms;
        node.workers[worker].ask_share(now_ms);
        talk(&mut node, worker + 2, &format!("call-{}", worker + 2), in_turn(3));
        node.done(change("law-8", Change::PutLine(trunk(&format!("127.0.2.{worker}")))));
    }
    let mut state = NodeState::gather(lsn, std::mem::take(&mut node.shares));
    for record in &node.records {
        state.apply(record).unwrap();
    }
    let mut now = node.state();
    now.lsn = node.records.len() as u64;
    assert_eq!(state, now);
}

#[test]
fn a_node_that_crashed_after_any_record_starts_with_another_number_of_workers() {
    let mut node = Node::with_firms(2);
    let before = node.records.len();
    for n in 1..=4 {
        talk(&mut node, n, &format!("call-{n}"), in_turn(2));
    }
    let mut state = NodeState::default();
    node.records[..before].iter().for_each(|record| state.apply(record).unwrap());
    for (number, record) in node.records[before..].iter().enumerate() {
        state.apply(record).unwrap();
        let mut again = Node::start(state.clone(), 1 + number % 3, 2);
        let running: usize = state.accounts.values().map(|account| account.running().len()).sum();
        again.settle();
        for n in 1..=8 {
            let account = again.account(&format!("law-{n}"));
            assert!(account.running().is_empty() && account.ledger().held().micros() == 0);
        }
        let recovered = again.records.len();
        assert_eq!(recovered, running, "each of the calls is settled, once");
    }
}

#[test]
fn a_secret_that_was_changed_opens_nothing_at_any_worker() {
    let mut node = Node::with_firms(2);
    let thief = "127.0.0.66:5060";
    let mut auth = challenge(&mut node, 0, thief);
    for round in 0..8 {
        let old = secrets("101", "secret of 101");
        node.done(change("law-1", Change::SetSecret { line: "101".parse().unwrap(), secrets: old }));
        // Its REGISTER is proven with the old secret at whichever worker before that worker hears of the new one.
        node.ask(change("law-1", Change::SetSecret { line: "101".parse().unwrap(), secrets: secrets("101", "new") }));
        node.reads(round % 2, thief, &register(thief, &format!("thief-{round}"), &mut auth, "secret of 101"));
        node.settle();
        assert!(node.account("law-1").lines()["101"].bindings.is_empty(), "round {round}");
    }
}
