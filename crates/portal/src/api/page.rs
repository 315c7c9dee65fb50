//! Long lists come in pages, each with a cursor to the next one: the place of its last row, which stays where it is
//! whatever is added before it.

use axum::Json;
use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::fault::{Answer, Fault};

/// Rows of a page unless asked otherwise, and at most.
const USUAL: u32 = 100;
const MOST: u32 = 1_000;

/// Which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// Rows at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 100)]
    limit: Option<Limit>,
    /// The `next` of the page before.
    #[serde(default)]
    #[param(value_type = Option<String>, max_length = 100)]
    after: Option<Cursor>,
}

/// A list as it is asked for: which page, and which rows.
pub(super) struct Listing<F = Everything> {
    /// Which rows.
    pub(super) filter: F,
    paging: Paging,
}

/// A list that nothing is left out of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Everything {}

impl<S: Send + Sync, F: DeserializeOwned> FromRequestParts<S> for Listing<F> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let fields = parts.uri.query().unwrap_or_default().split('&').filter(|field| !field.is_empty());
        let is_paging = |field: &&str| matches!(field.split('=').next(), Some("limit" | "after"));
        let (paging, filter): (Vec<&str>, Vec<&str>) = fields.partition(is_paging);
        Ok(Self { paging: fields_of(&paging.join("&"))?, filter: fields_of(&filter.join("&"))? })
    }
}

/// Fields of an address, as a structure.
fn fields_of<T: DeserializeOwned>(query: &str) -> Result<T, Fault> {
    let uri = Uri::builder().path_and_query(format!("/?{query}")).build().map_err(Fault::wrong)?;
    Query::try_from_uri(&uri).map(|Query(fields)| fields).map_err(|error| Fault::wrong(error.body_text()))
}

/// A number of rows.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
struct Limit(u32);

impl TryFrom<u32> for Limit {
    type Error = String;

    fn try_from(rows: u32) -> Result<Self, String> {
        if (1..=MOST).contains(&rows) { Ok(Self(rows)) } else { Err(format!("limit is from 1 to {MOST}")) }
    }
}

/// The longest cursor, bytes.
const MAX_CURSOR_BYTES: usize = 100;

/// The place of a row.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Cursor(String);

impl TryFrom<String> for Cursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() <= MAX_CURSOR_BYTES { Ok(Self(text)) } else { Err("after: is not the `next` of a page") }
    }
}

/// A moment, milliseconds since the Unix epoch: no later than any machine can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub(super) struct Moment(pub(super) u64);

impl TryFrom<u64> for Moment {
    type Error = &'static str;

    fn try_from(ms: u64) -> Result<Self, Self::Error> {
        if i64::try_from(ms).is_ok() { Ok(Self(ms)) } else { Err("a moment is in milliseconds since the Unix epoch") }
    }
}

/// First digits of numbers, without a plus.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct FirstDigits(pub(super) String);

impl TryFrom<String> for FirstDigits {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = text.strip_prefix('+').unwrap_or(&text);
        let is_good = (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if is_good { Ok(Self(digits.to_owned())) } else { Err("first digits are 1 to 15 digits") }
    }
}

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// Its rows.
    pub(super) items: Vec<T>,
    /// Send it as `after` to get the next page; null where this is the last.
    pub(super) next: Option<String>,
}

impl<F> Listing<F> {
    /// How many rows to ask for: one more than are shown tells whether there are others.
    pub(super) fn wanted(&self) -> u32 {
        self.paging.rows() + 1
    }

    /// Where the page begins, read from its cursor.
    pub(super) fn after<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Fault> {
        let wrong = || Fault::wrong("after: is not the `next` of a page");
        self.paging.after.as_ref().map(|Cursor(text)| read(text).ok_or_else(wrong)).transpose()
    }

    /// The page, of the rows that were [wanted](Self::wanted).
    pub(super) fn page<R, T>(
        &self,
        mut rows: Vec<R>,
        place: impl Fn(&R) -> String,
        shape: impl FnMut(R) -> T,
    ) -> Answer<Page<T>> {
        let most = self.paging.rows() as usize;
        let more = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| more).map(place);
        Ok(Json(Page { items: rows.into_iter().map(shape).collect(), next }))
    }

    /// The page of a list that is short enough to be read as a whole, in the order of a name.
    pub(super) fn page_of_all<R, T>(
        &self,
        mut rows: Vec<R>,
        name: impl Fn(&R) -> String,
        shape: impl FnMut(R) -> T,
    ) -> Answer<Page<T>> {
        let after = self.paging.after.as_ref().map_or("", |Cursor(text)| text.as_str());
        rows.retain(|row| name(row).as_str() > after);
        rows.sort_by_cached_key(&name);
        self.page(rows, name, shape)
    }
}

impl Paging {
    fn rows(&self) -> u32 {
        self.limit.map_or(USUAL, |Limit(rows)| rows)
    }
}

/// A moment and an id, as a cursor.
pub(super) fn at<T: std::str::FromStr>(text: &str) -> Option<(u64, T)> {
    let (ms, id) = text.split_once('.')?;
    Some((ms.parse().ok()?, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another_without_gaps() {
        let paging = Paging { limit: Some(Limit(2)), after: None };
        let mut listing = Listing { filter: Everything {}, paging };
        let mut seen = Vec::new();
        loop {
            let all = vec!["c", "a", "e", "b", "d"];
            let Json(page) = listing.page_of_all(all, ToString::to_string, |row| row).unwrap();
            seen.extend(page.items);
            match page.next {
                Some(next) => listing.paging.after = Some(Cursor(next)),
                None => break,
            }
        }
        assert_eq!(seen, ["a", "b", "c", "d", "e"]);
        assert_eq!(at::<u32>("12.7"), Some((12, 7)));
        assert_eq!(at::<u32>("12"), None);
        assert!(Limit::try_from(0).is_err() && Limit::try_from(1001).is_err());
    }
}
