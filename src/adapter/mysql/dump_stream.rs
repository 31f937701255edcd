//! The dump program's output: compressed, hashed and looked through in one pass.

use std::io::{self, Write};

use super::scanner::{DumpScanner, DumpText};
use super::session::Session;
use super::tool_messages::{dump_exit_meaning, sort_lines, tool_failure};
use crate::adapter::Failure;
use crate::adapter::database::Source;
use crate::backup::{CompressedArtifact, CompressedWriter};
use crate::event::{Progress, ProgressUnit};
use crate::host::{Stdin, Stdout, Streams};

/// A dump that was written.
pub(super) struct Written {
    pub(super) artifact: CompressedArtifact,
    pub(super) text: DumpText,
    /// What the program said that is no failure.
    pub(super) notes: Vec<String>,
}

struct Watched<'a> {
    writer: CompressedWriter,
    scanner: DumpScanner,
    progress: &'a (dyn Fn(Progress) + Sync),
}

impl Write for Watched<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.writer.write_all(buffer)?;
        self.scanner.feed(buffer);
        (self.progress)(Progress {
            done: self.writer.content_bytes(),
            total: None,
            unit: ProgressUnit::Bytes,
        });
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Runs the dump program and judges it: exit code, messages, first lines, trailer. Whether the text
/// holds every object is the caller's to compare.
pub(super) fn write(
    session: &Session<'_>,
    schema: &str,
    writer: CompressedWriter,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Written, Failure> {
    let invocation = session.dump(schema);
    let mut watched = Watched {
        writer,
        scanner: DumpScanner::default(),
        progress,
    };
    let streams = Streams {
        stdin: Stdin::Null,
        stdout: Stdout::Writer(&mut watched),
    };
    let exit = session.start(&invocation, streams)?;
    let failed = |message: String| {
        tool_failure(message, session.connection, &invocation, &exit, Source::Own)
    };
    let program = &invocation.program;
    if !exit.success() {
        let meaning = dump_exit_meaning(exit.status);
        return Err(failed(format!(
            "the dump of `{schema}` failed: {program} {meaning}"
        )));
    }
    let said = sort_lines(program, &exit, Source::Own);
    if !said.failures.is_empty() {
        return Err(failed(format!(
            "the dump of `{schema}` is not complete: {program} ended well but reported errors"
        )));
    }
    let text = watched.scanner.finish();
    require_ends(&text, schema, program)?;
    Ok(Written {
        artifact: watched.writer.finish()?,
        text,
        notes: said.notes,
    })
}

/// A dump's first lines and its last.
fn require_ends(text: &DumpText, schema: &str, program: &str) -> Result<(), Failure> {
    let lacks = match (&text.header, text.complete) {
        (None, _) => "does not begin as a dump does",
        (_, false) => "has no `-- Dump completed` at its end",
        _ => return Ok(()),
    };
    let message = format!("the dump of `{schema}` {lacks}, although {program} ended well");
    Err(Failure::verification(message).hint(format!(
        "look what `{program}` is on this machine: its output was cut or changed on the way"
    )))
}
