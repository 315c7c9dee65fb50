//! The node, for keys that reach all of it: carriers and health.

use std::collections::BTreeMap;

use ::node::{Command, CommandReply};
use axum::Json;
use serde::Serialize;
use store::Sending;
use utoipa::ToSchema;

use super::client::{AtNode, Read};
use super::fault::{Answer, Fault, Kind};
use super::page::{Listing, Page, Paging};
use super::shapes::Carrier;

/// Notices looked at.
const MAX_NOTICES: u32 = 1_000;

/// Carriers, with what is known of their state.
#[utoipa::path(get, path = "/carriers", tag = "node", params(Paging), responses((status = 200, body = Page<Carrier>)))]
pub(super) async fn carriers(client: AtNode<Read>, listing: Listing) -> Answer<Page<Carrier>> {
    let carriers = client.read(|reader| reader.carriers()).await?;
    let CommandReply::Carriers(states) = client.send(Command::Carriers).await? else {
        return Err(Fault::new(Kind::Broken, "the node did not tell the state of its carriers"));
    };
    let states: BTreeMap<_, _> = states.into_iter().map(|(id, usable, text)| (id, (usable, text))).collect();
    let shape = |carrier: edge::Carrier| Carrier::of(&carrier, states.get(&carrier.id));
    listing.page_of_all(carriers, |carrier| carrier.id.to_string(), shape)
}

/// How the node fares.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// Whether nothing is wrong.
    well: bool,
    /// The disk is full: calls that cost money are refused.
    disk_full: bool,
    /// Records that are not on the disk yet.
    waiting_records: u64,
    /// For how long the oldest of them has waited.
    waiting_ms: u64,
    running_calls: usize,
    /// Addresses and prefixes that are locked out.
    bans: usize,
    /// Incidents that are open.
    open_incidents: usize,
    mails_waiting: usize,
    /// Mails that could not be delivered, among the latest.
    mails_failed: usize,
}

/// A disk that lets a record wait for so long is not well, milliseconds.
const SLOW_DISK_MS: u64 = 1_000;

/// How the node fares.
#[utoipa::path(get, path = "/health", tag = "node", responses((status = 200, body = Health)))]
pub(super) async fn health(client: AtNode<Read>) -> Answer<Health> {
    let CommandReply::Status { disk_full, waiting_records, waiting_ms } = client.send(Command::Status).await? else {
        return Err(Fault::new(Kind::Broken, "the node did not tell how it fares"));
    };
    let running_calls = client.calls(None).await?.len();
    let now = crate::state::now_ms();
    let found = client.read(move |reader| {
        let notices = reader.outbox(None, MAX_NOTICES)?;
        let failed = notices.iter().filter(|(_, sending)| matches!(sending, Sending::Failed { .. })).count();
        let waiting = notices.iter().filter(|(_, sending)| matches!(sending, Sending::Queued { .. })).count();
        Ok((waiting, failed, reader.bans(now)?.len(), reader.incidents(None, true, MAX_NOTICES)?.len()))
    });
    let (mails_waiting, mails_failed, bans, open_incidents) = found.await?;
    Ok(Json(Health {
        well: !disk_full && waiting_ms < SLOW_DISK_MS,
        disk_full,
        waiting_records,
        waiting_ms,
        running_calls,
        bans,
        open_incidents,
        mails_waiting,
        mails_failed,
    }))
}
