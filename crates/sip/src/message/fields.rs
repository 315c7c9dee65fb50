//! The header lines of a message, and where to look for those of a name.

use super::Span;
use crate::Name;
use crate::name::Names;

/// Header lines a message usually has: the list seldom grows.
const USUAL_HEADERS: usize = 20;

/// One header line: what it is called and what it says, trimmed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub name: Name,
    pub name_span: Span,
    pub value: Span,
}

/// All header lines in order, at most `MAX_HEADERS`.
#[derive(Debug)]
pub(super) struct Fields {
    all: Vec<Field>,
    /// The names of all of them, and of those that stand more than once.
    present: Names,
    repeated: Names,
    /// Where the first line of each name that is present lies.
    first: [u8; Names::MAX],
}

const _: () = assert!(crate::limits::MAX_HEADERS <= 256, "the place of a line is one byte");

impl Fields {
    pub fn new() -> Self {
        let (present, repeated) = (Names::default(), Names::default());
        Self { all: Vec::with_capacity(USUAL_HEADERS), present, repeated, first: [0; Names::MAX] }
    }

    /// Adds a line; whether it is the first of its name.
    #[inline]
    pub fn push(&mut self, field: Field) -> bool {
        let is_first = !self.present.has(field.name);
        if is_first {
            self.first[field.name as usize] = self.all.len() as u8;
            self.present.add(field.name);
        } else {
            self.repeated.add(field.name);
        }
        self.all.push(field);
        is_first
    }

    pub fn all(&self) -> &[Field] {
        &self.all
    }

    pub fn has(&self, name: Name) -> bool {
        self.present.has(name)
    }

    /// Whether a header stands in more than one line.
    pub fn is_repeated(&self, name: Name) -> bool {
        self.repeated.has(name)
    }

    /// The first line of that name.
    pub fn first(&self, name: Name) -> Option<&Field> {
        if self.has(name) { self.all.get(usize::from(self.first[name as usize])) } else { None }
    }

    /// The lines among which those of that name are: from the first on, and that one alone where there is no other.
    pub fn among(&self, name: Name) -> &[Field] {
        if !self.has(name) {
            return &[];
        }
        let from = usize::from(self.first[name as usize]);
        let to = if self.is_repeated(name) { self.all.len() } else { from + 1 };
        self.all.get(from..to).unwrap_or_default()
    }
}
