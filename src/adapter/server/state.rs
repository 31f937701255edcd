//! What there is of a server at one moment.

use std::path::PathBuf;

use super::identify::{self, ServerProcess};
use super::listeners;
use super::target::Target;
use crate::adapter::Failure;
use crate::host::Host;

/// What there is of a server.
#[derive(Debug)]
pub(super) struct State {
    pub(super) processes: Vec<ServerProcess>,
    /// Ports that something listens on.
    pub(super) ports: Vec<u16>,
    /// Store locks that are held, each with a description of who holds it.
    pub(super) locks: Vec<(PathBuf, String)>,
}

impl State {
    /// Looks at the machine.
    pub(super) fn of(target: &Target<'_>, host: &dyn Host) -> Result<Self, Failure> {
        let mut locks = Vec::new();
        for lock in target.locks {
            if let Some(pid) = host.lock_holder(lock)? {
                locks.push((lock.clone(), identify::describe(pid, host)));
            }
        }
        Ok(Self {
            processes: identify::processes(target, host)?,
            ports: listeners::open_ports(target.ports, host),
            locks,
        })
    }

    /// Nothing of it is there.
    pub(super) fn is_stopped(&self) -> bool {
        self.processes.is_empty() && self.ports.is_empty() && self.locks.is_empty()
    }

    /// What is there: `process 123 (java) runs, port 8080 is open`.
    pub(super) fn describe(&self) -> String {
        let processes = self.processes.iter().map(|one| format!("{one} runs"));
        let ports = self.ports.iter().map(|port| format!("port {port} is open"));
        let locks = self
            .locks
            .iter()
            .map(|(path, holder)| format!("{} is locked by {holder}", path.display()));
        let parts: Vec<String> = processes.chain(ports).chain(locks).collect();
        parts.join(", ")
    }

    /// The failure that no process of the server is left and yet a port or lock is taken.
    pub(super) fn taken_by_others(&self, target: &Target<'_>, host: &dyn Host) -> Failure {
        let none = format!(
            "although no process of the server in {} is left",
            target.base.display()
        );
        if let Some(&port) = self.ports.first() {
            let holder = listeners::holder(port, host)
                .unwrap_or_else(|| "a process that the system does not name to us".to_owned());
            return Failure::verification(format!("port {port} is open {none}: {holder} listens"))
                .hint(
                    "if that is the server, name its `pid_file`; if not, end that process or take \
                     the port out of `ports`; then resume",
                );
        }
        let locked: Vec<String> = self
            .locks
            .iter()
            .map(|(path, holder)| format!("{} is locked by {holder}", path.display()))
            .collect();
        Failure::verification(format!("{} {none}", locked.join(", ")))
            .hint("another broker works on this store; stop it, then resume")
    }
}
