//! One run at a time per site.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::JournalError;

/// Who holds the lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Start time of the process in clock ticks since boot.
    pub start_time: u64,
    /// Name of the machine.
    pub host: String,
    /// Name of the user.
    pub user: String,
    /// Id of the run.
    pub run: String,
    /// `backup`, `upgrade` or `restore`.
    pub phase: String,
    /// Since when.
    pub since: Timestamp,
}

impl Holder {
    /// This process on behalf of that run.
    pub fn this_process(run: &str, phase: &str) -> Self {
        let user = ["LOGNAME", "USER"]
            .iter()
            .find_map(|name| std::env::var(name).ok())
            .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()));
        Self {
            pid: std::process::id(),
            start_time: start_time(Path::new("/proc/self/stat")).unwrap_or_default(),
            host: std::fs::read_to_string("/proc/sys/kernel/hostname")
                .map(|name| name.trim().to_owned())
                .unwrap_or_default(),
            user,
            run: run.to_owned(),
            phase: phase.to_owned(),
            since: Timestamp::now(),
        }
    }
}

/// How long a lock is waited for whose holder is gone: a process that the killed program was just
/// starting has a copy of the descriptor until it has become its program.
pub(super) const INHERITED: Duration = Duration::from_secs(5);

impl Holder {
    /// Whether it was a process of this machine that is no more.
    fn is_gone(&self) -> bool {
        let here = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let stat = format!("/proc/{}/stat", self.pid);
        self.pid != 0
            && self.host == here.trim()
            && start_time(Path::new(&stat)) != Some(self.start_time)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return f.write_str("it has not said yet who it is");
        }
        write!(
            f,
            "{} run {} of user {} on {}, process {}, since {}",
            self.phase,
            self.run,
            self.user,
            self.host,
            self.pid,
            self.since.strftime("%Y-%m-%d %H:%M:%SZ"),
        )
    }
}

fn start_time(stat: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(stat).ok()?;
    // The command name in parentheses may hold spaces and parentheses; fields are counted after it.
    text.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(19)?
        .parse()
        .ok()
}

/// The lock of a site, held until dropped. The system releases it when the process dies, however it
/// dies, so that a stale lock does not exist.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of the site whose runs are in `state`, or names the holder.
    pub fn take(state: &Path, holder: &Holder) -> Result<Self, JournalError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(state)
            .map_err(|error| JournalError::file("create", state, error))?;
        let path = state.join("lock");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| JournalError::file("open", &path, error))?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {
                    let holder = holder_in(&file);
                    if !holder.is_gone() || began.elapsed() > INHERITED {
                        return Err(JournalError::Held {
                            holder: Box::new(holder),
                            path,
                        });
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::Error(error)) => {
                    return Err(JournalError::file("lock", &path, error));
                }
            }
        }
        let lock = Self { file, path };
        lock.write(holder)?;
        Ok(lock)
    }

    fn write(&self, holder: &Holder) -> Result<(), JournalError> {
        let text = serde_json::to_vec(holder).map_err(std::io::Error::from);
        text.and_then(|mut text| {
            text.push(b'\n');
            self.file.set_len(0)?;
            (&self.file).write_all(&text)
        })
        .map_err(|error| JournalError::file("write", &self.path, error))
    }

    /// Who holds the lock of that site now, if anybody does.
    pub fn holder(state: &Path) -> Option<Holder> {
        let file = File::open(state.join("lock")).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(holder_in(&file)),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The name of a holder that is gone helps nobody. The file stays: removing it would let a
        // third process lock a file that a second one is about to lose.
        _ = self.file.set_len(0);
        // Closing is not enough: a process that another thread is just starting holds a copy of the
        // descriptor, and with it the lock, until it has become its program.
        _ = self.file.unlock();
    }
}

fn holder_in(file: &File) -> Holder {
    let mut text = String::new();
    let mut file = file;
    _ = file.rewind();
    match file.read_to_string(&mut text) {
        Ok(_) => serde_json::from_str(&text).unwrap_or_default(),
        Err(_) => Holder::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_taker_is_told_who_the_first_is() {
        let state = tempfile::tempdir().unwrap();
        let first = Holder::this_process("20261121T093000Z-abcd", "backup");
        let lock = Lock::take(state.path(), &first).unwrap();
        assert!(first.start_time > 0);
        let refusal = Lock::take(state.path(), &Holder::this_process("other", "restore"))
            .unwrap_err()
            .to_string();
        let expected = format!("backup run 20261121T093000Z-abcd of user {}", first.user);
        assert!(refusal.contains(&expected), "{refusal}");
        assert!(refusal.contains(&format!("process {}", std::process::id())));
        assert_eq!(Lock::holder(state.path()), Some(first));
        drop(lock);
        assert_eq!(Lock::holder(state.path()), None);
        Lock::take(state.path(), &Holder::this_process("other", "restore")).unwrap();
    }

    #[test]
    fn a_lock_file_without_a_name_still_refuses() {
        let state = tempfile::tempdir().unwrap();
        let lock = Lock::take(state.path(), &Holder::default()).unwrap();
        lock.file.set_len(0).unwrap();
        let refusal = Lock::take(state.path(), &Holder::default()).unwrap_err();
        assert!(refusal.to_string().ends_with("has not said yet who it is"));
    }
}
