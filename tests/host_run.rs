//! Running real tools on the local host.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use upgrade_kit::event::StopLevel;
use upgrade_kit::host::{
    Control, Exit, ExitStatus, Host, HostError, Invocation, LocalHost, Masker, OUTPUT_LIMIT,
    ProcessIdentity, Secret, Stdin, Stdout, Streams,
};

fn control() -> Control {
    Control::unattended(Masker::default())
}

fn shell(script: &str) -> Invocation {
    let mut invocation = Invocation::new("sh").arg("-c").arg(script);
    invocation.grace = Duration::from_secs(5);
    invocation
}

fn run(invocation: &Invocation, control: &Control) -> Exit {
    LocalHost
        .run(invocation, Streams::captured(), control)
        .unwrap()
}

fn fed(invocation: &Invocation, input: &mut (dyn Read + Send)) -> Result<Exit, HostError> {
    let streams = Streams {
        stdin: Stdin::Reader(input),
        stdout: Stdout::Captured,
    };
    LocalHost.run(invocation, streams, &control())
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
fn secrets_come_through_pipes_of_any_size_and_nowhere_else() {
    let large = "x".repeat(300_000);
    let invocation = Invocation::new("sh")
        .arg("-c")
        .arg("cat \"$1\"; wc -c < \"$2\"; ls /proc/self/fd | wc -l; cat /proc/$$/cmdline")
        .arg("sh")
        .secret_pipe("", Some(Secret::new("one-secret\n".to_owned())))
        .secret_pipe("", Some(Secret::new(large)));
    let exit = run(&invocation, &control());
    let text = exit.stdout.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0..2],
        ["one-secret", "300000"],
        "{}",
        exit.stderr.text()
    );
    assert!(lines[3].contains("/dev/fd/3\0/dev/fd/4"), "{}", lines[3]);
    assert!(!lines[3].contains("secret"));
    assert_eq!(lines[2], "6", "0, 1, 2, two pipes and the directory of ls");
}

#[test]
fn a_secret_that_was_not_resolved_or_is_not_read_does_not_hang() {
    let unresolved = Invocation::new("true").secret_pipe("", None);
    let error = LocalHost
        .run(&unresolved, Streams::captured(), &control())
        .unwrap_err();
    assert!(matches!(error, HostError::Start { .. }), "{error:?}");
    let unread = Invocation::new("true").secret_pipe("", Some(Secret::new("x".repeat(1 << 20))));
    assert!(run(&unread, &control()).success());
}

#[test]
fn an_endless_line_is_drained_in_bounded_memory() {
    // In a process of its own: the other tests that run beside it use memory as well.
    if std::env::var_os("DRAIN_ALONE").is_none() {
        let name = "host_run::an_endless_line_is_drained_in_bounded_memory";
        let alone = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env("DRAIN_ALONE", "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&alone.stdout);
        assert!(alone.status.success(), "{said}");
        assert!(said.contains("1 passed"), "{said}");
        return;
    }
    let mut control = control();
    control.log = Some(Arc::new(Mutex::new(io::sink())));
    control.masker.add(&Secret::new("swordfish".to_owned()));
    let exit = run(
        &shell("head -c 268435456 /dev/zero | tr '\\0' x; echo END"),
        &control,
    );
    assert_eq!(exit.stdout.total, 268_435_456 + 4);
    assert_eq!(
        exit.stdout.head.len() + exit.stdout.tail.len(),
        OUTPUT_LIMIT
    );
    assert!(exit.stdout.tail.ends_with(b"xxEND\n"));
    let peak = peak_memory();
    assert!(peak < 24 << 10, "peak memory is {peak} KiB");
}

/// KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_secret_split_over_two_writes_is_masked_in_log_and_capture() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let mut control = control();
    control.log = Some(log.clone());
    control.masker.add(&Secret::new("swordfish".to_owned()));
    let exit = run(
        &shell("printf 'a sword'; sleep 0.2; echo 'fish b'; echo swordfish >&2; printf end"),
        &control,
    );
    assert_eq!(exit.stdout.text(), "a *** b\nend");
    assert_eq!(exit.stderr.text(), "***\n");
    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    let mut lines: Vec<&str> = log.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["***", "a *** b", "end"]);
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
    assert!(!alive(&exit.stdout.text()));
}

#[test]
fn a_pipe_that_an_escaped_process_holds_open_is_not_waited_for() {
    let start = Instant::now();
    let exit = run(&shell("setsid -f sleep 3; echo done"), &control());
    let took = start.elapsed();
    assert_eq!(exit.stdout.text(), "done\n");
    assert_eq!(exit.leaked, 0);
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(took >= Duration::from_millis(200), "{took:?}");
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
fn input_is_fed_whole_and_a_tool_that_stops_reading_is_no_error() {
    let exit = fed(&shell("wc -c"), &mut io::repeat(b'x').take(20_000_000)).unwrap();
    assert_eq!(exit.stdout.text().trim(), "20000000");
    let exit = fed(&shell("head -c 3"), &mut io::repeat(b'x').take(1 << 30)).unwrap();
    assert!(exit.success());
    assert_eq!(exit.stdout.text(), "xxx");
    let start = Instant::now();
    let exit = fed(
        &shell("setsid -f sleep 5; exit 3"),
        &mut io::repeat(b'x').take(1 << 30),
    )
    .unwrap();
    assert_eq!(exit.status, ExitStatus::Code(3));
    assert!(start.elapsed() < Duration::from_secs(3));
}

/// Gives some data, then fails.
struct Damaged(usize);

impl Read for Damaged {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "damaged frame"));
        }
        let bytes = self.0.min(buffer.len());
        buffer[..bytes].fill(b'x');
        self.0 -= bytes;
        Ok(bytes)
    }
}

#[test]
fn a_failing_reader_ends_the_tool_before_it_sees_the_end_of_its_input() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("end-of-file-seen");
    let script = format!("cat > /dev/null; touch '{}'", mark.display());
    let error = fed(&shell(&script), &mut Damaged(10_000)).unwrap_err();
    assert_eq!(error.to_string(), "failed to read the input for `sh`");
    assert_eq!(error.io_kind(), Some(io::ErrorKind::InvalidData));
    assert!(!mark.exists());
}

#[test]
fn output_goes_to_a_writer_unchanged() {
    let mut written = Vec::new();
    let streams = Streams {
        stdin: Stdin::Null,
        stdout: Stdout::Writer(&mut written),
    };
    let exit = LocalHost
        .run(&shell("seq 1 500000; echo note >&2"), streams, &control())
        .unwrap();
    assert!(exit.success());
    assert_eq!(exit.stdout.total, 0);
    assert_eq!(exit.stderr.text(), "note\n");
    assert_eq!(written.len(), 3_388_895);
    assert!(written.ends_with(b"\n500000\n"));
}

struct FullDisk(usize);

impl Write for FullDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_fails_ends_the_tool_and_its_error_comes_back() {
    let mut disk = FullDisk(1_000_000);
    let streams = Streams {
        stdin: Stdin::Null,
        stdout: Stdout::Writer(&mut disk),
    };
    let start = Instant::now();
    let error = LocalHost
        .run(&shell("yes"), streams, &control())
        .unwrap_err();
    assert_eq!(error.to_string(), "failed to store the output of `sh`");
    assert_eq!(error.io_kind(), Some(io::ErrorKind::StorageFull));
    assert!(start.elapsed() < Duration::from_secs(3));
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
