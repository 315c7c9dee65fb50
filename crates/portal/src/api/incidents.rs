//! Incidents, and the owner's answers to them.

use account::Change;
use axum::Json;
use billing::IncidentId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::accounts::AtAccount;
use super::client::{At, Reach, Read, Write};
use super::extract::Place;
use super::fault::{Answer, Fault, Kind};
use super::page::{self, Listing, Page, Paging};
use super::shapes::{Done, Incident, IncidentName};

/// An incident in an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtIncident {
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
}

/// Incidents, the latest first.
#[utoipa::path(get, path = "/accounts/{account}/incidents", tag = "incidents", params(AtAccount, Filter, Paging),
    responses((status = 200, body = Page<Incident>)))]
pub(super) async fn list(reach: At<Read>, listing: Listing<Filter>) -> Answer<Page<Incident>> {
    let (before, limit) = (listing.after(page::at::<IncidentId>)?, listing.wanted());
    let open = listing.filter.open;
    let found = reach.read(move |reader, id| match before {
        Some(before) => reader.incidents_before(Some(id), open, before, limit),
        None => reader.incidents(Some(id), open, limit),
    });
    let place = |incident: &guard::Incident| format!("{}.{}", incident.opened_ms, incident.id);
    listing.page(found.await?, place, |incident| Incident::from(&incident))
}

impl Reach {
    async fn incident(&self, id: IncidentId) -> Result<guard::Incident, Fault> {
        let incident = self.client.read(move |reader| reader.incident(id)).await?;
        let own = incident.filter(|incident| incident.account == self.account.id);
        own.ok_or_else(|| Fault::not_found(format!("there is no incident {id} on this account")))
    }
}

/// One incident.
#[utoipa::path(get, path = "/accounts/{account}/incidents/{incident}", tag = "incidents", params(AtAccount, AtIncident),
    responses((status = 200, body = Incident)))]
pub(super) async fn show(reach: At<Read>, Place(at): Place<AtIncident>) -> Answer<Incident> {
    Ok(Json(Incident::from(&reach.incident(at.incident).await?)))
}

/// Turn back on what the incident cut.
#[utoipa::path(post, path = "/accounts/{account}/incidents/{incident}/lift", tag = "incidents", params(AtAccount, AtIncident),
    responses((status = 200, body = Done)))]
pub(super) async fn lift(reach: At<Write>, Place(at): Place<AtIncident>) -> Answer<Done> {
    let incident = reach.incident(at.incident).await?;
    let is_its = |cut: Option<account::Cut>| cut.is_some_and(|cut| cut.incident == incident.id);
    let line = incident.line.clone();
    let row = reach.read(move |reader, id| reader.line(id, &line)).await?;
    let line = if is_its(reach.account.cut) {
        None
    } else if row.is_some_and(|row| is_its(row.line.cut)) {
        Some(incident.line)
    } else {
        return Err(Fault::new(Kind::Conflict, "international calling is not cut by this incident"));
    };
    Ok(Json(reach.change(Change::LiftCut { line }).await?.into()))
}

async fn answer(reach: &Reach, at: &AtIncident, change: impl FnOnce(IncidentId) -> Change) -> Answer<Done> {
    let incident = reach.incident(at.incident).await?;
    Ok(Json(reach.change(change(incident.id)).await?.into()))
}

/// "That was us": what it cut is turned back on, and calls like these are normal at once.
#[utoipa::path(post, path = "/accounts/{account}/incidents/{incident}/ours", tag = "incidents", params(AtAccount, AtIncident),
    responses((status = 200, body = Done)))]
pub(super) async fn ours(reach: At<Write>, Place(at): Place<AtIncident>) -> Answer<Done> {
    answer(&reach, &at, |incident| Change::ThatWasUs { incident }).await
}

/// "That was not us": its numbers and new places speak against whoever uses them again.
#[utoipa::path(post, path = "/accounts/{account}/incidents/{incident}/theirs", tag = "incidents", params(AtAccount, AtIncident),
    responses((status = 200, body = Done)))]
pub(super) async fn theirs(reach: At<Write>, Place(at): Place<AtIncident>) -> Answer<Done> {
    answer(&reach, &at, |incident| Change::ThatWasNotUs { incident }).await
}

/// Take the answer back: the guard unlearns it.
#[utoipa::path(post, path = "/accounts/{account}/incidents/{incident}/take-back", tag = "incidents", params(AtAccount, AtIncident),
    responses((status = 200, body = Done)))]
pub(super) async fn take_back(reach: At<Write>, Place(at): Place<AtIncident>) -> Answer<Done> {
    answer(&reach, &at, |incident| Change::TakeBack { incident }).await
}
