//! The machine is not as it should be: said with its place and what to do, nothing half-applied.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;

use super::harness::{Said, Sandbox};
use super::picture::Picture;

/// Runs it and looks that the installation is as it was.
#[track_caller]
fn untouched(sandbox: &Sandbox, run: impl FnOnce() -> Said) -> Said {
    let before = Picture::of(&sandbox.path("installation"), &[]);
    let said = run();
    let after = Picture::of(&sandbox.path("installation"), &[]);
    before.assert_same(&after, "the installation was touched");
    said
}

fn laid_out() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.done(&["backup"]);
    sandbox
}

#[test]
fn a_tool_that_is_not_installed() {
    let sandbox = Sandbox::own(
        "backup:
  - { id: one, uses: command.run, with: { argv: [touch, ran] } }
  - { id: two, uses: command.run, with: { argv: [absent-tool, x] }, after: [one] }
  - { id: three, uses: command.run, with: { argv: [./absent, x] }, after: [one] }
",
    );
    assert_snapshot!(sandbox.run(&["check"]), @"");
    assert_snapshot!(sandbox.run(&["backup"]), @"");
    assert!(!sandbox.path("ran").exists());
}

#[test]
fn files_that_are_missing() {
    let sandbox = laid_out();
    fs::remove_file(sandbox.path("installation/tomcat/webapps/domibus.war")).unwrap();
    fs::remove_file(sandbox.path("installation/tomcat/conf/domibus/work/kahadb/db-1.log")).unwrap();
    fs::remove_file(sandbox.path("installation/data/domibus.mv.db")).unwrap();
    assert_snapshot!(untouched(&sandbox, || sandbox.run(&["backup"])), @"");
}

#[test]
fn material_of_the_upgrade_that_is_missing() {
    let sandbox = laid_out();
    fs::remove_file(sandbox.path("installation/release-5.1.1/domibus.war")).unwrap();
    fs::remove_dir_all(sandbox.path("installation/release-5.1.1/conf")).unwrap();
    sandbox.done(&["backup"]);
    assert_snapshot!(untouched(&sandbox, || sandbox.run(&["upgrade"])), @"");
}

#[test]
fn a_configuration_that_cannot_be_read() {
    let sandbox = laid_out();
    let properties = "installation/tomcat/conf/domibus/domibus.properties";
    fs::remove_file(sandbox.path(properties)).unwrap();
    assert_snapshot!(untouched(&sandbox, || sandbox.run(&["backup"])), @"");
    fs::create_dir(sandbox.path(properties)).unwrap();
    assert_snapshot!(untouched(&sandbox, || sandbox.run(&["backup"])), @"");
}

/// A file where a directory must be: unwritable for root, too.
#[test]
fn backups_and_state_that_cannot_be_written() {
    let sandbox = laid_out();
    sandbox.change(
        "site.yaml",
        "site: quickstart\n",
        "site: quickstart\nbackups: blocked\n",
    );
    sandbox.write("blocked", "");
    assert_snapshot!(untouched(&sandbox, || sandbox.run(&["backup"])), @"");
    assert_snapshot!(sandbox.run(&["backups", "list"]), @"");
    sandbox.change("site.yaml", "backups: blocked\n", "state: blocked\n");
    assert_snapshot!(untouched(&sandbox, || sandbox.run(&["backup"])), @"");
    assert_snapshot!(sandbox.run(&["runs"]), @"");
    assert_snapshot!(sandbox.run(&["resume"]), @"");
}

/// As a user who may read nothing of it. Root may read everything, so the program runs as nobody.
#[test]
fn paths_that_may_not_be_read_or_written() {
    let sandbox = laid_out();
    let as_nobody = |line: &str| {
        sandbox.shell(&format!(
            "if [ $(id -u) = 0 ]; then run='setpriv --reuid=65534 --regid=65534 --clear-groups'; fi; $run {line}"
        ))
    };
    let mode = |path: &str, mode: u32| {
        fs::set_permissions(sandbox.path(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::set_permissions(sandbox.root(), fs::Permissions::from_mode(0o755)).unwrap();
    // Somewhere of its own to write, so that only what is meant is in the way.
    sandbox.change(
        "site.yaml",
        "site: quickstart\n",
        "site: quickstart\nbackups: closed\nstate: open\n",
    );
    fs::create_dir(sandbox.path("closed")).unwrap();
    mode("closed", 0o700);
    fs::create_dir(sandbox.path("open")).unwrap();
    mode("open", 0o777);
    assert_snapshot!(as_nobody("\"$KIT\" backup"), @"");
    fs::create_dir(sandbox.path("sets")).unwrap();
    mode("sets", 0o777);
    sandbox.change("site.yaml", "backups: closed", "backups: sets");
    mode("installation/tomcat/conf/domibus/keystores", 0o700);
    mode("installation/data/payloads", 0o700);
    assert_snapshot!(as_nobody("\"$KIT\" backup --jobs 1"), @"");
    mode("site.yaml", 0o600);
    assert_snapshot!(as_nobody("\"$KIT\" backup"), @"");
}

/// Runs lines of a shell that has a small file system of its own at `small`, which nobody else sees.
fn with_small_file_system(sandbox: &Sandbox, size: &str, lines: &str) -> Said {
    fs::create_dir(sandbox.path("small")).unwrap();
    sandbox.write(
        "lines",
        &format!("set -e\nmount -t tmpfs -o size={size} tmpfs small\nset +e\n{lines}"),
    );
    let said = sandbox.shell("exec unshare --mount --map-root-user sh lines");
    assert!(
        !said.stderr.contains("unshare:") && !said.stderr.contains("mount:"),
        "this test needs mount namespaces\n{said}"
    );
    said
}

/// What is known to be too large is not begun.
#[test]
fn too_little_space_for_the_backup() {
    let sandbox = laid_out();
    sandbox.change(
        "site.yaml",
        "site: quickstart\n",
        "site: quickstart\nbackups: small\n",
    );
    fs::write(
        sandbox.path("installation/data/payloads/huge"),
        vec![7_u8; 3 << 20],
    )
    .unwrap();
    let said = untouched(&sandbox, || {
        with_small_file_system(&sandbox, "2m", "\"$KIT\" backup")
    });
    assert_snapshot!(said, @"");
}

/// Somebody fills the disk meanwhile. Once there is room, the run goes on, and there is one set, whole.
#[test]
fn no_space_for_the_backup() {
    let sandbox = Sandbox::runbook(
        "runbook: mine
extends: domibus/same-server
backup:
  - id: fill
    uses: command.run
    with: { argv: [sh, -c, head -c 2800K /dev/zero > small/filler] }
    before: [stop-server]
",
    );
    sandbox.done(&["backup", "--skip", "fill"]);
    sandbox.change(
        "site.yaml",
        "site: quickstart\n",
        "site: quickstart\nbackups: small\n",
    );
    let said = untouched(&sandbox, || {
        with_small_file_system(
            &sandbox,
            "3m",
            "\"$KIT\" backup --jobs 1; echo \"exit $?\"
rm small/filler
\"$KIT\" resume --jobs 1 > resumed; echo \"exit $?\"
\"$KIT\" backups list; \"$KIT\" backups verify",
        )
    });
    let told = |line: &&str| {
        let noise = ["begin ", "done ", "runs ", "left out ", "not run "];
        !noise.iter().any(|word| line.contains(word))
    };
    assert_snapshot!(said.to_string().lines().filter(told).collect::<Vec<_>>().join("\n"), @"");
}

/// The disk fills up while the journal is written: the run is left, and goes on once there is room.
#[test]
fn no_space_for_the_journal() {
    let sandbox = Sandbox::own(
        "backup:
  - id: one
    uses: command.run
    with:
      argv: [sh, -c, echo one >> log; cat /dev/zero > small/filler 2> fills; exit 0]
      probe_argv: [test, -e, log]
  # More than fits into what the journal's file has left of its last page.
  - { id: many, for_each: site.values.items, uses: milestone, after: [one] }
  - { id: last, uses: command.run, with: { argv: [sh, -c, echo last >> log] }, after: [many] }
",
    );
    let items: Vec<String> = (0..40).map(|item| item.to_string()).collect();
    let more = format!(
        "site: quickstart\nstate: small\nvalues: {{ items: [{}] }}\n",
        items.join(", ")
    );
    sandbox.change("site.yaml", "site: quickstart\n", &more);
    let said = with_small_file_system(
        &sandbox,
        "1m",
        "\"$KIT\" backup --jobs 1; echo \"exit $?\"
rm small/filler
\"$KIT\" resume --jobs 1",
    );
    let told = |line: &&str| !line.contains(" many[");
    assert_snapshot!(said.to_string().lines().filter(told).collect::<Vec<_>>().join("\n"), @"");
    assert_eq!(sandbox.read("log"), "one\nlast\n");
}

/// Standard output on a full device: the run is not disturbed, a plan is not called done.
#[test]
fn standard_output_that_is_full() {
    let sandbox =
        Sandbox::own("backup:\n  - { id: one, uses: command.run, with: { argv: [touch, ran] } }\n");
    assert_snapshot!(sandbox.shell("\"$KIT\" plan backup > /dev/full"), @"");
    assert_snapshot!(sandbox.shell("\"$KIT\" backup > /dev/full"), @"");
    assert!(sandbox.path("ran").exists());
}

#[test]
fn a_port_that_is_held_or_silent() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let sandbox = laid_out();
    sandbox.change(
        "site.yaml",
        "ports: []",
        &format!("ports: [{port}]\n  stop_grace: 1s"),
    );
    let said = untouched(&sandbox, || sandbox.run(&["backup", "--jobs", "1"]));
    let shown = said.to_string().replace(&port.to_string(), "[PORT]");
    assert_snapshot!(shown.lines().filter(|line| !line.contains("not run ")).collect::<Vec<_>>().join("\n"), @"");
}

#[test]
fn an_application_that_does_not_answer() {
    let sandbox = Sandbox::own(
        "backup:
  - { id: one, uses: http.check, with: { url: \"http://127.0.0.1:1/domibus\", wait: 300ms } }
",
    );
    assert_snapshot!(sandbox.run(&["backup"]), @"");
}

#[test]
fn a_practice_template_that_is_missing() {
    let sandbox = Sandbox::new();
    fs::remove_dir_all(sandbox.path("template")).unwrap();
    assert_snapshot!(sandbox.run(&["backup"]), @"");
}
