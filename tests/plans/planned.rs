//! A plan, as the program prints it for other programs.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

pub(super) const PHASES: [&str; 3] = ["backup", "upgrade", "restore"];

/// A plan and, of each step, all that come before it.
pub(super) struct Planned {
    pub(super) phase: String,
    pub(super) steps: Vec<Step>,
}

/// A step that will run.
pub(super) struct Step {
    pub(super) id: String,
    pub(super) action: String,
    pub(super) marks: Vec<String>,
    /// Indices of all steps that have ended before it begins.
    before: BTreeSet<usize>,
    left_out: bool,
}

impl Planned {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program itself is what is tested"
    )]
    pub(super) fn of(site: &Path, scenario: &str, phase: &str) -> Self {
        let said = Command::new(env!("CARGO_BIN_EXE_upgrade-kit"))
            .args(["plan", phase, "--scenario", scenario, "--format", "json"])
            .current_dir(site)
            .env("PATH", "/usr/bin:/bin")
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&said.stderr);
        assert!(
            said.status.success(),
            "{}: {phase}: {errors}",
            site.display()
        );
        let plan: Value = serde_json::from_slice(&said.stdout).unwrap();
        let mut steps: Vec<Step> = Vec::new();
        for step in plan["steps"].as_array().unwrap() {
            let after = step["after"].as_array().unwrap();
            let mut before = BTreeSet::new();
            for index in after {
                let index = usize::try_from(index.as_u64().unwrap()).unwrap();
                before.extend(steps[index].before.iter().copied());
                before.insert(index);
            }
            let text = |key: &str| step[key].as_str().unwrap().to_owned();
            let marks = step["marks"].as_array().unwrap().iter();
            steps.push(Step {
                id: text("id"),
                action: text("action"),
                marks: marks
                    .map(|mark| mark.as_str().unwrap().to_owned())
                    .collect(),
                before,
                left_out: !step["left_out"].is_null(),
            });
        }
        Self {
            phase: phase.to_owned(),
            steps,
        }
    }

    /// The steps that will run and that the condition holds for.
    pub(super) fn with<'a>(
        &'a self,
        holds: impl Fn(&Step) -> bool + 'a,
    ) -> impl Iterator<Item = (usize, &'a Step)> {
        let steps = self.steps.iter().enumerate();
        steps.filter(move |(_, step)| !step.left_out && holds(step))
    }

    /// Whether the second step begins only when the first has ended.
    pub(super) fn follows(&self, first: usize, second: usize) -> bool {
        self.steps[second].before.contains(&first)
    }

    /// One line a step: how many steps may stand before it, its id, its action, its marks.
    pub(super) fn outline(&self) -> String {
        let mut text = format!("{}\n", self.phase);
        let mut depths: Vec<usize> = Vec::new();
        for step in &self.steps {
            let above = step.before.iter().map(|index| depths[*index]).max();
            let depth = above.unwrap_or(0) + usize::from(!step.left_out);
            depths.push(depth);
            if step.left_out {
                continue;
            }
            text.push_str(&format!("  {depth:>2} {:<40} {}", step.id, step.action));
            for mark in &step.marks {
                text.push_str(&format!("  [{mark}]"));
            }
            text.push('\n');
        }
        text
    }
}
