//! What is new at every start: the count of starts, and the seed of everything unguessable.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Counts this start in the data directory, durably, and returns the count (1 for the first start).
///
/// Identifiers made before a crash are recognised by it, so it must never be handed out twice.
///
/// # Errors
/// Where the count cannot be read or written.
pub fn count_start(data_dir: &Path) -> io::Result<u32> {
    let path = data_dir.join("starts");
    let before = match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse::<u32>().map_err(|_| {
            let text = format!("{} does not hold a number: restore it from a backup", path.display());
            io::Error::new(io::ErrorKind::InvalidData, text)
        })?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    let count = before.saturating_add(1);
    let new = data_dir.join("starts.tmp");
    let mut file = File::create(&new)?;
    writeln!(file, "{count}")?;
    file.sync_all()?;
    fs::rename(&new, &path)?;
    File::open(data_dir)?.sync_all()?;
    Ok(count)
}

/// 32 bytes nobody can guess.
///
/// # Errors
/// Where the system has no randomness to give.
pub fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_counted() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!((1..=3).map(|_| count_start(directory.path()).unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
        fs::write(directory.path().join("starts"), "many").unwrap();
        assert!(count_start(directory.path()).unwrap_err().to_string().contains("does not hold a number"));
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(seed().unwrap(), seed().unwrap());
    }
}
