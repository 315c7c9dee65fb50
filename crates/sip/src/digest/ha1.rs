//! The hashes: algorithms, a line's stored HA1 values, and the response they make (RFC 7616 section 3.4).

use std::fmt;

use md5::Md5;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::hex::Short;

/// The longest hash, bytes.
pub(super) const MAX_HASH_BYTES: usize = 32;

/// A digest algorithm, the weaker first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// MD5 (RFC 2617): all that old phones know.
    Md5,
    /// SHA-256 (RFC 8760).
    Sha256,
}

impl Algorithm {
    /// All we have, the preferred first, as challenges stand in a response (RFC 8760 section 2.3).
    pub const ALL: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Md5];

    /// The name in a challenge.
    pub const fn as_str(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    /// The algorithm of that name, in any case; `None` for one we do not have.
    pub fn from_token(token: &[u8]) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|known| crate::scan::eq_ignore_case(token, known.as_str()))
    }

    /// The hash, in hexadecimal, of `parts` joined by colons.
    pub(super) fn hash(self, parts: &[&[u8]]) -> Short {
        match self {
            Algorithm::Md5 => Short::of(&joined::<Md5>(parts)),
            Algorithm::Sha256 => Short::of(&joined::<Sha256>(parts)),
        }
    }
}

/// As long as joined parts usually are at most, bytes.
const USUAL_BYTES: usize = 256;

/// The hash of parts joined by colons. They are put together first: a hash takes one piece in fewer steps than many.
fn joined<D: Digest>(parts: &[&[u8]]) -> sha2::digest::Output<D> {
    let (mut hash, mut text, mut len) = (D::new(), [0; USUAL_BYTES], 0);
    for (i, part) in parts.iter().enumerate() {
        for piece in [if i > 0 { b":" } else { &b""[..] }, part] {
            if len + piece.len() > USUAL_BYTES {
                hash.update(&text[..len]);
                len = 0;
            }
            match text.get_mut(len..len + piece.len()) {
                Some(room) => {
                    room.copy_from_slice(piece);
                    len += piece.len();
                }
                // Longer than all of it.
                None => hash.update(piece),
            }
        }
    }
    hash.update(&text[..len]);
    hash.finalize()
}

/// What is stored of a line's secret: HA1 under each algorithm. Whoever has it can authenticate as the line in its realm,
/// so it is never shown.
#[derive(Clone, Serialize, Deserialize)]
pub struct Ha1Set {
    md5: [u8; 16],
    sha256: [u8; 32],
}

impl Ha1Set {
    /// From authentication name, realm and secret (RFC 7616 section 3.4.2).
    pub fn new(auth_name: &[u8], realm: &[u8], secret: &[u8]) -> Ha1Set {
        let parts = [auth_name, realm, secret];
        Ha1Set { md5: joined::<Md5>(&parts).into(), sha256: joined::<Sha256>(&parts).into() }
    }

    /// From what was stored: HA1 under MD5 and under SHA-256.
    pub const fn from_parts(md5: [u8; 16], sha256: [u8; 32]) -> Ha1Set {
        Ha1Set { md5, sha256 }
    }

    /// What to store: HA1 under MD5 and under SHA-256.
    pub const fn parts(&self) -> ([u8; 16], [u8; 32]) {
        (self.md5, self.sha256)
    }

    /// HA1 in hexadecimal, as it goes into the response.
    pub(super) fn hex(&self, algorithm: Algorithm) -> Short {
        match algorithm {
            Algorithm::Md5 => Short::of(&self.md5),
            Algorithm::Sha256 => Short::of(&self.sha256),
        }
    }
}

/// In constant time: these are secrets.
impl PartialEq for Ha1Set {
    fn eq(&self, other: &Ha1Set) -> bool {
        (self.md5.ct_eq(&other.md5) & self.sha256.ct_eq(&other.sha256)).into()
    }
}

impl Eq for Ha1Set {}

impl fmt::Debug for Ha1Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ha1Set(secret)")
    }
}

/// What a response is computed over, beside HA1.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) method: &'a [u8],
    pub(super) uri: &'a [u8],
    pub(super) nonce: &'a [u8],
    /// Nonce count as written and cnonce, with qop=auth; `None` for the form of RFC 2069.
    pub(super) auth: Option<(&'a [u8], &'a [u8])>,
}

impl Signed<'_> {
    /// The response in hexadecimal (RFC 7616 section 3.4.1).
    pub(super) fn response(&self, algorithm: Algorithm, ha1: &Ha1Set) -> Short {
        self.response_with(algorithm, ha1, &self.ha2(algorithm))
    }

    /// The part of it that says what is asked and where, in hexadecimal (RFC 7616 section 3.4.3).
    pub(super) fn ha2(&self, algorithm: Algorithm) -> Short {
        algorithm.hash(&[self.method, self.uri])
    }

    /// The response, where that part is known.
    pub(super) fn response_with(&self, algorithm: Algorithm, ha1: &Ha1Set, ha2: &Short) -> Short {
        let ha1 = ha1.hex(algorithm);
        match self.auth {
            Some((nc, cnonce)) => algorithm.hash(&[ha1.as_bytes(), self.nonce, nc, cnonce, b"auth", ha2.as_bytes()]),
            None => algorithm.hash(&[ha1.as_bytes(), self.nonce, ha2.as_bytes()]),
        }
    }
}
