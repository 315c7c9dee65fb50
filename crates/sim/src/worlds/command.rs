//! The commands `sim world`, `sim guard` and `sim ablate`: worlds into files, through the guard, and kind by kind without.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use clap::ValueEnum;
use guard::EvidenceKind;

use super::pooled::{Pooled, print};
use super::score::{Score, score};
use super::trial::{Trial, TrialError};
use super::{Mix, TEST, TRAIN, VALIDATION, World};

/// One world into files.
#[derive(clap::Args, Debug)]
pub struct WorldArguments {
    /// The seed.
    #[arg(long)]
    seed: u64,
    /// What happens in it.
    #[arg(long, value_enum, default_value_t = Mix::Published)]
    mix: Mix,
    /// The folder; it is made where it is not there.
    #[arg(long)]
    out: PathBuf,
}

/// Worlds through the guard.
#[derive(clap::Args, Debug)]
pub struct GuardArguments {
    /// What happens in them.
    #[arg(long, value_enum, default_value_t = Mix::Published)]
    mix: Mix,
    /// Which seeds: train to look into, validation to compare, test for the figures in the documents.
    #[arg(long, value_enum, default_value_t = Split::Train)]
    split: Split,
    /// How many worlds.
    #[arg(long, default_value_t = 20)]
    worlds: u64,
    /// Folders with labelled worlds, instead of generated ones.
    #[arg(long, num_args = 1..)]
    files: Vec<PathBuf>,
    /// Also tell every loss above a dollar, every refusal and every false cut.
    #[arg(long)]
    details: bool,
}

/// Where the seeds are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Split {
    /// Seeds for looking at single cases.
    Train,
    /// Seeds for choosing.
    Validation,
    /// Seeds for the final figures.
    Test,
}

impl WorldArguments {
    /// Writes the world.
    ///
    /// # Errors
    /// What the file system says.
    pub fn run(&self) -> Result<(), TrialError> {
        Ok(World::new(self.seed, self.mix).write(&self.out)?)
    }
}

impl GuardArguments {
    /// Tries the worlds and prints the scores.
    ///
    /// # Errors
    /// [`TrialError`] for what cannot be read.
    pub fn run(&self) -> Result<(), TrialError> {
        print(&self.scores(None)?, self.details);
        Ok(())
    }

    /// The same without each kind of evidence in turn: what each is worth.
    ///
    /// # Errors
    /// [`TrialError`] for what cannot be read.
    pub fn ablate(&self) -> Result<(), TrialError> {
        println!(
            "| without | saved % | median loss $ | p90 loss $ | caught | refused abroad % | false cuts per 1,000 |"
        );
        println!("|---|---|---|---|---|---|---|");
        for without in std::iter::once(None).chain(EvidenceKind::ALL.map(Some)) {
            let all = Pooled::new(&self.scores(without)?);
            println!(
                "| {} | {:.3} | {:.2} | {:.2} | {} of {} | {:.4} | {:.1} |",
                without.map_or("nothing", EvidenceKind::name),
                all.saved,
                all.median,
                all.p90,
                all.caught,
                all.attacks,
                all.refused,
                all.false_cuts
            );
        }
        Ok(())
    }

    fn first_seed(&self) -> u64 {
        *match self.split {
            Split::Train => TRAIN,
            Split::Validation => VALIDATION,
            Split::Test => TEST,
        }
        .start()
    }

    fn trial(&self, at: usize) -> Result<Trial, TrialError> {
        match self.files.get(at) {
            Some(folder) => Trial::read(folder),
            None => {
                let seed = self.first_seed() + at as u64;
                Trial::of(seed.to_string(), &World::new(seed, self.mix))
            }
        }
    }

    /// The scores of all worlds, in order, on as many threads as there are cores.
    fn scores(&self, without: Option<EvidenceKind>) -> Result<Vec<Score>, TrialError> {
        let count = if self.files.is_empty() { self.worlds as usize } else { self.files.len() };
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(count);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= count {
                            return;
                        }
                        let scored =
                            self.trial(at).and_then(|trial| trial.run(without).map(|tried| score(&trial, &tried)));
                        done.lock().unwrap_or_else(PoisonError::into_inner).push((at, scored));
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(at, _)| *at);
        done.into_iter().map(|(_, scored)| scored).collect()
    }
}
