//! The implementation of [`Host`] for this machine.

use std::ffi::OsString;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{atomic, attributes, files, folder, locks, network, process, run, spawn, tree, writer};
use crate::host::{
    Attributes, Control, Entry, Exit, FileStat, HeldFolder, HeldLock, Host, HostError, HostWriter,
    HttpAnswer, Invocation, ProcessIdentity, Streams,
};

/// This machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalHost;

impl Host for LocalHost {
    fn name(&self) -> &'static str {
        "local"
    }

    fn run(
        &self,
        invocation: &Invocation,
        streams: Streams<'_>,
        control: &Control,
    ) -> Result<Exit, HostError> {
        run::run(invocation, streams, control)
    }

    fn find_program(&self, name: &str) -> Option<PathBuf> {
        spawn::find_program(name, None, None)
    }

    fn process(&self, pid: u32) -> Option<ProcessIdentity> {
        process::living(pid)
    }

    fn processes_of_run(&self, run: &str) -> Vec<ProcessIdentity> {
        process::of_run(run)
    }

    fn group_lives(&self, leader: u32) -> bool {
        process::group_lives(leader)
    }

    fn signal(&self, process: ProcessIdentity, signal: i32) -> Result<(), HostError> {
        process::signal(process, signal)
    }

    fn listens(&self, address: SocketAddr, timeout: Duration) -> bool {
        network::listens(address, timeout)
    }

    fn http_get(&self, url: &str, timeout: Duration) -> Result<HttpAnswer, HostError> {
        network::http_get(url, timeout)
    }

    fn stat(&self, path: &Path) -> Result<Option<FileStat>, HostError> {
        files::stat(path)
    }

    fn list(&self, directory: &Path) -> Result<Vec<OsString>, HostError> {
        files::list(directory)
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, HostError> {
        files::read(path, limit)
    }

    fn entries(
        &self,
        directory: &Path,
        identity: (u64, u64),
    ) -> Result<Option<Vec<Entry>>, HostError> {
        folder::entries(directory, identity)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Read + Send>, HostError> {
        files::open(path)
    }

    fn open_same(
        &self,
        path: &Path,
        identity: (u64, u64),
    ) -> Result<Option<Box<dyn Read + Send>>, HostError> {
        files::open_same(path, identity)
    }

    fn data_ranges(&self, path: &Path) -> Result<Vec<(u64, u64)>, HostError> {
        files::data_ranges(path)
    }

    fn create_new(&self, path: &Path) -> Result<Box<dyn HostWriter>, HostError> {
        writer::create_new(path)
    }

    fn write_atomic(&self, path: &Path, content: &[u8], mode: u32) -> Result<(), HostError> {
        atomic::write(path, content, mode)
    }

    fn create_dir(&self, path: &Path, mode: u32) -> Result<(), HostError> {
        tree::create_dir(path, mode)
    }

    fn hold_folder(&self, path: &Path) -> Result<Box<dyn HeldFolder>, HostError> {
        Ok(Box::new(folder::Folder::hold(path)?))
    }

    fn symlink(&self, target: &Path, link: &Path) -> Result<(), HostError> {
        files::symlink(target, link)
    }

    fn hard_link(&self, existing: &Path, link: &Path) -> Result<(), HostError> {
        files::hard_link(existing, link)
    }

    fn set_attributes(&self, path: &Path, attributes: &Attributes) -> Result<(), HostError> {
        attributes::set(path, attributes)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), HostError> {
        atomic::rename(from, to)
    }

    fn rename_between(&self, from: (&Path, &Path), to: (&Path, &Path)) -> Result<(), HostError> {
        folder::rename_between(from, to)
    }

    fn exchange(&self, one: &Path, other: &Path) -> Result<(), HostError> {
        atomic::exchange(one, other)
    }

    fn remove_file(&self, path: &Path) -> Result<(), HostError> {
        std::fs::remove_file(path).map_err(|error| HostError::file("remove", path, error))
    }

    fn remove_tree(&self, path: &Path) -> Result<(), HostError> {
        tree::remove(path)
    }

    fn sync(&self, path: &Path) -> Result<(), HostError> {
        files::sync(path)
    }

    fn may_write(&self, path: &Path) -> bool {
        files::may_write(path)
    }

    fn free_space(&self, path: &Path) -> Result<u64, HostError> {
        files::free_space(path)
    }

    fn lock_holder(&self, path: &Path) -> Result<Option<u32>, HostError> {
        locks::holder(path)
    }

    fn hold_lock(&self, path: &Path) -> Result<Box<dyn HeldLock>, HostError> {
        locks::hold(path)
    }
}
