//! What an account can be told about guesses at its lines.

use std::fmt::Display;
use std::str::FromStr;

use clap::Args;
use lockout::OwnSettings;
use node::address_or_prefix;
use serde::Deserialize;

use super::Wrong;
use crate::cli::span::Span;

/// The word that switches a limit off.
const NONE: &str = "none";

/// What an account can be told about guesses at its lines, beside the lock-out of the whole node; what is left out stays as
/// it is. In a file for `tollguard apply` these stand in a table of their own, `[account.NAME.lockout]`.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LockoutOptions {
    /// Failed log-ins at its lines from an address new to them that shut the address out of them, or "none" for the node's
    /// alone [default: none].
    #[arg(id = "lockout_failures", long = "lockout-failures", value_name = "COUNT")]
    failures: Option<String>,
    /// Within this time, or "none" for the node's window [default: none].
    #[arg(id = "lockout_window", long = "lockout-window", value_name = "LENGTH")]
    window: Option<String>,
    /// Failed log-ins a day at one of its lines from addresses new to it, or "none" for the node's alone [default: none].
    #[arg(id = "lockout_line_day", long = "lockout-line-day", value_name = "COUNT")]
    line_day: Option<String>,
    /// Where its lines are known from the beginning, again for each address or range; "none" for nowhere [default: none].
    #[arg(id = "lockout_allow", long = "lockout-allow", value_name = "RANGE")]
    allow: Option<Vec<String>>,
}

impl LockoutOptions {
    /// Puts what is given in place of what is there.
    pub fn change(&self, own: &mut OwnSettings, wrong: &mut Wrong) {
        put(&mut own.failures, "failures", self.failures.as_deref(), wrong);
        let mut window = own.window_s.map(|s| Span { s });
        put(&mut window, "window", self.window.as_deref(), wrong);
        own.window_s = window.map(|window| window.s);
        put(&mut own.line_day, "failures a day at a line", self.line_day.as_deref(), wrong);
        if let Some(texts) = self.allow.as_ref() {
            own.allow_list = texts.iter().filter(|text| *text != NONE).filter_map(|text| range(text, wrong)).collect();
        }
        own.mistakes().iter().for_each(|mistake| wrong.add(mistake.to_string()));
    }
}

fn put<T: FromStr>(limit: &mut Option<T>, option: &str, text: Option<&str>, wrong: &mut Wrong)
where
    T::Err: Display,
{
    match text {
        None => {}
        Some(NONE) => *limit = None,
        Some(text) => *limit = wrong.read(option, text).or(limit.take()),
    }
}

fn range(text: &str, wrong: &mut Wrong) -> Option<ipnet::IpNet> {
    let range = address_or_prefix(text);
    if range.is_none() {
        wrong.add(format!("`{text}` is neither an address nor a range such as 192.0.2.0/24"));
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(failures: &str, window: &str, allow: &[&str]) -> LockoutOptions {
        let allow = Some(allow.iter().map(ToString::to_string).collect());
        LockoutOptions { failures: Some(failures.into()), window: Some(window.into()), line_day: None, allow }
    }

    #[test]
    fn limits_are_read_and_switched_off() {
        let mut own = OwnSettings { line_day: Some(7), ..OwnSettings::default() };
        let mut wrong = Wrong::default();
        given("3", "10m", &["192.0.2.0/24", "2001:db8::7"]).change(&mut own, &mut wrong);
        wrong.end().unwrap();
        assert_eq!((own.failures, own.window_s, own.line_day), (Some(3), Some(600), Some(7)));
        assert_eq!(
            own.allow_list.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["192.0.2.0/24", "2001:db8::7/128"]
        );
        let mut wrong = Wrong::default();
        given("none", "none", &["none"]).change(&mut own, &mut wrong);
        wrong.end().unwrap();
        assert_eq!(own, OwnSettings { line_day: Some(7), ..OwnSettings::default() });
        let mut wrong = Wrong::default();
        given("many", "0s", &["10.0.0.0/8", "here"]).change(&mut own, &mut wrong);
        let told = wrong.end().unwrap_err().to_string();
        assert!(told.lines().count() >= 3, "{told}");
    }
}
