//! A run that is cut off, asked to stop, or still at work when another one comes.

use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;
use rustix::process::Signal;

use super::harness::{Running, Said, Sandbox, wait_until};

/// Four steps that note that they ran. The third waits for `go`, with a child beside it.
const STEPS: &str = "backup:
  - { id: one, uses: command.run, with: { argv: [sh, -c, echo one >> log] } }
  - { id: two, uses: command.run, with: { argv: [sh, -c, echo two >> log] }, after: [one] }
  - id: slow
    uses: command.run
    with:
      argv: [./slow]
      probe_argv: [grep, -qx, slow-end, log]
    after: [two]
  - { id: last, uses: command.run, with: { argv: [sh, -c, echo last >> log] }, after: [slow] }
";

const SLOW: &str = "echo slow-begin >> log
sleep 77 &
grandchild=$!
echo $grandchild > grandchild
i=0; while test ! -e go && test $i -lt 3000; do sleep 0.05; i=$((i + 1)); done
kill $grandchild
wait $grandchild 2> /dev/null || true
echo slow-end >> log";

/// A run whose step `slow` is at work.
fn at_work() -> (Sandbox, Running) {
    let sandbox = Sandbox::own(STEPS);
    sandbox.script("slow", SLOW);
    _ = sandbox.done(&["backup", "--skip", "slow", "--skip", "last"]);
    fs::remove_file(sandbox.path("log")).unwrap();
    let running = sandbox.start(sandbox.command(&["backup", "--jobs", "1"]));
    wait_for_slow(&sandbox);
    (sandbox, running)
}

/// Waits until the slow step is at work and the journal knows its process.
fn wait_for_slow(sandbox: &Sandbox) {
    wait_until("the slow step to work", || {
        let journal = || fs::read_to_string(sandbox.runs().pop().unwrap().join("journal.jsonl"));
        sandbox.path("grandchild").exists()
            && journal()
                .is_ok_and(|journal| journal.contains("tool-started") && journal.contains("./slow"))
    });
}

/// `kill -9` of the program: no step runs twice, the tool that was left at work is ended first, and
/// what came of its step is asked of the world.
#[test]
fn killed_and_resumed() {
    let (sandbox, running) = at_work();
    running.signal(Signal::KILL);
    assert_eq!(running.finish().code(), -9);
    assert!(sandbox.grandchild_lives(), "its session is its own");
    assert_snapshot!(sandbox.run(&["runs"]), @"
    exit 0
    -- stdout
    RUN                    PHASE   SCENARIO     STATUS   STARTED                 FOR  STEPS  BACKUP SET
    [RUN]  backup  same-server  cut off  [TIME]  [SPAN]      4  -
    [RUN]  backup  same-server  done     [TIME]  [SPAN]      4  -
    ");
    sandbox.write("go", "");
    wait_until("the orphan to end its work", || {
        sandbox.log().contains("slow-end")
    });
    assert_snapshot!(sandbox.run(&["resume", "--jobs", "1"]), @"
    exit 0
    -- stdout
    [TIME]  resume          run [RUN]: 2 of 4 steps are behind it
    [TIME]                  step `slow` was cut off; how far it came is looked at before it runs again
    [TIME]  begin     slow  attempt 2
    [TIME]  runs      slow  grep -qx slow-end log
    [TIME]  says      slow  it was done already before the interruption
    [TIME]  done      slow  done already: `grep -qx slow-end log` says so  [SPAN]
    [TIME]  begin     last
    [TIME]  runs      last  sh -c 'echo last >> log'
    [TIME]  done      last  exit code 0  [SPAN]
    [TIME]  done            backup of quickstart  [SPAN]

    Backup of quickstart: done after [SPAN] (run [RUN], same-server)
      4 steps done
    ");
    assert_eq!(sandbox.log(), "one two slow-begin slow-end last ");
    assert!(!sandbox.grandchild_lives());
}

/// The same while the orphan still works: it is ended, and its step begins again.
#[test]
fn killed_and_resumed_while_the_tool_still_works() {
    let (sandbox, running) = at_work();
    running.signal(Signal::KILL);
    assert_eq!(running.finish().code(), -9);
    let resumed = sandbox.start(sandbox.command(&["resume", "--jobs", "1"]));
    wait_until("the slow step to begin again", || {
        sandbox.log().matches("slow-begin").count() == 2
    });
    sandbox.write("go", "");
    let said = resumed.finish();
    assert_snapshot!(said, @"
    exit 0
    -- stdout
    [TIME]  resume          run [RUN]: 2 of 4 steps are behind it
    [TIME]                  step `slow`: process [PID] (`./slow`) was still at work and was ended
    [TIME]                  step `slow` was cut off; how far it came is looked at before it runs again
    [TIME]  begin     slow  attempt 2
    [TIME]  runs      slow  grep -qx slow-end log
    [TIME]  runs      slow  ./slow
    [TIME]  done      slow  exit code 0  [SPAN]
    [TIME]  begin     last
    [TIME]  runs      last  sh -c 'echo last >> log'
    [TIME]  done      last  exit code 0  [SPAN]
    [TIME]  done            backup of quickstart  [SPAN]

    Backup of quickstart: done after [SPAN] (run [RUN], same-server)
      4 steps done
    ");
    assert_eq!(
        sandbox.log(),
        "one two slow-begin slow-begin slow-end last "
    );
}

/// A program that must not run twice and has no way to tell whether it did: a person is asked.
#[test]
fn killed_in_a_step_that_cannot_tell() {
    let sandbox =
        Sandbox::own(&STEPS.replace("      probe_argv: [grep, -qx, slow-end, log]\n", ""));
    sandbox.script("slow", SLOW);
    let running = sandbox.start(sandbox.command(&["backup", "--jobs", "1"]));
    wait_for_slow(&sandbox);
    running.signal(Signal::KILL);
    assert_eq!(running.finish().code(), -9);
    assert_snapshot!(sandbox.run(&["resume", "--jobs", "1"]), @"
    exit 6
    -- stdout
    [TIME]  resume          run [RUN]: 2 of 4 steps are behind it
    [TIME]                  step `slow`: process [PID] (`./slow`) was still at work and was ended
    [TIME]                  step `slow` was cut off; how far it came is looked at before it runs again
    [TIME]  begin     slow  attempt 2
    [TIME]  waits     slow  step `slow` was cut off and what came of it is not known: whether `./slow` has done its work cannot be read back; look at what it changes
    [TIME]  waiting         backup of quickstart  [SPAN]

    Backup of quickstart: waiting for an answer after [SPAN]; it can be resumed (run [RUN], same-server)
      2 steps done, 2 not finished

    Waiting: slow
      step `slow` was cut off and what came of it is not known: whether `./slow` has done its work cannot be read back; look at what it changes

    Next
      upgrade-kit resume [RUN] --site site.yaml
    ");
    assert_eq!(sandbox.log(), "one two slow-begin ");
}

#[track_caller]
fn ended_by(sandbox: &Sandbox, running: Running) -> Said {
    let said = running.finish();
    assert_eq!(said.code(), 9, "{said}");
    assert!(!sandbox.grandchild_lives(), "a grandchild is left over");
    assert_eq!(sandbox.log(), "one two slow-begin ");
    sandbox.write("go", "");
    let resumed = sandbox.run(&["resume", "--jobs", "1"]);
    assert_eq!(resumed.code(), 0, "{resumed}");
    assert_eq!(
        sandbox.log(),
        "one two slow-begin slow-begin slow-end last "
    );
    said
}

#[test]
fn sigterm_leaves_nothing_at_work() {
    let (sandbox, running) = at_work();
    running.signal(Signal::TERM);
    assert_snapshot!(ended_by(&sandbox, running), @"
    exit 9
    -- stdout
    [TIME]  start           backup of quickstart, same-server, 4 steps, run [RUN]
    [TIME]  begin     one
    [TIME]  runs      one   sh -c 'echo one >> log'
    [TIME]  done      one   exit code 0  [SPAN]
    [TIME]  begin     two
    [TIME]  runs      two   sh -c 'echo two >> log'
    [TIME]  done      two   exit code 0  [SPAN]
    [TIME]  begin     slow
    [TIME]  runs      slow  ./slow
    [TIME]  stop            the running tools are asked to end; once more kills them (SIGTERM)
    [TIME]  cut off   slow  stopped on request
    [TIME]  not run   last  the run was stopped before it
    [TIME]  stopped         backup of quickstart  [SPAN]

    Backup of quickstart: interrupted after [SPAN]; it can be resumed (run [RUN], same-server)
      2 steps done, 1 not run, 1 not finished
        cut off  slow  resume takes it up again
        not run  last  the run was stopped before it

    Next
      upgrade-kit resume [RUN] --site site.yaml
    ");
}

#[test]
fn a_hangup_is_a_sigterm() {
    let (sandbox, running) = at_work();
    running.signal(Signal::HUP);
    assert_eq!(ended_by(&sandbox, running).code(), 9);
}

#[test]
fn two_interrupts_end_the_tool() {
    let (sandbox, running) = at_work();
    running.signal(Signal::INT);
    let journal = sandbox.runs().pop().unwrap().join("journal.jsonl");
    wait_until("the first Ctrl-C to be heard", || {
        fs::read_to_string(&journal)
            .unwrap()
            .contains("no-new-steps")
    });
    running.signal(Signal::INT);
    assert_snapshot!(ended_by(&sandbox, running), @"
    exit 9
    -- stdout
    [TIME]  start           backup of quickstart, same-server, 4 steps, run [RUN]
    [TIME]  begin     one
    [TIME]  runs      one   sh -c 'echo one >> log'
    [TIME]  done      one   exit code 0  [SPAN]
    [TIME]  begin     two
    [TIME]  runs      two   sh -c 'echo two >> log'
    [TIME]  done      two   exit code 0  [SPAN]
    [TIME]  begin     slow
    [TIME]  runs      slow  ./slow
    [TIME]  stop            no new steps start; once more asks the running tools to end (Ctrl-C)
    [TIME]  stop            the running tools are asked to end; once more kills them (Ctrl-C)
    [TIME]  cut off   slow  stopped on request
    [TIME]  not run   last  the run was stopped before it
    [TIME]  stopped         backup of quickstart  [SPAN]

    Backup of quickstart: interrupted after [SPAN]; it can be resumed (run [RUN], same-server)
      2 steps done, 1 not run, 1 not finished
        cut off  slow  resume takes it up again
        not run  last  the run was stopped before it

    Next
      upgrade-kit resume [RUN] --site site.yaml
    ");
}

/// The first Ctrl-C lets the step that works come to its end.
#[test]
fn one_interrupt_starts_nothing_new() {
    let (sandbox, running) = at_work();
    running.signal(Signal::INT);
    let journal = sandbox.runs().pop().unwrap().join("journal.jsonl");
    wait_until("Ctrl-C to be heard", || {
        fs::read_to_string(&journal)
            .unwrap()
            .contains("no-new-steps")
    });
    sandbox.write("go", "");
    assert_snapshot!(running.finish(), @"
    exit 9
    -- stdout
    [TIME]  start           backup of quickstart, same-server, 4 steps, run [RUN]
    [TIME]  begin     one
    [TIME]  runs      one   sh -c 'echo one >> log'
    [TIME]  done      one   exit code 0  [SPAN]
    [TIME]  begin     two
    [TIME]  runs      two   sh -c 'echo two >> log'
    [TIME]  done      two   exit code 0  [SPAN]
    [TIME]  begin     slow
    [TIME]  runs      slow  ./slow
    [TIME]  stop            no new steps start; once more asks the running tools to end (Ctrl-C)
    [TIME]  done      slow  exit code 0  [SPAN]
    [TIME]  not run   last  the run was stopped before it
    [TIME]  stopped         backup of quickstart  [SPAN]

    Backup of quickstart: interrupted after [SPAN]; it can be resumed (run [RUN], same-server)
      3 steps done, 1 not run
        not run  last  the run was stopped before it

    Next
      upgrade-kit resume [RUN] --site site.yaml
    ");
    assert_eq!(sandbox.log(), "one two slow-begin slow-end ");
    assert_eq!(sandbox.run(&["resume"]).code(), 0);
    assert_eq!(sandbox.log(), "one two slow-begin slow-end last ");
}

/// Nothing can be begun or resumed beside a run; looking is always possible.
#[test]
fn a_second_run_on_the_same_site() {
    let (sandbox, running) = at_work();
    assert_snapshot!(sandbox.run(&["backup"]), @"
    exit 7
    -- stderr
    error: another run holds the site: backup run [RUN] of user [USER] on [HOST], process [PID], since [TIME]
      hint: wait until it has ended, or stop it with Ctrl-C
    ");
    assert_eq!(sandbox.run(&["resume"]).code(), 7);
    assert_eq!(sandbox.run(&["plan", "backup"]).code(), 0);
    assert_eq!(sandbox.run(&["backup", "--dry-run"]).code(), 0);
    assert_snapshot!(sandbox.run(&["runs"]), @"
    exit 0
    -- stdout
    RUN                    PHASE   SCENARIO     STATUS   STARTED                 FOR  STEPS  BACKUP SET
    [RUN]  backup  same-server  at work  [TIME]  [SPAN]      4  -
    [RUN]  backup  same-server  done     [TIME]  [SPAN]      4  -
    ");
    sandbox.write("go", "");
    assert_eq!(running.finish().code(), 0);
    assert_eq!(sandbox.log(), "one two slow-begin slow-end last ");
    assert_eq!(
        fs::read_dir(sandbox.path("runs/quickstart/runs"))
            .unwrap()
            .count(),
        2,
        "a refused run left traces"
    );
}

/// The frozen plan is what resumes; that the runbook has changed since is said.
#[test]
fn a_runbook_that_changed_meanwhile() {
    let sandbox = Sandbox::own(
        "backup:
  - { id: one, uses: command.check, with: { argv: [test, -e, go] } }
  - { id: two, uses: command.run, with: { argv: [sh, -c, echo old >> log] }, after: [one] }
",
    );
    assert_eq!(sandbox.run(&["backup"]).code(), 5);
    sandbox.change("mine.yaml", "echo old", "echo new");
    sandbox.write("go", "");
    assert_snapshot!(sandbox.run(&["resume", "--jobs", "1"]), @"
    exit 0
    -- stdout
    [TIME]  resume         run [RUN]: 0 of 2 steps are behind it
    [TIME]                 the runbook or the site has changed since the run started; the plan from then is used
    [TIME]                 step `one` failed and runs again
    [TIME]  begin     one  attempt 2
    [TIME]  runs      one  test -e go
    [TIME]  done      one  exit code 0  [SPAN]
    [TIME]  begin     two
    [TIME]  runs      two  sh -c 'echo old >> log'
    [TIME]  done      two  exit code 0  [SPAN]
    [TIME]  done           backup of quickstart  [SPAN]

    Backup of quickstart: done after [SPAN] (run [RUN], same-server)
      2 steps done
    ");
    assert_eq!(sandbox.read("log"), "old\n");
}

/// A runbook that has become invalid or is gone is no reason not to finish what was begun.
#[test]
fn a_runbook_that_is_gone() {
    let sandbox = Sandbox::own(
        "backup:\n  - { id: one, uses: command.check, with: { argv: [test, -e, go] } }\n",
    );
    assert_eq!(sandbox.run(&["backup"]).code(), 5);
    fs::remove_file(sandbox.path("mine.yaml")).unwrap();
    sandbox.write("go", "");
    assert_snapshot!(sandbox.run(&["resume"]), @"
    exit 0
    -- stdout
    [TIME]  resume         run [RUN]: 0 of 1 steps are behind it
    [TIME]                 the runbook or the site has changed since the run started; the plan from then is used
    [TIME]                 step `one` failed and runs again
    [TIME]  begin     one  attempt 2
    [TIME]  runs      one  test -e go
    [TIME]  done      one  exit code 0  [SPAN]
    [TIME]  done           backup of quickstart  [SPAN]

    Backup of quickstart: done after [SPAN] (run [RUN], same-server)
      1 step done
    ");
}

/// A run that failed and whose files then are not what they were.
fn failed() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::own(
        "backup:\n  - { id: one, uses: command.check, with: { argv: [test, -e, go] } }\n",
    );
    assert_eq!(sandbox.run(&["backup"]).code(), 5);
    sandbox.write("go", "");
    let run = sandbox.runs().pop().unwrap();
    (sandbox, run)
}

fn edit(path: &std::path::Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_journal_of_a_newer_format() {
    use sha2::{Digest, Sha256};
    let (sandbox, run) = failed();
    let journal = run.join("journal.jsonl");
    edit(&journal, "\"format\":1", "\"format\":2");
    // The first line's check sum, as a newer program would have written it.
    let text = fs::read_to_string(&journal).unwrap();
    let line = text.lines().next().unwrap();
    let (event, sum) = line.split_once(",\"sum\":\"").unwrap();
    let digest = Sha256::digest(format!("00000000{event}"));
    let fits: String = digest[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    fs::write(&journal, text.replacen(&sum[..8], &fits, 1)).unwrap();
    assert_snapshot!(sandbox.run(&["resume"]), @"
    exit 4
    -- stderr
    error: [SITE]/runs/quickstart/runs/[RUN]/journal.jsonl has format 2, this program reads up to 1
      hint: use the version of upgrade-kit that wrote it
      hint: name the run to resume: `upgrade-kit runs` lists them
    ");
    assert_snapshot!(sandbox.run(&["runs"]), @"
    exit 0
    -- stderr
    error: [SITE]/runs/quickstart/runs/[RUN]/journal.jsonl has format 2, this program reads up to 1
      hint: use the version of upgrade-kit that wrote it
    ");
}

#[test]
fn a_plan_of_a_newer_format() {
    let (sandbox, run) = failed();
    edit(&run.join("plan.json"), "\"format\": 1", "\"format\": 2");
    assert_snapshot!(sandbox.run(&["resume"]), @"
    exit 4
    -- stderr
    error: [SITE]/runs/quickstart/runs/[RUN]/plan.json has format 2, this program reads up to 1
      hint: use the version of upgrade-kit that wrote it
    ");
}

#[test]
fn a_plan_edited_meanwhile() {
    let (sandbox, run) = failed();
    edit(&run.join("plan.json"), "\"test\"", "\"true\"");
    assert_snapshot!(sandbox.run(&["resume"]), @"
    exit 70
    -- stderr
    error: [SITE]/runs/quickstart/runs/[RUN]/plan.json is damaged at line 1: it is not the plan that the run started with
      hint: the file was changed after it was written; look at the installation, then start a new run; one that is refused because of this one begins once [SITE]/runs/quickstart/runs/[RUN] is moved away
    ");
}

#[test]
fn a_journal_damaged_in_its_middle() {
    let (sandbox, run) = failed();
    edit(&run.join("journal.jsonl"), "step-started", "step-startle");
    assert_snapshot!(sandbox.run(&["resume"]), @"
    exit 70
    -- stderr
    error: [SITE]/runs/quickstart/runs/[RUN]/journal.jsonl is damaged at line 2: its check sum does not fit: it or a line before it was changed
      hint: the file was changed after it was written; look at the installation, then start a new run; one that is refused because of this one begins once [SITE]/runs/quickstart/runs/[RUN] is moved away
    ");
    edit(&run.join("journal.jsonl"), "{\"seq\":2", "{\"seq\"=2");
    assert_snapshot!(sandbox.run(&["resume"]), @"
    exit 70
    -- stderr
    error: [SITE]/runs/quickstart/runs/[RUN]/journal.jsonl is damaged at line 2: its check sum does not fit: it or a line before it was changed
      hint: the file was changed after it was written; look at the installation, then start a new run; one that is refused because of this one begins once [SITE]/runs/quickstart/runs/[RUN] is moved away
    ");
    assert_snapshot!(sandbox.run(&["runs"]), @"
    exit 0
    -- stdout
    RUN                    PHASE   SCENARIO     STATUS  STARTED                 FOR  STEPS  BACKUP SET
    [RUN]  backup  same-server  failed  [TIME]  [SPAN]      1  -
    ");
}

/// A run that cannot be told any more: it may be the newest, so none is chosen; the others are told.
#[test]
fn a_journal_damaged_at_its_beginning() {
    let (sandbox, run) = failed();
    assert_eq!(sandbox.run(&["backup"]).code(), 0);
    edit(&run.join("journal.jsonl"), "{\"seq\":1", "{\"seq\"=1");
    assert_snapshot!(sandbox.run(&["runs"]), @"
    exit 0
    -- stdout
    RUN                    PHASE   SCENARIO     STATUS  STARTED                 FOR  STEPS  BACKUP SET
    [RUN]  backup  same-server  done    [TIME]  [SPAN]      1  -
    -- stderr
    error: [SITE]/runs/quickstart/runs/[RUN]/journal.jsonl is damaged at line 1: expected `:` in column 7
      hint: the file was changed after it was written; look at the installation, then start a new run; one that is refused because of this one begins once [SITE]/runs/quickstart/runs/[RUN] is moved away
    ");
    assert_snapshot!(sandbox.run(&["resume"]), @"
    exit 70
    -- stderr
    error: [SITE]/runs/quickstart/runs/[RUN]/journal.jsonl is damaged at line 1: expected `:` in column 7
      hint: the file was changed after it was written; look at the installation, then start a new run; one that is refused because of this one begins once [SITE]/runs/quickstart/runs/[RUN] is moved away
      hint: name the run to resume: `upgrade-kit runs` lists them
    ");
}

/// The last line of a journal may be cut short by a crash: that is no damage.
#[test]
fn a_journal_cut_short() {
    let (sandbox, run) = failed();
    let journal = run.join("journal.jsonl");
    let text = fs::read(&journal).unwrap();
    fs::write(&journal, &text[..text.len() - 20]).unwrap();
    assert_snapshot!(sandbox.run(&["resume", "--jobs", "1"]), @"
    exit 0
    -- stdout
    [TIME]  resume         run [RUN]: 0 of 1 steps are behind it
    [TIME]                 the journal's last line was cut short by a crash; its [N] bytes were dropped
    [TIME]                 step `one` failed and runs again
    [TIME]  begin     one  attempt 2
    [TIME]  runs      one  test -e go
    [TIME]  done      one  exit code 0  [SPAN]
    [TIME]  done           backup of quickstart  [SPAN]

    Backup of quickstart: done after [SPAN] (run [RUN], same-server)
      1 step done
    ");
}
