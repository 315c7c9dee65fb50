//! What is known of the destinations that are wanted: asked for anew before it runs out, kept while the DNS is down.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    Answer, Destination, Families, Found, MAX_DESTINATIONS, MAX_TTL_S, MIN_TTL_S, Question, Server, Step, search,
};

/// The first pause after a search that failed; it doubles up to the longest.
const RETRY_MS: u64 = 2_000;
/// The longest pause after searches that failed.
const RETRY_MAX_MS: u64 = 60_000;
/// After so many searches in a row that missed an answer, what they did find is taken for what there is.
const PATIENCE: u32 = 4;
/// How often one search may come to a further round of questions: its three kinds of records, one after the other, for each
/// of three transports at most.
const MAX_ROUNDS: u8 = 8;

/// What a [`Locator`] wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Ask the DNS; the answer goes to [`Locator::answer`].
    Ask(Question),
    /// What is known of a destination from now on, where it is another than before.
    Found {
        /// Which.
        destination: Destination,
        /// Its servers; none where its name leads nowhere.
        servers: Vec<Server>,
    },
}

/// Keeps the servers of a set of destinations.
#[derive(Debug)]
pub struct Locator {
    families: Families,
    known: BTreeMap<Destination, Entry>,
    outputs: VecDeque<Output>,
    /// Questions that were asked and not answered, of all searches: each is asked once at a time.
    asked: BTreeSet<Question>,
}

/// One destination.
#[derive(Debug, Default)]
struct Entry {
    /// What was found last; `None` before anything was.
    servers: Option<Vec<Server>>,
    /// The answers of the search under way; `None` while it rests.
    search: Option<BTreeMap<Question, Answer>>,
    rounds: u8,
    /// When to search next, while none is under way.
    next_ms: u64,
    failures: u32,
}

impl Locator {
    /// For a machine that speaks these kinds of address.
    pub const fn new(families: Families) -> Self {
        Self { families, known: BTreeMap::new(), outputs: VecDeque::new(), asked: BTreeSet::new() }
    }

    /// From now on these destinations are wanted, and no others; at most [`MAX_DESTINATIONS`] of them.
    pub fn want(&mut self, now_ms: u64, destinations: impl IntoIterator<Item = Destination>) {
        let wanted: BTreeSet<Destination> = destinations.into_iter().take(MAX_DESTINATIONS).collect();
        self.known.retain(|destination, _| wanted.contains(destination));
        for destination in wanted {
            self.known.entry(destination).or_insert_with(|| Entry { next_ms: now_ms, ..Entry::default() });
        }
        self.tick(now_ms);
    }

    /// The answer to a question.
    pub fn answer(&mut self, now_ms: u64, question: &Question, answer: &Answer) {
        self.asked.remove(question);
        let waits = |entry: &Entry| entry.search.is_some();
        let waiting: Vec<_> = self.known.iter().filter(|(_, entry)| waits(entry)).map(|(one, _)| one.clone()).collect();
        for destination in waiting {
            if let Some(answers) = self.known.get_mut(&destination).and_then(|entry| entry.search.as_mut()) {
                answers.insert(question.clone(), answer.clone());
            }
            self.go_on(now_ms, &destination);
        }
    }

    /// A deadline came.
    pub fn tick(&mut self, now_ms: u64) {
        let is_due = |entry: &Entry| entry.search.is_none() && entry.next_ms <= now_ms;
        let due: Vec<_> = self.known.iter().filter(|(_, entry)| is_due(entry)).map(|(one, _)| one.clone()).collect();
        for destination in due {
            if let Some(entry) = self.known.get_mut(&destination) {
                entry.search = Some(BTreeMap::new());
                entry.rounds = 0;
            }
            self.go_on(now_ms, &destination);
        }
    }

    /// When [`Locator::tick`] is due next.
    pub fn next_wake_ms(&self) -> Option<u64> {
        self.known.values().filter(|entry| entry.search.is_none()).map(|entry| entry.next_ms).min()
    }

    /// The next thing to do; call until `None` after every input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn go_on(&mut self, now_ms: u64, destination: &Destination) {
        let Some(entry) = self.known.get_mut(destination) else { return };
        let Some(answers) = &entry.search else { return };
        match search(destination, self.families, answers) {
            Step::Ask(questions) => {
                let is_new = questions.iter().any(|question| !self.asked.contains(question));
                entry.rounds += u8::from(is_new);
                if entry.rounds > MAX_ROUNDS {
                    let found = Found { servers: Vec::new(), ttl_s: MIN_TTL_S, is_whole: false };
                    return self.found(now_ms, destination, found);
                }
                for question in questions {
                    if self.asked.insert(question.clone()) {
                        self.outputs.push_back(Output::Ask(question));
                    }
                }
            }
            Step::Found(found) => self.found(now_ms, destination, found),
        }
    }

    /// A search is over. One that missed an answer is made again soon, and changes nothing that is known unless that goes
    /// on: a server whose address was not told this time is still there.
    fn found(&mut self, now_ms: u64, destination: &Destination, found: Found) {
        let Some(entry) = self.known.get_mut(destination) else { return };
        entry.search = None;
        let Found { servers, ttl_s, is_whole } = found;
        if is_whole {
            entry.failures = 0;
            // Asked again when nine tenths of its life are over, so that nobody waits for it.
            entry.next_ms = now_ms.saturating_add(u64::from(ttl_s.clamp(MIN_TTL_S, MAX_TTL_S)) * 900);
        } else {
            let pause_ms = RETRY_MS.saturating_mul(1 << entry.failures.min(8)).min(RETRY_MAX_MS);
            entry.failures = entry.failures.saturating_add(1);
            entry.next_ms = now_ms.saturating_add(pause_ms);
            let knows_some = entry.servers.as_ref().is_some_and(|known| !known.is_empty());
            if servers.is_empty() || (knows_some && entry.failures < PATIENCE) {
                return;
            }
        }
        if entry.servers.as_ref() != Some(&servers) {
            entry.servers = Some(servers.clone());
            self.outputs.push_back(Output::Found { destination: destination.clone(), servers });
        }
    }
}
