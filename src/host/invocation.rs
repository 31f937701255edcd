//! A command as data: what the plan shows and what the host runs are the same value.

use std::ffi::OsString;
use std::fmt;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use super::secret::Secret;

/// Output of a tool that is kept for judging and messages: the first and last bytes up to this many
/// in all. More is drained and counted, never kept.
pub const OUTPUT_LIMIT: usize = 256 * 1024;

/// One argument of a command.
#[derive(Debug, Clone)]
pub enum Argument {
    /// Plain text, shown as it is.
    Text(OsString),
    /// `PREFIX/dev/fd/N`, where the tool reads `content` from an anonymous pipe: nothing of it is in
    /// the argument list, the environment or on disk. The first such argument gets descriptor 3,
    /// the next 4, so that a plan can show the argument exactly.
    SecretPipe {
        /// What stands before the path: `--defaults-extra-file=`.
        prefix: String,
        /// What the tool reads. `None` in a plan, which knows no secrets.
        content: Option<Secret>,
    },
}

/// A command with everything that decides what it does.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Program: a name searched in `PATH` or a path.
    pub program: String,
    /// Arguments without the program.
    pub arguments: Vec<Argument>,
    /// Additional environment.
    pub environment: Vec<(String, String)>,
    /// Environment variables that carry secrets; shown as `NAME=***`.
    pub secret_environment: Vec<(String, Option<Secret>)>,
    /// Environment variables that name a file, `/dev/fd/N`, where the tool reads the secret from an
    /// anonymous pipe: for tools that take such a path from nowhere else. Their descriptors come
    /// after those of the arguments.
    pub secret_pipe_environment: Vec<(String, Option<Secret>)>,
    /// Working directory; the kit's own if `None`.
    pub directory: Option<PathBuf>,
    /// After this long the tool is asked to end.
    pub timeout: Option<Duration>,
    /// After being asked to end, a tool has this long before its group is killed.
    pub grace: Duration,
    /// The tool starts something that shall outlive it and the kit (a server): children may stay,
    /// open outputs are not waited for, and they do not count as belonging to the run.
    pub detached: bool,
    /// Its standard error may quote people's data: it is captured for the caller to judge and never
    /// written to the step's log. The caller logs what may be seen.
    pub private: bool,
}

impl Invocation {
    /// A command without arguments, time limit or extra environment, and 10 s of grace.
    pub fn new(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            secret_environment: Vec::new(),
            secret_pipe_environment: Vec::new(),
            directory: None,
            timeout: None,
            grace: Duration::from_secs(10),
            detached: false,
            private: false,
        }
    }

    /// Adds one plain argument.
    #[must_use]
    pub fn arg(mut self, text: impl Into<OsString>) -> Self {
        self.arguments.push(Argument::Text(text.into()));
        self
    }

    /// Adds plain arguments.
    #[must_use]
    pub fn args<T: Into<OsString>>(mut self, texts: impl IntoIterator<Item = T>) -> Self {
        self.arguments
            .extend(texts.into_iter().map(|text| Argument::Text(text.into())));
        self
    }

    /// Adds an argument whose file is an anonymous pipe.
    #[must_use]
    pub fn secret_pipe(mut self, prefix: &str, content: Option<Secret>) -> Self {
        self.arguments.push(Argument::SecretPipe {
            prefix: prefix.to_owned(),
            content,
        });
        self
    }

    /// What the tool reads from pipes, in the order of their descriptors.
    pub fn secret_pipes(&self) -> impl Iterator<Item = Option<&Secret>> {
        let arguments = self.arguments.iter().filter_map(|argument| match argument {
            Argument::SecretPipe { content, .. } => Some(content.as_ref()),
            Argument::Text(_) => None,
        });
        let variables = self.secret_pipe_environment.iter();
        arguments.chain(variables.map(|(_, content)| content.as_ref()))
    }

    /// The environment variables that name pipes, with the paths that they get.
    pub fn pipe_variables(&self) -> impl Iterator<Item = (&str, String)> {
        let arguments = self.secret_pipes().count() - self.secret_pipe_environment.len();
        let names = self.secret_pipe_environment.iter().map(|(name, _)| name);
        let number = move |at: usize| 3 + arguments + at;
        names
            .enumerate()
            .map(move |(at, name)| (name.as_str(), format!("/dev/fd/{}", number(at))))
    }

    /// The arguments as the tool sees them.
    pub fn argv(&self) -> Vec<OsString> {
        let mut descriptor = 3;
        let mut argv = vec![OsString::from(&self.program)];
        for argument in &self.arguments {
            match argument {
                Argument::Text(text) => argv.push(text.clone()),
                Argument::SecretPipe { prefix, .. } => {
                    argv.push(format!("{prefix}/dev/fd/{descriptor}").into());
                    descriptor += 1;
                }
            }
        }
        argv
    }
}

/// Shown as a POSIX shell would take it; secrets are not in it by construction.
impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.environment {
            write!(f, "{name}={} ", shell_word(value))?;
        }
        for (name, _) in &self.secret_environment {
            write!(f, "{name}=*** ")?;
        }
        for (name, path) in self.pipe_variables() {
            write!(f, "{name}={path} ")?;
        }
        for (at, word) in self.argv().iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            write!(f, "{space}{}", shell_word(&word.to_string_lossy()))?;
        }
        Ok(())
    }
}

/// Quotes a word for a POSIX shell, only where it needs quotes. Any text but one with a NUL arrives as
/// it is.
pub fn shell_literal(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Quotes a word for display, only where it needs quotes. Control characters are shown as `$'\xNN'`,
/// which bash and ksh take and other shells do not, so that a terminal is never driven by a value.
/// What a shell is to run is made of [`shell_literal`].
pub fn shell_word(word: &str) -> String {
    if word.chars().any(char::is_control) {
        let escaped: String = word
            .chars()
            .flat_map(|c| match c {
                '\\' => "\\\\".chars().collect::<Vec<_>>(),
                '\'' => "\\'".chars().collect(),
                c if c.is_control() => {
                    let bytes = c.to_string().into_bytes();
                    let shown = bytes.iter().map(|byte| format!("\\x{byte:02x}"));
                    shown.collect::<String>().chars().collect()
                }
                c => vec![c],
            })
            .collect();
        return format!("$'{escaped}'");
    }
    shell_literal(word)
}

/// Where a tool's input comes from. Never a terminal.
pub enum Stdin<'a> {
    /// `/dev/null`.
    Null,
    /// Everything the reader gives, then end of file. A tool that stops reading early is not an
    /// error here; its exit status tells.
    Reader(&'a mut (dyn Read + Send)),
}

/// Where a tool's standard output goes.
pub enum Stdout<'a> {
    /// Kept up to [`OUTPUT_LIMIT`], and written to the step's log line by line, masked.
    Captured,
    /// To the writer, unlogged. If the writer fails the tool is ended and `run` returns its error.
    Writer(&'a mut (dyn Write + Send)),
}

/// The streams of one run of a tool. Standard error is always captured and logged, masked (not logged
/// if [`Invocation::private`]).
pub struct Streams<'a> {
    /// Input.
    pub stdin: Stdin<'a>,
    /// Standard output.
    pub stdout: Stdout<'a>,
}

impl Streams<'_> {
    /// No input, output captured.
    pub fn captured() -> Self {
        Self {
            stdin: Stdin::Null,
            stdout: Stdout::Captured,
        }
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "killed by signal {signal}"),
        }
    }
}

/// Captured output: the beginning and the end of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captured {
    /// The first bytes (and all of them if there were few enough). Masked.
    pub head: Vec<u8>,
    /// The last bytes, if some in between were dropped. Masked.
    pub tail: Vec<u8>,
    /// How many bytes there were in all, after masking.
    pub total: u64,
}

impl Captured {
    /// Whether bytes were dropped between `head` and `tail`.
    pub fn is_cut(&self) -> bool {
        self.total > (self.head.len() + self.tail.len()) as u64
    }

    /// As text; invalid UTF-8 is replaced; a cut is shown as a line of its own.
    pub fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.head).into_owned();
        if self.is_cut() {
            text.push_str("\n[…]\n");
        }
        text.push_str(&String::from_utf8_lossy(&self.tail));
        text
    }

    /// The last `count` lines that are not blank, each [`clipped`].
    pub fn last_lines(&self, count: usize) -> Vec<String> {
        let text = self.text();
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        lines[lines.len().saturating_sub(count)..]
            .iter()
            .map(|&line| clipped(line.to_owned()))
            .collect()
    }
}

/// Characters of a line that are kept.
const KEPT_CHARACTERS: usize = 400;

/// A line, cut where it becomes too long to be read.
pub fn clipped(line: String) -> String {
    match line.char_indices().nth(KEPT_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What came of running a tool.
#[derive(Debug, Clone)]
pub struct Exit {
    /// How it ended.
    pub status: ExitStatus,
    /// Captured standard output (empty if it went to a writer).
    pub stdout: Captured,
    /// Captured standard error.
    pub stderr: Captured,
    /// The time limit passed and the tool was ended for it.
    pub timed_out: bool,
    /// The tool was ended because the run was asked to stop.
    pub stopped: bool,
    /// Processes of its group that outlived it and were killed (0 for a detached one).
    pub leaked: u32,
}

impl Exit {
    /// Whether it ended by itself with exit code 0.
    pub fn success(&self) -> bool {
        self.status == ExitStatus::Code(0) && !self.timed_out && !self.stopped
    }
}
