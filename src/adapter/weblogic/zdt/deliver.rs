//! `zdt.deliver`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::node;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, HumanDuration, Preview, PreviewLine,
    StepContext,
};
use crate::event::{FailureKind, Outcome};
use crate::host::{Control, Host, Invocation, shell_literal};
use crate::site::weblogic::Node;

/// Hashing an Oracle home takes minutes, not hours.
const LOOK: Duration = Duration::from_secs(3600);

/// Copies a file or directory of this machine to the same path of a node and compares hashes. It gets
/// its name there when it is whole; what is there already and equal is left alone, what differs is
/// refused.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deliver {
    /// The path, here and there.
    pub path: PathBuf,
    /// The node.
    pub node: Node,
    /// Whether a file that differs is replaced, by a rename. For files that the kit itself wrote.
    #[serde(default)]
    pub replace: bool,
    /// How long the copy may take.
    #[serde(default = "four_hours")]
    pub timeout: HumanDuration,
}

fn four_hours() -> HumanDuration {
    HumanDuration::seconds(4 * 3600)
}

impl Deliver {
    /// The name that it has there until it is whole.
    fn unfinished(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".upgrade-kit-unfinished");
        name.into()
    }

    fn here(&self) -> Node {
        Node {
            run: None,
            copy: None,
            ..self.node.clone()
        }
    }

    fn make_room(&self) -> Invocation {
        let unfinished = shell_literal(&self.unfinished().to_string_lossy());
        let parent = self.path.parent().unwrap_or(Path::new("/"));
        let parent = shell_literal(&parent.to_string_lossy());
        let text = format!("rm -rf -- {unfinished} && mkdir -p -- {parent}");
        node::command(&self.node, &text, LOOK)
    }

    fn give_name(&self) -> Invocation {
        let unfinished = shell_literal(&self.unfinished().to_string_lossy());
        let path = shell_literal(&self.path.to_string_lossy());
        let mv = if self.replace { "mv -fT" } else { "mv -nT" };
        let text = format!(
            "sync -- {unfinished} && {mv} -- {unfinished} {path} && ! test -e {unfinished}"
        );
        node::command(&self.node, &text, LOOK)
    }

    fn ask(
        &self,
        host: &dyn Host,
        control: &Control,
        invocation: &Invocation,
    ) -> Result<String, Failure> {
        let what = format!("looking at {} on {}", self.path.display(), self.node.name);
        let exit = node::run(&self.node, host, control, invocation, &what)?;
        let text = exit.stdout.text();
        let word = text.split_whitespace().next().unwrap_or_default();
        if word.len() != 64 {
            return Err(Failure::verification(format!(
                "{} answered `{}` instead of a hash",
                self.node.name,
                text.trim()
            )));
        }
        Ok(word.to_owned())
    }

    fn different(&self) -> Failure {
        Failure::refused(format!(
            "{} is on {} already and differs from the one here",
            self.path.display(),
            self.node.name
        ))
        .hint("look whose it is: remove it there, or give the new one another name")
    }
}

/// Whether a path means itself wherever it goes. `scp` gave it to the other side's shell until
/// OpenSSH 9, as `rsync` does: a blank splits it there, which the comparison of hashes tells; a `$(…)`
/// is run.
fn is_copyable(path: &str) -> bool {
    let sign = |c: char| c.is_alphanumeric() || " _-./:+@%=,".contains(c);
    path.chars().all(sign)
}

fn look(node: &Node, path: &Path) -> Invocation {
    node::command(node, &node::fingerprint(path), LOOK)
}

impl Action for Deliver {
    const NAME: &'static str = "zdt.deliver";
    const SUMMARY: &'static str = "Copies a file or directory to a node and compares hashes";
    const EFFECT: Effect = Effect::Idempotent;

    fn validate(&self) -> Vec<String> {
        let mut problems = node::validate(&self.node);
        if !self.path.is_absolute() {
            problems.push("path: is not absolute".to_owned());
        }
        if !is_copyable(&self.path.to_string_lossy()) {
            problems.push(format!(
                "path: the copy command may hand `{}` to a shell on {}: name it with letters, digits, \
                 blanks and `_-./:+@%=,`",
                self.path.to_string_lossy().escape_debug(),
                self.node.name
            ));
        }
        if self.node.copy.is_none() {
            problems.push("node.copy: the node is this machine".to_owned());
        }
        problems
    }

    fn preview(&self) -> Preview {
        let unfinished = self.unfinished();
        let copy = node::copy(&self.node, &self.path, &unfinished, self.timeout.get());
        let mut commands = vec![
            look(&self.here(), &self.path),
            look(&self.node, &self.path),
            self.make_room(),
        ];
        commands.extend(copy);
        commands.push(look(&self.node, &unfinished));
        commands.push(self.give_name());
        let mut preview: Preview = commands
            .iter()
            .map(|command| PreviewLine::Command(command.to_string()))
            .collect();
        preview.push(PreviewLine::Checks(format!(
            "hashes here and on {} are equal; nothing is copied if they are already",
            self.node.name
        )));
        preview
    }

    fn programs(&self) -> Vec<String> {
        node::programs(&self.node)
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let look = node::command(&self.node, "true", Duration::from_secs(60));
        let what = format!("reaching the node {}", self.node.name);
        let (host, control) = (context.host, context.control);
        match node::run(&self.node, host, control, &look, &what) {
            Ok(_) => Vec::new(),
            Err(failure) => vec![node::finding(&failure)],
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let (host, control) = (context.host, context.control);
        if host.stat(&self.path)?.is_none() {
            return Err(
                Failure::refused(format!("there is no {}", self.path.display()))
                    .hint("put it there, then resume the run"),
            );
        }
        let ours = self.ask(host, control, &look(&self.here(), &self.path))?;
        let there = self.ask(host, control, &look(&self.node, &self.path))?;
        let summary = |text: &str| Outcome {
            summary: format!("{text}, sha256 {}", &ours[..12]),
            ..Outcome::default()
        };
        if ours == there {
            return Ok(summary("was there already"));
        }
        if there != node::absent() && !self.replace {
            return Err(self.different());
        }
        let what = format!("copying {} to {}", self.path.display(), self.node.name);
        node::run(&self.node, host, control, &self.make_room(), &what)?;
        let unfinished = self.unfinished();
        let Some(copy) = node::copy(&self.node, &self.path, &unfinished, self.timeout.get()) else {
            return Err(Failure::new(
                FailureKind::Internal,
                "the node has no copy command",
            ));
        };
        node::run(&self.node, host, control, &copy, &what)?;
        let arrived = self.ask(host, control, &look(&self.node, &unfinished))?;
        if arrived != ours {
            return Err(Failure::verification(format!(
                "{} arrived on {} with another hash",
                self.path.display(),
                self.node.name
            ))
            .hint("the copy command must keep modes (`scp -p`); look for space there, then resume the run"));
        }
        node::run(&self.node, host, control, &self.give_name(), &what)?;
        let named = self.ask(host, control, &look(&self.node, &self.path))?;
        if named != ours {
            return Err(self.different());
        }
        Ok(summary("delivered"))
    }
}
