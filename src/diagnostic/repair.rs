//! Finds every problem of a document with a decoder that stops at the first.
//!
//! The tree of the text is written out as text again and decoded; the error's path leads to a node,
//! which becomes a problem and is patched over in the tree (a wrong value by one that fits, an unknown
//! key by nothing, a missing key by a stand-in), and the tree is decoded again. It is written as text
//! because only the decoder itself knows how it reads a bare `1.20` as a text or a number. A complaint
//! about a stand-in is our own doing and never reported: it tells what the stand-in must be, and where
//! that is a mapping, which keys it must have.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use super::code::Code;
use super::flow;
use super::phrase::{Complaint, understand};
use super::problem::{Problem, Problems};
use super::source::SourceFile;
use super::suggest::{did_you_mean, suggest};
use super::tree::{Kind, Node, NodeId, Tree};

/// Reported problems of one document at most.
const MAX_PROBLEMS: usize = 50;

/// Bytes decoded in all rounds together at most, so that a large document is not decoded fifty times.
const MAX_DECODED: usize = 32 * 1024 * 1024;

/// Rounds at most. A problem takes a round, and one more for every stand-in that is refused.
const MAX_ROUNDS: usize = MAX_PROBLEMS * (STAND_INS.len() + 2);

/// What a stand-in is, tried in turn until the decoder takes one.
const STAND_INS: &[&str] = &["~", "\"\"", "0", "false", "[]", MAPPING, "\"a\""];

/// The stand-in that may have to get keys.
const MAPPING: &str = "{}";

/// A document under repair.
pub(super) struct Repair<'a> {
    file: &'a SourceFile,
    tree: Tree,
    stand_ins: HashMap<NodeId, usize>,
    /// Stand-ins that stand in the tree: mappings with the keys that were asked for, and words.
    invented: HashSet<NodeId>,
    removed: HashSet<(NodeId, String)>,
    problems: Problems,
}

/// Where an error's path leads: the nodes from the root down, each with the key it stands under.
struct Trail {
    steps: Vec<(Option<NodeId>, NodeId)>,
    /// The path's last key, if the mapping at the end of the trail does not have it.
    missing: Option<String>,
}

impl Trail {
    fn last(&self) -> NodeId {
        self.steps.last().map_or(0, |step| step.1)
    }
}

impl<'a> Repair<'a> {
    pub(super) fn new(file: &'a SourceFile, tree: &Tree) -> Self {
        let mut repair = Self {
            file,
            tree: tree.clone(),
            stand_ins: HashMap::new(),
            invented: HashSet::new(),
            removed: HashSet::new(),
            problems: Problems::new(),
        };
        repair.take_duplicates();
        repair
    }

    /// Every problem of the document, decoded as `T`.
    pub(super) fn all_problems<T: DeserializeOwned>(mut self) -> Problems {
        let mut decoded = 0;
        for _ in 0..MAX_ROUNDS {
            let Some(root) = self.tree.root else {
                break;
            };
            if self.problems.len() >= MAX_PROBLEMS || decoded > MAX_DECODED {
                break;
            }
            let mut text = String::new();
            flow::write(&self.tree, root, &|id| self.stand_in(id), &mut text);
            decoded += text.len();
            let decoder = serde_yaml::Deserializer::from_str(&text);
            let Err(error) = serde_path_to_error::deserialize::<_, T>(decoder) else {
                break;
            };
            let complaint = understand(&error.inner().to_string(), &error.path().to_string());
            if self.take(error.path(), complaint).is_none() {
                break;
            }
        }
        self.problems
    }

    /// Reports repeated keys and keeps the first of each.
    fn take_duplicates(&mut self) {
        for duplicate in std::mem::take(&mut self.tree.duplicates) {
            let problem = Problem::error(
                Code::DUPLICATE_KEY,
                format!("the key `{}` is there twice", duplicate.key),
            )
            .at(self.file.span(duplicate.again), "again here")
            .and(self.file.span(duplicate.first), "first here")
            .help("keep one of them");
            self.problems.push(problem);
        }
        for id in 0..self.tree.nodes.len() {
            let Kind::Mapping(entries) = self.tree.nodes[id].kind.clone() else {
                continue;
            };
            let mut seen = HashSet::new();
            let first = entries
                .into_iter()
                .filter(|(key, _)| {
                    self.tree
                        .scalar(*key)
                        .is_none_or(|text| seen.insert(text.to_owned()))
                })
                .collect();
            self.tree.nodes[id].kind = Kind::Mapping(first);
        }
    }

    /// Takes one complaint in: a problem, a patch. `None` when nothing more can be patched.
    fn take(&mut self, path: &Path, complaint: Complaint) -> Option<()> {
        let trail = self.follow(path);
        if let Some(at) = trail
            .steps
            .iter()
            .rposition(|(_, id)| self.stand_ins.contains_key(id) || self.invented.contains(id))
        {
            return self.better_stand_in(&trail, at, complaint);
        }
        match complaint {
            Complaint::UnknownKey { key, expected } => self.unknown_key(&trail, &key, &expected),
            Complaint::MissingKey(key) => self.missing_key(&trail, key),
            Complaint::DuplicateKey(key) => {
                let place = self.file.span(self.headline(&trail));
                let message = format!("the key `{key}` is there twice under two names");
                self.problems
                    .push(Problem::error(Code::DUPLICATE_KEY, message).at(place, ""));
                self.remove(&trail, trail.steps.len() - 1)
            }
            Complaint::Value {
                code,
                message,
                help,
                words: _,
            } => {
                let place = self.file.span(self.value_range(&trail));
                self.problems
                    .push(Problem::error(code, message).at(place, "").maybe_help(help));
                let id = trail.last();
                if Some(id) == self.tree.root {
                    return None;
                }
                self.stand_ins.insert(id, 0);
                Some(())
            }
        }
    }

    fn follow(&self, path: &Path) -> Trail {
        let mut trail = Trail {
            steps: self
                .tree
                .root
                .map(|root| (None, root))
                .into_iter()
                .collect(),
            missing: None,
        };
        for segment in path {
            let name = match segment {
                Segment::Seq { index } => index.to_string(),
                Segment::Map { key } => key.clone(),
                Segment::Enum { variant } => variant.clone(),
                Segment::Unknown => break,
            };
            match self.tree.child(trail.last(), &name) {
                Some(step) => trail.steps.push(step),
                // The variant of an enum written as a bare word has no level of its own.
                None if matches!(segment, Segment::Enum { .. }) => {}
                None => {
                    trail.missing = Some(name);
                    break;
                }
            }
        }
        trail
    }

    fn unknown_key(&mut self, trail: &Trail, key: &str, expected: &[String]) -> Option<()> {
        let parent = trail.steps.len().checked_sub(2).map(|at| trail.steps[at].1);
        let named = |id: &NodeId| self.tree.child(*id, key).is_some();
        let mapping = parent
            .filter(named)
            .or_else(|| Some(trail.last()).filter(named));
        let key_node = mapping
            .and_then(|id| self.tree.child(id, key))
            .and_then(|child| child.0);
        let range = key_node.map_or_else(
            || self.headline(trail),
            |id| self.tree.node(id).range.clone(),
        );
        let problem = Problem::error(Code::UNKNOWN_KEY, format!("unknown key `{key}`"))
            .at(self.file.span(range), "")
            .maybe_help(did_you_mean(key, expected.iter().map(String::as_str)));
        self.problems.push(problem);
        let (mapping, key_node) = (mapping?, key_node?);
        // A misspelt key is taken for the one that was meant: its value is checked as that, and the
        // key that was meant is not called missing.
        let meant = suggest(key, expected.iter().map(String::as_str))
            .filter(|meant| self.tree.child(mapping, meant).is_none());
        if let (Some(meant), Kind::Scalar { text, .. }) =
            (meant, &mut self.tree.nodes[key_node].kind)
        {
            meant.clone_into(text);
            return Some(());
        }
        let Kind::Mapping(entries) = &mut self.tree.nodes[mapping].kind else {
            return None;
        };
        entries.retain(|(id, _)| *id != key_node);
        Some(())
    }

    fn missing_key(&mut self, trail: &Trail, key: String) -> Option<()> {
        let mapping = trail.last();
        if self.removed.contains(&(mapping, key.clone())) {
            return self.remove(trail, trail.steps.len() - 1);
        }
        let whose = self.describe(trail);
        let problem = Problem::error(
            Code::MISSING_KEY,
            format!("the key `{key}` is missing{whose}"),
        )
        .at(
            self.file.span(self.headline(trail)),
            format!("`{key}` belongs here"),
        )
        .help(format!("add `{key}: …`"));
        self.problems.push(problem);
        self.add_stand_in(mapping, key)
    }

    /// Gives a mapping a key with a stand-in.
    fn add_stand_in(&mut self, mapping: NodeId, key: String) -> Option<()> {
        let end = self.tree.node(mapping).range.end;
        let name = self.tree.nodes.len();
        let Kind::Mapping(entries) = &mut self.tree.nodes[mapping].kind else {
            return None;
        };
        entries.push((name, name + 1));
        for text in [key, String::new()] {
            let kind = Kind::Scalar { text, plain: false };
            self.tree.nodes.push(Node {
                range: end..end,
                kind,
                tag: None,
            });
        }
        self.stand_ins.insert(name + 1, 0);
        Some(())
    }

    /// The words for a place below the top level (in `steps[2].retry`), or nothing at the top level.
    fn describe(&self, trail: &Trail) -> String {
        let mut path = String::new();
        for pair in trail.steps.windows(2) {
            let (parent, (key, id)) = (pair[0].1, pair[1]);
            match (&self.tree.node(parent).kind, key) {
                (Kind::Sequence(items), _) => {
                    let at = items.iter().position(|item| *item == id).unwrap_or(0);
                    _ = write!(path, "[{at}]");
                }
                (_, Some(key)) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(self.tree.scalar(key).unwrap_or("?"));
                }
                _ => {}
            }
        }
        if path.is_empty() {
            String::new()
        } else {
            format!(" in `{path}`")
        }
    }

    /// The text that stands for a node, if one does.
    fn stand_in(&self, id: NodeId) -> Option<&'static str> {
        self.stand_ins.get(&id).map(|&tried| STAND_INS[tried])
    }

    /// Makes the stand-in at `at` of the trail fit a complaint about it, or takes the next.
    fn better_stand_in(&mut self, trail: &Trail, at: usize, complaint: Complaint) -> Option<()> {
        let id = trail.steps[at].1;
        let is_mapping = match self.stand_in(id) {
            Some(text) => text == MAPPING,
            None => matches!(self.tree.node(id).kind, Kind::Mapping(_)),
        };
        // The word in a mapping that somebody wrote says what its other keys may be: none is made up.
        let is_in_invented = at > 0 && self.invented.contains(&trail.steps[at - 1].1);
        match complaint {
            Complaint::MissingKey(key)
                if is_mapping
                    && at + 1 == trail.steps.len()
                    && !self.removed.contains(&(id, key.clone())) =>
            {
                if self.stand_ins.contains_key(&id) {
                    self.invent(id, Kind::Mapping(Vec::new()));
                }
                return self.add_stand_in(id, key);
            }
            Complaint::Value { words, .. }
                if is_in_invented && self.stand_ins.contains_key(&id) =>
            {
                if let Some(text) = words.into_iter().next() {
                    self.invent(id, Kind::Scalar { text, plain: false });
                    return Some(());
                }
            }
            _ => {}
        }
        if self.invented.remove(&id) {
            if !is_mapping {
                return self.remove(trail, at);
            }
            let tried = STAND_INS.iter().position(|text| *text == MAPPING)?;
            self.stand_ins.insert(id, tried);
        }
        self.next_stand_in(trail, at)
    }

    /// Lets a stand-in stand in the tree itself.
    fn invent(&mut self, id: NodeId, kind: Kind) {
        self.stand_ins.remove(&id);
        self.invented.insert(id);
        self.tree.nodes[id].kind = kind;
        self.tree.nodes[id].tag = None;
    }

    /// The next stand-in for the node at `at` of the trail; if none is left, it goes.
    fn next_stand_in(&mut self, trail: &Trail, at: usize) -> Option<()> {
        let id = trail.steps[at].1;
        let next = self.stand_ins.get(&id).map_or(0, |tried| tried + 1);
        if next < STAND_INS.len() {
            self.stand_ins.insert(id, next);
            return Some(());
        }
        self.remove(trail, at)
    }

    /// Takes the node at `at` of the trail out of its parent; `None` for the root.
    fn remove(&mut self, trail: &Trail, at: usize) -> Option<()> {
        let parent = trail.steps[at.checked_sub(1)?].1;
        let (key, id) = trail.steps[at];
        if let Some(name) = key.and_then(|key| self.tree.scalar(key)) {
            self.removed.insert((parent, name.to_owned()));
        }
        match &mut self.tree.nodes[parent].kind {
            Kind::Sequence(items) => items.retain(|item| *item != id),
            Kind::Mapping(entries) => entries.retain(|(_, value)| *value != id),
            Kind::Scalar { .. } | Kind::Alias => return None,
        }
        Some(())
    }

    fn headline(&self, trail: &Trail) -> Range<usize> {
        match trail.steps.last() {
            Some((Some(key), id)) if !matches!(self.tree.node(*id).kind, Kind::Scalar { .. }) => {
                self.tree.node(*key).range.clone()
            }
            Some((_, id)) => self.tree.headline(*id),
            None => 0..0,
        }
    }

    /// The value, or the key of a value that is not written.
    fn value_range(&self, trail: &Trail) -> Range<usize> {
        match trail.steps.last() {
            Some((Some(key), id)) if self.tree.node(*id).range.is_empty() => {
                self.tree.node(*key).range.clone()
            }
            Some((_, id)) => self.tree.node(*id).range.clone(),
            None => 0..0,
        }
    }
}
