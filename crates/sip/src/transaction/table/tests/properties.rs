//! Whatever happens in whatever order: no panic, bounded memory, deadlines ahead of the clock, every transaction
//! ends exactly once.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const MAX: usize = 4;
const METHODS: [Method; 4] = [Method::Invite, Method::Bye, Method::Cancel, Method::Ack];
/// The client side never sends ACK or CANCEL by itself.
const OUR_METHODS: [Method; 2] = [Method::Invite, Method::Bye];

#[derive(Clone, Debug)]
enum Op {
    Request { method: usize, branch: u8, reliable: bool },
    Respond { pick: usize, status: u16 },
    Forget { pick: usize },
    SendRequest { method: usize, branch: u8, reliable: bool },
    Cancel { pick: usize },
    Answer { method: usize, branch: u8, status: u16 },
    FlowFailed { reliable: bool },
    Advance { ms: u64 },
}

fn op() -> impl Strategy<Value = Op> {
    let status = prop_oneof![Just(100u16), Just(180), Just(200), Just(302), Just(486), 100u16..700];
    let ms = prop_oneof![0u64..50, 100u64..1_000, 4_000u64..40_000, 100_000u64..1_000_000];
    prop_oneof![
        3 => (0..METHODS.len(), 0u8..4, any::<bool>())
            .prop_map(|(method, branch, reliable)| Op::Request { method, branch, reliable }),
        3 => (any::<usize>(), status.clone()).prop_map(|(pick, status)| Op::Respond { pick, status }),
        1 => any::<usize>().prop_map(|pick| Op::Forget { pick }),
        2 => (0..OUR_METHODS.len(), 0u8..4, any::<bool>())
            .prop_map(|(method, branch, reliable)| Op::SendRequest { method, branch, reliable }),
        1 => any::<usize>().prop_map(|pick| Op::Cancel { pick }),
        3 => (0..3usize, 0u8..4, status).prop_map(|(method, branch, status)| Op::Answer { method, branch, status }),
        1 => any::<bool>().prop_map(|reliable| Op::FlowFailed { reliable }),
        3 => ms.prop_map(|ms| Op::Advance { ms }),
    ]
}

fn flow_of(reliable: bool) -> Flow {
    flow(if reliable { Transport::Tcp } else { Transport::Udp }, 7)
}

/// The table, and what ought to be true of it.
struct World {
    table: TransactionTable,
    now_ms: u64,
    servers: Vec<ServerKey>,
    clients: Vec<ClientKey>,
    live_servers: BTreeSet<ServerKey>,
    live_clients: BTreeSet<ClientKey>,
}

impl World {
    fn new() -> Self {
        Self {
            table: TransactionTable::new(MAX, MAX, crate::HashKey::default()),
            now_ms: 1_000,
            servers: Vec::new(),
            clients: Vec::new(),
            live_servers: BTreeSet::new(),
            live_clients: BTreeSet::new(),
        }
    }

    fn apply(&mut self, op: Op) {
        let now_ms = self.now_ms;
        match op {
            Op::Request { method, branch, reliable } => {
                let request = with_branch(METHODS[method].as_str(), &branch.to_string());
                match self.table.receive_request(&request, flow_of(reliable), now_ms) {
                    Incoming::New(server) | Incoming::Cancel { cancel: server, .. } => {
                        self.servers.push(server);
                        assert!(self.live_servers.insert(server), "a key was given twice");
                    }
                    Incoming::Ack | Incoming::Absorbed | Incoming::Full => {}
                    Incoming::Malformed => panic!("the request is well-formed"),
                }
            }
            Op::Respond { pick, status } => {
                if let Some(server) = choose(&self.servers, pick) {
                    self.table.respond(server, status, wire("response"), now_ms);
                }
            }
            Op::Forget { pick } => {
                if let Some(server) = choose(&self.servers, pick) {
                    let was_live = self.table.respond_and_forget(server, wire("response"));
                    assert_eq!(was_live, self.live_servers.remove(&server));
                }
            }
            Op::SendRequest { method, branch, reliable } => {
                let (method, branch) = (OUR_METHODS[method], format!("z9hG4bK{branch}"));
                let bytes = ours(method, &branch);
                if let Ok(client) = self.table.send_request(method, bytes, &branch, flow_of(reliable), now_ms) {
                    self.clients.push(client);
                    assert!(self.live_clients.insert(client), "a key was given twice");
                }
            }
            Op::Cancel { pick } => {
                if let Some(client) = choose(&self.clients, pick) {
                    self.table.cancel(client, now_ms);
                }
            }
            Op::Answer { method, branch, status } => {
                let response = answer(status, METHODS[method], &format!("z9hG4bK{branch}"));
                if let Answer::To(client) = self.table.receive_response(&response, now_ms) {
                    assert!(self.live_clients.contains(&client), "an ended transaction was answered");
                }
            }
            Op::FlowFailed { reliable } => self.table.flow_failed(flow_of(reliable), now_ms),
            Op::Advance { ms } => self.advance_to(now_ms + ms),
        }
        self.check();
    }

    fn advance_to(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        self.table.tick(now_ms);
        assert!(self.table.next_deadline_ms().is_none_or(|at_ms| at_ms > now_ms), "a deadline is overdue after tick");
    }

    fn check(&mut self) {
        while let Some(output) = self.table.poll_output() {
            match output {
                Output::ServerEnded(server) => assert!(self.live_servers.remove(&server), "ended twice"),
                Output::ClientEnded(client) => assert!(self.live_clients.remove(&client), "ended twice"),
                Output::Timeout(client) | Output::Failed(client) => assert!(self.live_clients.contains(&client)),
                Output::ServerTimeout(server) | Output::ServerFailed(server) => {
                    assert!(self.live_servers.contains(&server));
                }
                Output::Send { .. } => {}
            }
        }
        assert_eq!(self.table.servers.len(), self.live_servers.len());
        assert_eq!(self.table.clients.len(), self.live_clients.len());
        assert!(self.table.servers.len() <= MAX && self.table.clients.len() <= MAX && self.table.cancels.len() <= MAX);
    }

    /// Left alone, everything ends: within the longest limit, and in few steps.
    fn finish(&mut self) {
        let limit_ms = self.now_ms + 2_000_000;
        for _ in 0..1_000 {
            let Some(at_ms) = self.table.next_deadline_ms() else { break };
            self.advance_to(at_ms);
            self.check();
        }
        assert!(self.table.is_empty() && self.now_ms <= limit_ms, "something lives for ever");
    }
}

fn choose<T: Copy>(from: &[T], pick: usize) -> Option<T> {
    from.get(pick.checked_rem(from.len())?).copied()
}

proptest! {
    #[test]
    fn any_sequence_is_survived_and_ends(ops in prop::collection::vec(op(), 0..120)) {
        let mut world = World::new();
        for op in ops {
            world.apply(op);
        }
        world.finish();
    }
}
