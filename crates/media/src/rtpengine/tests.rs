//! The machine against rtpengines that answer as the real one does, are slow, down, or have forgotten.

use super::*;
use crate::RelayAddresses;

const RELAY: RelayId = RelayId(0x2a);
const SILENCE_MS: u64 = 20_000;

struct World {
    machine: Rtpengine,
    now_ms: u64,
    /// Which of them are down.
    down: [bool; 2],
    /// Packets from each side so far, as `query` tells; `None`: it knows no such call.
    carried: Option<[u64; 2]>,
    /// What was said to each: command and whose word it is.
    said: Vec<(usize, String)>,
    reports: Vec<RelayEvent>,
    built_in: Vec<RelayCommand>,
    states: Vec<(usize, bool)>,
}

impl World {
    fn new(falls_back: bool) -> Self {
        let settings = Settings { servers: 2, name: "tg7-".into(), silence_ms: SILENCE_MS, falls_back, is_v6: false };
        Self {
            machine: Rtpengine::new(settings),
            now_ms: 1_000,
            down: [false; 2],
            carried: Some([0; 2]),
            said: Vec::new(),
            reports: Vec::new(),
            built_in: Vec::new(),
            states: Vec::new(),
        }
    }

    fn command(&mut self, command: RelayCommand) {
        self.machine.command(self.now_ms, command);
        self.settle();
    }

    fn open(&mut self) {
        self.command(RelayCommand::Open { relay: RELAY, streams: 2 });
    }

    fn announce(&mut self, side: Side, addr: &str) {
        let addr: std::net::SocketAddr = addr.parse().unwrap();
        let rtcp = std::net::SocketAddr::new(addr.ip(), addr.port() + 1);
        self.command(RelayCommand::Announce { relay: RELAY, side, stream: 0, addr, rtcp });
    }

    fn wait(&mut self, ms: u64) {
        let until_ms = self.now_ms + ms;
        while let Some(at_ms) = self.machine.next_wake_ms().filter(|at_ms| *at_ms <= until_ms) {
            self.now_ms = at_ms;
            self.machine.tick(at_ms);
            self.settle();
        }
        self.now_ms = until_ms;
    }

    fn settle(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Report(event) => self.reports.push(event),
                Output::BuiltIn(command) => self.built_in.push(command),
                Output::State { server, works } => self.states.push((server, works)),
                Output::Send { server, bytes } => self.asked(server, &bytes),
            }
        }
    }

    fn asked(&mut self, server: usize, bytes: &[u8]) {
        let (cookie, body) = split(bytes).unwrap();
        let request = Value::parse(body).unwrap();
        let text = |key: &str| {
            String::from_utf8(request.get(key).and_then(Value::bytes).unwrap_or_default().to_vec()).unwrap()
        };
        let command = text("command");
        assert_eq!(text("call-id"), "tg7-2a");
        let port =
            text("sdp").lines().find_map(|line| line.strip_prefix("m=audio ")?.split(' ').next().map(str::to_owned));
        let said = [command.clone(), text("from-tag"), port.unwrap_or_default()].join(" ");
        self.said.push((server, said.trim_end().to_owned()));
        if self.down[server] {
            return;
        }
        let reply = match (command.as_str(), self.carried) {
            ("query", None) => "d6:result5:error12:error-reason15:Unknown call-ide".to_owned(),
            ("query", Some([a, b])) => {
                let tag = |n: u64| {
                    let stats = format!("d5:bytesi{}e7:packetsi{n}ee", n * 172);
                    format!("d6:mediasld7:streamsld5:stats{stats}eeeee")
                };
                format!("d6:result2:ok4:tagsd1:a{}1:b{}ee", tag(a), tag(b))
            }
            ("delete", _) => "d6:result2:oke".to_owned(),
            _ => {
                // The ports towards B follow A's word, and the other way about.
                let first = if text("from-tag") == "a" && command == "offer" { 31_000 } else { 32_000 };
                let sdp = format!(
                    "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio {first} RTP/AVP 0\r\n\
                     a=rtcp:{}\r\nm=audio {} RTP/AVP 0\r\na=rtcp:{}\r\n",
                    first + 1,
                    first + 2,
                    first + 3
                );
                format!("d6:result2:ok3:sdp{}:{sdp}e", sdp.len())
            }
        };
        let reply = [cookie, b" ", reply.as_bytes()].concat();
        self.machine.datagram(self.now_ms, server, &reply);
    }

    fn said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said).into_iter().map(|(server, said)| format!("{server}: {said}")).collect()
    }

    fn silences(&self) -> usize {
        self.reports.iter().filter(|event| matches!(event, RelayEvent::Silent { .. })).count()
    }
}

#[test]
fn ports_are_opened_on_both_sides_and_wishes_are_told() {
    let mut world = World::new(false);
    world.open();
    let [RelayEvent::Opened { a, b, .. }] = world.reports.as_slice() else { panic!("{:?}", world.reports) };
    let ports = |side: &RelayAddresses| side.streams.iter().map(|pair| (pair.rtp, pair.rtcp)).collect::<Vec<_>>();
    assert_eq!((ports(a), a.ip.to_string()), (vec![(32_000, 32_001), (32_002, 32_003)], "192.0.2.7".to_owned()));
    assert_eq!(ports(b), [(31_000, 31_001), (31_002, 31_003)]);
    assert_eq!(world.said(), ["0: offer a 9", "0: answer a 9"]);
    world.announce(Side::A, "198.51.100.1:4000");
    world.announce(Side::A, "198.51.100.1:4000");
    world.announce(Side::B, "203.0.113.1:6000");
    assert_eq!(world.said(), ["0: offer a 4000", "0: offer b 6000"], "each wish is told once");
    world.command(RelayCommand::Close { relay: RELAY });
    assert_eq!(world.said(), ["0: delete"]);
    assert!(matches!(world.reports.last(), Some(RelayEvent::Closed { .. })));
    assert_eq!(world.machine.next_wake_ms().map(|at_ms| at_ms - world.now_ms), None);
}

#[test]
fn one_that_is_down_is_passed_over_and_gets_no_calls_for_a_while() {
    let mut world = World::new(false);
    world.down[0] = true;
    world.open();
    world.wait(2_000);
    assert!(matches!(world.reports.as_slice(), [RelayEvent::Opened { .. }]), "{:?}", world.reports);
    assert_eq!(world.states, [(0, false)]);
    world.command(RelayCommand::Close { relay: RELAY });
    world.wait(2_000);
    world.said();
    world.open();
    assert!(world.said().iter().all(|said| said.starts_with("1: ")));
    world.command(RelayCommand::Close { relay: RELAY });
    world.wait(REST_MS);
    world.down[0] = false;
    world.said();
    for _ in 0..2 {
        world.open();
        world.command(RelayCommand::Close { relay: RELAY });
    }
    assert!(world.said().iter().any(|said| said.starts_with("0: offer")));
    assert_eq!(world.states.last(), Some(&(0, true)));
}

#[test]
fn where_all_are_down_the_built_in_relay_has_the_call_or_it_fails() {
    for falls_back in [false, true] {
        let mut world = World::new(falls_back);
        world.down = [true, true];
        world.open();
        world.wait(3_000);
        if falls_back {
            world.announce(Side::A, "198.51.100.1:4000");
            world.command(RelayCommand::Close { relay: RELAY });
            assert_eq!(world.built_in.len(), 3, "{:?}", world.built_in);
            assert!(world.reports.is_empty());
        } else {
            assert_eq!(world.reports, [RelayEvent::OpenFailed { relay: RELAY }]);
        }
    }
}

/// A call that talks.
fn talking(falls_back: bool) -> World {
    let mut world = World::new(falls_back);
    world.open();
    world.announce(Side::A, "198.51.100.1:4000");
    world.announce(Side::B, "203.0.113.1:6000");
    world
}

#[test]
fn silence_is_told_and_neither_media_nor_a_hold_is_silence() {
    let mut world = talking(false);
    for packets in 1..20 {
        world.carried = Some([packets * 50, packets * 50]);
        world.wait(SILENCE_MS / 2);
    }
    assert_eq!(world.silences(), 0);
    world.command(RelayCommand::Held { relay: RELAY, held: true });
    world.wait(SILENCE_MS * 3);
    assert_eq!(world.silences(), 0);
    world.command(RelayCommand::Held { relay: RELAY, held: false });
    world.wait(SILENCE_MS - 1_000);
    assert_eq!(world.silences(), 0);
    world.wait(2 * POLL_MS);
    assert!(world.silences() > 0);
}

#[test]
fn a_call_that_rtpengine_has_forgotten_is_dead_and_one_that_it_cannot_be_asked_about_is_silent() {
    let mut world = talking(false);
    world.carried = None;
    world.wait(2 * POLL_MS);
    assert!(world.silences() > 0, "forgotten");
    let mut world = talking(false);
    world.down = [true, true];
    world.wait(SILENCE_MS / 2);
    assert_eq!(world.silences(), 0);
    world.wait(SILENCE_MS);
    assert!(world.silences() > 0, "not to be asked");
}

#[test]
fn answers_of_others_and_nonsense_change_nothing() {
    let mut world = talking(false);
    let before = world.reports.len();
    for bytes in
        [&b""[..], b"tg7-1 d6:result2:oke", b"tg7-999 d6:result2:oke", b"x y", b"tg7-1 ", b"tg8-3 d6:result2:oke"]
    {
        world.machine.datagram(world.now_ms, 1, bytes);
        world.settle();
    }
    assert_eq!(world.reports.len(), before);
}
