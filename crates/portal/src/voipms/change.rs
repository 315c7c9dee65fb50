//! `setSubAccount`: a line is changed as a whole, from what was read of it.
//!
//! Five things of a line are the owner's to change here: its name, the number it shows, whether it may call abroad, the
//! address of a trunk that is known by one, and its secret. All else is the same for every line: it may be sent back as it
//! was read, or left out or empty, and is refused with VOIP.MS's own word for it where it is something else.

use std::net::IpAddr;

use account::{Change, Line, LineKind, Secrets};
use billing::E164;
use sip::digest::Ha1Set;
use store::Reader;

use super::ask::{Ask, number};
use super::codes::{BY_PASSWORD, LOCKED, UNLOCKED};
use super::lines::{addresses, auth_type, sub_account};
use super::status::{Failure, Status};

/// The longest name of a line, characters.
const MAX_NAME_CHARS: usize = 80;
/// Addresses that one trunk may be known by.
const MAX_ADDRESSES: usize = 16;

/// Fields that must be sent, be they empty. (`id` and `lock_international` must have a value.)
const NEEDED: [&str; 7] =
    ["auth_type", "device_type", "international_route", "music_on_hold", "allowed_codecs", "dtmf_mode", "nat"];

/// Fields that are the same for every line, and what is said of another value.
const FIXED: [(&str, Status); 18] = [
    ("auth_type", Status("invalid_authtype")),
    ("device_type", Status("invalid_devicetype")),
    ("canada_routing", Status("invalid_canada_routing")),
    ("international_route", Status("invalid_internationalroute")),
    ("music_on_hold", Status("invalid_musiconhold")),
    ("language", Status("invalid_language")),
    ("allowed_codecs", Status("invalid_allowedcodecs")),
    ("dtmf_mode", Status("invalid_dtmfmode")),
    ("nat", Status("invalid_nat")),
    ("sip_traffic", Status("invalid_sip_traffic")),
    ("max_expiry", Status("invalid_max_expiry")),
    ("rtp_timeout", Status("invalid_rtp_timeout")),
    ("rtp_hold_timeout", Status("invalid_rtp_hold_timeout")),
    ("enable_ip_restriction", Status("invalid_enable_ip_restriction")),
    ("enable_pop_restriction", Status("invalid_enable_pop_restriction")),
    ("record_calls", Status("invalid_record_calls")),
    ("internal_voicemail", Status("invalid_internalvoicemail")),
    ("internal_dialtime", Status("invalid_internaldialtime")),
];

/// The line as it is to be.
pub(super) fn line(ask: &Ask, reader: &Reader) -> Result<Change, Failure> {
    let id = ask.needed("id")?;
    let lines = reader.lines(&ask.account.id)?;
    let row = lines.into_iter().find(|row| ask.number(&row.line).to_string() == id).ok_or(Status::INVALID_ID)?;
    let mut line = row.line;
    if NEEDED.iter().any(|field| ask.sent(field).is_none()) {
        return Err(Status::MISSING_PARAMS.into());
    }
    stays(ask, &line)?;
    line.international = match ask.get("lock_international") {
        "" => return Err(Status::MISSING_LOCKINTERNATIONAL.into()),
        UNLOCKED => true,
        LOCKED => false,
        _ => return Err(Status::INVALID_LOCKINTERNATIONAL.into()),
    };
    if let Some(name) = ask.sent("description") {
        line.name = description(name)?;
    }
    if let Some(shown) = ask.sent("callerid_number") {
        line.caller_id = caller_id(ask, reader, &line, shown)?;
    }
    if let Some(ip) = ask.sent("ip").filter(|ip| *ip != addresses(&line)) {
        line.addresses = new_addresses(&line, ip)?;
    }
    // Without digests: the account keeps those it has.
    line.secrets = secrets(ask, &line)?;
    Ok(Change::PutLine(line))
}

/// What cannot be changed here is not.
fn stays(ask: &Ask, line: &Line) -> Result<(), Status> {
    if ask.is_on("enable_ip_restriction") && ask.get("ip_restriction").is_empty() {
        return Err(Status::MISSING_IP_RESTRICTION);
    }
    let is = sub_account(ask, line);
    let other = |field: &str| {
        let sent = ask.get(field);
        !sent.is_empty() && is.get(field) != Some(sent)
    };
    FIXED.iter().find(|(field, _)| other(field)).map_or(Ok(()), |(_, status)| Err(*status))
}

fn description(name: &str) -> Result<String, Status> {
    let is_good = name.chars().count() <= MAX_NAME_CHARS && !name.chars().any(char::is_control);
    if is_good { Ok(name.to_owned()) } else { Err(Status::INVALID_DESCRIPTION) }
}

/// The number a line shows: one of the account's own, so that nobody calls as somebody else. Empty: the account's usual one.
fn caller_id(ask: &Ask, reader: &Reader, line: &Line, shown: &str) -> Result<Option<E164>, Failure> {
    if shown.is_empty() {
        return Ok(None);
    }
    let shown = number(shown).ok_or(Status::INVALID_CALLERID)?;
    let is_own = line.caller_id == Some(shown)
        || ask.account.settings.numbers.contains(&shown)
        || reader.dids(Some(&ask.account.id))?.iter().any(|row| row.did.number == shown);
    if is_own { Ok(Some(shown)) } else { Err(Status::INVALID_CALLERID.into()) }
}

fn new_addresses(line: &Line, ip: &str) -> Result<Vec<IpAddr>, Status> {
    if auth_type(line) == BY_PASSWORD {
        // What is left out stays.
        return if ip.is_empty() { Ok(line.addresses.clone()) } else { Err(Status::INVALID_IP_AUTH) };
    }
    let read = |ip: &str| ip.trim().parse::<IpAddr>().map(|ip| ip.to_canonical());
    let ips = ip.split(',').map(read).collect::<Result<Vec<_>, _>>().map_err(|_| Status::INVALID_IP)?;
    let is_usable = |ip: &IpAddr| !ip.is_unspecified() && !ip.is_multicast();
    let is_good = line.kind == LineKind::Trunk && ips.len() <= MAX_ADDRESSES && ips.iter().all(is_usable);
    if is_good { Ok(ips) } else { Err(Status::INVALID_IP) }
}

/// The digests of a new secret; none where the password is empty, which means that it stays.
fn secrets(ask: &Ask, line: &Line) -> Result<Option<Secrets>, Status> {
    // As it was sent: a space may be part of it.
    let password = ask.fields.get("password").map_or("", String::as_str);
    if password.is_empty() {
        return Ok(None);
    }
    let auth_name = line.auth_name.as_deref().ok_or(Status::INVALID_PASSWORD_AUTH)?;
    if password.len() > store::MAX_PASSWORD_BYTES || password.chars().any(char::is_control) {
        return Err(Status::INVALID_PASSWORD);
    }
    let facts = &ask.facts;
    let about =
        [auth_name, line.id.as_str(), ask.account.id.as_str(), &line.name, &ask.account.settings.name, &facts.realm];
    if (facts.programs.weakness)(password, &about).is_some() {
        return Err(Status::WEAK_PASSWORD);
    }
    let ha1 = Ha1Set::new(auth_name.as_bytes(), facts.realm.as_bytes(), password.as_bytes());
    let (ha1_md5, ha1_sha256) = ha1.parts();
    // The account counts the version on.
    Ok(Some(Secrets { ha1_md5, ha1_sha256, version: 0 }))
}
