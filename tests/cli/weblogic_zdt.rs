//! A WebLogic domain by rollouts: from the site file to the domain, and back.

use insta::assert_snapshot;
use rustix::process::Signal;

use super::harness::{Said, Sandbox, wait_until};
use crate::proof::kit::{Process, processes};
use crate::zdt::world::{NEW, OLD, World};

/// The world's site file in a sandbox.
fn sandbox(world: &World, rollout: &str) -> Sandbox {
    let mut sandbox = Sandbox::site(&world.site(rollout));
    sandbox.set("WEBLOGIC_PASSWORD", World::password());
    sandbox
}

const SCENARIO: [&str; 2] = ["--scenario", "zdt-patching"];

fn phase(name: &str) -> Vec<&str> {
    [&[name], &SCENARIO[..], &["--yes"]].concat()
}

#[test]
fn a_patched_home_goes_out_and_comes_back() {
    let Some(world) = World::new("2.7.3") else {
        return;
    };
    let sandbox = sandbox(&world, &world.home_rollout());
    _ = sandbox.done(&phase("backup"));
    let said = sandbox.done(&phase("upgrade"));
    assert!(said.both().contains("6 of 6 commands"), "{said}");
    for node in ["node1", "node2"] {
        assert_eq!(world.patches(node), format!("{OLD} {NEW}"));
    }
    let said = sandbox.done(&phase("restore"));
    for node in ["node1", "node2"] {
        assert_eq!(world.patches(node), OLD, "{said}");
    }
    assert!(world.on("node1", "u01/oracle/backup.patched").exists());
    assert_eq!(
        world.workflows(),
        [
            "dry rolloutOracleHome SUCCESS",
            "rolloutOracleHome SUCCESS",
            "dry rolloutOracleHome SUCCESS",
            "rolloutOracleHome SUCCESS"
        ]
    );
    // What the way back left bars the way of the next one.
    let said = sandbox.run(&phase("upgrade"));
    assert_snapshot!(shown(&world, &said), @"
    exit 4
    -- stderr
    REFUSED  check-room: [WORLD]/u01/oracle/backup.patched is on node1 already: a rollout or its way back moves the Oracle home there
             to do: `upgrade-kit resume` finishes a rollout that is there already, `upgrade-kit restore` takes it back; what an earlier way back left there, move away
    REFUSED  check-room: [WORLD]/u01/oracle/backup.patched is on node2 already: a rollout or its way back moves the Oracle home there
             to do: `upgrade-kit resume` finishes a rollout that is there already, `upgrade-kit restore` takes it back; what an earlier way back left there, move away
    REFUSED  archive-home: [WORLD]/u01/oracle/base.jar is there already
             to do: nothing is overwritten: remove it, or name another place
    REFUSED  unpack-home: [WORLD]/u01/oracle/second is there already
             to do: nothing is overwritten: remove it, or name another place
    REFUSED  archive-patched-home: [WORLD]/u01/oracle/patched.jar is there already
             to do: nothing is overwritten: remove it, or name another place

    5 things stand in the way
    error: upgrade was not started: nothing was changed
      hint: mend what is refused above; `upgrade-kit check` looks again
    ");
}

/// What the program shows, without what differs from run to run and from machine to machine.
fn shown(world: &World, said: &Said) -> String {
    world.shortened(&said.to_string())
}

/// The end of what a phase shows. Before it, steps tell in the order of their threads.
fn ending(world: &World, said: &Said) -> String {
    let text = shown(world, said);
    let at = text.find("\n\n").unwrap();
    let span = regex::Regex::new(" after .* \\(run ").unwrap();
    let end = span.replace(&text[at + 1..], " after [SPAN] (run ");
    format!("exit {}{end}", said.code())
}

/// What became of each step that did more than mark a point, one step at a time, and the end.
fn story(world: &World, sandbox: &Sandbox, name: &str) -> String {
    let said = sandbox.run(&[&phase(name)[..], &["--jobs", "1"]].concat());
    let text = shown(world, &said);
    let (steps, _) = text.split_once("\n\n").unwrap();
    let mut story = String::new();
    for line in steps.lines().filter(|line| !line.contains(" verify-set ")) {
        let ends = line.contains("  done  ") || line.contains("  failed  ");
        let line = match line.rsplit_once("  ") {
            Some((line, _)) if ends && line.split_whitespace().count() > 3 => line,
            _ if line.contains("  to do  ") => line,
            _ => continue,
        };
        story.push_str(line.trim_end());
        story.push('\n');
    }
    story + &ending(world, &said)
}

#[test]
fn all_at_once_and_back() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    let path = |relative: &str| world.path(relative).display().to_string();
    let rollout = format!(
        "{}    java_home: {}\n    applications:\n      - applicationName: domibus\n        \
         patchedLocation: {}\n        backupLocation: {}\n        staging: no-stage\n    migrations_file: {}\n",
        world.home_rollout(),
        path("u01/java/jdk11"),
        path("u01/applications/shop-2.war"),
        path("u01/applications/shop-1.war"),
        path("migrations.json"),
    );
    world.write(
        "migrations.json",
        "{\"migrations\":[ # as the document has it\n { \"source\":\"ms1\", \"destination\":\"ms2\",\n \
         \"migrationType\":\"jms\", \"failback\":\"true\" }\n]}",
    );
    let sandbox = sandbox(&world, &rollout);
    let shop = || std::fs::read_to_string(world.on("node2", "u01/applications/shop.war")).unwrap();
    let java = |home: &str| {
        world
            .domain
            .world()
            .matches(&format!("java=\"{}\"", path(home)))
            .count()
    };
    _ = sandbox.done(&phase("backup"));
    _ = sandbox.done(&phase("upgrade"));
    assert_eq!((shop().as_str(), java("u01/java/jdk11")), ("shop 2", 4));
    for node in ["node1", "node2"] {
        std::fs::create_dir_all(world.on(node, "u01/java/jdk8")).unwrap();
    }
    _ = sandbox.done(&phase("restore"));
    assert_eq!(
        (shop().as_str(), world.patches("node2").as_str()),
        ("shop 1", OLD)
    );
    assert_eq!(
        world.workflows(),
        [
            "dry rolloutUpdate SUCCESS",
            "rolloutUpdate SUCCESS",
            "dry rolloutApplications SUCCESS",
            "dry rolloutUpdate SUCCESS",
            "rolloutApplications SUCCESS",
            "rolloutUpdate SUCCESS"
        ]
    );
    let written = std::fs::read_to_string(world.path("u01/domain/upgrade-kit/migrations.json"));
    assert_snapshot!(written.unwrap(), @r#"
    {"migrations":[
    {"source":"ms1","destination":"ms2","migrationType":"jms","failback":true}
    ]}
    "#);
}

#[test]
fn killed_while_a_rollout_is_at_work() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    let sandbox = sandbox(&world, "");
    _ = sandbox.done(&phase("backup"));
    let running = sandbox.start(sandbox.command(&phase("upgrade")));
    wait_until("the rollout", || world.workflows().len() == 2);
    running.signal(Signal::KILL);
    assert_eq!(running.finish().code(), -9);
    let said = sandbox.done(&["resume", "--yes"]);
    assert_eq!(
        world.workflows(),
        ["dry rollingRestart SUCCESS", "rollingRestart SUCCESS"],
        "{said}"
    );
    // What the killed run had left watching the rollout ends with it.
    let watches = |process: &Process| {
        std::fs::read_link(format!("/proc/{}/cwd", process.pid))
            .is_ok_and(|place| place.starts_with(sandbox.root()))
    };
    wait_until("its WLST to end", || !processes().iter().any(watches));
}

#[test]
fn a_restore_after_a_dry_run_that_failed_does_nothing() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    let sandbox = sandbox(&world, &world.home_rollout());
    world.domain.fault("dryRunFailAt=\"2\"");
    _ = sandbox.done(&phase("backup"));
    let said = sandbox.run(&phase("upgrade"));
    assert_snapshot!(ending(&world, &said), @"
    exit 5
    Upgrade of shop: FAILED after [SPAN] (run [RUN], zdt-patching)
      14 steps done, 1 failed, 6 not run
        not run  ready                 `dry-run`, which it comes after, failed
        not run  roll-out              `dry-run`, which it comes after, failed
        not run  rolled-out            `dry-run`, which it comes after, failed
        not run  check-rolled-out      `dry-run`, which it comes after, failed
        not run  check-patches[node1]  `dry-run`, which it comes after, failed
        not run  check-patches[node2]  `dry-run`, which it comes after, failed

    Failed: dry-run (zdt.rollout)
      the dry run wf0001 ended as FAIL: Node node2 ran out of disk space
      the result does not stand up to verification
        to do    nothing is changed; mend the cause, then resume the run: it is tried anew

    Uses backup set [RUN]  [SITE]/backups/shop/[RUN]
    Point of no return  not reached: nothing needs to be restored

    Next
      upgrade-kit resume [RUN] --site site.yaml
      upgrade-kit restore --scenario zdt-patching --from [RUN] --site site.yaml
    ");
    assert_snapshot!(shown(&world, &sandbox.run(&["check", "restore", "--scenario", "zdt-patching"])), @"
    exit 0
    -- stdout
    info     find-rolled-out: nothing of the rollout is on any node
             to do: there is nothing to roll back, and nothing is

    nothing stands in the way
    ");
    assert_snapshot!(story(&world, &sandbox, "restore"), @"
    [TIME]  done      check-restrictions         15 restrictions hold
    [TIME]  done      check-domain               3 servers run, as the site says
    [TIME]  done      find-rolled-out            nothing of the rollout is on any node
    [TIME]  done      take-back                  nothing to revert: the last workflow wf0001 ended with FAIL, the nodes are alike and every server runs
    [TIME]  done      find-left                  nothing of the rollout is on any node
    [TIME]  done      dry-run-roll-back          nothing is rolled out: there is nothing to do
    [TIME]  done      roll-back                  nothing is rolled out: there is nothing to do
    [TIME]  done      check-rolled-back          nothing of the rollout is on any node
    [TIME]  done      check-patches-gone[node1]  node1 is as it should be
    [TIME]  done      check-patches-gone[node2]  node2 is as it should be
    [TIME]  done                                 restore of shop
    exit 0
    Restore of shop: done after [SPAN] (run [RUN], zdt-patching)
      15 steps done

    Uses backup set [RUN]  [SITE]/backups/shop/[RUN]
    Point of no return  passed: only a restore leads back
    ");
    assert_eq!(world.workflows(), ["dry rolloutOracleHome FAIL"]);
}

/// The dry run succeeds, and WebLogic does not begin the rollout: of two workflows that it was asked for,
/// the one that is there was a dry run.
#[test]
fn a_restore_of_what_was_never_rolled_out_does_nothing() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    let sandbox = sandbox(&world, &world.home_rollout());
    world.domain.fault("refuses=\"rolloutOracleHome\"");
    _ = sandbox.done(&phase("backup"));
    let said = sandbox.run(&phase("upgrade"));
    assert_snapshot!(ending(&world, &said), @r#"
    exit 5
    Upgrade of shop: FAILED after [SPAN] (run [RUN], zdt-patching)
      16 steps done, 1 failed, 4 not run
        not run  rolled-out            `roll-out`, which it comes after, failed
        not run  check-rolled-out      `roll-out`, which it comes after, failed
        not run  check-patches[node1]  `roll-out`, which it comes after, failed
        not run  check-patches[node2]  `roll-out`, which it comes after, failed

    Failed: roll-out (zdt.rollout)
      the WLST script rollout.py failed
      the tool failed
        because  weblogic.management.scripting.ScriptException: The configuration is locked by another user
        command  UPGRADE_KIT_WEBLOGIC_PASSWORD=*** [WORLD]/wlst.sh -skipWLSModuleScanning rollout.py
        ended    exit code 1
        stderr   Initializing WebLogic Scripting Tool (WLST) ...
        stderr   Welcome to WebLogic Server Administration Scripting Shell
        stderr   Connecting to t3://127.0.0.1:7001 with userid weblogic ...
        stderr   Successfully connected to Admin Server "AdminServer" that belongs to domain "domibus".
        stderr   failed: "weblogic.management.scripting.ScriptException: The configuration is locked by another user"
        stderr   Exiting WebLogic Scripting Tool.
        to do    the script and what it wrote are in [SITE]/runs/shop/runs/[RUN]/steps/roll-out

    Uses backup set [RUN]  [SITE]/backups/shop/[RUN]
    Point of no return  passed: only a restore leads back

    Next
      upgrade-kit resume [RUN] --site site.yaml
      upgrade-kit restore --scenario zdt-patching --from [RUN] --site site.yaml
    "#);
    assert_snapshot!(story(&world, &sandbox, "restore"), @"
    [TIME]  done      check-restrictions         15 restrictions hold
    [TIME]  done      check-domain               3 servers run, as the site says
    [TIME]  done      find-rolled-out            nothing of the rollout is on any node
    [TIME]  done      take-back                  nothing to revert: the last workflow wf0001 ended with SUCCESS
    [TIME]  done      find-left                  nothing of the rollout is on any node
    [TIME]  done      dry-run-roll-back          nothing is rolled out: there is nothing to do
    [TIME]  done      roll-back                  nothing is rolled out: there is nothing to do
    [TIME]  done      check-rolled-back          nothing of the rollout is on any node
    [TIME]  done      check-patches-gone[node1]  node1 is as it should be
    [TIME]  done      check-patches-gone[node2]  node2 is as it should be
    [TIME]  done                                 restore of shop
    exit 0
    Restore of shop: done after [SPAN] (run [RUN], zdt-patching)
      15 steps done

    Uses backup set [RUN]  [SITE]/backups/shop/[RUN]
    Point of no return  passed: only a restore leads back
    ");
    assert_eq!(world.workflows(), ["dry rolloutOracleHome SUCCESS"]);
}

#[test]
fn the_way_back_is_tried_before_it_is_gone() {
    let Some(world) = World::new("2.7.3") else {
        return;
    };
    let sandbox = sandbox(&world, &world.home_rollout());
    _ = sandbox.done(&phase("backup"));
    _ = sandbox.done(&phase("upgrade"));
    world.domain.fault("dryRunFailAt=\"2\"");
    assert_snapshot!(story(&world, &sandbox, "restore"), @"
    [TIME]  done      check-restrictions         15 restrictions hold
    [TIME]  done      check-domain               3 servers run, as the site says
    [TIME]  done      find-rolled-out            on node1, node2: the Oracle home
    [TIME]  done      take-back                  nothing to revert: the last workflow wf0002 ended with SUCCESS
    [TIME]  done      find-left                  on node1, node2: the Oracle home
    [TIME]  failed    dry-run-roll-back          the dry run wf0003 ended as FAIL: Node node2 ran out of disk space
    [TIME]            dry-run-roll-back          to do    nothing is changed; mend the cause, then resume the run: it is tried anew
    [TIME]  failed                               restore of shop
    exit 5
    Restore of shop: FAILED after [SPAN] (run [RUN], zdt-patching)
      8 steps done, 1 failed, 6 not run
        not run  can-roll-back              `dry-run-roll-back`, which it comes after, failed
        not run  roll-back                  `dry-run-roll-back`, which it comes after, failed
        not run  rolled-back                `dry-run-roll-back`, which it comes after, failed
        not run  check-rolled-back          `dry-run-roll-back`, which it comes after, failed
        not run  check-patches-gone[node1]  `dry-run-roll-back`, which it comes after, failed
        not run  check-patches-gone[node2]  `dry-run-roll-back`, which it comes after, failed

    Failed: dry-run-roll-back (zdt.rollout)
      the dry run wf0003 ended as FAIL: Node node2 ran out of disk space
      the result does not stand up to verification
        to do    nothing is changed; mend the cause, then resume the run: it is tried anew

    Uses backup set [RUN]  [SITE]/backups/shop/[RUN]
    Point of no return  not reached: nothing needs to be restored

    Next
      upgrade-kit resume [RUN] --site site.yaml
    ");
    assert_eq!(world.patches("node1"), format!("{OLD} {NEW}"));
    // Whoever begins anew instead of resuming: the dry run that failed is not taken for the rollout.
    world.domain.mend("dryRunFailAt=\"2\"");
    _ = sandbox.done(&phase("restore"));
    assert_eq!(world.patches("node1"), OLD);
    assert_eq!(
        world.workflows()[2..],
        [
            "dry rolloutOracleHome FAIL",
            "dry rolloutOracleHome SUCCESS",
            "rolloutOracleHome SUCCESS"
        ]
    );
}

#[test]
fn a_rollout_that_stopped_in_the_middle_is_taken_back() {
    let Some(world) = World::new("2.2.1") else {
        return;
    };
    let rollout = format!(
        "    java_home: {}\n",
        world.path("u01/java/jdk11").display()
    );
    let sandbox = sandbox(&world, &rollout);
    world.domain.fault("rolloutFailAt=\"3\"");
    _ = sandbox.done(&phase("backup"));
    let said = sandbox.run(&phase("upgrade"));
    assert_snapshot!(ending(&world, &said), @"
    exit 5
    Upgrade of shop: FAILED after [SPAN] (run [RUN], zdt-patching)
      14 steps done, 1 failed, 2 not run
        not run  rolled-out        `roll-out`, which it comes after, failed
        not run  check-rolled-out  `roll-out`, which it comes after, failed

    Failed: roll-out (zdt.rollout)
      the rollout wf0002 ended as FAIL: Node node2 ran out of disk space
      the result does not stand up to verification
        to do    mend the cause, then resume the run: the workflow goes on where it stopped; a restore takes it back

    Uses backup set [RUN]  [SITE]/backups/shop/[RUN]
    Point of no return  passed: only a restore leads back

    Next
      upgrade-kit resume [RUN] --site site.yaml
      upgrade-kit restore --scenario zdt-patching --from [RUN] --site site.yaml
    ");
    assert_snapshot!(shown(&world, &sandbox.run(&["check", "restore", "--scenario", "zdt-patching"])), @"
    exit 0
    -- stdout
    warning  find-rolled-out: on node1: Java; on node2: nothing
             to do: the workflow that stopped in the middle is reverted first

    nothing stands in the way; 1 warning
    ");
    assert_snapshot!(story(&world, &sandbox, "restore"), @"
    [TIME]  done      check-restrictions      15 restrictions hold
    [TIME]  done      check-domain            3 servers run, as the site says
    [TIME]  done      find-rolled-out         on node1: Java; on node2: nothing
    [TIME]  done      take-back               wf0002 ended with REVERTED, 0 commands
    [TIME]  done      find-left               nothing of the rollout is on any node
    [TIME]  done      dry-run-roll-back       nothing is rolled out: there is nothing to do
    [TIME]  done      roll-back               nothing is rolled out: there is nothing to do
    [TIME]  done      check-rolled-back       nothing of the rollout is on any node
    [TIME]  done                              restore of shop
    exit 0
    Restore of shop: done after [SPAN] (run [RUN], zdt-patching)
      13 steps done

    Uses backup set [RUN]  [SITE]/backups/shop/[RUN]
    Point of no return  passed: only a restore leads back
    ");
    let workflows = world.workflows();
    assert_eq!(
        workflows,
        ["dry rolloutJavaHome SUCCESS", "rolloutJavaHome REVERTED"]
    );
    // The password is nowhere in what the runs left.
    for entry in walkdir::WalkDir::new(sandbox.path("runs")) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let content = std::fs::read(entry.path()).unwrap();
            let content = String::from_utf8_lossy(&content);
            assert!(
                !content.contains(World::password()),
                "{}",
                entry.path().display()
            );
        }
    }
}
