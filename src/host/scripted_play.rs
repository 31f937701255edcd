//! What a scripted tool does, and what is remembered of a command.

use std::fmt;
use std::sync::Arc;

use super::{Captured, Control, Exit, ExitStatus, Invocation, OUTPUT_LIMIT};

/// One command as it was run.
#[derive(Debug, Clone)]
pub struct Call {
    /// The program and its arguments, as the tool sees them.
    pub argv: Vec<String>,
    /// The command as a shell would take it, as plans show it.
    pub shown: String,
    /// Contents of its secret pipes, in order.
    pub secrets: Vec<String>,
    /// Its whole input.
    pub stdin: Vec<u8>,
    /// The invocation itself.
    pub invocation: Invocation,
}

impl Call {
    pub(super) fn of(invocation: &Invocation) -> Self {
        Self {
            argv: invocation
                .argv()
                .iter()
                .map(|word| word.to_string_lossy().into_owned())
                .collect(),
            shown: invocation.to_string(),
            secrets: invocation
                .secret_pipes()
                .map(|content| content.map_or("", |secret| secret.expose()).into())
                .collect(),
            stdin: Vec::new(),
            invocation: invocation.clone(),
        }
    }
}

/// What a played tool does to the world.
type Effect = Arc<dyn Fn(&Call) + Send + Sync>;

/// A command of a script: which one it is and what comes of it. Exits with 0 and prints nothing
/// unless told otherwise.
#[derive(Clone)]
pub struct Play {
    program: String,
    words: Vec<String>,
    pub(super) stdout: Vec<u8>,
    stderr: Vec<u8>,
    status: ExitStatus,
    timed_out: bool,
    stopped: bool,
    effect: Option<Effect>,
}

impl Play {
    /// A command of that program (its name without folders, or the path if it has a slash).
    pub fn of(program: &str) -> Self {
        Self {
            program: program.to_owned(),
            words: Vec::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            status: ExitStatus::Code(0),
            timed_out: false,
            stopped: false,
            effect: None,
        }
    }

    /// One of its arguments holds this text. Several such texts are looked for in order.
    #[must_use]
    pub fn with(mut self, text: &str) -> Self {
        self.words.push(text.to_owned());
        self
    }

    /// It prints this.
    #[must_use]
    pub fn prints(mut self, stdout: impl Into<Vec<u8>>) -> Self {
        self.stdout = stdout.into();
        self
    }

    /// It prints this to its standard error.
    #[must_use]
    pub fn complains(mut self, stderr: impl Into<Vec<u8>>) -> Self {
        self.stderr = stderr.into();
        self
    }

    /// It exits with this code.
    #[must_use]
    pub fn exits(mut self, code: i32) -> Self {
        self.status = ExitStatus::Code(code);
        self
    }

    /// It is ended for its time limit.
    #[must_use]
    pub fn times_out(mut self) -> Self {
        self.timed_out = true;
        self.status = ExitStatus::Signal(15);
        self
    }

    /// It is ended because the run was asked to stop.
    #[must_use]
    pub fn is_stopped(mut self) -> Self {
        self.stopped = true;
        self.status = ExitStatus::Signal(15);
        self
    }

    /// It does this (after it has read its input): creates a file, opens a port.
    #[must_use]
    pub fn does(mut self, effect: impl Fn(&Call) + Send + Sync + 'static) -> Self {
        self.effect = Some(Arc::new(effect));
        self
    }

    pub(super) fn matches(&self, call: &Call) -> bool {
        let mut argv = call.argv.iter();
        let program = argv.next().is_some_and(|program| {
            *program == self.program || program.rsplit('/').next() == Some(self.program.as_str())
        });
        program
            && self
                .words
                .iter()
                .all(|word| argv.any(|argument| argument.contains(word)))
    }

    pub(super) fn happen(&self, call: &Call) {
        if let Some(effect) = &self.effect {
            effect(call);
        }
    }
}

impl fmt::Display for Play {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}", self.program)?;
        for word in &self.words {
            write!(f, " … {word}")?;
        }
        f.write_str("`")
    }
}

/// What a run gives for the play: masked and cut as the local host does it.
pub(super) fn played_exit(play: &Play, control: &Control) -> Exit {
    let captured = |bytes: &[u8]| {
        let masked = control.masker.mask_bytes(bytes);
        let total = masked.len() as u64;
        let half = OUTPUT_LIMIT / 2;
        let (head, tail) = if masked.len() > OUTPUT_LIMIT {
            (
                masked[..half].to_vec(),
                masked[masked.len() - half..].to_vec(),
            )
        } else {
            (masked, Vec::new())
        };
        Captured { head, tail, total }
    };
    Exit {
        status: play.status,
        stdout: captured(&play.stdout),
        stderr: captured(&play.stderr),
        timed_out: play.timed_out,
        stopped: play.stopped,
        leaked: 0,
    }
}
