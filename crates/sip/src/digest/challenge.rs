//! Challenges: WWW-Authenticate and Proxy-Authenticate, written as a server and read as a client (RFC 3261 §20.44).

use std::borrow::Cow;

use super::params::Parameter;
use super::{Algorithm, DigestError, params};
use crate::scan;

/// The header values that challenge for `realm` with `nonce`: one for each algorithm, in the order given
/// (`Algorithm::ALL` has the strongest first; `[Algorithm::Md5]` alone suits phones that trip over the rest). `stale`
/// tells the client that its secret was right and only the nonce was too old.
pub fn challenge_values(realm: &str, nonce: &str, algorithms: &[Algorithm], stale: bool) -> Vec<Vec<u8>> {
    let nonce = nonce.as_bytes();
    algorithms.iter().map(|algorithm| Prepared::new(realm, *algorithm).parts(nonce, stale).concat()).collect()
}

/// What is the same in all challenges of one realm with one algorithm.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    before_nonce: Vec<u8>,
    behind_nonce: Vec<u8>,
}

impl Prepared {
    pub(super) fn new(realm: &str, algorithm: Algorithm) -> Prepared {
        let mut before_nonce = b"Digest ".to_vec();
        params::push_quoted(&mut before_nonce, "realm", realm.as_bytes());
        before_nonce.extend_from_slice(b", nonce=\"");
        let behind_nonce = format!("\", algorithm={}, qop=\"auth\"", algorithm.as_str()).into_bytes();
        Prepared { before_nonce, behind_nonce }
    }

    /// The parts of the value with this nonce, which needs no escapes.
    pub(super) fn parts<'a>(&'a self, nonce: &'a [u8], stale: bool) -> [&'a [u8]; 4] {
        let stale: &[u8] = if stale { b", stale=true" } else { b"" };
        [&self.before_nonce, nonce, &self.behind_nonce, stale]
    }
}

/// A challenge, borrowed from its message.
#[derive(Debug, Clone)]
pub struct Challenge<'a> {
    /// The realm the secret must be for.
    pub realm: Cow<'a, [u8]>,
    /// The nonce to answer with.
    pub nonce: Cow<'a, [u8]>,
    /// To be sent back as it came.
    pub opaque: Option<Cow<'a, [u8]>>,
    /// The algorithm; MD5 if none is named.
    pub algorithm: Algorithm,
    /// True if qop=auth is offered; if not, the answer takes the form of RFC 2069.
    pub qop_auth: bool,
    /// True if only the nonce was at fault, not the secret.
    pub stale: bool,
}

impl<'a> Challenge<'a> {
    /// Reads the value of a WWW-Authenticate or Proxy-Authenticate header.
    ///
    /// # Errors
    /// What makes the challenge one we cannot answer.
    pub fn parse(value: &'a [u8]) -> Result<Challenge<'a>, DigestError> {
        let (mut realm, mut nonce, mut opaque) = (None, None, None);
        let (mut algorithm, mut qop, mut stale) = (None, None, None);
        params::read(value, |parameter, value| {
            let slot = match parameter {
                Parameter::Realm => &mut realm,
                Parameter::Nonce => &mut nonce,
                Parameter::Opaque => &mut opaque,
                Parameter::Algorithm => &mut algorithm,
                Parameter::Qop => &mut qop,
                Parameter::Stale => &mut stale,
                _ => return Ok(()),
            };
            params::once(slot, value)
        })?;
        let algorithm = match algorithm {
            Some(name) => Algorithm::from_token(&name).ok_or(DigestError::Algorithm)?,
            None => Algorithm::Md5,
        };
        let offers_auth =
            |qop: &Cow<'_, [u8]>| qop.split(|&b| b == b',').any(|one| scan::eq_ignore_case(one.trim_ascii(), "auth"));
        let qop_auth = qop.as_ref().is_some_and(offers_auth);
        if qop.is_some() && !qop_auth {
            return Err(DigestError::Qop);
        }
        Ok(Challenge {
            realm: realm.ok_or(DigestError::Missing("realm"))?,
            nonce: nonce.ok_or(DigestError::Missing("nonce"))?,
            opaque,
            algorithm,
            qop_auth,
            stale: stale.is_some_and(|stale| scan::eq_ignore_case(&stale, "true")),
        })
    }

    /// Of several challenges the one to answer: the strongest algorithm we have, the first of equals. `None` if there is
    /// none we can answer.
    pub fn strongest(values: impl Iterator<Item = &'a [u8]>) -> Option<Challenge<'a>> {
        let usable = values.filter_map(|value| Challenge::parse(value).ok());
        usable.reduce(|best, next| if next.algorithm > best.algorithm { next } else { best })
    }
}
