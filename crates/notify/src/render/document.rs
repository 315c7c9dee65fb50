//! A mail's content, before it is text or HTML.

/// How a mail looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Something was stopped.
    Alarm,
    /// Something wants attention, nothing was stopped; or help was called.
    Warning,
    /// For information.
    Notice,
}

impl Tone {
    /// Colour of the bar on top of the HTML mail; dark enough for white text (WCAG AA).
    pub(super) fn colour(self) -> &'static str {
        match self {
            Self::Alarm => "#b3261e",
            Self::Warning => "#8a5300",
            Self::Notice => "#1f5f8b",
        }
    }
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) subject: String,
    pub(super) tone: Tone,
    /// The small line above the title: what kind of mail, for whom.
    pub(super) kicker: String,
    pub(super) title: String,
    /// What happened, in a sentence each.
    pub(super) lead: Vec<String>,
    pub(super) blocks: Vec<Block>,
    pub(super) footer: Vec<String>,
}

/// A part of a mail, under its heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// Names and values.
    Facts { heading: String, rows: Vec<(String, String)> },
    /// Sentences, each with a bullet.
    List { heading: String, items: Vec<String> },
    /// Things to do, numbered.
    Steps { heading: String, steps: Vec<Step> },
    /// Calls.
    Calls(Calls),
    /// Sentences with weights.
    Evidence(Evidence),
    /// Something not known for certain, set apart.
    Hearsay { heading: String, mark: String, items: Vec<String>, note: String },
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) title: String,
    pub(super) text: String,
    /// The words of its link.
    pub(super) label: String,
    pub(super) url: String,
}

/// A table of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Calls {
    pub(super) heading: String,
    /// Which day and which zone the times are in.
    pub(super) caption: String,
    /// Headings of time, number, result, cost.
    pub(super) columns: [&'static str; 4],
    pub(super) rows: Vec<CallRow>,
    pub(super) total: (String, String),
    pub(super) note: Option<String>,
}

/// A call in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CallRow {
    pub(super) time: String,
    pub(super) number: String,
    pub(super) destination: String,
    pub(super) result: String,
    pub(super) cost: String,
}

/// Why the guard acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Evidence {
    pub(super) heading: String,
    /// Weight and fact.
    pub(super) rows: Vec<(String, String)>,
    /// What the sum means.
    pub(super) sum: String,
}
