//! The node, for keys that reach all of it: its health.

use ::node::{Command, CommandReply};
use axum::Json;

use super::client::{AtNode, Read};
use super::fault::Answer;
use super::shapes::Health;
use crate::health::{Counts, Health as Held};
use crate::state::{PortalState, now_ms};

impl PortalState {
    /// How the node fares; what it does not tell is left out.
    pub(crate) async fn health(&self) -> Result<Held, crate::problem::Problem> {
        let tables = self.read(|reader| Counts::read(reader, now_ms())).await?;
        let status = match self.control.send(Command::Status).await {
            Ok(CommandReply::Status(status)) => Some(status),
            _ => None,
        };
        let carriers = match self.control.send(Command::Carriers).await {
            Ok(CommandReply::Carriers(carriers)) => carriers,
            _ => Vec::new(),
        };
        let calls = match self.control.send(Command::Calls { account: None }).await {
            Ok(CommandReply::Calls(calls)) => calls.len(),
            _ => 0,
        };
        Ok(Held { status, carriers, calls, tables })
    }
}

/// How the node fares, and what is wrong in words.
#[utoipa::path(get, path = "/health", tag = "node", responses((status = 200, body = Health)))]
pub(super) async fn health(client: AtNode<Read>) -> Answer<Health> {
    Ok(Json(Health::from(&client.portal().health().await?)))
}
