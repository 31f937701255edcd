//! One run at a time per installation, whatever site file and state directory it was begun with.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::io::{self, ErrorKind};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::error::JournalError;
use super::lock::INHERITED;
use super::names::hex;

/// Instance directories that a run works on, held until dropped: each by an abstract Unix socket that is
/// named after it. That leaves no file behind, does not depend on the inode (a restore may replace the
/// directory), holds between users, and ends with the process, however it ends. It reaches as far as the
/// network namespace of the machine; where there are no such sockets, nothing is held.
#[derive(Debug)]
pub struct Instances {
    _held: Vec<UnixListener>,
}

impl Instances {
    /// Takes them all.
    ///
    /// # Errors
    ///
    /// [`JournalError::InstanceHeld`] names one that another run works on.
    pub fn take(directories: &[PathBuf]) -> Result<Self, JournalError> {
        let places: BTreeSet<PathBuf> = directories.iter().map(|path| place(path)).collect();
        let mut sockets = Vec::new();
        for place in &places {
            sockets.extend(hold(place)?);
        }
        Ok(Self { _held: sockets })
    }
}

/// The directory without links, so that two names of it are one, also while it does not exist yet.
fn place(directory: &Path) -> PathBuf {
    let real = directory.ancestors().find_map(|above| {
        let below = directory.strip_prefix(above).ok()?;
        Some(above.canonicalize().ok()?.join(below))
    });
    // Joining nothing leaves a slash at the end.
    real.map_or_else(|| directory.to_owned(), |real| real.components().collect())
}

fn hold(directory: &Path) -> Result<Option<UnixListener>, JournalError> {
    let name = name(directory);
    let began = Instant::now();
    loop {
        match bind(&name) {
            Ok(socket) => return Ok(Some(socket)),
            Err(error) if error.kind() != ErrorKind::AddrInUse => return Ok(None),
            Err(_) if began.elapsed() < INHERITED => std::thread::sleep(Duration::from_millis(20)),
            Err(_) => {
                return Err(JournalError::InstanceHeld {
                    directory: directory.to_owned(),
                    holder: holder(&name).map_or_else(String::new, |pid| describe(&pid)),
                });
            }
        }
    }
}

fn name(directory: &Path) -> String {
    let digest = Sha256::digest(directory.as_os_str().as_bytes());
    format!("upgrade-kit-{}", hex(&digest))
}

fn bind(name: &str) -> io::Result<UnixListener> {
    UnixListener::bind_addr(&SocketAddr::from_abstract_name(name)?)
}

/// The id of the process that holds a name, if this user may see it. It is not asked of the socket: that
/// says 0 for a process of another container.
fn holder(name: &str) -> Option<String> {
    let sockets = std::fs::read_to_string("/proc/net/unix").ok()?;
    let held = format!("@{name}");
    let line = sockets.lines().find(|line| line.ends_with(&held))?;
    let socket = format!("socket:[{}]", line.split_whitespace().nth(6)?);
    let names = std::fs::read_dir("/proc").ok()?.flatten();
    let mut processes = names
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    processes.find(|process| {
        let descriptors = std::fs::read_dir(format!("/proc/{process}/fd"));
        descriptors.is_ok_and(|descriptors| {
            (descriptors.flatten())
                .any(|one| std::fs::read_link(one.path()).is_ok_and(|to| to == Path::new(&socket)))
        })
    })
}

fn describe(process: &str) -> String {
    let words = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let words = String::from_utf8_lossy(&words);
    let words: Vec<&str> = words.split_terminator('\0').collect();
    let mut command = words.join(" ");
    if let Ok(place) = std::fs::read_link(format!("/proc/{process}/cwd")) {
        _ = write!(command, " in {}", place.display());
    }
    // It may be anybody's process: nothing of it drives the terminal.
    let command = command.replace(char::is_control, "\u{fffd}");
    format!(": process {process}, {command}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_held_once_by_any_of_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let link = folder.path().join("link");
        std::fs::create_dir(&home).unwrap();
        std::os::unix::fs::symlink(&home, &link).unwrap();
        let held = Instances::take(&[home.clone(), link.clone()]).unwrap();
        assert_eq!(place(&link.join("later/on")), place(&home).join("later/on"));
        Instances::take(&[link.join("later")]).unwrap();
        let refusal = Instances::take(std::slice::from_ref(&link)).unwrap_err();
        let refusal = refusal.to_string();
        let this = format!(
            "another run works on the installation {}: process {}, ",
            place(&home).display(),
            std::process::id()
        );
        assert!(refusal.starts_with(&this), "{refusal}");
        drop(held);
        Instances::take(&[link]).unwrap();
    }
}
