//! What other rooms ask of a broker's stores.

use std::path::{Path, PathBuf};

use super::inventory::StoreInventory;
use super::places::{all_lock_files, path_problems, places, stores_of};
use super::record::{below, inventory};
use crate::adapter::Failure;
use crate::host::Host;

/// The stores of a broker: its KahaDB directory and those of its data directory.
pub(in crate::adapter) struct Survey<'a> {
    /// The KahaDB directory.
    pub(in crate::adapter) store: &'a Path,
    /// The broker's data directory.
    pub(in crate::adapter) data: &'a Path,
}

impl Survey<'_> {
    /// What is wrong with the paths, which are the options `store` and `data`.
    pub(in crate::adapter) fn problems(&self) -> Vec<String> {
        path_problems(self.store, self.data, None)
    }

    /// The files that a running broker holds locks on.
    pub(in crate::adapter) fn locks(&self, host: &dyn Host) -> Result<Vec<PathBuf>, Failure> {
        all_lock_files(host, &places(self.store, self.data, None))
    }

    /// Each store with what it holds.
    pub(in crate::adapter) fn read(
        &self,
        host: &dyn Host,
    ) -> Result<Vec<(PathBuf, StoreInventory)>, Failure> {
        let mut found = Vec::new();
        for place in places(self.store, self.data, None) {
            for store in stores_of(host, &place)? {
                let path = below(&place.path, &store);
                let inventory = inventory(&path)?;
                found.push((path, inventory));
            }
        }
        Ok(found)
    }
}
