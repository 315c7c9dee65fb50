//! How the node fares, and what is wrong in words: the same for page, API and command line.

use billing::CarrierId;
use node::{Process, Status};
use serde::Serialize;
use store::{Reader, Sending};

use crate::words::{count, length};

/// A disk that lets a record wait for so long is slow, milliseconds.
const SLOW_DISK_MS: u64 = 1_000;
/// Tables that are so many records behind are told of.
const FAR_BEHIND: u64 = 100_000;
/// A disk of which less than one part in so many is free, and less than so many bytes, will soon be full.
const LEAST_ROOM: (u64, u64) = (50, 2 << 30);
/// Rows looked at.
const MAX_ROWS: u32 = 1_000;

/// How a node fares.
#[derive(Clone, Debug)]
pub struct Health {
    /// What the node itself tells; `None` where it does not answer.
    pub status: Option<Status>,
    /// Carriers: id, whether usable, one sentence.
    pub carriers: Vec<(CarrierId, bool, String)>,
    /// Calls that run.
    pub calls: usize,
    /// What the tables tell.
    pub tables: Counts,
}

/// What the tables tell of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Registrations of all lines.
    pub registrations: u64,
    /// Addresses and prefixes that are locked out.
    pub bans: usize,
    /// Incidents that are open.
    pub open_incidents: usize,
    /// Mails that wait, among the latest.
    pub mails_waiting: usize,
    /// Mails that could not be delivered, among the latest.
    pub mails_failed: usize,
}

impl Counts {
    /// Reads them.
    ///
    /// # Errors
    /// Database errors.
    pub fn read(reader: &Reader, now_ms: u64) -> Result<Self, store::Error> {
        let notices = reader.outbox(None, MAX_ROWS)?;
        let many = |is: fn(&Sending) -> bool| notices.iter().filter(|(_, sending)| is(sending)).count();
        Ok(Self {
            registrations: reader.registrations()?,
            bans: reader.bans(now_ms)?.len(),
            open_incidents: reader.incidents(None, true, MAX_ROWS)?.len(),
            mails_waiting: many(|sending| matches!(sending, Sending::Queued { .. })),
            mails_failed: many(|sending| matches!(sending, Sending::Failed { .. })),
        })
    }
}

impl Health {
    /// What its process knows, where it runs.
    #[must_use]
    pub fn process(&self) -> Option<&Process> {
        self.status.as_ref()?.process.as_ref()
    }

    /// Records that the tables do not show yet.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.process().map_or(0, |process| process.durable_lsn.saturating_sub(process.applied_lsn))
    }

    /// Whether the disk lets records wait.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.status.as_ref().is_some_and(|status| status.waiting_ms >= SLOW_DISK_MS)
    }

    /// What is wrong, a sentence each, with what to do.
    #[must_use]
    pub fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        match &self.status {
            None => wrong.push("The node does not answer: look whether “tollguard serve” runs.".to_owned()),
            Some(status) if status.disk_full => wrong.push(
                "The disk is full: calls that cost money are refused. Make room on the disk of the data directory."
                    .to_owned(),
            ),
            Some(status) if self.is_slow() => wrong.push(format!(
                "The disk is slow: the oldest record has waited for {}. What spends money waits for it.",
                length(status.waiting_ms)
            )),
            Some(_) => {}
        }
        if let Some(process) = self.process() {
            let is_full = self.status.as_ref().is_some_and(|status| status.disk_full);
            let is_tight = |(free, total): &(u64, u64)| *free < total / LEAST_ROOM.0 && *free < LEAST_ROOM.1;
            if let Some((free, total)) = process.disk.filter(|disk| !is_full && is_tight(disk)) {
                wrong.push(format!(
                    "Only {} of {} are free on the disk of the data directory.",
                    size(free),
                    size(total)
                ));
            }
            wrong.extend(
                process
                    .stopped
                    .iter()
                    .map(|part| format!("A part of the node has stopped: {part}. The log says why; restart the node.")),
            );
        }
        if self.behind() > FAR_BEHIND {
            wrong.push(format!("The tables are {} records behind: what is listed is old.", self.behind()));
        }
        let down = self.carriers.iter().filter(|(_, usable, _)| !usable);
        wrong.extend(down.map(|(id, _, text)| {
            format!("Carrier {id}: {}. It is passed over while there are others.", text.trim_end_matches('.'))
        }));
        if self.tables.mails_failed > 0 {
            wrong.push(format!("{} could not be delivered.", count(self.tables.mails_failed, "mail")));
        }
        wrong
    }

    /// As the API shows it.
    pub fn shown(&self) -> impl Serialize + use<> {
        crate::api::Health::from(self)
    }
}

/// "12.3 GB".
pub(crate) fn size(bytes: u64) -> String {
    let (unit, name) = if bytes >= 1_000_000_000 { (1_000_000_000, "GB") } else { (1_000_000, "MB") };
    format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_in_words() {
        let process = Process { disk: Some((40 << 30, 100 << 30)), ..Process::default() };
        let status = Status { workers: 2, process: Some(process.clone()), ..Status::default() };
        let health = |status| Health { status, carriers: Vec::new(), calls: 0, tables: Counts::default() };
        assert_eq!(health(Some(status.clone())).wrong(), Vec::<String>::new());
        assert!(health(None).wrong()[0].contains("does not answer"));
        let full = Status { disk_full: true, ..status.clone() };
        assert!(health(Some(full)).wrong()[0].starts_with("The disk is full"));
        let slow = Status { waiting_ms: 2_500, ..status };
        assert!(health(Some(slow)).wrong()[0].contains("waited for 3 s"));
        let disk = Some((400_000_000, 100 << 30));
        let bad = Process { disk, stopped: vec!["portal".into()], durable_lsn: 200_000, ..process };
        let mut bad = health(Some(Status { process: Some(bad), ..Status::default() }));
        bad.carriers.push(("wholesale".parse().unwrap(), false, "no answer to OPTIONS".into()));
        bad.tables.mails_failed = 1;
        let wrong = bad.wrong();
        assert_eq!(wrong.len(), 5, "{wrong:?}");
        assert!(wrong[0].contains("400.0 MB of 107.3 GB") && wrong[1].contains("portal"), "{wrong:?}");
    }
}
