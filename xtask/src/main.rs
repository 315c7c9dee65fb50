//! Developer commands: `cargo xtask test`, `tidy`, `setup`, `sim`, `books`, `crash`, `fuzz`, `bench`, `profile`.

mod bytes;
mod dependencies;
mod fuzz;
mod plans;
mod secrets;
mod setup;
mod tidy;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tollguard's developer commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing, then run every check and every test.
    Test,
    /// Check the house rules: lengths, purity, direction of dependencies, licences.
    Tidy,
    /// Install the real peers that the tests talk to (SIPp, baresip, an SMTP server, a browser).
    Setup,
    /// Draw the numbering plans from the metadata of rlibphonenumber, after an update of that crate.
    Plans,
    /// Look for inputs that break a promise, with a coverage-guided fuzzer.
    Fuzz {
        /// One target (digest, edge, record, sdp, sip) instead of each in turn.
        target: Option<String>,
        /// How long each target runs.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Instead: send so many mutated datagrams to the running binary while calls go on.
        #[arg(long, conflicts_with_all = ["target", "seconds"])]
        datagrams: Option<u64>,
    },
    /// Run a scenario in the simulator under many seeds, in a release build: all invariants under loss, duplication,
    /// reordering, clocks that err, and crashes.
    Sim {
        /// Which.
        #[arg(value_enum, default_value = "workday")]
        scenario: Scenario,
        /// How many seeds.
        #[arg(long, default_value_t = 10_000)]
        seeds: u64,
        /// The first seed.
        #[arg(long, default_value_t = 1)]
        from: u64,
    },
    /// Play random interleavings of calls, payments, price changes and crashes against a model's books, in a release
    /// build.
    Books {
        /// How many cases, of some sixty steps each.
        #[arg(long, default_value_t = 1_000_000)]
        cases: u64,
        /// The first case.
        #[arg(long, default_value_t = 0)]
        from: u64,
    },
    /// Kill the running binary with -9 at random instants under load: books whole, both peers hung up each time.
    Crash {
        /// How many times.
        #[arg(long, default_value_t = 200)]
        kills: u32,
    },
    /// Show where the processor time goes under the load of a bench (perf). Root, two processors.
    Profile {
        /// The load.
        what: Profile,
    },
    /// Measure, in a release build.
    Bench {
        /// What.
        what: Bench,
    },
}

/// What the simulator can tell from seeds.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Scenario {
    /// An honest day: calls, holds and transfers of every kind.
    Workday,
    /// The hijacked extension, from the guessed password to the locked-out attacker.
    Story,
    /// The same with a guard that only watches.
    Unnoticed,
}

impl Scenario {
    const fn name(self) -> &'static str {
        match self {
            Self::Workday => "workday",
            Self::Story => "story",
            Self::Unnoticed => "unnoticed",
        }
    }
}

/// What can be measured.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Bench {
    /// The guard: time of a screening among 10,000 lines, bytes for each line after a year.
    Screen,
    /// Call records: ten million in SQLite, a month's report, the last hundred; a price among 200,000 prefixes.
    Cdr,
    /// The portal over ten million call records that `bench cdr` kept (`CDR_KEEP=1`): its pages, asked over HTTP.
    Pages,
    /// What a call costs behind the worker: its journal records and its rows.
    Rows,
    /// The lock-out: from the last guess allowed to the ban, and guesses let through, beside Kamailio with fail2ban. Root.
    Lockout,
    /// A flood of hostile datagrams while calls go on, and what a banned one costs beside Kamailio with pike. Root.
    Flood,
    /// Whether existing users can be told from invented ones, by answer and by delay. Root.
    Timing,
    /// Processor time for a call, and the highest clean rate, beside Kamailio. Root, two processors.
    Calls,
    /// The highest rate of calls that one processor sustains, beside Kamailio, with agents that cost less than SIPp. Root,
    /// two processors.
    Ceiling,
    /// Processor time for a registration beside Kamailio. Root, two processors.
    Registers,
    /// How long a caller waits for the answer at half load, beside Kamailio. Root, two processors.
    Latency,
    /// Bytes for a registered line and for a held call, beside Kamailio. Root.
    Memory,
    /// Messages read a second.
    Parse,
    /// Processor time for a relayed packet of voice, beside rtpengine in user space. Root, two processors.
    Relay,
    /// How much more two workers carry than one, in one process.
    Scale,
    /// Processor time for a call of two workers beside one, on the wire at an equal rate. Root, two processors.
    Workers,
    /// The replay: events a second on one core, from the bytes of their rows to the bytes of the verdicts.
    Replay,
}

/// What can be profiled.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Profile {
    /// Calls with digest authentication.
    Calls,
    /// Registrations.
    Registers,
    /// Instructions for a call of one worker, in process (callgrind).
    Instructions,
    /// Bytes that each place of the code holds for a registration, a held call and a call that is over, in process
    /// (valgrind's DHAT).
    Bytes,
}

impl Bench {
    /// The crate, and its bench.
    const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Screen => ("guard", "screen"),
            Self::Cdr => ("store", "cdr"),
            Self::Rows => ("store", "rows"),
            Self::Pages => ("portal", "pages"),
            Self::Lockout => ("tollguard", "lockout"),
            Self::Flood => ("tollguard", "flood"),
            Self::Timing => ("tollguard", "timing"),
            Self::Calls => ("tollguard", "calls"),
            Self::Ceiling => ("tollguard", "ceiling"),
            Self::Registers => ("tollguard", "registers"),
            Self::Latency => ("tollguard", "latency"),
            Self::Memory => ("tollguard", "memory"),
            Self::Parse => ("sip", "parse"),
            Self::Relay => ("tollguard", "relay"),
            Self::Scale => ("node", "scale"),
            Self::Workers => ("tollguard", "workers"),
            Self::Replay => ("sim", "replay"),
        }
    }
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Test => verify::test(),
        Command::Tidy => tidy::run(&verify::root()),
        Command::Fuzz { datagrams: Some(count), .. } => fuzz::datagrams(count),
        Command::Fuzz { target, seconds, datagrams: None } => fuzz::run(target.as_deref(), seconds),
        Command::Setup => setup::install().and_then(|()| dependencies::install()),
        Command::Sim { scenario, seeds, from } => verify::sim(scenario.name(), from, seeds),
        Command::Books { cases, from } => verify::sim("books", from, cases),
        Command::Crash { kills } => verify::crash(kills),
        Command::Plans => plans::write(),
        Command::Profile { what: Profile::Calls } => verify::profile("calls"),
        Command::Profile { what: Profile::Registers } => verify::profile("registers"),
        Command::Profile { what: Profile::Instructions } => verify::instructions(),
        Command::Profile { what: Profile::Bytes } => bytes::profile(),
        Command::Bench { what } => {
            let (package, name) = what.place();
            verify::bench(package, name)
        }
    };
    if let Err(error) = done {
        eprintln!("{error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
