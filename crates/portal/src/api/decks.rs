//! Decks, for keys of the whole node: read, previewed and imported from CSV.

use axum::Json;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use billing::{ColumnNames, DeckId, DeckVersions, Imported};
use node::{Command, NodeChange};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::accounts::AtAccount;
use super::client::{At, AtNode, Read, Write};
use super::extract::Place;
use super::fault::{Answer, Fault, Kind};
use super::page::{FirstDigits, Listing, Moment, Page, Paging};
use super::shapes::{Deck, DeckName, Digits, Done, Rate};
use crate::state::now_ms;

/// The longest text that is looked for, characters.
const MAX_SOUGHT_CHARS: usize = 80;

/// A deck in an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtDeck {
    /// The deck.
    #[param(value_type = DeckName)]
    deck: DeckId,
}

/// All decks and their versions.
#[utoipa::path(get, path = "/decks", tag = "node", params(Paging), responses((status = 200, body = Page<Deck>)))]
pub(super) async fn list(client: AtNode<Read>, listing: Listing) -> Answer<Page<Deck>> {
    let decks = client.read(Deck::all).await?;
    listing.page_of_all(decks, |deck| deck.id.clone(), |deck| deck)
}

/// Which prices.
#[derive(Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Of numbers that begin so.
    #[param(value_type = Option<Digits>)]
    prefix: Option<FirstDigits>,
    /// As they are in force then; now where it is not given.
    #[param(value_type = Option<u64>)]
    at_ms: Option<Moment>,
}

/// Prices, in the order of their prefixes.
#[utoipa::path(get, path = "/decks/{deck}/rates", tag = "node", params(AtDeck, Filter, Paging),
    responses((status = 200, body = Page<Rate>)))]
pub(super) async fn rates(
    client: AtNode<Read>,
    Place(at): Place<AtDeck>,
    listing: Listing<Filter>,
) -> Answer<Page<Rate>> {
    let filter = listing.filter.clone();
    let (limit, at_ms) = (listing.wanted(), filter.at_ms.map_or_else(now_ms, |Moment(ms)| ms));
    let after = listing.after(digits)?.unwrap_or_default();
    let prefix = filter.prefix.map(|FirstDigits(digits)| digits).unwrap_or_default();
    let deck = at.deck.clone();
    let found = client.read(move |reader| {
        let is_known = reader.decks()?.iter().any(|row| row.id == deck);
        let found = reader.rates_after(&deck, at_ms, &prefix, &after, limit)?;
        Ok(is_known.then_some(found))
    });
    let found = found.await?.ok_or_else(|| Fault::not_found(format!("there is no deck {}", at.deck)))?;
    listing.page(found, |rate| rate.prefix.to_string(), |rate| Rate::from(&rate))
}

/// Which of an account's prices.
#[derive(Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Those of a number or its first digits, or with this in the name of their destination.
    #[serde(default)]
    #[param(value_type = String, max_length = 80)]
    find: Sought,
}

/// What is looked for, in a person's words.
#[derive(Clone, Default, Deserialize)]
#[serde(try_from = "String")]
struct Sought(String);

impl TryFrom<String> for Sought {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_short = text.chars().count() <= MAX_SOUGHT_CHARS;
        if is_short { Ok(Self(text)) } else { Err("find has 80 characters at most") }
    }
}

/// What calls of an account cost, with its mark-up, in the order of their prefixes.
#[utoipa::path(get, path = "/accounts/{account}/prices", tag = "money", params(AtAccount, Wanted, Paging),
    responses((status = 200, body = Page<Rate>)))]
pub(super) async fn prices(reach: At<Read>, listing: Listing<Wanted>) -> Answer<Page<Rate>> {
    let (deck, Sought(find)) = (reach.account.settings.deck.clone(), listing.filter.find.clone());
    let (after, limit) = (listing.after(digits)?.unwrap_or_default(), listing.wanted());
    let found = reach.client.read(move |reader| reader.find_rates(&deck, now_ms(), &find, &after, limit)).await?;
    let markup_bp = reach.account.settings.terms.markup_bp;
    let shown = |rate: billing::Rate| Rate::from(&if markup_bp == 0 { rate } else { rate.marked_up(markup_bp) });
    listing.page(found, |rate| rate.prefix.to_string(), shown)
}

/// The cursor of a list of prices.
fn digits(text: &str) -> Option<String> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.to_owned())
}

/// What an import would do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Preview {
    /// One for each date in the table.
    versions: Vec<PreviewVersion>,
    /// Columns that are left alone.
    unread: Vec<String>,
}

/// A version that an import would bring.
#[derive(Debug, Serialize, ToSchema)]
struct PreviewVersion {
    from_ms: u64,
    rates: usize,
    /// Prices that the deck in force then does not have.
    new: usize,
    /// Prices that would be another.
    changed: usize,
    /// Prices that would go.
    gone: usize,
}

/// A table in a body; all faulty rows are told together.
fn table(headers: &HeaderMap, body: &Bytes) -> Result<Imported, Fault> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("text/csv") {
        return Err(Fault::new(Kind::NoJson, "send the table as text/csv"));
    }
    DeckVersions::read(body, &ColumnNames::default(), now_ms()).map_err(Fault::wrong)
}

/// Read a table and tell what an import would change, and all faults by line; nothing is changed.
#[utoipa::path(post, path = "/decks/{deck}/preview", tag = "node", params(AtDeck),
    request_body(content = String, content_type = "text/csv"), responses((status = 200, body = Preview)))]
pub(super) async fn preview(
    client: AtNode<Read>,
    Place(at): Place<AtDeck>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Preview> {
    let imported = table(&headers, &body)?;
    let unread = imported.unread.clone();
    let versions = client.read(move |reader| {
        let mut versions = Vec::new();
        for version in &imported.versions {
            let known = reader.deck(&at.deck, version.from_ms)?;
            let rates = version.deck.rates().len();
            let (new, changed, gone) = known.as_ref().map_or((rates, 0, 0), |known| {
                let seen = version.deck.compared_with(&known.deck);
                (seen.new, seen.changed.len(), seen.gone)
            });
            versions.push(PreviewVersion { from_ms: version.from_ms, rates, new, changed, gone });
        }
        Ok(versions)
    });
    Ok(Json(Preview { versions: versions.await?, unread }))
}

/// Add a deck, or a new version of one; calls that run keep their price.
#[utoipa::path(put, path = "/decks/{deck}", tag = "node", params(AtDeck),
    request_body(content = String, content_type = "text/csv"), responses((status = 200, body = Done)))]
pub(super) async fn import(
    client: AtNode<Write>,
    Place(at): Place<AtDeck>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Done> {
    let versions = table(&headers, &body)?.versions;
    let change = NodeChange::PutDeck(at.deck, versions);
    Ok(Json(client.done(Command::Node { by: client.actor(), change }).await?.into()))
}

/// Remove a deck that no account and no carrier uses.
#[utoipa::path(delete, path = "/decks/{deck}", tag = "node", params(AtDeck), responses((status = 200, body = Done)))]
pub(super) async fn remove(client: AtNode<Write>, Place(at): Place<AtDeck>) -> Answer<Done> {
    let change = NodeChange::RemoveDeck(at.deck.clone());
    let known = client.read(|reader| reader.decks()).await?;
    if !known.iter().any(|row| row.id == at.deck) {
        return Err(Fault::not_found(format!("there is no deck {}", at.deck)));
    }
    Ok(Json(client.done(Command::Node { by: client.actor(), change }).await?.into()))
}
