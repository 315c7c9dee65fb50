//! How much more two workers carry than one: each worker on a thread of its own, fed by a generator on the same thread,
//! with letters in boxes as the node has them. No sockets and no disk: what is measured is what workers cost each other.
//!
//! A call is INVITE, 200, ACK, BYE and its 200 on both legs, of a trunk that is known by its address, one of 64 accounts.
//! Of what peers send in answer every other message is read by the other worker, as a kernel would have it. One and two
//! workers take turns, several rounds; the table has medians. Memory is the program's allocator's.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]
#![allow(clippy::disallowed_methods, reason = "what is carried while so much time passes is measured")]

#[path = "scale/world.rs"]
mod world;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::{Duration, Instant};

use media::RelayCommand;
use node::{Letter, Output, Worker};
use store::{QueueReceiver, QueueSender, queue};
use world::{ACCOUNTS, Peers, firms, flow};

/// That of the program.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const ROUNDS: usize = 7;
/// Calls before the measurement, all together: until as much that lingers is forgotten as is remembered anew, so that no new
/// memory is taken any more.
const WARM_UP_CALLS: u64 = 50_000 / MS_EACH_CALL;
/// How often it is looked whether they are over.
const LOOK: Duration = Duration::from_millis(50);
const MEASURED: Duration = Duration::from_secs(3);
/// Calls that each generator keeps under way.
const AT_ONCE: u64 = 400;
/// Virtual time that passes with each call: what lingers after a call is then that of 200 calls a second.
const MS_EACH_CALL: u64 = 5;
const BOX: usize = 4_096;
const NAP: Duration = Duration::from_millis(1);
/// Feeds taken before new calls are begun.
const BURST: usize = 256;

/// What reaches a thread from the other.
#[allow(clippy::large_enum_variant, reason = "a feed is moved twice: into the box and out of it")]
enum Feed {
    Letter(Letter),
    /// A message that this thread's worker reads.
    Datagram(std::net::SocketAddr, String),
}

/// Wakes a thread that sleeps; one that has been woken and has not looked since needs no call of the system (the
/// mailboxes of `net` do the same).
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Bell {
    fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Sleeps until it is rung, a moment at most.
    fn sleep(&self) {
        if !self.rung.swap(false, Ordering::AcqRel) {
            std::thread::park_timeout(NAP);
        }
    }
}

/// What one thread counts, and it alone: on cache lines of its own, as the counts of other threads are.
#[derive(Default)]
#[repr(align(128))]
struct Counts {
    begun: AtomicU64,
    done: AtomicU64,
    handed_over: AtomicU64,
}

impl Counts {
    /// One more, by the only thread that counts here.
    fn one_more(count: &AtomicU64) {
        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

/// What all threads of a run share.
struct Run {
    counts: Vec<Counts>,
    stop: AtomicBool,
}

impl Run {
    fn sum(&self, of: impl Fn(&Counts) -> &AtomicU64) -> u64 {
        self.counts.iter().map(|counts| of(counts).load(Ordering::Relaxed)).sum()
    }

    fn now_ms(&self) -> u64 {
        world::START_MS + self.sum(|counts| &counts.begun) * MS_EACH_CALL
    }
}

/// One worker with its half of the peers.
struct Station {
    number: usize,
    worker: Worker,
    peers: Peers,
    inbox: QueueReceiver<Feed>,
    bell: Arc<Bell>,
    others: Vec<(QueueSender<Feed>, Arc<Bell>)>,
    /// What found a box full.
    waiting: Vec<(usize, Feed)>,
    run: Arc<Run>,
    written: u64,
    under_way: u64,
    reads: usize,
}

impl Station {
    /// Runs until told to stop; the processor's time it took since the warm-up, nanoseconds.
    fn run(mut self, measuring: &AtomicBool) -> u64 {
        let mut before_ns = None;
        let _ = self.bell.thread.set(std::thread::current());
        while !self.run.stop.load(Ordering::Relaxed) {
            if before_ns.is_none() && measuring.load(Ordering::Relaxed) {
                before_ns = Some(cpu_ns());
            }
            let now_ms = self.run.now_ms();
            let waiting = std::mem::take(&mut self.waiting);
            waiting.into_iter().for_each(|(to, feed)| self.hand_over(to, feed));
            let is_full = self.under_way >= AT_ONCE;
            for taken in 0..BURST {
                match self.inbox.try_recv() {
                    Ok(Feed::Letter(letter)) => self.worker.letter(now_ms, letter),
                    Ok(Feed::Datagram(from, text)) => {
                        self.worker.datagram(now_ms, flow(from), text.as_bytes());
                    }
                    // Who can begin no call and hears nothing sleeps, as a worker's thread does.
                    Err(_) if is_full && taken == 0 => {
                        self.bell.sleep();
                        break;
                    }
                    Err(_) => break,
                }
                self.drain(now_ms);
            }
            if !is_full {
                self.under_way += 1;
                Counts::one_more(&self.counts().begun);
                let (from, invite) = self.peers.call();
                self.worker.datagram(now_ms, flow(from), invite.as_bytes());
                self.drain(now_ms);
            }
            self.worker.durable(now_ms, self.written);
            self.drain(now_ms);
            if self.worker.next_wake_ms().is_some_and(|at_ms| at_ms <= now_ms) {
                self.worker.tick(now_ms);
                self.drain(now_ms);
            }
        }
        cpu_ns() - before_ns.unwrap_or_default()
    }

    fn counts(&self) -> &Counts {
        &self.run.counts[self.number]
    }

    fn drain(&mut self, now_ms: u64) {
        while let Some(output) = self.worker.poll_output() {
            match output {
                Output::Send { flow, bytes } => self.peers_hear(now_ms, flow.remote, &bytes),
                Output::Journal(_) => self.written += 1,
                Output::Letter { to, letter } => {
                    Counts::one_more(&self.counts().handed_over);
                    self.hand_over(to, Feed::Letter(letter));
                }
                Output::Relay(RelayCommand::Open { relay, .. }) => {
                    self.worker.relay(now_ms, world::opened(relay));
                }
                Output::Relay(_) | Output::Locate(_) | Output::Reply { .. } | Output::Share(_) | Output::Ban(_) => {}
            }
        }
    }

    /// A peer's reaction is read by this worker or by another, in turn.
    fn peers_hear(&mut self, now_ms: u64, peer: std::net::SocketAddr, bytes: &[u8]) {
        let heard = self.peers.hear(peer, bytes);
        if heard.ended {
            Counts::one_more(&self.counts().done);
            self.under_way = self.under_way.saturating_sub(1);
        }
        for text in heard.reactions {
            self.reads += 1;
            let reader = (self.number + self.reads) % self.others.len();
            if reader == self.number {
                self.worker.datagram(now_ms, flow(peer), text.as_bytes());
            } else {
                self.hand_over(reader, Feed::Datagram(peer, text));
            }
        }
    }

    fn hand_over(&mut self, to: usize, feed: Feed) {
        let (inbox, bell) = &self.others[to];
        match inbox.try_send(feed) {
            Ok(()) => bell.ring(),
            Err(feed) => self.waiting.push((to, feed)),
        }
    }
}

/// What this thread has had of a processor, nanoseconds.
fn cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse().unwrap()
}

/// Calls a second, and microseconds of a processor for each.
#[derive(Clone, Copy, Debug)]
struct Measured {
    calls_each_s: f64,
    cpu_us: f64,
    letters: f64,
}

fn measure(workers: usize) -> Measured {
    let made = firms(workers);
    let counts = (0..workers).map(|_| Counts::default()).collect();
    let run = Arc::new(Run { counts, stop: AtomicBool::new(false) });
    let measuring = Arc::new(AtomicBool::new(false));
    let (boxes, inboxes): (Vec<_>, Vec<_>) = (0..workers)
        .map(|_| queue(BOX))
        .map(|(sender, inbox)| ((sender, Arc::<Bell>::default()), inbox))
        .unzip();
    let threads: Vec<_> = made
        .into_iter()
        .zip(inboxes)
        .enumerate()
        .map(|(number, ((worker, written), inbox))| {
            let station = Station {
                number,
                worker,
                peers: Peers::new(number),
                inbox,
                bell: Arc::clone(&boxes[number].1),
                others: boxes.clone(),
                waiting: Vec::new(),
                run: Arc::clone(&run),
                written,
                under_way: 0,
                reads: 0,
            };
            let measuring = Arc::clone(&measuring);
            std::thread::spawn(move || station.run(&measuring))
        })
        .collect();
    while run.sum(|counts| &counts.done) < WARM_UP_CALLS {
        std::thread::sleep(LOOK);
    }
    measuring.store(true, Ordering::Relaxed);
    let (before, letters_before, began) =
        (run.sum(|counts| &counts.done), run.sum(|counts| &counts.handed_over), Instant::now());
    std::thread::sleep(MEASURED);
    let (done, took) = (run.sum(|counts| &counts.done) - before, began.elapsed());
    let letters = run.sum(|counts| &counts.handed_over) - letters_before;
    run.stop.store(true, Ordering::Relaxed);
    let cpu_ns: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert!(done > 0, "no call was carried");
    Measured {
        calls_each_s: done as f64 / took.as_secs_f64(),
        cpu_us: cpu_ns as f64 / 1_000.0 / done as f64,
        letters: letters as f64 / done as f64,
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let mut rounds = Vec::new();
    for round in 1..=ROUNDS {
        let (one, two) = (measure(1), measure(2));
        println!(
            "round {round}: one worker {:.0} calls/s, {:.1} us each; two workers {:.0} calls/s, {:.1} us each, {:.1} letters",
            one.calls_each_s, one.cpu_us, two.calls_each_s, two.cpu_us, two.letters
        );
        rounds.push((one, two));
    }
    let of = |value: &dyn Fn(&(Measured, Measured)) -> f64| median(rounds.iter().map(value).collect());
    let (one, two) = (of(&|(one, _)| one.calls_each_s), of(&|(_, two)| two.calls_each_s));
    let (cpu_one, cpu_two) = (of(&|(one, _)| one.cpu_us), of(&|(_, two)| two.cpu_us));
    // Rounds are pairs, so that what else the machine does meets both.
    let ratio = of(&|(one, two)| two.calls_each_s / one.calls_each_s);
    let cpu_ratio = of(&|(one, two)| two.cpu_us / one.cpu_us);
    println!("\n{:<28}{:>12}{:>12}{:>9}", format!("{ACCOUNTS} accounts"), "one worker", "two", "ratio");
    println!("{:<28}{one:>12.0}{two:>12.0}{ratio:>9.2}", "calls a second");
    println!("{:<28}{cpu_one:>12.1}{cpu_two:>12.1}{cpu_ratio:>9.2}", "processor, us a call");
    println!("where each has a processor for itself: {:.2}", 2.0 / cpu_ratio);
    if let Some(path) = std::env::var_os("BENCH_JSON") {
        let json = format!(
            "{{\"name\":\"scale\",\"ratio\":{ratio:.3},\"cpu_ratio\":{cpu_ratio:.3},\"one_calls_per_s\":{one:.0},\
             \"two_calls_per_s\":{two:.0},\"one_us_per_call\":{cpu_one:.2},\"two_us_per_call\":{cpu_two:.2},\
             \"rounds\":{ROUNDS}}}\n"
        );
        std::fs::write(path, json).unwrap();
    }
}
