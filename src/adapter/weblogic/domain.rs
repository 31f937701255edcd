//! A domain on this machine: where it is, its servers, and which of them run.

use std::path::{Path, PathBuf};

use crate::adapter::Failure;
use crate::host::{Host, ProcessIdentity};
pub use crate::site::{NodeManager, WeblogicDomain as Domain};

/// More of a command line is not looked at; Java's can be long.
const COMMAND_LINE: u64 = 4 << 20;

impl Domain {
    /// Rules that types cannot say; every text names the option first.
    pub(super) fn validate(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let plain = |name: &String| {
            let sign = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !name.is_empty() && !name.starts_with('-') && name.chars().all(sign)
        };
        if !self.home.is_absolute() {
            problems.push("domain.home: is no absolute path".to_owned());
        }
        if !plain(&self.admin_server) {
            problems.push("domain.admin_server: no server has such a name".to_owned());
        }
        if !self.managed_servers.iter().all(plain) {
            problems.push("domain.managed_servers: no server has such a name".to_owned());
        }
        if self.managed_servers.contains(&self.admin_server) {
            problems.push("domain.managed_servers: the Admin Server is none of them".to_owned());
        }
        let kinds = ["ssl", "plain"];
        let kind = self
            .node_manager
            .as_ref()
            .map(|manager| manager.kind.as_str());
        if kind.is_some_and(|kind| !kinds.contains(&kind)) {
            problems.push("domain.node_manager.type: is `ssl` or `plain`".to_owned());
        }
        problems
    }

    /// Processes of its servers on this machine, by number.
    pub(super) fn processes(&self, host: &dyn Host) -> Result<Vec<ServerProcess>, Failure> {
        let mut numbers: Vec<u32> = host
            .list(Path::new("/proc"))?
            .iter()
            .filter_map(|name| name.to_str()?.parse().ok())
            .collect();
        numbers.sort_unstable();
        let mut found = Vec::new();
        for pid in numbers {
            if let Some(server) = self.server_of(pid, host)
                && let Some(identity) = host.process(pid)
            {
                found.push(ServerProcess { identity, server });
            }
        }
        Ok(found)
    }

    /// Whether the Admin Server runs.
    pub(super) fn admin_runs(&self, host: &dyn Host) -> Result<bool, Failure> {
        let processes = self.processes(host)?;
        Ok(processes.iter().any(|one| one.server == self.admin_server))
    }

    /// The server that a process is, if it is one of this domain. Its start script names both; a
    /// process that names no domain is known by its working directory, which is the domain's.
    fn server_of(&self, pid: u32, host: &dyn Host) -> Option<String> {
        let path = format!("/proc/{pid}/cmdline");
        let line = host.read(Path::new(&path), COMMAND_LINE).ok()?;
        let words: Vec<String> = line
            .split(|&byte| byte == 0)
            .map(|word| String::from_utf8_lossy(word).into_owned())
            .collect();
        let value = |name: &str| words.iter().find_map(|word| word.strip_prefix(name));
        let server = value("-Dweblogic.Name=")?.to_owned();
        let place = match value("-Ddomain.home=") {
            Some(home) => PathBuf::from(home),
            None => PathBuf::from(format!("/proc/{pid}/cwd")),
        };
        same_directory(&place, &self.home, host).then_some(server)
    }
}

/// A server that runs on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerProcess {
    pub(super) identity: ProcessIdentity,
    pub(super) server: String,
}

/// `AdminServer (process 12), ms1 (process 34)`.
pub(super) fn list(processes: &[ServerProcess]) -> String {
    let texts: Vec<String> = processes
        .iter()
        .map(|one| format!("{} (process {})", one.server, one.identity.pid))
        .collect();
    texts.join(", ")
}

/// Whether both paths lead to one directory. The dot makes the last component be followed.
fn same_directory(one: &Path, other: &Path, host: &dyn Host) -> bool {
    let identity = |path: &Path| host.stat(&path.join(".")).ok().flatten();
    match (identity(one), identity(other)) {
        (Some(one), Some(other)) => one.identity == other.identity,
        _ => one == other,
    }
}
