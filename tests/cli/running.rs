//! What an operator sees of a run, and what the options of running do.

use insta::assert_snapshot;

use super::harness::Sandbox;

/// Steps that note that they ran, one of which fails if a file `broken` is there.
const STEPS: &str = "backup:
  - id: first
    uses: command.run
    with: { argv: [sh, -c, echo first >> log] }
  - id: second
    uses: command.run
    with: { argv: [sh, -c, \"test ! -e broken || { echo it is broken >&2; exit 3; }; echo second >> log\"] }
    after: [first]
  - id: third
    uses: command.run
    with: { argv: [sh, -c, echo third >> log] }
    after: [second]
  - id: beside
    uses: command.run
    with: { argv: [sh, -c, echo beside >> log] }
    after: [first]
";

#[test]
fn a_run_as_lines() {
    let sandbox = Sandbox::own(STEPS);
    assert_snapshot!(sandbox.run(&["backup", "--jobs", "1"]), @"
    exit 0
    -- stdout
    [TIME]  start             backup of quickstart, same-server, 4 steps, run [RUN]
    [TIME]  begin     first
    [TIME]  runs      first   sh -c 'echo first >> log'
    [TIME]  done      first   exit code 0  [SPAN]
    [TIME]  begin     second
    [TIME]  runs      second  sh -c 'test ! -e broken || { echo it is broken >&2; exit 3; }; echo second >> log'
    [TIME]  done      second  exit code 0  [SPAN]
    [TIME]  begin     third
    [TIME]  runs      third   sh -c 'echo third >> log'
    [TIME]  done      third   exit code 0  [SPAN]
    [TIME]  begin     beside
    [TIME]  runs      beside  sh -c 'echo beside >> log'
    [TIME]  done      beside  exit code 0  [SPAN]
    [TIME]  done              backup of quickstart  [SPAN]

    Backup of quickstart: done after [SPAN] (run [RUN], same-server)
      4 steps done
    -- stderr
    laid out the practice installation of site quickstart
    ");
    assert_eq!(sandbox.log(), "first second third beside ");
}

#[test]
fn a_failed_step_stops_the_run_and_resume_finishes_it() {
    let sandbox = Sandbox::own(STEPS);
    sandbox.write("broken", "");
    assert_snapshot!(sandbox.run(&["backup", "--jobs", "1"]), @"
    exit 5
    -- stdout
    [TIME]  start             backup of quickstart, same-server, 4 steps, run [RUN]
    [TIME]  begin     first
    [TIME]  runs      first   sh -c 'echo first >> log'
    [TIME]  done      first   exit code 0  [SPAN]
    [TIME]  begin     second
    [TIME]  runs      second  sh -c 'test ! -e broken || { echo it is broken >&2; exit 3; }; echo second >> log'
    [TIME]  failed    second  the command failed  [SPAN]
    [TIME]            second  command  sh -c 'test ! -e broken || { echo it is broken >&2; exit 3; }; echo second >> log'
    [TIME]            second  ended    exit code 3
    [TIME]            second  stderr   it is broken
    [TIME]            second  to do    look into the step's log for all that the tool said, mend the cause, then resume the run
    [TIME]  not run   third   `second`, which it comes after, failed
    [TIME]  not run   beside  `second` failed and ended the run
    [TIME]  failed            backup of quickstart  [SPAN]

    Backup of quickstart: FAILED after [SPAN] (run [RUN], same-server)
      1 step done, 1 failed, 2 not run
        not run  third   `second`, which it comes after, failed
        not run  beside  `second` failed and ended the run

    Failed: second (command.run)
      the command failed
      the tool failed
        command  sh -c 'test ! -e broken || { echo it is broken >&2; exit 3; }; echo second >> log'
        ended    exit code 3
        stderr   it is broken
        to do    look into the step's log for all that the tool said, mend the cause, then resume the run

    Next
      upgrade-kit resume [RUN] --site site.yaml
    -- stderr
    laid out the practice installation of site quickstart
    ");
    assert_eq!(sandbox.log(), "first ");
    std::fs::remove_file(sandbox.path("broken")).unwrap();
    assert_snapshot!(sandbox.run(&["resume", "--jobs", "1"]), @"
    exit 0
    -- stdout
    [TIME]  resume            run [RUN]: 1 of 4 steps are behind it
    [TIME]                    step `second` failed; how far it came is looked at before it runs again
    [TIME]  begin     second  attempt 2
    [TIME]  runs      second  sh -c 'test ! -e broken || { echo it is broken >&2; exit 3; }; echo second >> log'
    [TIME]  done      second  exit code 0  [SPAN]
    [TIME]  begin     third
    [TIME]  runs      third   sh -c 'echo third >> log'
    [TIME]  done      third   exit code 0  [SPAN]
    [TIME]  begin     beside
    [TIME]  runs      beside  sh -c 'echo beside >> log'
    [TIME]  done      beside  exit code 0  [SPAN]
    [TIME]  done              backup of quickstart  [SPAN]

    Backup of quickstart: done after [SPAN] (run [RUN], same-server)
      4 steps done
    ");
    assert_eq!(sandbox.log(), "first second third beside ");
    assert_snapshot!(sandbox.run(&["resume"]), @"
    exit 4
    -- stderr
    error: the newest run, [RUN], is done: nothing to resume
      hint: `upgrade-kit runs` lists all; name the one to resume
    ");
    assert_snapshot!(sandbox.run(&["runs"]), @"
    exit 0
    -- stdout
    RUN                    PHASE   SCENARIO     STATUS  STARTED                 FOR  STEPS  BACKUP SET
    [RUN]  backup  same-server  done    [TIME]  [SPAN]      4  -
    ");
}

#[test]
fn keep_going_runs_what_does_not_come_after_the_failure() {
    let sandbox = Sandbox::own(STEPS);
    sandbox.write("broken", "");
    assert_snapshot!(sandbox.run(&["backup", "--jobs", "1", "--keep-going"]), @"
    exit 5
    -- stdout
    [TIME]  start             backup of quickstart, same-server, 4 steps, run [RUN]
    [TIME]  begin     first
    [TIME]  runs      first   sh -c 'echo first >> log'
    [TIME]  done      first   exit code 0  [SPAN]
    [TIME]  begin     second
    [TIME]  runs      second  sh -c 'test ! -e broken || { echo it is broken >&2; exit 3; }; echo second >> log'
    [TIME]  failed    second  the command failed  [SPAN]
    [TIME]            second  command  sh -c 'test ! -e broken || { echo it is broken >&2; exit 3; }; echo second >> log'
    [TIME]            second  ended    exit code 3
    [TIME]            second  stderr   it is broken
    [TIME]            second  to do    look into the step's log for all that the tool said, mend the cause, then resume the run
    [TIME]  begin     beside
    [TIME]  not run   third   `second`, which it comes after, failed
    [TIME]  runs      beside  sh -c 'echo beside >> log'
    [TIME]  done      beside  exit code 0  [SPAN]
    [TIME]  failed            backup of quickstart  [SPAN]

    Backup of quickstart: FAILED after [SPAN] (run [RUN], same-server)
      2 steps done, 1 failed, 1 not run
        not run  third  `second`, which it comes after, failed

    Failed: second (command.run)
      the command failed
      the tool failed
        command  sh -c 'test ! -e broken || { echo it is broken >&2; exit 3; }; echo second >> log'
        ended    exit code 3
        stderr   it is broken
        to do    look into the step's log for all that the tool said, mend the cause, then resume the run

    Next
      upgrade-kit resume [RUN] --site site.yaml
    -- stderr
    laid out the practice installation of site quickstart
    ");
    assert_eq!(sandbox.log(), "first beside ");
}

#[test]
fn skip_and_start_at() {
    let sandbox = Sandbox::own(STEPS);
    let said = sandbox.run(&[
        "backup", "--jobs", "1", "--skip", "second", "--skip", "beside",
    ]);
    assert_snapshot!(said, @"
    exit 0
    -- stdout
    [TIME]  start             backup of quickstart, same-server, 4 steps, run [RUN]
    [TIME]  left out  second  skipped with --skip
    [TIME]  left out  beside  skipped with --skip
    [TIME]  begin     first
    [TIME]  runs      first   sh -c 'echo first >> log'
    [TIME]  done      first   exit code 0  [SPAN]
    [TIME]  begin     third
    [TIME]  runs      third   sh -c 'echo third >> log'
    [TIME]  done      third   exit code 0  [SPAN]
    [TIME]  done              backup of quickstart  [SPAN]

    Backup of quickstart: done after [SPAN] (run [RUN], same-server)
      2 steps done, 2 left out
        left out  second  skipped with --skip
        left out  beside  skipped with --skip
    -- stderr
    laid out the practice installation of site quickstart
    ");
    assert_eq!(sandbox.log(), "first third ");
    std::fs::remove_file(sandbox.path("log")).unwrap();
    let said = sandbox.run(&["backup", "--jobs", "1", "--start-at", "third"]);
    assert_snapshot!(said, @"
    exit 0
    -- stdout
    [TIME]  start             backup of quickstart, same-server, 4 steps, run [RUN]
    [TIME]  left out  first   comes before `third` (--start-at)
    [TIME]  left out  second  comes before `third` (--start-at)
    [TIME]  begin     third
    [TIME]  runs      third   sh -c 'echo third >> log'
    [TIME]  done      third   exit code 0  [SPAN]
    [TIME]  begin     beside
    [TIME]  runs      beside  sh -c 'echo beside >> log'
    [TIME]  done      beside  exit code 0  [SPAN]
    [TIME]  done              backup of quickstart  [SPAN]

    Backup of quickstart: done after [SPAN] (run [RUN], same-server)
      2 steps done, 2 left out
        left out  first   comes before `third` (--start-at)
        left out  second  comes before `third` (--start-at)
    ");
    assert_eq!(sandbox.log(), "third beside ");
}

#[test]
fn failures_that_are_tolerated() {
    let sandbox = Sandbox::own(
        "backup:
  - id: optional
    optional: true
    uses: command.run
    with: { argv: [sh, -c, exit 1] }
  - id: after-optional
    uses: command.run
    with: { argv: [sh, -c, echo after-optional >> log] }
    after: [optional]
  - id: continues
    on_failure: continue
    uses: command.run
    with: { argv: [sh, -c, exit 2] }
  - id: after-continues
    uses: command.run
    with: { argv: [sh, -c, echo after-continues >> log] }
    after: [continues]
  - id: beside
    uses: command.run
    with: { argv: [sh, -c, echo beside >> log] }
    after: [after-optional]
",
    );
    assert_snapshot!(sandbox.run(&["backup", "--jobs", "1"]), @"
    exit 5
    -- stdout
    [TIME]  start                      backup of quickstart, same-server, 5 steps, run [RUN]
    [TIME]  begin     optional
    [TIME]  runs      optional         sh -c 'exit 1'
    [TIME]  failed    optional         the command failed; the run goes on  [SPAN]
    [TIME]            optional         command  sh -c 'exit 1'
    [TIME]            optional         ended    exit code 1
    [TIME]            optional         to do    look into the step's log for all that the tool said, mend the cause, then resume the run
    [TIME]  begin     after-optional
    [TIME]  runs      after-optional   sh -c 'echo after-optional >> log'
    [TIME]  done      after-optional   exit code 0  [SPAN]
    [TIME]  begin     continues
    [TIME]  runs      continues        sh -c 'exit 2'
    [TIME]  failed    continues        the command failed; the run goes on  [SPAN]
    [TIME]            continues        command  sh -c 'exit 2'
    [TIME]            continues        ended    exit code 2
    [TIME]            continues        to do    look into the step's log for all that the tool said, mend the cause, then resume the run
    [TIME]  begin     beside
    [TIME]  not run   after-continues  `continues`, which it comes after, failed
    [TIME]  runs      beside           sh -c 'echo beside >> log'
    [TIME]  done      beside           exit code 0  [SPAN]
    [TIME]  failed                     backup of quickstart  [SPAN]

    Backup of quickstart: FAILED after [SPAN] (run [RUN], same-server)
      2 steps done, 2 failed and tolerated, 1 not run
        not run  after-continues  `continues`, which it comes after, failed

    Tolerated failure: optional (command.run)
      the command failed
      the tool failed
        command  sh -c 'exit 1'
        ended    exit code 1
        to do    look into the step's log for all that the tool said, mend the cause, then resume the run

    Tolerated failure: continues (command.run)
      the command failed
      the tool failed
        command  sh -c 'exit 2'
        ended    exit code 2
        to do    look into the step's log for all that the tool said, mend the cause, then resume the run

    Next
      upgrade-kit resume [RUN] --site site.yaml
    -- stderr
    laid out the practice installation of site quickstart
    ");
    assert_eq!(sandbox.log(), "after-optional beside ");
}

#[test]
fn retry_and_timeout() {
    let sandbox = Sandbox::own(
        "backup:
  - id: third-time
    uses: command.check
    with: { argv: [sh, -c, \"echo try >> log; test $(wc -l < log) -ge 3\"] }
    retry: { attempts: 3, delay: 10ms, backoff: 1 }
  - id: too-slow
    uses: command.check
    with: { argv: [sleep, \"60\"] }
    timeout: 300ms
    after: [third-time]
",
    );
    assert_snapshot!(sandbox.run(&["backup", "--jobs", "1"]), @"
    exit 5
    -- stdout
    [TIME]  start                 backup of quickstart, same-server, 2 steps, run [RUN]
    [TIME]  begin     third-time
    [TIME]  runs      third-time  sh -c 'echo try >> log; test $(wc -l < log) -ge 3'
    [TIME]  retry     third-time  the check failed; attempt 1, again in [SPAN]
    [TIME]            third-time  command  sh -c 'echo try >> log; test $(wc -l < log) -ge 3'
    [TIME]            third-time  ended    exit code 1
    [TIME]            third-time  to do    look into the step's log for all that the tool said, mend the cause, then resume the run
    [TIME]  begin     third-time  attempt 2
    [TIME]  runs      third-time  sh -c 'echo try >> log; test $(wc -l < log) -ge 3'
    [TIME]  retry     third-time  the check failed; attempt 2, again in [SPAN]
    [TIME]            third-time  command  sh -c 'echo try >> log; test $(wc -l < log) -ge 3'
    [TIME]            third-time  ended    exit code 1
    [TIME]            third-time  to do    look into the step's log for all that the tool said, mend the cause, then resume the run
    [TIME]  begin     third-time  attempt 3
    [TIME]  runs      third-time  sh -c 'echo try >> log; test $(wc -l < log) -ge 3'
    [TIME]  done      third-time  exit code 0  [SPAN]
    [TIME]  begin     too-slow
    [TIME]  runs      too-slow    sleep 60
    [TIME]  failed    too-slow    not done within the time limit of 300ms  [SPAN]
    [TIME]            too-slow    because  stopped on request
    [TIME]            too-slow    command  sleep 60
    [TIME]            too-slow    ended    killed by signal 15
    [TIME]            too-slow    to do    raise `timeout` of the step in the site's runbook if it needs longer
    [TIME]  failed                backup of quickstart  [SPAN]

    Backup of quickstart: FAILED after [SPAN] (run [RUN], same-server)
      1 step done, 1 failed

    Failed: too-slow (command.check)
      not done within the time limit of 300ms
      the time limit passed
        because  stopped on request
        command  sleep 60
        ended    killed by signal 15
        to do    raise `timeout` of the step in the site's runbook if it needs longer

    Next
      upgrade-kit resume [RUN] --site site.yaml
    -- stderr
    laid out the practice installation of site quickstart
    ");
    assert_eq!(sandbox.log(), "try try try ");
}

#[test]
fn fan_out_and_outputs() {
    let sandbox = Sandbox::own(
        "backup:
  - id: each
    for_each: site.values.tenants
    uses: command.run
    with: { argv: [sh, -c, \"echo $0\", \"${ item }\"] }
  - id: same
    for_each: site.values.tenants
    uses: command.run
    with: { argv: [sh, -c, \"echo same-$0 >> log\", \"${ item }\"] }
    after: [each]
  - id: reads
    uses: command.run
    with: { argv: [sh, -c, \"echo $0 $1 >> log\", \"${ steps.each[blue].stdout }\", \"code ${ steps.each[red].exit_code }\"] }
    after: [same]
",
    );
    sandbox.change(
        "site.yaml",
        "server:\n",
        "values: { tenants: [red, blue] }\nserver:\n",
    );
    assert_snapshot!(sandbox.run(&["plan", "backup"]), @"
    exit 0
    -- stdout
    backup of quickstart: domibus, same-server
    runbook mine, upgrade-kit 0.1.0
    5 steps to run, up to 2 at once

         steps 1 to 2 may run in parallel
       1 | each[red]                         command.run
         |   each red
         |   runs    sh -c 'echo $0' red
       2 | each[blue]                        command.run
         |   each blue
         |   runs    sh -c 'echo $0' blue

         steps 3 to 4 may run in parallel
       3 | same[red]                         command.run
         |   same red
         |   after   each[red]
         |   runs    sh -c 'echo same-$0 >> log' red
       4 | same[blue]                        command.run
         |   same blue
         |   after   each[blue]
         |   runs    sh -c 'echo same-$0 >> log' blue

       5 reads                             command.run
           reads
           after   same[red] and same[blue]
           runs    sh -c 'echo $0 $1 >> log' '<each[blue].stdout>' 'code <each[red].exit_code>'
    ");
    assert_snapshot!(sandbox.run(&["backup", "--jobs", "1", "--skip", "same[red]"]), @"
    exit 0
    -- stdout
    [TIME]  start                 backup of quickstart, same-server, 5 steps, run [RUN]
    [TIME]  left out  same[red]   skipped with --skip
    [TIME]  begin     each[red]
    [TIME]  runs      each[red]   sh -c 'echo $0' red
    [TIME]  done      each[red]   exit code 0  [SPAN]
    [TIME]  begin     each[blue]
    [TIME]  runs      each[blue]  sh -c 'echo $0' blue
    [TIME]  done      each[blue]  exit code 0  [SPAN]
    [TIME]  begin     same[blue]
    [TIME]  runs      same[blue]  sh -c 'echo same-$0 >> log' blue
    [TIME]  done      same[blue]  exit code 0  [SPAN]
    [TIME]  begin     reads
    [TIME]  runs      reads       sh -c 'echo $0 $1 >> log' blue 'code 0'
    [TIME]  done      reads       exit code 0  [SPAN]
    [TIME]  done                  backup of quickstart  [SPAN]

    Backup of quickstart: done after [SPAN] (run [RUN], same-server)
      4 steps done, 1 left out
        left out  same[red]  skipped with --skip
    -- stderr
    laid out the practice installation of site quickstart
    ");
    assert_eq!(sandbox.log(), "same-blue blue code 0 ");
}

/// A pipe fails if any of its stages fails, also where a shell would not say so.
#[test]
fn a_failing_stage_of_a_pipe() {
    let sandbox = Sandbox::own(
        "backup:
  - id: dump
    uses: command.run
    with: { argv: [bash, -o, pipefail, -c, \"false | gzip > x.gz\"] }
",
    );
    let said = sandbox.run(&["backup"]);
    assert_eq!(said.code(), 5, "{said}");
}

/// On a terminal that cannot draw bars, or does not say what it is, lines are shown.
#[test]
fn every_terminal_shows_something() {
    let mut sandbox =
        Sandbox::own("backup:\n  - { id: one, uses: command.run, with: { argv: [\"true\"] } }\n");
    for (terminal, shown) in [
        (None, "done      one"),
        (Some("dumb"), "done      one"),
        (Some("xterm"), "(1/1) backup quickstart"),
    ] {
        if let Some(terminal) = terminal {
            sandbox.set("TERM", terminal);
        }
        let said = sandbox.shell("script -qec \"$KIT backup\" /dev/null < /dev/null");
        assert_eq!(said.code(), 0, "{said}");
        let words = [shown, "Backup of quickstart"];
        let told = words.iter().all(|words| said.stdout.contains(words));
        assert!(told, "{terminal:?}: {said}");
    }
}
