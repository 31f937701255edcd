//! A place of its own for each test, and the built program run in it.
//!
//! Nothing of the machine shows: the environment is empty but for what [`Sandbox`] sets, paths, times
//! and ids are redacted, so a test can hold the whole output.

use std::fmt;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use regex::Regex;

/// The program that is tested.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_upgrade-kit");

/// Longer than any command of these tests takes; a hang fails its test and no other.
const PATIENCE: Duration = Duration::from_secs(180);

/// What a site file with steps of its own begins with.
const OWN_RUNBOOK: &str = "runbook: mine
title: Mine
product: domibus
scenario: same-server
";

/// A site of the practice installation. Its own text, so that places in it stay when the shipped one
/// changes.
const SITE: &str = "site: quickstart
product: domibus
practice:
  template: template
  installation: installation
server:
  kind: tomcat
  home: installation/tomcat
  pid_file: installation/tomcat/run/catalina.pid
  ports: []
installation:
  version: 5.1.0
upgrade:
  to: 5.1.1
  war: installation/release-5.1.1/domibus.war
  config: installation/release-5.1.1/conf
  plugins: installation/release-5.1.1/plugins
  remove:
    - plugins/lib/domibus-default-fs-plugin-5.1.0.jar
    - plugins/lib/domibus-default-jms-plugin-5.1.0.jar
    - plugins/lib/domibus-default-ws-plugin-5.1.0.jar
";

/// A directory with a copy of the practice site, a home and a place for temporary files.
pub(crate) struct Sandbox {
    place: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Sandbox {
    /// With the shipped practice installation, which is not laid out yet.
    pub(crate) fn new() -> Self {
        let place = tempfile::Builder::new()
            .prefix("upgrade-kit-")
            .tempdir()
            .unwrap();
        let sandbox = Self {
            place,
            environment: vec![
                ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
                ("COLUMNS".to_owned(), "100".to_owned()),
                ("TZ".to_owned(), "UTC".to_owned()),
                ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ],
        };
        for name in ["home", "tmp", "site"] {
            fs::create_dir(sandbox.root().join(name)).unwrap();
        }
        let quickstart = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
        copy(&quickstart.join("template"), &sandbox.path("template"));
        sandbox.write("site.yaml", SITE);
        sandbox
    }

    /// With a runbook of its own, `mine.yaml`; `document` follows its head.
    pub(crate) fn own(document: &str) -> Self {
        let sandbox = Self::new();
        sandbox.write("mine.yaml", &format!("{OWN_RUNBOOK}{document}"));
        sandbox.change(
            "site.yaml",
            "product: domibus\n",
            "product: domibus\nrunbook: ./mine.yaml\n",
        );
        sandbox
    }

    /// With a runbook `mine.yaml` that is exactly this.
    pub(crate) fn runbook(document: &str) -> Self {
        let sandbox = Self::own("");
        sandbox.write("mine.yaml", document);
        sandbox
    }

    /// With this site file.
    pub(crate) fn site(document: &str) -> Self {
        let sandbox = Self::new();
        sandbox.write("site.yaml", document);
        sandbox
    }

    /// Sets a variable of the program's environment.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Everything lies below it.
    pub(crate) fn root(&self) -> &Path {
        self.place.path()
    }

    /// A path beside the site file, which is the working directory too.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root().join("site").join(relative)
    }

    pub(crate) fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap()
    }

    /// What steps noted in the file `log`, in one line.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log"))
            .unwrap_or_default()
            .replace('\n', " ")
    }

    /// Whether the `sleep` lives that a tool noted in the file `grandchild`.
    pub(crate) fn grandchild_lives(&self) -> bool {
        let pid = self.read("grandchild").trim().to_owned();
        fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| !stat.contains(") Z ") && stat.contains("sleep"))
    }

    /// The directories of the site's runs, that whose journal was written last at the end.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let runs = fs::read_dir(self.path("runs/quickstart/runs")).unwrap();
        let mut runs: Vec<PathBuf> = runs.map(|run| run.unwrap().path()).collect();
        runs.sort_by_key(|run| {
            let journal = fs::metadata(run.join("journal.jsonl"));
            journal.and_then(|journal| journal.modified()).ok()
        });
        runs
    }

    /// Replaces a text of a file, which must be there exactly once.
    pub(crate) fn change(&self, relative: &str, from: &str, to: &str) {
        let text = self.read(relative);
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {relative}");
        self.write(relative, &text.replacen(from, to, 1));
    }

    /// Writes a shell script and makes it executable.
    pub(crate) fn script(&self, relative: &str, body: &str) {
        use std::os::unix::fs::PermissionsExt;
        self.write(relative, &format!("#!/bin/sh\n{body}\n"));
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.path(relative), mode).unwrap();
    }

    /// The program with arguments, not started yet.
    #[expect(
        clippy::disallowed_methods,
        reason = "the program itself is what is tested"
    )]
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments);
        self.surround(&mut command);
        command
    }

    /// A shell line that finds the program as `$KIT`, in the same surroundings.
    pub(crate) fn shell(&self, line: &str) -> Said {
        self.start(self.line(line)).finish()
    }

    /// Such a line, not started yet.
    #[expect(
        clippy::disallowed_methods,
        reason = "pipes and limits are made by a shell"
    )]
    pub(crate) fn line(&self, line: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(line);
        self.surround(&mut command);
        command.env("KIT", PROGRAM);
        command
    }

    fn surround(&self, command: &mut Command) {
        command
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("HOME", self.root().join("home"))
            .env("TMPDIR", self.root().join("tmp"))
            .current_dir(self.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.start(self.command(arguments)).finish()
    }

    /// Starts a command and goes on.
    pub(crate) fn start(&self, mut command: Command) -> Running {
        let mut child = command.spawn().unwrap();
        Running {
            stdout: drain(child.stdout.take().unwrap()),
            stderr: drain(child.stderr.take().unwrap()),
            child,
            place: self.root().to_owned(),
        }
    }

    /// Runs it and expects that it succeeds.
    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert_eq!(said.code(), 0, "{arguments:?}\n{said}");
        said
    }
}

/// Ends the practice server, if a test left it running.
impl Drop for Sandbox {
    fn drop(&mut self) {
        let Ok(text) = fs::read_to_string(self.path("installation/tomcat/run/catalina.pid")) else {
            return;
        };
        if let Some(pid) = text
            .trim()
            .parse()
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        {
            _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir(&target).unwrap();
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

type Drain = std::thread::JoinHandle<Vec<u8>>;

fn drain(mut stream: impl std::io::Read + Send + 'static) -> Drain {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// A program at work. It is killed if its test gives up.
pub(crate) struct Running {
    child: Child,
    stdout: Drain,
    stderr: Drain,
    place: PathBuf,
}

impl Running {
    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Said {
        let started = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if started.elapsed() > PATIENCE => {
                    self.child.kill().unwrap();
                    break self.child.wait().unwrap();
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let text = |drain: Drain| String::from_utf8(drain.join().unwrap()).unwrap();
        let said = Said {
            status,
            stdout: text(self.stdout),
            stderr: text(self.stderr),
            place: self.place,
        };
        assert!(started.elapsed() < PATIENCE, "it did not end\n{said}");
        said
    }
}

/// Waits until something holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// How a command ended and everything that it said. Shown redacted.
#[must_use = "hold the output against a snapshot or its exit code against a number"]
pub(crate) struct Said {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    place: PathBuf,
}

impl Said {
    /// The exit code; a signal is a negative number.
    pub(crate) fn code(&self) -> i32 {
        self.status
            .code()
            .unwrap_or_else(|| -self.status.signal().unwrap_or_default())
    }

    /// Standard output and standard error as they came.
    pub(crate) fn both(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// All of it but for progress, of which there is more or less from run to run.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}", self.code())?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if text.is_empty() {
                continue;
            }
            write!(f, "\n-- {name}")?;
            let text = redact(text, &self.place);
            for line in text
                .lines()
                .filter(|line| !line.starts_with("[TIME]  progress"))
            {
                write!(f, "\n{}", line.trim_end())?;
            }
        }
        Ok(())
    }
}

static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\b\d{8}T\d{6}Z-[a-z2-9]{4}\b", "[RUN]"),
        (
            r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC|[+-]\d\d:?\d\d)?",
            "[TIME]",
        ),
        (r"\b[0-9a-f]{64}\b", "[SHA256]"),
        (r"\b\d\d:\d\d:\d\d UTC", "[CLOCK]"),
        (r"\b\d+\.\d s\b", "[SPAN]"),
        (r"\b(process|pid) \d+", "$1 [PID]"),
        (r" of user .+? on \S+,", " of user [USER] on [HOST],"),
        (r"\bmain-[0-9a-f]{16}\b", "[PROGRAM]"),
        // The lengths of records that hold times and pids.
        (r"\b(\d+ files), [\d.]+ [KM]iB\)", "$1, [SIZE])"),
        (
            r"\bits \d+ bytes were dropped",
            "its [N] bytes were dropped",
        ),
        (r#""(pid|start_time|elapsed_ms)":\d+"#, "\"$1\":[N]"),
    ]
    .into_iter()
    .map(|(pattern, with)| (Regex::new(pattern).unwrap(), with))
    .collect()
});

/// Takes out what differs from run to run and from machine to machine.
pub(crate) fn redact(text: &str, place: &Path) -> String {
    let site = place.join("site");
    let mut text = text
        .replace(site.to_str().unwrap(), "[SITE]")
        .replace(place.to_str().unwrap(), "[PLACE]");
    for (pattern, with) in PATTERNS.iter() {
        text = pattern.replace_all(&text, *with).into_owned();
    }
    text
}
