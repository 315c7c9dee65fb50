//! Reading the configuration: each option is taken out of its table once, and every mistake is kept with its line.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One mistake: where and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line in the file, counted from 1; 0 where the mistake is that something is missing.
    pub line: usize,
    /// The option ("sip.listen"); empty where the text is not TOML at all.
    pub option: String,
    /// What is wrong and what to do.
    pub text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        if !self.option.is_empty() {
            write!(f, "{}: ", self.option)?;
        }
        f.write_str(&self.text)
    }
}

/// What was found so far, and on which line each option stands.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    lines: BTreeMap<String, usize>,
    found: Vec<Mistake>,
}

impl Mistakes {
    /// Adds a mistake of an option.
    pub(super) fn add(&mut self, option: &str, text: impl Into<String>) {
        let line = self.lines.get(option).copied().unwrap_or(0);
        self.found.push(Mistake { line, option: option.to_owned(), text: text.into() });
    }

    /// All of them, in the order of the file; what is missing comes last.
    pub(super) fn into_sorted(mut self) -> Vec<Mistake> {
        self.found.sort_by_key(|mistake| if mistake.line == 0 { usize::MAX } else { mistake.line });
        self.found
    }
}

/// One table of the file, with the options that were not taken yet.
#[derive(Debug, Default)]
pub(super) struct Section<'a> {
    name: String,
    options: BTreeMap<String, Spanned<DeValue<'a>>>,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    /// The whole file.
    ///
    /// # Errors
    /// The first place where the text is not TOML.
    pub(super) fn of_file(text: &'a str, mistakes: &mut Mistakes) -> Result<Self, Mistake> {
        let table = DeTable::parse(text).map_err(|error| Mistake {
            line: error.span().map_or(0, |span| line_of(text, span.start)),
            option: String::new(),
            text: error.message().to_owned(),
        })?;
        Ok(Self::of(String::new(), table.into_inner(), text, mistakes))
    }

    fn of(name: String, table: DeTable<'a>, text: &str, mistakes: &mut Mistakes) -> Self {
        let mut options = BTreeMap::new();
        for (key, value) in table {
            let line = line_of(text, key.span().start);
            mistakes.lines.insert(path(&name, key.get_ref()), line);
            options.insert(key.into_inner().into_owned(), value);
        }
        Self { name, options, known: Vec::new() }
    }

    /// A table in it; an empty one where there is none.
    pub(super) fn table(&mut self, key: &'static str, text: &str, mistakes: &mut Mistakes) -> Section<'a> {
        self.known.push(key);
        let name = path(&self.name, key);
        match self.options.remove(key).map(Spanned::into_inner) {
            Some(DeValue::Table(table)) => Section::of(name, table, text, mistakes),
            Some(_) => {
                mistakes.add(&name, format!("is a section: write [{name}] on a line of its own"));
                Section { name, ..Section::default() }
            }
            None => Section { name, ..Section::default() },
        }
    }

    /// The tables written as `[[key]]`.
    pub(super) fn tables(&mut self, key: &'static str, text: &str, mistakes: &mut Mistakes) -> Vec<Section<'a>> {
        self.known.push(key);
        let name = path(&self.name, key);
        let items = match self.options.remove(key).map(Spanned::into_inner) {
            Some(DeValue::Array(items)) => items,
            Some(_) => {
                mistakes.add(&name, format!("can stand several times: write [[{name}]] with two brackets"));
                return Vec::new();
            }
            None => return Vec::new(),
        };
        let mut sections = Vec::new();
        for (number, item) in items.into_iter().enumerate() {
            match item.into_inner() {
                DeValue::Table(table) => {
                    sections.push(Section::of(format!("{name}[{}]", number + 1), table, text, mistakes));
                }
                _ => mistakes.add(&name, format!("holds something else than [[{name}]] sections")),
            }
        }
        sections
    }

    /// An option, if it is there and of its type.
    pub(super) fn take<T: Deserialize<'a>>(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<T> {
        self.known.push(key);
        let value = self.options.remove(key)?;
        match T::deserialize(value.into_deserializer()) {
            Ok(value) => Some(value),
            Err(error) => {
                mistakes.add(&path(&self.name, key), error.message().to_owned());
                None
            }
        }
    }

    /// A text option read by `FromStr`; `hint` says how it is to be written.
    pub(super) fn parse<T: std::str::FromStr>(
        &mut self,
        key: &'static str,
        hint: &str,
        mistakes: &mut Mistakes,
    ) -> Option<T> {
        let text: String = self.take(key, mistakes)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            mistakes.add(&path(&self.name, key), format!("`{text}` is not {hint}"));
        }
        parsed
    }

    /// Whether an option is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.options.contains_key(key)
    }

    /// Its name with a key: "sip.listen".
    pub(super) fn option(&self, key: &str) -> String {
        path(&self.name, key)
    }

    /// Reports what nobody took.
    pub(super) fn end(self, mistakes: &mut Mistakes) {
        for key in self.options.keys() {
            let known = self.known.join(", ");
            mistakes.add(&path(&self.name, key), format!("there is no such option here; there are {known}"));
        }
    }
}

fn path(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
