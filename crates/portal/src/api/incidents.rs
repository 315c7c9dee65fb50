//! Incidents, and the owner's answers to them.

use account::Change;
use axum::Json;
use billing::{AccountId, IncidentId};
use serde::Deserialize;
use store::KeyScope;
use utoipa::IntoParams;

use super::accounts::AtAccount;
use super::client::{Client, Reach};
use super::extract::{Asked, Place};
use super::fault::{Answer, Fault, Kind};
use super::page::{self, Cursor, Limit, Page};
use super::shapes::{AccountName, Done, Incident, IncidentName};

/// An incident in an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtIncident {
    /// The account.
    #[param(value_type = AccountName)]
    account: AccountId,
    /// The incident.
    #[param(value_type = IncidentName)]
    incident: IncidentId,
}

/// Which incidents.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only open ones.
    #[serde(default)]
    open: bool,
    /// Rows at most.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 100)]
    limit: Option<Limit>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>, max_length = 100)]
    after: Option<Cursor>,
}

/// Incidents, the latest first.
#[utoipa::path(get, path = "/accounts/{account}/incidents", tag = "incidents", params(AtAccount, Filter),
    responses((status = 200, body = Page<Incident>)))]
pub(super) async fn list(
    client: Client,
    Place(at): Place<AtAccount>,
    Asked(filter): Asked<Filter>,
) -> Answer<Page<Incident>> {
    let reach = client.at(&at.account, KeyScope::Read).await?;
    let rows = page::rows(filter.limit);
    let before = page::cursor(filter.after.as_ref(), page::at::<IncidentId>)?;
    let (id, open) = (reach.id().clone(), filter.open);
    let found = reach.client.portal().read(move |reader| match before {
        Some(before) => reader.incidents_before(Some(&id), open, before, rows + 1),
        None => reader.incidents(Some(&id), open, rows + 1),
    });
    let place = |incident: &guard::Incident| format!("{}.{}", incident.opened_ms, incident.id);
    Ok(Json(Page::cut(found.await?, rows, place, |incident| Incident::from(&incident))))
}

impl Reach {
    async fn incident(&self, id: IncidentId) -> Result<guard::Incident, Fault> {
        let incident = self.client.portal().read(move |reader| reader.incident(id)).await?;
        let own = incident.filter(|incident| incident.account == self.account.id);
        own.ok_or_else(|| Fault::not_found(format!("there is no incident {id} on this account")))
    }
}

/// One incident.
#[utoipa::path(get, path = "/accounts/{account}/incidents/{incident}", tag = "incidents", params(AtIncident),
    responses((status = 200, body = Incident)))]
pub(super) async fn show(client: Client, Place(at): Place<AtIncident>) -> Answer<Incident> {
    let reach = client.at(&at.account, KeyScope::Read).await?;
    Ok(Json(Incident::from(&reach.incident(at.incident).await?)))
}

/// Turn back on what the incident cut.
#[utoipa::path(post, path = "/accounts/{account}/incidents/{incident}/lift", tag = "incidents", params(AtIncident),
    responses((status = 200, body = Done)))]
pub(super) async fn lift(client: Client, Place(at): Place<AtIncident>) -> Answer<Done> {
    let reach = client.at(&at.account, KeyScope::Write).await?;
    let incident = reach.incident(at.incident).await?;
    let is_its = |cut: Option<account::Cut>| cut.is_some_and(|cut| cut.incident == incident.id);
    let (id, line) = (reach.id().clone(), incident.line.clone());
    let row = reach.client.portal().read(move |reader| reader.line(&id, &line)).await?;
    let line = if is_its(reach.account.cut) {
        None
    } else if row.is_some_and(|row| is_its(row.line.cut)) {
        Some(incident.line)
    } else {
        return Err(Fault::new(Kind::Conflict, "international calling is not cut by this incident"));
    };
    Ok(Json(reach.change(Change::LiftCut { line }).await?.into()))
}

async fn answer(client: Client, at: AtIncident, change: impl FnOnce(IncidentId) -> Change) -> Answer<Done> {
    let reach = client.at(&at.account, KeyScope::Write).await?;
    let incident = reach.incident(at.incident).await?;
    Ok(Json(reach.change(change(incident.id)).await?.into()))
}

/// "That was us": what it cut is turned back on, and calls like these are normal at once.
#[utoipa::path(post, path = "/accounts/{account}/incidents/{incident}/ours", tag = "incidents", params(AtIncident),
    responses((status = 200, body = Done)))]
pub(super) async fn ours(client: Client, Place(at): Place<AtIncident>) -> Answer<Done> {
    answer(client, at, |incident| Change::ThatWasUs { incident }).await
}

/// "That was not us": its numbers and new places speak against whoever uses them again.
#[utoipa::path(post, path = "/accounts/{account}/incidents/{incident}/theirs", tag = "incidents", params(AtIncident),
    responses((status = 200, body = Done)))]
pub(super) async fn theirs(client: Client, Place(at): Place<AtIncident>) -> Answer<Done> {
    answer(client, at, |incident| Change::ThatWasNotUs { incident }).await
}

/// Take the answer back: the guard unlearns it.
#[utoipa::path(post, path = "/accounts/{account}/incidents/{incident}/take-back", tag = "incidents", params(AtIncident),
    responses((status = 200, body = Done)))]
pub(super) async fn take_back(client: Client, Place(at): Place<AtIncident>) -> Answer<Done> {
    answer(client, at, |incident| Change::TakeBack { incident }).await
}
