//! Accounts: settings, balance, exposure; what can be changed about them.

use account::{ExposureView, GuardMode};
use billing::{AccountId, CarrierId, Country, Currency, DeckId, E164};
use serde::{Deserialize, Deserializer, Serialize};
use store::AccountRow;
use utoipa::ToSchema;

use super::line::{Cut, Limits};
use super::text::{AccountName, CarrierName, CountryCode, CurrencyCode, DeckName, Digits, Number};

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Account {
    #[schema(value_type = AccountName)]
    pub(crate) id: String,
    name: String,
    #[schema(value_type = CountryCode)]
    country: String,
    /// IANA time zone.
    time_zone: String,
    #[schema(value_type = Vec<Number>)]
    numbers: Vec<String>,
    contacts: Vec<Contact>,
    money: Balance,
    guard: Guard,
    /// Calls at once, all lines together.
    max_calls: u32,
    /// Whether any line may call abroad.
    international: bool,
    limits: Limits,
    /// International calling of all lines turned off by an incident.
    cut: Option<Cut>,
    routing: Routing,
}

/// What an account has, in micro-units of its currency.
#[derive(Debug, Serialize, ToSchema)]
struct Balance {
    #[schema(value_type = CurrencyCode)]
    currency: String,
    balance_micros: i64,
    /// Of which set aside for running calls.
    held_micros: i64,
    /// The most that calls to destinations which are not the account's own may cost in a rolling day.
    exposure_ceiling_micros: i64,
    /// The contacts are told when a charge takes the balance below this.
    low_balance_micros: Option<i64>,
    /// The most that calls may cost in a calendar month.
    monthly_limit_micros: Option<i64>,
    /// The most that automatic payments may bring in within 24 hours; null: none are taken.
    auto_top_up_max_micros: Option<i64>,
}

/// How an account's calls are priced and sent.
#[derive(Debug, Serialize, ToSchema)]
struct Routing {
    #[schema(value_type = DeckName)]
    deck: String,
    /// What is put on the deck's prices, in hundredths of a percent; below zero for a discount.
    markup_bp: i32,
    #[schema(value_type = Vec<CarrierName>)]
    carriers: Vec<String>,
    /// What stands before a local number.
    area_code: Option<String>,
    /// What may be dialled before an outside number.
    outside_prefix: Option<String>,
}

/// Somebody to write to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contact {
    #[serde(default)]
    #[schema(max_length = 80)]
    pub(crate) name: String,
    #[schema(pattern = "^[^@\\s\\x00-\\x1f]{1,64}@[A-Za-z0-9.-]{1,128}$")]
    pub(crate) email: String,
}

/// Whether the guard acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = GuardMode)]
pub(crate) enum Guard {
    /// Verdicts are carried out.
    Active,
    /// Verdicts are recorded, nothing is stopped.
    Shadow,
}

impl From<GuardMode> for Guard {
    fn from(mode: GuardMode) -> Self {
        match mode {
            GuardMode::Active => Self::Active,
            GuardMode::Shadow => Self::Shadow,
        }
    }
}

impl From<Guard> for GuardMode {
    fn from(mode: Guard) -> Self {
        match mode {
            Guard::Active => Self::Active,
            Guard::Shadow => Self::Shadow,
        }
    }
}

impl From<&AccountRow> for Account {
    fn from(row: &AccountRow) -> Self {
        let settings = &row.settings;
        Self {
            id: row.id.to_string(),
            name: settings.name.clone(),
            country: settings.country.code().to_owned(),
            time_zone: settings.time_zone.clone(),
            numbers: settings.numbers.iter().map(ToString::to_string).collect(),
            contacts: settings
                .contacts
                .iter()
                .map(|contact| Contact { name: contact.name.clone(), email: contact.email.clone() })
                .collect(),
            money: Balance {
                currency: settings.currency.to_string(),
                balance_micros: row.balance.micros(),
                held_micros: row.held.micros(),
                exposure_ceiling_micros: settings.exposure_ceiling.micros(),
                low_balance_micros: settings.terms.low_balance.map(billing::Money::micros),
                monthly_limit_micros: settings.terms.monthly_limit.map(billing::Money::micros),
                auto_top_up_max_micros: settings.terms.auto_top_up_max.map(billing::Money::micros),
            },
            guard: settings.guard.into(),
            max_calls: settings.max_calls,
            international: settings.international,
            limits: Limits::from(&settings.limits),
            cut: row.cut.map(Cut::from),
            routing: Routing {
                deck: settings.deck.to_string(),
                markup_bp: settings.terms.markup_bp,
                carriers: settings.carriers.iter().map(ToString::to_string).collect(),
                area_code: settings.dial_plan.area_code().map(str::to_owned),
                outside_prefix: settings.dial_plan.outside_prefix().map(str::to_owned),
            },
        }
    }
}

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    #[schema(value_type = AccountName)]
    pub(crate) id: AccountId,
    #[schema(min_length = 1, max_length = 80)]
    pub(crate) name: String,
    #[schema(value_type = CountryCode)]
    pub(crate) country: Country,
    /// IANA time zone.
    #[schema(max_length = 64, examples("America/Denver"))]
    pub(crate) time_zone: String,
    #[schema(value_type = CurrencyCode)]
    pub(crate) currency: Currency,
    /// The deck that prices its calls.
    #[schema(value_type = DeckName)]
    pub(crate) deck: DeckId,
    /// In order of preference; all of the node where none are given.
    #[serde(default)]
    #[schema(value_type = Option<Vec<CarrierName>>, max_items = 16)]
    pub(crate) carriers: Option<Vec<CarrierId>>,
    /// What stands before a local number.
    #[serde(default)]
    #[schema(value_type = Option<Digits>)]
    pub(crate) area_code: Option<String>,
    /// What may be dialled before an outside number.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{1,4}$")]
    pub(crate) outside_prefix: Option<String>,
    /// Numbers its lines may show; the first is the usual one.
    #[serde(default)]
    #[schema(value_type = Vec<Number>, max_items = 100)]
    pub(crate) numbers: Vec<E164>,
    /// Whom to warn.
    #[serde(default)]
    #[schema(max_items = 16)]
    pub(crate) contacts: Vec<Contact>,
}

/// What is to be different about an account; what is not given stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AccountChange {
    #[schema(min_length = 1, max_length = 80)]
    pub(crate) name: Option<String>,
    /// Whom to warn.
    #[schema(max_items = 16)]
    pub(crate) contacts: Option<Vec<Contact>>,
    pub(crate) guard: Option<Guard>,
    /// Calls at once; only a key of the node may raise it.
    #[schema(minimum = 1, maximum = 100000)]
    pub(crate) max_calls: Option<u32>,
    /// Whether any line may call abroad.
    pub(crate) international: Option<bool>,
    /// All of them anew.
    pub(crate) limits: Option<Limits>,
    /// The most that calls to destinations which are not the account's own may cost in a rolling day.
    #[schema(minimum = 0)]
    pub(crate) exposure_ceiling_micros: Option<i64>,
    /// The contacts are told when a charge takes the balance below this; null: they are not.
    #[serde(deserialize_with = "given")]
    #[schema(minimum = 0)]
    pub(crate) low_balance_micros: Option<Option<i64>>,
    /// The most that calls may cost in a calendar month; null: no limit.
    #[serde(deserialize_with = "given")]
    #[schema(minimum = 0)]
    pub(crate) monthly_limit_micros: Option<Option<i64>>,
    /// The most that automatic payments may bring in within 24 hours; null: none are taken.
    #[serde(deserialize_with = "given")]
    #[schema(minimum = 0)]
    pub(crate) auto_top_up_max_micros: Option<Option<i64>>,
    pub(crate) routing: Option<RoutingChange>,
}

/// What is to be different about how calls are priced and sent; a key of the node is needed.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RoutingChange {
    #[schema(value_type = Option<DeckName>)]
    pub(crate) deck: Option<DeckId>,
    /// What is put on the deck's prices, in hundredths of a percent; below zero for a discount.
    #[schema(minimum = -10000, maximum = 90000)]
    pub(crate) markup_bp: Option<i32>,
    /// In order of preference.
    #[schema(value_type = Option<Vec<CarrierName>>, max_items = 16)]
    pub(crate) carriers: Option<Vec<CarrierId>>,
    /// Numbers its lines may show; the first is the usual one.
    #[schema(value_type = Option<Vec<Number>>, max_items = 100)]
    pub(crate) numbers: Option<Vec<E164>>,
}

/// A field that is given, and may be null: what is taken away.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The most an account can lose to a hijack, whatever the guard thinks, in micro-units of its currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Exposure {
    #[schema(value_type = AccountName)]
    account: String,
    ceiling_micros: i64,
    /// Charged in the last day.
    charged_micros: i64,
    /// Held for calls that run.
    held_micros: i64,
    /// How many those are.
    calls: u32,
    /// What could still be lost now.
    left_micros: i64,
    /// When the first of what was charged may be spent again.
    frees_ms: Option<u64>,
    /// Destinations called lately, own ones first.
    destinations: Vec<Ground>,
}

/// A destination that an account has called lately.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Destination)]
struct Ground {
    name: String,
    /// Whether it is the account's own: calls there are not bounded by the ceiling.
    own: bool,
    /// On how many of the days that count its calls were answered.
    days: u32,
}

impl From<&ExposureView> for Exposure {
    fn from(view: &ExposureView) -> Self {
        let bound = &view.bound;
        Self {
            account: view.account.to_string(),
            ceiling_micros: bound.ceiling.micros(),
            charged_micros: bound.charged.micros(),
            held_micros: bound.held.micros(),
            calls: bound.calls,
            left_micros: bound.left.micros(),
            frees_ms: bound.frees_ms,
            destinations: view
                .grounds
                .iter()
                .map(|ground| Ground { name: ground.name.clone(), own: ground.own, days: ground.days })
                .collect(),
        }
    }
}
