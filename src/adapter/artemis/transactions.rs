//! Which changes count: those outside of transactions, and those of committed ones.
//!
//! The rules are those of `JournalImpl.load`: a transaction's changes happen when it is committed, its
//! deletions after all others; a commit or preparation names how many records of the transaction are in
//! its own file, and if there are others, all of it is dropped.

use std::collections::HashMap;

use super::change::Change;
use super::journal::{Entry, Record};

/// Transactions of a journal that were begun and not ended.
#[derive(Default)]
pub(super) struct Transactions {
    open: HashMap<i64, Transaction>,
}

/// What a transaction did until now.
#[derive(Default)]
struct Transaction {
    changes: Vec<Change>,
    deletions: Vec<Change>,
    /// The file of its last record, and how many it has there.
    last: (usize, i32),
    prepared: bool,
    broken: bool,
}

/// A commit or preparation that does not find all records of its transaction.
pub(super) struct Incomplete;

impl Transactions {
    /// Takes the next record, which is in the file of that number; `apply` gets what counts now.
    pub(super) fn take(
        &mut self,
        file: usize,
        record: Record<'_>,
        change: Change,
        apply: &mut dyn FnMut(Change),
    ) -> Result<(), Incomplete> {
        let Some(id) = record.transaction else {
            apply(change);
            return Ok(());
        };
        match record.entry {
            Entry::Rollback => {
                self.open.remove(&id);
            }
            Entry::Commit { records } => {
                // The records may be gone with their file, once nothing of them counts any more.
                let Some(transaction) = self.open.remove(&id) else {
                    return Ok(());
                };
                if transaction.records_in(file) != records {
                    return Err(Incomplete);
                }
                transaction.into_changes().for_each(apply);
            }
            Entry::Prepare { records } => {
                let transaction = self.open.entry(id).or_default();
                transaction.prepared = true;
                if transaction.records_in(file) != records {
                    transaction.broken = true;
                    return Err(Incomplete);
                }
            }
            _ => {
                let transaction = self.open.entry(id).or_default();
                transaction.last = (file, transaction.records_in(file).saturating_add(1));
                match change {
                    Change::Delete { .. } => transaction.deletions.push(change),
                    Change::Other => {}
                    _ => transaction.changes.push(change),
                }
            }
        }
        Ok(())
    }

    /// The changes of each prepared transaction, and the number of those that a broker drops when it
    /// starts.
    pub(super) fn finish(self) -> (Vec<Vec<Change>>, u64) {
        let (prepared, dropped): (Vec<_>, Vec<_>) = self
            .open
            .into_values()
            .partition(|transaction| transaction.prepared && !transaction.broken);
        let prepared = prepared.into_iter();
        let prepared = prepared.map(|transaction| transaction.into_changes().collect());
        (prepared.collect(), dropped.len() as u64)
    }
}

impl Transaction {
    fn records_in(&self, file: usize) -> i32 {
        if self.last.0 == file { self.last.1 } else { 0 }
    }

    fn into_changes(self) -> impl Iterator<Item = Change> {
        self.changes.into_iter().chain(self.deletions)
    }
}
