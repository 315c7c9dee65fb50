//! Links in mails that do one thing once: what a link does stands in it, signed, with the time until which it does it.

use billing::{AccountId, IncidentId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::vault::SIGNATURE_BYTES;
use crate::{User, Vault};

/// How long a link in a warning works, milliseconds: as long as somebody may be away.
pub const WARNING_LINK_MS: u64 = 7 * 86_400_000;
/// How long an invitation works, milliseconds.
pub const INVITATION_MS: u64 = 7 * 86_400_000;
/// How long a link for a new password works, milliseconds.
pub const RESET_MS: u64 = 60 * 60_000;
/// The longest link that is looked at, bytes.
const MAX_TOKEN_BYTES: usize = 1024;

/// What a link does. Nothing of it opens anything to whoever holds the link: it stops calls, shuts a line, or lets a user
/// whose address the mail went to choose a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// Says that an incident's calls were not the owner's: international calling is off while it is open.
    NotUs {
        /// The account.
        account: AccountId,
        /// The incident.
        incident: IncidentId,
    },
    /// Makes the secret of an incident's line worth nothing: registrations go, calls are hung up.
    ShutOut {
        /// The account.
        account: AccountId,
        /// The incident.
        incident: IncidentId,
    },
    /// Lets a user choose a password.
    Password {
        /// The user.
        login: String,
        /// Of the password that is replaced: with another one the link is void.
        stamp: [u8; 8],
        /// Whether it is the first one.
        is_first: bool,
    },
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What it does.
    pub deed: Deed,
    /// Until when, milliseconds since the Unix epoch.
    pub expires_ms: u64,
}

impl Link {
    /// A link that lets a user choose a password, the first or another one.
    #[must_use]
    pub fn password(user: &User, created_ms: u64) -> Self {
        let is_first = user.password_hash.is_empty();
        let length_ms = if is_first { INVITATION_MS } else { RESET_MS };
        let deed = Deed::Password { login: user.login.clone(), stamp: Self::stamp(user), is_first };
        Self { deed, expires_ms: created_ms.saturating_add(length_ms) }
    }

    /// What tells a user's present password from any other.
    #[must_use]
    pub fn stamp(user: &User) -> [u8; 8] {
        let digest = Sha256::digest(format!("{} {}", user.created_ms, user.password_hash).as_bytes());
        let mut stamp = [0; 8];
        stamp.copy_from_slice(&digest[..8]);
        stamp
    }

    /// As it stands in an address: hexadecimal digits.
    #[must_use]
    pub fn token(&self, vault: &Vault) -> String {
        let text = postcard::to_stdvec(self).expect("ids and numbers can always be written down");
        let bytes = [&text[..], &vault.sign(&text)].concat();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads one that we signed, whether or not it has expired.
    #[must_use]
    pub fn read(token: &str, vault: &Vault) -> Option<Self> {
        if token.len() > MAX_TOKEN_BYTES || !token.len().is_multiple_of(2) {
            return None;
        }
        let digits = token.as_bytes().chunks(2);
        let bytes = digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        let bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
        let (text, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE_BYTES)?)?;
        vault.is_signed(text, signature).then(|| postcard::from_bytes(text).ok())?
    }

    /// What is kept of a used one.
    #[must_use]
    pub fn mark(token: &str) -> [u8; 32] {
        Sha256::digest(token.to_ascii_lowercase().as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Desk;

    #[test]
    fn only_what_we_signed_is_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let desk = Desk::open(&directory.path().join("tollguard.db")).unwrap();
        let vault = Vault::open(directory.path(), &desk).unwrap();
        let account = AccountId::new("law-000").unwrap();
        let link = Link { deed: Deed::NotUs { account, incident: IncidentId(9) }, expires_ms: 7 };
        let token = link.token(&vault);
        assert_eq!(link.token(&vault), token, "the same mail, sent again, has the same link");
        assert_eq!(Link::read(&token, &vault), Some(link));
        for at in 0..token.len() {
            let mut other = token.clone().into_bytes();
            other[at] = if other[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(Link::read(std::str::from_utf8(&other).unwrap(), &vault), None, "{at}");
        }
        for bad in ["", "0", "zz", &token[2..], &format!("{token}00"), &"00".repeat(600)] {
            assert_eq!(Link::read(bad, &vault), None, "{bad}");
        }
        assert_eq!(Link::mark(&token), Link::mark(&token.to_uppercase()));
    }
}
