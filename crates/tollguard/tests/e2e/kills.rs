//! `kill -9` again and again, at instants that nobody chooses, while calls begin, talk and end: after each restart both
//! peers of every orphaned call are hung up within five seconds, and the books are whole.
//!
//! `CRASH_KILLS` says how often; `cargo xtask crash` kills 200 times.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use account::{Actor, Change};
use billing::{Cdr, Money};
use edge::CallView;
use node::{Command, CommandReply};
use store::CdrFilter;

use crate::support::{
    Hosts, Node, NodeOptions, Office, SOON, Sipp, Traced, let_pass, secret, wait_until, wait_without,
};

/// Kills in an ordinary run of the tests.
const USUAL: u32 = 20;
/// How soon after the restart both peers must be hung up.
const HUNG_UP_WITHIN: Duration = Duration::from_secs(5);
/// Until SIPp gives up.
const PATIENCE: Duration = Duration::from_secs(60);
const CALLERS_END_WITHIN: Duration = Duration::from_secs(8);
/// Calls that talk until they are hung up, and calls that come and go, of each round.
const TALKERS: u32 = 6;
const CALLERS: u32 = 20;
/// The latest instant of a kill after the calls begin, milliseconds.
const LATEST_MS: u64 = 1_400;

/// Xorshift: every run kills at the same instants, as far as the machine allows.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// What all rounds came to.
#[derive(Debug, Default)]
struct Sum {
    kills: u32,
    calls: usize,
    recovered: usize,
    orphans: usize,
    slowest_ms: u128,
}

#[test]
fn books_are_whole_and_peers_hung_up_after_each_kill() {
    let kills = std::env::var("CRASH_KILLS").map_or(USUAL, |count| count.parse().unwrap());
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "1000").extension("101", "alice").extension("102", "bob");
    let mut node = Node::start(hosts, &NodeOptions::default(), &office);
    let mut dice = Dice(0x0c4a_54e5);
    let mut sum = Sum::default();
    let mut balance = node.account().balance;
    for _ in 0..kills {
        balance = round(&mut node, &mut dice, balance, &mut sum);
        if sum.kills.is_multiple_of(10) {
            println!("{sum:?}");
        }
    }
    node.check_books();
    println!("{sum:?} {}", node.command(&["audit"]));
    assert!(sum.orphans > 0 && sum.recovered > 0, "no call was under way at any kill: it proves nothing");
}

/// One load, one kill, one restart; gives the balance after it.
fn round(node: &mut Node, dice: &mut Dice, balance: Money, sum: &mut Sum) -> Money {
    let hosts = node.hosts;
    let last = node.reader().cdrs(&CdrFilter { limit: 1, ..CdrFilter::default() }).unwrap();
    let since_ms = last.first().map_or(0, |cdr| cdr.times.start_ms + 1);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).calls(10_000, 1).within(2 * PATIENCE).start();
    let talkers = Sipp::calling("call_until_bye", hosts.sip(10), node.ip()).dial("13035550123").calls(TALKERS, 20);
    let mut talkers = talkers.login("alice", &secret("alice")).start();
    let callers = Sipp::calling("call", hosts.sip(11), node.ip()).dial("13035550124").calls(CALLERS, 25);
    // One whom the crash met between two messages may wait for ever.
    let mut callers = callers.login("bob", &secret("bob")).within(CALLERS_END_WITHIN).start();
    let_pass(Duration::from_millis(dice.below(LATEST_MS)));
    node.kill();
    let orphans = [open(&carrier.trace()), open(&talkers.trace())];
    sum.orphans += orphans[0].len();
    let restart = Instant::now();
    node.serve();
    let left = |sipp: &Sipp, orphans: &BTreeSet<String>| -> Vec<String> {
        let open = open(&sipp.trace());
        orphans.intersection(&open).map(|id| format!("a leg without BYE: {id}")).collect()
    };
    wait_without(HUNG_UP_WITHIN.saturating_sub(restart.elapsed()), || {
        [left(&carrier, &orphans[0]), left(&talkers, &orphans[1])].concat()
    });
    sum.slowest_ms = sum.slowest_ms.max(restart.elapsed().as_millis());
    // Talkers whom the dead node did not hear come once more after the restart.
    wait_until(PATIENCE, "the talkers to be hung up", || {
        hang_up(node, "101");
        talkers.is_done() && callers.is_done()
    });
    let (talkers, callers) = (talkers.end(), callers.end());
    // A caller that SIPp gave up may owe the ACK of its answer, for which the node waits 32 seconds, or its BYE.
    wait_without(PATIENCE, || {
        hang_up(node, "102");
        unsettled(node)
    });
    // A callee whose answer nobody had heard repeats it, and is hung up then.
    wait_without(SOON, || legs_answered(&carrier.trace()));
    let cdrs =
        node.reader().cdrs(&CdrFilter { since_ms: Some(since_ms), limit: 10_000, ..CdrFilter::default() }).unwrap();
    check(&cdrs, &carrier.trace(), [&talkers, &callers]);
    let charged = cdrs.iter().fold(Money::ZERO, |sum, cdr| sum.checked_add(cdr.money.charge).unwrap());
    let account = node.account();
    assert_eq!((account.balance, account.held), (balance.checked_sub(charged).unwrap(), Money::ZERO));
    sum.kills += 1;
    sum.calls += cdrs.len();
    sum.recovered += cdrs.iter().filter(|cdr| cdr.result.recovered).count();
    account.balance
}

/// Every call that reached the carrier has one record, every answered one is paid for.
fn check(cdrs: &[Cdr], carrier: &[Traced], phones: [&[Traced]; 2]) {
    let carried = call_ids(carrier, |message| !message.sent && message.is("INVITE "));
    let [talkers, callers] =
        phones.map(|trace| call_ids(trace, |m| m.sent && m.is("INVITE ") && m.text.contains("\nAuthorization:")));
    let tried = talkers.len() + callers.len();
    assert!(carried.len() <= cdrs.len(), "{} calls at the carrier, {} CDRs", carried.len(), cdrs.len());
    assert!(cdrs.len() <= tried, "{tried} calls tried, {} CDRs", cdrs.len());
    let [talked, came] =
        phones.map(|trace| call_ids(trace, |m| !m.sent && m.is("SIP/2.0 200") && m.text.contains("CSeq: 2 INVITE")));
    let answered: Vec<&Cdr> = cdrs.iter().filter(|cdr| cdr.times.answer_ms.is_some()).collect();
    assert!(
        talked.len() + came.len() <= answered.len(),
        "{} calls were answered: {cdrs:#?}",
        talked.len() + came.len()
    );
    let unpaid = answered.iter().find(|cdr| cdr.money.charge == Money::ZERO);
    assert!(unpaid.is_none(), "an answered call was never billed: {unpaid:?}");
    let calls: BTreeSet<_> = cdrs.iter().map(|cdr| cdr.call).collect();
    assert_eq!(calls.len(), cdrs.len(), "a call has two records");
}

fn running(node: &Node) -> Vec<CallView> {
    let CommandReply::Calls(calls) = node.ask(&Command::Calls { account: None }) else { panic!("no list of calls") };
    calls
}

/// Complaints about calls under way and money still held.
fn unsettled(node: &Node) -> Vec<String> {
    let held = Some(node.account().held).filter(|held| *held != Money::ZERO);
    let calls = running(node).into_iter().map(|call| format!("still under way: {call:?}"));
    calls.chain(held.map(|held| format!("{held} still held"))).collect()
}

/// Hangs up the answered calls of a line.
fn hang_up(node: &Node, line: &str) {
    let line = Some(line.parse().unwrap());
    for call in running(node).iter().filter(|call| call.answer_ms.is_some() && call.line == line) {
        let change = Change::HangUp { call: call.call };
        let command = Command::Account { account: call.account.clone(), by: Actor::CommandLine, change };
        // It may have ended by itself.
        node.try_ask(&command).ok();
    }
}

/// The Call-IDs of dialogs that both sides know of and nobody has ended.
fn open(trace: &[Traced]) -> BTreeSet<String> {
    // One who called has sent its ACK of the 200; one who was called has got it.
    let answered = call_ids(trace, |m| m.is("SIP/2.0 200") && m.text.contains(" INVITE\r\n"));
    let acked = call_ids(trace, |m| m.is("ACK "));
    let over = call_ids(trace, |m| m.is("BYE "));
    &(&answered & &acked) - &over
}

/// Complaints about calls that the callee has answered and that are still open.
fn legs_answered(trace: &[Traced]) -> Vec<String> {
    let answered = call_ids(trace, |m| m.sent && m.is("SIP/2.0 200") && m.text.contains(" INVITE\r\n"));
    let over = call_ids(trace, |m| m.is("BYE "));
    (&answered - &over).into_iter().map(|id| format!("an answered leg without BYE: {id}")).collect()
}

fn call_ids(trace: &[Traced], which: impl Fn(&Traced) -> bool) -> BTreeSet<String> {
    trace.iter().filter(|message| which(message)).map(|message| message.call_id().to_owned()).collect()
}
