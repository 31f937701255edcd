//! The executor: takes a frozen plan to its end, or to a place where `resume` can take it up.
//!
//! ```text
//! notices ──▶ Director (sync, pure) ──▶ effects ──▶ journal ▶ state ▶ sink, then threads
//!   ▲  ends, tools, lines, signals, time limits                    │
//!   └────────────────────────────────────────────────────────────────┘
//! ```
//!
//! One loop selects over everything that can happen; `decide` and the director turn it into
//! effects without touching the world, so both are tested without threads; only then something is
//! done, and always in this order: journal, state, sink, threads. A step's start is therefore on disk
//! before its first effect, and its end once its result was verified.
//!
//! The end of one step and the start of the next share a write and a sync: between them nothing
//! happens that either would have to be on disk for.
//!
//! Every step has a thread while it works. Why not async: see the crate's documentation.
//!
//! May import: `journal`, `plan`, `adapter`, `backup`, `host`, `event`. Must never: plan, print, or
//! know what a step is about. The one action that it knows is `gate`, because a gate does nothing but
//! ask.

mod decide;

mod after_boot;
mod crew;
mod director;
mod dispatch;
mod earlier;
mod error;
mod lanes;
mod mask;
mod orders;
mod orphans;
mod recorder;
mod request;
mod resume;
mod retry;
mod sets;
mod stop;
mod turns;
mod work;

pub use decide::Limits;
pub use dispatch::execute;
pub use earlier::{Left, later, unfinished};
pub use error::RunError;
pub use request::{
    Close, Closing, FillOutputs, FindAction, FindHost, Gate, GateAnswer, GateKeeper, ResolveSecret,
    RunReport, RunRequest, Services, Verdict,
};
pub use resume::{ResumeRequest, resume};
pub use stop::{StopRequest, StopSource};
