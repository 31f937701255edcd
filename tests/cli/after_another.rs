//! A run after one that was cut off, failed or was overtaken: what that one has left half-way is ended,
//! named, and nothing is built on it without somebody's word.

use std::fs;

use insta::assert_snapshot;
use rustix::process::Signal;

use super::harness::{Sandbox, wait_until};

/// A backup; an upgrade and a restore whose only step is a program that waits.
const STEPS: &str = "backup:
  - { id: save, uses: command.run, with: { argv: [sh, -c, test ! -e unsavable && echo save >> log] } }
  - { id: seal, uses: backupset.seal, after: [save] }
upgrade:
  - { id: look, uses: command.check, with: { argv: [sh, -c, test ! -e unfit] } }
  - { id: change, uses: command.run, with: { argv: [./work, change], probe_argv: [grep, -qx, change-end, log] }, after: [look] }
restore:
  - { id: bring-back, uses: command.run, with: { argv: [./work, bring-back] } }
";

const WORK: &str = "echo $1-begin >> log
sleep 77 &
echo $! > grandchild
i=0; while test ! -e go && test $i -lt 3000; do sleep 0.05; i=$((i + 1)); done
kill $(cat grandchild); wait
test ! -e fail || exit 7
echo $1-end >> log";

fn backed_up() -> Sandbox {
    let sandbox = Sandbox::own(STEPS);
    sandbox.script("work", WORK);
    _ = sandbox.done(&["backup"]);
    sandbox
}

/// Kills the program in the midst of `change`, whose tool lives on.
fn killed() -> Sandbox {
    let sandbox = backed_up();
    let running = sandbox.start(sandbox.command(&["upgrade", "--yes"]));
    wait_until("the change to be at work", || {
        let journal = sandbox.runs().pop().unwrap().join("journal.jsonl");
        sandbox.log().contains("change-begin")
            && fs::read_to_string(journal).is_ok_and(|text| text.contains("./work change"))
    });
    running.signal(Signal::KILL);
    assert_eq!(running.finish().code(), -9);
    sandbox
}

#[test]
fn nothing_is_built_on_a_half_done_upgrade() {
    let sandbox = killed();
    assert_snapshot!(sandbox.run(&["backup"]), @"
    exit 4
    -- stderr
    error: backup was not started, nothing was changed: upgrade run [RUN] is not finished, it was cut off
      hint: `upgrade-kit resume [RUN] --site site.yaml` goes on with it
      hint: `upgrade-kit restore --scenario same-server --from [RUN] --site site.yaml` leads back
      hint: if you know how far it came, `--start-at STEP` begins a new backup there
    ");
    assert_snapshot!(sandbox.run(&["upgrade"]), @"
    exit 4
    -- stderr
    error: upgrade was not started, nothing was changed: upgrade run [RUN] is not finished, it was cut off
      hint: `upgrade-kit resume [RUN] --site site.yaml` goes on with it
      hint: `upgrade-kit restore --scenario same-server --from [RUN] --site site.yaml` leads back
      hint: if you know how far it came, `--start-at STEP` begins a new upgrade there
    ");
    assert_snapshot!(sandbox.run(&["check", "backup"]), @"
    exit 4
    -- stdout
    REFUSED  runs: upgrade run [RUN] is not finished, it was cut off
             to do: `upgrade-kit resume [RUN] --site site.yaml` goes on with it
    info     installation: nothing here tells Domibus 4.x from 5.x; read as 5.x ([SITE]/installation/tomcat/conf/domibus)

    1 thing stands in the way
    ");
    assert_eq!(sandbox.run(&["check", "restore"]).code(), 0);
    assert_eq!(sandbox.log(), "save change-begin ");
    assert!(sandbox.grandchild_lives(), "a refusal ends nothing");
    assert_eq!(
        sandbox.run(&["upgrade", "--yes"]).code(),
        4,
        "no answer to this"
    );
    // A person may say so; what was left at work is ended all the same.
    let said = sandbox.shell(
        "mkfifo keys; script -qec \"$KIT backup\" /dev/null < keys & exec 3> keys; echo y >&3; wait $!",
    );
    assert_eq!(said.code(), 0, "{said}");
    for part in [
        "is not finished, it was cut off. Begin a new backup nevertheless? [y/N]",
        "(`./work change`) was still at work and was ended",
    ] {
        assert!(said.stdout.contains(part), "{part} in {said}");
    }
    assert!(!sandbox.grandchild_lives());
    // The next ones build on what the person has vouched for.
    _ = sandbox.done(&["backup"]);
    assert_eq!(sandbox.log(), "save change-begin save save ");
}

/// The way back is open, and what would work against it is ended first.
#[test]
fn a_restore_ends_what_a_killed_upgrade_left_at_work() {
    let sandbox = killed();
    let running = sandbox.start(sandbox.command(&["restore"]));
    wait_until("the restore to work", || {
        sandbox.log().contains("bring-back-begin")
    });
    sandbox.write("go", "");
    assert_snapshot!(running.finish(), @"
    exit 0
    -- stdout
    [TIME]  start                 restore of quickstart, same-server, 1 step, run [RUN]
    [TIME]                        upgrade run [RUN]: step `change`: process [PID] (`./work change`) was still at work and was ended
    [TIME]  begin     bring-back
    [TIME]  runs      bring-back  ./work bring-back
    [TIME]  done      bring-back  exit code 0  [SPAN]
    [TIME]  done                  restore of quickstart  [SPAN]

    Restore of quickstart: done after [SPAN] (run [RUN], same-server)
      1 step done

    Uses backup set [RUN]  [SITE]/backups/quickstart/[RUN]
    ");
    assert_eq!(
        sandbox.log(),
        "save change-begin bring-back-begin bring-back-end "
    );
    // After it the upgrade is history: it is not gone on with by mistake.
    let upgrade = sandbox.runs().remove(1);
    let run = upgrade.file_name().unwrap().to_str().unwrap();
    assert_snapshot!(sandbox.run(&["resume", run]), @"
    exit 4
    -- stderr
    error: run [RUN] was not resumed, nothing was changed: restore run [RUN] has worked on this site since, it is done
      hint: what it did may be undone by now, and would not be done again: begin a new run
    ");
    assert_snapshot!(sandbox.run(&["resume"]), @"
    exit 4
    -- stderr
    error: the newest run, [RUN], is done: nothing to resume
      hint: `upgrade-kit runs` lists all; name the one to resume
    ");
    assert_eq!(
        sandbox.log(),
        "save change-begin bring-back-begin bring-back-end "
    );
    _ = sandbox.done(&["backup"]);
    assert_eq!(sandbox.run(&["resume", run, "--yes"]).code(), 4);
    assert!(sandbox.log().ends_with("bring-back-end save "));
}

/// A failure before anything was changed leaves nothing half-way.
#[test]
fn an_upgrade_that_only_looked_bars_nothing() {
    let sandbox = backed_up();
    sandbox.write("unfit", "");
    assert_eq!(sandbox.run(&["upgrade"]).code(), 5);
    _ = sandbox.done(&["backup"]);
    sandbox.write("go", "");
    sandbox.write("fail", "");
    fs::remove_file(sandbox.path("unfit")).unwrap();
    assert_eq!(sandbox.run(&["upgrade"]).code(), 5);
    assert_eq!(sandbox.run(&["backup"]).code(), 4);
    fs::remove_file(sandbox.path("fail")).unwrap();
    _ = sandbox.done(&["resume"]);
    _ = sandbox.done(&["backup"]);
}

/// Whoever says where to begin knows what is done.
#[test]
fn a_new_upgrade_begins_where_it_is_told_to() {
    let sandbox = backed_up();
    sandbox.write("go", "");
    sandbox.write("fail", "");
    assert_eq!(sandbox.run(&["upgrade"]).code(), 5);
    fs::remove_file(sandbox.path("fail")).unwrap();
    assert_eq!(sandbox.run(&["upgrade", "--yes"]).code(), 4);
    // A backup that fails does not hide it.
    sandbox.write("unsavable", "");
    let backup = ["backup", "--start-at", "save"];
    assert_eq!(sandbox.run(&backup).code(), 5);
    assert_eq!(sandbox.run(&["upgrade", "--yes"]).code(), 4);
    _ = sandbox.done(&["upgrade", "--start-at", "change"]);
    assert!(
        sandbox
            .log()
            .ends_with("change-begin change-begin change-end ")
    );
}

/// It may be an upgrade that was not finished: nothing is begun or taken up on a guess, but a restore is.
#[test]
fn a_run_whose_journal_is_damaged_counts_as_unfinished() {
    let sandbox = backed_up();
    sandbox.write("go", "");
    sandbox.write("fail", "");
    assert_eq!(sandbox.run(&["upgrade"]).code(), 5);
    let damaged = sandbox.runs().pop().unwrap();
    let journal = damaged.join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, text.replacen('{', "#", 1)).unwrap();
    assert_snapshot!(sandbox.run(&["backup"]), @"
    exit 4
    -- stderr
    error: backup was not started, nothing was changed: what run [RUN] has done is not known: [SITE]/runs/quickstart/runs/[RUN]/journal.jsonl is damaged at line 1: expected value in column 1
      hint: look at the installation; once it is as it should be, move [SITE]/runs/quickstart/runs/[RUN] away
      hint: if you know how far it came, `--start-at STEP` begins a new backup there
    ");
    assert_snapshot!(sandbox.run(&["check", "upgrade"]), @"
    exit 4
    -- stdout
    REFUSED  runs: what run [RUN] has done is not known: [SITE]/runs/quickstart/runs/[RUN]/journal.jsonl is damaged at line 1: expected value in column 1
             to do: look at the installation; once it is as it should be, move [SITE]/runs/quickstart/runs/[RUN] away

    1 thing stands in the way
    ");
    let first = sandbox.runs().remove(0);
    let first = first.file_name().unwrap().to_str().unwrap();
    assert_snapshot!(sandbox.run(&["resume", first]), @"
    exit 4
    -- stderr
    error: run [RUN] was not resumed, nothing was changed: what run [RUN] has done is not known: [SITE]/runs/quickstart/runs/[RUN]/journal.jsonl is damaged at line 1: expected value in column 1
      hint: look at the installation; once it is as it should be, move [SITE]/runs/quickstart/runs/[RUN] away
    ");
    fs::remove_file(sandbox.path("fail")).unwrap();
    let restored = sandbox.done(&["restore", "--yes"]);
    let note = "what it left at work was not looked for";
    assert!(restored.to_string().contains(note), "{restored}");
    assert_eq!(sandbox.run(&["backup"]).code(), 4);
    fs::rename(&damaged, sandbox.path("damaged")).unwrap();
    _ = sandbox.done(&["backup"]);
}

/// A newer program may have done anything in its run.
#[test]
fn a_run_of_a_newer_version_counts_as_unfinished() {
    let sandbox = backed_up();
    sandbox.write("go", "");
    _ = sandbox.done(&["upgrade"]);
    let journal = sandbox.runs().pop().unwrap().join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, text.replacen("\"format\":1", "\"format\":2", 1)).unwrap();
    assert_snapshot!(sandbox.run(&["backup"]), @"
    exit 4
    -- stderr
    error: backup was not started, nothing was changed: what run [RUN] has done is not known: [SITE]/runs/quickstart/runs/[RUN]/journal.jsonl has format 2, this program reads up to 1
      hint: use the version of upgrade-kit that wrote it
      hint: if you know how far it came, `--start-at STEP` begins a new backup there
    ");
    _ = sandbox.done(&["restore", "--yes"]);
}
