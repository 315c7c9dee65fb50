//! Calls added up by day, line or country.

use axum::Json;
use serde::{Deserialize, Serialize};
use store::UsageBy;
use utoipa::{IntoParams, ToSchema};

use super::accounts::AtAccount;
use super::client::{At, Read};
use super::extract::Asked;
use super::fault::{Answer, Fault};
use crate::zone::day_number;

/// What calls are added up by.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum By {
    /// The account's calendar day.
    Day,
    /// The line that placed them.
    Line,
    /// The country called.
    Country,
}

/// Which calls.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// What they are added up by.
    #[param(inline)]
    by: By,
    /// From this day of the account's calendar: 2026-11-22.
    #[param(format = Date)]
    from: Option<String>,
    /// To this day, which is included.
    #[param(format = Date)]
    to: Option<String>,
}

/// Calls added up, in micro-units of the account's currency.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Usage {
    /// The day (2026-11-22), line or country that they have in common; empty for none.
    of: String,
    calls: u64,
    answered: u64,
    talk_ms: u64,
    billed_s: u64,
    charge_micros: i64,
}

/// Calls of some days added up; of all where none are given.
#[utoipa::path(get, path = "/accounts/{account}/usage", tag = "calls", params(AtAccount, Filter),
    responses((status = 200, body = Vec<Usage>)))]
pub(super) async fn list(reach: At<Read>, Asked(filter): Asked<Filter>) -> Answer<Vec<Usage>> {
    let day = |text: &str| day_number(text).ok_or_else(|| Fault::wrong(format!("`{text}` is not a day")));
    let first = filter.from.as_deref().map_or(Ok(0), day)?;
    let last = filter.to.as_deref().map_or(Ok(u32::MAX), |text| day(text).map(|day| day.saturating_add(1)))?;
    let by = match filter.by {
        By::Day => UsageBy::Day,
        By::Line => UsageBy::Line,
        By::Country => UsageBy::Country,
    };
    let rows = reach.read(move |reader, id| reader.usage(Some(id), first..last, by)).await?;
    let name = |of: String| match by {
        UsageBy::Day => of.parse().ok().map_or(of, crate::zone::day_text),
        _ => of,
    };
    let shape = |usage: store::Usage| Usage {
        of: name(usage.of),
        calls: usage.calls,
        answered: usage.answered,
        talk_ms: usage.talk_ms,
        billed_s: usage.billed_s,
        charge_micros: usage.charge.micros(),
    };
    Ok(Json(rows.into_iter().map(shape).collect()))
}
