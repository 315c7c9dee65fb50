//! What a call is answered with: text, rows of text, lists of rows. No number and no null can be in it, since the tools that
//! read it ask every value for its length.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::status::Status;

/// Fields with their values, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row(Vec<(&'static str, String)>);

impl Row {
    pub(crate) fn new<const N: usize>(fields: [(&'static str, String); N]) -> Self {
        Self(fields.into())
    }

    /// The value of a field.
    pub(crate) fn get(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, value)| value.as_str())
    }

    /// A code and what it means.
    pub(crate) fn code(value: &str, description: &str) -> Self {
        Self::new([("value", value.to_owned()), ("description", description.to_owned())])
    }

    /// One more field at its end.
    pub(crate) fn and(mut self, field: &'static str, value: impl Into<String>) -> Self {
        self.0.push((field, value.into()));
        self
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

enum Value {
    Text(String),
    Row(Row),
    Rows(Vec<Row>),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Row(row) => row.serialize(serializer),
            Self::Rows(rows) => rows.serialize(serializer),
        }
    }
}

/// A reply without its status.
#[derive(Default)]
pub(crate) struct Reply(Vec<(&'static str, Value)>);

impl Reply {
    /// One more text.
    pub(crate) fn text(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.0.push((name, Value::Text(text.into())));
        self
    }

    /// One more row.
    pub(crate) fn row(mut self, name: &'static str, row: Row) -> Self {
        self.0.push((name, Value::Row(row)));
        self
    }

    /// One more list. A list of one is a list too: VOIP.MS's own is sometimes not, and tools take both.
    pub(crate) fn rows(mut self, name: &'static str, rows: Vec<Row>) -> Self {
        self.0.push((name, Value::Rows(rows)));
        self
    }

    /// Nothing but a list; a status instead where it is empty.
    pub(crate) fn list(name: &'static str, rows: Vec<Row>, empty: Status) -> Result<Self, Status> {
        if rows.is_empty() { Err(empty) } else { Ok(Self::default().rows(name, rows)) }
    }

    /// The whole.
    pub(crate) fn with(self, status: Status) -> Whole {
        Whole { status, reply: self }
    }
}

/// A reply with its status.
pub(crate) struct Whole {
    status: Status,
    reply: Reply,
}

impl Serialize for Whole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + self.reply.0.len()))?;
        map.serialize_entry("status", self.status.0)?;
        for (name, value) in &self.reply.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
