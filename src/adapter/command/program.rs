//! Running a program that a runbook names.

use std::collections::BTreeMap;
use std::path::Path;

use crate::adapter::action::OutputSpec;
use crate::adapter::{Failure, OutputKind, StepContext};
use crate::event::Outcome;
use crate::host::{Exit, ExitStatus, Invocation, Stdin, Stdout, Streams};
use crate::site::SecretRef;

/// So much of a program's output is passed on as the output `stdout`.
const OUTPUT: usize = 4 * 1024;

/// What both actions promise.
pub(super) const OUTPUTS: &[OutputSpec] = &[
    OutputSpec {
        name: "exit_code",
        kind: OutputKind::Number,
        about: "exit code of the program",
    },
    OutputSpec {
        name: "stdout",
        kind: OutputKind::Text,
        about: "the first 4 KiB of what it printed, without blanks around",
    },
];

/// A program and what surrounds it.
pub(super) struct Program<'a> {
    pub(super) argv: &'a [String],
    pub(super) directory: Option<&'a Path>,
    pub(super) environment: &'a BTreeMap<String, String>,
    pub(super) secret_environment: &'a BTreeMap<String, SecretRef>,
    pub(super) stdin: Option<&'a str>,
}

impl Program<'_> {
    /// The command without its secrets.
    pub(super) fn invocation(&self) -> Invocation {
        let (program, arguments) = match self.argv.split_first() {
            Some((program, arguments)) => (program.as_str(), arguments),
            None => ("", self.argv),
        };
        let mut invocation = Invocation::new(program).args(arguments);
        invocation.directory = self.directory.map(Path::to_owned);
        for (name, value) in self.environment {
            invocation.environment.push((name.clone(), value.clone()));
        }
        for name in self.secret_environment.keys() {
            invocation.secret_environment.push((name.clone(), None));
        }
        invocation
    }

    /// Runs it to its end, whatever its exit code is.
    pub(super) fn run(&self, context: &StepContext<'_>) -> Result<(Invocation, Exit), Failure> {
        let mut invocation = self.invocation();
        for (name, secret) in &mut invocation.secret_environment {
            if let Some(reference) = self.secret_environment.get(name) {
                *secret = Some((context.secret)(reference)?);
            }
        }
        let mut input = self.stdin.map(str::as_bytes);
        let streams = Streams {
            stdin: match &mut input {
                Some(input) => Stdin::Reader(input),
                None => Stdin::Null,
            },
            stdout: Stdout::Captured,
        };
        let exit = context.host.run(&invocation, streams, context.control)?;
        if exit.stopped {
            return Err(Failure::tool("stopped on request", &invocation, &exit));
        }
        Ok((invocation, exit))
    }
}

/// The outcome of a program that ended well.
pub(super) fn outcome(exit: &Exit) -> Outcome {
    let code = match exit.status {
        ExitStatus::Code(code) => code,
        ExitStatus::Signal(signal) => 128 + signal,
    };
    let text = String::from_utf8_lossy(beginning(&exit.stdout.head)).into_owned();
    let text = text.trim();
    let mut outcome = Outcome::default();
    outcome.outputs.insert("exit_code".to_owned(), code.into());
    outcome.outputs.insert("stdout".to_owned(), text.into());
    if exit.leaked > 0 {
        outcome.warnings.push(format!(
            "{} of its processes outlived it and were killed",
            exit.leaked
        ));
    }
    outcome
}

/// The first bytes, without a character that the cut would break.
fn beginning(bytes: &[u8]) -> &[u8] {
    let mut end = bytes.len().min(OUTPUT);
    while end < bytes.len() && end > 0 && bytes[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    &bytes[..end]
}

/// Whether it ended by itself with one of the codes.
pub(super) fn ended_with(exit: &Exit, codes: &[i32]) -> bool {
    let by_itself = !exit.timed_out && !exit.stopped;
    by_itself && matches!(exit.status, ExitStatus::Code(code) if codes.contains(&code))
}

/// What is wrong with a list of words for a command.
pub(super) fn check_argv(option: &str, argv: &[String]) -> Option<String> {
    match argv.first() {
        None => Some(format!("{option}: name a program")),
        Some(program) if program.is_empty() => Some(format!("{option}: the program is empty")),
        Some(_) if argv.iter().any(|word| word.contains('\0')) => {
            Some(format!("{option}: an argument holds a null character"))
        }
        Some(_) => None,
    }
}
