//! Digest authentication (RFC 3261 section 22, RFC 7616, RFC 8760): MD5 and SHA-256, qop=auth and the older form without.
//!
//! As server: `Authenticator` makes the challenges and judges the answers. As client: `ClientAuth` answers a challenge.
//! Keys, time and random bytes come from outside.

mod authenticator;
mod authorization;
mod challenge;
mod client;
mod counts;
mod ha1;
mod nonce;
mod params;
#[cfg(test)]
mod tests;

pub use authenticator::{Authenticator, Judgement};
pub use authorization::Authorization;
pub use challenge::{Challenge, challenge_values};
pub use client::{ClientAuth, Credentials};
pub use counts::{MAX_NONCES, NonceCounts};
pub use ha1::{Algorithm, Ha1Set};
pub use nonce::{NonceCheck, NonceId, NonceMint};

/// Why credentials or a challenge cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Another scheme than Digest (RFC 4475 section 3.3.5): as good as no credentials.
    #[error("the authentication scheme is not Digest")]
    Scheme,
    /// An algorithm we do not have.
    #[error("the digest algorithm is not supported")]
    Algorithm,
    /// A quality of protection other than auth.
    #[error("the digest quality of protection is not supported")]
    Qop,
    /// A parameter that must be there is missing.
    #[error("the digest parameter {0} is missing")]
    Missing(&'static str),
    /// A parameter that may stand once stands twice.
    #[error("a digest parameter is repeated")]
    Repeated,
    /// Not a list of parameters, or more than `MAX_AUTH_PARAMS`.
    #[error("the digest parameters are malformed")]
    Malformed,
}
