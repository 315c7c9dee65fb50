//! Our own answer to a challenge, as a client of a carrier (RFC 3261 section 22.2, RFC 7616 section 3.4).

use serde::{Deserialize, Serialize};

use super::ha1::Signed;
use super::{Algorithm, Challenge, Ha1Set, params};

/// The name and secret a carrier gave us.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// The authentication name.
    pub username: &'a str,
    /// The secret itself: the realm is the carrier's to choose, so a stored HA1 would not do.
    pub secret: &'a str,
}

/// A challenge we answered, kept so that later requests can carry credentials from the start with the next count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientAuth {
    realm: Vec<u8>,
    nonce: Vec<u8>,
    opaque: Option<Vec<u8>>,
    algorithm: Algorithm,
    qop_auth: bool,
    count: u32,
}

impl ClientAuth {
    /// Takes a challenge up; no answer has been made yet.
    pub fn new(challenge: &Challenge<'_>) -> ClientAuth {
        ClientAuth {
            realm: challenge.realm.to_vec(),
            nonce: challenge.nonce.to_vec(),
            opaque: challenge.opaque.as_ref().map(|opaque| opaque.to_vec()),
            algorithm: challenge.algorithm,
            qop_auth: challenge.qop_auth,
            count: 0,
        }
    }

    /// The nonce this answers: if a challenge comes back with the same nonce and not stale, the secret is wrong and a
    /// second try is of no use (RFC 3261 section 22.2).
    pub fn nonce(&self) -> &[u8] {
        &self.nonce
    }

    /// The value of the next Authorization or Proxy-Authorization header, for a request of `method` to `uri` (its
    /// Request-URI). `cnonce` is random text; each call counts the nonce up by one.
    pub fn answer(&mut self, credentials: Credentials<'_>, method: &[u8], uri: &[u8], cnonce: &str) -> Vec<u8> {
        self.count = self.count.saturating_add(1);
        let nc = format!("{:08x}", self.count);
        let ha1 = Ha1Set::new(credentials.username.as_bytes(), &self.realm, credentials.secret.as_bytes());
        let auth = self.qop_auth.then_some((nc.as_bytes(), cnonce.as_bytes()));
        let response = Signed { method, uri, nonce: &self.nonce, auth }.response(self.algorithm, &ha1);
        let mut out = b"Digest ".to_vec();
        let quoted = [
            ("username", Some(credentials.username.as_bytes())),
            ("realm", Some(&self.realm[..])),
            ("nonce", Some(&self.nonce[..])),
            ("uri", Some(uri)),
            ("response", Some(response.as_bytes())),
            ("cnonce", auth.map(|(_, cnonce)| cnonce)),
            ("opaque", self.opaque.as_deref()),
        ];
        for (name, value) in quoted {
            if let Some(value) = value {
                params::push_quoted(&mut out, name, value);
                out.extend_from_slice(b", ");
            }
        }
        out.extend_from_slice(format!("algorithm={}", self.algorithm.as_str()).as_bytes());
        if self.qop_auth {
            out.extend_from_slice(format!(", qop=auth, nc={nc}").as_bytes());
        }
        out
    }
}
