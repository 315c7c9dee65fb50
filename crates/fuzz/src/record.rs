//! Reading a journal record: nothing panics, and what is read is written as it was understood.

use node::Record;

/// The target.
///
/// # Panics
/// If a record is not the same once written and read again.
pub fn run(data: &[u8]) {
    let Ok(record) = postcard::from_bytes::<Record>(data) else { return };
    let bytes = postcard::to_stdvec(&record).expect("what was read can be written");
    let again: Record = postcard::from_bytes(&bytes).expect("what was written can be read");
    assert_eq!(postcard::to_stdvec(&again).as_ref(), Ok(&bytes));
}
