//! VOIP.MS's API, spoken by us: the methods that read, and the switches of a line.
//!
//! One table of methods ([`METHODS`]), one file for each group of them. A method that reads answers from the tables; one
//! that writes works out a [`Change`] from them, which the node then makes as it makes every other. What is answered is
//! text throughout ([`Reply`] can hold nothing else). Who calls is proven by user name, password and address, in this order;
//! what each failure is called is in [`Status`].

mod ask;
mod balance;
mod calls;
mod change;
mod clock;
mod codes;
mod fields;
mod gate;
mod lines;
mod numbers;
mod rates;
mod registrations;
mod reply;
mod server;
mod status;

use std::net::IpAddr;

use account::{Actor, Change};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use node::Command;
use store::{ApiAccess, Reader};

use crate::caller::caller;
use crate::programs::ProgramState;
use crate::state::now_ms;
use ask::{Ask, Facts};
use fields::Fields;
use reply::Reply;
use status::{Failure, Status};

/// What a method answers.
type Answer = Result<Reply, Failure>;

/// How a method is done.
#[derive(Clone, Copy)]
enum Method {
    /// It answers from the tables.
    Read(fn(&Ask, &Reader) -> Answer),
    /// It works out a change, which the node then makes.
    Write(fn(&Ask, &Reader) -> Result<Change, Failure>),
}

use Method::{Read, Write};

/// The only method that may be called from anywhere: it tells which address is to be allowed.
const FROM_ANYWHERE: &str = "getIP";

/// All methods.
const METHODS: &[(&str, Method)] = &[
    ("getAuthTypes", Read(codes::auth_types)),
    ("getBalance", Read(balance::balance)),
    ("getCDR", Read(calls::cdr)),
    ("getCallAccounts", Read(calls::accounts)),
    ("getCallBilling", Read(calls::billing)),
    ("getCallTypes", Read(calls::types)),
    ("getDIDsInfo", Read(numbers::dids)),
    (FROM_ANYWHERE, Read(server::ip)),
    ("getLockInternational", Read(codes::locks)),
    ("getRates", Read(rates::rates)),
    ("getRegistrationStatus", Read(registrations::status)),
    ("getRoutes", Read(codes::routes)),
    ("getServersInfo", Read(server::servers)),
    ("getSubAccounts", Read(lines::list)),
    ("getTerminationRates", Read(rates::termination)),
    ("getTransactionHistory", Read(balance::transactions)),
    ("setSubAccount", Write(change::line)),
];

/// Answers a call.
pub(crate) async fn answer(State(state): State<ProgramState>, request: Request) -> Response {
    let ip = caller(request.extensions(), request.headers(), &state.portal.settings.proxies);
    let answer = match fields::read(request).await {
        Ok(fields) => call(&state, fields, ip).await,
        Err(refused) => return refused,
    };
    let (code, reply) = match answer {
        Ok(reply) => (StatusCode::OK, reply.with(Status::SUCCESS)),
        Err(Failure::Status(status)) => (StatusCode::OK, Reply::default().with(status)),
        Err(Failure::Problem(problem)) => {
            let source = std::error::Error::source(&problem).map(ToString::to_string);
            tracing::error!(error = %problem, source, "a call of VOIP.MS's API failed");
            (StatusCode::SERVICE_UNAVAILABLE, Reply::default().with(Status::UNAVAILABLE))
        }
    };
    (code, [(CACHE_CONTROL, "no-store")], Json(reply)).into_response()
}

async fn call(state: &ProgramState, fields: Fields, ip: IpAddr) -> Answer {
    let access = gate::enter(state, &fields, ip).await?;
    let name = fields.get("method").map_or("", String::as_str);
    if name.is_empty() {
        return Err(Status::MISSING_METHOD.into());
    }
    let Some((name, method)) = METHODS.iter().find(|(known, _)| *known == name) else {
        return Err(Status::INVALID_METHOD.into());
    };
    tracing::debug!(account = %access.account, %ip, name, "a call of VOIP.MS's API");
    match *method {
        Read(method) => ask(state, &access, fields, ip, method).await,
        Write(method) => {
            let change = ask(state, &access, fields, ip, method).await?;
            // No login name of the portal holds a space.
            let by = Actor::User(format!("{} (API)", access.username));
            let command = Command::Account { account: access.account, by, change };
            state.portal.control.send(command).await.map_err(status::of_command)?;
            Ok(Reply::default())
        }
    }
}

/// Puts a question to the tables, off the runtime's threads.
async fn ask<T: Send + 'static>(
    state: &ProgramState,
    access: &ApiAccess,
    fields: Fields,
    ip: IpAddr,
    question: fn(&Ask, &Reader) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (id, facts) = (access.account.clone(), Facts::of(state));
    let asked = state.portal.read(move |reader| {
        let Some(account) = reader.account(&id)? else { return Ok(Err(Status::API_NOT_ENABLED.into())) };
        Ok(question(&Ask { fields, account, ip, now_ms: now_ms(), facts }, reader))
    });
    asked.await?
}
