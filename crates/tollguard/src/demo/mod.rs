//! `tollguard demo`: a firm, its provider, a carrier, an attacker and a mail server on loopback addresses of their own,
//! and the story of the hijacked extension performed on them with real packets.
//!
//! ```text
//! cast      who is who            history  six weeks of ordinary traffic before the story
//! drive     stations on sockets   smtp     the mail server
//! story     the steps             tell     the words      report  the result as JSON
//! ```

mod cast;
mod drive;
mod history;
mod report;
mod smtp;
mod story;
mod tell;

use std::path::{Path, PathBuf};

use net::Clock;
use tempfile::TempDir;

use cast::Addresses;
use drive::Stage;
use smtp::MailServer;
use story::{Story, Theatre};
use tell::Teller;

/// The seed of everything random in the demonstration but the nodes' own secrets.
const SEED: u64 = 1;
/// The portals' ports, where they are free: provider and PBX.
const PORTALS: [u16; 2] = [8081, 8082];

/// How to run it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Do not wait at the end; succeed only if every step did what it says.
    pub headless: bool,
    /// Where to write the result as JSON.
    pub json: Option<PathBuf>,
    /// Where data and mails go, to be kept; a temporary directory otherwise.
    pub keep: Option<PathBuf>,
    /// A mail server to send to instead of the built-in one.
    pub smtp: Option<String>,
}

/// Why the demonstration cannot be run at all.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Files, addresses, threads.
    #[error("the demonstration cannot {what}")]
    System {
        /// What it cannot do.
        what: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A kept directory is not overwritten.
    #[error("{} holds the data of an earlier demonstration: name another directory or remove it", .0.display())]
    Kept(PathBuf),
    /// A configuration it wrote is not taken.
    #[error("the demonstration's configuration is not taken: {0}")]
    Config(String),
    /// The past cannot be written.
    #[error("the past of the two nodes cannot be written")]
    History(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A step failed; what was expected and what was seen has been told.
    #[error("a step did not do what it says; the data of both nodes is in {}", .0.display())]
    Failed(PathBuf),
    /// A node does not start or its tables cannot be read.
    #[error("a node cannot be run")]
    Node(#[source] Box<dyn std::error::Error + Send + Sync>),
}

fn system(what: &'static str) -> impl Fn(std::io::Error) -> DemoError {
    move |source| DemoError::System { what, source }
}

/// Where the nodes' data and the mails lie.
enum Place {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Place {
    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(directory) => directory.path(),
        }
    }

    fn choose(keep: Option<&Path>) -> Result<Self, DemoError> {
        let Some(path) = keep else {
            return TempDir::with_prefix("tollguard-demo-").map(Self::Temporary).map_err(system("make a directory"));
        };
        if path.join("provider").exists() {
            return Err(DemoError::Kept(path.to_owned()));
        }
        std::fs::create_dir_all(path).map_err(system("make the directory"))?;
        // Paths in the report must hold wherever they are read.
        path.canonicalize().map(Self::Kept).map_err(system("find the directory"))
    }

    /// Leaves everything where it is, and says where.
    fn keep(self) -> PathBuf {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(directory) => directory.keep(),
        }
    }
}

/// Runs it. Success means that every step did what it says.
///
/// # Errors
/// [`DemoError`] where the stage cannot be set, or a step did not do what it says.
pub fn run(options: &Options) -> Result<(), DemoError> {
    let place = Place::choose(options.keep.as_deref())?;
    let teller = Teller::new();
    story::introduce(teller);
    let mut story = set_stage(options, place.path(), teller)?;
    let whole = story.perform();
    let mut report = story.report();
    if let Some(json) = &options.json {
        if let (Some(mail), None) = (&report.mail, &options.keep) {
            report.mail = Some(save_beside(mail, json).map_err(system("save the mail beside its report"))?);
        }
        report.write(json).map_err(system("write the report"))?;
    }
    if whole {
        story.close(!options.headless);
    }
    drop(story);
    if whole { Ok(()) } else { Err(DemoError::Failed(place.keep())) }
}

/// Copies the mail to a file beside the report: `out.json` gets `out.eml`.
fn save_beside(mail: &Path, json: &Path) -> std::io::Result<PathBuf> {
    let copy = std::path::absolute(json.with_extension("eml"))?;
    std::fs::copy(mail, &copy)?;
    Ok(copy)
}

/// Mail server, past, nodes and stations.
fn set_stage(options: &Options, folder: &Path, teller: Teller) -> Result<Story, DemoError> {
    let addresses = Addresses::find().map_err(system("find free loopback addresses"))?;
    let mail = match options.smtp {
        Some(_) => None,
        None => Some(MailServer::start(&folder.join("mail")).map_err(system("start its mail server"))?),
    };
    let url = mail.as_ref().map(|mail| format!("smtp://{}", mail.address));
    let smtp = options.smtp.clone().or(url).unwrap_or_default();
    let portal = |port| cast::portal(port).map_err(system("find a port for a portal"));
    let portals = [portal(PORTALS[0])?, portal(PORTALS[1])?];
    let configs = cast::configs(&addresses, folder, portals, &smtp).map_err(DemoError::Config)?;
    let clock = Clock::start(0);
    let played = history::play(&configs, &addresses, clock.now_ms(), SEED)
        .map_err(|error| DemoError::History(Box::new(error)))?;
    story::tell_past(teller, played);
    let sides = [story::Node::start(&configs[0])?, story::Node::start(&configs[1])?];
    let stage = Stage::start(clock, cast::players(&addresses, SEED)).map_err(system("open the telephones' sockets"))?;
    Ok(Story::new(Theatre { stage, sides, addresses, mail }, teller))
}
