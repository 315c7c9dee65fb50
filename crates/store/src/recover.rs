//! Starting again: the state from the latest snapshot and the journal after it, the tables from the journal after
//! what they already show.

use serde::{Serialize, de::DeserializeOwned};

use node::Record;

use crate::{Disk, Error, Journal, Numbered, Projector, Snapshots};

/// Records applied to the tables in one transaction while catching up.
const BATCH: usize = 1024;

/// The latest state: the newest snapshot (or the default, where none was ever saved), then every record after it, in
/// order, through `apply`.
///
/// # Errors
/// [`Error::Behind`] or [`Error::CutTooFar`] where snapshot and journal do not meet; disk errors and damage; what
/// `apply` fails with.
pub fn recover_state<S, T, E>(
    journal: &Journal<impl Disk, T>,
    snapshots: &Snapshots<impl Disk>,
    mut apply: impl FnMut(&mut S, &T) -> Result<(), E>,
) -> Result<S, E>
where
    S: Default + DeserializeOwned,
    T: Numbered + Serialize + DeserializeOwned,
    E: From<Error>,
{
    let (lsn, mut state) = snapshots.load_latest()?.unwrap_or_default();
    meets(journal, "the snapshot", lsn)?;
    for record in journal.records_after(lsn) {
        apply(&mut state, &record?)?;
    }
    Ok(state)
}

/// Applies to the tables what the journal has and they have not; returns the last record applied.
///
/// # Errors
/// [`Error::Behind`] or [`Error::CutTooFar`] where tables and journal do not meet; disk and database errors.
pub fn recover_tables(journal: &Journal<impl Disk, Record>, projector: &mut Projector) -> Result<u64, Error> {
    let applied = projector.applied_lsn()?;
    meets(journal, "the database", applied)?;
    let mut batch = Vec::with_capacity(BATCH);
    for record in journal.records_after(applied) {
        batch.push(record?);
        if batch.len() == BATCH {
            projector.apply(&batch)?;
            batch.clear();
        }
    }
    projector.apply(&batch)
}

/// Whether the journal goes on after record `known` without a hole.
fn meets<T>(journal: &Journal<impl Disk, T>, what: &'static str, known: u64) -> Result<(), Error>
where
    T: Numbered + Serialize + DeserializeOwned,
{
    let needed = known.saturating_add(1);
    if known > journal.durable_lsn() {
        return Err(Error::Behind { journal: journal.durable_lsn(), what, known });
    }
    if journal.first_lsn() > needed {
        return Err(Error::CutTooFar { first: journal.first_lsn(), what, needed });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryDisk;
    use crate::contract::{Entries, Entry, entries};

    /// A state that is simply every entry seen.
    type Seen = Vec<Entry>;

    fn see(seen: &mut Seen, entry: &Entry) -> Result<(), Error> {
        seen.push(entry.clone());
        Ok(())
    }

    fn journal(last: u64) -> Entries<MemoryDisk> {
        let (mut journal, _) = Entries::open_with(MemoryDisk::new(), 64).unwrap();
        for lsn in 1..=last {
            journal.append(&entries(lsn..=lsn)).unwrap();
            journal.sync().unwrap();
        }
        journal
    }

    #[test]
    fn snapshot_and_journal_make_the_state() {
        let journal = journal(30);
        let mut snapshots = Snapshots::new(MemoryDisk::new());
        assert_eq!(recover_state(&journal, &snapshots, see).unwrap(), entries(1..=30));
        for lsn in [7, 30] {
            snapshots.save(lsn, &entries(1..=lsn)).unwrap();
            assert_eq!(recover_state(&journal, &snapshots, see).unwrap(), entries(1..=30));
        }
    }

    #[test]
    fn a_journal_that_lost_durable_records_is_not_gone_on_with() {
        let mut snapshots = Snapshots::new(MemoryDisk::new());
        snapshots.save(31, &entries(1..=31)).unwrap();
        let error = recover_state(&journal(30), &snapshots, see).unwrap_err();
        assert!(matches!(error, Error::Behind { journal: 30, known: 31, .. }), "{error}");
    }

    #[test]
    fn a_journal_cut_too_far_is_not_gone_on_with() {
        let mut journal = journal(30);
        journal.remove_before(20).unwrap();
        let first = journal.first_lsn();
        let mut snapshots = Snapshots::new(MemoryDisk::new());
        let error = recover_state(&journal, &snapshots, see).unwrap_err();
        assert!(matches!(error, Error::CutTooFar { needed: 1, .. }), "{error}");
        snapshots.save(first - 1, &entries(1..=first - 1)).unwrap();
        assert_eq!(recover_state(&journal, &snapshots, see).unwrap(), entries(1..=30));
    }
}
