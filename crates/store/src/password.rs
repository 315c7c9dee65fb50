//! Passwords of users: hashed with Argon2id (RFC 9106), verified in the same time whether or not the user exists.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

/// The shortest password, characters.
pub const MIN_PASSWORD_CHARS: usize = 10;
/// The longest password, bytes: hashing takes as long as the password wants.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// Memory, passes and lanes of one hash (RFC 9106 section 4, second recommended option: 64 MiB, 3, 4).
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;

/// What the password of a user who does not exist is compared with: made as all hashes are, of no password.
const NOBODY: &str =
    "$argon2id$v=19$m=65536,t=3,p=4$bm9ib2R5OiAxNiBieXRlcw$YSBoYXNoIHRoYXQgbm8gcGFzc3dvcmQgaGFzLCAzMmI";

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short.
    #[error("a password needs at least {MIN_PASSWORD_CHARS} characters")]
    TooShort,
    /// Too long.
    #[error("a password may have at most {MAX_PASSWORD_BYTES} bytes")]
    TooLong,
    /// No memory or no random bytes.
    #[error("the system has no memory or random bytes for a password's hash")]
    System,
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the numbers above are in Argon2's ranges");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The hash of a password as a PHC string, with a salt of its own.
///
/// # Errors
/// [`PasswordError`] where the password is not taken.
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Err(PasswordError::TooShort);
    }
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(PasswordError::TooLong);
    }
    let hash = argon2().hash_password(password.as_bytes()).map_err(|_| PasswordError::System)?;
    Ok(hash.to_string())
}

/// Whether this is the password of the stored hash. `None` (no such user) takes as long and is always false.
///
/// Takes tens of milliseconds and 64 MiB: keep it off an async runtime's threads and limit how many run at once.
#[must_use]
pub fn verify_password(stored: Option<&str>, password: &str) -> bool {
    // A user who has not chosen a password yet has an empty hash.
    let stored = stored.and_then(|stored| PasswordHash::new(stored).ok());
    let is_known = stored.is_some();
    let Some(hash) = stored.or_else(|| PasswordHash::new(NOBODY).ok()) else { return false };
    if password.len() > MAX_PASSWORD_BYTES {
        return false;
    }
    argon2().verify_password(password.as_bytes(), &hash).is_ok() && is_known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_itself_verifies() {
        let hash = hash_password("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=65536,t=3,p=4$"), "{hash}");
        assert!(verify_password(Some(&hash), "correct horse"));
        assert!(!verify_password(Some(&hash), "correct horsf"));
        assert!(!verify_password(Some("not a hash"), "correct horse"));
        assert_ne!(hash, hash_password("correct horse").unwrap());
    }

    #[test]
    fn nobody_has_a_password_and_is_asked_for_as_long_as_anybody() {
        assert!(!verify_password(None, "correct horse") && !verify_password(Some(NOBODY), "correct horse"));
        let hash = hash_password("correct horse").unwrap();
        let [nobody, somebody] = [NOBODY, &hash].map(|hash| PasswordHash::new(hash).unwrap());
        assert_eq!((nobody.algorithm, nobody.version), (somebody.algorithm, somebody.version));
        assert_eq!(nobody.params, somebody.params);
        let [nobody, somebody] = [nobody, somebody].map(|hash| (hash.salt.unwrap().len(), hash.hash.unwrap().len()));
        assert_eq!(nobody, somebody);
    }

    #[test]
    fn short_and_endless_passwords_are_not_taken() {
        assert_eq!(hash_password("äöü456789"), Err(PasswordError::TooShort));
        assert_eq!(hash_password(&"x".repeat(1025)), Err(PasswordError::TooLong));
    }
}
