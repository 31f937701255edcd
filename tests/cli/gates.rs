//! Gates: the run waits for a person.

use insta::assert_snapshot;

use super::harness::Sandbox;

const GATED: &str = "backup:
  - id: before
    uses: command.run
    with: { argv: [sh, -c, echo before >> log] }
  - id: confirm
    uses: gate
    with:
      question: Is the load balancer off?
      details: [\"Tenants: ${ site.name }\", see the handbook]
    after: [before]
  - id: behind
    uses: command.run
    with: { argv: [sh, -c, echo behind >> log] }
    after: [confirm]
";

#[test]
fn without_a_terminal_the_run_waits_and_resume_with_yes_finishes_it() {
    let sandbox = Sandbox::own(GATED);
    assert_snapshot!(sandbox.run(&["backup"]), @"
    exit 6
    -- stdout
    [TIME]  start              backup of quickstart, same-server, 3 steps, run [RUN]
    [TIME]  begin     before
    [TIME]  runs      before   sh -c 'echo before >> log'
    [TIME]  done      before   exit code 0  [SPAN]
    [TIME]  begin     confirm
    [TIME]  waits     confirm  Is the load balancer off?
    [TIME]  waiting            backup of quickstart  [SPAN]

    Backup of quickstart: waiting for an answer after [SPAN]; it can be resumed (run [RUN], same-server)
      1 step done, 2 not finished

    Waiting: confirm
      Is the load balancer off?

    Next
      upgrade-kit resume [RUN] --site site.yaml --yes
    -- stderr
    laid out the practice installation of site quickstart
    ");
    assert_eq!(sandbox.read("log"), "before\n");
    assert_snapshot!(sandbox.run(&["runs"]), @"
    exit 0
    -- stdout
    RUN                    PHASE   SCENARIO     STATUS   STARTED                 FOR  STEPS  BACKUP SET
    [RUN]  backup  same-server  waiting  [TIME]  [SPAN]      3  -
    ");
    assert_snapshot!(sandbox.run(&["resume"]), @"
    exit 6
    -- stdout
    [TIME]  resume             run [RUN]: 1 of 3 steps are behind it
    [TIME]                     step `confirm` waits for an answer and is asked again
    [TIME]  begin     confirm  attempt 2
    [TIME]  waits     confirm  Is the load balancer off?
    [TIME]  waiting            backup of quickstart  [SPAN]

    Backup of quickstart: waiting for an answer after [SPAN]; it can be resumed (run [RUN], same-server)
      1 step done, 2 not finished

    Waiting: confirm
      Is the load balancer off?

    Next
      upgrade-kit resume [RUN] --site site.yaml --yes
    ");
    assert_eq!(sandbox.read("log"), "before\n");
    assert_snapshot!(sandbox.run(&["resume", "--yes"]), @"
    exit 0
    -- stdout
    [TIME]  resume             run [RUN]: 1 of 3 steps are behind it
    [TIME]                     step `confirm` waits for an answer and is asked again
    [TIME]  begin     confirm  attempt 3
    [TIME]  done      confirm  confirmed  [SPAN]
    [TIME]  begin     behind
    [TIME]  runs      behind   sh -c 'echo behind >> log'
    [TIME]  done      behind   exit code 0  [SPAN]
    [TIME]  done               backup of quickstart  [SPAN]

    Backup of quickstart: done after [SPAN] (run [RUN], same-server)
      3 steps done
    ");
    assert_eq!(sandbox.read("log"), "before\nbehind\n");
}

#[test]
fn yes_answers_in_advance() {
    let sandbox = Sandbox::own(GATED);
    assert_eq!(sandbox.run(&["backup", "--yes"]).code(), 0);
    assert_eq!(sandbox.read("log"), "before\nbehind\n");
}
