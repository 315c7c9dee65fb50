//! One call: its fields, whose it is, when and from where; and what is read from many calls' fields alike.

use std::net::IpAddr;

use account::Line;
use billing::{AccountId, E164, LineId, Money};
use jiff::civil::Date;
use store::AccountRow;

use super::fields::Fields;
use super::status::Status;
use crate::programs::{ProgramState, Programs};
use std::sync::Arc;

/// What methods may know of the node.
pub(crate) struct Facts {
    /// Its name for people.
    pub(crate) name: String,
    /// Where phones register: host and port.
    pub(crate) sip_server: String,
    /// The SIP realm, which secrets are bound to.
    pub(crate) realm: String,
    /// Where addresses are.
    pub(crate) places: Arc<geo::Places>,
    pub(crate) programs: Arc<Programs>,
}

impl Facts {
    pub(crate) fn of(state: &ProgramState) -> Self {
        let settings = &state.portal.settings;
        Self {
            name: settings.node_name.clone(),
            sip_server: settings.sip_server.clone(),
            realm: settings.realm.clone(),
            places: Arc::clone(&state.portal.places),
            programs: Arc::clone(&state.programs),
        }
    }
}

/// A call.
pub(crate) struct Ask {
    pub(crate) fields: Fields,
    /// Whose it is.
    pub(crate) account: AccountRow,
    /// Where it comes from.
    pub(crate) ip: IpAddr,
    pub(crate) now_ms: u64,
    pub(crate) facts: Facts,
}

impl Ask {
    /// A field, if it was sent, be it empty.
    pub(crate) fn sent(&self, field: &str) -> Option<&str> {
        self.fields.get(field).map(|value| value.trim())
    }

    /// A field; empty where it was not sent.
    pub(crate) fn get(&self, field: &str) -> &str {
        self.sent(field).unwrap_or("")
    }

    /// A field that must not be empty.
    pub(crate) fn needed(&self, field: &str) -> Result<&str, Status> {
        Some(self.get(field)).filter(|value| !value.is_empty()).ok_or(Status::MISSING_PARAMS)
    }

    /// Whether a switch is on: `1`, or `True` as Python writes it.
    pub(crate) fn is_on(&self, field: &str) -> bool {
        let value = self.get(field);
        value == "1" || value.eq_ignore_ascii_case("true")
    }

    /// The days from `date_from` to `date_to`, both included.
    pub(crate) fn days(&self) -> Result<(Date, Date), Status> {
        let (from, to) = (self.needed("date_from")?, self.needed("date_to")?);
        let (from, to) = date(from).zip(date(to)).ok_or(Status::INVALID_DATE)?;
        if from <= to { Ok((from, to)) } else { Err(Status::INVALID_DATE_FROM) }
    }

    /// The name of a line as a sub-account: "law-000_hq".
    pub(crate) fn sub_account(&self, line: &LineId) -> String {
        sub_account(&self.account.id, line)
    }

    /// The line of a sub-account, which may be named in full, by its number or by its own part of the name.
    pub(crate) fn is_named(&self, line: &Line, name: &str) -> bool {
        line.id.as_str() == name || self.sub_account(&line.id) == name || self.number(line).to_string() == name
    }

    /// The number of a line as a sub-account.
    pub(crate) fn number(&self, line: &Line) -> u64 {
        super::lines::number(&self.account.id, &line.id)
    }
}

/// "law-000_hq".
fn sub_account(account: &AccountId, line: &LineId) -> String {
    format!("{account}_{line}")
}

/// A day as VOIP.MS writes it, with or without leading zeros.
fn date(text: &str) -> Option<Date> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// Money as VOIP.MS writes it: "0.45000000".
pub(crate) fn money(amount: Money) -> String {
    let sign = if amount.is_negative() { "-" } else { "" };
    let micros = amount.micros().unsigned_abs();
    format!("{sign}{}.{:06}00", micros / 1_000_000, micros % 1_000_000)
}

/// A length of time: "00:03:17".
pub(crate) fn clock_time(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A number as VOIP.MS writes it: ten digits in North America, with its country code elsewhere.
pub(crate) fn digits(number: E164) -> String {
    let digits = number.as_digits();
    let digits = digits.as_str();
    digits.strip_prefix('1').filter(|rest| rest.len() == 10).unwrap_or(digits).to_owned()
}

/// The number that digits stand for, written as above or with country code.
pub(crate) fn number(text: &str) -> Option<E164> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if digits.len() == 10 && !text.starts_with('+') {
        E164::from_digits(&format!("1{digits}"))
    } else {
        E164::from_digits(digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_times_and_numbers_are_written_as_elsewhere() {
        assert_eq!(money(Money::from_micros(450_000)), "0.45000000");
        assert_eq!(money(Money::from_micros(-1_800_001)), "-1.80000100");
        assert_eq!((clock_time(197), clock_time(360_000)), ("00:03:17".to_owned(), "100:00:00".to_owned()));
        for (e164, written) in [("+13035550100", "3035550100"), ("+355692012345", "355692012345")] {
            assert_eq!(digits(e164.parse().unwrap()), written);
            assert_eq!(number(written), e164.parse().ok());
        }
        assert_eq!(number("13035550100"), "+13035550100".parse().ok());
        assert_eq!((number(""), number("12a")), (None, None));
    }

    #[test]
    fn days_need_no_leading_zeros() {
        assert_eq!(date("2026-1-9"), Date::new(2026, 1, 9).ok());
        for bad in ["", "2026-02-30", "2026-1", "yesterday", "2026-1-1-1"] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }
}
