//! Letting WildFly's exporter work on a copy.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::places::{Places, Role};
use super::action_export::{ArtemisExport, INSTANCE, SCRIPT};
use super::cli::{BROKER, run_each};
use crate::adapter::files;
use crate::adapter::{Failure, StepContext};
use crate::host::{FileKind, Host, HostError};

/// The copies and the export, which is about a third longer than what it holds, lie there at once.
const ROOM: u64 = 3;

pub(super) const INSTEAD: &str = "the step's log says what the exporter met; the copy of the stores in the set holds all \
     messages, and a newer WildFly (`home`) may export them";

impl ArtemisExport {
    /// Copies the stores to where an instance has them and lets them be exported; the export.
    pub(super) fn make(
        &self,
        context: &StepContext<'_>,
        copy: &Places,
    ) -> Result<PathBuf, Failure> {
        let host = context.host;
        let scratch = context.make_scratch()?;
        let instance = scratch.join(INSTANCE);
        let stores = instance.join("data/activemq");
        for folder in ["", "configuration", "data", "data/activemq"] {
            host.create_dir(&instance.join(folder), 0o700)?;
        }
        for (role, from) in copy.all() {
            let to = stores.join(match role {
                Role::Journal => "journal",
                Role::Bindings => "bindings",
                Role::Paging => "paging",
                Role::LargeMessages => "largemessages",
                Role::Transactions => continue,
            });
            if host.stat(from)?.is_some() {
                copy_tree(context, from, &to)?;
            } else {
                // The exporter wants all of them.
                host.create_dir(&to, 0o700)?;
            }
        }
        host.write_atomic(&scratch.join(SCRIPT), script().as_bytes(), 0o600)?;
        let mut invocation = self.invocation();
        invocation.directory = Some(scratch.to_owned());
        let what = "WildFly could not export the messages";
        run_each(host, context.control, &invocation, OPERATIONS, what)
            .map_err(|failure| failure.hint(INSTEAD))?;
        let names = host.list(&stores)?;
        let dumps: Vec<_> = (names.into_iter())
            .filter(|name| name.to_string_lossy().ends_with("-dump.xml"))
            .collect();
        match dumps.as_slice() {
            [name] => Ok(stores.join(name)),
            names => Err(Failure::verification(format!(
                "WildFly reported success and wrote {} exports instead of one",
                names.len()
            ))
            .command(&invocation)
            .hint(INSTEAD)),
        }
    }
}

/// Whether there is room for it beside the copy in the set.
pub(super) fn demand_room(context: &StepContext<'_>, copy: &Places) -> Result<(), Failure> {
    let host = context.host;
    let mut bytes = 0;
    for (_, path) in copy.all() {
        bytes += bytes_of(host, path)?;
    }
    let scratch = context.make_scratch()?;
    let free = host.free_space(scratch)?;
    if free >= bytes.saturating_mul(ROOM) {
        return Ok(());
    }
    let (needed, free) = (files::size(bytes.saturating_mul(ROOM)), files::size(free));
    Err(Failure::refused(format!(
        "{} has {free} free, and exporting needs about {needed}",
        scratch.display()
    ))
    .hint("free some space there, then resume the run"))
}

/// Operations in the [`script`]; its first and its last line are commands of the client's own, which have no
/// answer.
const OPERATIONS: usize = 4;

/// What the client does: a broker that is configured and not started, on the copies.
fn script() -> String {
    format!(
        "embed-server --server-config=export.xml --empty-config --std-out=echo\n\
         /extension=org.wildfly.extension.messaging-activemq:add\n\
         /subsystem=messaging-activemq:add\n\
         {BROKER}:add(journal-type=NIO,security-enabled=false)\n\
         {BROKER}:export-journal\n\
         stop-embedded-server\n"
    )
}

/// A plain copy, for a tool that writes into it.
fn copy_tree(context: &StepContext<'_>, from: &Path, to: &Path) -> Result<(), Failure> {
    let host = context.host;
    host.create_dir(to, 0o700)?;
    for name in host.list(from)? {
        if !context.control.pause(Duration::ZERO) {
            return Err(Failure::stopped());
        }
        let (from, to) = (from.join(&name), to.join(&name));
        match host.stat(&from)?.map(|stat| stat.kind) {
            Some(FileKind::Directory) => copy_tree(context, &from, &to)?,
            Some(FileKind::File) => {
                let mut reader = host.open(&from)?;
                let mut writer = host.create_new(&to)?;
                std::io::copy(&mut reader, &mut writer)
                    .and_then(|_| writer.finish())
                    .map_err(|error| HostError::file("copy to", &to, error))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn bytes_of(host: &dyn Host, path: &Path) -> Result<u64, Failure> {
    let Some(stat) = host.stat(path)? else {
        return Ok(0);
    };
    match stat.kind {
        FileKind::File => Ok(stat.bytes),
        FileKind::Directory => {
            let names = host.list(path)?;
            names
                .iter()
                .try_fold(0, |sum, name| Ok(sum + bytes_of(host, &path.join(name))?))
        }
        _ => Ok(0),
    }
}
