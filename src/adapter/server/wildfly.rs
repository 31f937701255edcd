//! What is WildFly's own: a start script that stays in the foreground, and markers that tell what became of an
//! application.
//!
//! The deployment scanner writes `ARCHIVE.deployed` or `ARCHIVE.failed` (`FileSystemDeploymentService`) and
//! gives them the archive's modification time, so a marker does not tell by itself of which start it is. Those
//! of an earlier start are removed before the next; the scanner deploys an archive without one.
//!
//! Seen on 26.1.3 and 39.0.1: an archive that failed is not tried again while the server runs and `ARCHIVE.failed`
//! is there, even if it was replaced by a newer one; without the marker it is, at once. An archive that is no
//! whole zip fails at a start, but on a running server waits for ever, as if it were still being copied
//! (`ARCHIVE.pending`), and what is `.deployed` is the one before.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::adapter::Failure;
use crate::host::{Host, HostError};

/// More of a log is not looked at for the reason of a failure.
const MOST_LOG: u64 = 64 << 20;

/// So many lines of it tell the reason.
const REASON_LINES: usize = 15;

/// What a marker says is short; the reasons of a whole tree of services may not be.
const MOST_MARKER: u64 = 1 << 20;

/// What a marker holds by which this program keeps an application from being deployed.
const HELD: &str = "held back by upgrade-kit\n";

/// What begins the records of one start.
const STARTING: &str = "WFLYSRV0049";

/// Whether the program stays in the foreground as long as the server runs.
pub(super) fn stays_in_foreground(words: &[String]) -> bool {
    let name = words
        .first()
        .and_then(|program| Path::new(program).file_name());
    name.is_some_and(|name| name == "standalone.sh")
}

/// The same command in the background, its output appended to a file.
pub(super) fn in_background(words: Vec<String>, console: &Path) -> Vec<String> {
    const LAUNCH: &str = r#"mkdir -p "$(dirname "$0")" && "$@" </dev/null >>"$0" 2>&1 &"#;
    let console = console.to_string_lossy().into_owned();
    let launch = ["sh".to_owned(), "-c".to_owned(), LAUNCH.to_owned(), console];
    launch.into_iter().chain(words).collect()
}

/// Where the output of a start goes.
pub(super) fn console(log: Option<&Path>, base: &Path) -> PathBuf {
    let folder = log.and_then(Path::parent);
    folder
        .map_or_else(|| base.join("log"), Path::to_owned)
        .join("console.log")
}

/// A line without the colours that WildFly prints even into a file.
pub(super) fn plain(line: &str) -> String {
    let mut rest = line;
    let mut plain = String::with_capacity(line.len());
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        let end = after.find(|letter: char| letter.is_ascii_alphabetic());
        rest = end.map_or("", |end| &after[end + 1..]);
    }
    plain + rest
}

/// The deployment of an archive.
pub(super) struct Deployment<'a> {
    pub(super) archive: &'a Path,
}

impl<'a> Deployment<'a> {
    pub(super) fn of(archive: &'a Path) -> Self {
        Self { archive }
    }

    fn marker(&self, suffix: &str) -> PathBuf {
        let mut name = OsString::from(self.archive);
        name.push(suffix);
        PathBuf::from(name)
    }

    pub(super) fn deployed(&self) -> PathBuf {
        self.marker(".deployed")
    }

    fn failed(&self) -> PathBuf {
        self.marker(".failed")
    }

    /// The markers that tell how a deployment stands.
    pub(super) fn verdicts(&self) -> [PathBuf; 3] {
        [self.deployed(), self.failed(), self.pending()]
    }

    /// Removes what an earlier start says.
    pub(super) fn forget(&self, host: &dyn Host) -> Result<(), HostError> {
        for marker in self.verdicts() {
            if host.stat(&marker)?.is_some() {
                host.remove_file(&marker)?;
            }
        }
        Ok(())
    }

    /// The marker by which it is kept from being deployed.
    pub(super) fn held(&self) -> PathBuf {
        self.marker(".skipdeploy")
    }

    /// Keeps it from being deployed; a failure if it is already.
    pub(super) fn hold(&self, host: &dyn Host, runs: bool) -> Result<(), Failure> {
        if runs && host.stat(&self.deployed())?.is_some() {
            let archive = self.archive.display();
            return Err(
                Failure::refused(format!("the server runs, and has deployed {archive}"))
                    .hint("stop the server, then resume"),
            );
        }
        if host.stat(&self.held())?.is_none() {
            host.write_atomic(&self.held(), HELD.as_bytes(), 0o644)?;
        }
        Ok(())
    }

    /// Lets it be deployed, if it was this program that kept it: the scanner takes it up by itself.
    pub(super) fn release(&self, host: &dyn Host) -> Result<(), Failure> {
        let marker = self.held();
        if host.stat(&marker)?.is_some() && host.read(&marker, MOST_MARKER)? == HELD.as_bytes() {
            host.remove_file(&marker)?;
        }
        Ok(())
    }

    /// Whether the archive is deployed; a failure if that cannot be any more.
    pub(super) fn is_done(&self, host: &dyn Host, log: Option<&Path>) -> Result<bool, Failure> {
        if host.stat(&self.failed())?.is_some() {
            return Err(self.has_failed(host, log));
        }
        let archive = self.archive.display();
        for (suffix, what) in [
            (".undeployed", "has been undeployed and stays so"),
            (".skipdeploy", "is not deployed by itself"),
        ] {
            let marker = self.marker(suffix);
            if host.stat(&marker)?.is_some() {
                let marker = marker.display();
                return Err(Failure::verification(format!(
                    "the server runs, but {archive} {what}: {marker} is there"
                ))
                .hint(format!("remove {marker}, then resume")));
            }
        }
        let pending = host.stat(&self.pending())?.is_some();
        Ok(!pending && host.stat(&self.deployed())?.is_some())
    }

    fn pending(&self) -> PathBuf {
        self.marker(".pending")
    }

    /// What has not happened, after `the server has not`.
    pub(super) fn outstanding(&self, host: &dyn Host) -> String {
        let archive = self.archive.display();
        match host.stat(&self.pending()) {
            Ok(Some(_)) => format!("deployed {archive}, which it takes for incomplete,"),
            _ => format!("deployed {archive}"),
        }
    }

    fn has_failed(&self, host: &dyn Host, log: Option<&Path>) -> Failure {
        let archive = self.archive.display();
        let mut failure =
            Failure::verification(format!("the server runs, but could not deploy {archive}"));
        let marker = host.read(&self.failed(), MOST_MARKER).unwrap_or_default();
        let said = String::from_utf8_lossy(&marker).trim().to_owned();
        failure.0.causes = said.lines().take(REASON_LINES).map(str::to_owned).collect();
        let hint = match log {
            Some(log) => {
                let text = host.read(log, MOST_LOG).unwrap_or_default();
                failure.0.stderr = reason(&String::from_utf8_lossy(&text));
                format!("look at {}", log.display())
            }
            None => "look at the server's log".to_owned(),
        };
        failure.hint(format!(
            "{hint}, remove the cause, stop the server, then resume"
        ))
    }
}

/// The errors since the last start, with their causes.
fn reason(log: &str) -> Vec<String> {
    let start = log.rfind(STARTING).unwrap_or(0);
    let tells = |line: &&str| {
        line.contains(" ERROR ")
            || line.contains(" FATAL ")
            || line.trim_start().starts_with("Caused by:")
    };
    let lines = log[start..].lines().filter(tells);
    lines.take(REASON_LINES).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_off() {
        assert_eq!(
            plain("\u{1b}[0m\u{1b}[31m16:07 ERROR x\u{1b}[0m"),
            "16:07 ERROR x"
        );
        assert_eq!(plain("no colour"), "no colour");
        assert_eq!(plain("cut off\u{1b}[3"), "cut off");
    }

    #[test]
    fn the_reason_is_of_the_last_start() {
        let log = "1 INFO WFLYSRV0049: starting\n2 ERROR old\n3 INFO WFLYSRV0049: starting\n4 ERROR new\n\
                   \tat x.y\nCaused by: z\n5 INFO going on\n";
        assert_eq!(reason(log), ["4 ERROR new", "Caused by: z"]);
        assert_eq!(reason(""), Vec::<String>::new());
    }

    #[test]
    fn only_the_shipped_script_stays_in_the_foreground() {
        let words = |program: &str| vec![program.to_owned(), "-c".to_owned()];
        assert!(stays_in_foreground(&words(
            "/opt/wildfly/bin/standalone.sh"
        )));
        assert!(!stays_in_foreground(&words("systemctl")));
        assert!(!stays_in_foreground(&[]));
    }
}
