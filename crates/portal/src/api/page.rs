//! Long lists come in pages, each with a cursor to the next one: the place of its last row, which stays where it is
//! whatever is added before it.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::fault::Fault;

/// Rows of a page unless asked otherwise, and at most.
const USUAL: u32 = 100;
const MOST: u32 = 1_000;

/// Which page.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// Rows at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<Limit>,
    /// The `next` of the page before.
    #[serde(default)]
    #[param(max_length = 100)]
    #[param(value_type = Option<String>)]
    after: Option<Cursor>,
}

/// A number of rows.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(try_from = "u32")]
pub(super) struct Limit(u32);

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
pub(super) struct Cursor(String);

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

/// How many rows are asked for.
pub(super) fn rows(limit: Option<Limit>) -> u32 {
    limit.map_or(USUAL, |Limit(rows)| rows)
}

impl Paging {
    pub(super) fn rows(&self) -> u32 {
        rows(self.limit)
    }

    /// Where the page begins, read from its cursor.
    pub(super) fn after<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Fault> {
        cursor(self.after.as_ref(), read)
    }

    /// A page of a list that is short enough to be read as a whole, in the order of a name.
    pub(super) fn of<T, U>(&self, rows: Vec<T>, name: impl Fn(&T) -> String, shape: impl Fn(T) -> U) -> Page<U> {
        let after = self.after.as_ref().map_or("", |Cursor(text)| text.as_str());
        let mut rows: Vec<(String, T)> = rows.into_iter().map(|row| (name(&row), row)).collect();
        rows.retain(|(name, _)| name.as_str() > after);
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        let most = self.rows() as usize;
        let next = if rows.len() > most { rows.get(most - 1).map(|(name, _)| name.clone()) } else { None };
        let items = rows.into_iter().take(most).map(|(_, row)| shape(row)).collect();
        Page { items, next }
    }
}

/// Reads a cursor.
pub(super) fn cursor<T>(cursor: Option<&Cursor>, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Fault> {
    let wrong = || Fault::wrong("after: is not the `next` of a page");
    cursor.map(|Cursor(text)| read(text).ok_or_else(wrong)).transpose()
}

/// A moment and an id, as a cursor.
pub(super) fn at<T: std::str::FromStr>(text: &str) -> Option<(u64, T)> {
    let (ms, id) = text.split_once('.')?;
    Some((ms.parse().ok()?, id.parse().ok()?))
}

impl<T> Page<T> {
    /// Of one row more than is shown, if there are more.
    pub(super) fn cut<R>(mut rows: Vec<R>, most: u32, place: impl Fn(&R) -> String, shape: impl FnMut(R) -> T) -> Self {
        let more = rows.len() > most as usize;
        rows.truncate(most as usize);
        let next = rows.last().filter(|_| more).map(place);
        Self { items: rows.into_iter().map(shape).collect(), next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another_without_gaps() {
        let mut paging = Paging { limit: Some(Limit(2)), after: None };
        let mut seen = Vec::new();
        loop {
            let page = paging.of(vec!["c", "a", "e", "b", "d"], ToString::to_string, |row| row);
            seen.extend(page.items);
            match page.next {
                Some(next) => paging.after = Some(Cursor(next)),
                None => break,
            }
        }
        assert_eq!(seen, ["a", "b", "c", "d", "e"]);
        assert_eq!(at::<u32>("12.7"), Some((12, 7)));
        assert_eq!(at::<u32>("12"), None);
        assert!(Limit::try_from(0).is_err() && Limit::try_from(1001).is_err());
    }
}
