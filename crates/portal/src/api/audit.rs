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
    /// What is different since.
    changes: Vec<Difference>,
}

/// One thing that is different.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditDifference)]
pub(super) struct Difference {
    /// What: "account.max_calls".
    what: String,
    /// What it was; empty where there was nothing.
    before: String,
    /// What it is; empty where there is nothing.
    after: String,
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
        account: at.account.to_string(),
        at_ms: row.at_ms,
        by: row.by,
        text: row.text,
        changes: row
            .changes
            .into_iter()
            .map(|change| Difference { what: change.what, before: change.before, after: change.after })
            .collect(),
    };
    Ok(Json(Page::cut(found, rows, |((at_ms, rank), _)| format!("{at_ms}.{rank}"), shape)))
}
