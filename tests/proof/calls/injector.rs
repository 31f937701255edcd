//! The tracer `inject.c`: compiled, started, read.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::super::kit::command;
use super::super::random::Random;

/// Seconds after which a run counts as hanging.
const PATIENCE: &str = "180";

/// What a run suffers; calls are numbered from 1.
#[derive(Debug, Clone, Copy)]
pub(super) enum Disturbance {
    /// Nothing; its calls are written down.
    None,
    /// It is killed at the entry of this call.
    Kill(usize),
    /// Calls fail.
    Fails(Failing),
}

/// Which calls fail, and with what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failing {
    from: usize,
    error: Error,
    extent: Extent,
}

#[derive(Debug, Clone, Copy)]
enum Error {
    Io,
    Full,
    ReadOnly,
}

#[derive(Debug, Clone, Copy)]
enum Extent {
    /// One call.
    Once,
    /// That one and all later ones.
    On,
    /// Half of what is to be written gets there; the next write of the thread fails.
    Short,
}

impl Failing {
    /// From this call on, with what chance gives.
    pub(super) fn drawn(from: usize, random: &mut Random) -> Self {
        let error = match random.below(3) {
            0 => Error::Io,
            1 => Error::Full,
            _ => Error::ReadOnly,
        };
        let extent = match random.below(5) {
            0 | 1 => Extent::Once,
            2 | 3 => Extent::On,
            _ => Extent::Short,
        };
        Self {
            from,
            error,
            extent,
        }
    }

    /// This call, with an error of the disk.
    pub(super) fn once(call: usize) -> Self {
        Self {
            from: call,
            error: Error::Io,
            extent: Extent::Once,
        }
    }

    /// Whether all later calls fail, too.
    pub(super) fn goes_on(self) -> bool {
        matches!(self.extent, Extent::On)
    }

    /// What the system calls the error, and what there is to do about it.
    pub(super) fn words_about(self) -> [&'static str; 2] {
        match self.error {
            Error::Io => ["Input/output error", "`dmesg` tells more"],
            Error::Full => ["No space left on device", "free some space"],
            Error::ReadOnly => ["Read-only file system", "`dmesg` tells why"],
        }
    }
}

impl Disturbance {
    fn words(self) -> Vec<String> {
        match self {
            Self::None => vec!["record".to_owned()],
            Self::Kill(call) => vec!["kill".to_owned(), call.to_string()],
            Self::Fails(failing) => {
                let extent = match failing.extent {
                    Extent::Once => "once",
                    Extent::On => "on",
                    Extent::Short => "short",
                };
                let number = match failing.error {
                    Error::Io => 5,
                    Error::Full => 28,
                    Error::ReadOnly => 30,
                };
                vec![
                    extent.to_owned(),
                    number.to_string(),
                    failing.from.to_string(),
                ]
            }
        }
    }
}

/// A call that was written down.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) path: String,
}

impl Call {
    /// Whether it tidies the lock's file up: nothing is lost if that fails.
    pub(super) fn is_tidying(&self) -> bool {
        self.name == "ftruncate" && self.path.ends_with("/lock")
    }

    /// Whether it writes down what a tool says, which is judged without that.
    pub(super) fn is_log(&self) -> bool {
        self.path.contains("/logs/") && self.path.contains("/runs/")
    }

    /// Whether a text says where that was: the file, or the folder that it is in.
    pub(super) fn is_named_in(&self, text: &str) -> bool {
        let path = Path::new(&self.path);
        let folder = path.parent().unwrap_or(path);
        [path, folder]
            .iter()
            .any(|place| text.contains(&place.display().to_string()))
    }
}

/// Runs the program on one installation and disturbs it.
pub(super) struct Injector {
    program: &'static Path,
    root: PathBuf,
    aside: tempfile::TempDir,
}

impl Injector {
    /// Whether it can be had; it knows the registers of one kind of machine.
    pub(super) fn is_possible() -> bool {
        let possible = cfg!(target_arch = "x86_64");
        if !possible {
            println!("skipped: calls are disturbed on x86_64 only");
        }
        possible
    }

    /// For calls on files below a folder.
    pub(super) fn new(root: &Path) -> Self {
        static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
        Self {
            program: PROGRAM.get_or_init(compiled),
            root: root.to_owned(),
            aside: tempfile::tempdir().unwrap(),
        }
    }

    /// A place for files that are not the installation's.
    pub(super) fn aside(&self) -> &Path {
        self.aside.path()
    }

    fn log(&self) -> PathBuf {
        self.aside().join("calls")
    }

    /// The command that runs the program.
    pub(super) fn command(&self, disturbance: Disturbance) -> Vec<String> {
        // Another user than root may look into a program that hides its memory only as the root of a
        // namespace of its own.
        let to_root: &[&str] = if rustix::process::geteuid().is_root() {
            &[]
        } else {
            &["unshare", "--map-root-user"]
        };
        let shown = |path: &Path| path.display().to_string();
        let mut words = ["timeout", "-s", "KILL", PATIENCE]
            .map(str::to_owned)
            .to_vec();
        words.extend(to_root.iter().map(|word| (*word).to_owned()));
        words.extend([shown(self.program), shown(&self.root), shown(&self.log())]);
        words.extend(disturbance.words());
        words
    }

    /// The calls that the last run wrote down: all, or the one that was disturbed.
    pub(super) fn calls(&self) -> Vec<Call> {
        let text = std::fs::read_to_string(self.log()).unwrap();
        text.lines()
            .map(|line| {
                let mut words = line.splitn(3, ' ').skip(1).map(str::to_owned);
                Call {
                    name: words.next().unwrap(),
                    path: words.next().unwrap(),
                }
            })
            .collect()
    }
}

/// The compiler is there: the program's own compression needs it.
fn compiled() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proof/calls/inject.c");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("inject");
    let new = program.with_extension(std::process::id().to_string());
    let done = command("cc")
        .args(["-O1", "-Wall", "-Wextra", "-Werror", "-o"])
        .args([&new, &source])
        .status();
    assert!(done.unwrap().success());
    std::fs::rename(new, &program).unwrap();
    program
}
