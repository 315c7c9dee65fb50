//! Calls that another switch carries: it asks before it places one, says when it is answered, and when it is over.
//!
//! The account screens such a call as its own, holds money for it and looks at it again as it talks; its record is that of
//! any other call. What must be hung up is told in the answer to a report, in the events, and by [`show`].

use std::net::{IpAddr, SocketAddr};

use account::{Attempt, Caller, HungUpBy, LookUps, Party, Permit, RefusalCode, Told, Transport, Verdict, Via};
use axum::Json;
use billing::{AccountId, CallId, LineId};
use edge::{MAX_REMOTE_S, Report, Screened};
use guard::{Cause, Failures};
use node::{Command, CommandReply, Remote};
use serde::{Deserialize, Serialize};
use store::KeyScope;
use tokio::time::{Duration, sleep};
use utoipa::{IntoParams, ToSchema};

use super::client::Client;
use super::extract::{Body, Place};
use super::fault::{Answer, Fault, Kind};
use super::shapes::{AccountName, Call, CallName, IpAddress, LineName, RunningCall};

/// How long a call may talk if nobody reports its end, unless its switch says another time, seconds.
const USUAL_S: u32 = 60 * 60;
/// How often and how long the record of a call is waited for.
const LOOKS: u32 = 100;
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// The longest user agent and texts like it, characters.
const MAX_TEXT_CHARS: usize = 128;

/// A call that a switch wants to place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewScreening {
    /// Whose line it is; the key's own account where it is not given.
    #[serde(default)]
    #[schema(value_type = Option<AccountName>)]
    account: Option<AccountId>,
    /// The line that places it.
    #[schema(value_type = LineName)]
    line: LineId,
    /// As it was dialled.
    #[schema(pattern = "^[0-9A-Za-z+*#._-]{1,64}$")]
    dialled: String,
    /// Where the phone is, as the switch sees it.
    #[schema(value_type = IpAddress)]
    ip: IpAddr,
    /// The number the caller wants to show.
    #[serde(default)]
    #[schema(pattern = "^[0-9A-Za-z+*#._-]{0,64}$")]
    caller: String,
    /// The phone's own word for itself.
    #[serde(default)]
    #[schema(pattern = "^[ -~]{0,128}$")]
    user_agent: String,
    /// Where the call is not the caller's own doing.
    #[serde(default)]
    cause: Option<Why>,
    /// What the switch knows of the phone behind a trunk.
    #[serde(default)]
    told: Option<ToldOfPhone>,
    /// How long the call may talk if nobody reports its end, seconds.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 14400, default = 3600)]
    limit_s: Option<u32>,
}

/// Why a call is placed.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Cause)]
enum Why {
    /// A phone forwards its calls.
    Forward,
    /// A phone transfers a call.
    Transfer,
}

/// What a switch tells of a phone behind a trunk.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ToldOfPhone {
    #[schema(pattern = "^[0-9A-Za-z+*#._-]{1,64}$")]
    extension: String,
    #[schema(value_type = IpAddress)]
    ip: IpAddr,
}

/// What a call may do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Screening {
    /// Our id of the call, for its reports.
    #[schema(value_type = CallName)]
    call: String,
    verdict: Decided,
    /// Where to: the number in E.164, or the emergency number as dialled.
    number: Option<String>,
    /// What the callee is to be shown: one of the account's own numbers.
    caller: Option<String>,
    /// An emergency call: nothing may hold it up.
    emergency: bool,
    lease: Option<Lease>,
    refusal: Option<Refusal>,
}

/// Let through or not.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = ScreeningVerdict)]
enum Decided {
    Allowed,
    Refused,
}

/// What is paid for, in seconds from the answer. The node sets more aside by itself as long as the credit lasts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Lease {
    /// When the account is asked again; null: no more.
    check_at_s: Option<u32>,
    /// When what is paid for ends unless more is set aside; null: never.
    paid_until_s: Option<u32>,
}

impl From<account::Lease> for Lease {
    fn from(lease: account::Lease) -> Self {
        Self { check_at_s: lease.check_at_s, paid_until_s: lease.paid_until_s }
    }
}

/// Why a call is refused.
#[derive(Debug, Serialize, ToSchema)]
struct Refusal {
    /// bad-number, no-such-line, not-registered, not-permitted, cut, guard, no-credit, exposure, too-many-calls,
    /// no-carrier, limit or disk-full.
    code: &'static str,
    /// The SIP status this node would answer with itself.
    sip_status: u16,
    /// A sentence the owner understands.
    text: String,
}

const fn code(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::BadNumber => "bad-number",
        RefusalCode::NoSuchLine => "no-such-line",
        RefusalCode::NotRegistered => "not-registered",
        RefusalCode::NotPermitted => "not-permitted",
        RefusalCode::Cut => "cut",
        RefusalCode::Guard => "guard",
        RefusalCode::NoCredit => "no-credit",
        RefusalCode::Exposure => "exposure",
        RefusalCode::TooManyCalls => "too-many-calls",
        RefusalCode::NoCarrier => "no-carrier",
        RefusalCode::Limit => "limit",
        RefusalCode::DiskFull => "disk-full",
    }
}

impl Screening {
    fn of(call: CallId, verdict: Verdict) -> Self {
        let refused = |refusal: account::Refusal| Refusal {
            code: code(refusal.code),
            sip_status: refusal.code.sip_status(),
            text: refusal.text,
        };
        let (permit, lease, refusal) = match verdict {
            Verdict::Allowed { permit, lease } => (Some(permit), Some(lease.into()), None),
            Verdict::Refused(refusal) => (None, None, Some(refused(refusal))),
        };
        let verdict = if permit.is_some() { Decided::Allowed } else { Decided::Refused };
        let (number, caller, emergency) = match permit {
            Some(Permit::Carrier { number, caller, emergency, .. }) => (Some(number), Some(caller.user), emergency),
            Some(Permit::Lines { called, caller, .. }) => (Some(called), Some(caller.user), false),
            None => (None, None, false),
        };
        Self { call: call.to_string(), verdict, number, caller, emergency, lease, refusal }
    }
}

/// Whether a text is one that a user part may be.
fn is_user(text: &str, least: usize) -> bool {
    (least..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+*#._-".contains(&b))
}

fn attempt(new: NewScreening) -> Result<Attempt, Fault> {
    let is_told = new.told.as_ref().is_none_or(|told| is_user(&told.extension, 1));
    if !is_user(&new.dialled, 1) || !is_user(&new.caller, 0) || !is_told {
        return Err(Fault::wrong("what is dialled and who calls are 1 to 64 of a-z, A-Z, 0-9 and +*#._-"));
    }
    if new.user_agent.chars().count() > MAX_TEXT_CHARS || new.user_agent.chars().any(char::is_control) {
        return Err(Fault::wrong("a user agent has 128 characters at most"));
    }
    let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let remote = SocketAddr::new(new.ip.to_canonical(), 0);
    Ok(Attempt {
        call: CallId(0),
        from: Party::Line(new.line),
        dialled: new.dialled,
        caller: Caller { user: new.caller, ..Caller::default() },
        via: Via {
            flow: account::Flow { local: nowhere, remote, transport: Transport::Udp, connection: 0 },
            user_agent: new.user_agent.into(),
            place: geo::Place::default(),
            failures_before: Failures::NONE,
        },
        cause: new.cause.map(|cause| match cause {
            Why::Forward => Cause::Forward,
            Why::Transfer => Cause::Transfer,
        }),
        told: new.told.map(|told| Told {
            extension: told.extension,
            address: told.ip.to_string(),
            place: geo::Place::default(),
        }),
        look_ups: LookUps::none(),
    })
}

impl Client {
    async fn screened(&self, command: Command) -> Result<Screened, Fault> {
        match self.send(command).await? {
            CommandReply::Screened(screened) => Ok(screened),
            _ => Err(Fault::new(Kind::Broken, "the node gave another answer than was asked for")),
        }
    }
}

/// May this call be placed? An allowed call must be reported: when it is answered, and when it is over.
#[utoipa::path(post, path = "/screen", tag = "screening", request_body = NewScreening,
    responses((status = 200, body = Screening)))]
pub(super) async fn ask(client: Client, Body(new): Body<NewScreening>) -> Answer<Screening> {
    let Some(account) = new.account.clone().or_else(|| client.key.account.clone()) else {
        return Err(Fault::wrong("a key of the whole node must say whose line it is: `account`"));
    };
    let limit_s = new.limit_s.unwrap_or(USUAL_S);
    if !(1..=MAX_REMOTE_S).contains(&limit_s) {
        return Err(Fault::wrong(format!("limit_s is from 1 to {MAX_REMOTE_S}")));
    }
    let reach = client.at(&account, KeyScope::Screen).await?;
    let attempt = Box::new(attempt(new)?);
    match reach.client.screened(Command::Remote(Remote::Screen { account, attempt, limit_s })).await? {
        Screened::Verdict { call, verdict } => Ok(Json(Screening::of(call, verdict))),
        _ => Err(Fault::new(Kind::Broken, "the node gave no verdict")),
    }
}

/// A screened call in an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtScreening {
    /// The call.
    #[param(value_type = CallName)]
    call: CallId,
}

fn missing(call: CallId) -> Fault {
    Fault::not_found(format!("no call {call} of another switch runs here"))
}

/// A call that another switch carries, and whether that switch must hang it up.
#[utoipa::path(get, path = "/screen/{call}", tag = "screening", params(AtScreening),
    responses((status = 200, body = RunningCall)))]
pub(super) async fn show(client: Client, Place(at): Place<AtScreening>) -> Answer<RunningCall> {
    client.must(KeyScope::Screen)?;
    let calls = client.calls(client.key.account.clone()).await?;
    let name = at.call.to_string();
    let found = calls.into_iter().find(|call| call.is_remote && call.call == name);
    Ok(Json(found.ok_or_else(|| missing(at.call))?))
}

/// What an answered call may do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Answered {
    /// Null where it must be hung up.
    lease: Option<Lease>,
    /// Why it must be hung up now, where it must.
    hang_up: Option<String>,
}

/// The callee has answered: what is paid for counts from now.
#[utoipa::path(post, path = "/screen/{call}/answered", tag = "screening", params(AtScreening),
    responses((status = 200, body = Answered)))]
pub(super) async fn answered(client: Client, Place(at): Place<AtScreening>) -> Answer<Answered> {
    client.must(KeyScope::Screen)?;
    let account = client.key.account.clone();
    match client.screened(Command::Remote(Remote::Report { call: at.call, account, report: Report::Answered })).await? {
        Screened::Leased(lease) => Ok(Json(Answered { lease: Some(lease.into()), hang_up: None })),
        Screened::HangUp(end) => Ok(Json(Answered { lease: None, hang_up: Some(end.why().to_owned()) })),
        _ => Err(missing(at.call)),
    }
}

/// How a call ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CallEnd)]
pub(super) struct Ended {
    /// SIP status of the final answer to the caller; 200 for an answered call.
    #[serde(default = "answered_status")]
    #[schema(minimum = 200, maximum = 699, default = 200)]
    status: u16,
    /// In the switch's words.
    #[serde(default)]
    #[schema(pattern = "^[ -~]{0,128}$")]
    reason: String,
    /// Who ended it.
    #[serde(default)]
    hung_up_by: By,
    /// How long was talked, where nobody reported the answer; then no more is charged than was set aside at first.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 14400)]
    talk_s: u32,
}

const fn answered_status() -> u16 {
    200
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = HungUpBy)]
enum By {
    #[default]
    Caller,
    Callee,
    Switch,
}

/// The call is over. Its record; the same again where it was over already.
#[utoipa::path(post, path = "/screen/{call}/end", tag = "screening", params(AtScreening), request_body = Ended,
    responses((status = 200, body = Call)))]
pub(super) async fn end(client: Client, Place(at): Place<AtScreening>, Body(ended): Body<Ended>) -> Answer<Call> {
    client.must(KeyScope::Screen)?;
    let is_good = (200..700).contains(&ended.status)
        && ended.talk_s <= MAX_REMOTE_S
        && ended.reason.chars().count() <= MAX_TEXT_CHARS
        && !ended.reason.chars().any(char::is_control);
    if !is_good {
        return Err(Fault::wrong(
            "a call ends with a status from 200 to 699, a reason of 128 characters at most, and talk_s",
        ));
    }
    let report = Report::Ended {
        status: ended.status,
        reason: ended.reason,
        hung_up_by: match ended.hung_up_by {
            By::Caller => HungUpBy::Caller,
            By::Callee => HungUpBy::Callee,
            By::Switch => HungUpBy::Node,
        },
        talk_ms: u64::from(ended.talk_s) * 1000,
    };
    let account = client.key.account.clone();
    let told =
        client.screened(Command::Remote(Remote::Report { call: at.call, account: account.clone(), report })).await?;
    let looks = if told == Screened::Over { LOOKS } else { 1 };
    for look in 0..looks {
        if look > 0 {
            sleep(LOOK_AGAIN).await;
        }
        let (account, call) = (account.clone(), at.call);
        let found = client.portal().read(move |reader| {
            let Some(cdr) = reader.cdr(account.as_ref(), call)? else { return Ok(None) };
            let row = reader.account(&cdr.who.account)?;
            Ok(row.map(|row| Call::of(&cdr, &row.settings.currency)))
        });
        if let Some(record) = found.await? {
            return Ok(Json(record));
        }
    }
    if told == Screened::Over {
        return Err(Fault::new(Kind::Unavailable, "the call is over; its record is still to come"));
    }
    Err(missing(at.call))
}
