//! What people and programs have changed.

use billing::AccountId;

use super::accounts::AtAccount;
use super::client::{At, AtNode, Client, Read};
use super::fault::Answer;
use super::page::{self, Listing, Page, Paging};
use super::shapes::AuditEntry;

/// Changes of an account, the latest first.
#[utoipa::path(get, path = "/accounts/{account}/audit", tag = "accounts", params(AtAccount, Paging),
    responses((status = 200, body = Page<AuditEntry>)))]
pub(super) async fn list(reach: At<Read>, listing: Listing) -> Answer<Page<AuditEntry>> {
    entries(&reach.client, Some(reach.id().clone()), &listing).await
}

/// Changes of the node and of all accounts, the latest first.
#[utoipa::path(get, path = "/audit", tag = "node", params(Paging), responses((status = 200, body = Page<AuditEntry>)))]
pub(super) async fn of_node(client: AtNode<Read>, listing: Listing) -> Answer<Page<AuditEntry>> {
    entries(&client, None, &listing).await
}

async fn entries(client: &Client, only: Option<AccountId>, listing: &Listing) -> Answer<Page<AuditEntry>> {
    let (before, limit) = (listing.after(page::at::<u64>)?.unwrap_or((u64::MAX, u64::MAX)), listing.wanted());
    let found = client.read(move |reader| reader.audit_before(only.as_ref(), before, limit)).await?;
    listing.page(found, |((at_ms, rank), _)| format!("{at_ms}.{rank}"), |(_, row)| AuditEntry::from(&row))
}
