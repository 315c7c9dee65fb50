//! Which column of a rate table holds what, by the names that people give them.

use std::str::FromStr;

use super::Faults;
use crate::Error;
use crate::error::{DeckRowFault, short};

/// What a column of a rate table may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Column {
    Prefix,
    Destination,
    Rate,
    ConnectFee,
    Minimum,
    Increment,
    Free,
    Effective,
}

/// All of them, with the names they go by, in lower case without anything but letters, the best first.
const COLUMNS: [(Column, &[&str]); 8] = [
    (Column::Prefix, &["prefix", "code", "dialcode", "dialprefix", "areacode", "destinationcode", "countrycode"]),
    (Column::Destination, &["destination", "name", "description", "destinationname", "country"]),
    (
        Column::Rate,
        &[
            "rateperminute",
            "clientrate",
            "rate",
            "price",
            "permin",
            "perminute",
            "ratemin",
            "priceperminute",
            "costmin",
            "costperminute",
            "perminutecost",
            "cost",
        ],
    ),
    (
        Column::ConnectFee,
        &["connectfee", "connectionfee", "setupfee", "connect", "connectcharge", "connectioncost", "connectcost"],
    ),
    (
        Column::Minimum,
        &["minimums", "minimum", "min", "minimumseconds", "initial", "initialincrement", "firstincrement"],
    ),
    (
        Column::Increment,
        &[
            "increments",
            "clientincrement",
            "increment",
            "billingincrement",
            "interval",
            "incrementseconds",
            "subsequentincrement",
            "nextincrement",
        ],
    ),
    (Column::Free, &["frees", "freeseconds", "free", "includedseconds", "gracetime", "graceperiod"]),
    (Column::Effective, &["effectivedate", "effective", "effectivefrom", "validfrom", "startdate", "from"]),
];

impl Column {
    /// The name it has in a table of ours.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::Destination => "destination",
            Self::Rate => "rate_per_minute",
            Self::ConnectFee => "connect_fee",
            Self::Minimum => "minimum_s",
            Self::Increment => "increment_s",
            Self::Free => "free_s",
            Self::Effective => "effective_date",
        }
    }
}

impl FromStr for Column {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let plain = plain(text);
        let found = COLUMNS.iter().find(|(_, names)| names.contains(&plain.as_str()));
        found.map(|(column, _)| *column).ok_or_else(|| Error::Column { text: short(text) })
    }
}

/// Columns whose names nobody could guess, as somebody told them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnNames(Vec<(Column, String)>);

impl ColumnNames {
    /// The column of this name holds that.
    pub fn name(&mut self, column: Column, header: &str) {
        self.0.retain(|(known, _)| *known != column);
        self.0.push((column, header.to_owned()));
    }
}

/// Where each column stands.
pub(super) struct Columns([Option<usize>; COLUMNS.len()]);

impl Columns {
    /// `None`, with its faults noted, where one is missing that is needed or was named.
    pub(super) fn find(header: &csv::StringRecord, told: &ColumnNames, faults: &mut Faults) -> Option<Self> {
        let plain: Vec<String> = header.iter().map(plain).collect();
        let place = |name: &str| plain.iter().position(|known| known == name);
        let mut found = Self([None; COLUMNS.len()]);
        let mut all_there = true;
        for (at, (column, names)) in COLUMNS.iter().enumerate() {
            let by_name = told.0.iter().find(|(known, _)| known == column);
            found.0[at] = match by_name {
                Some((_, name)) => header.iter().position(|known| known.eq_ignore_ascii_case(name)),
                None => names.iter().find_map(|name| place(name)),
            };
            let needed = matches!(column, Column::Prefix | Column::Rate);
            if found.0[at].is_none() && (needed || by_name.is_some()) {
                let name = by_name.map_or(column.as_str(), |(_, name)| name);
                faults.add(1, DeckRowFault::NoColumn(short(name)));
                all_there = false;
            }
        }
        all_there.then_some(found)
    }

    /// Where one stands.
    pub(super) fn at(&self, column: Column) -> Option<usize> {
        self.0.get(column as usize).copied().flatten()
    }

    /// The columns that nothing is read from.
    pub(super) fn unread(&self, header: &csv::StringRecord) -> Vec<String> {
        let read = |at: &usize| self.0.contains(&Some(*at));
        header.iter().enumerate().filter(|(at, _)| !read(at)).map(|(_, name)| short(name)).collect()
    }
}

/// A column's name without what people write differently.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
}
