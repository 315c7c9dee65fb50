//! Carriers, for administrators: how they are, added, changed, removed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use billing::{CarrierId, DeckId};
use edge::Carrier;
use node::{Command, CommandReply, NodeChange};
use serde::Deserialize;

use crate::access::{Admin, Visitor};
use crate::carriers::{CarrierLogin, CarrierSettings, Transport};
use crate::forms::{Button, Signed};
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::words::{Badge, Tone, count, sentence};

const PAGE: &str = "/carriers";
/// Calls whose answers are counted.
const LAST_CALLS: u32 = 1_000;

/// A carrier in a list.
pub(super) struct Row {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) address: String,
    pub(super) state: Badge,
    pub(super) text: String,
}

/// What the node says of carriers now; `None` where it does not answer.
pub(super) type States = Option<BTreeMap<CarrierId, (bool, String)>>;

/// What the node says of carriers now.
pub(super) async fn states(admin: &Visitor) -> States {
    match admin.state.control.send(Command::Carriers).await {
        Ok(CommandReply::Carriers(states)) => Some(states.into_iter().map(|(id, up, text)| (id, (up, text))).collect()),
        _ => None,
    }
}

/// A row of a list.
pub(super) fn row(admin: &Visitor, carrier: &Carrier, states: &States) -> Row {
    let (state, text) = match states.as_ref().map(|states| states.get(&carrier.id)) {
        None => (Badge::new("not known", Tone::Plain), "The node does not answer.".to_owned()),
        Some(Some((true, text))) => (Badge::new("usable", Tone::Good), sentence(text)),
        Some(Some((false, text))) => (Badge::new("not usable", Tone::Bad), sentence(text)),
        Some(None) => {
            (Badge::new("not tried yet", Tone::Plain), "No call or registration has gone there yet.".to_owned())
        }
    };
    Row {
        href: admin.path(&format!("{PAGE}/{}", carrier.id)),
        name: carrier.name.clone(),
        id: carrier.id.to_string(),
        address: carrier.address.to_string(),
        state,
        text,
    }
}

#[derive(Template)]
#[template(path = "carriers.html")]
struct CarriersPage {
    f: Frame,
    rows: Vec<Row>,
    form: Fields,
}

#[derive(Template)]
#[template(path = "carrier.html")]
struct CarrierPage {
    f: Frame,
    row: Row,
    all: String,
    users: Vec<(String, String)>,
    answers: Vec<(String, String)>,
    answered: String,
    form: Fields,
}

/// What the fields of the form hold.
struct Fields {
    action: String,
    button: &'static str,
    /// `None`: to be typed.
    id: Option<String>,
    name: String,
    address: String,
    transports: Vec<Choice>,
    domain: String,
    sources: String,
    prefix: String,
    plus: bool,
    username: String,
    register_s: String,
    options_s: u32,
    tell_origin: bool,
    decks: Vec<Choice>,
}

/// Something to choose.
struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

fn fields(admin: &Admin, old: Option<&Carrier>, decks: &[DeckId]) -> Fields {
    let text = |of: fn(&Carrier) -> String| old.map(of).unwrap_or_default();
    let auth = old.and_then(|carrier| carrier.auth.as_ref());
    let now = old.map_or(Transport::Udp, |carrier| carrier.transport.into());
    let transports = [
        (Transport::Udp, "udp", "UDP"),
        (Transport::Tcp, "tcp", "TCP"),
        (Transport::Tls, "tls", "TLS"),
        (Transport::Dns, "dns", "as the DNS says (for a name)"),
    ];
    let transport = |(of, value, name): (Transport, &str, &str)| Choice {
        value: value.to_owned(),
        name: name.to_owned(),
        chosen: of == now,
    };
    let deck = old.and_then(|carrier| carrier.cost_deck.as_ref());
    Fields {
        action: admin.path(&old.map_or(PAGE.to_owned(), |carrier| format!("{PAGE}/{}", carrier.id))),
        button: if old.is_some() { "Save" } else { "Add it" },
        id: old.map(|carrier| carrier.id.to_string()),
        name: text(|carrier| carrier.name.clone()),
        address: text(|carrier| carrier.address.to_string()),
        transports: transports.into_iter().map(transport).collect(),
        domain: text(|carrier| carrier.domain.clone().unwrap_or_default()),
        sources: text(|carrier| carrier.sources.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
        prefix: text(|carrier| carrier.prefix.clone()),
        plus: old.is_none_or(|carrier| carrier.plus),
        username: auth.map(|auth| auth.username.clone()).unwrap_or_default(),
        register_s: auth.and_then(|auth| auth.register_s).map(|s| s.to_string()).unwrap_or_default(),
        options_s: old.map_or(edge::USUAL_OPTIONS_S, |carrier| carrier.options_s),
        tell_origin: old.is_some_and(|carrier| carrier.tell_origin),
        decks: decks
            .iter()
            .map(|id| Choice { value: id.to_string(), name: id.to_string(), chosen: Some(id) == deck })
            .collect(),
    }
}

/// Decks that there are, each once.
fn decks(reader: &store::Reader) -> Result<Vec<DeckId>, store::Error> {
    let mut decks: Vec<DeckId> = reader.decks()?.into_iter().map(|row| row.id).collect();
    decks.dedup();
    Ok(decks)
}

/// All carriers, and the form for another.
pub(crate) async fn list(admin: Admin) -> Result<Response, Problem> {
    let (carriers, decks) = admin.state.read(|reader| Ok((reader.carriers()?, decks(reader)?))).await?;
    let states = states(&admin).await;
    page(&CarriersPage {
        f: Frame::of_node(&admin, Tab::Carriers, "Carriers", String::new()),
        rows: carriers.iter().map(|carrier| row(&admin, carrier, &states)).collect(),
        form: fields(&admin, None, &decks),
    })
}

/// One carrier.
pub(crate) async fn show(admin: Admin, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: CarrierId = id.parse().map_err(|_| Problem::NotFound)?;
    let asked = id.clone();
    let found = admin.state.read(move |reader| {
        let carrier = reader.carriers()?.into_iter().find(|carrier| carrier.id == asked);
        let accounts = reader.accounts()?.into_iter().filter(|row| row.settings.carriers.contains(&asked));
        Ok((carrier, accounts.collect::<Vec<_>>(), reader.answers_of(&asked, LAST_CALLS)?, decks(reader)?))
    });
    let (carrier, accounts, answers, decks) = found.await?;
    let carrier = carrier.ok_or(Problem::NotFound)?;
    let states = states(&admin).await;
    let calls: u64 = answers.iter().map(|(_, calls)| calls).sum();
    page(&CarrierPage {
        f: Frame::of_node(&admin, Tab::Carriers, &carrier.name, String::new()),
        row: row(&admin, &carrier, &states),
        all: admin.path(PAGE),
        users: accounts
            .iter()
            .map(|row| (admin.path(&format!("/accounts/{}", row.id)), row.settings.name.clone()))
            .collect(),
        answers: answers.iter().map(|(status, calls)| (answer(*status), count(*calls as usize, "call"))).collect(),
        answered: count(calls as usize, "call"),
        form: fields(&admin, Some(&carrier), &decks),
    })
}

/// "486 busy".
fn answer(status: u16) -> String {
    let words = match status {
        200 => "answered",
        403 | 603 => "refused",
        404 | 410 | 484 | 604 => "no such number",
        408 | 480 => "no answer",
        486 | 600 => "busy",
        487 => "given up by the caller",
        500..=599 => "out of order",
        _ => "other",
    };
    format!("{status} {words}")
}

/// The form.
#[derive(Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    id: String,
    name: String,
    address: String,
    transport: Transport,
    domain: String,
    sources: String,
    prefix: String,
    #[serde(default)]
    plus: bool,
    username: String,
    secret: String,
    register_s: String,
    options_s: u32,
    #[serde(default)]
    tell_origin: bool,
    cost_deck: String,
}

impl Typed {
    fn read(self, id: &CarrierId) -> Result<Carrier, Problem> {
        let typed = |text: String| Problem::Typed(sentence(&text));
        let some = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let address = |text: &str| text.parse::<IpAddr>().map_err(|_| typed(format!("`{text}` is not an address")));
        let register_s = match some(self.register_s) {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| typed(format!("`{text}` is not a number of seconds")))?),
        };
        let login = some(self.username).map(|username| CarrierLogin { username, secret: self.secret, register_s });
        let cost_deck =
            some(self.cost_deck).map(|deck| deck.parse().map_err(|_| typed(format!("there is no deck {deck}"))));
        let settings = CarrierSettings {
            name: some(self.name),
            address: self.address,
            transport: Some(self.transport),
            domain: some(self.domain),
            sources: self.sources.split_whitespace().map(address).collect::<Result<_, _>>()?,
            prefix: self.prefix.trim().to_owned(),
            plus: self.plus,
            login,
            options_s: self.options_s,
            tell_origin: self.tell_origin,
            cost_deck: cost_deck.transpose()?,
        };
        settings.read(id).map_err(typed)
    }
}

/// Adds a carrier.
pub(crate) async fn add(admin: Admin, Signed(typed): Signed<Typed>) -> Result<Response, Problem> {
    let id: Result<CarrierId, _> = typed.id.trim().parse();
    let done = match id {
        Err(_) => Err(Problem::Typed("a carrier's id has 1 to 64 of a-z, 0-9, `.`, `_` and `-`".to_owned())),
        Ok(id) => {
            let asked = id.clone();
            let known =
                admin.state.read(move |reader| Ok(reader.carriers()?.iter().any(|one| one.id == asked))).await?;
            if known {
                Err(Problem::Typed(format!("there is a carrier {id} already")))
            } else {
                put(&admin, &id, typed).await
            }
        }
    };
    admin.then(done, PAGE)
}

/// Changes a carrier; its secret stays where none is typed.
pub(crate) async fn change(
    admin: Admin,
    Path(id): Path<String>,
    Signed(typed): Signed<Typed>,
) -> Result<Response, Problem> {
    let id: CarrierId = id.parse().map_err(|_| Problem::NotFound)?;
    let done = put(&admin, &id, typed).await;
    admin.then(done, &format!("{PAGE}/{id}"))
}

async fn put(admin: &Admin, id: &CarrierId, typed: Typed) -> Result<String, Problem> {
    let change = NodeChange::PutCarrier(typed.read(id)?);
    admin.command(Command::Node { by: admin.actor(), change }).await
}

/// Removes a carrier that no account uses.
pub(crate) async fn remove(
    admin: Admin,
    Path(id): Path<String>,
    Signed(Button {}): Signed<Button>,
) -> Result<Response, Problem> {
    let id: CarrierId = id.parse().map_err(|_| Problem::NotFound)?;
    let change = NodeChange::RemoveCarrier(id.clone());
    let done = admin.command(Command::Node { by: admin.actor(), change }).await;
    let back = if done.is_ok() { PAGE.to_owned() } else { format!("{PAGE}/{id}") };
    admin.then(done, &back)
}
