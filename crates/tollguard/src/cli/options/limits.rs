//! What an owner allows on an account or a line, whatever the guard thinks.

use std::collections::BTreeSet;

use account::{Hours, Limits, MAX_COUNTRIES};
use billing::{Country, Money};
use clap::Args;
use serde::Deserialize;

use super::Wrong;

/// Limits that can be told; what is left out stays as it is, `none` takes one off.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitOptions {
    /// Country that may be called beyond the home numbering area, and none else, again for each; `none` for all.
    #[arg(long = "allow", value_name = "CODE")]
    allow: Option<Vec<String>>,
    /// Country that may not be called, again for each; `none` to take the list off.
    #[arg(long = "deny", value_name = "CODE")]
    deny: Option<Vec<String>>,
    /// The dearest outside call, a minute.
    #[arg(long, value_name = "AMOUNT|none")]
    max_rate: Option<String>,
    /// Minutes of outside calls in a rolling day.
    #[arg(long, value_name = "MINUTES|none")]
    minutes_a_day: Option<String>,
    /// Money for outside calls in a rolling day.
    #[arg(long, value_name = "AMOUNT|none")]
    money_a_day: Option<String>,
    /// When outside calls may begin, by the account's clock: "Mon-Fri 08:00-18:00, Sat 09:00-13:00".
    #[arg(long, value_name = "HOURS|none")]
    hours: Option<String>,
}

impl LimitOptions {
    /// Puts what is given in place of what is there.
    pub fn change(&self, limits: &mut Limits, wrong: &mut Wrong) {
        if let Some(codes) = &self.allow {
            limits.allowed = countries("allow", codes, wrong);
        }
        if let Some(codes) = &self.deny {
            limits.denied = countries("deny", codes, wrong);
        }
        set(&mut limits.max_rate, "max rate", self.max_rate.as_deref(), wrong);
        set(&mut limits.minutes_a_day, "minutes a day", self.minutes_a_day.as_deref(), wrong);
        set(&mut limits.money_a_day, "money a day", self.money_a_day.as_deref(), wrong);
        for (name, limit) in [("max rate", limits.max_rate), ("money a day", limits.money_a_day)] {
            if limit.is_some_and(Money::is_negative) {
                wrong.add(format!("{name}: must not be below zero"));
            }
        }
        match self.hours.as_deref().map(str::parse::<Hours>) {
            None => {}
            Some(_) if self.hours.as_deref() == Some(NONE) => limits.hours = None,
            Some(Ok(hours)) => limits.hours = Some(hours),
            Some(Err(error)) => wrong.add(format!("hours: {error}")),
        }
    }
}

/// Takes a limit off.
pub const NONE: &str = "none";

/// Sets a limit, or takes it off.
pub fn set<T: std::str::FromStr>(limit: &mut Option<T>, name: &str, text: Option<&str>, wrong: &mut Wrong)
where
    T::Err: std::fmt::Display,
{
    match text {
        None => {}
        Some(NONE) => *limit = None,
        Some(text) => {
            if let Some(value) = wrong.read(name, text) {
                *limit = Some(value);
            }
        }
    }
}

fn countries(name: &str, codes: &[String], wrong: &mut Wrong) -> BTreeSet<Country> {
    if codes.iter().any(|code| code == NONE) {
        return BTreeSet::new();
    }
    if codes.len() > MAX_COUNTRIES {
        wrong.add(format!("{name}: more than {MAX_COUNTRIES} countries"));
    }
    wrong.read_all::<Country>(name, codes).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_set_and_taken_off() {
        let mut limits = Limits::default();
        let text = |text: &str| Some(text.to_owned());
        let options = LimitOptions {
            allow: Some(vec!["GB".into(), "DE".into()]),
            deny: Some(vec!["AL".into()]),
            max_rate: text("0.50"),
            minutes_a_day: text("120"),
            money_a_day: text("20"),
            hours: text("Mon-Fri 08:00-18:00"),
        };
        let mut wrong = Wrong::default();
        options.change(&mut limits, &mut wrong);
        wrong.end().unwrap();
        assert_eq!(
            limits.in_words(&billing::Currency::USD).join("; "),
            "abroad only Germany, United Kingdom; not Albania; at most $0.50 a minute; at most 120 minutes a day; at most $20.00 a day; only \
             Mon-Fri 08:00-18:00"
        );
        let none = || text(NONE);
        let off = LimitOptions {
            allow: Some(vec![NONE.into()]),
            deny: Some(vec![NONE.into()]),
            max_rate: none(),
            minutes_a_day: none(),
            money_a_day: none(),
            hours: none(),
        };
        off.change(&mut limits, &mut Wrong::default());
        assert_eq!(limits, Limits::default());
    }

    #[test]
    fn all_mistakes_are_told() {
        let options = LimitOptions {
            allow: Some(vec!["Mars".into()]),
            max_rate: Some("cheap".into()),
            money_a_day: Some("-1".into()),
            hours: Some("always".into()),
            ..LimitOptions::default()
        };
        let mut wrong = Wrong::default();
        options.change(&mut Limits::default(), &mut wrong);
        assert_eq!(wrong.end().unwrap_err().to_string().lines().count(), 4);
    }
}
