//! What a killed run left at work.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::json;
use upgrade_kit::adapter::Effect;
use upgrade_kit::event::{EventKind, RunOutcome};
use upgrade_kit::host::{Host, LocalHost};

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

#[test]
fn orphans_are_ended_before_anything_is_repeated() {
    let mut stage = Stage::new();
    let mut journaled = sleeper(None);
    let mut marked = sleeper(Some(&stage.killed));
    let mut stranger = sleeper(Some("another-run"));
    let process = LocalHost.process(journaled.id()).unwrap();
    stage.step("cut", &[], json!({}));
    let tool = EventKind::ToolStarted {
        step: "cut".to_owned(),
        pid: process.pid,
        start_time: process.start_time,
        command: "sleep 300".to_owned(),
    };
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

#[test]
fn processes_that_only_look_like_orphans_are_left_alone() {
    // The number was given to somebody else; or the machine was restarted since.
    let boot = boot_id();
    for (boot, off) in [(boot.as_str(), 1), ("another-boot", 0)] {
        let mut child = sleeper(None);
        let process = LocalHost.process(child.id()).unwrap();
        let mut stage = Stage::new();
        stage.step("cut", &[], json!({}));
        let tool = EventKind::ToolStarted {
            step: "cut".to_owned(),
            pid: process.pid,
            start_time: process.start_time + off,
            command: "sleep 300".to_owned(),
        };
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
    let tool = EventKind::ToolStarted {
        step: "job".to_owned(),
        pid: process.pid,
        start_time: process.start_time,
        command: "sleep 300".to_owned(),
    };
    killed_run(&stage, &boot_id(), vec![started("job"), tool]);
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
