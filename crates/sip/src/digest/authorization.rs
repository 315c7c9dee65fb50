//! Credentials a client sent: Authorization and Proxy-Authorization (RFC 3261 sections 20.7 and 20.28).

use std::borrow::Cow;

use subtle::ConstantTimeEq;

use super::ha1::{MAX_HASH_BYTES, Signed};
use super::params::Parameter;
use super::{Algorithm, DigestError, Ha1Set, params};
use crate::hex::Short;
use crate::scan;

/// Digest credentials, borrowed from their message; quotes and escapes are taken out.
#[derive(Debug, Clone)]
pub struct Authorization<'a> {
    /// The authentication name.
    pub username: Cow<'a, [u8]>,
    /// The realm.
    pub realm: Cow<'a, [u8]>,
    /// The nonce.
    pub nonce: Cow<'a, [u8]>,
    /// The URI the response was computed over; a proxy on the way may have changed the request's.
    pub uri: Cow<'a, [u8]>,
    /// The algorithm; MD5 if none is named.
    pub algorithm: Algorithm,
    response: Cow<'a, [u8]>,
    /// What qop=auth adds; `None` for the form of RFC 2069.
    auth: Option<QopAuth<'a>>,
}

/// The parameters that come with qop=auth.
#[derive(Debug, Clone)]
struct QopAuth<'a> {
    /// The nonce count as written: its text goes into the hash.
    nc: Cow<'a, [u8]>,
    count: u32,
    cnonce: Cow<'a, [u8]>,
}

/// The parameters as they are met.
#[derive(Default)]
struct Raw<'a> {
    username: Option<Cow<'a, [u8]>>,
    realm: Option<Cow<'a, [u8]>>,
    nonce: Option<Cow<'a, [u8]>>,
    uri: Option<Cow<'a, [u8]>>,
    response: Option<Cow<'a, [u8]>>,
    algorithm: Option<Cow<'a, [u8]>>,
    qop: Option<Cow<'a, [u8]>>,
    nc: Option<Cow<'a, [u8]>>,
    cnonce: Option<Cow<'a, [u8]>>,
}

impl<'a> Raw<'a> {
    fn read(value: &'a [u8]) -> Result<Raw<'a>, DigestError> {
        let mut raw = Raw::default();
        params::read(value, |parameter, value| {
            let slot = match parameter {
                Parameter::Username => &mut raw.username,
                Parameter::Realm => &mut raw.realm,
                Parameter::Nonce => &mut raw.nonce,
                Parameter::Uri => &mut raw.uri,
                Parameter::Response => &mut raw.response,
                Parameter::Algorithm => &mut raw.algorithm,
                Parameter::Qop => &mut raw.qop,
                Parameter::Nc => &mut raw.nc,
                Parameter::Cnonce => &mut raw.cnonce,
                Parameter::Opaque | Parameter::Stale => return Ok(()),
            };
            params::once(slot, value)
        })?;
        Ok(raw)
    }
}

impl<'a> Authorization<'a> {
    /// Reads the value of an Authorization or Proxy-Authorization header.
    ///
    /// # Errors
    /// What makes the credentials unusable. None of it says anything about the secret: answer with a fresh challenge, or
    /// 400 if they are malformed.
    pub fn parse(value: &'a [u8]) -> Result<Authorization<'a>, DigestError> {
        let raw = Raw::read(value)?;
        let algorithm = match raw.algorithm {
            Some(name) => Algorithm::from_token(&name).ok_or(DigestError::Algorithm)?,
            None => Algorithm::Md5,
        };
        let auth = match raw.qop {
            Some(qop) if scan::eq_ignore_case(&qop, "auth") => {
                let nc = raw.nc.ok_or(DigestError::Missing("nc"))?;
                let [a, b, c, d] = crate::hex::decode::<4>(&nc).ok_or(DigestError::Malformed)?;
                let cnonce = raw.cnonce.ok_or(DigestError::Missing("cnonce"))?;
                Some(QopAuth { nc, count: u32::from_be_bytes([a, b, c, d]), cnonce })
            }
            Some(_) => return Err(DigestError::Qop),
            None => None,
        };
        Ok(Authorization {
            username: raw.username.ok_or(DigestError::Missing("username"))?,
            realm: raw.realm.ok_or(DigestError::Missing("realm"))?,
            nonce: raw.nonce.ok_or(DigestError::Missing("nonce"))?,
            uri: raw.uri.ok_or(DigestError::Missing("uri"))?,
            algorithm,
            response: raw.response.ok_or(DigestError::Missing("response"))?,
            auth,
        })
    }

    /// The same, kept apart from the message.
    pub fn into_owned(self) -> Authorization<'static> {
        let own = |part: Cow<'a, [u8]>| Cow::Owned(part.into_owned());
        let auth = |auth: QopAuth<'a>| QopAuth { nc: own(auth.nc), count: auth.count, cnonce: own(auth.cnonce) };
        Authorization {
            username: own(self.username),
            realm: own(self.realm),
            nonce: own(self.nonce),
            uri: own(self.uri),
            algorithm: self.algorithm,
            response: own(self.response),
            auth: self.auth.map(auth),
        }
    }

    /// The nonce count; `None` without qop.
    pub fn nonce_count(&self) -> Option<u32> {
        self.auth.as_ref().map(|auth| auth.count)
    }

    /// True if the response was made with the secret behind `ha1` for a request of this method. Says nothing about the
    /// nonce. The work and the time are the same whatever the answer.
    pub fn verify(&self, ha1: &Ha1Set, method: &[u8]) -> bool {
        let signed = self.signed(method);
        self.is_response(&signed.response(self.algorithm, ha1))
    }

    /// What the response is computed over, beside HA1, for a request of this method.
    pub(super) fn signed<'s>(&'s self, method: &'s [u8]) -> Signed<'s> {
        let auth = self.auth.as_ref().map(|auth| (auth.nc.as_ref(), auth.cnonce.as_ref()));
        Signed { method, uri: &self.uri, nonce: &self.nonce, auth }
    }

    /// Whether this response was given; in constant time.
    pub(super) fn is_response(&self, expected: &Short) -> bool {
        let given = params::Lower::<{ 2 * MAX_HASH_BYTES }>::of(&self.response);
        given.is_some_and(|given| expected.as_bytes().ct_eq(given.as_bytes()).into())
    }
}
