//! A real WildFly with its embedded broker, made by `tests/rig`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use upgrade_kit::host::{Host, LocalHost};

/// The oldest and the newest WildFly of the rig.
pub(crate) const OLDER: &str = "26.1.3.Final";
pub(crate) const NEWER: &str = "39.0.1.Final";

/// An installation in a folder of its own. Its server is killed when this is dropped.
pub(crate) struct WildFly {
    folder: TempDir,
    values: BTreeMap<String, String>,
}

impl WildFly {
    /// `None`, with a word about it, where `tests/rig/fetch` was not run; then a failure if real parts
    /// are asked for.
    pub(crate) fn lay_out(version: &str) -> Option<Self> {
        let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.cache");
        if !cache.join(format!("wildfly-{version}")).exists() || !cache.join("built").exists() {
            let wanted = std::env::var("UPGRADE_KIT_REAL").is_ok_and(|value| value == "1");
            assert!(
                !wanted,
                "there is no WildFly {version}: run tests/rig/fetch"
            );
            println!("skipped: there is no WildFly {version}; run tests/rig/fetch");
            return None;
        }
        let mut rig = Self {
            folder: tempfile::tempdir().unwrap(),
            values: BTreeMap::new(),
        };
        rig.script("lay-out", &[version]);
        let values = fs::read_to_string(rig.folder.path().join("rig.env")).unwrap();
        let pairs = values.lines().filter_map(|line| line.split_once('='));
        rig.values = pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Some(rig)
    }

    /// A value of `rig.env`.
    #[track_caller]
    pub(crate) fn value(&self, name: &str) -> &str {
        &self.values[name]
    }

    /// A path of `rig.env`.
    #[track_caller]
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(self.value(name))
    }

    /// A directory of the embedded broker.
    pub(crate) fn store(&self, folder: &str) -> PathBuf {
        self.path("data").join("activemq").join(folder)
    }

    /// Runs the rig's script on this installation; what it printed.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test's counterpart, not the product's tool"
    )]
    #[track_caller]
    pub(crate) fn script(&self, command: &str, arguments: &[&str]) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/wildfly");
        let output = Command::new(script)
            .arg(command)
            .arg(self.folder.path())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{command} {arguments:?}: {errors}{printed}"
        );
        printed
    }

    #[track_caller]
    pub(crate) fn start(&self) {
        self.script("start", &[]);
    }

    #[track_caller]
    pub(crate) fn stop(&self) {
        self.script("stop", &[]);
    }

    /// One command of `jboss-cli`; what it printed.
    #[track_caller]
    pub(crate) fn cli(&self, command: &str) -> String {
        self.script("cli", &[command])
    }

    /// Talks to the broker, in words of the rig's client: `send jms.queue.DomibusDLQ 10`.
    #[track_caller]
    pub(crate) fn jms(&self, words: &str) -> String {
        self.script("jms", &words.split(' ').collect::<Vec<_>>())
    }

    /// The server's process number, if it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        let text = fs::read_to_string(self.values.get("pid_file")?).ok()?;
        let pid = text.trim().parse().ok()?;
        LocalHost.process(pid).map(|process| process.pid)
    }

    /// `kill -9`, until process and lock of the journal are gone.
    pub(crate) fn kill(&self) {
        if let Some(process) = self.pid().and_then(|pid| LocalHost.process(pid)) {
            LocalHost.signal(process, 9).unwrap();
            let lock = self.store("journal").join("serverlock.1");
            while LocalHost.process(process.pid).is_some()
                || LocalHost.lock_holder(&lock).unwrap().is_some()
            {
                std::thread::sleep(Duration::from_millis(20));
            }
            _ = fs::remove_file(self.path("pid_file"));
        }
    }
}

impl Drop for WildFly {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Neither the rig's scripts nor the servers leave anything running.
#[test]
fn a_wildfly_of_each_version_starts_takes_messages_keeps_them_and_stops() {
    for version in [OLDER, NEWER] {
        let Some(rig) = WildFly::lay_out(version) else {
            return;
        };
        rig.start();
        rig.jms("send jms.queue.DomibusDLQ 30");
        rig.jms("consume jms.queue.DomibusDLQ 7");
        rig.jms("schedule jms.queue.DomibusSendMessageQueue 2 3600");
        let before = rig.jms("list");
        assert!(before.contains("queue jms.queue.DomibusDLQ 23 0 0\n"));
        assert!(before.contains("queue jms.queue.DomibusSendMessageQueue 2 2 0\n"));
        let running = rig.cli(":read-attribute(name=running-mode)");
        assert!(running.contains("\"result\" => \"NORMAL\""), "{running}");
        let pid = rig.pid().unwrap();
        let lock = rig.store("journal").join("serverlock.1");
        assert!(LocalHost.lock_holder(&lock).unwrap().is_some());
        rig.stop();
        assert!(LocalHost.process(pid).is_none() && rig.pid().is_none());
        assert!(LocalHost.lock_holder(&lock).unwrap().is_none());
        rig.start();
        // Of a message that waits for its time, a broker shows that time only until it is started again.
        let shown = |list: &str| {
            let lines = list.lines().filter(|line| !line.starts_with("scheduled "));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(shown(&rig.jms("list")), shown(&before));
        rig.kill();
        let own = rig.folder.path().to_string_lossy().into_owned();
        let ours = |entry: fs::DirEntry| {
            let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&command).contains(&own)
        };
        // The script that waited for the server ends a moment after it.
        std::thread::sleep(Duration::from_secs(2));
        let left = fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
            let path = entry.path();
            ours(entry).then_some(path)
        });
        assert_eq!(left, None);
    }
}
