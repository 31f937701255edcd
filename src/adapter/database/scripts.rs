//! Migration scripts, in order, each to its end or not at all a second time: one that was cut off is
//! begun again only if the schema is proven unchanged.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::script_journal::{Begun, RunScript, ScriptJournal};
use crate::adapter::{Failure, OutputKind, OutputSpec, Probe, StepContext};
use crate::backup::hex;
use crate::event::{FailureKind, Outcome, Progress, ProgressUnit};
use crate::host::{FileKind, Host, HostError};

/// What to do about what a script that failed has left behind.
pub(in crate::adapter) const UNDO: &str = "before the next attempt restore the schema from the backup set; a \
    staging copy is emptied instead, and a new run fills it";

/// The same where every statement counts for itself.
pub(in crate::adapter) fn statements_stay() -> String {
    format!("statements before the failing one stay in effect: {UNDO}")
}

/// Where scripts are run: a schema of some server.
pub(in crate::adapter) trait Scripted {
    /// Waits until nobody else uses it, or refuses.
    fn wait_until_quiet(&self) -> Result<(), Failure>;
    /// What is in it, definitions and rows, as one hash.
    fn digest(&self) -> Result<String, Failure>;
    /// Runs one script to its end; what the operator should know.
    fn run(&self, script: &RunScript) -> Result<Vec<String>, Failure>;
}

/// The scripts of a step.
pub(in crate::adapter) struct Scripts<'a> {
    /// In the order in which they are run.
    pub(in crate::adapter) paths: &'a [PathBuf],
    /// The schema, for messages.
    pub(in crate::adapter) schema: &'a str,
    /// SHA-256 of a script that can be run, hex; refuses one that cannot.
    pub(in crate::adapter) hash: fn(&dyn Host, &Path) -> Result<String, Failure>,
}

/// What is known of the scripts before one is run.
struct Standing {
    journal: ScriptJournal,
    scripts: Vec<RunScript>,
}

impl Scripts<'_> {
    /// Outputs of a step that runs scripts.
    pub(in crate::adapter) const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "scripts",
        kind: OutputKind::Structure,
        about: "the scripts that were run: `path` and `sha256` of each",
    }];

    /// Reads every script and the journal; what was run must still be what it was.
    fn standing(&self, context: &StepContext<'_>) -> Result<Standing, Failure> {
        let scripts = self
            .paths
            .iter()
            .map(|path| {
                Ok(RunScript {
                    path: path.clone(),
                    sha256: (self.hash)(context.host, path)?,
                })
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        let journal = ScriptJournal::read(context.host, context.scratch)?;
        let begun = journal.begun.iter().map(|begun| &begun.script);
        for (was, is) in journal.finished.iter().chain(begun).zip(&scripts) {
            if was != is {
                return Err(Failure::refused(format!(
                    "{} is not the script that this step has run before",
                    is.path.display()
                ))
                .hint("put the earlier script back; or undo what it did (a restore; a staging copy is emptied) and \
                       begin a new run"));
            }
        }
        Ok(Standing { journal, scripts })
    }

    /// How far a killed attempt came. `place` is asked for only if a script was begun.
    pub(in crate::adapter) fn probe<T: Scripted>(
        &self,
        context: &StepContext<'_>,
        place: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<Probe, Failure> {
        let Standing { journal, scripts } = self.standing(context)?;
        let done = journal.finished.len();
        let Some(begun) = &journal.begun else {
            return Ok(match done {
                0 => Probe::Absent,
                _ if done >= scripts.len() => Probe::Present(self.outcome(&scripts, Vec::new())),
                _ => Probe::Partial(format!("{done} of {} scripts were run", scripts.len())),
            });
        };
        match left_no_trace(&place()?, begun) {
            Ok(true) if done == 0 => Ok(Probe::Absent),
            Ok(true) => Ok(Probe::Partial(format!(
                "{done} of {} scripts were run, the next one had changed nothing",
                scripts.len()
            ))),
            Ok(false) => Ok(Probe::Unknown(format!(
                "{}; restore the schema from the backup set and run the upgrade again",
                self.cut_off(begun)
            ))),
            Err(failure) if failure.kind() == FailureKind::Refused => Ok(Probe::Unknown(format!(
                "{} was cut off in the middle, and it cannot be seen what it did: {failure}",
                begun.script.path.display()
            ))),
            Err(failure) => Err(failure),
        }
    }

    /// Runs what was not run yet.
    pub(in crate::adapter) fn perform(
        &self,
        context: &StepContext<'_>,
        place: &impl Scripted,
    ) -> Result<Outcome, Failure> {
        let Standing {
            mut journal,
            scripts,
        } = self.standing(context)?;
        if let Some(begun) = &journal.begun
            && !left_no_trace(place, begun)?
        {
            return Err(
                Failure::new(FailureKind::NeedsOperator, self.cut_off(begun))
                    .hint("restore the schema from the backup set and run the upgrade again"),
            );
        }
        let mut warnings = Vec::new();
        for (at, script) in scripts.iter().enumerate().skip(journal.finished.len()) {
            place.wait_until_quiet()?;
            journal.begun = Some(Begun {
                script: script.clone(),
                before: place.digest()?,
            });
            journal.write(context.host, context.make_scratch()?)?;
            let notes = place.run(script)?;
            let name = script.path.display();
            warnings.extend(notes.iter().map(|note| format!("{name}: {note}")));
            journal.begun = None;
            journal.finished.push(script.clone());
            journal.write(context.host, context.make_scratch()?)?;
            (context.progress)(Progress {
                done: at as u64 + 1,
                total: Some(scripts.len() as u64),
                unit: ProgressUnit::Items,
            });
        }
        Ok(self.outcome(&scripts, warnings))
    }

    fn cut_off(&self, begun: &Begun) -> String {
        format!(
            "{} was cut off in the middle, and `{}` has changed since it began",
            begun.script.path.display(),
            self.schema
        )
    }

    fn outcome(&self, scripts: &[RunScript], warnings: Vec<String>) -> Outcome {
        let list: Vec<Value> = scripts
            .iter()
            .map(|script| json!({ "path": script.path, "sha256": script.sha256 }))
            .collect();
        let mut outputs = Map::new();
        outputs.insert("scripts".to_owned(), list.into());
        Outcome {
            outputs,
            warnings,
            summary: match scripts.len() {
                1 => format!("1 script run in `{}`", self.schema),
                count => format!("{count} scripts run in `{}`", self.schema),
            },
            ..Outcome::default()
        }
    }
}

/// Whether a script that was begun left no trace. The server ends the statement of a killed client
/// first, so the schema must be quiet before it is looked at.
fn left_no_trace(place: &impl Scripted, begun: &Begun) -> Result<bool, Failure> {
    place.wait_until_quiet()?;
    Ok(place.digest()? == begun.before)
}

/// Hashes what is read through it.
pub(in crate::adapter) struct HashedReader {
    inner: Box<dyn Read + Send>,
    hash: Sha256,
}

impl HashedReader {
    /// Opens a file.
    pub(in crate::adapter) fn open(host: &dyn Host, path: &Path) -> Result<Self, Failure> {
        Ok(Self {
            inner: host.open(path)?,
            hash: Sha256::new(),
        })
    }

    /// SHA-256 of what was read, hex.
    pub(in crate::adapter) fn finish(self) -> String {
        hex(&self.hash.finalize())
    }
}

impl Read for HashedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

/// What was run must be what was hashed before.
pub(in crate::adapter) fn refuse_changed(now: &str, script: &RunScript) -> Result<(), Failure> {
    if now == script.sha256 {
        return Ok(());
    }
    let text = format!("{} was changed while it was run", script.path.display());
    Err(Failure::verification(text)
        .hint("restore the schema from the backup set, then run the right script"))
}

/// SHA-256 of a script that can be run: a regular file that holds something. Hex.
pub(in crate::adapter) fn hash_of(host: &dyn Host, path: &Path) -> Result<String, Failure> {
    usable(host, path)?;
    hash_file(host, path)
}

/// SHA-256 of a file, hex.
pub(in crate::adapter) fn hash_file(host: &dyn Host, path: &Path) -> Result<String, Failure> {
    let mut reader = HashedReader::open(host, path)?;
    io::copy(&mut reader, &mut io::sink()).map_err(|error| HostError::file("read", path, error))?;
    Ok(reader.finish())
}

/// A regular file that holds something.
pub(in crate::adapter) fn usable(host: &dyn Host, path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    let hint = "check the path of the script in the site or the runbook";
    match host.stat(path)? {
        None => Err(Failure::refused(format!("there is no script {shown}")).hint(hint)),
        Some(stat) if stat.kind != FileKind::File => {
            Err(Failure::refused(format!("{shown} is no regular file")).hint(hint))
        }
        Some(stat) if stat.bytes == 0 => {
            Err(Failure::refused(format!("the script {shown} is empty")).hint(hint))
        }
        Some(_) => {
            host.open(path)?;
            Ok(())
        }
    }
}
