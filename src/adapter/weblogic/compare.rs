//! What the destinations hold, beside what a set has of them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::browse;
use super::connection::{Connection, check_files};
use super::import_files::{contents, damaged};
use super::import_plan::{Key, Standing, Target, stand, targets};
use super::record::{Exported, KIND};
use super::script::Script;
use super::session::Session;
use crate::adapter::{CheckContext, Failure, Finding};
use crate::backup::SealedSet;
use crate::event::ArtifactRecord;

/// What the destinations hold, beside what a set has of them.
pub(super) struct Compared {
    /// Every destination that the set knows.
    targets: Vec<Target>,
    /// Fingerprints of what each holds now.
    present: HashMap<Key, Vec<String>>,
    /// Milliseconds since the epoch: messages that have expired may be missing.
    now: u64,
}

/// Reads everything that the module holds.
pub(super) fn compare(
    session: &Session<'_>,
    script: &Script,
    limit: Duration,
    set: &SealedSet,
    artifact: &str,
) -> Result<Compared, Failure> {
    let exported = Exported::read(set, exported(set, artifact)?).map_err(damaged)?;
    let browsed = browse::browse(session, script, limit)?;
    let present = contents(session, &browsed)?;
    let (record, messages) = (&exported.record.holders, &exported.messages);
    let (targets, _) = targets(record, messages, &browsed.places, &present).map_err(|text| {
        Failure::refused(text).hint("make the destination in the domain, then resume")
    })?;
    Ok(Compared {
        targets,
        present,
        now: jiff::Timestamp::now().as_millisecond().max(0) as u64,
    })
}

/// What the actions that read a set look for beforehand: the files of the connection, the artifact.
pub(super) fn check_set(
    connection: &Connection,
    artifact: &str,
    context: &CheckContext<'_>,
) -> Vec<Finding> {
    let mut findings = check_files(connection, context);
    if let Some(Err(failure)) = context.using.map(|set| exported(set, artifact)) {
        findings.push(Finding::of(&failure));
    }
    findings
}

/// The artifact of that name, if it holds messages of WebLogic.
pub(super) fn exported<'a>(set: &'a SealedSet, name: &str) -> Result<&'a ArtifactRecord, Failure> {
    match set.artifact(name) {
        Some(artifact) if artifact.kind == KIND => Ok(artifact),
        Some(artifact) => Err(Failure::refused(format!(
            "`{name}` of the set {} is of the kind {}, not {KIND}",
            set.id(),
            artifact.kind
        ))),
        None => Err(Failure::refused(format!(
            "the set {} has no artifact `{name}`",
            set.id()
        ))),
    }
}

/// How many messages a set has of each destination, by JNDI name; by its own name where it has none.
pub(crate) fn exported_messages(
    set: &SealedSet,
    artifact: &str,
) -> Result<Vec<(String, u64)>, Failure> {
    let exported = Exported::read(set, exported(set, artifact)?).map_err(damaged)?;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for one in exported.record.holders {
        let name = one.holder.jndi.unwrap_or(one.holder.queue);
        *counts.entry(name).or_default() += one.messages;
    }
    Ok(counts.into_iter().collect())
}

impl Compared {
    /// Messages that are there now.
    pub(super) fn messages(&self) -> usize {
        self.present.values().map(Vec::len).sum()
    }

    /// Destinations that hold messages, and not exactly those of the set.
    pub(super) fn to_empty(&self) -> Vec<&Key> {
        let whole = |key: &Key| {
            let mut targets = self.targets.iter();
            let target = targets.find(|target| target.key() == *key);
            target.is_some_and(|target| self.is_complete(target))
        };
        let holding = self.present.iter().filter(|(_, held)| !held.is_empty());
        let mut keys: Vec<&Key> = holding
            .map(|(key, _)| key)
            .filter(|key| !whole(key))
            .collect();
        keys.sort();
        keys
    }

    fn is_complete(&self, target: &Target) -> bool {
        stand(target, None, self.now) == Ok(Standing::Complete)
    }

    /// What is not as in the set, a sentence for each destination.
    pub(super) fn differences(&self) -> Vec<String> {
        let mut found = Vec::new();
        for target in &self.targets {
            match stand(target, None, self.now) {
                Ok(Standing::Complete) => {}
                Ok(Standing::Holds(count)) if count == target.items.len() => {}
                Ok(Standing::Holds(count)) => found.push(format!(
                    "{} shall hold {} messages and holds {count}",
                    target.label(),
                    target.items.len()
                )),
                Err(text) => found.push(text),
            }
        }
        for key in self.to_empty() {
            if !self.targets.iter().any(|target| target.key() == *key) {
                let count = self.present.get(key).map_or(0, Vec::len);
                let place = key.trim_end().replace('\t', " ");
                found.push(format!(
                    "{place} holds {count} messages that the set does not know"
                ));
            }
        }
        found
    }
}
