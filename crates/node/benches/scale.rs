//! How much more two workers carry than one: each worker on a thread of its own, fed by a generator on the same thread,
//! with letters in boxes as the node has them. No sockets and no disk: what is measured is what workers cost each other.
//!
//! A call is INVITE, 200, ACK, BYE and its 200 on both legs, of a trunk that is known by its address, one of 64 accounts.
//! Its INVITE is read by either worker; what follows tells its worker and is read by it, as the kernel has it
//! (`net::steer`). One and two workers take turns, several rounds; the table has medians. Beside them two nodes of one
//! worker each that share nothing work at the same time: what the machine gives to two threads. Memory is the program's
//! allocator's.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]
#![allow(clippy::disallowed_methods, reason = "what is carried while so much time passes is measured")]

#[path = "scale/world.rs"]
mod world;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use media::RelayCommand;
use node::{Letter, Output, Worker};
use store::{QueueReceiver, QueueSender, queue};
use world::{ACCOUNTS, Peers, callers, firms, flow};

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
/// How many calls a generator may have begun more than the other: both begin as many, as a kernel spreads them.
const AHEAD: u64 = 400;
/// Virtual time that passes with each call: what lingers after a call is then that of 200 calls a second.
const MS_EACH_CALL: u64 = 5;
const BOX: usize = 4_096;
const NAP: Duration = Duration::from_millis(1);
/// Turns after which a thread looks at the time and how far the other is.
const LOOK_AROUND: u64 = 16;
/// Letters taken before a call is begun.
const BURST: usize = 16;

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

    /// Whether a generator waits for another one.
    fn is_ahead(&self, generator: usize) -> bool {
        let begun = |counts: &Counts| counts.begun.load(Ordering::Relaxed);
        let fewest = self.counts.iter().map(begun).min().unwrap_or_default();
        begun(&self.counts[generator]) >= fewest + AHEAD
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
    inbox: QueueReceiver<Letter>,
    bell: Arc<Bell>,
    others: Vec<(QueueSender<Letter>, Arc<Bell>)>,
    /// What found a box full.
    waiting: Vec<(usize, Letter)>,
    run: Arc<Run>,
    written: u64,
}

impl Station {
    /// Runs until told to stop; the processor's time it took since the warm-up, nanoseconds.
    fn run(mut self, measuring: &AtomicBool) -> u64 {
        let mut before_ns = None;
        let _ = self.bell.thread.set(std::thread::current());
        let (mut now_ms, mut is_ahead) = (world::START_MS, false);
        for turn in 0_u64.. {
            // What the other thread writes is seldom looked at: that has its price.
            if is_ahead || turn.is_multiple_of(LOOK_AROUND) {
                if self.run.stop.load(Ordering::Relaxed) {
                    break;
                }
                if before_ns.is_none() && measuring.load(Ordering::Relaxed) {
                    before_ns = Some(cpu_ns());
                }
                (now_ms, is_ahead) = (self.run.now_ms(), self.run.is_ahead(self.number));
            }
            let waiting = std::mem::take(&mut self.waiting);
            waiting.into_iter().for_each(|(to, letter)| self.hand_over(to, letter));
            for taken in 0..BURST {
                match self.inbox.try_recv() {
                    Ok(letter) => self.worker.letter(now_ms, letter),
                    // Who may begin no call and hears nothing sleeps, as a worker's thread does.
                    Err(_) if is_ahead && taken == 0 => {
                        self.bell.sleep();
                        break;
                    }
                    Err(_) => break,
                }
                self.drain(now_ms);
            }
            if !is_ahead {
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
                    self.hand_over(to, letter);
                }
                Output::Relay(RelayCommand::Open { relay, .. }) => {
                    self.worker.relay(now_ms, world::opened(relay));
                }
                Output::Relay(_) | Output::Locate(_) | Output::Reply { .. } | Output::Share(_) | Output::Ban(_) => {}
            }
        }
    }

    /// A peer's reaction tells this worker, and is read by it.
    fn peers_hear(&mut self, now_ms: u64, peer: std::net::SocketAddr, bytes: &[u8]) {
        let heard = self.peers.hear(peer, bytes);
        if heard.ended {
            Counts::one_more(&self.counts().done);
        }
        for text in heard.reactions {
            assert_eq!(world::worker_told(&text), Some(self.number), "{text}");
            self.worker.datagram(now_ms, flow(peer), text.as_bytes());
        }
    }

    fn hand_over(&mut self, to: usize, letter: Letter) {
        let (inbox, bell) = &self.others[to];
        match inbox.try_send(letter) {
            Ok(()) => bell.ring(),
            Err(letter) => self.waiting.push((to, letter)),
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

/// A node at work.
struct Started {
    run: Arc<Run>,
    measuring: Arc<AtomicBool>,
    threads: Vec<JoinHandle<u64>>,
}

impl Started {
    fn of(workers: usize) -> Self {
        let made = firms(workers);
        let callers = callers(&made);
        let counts = (0..workers).map(|_| Counts::default()).collect();
        let run = Arc::new(Run { counts, stop: AtomicBool::new(false) });
        let measuring = Arc::new(AtomicBool::new(false));
        let (boxes, inboxes): (Vec<_>, Vec<_>) =
            (0..workers).map(|_| queue(BOX)).map(|(sender, inbox)| ((sender, Arc::<Bell>::default()), inbox)).unzip();
        let station = |number: usize, (worker, written), inbox| Station {
            number,
            worker,
            peers: Peers::new(number, callers.clone()),
            inbox,
            bell: Arc::clone(&boxes[number].1),
            others: boxes.clone(),
            waiting: Vec::new(),
            run: Arc::clone(&run),
            written,
        };
        let stations = made.into_iter().zip(inboxes).enumerate().map(|(number, (made, inbox))| {
            let (station, measuring) = (station(number, made, inbox), Arc::clone(&measuring));
            std::thread::spawn(move || station.run(&measuring))
        });
        let threads = stations.collect();
        Self { run, measuring, threads }
    }

    fn done(&self) -> u64 {
        self.run.sum(|counts| &counts.done)
    }

    fn handed_over(&self) -> u64 {
        self.run.sum(|counts| &counts.handed_over)
    }
}

/// Nodes that work at the same time, each by itself, with so many workers each: all together.
fn measure(nodes: usize, workers: usize) -> Measured {
    let nodes: Vec<Started> = (0..nodes).map(|_| Started::of(workers)).collect();
    while nodes.iter().any(|node| node.done() < WARM_UP_CALLS) {
        std::thread::sleep(LOOK);
    }
    nodes.iter().for_each(|node| node.measuring.store(true, Ordering::Relaxed));
    let sum = |of: fn(&Started) -> u64| nodes.iter().map(of).sum::<u64>();
    let (before, letters_before, began) = (sum(Started::done), sum(Started::handed_over), Instant::now());
    std::thread::sleep(MEASURED);
    let (done, took) = (sum(Started::done) - before, began.elapsed());
    let letters = sum(Started::handed_over) - letters_before;
    nodes.iter().for_each(|node| node.run.stop.store(true, Ordering::Relaxed));
    let cpu_ns: u64 = nodes.into_iter().flat_map(|node| node.threads).map(|thread| thread.join().unwrap()).sum();
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

/// One worker, two workers of a node, two nodes of one worker.
type Round = [Measured; 3];

fn main() {
    let rounds: Vec<Round> = (1..=ROUNDS)
        .map(|round| {
            let measured = [(1, 1), (1, 2), (2, 1)].map(|(nodes, workers)| measure(nodes, workers));
            let [one, two, apart] = measured.map(|m| format!("{:.0} calls/s, {:.1} us each", m.calls_each_s, m.cpu_us));
            let letters = measured[1].letters;
            println!("round {round}: one worker {one}; two workers {two}, {letters:.1} letters; two nodes {apart}");
            measured
        })
        .collect();
    let of = |value: &dyn Fn(&Round) -> f64| median(rounds.iter().map(value).collect());
    let calls = [0, 1, 2].map(|i| of(&|round| round[i].calls_each_s));
    let cpu = [0, 1, 2].map(|i| of(&|round| round[i].cpu_us));
    // What is compared was measured one after the other, so that what else the machine does meets all.
    let times = |i: usize| of(&|round| round[i].calls_each_s / round[0].calls_each_s);
    let cpu_times = |i: usize| of(&|round| round[i].cpu_us / round[0].cpu_us);
    let (ratio, cpu_ratio) = (times(1), cpu_times(1));
    println!(
        "\n{:<22}{:>12}{:>14}{:>22}",
        format!("{ACCOUNTS} accounts"),
        "one worker",
        "two workers",
        "two nodes apart"
    );
    let line = |what, of: [f64; 3], times: [f64; 2], digits: usize| {
        let [two, apart] = times.map(|times| format!("({times:.2})"));
        println!("{what:<22}{:>12.digits$}{:>8.digits$} {two}{:>15.digits$} {apart}", of[0], of[1], of[2]);
    };
    line("calls a second", calls, [ratio, times(2)], 0);
    line("processor, us a call", cpu, [cpu_ratio, cpu_times(2)], 1);
    println!(
        "two workers carry {:.2} of what two nodes do that share nothing",
        of(&|round| { round[1].calls_each_s / round[2].calls_each_s })
    );
    if let Some(path) = std::env::var_os("BENCH_JSON") {
        let (apart, cpu_apart) = (times(2), cpu_times(2));
        let [one, two, _] = calls;
        let [cpu_one, cpu_two, _] = cpu;
        let json = format!(
            "{{\"name\":\"scale\",\"ratio\":{ratio:.3},\"cpu_ratio\":{cpu_ratio:.3},\"apart_ratio\":{apart:.3},\
             \"apart_cpu_ratio\":{cpu_apart:.3},\"one_calls_per_s\":{one:.0},\"two_calls_per_s\":{two:.0},\
             \"one_us_per_call\":{cpu_one:.2},\"two_us_per_call\":{cpu_two:.2},\"rounds\":{ROUNDS}}}\n"
        );
        std::fs::write(path, json).unwrap();
    }
}
