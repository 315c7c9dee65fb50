//! Lines: listed, made, changed, given new secrets.

use account::{Change, Line as Held, LineKind, Secrets};
use axum::Json;
use axum::http::StatusCode;
use billing::{E164, LineId};
use serde::Deserialize;
use sip::digest::Ha1Set;
use store::LineRow;
use utoipa::{IntoParams, ToSchema};

use super::accounts::AtAccount;
use super::client::{At, Reach, Read, Write};
use super::extract::{Body, Place};
use super::fault::{Answer, Fault, Kind};
use super::page::{Listing, Page, Paging};
use super::shapes::{Done, Line, LineChange, LineName, NewLine, NewSecret, max_calls};
use crate::random;
use crate::state::now_ms;

/// The longest user name a line logs in with, bytes.
const MAX_AUTH_NAME_BYTES: usize = 64;
/// Addresses that one trunk may be known by.
const MAX_ADDRESSES: usize = 16;
/// The longest name of a line, characters.
const MAX_NAME_CHARS: usize = 80;

/// A line in an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtLine {
    /// The line.
    #[param(value_type = LineName)]
    line: LineId,
}

impl Reach {
    async fn line(&self, line: &LineId) -> Result<LineRow, Fault> {
        let asked = line.clone();
        let row = self.read(move |reader, id| reader.line(id, &asked)).await?;
        row.ok_or_else(|| Fault::not_found(format!("there is no line {line} on this account")))
    }

    async fn shown(&self, line: &LineId) -> Answer<Line> {
        Ok(Json(Line::of(&self.line(line).await?, now_ms())))
    }

    /// A number that a line may show: one of the account's own, so that nobody calls as somebody else.
    async fn own_number(&self, number: E164) -> Result<E164, Fault> {
        let dids = self.read(|reader, id| reader.dids(Some(id))).await?;
        let is_own = self.account.settings.numbers.contains(&number) || dids.iter().any(|row| row.did.number == number);
        if is_own { Ok(number) } else { Err(Fault::wrong(format!("{number} is not a number of this account"))) }
    }
}

/// The lines of an account.
#[utoipa::path(get, path = "/accounts/{account}/lines", tag = "lines", params(AtAccount, Paging),
    responses((status = 200, body = Page<Line>)))]
pub(super) async fn list(reach: At<Read>, listing: Listing) -> Answer<Page<Line>> {
    let rows = reach.read(|reader, id| reader.lines(id)).await?;
    let now = now_ms();
    listing.page_of_all(rows, |row| row.line.id.to_string(), |row| Line::of(&row, now))
}

/// Add a line. Its secret is made up and shown this once.
#[utoipa::path(post, path = "/accounts/{account}/lines", tag = "lines", params(AtAccount), request_body = NewLine,
    responses((status = 201, body = NewSecret)))]
pub(super) async fn add(reach: At<Write>, Body(new): Body<NewLine>) -> Result<(StatusCode, Json<NewSecret>), Fault> {
    let id = new.id.clone();
    if reach.line(&id).await.is_ok() {
        return Err(Fault::new(Kind::Conflict, format!("there is a line {id} already")));
    }
    let mut line = read(&reach, new)?;
    if let Some(number) = line.caller_id {
        reach.own_number(number).await?;
    }
    let made = line.auth_name.as_deref().map(|name| made_up(&reach, name));
    let secret = made.map(|(secret, digests)| {
        line.secrets = Some(digests);
        secret
    });
    let done = reach.change(Change::PutLine(line)).await?;
    Ok((StatusCode::CREATED, Json(told(&reach, &id, done.text, secret).await?)))
}

fn read(reach: &Reach, new: NewLine) -> Result<Held, Fault> {
    let kind = LineKind::from(new.kind);
    if new.addresses.len() > MAX_ADDRESSES {
        return Err(Fault::wrong(format!("a trunk is known by {MAX_ADDRESSES} addresses at most")));
    }
    if !new.addresses.is_empty() && kind == LineKind::Extension {
        return Err(Fault::wrong("only a trunk is proven by its address: a phone logs in"));
    }
    if new.addresses.iter().any(|ip| ip.is_unspecified() || ip.is_multicast()) {
        return Err(Fault::wrong("no trunk has such an address"));
    }
    let usual = || new.addresses.is_empty().then(|| format!("{}-{}", reach.id(), new.id));
    let auth_name = new.auth_name.clone().or_else(usual);
    let usable = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte);
    let is_name = |name: &String| (1..=MAX_AUTH_NAME_BYTES).contains(&name.len()) && name.bytes().all(usable);
    if !auth_name.as_ref().is_none_or(is_name) {
        return Err(Fault::wrong("a user name has 1 to 64 of a-z, A-Z, 0-9 and -_.+"));
    }
    Ok(Held {
        id: new.id,
        kind,
        name: name(new.name)?,
        auth_name: auth_name.map(Into::into),
        secrets: None,
        addresses: new.addresses.into_iter().map(|ip| ip.to_canonical()).collect(),
        certificates: Vec::new(),
        caller_id: new.caller_id,
        international: new.international,
        max_calls: new.max_calls.map(max_calls).transpose()?,
        limits: new.limits.read()?,
        cut: None,
        bindings: Vec::new(),
        last_seen: None,
        shut_out_ms: 0,
    })
}

fn name(text: String) -> Result<String, Fault> {
    let is_good = text.chars().count() <= MAX_NAME_CHARS && !text.chars().any(char::is_control);
    if is_good { Ok(text) } else { Err(Fault::wrong("a line's name has 80 characters at most")) }
}

/// A secret that nobody guesses, and what is kept of it.
fn made_up(reach: &Reach, auth_name: &str) -> (String, Secrets) {
    let secret = random::secret();
    let realm = &reach.client.portal().settings.realm;
    let (ha1_md5, ha1_sha256) = Ha1Set::new(auth_name.as_bytes(), realm.as_bytes(), secret.as_bytes()).parts();
    // The account counts the version on.
    (secret, Secrets { ha1_md5, ha1_sha256, version: 0 })
}

async fn told(reach: &Reach, line: &LineId, text: String, secret: Option<String>) -> Result<NewSecret, Fault> {
    let Json(line) = reach.shown(line).await?;
    let settings = &reach.client.portal().settings;
    Ok(NewSecret { line, text, secret, sip_server: settings.sip_server.clone(), realm: settings.realm.clone() })
}

/// One line.
#[utoipa::path(get, path = "/accounts/{account}/lines/{line}", tag = "lines", params(AtAccount, AtLine),
    responses((status = 200, body = Line)))]
pub(super) async fn show(reach: At<Read>, Place(at): Place<AtLine>) -> Answer<Line> {
    reach.shown(&at.line).await
}

/// Change a line; what is not given stays.
#[utoipa::path(patch, path = "/accounts/{account}/lines/{line}", tag = "lines", params(AtAccount, AtLine),
    request_body = LineChange, responses((status = 200, body = Line)))]
pub(super) async fn change(reach: At<Write>, Place(at): Place<AtLine>, Body(change): Body<LineChange>) -> Answer<Line> {
    let mut line = reach.line(&at.line).await?.line;
    if let Some(text) = change.name {
        line.name = name(text)?;
    }
    if let Some(text) = change.caller_id {
        line.caller_id = match text.as_str() {
            "" => None,
            text => Some(reach.own_number(text.parse().map_err(Fault::wrong)?).await?),
        };
    }
    if let Some(limits) = change.limits {
        line.limits = limits.read()?;
    }
    line.international = change.international.unwrap_or(line.international);
    if let Some(most) = change.max_calls {
        line.max_calls = Some(max_calls(most)?).filter(|most| *most > 0);
    }
    // Without digests: the account keeps those it has.
    line.secrets = None;
    reach.change(Change::PutLine(line)).await?;
    reach.shown(&at.line).await
}

/// Remove a line: its registrations are dropped and its calls hung up.
#[utoipa::path(delete, path = "/accounts/{account}/lines/{line}", tag = "lines", params(AtAccount, AtLine),
    responses((status = 200, body = Done)))]
pub(super) async fn remove(reach: At<Write>, Place(at): Place<AtLine>) -> Answer<Done> {
    reach.line(&at.line).await?;
    Ok(Json(reach.change(Change::RemoveLine(at.line)).await?.into()))
}

/// Give a line a new secret, which is shown this once: registrations are dropped and calls hung up.
#[utoipa::path(post, path = "/accounts/{account}/lines/{line}/secret", tag = "lines", params(AtAccount, AtLine),
    responses((status = 200, body = NewSecret)))]
pub(super) async fn secret(reach: At<Write>, Place(at): Place<AtLine>) -> Answer<NewSecret> {
    let line = reach.line(&at.line).await?.line;
    let Some(auth_name) = line.auth_name.as_deref() else {
        return Err(Fault::new(Kind::Conflict, "this trunk is proven by its address and has no secret"));
    };
    let (secret, secrets) = made_up(&reach, auth_name);
    let done = reach.change(Change::SetSecret { line: line.id.clone(), secrets }).await?;
    Ok(Json(told(&reach, &line.id, done.text, Some(secret)).await?))
}

/// A registration to drop.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Dropped {
    /// Its contact, as the line shows it.
    #[schema(max_length = 512)]
    contact: String,
}

/// Drop one registration of a line.
#[utoipa::path(post, path = "/accounts/{account}/lines/{line}/drop-binding", tag = "lines", params(AtAccount, AtLine),
    request_body = Dropped, responses((status = 200, body = Done)))]
pub(super) async fn drop_binding(
    reach: At<Write>,
    Place(at): Place<AtLine>,
    Body(dropped): Body<Dropped>,
) -> Answer<Done> {
    let line = reach.line(&at.line).await?.line;
    if !line.bindings.iter().any(|binding| binding.contact == dropped.contact) {
        return Err(Fault::new(Kind::Conflict, "the line is not registered with that contact"));
    }
    Ok(Json(reach.change(Change::DropBinding { line: at.line, contact: dropped.contact }).await?.into()))
}

/// Turn a line's international calling back on after a cut.
#[utoipa::path(post, path = "/accounts/{account}/lines/{line}/lift", tag = "lines", params(AtAccount, AtLine),
    responses((status = 200, body = Done)))]
pub(super) async fn lift(reach: At<Write>, Place(at): Place<AtLine>) -> Answer<Done> {
    reach.line(&at.line).await?;
    Ok(Json(reach.change(Change::LiftCut { line: Some(at.line) }).await?.into()))
}
