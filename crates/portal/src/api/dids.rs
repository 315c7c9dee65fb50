//! Numbers that ring an account's lines from outside.

use account::{Change, Did as Held};
use axum::Json;
use billing::{E164, LineId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::accounts::AtAccount;
use super::client::{At, AtNode, Read, Write};
use super::extract::{Body, Place};
use super::fault::{Answer, Fault, Kind};
use super::page::{Listing, Page, Paging};
use super::shapes::{Did, Done, LineName, Number};

/// Lines that one number rings at most.
const MAX_LINES: usize = 16;

/// A number in an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtDid {
    /// The number.
    #[param(value_type = Number)]
    number: E164,
}

/// Which lines a number rings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DidRouting)]
pub(super) struct Routing {
    /// The lines it rings, all at once.
    #[schema(value_type = Vec<LineName>, max_items = 16)]
    lines: Vec<LineId>,
}

/// Numbers of an account.
#[utoipa::path(get, path = "/accounts/{account}/dids", tag = "lines", params(AtAccount, Paging),
    responses((status = 200, body = Page<Did>)))]
pub(super) async fn list(reach: At<Read>, listing: Listing) -> Answer<Page<Did>> {
    let rows = reach.read(|reader, id| reader.dids(Some(id))).await?;
    listing.page_of_all(rows, |row| row.did.number.to_string(), |row| Did::from(&row))
}

/// Have a number ring other lines; a key of the whole node may give the account a new number so.
#[utoipa::path(put, path = "/accounts/{account}/dids/{number}", tag = "lines", params(AtAccount, AtDid), request_body = Routing,
    responses((status = 200, body = Done)))]
pub(super) async fn route(reach: At<Write>, Place(at): Place<AtDid>, Body(routing): Body<Routing>) -> Answer<Done> {
    let known = reach.read(|reader, id| Ok((reader.dids(Some(id))?, reader.lines(id)?)));
    let (dids, lines) = known.await?;
    if !reach.client.is_of_node() && !dids.iter().any(|row| row.did.number == at.number) {
        return Err(Fault::not_found(format!("{} is not a number of this account", at.number)));
    }
    if routing.lines.len() > MAX_LINES {
        return Err(Fault::wrong(format!("a number rings {MAX_LINES} lines at most")));
    }
    if let Some(line) = routing.lines.iter().find(|id| !lines.iter().any(|row| row.line.id == **id)) {
        return Err(Fault::new(Kind::Conflict, format!("there is no line {line} on this account")));
    }
    let did = Held { number: at.number, lines: routing.lines };
    Ok(Json(reach.change(Change::PutDid(did)).await?.into()))
}

/// Take a number away; a key of the whole node is needed.
#[utoipa::path(delete, path = "/accounts/{account}/dids/{number}", tag = "lines", params(AtAccount, AtDid),
    responses((status = 200, body = Done)))]
pub(super) async fn remove(_: AtNode<Write>, reach: At<Write>, Place(at): Place<AtDid>) -> Answer<Done> {
    Ok(Json(reach.change(Change::RemoveDid(at.number)).await?.into()))
}
