//! Reading every message of a module, without taking one.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use serde::Deserialize;

use super::connection::Connection;
use super::jms_state::JMS;
use super::message::{FRAME_END, FRAME_START, Message, walk};
use super::record::Holder;
use super::result::ResultLines;
use super::script::{Literal, Script};
use super::session::Session;
use crate::adapter::Failure;
use crate::event::FailureKind;

const BROWSE: &str = include_str!("scripts/browse_jms.py");

/// The script that reads every message of the module into files of the step's directory. With
/// `paused` it refuses unless production and consumption are paused before and after.
pub(super) fn script(
    name: &str,
    connection: &Connection,
    module: &str,
    targets: &[String],
    paused: bool,
) -> Script {
    Script::new(
        name,
        connection,
        &[
            ("JMS_MODULE", Literal::Text(module)),
            ("TARGETS", Literal::Texts(targets)),
            ("FILES", Literal::Text(name)),
            ("FRAME_START", Literal::Text(FRAME_START)),
            ("FRAME_END", Literal::Text(FRAME_END)),
            ("MUST_BE_PAUSED", Literal::Number(u64::from(paused))),
        ],
        &[JMS, BROWSE],
    )
}

/// A destination at run time, whether it holds messages or has subscribers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Place {
    pub(super) server: String,
    pub(super) jms_server: String,
    pub(super) member: String,
    pub(super) name: String,
    pub(super) queue: String,
    pub(super) topic: u8,
}

/// Where a message is in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Piece {
    pub(super) offset: u64,
    pub(super) length: u64,
    handle: i64,
    pub(super) delayed: u8,
    in_flight: u8,
}

/// What was read of a holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) holder: Holder,
    pub(super) pieces: Vec<Piece>,
}

#[derive(Debug, Deserialize)]
struct Counts {
    before: u64,
    size: u64,
    after: u64,
}

/// Everything that was read.
#[derive(Debug, Default)]
pub(super) struct Browsed {
    pub(super) places: Vec<Place>,
    pub(super) held: Vec<Held>,
}

/// Runs the script and judges its numbers: what the server counts before and after, what the cursor
/// counts and what was written must be one number, no message twice, none in flight.
pub(super) fn browse(
    session: &Session<'_>,
    script: &Script,
    limit: Duration,
) -> Result<Browsed, Failure> {
    collect(&session.run(script, limit)?)
}

fn collect(result: &ResultLines) -> Result<Browsed, Failure> {
    fn decode<T: for<'a> Deserialize<'a>>(line: &serde_json::Value) -> Result<T, Failure> {
        T::deserialize(line).map_err(|error| {
            let text = "a line of a script is not understood";
            Failure::new(FailureKind::Internal, text).because(&error)
        })
    }
    let mut found = Browsed::default();
    for line in &result.lines {
        match (line["kind"].as_str(), found.held.last_mut()) {
            (Some("place"), _) => found.places.push(decode(line)?),
            (Some("holder"), _) => found.held.push(Held {
                holder: decode(line)?,
                pieces: Vec::new(),
            }),
            (Some("message"), Some(held)) => held.pieces.push(decode(line)?),
            (Some("counts"), Some(held)) => judge(held, &decode(line)?)?,
            _ => {}
        }
    }
    Ok(found)
}

fn judge(held: &Held, counts: &Counts) -> Result<(), Failure> {
    let label = held.holder.label();
    let written = held.pieces.len() as u64;
    let Counts {
        before,
        size,
        after,
    } = *counts;
    if before != size || size != written || written != after {
        return Err(Failure::verification(format!(
            "{label} counted {before} messages before and {after} after, its cursor {size}, and \
             {written} were read"
        ))
        .hint("look what still sends or receives, pause JMS, then resume the run"));
    }
    let handles: HashSet<_> = held.pieces.iter().map(|piece| piece.handle).collect();
    if handles.len() as u64 != written {
        return Err(
            Failure::verification(format!("{label} gave a message twice"))
                .hint("resume the run, which reads all of it again"),
        );
    }
    let taken = held
        .pieces
        .iter()
        .filter(|piece| piece.in_flight != 0)
        .count();
    if taken > 0 {
        return Err(Failure::verification(format!(
            "{taken} messages of {label} are in flight: nobody can tell whether they will stay"
        ))
        .hint("run `weblogic.pause-jms` before, which waits for them"));
    }
    Ok(())
}

/// Reads the file of a holder in the step's directory; copies it on the way.
pub(super) fn read_file(
    session: &Session<'_>,
    held: &Held,
    copy: &mut dyn io::Write,
    each: impl FnMut(&str, Message) -> Result<(), String>,
) -> Result<(), Failure> {
    let path = session.directory.join(&held.holder.file);
    let pieces = held.pieces.iter().map(|piece| (piece.offset, piece.length));
    let reader = io::BufReader::new(session.host.open(&path)?);
    walk(reader, pieces, copy, each).map_err(|problem| {
        Failure::verification(format!(
            "what was read of {}: {problem}",
            held.holder.label()
        ))
        .hint(format!("look at {}", path.display()))
    })
}
