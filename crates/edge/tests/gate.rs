//! What is wrong with a request is said at the gate; floods and nonsense leave nothing behind.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use account::Verdict;
use edge::Input;
use harness::peer::Peer;
use harness::{FREE, World, flow, summary, text};
use media::{RelayEvent, RelayId};
use proptest::prelude::*;
use sip::Name;

const ANA: &str = "198.51.100.1:5070";
const BEN: &str = "198.51.100.2:5080";
const URI: &str = "sip:102@pbx.example";

/// The status of the one answer to a request, which leaves no call behind.
fn status(request: &str) -> u16 {
    let mut world = World::new();
    world.datagram(ANA, request.as_bytes());
    assert!(world.edge.calls().is_empty() && world.told.is_empty());
    world.one(ANA).status().unwrap()
}

fn request(method: &str, extra: &[&str], body: &str) -> String {
    let mut ana = Peer::new(ANA, "101");
    ana.extra = extra.iter().map(|&line| line.to_owned()).collect();
    ana.request(method, URI, body)
}

/// An INVITE with a session description and an emergency caller's location (RFC 6442).
fn multipart(sdp: &str, handling: &str) -> String {
    let body = format!(
        "--b1\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--b1\r\nContent-Type: application/pidf+xml\r\n\
         Content-Disposition: by-reference;{handling}\r\n\r\n<presence/>\r\n--b1--\r\n"
    );
    request("INVITE", &[], &body)
        .replace("Type: application/sdp\r\nContent-L", "Type: multipart/mixed;boundary=b1\r\nContent-L")
}

#[test]
fn each_fault_has_its_answer() {
    let sdp = Peer::new(ANA, "101").sdp(4_000, "sendrecv");
    let invite = request("INVITE", &[], &sdp);
    let cases = [
        (request("OPTIONS", &[], ""), 200),
        (request("SUBSCRIBE", &[], ""), 405),
        (request("REFER", &[], ""), 481),
        (request("BYE", &[], ""), 481),
        (request("INFO", &[], ""), 481),
        (request("FLY", &[], ""), 501),
        (request("INVITE", &["Require: 100rel"], &sdp), 401),
        (request("INVITE", &["Require: outbound"], &sdp), 420),
        (request("PRACK", &["RAck: 1 1 INVITE"], ""), 481),
        (request("REGISTER", &["Require: outbound"], ""), 420),
        (invite.replace("application/sdp", "text/plain"), 415),
        (request("INVITE", &["Content-Encoding: gzip"], &sdp), 415),
        (invite.replace("application/sdp", "application/pkcs7-mime"), 493),
        (request("INVITE", &["Accept: text/plain, image/png"], &sdp), 406),
        (request("INVITE", &["Accept: text/plain, application/*;q=0.1"], &sdp), 401),
        (multipart(&sdp, "handling=required"), 415),
        (multipart(&sdp, "handling=optional"), 401),
        (multipart(&sdp, "handling=optional").replace("application/sdp", "application/xyz"), 415),
        (invite.replace("Max-Forwards: 70", "Max-Forwards: 0"), 483),
        (request("REGISTER", &[], "").replace("Max-Forwards: 70", "Max-Forwards: 0"), 401),
        (invite.replace("Max-Forwards: 70", "Max-Forwards: x"), 400),
        (invite.replace("sip:102@pbx.example SIP", "mailto:102@pbx.example SIP"), 416),
        (invite.replace("SIP/2.0\r\nVia", "SIP/3.0\r\nVia"), 505),
        (invite.replace("To: <sip:102@pbx.example>", "To: <sip:102@pbx.example>;tag=x"), 481),
        (invite.replace("Content-Length: ", "Content-Length: 9"), 400),
        (invite, 401),
    ];
    for (request, expected) in cases {
        assert_eq!(status(&request), expected, "{request}");
    }
}

#[test]
fn options_and_refusals_say_what_is_possible() {
    let mut world = World::new();
    world.datagram(ANA, request("OPTIONS", &[], "").as_bytes());
    let ok = world.one(ANA);
    assert!(text(ok.header(Name::Allow).unwrap()).contains("INVITE"));
    assert!(ok.headers(Name::Accept).any(|accept| accept == b"application/sdp"));
    world.datagram(ANA, request("INVITE", &["Require: 100rel, precondition, timer"], "").as_bytes());
    assert_eq!(world.one(ANA).header(Name::Unsupported), Some(&b"precondition"[..]));
    assert_eq!(world.edge.next_wake_ms(), None, "answers to strangers leave nothing to wait for");
}

#[test]
fn what_comes_back_to_us_is_a_loop() {
    let mut world = World::new();
    world.allow_phones(&[("102", "sip:102@10.0.0.2", BEN)]);
    let mut ana = Peer::new(ANA, "101");
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(&mut world, "INVITE", URI, &offer);
    world.take(ANA);
    let ours = world.one(BEN);
    let via = text(ours.header(Name::Via).unwrap());
    let round = request("INVITE", &[], &offer).replace("\r\nMax-Forwards", &format!("\r\nVia: {via}\r\nMax-Forwards"));
    world.datagram(BEN, round.as_bytes());
    assert_eq!(world.lines(BEN), ["482 INVITE"]);
    // The same INVITE by a second way is merged with the first (RFC 3261 section 8.2.2.2).
    let merged = ana.last.replace("branch=z9hG4bK", "branch=z9hG4bKother");
    world.datagram(ANA, merged.as_bytes());
    assert_eq!(world.lines(ANA), ["482 INVITE"]);
    assert_eq!(world.edge.calls().len(), 1);
}

#[test]
fn only_so_many_calls_run_at_once() {
    const LONG: &str = "sip:13035550199@pbx.example";
    let mut world = World::with(harness::directory(), edge::EdgeSettings { max_calls: 2, ..harness::settings() });
    for n in 0..3 {
        let mut ana = Peer::new(ANA, "101");
        ana.call_id = format!("call-{n}");
        ana.branch = n * 100;
        let offer = ana.sdp(4_000, "sendrecv");
        if n < 2 {
            ana.authenticated(&mut world, "INVITE", LONG, &offer);
            assert!(world.lines(ANA).is_empty());
        } else {
            world.datagram(ANA, ana.request("INVITE", LONG, &offer).as_bytes());
            let busy = world.one(ANA);
            assert_eq!((busy.status(), busy.header(Name::RetryAfter).is_some()), (Some(503), true));
        }
    }
    // A short number may be an emergency.
    let mut ana = Peer::new(ANA, "101");
    ana.branch = 900;
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(&mut world, "INVITE", "sip:911@pbx.example", &offer);
    assert!(world.lines(ANA).is_empty());
}

#[test]
fn an_offer_nobody_can_carry_is_refused() {
    for (from, to) in [("RTP/AVP", "UDP/TLS/RTP/SAVPF"), ("v=0", "v=1"), ("m=audio 4000", "m=audio 0")] {
        let mut world = World::new();
        let mut ana = Peer::new(ANA, "101");
        let offer = ana.sdp(4_000, "sendrecv").replace(from, to);
        ana.authenticated(&mut world, "INVITE", URI, &offer);
        assert_eq!(world.lines(ANA), ["488 INVITE"], "{to}");
        assert!(world.told.is_empty());
    }
}

#[test]
fn a_cancel_of_nothing_finds_nothing() {
    let mut world = World::new();
    let mut ana = Peer::new(ANA, "101");
    ana.request("INVITE", URI, "");
    world.datagram(ANA, ana.cancel().as_bytes());
    assert_eq!(world.lines(ANA), ["481 CANCEL"]);
}

/// What an arbitrary neighbour does next.
#[derive(Clone, Debug)]
enum Step {
    Bytes(Vec<u8>),
    /// A good message with some bytes changed.
    Mangled {
        which: usize,
        cut: usize,
        with: Vec<u8>,
    },
    /// Credentials right, then whatever the wire last carried, sent back as an answer.
    Call,
    Answer {
        which: usize,
        status: u16,
        sdp: bool,
    },
    Wait(u64),
    Silent,
    HangUp,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200).prop_map(Step::Bytes),
        (0..20_usize, 0..600_usize, prop::collection::vec(any::<u8>(), 0..8))
            .prop_map(|(which, cut, with)| Step::Mangled { which, cut, with }),
        Just(Step::Call),
        (0..8_usize, prop_oneof![Just(180_u16), Just(200), 100..700_u16], any::<bool>())
            .prop_map(|(which, status, sdp)| Step::Answer { which, status, sdp }),
        (0..40_000_u64).prop_map(Step::Wait),
        Just(Step::Silent),
        Just(Step::HangUp),
    ]
}

/// What the neighbours of one run remember.
struct Chaos {
    world: World,
    sent: Vec<Vec<u8>>,
    heard: Vec<sip::Message>,
    calls: u32,
}

impl Chaos {
    fn step(&mut self, step: Step) {
        match step {
            Step::Bytes(bytes) => self.world.datagram(ANA, &bytes),
            Step::Mangled { which, cut, with } => {
                let Some(known) = self.sent.get(which % self.sent.len().max(1)) else { return };
                let mut bytes = known.clone();
                let at = cut.min(bytes.len());
                let end = (at + with.len()).min(bytes.len());
                bytes.splice(at..end, with);
                self.world.datagram(ANA, &bytes);
            }
            Step::Call => self.call(),
            Step::Answer { which, status, sdp } => {
                let Some(request) = self.heard.get(which % self.heard.len().max(1)).cloned() else { return };
                let ben = Peer::new(BEN, "102");
                let body = if sdp { ben.sdp(5_000, "sendrecv") } else { String::new() };
                ben.answer(&mut self.world, &request, status, &body);
            }
            Step::Wait(ms) => self.world.wait_ms(ms),
            Step::Silent => {
                for relay in self.world.edge.calls().into_iter().map(|call| RelayId(call.call.0)) {
                    self.world.input(Input::Relay(RelayEvent::Silent { relay, heard_ms: 0 }));
                }
            }
            Step::HangUp => {
                let (account, line) = (harness::acme(), harness::line("101"));
                self.world.input(Input::HangUpLine { account, line, end: account::CallEnd::Operator });
            }
        }
        self.remember();
    }

    fn call(&mut self) {
        self.calls += 1;
        let mut ana = Peer::new(ANA, "101");
        ana.call_id = format!("call-{}", self.calls);
        ana.branch = self.calls * 1_000;
        let offer = ana.sdp(4_000, "sendrecv");
        let first = ana.request("INVITE", URI, &offer);
        self.world.wire.clear();
        self.world.datagram(ANA, first.as_bytes());
        let answers = self.world.take(ANA);
        let Some(challenge) = answers.iter().find(|answer| answer.status() == Some(401)) else { return };
        ana.authorize(challenge, "INVITE", URI);
        let second = ana.request("INVITE", URI, &offer);
        self.world.datagram(ANA, second.as_bytes());
        self.sent.push(second.into_bytes());
        for answer in self.world.take(ANA).iter().filter(|answer| answer.to().unwrap().tag().is_some()) {
            self.sent.push(ana.within(answer, "ACK", "").into_bytes());
            self.sent.push(ana.within(answer, "BYE", "").into_bytes());
        }
    }

    fn remember(&mut self) {
        for (_, message) in std::mem::take(&mut self.world.wire) {
            if message.is_request() && !matches!(summary(&message).as_str(), "ACK" | "CANCEL") {
                self.heard.push(message);
            } else if message.status().is_some_and(|status| status >= 180)
                && message.validate().is_ok()
                && message.call_id().starts_with(b"call-")
            {
                let mut ana = Peer::new(ANA, "101");
                ana.cseq = message.cseq().unwrap().number;
                for method in ["ACK", "BYE", "INFO", "INVITE"] {
                    self.sent.push(ana.within(&message, method, "").into_bytes());
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever arrives in whatever order: no panic, every allowed call is settled exactly once, and in the end nothing
    /// is left.
    #[test]
    fn nothing_breaks_it_and_nothing_stays(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        world.allow_phones(&[("102", "sip:102@10.0.0.2", BEN), ("102", "sip:102@10.0.0.3", BEN)]);
        let mut chaos = Chaos { world, sent: Vec::new(), heard: Vec::new(), calls: 0 };
        for step in steps {
            chaos.step(step);
        }
        let mut world = chaos.world;
        world.input(Input::Shutdown);
        world.wait_ms(1_000_000);
        prop_assert!(world.edge.is_idle() && world.edge.calls().is_empty());
        prop_assert_eq!(world.edge.next_wake_ms(), None);
        let mut screened: Vec<_> = world
            .told
            .iter()
            .filter_map(|input| if let account::Input::Screen(attempt) = input { Some(attempt.call) } else { None })
            .collect();
        let mut settled: Vec<_> = world.settlements().iter().map(|settlement| settlement.call).collect();
        screened.sort();
        settled.sort();
        prop_assert_eq!(screened, settled);
        let opened = world.relay.iter().filter(|command| matches!(command, media::RelayCommand::Open { .. })).count();
        let closed = world.relay.iter().filter(|command| matches!(command, media::RelayCommand::Close { .. })).count();
        prop_assert_eq!(opened, closed);
    }

    /// A flood of strangers' requests costs no memory: nothing is left to wait for.
    #[test]
    fn strangers_leave_nothing(methods in prop::collection::vec(prop::sample::select(
        vec!["INVITE", "REGISTER", "OPTIONS", "BYE", "SUBSCRIBE", "ACK", "FLY"]), 1..80)) {
        let mut world = World::new();
        world.verdict = Some(Verdict::Allowed {
            permit: account::Permit::Lines { bindings: Vec::new(), caller: account::Caller::default(), called: String::new() },
            lease: FREE,
        });
        let mut stranger = Peer::new(ANA, "sipvicious");
        for method in methods {
            let request = stranger.request(method, URI, "");
            let message = sip::Message::parse(request.as_bytes()).unwrap();
            world.edge.handle(world.now_ms, Input::Message { flow: flow(ANA), message });
            while world.edge.poll_output().is_some() {}
        }
        prop_assert_eq!(world.edge.next_wake_ms(), None);
        prop_assert!(world.told.is_empty());
    }
}

#[test]
fn a_draining_node_takes_no_calls_but_to_short_numbers() {
    let mut world = World::new();
    world.allow_carriers(&["main"], FREE);
    world.input(Input::Drain);
    let (mut long, mut short) = (Peer::new(ANA, "101"), Peer::new(BEN, "102"));
    let offer = long.sdp(4_000, "sendrecv");
    world.datagram(ANA, long.request("INVITE", "sip:+13035550123@pbx.example", &offer).as_bytes());
    let refused = world.one(ANA);
    assert_eq!((refused.status(), refused.header(Name::RetryAfter).is_some()), (Some(503), true));
    short.authenticated(&mut world, "INVITE", "sip:911@pbx.example", &offer);
    assert_eq!(world.edge.calls().len(), 1, "an emergency call still goes through");
}

#[test]
fn a_busy_worker_takes_no_calls_but_to_short_numbers_until_it_is_busy_no_more() {
    let mut world = World::new();
    world.allow_carriers(&["main"], FREE);
    let call = |call_id: &str, branch| Peer { call_id: call_id.to_owned(), branch, ..Peer::new(ANA, "101") };
    let (mut running, mut late, mut later) = (call("running", 0), call("late", 100), call("later", 200));
    let mut short = Peer::new(BEN, "102");
    let offer = running.sdp(4_000, "sendrecv");
    running.authenticated(&mut world, "INVITE", "sip:+13035550123@pbx.example", &offer);
    world.edge.set_busy(true);
    world.lines(ANA);
    world.datagram(ANA, late.request("INVITE", "sip:+13035550124@pbx.example", &offer).as_bytes());
    let refused = world.one(ANA);
    assert_eq!((refused.status(), refused.header(Name::RetryAfter).is_some()), (Some(503), true));
    short.authenticated(&mut world, "INVITE", "sip:911@pbx.example", &offer);
    assert_eq!(world.edge.calls().len(), 2, "the running call goes on, and an emergency call goes through");
    world.edge.set_busy(false);
    later.authenticated(&mut world, "INVITE", "sip:+13035550125@pbx.example", &offer);
    assert_eq!(world.edge.calls().len(), 3, "it recovers by itself");
}

#[test]
fn scanners_hear_nothing_where_that_is_set() {
    let settings = edge::EdgeSettings { ignored_agents: vec!["friendly-scanner".into()], ..harness::settings() };
    let mut world = World::with(harness::directory(), settings);
    for (agent, answers) in [("Friendly-Scanner", 0), ("friendly-scanner 0.3", 0), ("Desk phone", 1), ("", 1)] {
        let mut ana = Peer::new(ANA, "101");
        let text = ana.request("OPTIONS", URI, "").replacen("\r\n", &format!("\r\nUser-Agent: {agent}\r\n"), 1);
        world.datagram(ANA, text.as_bytes());
        assert_eq!(world.lines(ANA).len(), answers, "{agent}");
    }
}
