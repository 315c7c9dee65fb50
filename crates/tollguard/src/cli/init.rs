//! `tollguard init`: a commented configuration, a data directory with prices, and a first administrator.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use account::Actor;
use billing::{Deck, DeckId};
use clap::Args;
use node::{Command, NodeChange};
use store::{Role, User, hash_password};

use super::error::refused;
use super::output::now_ms;
use super::password::PasswordArgs;
use super::{CONFIG, CliError};
use crate::config::Config;
use crate::config::template::{self, Answers};
use crate::control::Offline;

/// The deck that every new node has.
pub const STARTER_DECK: &str = "standard";

/// The data directory, below the folder that is set up.
const DATA: &str = "data";

/// Write a commented configuration, create the data directory and a first administrator.
#[derive(Debug, Args)]
#[command(long_about = "\
Write a commented configuration, create the data directory with a starter deck of prices, and add a first administrator \
for the portal. Nothing is overwritten.

Examples:
  tollguard init --dir /etc/tollguard --listen 192.0.2.10:5060 --realm voice.example.net
  tollguard init --dir pbx --listen 0.0.0.0:5060 --advertised 203.0.113.7 --generate")]
pub struct Init {
    /// The folder to set up.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The node's name in portal and mails [default: the realm].
    #[arg(long)]
    name: Option<String>,
    /// Address for SIP; may be given several times.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:5060")]
    listen: Vec<SocketAddr>,
    /// The address phones reach, where --listen is 0.0.0.0 or [::].
    #[arg(long, value_name = "IP")]
    advertised: Option<IpAddr>,
    /// The service's name; every secret is bound to it.
    #[arg(long, default_value = "tollguard")]
    realm: String,
    /// Address of the portal.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8080")]
    portal: SocketAddr,
    /// Login name of the administrator.
    #[arg(long, default_value = "admin", value_name = "LOGIN")]
    admin: String,
    #[command(flatten)]
    password: PasswordArgs,
}

impl Init {
    /// Sets a folder up.
    pub fn run(&self) -> Result<(), CliError> {
        let path = self.dir.join(CONFIG);
        if path.exists() {
            return refused(format!("{} is there already; nothing was changed", path.display()));
        }
        let data = self.dir.join(DATA);
        if data.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
            return refused(format!("{} holds data already; nothing was changed", data.display()));
        }
        let answers = Answers {
            name: self.name.clone().unwrap_or_else(|| self.realm.clone()),
            data_dir: DATA.into(),
            listen: self.listen.clone(),
            advertised: self.advertised,
            realm: self.realm.clone(),
            portal: self.portal,
        };
        let text = template::write(&answers);
        let config = Config::parse(&text, &self.dir).map_err(|mistakes| {
            let mistakes: Vec<String> = mistakes.iter().map(|m| format!("{}: {}", m.option, m.text)).collect();
            CliError::Refused(mistakes.join("\n"))
        })?;
        let password = self.password.choose(&self.admin)?;
        let hash = hash_password(&password.text)?;
        std::fs::create_dir_all(&self.dir).map_err(|source| CliError::File {
            what: "create",
            path: self.dir.clone(),
            source,
        })?;
        let mut store = Offline::open(&config)?;
        let id: DeckId = STARTER_DECK.parse()?;
        let change = NodeChange::put_deck(id, Deck::starter());
        store.ask(Command::Node { by: Actor::CommandLine, change })?.map_err(crate::control::AskError::from)?;
        store.desk().add_user(&User {
            login: self.admin.clone(),
            name: "Administrator".into(),
            email: String::new(),
            role: Role::Admin,
            account: None,
            password_hash: hash,
            created_ms: now_ms(),
        })?;
        // Last, so that a configuration means that all of it is there.
        write_new(&path, &text)?;
        println!("Wrote {} and {}.", path.display(), config.data_dir.display());
        println!("Deck `{STARTER_DECK}` has made-up prices: import yours with `tollguard deck import`.");
        println!("Administrator `{}` may log in to the portal at http://{}.", self.admin, self.portal);
        password.show();
        println!("Next: tollguard serve --config {}", path.display());
        Ok(())
    }
}

/// Writes a file that must not be there; only its owner may read it, for it may come to hold the mail's password.
fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|source| CliError::File {
        what: "write",
        path: path.to_owned(),
        source,
    })
}
