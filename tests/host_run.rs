//! Running real tools on the local host.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use upgrade_kit::event::StopLevel;
use upgrade_kit::host::{
    Control, Exit, ExitStatus, Host, HostError, Invocation, LocalHost, Masker, ProcessIdentity,
    Streams,
};

pub(crate) fn control() -> Control {
    Control::unattended(Masker::default())
}

pub(crate) fn shell(script: &str) -> Invocation {
    let mut invocation = Invocation::new("sh").arg("-c").arg(script);
    invocation.grace = Duration::from_secs(5);
    invocation
}

pub(crate) fn run(invocation: &Invocation, control: &Control) -> Exit {
    LocalHost
        .run(invocation, Streams::captured(), control)
        .unwrap()
}

fn alive(pid: &str) -> bool {
    LocalHost.process(pid.trim().parse().unwrap()).is_some()
}

/// Raises the flag after a while and tells when.
fn stop_after(control: &Control, level: StopLevel, after: Duration) -> Arc<Mutex<Option<Instant>>> {
    let (stop, raised) = (control.stop.clone(), Arc::new(Mutex::new(None)));
    let at = Arc::clone(&raised);
    std::thread::spawn(move || {
        std::thread::sleep(after);
        *at.lock().unwrap() = Some(Instant::now());
        stop.raise(level);
    });
    raised
}

#[test]
fn a_tool_runs_alone_in_its_session_with_a_closed_input() {
    let exit = run(
        &shell("cat; ls /proc/self/fd | tr '\\n' ' '; cut -d' ' -f1,5,6 /proc/$$/stat; exit 7"),
        &control(),
    );
    assert_eq!(exit.status, ExitStatus::Code(7));
    let text = exit.stdout.text();
    let (descriptors, numbers) = text.trim().split_at(text.find("3 ").unwrap() + 2);
    assert_eq!(descriptors, "0 1 2 3 ", "3 is the directory that ls reads");
    let numbers: Vec<&str> = numbers.split(' ').collect();
    assert!(numbers.iter().all(|&number| number == numbers[0]), "{text}");
    let tty = run(&shell("exec 2>&1; read line < /dev/tty"), &control());
    assert!(!tty.success(), "there is no terminal to read from");
}

#[test]
fn a_tool_is_announced_with_its_identity_and_carries_the_run() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let mut control = control();
    control.run = format!("run-{}", std::process::id());
    let keep = Arc::clone(&told);
    let run_id = control.run.clone();
    control.on_tool = Box::new(move |start| {
        let found = LocalHost.processes_of_run(&run_id);
        keep.lock().unwrap().push((start, found));
    });
    let exit = run(&shell("sleep 0.3; echo $UPGRADE_KIT_RUN $$"), &control);
    let text = exit.stdout.text();
    let (run_id, pid) = text.trim().split_once(' ').unwrap();
    assert_eq!(run_id, control.run);
    let (start, _) = told.lock().unwrap().remove(0);
    assert_eq!(start.process.pid.to_string(), pid);
    assert!(start.process.start_time > 0);
    assert_eq!(start.command, "sh -c 'sleep 0.3; echo $UPGRADE_KIT_RUN $$'");

    let mut detached = shell("echo \"<$UPGRADE_KIT_RUN>\"");
    detached.detached = true;
    assert_eq!(run(&detached, &control).stdout.text(), "<>\n");
}

#[test]
fn processes_of_a_killed_run_are_found_and_can_be_signalled() {
    let mut control = control();
    control.run = format!("orphan-{}", std::process::id());
    // `setsid -f` lets it escape the group, as a tool of a killed kit would be left behind.
    let exit = run(
        &shell("setsid -f sleep 60 >/dev/null 2>&1; sleep 0.2"),
        &control,
    );
    assert!(exit.success());
    let found = LocalHost.processes_of_run(&control.run);
    assert_eq!(found.len(), 1, "{found:?}");
    let wrong = ProcessIdentity {
        start_time: found[0].start_time + 1,
        ..found[0]
    };
    LocalHost.signal(wrong, 9).unwrap();
    assert_eq!(LocalHost.process(found[0].pid), Some(found[0]));
    LocalHost.signal(found[0], 9).unwrap();
    let gone = Instant::now() + Duration::from_secs(5);
    while LocalHost.process(found[0].pid).is_some() && Instant::now() < gone {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(LocalHost.processes_of_run(&control.run), []);
}

#[test]
fn the_time_limit_asks_and_then_kills_the_whole_group() {
    let mut stubborn = shell("trap '' TERM; (trap '' TERM; echo $BASHPID; sleep 60) & sleep 60");
    stubborn.program = "bash".to_owned();
    stubborn.timeout = Some(Duration::from_millis(300));
    stubborn.grace = Duration::from_millis(300);
    let start = Instant::now();
    let exit = run(&stubborn, &control());
    let took = start.elapsed();
    assert!(exit.timed_out && !exit.stopped);
    assert_eq!(exit.status, ExitStatus::Signal(9));
    assert!(took >= Duration::from_millis(600), "{took:?}");
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(!alive(&exit.stdout.text()));
}

#[test]
fn a_tool_that_is_asked_to_end_has_its_grace_even_if_its_wrapper_dies_first() {
    // The wrapper dies of SIGTERM at once; the server it started needs a moment to end cleanly.
    let mut wrapper = shell(
        "bash -c 'trap \"sleep 0.5; echo clean; exit 0\" TERM; echo up; while :; do sleep 0.05; done' & \
         trap - TERM; wait",
    );
    wrapper.timeout = Some(Duration::from_millis(400));
    let exit = run(&wrapper, &control());
    assert_eq!(exit.stdout.text(), "up\nclean\n");
    assert_eq!((exit.leaked, exit.timed_out), (0, true));
}

#[test]
fn a_stop_request_ends_a_tool_at_once_and_a_kill_needs_no_grace() {
    for (level, script) in [
        (StopLevel::Ask, "sleep 60"),
        (StopLevel::Kill, "trap '' TERM; sleep 60; sleep 60"),
    ] {
        let control = control();
        let raised = stop_after(&control, level, Duration::from_millis(200));
        let exit = run(&shell(script), &control);
        let reaction = raised.lock().unwrap().unwrap().elapsed();
        assert!(exit.stopped && !exit.success(), "{exit:?}");
        assert!(
            reaction < Duration::from_millis(150),
            "{level:?}: {reaction:?}"
        );
    }
    let control = control();
    control.stop.raise(StopLevel::NoNewSteps);
    assert!(run(&shell("true"), &control).success());
    control.stop.raise(StopLevel::Ask);
    let refused = LocalHost.run(&shell("true"), Streams::captured(), &control);
    assert!(matches!(refused, Err(HostError::Stopped)));
}

#[test]
fn a_second_request_cuts_the_grace_short() {
    let control = control();
    stop_after(&control, StopLevel::Ask, Duration::from_millis(200));
    let raised = stop_after(&control, StopLevel::Kill, Duration::from_millis(500));
    let mut stubborn = shell("trap '' TERM; while :; do sleep 1; done");
    stubborn.grace = Duration::from_secs(60);
    let exit = run(&stubborn, &control);
    assert!(exit.stopped);
    assert!(raised.lock().unwrap().unwrap().elapsed() < Duration::from_millis(150));
}

#[test]
fn what_outlives_its_leader_is_killed_and_counted() {
    let exit = run(&shell("sleep 60 & echo $!"), &control());
    assert!(exit.success());
    assert_eq!(exit.leaked, 1);
    // It was killed; the kernel may take a moment to be done with it.
    let pid = exit.stdout.text();
    assert!((0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        !alive(&pid)
    }));
}

#[test]
fn a_pipe_that_an_escaped_process_holds_open_is_not_waited_for() {
    let start = Instant::now();
    let exit = run(
        &shell("setsid -f sleep 3; sleep 0.3; echo done"),
        &control(),
    );
    let took = start.elapsed();
    assert_eq!(exit.stdout.text(), "done\n");
    assert_eq!(exit.leaked, 0);
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(took >= Duration::from_millis(500), "{took:?}");
}

#[test]
fn a_detached_tool_leaves_its_children_alive() {
    let mut detached = shell("sleep 60 >/dev/null 2>&1 & echo $!");
    detached.detached = true;
    let exit = run(&detached, &control());
    assert_eq!(exit.leaked, 0);
    let pid = exit.stdout.text().trim().parse().unwrap();
    let process = LocalHost.process(pid).expect("it lives on");
    LocalHost.signal(process, 9).unwrap();
}

#[test]
fn a_program_that_is_absent_is_told_from_one_that_cannot_start() {
    let start = |invocation: &Invocation| {
        LocalHost
            .run(invocation, Streams::captured(), &control())
            .unwrap_err()
    };
    let absent = start(&Invocation::new("no-such-tool-anywhere"));
    assert!(
        matches!(absent, HostError::NoSuchProgram { .. }),
        "{absent:?}"
    );
    let mut nowhere = Invocation::new("true");
    nowhere.directory = Some("/no/such/directory".into());
    assert!(matches!(start(&nowhere), HostError::Start { .. }));
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    std::fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    let mut permissions = std::fs::metadata(&script).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    std::fs::set_permissions(&script, permissions).unwrap();
    let error = start(&Invocation::new(script.to_str().unwrap()));
    assert!(matches!(error, HostError::Start { .. }), "{error:?}");
}

#[test]
fn a_script_without_an_interpreter_line_is_given_to_the_shell() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    std::fs::write(&script, "echo \"$0\" \"$1\"; pwd\n").unwrap();
    let mut permissions = std::fs::metadata(&script).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    std::fs::set_permissions(&script, permissions).unwrap();
    let mut invocation = Invocation::new("./script").arg("an argument");
    invocation.directory = Some(folder.path().to_owned());
    let text = run(&invocation, &control()).stdout.text();
    let folder = folder.path().canonicalize().unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with("script an argument"), "{text}");
    assert_eq!(Path::new(lines[1]), folder);
}

#[test]
fn a_program_is_searched_in_the_path_that_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/bin/echo", folder.path().join("own-echo")).unwrap();
    let mut invocation = Invocation::new("own-echo").arg("found");
    let path = folder.path().to_string_lossy().into_owned();
    invocation.environment.push(("PATH".to_owned(), path));
    assert_eq!(run(&invocation, &control()).stdout.text(), "found\n");
}

#[test]
fn a_tool_does_not_inherit_that_broken_pipes_are_ignored() {
    let exit = run(
        &shell("yes | head -n 1; yes > /dev/null & kill -PIPE $!; wait $!; echo $?"),
        &control(),
    );
    assert_eq!(exit.stdout.text(), "y\n141\n", "{}", exit.stderr.text());
}
