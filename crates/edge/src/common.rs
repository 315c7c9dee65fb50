//! What the edges of one node have in common: who they are, whose a message is, and the little they share.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};

use account::Reply;
use billing::{AccountId, CallId};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sip::digest::{Algorithm, Authenticator, Ha1Set, NonceMint};
use sip::ids::Origin;
use sip::{DialogId, HashKey, Message, Method};

use crate::directory::{Directory, EdgeSettings};
use crate::limits::NONCE_VALIDITY_MS;
use crate::peer::Resting;
use crate::random::Mint;

/// Workers of a node at most: their number has six bits in a call's.
pub const MAX_WORKERS: usize = 64;

const CALL_EPOCH_SHIFT: u32 = 40;
const CALL_WORKER_SHIFT: u32 = 34;
const TOKEN_WORKER_SHIFT: u32 = 56;

/// On cache lines of its own, since all workers change it, and what lies beside it they all read.
#[repr(align(128))]
struct Apart<T>(T);

/// What the edges of a node's workers have in common.
///
/// Shared in the strict sense are the nonce counts (within the authenticator), so that credentials serve once on the
/// whole node, the count of running calls, and which servers of carriers are out of order.
pub struct Common {
    pub(crate) settings: EdgeSettings,
    pub(crate) authenticator: Authenticator,
    /// HA1 of nobody, for names that do not exist: the same work, the same answer.
    pub(crate) nobody: Ha1Set,
    boot_epoch: u32,
    workers: usize,
    seed: [u8; 32],
    /// Tells this run from another node's run of the same number.
    mark: u32,
    /// Keys the spread of Call-IDs and all look-ups by what peers choose, so that nobody outside can aim at one worker or
    /// make look-ups slow.
    pub(crate) hash_key: HashKey,
    calls: Apart<AtomicUsize>,
    /// Carriers' servers that are out of order.
    pub(crate) resting: Resting,
}

impl Common {
    /// For a node of so many workers (at least one, at most [`MAX_WORKERS`]). `seed` is 32 unguessable bytes;
    /// `boot_epoch` counts the starts of the node, so that identifiers of one run are not those of another.
    pub fn new(settings: EdgeSettings, seed: [u8; 32], boot_epoch: u32, workers: usize) -> Self {
        let mut random = ChaCha20Rng::from_seed(seed);
        let mark = random.next_u32();
        let algorithms: &[Algorithm] = if settings.sha256 { &Algorithm::ALL } else { &[Algorithm::Md5] };
        let nonces = NonceMint::new(bytes(&mut random), NONCE_VALIDITY_MS);
        Self {
            authenticator: Authenticator::new(&settings.realm, algorithms, nonces),
            nobody: Ha1Set::from_parts(bytes(&mut random), bytes(&mut random)),
            hash_key: HashKey::new(bytes(&mut random)),
            settings,
            boot_epoch,
            workers: workers.clamp(1, MAX_WORKERS),
            seed,
            mark,
            calls: Apart(AtomicUsize::new(0)),
            resting: Resting::default(),
        }
    }

    /// How many workers the node has.
    pub const fn workers(&self) -> usize {
        self.workers
    }

    /// Which worker a message belongs to: an answer to the one that minted the branch it answers, a request within a
    /// dialog to the one that minted our tag. Any other request of a trunk or a carrier that is known by its address is at
    /// home with its account, since what it leads to is that account's to say; all others are spread by their Call-ID. What
    /// this goes by is the same in an INVITE, its retransmissions, its ACK and its CANCEL.
    pub(crate) fn home(&self, directory: &Directory, flow: sip::Flow, message: &Message) -> usize {
        let minted = if message.is_request() {
            message.to().ok().and_then(|to| to.tag())
        } else {
            message.top_via().ok().and_then(|via| via.branch())
        };
        let minter = minted.and_then(|identifier| self.minter(identifier));
        let account = || directory.account_of(flow, message).map(|account| owner_of(account, self.workers));
        minter.or_else(account).unwrap_or_else(|| self.spread(message.call_id()))
    }

    /// Which worker has a dialog.
    pub(crate) fn home_of(&self, dialog: &DialogId) -> usize {
        self.minter(dialog.local_tag().as_bytes()).unwrap_or_else(|| self.spread(dialog.call_id().as_bytes()))
    }

    /// The worker that minted an identifier in this run.
    fn minter(&self, identifier: &[u8]) -> Option<usize> {
        let origin = Origin::parse(identifier).filter(|origin| self.is_of_this_run(*origin));
        origin.map(|origin| usize::from(origin.worker) % self.workers)
    }

    fn spread(&self, call_id: &[u8]) -> usize {
        self.hash_key.print(&[call_id]).share(self.workers)
    }

    fn is_of_this_run(&self, origin: Origin) -> bool {
        origin.epoch == self.boot_epoch && origin.slot.generation == self.mark
    }

    /// What mints a worker's identifiers.
    pub(crate) fn mint(&self, worker: usize) -> Mint {
        Mint::new(self.seed, self.boot_epoch, self.mark, u16::try_from(worker).unwrap_or(u16::MAX))
    }

    /// A worker's first call.
    pub(crate) fn first_call(&self, worker: usize) -> CallId {
        CallId(u64::from(self.boot_epoch) << CALL_EPOCH_SHIFT | (worker as u64) << CALL_WORKER_SHIFT)
    }

    /// A worker's first handle of a request that waits for its account.
    pub(crate) fn first_token(worker: usize) -> u64 {
        (worker as u64) << TOKEN_WORKER_SHIFT | 1
    }

    /// Calls that run on the whole node.
    pub(crate) fn calls(&self) -> usize {
        self.calls.0.load(Ordering::Relaxed)
    }

    pub(crate) fn call_began(&self) {
        self.calls.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn call_ended(&self) {
        self.calls.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Which of `workers` owns an account. It may change from start to start with their number, since the journal is kept by
/// account.
pub fn owner_of(account: &AccountId, workers: usize) -> usize {
    if workers == 1 {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    account.hash(&mut hasher);
    usize::try_from(hasher.finish() % workers as u64).unwrap_or(0)
}

/// The worker that has a call (or, by the same number, its relay).
pub const fn worker_of_call(call: CallId) -> usize {
    (call.0 >> CALL_WORKER_SHIFT) as usize % MAX_WORKERS
}

/// The worker that waits for a reply; `None` for one to a person.
pub const fn worker_of_reply(reply: &Reply) -> Option<usize> {
    match reply {
        Reply::Verdict { call, .. } | Reply::Leased { call, .. } | Reply::HangUp { call, .. } => {
            Some(worker_of_call(*call))
        }
        Reply::Registered { token, .. } | Reply::RegisterRefused { token, .. } => {
            Some((*token >> TOKEN_WORKER_SHIFT) as usize)
        }
        Reply::Changed(_) => None,
    }
}

/// Whether a message asks for a new call: an INVITE outside any dialog.
pub fn is_new_call(message: &Message) -> bool {
    message.method() == Some(Method::Invite) && message.to().is_ok_and(|to| to.tag().is_none())
}

fn bytes<const N: usize>(random: &mut ChaCha20Rng) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill_bytes(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::LineEntry;

    fn common(workers: usize) -> Common {
        let settings = EdgeSettings {
            realm: "sip.test".into(),
            sha256: true,
            warning: true,
            ignored_agents: Vec::new(),
            advertised: "192.0.2.1:5060".parse().unwrap(),
            advertised_tls: None,
            other_family: [None; 2],
            expires_s: (60, 600, 3_600),
            ring_limit_s: 60,
            max_calls: 10,
            silence_s: 60,
            relay: true,
            redirect: Vec::new(),
        };
        Common::new(settings, [7; 32], 3, workers)
    }

    fn message(start: &str, branch: &str, call_id: &str, cseq: &str) -> Message {
        message_to("", start, branch, call_id, cseq)
    }

    fn message_to(tag: &str, start: &str, branch: &str, call_id: &str, cseq: &str) -> Message {
        let text = format!(
            "{start}\r\nVia: SIP/2.0/UDP 192.0.2.9;branch={branch}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>{tag}\r\n\
             Call-ID: {call_id}\r\nCSeq: 1 {cseq}\r\nContent-Length: 0\r\n\r\n"
        );
        Message::parse(text.as_bytes()).unwrap()
    }

    fn phone() -> sip::Flow {
        let remote = "192.0.2.9:5060".parse().unwrap();
        sip::Flow { local: "192.0.2.1:5060".parse().unwrap(), remote, transport: sip::Transport::Udp, connection: 0 }
    }

    #[test]
    fn what_is_of_no_account_comes_together_by_its_call_id() {
        let (common, nobody) = (common(4), Directory::default());
        let home = |message: Message| common.home(&nobody, phone(), &message);
        let mut at = [0; 4];
        for n in 0..400 {
            let call_id = format!("call-{n}@phone");
            let invite = home(message("INVITE sip:c@d SIP/2.0", &format!("z9hG4bK{n}"), &call_id, "INVITE"));
            let cancel = home(message("CANCEL sip:c@d SIP/2.0", &format!("z9hG4bK{n}"), &call_id, "CANCEL"));
            let again = home(message("INVITE sip:c@d SIP/2.0", &format!("z9hG4bKx{n}"), &call_id, "INVITE"));
            assert!(invite == cancel && invite == again);
            at[invite] += 1;
        }
        assert!(at.iter().all(|count| (50..200).contains(count)), "{at:?}");
    }

    #[test]
    fn whose_address_is_known_is_at_home_with_its_account_and_nobody_by_a_name() {
        let common = common(4);
        let entry = |account: &str| LineEntry {
            account: account.parse().unwrap(),
            line: "101".parse().unwrap(),
            kind: account::LineKind::Extension,
            secrets: None,
        };
        let invite = message("INVITE sip:13035550100@d SIP/2.0", "z9hG4bK1", "x", "INVITE");
        let home = |directory: &Directory| common.home(directory, phone(), &invite);
        for firm in (0..20).map(|n| format!("firm-{n}")) {
            let by_name = Directory { by_auth_name: [("a".into(), entry(&firm))].into(), ..Directory::default() };
            assert_eq!(home(&by_name), home(&Directory::default()), "a name tells nothing");
            let address = "192.0.2.9".parse().unwrap();
            let by_address = Directory { by_address: [(address, entry(&firm))].into(), ..by_name };
            assert_eq!(home(&by_address), owner_of(&firm.parse().unwrap(), 4), "{firm}");
        }
    }

    #[test]
    fn what_a_worker_minted_leads_back_to_it() {
        let (common, nobody) = (common(4), Directory::default());
        let home = |message: Message| common.home(&nobody, phone(), &message);
        for worker in 0..4 {
            let mut mint = common.mint(worker);
            let (branch, tag) = (mint.branch(), mint.tag());
            assert_eq!(home(message("SIP/2.0 200 OK", &branch, "theirs", "BYE")), worker);
            let bye = message_to(&format!(";tag={tag}"), "BYE sip:a@b SIP/2.0", "z9hG4bKt", "theirs", "BYE");
            assert_eq!(home(bye), worker);
            let dialog = DialogId::of_replaces(format!("theirs;to-tag={tag};from-tag=1").as_bytes()).unwrap();
            assert_eq!(common.home_of(&dialog), worker);
            let call = CallId(common.first_call(worker).0 + 5);
            assert_eq!(worker_of_call(call), worker);
            let reply = Reply::RegisterRefused { token: Common::first_token(worker) + 9, status: 500 };
            assert_eq!(worker_of_reply(&reply), Some(worker));
        }
    }

    #[test]
    fn an_invite_within_a_dialog_is_no_new_call() {
        assert!(is_new_call(&message("INVITE sip:c@d SIP/2.0", "z9hG4bK1", "x", "INVITE")));
        assert!(!is_new_call(&message("CANCEL sip:c@d SIP/2.0", "z9hG4bK1", "x", "CANCEL")));
    }
}
