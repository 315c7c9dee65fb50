//! The node key: what journal and snapshots are sealed with (XChaCha20-Poly1305, draft-irtf-cfrg-xchacha-03), since they
//! hold digests of lines' secrets and the secrets for carriers.
//!
//! The key lies in `node.key` in the data directory, for its owner alone, or comes from outside as the systemd credential
//! `tollguard.key`. A line is a key: its number in eight hexadecimal digits, a space, and its 32 bytes in 64. The first
//! line seals; the others only open what was sealed before.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use chacha20poly1305::aead::{Aead, AeadInOut};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};

use crate::{Desk, Error, Home, Snapshots, Vault, journal};

const FILE: &str = "node.key";
const CREDENTIAL: &str = "tollguard.key";
/// Most keys in a file.
const MAX_KEYS: usize = 8;
const NUMBER_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
/// The random part of a nonce; the rest counts.
const PREFIX_BYTES: usize = 16;

/// Keys that seal and open.
pub struct Seal {
    keys: Vec<NodeKey>,
    /// Drawn anew by each process.
    prefix: [u8; PREFIX_BYTES],
    count: AtomicU64,
}

/// Keys stay out of logs.
impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal({} keys)", self.keys.len())
    }
}

struct NodeKey {
    number: [u8; NUMBER_BYTES],
    bytes: [u8; 32],
}

impl Seal {
    /// The key of a data directory; a new one where nothing was ever stored there.
    pub(crate) fn of(data_dir: &Path) -> Result<Self, Error> {
        let path = place(data_dir);
        let failed = |source| Error::Key { path: path.clone(), source };
        match fs::read_to_string(&path) {
            Ok(text) => Self::with(read(&text, &path).map_err(failed)?).map_err(failed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if holds_data(data_dir) {
                    return Err(Error::KeyMissing { path });
                }
                let keys = vec![NodeKey::new().map_err(failed)?];
                write(&path, &keys).map_err(failed)?;
                Self::with(keys).map_err(failed)
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn with(keys: Vec<NodeKey>) -> io::Result<Self> {
        let mut prefix = [0; PREFIX_BYTES];
        getrandom::fill(&mut prefix).map_err(io::Error::other)?;
        Ok(Self { keys, prefix, count: AtomicU64::new(0) })
    }

    /// What stands before a sealed text: the number of its key, and the nonce.
    pub(crate) const ROOM_BYTES: usize = NUMBER_BYTES + NONCE_BYTES;

    /// Seals with the first key: its number, the nonce, the text.
    pub(crate) fn seal(&self, plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(Self::ROOM_BYTES + plain.len() + TAG_BYTES);
        sealed.resize(Self::ROOM_BYTES, 0);
        sealed.extend_from_slice(plain);
        self.seal_behind(0, &mut sealed);
        sealed
    }

    /// Seals what stands behind a place and [`Seal::ROOM_BYTES`] of room there.
    pub(crate) fn seal_behind(&self, at: usize, text: &mut Vec<u8>) {
        let mut nonce = [0; NONCE_BYTES];
        let (prefix, count) = nonce.split_at_mut(PREFIX_BYTES);
        prefix.copy_from_slice(&self.prefix);
        count.copy_from_slice(&self.count.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        let key = self.keys.first().expect("a file without a key is refused when it is read");
        let (room, plain) = text[at..].split_at_mut(Self::ROOM_BYTES);
        room[..NUMBER_BYTES].copy_from_slice(&key.number);
        room[NUMBER_BYTES..].copy_from_slice(&nonce);
        let tag = key.cipher().encrypt_inout_detached(&XNonce::from(nonce), &[], plain.into());
        text.extend_from_slice(&tag.expect("a record is far shorter than 256 GB"));
    }

    /// Opens what was sealed with any of the keys. `name` is the file it stands in.
    pub(crate) fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let opened = || {
            let (number, rest) = sealed.split_first_chunk::<NUMBER_BYTES>()?;
            let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>()?;
            let key = self.keys.iter().find(|key| key.number == *number)?;
            key.cipher().decrypt(&XNonce::from(*nonce), text).ok()
        };
        opened().ok_or_else(|| Error::Sealed { name: name.to_owned() })
    }
}

impl NodeKey {
    fn new() -> io::Result<Self> {
        let mut key = Self { number: [0; NUMBER_BYTES], bytes: [0; 32] };
        getrandom::fill(&mut key.number).map_err(io::Error::other)?;
        getrandom::fill(&mut key.bytes).map_err(io::Error::other)?;
        Ok(key)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(self.bytes))
    }
}

/// Takes a new key into use for a data directory that no node uses: everything in it is sealed anew and the old key is
/// destroyed. After a crash on the way both keys are there, and it can be done again.
///
/// # Errors
/// [`Error::KeyFromOutside`]; errors of the disk and of the key file.
pub fn rotate(home: Home) -> Result<(), Error> {
    let data_dir = home.path().to_owned();
    let path = data_dir.join(FILE);
    if place(&data_dir) != path {
        return Err(Error::KeyFromOutside);
    }
    let failed = |source| Error::Key { path: path.clone(), source };
    let text = fs::read_to_string(&path).map_err(failed)?;
    let mut keys = read(&text, &path).map_err(failed)?;
    keys.truncate(MAX_KEYS - 1);
    keys.insert(0, NodeKey::new().map_err(failed)?);
    write(&path, &keys).map_err(failed)?;
    drop(home);
    let home = Home::open(&data_dir)?;
    journal::reseal(&mut home.journal_disk()?)?;
    Snapshots::new(home.snapshot_disk()?).reseal()?;
    if home.database().exists() {
        Vault::reseal(&Seal::of(&data_dir)?, &Desk::open(&home.database())?)?;
    }
    keys.truncate(1);
    write(&path, &keys).map_err(failed)
}

/// Where the key is: with systemd's credentials if one is there.
fn place(data_dir: &Path) -> PathBuf {
    let given = std::env::var_os("CREDENTIALS_DIRECTORY").map(|folder| Path::new(&folder).join(CREDENTIAL));
    given.filter(|path| path.exists()).unwrap_or_else(|| data_dir.join(FILE))
}

/// Whether anything was ever stored in a data directory.
fn holds_data(data_dir: &Path) -> bool {
    let any = |name: &str| fs::read_dir(data_dir.join(name)).is_ok_and(|mut files| files.next().is_some());
    any("journal") || any("snapshots")
}

fn read(text: &str, path: &Path) -> io::Result<Vec<NodeKey>> {
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 && path.file_name().is_some_and(|name| name == FILE) {
        return Err(io::Error::other(format!("others than its owner may read it: chmod 600 {}", path.display())));
    }
    let keys: Option<Vec<NodeKey>> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(key_of).collect();
    let keys = keys.filter(|keys| (1..=MAX_KEYS).contains(&keys.len()));
    keys.ok_or_else(|| io::Error::other("it is no list of keys"))
}

fn key_of(line: &str) -> Option<NodeKey> {
    let (number, bytes) = line.split_once(' ')?;
    Some(NodeKey { number: unhex(number)?, bytes: unhex(bytes)? })
}

/// Replaces the file as a whole, durably.
fn write(path: &Path, keys: &[NodeKey]) -> io::Result<()> {
    let lines = keys.iter().map(|key| format!("{} {}\n", hex(&key.number), hex(&key.bytes)));
    let new = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(lines.collect::<String>().as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Journal;
    use crate::contract::{Entry, entries};

    type Entries = Journal<crate::FileDisk, Entry>;

    fn all(home: &Home) -> Result<Vec<Entry>, Error> {
        let (journal, _) = Entries::open(home.journal_disk()?)?;
        journal.records_after(0).collect()
    }

    /// Whether any file of the data directory holds these bytes.
    fn holds(path: &Path, bytes: &[u8]) -> bool {
        ["journal", "snapshots"].iter().flat_map(|folder| fs::read_dir(path.join(folder)).unwrap()).any(|file| {
            let text = fs::read(file.unwrap().path()).unwrap();
            text.windows(bytes.len()).any(|window| window == bytes)
        })
    }

    #[test]
    fn what_is_stored_is_sealed_and_a_new_key_takes_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let home = Home::open(&path).unwrap();
        let (mut journal, _) = Entries::open_with(home.journal_disk().unwrap(), 256).unwrap();
        for lsn in 1..=30 {
            journal.append(&entries(lsn..=lsn)).unwrap();
            journal.sync().unwrap();
        }
        let secret = "the carrier's secret".to_owned();
        let mut snapshots = Snapshots::new(home.snapshot_disk().unwrap());
        snapshots.save(30, &secret).unwrap();
        assert!(!holds(&path, secret.as_bytes()));
        assert_eq!(fs::metadata(path.join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);

        let old = fs::read_to_string(path.join(FILE)).unwrap();
        let number = unhex::<NUMBER_BYTES>(&old[..8]).unwrap();
        assert!(holds(&path, &number));
        rotate(home).unwrap();
        let new = fs::read_to_string(path.join(FILE)).unwrap();
        assert!(new != old && new.lines().count() == 1 && !holds(&path, &number));
        let home = Home::open(&path).unwrap();
        assert_eq!(all(&home).unwrap(), entries(1..=30));
        let found: Option<(u64, String)> = Snapshots::new(home.snapshot_disk().unwrap()).load_latest().unwrap();
        assert_eq!(found, Some((30, secret)));
        drop(home);

        fs::write(path.join(FILE), old).unwrap();
        let home = Home::open(&path).unwrap();
        let error = all(&home).unwrap_err().to_string();
        assert!(error.contains("sealed with another node key"), "{error}");
        drop(home);
        fs::remove_file(path.join(FILE)).unwrap();
        let error = Home::open(&path).unwrap_err().to_string();
        assert!(error.contains("node.key is missing: without it nothing"), "{error}");
        fs::write(path.join(FILE), new).unwrap();
        fs::set_permissions(path.join(FILE), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Home::open(&path).unwrap_err(), Error::Key { .. }));
    }
}
