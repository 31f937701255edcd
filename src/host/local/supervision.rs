//! Watching one tool from its start to the end of its outputs, on the calling thread: one `poll`
//! over its end, its pipes and the stop request.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::group;
use super::outputs::{DrainError, Output};
use super::tool::Tool;
use crate::event::StopLevel;
use crate::host::{ExitStatus, Invocation, StopFlag};

/// How long outputs are waited for that something outside of the tool's group still holds open.
const LEAK_PERIOD: Duration = Duration::from_millis(200);

/// How often a group that was asked to end is looked at after its leader has ended.
const GROUP_TICK: Duration = Duration::from_millis(50);

/// How often things are looked at that the system gave no descriptor for.
const BLIND_TICK: Duration = Duration::from_millis(10);

/// At most this much is read of an output after its time is over: what a full pipe can hold.
const LAST_BYTES: usize = 1 << 20;

/// Where the tool stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    /// At work.
    Running,
    /// Asked to end; killed at that time.
    Asked(Instant),
    /// Killed, not yet gone.
    Killed,
    /// The leader is gone, others of the group were asked to end; killed at that time.
    Lingering(Instant),
    /// The group is gone; outputs are waited for until that time.
    Draining(Instant),
}

/// What came of it, apart from the outputs.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) status: ExitStatus,
    pub(super) timed_out: bool,
    pub(super) stopped: bool,
    pub(super) leaked: u32,
    /// An output failed on our side; the tool was ended for it.
    pub(super) broken: Option<DrainError>,
}

/// The watch over one tool.
pub(super) struct Supervision<'a> {
    tool: &'a mut Tool,
    stop: &'a StopFlag,
    /// Readable when the tool shall be ended because its input failed.
    input_failed: Option<BorrowedFd<'a>>,
    grace: Duration,
    detached: bool,
    deadline: Option<Instant>,
    stage: Stage,
    watched: Watched,
}

impl<'a> Supervision<'a> {
    pub(super) fn new(
        tool: &'a mut Tool,
        invocation: &Invocation,
        stop: &'a StopFlag,
        input_failed: Option<BorrowedFd<'a>>,
    ) -> Self {
        Self {
            tool,
            stop,
            input_failed,
            grace: invocation.grace,
            detached: invocation.detached,
            deadline: invocation
                .timeout
                .and_then(|limit| Instant::now().checked_add(limit)),
            stage: Stage::Running,
            watched: Watched {
                status: ExitStatus::Signal(0),
                timed_out: false,
                stopped: false,
                leaked: 0,
                broken: None,
            },
        }
    }

    /// Watches until the tool is gone and its outputs are closed or given up.
    pub(super) fn watch(mut self, outputs: &mut [Output<'_>; 2]) -> std::io::Result<Watched> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            self.obey();
            self.advance()?;
            if let Stage::Draining(until) = self.stage {
                let closed = outputs.iter().all(|output| output.pipe.is_none());
                if closed || Instant::now() >= until {
                    break;
                }
            }
            self.wait(outputs);
            for output in &mut *outputs {
                self.drain(output, &mut buffer);
            }
            self.tool.secrets.retain_mut(|feed| !feed.advance());
        }
        for output in outputs {
            let mut left = LAST_BYTES;
            while left > 0 {
                match self.drain(output, &mut buffer) {
                    0 => break,
                    bytes => left = left.saturating_sub(bytes),
                }
            }
        }
        Ok(self.watched)
    }

    /// Turns stop requests and time into what is done to the group.
    fn obey(&mut self) {
        let level = self.stop.level();
        match self.stage {
            Stage::Running | Stage::Asked(_) if level >= StopLevel::Kill => {
                self.watched.stopped |= self.stage == Stage::Running;
                self.kill();
            }
            Stage::Running if level >= StopLevel::Ask => {
                self.watched.stopped = true;
                self.ask();
            }
            Stage::Running if self.deadline.is_some_and(|at| Instant::now() >= at) => {
                self.watched.timed_out = true;
                self.ask();
            }
            Stage::Asked(kill_at) if Instant::now() >= kill_at => self.kill(),
            Stage::Lingering(kill_at)
                if level >= StopLevel::Kill
                    || Instant::now() >= kill_at
                    || group::survivors(self.tool.pid) == 0 =>
            {
                self.end_group();
            }
            _ => {}
        }
    }

    /// Notices that the leader has ended.
    fn advance(&mut self) -> std::io::Result<()> {
        if matches!(self.stage, Stage::Lingering(_) | Stage::Draining(_)) || !self.tool.has_ended()
        {
            return Ok(());
        }
        self.watched.status = self.tool.reap()?;
        match self.stage {
            Stage::Asked(kill_at) => self.stage = Stage::Lingering(kill_at),
            Stage::Running if self.detached => self.stage = Stage::Draining(Instant::now()),
            _ => self.end_group(),
        }
        Ok(())
    }

    fn ask(&mut self) {
        group::ask(self.tool.pid);
        self.stage = match Instant::now().checked_add(self.grace) {
            Some(kill_at) => Stage::Asked(kill_at),
            None => Stage::Asked(Instant::now() + Duration::from_secs(86_400)),
        };
    }

    fn kill(&mut self) {
        group::kill(self.tool.pid);
        self.stage = Stage::Killed;
    }

    /// Kills what is left of the group after its leader is gone.
    fn end_group(&mut self) {
        let left = group::survivors(self.tool.pid);
        if left > 0 {
            group::kill(self.tool.pid);
        }
        self.watched.leaked += left;
        self.stage = Stage::Draining(Instant::now() + LEAK_PERIOD);
    }

    fn drain(&mut self, output: &mut Output<'_>, buffer: &mut [u8]) -> usize {
        output.drain(buffer).unwrap_or_else(|error| {
            self.watched.broken.get_or_insert(error);
            if self.stage == Stage::Running {
                self.ask();
            }
            0
        })
    }

    /// Sleeps until something is to be done.
    fn wait(&mut self, outputs: &[Output<'_>; 2]) {
        let bell = match self.stage {
            Stage::Running => self.stop.bell(StopLevel::Ask),
            Stage::Asked(_) | Stage::Lingering(_) => self.stop.bell(StopLevel::Kill),
            Stage::Killed | Stage::Draining(_) => None,
        };
        let input_failed = self.input_failed.filter(|_| self.stage == Stage::Running);
        let leader = match self.stage {
            Stage::Lingering(_) | Stage::Draining(_) => None,
            _ => self.tool.pidfd.as_ref().map(AsFd::as_fd),
        };
        let readable = [bell, leader, input_failed];
        let pipes = outputs.iter().filter_map(|output| output.pipe.as_ref());
        let mut waits: Vec<PollFd<'_>> = readable
            .into_iter()
            .flatten()
            .chain(pipes.map(AsFd::as_fd))
            .map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN))
            .collect();
        let feeds = self.tool.secrets.iter();
        waits.extend(feeds.map(|feed| PollFd::new(&feed.pipe, PollFlags::OUT)));
        let limit = self.longest_wait(bell.is_some());
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        // A failed poll (a signal came) means no more than an early look at everything.
        let _ = poll(&mut waits, limit.as_ref());
        let failed = input_failed.is_some() && {
            let at = usize::from(bell.is_some()) + usize::from(leader.is_some());
            !waits[at].revents().is_empty()
        };
        if failed {
            self.ask();
        }
    }

    fn longest_wait(&self, has_bell: bool) -> Option<Duration> {
        let until = |at: Instant| at.saturating_duration_since(Instant::now());
        let limit = match self.stage {
            Stage::Running => self.deadline.map(until),
            Stage::Asked(at) | Stage::Draining(at) => Some(until(at)),
            Stage::Lingering(at) => Some(until(at).min(GROUP_TICK)),
            Stage::Killed => None,
        };
        let blind = match self.stage {
            Stage::Running | Stage::Asked(_) => !has_bell || self.tool.pidfd.is_none(),
            Stage::Killed => self.tool.pidfd.is_none(),
            Stage::Lingering(_) | Stage::Draining(_) => false,
        };
        if blind {
            Some(limit.map_or(BLIND_TICK, |limit| limit.min(BLIND_TICK)))
        } else {
            limit
        }
    }
}
