//! All files of a broker, one after the other.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::change::Change;
use super::digest::digest_of_set;
use super::error::ArtemisError;
use super::files::{self, FoundFile, Kind};
use super::inventory::{ArtemisDamage, ArtemisInventory, ArtemisQueue};
use super::journal::{self, Header};
use super::pages;
use super::state::{Holding, Holdings, State};
use super::transactions::Transactions;

/// Damage kept one by one in the inventory of a store; what exceeds it is only counted.
pub(super) const DAMAGE_KEPT: usize = 1_000;

/// The directories of a broker. Those that do not exist hold nothing; a broker makes the one for pages
/// when it needs it.
#[derive(Clone, Copy, Debug)]
pub struct Directories<'a> {
    /// `bindings`: which queues there are.
    pub bindings: &'a Path,
    /// `journal`: the messages.
    pub journal: &'a Path,
    /// `paging`: messages that did not fit into memory.
    pub paging: &'a Path,
    /// `large-messages`, in WildFly `largemessages`: bodies that did not fit into the journal.
    pub large_messages: &'a Path,
}

/// Reads what the directories of a stopped broker hold.
///
/// Memory grows with the messages and with what the journal deletes, some hundred bytes each, and by the
/// largest single file; not with bodies.
pub fn read_inventory(directories: &Directories<'_>) -> Result<ArtemisInventory, ArtemisError> {
    let mut reader = Reader::default();
    reader.journal(directories.bindings, Kind::Bindings)?;
    let prepared = reader.journal(directories.journal, Kind::Journal)?;
    reader.inventory.prepared_transactions = prepared.len() as u64;
    let mut holdings = std::mem::take(&mut reader.state).finish(prepared);
    for page in files::pages(directories.paging)? {
        reader.page(&page, &mut holdings)?;
    }
    reader.bodies(directories.large_messages, &holdings)?;
    Ok(reader.finish(holdings))
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    inventory: ArtemisInventory,
    state: State,
}

impl Reader {
    /// Reads the bindings or the messages; gives the changes of prepared transactions.
    fn journal(&mut self, directory: &Path, kind: Kind) -> Result<Vec<Vec<Change>>, ArtemisError> {
        let found = files::journal(directory, kind)?;
        for name in &found.unfinished {
            self.damaged(
                name,
                0,
                "the broker was killed while it tidied up its journal",
            );
        }
        let mut transactions = Transactions::default();
        for (number, (header, file)) in self.in_order(found.files)?.into_iter().enumerate() {
            let bytes = read(&file)?;
            self.file(number + 1, header, &file, &bytes, &mut transactions);
        }
        let (prepared, dropped) = transactions.finish();
        self.inventory.unfinished_transactions += dropped;
        Ok(prepared)
    }

    /// The files by the number in their headers, which is the order in which a broker reads them.
    fn in_order(
        &mut self,
        files: Vec<FoundFile>,
    ) -> Result<Vec<(Header, FoundFile)>, ArtemisError> {
        let mut ordered = BTreeMap::new();
        for file in files {
            // `JournalImpl.orderFiles` deletes such a file: the broker was killed when it had made it.
            if file.bytes < journal::HEADER as u64 {
                continue;
            }
            let front = files::front(&file.path, journal::HEADER)?;
            let Some(header) = Header::of(&front) else {
                self.damaged(&file.name, 0, "this is no header of a journal file");
                continue;
            };
            if let Some((_, earlier)) = ordered.insert(header.file, (header, file)) {
                self.damaged(&earlier.name, 8, "another file has the same number");
            }
        }
        Ok(ordered.into_values().collect())
    }

    fn file(
        &mut self,
        number: usize,
        header: Header,
        file: &FoundFile,
        bytes: &[u8],
        transactions: &mut Transactions,
    ) {
        let mut records = 0;
        let mut damage = Vec::new();
        let state = &mut self.state;
        let faults = journal::scan(bytes, header, &mut |offset, record| {
            records += 1;
            let change = Change::of(record.entry).unwrap_or_else(|_| {
                damage.push((offset, "the record is shorter than its kind demands"));
                Change::Other
            });
            let taken = transactions.take(number, record, change, &mut |change| {
                state.apply(change);
            });
            if taken.is_err() {
                damage.push((offset, "records of this transaction are missing"));
            }
        });
        self.inventory.records += records;
        let faults = faults.into_iter().map(|fault| (fault.offset, fault.reason));
        for (offset, reason) in damage.into_iter().chain(faults) {
            self.damaged(&file.name, offset, reason);
        }
    }

    fn page(&mut self, page: &files::Page, holdings: &mut Holdings) -> Result<(), ArtemisError> {
        let bytes = read(&page.file)?;
        let mut messages = 0;
        let fault = pages::scan(&bytes, &mut |number, message| {
            messages += 1;
            holdings.add(page.number, number, message);
        });
        self.inventory.records += messages;
        if let Some(fault) = fault {
            self.damaged(&page.file.name, fault.offset, fault.reason);
        }
        Ok(())
    }

    /// Whether the body of every large message is there. A broker that misses one makes an empty file.
    fn bodies(&mut self, directory: &Path, holdings: &Holdings) -> Result<(), ArtemisError> {
        let mut ids = holdings.large.clone();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let name = format!("{id}.msg");
            let problem = match files::length(&directory.join(&name))? {
                None => "the body of a message is missing",
                Some(0) => "the body of a message is empty",
                Some(_) => continue,
            };
            self.damaged(&format!("large messages/{name}"), 0, problem);
        }
        Ok(())
    }

    fn damaged(&mut self, file: &str, offset: usize, problem: &str) {
        if self.inventory.damage.len() < DAMAGE_KEPT {
            self.inventory.damage.push(ArtemisDamage {
                file: file.to_owned(),
                offset: offset as u64,
                problem: problem.to_owned(),
            });
        } else {
            self.inventory.further_damage += 1;
        }
    }

    fn finish(self, holdings: Holdings) -> ArtemisInventory {
        let mut of_name: BTreeMap<String, Holding> = BTreeMap::new();
        for (id, mut holding) in holdings.queues {
            let name = holdings.names.get(&id);
            let name = name.map_or_else(|| id.to_string(), Clone::clone);
            // Two queues of one name cannot be but in a damaged store; then both count.
            let sum = of_name.entry(name).or_default();
            sum.ids.append(&mut holding.ids);
            sum.paged += holding.paged;
            sum.scheduled += holding.scheduled;
            sum.large += holding.large;
            sum.prepared_adds += holding.prepared_adds;
            sum.prepared_removes += holding.prepared_removes;
        }
        let queues = (of_name.into_iter())
            .map(|(name, holding)| (name, queue(holding)))
            .filter(|(_, queue)| !queue.is_empty());
        ArtemisInventory {
            queues: queues.collect(),
            lost_messages: holdings.lost,
            ..self.inventory
        }
    }
}

fn queue(holding: Holding) -> ArtemisQueue {
    ArtemisQueue {
        messages: holding.ids.len() as u64,
        ids_sha256: digest_of_set(holding.ids),
        paged: holding.paged,
        scheduled: holding.scheduled,
        large: holding.large,
        prepared_adds: holding.prepared_adds,
        prepared_removes: holding.prepared_removes,
    }
}

fn read(file: &FoundFile) -> Result<Vec<u8>, ArtemisError> {
    fs::read(&file.path).map_err(|source| ArtemisError::Read {
        path: file.path.clone(),
        source,
    })
}
