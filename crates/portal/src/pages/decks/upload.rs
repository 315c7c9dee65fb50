//! A rate table from a file: looked at first, or imported.

use askama::Template;
use axum::extract::multipart::{Field, Multipart};
use axum::http::HeaderMap;
use axum::response::Response;
use billing::{ColumnNames, DeckId, DeckVersion, DeckVersions, Imported, Rate};
use node::{Command, NodeChange};

use super::PAGE;
use crate::access::Admin;
use crate::forms::is_signed;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::state::now_ms;
use crate::words::{count, sentence};
use crate::zone::Zone;

/// The largest file, bytes.
pub(crate) const MAX_TABLE_BYTES: usize = 16 << 20;
/// The longest other field, bytes.
const MAX_FIELD_BYTES: usize = 200;
/// Changed prices that are shown, and faults.
const MAX_SHOWN: usize = 50;

/// What was sent.
#[derive(Default)]
struct Sent {
    csrf: String,
    id: String,
    /// Whether it is looked at alone.
    look: bool,
    table: Vec<u8>,
}

struct Different {
    prefix: String,
    destination: String,
    before: String,
    after: String,
}

struct Change {
    summary: String,
    rows: Vec<Different>,
    is_all: bool,
}

#[derive(Template)]
#[template(path = "deck_preview.html")]
struct PreviewPage {
    f: Frame,
    all: String,
    id: String,
    unread: String,
    faults: Vec<String>,
    changes: Vec<Change>,
}

async fn read(mut form: Multipart) -> Result<Sent, Problem> {
    let broken = |_| Problem::Typed("the form did not arrive as a whole".to_owned());
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await.map_err(broken)? {
        match field.name().unwrap_or_default() {
            "csrf" => sent.csrf = text(field).await?,
            "id" => sent.id = text(field).await?,
            "do" => sent.look = text(field).await? == "look",
            "table" => sent.table = field.bytes().await.map_err(broken)?.to_vec(),
            _ => {}
        }
    }
    Ok(sent)
}

async fn text(field: Field<'_>) -> Result<String, Problem> {
    let text = field.text().await.map_err(|_| Problem::Typed("the form did not arrive as a whole".to_owned()))?;
    if text.len() > MAX_FIELD_BYTES { Err(Problem::Typed("a field is too long".to_owned())) } else { Ok(text) }
}

/// Imports a table, or shows what an import would change.
pub(crate) async fn put(admin: Admin, headers: HeaderMap, form: Multipart) -> Result<Response, Problem> {
    let sent = read(form).await?;
    if !is_signed(&headers, &admin.state, &sent.csrf) {
        return Err(Problem::StaleForm);
    }
    let Ok(id) = sent.id.trim().parse::<DeckId>() else {
        return admin.then(Err(Problem::Typed("a deck's id has 1 to 64 of a-z, 0-9, `.`, `_` and `-`".into())), PAGE);
    };
    if sent.table.is_empty() {
        return admin.then(Err(Problem::Typed("choose a file".to_owned())), PAGE);
    }
    let read = DeckVersions::read(&sent.table, &ColumnNames::default(), now_ms());
    match read {
        Ok(imported) if !sent.look => {
            let change = NodeChange::PutDeck(id.clone(), imported.versions);
            let done = admin.command(Command::Node { by: admin.actor(), change }).await;
            admin.then(done, &format!("{PAGE}/{id}"))
        }
        Ok(imported) => preview(&admin, id, imported).await,
        Err(error) => {
            let text = error.to_string();
            let faults = text.split("; ").take(MAX_SHOWN).map(sentence).collect();
            shown(&admin, &id, String::new(), faults, Vec::new())
        }
    }
}

fn shown(
    admin: &Admin,
    id: &DeckId,
    unread: String,
    faults: Vec<String>,
    changes: Vec<Change>,
) -> Result<Response, Problem> {
    page(&PreviewPage {
        f: Frame::of_node(admin, Tab::Decks, "What an import would change", Zone::named("UTC").words()),
        all: admin.path(PAGE),
        id: id.to_string(),
        unread,
        faults,
        changes,
    })
}

async fn preview(admin: &Admin, id: DeckId, imported: Imported) -> Result<Response, Problem> {
    let (unread, asked) = (imported.unread.join(", "), id.clone());
    let changes = admin.state.read(move |reader| {
        let compared = imported.versions.iter().map(|version| {
            let known = reader.deck(&asked, version.from_ms)?;
            Ok(compared(version, known.as_ref()))
        });
        compared.collect::<Result<Vec<_>, store::Error>>()
    });
    shown(admin, &id, unread, Vec::new(), changes.await?)
}

fn compared(version: &DeckVersion, known: Option<&DeckVersion>) -> Change {
    let zone = Zone::named("UTC");
    let from = if version.from_ms == 0 { "the beginning".to_owned() } else { zone.short(version.from_ms) };
    let rates = version.deck.rates();
    let all = count(rates.len(), "price");
    let Some(known) = known else {
        return Change { summary: format!("From {from} on: {all} of a new deck."), rows: Vec::new(), is_all: true };
    };
    let seen = version.deck.compared_with(&known.deck);
    let row = |(old, rate): &(&Rate, &Rate)| Different {
        prefix: format!("+{}", rate.prefix.as_digits().as_str()),
        destination: rate.destination.to_string(),
        before: old.per_minute.to_string(),
        after: rate.per_minute.to_string(),
    };
    Change {
        summary: format!(
            "From {from} on: {all}: {} new, {} dearer, {} cheaper, {} changed otherwise, {} go.",
            seen.new,
            seen.dearer(),
            seen.cheaper(),
            seen.otherwise(),
            seen.gone
        ),
        rows: seen.changed.iter().take(MAX_SHOWN).map(row).collect(),
        is_all: seen.changed.len() <= MAX_SHOWN,
    }
}
