//! What people and programs have changed.

use axum::Json;
use serde::Serialize;
use store::KeyScope;
use utoipa::ToSchema;

use super::accounts::AtAccount;
use super::client::Client;
use super::extract::{Asked, Place};
use super::fault::Answer;
use super::page::{Page, Paging};
use super::shapes::AccountName;

/// One change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(super) struct Entry {
    #[schema(value_type = AccountName)]
    account: String,
    at_ms: u64,
    /// Who.
    by: String,
    /// What, in a sentence.
    text: String,
}

/// Changes of an account, the latest first.
#[utoipa::path(get, path = "/accounts/{account}/audit", tag = "accounts", params(AtAccount, Paging),
    responses((status = 200, body = Page<Entry>)))]
pub(super) async fn list(
    client: Client,
    Place(at): Place<AtAccount>,
    Asked(paging): Asked<Paging>,
) -> Answer<Page<Entry>> {
    let reach = client.at(&at.account, KeyScope::Read).await?;
    let before = paging.after(super::page::at::<u64>)?.unwrap_or((u64::MAX, u64::MAX));
    let (id, rows) = (reach.id().clone(), paging.rows());
    let found = reach.client.portal().read(move |reader| reader.audit_before(Some(&id), before, rows + 1)).await?;
    let shape = |(_, row): ((u64, u64), store::AuditRow)| Entry {
        account: row.account.to_string(),
        at_ms: row.at_ms,
        by: row.by,
        text: row.text,
    };
    Ok(Json(Page::cut(found, rows, |((lsn, n), _)| format!("{lsn}.{n}"), shape)))
}
