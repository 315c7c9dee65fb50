//! What a carrier cannot be told.

use crate::Carrier;

/// The longest registration asked for, seconds.
pub const MAX_REGISTER_S: u32 = 86_400;
/// How often a new carrier is asked whether it is there, seconds.
pub const USUAL_OPTIONS_S: u32 = 60;
/// The shortest and longest time between two questions whether a carrier is there, seconds.
const OPTIONS_S: (u32, u32) = (10, 86_400);
/// The longest name, domain, prefix, user name and secret, bytes.
const MAX_TEXT_BYTES: usize = 253;
/// Other addresses that calls may arrive from.
const MAX_SOURCES: usize = 64;

/// Something about a carrier that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CarrierMistake {
    /// A name that is none.
    #[error("name: 1 to {MAX_TEXT_BYTES} bytes")]
    Name,
    /// A domain that is none.
    #[error("domain: `{0}` is not a host name")]
    Domain(String),
    /// Digits that cannot be dialled.
    #[error("prefix: `{0}` may hold digits, * and # only")]
    Prefix(String),
    /// Too often, or too seldom.
    #[error("options: {} to {} seconds, or 0 for not at all", OPTIONS_S.0, OPTIONS_S.1)]
    Options,
    /// Too long.
    #[error("register: at most {MAX_REGISTER_S} seconds")]
    Register,
    /// Credentials that cannot be sent.
    #[error("username, secret: 1 to {MAX_TEXT_BYTES} bytes")]
    Credentials,
    /// Too many.
    #[error("source: at most {MAX_SOURCES} addresses")]
    Sources,
}

impl Carrier {
    /// All that cannot be. A user name may be without its secret, which then stays what it is.
    #[must_use]
    pub fn mistakes(&self) -> Vec<CarrierMistake> {
        let mut mistakes = Vec::new();
        let mut check = |is_good: bool, mistake: fn(&Self) -> CarrierMistake| {
            if !is_good {
                mistakes.push(mistake(self));
            }
        };
        let is_text =
            |text: &str| (1..=MAX_TEXT_BYTES).contains(&text.len()) && !text.contains(|c: char| c.is_control());
        let is_host =
            |host: &str| is_text(host) && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
        check(is_text(&self.name), |_| CarrierMistake::Name);
        check(self.domain.as_deref().is_none_or(is_host), |carrier| {
            CarrierMistake::Domain(carrier.domain.clone().unwrap_or_default())
        });
        let is_prefix = self.prefix.len() <= MAX_TEXT_BYTES
            && self.prefix.bytes().all(|b| b.is_ascii_digit() || b"*#".contains(&b));
        check(is_prefix, |carrier| CarrierMistake::Prefix(carrier.prefix.clone()));
        let (shortest_s, longest_s) = OPTIONS_S;
        check(self.options_s == 0 || (shortest_s..=longest_s).contains(&self.options_s), |_| CarrierMistake::Options);
        check(self.sources.len() <= MAX_SOURCES, |_| CarrierMistake::Sources);
        if let Some(auth) = &self.auth {
            check(auth.register_s.is_none_or(|s| (1..=MAX_REGISTER_S).contains(&s)), |_| CarrierMistake::Register);
            let is_good = is_text(&auth.username) && (auth.secret.is_empty() || is_text(&auth.secret));
            check(is_good, |_| CarrierMistake::Credentials);
        }
        mistakes
    }
}
