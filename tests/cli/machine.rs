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
    _ = sandbox.done(&["backup"]);
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
    assert_snapshot!(sandbox.run(&["check"]), @"
    exit 4
    -- stdout
    REFUSED  two: the program `absent-tool` was not found
             to do: install it, or name its path in the site file
    REFUSED  three: the program `./absent` was not found
             to do: install it, or name its path in the site file
    info     installation: nothing here tells Domibus 4.x from 5.x; read as 5.x ([SITE]/installation/tomcat/conf/domibus)

    2 things stand in the way
    ");
    assert_snapshot!(sandbox.run(&["backup"]), @"
    exit 4
    -- stderr
    laid out the practice installation of site quickstart
    REFUSED  two: the program `absent-tool` was not found
             to do: install it, or name its path in the site file
    REFUSED  three: the program `./absent` was not found
             to do: install it, or name its path in the site file
    info     installation: nothing here tells Domibus 4.x from 5.x; read as 5.x ([SITE]/installation/tomcat/conf/domibus)

    2 things stand in the way
    error: backup was not started: nothing was changed
      hint: mend what is refused above; `upgrade-kit check` looks again
    ");
    assert!(!sandbox.path("ran").exists());
}

#[test]
fn files_that_are_missing() {
    let sandbox = laid_out();
    fs::remove_file(sandbox.path("installation/tomcat/webapps/domibus.war")).unwrap();
    fs::remove_file(sandbox.path("installation/tomcat/conf/domibus/work/kahadb/db-1.log")).unwrap();
    fs::remove_file(sandbox.path("installation/data/domibus.mv.db")).unwrap();
    assert_snapshot!(untouched(&sandbox, || sandbox.run(&["backup"])), @"
    exit 4
    -- stderr
    REFUSED  save-war: [SITE]/installation/tomcat/webapps/domibus.war does not exist
             to do: correct the path in the site, or set `optional: true` on the step
    REFUSED  copy-database: [SITE]/installation/data/domibus.mv.db does not exist
             to do: correct the path in the site, or set `optional: true` on the step
    REFUSED  export-jms: [SITE]/installation/tomcat/conf/domibus/work/kahadb is not a KahaDB directory: no db-N.log in it, nor in a directory right below it
             to do: correct the path of the broker's store in the site
    info     installation: nothing here tells Domibus 4.x from 5.x; read as 5.x ([SITE]/installation/tomcat/conf/domibus)
    info     stop-server: the server does not run
    info     export-jms: [SITE]/installation/tomcat/conf/domibus/work/activemq_data/localhost/scheduler: no message in any queue, 3 waiting for redelivery

    3 things stand in the way
    error: backup was not started: nothing was changed
      hint: mend what is refused above; `upgrade-kit check` looks again
    ");
}

/// A present state that cannot be saved does not bar the way back.
#[test]
fn a_present_state_that_cannot_be_saved() {
    let sandbox = laid_out();
    let store = sandbox.path("installation/tomcat/conf/domibus/work/kahadb/db-1.log");
    let mut bytes = fs::read(&store).unwrap();
    bytes[200] ^= 1;
    fs::write(&store, bytes).unwrap();
    assert_snapshot!(untouched(&sandbox, || sandbox.run(&["restore", "--yes"])), @"
    exit 4
    -- stderr
    REFUSED  safety-jms: [SITE]/installation/tomcat/conf/domibus/work/kahadb: db-1.log is damaged at byte 72: the checksum of the batch is wrong
             to do: a broker that was killed may leave its last write unfinished: start the application, stop it in the regular way, and try again; damage that stays has cost messages
    info     stop-server: the server does not run
    info     safety-jms: [SITE]/installation/tomcat/conf/domibus/work/activemq_data/localhost/scheduler: no message in any queue, 3 waiting for redelivery

    1 thing stands in the way
    error: restore was not started: nothing was changed
      hint: mend what is refused above; `upgrade-kit check` looks again
      hint: or go back without a copy of the present state of that: --skip safety-jms
    ");
    let skip = ["restore", "--yes", "--skip", "safety-jms"];
    assert_eq!(sandbox.run(&skip).code(), 0);
    assert_eq!(sandbox.run(&["backup"]).code(), 0);
}

#[test]
fn material_of_the_upgrade_that_is_missing() {
    let sandbox = laid_out();
    fs::remove_file(sandbox.path("installation/release-5.1.1/domibus.war")).unwrap();
    fs::remove_dir_all(sandbox.path("installation/release-5.1.1/conf")).unwrap();
    _ = sandbox.done(&["backup"]);
    assert_snapshot!(untouched(&sandbox, || sandbox.run(&["upgrade"])), @"
    exit 4
    -- stderr
    REFUSED  install-war: [SITE]/installation/release-5.1.1/domibus.war does not exist
             to do: unpack the release there, or correct the path
    REFUSED  install-configuration: [SITE]/installation/release-5.1.1/conf does not exist
             to do: unpack the release there, or correct the path
    info     stop-server: the server does not run

    2 things stand in the way
    error: upgrade was not started: nothing was changed
      hint: mend what is refused above; `upgrade-kit check` looks again
    ");
}

#[test]
fn a_configuration_that_cannot_be_read() {
    let sandbox = laid_out();
    let properties = "installation/tomcat/conf/domibus/domibus.properties";
    fs::remove_file(sandbox.path(properties)).unwrap();
    assert_snapshot!(untouched(&sandbox, || sandbox.run(&["backup"])), @"
    exit 4
    -- stderr
    error: failed to read the Domibus installation in [SITE]/installation/tomcat
      cause: [SITE]/installation/tomcat/conf/domibus/domibus.properties: there is no such file
      cause: domibus.datasource.url: the placeholder ${domibus.database.serverName} has no value and no default
      hint: check domibus.config.location in the start script; Domibus reads this file from there
      hint: Domibus cannot start with this; if it does start, the value comes from a place that was not given here, such as the environment of the service
      hint: `server.home` must be the home directory of the server that runs Domibus
    ");
    fs::create_dir(sandbox.path(properties)).unwrap();
    assert_snapshot!(untouched(&sandbox, || sandbox.run(&["backup"])), @"
    exit 4
    -- stderr
    error: failed to read the Domibus installation in [SITE]/installation/tomcat
      cause: [SITE]/installation/tomcat/conf/domibus/domibus.properties: cannot be read: not a regular file
      cause: domibus.datasource.url: the placeholder ${domibus.database.serverName} has no value and no default
      hint: run the discovery as a user who may read the installation
      hint: Domibus cannot start with this; if it does start, the value comes from a place that was not given here, such as the environment of the service
      hint: `server.home` must be the home directory of the server that runs Domibus
    ");
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
    assert_snapshot!(untouched(&sandbox, || sandbox.run(&["backup"])), @"
    exit 4
    -- stderr
    error: failed to create [SITE]/blocked/quickstart
      cause: Not a directory (os error 20)
      hint: `backups` and `state` in the site file must lead to directories
    ");
    assert_snapshot!(sandbox.run(&["backups", "list"]), @"
    exit 4
    -- stderr
    error: failed to list [SITE]/blocked/quickstart
      cause: Not a directory (os error 20)
      hint: `backups` and `state` in the site file must lead to directories
    ");
    sandbox.change("site.yaml", "backups: blocked\n", "state: blocked\n");
    assert_snapshot!(untouched(&sandbox, || sandbox.run(&["backup"])), @"
    exit 4
    -- stderr
    error: failed to list [SITE]/blocked/quickstart/runs
      cause: Not a directory (os error 20)
      hint: `backups` and `state` in the site file must lead to directories
    ");
    assert_snapshot!(sandbox.run(&["runs"]), @"
    exit 4
    -- stderr
    error: failed to list [SITE]/blocked/quickstart/runs
      cause: Not a directory (os error 20)
      hint: `backups` and `state` in the site file must lead to directories
    ");
    assert_snapshot!(sandbox.run(&["resume"]), @"
    exit 4
    -- stderr
    error: failed to list [SITE]/blocked/quickstart/runs
      cause: Not a directory (os error 20)
      hint: `backups` and `state` in the site file must lead to directories
    ");
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
    assert_snapshot!(as_nobody("\"$KIT\" backup"), @"
    exit 4
    -- stderr
    error: failed to create [SITE]/closed/quickstart
      cause: Permission denied (os error 13)
      hint: run upgrade-kit as a user that may write there, or change `backups` or `state` in the site file
    ");
    fs::create_dir(sandbox.path("sets")).unwrap();
    mode("sets", 0o777);
    sandbox.change("site.yaml", "backups: closed", "backups: sets");
    mode("installation/tomcat/conf/domibus/keystores", 0o700);
    mode("installation/data/payloads", 0o700);
    assert_snapshot!(as_nobody("\"$KIT\" backup --jobs 1"), @"
    exit 4
    -- stderr
    REFUSED  save-folder[payloads-default]: failed to list [SITE]/installation/data/payloads: Permission denied (os error 13)
    REFUSED  save-configuration: failed to list [SITE]/installation/tomcat/conf/domibus/keystores: Permission denied (os error 13)
    info     installation: nothing here tells Domibus 4.x from 5.x; read as 5.x ([SITE]/installation/tomcat/conf/domibus)
    info     stop-server: the server does not run
    info     export-jms: [SITE]/installation/tomcat/conf/domibus/work/kahadb: 42 messages in 4 queues
    info     export-jms: [SITE]/installation/tomcat/conf/domibus/work/activemq_data/localhost/scheduler: no message in any queue, 3 waiting for redelivery

    2 things stand in the way
    error: backup was not started: nothing was changed
      hint: mend what is refused above; `upgrade-kit check` looks again
    ");
    mode("site.yaml", 0o600);
    assert_snapshot!(as_nobody("\"$KIT\" backup"), @"
    exit 3
    -- stderr
    error: failed to read the site file site.yaml
      cause: Permission denied (os error 13)
      hint: run upgrade-kit as a user that may read it
    ");
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
    assert_snapshot!(said, @"
    exit 4
    -- stderr
    REFUSED  save-folder[payloads-default]: the backup set needs 3.30 MiB in [SITE]/small, and 2.00 MiB are free
             to do: free some space, or choose another place in the site
    info     installation: nothing here tells Domibus 4.x from 5.x; read as 5.x ([SITE]/installation/tomcat/conf/domibus)
    info     stop-server: the server does not run
    info     export-jms: [SITE]/installation/tomcat/conf/domibus/work/kahadb: 42 messages in 4 queues
    info     export-jms: [SITE]/installation/tomcat/conf/domibus/work/activemq_data/localhost/scheduler: no message in any queue, 3 waiting for redelivery

    1 thing stands in the way
    error: backup was not started: nothing was changed
      hint: mend what is refused above; `upgrade-kit check` looks again
    ");
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
    _ = sandbox.done(&["backup", "--skip", "fill"]);
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
    assert_snapshot!(said.to_string().lines().filter(told).collect::<Vec<_>>().join("\n"), @"
    exit 0
    -- stdout
    [TIME]  start                                     backup of quickstart, same-server, 15 steps, run [RUN]
    [TIME]  failed    export-jms                      failed to write into [SITE]/small/quickstart/[RUN].partial  [SPAN]
    [TIME]            export-jms                      because  failed to write [SITE]/small/quickstart/[RUN].partial/jms/kahadb/content/db.data: No space left on device (os error 28)
    [TIME]            export-jms                      to do    free some space where backup sets are kept, then resume the run
    [TIME]  failed                                    backup of quickstart  [SPAN]

    Backup of quickstart: FAILED after [SPAN] (run [RUN], same-server)
      11 steps done, 1 failed, 3 not run

    Failed: export-jms (kahadb.backup)
      failed to write into [SITE]/small/quickstart/[RUN].partial
      the system refused
        because  failed to write [SITE]/small/quickstart/[RUN].partial/jms/kahadb/content/db.data: No space left on device (os error 28)
        to do    free some space where backup sets are kept, then resume the run

    Backup set [RUN] (not finished)
      server/configuration       tree            378 B  L3 contents counted
      server/logs                tree             93 B  L3 contents counted
      application/war            tree            603 B  L3 contents counted
      server/startup-arguments   tree            213 B  L3 contents counted
      database/h2                h2-database  20.0 KiB  L2 formats complete
      folders/fs-plugin-default  tree            426 B  L3 contents counted
      folders/payloads-default   tree             63 B  L3 contents counted
      config                     tree          8.1 KiB  L3 contents counted

    Downtime  open since [CLOCK], [SPAN] so far: the application is not available

    Next
      upgrade-kit resume [RUN] --site site.yaml
    exit 5
    exit 0
    BACKUP SET             TIME                  KIND    SCENARIO     VERSIONS       PROVEN                   SIZE  STATUS
    [RUN]  [TIME]  backup  same-server  domibus 5.1.0  L2 formats complete  22.4 KiB  sealed
    backup set [RUN]: sound (L2 formats complete; 56 files, [SIZE])
    ");
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
    let told = |line: &&str| !(line.starts_with("[TIME]") && line.contains(" many["));
    assert_snapshot!(said.to_string().lines().filter(told).collect::<Vec<_>>().join("\n"), @"
    exit 0
    -- stdout
    [TIME]  start               backup of quickstart, same-server, 42 steps, run [RUN]
    [TIME]  begin     one
    [TIME]  runs      one       sh -c 'echo one >> log; cat /dev/zero > small/filler 2> fills; exit 0'
    [TIME]  done      one       exit code 0  [SPAN]
    exit 9
    [TIME]  resume              run [RUN]: 14 of 42 steps are behind it
    [TIME]                      the journal's last line was cut short by a crash; its [N] bytes were dropped
    [TIME]                      step `many[13]` was cut off and runs again
    [TIME]  begin     last
    [TIME]  runs      last      sh -c 'echo last >> log'
    [TIME]  done      last      exit code 0  [SPAN]
    [TIME]  done                backup of quickstart  [SPAN]

    Backup of quickstart: done after [SPAN] (run [RUN], same-server)
      42 steps done
    -- stderr
    laid out the practice installation of site quickstart
    error: run [RUN] was left during many[13], because its journal could not be written
      cause: failed to write to [SITE]/small/quickstart/runs/[RUN]/journal.jsonl
      cause: No space left on device (os error 28)
      hint: free some space, then resume the run (`upgrade-kit resume [RUN] --site site.yaml`)
    ");
    assert_eq!(sandbox.read("log"), "one\nlast\n");
}

/// Standard output on a full device: the run is not disturbed, a plan is not called done.
#[test]
fn standard_output_that_is_full() {
    let sandbox =
        Sandbox::own("backup:\n  - { id: one, uses: command.run, with: { argv: [touch, ran] } }\n");
    assert_snapshot!(sandbox.shell("\"$KIT\" plan backup > /dev/full"), @"
    exit 70
    -- stderr
    error: failed to write to standard output
      cause: No space left on device (os error 28)
    ");
    assert_snapshot!(sandbox.shell("\"$KIT\" backup > /dev/full"), @"
    exit 0
    -- stderr
    laid out the practice installation of site quickstart
    ");
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
    assert_snapshot!(shown.lines().filter(|line| !line.contains("not run ")).collect::<Vec<_>>().join("\n"), @"
    exit 5
    -- stdout
    [TIME]  start                                     backup of quickstart, same-server, 14 steps, run [RUN]
    [TIME]  begin     stop-server
    [TIME]  runs      stop-server                     CATALINA_BASE=[SITE]/installation/tomcat CATALINA_HOME=[SITE]/installation/tomcat [SITE]/installation/tomcat/bin/shutdown.sh
    [TIME]  says      stop-server                     the stop command ended with exit code 1: $CATALINA_PID was set but the specified file does not exist. Is Tomcat running? Stop aborted.
    [TIME]  failed    stop-server                     port [PORT] is open although no process of the server in [SITE]/installation/tomcat is left: process [PID] ([PROGRAM]) listens  [SPAN]
    [TIME]            stop-server                     to do    if that is the server, name its `pid_file`; if not, end that process or take the port out of `ports`; then resume
    [TIME]  failed                                    backup of quickstart  [SPAN]

    Backup of quickstart: FAILED after [SPAN] (run [RUN], same-server)
      0 steps done, 1 failed, 13 not run

    Failed: stop-server (server.stop)
      port [PORT] is open although no process of the server in [SITE]/installation/tomcat is left: process [PID] ([PROGRAM]) listens
      the result does not stand up to verification
        to do    if that is the server, name its `pid_file`; if not, end that process or take the port out of `ports`; then resume

    Backup set [RUN] (not finished)

    Downtime  open since [CLOCK], [SPAN] so far: the application is not available

    Next
      upgrade-kit resume [RUN] --site site.yaml
    ");
}

#[test]
fn an_application_that_does_not_answer() {
    let sandbox = Sandbox::own(
        "backup:
  - { id: one, uses: http.check, with: { url: \"http://127.0.0.1:1/domibus\", wait: 300ms } }
",
    );
    assert_snapshot!(sandbox.run(&["backup"]), @"
    exit 5
    -- stdout
    [TIME]  start          backup of quickstart, same-server, 1 step, run [RUN]
    [TIME]  begin     one
    [TIME]  failed    one  failed to reach http://127.0.0.1:1/domibus: Connection refused (os error 111) (after 300ms)  [SPAN]
    [TIME]            one  to do    look at the server's log for why; if it is only slow, give it a longer `wait` and resume
    [TIME]  failed         backup of quickstart  [SPAN]

    Backup of quickstart: FAILED after [SPAN] (run [RUN], same-server)
      0 steps done, 1 failed

    Failed: one (http.check)
      failed to reach http://127.0.0.1:1/domibus: Connection refused (os error 111) (after 300ms)
      the result does not stand up to verification
        to do    look at the server's log for why; if it is only slow, give it a longer `wait` and resume

    Next
      upgrade-kit resume [RUN] --site site.yaml
    -- stderr
    laid out the practice installation of site quickstart
    ");
}

#[test]
fn a_practice_template_that_is_missing() {
    let sandbox = Sandbox::new();
    fs::remove_dir_all(sandbox.path("template")).unwrap();
    assert_snapshot!(sandbox.run(&["backup"]), @"
    exit 4
    -- stderr
    error[UK0703]: failed to read [SITE]/template
     --> site.yaml:4:13
      |
    4 |   template: template
      |             ^^^^^^^^ No such file or directory (os error 2)
      |
      = help: the practice installation is laid out from this directory
    ");
}
