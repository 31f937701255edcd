//! What a killed run left at work.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::json;
use upgrade_kit::adapter::Effect;
use upgrade_kit::event::{EventKind, RunOutcome};
use upgrade_kit::host::{Host, LocalHost, ProcessIdentity};
use upgrade_kit::journal::RunDirectory;
use upgrade_kit::run::{Left, RunError, later};

use super::killed::{boot_id, killed_run, notes, started};
use super::world::Stage;

#[expect(
    clippy::disallowed_methods,
    reason = "an orphan that no host of this program started"
)]
fn sleeper(run: Option<&str>) -> Child {
    let mut command = Command::new("sleep");
    if let Some(run) = run {
        command.env("UPGRADE_KIT_RUN", run);
    }
    command.arg("300").spawn().unwrap()
}

/// What the journal holds of a sleeper that a step started.
fn tool_of(step: &str, process: ProcessIdentity) -> EventKind {
    EventKind::ToolStarted {
        step: step.to_owned(),
        pid: process.pid,
        start_time: process.start_time,
        command: "sleep 300".to_owned(),
    }
}

#[test]
fn orphans_are_ended_before_anything_is_repeated() {
    let mut stage = Stage::new();
    let mut journaled = sleeper(None);
    let mut marked = sleeper(Some(&stage.killed));
    let mut stranger = sleeper(Some("another-run"));
    let process = LocalHost.process(journaled.id()).unwrap();
    stage.step("cut", &[], json!({}));
    let tool = tool_of("cut", process);
    killed_run(&stage, &boot_id(), vec![started("cut"), tool]);
    let (_, outcome, events) = stage.go_on_with_killed();
    let stranger_lives = stranger.try_wait().unwrap().is_none();
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    assert_eq!(outcome, RunOutcome::Done);
    assert!(stranger_lives);
    assert!(journaled.try_wait().unwrap().is_some());
    assert!(marked.try_wait().unwrap().is_some());
    let expected = [
        format!(
            "step `cut`: process {} (`sleep 300`) was still at work and was ended",
            process.pid
        ),
        format!(
            "process {} of the killed run was still at work and was ended",
            marked.id()
        ),
        "step `cut` was cut off and runs again".to_owned(),
    ];
    assert_eq!(notes(&events), expected);
}

/// Another run than the killed one ends what that has left at work, and says so.
#[test]
fn a_new_run_ends_the_orphans_of_a_killed_one() {
    let mut stage = Stage::new();
    let mut journaled = sleeper(None);
    let mut marked = sleeper(Some(&stage.killed));
    let process = LocalHost.process(journaled.id()).unwrap();
    stage.step("cut", &[], json!({}));
    let tool = tool_of("cut", process);
    killed_run(&stage, &boot_id(), vec![started("cut"), tool]);
    let (state, outcome, events) = stage.run();
    assert_eq!(outcome, RunOutcome::Done);
    assert!(journaled.try_wait().unwrap().is_some());
    assert!(marked.try_wait().unwrap().is_some());
    let EventKind::RunStarted { notes, order, .. } = &events[0].kind else {
        panic!("{:?}", events[0]);
    };
    assert_eq!(*order, 2, "the killed run was the first");
    let killed = format!("backup run {}", stage.killed);
    let expected = [
        format!(
            "{killed}: step `cut`: process {} (`sleep 300`) was still at work and was ended",
            process.pid
        ),
        format!(
            "{killed}: process {} of the killed run was still at work and was ended",
            marked.id()
        ),
    ];
    assert_eq!(notes, &expected);
    // The killed one is not the latest any more, and what came after it has changed something.
    let after = later(&stage.plan.state, &stage.killed).unwrap();
    assert!(matches!(after, Some(Left::Run(run)) if run.run == state.run));
}

#[test]
fn processes_that_only_look_like_orphans_are_left_alone() {
    // The number was given to somebody else; or the machine was restarted since.
    let boot = boot_id();
    for (boot, off) in [(boot.as_str(), 1), ("another-boot", 0)] {
        let mut child = sleeper(None);
        let process = LocalHost.process(child.id()).unwrap();
        let mut stage = Stage::new();
        stage.step("cut", &[], json!({}));
        let start_time = process.start_time + off;
        let tool = tool_of(
            "cut",
            ProcessIdentity {
                start_time,
                ..process
            },
        );
        killed_run(&stage, boot, vec![started("cut"), tool]);
        let outcome = stage.go_on_with_killed().1;
        let lives = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(outcome, RunOutcome::Done);
        assert!(lives, "boot {boot}, off by {off}");
    }
}

#[test]
fn the_job_of_an_external_step_is_left_to_its_step() {
    let mut stage = Stage::new();
    let mut child = sleeper(Some(&stage.killed));
    let process = LocalHost.process(child.id()).unwrap();
    stage.step("job", &[], json!({})).effect = Effect::External;
    let tool = tool_of("job", process);
    killed_run(&stage, &boot_id(), vec![started("job"), tool]);
    // Another run would work against it.
    let error = stage.execute().0.unwrap_err();
    let RunError::JobLeft { run, step, pid } = &error else {
        panic!("{error}");
    };
    assert_eq!(
        (run, step.as_str(), *pid),
        (&stage.killed, "job", child.id())
    );
    let hint = error.hint("--site s.yaml").unwrap();
    for words in [format!("resume {run} --site s.yaml"), format!("kill {pid}")] {
        assert!(hint.contains(&words), "{hint}");
    }
    let (runs, _) = RunDirectory::list(&stage.plan.state).unwrap();
    assert_eq!(runs.len(), 1, "the refused run has left something");
    let outcome = stage.go_on_with_killed().1;
    let lives = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(outcome, RunOutcome::Done);
    assert!(lives);
}

#[test]
fn an_orphan_that_ignores_the_request_to_end_is_killed() {
    let mut stage = Stage::new();
    #[expect(
        clippy::disallowed_methods,
        reason = "an orphan that no host of this program started"
    )]
    let mut child = Command::new("sh")
        .args(["-c", "trap '' TERM; while :; do sleep 1; done"])
        .env("UPGRADE_KIT_RUN", &stage.killed)
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(200));
    stage.step("cut", &[], json!({}));
    killed_run(&stage, &boot_id(), vec![started("cut")]);
    let began = Instant::now();
    let (_, outcome, _) = stage.go_on_with_killed();
    let waited = began.elapsed();
    assert_eq!(outcome, RunOutcome::Done);
    assert!(child.try_wait().unwrap().is_some());
    assert!(
        waited > Duration::from_secs(9),
        "it had its grace: {waited:?}"
    );
    assert!(waited < Duration::from_secs(25), "{waited:?}");
}
