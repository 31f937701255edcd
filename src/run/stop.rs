//! Where requests to stop come from.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::event::StopLevel;

/// A request to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopRequest {
    /// One level more than before: Ctrl-C.
    More,
    /// The running tools shall end: SIGTERM, SIGHUP; the name of the signal.
    End(&'static str),
}

impl StopRequest {
    /// The level after this request.
    pub fn raise(self, level: StopLevel) -> StopLevel {
        match (self, level) {
            (Self::More, StopLevel::None) => StopLevel::NoNewSteps,
            (Self::More, StopLevel::NoNewSteps) => StopLevel::Ask,
            (Self::More, StopLevel::Ask | StopLevel::Kill) => StopLevel::Kill,
            (Self::End(_), level) => level.max(StopLevel::Ask),
        }
    }

    /// Who asked.
    pub fn by(self) -> &'static str {
        match self {
            Self::More => "Ctrl-C",
            Self::End(name) => name,
        }
    }
}

/// Where requests to stop come from.
#[derive(Debug, Default)]
pub enum StopSource {
    /// SIGINT, SIGTERM and SIGHUP of this process.
    #[default]
    Signals,
    /// A program that embeds the executor.
    Channel(UnboundedReceiver<StopRequest>),
}

/// The source while a run listens to it.
pub(super) enum Stops {
    Signals {
        interrupt: Signal,
        terminate: Signal,
        hangup: Signal,
    },
    Channel(UnboundedReceiver<StopRequest>),
}

impl Stops {
    /// Starts to listen. Must be called inside the runtime.
    pub(super) fn listen(source: StopSource) -> io::Result<Self> {
        Ok(match source {
            StopSource::Signals => Self::Signals {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hangup: signal(SignalKind::hangup())?,
            },
            StopSource::Channel(receiver) => Self::Channel(receiver),
        })
    }

    /// The next request. Waits for ever if none can come any more.
    pub(super) async fn next(&mut self) -> StopRequest {
        let request = match self {
            Self::Signals {
                interrupt,
                terminate,
                hangup,
            } => tokio::select! {
                Some(()) = interrupt.recv() => Some(StopRequest::More),
                Some(()) = terminate.recv() => Some(StopRequest::End("SIGTERM")),
                Some(()) = hangup.recv() => Some(StopRequest::End("SIGHUP")),
                else => None,
            },
            Self::Channel(receiver) => receiver.recv().await,
        };
        match request {
            Some(request) => request,
            None => std::future::pending().await,
        }
    }
}
