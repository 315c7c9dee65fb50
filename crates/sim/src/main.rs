//! Tells scenarios by the seed: `sim story --from 1 --seeds 1000`, or one of them in words: `sim story --seed 7 --verbose`.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::{Parser, Subcommand};
use sim::story::played::play_attacked;
use sim::story::{self, Failure, Outcome, Scenario};
use sim::worlds::{GuardArguments, Mix, TrialError, WorldArguments};

/// Simulated worlds, from seeds.
#[derive(Parser)]
#[command(
    name = "sim",
    about = "Runs whole nodes, telephones, a carrier and an attacker in a simulated world, from a seed"
)]
struct Arguments {
    #[command(subcommand)]
    scenario: Which,
}

#[derive(Subcommand)]
enum Which {
    /// The hijacked extension, from the guessed password to the locked-out attacker.
    Story(Range),
    /// The same with a guard that only watches: ceiling, credit and a new secret bound the loss.
    Unnoticed(Range),
    /// An honest day of calls on a network that loses, doubles and reorders datagrams, with clocks that err and nodes that
    /// crash: nobody may be cut.
    Workday(Range),
    /// The same on nodes whose every write takes seconds, with crashes.
    SlowDisk(Range),
    /// Random interleavings of calls, payments, price changes and crashes, against a model's books.
    Books(Range),
    /// Plays firms of generated worlds as SIP, and holds the node's decisions against the replay's.
    Played(PlayedArguments),
    /// Writes a labelled world for `tollguard replay`.
    World(WorldArguments),
    /// Shows labelled worlds to the guard and scores it.
    Guard(GuardArguments),
    /// The same without each kind of evidence in turn.
    Ablate(GuardArguments),
}

#[derive(clap::Args)]
struct PlayedArguments {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// What happens in the worlds.
    #[arg(long, value_enum, default_value_t = Mix::Hard)]
    mix: Mix,
    /// How many of the attacked firms, those with fewest events first.
    #[arg(long, default_value_t = 3)]
    firms: usize,
}

impl PlayedArguments {
    fn run(&self) -> ExitCode {
        let mut differing = 0;
        for seed in self.from..self.from.saturating_add(self.seeds) {
            let played = match play_attacked(seed, self.mix, self.firms) {
                Ok(played) => played,
                Err(error) => {
                    eprintln!("seed {seed}: {}", with_causes(&error));
                    return ExitCode::FAILURE;
                }
            };
            let others: Vec<_> = played.differing().collect();
            println!(
                "seed {seed}: {} events, {} calls, {} refused, {} hung up, {} decided otherwise, {} checks held",
                played.events,
                played.calls.len(),
                played.refused(),
                played.hung_up(),
                others.len(),
                played.checks
            );
            others.iter().take(3).for_each(|call| println!("  {call:?}"));
            differing += others.len();
        }
        if differing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

#[derive(clap::Args)]
struct Range {
    /// Tell this seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// Print what happens in each seed.
    #[arg(long)]
    verbose: bool,
    /// Go on after a seed that failed.
    #[arg(long)]
    go_on: bool,
    /// Print every SIP message.
    #[arg(long)]
    packets: bool,
}

fn main() -> ExitCode {
    let (scenario, range) = match Arguments::parse().scenario {
        Which::Story(range) => (Scenario::Story, range),
        Which::Unnoticed(range) => (Scenario::Unnoticed, range),
        Which::Workday(range) => (Scenario::Workday, range),
        Which::SlowDisk(range) => (Scenario::SlowDisk, range),
        Which::Books(range) => return books(&range),
        Which::Played(arguments) => return arguments.run(),
        Which::World(arguments) => return said(arguments.run()),
        Which::Guard(arguments) => return said(arguments.run()),
        Which::Ablate(arguments) => return said(arguments.ablate()),
    };
    let (from, seeds) = range.seed.map_or((range.from, range.seeds), |seed| (seed, 1));
    let began = Instant::now();
    let next = AtomicU64::new(from);
    let end = from.saturating_add(seeds);
    let sum = Mutex::new(Summary::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(usize::try_from(seeds).unwrap_or(1));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let failed = !sum.lock().unwrap_or_else(PoisonError::into_inner).failed.is_empty();
                    if seed >= end || (failed && !range.go_on) {
                        return;
                    }
                    let told = story::tell(scenario, seed, range.packets);
                    sum.lock().unwrap_or_else(PoisonError::into_inner).add(seed, told, range.verbose);
                }
            });
        }
    });
    let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    sum.print(scenario, began.elapsed().as_secs_f64());
    if sum.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays cases on all cores until one breaks a promise.
fn books(range: &Range) -> ExitCode {
    let (from, seeds) = range.seed.map_or((range.from, range.seeds), |seed| (seed, 1));
    let (next, end, began) = (AtomicU64::new(from), from.saturating_add(seeds), Instant::now());
    let sum = Mutex::new((sim::books::Tally::default(), Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let played = sim::books::play(seed);
                    let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                    match played {
                        Ok(tally) => sum.0.add(tally),
                        Err(violation) => sum.1.push(format!("seed {seed}: {violation}")),
                    }
                    if !sum.1.is_empty() && !range.go_on {
                        return;
                    }
                }
            });
        }
    });
    let (tally, failed) = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{tally:?} in {:.1} s", began.elapsed().as_secs_f64());
    failed.iter().for_each(|text| eprintln!("{text}"));
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn said(done: Result<(), TrialError>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

/// What all seeds came to.
#[derive(Default)]
struct Summary {
    seeds: u64,
    simulated_ms: u64,
    checks: u64,
    /// The dearest seed.
    worst: Option<(u64, Outcome)>,
    most_answered: u64,
    slowest_cut_ms: u64,
    failed: Vec<u64>,
}

impl Summary {
    fn add(&mut self, seed: u64, told: Result<Outcome, Box<Failure>>, verbose: bool) {
        let outcome = match told {
            Ok(outcome) => outcome,
            Err(failure) => {
                println!("seed {seed} FAILED: {}", with_causes(&failure.why));
                for line in &failure.told {
                    println!("  {line}");
                }
                println!("  planned: {:?}", failure.plan);
                self.failed.push(seed);
                return;
            }
        };
        if verbose {
            println!("seed {seed}");
            for line in &outcome.told {
                println!("  {line}");
            }
        }
        self.seeds += 1;
        self.simulated_ms += outcome.simulated_ms;
        self.checks += outcome.checks;
        self.most_answered = self.most_answered.max(outcome.calls_answered);
        self.slowest_cut_ms = self.slowest_cut_ms.max(outcome.first_call_to_cut_ms);
        if self.worst.as_ref().is_none_or(|(_, worst)| worst.loss < outcome.loss) {
            self.worst = Some((seed, outcome));
        }
        if self.seeds.is_multiple_of(50) {
            println!("{} seeds told", self.seeds);
        }
    }

    fn print(&self, scenario: Scenario, took_s: f64) {
        let simulated_s = self.simulated_ms / 1_000;
        println!(
            "{} seeds, {simulated_s} simulated seconds in {took_s:.1} s ({:.0} a second), {} checks held",
            self.seeds,
            simulated_s as f64 / took_s.max(0.001),
            self.checks
        );
        if let Some((seed, worst)) = self.worst.as_ref().filter(|(_, worst)| worst.calls_tried > 0) {
            println!(
                "worst loss ${} (seed {seed}); at most {} calls answered; the slowest cut came {:.1} s after the first call",
                worst.loss,
                self.most_answered,
                self.slowest_cut_ms as f64 / 1_000.0
            );
        }
        if let Some(seed) = self.failed.iter().min() {
            println!("{} seeds failed: {:?}", self.failed.len(), self.failed);
            let scenario = scenario.name();
            println!("tell one alone: cargo run --release --package sim -- {scenario} --seed {seed} --verbose");
        }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
