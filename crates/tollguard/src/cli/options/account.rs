//! What an account can be told.

use account::{Contact, GuardMode, Settings, Terms};
use billing::{CarrierId, Country, Currency, DeckId, DialPlan, E164, Money};
use clap::Args;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::{LimitOptions, LockoutOptions, TermOptions, Wrong};
use crate::cli::CliError;
use crate::cli::init::STARTER_DECK;

/// The most that calls to new destinations may cost in a day, unless set: enough for honest work, little for a thief.
const DEFAULT_EXPOSURE_CENTS: i64 = 25_00;
/// Calls at once, unless set.
const DEFAULT_MAX_CALLS: u32 = 10;

/// What an account can be told; what is left out stays as it is, or as a new account has it.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountOptions {
    /// The customer's name.
    #[arg(long)]
    name: Option<String>,
    /// Home country, two letters: how its people dial, and what is international [default: US].
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
    /// Time zone by IANA name [default: this machine's].
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Currency of balance and deck [default: USD].
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// What stands before a local number ("303").
    #[arg(long, value_name = "DIGITS")]
    area_code: Option<String>,
    /// What may be dialled before an outside number ("9").
    #[arg(long, value_name = "DIGITS")]
    outside_prefix: Option<String>,
    /// The deck that prices its calls [default: standard].
    #[arg(long)]
    deck: Option<String>,
    /// Carriers in order of preference, again for each [default: all].
    #[arg(long = "carrier", value_name = "CARRIER")]
    carriers: Option<Vec<String>>,
    /// Numbers its lines may show, again for each; the first is the default.
    #[arg(long = "number", value_name = "+E164")]
    numbers: Option<Vec<String>>,
    /// Whom to warn by mail, again for each: "Name <address>".
    #[arg(long = "contact", value_name = "CONTACT")]
    contacts: Option<Vec<String>>,
    /// Whether the guard acts or only watches [default: active].
    #[arg(long, value_name = "active|shadow")]
    guard: Option<String>,
    /// Calls at once [default: 10].
    #[arg(long, value_name = "CALLS")]
    max_calls: Option<u32>,
    /// Mark-up, limits and warnings.
    #[command(flatten)]
    terms: TermOptions,
    /// Whether any line may call beyond the home numbering area at all [default: true].
    #[arg(long, value_name = "true|false")]
    international: Option<bool>,
    /// What else may be called by all lines together.
    #[command(flatten)]
    limits: LimitOptions,
    /// What holds for guesses at its lines.
    #[command(flatten)]
    lockout: LockoutOptions,
}

impl AccountOptions {
    /// The customer's name, where it is given.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Settings of a new account; `carriers` are the node's.
    ///
    /// # Errors
    /// All mistakes.
    pub fn create(&self, id: &str, carriers: Vec<CarrierId>) -> Result<Settings, CliError> {
        let country = Country::US;
        let mut settings = Settings {
            name: id.to_owned(),
            country,
            time_zone: TimeZone::system().iana_name().unwrap_or("UTC").to_owned(),
            currency: Currency::USD,
            dial_plan: DialPlan::new(country, None, None)?,
            deck: STARTER_DECK.parse::<DeckId>()?,
            carriers,
            numbers: Vec::new(),
            contacts: Vec::new(),
            guard: GuardMode::Active,
            exposure_ceiling: Money::from_cents(DEFAULT_EXPOSURE_CENTS),
            max_calls: DEFAULT_MAX_CALLS,
            terms: Terms::default(),
            international: true,
            limits: account::Limits::default(),
            lockout: lockout::OwnSettings::default(),
        };
        self.change(&mut settings)?;
        Ok(settings)
    }

    /// Puts what is given in place of what is there.
    ///
    /// # Errors
    /// All mistakes.
    pub fn change(&self, settings: &mut Settings) -> Result<(), CliError> {
        let mut wrong = Wrong::default();
        if let Some(name) = &self.name {
            settings.name.clone_from(name);
        }
        wrong.set(&mut settings.country, "country", self.country.as_ref());
        wrong.set(&mut settings.currency, "currency", self.currency.as_ref());
        wrong.set(&mut settings.deck, "deck", self.deck.as_ref());
        wrong.set(&mut settings.exposure_ceiling, "exposure ceiling", self.terms.exposure_ceiling.as_ref());
        if settings.exposure_ceiling.is_negative() {
            wrong.add("exposure ceiling: must not be below zero");
        }
        if let Some(zone) = &self.time_zone {
            if TimeZone::get(zone).is_err() {
                wrong.add(format!("time zone: `{zone}` is not known; use a name such as America/Denver"));
            }
            settings.time_zone.clone_from(zone);
        }
        let plan = settings.dial_plan.clone();
        let area_code = self.area_code.as_deref().or(plan.area_code()).filter(|digits| !digits.is_empty());
        let outside = self.outside_prefix.as_deref().or(plan.outside_prefix()).filter(|digits| !digits.is_empty());
        match DialPlan::new(settings.country, area_code, outside) {
            Ok(plan) => settings.dial_plan = plan,
            Err(error) => wrong.add(error.to_string()),
        }
        if let Some(carriers) = &self.carriers {
            settings.carriers = wrong.read_all("carrier", carriers);
        }
        if let Some(numbers) = &self.numbers {
            settings.numbers = wrong.read_all::<E164>("number", numbers);
        }
        if let Some(contacts) = &self.contacts {
            settings.contacts = contacts.iter().filter_map(|text| contact(text, &mut wrong)).collect();
        }
        if let Some(word) = &self.guard {
            match guard_mode(word) {
                Some(mode) => settings.guard = mode,
                None => wrong.add(format!("guard: `{word}` is neither active nor shadow")),
            }
        }
        settings.max_calls = self.max_calls.unwrap_or(settings.max_calls);
        self.terms.change(&mut settings.terms, &mut wrong);
        settings.international = self.international.unwrap_or(settings.international);
        self.limits.change(&mut settings.limits, &mut wrong);
        self.lockout.change(&mut settings.lockout, &mut wrong);
        wrong.end()
    }
}

fn guard_mode(word: &str) -> Option<GuardMode> {
    match word {
        "active" => Some(GuardMode::Active),
        "shadow" => Some(GuardMode::Shadow),
        _ => None,
    }
}

/// "Name <address>", or the address alone.
fn contact(text: &str, wrong: &mut Wrong) -> Option<Contact> {
    let (name, email) = match text.trim().strip_suffix('>').and_then(|text| text.split_once('<')) {
        Some((name, email)) => (name.trim(), email.trim()),
        None => ("", text.trim()),
    };
    if !email.contains('@') || email.contains(char::is_whitespace) {
        wrong.add(format!("contact: `{text}` is not an address such as \"Jo Doe <jo@example.com>\""));
        return None;
    }
    Some(Contact { name: name.to_owned(), email: email.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_account_has_sensible_settings() {
        let options = AccountOptions { country: Some("DE".into()), area_code: Some("30".into()), ..Default::default() };
        let settings = options.create("law", vec!["wholesale".parse().unwrap()]).unwrap();
        assert_eq!((settings.name.as_str(), settings.country.code()), ("law", "DE"));
        assert_eq!(settings.dial_plan.area_code(), Some("30"));
        assert_eq!(settings.dial_plan.country(), settings.country);
        assert_eq!(settings.guard, GuardMode::Active);
        assert_eq!(settings.carriers.len(), 1);
    }

    #[test]
    fn what_is_not_given_stays() {
        let mut settings = AccountOptions { outside_prefix: Some("9".into()), ..Default::default() }
            .create("law", Vec::new())
            .unwrap();
        let options = AccountOptions {
            guard: Some("shadow".into()),
            contacts: Some(vec!["Jo Doe <jo@example.com>".into(), "x@example.com".into()]),
            ..Default::default()
        };
        options.change(&mut settings).unwrap();
        assert_eq!(settings.dial_plan.outside_prefix(), Some("9"));
        assert_eq!(settings.guard, GuardMode::Shadow);
        let told: Vec<_> = settings.contacts.iter().map(|c| (c.name.as_str(), c.email.as_str())).collect();
        assert_eq!(told, [("Jo Doe", "jo@example.com"), ("", "x@example.com")]);
    }

    #[test]
    fn all_mistakes_are_told() {
        let options = AccountOptions {
            country: Some("Mars".into()),
            time_zone: Some("Mars/Olympus".into()),
            numbers: Some(vec!["12x".into()]),
            contacts: Some(vec!["nobody".into()]),
            guard: Some("asleep".into()),
            ..Default::default()
        };
        let error = options.create("law", Vec::new()).unwrap_err().to_string();
        assert_eq!(error.lines().count(), 5, "{error}");
    }
}
