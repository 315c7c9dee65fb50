//! The section on retention: after how many days what goes.

use store::Retention;

use super::super::document::Section;
use super::Reader;

/// The fewest days after which something goes: until then the journal may hold it anyway.
const LEAST_DAYS: u32 = 3;
const MOST_DAYS: u32 = 36_500;

impl<'t> Reader<'t> {
    pub(super) fn retention(&mut self, mut section: Section<'t>) -> Retention {
        let mut days = |key: &'static str| {
            let is_given = section.has(key);
            Some(self.number(&mut section, key, LEAST_DAYS, LEAST_DAYS, MOST_DAYS)).filter(|_| is_given)
        };
        let retention = Retention {
            numbers_days: days("numbers_days"),
            calls_days: days("calls_days"),
            incidents_days: days("incidents_days"),
            mails_days: days("mails_days"),
            audit_days: days("audit_days"),
        };
        section.end(&mut self.mistakes);
        retention
    }
}
