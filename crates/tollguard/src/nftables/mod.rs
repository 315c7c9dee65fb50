//! Bans in the machine's packet filter: Debian's nftables, told through its JSON interface.

mod script;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

pub use script::{OutwardBan, Table};

/// The program.
const NFT: &str = "nft";

/// Why the packet filter does not do what it is told.
#[derive(Debug, thiserror::Error)]
pub enum NftError {
    /// The program cannot be run.
    #[error("nft cannot be run; on Debian it is in the package nftables")]
    NoProgram(#[source] std::io::Error),
    /// It refused.
    #[error("nft refused ({0}); it needs CAP_NET_ADMIN")]
    Refused(String),
}

/// A table and what is in it.
#[derive(Debug)]
pub struct Mirror {
    table: Table,
    /// Told in the log instead of done.
    dry_run: bool,
    /// The bans that are in the table; `None` where it is not in place.
    holds: Option<Vec<OutwardBan>>,
}

impl Mirror {
    /// A mirror that has done nothing yet.
    pub fn new(table: Table, dry_run: bool) -> Self {
        Self { table, dry_run, holds: None }
    }

    /// Makes the table hold these bans and no others. Where a change of it is refused, because somebody else has
    /// touched it, it is put in place anew.
    ///
    /// # Errors
    /// [`NftError`]; the table is put in place anew next time.
    pub fn show(&mut self, bans: Vec<OutwardBan>, now_ms: u64) -> Result<(), NftError> {
        let change = self.holds.take().map(|old| self.table.update(&old, &bans, now_ms));
        let changed = match change {
            Some(None) => true,
            Some(Some(change)) => self.tell(&change).is_ok(),
            None => false,
        };
        if !changed {
            self.tell(&self.table.replace(&bans, now_ms))?;
        }
        self.holds = Some(bans);
        Ok(())
    }

    /// Takes the table away.
    ///
    /// # Errors
    /// [`NftError`].
    pub fn clear(&mut self) -> Result<(), NftError> {
        self.holds = None;
        self.tell(&self.table.remove())
    }

    fn tell(&self, script: &Value) -> Result<(), NftError> {
        if self.dry_run {
            tracing::info!("nftables would be told: {script}");
            return Ok(());
        }
        run(script)
    }
}

fn run(script: &Value) -> Result<(), NftError> {
    let mut nft = Command::new(NFT)
        .args(["-j", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(NftError::NoProgram)?;
    if let Some(mut input) = nft.stdin.take() {
        // A program that ends without reading says why.
        let _ = input.write_all(script.to_string().as_bytes());
    }
    let output = nft.wait_with_output().map_err(NftError::NoProgram)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(NftError::Refused(said.lines().next().unwrap_or("it did not say why").trim().to_owned()))
}
