//! Swapping what stands at a path for something that was built elsewhere, so that every moment shows
//! the old or the new, and a killed attempt is finished by the next one.
//!
//! Before the first rename a note is written that holds the inodes of the old and the new thing. A
//! later attempt finds out from them how far the first one came; nothing is guessed from names. While
//! there is no note, nothing was swapped, and what lies under the name of the new thing is a leftover
//! that may go. (Devices are left out of the comparison: their numbers may change with a reboot.)

use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::checks::obstacle;
use super::pieces::path_of;
use super::script::target_text;
use crate::adapter::{Failure, StepContext};
use crate::event::FailureKind;

/// Between the name of a target and that of the run which replaced it, in the name of what is kept.
const OLD: &str = ".upgrade-kit-old-";
/// The same for what is built.
const NEW: &str = ".upgrade-kit-new-";

/// A swap at one path.
pub(in crate::adapter) struct Swap<'a> {
    context: &'a StepContext<'a>,
    target: &'a Path,
    note: PathBuf,
    new: PathBuf,
    old: PathBuf,
}

/// What is known from before the first rename.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    target: String,
    /// Inode of what was built; `None` if the target shall be gone.
    new: Option<u64>,
    /// Inode of what stood there; `None` if nothing did.
    old: Option<u64>,
    /// Where that is kept.
    kept: String,
}

/// The directory in which new things are built and old ones are kept.
pub(super) fn workshop<'a>(target: &'a Path, aside: Option<&'a Path>) -> &'a Path {
    aside
        .or_else(|| target.parent())
        .unwrap_or_else(|| Path::new("/"))
}

/// What the name of a thing kept by one run, or by any, begins with.
pub(super) fn kept_prefix(target: &Path, run: Option<&str>) -> String {
    prefix(target, OLD, run)
}

/// What the name of a thing that one run, or any, is building begins with.
pub(super) fn built_prefix(target: &Path, run: Option<&str>) -> String {
    prefix(target, NEW, run)
}

fn prefix(target: &Path, mark: &str, run: Option<&str>) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let run = run.map_or_else(String::new, |run| format!("{run}-"));
    format!("{name}{mark}{run}")
}

/// Whether a name is one that a swap gives to what it keeps or builds.
pub(super) fn is_ours(name: &str) -> bool {
    name.contains(OLD) || name.contains(NEW)
}

/// For previews, which know no run.
pub(super) fn kept_as(target: &Path, aside: Option<&Path>) -> String {
    let kept = workshop(target, aside).join(kept_prefix(target, Some("<run>")));
    format!("{}<step>", kept.display())
}

impl<'a> Swap<'a> {
    /// A swap at `target`. New and old lie beside it, or in `aside`, which must be on the same file
    /// system.
    pub(in crate::adapter) fn new(
        context: &'a StepContext<'a>,
        target: &'a Path,
        aside: Option<&Path>,
    ) -> Self {
        let run = &context.control.run;
        let digest = digest(target);
        // In a common place two targets of one name must not meet.
        let step = match aside {
            None => plain(context.step),
            Some(_) => format!("{}-{digest}", plain(context.step)),
        };
        let folder = workshop(target, aside);
        Self {
            context,
            target,
            note: context.scratch.join(format!("swap-{digest}.json")),
            new: folder.join(format!("{}{step}", built_prefix(target, Some(run)))),
            old: folder.join(format!("{}{step}", kept_prefix(target, Some(run)))),
        }
    }

    /// Where what was replaced is kept.
    pub(super) fn old(&self) -> &Path {
        &self.old
    }

    /// Puts in place what `build` makes at the path that it is given. If an earlier attempt had built
    /// and begun to swap, that one is finished and `build` is not called.
    pub(in crate::adapter) fn put(
        &self,
        build: impl FnOnce(&Path) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let host = self.context.host;
        if let Some(note) = self.recall()? {
            return self.finish(&note);
        }
        self.refuse_obstacle()?;
        host.remove_tree(&self.new)?;
        build(&self.new)?;
        host.sync(workshop(&self.new, None))?;
        let note = self.remember(self.inode(&self.new)?)?;
        self.finish(&note)
    }

    /// Whether an earlier attempt had built and begun to swap.
    pub(in crate::adapter) fn was_begun(&self) -> Result<bool, Failure> {
        Ok(self.recall()?.is_some())
    }

    /// Takes away what stands at the target, if anything does, or finishes that.
    pub(super) fn take_away(&self) -> Result<(), Failure> {
        match self.recall()? {
            Some(note) => self.finish(&note),
            None if self.inode(self.target)?.is_none() => Ok(()),
            None => {
                self.refuse_obstacle()?;
                let note = self.remember(None)?;
                self.finish(&note)
            }
        }
    }

    /// Whether something was replaced, as far as is known now.
    pub(in crate::adapter) fn kept(&self) -> Result<Option<PathBuf>, Failure> {
        let found = self.inode(&self.old)?;
        Ok(found.map(|_| self.old.clone()))
    }

    fn refuse_obstacle(&self) -> Result<(), Failure> {
        match obstacle(self.context.host, self.target)? {
            Some((text, hint)) => Err(Failure::refused(text).hint(hint)),
            None => Ok(()),
        }
    }

    fn recall(&self) -> Result<Option<Note>, Failure> {
        let host = self.context.host;
        if host.stat(&self.note)?.is_none() {
            return Ok(None);
        }
        let text = host.read(&self.note, 64 * 1024)?;
        let note: Note = serde_json::from_slice(&text).map_err(|error| {
            let text = format!("{} cannot be read", self.note.display());
            Failure::new(FailureKind::Internal, text).because(&error)
        })?;
        Ok((path_of(&note.target) == self.target).then_some(note))
    }

    fn remember(&self, new: Option<u64>) -> Result<Note, Failure> {
        if self.context.host.stat(&self.old)?.is_some() {
            let text = format!("{} is in the way", self.old.display());
            return Err(Failure::refused(text)
                .hint("it was kept by an earlier step: move it away, then resume the run"));
        }
        let note = Note {
            target: target_text(self.target),
            new,
            old: self.inode(self.target)?,
            kept: target_text(&self.old),
        };
        let text = serde_json::to_vec(&note).map_err(|error| {
            Failure::new(FailureKind::Internal, "failed to write a note").because(&error)
        })?;
        self.context.make_scratch()?;
        self.context.host.write_atomic(&self.note, &text, 0o600)?;
        Ok(note)
    }

    fn inode(&self, path: &Path) -> Result<Option<u64>, Failure> {
        let stat = self.context.host.stat(path)?;
        Ok(stat.map(|stat| stat.identity.1))
    }

    /// Does the renames that are still to do, from what the inodes tell.
    fn finish(&self, note: &Note) -> Result<(), Failure> {
        let host = self.context.host;
        let there = self.inode(self.target)?;
        let built = self.inode(&self.new)?;
        let kept = self.inode(&self.old)?;
        let waits = built == note.new;
        if there == note.new && kept == note.old {
            return Ok(());
        }
        if there == note.new && built == note.old && note.old.is_some() {
            return Ok(host.rename(&self.new, &self.old)?);
        }
        if there == note.old && waits && kept.is_none() {
            return self.swap(note);
        }
        if there.is_none() && kept == note.old && waits {
            return Ok(host.rename(&self.new, self.target)?);
        }
        Err(self.astray())
    }

    fn swap(&self, note: &Note) -> Result<(), Failure> {
        let host = self.context.host;
        if note.new.is_none() {
            return Ok(host.rename(self.target, &self.old)?);
        }
        if note.old.is_none() {
            return Ok(host.rename(&self.new, self.target)?);
        }
        match host.exchange(&self.new, self.target) {
            // Somebody may have put another thing there since the look at it: that is not ours to keep.
            Ok(()) if self.inode(&self.new)? != note.old => {
                host.exchange(&self.new, self.target)?;
                Err(self.astray())
            }
            Ok(()) => Ok(host.rename(&self.new, &self.old)?),
            // File systems that cannot exchange names (NFS, some older ones): for a moment nothing
            // stands there, and the note tells what to do if that moment is the last.
            Err(error)
                if matches!(
                    error.io_kind(),
                    Some(ErrorKind::InvalidInput | ErrorKind::Unsupported)
                ) =>
            {
                host.rename(self.target, &self.old)?;
                Ok(host.rename(&self.new, self.target)?)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn astray(&self) -> Failure {
        let text = format!(
            "{} was changed by somebody else while it was being replaced",
            self.target.display()
        );
        Failure::new(FailureKind::NeedsOperator, text).hint(format!(
            "look at {}, {} and {}: put the right one in place and move the others away",
            self.target.display(),
            self.new.display(),
            self.old.display()
        ))
    }
}

/// A short name for a path, the same in every attempt.
pub(super) fn digest(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    let digits = digest.iter().take(4).map(|byte| format!("{byte:02x}"));
    digits.collect::<Vec<_>>().concat()
}

/// A step's name as part of a file's name.
fn plain(step: &str) -> String {
    let letter = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '_'
        }
    };
    step.chars().map(letter).take(60).collect()
}
