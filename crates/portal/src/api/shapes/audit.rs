//! What was changed, by whom.

use serde::Serialize;
use store::AuditRow;
use utoipa::ToSchema;

use super::text::AccountName;

/// One change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// Whose; null where it was the node's.
    #[schema(value_type = Option<AccountName>)]
    account: Option<String>,
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
struct Difference {
    /// What: "account.max_calls".
    what: String,
    /// What it was; empty where there was nothing.
    before: String,
    /// What it is; empty where there is nothing.
    after: String,
}

impl From<&AuditRow> for AuditEntry {
    fn from(row: &AuditRow) -> Self {
        let changes = row.changes.iter().cloned();
        let different =
            changes.map(|change| Difference { what: change.what, before: change.before, after: change.after });
        Self {
            account: row.account.as_ref().map(ToString::to_string),
            at_ms: row.at_ms,
            by: row.by.clone(),
            text: row.text.clone(),
            changes: different.collect(),
        }
    }
}
