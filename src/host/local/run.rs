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
    let (watched, input_error) = match (streams.stdin, pipes.stdin) {
        (Stdin::Reader(reader), Some(pipe)) => {
            let feeding = Feeding::new().map_err(|error| failed("write the input of", error))?;
            watch_and_feed(
                &mut tool,
                &mut outputs,
                invocation,
                control,
                (reader, pipe, feeding),
            )
        }
        _ => (
            Supervision::new(&mut tool, invocation, &control.stop, None).watch(&mut outputs),
            None,
        ),
    };
    let [stdout, stderr] = outputs.map(Output::finish);
    let watched = watched.map_err(|error| failed("wait for", error))?;
    if let Some(error) = input_error {
        return Err(failed("read the input for", error));
    }
    match watched.broken {
        Some(DrainError::Read(error)) => return Err(failed("read the output of", error)),
        Some(DrainError::Write(error)) => return Err(failed("store the output of", error)),
        None => {}
    }
    Ok(Exit {
        status: watched.status,
        stdout,
        stderr,
        timed_out: watched.timed_out,
        stopped: watched.stopped,
        leaked: watched.leaked,
    })
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
