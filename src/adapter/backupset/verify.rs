//! `backupset.verify`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext, registry,
};
use crate::backup::{Problem, SealedSet, Verification, VerifyWatch};
use crate::event::{FailureKind, Level, Outcome, StopLevel};

/// Problems of a set that a failure names one by one.
const NAMED: usize = 10;

/// A level of proof, as documents write it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum WantedLevel {
    /// The files exist with their sizes.
    L0,
    /// Their hashes match.
    L1,
    /// Their formats are complete.
    #[default]
    L2,
    /// And they were counted against the source when they were written.
    L3,
    /// And they were restored to scratch and compared.
    L4,
}

impl From<WantedLevel> for Level {
    fn from(wanted: WantedLevel) -> Self {
        match wanted {
            WantedLevel::L0 => Self::L0,
            WantedLevel::L1 => Self::L1,
            WantedLevel::L2 => Self::L2,
            WantedLevel::L3 => Self::L3,
            WantedLevel::L4 => Self::L4,
        }
    }
}

/// Reads the backup set in use and refuses to go on unless it is whole.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupsetVerify {
    /// How far it must be proven. L2 unless given: every hash is compared and every format looked
    /// into.
    #[serde(default)]
    pub level: WantedLevel,
}

impl Action for BackupsetVerify {
    const NAME: &'static str = "backupset.verify";
    const SUMMARY: &'static str = "Reads the backup set in use and compares it with its records";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "files",
            kind: OutputKind::Number,
            about: "files that were compared",
        },
        OutputSpec {
            name: "bytes",
            kind: OutputKind::Number,
            about: "their bytes",
        },
    ];

    fn preview(&self) -> Preview {
        let level = self.level;
        vec![PreviewLine::Checks(format!(
            "the backup set, read again, to level {level:?}"
        ))]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let Some(set) = context.using else {
            return Vec::new();
        };
        match set.verify(Level::L0, &[], &VerifyWatch::none()) {
            Ok(verification) if verification.is_sound() => Vec::new(),
            Ok(verification) => verification
                .problems
                .iter()
                .take(NAMED)
                .map(refusal)
                .collect(),
            Err(error) => vec![Finding::refuse(error.to_string())],
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.using()?;
        let watch = VerifyWatch {
            progress: context.progress,
            stopped: &|| context.control.stop.level() >= StopLevel::Ask,
        };
        let verification = set.verify(self.level.into(), registry::FORMAT_CHECKS, &watch)?;
        if !verification.is_sound() {
            return Err(damaged(set, &verification));
        }
        let mut outcome = Outcome {
            summary: format!(
                "{} files, {}, whole to {:?}",
                verification.files,
                indicatif::HumanBytes(verification.bytes),
                verification.level
            ),
            ..Outcome::default()
        };
        outcome
            .outputs
            .insert("files".into(), verification.files.into());
        outcome
            .outputs
            .insert("bytes".into(), verification.bytes.into());
        Ok(outcome)
    }
}

fn refusal(problem: &Problem) -> Finding {
    Finding::refuse(format!("backup set: {}: {}", problem.path, problem.message))
        .hint("use another set: see `upgrade-kit backups list`")
}

fn damaged(set: &SealedSet, verification: &Verification) -> Failure {
    let problems = &verification.problems;
    let text = format!(
        "the backup set {} is damaged: {} problems",
        set.id(),
        problems.len()
    );
    let mut failure = Failure::new(FailureKind::DamagedSet, text)
        .hint("use another set: see `upgrade-kit backups list`");
    for problem in problems.iter().take(NAMED) {
        let line = format!("{}: {}", problem.path, problem.message);
        failure.0.causes.push(line);
    }
    if problems.len() > NAMED {
        let more = format!("and {} more", problems.len() - NAMED);
        failure.0.causes.push(more);
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_written_as_they_are_named() {
        let level: BackupsetVerify = serde_json::from_str("{\"level\": \"L3\"}").unwrap();
        assert_eq!(Level::from(level.level), Level::L3);
        let level: BackupsetVerify = serde_json::from_str("{}").unwrap();
        assert_eq!(Level::from(level.level), Level::L2);
        assert!(serde_json::from_str::<BackupsetVerify>("{\"levl\": \"L3\"}").is_err());
    }
}
