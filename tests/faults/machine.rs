//! What people and machines do to a run: signals, another user, a clock that jumps, a name that is not found.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::cli::harness::{PROGRAM, Running, Sandbox, wait_until};

/// A step whose tool does not listen to SIGTERM and works until it is told to go on.
const STEPS: &str = "backup:
  - { id: slow, uses: command.run, with: { argv: [./slow], repeatable: true } }
  - { id: last, uses: command.run, with: { argv: [sh, -c, echo last >> log] }, after: [slow] }
";

const SLOW: &str = "trap '' TERM
echo begin >> log
echo $$ > tool
i=0; while test ! -e go && test $i -lt 3000; do sleep 0.05; i=$((i + 1)); done
echo end >> log";

/// A run whose step `slow` is at work, after one that has laid the installation out.
fn at_work() -> (Sandbox, Running) {
    let sandbox = Sandbox::own(STEPS);
    sandbox.script("slow", SLOW);
    _ = sandbox.done(&["backup", "--skip", "slow", "--skip", "last"]);
    let running = sandbox.start(sandbox.command(&["backup", "--jobs", "1"]));
    wait_for_tool(&sandbox);
    (sandbox, running)
}

fn wait_for_tool(sandbox: &Sandbox) {
    wait_until("the slow step to work", || {
        sandbox.path("tool").exists() && journal(sandbox).contains("./slow")
    });
}

/// The journal of the newest run.
fn journal_path(sandbox: &Sandbox) -> PathBuf {
    sandbox.runs().pop().unwrap().join("journal.jsonl")
}

fn journal(sandbox: &Sandbox) -> String {
    fs::read_to_string(journal_path(sandbox)).unwrap_or_default()
}

fn tool(sandbox: &Sandbox) -> Pid {
    Pid::from_raw(sandbox.read("tool").trim().parse().unwrap()).unwrap()
}

fn lives(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))
        .is_ok_and(|stat| !stat.contains(") Z "))
}

/// Three times Ctrl-C; each is heard before the next.
fn interrupt_three_times(sandbox: &Sandbox, running: &Running) {
    for level in ["no-new-steps", "ask", "kill"] {
        running.signal(Signal::INT);
        let heard = format!("\"level\":\"{level}\"");
        wait_until("Ctrl-C to be heard", || journal(sandbox).contains(&heard));
    }
}

#[test]
fn three_interrupts_kill_a_tool_that_does_not_listen() {
    let (sandbox, running) = at_work();
    let tool = tool(&sandbox);
    let begun = Instant::now();
    interrupt_three_times(&sandbox, &running);
    let said = running.finish();
    assert_eq!(said.code(), 9, "{said}");
    // The grace of a tool that was only asked is ten seconds.
    assert!(begun.elapsed() < Duration::from_secs(8), "{said}");
    assert!(!lives(tool));
    sandbox.write("go", "");
    _ = sandbox.done(&["resume", "--jobs", "1"]);
    assert_eq!(sandbox.log(), "begin begin end last ");
}

#[test]
fn a_tool_that_was_stopped_goes_on_or_is_killed() {
    let (sandbox, running) = at_work();
    kill_process(tool(&sandbox), Signal::STOP).unwrap();
    sandbox.write("go", "");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(sandbox.log(), "begin ", "it is stopped");
    kill_process(tool(&sandbox), Signal::CONT).unwrap();
    let said = running.finish();
    assert_eq!(said.code(), 0, "{said}");
    assert_eq!(sandbox.log(), "begin end last ");

    let (sandbox, running) = at_work();
    let tool = tool(&sandbox);
    kill_process(tool, Signal::STOP).unwrap();
    interrupt_three_times(&sandbox, &running);
    assert_eq!(running.finish().code(), 9);
    assert!(!lives(tool));
}

#[test]
fn a_program_that_was_stopped_goes_on() {
    let (sandbox, running) = at_work();
    running.signal(Signal::STOP);
    sandbox.write("go", "");
    wait_until("the tool to end beside it", || {
        sandbox.log() == "begin end "
    });
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(sandbox.log(), "begin end ", "nothing new starts");
    running.signal(Signal::CONT);
    let said = running.finish();
    assert_eq!(said.code(), 0, "{said}");
    assert_eq!(sandbox.log(), "begin end last ");
}

/// The program on the same site as a user without any right.
fn as_nobody(program: &Path, sandbox: &Sandbox, arguments: &[&str]) -> std::process::Command {
    let mut command = sandbox.command(arguments);
    let mut other = crate::rig_server::command("setpriv");
    other
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(program)
        .args(arguments)
        .current_dir(command.get_current_dir().unwrap())
        .env_clear();
    for (name, value) in command.get_envs() {
        other.env(name, value.unwrap());
    }
    command.stdin(std::process::Stdio::null());
    other
        .env("USER", "nobody")
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    other
}

fn shell(line: &str, sandbox: &Sandbox) {
    let status = crate::rig_server::command("sh")
        .args(["-c", line, "sh"])
        .arg(sandbox.root())
        .status();
    assert!(status.unwrap().success(), "{line}");
}

#[test]
fn two_users_on_one_site() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can run the program as another user");
        return;
    }
    // The checkout may be closed to others.
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("upgrade-kit");
    fs::copy(PROGRAM, &program).unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // The site is root's, and a run is at work: another user can look at nothing and change nothing.
    let (sandbox, running) = at_work();
    shell("chmod 755 \"$1\" \"$1/site\"", &sandbox);
    for arguments in [["backup", "--jobs", "1"], ["resume", "--jobs", "1"]] {
        let said = sandbox
            .start(as_nobody(&program, &sandbox, &arguments))
            .finish();
        assert!(said.code() != 0 && said.code() < 128, "{said}");
        let text = said.both();
        assert!(text.contains("Permission denied"), "{text}");
        assert!(text.contains("runs/quickstart"), "{text}");
    }
    assert_eq!(sandbox.log(), "begin ");
    sandbox.write("go", "");
    assert_eq!(running.finish().code(), 0);

    // The site is the other user's, whose run is at work: root is told who it is.
    let sandbox = Sandbox::own(STEPS);
    sandbox.script("slow", SLOW);
    _ = sandbox.done(&["backup", "--skip", "slow", "--skip", "last"]);
    shell("chown -R 65534:65534 \"$1\"", &sandbox);
    let running = sandbox.start(as_nobody(&program, &sandbox, &["backup", "--jobs", "1"]));
    wait_for_tool(&sandbox);
    let said = sandbox.run(&["backup"]);
    assert_eq!(said.code(), 7, "{said}");
    assert!(said.stderr.contains("of user nobody"), "{}", said.stderr);
    sandbox.write("go", "");
    let said = running.finish();
    assert_eq!(said.code(), 0, "{said}");
    assert_eq!(sandbox.log(), "begin end last ");
}

/// The system frees a lock with its holder; what the file says of a dead one, or of a process that has
/// its number now, is not believed.
#[test]
fn a_lock_whose_file_names_another_process() {
    let sandbox = Sandbox::own(STEPS);
    sandbox.script("slow", SLOW);
    sandbox.write("go", "");
    let lock = "runs/quickstart/lock";
    for holder in [
        "",
        "not json",
        "{\"pid\":1,\"start_time\":1,\"host\":\"h\",\"run\":\"r\"}",
    ] {
        sandbox.write(lock, holder);
        _ = sandbox.done(&["backup", "--jobs", "1"]);
    }
}

/// The library that shifts the clock of a program by what a file says.
fn faketime() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").unwrap().flatten();
    let mut found = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    let library = found.find(|path| path.exists());
    if library.is_none() {
        let real = std::env::var_os("UPGRADE_KIT_REAL").is_some();
        assert!(!real, "UPGRADE_KIT_REAL is set and there is no libfaketime");
        println!("skipped: there is no libfaketime (tests/rig/fetch)");
    }
    library
}

/// While a tool works, and between a killed run and its resumption.
#[test]
fn a_clock_that_jumps() {
    let Some(library) = faketime() else { return };
    for jump in ["-400d", "+400d"] {
        let mut sandbox = Sandbox::own(STEPS);
        sandbox.script("slow", SLOW);
        let shift = sandbox.path("shift").display().to_string();
        sandbox.write("shift", "+0");
        sandbox
            .set("LD_PRELOAD", &library.display().to_string())
            .set("FAKETIME_TIMESTAMP_FILE", &shift)
            .set("FAKETIME_NO_CACHE", "1")
            .set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let running = sandbox.start(sandbox.command(&["backup", "--jobs", "1"]));
        wait_for_tool(&sandbox);
        sandbox.write("shift", jump);
        sandbox.write("go", "");
        let said = running.finish();
        assert_eq!(said.code(), 0, "{said}");
        assert_sane(&sandbox, &said.both());

        sandbox.write("shift", "+0");
        fs::remove_file(sandbox.path("go")).unwrap();
        fs::remove_file(sandbox.path("tool")).unwrap();
        let running = sandbox.start(sandbox.command(&["backup", "--jobs", "1"]));
        wait_for_tool(&sandbox);
        running.signal(Signal::KILL);
        assert_eq!(running.finish().code(), -9);
        let tool = tool(&sandbox);
        kill_process(tool, Signal::KILL).unwrap();
        wait_until("the tool to end", || !lives(tool));
        sandbox.write("shift", jump);
        sandbox.write("go", "");
        let said = sandbox.done(&["resume", "--jobs", "1"]).both();
        assert_sane(&sandbox, &said);
        assert_eq!(sandbox.log(), "begin end last begin begin end last ");
    }
}

/// Sets and runs are told apart by the order in which they came, whatever the clock said.
#[test]
fn the_newest_set_and_run_of_a_clock_that_was_set_back() {
    let Some(library) = faketime() else { return };
    let mut sandbox = Sandbox::own(
        "backup:
  - { id: save, uses: command.check, with: { argv: [test, -e, fit] } }
  - { id: seal, uses: backupset.seal, after: [save] }
restore:
  - { id: look, uses: backupset.verify }
",
    );
    let shift = sandbox.path("shift").display().to_string();
    sandbox
        .set("LD_PRELOAD", &library.display().to_string())
        .set("FAKETIME_TIMESTAMP_FILE", &shift)
        .set("FAKETIME_NO_CACHE", "1");
    let set_of = |said: &str| {
        let found = regex::Regex::new(r"set (\d{8}T\d{6}Z-\w{4})").unwrap();
        found.captures(said).unwrap()[1].to_owned()
    };
    sandbox.write("fit", "");
    let mut made = Vec::new();
    for clock in ["+0", "+400d", "+0", "-400d"] {
        sandbox.write("shift", clock);
        made.push(set_of(&sandbox.done(&["backup"]).stdout));
    }
    sandbox.write("shift", "+0");
    let plan = sandbox.done(&["plan", "restore"]).both();
    assert!(plan.contains(&made[3]), "{made:?}: {plan}");
    let list = sandbox.done(&["backups", "list"]).stdout;
    let at = |set: &String| list.find(set).unwrap();
    assert!(
        made.windows(2).all(|two| at(&two[0]) > at(&two[1])),
        "{made:?}: {list}"
    );

    fs::remove_file(sandbox.path("fit")).unwrap();
    sandbox.write("shift", "-400d");
    assert_eq!(sandbox.run(&["backup"]).code(), 5);
    sandbox.write("shift", "+0");
    let said = sandbox.run(&["resume"]);
    assert_eq!(said.code(), 5, "the newest run is the failed one: {said}");
}

/// No time is negative, and none is of the length of the jump but the one that a list of runs tells.
#[track_caller]
fn assert_sane(sandbox: &Sandbox, said: &str) {
    let strange = regex::Regex::new(r"-\d+(\.\d)? (s|min|h|d)\b|\d{3,} d\b").unwrap();
    assert!(!strange.is_match(said), "{said}");
    let runs = sandbox.done(&["runs"]).both();
    let negative = regex::Regex::new(r" -\d+(\.\d)? (s|min|h|d)\b|\d{6,} d\b").unwrap();
    assert!(!negative.is_match(&runs), "{runs}");
    for line in journal(sandbox).lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let elapsed = event["elapsed_ms"].as_u64().unwrap_or(0);
        assert!(elapsed < 600_000, "{event}");
    }
}

#[test]
fn a_name_that_nobody_knows() {
    let sandbox = Sandbox::own(
        "backup:
  - { id: one, uses: http.check, with: { url: \"http://no-such-host.invalid/\", wait: 300ms } }
",
    );
    let begun = Instant::now();
    let said = sandbox.run(&["backup"]);
    assert_eq!(said.code(), 5, "{said}");
    assert!(
        said.stdout
            .contains("failed to reach http://no-such-host.invalid/"),
        "{said}"
    );
    assert!(said.stdout.contains("to do"), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(60));
}

/// Two operators, each with a site file of their own, and so with runs of their own: one installation.
#[test]
fn two_site_files_for_one_installation() {
    let (sandbox, running) = at_work();
    sandbox.write(
        "other/site.yaml",
        &sandbox
            .read("site.yaml")
            .replace(": installation", ": ../installation"),
    );
    for file in ["mine.yaml", "slow"] {
        fs::copy(sandbox.path(file), sandbox.path("other").join(file)).unwrap();
    }
    let other = ["backup", "--site", "other/site.yaml", "--jobs", "1"];
    let said = sandbox.run(&other);
    assert_eq!(said.code(), 7, "{said}");
    let home = sandbox.path("installation/tomcat");
    let told = format!("works on the installation {}: process ", home.display());
    assert!(said.stderr.contains(&told), "{said}");
    assert!(
        said.stderr.contains("upgrade-kit backup --jobs 1 in "),
        "{said}"
    );
    assert_eq!(sandbox.log(), "begin ");
    sandbox.write("go", "");
    assert_eq!(running.finish().code(), 0);
    _ = sandbox.done(&other);
}
