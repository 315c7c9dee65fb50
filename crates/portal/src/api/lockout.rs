//! The lock-out, for keys of the whole node: settings, bans, and their end.

use axum::Json;
use axum::http::StatusCode;
use node::{Command, CommandReply, NodeChange};
use serde::Deserialize;
use utoipa::ToSchema;

use super::accounts::AtAccount;
use super::client::{At, AtNode, Read, Write};
use super::extract::Body;
use super::fault::{Answer, Fault, Kind};
use super::page::{Listing, Page, Paging};
use super::shapes::{Ban, BlockList, Done, Guessed, IpPrefix, Lock, Lockout, NewBan, prefix};

/// The longest remark about a ban, characters.
const MAX_NOTE_CHARS: usize = 120;

/// When addresses are locked out, and who never is.
#[utoipa::path(get, path = "/lockout", tag = "lock-out", responses((status = 200, body = Lockout)))]
pub(super) async fn show(client: AtNode<Read>) -> Answer<Lockout> {
    let settings = client.read(|reader| reader.lockout()).await?;
    Ok(Json(Lockout::from(&settings)))
}

/// Change it, as a whole.
#[utoipa::path(put, path = "/lockout", tag = "lock-out", request_body = Lockout, responses((status = 200, body = Lockout)))]
pub(super) async fn set(client: AtNode<Write>, Body(wanted): Body<Lockout>) -> Answer<Lockout> {
    let old = client.read(|reader| reader.lockout()).await?;
    let settings = wanted.read(old).map_err(Fault::wrong)?;
    let change = NodeChange::Lockout(settings.clone());
    client.done(Command::Node { by: client.actor(), change }).await?;
    Ok(Json(Lockout::from(&settings)))
}

/// Who is locked out.
#[utoipa::path(get, path = "/bans", tag = "lock-out", params(Paging), responses((status = 200, body = Page<Ban>)))]
pub(super) async fn bans(client: AtNode<Read>, listing: Listing) -> Answer<Page<Ban>> {
    let CommandReply::Bans(bans) = client.send(Command::Bans).await? else {
        return Err(Fault::new(Kind::Broken, "the node gave no list of bans"));
    };
    let places = client.portal().places.clone();
    listing.page_of_all(bans, |ban| ban.prefix.to_string(), |ban| Ban::of(&ban, &places))
}

/// Lock an address or prefix out.
#[utoipa::path(post, path = "/bans", tag = "lock-out", request_body = NewBan, responses((status = 201, body = Done)))]
pub(super) async fn ban(client: AtNode<Write>, Body(new): Body<NewBan>) -> Result<(StatusCode, Json<Done>), Fault> {
    let prefix = prefix(&new.prefix).map_err(Fault::wrong)?;
    if !(1..=::lockout::MAX_BAN_S).contains(&new.length_s) {
        return Err(Fault::wrong("length_s is from a second to ten years"));
    }
    let is_note = new.note.chars().count() <= MAX_NOTE_CHARS && !new.note.chars().any(char::is_control);
    if !is_note {
        return Err(Fault::wrong("a note has 120 characters at most"));
    }
    let command = Command::Ban { by: client.actor(), prefix, note: new.note, length_s: new.length_s };
    Ok((StatusCode::CREATED, Json(client.done(command).await?.into())))
}

/// A ban to lift.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Lifted {
    #[schema(value_type = IpPrefix)]
    prefix: String,
}

/// Lift a ban.
#[utoipa::path(post, path = "/bans/lift", tag = "lock-out", request_body = Lifted, responses((status = 200, body = Done)))]
pub(super) async fn lift(client: AtNode<Write>, Body(lifted): Body<Lifted>) -> Answer<Done> {
    let prefix = prefix(&lifted.prefix).map_err(Fault::wrong)?;
    Ok(Json(client.done(Command::LiftBan { by: client.actor(), prefix }).await?.into()))
}

/// What is guessed at so much that strangers must wait, that with most failures first.
#[utoipa::path(get, path = "/guessed", tag = "lock-out", responses((status = 200, body = Vec<Guessed>)))]
pub(super) async fn guessed(client: AtNode<Read>) -> Answer<Vec<Guessed>> {
    match client.send(Command::Guessed).await? {
        CommandReply::Guessed(guessed) => Ok(Json(guessed.iter().map(Guessed::from).collect())),
        _ => Err(Fault::new(Kind::Broken, "the node did not tell what is guessed at")),
    }
}

/// Block lists of others that are in force.
#[utoipa::path(get, path = "/block-lists", tag = "lock-out", responses((status = 200, body = Vec<BlockList>)))]
pub(super) async fn block_lists(client: AtNode<Read>) -> Answer<Vec<BlockList>> {
    match client.send(Command::BlockLists).await? {
        CommandReply::BlockLists(lists) => Ok(Json(lists.into_iter().map(BlockList::from).collect())),
        _ => Err(Fault::new(Kind::Broken, "the node gave no list of block lists")),
    }
}

/// Addresses that incidents locked out of the account's lines.
#[utoipa::path(get, path = "/accounts/{account}/locks", tag = "lock-out", params(AtAccount),
    responses((status = 200, body = Vec<Lock>)))]
pub(super) async fn locks(reach: At<Read>) -> Answer<Vec<Lock>> {
    match reach.client.send(Command::Locks { account: reach.id().clone() }).await? {
        CommandReply::Locks(locks) => Ok(Json(locks.iter().map(Lock::from).collect())),
        _ => Err(Fault::new(Kind::Broken, "the node gave no list of addresses locked out of lines")),
    }
}
