//! `zdt.find-rolled-out`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;

use super::arrived::{Arrived, Part, Place, places};
use super::node;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::event::Outcome;
use crate::host::{Control, Host};
use crate::site::weblogic::Topology;

/// Looks on every node whether a rollout has arrived there: what it moved away lies at its backup place,
/// servers run with its Java. Nodes with Windows cannot be asked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindRolledOut {
    /// The domain and the rollout.
    pub topology: Topology,
    /// The rollout that takes it back.
    pub way_back: Topology,
    /// Whether a workflow that had stopped in the middle was taken back before: what is left now must be
    /// on all nodes or on none.
    #[serde(default)]
    pub taken_back: Option<bool>,
    /// What must be found.
    #[serde(default)]
    pub expect: Option<Expected>,
}

/// What must be found on the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// The places are free to which a rollout and its way back move what they replace.
    Free,
    /// The rollout has arrived on every node.
    Everywhere,
    /// Nothing of it is there.
    Nowhere,
}

/// A rolling restart leaves nothing behind; on Windows nobody can look.
const NOTHING_TO_SEE: &str = "no node can tell";

impl FindRolledOut {
    fn places(&self) -> Vec<Place<'_>> {
        places(&self.topology, &self.way_back)
    }

    fn look(&self, host: &dyn Host, control: &Control) -> Result<Vec<Part>, Failure> {
        let mut parts = Vec::new();
        for place in self.places() {
            parts.extend(place.look(host, control)?);
        }
        Ok(parts)
    }

    /// What contradicts what is expected, and what to do.
    fn wrong(&self, parts: &[Part]) -> (Vec<String>, &'static str) {
        match self.expect {
            None => (Vec::new(), ""),
            Some(Expected::Free) => (
                parts.iter().flat_map(in_the_way).collect(),
                "`upgrade-kit resume` finishes a rollout that is there already, `upgrade-kit restore` takes it back; \
                 what an earlier way back left there, move away",
            ),
            Some(Expected::Everywhere) => (
                said(parts, Arrived::No, "is not rolled out to"),
                "the rollout ended and did not do it: look at the log of the Admin Server; a restore takes \
                 back what is there",
            ),
            Some(Expected::Nowhere) => (
                said(parts, Arrived::Yes, "is still rolled out on"),
                "the way back ended and did not do it: look at the log of the Admin Server, then restore again",
            ),
        }
    }

    fn outcome(&self, parts: &[Part]) -> Outcome {
        let [home, applications] = Spread::of_both(parts);
        let (topology, blind) = (&self.topology, self.places().is_empty());
        // Nobody can look: as long as no workflow was taken back, everything may be there.
        let maybe = blind && self.taken_back != Some(true);
        let has_home = topology.home.is_some() || topology.java_home.is_some();
        let outputs = [
            ("home", home.found() || (maybe && has_home)),
            (
                "applications",
                applications.found() || (maybe && !topology.applications.is_empty()),
            ),
            (
                "mixed",
                blind || home == Spread::Mixed || applications == Spread::Mixed,
            ),
        ];
        Outcome {
            summary: match self.expect {
                _ if blind => NOTHING_TO_SEE.to_owned(),
                Some(Expected::Free) => "every place is free".to_owned(),
                _ => summary(parts),
            },
            outputs: outputs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect::<Map<_, _>>(),
            ..Outcome::default()
        }
    }
}

/// On how many of the nodes something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spread {
    Nowhere,
    Mixed,
    Everywhere,
}

impl Spread {
    /// Of Oracle home and Java, or of applications. What nobody can tell may be there.
    fn of(parts: &[Part], application: bool) -> Self {
        let ours = || parts.iter().filter(|part| part.application == application);
        let any = |arrived| ours().any(|part| part.arrived == arrived);
        match (any(Arrived::Yes), any(Arrived::No)) {
            (true, true) => Self::Mixed,
            (true, false) => Self::Everywhere,
            (false, false) if any(Arrived::Unknown) => Self::Everywhere,
            (false, _) => Self::Nowhere,
        }
    }

    /// Of both.
    fn of_both(parts: &[Part]) -> [Self; 2] {
        [false, true].map(|application| Self::of(parts, application))
    }

    fn found(self) -> bool {
        self != Self::Nowhere
    }
}

/// The nodes of each text, both in the order in which they come first.
fn grouped<'a, T: PartialEq>(pairs: impl Iterator<Item = (T, &'a str)>) -> Vec<(T, Vec<&'a str>)> {
    let mut groups: Vec<(T, Vec<&str>)> = Vec::new();
    for (text, node) in pairs {
        match groups.iter_mut().find(|(other, _)| *other == text) {
            Some((_, nodes)) => nodes.push(node),
            None => groups.push((text, vec![node])),
        }
    }
    groups
}

/// Each part that is in that state, with its nodes.
fn said(parts: &[Part], arrived: Arrived, what: &str) -> Vec<String> {
    let those = parts.iter().filter(|part| part.arrived == arrived);
    grouped(those.map(|part| (part.name.as_str(), part.node.as_str())))
        .into_iter()
        .map(|(name, nodes)| format!("{name} {what} {}", nodes.join(", ")))
        .collect()
}

fn in_the_way(part: &Part) -> impl Iterator<Item = String> {
    part.left.iter().map(|path| {
        format!(
            "{path} is on {} already: a rollout or its way back moves {} there",
            part.node, part.name
        )
    })
}

/// What each node has, nodes that have the same together.
fn summary(parts: &[Part]) -> String {
    if parts.iter().all(|part| part.arrived == Arrived::No) {
        return "nothing of the rollout is on any node".to_owned();
    }
    let mut nodes: Vec<&str> = parts.iter().map(|part| part.node.as_str()).collect();
    nodes.dedup();
    let of_node = |node| (has(parts.iter().filter(|part| part.node == node)), node);
    let texts: Vec<String> = grouped(nodes.into_iter().map(of_node))
        .iter()
        .map(|(has, nodes)| format!("on {}: {has}", nodes.join(", ")))
        .collect();
    texts.join("; ")
}

fn has<'a>(parts: impl Iterator<Item = &'a Part>) -> String {
    let mut texts = Vec::new();
    for part in parts {
        match part.arrived {
            Arrived::Yes => texts.push(part.name.clone()),
            Arrived::No => {}
            Arrived::Unknown => texts.push(format!("perhaps {}", part.name)),
        }
    }
    if texts.is_empty() {
        return "nothing".to_owned();
    }
    texts.join(", ")
}

impl Action for FindRolledOut {
    const NAME: &'static str = "zdt.find-rolled-out";
    const SUMMARY: &'static str = "Looks on the nodes whether a rollout has arrived there";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "home",
            kind: OutputKind::Boolean,
            about: "whether the Oracle home or Java of the rollout is on a node",
        },
        OutputSpec {
            name: "applications",
            kind: OutputKind::Boolean,
            about: "whether an application of the rollout is on a node",
        },
        OutputSpec {
            name: "mixed",
            kind: OutputKind::Boolean,
            about: "whether something is on some nodes and not on others, or nobody can tell",
        },
    ];

    fn validate(&self) -> Vec<String> {
        let places = self.places();
        places
            .iter()
            .flat_map(|place| node::validate(place.node))
            .collect()
    }

    fn preview(&self) -> Preview {
        let mut preview: Preview = self
            .places()
            .iter()
            .map(|place| PreviewLine::Command(place.command().to_string()))
            .collect();
        preview.push(PreviewLine::Checks(
            match self.expect {
                _ if preview.is_empty() => NOTHING_TO_SEE,
                None if self.taken_back.is_some() => {
                    "what is rolled out is on all of these nodes, or on none"
                }
                None => "what of the rollout is on these nodes",
                Some(Expected::Free) => {
                    "nothing lies where the rollout and its way back move things to"
                }
                Some(Expected::Everywhere) => "everything is rolled out to all of these nodes",
                Some(Expected::Nowhere) => "nothing of the rollout is on these nodes",
            }
            .to_owned(),
        ));
        preview
    }

    fn programs(&self) -> Vec<String> {
        let places = self.places();
        places
            .iter()
            .flat_map(|place| node::programs(place.node))
            .collect()
    }

    /// What is to be found after a rollout cannot be looked for before it.
    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let later = [Some(Expected::Everywhere), Some(Expected::Nowhere)];
        if self.taken_back.is_some() || later.contains(&self.expect) {
            return Vec::new();
        }
        let parts = match self.look(context.host, context.control) {
            Ok(parts) => parts,
            Err(failure) => return vec![node::finding(&failure)],
        };
        if self.expect.is_some() {
            let (texts, hint) = self.wrong(&parts);
            return texts
                .into_iter()
                .map(|text| Finding::refuse(text).hint(hint))
                .collect();
        }
        let spread = Spread::of_both(&parts);
        if parts.is_empty() {
            Vec::new()
        } else if spread.contains(&Spread::Mixed) {
            let hint = "the workflow that stopped in the middle is reverted first";
            vec![Finding::warning(summary(&parts)).hint(hint)]
        } else if spread == [Spread::Nowhere; 2] {
            vec![
                Finding::info(summary(&parts))
                    .hint("there is nothing to roll back, and nothing is"),
            ]
        } else {
            Vec::new()
        }
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let parts = self.look(context.host, context.control)?;
        let (texts, hint) = self.wrong(&parts);
        let mut texts = texts.into_iter();
        if let Some(first) = texts.next() {
            let mut failure = Failure::verification(first).hint(hint);
            failure.0.causes = texts.collect();
            return Err(failure);
        }
        let mixed = Spread::of_both(&parts).contains(&Spread::Mixed);
        if mixed && self.taken_back.is_some() {
            let hint = "no workflow of the domain took it back, and a rollback wants it on every node: look \
                        at the workflows in WebLogic, revert the one that stopped or bring the other nodes \
                        to the same state, then resume the run";
            return Err(Failure::refused(summary(&parts)).hint(hint));
        }
        Ok(self.outcome(&parts))
    }
}
