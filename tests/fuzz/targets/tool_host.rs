//! A machine whose tools say what the input says, and whose files are those of one folder.

use std::ffi::OsString;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use upgrade_kit::event::StopLevel;
use upgrade_kit::host::{
    Attributes, Captured, Control, Entry, Exit, ExitStatus, FileStat, HeldFolder, HeldLock, Host,
    HostError, HostWriter, HttpAnswer, Invocation, LocalHost, OUTPUT_LIMIT, ProcessIdentity, Stdin,
    Stdout, Streams, ToolStart,
};

/// Answers in the order of the input, one a call. The first byte of one is its exit code as a digit
/// (another letter is a signal), the rest what the tool prints; a line `!!!!` begins what it complains.
pub(super) struct ToolHost {
    folder: PathBuf,
    answers: Vec<Vec<u8>>,
    next: AtomicUsize,
    files: LocalHost,
}

impl ToolHost {
    pub(super) fn new(folder: &Path, answers: &[&[u8]]) -> Self {
        Self {
            folder: folder.to_owned(),
            answers: answers.iter().map(|answer| answer.to_vec()).collect(),
            next: AtomicUsize::new(0),
            files: LocalHost,
        }
    }

    fn answer(&self) -> Option<&[u8]> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        self.answers.get(next).map(Vec::as_slice)
    }

    /// Whatever an answer talks an action into, it stays in the folder.
    fn mine(&self, path: &Path) -> Result<(), HostError> {
        let climbs = path.components().any(|one| one == Component::ParentDir);
        if path.starts_with(&self.folder) && !climbs {
            return Ok(());
        }
        Err(HostError::file(
            "reach",
            path,
            io::ErrorKind::PermissionDenied.into(),
        ))
    }
}

fn captured(bytes: &[u8]) -> Captured {
    let half = OUTPUT_LIMIT / 2;
    let (head, tail) = if bytes.len() > OUTPUT_LIMIT {
        (bytes[..half].to_vec(), bytes[bytes.len() - half..].to_vec())
    } else {
        (bytes.to_vec(), Vec::new())
    };
    Captured {
        head,
        tail,
        total: bytes.len() as u64,
    }
}

fn divided(answer: &[u8]) -> (ExitStatus, &[u8], &[u8]) {
    const COMPLAINS: &[u8] = b"\n!!!!\n";
    let Some((code, said)) = answer.split_first() else {
        return (ExitStatus::Code(0), &[], &[]);
    };
    let status = match code {
        b'0'..=b'9' => ExitStatus::Code(i32::from(code - b'0')),
        _ => ExitStatus::Signal(9),
    };
    match said
        .windows(COMPLAINS.len())
        .position(|found| found == COMPLAINS)
    {
        Some(at) => (status, &said[..=at], &said[at + COMPLAINS.len()..]),
        None => (status, said, &[]),
    }
}

impl Host for ToolHost {
    fn name(&self) -> &'static str {
        "fuzzed"
    }

    fn run(
        &self,
        invocation: &Invocation,
        streams: Streams<'_>,
        control: &Control,
    ) -> Result<Exit, HostError> {
        let Some(answer) = self.answer() else {
            // Nobody waits for an answer that never comes.
            control.stop.raise(StopLevel::Kill);
            return Err(HostError::Stopped);
        };
        let (status, stdout, stderr) = divided(answer);
        (control.on_tool)(ToolStart {
            process: ProcessIdentity {
                pid: 1,
                start_time: 0,
            },
            command: invocation.to_string(),
        });
        if let Stdin::Reader(reader) = streams.stdin {
            _ = io::copy(reader, &mut io::sink());
        }
        // A script of WLST writes its result beside itself.
        let script = invocation.argv().into_iter().find_map(|word| {
            let word = PathBuf::from(word);
            (word.extension() == Some("py".as_ref())).then_some(word)
        });
        if let (Some(script), Some(directory)) = (script, &invocation.directory) {
            let result = directory.join(script).with_extension("result");
            if self.mine(&result).is_ok() {
                std::fs::write(result, stdout).unwrap();
            }
        }
        let mut exit = Exit {
            status,
            stdout: captured(stdout),
            stderr: captured(stderr),
            timed_out: false,
            stopped: false,
            leaked: 0,
        };
        if let Stdout::Writer(writer) = streams.stdout {
            writer
                .write_all(stdout)
                .map_err(|source| HostError::Stream {
                    action: "store the output of",
                    program: invocation.program.clone(),
                    source,
                })?;
            exit.stdout = Captured::default();
        }
        Ok(exit)
    }

    fn find_program(&self, name: &str) -> Option<PathBuf> {
        Some(Path::new("/usr/bin").join(name))
    }

    fn process(&self, _: u32) -> Option<ProcessIdentity> {
        None
    }

    fn processes_of_run(&self, _: &str) -> Vec<ProcessIdentity> {
        Vec::new()
    }

    fn signal(&self, _: ProcessIdentity, _: i32) -> Result<(), HostError> {
        Ok(())
    }

    fn listens(&self, _: SocketAddr, _: Duration) -> bool {
        false
    }

    fn http_get(&self, _: &str, _: Duration) -> Result<HttpAnswer, HostError> {
        let answer = self.answer().ok_or(HostError::Stopped)?;
        Ok(HttpAnswer {
            status: 200,
            body: answer.to_vec(),
        })
    }

    fn stat(&self, path: &Path) -> Result<Option<FileStat>, HostError> {
        self.files.stat(path)
    }

    fn list(&self, directory: &Path) -> Result<Vec<OsString>, HostError> {
        self.mine(directory)?;
        self.files.list(directory)
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, HostError> {
        self.mine(path)?;
        self.files.read(path, limit)
    }

    fn entries(
        &self,
        directory: &Path,
        identity: (u64, u64),
    ) -> Result<Option<Vec<Entry>>, HostError> {
        self.mine(directory)?;
        self.files.entries(directory, identity)
    }

    fn open_same(
        &self,
        path: &Path,
        identity: (u64, u64),
    ) -> Result<Option<Box<dyn Read + Send>>, HostError> {
        self.mine(path)?;
        self.files.open_same(path, identity)
    }

    fn hold_folder(&self, path: &Path) -> Result<Box<dyn HeldFolder>, HostError> {
        self.mine(path)?;
        self.files.hold_folder(path)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Read + Send>, HostError> {
        self.mine(path)?;
        self.files.open(path)
    }

    fn data_ranges(&self, path: &Path) -> Result<Vec<(u64, u64)>, HostError> {
        self.mine(path)?;
        self.files.data_ranges(path)
    }

    fn create_new(&self, path: &Path) -> Result<Box<dyn HostWriter>, HostError> {
        self.mine(path)?;
        self.files.create_new(path)
    }

    fn write_atomic(&self, path: &Path, content: &[u8], mode: u32) -> Result<(), HostError> {
        self.mine(path)?;
        self.files.write_atomic(path, content, mode)
    }

    fn create_dir(&self, path: &Path, mode: u32) -> Result<(), HostError> {
        self.mine(path)?;
        self.files.create_dir(path, mode)
    }

    fn symlink(&self, target: &Path, link: &Path) -> Result<(), HostError> {
        self.mine(link)?;
        self.files.symlink(target, link)
    }

    fn hard_link(&self, existing: &Path, link: &Path) -> Result<(), HostError> {
        self.mine(link)?;
        self.files.hard_link(existing, link)
    }

    fn set_attributes(&self, path: &Path, attributes: &Attributes) -> Result<(), HostError> {
        self.mine(path)?;
        self.files.set_attributes(path, attributes)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), HostError> {
        self.mine(from)?;
        self.mine(to)?;
        self.files.rename(from, to)
    }

    fn rename_between(&self, from: (&Path, &Path), to: (&Path, &Path)) -> Result<(), HostError> {
        self.mine(from.0)?;
        self.mine(to.0)?;
        self.files.rename_between(from, to)
    }

    fn exchange(&self, one: &Path, other: &Path) -> Result<(), HostError> {
        self.mine(one)?;
        self.mine(other)?;
        self.files.exchange(one, other)
    }

    fn remove_file(&self, path: &Path) -> Result<(), HostError> {
        self.mine(path)?;
        self.files.remove_file(path)
    }

    fn remove_tree(&self, path: &Path) -> Result<(), HostError> {
        self.mine(path)?;
        self.files.remove_tree(path)
    }

    fn sync(&self, _: &Path) -> Result<(), HostError> {
        Ok(())
    }

    fn may_write(&self, path: &Path) -> bool {
        self.mine(path).is_ok()
    }

    fn free_space(&self, _: &Path) -> Result<u64, HostError> {
        Ok(u64::MAX)
    }

    fn lock_holder(&self, path: &Path) -> Result<Option<u32>, HostError> {
        self.mine(path)?;
        self.files.lock_holder(path)
    }

    fn hold_lock(&self, path: &Path) -> Result<Box<dyn HeldLock>, HostError> {
        self.mine(path)?;
        self.files.hold_lock(path)
    }
}
