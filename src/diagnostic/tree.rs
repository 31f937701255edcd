//! The shape of a YAML text with the place of every key and value.
//!
//! Built from parser events, only when a place is asked for: a document without problems never pays
//! for it.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as Marks};

use super::limits::MAX_DEPTH;
use super::offsets::Offsets;

/// The parser's words where it gives up on depth itself, while it looks ahead for a key.
const PARSER_TOO_DEEP: &str = "recursion limit exceeded";

/// Position of a node in [`Tree::nodes`].
pub(super) type NodeId = usize;

/// A key or value.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Bytes of the text. Empty for a value that is not there (`key:`).
    pub(super) range: Range<usize>,
    /// What it is.
    pub(super) kind: Kind,
    /// `!tag` as written, if any.
    pub(super) tag: Option<String>,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A scalar, decoded.
    Scalar {
        /// Its text.
        text: String,
        /// Whether it was written without quotes and so may be a number, a boolean or null.
        plain: bool,
    },
    /// A list.
    Sequence(Vec<NodeId>),
    /// Keys and values as written, repeated keys included.
    Mapping(Vec<(NodeId, NodeId)>),
    /// `*name`.
    Alias,
}

/// A key that a mapping has more than once.
#[derive(Debug, Clone)]
pub(super) struct Duplicate {
    /// The key.
    pub(super) key: String,
    /// Where it was first.
    pub(super) first: Range<usize>,
    /// Where it is again.
    pub(super) again: Range<usize>,
}

/// Why a text has no tree.
#[derive(Debug, Clone)]
pub(super) enum SyntaxFault {
    /// The parser's words and the byte where it stopped.
    Syntax {
        /// Its words.
        info: String,
        /// Where.
        offset: usize,
    },
    /// More than [`MAX_DEPTH`] levels; the byte where the first level too many begins.
    TooDeep(usize),
}

/// The shape of a text.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Option<NodeId>,
    /// In the order of the text.
    pub(super) duplicates: Vec<Duplicate>,
    /// Aliases and merge keys, in the order of the text.
    pub(super) aliases: Vec<Range<usize>>,
    /// Where a second document begins.
    pub(super) second_document: Option<usize>,
}

impl Tree {
    /// Reads the first document of a text.
    pub(super) fn read(text: &str) -> Result<Self, SyntaxFault> {
        let offsets = Offsets::of(text);
        let mut builder = Builder::default();
        for event in Parser::new_from_str(text) {
            match event {
                Ok((event, marks)) => {
                    if builder.take(event, &marks, &offsets)? {
                        break;
                    }
                }
                Err(error) => {
                    let offset = offsets.byte(error.marker());
                    let info = error.info().to_owned();
                    return Err(if info == PARSER_TOO_DEEP {
                        SyntaxFault::TooDeep(offset)
                    } else {
                        SyntaxFault::Syntax { info, offset }
                    });
                }
            }
        }
        builder.tree.find_duplicates();
        Ok(builder.tree)
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// The text of a scalar.
    pub(super) fn scalar(&self, id: NodeId) -> Option<&str> {
        match &self.nodes[id].kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// One step down: the key's node (mappings only) and the value's.
    pub(super) fn child(&self, id: NodeId, segment: &str) -> Option<(Option<NodeId>, NodeId)> {
        match &self.nodes[id].kind {
            Kind::Mapping(entries) => entries
                .iter()
                .find(|(key, _)| self.scalar(*key) == Some(segment))
                .map(|&(key, value)| (Some(key), value)),
            Kind::Sequence(items) => {
                let at: usize = segment.parse().ok()?;
                items.get(at).map(|&item| (None, item))
            }
            Kind::Scalar { .. } | Kind::Alias => None,
        }
    }

    /// The value's node at exactly `path`.
    pub(super) fn exact<S: AsRef<str>>(&self, path: &[S]) -> Option<NodeId> {
        let mut id = self.root?;
        for segment in path {
            id = self.child(id, segment.as_ref())?.1;
        }
        Some(id)
    }

    /// Bytes of the key or value at `path`, or of the deepest part of it that exists.
    pub(super) fn nearest<S: AsRef<str>>(&self, path: &[S], key: bool) -> Range<usize> {
        let Some(mut id) = self.root else {
            return 0..0;
        };
        let mut key_node = None;
        for (at, segment) in path.iter().enumerate() {
            let Some((next_key, next)) = self.child(id, segment.as_ref()) else {
                // The value whose child is missing may span the whole file: its own key says more.
                return key_node.map_or_else(
                    || self.headline(id),
                    |node: NodeId| self.nodes[node].range.clone(),
                );
            };
            key_node = next_key;
            id = next;
            if key && at + 1 == path.len() {
                break;
            }
        }
        match key_node {
            Some(node) if key || self.nodes[id].range.is_empty() => self.nodes[node].range.clone(),
            _ if key => self.headline(id),
            _ => self.nodes[id].range.clone(),
        }
    }

    /// What stands for a whole mapping or list: the entry that names it, or its first key.
    pub(super) fn headline(&self, id: NodeId) -> Range<usize> {
        match &self.nodes[id].kind {
            Kind::Mapping(entries) => {
                let naming = ["id", "name", "part", "runbook"]
                    .iter()
                    .find_map(|name| self.child(id, name));
                match (naming, entries.first()) {
                    (Some((Some(key), value)), _) => {
                        self.nodes[key].range.start..self.nodes[value].range.end
                    }
                    (_, Some((key, _))) => self.nodes[*key].range.clone(),
                    _ => self.nodes[id].range.clone(),
                }
            }
            _ => self.nodes[id].range.clone(),
        }
    }

    /// Bytes of a part of a scalar. The decoded text and the written one differ by quotes, escapes
    /// and indentation, so the part is looked for by its letters: its n-th occurrence in the one is
    /// its n-th in the other.
    pub(super) fn part<S: AsRef<str>>(
        &self,
        text: &str,
        path: &[S],
        part: Range<usize>,
    ) -> Range<usize> {
        let whole = self.nearest(path, false);
        let Some(value) = self.exact(path).and_then(|id| self.scalar(id)) else {
            return whole;
        };
        let Some(wanted) = value.get(part.clone()).filter(|wanted| !wanted.is_empty()) else {
            return whole;
        };
        let before = value
            .match_indices(wanted)
            .take_while(|(at, _)| *at < part.start)
            .count();
        match text[whole.clone()].match_indices(wanted).nth(before) {
            Some((at, _)) => whole.start + at..whole.start + at + wanted.len(),
            None => whole,
        }
    }

    fn find_duplicates(&mut self) {
        let mut found = Vec::new();
        for node in &self.nodes {
            let Kind::Mapping(entries) = &node.kind else {
                continue;
            };
            let mut seen: HashMap<&str, NodeId> = HashMap::with_capacity(entries.len());
            for &(key, _) in entries {
                let Some(text) = self.scalar(key) else {
                    continue;
                };
                match seen.get(text) {
                    None => _ = seen.insert(text, key),
                    Some(&first) => found.push(Duplicate {
                        key: text.to_owned(),
                        first: self.nodes[first].range.clone(),
                        again: self.nodes[key].range.clone(),
                    }),
                }
            }
        }
        found.sort_by_key(|duplicate| duplicate.again.start);
        self.duplicates = found;
    }
}

/// An open mapping or list.
struct Open {
    id: NodeId,
    key: Option<NodeId>,
}

#[derive(Default)]
struct Builder {
    tree: Tree,
    open: Vec<Open>,
    documents: usize,
}

impl Builder {
    /// Takes one event in; true when the first document is over and a second one begins.
    fn take(
        &mut self,
        event: Event<'_>,
        marks: &Marks,
        offsets: &Offsets<'_>,
    ) -> Result<bool, SyntaxFault> {
        let range = offsets.byte(&marks.start)..offsets.byte(&marks.end);
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.tree.second_document = Some(range.start);
                    return Ok(true);
                }
            }
            Event::Scalar(value, style, _, tag) => {
                let plain = style == ScalarStyle::Plain;
                let kind = Kind::Scalar {
                    text: value.into_owned(),
                    plain,
                };
                let range = offsets.trimmed(range);
                self.add(kind, range, tag.map(|tag| tag.to_string()));
            }
            Event::Alias(_) => {
                self.tree.aliases.push(range.clone());
                self.add(Kind::Alias, range, None);
            }
            Event::SequenceStart(_, tag) => {
                self.open(
                    Kind::Sequence(Vec::new()),
                    range,
                    tag.map(|tag| tag.to_string()),
                )?;
            }
            Event::MappingStart(_, tag) => {
                self.open(
                    Kind::Mapping(Vec::new()),
                    range,
                    tag.map(|tag| tag.to_string()),
                )?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(range.end),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(false)
    }

    fn open(
        &mut self,
        kind: Kind,
        range: Range<usize>,
        tag: Option<String>,
    ) -> Result<(), SyntaxFault> {
        if self.open.len() >= MAX_DEPTH {
            return Err(SyntaxFault::TooDeep(range.start));
        }
        let id = self.add(kind, range, tag);
        self.open.push(Open { id, key: None });
        Ok(())
    }

    fn close(&mut self, flow_end: usize) {
        let Some(open) = self.open.pop() else {
            return;
        };
        let last = match &self.tree.nodes[open.id].kind {
            Kind::Sequence(items) => items.last().copied(),
            Kind::Mapping(entries) => entries.last().map(|&(key, value)| {
                if self.tree.nodes[value].range.is_empty() {
                    key
                } else {
                    value
                }
            }),
            Kind::Scalar { .. } | Kind::Alias => None,
        };
        // A block ends where the parser notices that it has ended, lines later; its last child tells
        // better. A flow collection ends with its bracket, which has a width.
        let end = last.map_or(flow_end, |last| self.tree.nodes[last].range.end);
        let node = &mut self.tree.nodes[open.id];
        let is_flow = node.range.len() == 1;
        node.range.end = if is_flow {
            flow_end
        } else {
            end.max(node.range.start)
        };
    }

    fn add(&mut self, kind: Kind, range: Range<usize>, tag: Option<String>) -> NodeId {
        let id = self.tree.nodes.len();
        if matches!(&kind, Kind::Scalar { text, plain: true } if text == "<<")
            && self.open.last().is_some_and(|open| {
                open.key.is_none() && matches!(self.tree.nodes[open.id].kind, Kind::Mapping(_))
            })
        {
            self.tree.aliases.push(range.clone());
        }
        self.tree.nodes.push(Node { range, kind, tag });
        match self.open.last_mut() {
            None => self.tree.root = self.tree.root.or(Some(id)),
            Some(open) => match &mut self.tree.nodes[open.id].kind {
                Kind::Sequence(items) => items.push(id),
                Kind::Mapping(entries) => match open.key.take() {
                    None => open.key = Some(id),
                    Some(key) => entries.push((key, id)),
                },
                Kind::Scalar { .. } | Kind::Alias => {}
            },
        }
        id
    }
}
