//! Carriers, for keys of the whole node: listed with their state, set up, removed.

use axum::Json;
use billing::CarrierId;
use node::{Command, CommandReply, NodeChange};
use serde::Deserialize;
use utoipa::IntoParams;

use super::client::{AtNode, Client, Read, Write};
use super::extract::{Body, Place};
use super::fault::{Answer, Fault, Kind};
use super::page::{Listing, Page, Paging};
use super::shapes::{Carrier, CarrierName, Done};
use crate::carriers::CarrierSettings;

/// A carrier in an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtCarrier {
    /// The carrier.
    #[param(value_type = CarrierName)]
    carrier: CarrierId,
}

impl Client {
    /// Carriers with what is known of their state.
    async fn carriers(&self) -> Result<Vec<Carrier>, Fault> {
        let CommandReply::Carriers(states) = self.send(Command::Carriers).await? else {
            return Err(Fault::new(Kind::Broken, "the node did not tell the state of its carriers"));
        };
        self.read(move |reader| Carrier::all(reader, &states)).await
    }

    async fn carrier(&self, id: &CarrierId) -> Result<Carrier, Fault> {
        let found = self.carriers().await?.into_iter().find(|carrier| carrier.id == id.as_str());
        found.ok_or_else(|| Fault::not_found(format!("there is no carrier {id}")))
    }
}

/// Carriers, with what is known of their state.
#[utoipa::path(get, path = "/carriers", tag = "node", params(Paging), responses((status = 200, body = Page<Carrier>)))]
pub(super) async fn list(client: AtNode<Read>, listing: Listing) -> Answer<Page<Carrier>> {
    listing.page_of_all(client.carriers().await?, |carrier| carrier.id.clone(), |carrier| carrier)
}

/// One carrier.
#[utoipa::path(get, path = "/carriers/{carrier}", tag = "node", params(AtCarrier),
    responses((status = 200, body = Carrier)))]
pub(super) async fn show(client: AtNode<Read>, Place(at): Place<AtCarrier>) -> Answer<Carrier> {
    Ok(Json(client.carrier(&at.carrier).await?))
}

/// Add a carrier, or put another in its place; calls that run stay where they are.
#[utoipa::path(put, path = "/carriers/{carrier}", tag = "node", params(AtCarrier), request_body = CarrierSettings,
    responses((status = 200, body = Carrier)))]
pub(super) async fn put(
    client: AtNode<Write>,
    Place(at): Place<AtCarrier>,
    Body(settings): Body<CarrierSettings>,
) -> Answer<Carrier> {
    let carrier = settings.read(&at.carrier).map_err(Fault::wrong)?;
    let change = NodeChange::PutCarrier(carrier);
    client.done(Command::Node { by: client.actor(), change }).await?;
    Ok(Json(client.carrier(&at.carrier).await?))
}

/// Remove a carrier that no account uses.
#[utoipa::path(delete, path = "/carriers/{carrier}", tag = "node", params(AtCarrier),
    responses((status = 200, body = Done)))]
pub(super) async fn remove(client: AtNode<Write>, Place(at): Place<AtCarrier>) -> Answer<Done> {
    client.carrier(&at.carrier).await?;
    let change = NodeChange::RemoveCarrier(at.carrier);
    Ok(Json(client.done(Command::Node { by: client.actor(), change }).await?.into()))
}
