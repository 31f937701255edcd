//! All files of a store, one after the other.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

use super::command::{Command, Destination};
use super::error::KahadbError;
use super::files::{self, FoundFile};
use super::fingerprint::{Fingerprint, digest_of_set};
use super::inventory::{
    Damage, DamageKind, JournalFile, QueueInventory, StoreInventory, TopicInventory,
};
use super::journal::{self, DAMAGE_KEPT, OnCommand, Scan};
use super::state::{Holding, Holdings, State};

/// Reads what the KahaDB directory `directory` of a stopped broker holds.
///
/// Takes a plain KahaDB, an mKahaDB (the sum of its stores) and the scheduler's store alike. Memory
/// grows with the live messages, some forty bytes each, and not with bodies or files.
pub fn read_inventory(directory: &Path) -> Result<StoreInventory, KahadbError> {
    let journals = files::journals(directory)?;
    let mut as_written = Total::default();
    let mut is_compacted = false;
    for journal in &journals {
        let order = order_of_writing(journal)?;
        is_compacted |= !order.is_sorted_by_key(|file| file.number);
        as_written.read(&order)?;
    }
    let mut inventory = as_written.finish();
    if is_compacted {
        let mut as_replayed = Total::default();
        for journal in &journals {
            as_replayed.read(&journal.iter().collect::<Vec<_>>())?;
        }
        inventory.replay_differences = as_replayed.finish().difference(&inventory);
    }
    inventory.db_files = (journals.into_iter().flatten())
        .map(
            |FoundFile {
                 name,
                 number,
                 bytes,
                 ..
             }| JournalFile {
                name,
                number,
                bytes,
            },
        )
        .collect();
    Ok(inventory)
}

/// The files of a journal in the order in which their records were first written.
///
/// Acknowledgement compaction (`MessageDatabase.forwardAllAcks`) copies the removals and commits of
/// an old file to the end of the journal, so that the old file can be deleted. The copy belongs
/// where the old file stood: a message that was moved away and back again after the old removal is
/// there, and a message sent by the old commit and received since is not.
fn order_of_writing(journal: &[FoundFile]) -> Result<Vec<&FoundFile>, KahadbError> {
    let mut placed = Vec::with_capacity(journal.len());
    for file in journal {
        let mut place = i64::from(file.number);
        scan(file, &mut |command| {
            if let Command::Rewritten { source, .. } = command {
                place = source;
            }
            ControlFlow::Break(())
        })?;
        placed.push((place, file));
    }
    placed.sort_by_key(|(place, file)| (*place, file.number));
    Ok(placed.into_iter().map(|(_, file)| file).collect())
}

fn scan(found: &FoundFile, on_command: &mut OnCommand<'_>) -> Result<Scan, KahadbError> {
    let failed = |offset, source| KahadbError::Read {
        path: found.path.clone(),
        offset,
        source,
    };
    let file = File::open(&found.path).map_err(|source| failed(0, source))?;
    journal::scan(file, found.bytes, on_command)
        .map_err(|failure| failed(failure.offset, failure.source))
}

/// The stores read so far.
#[derive(Default)]
struct Total {
    inventory: StoreInventory,
    queues: BTreeMap<String, Vec<Holding>>,
    topics: BTreeMap<String, u64>,
    prepared: HashSet<Fingerprint>,
    in_flight: HashSet<Fingerprint>,
    jobs: Vec<Fingerprint>,
}

impl Total {
    fn read(&mut self, journal: &[&FoundFile]) -> Result<(), KahadbError> {
        let numbers: HashSet<_> = journal.iter().map(|file| i64::from(file.number)).collect();
        let last = journal.iter().map(|file| file.number).max();
        let mut state = State::default();
        for file in journal {
            // Journal.java ignores a "zero length, partially initialised" file: a crash may leave
            // one, but only where the next records were about to go.
            if file.bytes == 0 {
                if Some(file.number) != last {
                    self.damaged(file, 0, DamageKind::Truncated);
                }
                continue;
            }
            let scan = scan(file, &mut |command| {
                state.apply(command, |number| numbers.contains(&number))
            })?;
            self.inventory.batches += scan.batches;
            self.inventory.unchecked_batches += scan.unchecked_batches;
            self.inventory.further_damage += scan.further_damage;
            for (offset, kind) in scan.damage {
                self.damaged(file, offset, kind);
            }
        }
        self.add(state.finish());
        Ok(())
    }

    fn damaged(&mut self, file: &FoundFile, offset: u64, kind: DamageKind) {
        if self.inventory.damage.len() < DAMAGE_KEPT {
            self.inventory.damage.push(Damage {
                file: file.name.clone(),
                offset,
                kind,
            });
        } else {
            self.inventory.further_damage += 1;
        }
    }

    fn add(&mut self, holdings: Holdings) {
        for holding in holdings.destinations {
            match &holding.destination {
                Destination::Queue(name) => {
                    self.queues.entry(name.clone()).or_default().push(holding);
                }
                Destination::Topic(name) => {
                    let recorded = holding.messages.len() as u64;
                    *self.topics.entry(name.clone()).or_default() += recorded;
                }
            }
        }
        self.prepared.extend(holdings.prepared);
        self.in_flight.extend(holdings.in_flight);
        self.jobs.extend(holdings.jobs);
        self.inventory.updates += holdings.updates;
    }

    fn finish(self) -> StoreInventory {
        let queues = (self.queues.into_iter())
            .map(|(name, holdings)| (name, queue(holdings)))
            .filter(|(_, queue)| !queue.is_empty());
        let topics = (self.topics.into_iter())
            .filter(|(_, recorded)| *recorded > 0)
            .map(|(name, recorded)| (name, TopicInventory { recorded }));
        StoreInventory {
            queues: queues.collect(),
            topics: topics.collect(),
            prepared_transactions: self.prepared.len() as u64,
            in_flight_transactions: self.in_flight.len() as u64,
            scheduled_jobs: self.jobs.len() as u64,
            job_ids_sha256: digest_of_set(self.jobs),
            ..self.inventory
        }
    }
}

fn queue(holdings: Vec<Holding>) -> QueueInventory {
    let mut queue = QueueInventory::default();
    let mut ids = Vec::new();
    for holding in holdings {
        ids.extend(holding.messages);
        queue.prepared_adds += holding.prepared_adds;
        queue.prepared_removes += holding.prepared_removes;
    }
    queue.messages = ids.len() as u64;
    queue.ids_sha256 = digest_of_set(ids);
    queue
}
