//! The portal's key: signs links, and seals small secrets that tables hold (second factors, keys of webhooks).
//!
//! It lies in the database, sealed with the node key, so that a copy of the database alone opens and signs nothing, and a
//! new node key leaves it as it is.

use std::path::Path;

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::{Desk, Error, Seal};

/// The name of the key in the database, which errors tell.
const NAME: &str = "the portal's key";
const NONCE_BYTES: usize = 24;
/// The bytes of a signature.
pub const SIGNATURE_BYTES: usize = 20;

/// The portal's key.
pub struct Vault {
    signing: [u8; 32],
    sealing: XChaCha20Poly1305,
}

/// Keys stay out of logs.
impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// The key of a data directory; made where there is none yet.
    ///
    /// # Errors
    /// Where the node key cannot be read or is another one; database errors.
    pub fn open(data_dir: &Path, desk: &Desk) -> Result<Self, Error> {
        let seal = Seal::of(data_dir)?;
        let new = random::<32>()?;
        let sealed = desk.key_or(&seal.seal(&new))?;
        let master = seal.open(NAME, &sealed)?;
        let sealing = XChaCha20Poly1305::new(&Key::from(derived(&master, b"seal")));
        Ok(Self { signing: derived(&master, b"sign"), sealing })
    }

    /// Seals the key anew with the node key that is first now.
    ///
    /// # Errors
    /// Where it cannot be opened; database errors.
    pub(crate) fn reseal(seal: &Seal, desk: &Desk) -> Result<(), Error> {
        let Some(sealed) = desk.key()? else { return Ok(()) };
        desk.put_key(&seal.seal(&seal.open(NAME, &sealed)?))
    }

    /// The signature of a text.
    #[must_use]
    pub fn sign(&self, text: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let whole = mac(&self.signing, text);
        let mut short = [0; SIGNATURE_BYTES];
        short.copy_from_slice(&whole[..SIGNATURE_BYTES]);
        short
    }

    /// Whether this is the signature of a text.
    #[must_use]
    pub fn is_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        bool::from(self.sign(text).ct_eq(signature))
    }

    /// Seals a secret.
    ///
    /// # Errors
    /// Where the system has no random bytes.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let nonce = random::<NONCE_BYTES>()?;
        let text = self.sealing.encrypt(&XNonce::from(nonce), plain).expect("a secret is far shorter than 256 GB");
        Ok([&nonce[..], &text].concat())
    }

    /// Opens what [`Vault::seal`] sealed.
    ///
    /// # Errors
    /// [`Error::Sealed`] where it was sealed with another key or changed since.
    pub fn open_sealed(&self, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let opened = || {
            let (nonce, text) = sealed.split_first_chunk::<NONCE_BYTES>()?;
            self.sealing.decrypt(&XNonce::from(*nonce), text).ok()
        };
        opened().ok_or_else(|| Error::Sealed { name: "a secret in the database".to_owned() })
    }
}

fn derived(master: &[u8], purpose: &[u8]) -> [u8; 32] {
    mac(master, &[b"tollguard portal ", purpose].concat())
}

fn mac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandom)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stays_and_a_new_node_key_opens_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let home = crate::Home::open(&path).unwrap();
        let desk = Desk::open(&home.database()).unwrap();
        let vault = Vault::open(&path, &desk).unwrap();
        let (signature, sealed) = (vault.sign(b"text"), vault.seal(b"a secret").unwrap());
        assert!(vault.is_signed(b"text", &signature) && !vault.is_signed(b"Text", &signature));
        assert!(!vault.is_signed(b"text", &signature[1..]), "all of it");
        drop(desk);
        crate::rotate(home).unwrap();
        let desk = Desk::open(&crate::Home::database_in(&path)).unwrap();
        let vault = Vault::open(&path, &desk).unwrap();
        assert!(vault.is_signed(b"text", &signature));
        assert_eq!(vault.open_sealed(&sealed).unwrap(), b"a secret");
        assert!(matches!(vault.open_sealed(&sealed[1..]), Err(Error::Sealed { .. })));
        let other = tempfile::tempdir().unwrap();
        let desk = Desk::open(&other.path().join("tollguard.db")).unwrap();
        let other = Vault::open(other.path(), &desk).unwrap();
        assert!(!other.is_signed(b"text", &signature) && other.open_sealed(&sealed).is_err());
    }
}
