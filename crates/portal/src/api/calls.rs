//! Calls: the records of those that are over, those that run, and the end of one.

use account::Change;
use axum::Json;
use billing::{AccountId, CallId, Country, Decision, IncidentId, LineId};
use node::{Command, CommandReply};
use serde::Deserialize;
use store::CdrFilter;
use utoipa::{IntoParams, ToSchema};

use super::accounts::AtAccount;
use super::client::{At, Client, Reach, Read, Write};
use super::extract::Place;
use super::fault::{Answer, Fault, Kind};
use super::page::{self, FirstDigits, Listing, Moment, Page, Paging};
use super::shapes::{Call, CallName, CountryCode, Digits, Done, IncidentName, LineName, RunningCall};

/// A call in an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtCall {
    /// The call.
    #[param(value_type = CallName)]
    call: CallId,
}

/// Let through or not.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Decision)]
pub(super) enum Wanted {
    /// Let through.
    Allowed,
    /// Not let through.
    Refused,
}

/// Which calls.
#[derive(Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Placed by this line.
    #[param(value_type = Option<LineName>)]
    line: Option<LineId>,
    /// Begun at or after.
    #[param(value_type = Option<u64>)]
    since_ms: Option<Moment>,
    /// Begun before.
    #[param(value_type = Option<u64>)]
    until_ms: Option<Moment>,
    /// To numbers that begin so.
    #[param(value_type = Option<Digits>)]
    number: Option<FirstDigits>,
    /// To this country.
    #[param(value_type = Option<CountryCode>)]
    country: Option<Country>,
    /// Let through or refused.
    #[param(inline)]
    verdict: Option<Wanted>,
    /// Of this incident.
    #[param(value_type = Option<IncidentName>)]
    incident: Option<IncidentId>,
}

/// Records of calls, the latest first.
#[utoipa::path(get, path = "/accounts/{account}/calls", tag = "calls", params(AtAccount, Filter, Paging),
    responses((status = 200, body = Page<Call>)))]
pub(super) async fn list(reach: At<Read>, listing: Listing<Filter>) -> Answer<Page<Call>> {
    let (before, limit) = (listing.after(page::at::<CallId>)?, listing.wanted());
    let filter = listing.filter.clone();
    let number = filter.number.map(|FirstDigits(digits)| format!("+{digits}"));
    let wanted = CdrFilter {
        account: Some(reach.id().clone()),
        line: filter.line,
        since_ms: filter.since_ms.map(|Moment(ms)| ms),
        until_ms: filter.until_ms.map(|Moment(ms)| ms),
        number_prefix: number,
        country: filter.country,
        verdict: filter.verdict.map(|verdict| match verdict {
            Wanted::Allowed => Decision::Allowed,
            Wanted::Refused => Decision::Refused,
        }),
        incident: filter.incident,
        before,
        limit,
        ..CdrFilter::default()
    };
    let cdrs = reach.client.read(move |reader| reader.cdrs(&wanted)).await?;
    let currency = reach.account.settings.currency;
    let place = |cdr: &billing::Cdr| format!("{}.{}", cdr.times.start_ms, cdr.call);
    listing.page(cdrs, place, |cdr| Call::of(&cdr, &currency))
}

impl Reach {
    /// The record of a call that is over.
    pub(super) async fn record(&self, call: CallId) -> Result<Option<Call>, Fault> {
        let cdr = self.read(move |reader, id| reader.cdr(Some(id), call)).await?;
        Ok(cdr.map(|cdr| Call::of(&cdr, &self.account.settings.currency)))
    }
}

/// The record of one call.
#[utoipa::path(get, path = "/accounts/{account}/calls/{call}", tag = "calls", params(AtAccount, AtCall),
    responses((status = 200, body = Call)))]
pub(super) async fn show(reach: At<Read>, Place(at): Place<AtCall>) -> Answer<Call> {
    let missing = || Fault::not_found(format!("there is no record of call {} on this account", at.call));
    Ok(Json(reach.record(at.call).await?.ok_or_else(missing)?))
}

impl Client {
    /// Calls that run, of an account or of all.
    pub(super) async fn calls(&self, account: Option<AccountId>) -> Result<Vec<RunningCall>, Fault> {
        match self.send(Command::Calls { account }).await? {
            CommandReply::Calls(calls) => Ok(calls.iter().map(RunningCall::from).collect()),
            _ => Err(Fault::new(Kind::Broken, "the node gave no list of calls")),
        }
    }
}

/// Calls that run now.
#[utoipa::path(get, path = "/accounts/{account}/running", tag = "calls", params(AtAccount),
    responses((status = 200, body = Vec<RunningCall>)))]
pub(super) async fn running(reach: At<Read>) -> Answer<Vec<RunningCall>> {
    Ok(Json(reach.client.calls(Some(reach.id().clone())).await?))
}

/// Hang a running call up.
#[utoipa::path(post, path = "/accounts/{account}/running/{call}/hang-up", tag = "calls", params(AtAccount, AtCall),
    responses((status = 200, body = Done)))]
pub(super) async fn hang_up(reach: At<Write>, Place(at): Place<AtCall>) -> Answer<Done> {
    Ok(Json(reach.change(Change::HangUp { call: at.call }).await?.into()))
}
