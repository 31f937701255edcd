//! `upgrade-kit` takes an installation of enterprise middleware from one version to the next and,
//! if that goes wrong, back again with nothing lost.
//!
//! # The way the data takes
//!
//! ```text
//! site.yaml ─┐
//!            ├─▶ documents ─▶ plan (graph) ─▶ run ─▶ events ─▶ run state ─▶ terminal │ lines │ json
//! runbooks ──┘    text+spans     pure, sync     tokio    journal     fold
//! ```
//!
//! # Rooms
//!
//! An importer stands above what it imports; nothing points up. `tests/arrows.rs` holds the code to
//! this list.
//!
//! - `cli`: one file per command; the only room that wires the others together.
//! - `report`: folds of events into something to look at.
//! - `run`: the executor: decide (pure), dispatch, attempts, stop levels, resume.
//! - `journal`: a run's directory: append and sync, read, lock.
//! - `plan`: resolve, graph, select, explain. Pure and synchronous.
//! - `runbook`: the YAML language and the shipped runbooks.
//! - `adapter`: one file or folder per tool: typed options, preview (pure), perform.
//! - `backup`: backup sets; the only place that builds a path inside a set.
//! - `site`: `site.yaml`, secret references, discovery of an existing installation.
//! - `host`: everything a step may do to a machine. The only room that starts processes.
//! - `event`: the events of a run and their fold. Pure.
//! - `diagnostic`: source spans, error codes, the one renderer of problems in YAML files.
//!
//! # Why adapters are synchronous
//!
//! An adapter streams: a dump through a compressor and a hash into a file. Blocking code says that
//! in the order it happens and costs no task switch per chunk. The executor gives every step a
//! thread of its own; every wait inside [`host`] watches the run's stop level.

pub mod adapter;
pub mod backup;
pub mod cli;
pub mod diagnostic;
pub mod event;
pub mod host;
pub mod journal;
pub mod plan;
pub mod report;
pub mod run;
pub mod runbook;
pub mod site;
