//! Numbers that ring an account's lines from outside.

use account::{Change, Did as Held};
use axum::Json;
use billing::{AccountId, E164, LineId};
use serde::{Deserialize, Serialize};
use store::KeyScope;
use utoipa::{IntoParams, ToSchema};

use super::accounts::AtAccount;
use super::client::Client;
use super::extract::{Asked, Body, Place};
use super::fault::{Answer, Fault, Kind};
use super::page::{Page, Paging};
use super::shapes::{AccountName, Done, LineName, Number};

/// Lines that one number rings at most.
const MAX_LINES: usize = 16;

/// A number of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Did {
    #[schema(value_type = AccountName)]
    account: String,
    #[schema(value_type = Number)]
    number: String,
    /// The lines it rings, all at once.
    #[schema(value_type = Vec<LineName>)]
    lines: Vec<String>,
}

/// A number in an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtDid {
    /// The account.
    #[param(value_type = AccountName)]
    account: AccountId,
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
pub(super) async fn list(
    client: Client,
    Place(at): Place<AtAccount>,
    Asked(paging): Asked<Paging>,
) -> Answer<Page<Did>> {
    let reach = client.at(&at.account, KeyScope::Read).await?;
    let id = reach.id().clone();
    let rows = reach.client.portal().read(move |reader| reader.dids(Some(&id))).await?;
    let shape = |row: store::DidRow| Did {
        account: row.account.to_string(),
        number: row.did.number.to_string(),
        lines: row.did.lines.iter().map(ToString::to_string).collect(),
    };
    Ok(Json(paging.of(rows, |row| row.did.number.to_string(), shape)))
}

/// Have a number ring other lines; a key of the whole node may give the account a new number so.
#[utoipa::path(put, path = "/accounts/{account}/dids/{number}", tag = "lines", params(AtDid), request_body = Routing,
    responses((status = 200, body = Done)))]
pub(super) async fn route(client: Client, Place(at): Place<AtDid>, Body(routing): Body<Routing>) -> Answer<Done> {
    let reach = client.at(&at.account, KeyScope::Write).await?;
    let id = reach.id().clone();
    let known = reach.client.portal().read(move |reader| Ok((reader.dids(Some(&id))?, reader.lines(&id)?)));
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
#[utoipa::path(delete, path = "/accounts/{account}/dids/{number}", tag = "lines", params(AtDid),
    responses((status = 200, body = Done)))]
pub(super) async fn remove(client: Client, Place(at): Place<AtDid>) -> Answer<Done> {
    client.must_reach_node(KeyScope::Write)?;
    let reach = client.at(&at.account, KeyScope::Write).await?;
    Ok(Json(reach.change(Change::RemoveDid(at.number)).await?.into()))
}
