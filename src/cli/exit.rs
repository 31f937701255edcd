//! Exit codes: decided here and nowhere else.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Bad usage of the command line (the number that clap uses too).
    Usage,
    /// A document (site, runbook) is invalid.
    Document,
    /// Refused before anything was changed: preflight, missing set, not confirmed.
    Refused,
    /// A step failed.
    StepFailed,
    /// A gate waits for a person.
    Waiting,
    /// Another run holds the site.
    Held,
    /// A backup set is damaged.
    DamagedSet,
    /// Interrupted; `resume` continues.
    Interrupted,
    /// A fault of the program or of the machine it runs on.
    Internal,
}

impl Exit {
    /// All of them, ascending by number.
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::Usage,
        Self::Document,
        Self::Refused,
        Self::StepFailed,
        Self::Waiting,
        Self::Held,
        Self::DamagedSet,
        Self::Interrupted,
        Self::Internal,
    ];

    /// The number.
    pub fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Usage => 2,
            Self::Document => 3,
            Self::Refused => 4,
            Self::StepFailed => 5,
            Self::Waiting => 6,
            Self::Held => 7,
            Self::DamagedSet => 8,
            Self::Interrupted => 9,
            Self::Internal => 70,
        }
    }

    /// What it means, one line.
    pub fn about(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Usage => "bad usage of the command line",
            Self::Document => "a document (site, runbook) is invalid",
            Self::Refused => "refused before anything was changed; the text says why",
            Self::StepFailed => "a step failed",
            Self::Waiting => "a gate waits for a person; `resume` goes on",
            Self::Held => "another run holds the site",
            Self::DamagedSet => "a backup set is damaged",
            Self::Interrupted => "interrupted; `resume` goes on",
            Self::Internal => "a fault of the program or of the machine it runs on",
        }
    }

    /// The table as `--help` shows it.
    pub fn table() -> String {
        let lines: Vec<String> = Self::ALL
            .iter()
            .map(|exit| format!("  {:>2}  {}", exit.number(), exit.about()))
            .collect();
        format!("Exit codes:\n{}", lines.join("\n"))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}
