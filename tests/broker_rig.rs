//! A real Tomcat with a real embedded broker, made by `tests/rig`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use upgrade_kit::host::{Host, LocalHost};

/// An installation in a folder of its own. Its server is killed when this is dropped.
pub(crate) struct Rig {
    folder: TempDir,
    values: BTreeMap<String, String>,
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig")
}

impl Rig {
    /// `None`, with a word about it, where `tests/rig/fetch` was not run; then a failure if real parts
    /// are asked for.
    pub(crate) fn lay_out() -> Option<Self> {
        if !scripts().with_file_name(".cache").join("built").exists() {
            let wanted = std::env::var("UPGRADE_KIT_REAL").is_ok_and(|value| value == "1");
            assert!(!wanted, "there is no broker: run tests/rig/fetch");
            println!("skipped: there is no broker; run tests/rig/fetch");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut rig = Self {
            folder,
            values: BTreeMap::new(),
        };
        rig.script("installation", &[]);
        let values = fs::read_to_string(rig.home().join("rig.env")).unwrap();
        let pairs = values.lines().filter_map(|line| line.split_once('='));
        rig.values = pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Some(rig)
    }

    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }

    /// A path of `rig.env`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(&self.values[name])
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test's counterpart, not the product's tool"
    )]
    fn command(&self, script: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(scripts().join(script));
        match script {
            "tomcat" => command.args(arguments).arg(self.home()),
            _ => command.arg(self.home()).args(arguments),
        };
        command.stdin(Stdio::null());
        command
    }

    /// Runs a script of the rig on this installation; what it printed.
    #[track_caller]
    fn script(&self, script: &str, arguments: &[&str]) -> String {
        let output = self.command(script, arguments).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{script} {arguments:?}: {}: {errors}",
            output.status
        );
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    pub(crate) fn start(&self) {
        self.script("tomcat", &["start"]);
    }

    #[track_caller]
    pub(crate) fn stop(&self) {
        self.script("tomcat", &["stop"]);
    }

    /// Talks to the broker.
    #[track_caller]
    pub(crate) fn messages(&self, arguments: &[&str]) -> String {
        self.script("jms", arguments)
    }

    /// Talks to the broker in the background.
    pub(crate) fn messages_meanwhile(&self, arguments: &[&str]) -> Child {
        let mut command = self.command("jms", arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// The server's process number, if it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        let text = fs::read_to_string(self.values.get("catalina_pid")?).ok()?;
        let pid = text.trim().parse().ok()?;
        LocalHost.process(pid).map(|process| process.pid)
    }

    /// `kill -9`.
    pub(crate) fn kill(&self) {
        if let Some(process) = self.pid().and_then(|pid| LocalHost.process(pid)) {
            LocalHost.signal(process, 9).unwrap();
            // A process counts as gone when its first thread is; the others may hold locks a while.
            let lock = self.path("kahadb").join("lock");
            while LocalHost.process(process.pid).is_some()
                || LocalHost.lock_holder(&lock).unwrap().is_some()
            {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            fs::remove_file(self.path("catalina_pid")).unwrap();
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.kill();
        // Some folders are read-only, which the removal of the temporary one does not overcome.
        _ = LocalHost.remove_tree(&self.home().join("tomcat"));
        _ = LocalHost.remove_tree(&self.home().join("data"));
    }
}
