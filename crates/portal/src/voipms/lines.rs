//! Lines as sub-accounts.

use account::{Line, LineKind};
use billing::{AccountId, LineId};
use sha2::{Digest, Sha256};
use store::Reader;

use super::Answer;
use super::ask::{Ask, digits};
use super::codes::{BY_ADDRESS, BY_PASSWORD, LOCKED, UNLOCKED, route_of};
use super::reply::{Reply, Row};
use super::status::Status;

/// Bits of a sub-account's number: programs that keep numbers as floats keep it whole.
const NUMBER_BITS: u32 = 48;

/// The number of a line as a sub-account: VOIP.MS's are numbers and ours are names, so it is drawn from the name.
pub(super) fn number(account: &AccountId, line: &LineId) -> u64 {
    let digest = Sha256::new().chain_update(account.as_str()).chain_update("/").chain_update(line.as_str()).finalize();
    digest.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte)) >> (u64::BITS - NUMBER_BITS)
}

/// `getSubAccounts`: all, or one.
pub(super) fn list(ask: &Ask, reader: &Reader) -> Answer {
    let mut lines = reader.lines(&ask.account.id)?;
    let wanted = ask.get("account");
    if !wanted.is_empty() {
        lines.retain(|row| ask.is_named(&row.line, wanted));
        if lines.is_empty() {
            return Err(Status::INVALID_ACCOUNT.into());
        }
    }
    let rows = lines.iter().map(|row| sub_account(ask, &row.line)).collect();
    Ok(Reply::list("accounts", rows, Status::NO_SUBACCOUNT)?)
}

/// How a line proves itself.
pub(super) fn auth_type(line: &Line) -> &'static str {
    if line.auth_name.is_some() { BY_PASSWORD } else { BY_ADDRESS }
}

/// The addresses that prove a trunk.
pub(super) fn addresses(line: &Line) -> String {
    line.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// One line. What Tollguard does the same way for every line is told as it is done; the secret is kept as a digest, so
/// that its field is empty.
pub(super) fn sub_account(ask: &Ask, line: &Line) -> Row {
    let text = str::to_owned;
    let is_number = !line.id.as_str().is_empty() && line.id.as_str().bytes().all(|byte| byte.is_ascii_digit());
    let programs = &ask.facts.programs;
    Row::new([
        ("id", ask.number(line).to_string()),
        ("account", ask.sub_account(&line.id)),
        ("username", line.id.to_string()),
        ("description", line.name.clone()),
        // SIP.
        ("protocol", text("1")),
        ("auth_type", text(auth_type(line))),
        ("password", String::new()),
        ("ip", addresses(line)),
        ("device_type", text(if line.kind == LineKind::Trunk { "1" } else { "2" })),
        ("callerid_number", line.caller_id.map(digits).unwrap_or_default()),
        ("canada_routing", text("1")),
        ("lock_international", text(if line.international { UNLOCKED } else { LOCKED })),
        ("international_route", text(route_of(ask))),
        ("music_on_hold", text("default")),
        ("language", text("en")),
        ("allowed_codecs", text("all")),
        ("dtmf_mode", text("auto")),
        ("nat", text("yes")),
        ("sip_traffic", text("0")),
        ("max_expiry", programs.max_expiry_s.to_string()),
        ("rtp_timeout", programs.silence_s.to_string()),
        // A held call is not silent, however long.
        ("rtp_hold_timeout", String::new()),
        ("ip_restriction", String::new()),
        ("enable_ip_restriction", text("0")),
        ("pop_restriction", String::new()),
        ("enable_pop_restriction", text("0")),
        ("send_bye", text("1")),
        ("record_calls", text("0")),
        ("internal_extension", if is_number { line.id.to_string() } else { String::new() }),
        ("internal_voicemail", String::new()),
        ("internal_dialtime", programs.ring_limit_s.to_string()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_always_the_same_and_never_anothers() {
        let of = |account: &str, line: &str| number(&account.parse().unwrap(), &line.parse().unwrap());
        assert_eq!(of("law-000", "hq"), of("law-000", "hq"));
        assert_ne!(of("law-000", "hq"), of("law-001", "hq"));
        assert!(of("law-000", "hq") < 1 << NUMBER_BITS);
    }
}
