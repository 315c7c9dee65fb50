//! Time passing: bindings lapse. Incident reports that have come due are sent after every input, this one included.

use crate::Account;
use crate::message::{Answer, Effect};
use crate::register::drop_lapsed;

impl Account {
    pub(crate) fn tick(&mut self, now_ms: u64, out: &mut Answer) {
        for line in self.lines.values_mut() {
            if drop_lapsed(line, now_ms) {
                out.effects.push(Effect::Line(line.clone()));
            }
        }
    }
}
