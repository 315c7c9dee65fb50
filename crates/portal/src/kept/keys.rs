//! API keys: what programs prove themselves with. The text of a key is shown once; what is kept is its hash.

use billing::AccountId;
use store::{ApiKey, Desk, KeyScope};

use super::{Hand, KeptError, changed, is_text};
use crate::random;

/// What every key begins with, so that one that lies about is recognised.
pub(crate) const MARK: &str = "tg_";
/// Characters of a key's id beside its first.
const ID_CHARS: usize = 12;
/// Characters of a key's secret: 160 bits.
const SECRET_CHARS: usize = 32;

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What it is for, in its maker's words.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<KeyScope>,
    /// The account it reaches; the whole node where `None`.
    pub account: Option<AccountId>,
    /// When it ends, milliseconds since the Unix epoch; never where `None`.
    pub expires_ms: Option<u64>,
}

/// Makes a key; the key, and its text, which nobody can find out later.
///
/// # Errors
/// [`KeptError`]: a name or scopes that make no sense, as many keys as may be; database errors.
pub fn make_key(desk: &Desk, hand: &Hand, mut new: NewKey) -> Result<(ApiKey, String), KeptError> {
    new.scopes.sort_unstable();
    new.scopes.dedup();
    if new.name.trim().is_empty() || !is_text(&new.name) {
        return Err(KeptError::Name);
    }
    if new.scopes.is_empty() {
        return Err(KeptError::NoScope);
    }
    if new.account.is_some() && new.scopes.contains(&KeyScope::Money) {
        return Err(KeptError::MoneyOfAccount);
    }
    if new.expires_ms.is_some_and(|at_ms| at_ms <= hand.at_ms) {
        return Err(KeptError::Ended);
    }
    let id = format!("k{}", random::signs(ID_CHARS));
    let text = format!("{MARK}{id}_{}", random::signs(SECRET_CHARS));
    let key = ApiKey {
        id,
        account: new.account,
        name: new.name,
        scopes: new.scopes,
        created_by: hand.by.clone(),
        created_ms: hand.at_ms,
        expires_ms: new.expires_ms,
        last_used_ms: None,
    };
    if !desk.add_api_key(&key, &ApiKey::hash(&text))? {
        return Err(KeptError::ManyKeys);
    }
    let done = format!("API key {} ({}) is made.", key.id, key.name);
    hand.note(desk, key.account.as_ref(), &done, changed(format!("API key {}", key.id), "", key.scopes_in_words()))?;
    Ok((key, text))
}

/// Takes a key away: it is void at once. What was done, in a sentence.
///
/// # Errors
/// Database errors.
pub fn revoke_key(desk: &Desk, hand: &Hand, key: &ApiKey) -> Result<String, KeptError> {
    desk.remove_api_key(&key.id)?;
    let done = format!("API key {} ({}) is revoked.", key.id, key.name);
    hand.note(desk, key.account.as_ref(), &done, changed(format!("API key {}", key.id), key.scopes_in_words(), ""))?;
    Ok(done)
}
