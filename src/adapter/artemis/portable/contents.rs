//! What an export holds, and how that differs from a store.
//!
//! The elements are those of `XmlDataConstants.java`, the same from Artemis 2.0 to 2.44:
//!
//! ```text
//! activemq-journal
//!   bindings    address-binding and queue-binding, all empty
//!   messages    message with properties (property …), queues (queue …) and body, in pieces of Base64
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Write};

use super::super::digest::digest_of_set;
use super::super::inventory::ArtemisInventory;
use super::xml::{Tag, Word, Words, XmlError};
use crate::adapter::kahadb::counted;

/// What may stand in what.
const NESTING: &[(&str, &str)] = &[
    ("", "activemq-journal"),
    ("activemq-journal", "bindings"),
    ("activemq-journal", "messages"),
    ("bindings", "address-binding"),
    ("bindings", "queue-binding"),
    ("messages", "message"),
    ("message", "properties"),
    ("message", "queues"),
    ("message", "body"),
    ("properties", "property"),
    ("queues", "queue"),
];

/// So many messages that an import would change are told one by one.
const TOLD: usize = 20;

/// How the exporter writes a property without a value; a text of these letters would become one.
const NO_VALUE: &str = "_AMQ_NULL";

/// A message.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Exported {
    /// Its number in the store. It gets another one when it is imported.
    pub(super) id: i64,
    /// When it ends, in milliseconds since the epoch; 0 for never.
    pub(super) expiration: i64,
    /// Its queues, as places in [`Contents::names`].
    pub(super) queues: Vec<usize>,
    /// Whether its body is in a file of its own.
    pub(super) large: bool,
}

/// What an export holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Queues that hold messages.
    pub(super) names: Vec<String>,
    /// All queues that are there, empty ones too.
    pub(super) bindings: BTreeSet<String>,
    /// In the order of the export, which is the order of an import.
    pub(super) messages: Vec<Exported>,
    /// Messages that an import would change or lose, a sentence each.
    pub(super) problems: Vec<String>,
    /// Messages beyond those.
    pub(super) further_problems: u64,
    /// Tabs and line ends that the exporter wrote so that a reader would lose them.
    pub(super) mended: u64,
    /// Bytes of the mended text.
    pub(super) bytes: u64,
}

/// Why an export could not be passed on.
#[derive(Debug, thiserror::Error)]
pub(super) enum PassError {
    /// It could not be read, or is none.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The copy could not be written.
    #[error("{0}")]
    Write(io::Error),
}

/// Reads an export to its end and writes it on, mended, without the messages that are not kept. Messages are
/// counted from 0.
pub(super) fn pass(
    reader: impl BufRead,
    sink: &mut dyn Write,
    keep: &dyn Fn(usize) -> bool,
) -> Result<Contents, PassError> {
    let mut words = Words::new(reader);
    let mut state = State::default();
    let mut raw = Vec::new();
    loop {
        let word = words.next(&mut raw)?;
        if word == Word::End {
            break;
        }
        let was_inside = state.message.is_some();
        if let Err(problem) = state.take(word) {
            return Err(words.fault(problem).into());
        }
        let inside = was_inside || state.message.is_some();
        // What closes a message has counted it.
        let number =
            state.contents.messages.len() - usize::from(was_inside && state.message.is_none());
        if !inside || keep(number) {
            sink.write_all(&raw).map_err(PassError::Write)?;
            state.contents.bytes += raw.len() as u64;
        }
    }
    if !state.ended {
        let place = state.path.join("/");
        let place = if place.is_empty() {
            "nothing".to_owned()
        } else {
            format!("<{place}>")
        };
        return Err(words
            .fault(format!("the export is cut short: it ends within {place}"))
            .into());
    }
    state.contents.mended = words.mended;
    Ok(state.contents)
}

/// A message while it is read.
#[derive(Default)]
struct Open {
    message: Exported,
    body: u64,
    problems: Vec<String>,
}

#[derive(Default)]
struct State {
    contents: Contents,
    places: BTreeMap<String, usize>,
    path: Vec<&'static str>,
    message: Option<Open>,
    ended: bool,
}

impl State {
    fn take(&mut self, word: Word) -> Result<(), String> {
        let inner = self.path.last().copied().unwrap_or_default();
        match word {
            Word::Open { tag, empty } => {
                let nested = NESTING
                    .iter()
                    .find(|pair| **pair == (inner, tag.name.as_str()));
                let Some((_, name)) = nested.filter(|_| !self.ended) else {
                    return Err(format!("<{}> does not belong here", tag.name));
                };
                self.path.push(name);
                self.begin(&tag)?;
                if empty { self.end() } else { Ok(()) }
            }
            Word::Close(name) if name == inner => self.end(),
            Word::Close(name) => Err(format!("</{name}> closes nothing")),
            Word::DataBegins | Word::Data(_) | Word::DataEnds if inner != "body" => {
                Err("there is a body outside of a message".to_owned())
            }
            Word::Data(count) => {
                if let Some(open) = &mut self.message {
                    open.body += count;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, tag: &Tag) -> Result<(), String> {
        let lacks = |attribute: &str| format!("<{}> has no `{attribute}`", tag.name);
        let text = |attribute: &str| tag.value(attribute).ok_or_else(|| lacks(attribute));
        let number = |attribute: &str| text(attribute)?.parse().map_err(|_| lacks(attribute));
        match (tag.name.as_str(), &mut self.message) {
            ("queue-binding", _) => {
                self.contents.bindings.insert(text("name")?.to_owned());
            }
            ("message", _) => {
                self.message = Some(Open {
                    message: Exported {
                        id: number("id")?,
                        expiration: number("expiration")?,
                        ..Exported::default()
                    },
                    ..Open::default()
                });
            }
            ("queue", Some(open)) => {
                let name = text("name")?;
                let next = self.places.len();
                let place = *self.places.entry(name.to_owned()).or_insert(next);
                if place == next {
                    self.contents.names.push(name.to_owned());
                }
                open.message.queues.push(place);
            }
            ("property", Some(open)) => {
                open.problems
                    .extend(lost(tag, text("name")?, text("value")?));
            }
            ("body", Some(open)) => open.message.large = tag.value("isLarge") == Some("true"),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let name = self.path.pop();
        self.ended = self.path.is_empty();
        if name != Some("message") {
            return Ok(());
        }
        let Some(mut open) = self.message.take() else {
            return Ok(());
        };
        if open.message.queues.is_empty() {
            return Err(format!("message {} is in no queue", open.message.id));
        }
        if open.message.large && open.body == 0 {
            open.problems
                .push("its body was in a file, and is empty".to_owned());
        }
        if let Some(first) = open.problems.first() {
            let queue = &self.contents.names[open.message.queues[0]];
            let sentence = format!("message {} of queue {queue}: {first}", open.message.id);
            if self.contents.problems.len() < TOLD {
                self.contents.problems.push(sentence);
            } else {
                self.contents.further_problems += 1;
            }
        }
        self.contents.messages.push(open.message);
        Ok(())
    }
}

/// What an import would make of a property that it cannot read.
fn lost(tag: &Tag, name: &str, value: &str) -> Option<String> {
    if let Some(character) = tag.attributes.iter().find_map(|one| one.forbidden) {
        let code = u32::from(character);
        return Some(format!(
            "its property {name:?} holds the character U+{code:04X}, which XML cannot hold"
        ));
    }
    match tag.value("type") {
        None => Some(format!(
            "its property {name:?} is of a type that an export does not know"
        )),
        Some("string" | "simple-string") if value == NO_VALUE => Some(format!(
            "its property {name:?} holds the text {NO_VALUE}, which an import takes for no value"
        )),
        Some(_) => None,
    }
}

/// The messages of a queue in an export.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct InQueue {
    pub(super) ids: Vec<i64>,
    pub(super) large: u64,
}

impl Contents {
    /// By queue.
    pub(super) fn queues(&self) -> BTreeMap<String, InQueue> {
        let mut queues: BTreeMap<String, InQueue> = BTreeMap::new();
        for message in &self.messages {
            for place in &message.queues {
                let queue = queues.entry(self.names[*place].clone()).or_default();
                queue.ids.push(message.id);
                queue.large += u64::from(message.large);
            }
        }
        queues
    }

    /// In what the export differs from the store, a sentence each.
    pub(super) fn difference(&self, store: &ArtemisInventory) -> Vec<String> {
        let exported = self.queues();
        let held = store.queues.iter().filter(|(_, queue)| queue.messages > 0);
        let held: BTreeMap<_, _> = held.collect();
        let names: BTreeSet<&String> = exported.keys().chain(held.keys().copied()).collect();
        let mut sentences = Vec::new();
        for name in names {
            let found = exported.get(name).map_or(0, |queue| queue.ids.len() as u64);
            let expected = held.get(name).map_or(0, |queue| queue.messages);
            if found != expected {
                sentences.push(format!(
                    "queue {name}: {} in the export, {expected} in the store",
                    counted(found, "message")
                ));
                continue;
            }
            let ids = exported
                .get(name)
                .map(|queue| digest_of_set(queue.ids.clone()));
            if ids.as_ref() != held.get(name).map(|queue| &queue.ids_sha256) {
                sentences.push(format!(
                    "queue {name}: {} as in the store, but not the same ones",
                    counted(found, "message")
                ));
            }
        }
        sentences
    }
}
