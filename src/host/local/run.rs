//! Running one tool to its end.

use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};

use super::input::Feeding;
use super::outputs::{DrainError, Output};
use super::process;
use super::spawn;
use super::supervision::{Supervision, Watched};
use super::tool::Tool;
use crate::event::StopLevel;
use crate::host::{
    Control, Exit, HostError, Invocation, ProcessIdentity, Stdin, Stdout, Streams, ToolStart,
};

/// See [`crate::host::Host::run`].
pub(super) fn run(
    invocation: &Invocation,
    streams: Streams<'_>,
    control: &Control,
) -> Result<Exit, HostError> {
    if control.stop.level() >= StopLevel::Ask {
        return Err(HostError::Stopped);
    }
    let (mut tool, pipes) = spawn::start(invocation, &streams, control)?;
    announce(&tool, invocation, control);
    let stdout = match streams.stdout {
        Stdout::Captured => Output::kept(pipes.stdout, control, false),
        Stdout::Writer(writer) => Output::written(pipes.stdout, writer),
    };
    let mut outputs = [
        stdout,
        Output::kept(pipes.stderr, control, invocation.private),
    ];
    let failed = |action, source| HostError::Stream {
        action,
        program: invocation.program.clone(),
        source,
    };
    let (watched, input_error) =
        if let (Stdin::Reader(reader), Some(pipe)) = (streams.stdin, pipes.stdin) {
            let feeding = Feeding::new().map_err(|error| failed("write the input of", error))?;
            let input = (reader, pipe, feeding);
            watch_and_feed(&mut tool, &mut outputs, invocation, control, input)
        } else {
            let supervision = Supervision::new(&mut tool, invocation, &control.stop, None);
            (supervision.watch(&mut outputs), None)
        };
    let [stdout, stderr] = outputs.map(Output::finish);
    let watched = watched.map_err(|error| failed("wait for", error))?;
    let broken = match (input_error, watched.broken) {
        (Some(error), _) => Some(failed("read the input for", error)),
        (None, Some(DrainError::Read(error))) => Some(failed("read the output of", error)),
        (None, Some(DrainError::Write(error))) => Some(failed("store the output of", error)),
        (None, None) => None,
    };
    match broken {
        // A reader or writer that gave up because of the stop is not what went wrong.
        Some(error) if !watched.stopped => Err(error),
        _ => Ok(Exit {
            status: watched.status,
            stdout,
            stderr,
            timed_out: watched.timed_out,
            stopped: watched.stopped,
            leaked: watched.leaked,
        }),
    }
}

fn watch_and_feed(
    tool: &mut Tool,
    outputs: &mut [Output<'_>; 2],
    invocation: &Invocation,
    control: &Control,
    (reader, pipe, feeding): (&mut (dyn Read + Send), OwnedFd, Feeding),
) -> (io::Result<Watched>, Option<io::Error>) {
    let watched = std::thread::scope(|scope| {
        let feeding = &feeding;
        scope.spawn(move || feeding.feed(reader, pipe));
        let watched = Supervision::new(
            tool,
            invocation,
            &control.stop,
            Some(feeding.failed.as_fd()),
        )
        .watch(outputs);
        feeding.end();
        watched
    });
    (watched, feeding.into_error())
}

/// Tells the executor of the process, before anything else is done with it.
fn announce(tool: &Tool, invocation: &Invocation, control: &Control) {
    let pid = tool.number();
    let start_time = process::stat(pid).map_or(0, |stat| stat.identity.start_time);
    (control.on_tool)(ToolStart {
        process: ProcessIdentity { pid, start_time },
        command: control.masker.mask(&invocation.to_string()),
    });
}
