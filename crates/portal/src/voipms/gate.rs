//! Who calls: user name and password, then the address, then how often.
//!
//! Failed logins are counted by address and by user name, as those of the portal are; whoever fails too often is told that
//! the limit is exceeded, whatever they send. An unknown user name and a wrong password look the same.

use std::net::IpAddr;
use std::sync::PoisonError;

use store::ApiAccess;
use subtle::ConstantTimeEq;

use super::FROM_ANYWHERE;
use super::fields::Fields;
use super::status::{Failure, Status};
use crate::programs::ProgramState;
use crate::state::now_ms;

/// The longest user name and password looked at, bytes.
const MAX_BYTES: usize = 256;

/// The access whose password this is, from an address that it allows.
pub(crate) async fn enter(state: &ProgramState, fields: &Fields, ip: IpAddr) -> Result<ApiAccess, Failure> {
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let (username, password) = (field("api_username").trim(), field("api_password"));
    if username.is_empty() || password.is_empty() {
        return Err(Status::MISSING_CREDENTIALS.into());
    }
    if username.len() > MAX_BYTES || password.len() > MAX_BYTES {
        return Err(Status::INVALID_CREDENTIALS.into());
    }
    let name = username.to_lowercase();
    let asked = name.clone();
    let known = state.portal.desk(move |desk| desk.api_access(&asked)).await?;
    let Some(access) = prove(state, known, &name, password, ip)? else {
        tracing::info!(%ip, username, "a login to VOIP.MS's API failed");
        return Err(Status::INVALID_CREDENTIALS.into());
    };
    if !access.is_on {
        return Err(Status::API_NOT_ENABLED.into());
    }
    if field("method") != FROM_ANYWHERE && !access.allows(ip) {
        return Err(Status::IP_NOT_ENABLED.into());
    }
    let mut calls = state.api_calls.lock().unwrap_or_else(PoisonError::into_inner);
    if calls.take(access.account.clone(), now_ms()) { Ok(access) } else { Err(Status::API_LIMIT_EXCEEDED.into()) }
}

/// Verifies a password. No other try comes between taking a try and giving it back, so that calls side by side of a program
/// that knows its password never wait for each other.
fn prove(
    state: &ProgramState,
    known: Option<ApiAccess>,
    name: &str,
    password: &str,
    ip: IpAddr,
) -> Result<Option<ApiAccess>, Status> {
    let hash = ApiAccess::hash(password);
    let expected = known.as_ref().map_or([0; 32], |access| access.password_hash);
    let is_right = bool::from(hash.ct_eq(&expected)) && known.is_some();
    let mut logins = state.logins.lock().unwrap_or_else(PoisonError::into_inner);
    logins.try_login(ip, name, now_ms()).map_err(|_| Status::API_LIMIT_EXCEEDED)?;
    if is_right {
        logins.succeeded(ip, name);
    }
    Ok(known.filter(|_| is_right))
}
