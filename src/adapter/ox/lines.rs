//! The output of a tool, line by line: lists of a large installation are longer than what is kept of a
//! tool's output, and none of them is held as a whole.

use std::io::{self, Write};

use crate::adapter::{Failure, StepContext};
use crate::host::{Exit, Invocation, Stdin, Stdout, Streams};

/// A longer line is no output of these tools.
const LONGEST: usize = 64 * 1024;

/// So many of the last lines are shown when the output cannot be read.
const SHOWN: usize = 4;

/// Takes lines as they come.
struct LineWriter<'a> {
    open: Vec<u8>,
    take: &'a mut (dyn FnMut(&str) + Send),
}

impl LineWriter<'_> {
    fn close(&mut self) {
        let line = std::mem::take(&mut self.open);
        (self.take)(String::from_utf8_lossy(&line).trim_end_matches('\r'));
    }
}

impl Write for LineWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for &byte in bytes {
            if byte == b'\n' {
                self.close();
            } else if self.open.len() < LONGEST {
                self.open.push(byte);
            } else {
                return Err(io::Error::other(format!(
                    "a line of its output is longer than {LONGEST} bytes"
                )));
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A tool that ended, and the last lines that it printed.
pub(super) struct Listed {
    pub(super) invocation: Invocation,
    pub(super) exit: Exit,
    pub(super) last: Vec<String>,
}

/// Runs a tool to its end and hands over every line of its standard output that is not blank.
pub(super) fn read(
    context: &StepContext<'_>,
    invocation: Invocation,
    each: &mut (dyn FnMut(&str) + Send),
) -> Result<Listed, Failure> {
    let mut last: Vec<String> = Vec::new();
    let mut take = |line: &str| {
        if line.trim().is_empty() {
            return;
        }
        if last.len() == SHOWN {
            last.remove(0);
        }
        last.push(context.control.masker.mask(line));
        each(line);
    };
    let mut writer = LineWriter {
        open: Vec::new(),
        take: &mut take,
    };
    let streams = Streams {
        stdin: Stdin::Null,
        stdout: Stdout::Writer(&mut writer),
    };
    let exit = context.host.run(&invocation, streams, context.control)?;
    if !writer.open.is_empty() {
        writer.close();
    }
    Ok(Listed {
        invocation,
        exit,
        last,
    })
}

impl Listed {
    /// The output is not what this tool prints.
    pub(super) fn unreadable(&self, wanted: &str) -> Failure {
        let message = if self.last.is_empty() {
            format!("the tool printed nothing where {wanted} was expected")
        } else {
            format!("the tool printed something else than {wanted}")
        };
        let mut failure = Failure::verification(message)
            .hint("run it by hand; nothing was changed on the ground of its answer")
            .command(&self.invocation);
        failure.0.stderr.clone_from(&self.last);
        failure
    }
}
