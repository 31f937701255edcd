//! What a killed run left at work is ended before anything is repeated.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::RunError;
use super::request::FindHost;
use crate::adapter::Effect;
use crate::event::{RunState, Tool};
use crate::host::{Host, HostError, ProcessIdentity};
use crate::plan::{Plan, PlannedStep};

/// An orphan that was asked to end has this long before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// A killed process is gone as soon as the system has torn it down; one that is stuck in the kernel
/// (a dead network file system) is not, and then the run must not go on.
const AFTER_KILL: Duration = Duration::from_secs(10);

const LOOK_EVERY: Duration = Duration::from_millis(20);

const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

/// Ends everything that the killed run left at work, and says what that was. Jobs of `external`
/// steps live on: their action takes them up again.
///
/// `same_boot` tells whether the machine is still up since the run worked; otherwise process numbers
/// in the journal mean nothing.
pub(super) fn end_orphans(
    plan: &Plan,
    state: &RunState,
    hosts: &FindHost,
    same_boot: bool,
) -> Result<Vec<String>, RunError> {
    let mut notes = Vec::new();
    let mut spared = false;
    let left = if same_boot {
        at_work(plan, state, hosts)
    } else {
        Vec::new()
    };
    for (planned, tool, host) in left {
        if planned.effect == Effect::External {
            spared = true;
            notes.push(found(
                planned,
                tool,
                "is left at work; its step takes it up again",
            ));
        } else {
            end(host.as_ref(), &[identity(tool)])?;
            notes.push(found(planned, tool, "was still at work and was ended"));
        }
    }
    // Children of a spared tool carry the run's id as others do, so then only what the journal names
    // can be told apart.
    if !spared {
        for host in hosts_of(plan, hosts) {
            let left = host.processes_of_run(&state.run);
            end(host.as_ref(), &left)?;
            for process in left {
                let pid = process.pid;
                notes.push(format!(
                    "process {pid} of the killed run was still at work and was ended"
                ));
            }
        }
    }
    Ok(notes)
}

/// Tools of unfinished steps that still live. For a run of this boot of the machine.
pub(super) fn at_work<'a>(
    plan: &'a Plan,
    state: &'a RunState,
    hosts: &FindHost,
) -> Vec<(&'a PlannedStep, &'a Tool, Arc<dyn Host>)> {
    let mut found = Vec::new();
    for (planned, step) in plan.steps.iter().zip(&state.steps) {
        if step.status.is_final() {
            continue;
        }
        let Some(host) = hosts(&planned.host) else {
            continue;
        };
        for tool in &step.tools {
            if host.process(tool.pid) == Some(identity(tool)) {
                found.push((planned, tool, Arc::clone(&host)));
            }
        }
    }
    found
}

fn identity(tool: &Tool) -> ProcessIdentity {
    ProcessIdentity {
        pid: tool.pid,
        start_time: tool.start_time,
    }
}

fn found(step: &PlannedStep, tool: &Tool, what: &str) -> String {
    format!(
        "step `{}`: process {} (`{}`) {what}",
        step.id, tool.pid, tool.command
    )
}

fn hosts_of(plan: &Plan, hosts: &FindHost) -> Vec<Arc<dyn Host>> {
    let mut names: Vec<&str> = plan.steps.iter().map(|step| step.host.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().filter_map(hosts).collect()
}

/// Asks the processes to end, kills those that do not, and returns once all are gone.
fn end(host: &dyn Host, processes: &[ProcessIdentity]) -> Result<(), RunError> {
    for (signal, time) in [(SIGTERM, GRACE), (SIGKILL, AFTER_KILL)] {
        let deadline = Instant::now() + time;
        let mut left = living(host, processes);
        for &process in &left {
            host.signal(process, signal)
                .map_err(|error| orphan(process, &error))?;
        }
        while !left.is_empty() && Instant::now() < deadline {
            std::thread::sleep(LOOK_EVERY);
            left = living(host, &left);
        }
        if left.is_empty() {
            return Ok(());
        }
    }
    match living(host, processes).first() {
        None => Ok(()),
        Some(process) => Err(RunError::Orphan {
            pid: process.pid,
            reason: "it does not react to SIGKILL".to_owned(),
        }),
    }
}

/// A start script ends before the server that it has put into its own group: a step that runs again must not
/// meet a server that is on its way out and take it for a running one.
fn living(host: &dyn Host, processes: &[ProcessIdentity]) -> Vec<ProcessIdentity> {
    let is_alive = |process: &&ProcessIdentity| match host.process(process.pid) {
        None => host.group_lives(process.pid),
        present => present == Some(**process),
    };
    processes.iter().filter(is_alive).copied().collect()
}

fn orphan(process: ProcessIdentity, error: &HostError) -> RunError {
    use std::error::Error;
    let reason = match error.source() {
        Some(source) => source.to_string(),
        None => error.to_string(),
    };
    RunError::Orphan {
        pid: process.pid,
        reason,
    }
}
