//! Files of an import: from the set to the step's directory, and what was read of the destinations.

use std::collections::HashMap;
use std::io::{self, BufReader};
use std::path::PathBuf;

use super::browse::{self, Browsed};
use super::import_plan::{Key, key_of};
use super::message::walk;
use super::record::Exported;
use super::session::Session;
use crate::adapter::Failure;
use crate::backup::SealedSet;
use crate::event::FailureKind;
use crate::host::HostError;

/// Where the file of a holder is put for the import.
pub(super) fn staged_path(session: &Session<'_>, number: usize) -> PathBuf {
    session.directory.join(format!("import-{number}.xml"))
}

/// Copies the file of a holder out of the set; hash and contents are compared on the way.
pub(super) fn stage(
    session: &Session<'_>,
    set: &SealedSet,
    exported: &Exported<'_>,
    number: usize,
) -> Result<(), Failure> {
    let path = staged_path(session, number);
    let source = &exported.record.holders[number].holder.file;
    let lines = &exported.messages[number];
    session.host.remove_tree(&path)?;
    let mut copy = session.host.create_new(&path)?;
    let reader = set.reader(exported.file(source).map_err(damaged)?)?;
    let mut expected = lines.iter();
    let pieces = lines.iter().map(|line| (line.offset, line.length));
    walk(
        BufReader::new(reader),
        pieces,
        &mut copy,
        |_, message| match expected.next() {
            Some(line) if line.fingerprint == message.fingerprint => Ok(()),
            _ => Err("it is not the recorded message".to_owned()),
        },
    )
    .map_err(|problem| damaged(format!("{source}: {problem}")))?;
    copy.finish()
        .map_err(|error| HostError::file("write", &path, error).into())
}

/// The set is not what was written.
pub(super) fn damaged(problem: String) -> Failure {
    Failure::new(FailureKind::DamagedSet, problem)
        .hint("see everything that is wrong with `upgrade-kit backups verify`")
}

/// Fingerprints of what each holder holds. The files that they were read from hold people's data and
/// go.
pub(super) fn contents(
    session: &Session<'_>,
    browsed: &Browsed,
) -> Result<HashMap<Key, Vec<String>>, Failure> {
    let mut found = HashMap::new();
    for held in &browsed.held {
        let mut fingerprints = Vec::with_capacity(held.pieces.len());
        browse::read_file(session, held, &mut io::sink(), |_, message| {
            fingerprints.push(message.fingerprint);
            Ok(())
        })?;
        let path = session.directory.join(&held.holder.file);
        session.host.remove_file(&path)?;
        found.insert(key_of(&held.holder), fingerprints);
    }
    Ok(found)
}
