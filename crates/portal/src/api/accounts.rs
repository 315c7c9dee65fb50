//! Accounts: listed, made, changed.

use account::{Change, Contact, GuardMode, Settings, Terms};
use axum::Json;
use axum::http::StatusCode;
use billing::{AccountId, DialPlan, Money};
use jiff::tz::TimeZone;
use node::{Command, CommandReply};
use serde::Deserialize;
use store::KeyScope;
use utoipa::IntoParams;

use super::client::{At, AtNode, Client, Reach, Read, Write};
use super::extract::Body;
use super::fault::{Answer, Fault, Kind};
use super::page::{Listing, Page, Paging};
use super::shapes::{Account, AccountChange, AccountName, Exposure, NewAccount, RoutingChange};

/// The most that calls to new destinations may cost in a day, unless set.
const DEFAULT_EXPOSURE_CENTS: i64 = 25_00;
/// Calls at once, unless set.
const DEFAULT_MAX_CALLS: u32 = 10;
/// The longest name, characters.
const MAX_NAME_CHARS: usize = 80;
/// Whom to write to, at most.
const MAX_CONTACTS: usize = 16;

/// An account in an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtAccount {
    /// The account.
    #[param(value_type = AccountName)]
    pub(super) account: AccountId,
}

/// Accounts that the key reaches.
#[utoipa::path(get, path = "/accounts", tag = "accounts", params(Paging), responses((status = 200, body = Page<Account>)))]
pub(super) async fn list(client: Client, listing: Listing) -> Answer<Page<Account>> {
    client.must(KeyScope::Read)?;
    let mut rows = client.read(|reader| reader.accounts()).await?;
    rows.retain(|row| client.key.account.as_ref().is_none_or(|own| *own == row.id));
    listing.page_of_all(rows, |row| row.id.to_string(), |row| Account::from(&row))
}

/// Make an account; a key of the whole node is needed.
#[utoipa::path(post, path = "/accounts", tag = "accounts", request_body = NewAccount,
    responses((status = 201, body = Account)))]
pub(super) async fn add(
    client: AtNode<Write>,
    Body(new): Body<NewAccount>,
) -> Result<(StatusCode, Json<Account>), Fault> {
    let id = new.id.clone();
    let (known, carriers) = {
        let id = id.clone();
        client.read(move |reader| Ok((reader.account(&id)?, reader.carriers()?))).await?
    };
    if known.is_some() {
        return Err(Fault::new(Kind::Conflict, format!("there is an account {id} already")));
    }
    let settings = settings(new, carriers.into_iter().map(|carrier| carrier.id).collect())?;
    let change = Change::Settings(settings);
    client.done(Command::Account { account: id.clone(), by: client.actor(), change }).await?;
    let made = client.read(move |reader| reader.account(&id)).await?;
    let made = made.ok_or_else(|| Fault::new(Kind::Unavailable, "the account is made; its row is still to come"))?;
    Ok((StatusCode::CREATED, Json(Account::from(&made))))
}

fn settings(new: NewAccount, all: Vec<billing::CarrierId>) -> Result<Settings, Fault> {
    if TimeZone::get(&new.time_zone).is_err() {
        return Err(Fault::wrong(format!("the time zone `{}` is not known", new.time_zone)));
    }
    Ok(Settings {
        name: name(&new.name)?,
        country: new.country,
        currency: new.currency,
        dial_plan: DialPlan::new(new.country, new.area_code.as_deref(), new.outside_prefix.as_deref())
            .map_err(Fault::wrong)?,
        deck: new.deck,
        carriers: new.carriers.unwrap_or(all),
        numbers: new.numbers,
        contacts: contacts(new.contacts)?,
        time_zone: new.time_zone,
        guard: GuardMode::Active,
        exposure_ceiling: Money::from_cents(DEFAULT_EXPOSURE_CENTS),
        max_calls: DEFAULT_MAX_CALLS,
        terms: Terms::default(),
        international: true,
        limits: account::Limits::default(),
        lockout: ::lockout::OwnSettings::default(),
    })
}

/// A name for people.
pub(super) fn name(text: &str) -> Result<String, Fault> {
    let is_good = (1..=MAX_NAME_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if is_good { Ok(text.to_owned()) } else { Err(Fault::wrong("a name has 1 to 80 characters")) }
}

fn contacts(contacts: Vec<super::shapes::Contact>) -> Result<Vec<Contact>, Fault> {
    if contacts.len() > MAX_CONTACTS {
        return Err(Fault::wrong(format!("an account has {MAX_CONTACTS} contacts at most")));
    }
    let read = |contact: super::shapes::Contact| {
        let (who, host) = contact.email.split_once('@').unwrap_or_default();
        let is_plain = |text: &str| !text.contains(|c: char| c.is_whitespace() || c.is_control());
        let is_address = !who.is_empty() && !host.is_empty() && is_plain(&contact.email);
        let is_name = contact.name.chars().count() <= MAX_NAME_CHARS && !contact.name.chars().any(char::is_control);
        if !is_address || !is_name || contact.email.len() > 2 * MAX_NAME_CHARS + 40 {
            return Err(Fault::wrong("a contact has a name and an e-mail address"));
        }
        Ok(Contact { name: contact.name, email: contact.email })
    };
    contacts.into_iter().map(read).collect()
}

/// One account.
#[utoipa::path(get, path = "/accounts/{account}", tag = "accounts", params(AtAccount),
    responses((status = 200, body = Account)))]
pub(super) async fn show(reach: At<Read>) -> Answer<Account> {
    Ok(Json(Account::from(&reach.account)))
}

/// Change an account; what is not given stays.
#[utoipa::path(patch, path = "/accounts/{account}", tag = "accounts", params(AtAccount), request_body = AccountChange,
    responses((status = 200, body = Account)))]
pub(super) async fn change(reach: At<Write>, Body(change): Body<AccountChange>) -> Answer<Account> {
    let settings = changed(&reach, change)?;
    reach.change(Change::Settings(settings)).await?;
    let now = reach.read(|reader, id| reader.account(id)).await?;
    Ok(Json(Account::from(now.as_ref().unwrap_or(&reach.account))))
}

fn changed(reach: &Reach, change: AccountChange) -> Result<Settings, Fault> {
    let old = &reach.account.settings;
    let money = |what: &str, micros: Option<i64>| match micros {
        Some(micros) if micros < 0 => Err(Fault::wrong(format!("{what} must not be below zero"))),
        micros => Ok(micros.map(Money::from_micros)),
    };
    let max_calls = change.max_calls.map_or(Ok(old.max_calls), super::shapes::max_calls)?;
    if max_calls == 0 {
        return Err(Fault::wrong("max_calls must be above zero"));
    }
    if max_calls > old.max_calls && !reach.client.is_of_node() {
        let detail = "only a key of the whole node may allow the account more calls at once";
        return Err(Fault::new(Kind::NotAllowed, detail));
    }
    let terms = Terms {
        low_balance: change.low_balance_micros.map_or(Ok(old.terms.low_balance), |m| money("low_balance_micros", m))?,
        monthly_limit: change
            .monthly_limit_micros
            .map_or(Ok(old.terms.monthly_limit), |m| money("monthly_limit_micros", m))?,
        auto_top_up_max: change
            .auto_top_up_max_micros
            .map_or(Ok(old.terms.auto_top_up_max), |m| money("auto_top_up_max_micros", m))?,
        ..old.terms.clone()
    };
    let new = Settings {
        name: change.name.as_deref().map_or_else(|| Ok(old.name.clone()), name)?,
        contacts: change.contacts.map_or_else(|| Ok(old.contacts.clone()), contacts)?,
        guard: change.guard.map_or(old.guard, GuardMode::from),
        max_calls,
        international: change.international.unwrap_or(old.international),
        limits: change.limits.as_ref().map_or_else(|| Ok(old.limits.clone()), super::shapes::Limits::read)?,
        exposure_ceiling: money("the exposure ceiling", change.exposure_ceiling_micros)?
            .unwrap_or(old.exposure_ceiling),
        terms,
        ..old.clone()
    };
    match change.routing {
        Some(_) if !reach.client.is_of_node() => {
            Err(Fault::new(Kind::NotAllowed, "only a key of the whole node changes how calls are priced and sent"))
        }
        Some(routing) => Ok(routed(new, routing)),
        None => Ok(new),
    }
}

/// The same account, priced and sent otherwise.
fn routed(old: Settings, routing: RoutingChange) -> Settings {
    let markup_bp = routing.markup_bp.unwrap_or(old.terms.markup_bp);
    Settings {
        deck: routing.deck.unwrap_or(old.deck),
        carriers: routing.carriers.unwrap_or(old.carriers),
        numbers: routing.numbers.unwrap_or(old.numbers),
        terms: Terms { markup_bp, ..old.terms },
        ..old
    }
}

/// The most an account can lose to a hijack, and how that comes about.
#[utoipa::path(get, path = "/accounts/{account}/exposure", tag = "accounts", params(AtAccount),
    responses((status = 200, body = Exposure)))]
pub(super) async fn exposure(reach: At<Read>) -> Answer<Exposure> {
    let asked = Command::Exposure { account: Some(reach.id().clone()) };
    match reach.client.send(asked).await? {
        CommandReply::Exposure(views) => {
            let view = views.first().ok_or_else(|| Fault::not_found("the account has no exposure yet"))?;
            Ok(Json(Exposure::from(view)))
        }
        _ => Err(Fault::new(Kind::Broken, "the node did not tell the exposure")),
    }
}
