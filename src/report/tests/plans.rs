//! Plans, whole.

use std::path::PathBuf;

use insta::assert_snapshot;
use serde_json::{Map, Value};

use crate::adapter::{Effect, PreviewLine};
use crate::event::{Because, Mark};
use crate::plan::{OnFailure, Phase, Plan, PlannedStep, Retry, RunbookFile};
use crate::report::plan_view;

fn step(id: &str, action: &str, after: &[usize], preview: Vec<PreviewLine>) -> PlannedStep {
    let (name, item) = id
        .split_once('[')
        .map_or((id, None), |(name, item)| (name, Some(item)));
    PlannedStep {
        id: id.to_owned(),
        step: name.to_owned(),
        item: item.map(|item| item.trim_end_matches(']').to_owned()),
        title: format!("Do *{id}*"),
        part: "domibus/tomcat".to_owned(),
        source: vec!["domibus/5.1/3".to_owned()],
        action: action.to_owned(),
        options: Map::new(),
        after: after.to_vec(),
        host: "local".to_owned(),
        timeout_ms: None,
        retry: None,
        on_failure: OnFailure::Stop,
        optional: false,
        effect: Effect::Idempotent,
        marks: Vec::new(),
        max_parallel: None,
        queue: None,
        left_out: None,
        preview,
    }
}

fn plan_of(steps: Vec<PlannedStep>) -> Plan {
    Plan {
        format: 1,
        program: "0.1.0".to_owned(),
        site: "acme".to_owned(),
        product: "domibus".to_owned(),
        scenario: "same-server".to_owned(),
        phase: Phase::Upgrade,
        runbook: "domibus/same-server".to_owned(),
        documents: vec![RunbookFile {
            name: "domibus/same-server".to_owned(),
            sha256: "ab12".to_owned(),
        }],
        uses_set: Some("20261121-093000".to_owned()),
        writes_set: false,
        backups: PathBuf::from("/var/backups/acme"),
        state: PathBuf::from("/var/lib/acme"),
        values: Value::Null,
        steps,
    }
}

fn plan() -> Plan {
    let command = |text: &str| PreviewLine::Command(text.to_owned());
    let mut stop = step(
        "stop",
        "server.stop",
        &[],
        vec![
            command("/opt/tomcat/bin/shutdown.sh"),
            PreviewLine::Checks("the process is gone".to_owned()),
        ],
    );
    stop.marks = vec![Mark::OutageOpens];
    stop.timeout_ms = Some(600_000);
    let dump = |tenant: &str| {
        let mut dump = step(
            &format!("migrate[{tenant}]"),
            "mysql.script",
            &[0],
            vec![
                command(&format!("mysql --defaults-extra-file=/dev/fd/3 {tenant}")),
                command("echo '```'"),
                PreviewLine::Reads("migration.ddl".to_owned()),
            ],
        );
        dump.max_parallel = Some(2);
        dump.marks = vec![Mark::PointOfNoReturn];
        dump.retry = Some(Retry {
            attempts: 3,
            delay_ms: 1000,
            backoff: 2.0,
        });
        dump
    };
    let mut old = step("migrate[old]", "mysql.script", &[0], Vec::new());
    old.left_out = Some(Because::SkippedByOperator);
    let mut war = step(
        "war",
        "files.replace",
        &[0],
        vec![PreviewLine::Writes("webapps/domibus.war".to_owned())],
    );
    war.optional = true;
    let mut start = step("start", "server.start", &[1, 2, 3, 4], Vec::new());
    start.marks = vec![Mark::OutageCloses];
    start.host = "app1".to_owned();
    plan_of(vec![
        stop,
        dump("general"),
        dump("tenant_a"),
        old,
        war,
        start,
    ])
}

fn shown(view: fn(&Plan, &mut dyn std::io::Write) -> std::io::Result<()>, plan: &Plan) -> String {
    let mut out = Vec::new();
    view(plan, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn plan_tree() {
    assert_snapshot!(shown(plan_view::tree, &plan()), @r"
    upgrade of acme: domibus, same-server
    runbook domibus/same-server, upgrade-kit 0.1.0
    uses backup set 20261121-093000 in /var/backups/acme
    5 steps to run, 1 left out, up to 3 at once; outage from step 1 to step 5; point of no return at step 2

    ==== the outage opens
       1 stop                              server.stop
           Do *stop*
           source  domibus/5.1/3
           runs    /opt/tomcat/bin/shutdown.sh
           checks  the process is gone
           with    limit 10 min

         steps 2 to 4 may run in parallel, at most 2 of migrate
    ==== | point of no return: from here on only a restore leads back
       2 | migrate[general]                  mysql.script
         |   Do *migrate[general]*
         |   source  domibus/5.1/3
         |   after   stop
         |   runs    mysql --defaults-extra-file=/dev/fd/3 general
         |   runs    echo '```'
         |   reads   migration.ddl
         |   with    up to 3 attempts
       3 | migrate[tenant_a]                 mysql.script
         |   Do *migrate[tenant_a]*
         |   source  domibus/5.1/3
         |   after   stop
         |   runs    mysql --defaults-extra-file=/dev/fd/3 tenant_a
         |   runs    echo '```'
         |   reads   migration.ddl
         |   with    up to 3 attempts
       4 | war                               files.replace
         |   Do *war*
         |   source  domibus/5.1/3
         |   after   stop
         |   writes  webapps/domibus.war
         |   with    its failure is only a warning

       5 start                             server.start
           Do *start*
           source  domibus/5.1/3
           after   migrate[general], migrate[tenant_a], migrate[old] and war
           with    on host app1
    ==== the outage closes

    left out
      migrate[old]  skipped with --skip
    ");
}

#[test]
fn plan_markdown() {
    assert_snapshot!(shown(plan_view::markdown, &plan()), @r"
    # Upgrade of acme

    Product domibus, scenario same-server, runbook domibus/same-server, made by upgrade-kit 0.1.0.
    5 steps to run, 1 left out, up to 3 at once; outage from step 1 to step 5; point of no return at step 2.
    Uses backup set `20261121-093000` in `/var/backups/acme`.

    ## 1. Do \*stop\*

    > **The outage opens.**

    - [ ] Step `stop`, action `server.stop`, carries out domibus/5.1/3.
    - Limit 10 min.

    ```sh
    /opt/tomcat/bin/shutdown.sh
    ```

    - Checks: the process is gone

    _Steps 2 to 4 may run in parallel, at most 2 of migrate._

    ## 2. Do \*migrate\[general\]\*

    > **Point of no return: from here on only a restore leads back.**

    - [ ] Step `migrate[general]`, action `mysql.script`, carries out domibus/5.1/3.
    - After: stop.
    - Up to 3 attempts.

    ````sh
    mysql --defaults-extra-file=/dev/fd/3 general
    echo '```'
    ````

    - Reads: migration.ddl

    ## 3. Do \*migrate\[tenant\_a\]\*

    - [ ] Step `migrate[tenant_a]`, action `mysql.script`, carries out domibus/5.1/3.
    - After: stop.
    - Up to 3 attempts.

    ````sh
    mysql --defaults-extra-file=/dev/fd/3 tenant_a
    echo '```'
    ````

    - Reads: migration.ddl

    ## 4. Do \*war\*

    - [ ] Step `war`, action `files.replace`, carries out domibus/5.1/3.
    - After: stop.
    - Its failure is only a warning.
    - Writes: webapps/domibus.war

    ## 5. Do \*start\*

    - [ ] Step `start`, action `server.start`, carries out domibus/5.1/3.
    - After: migrate\[general\], migrate\[tenant\_a\], migrate\[old\] and war.
    - On host app1.

    > **The outage closes.**

    ## Left out

    - Do \*migrate\[old\]\* (`migrate[old]`): skipped with --skip

    ## Documents

    - `domibus/same-server` (SHA-256 `ab12`)
    ");
}

#[test]
fn plan_mermaid() {
    assert_snapshot!(shown(plan_view::mermaid, &plan()), @r#"
    flowchart TD
      s0["stop<br/>server.stop"]:::outage
      s1["migrate[general]<br/>mysql.script"]:::noReturn
      s2["migrate[tenant_a]<br/>mysql.script"]:::noReturn
      s3["migrate[old]<br/>mysql.script"]:::leftOut
      s4["war<br/>files.replace"]
      s5["start<br/>server.start"]:::outage
      s0 --> s1
      s0 --> s2
      s0 --> s3
      s0 --> s4
      s1 --> s5
      s2 --> s5
      s3 --> s5
      s4 --> s5
      classDef leftOut stroke-dasharray: 4 4,color:#777777
      classDef outage stroke:#cc7700,stroke-width:3px
      classDef noReturn stroke:#cc0000,stroke-width:3px
    "#);
}

#[test]
fn plan_dot() {
    assert_snapshot!(shown(plan_view::dot, &plan()), @r#"
    digraph plan {
      label="upgrade of acme"; rankdir=TB; node [shape=box];
      s0 [label="stop\nserver.stop", color=orange3, penwidth=3];
      s1 [label="migrate[general]\nmysql.script", color=red3, penwidth=3];
      s2 [label="migrate[tenant_a]\nmysql.script", color=red3, penwidth=3];
      s3 [label="migrate[old]\nmysql.script", style=dashed, fontcolor=gray40];
      s4 [label="war\nfiles.replace"];
      s5 [label="start\nserver.start", color=orange3, penwidth=3];
      s0 -> s1;
      s0 -> s2;
      s0 -> s3;
      s0 -> s4;
      s1 -> s5;
      s2 -> s5;
      s3 -> s5;
      s4 -> s5;
    }
    "#);
}

#[test]
fn plan_json_reads_back() {
    let text = shown(plan_view::json, &plan());
    assert!(text.starts_with("{\n  \"format\": 1,\n"));
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan());
}

#[test]
fn a_chain_of_a_hundred_thousand_steps_is_shown() {
    let steps = (0..100_000_usize)
        .map(|at| {
            let after: Vec<usize> = at.checked_sub(1).into_iter().collect();
            step(&format!("step-{at}"), "command", &after, Vec::new())
        })
        .collect();
    let plan = plan_of(steps);
    for view in [
        plan_view::tree,
        plan_view::json,
        plan_view::mermaid,
        plan_view::dot,
        plan_view::markdown,
    ] {
        let text = shown(view, &plan);
        assert!(text.contains("step-99999"));
    }
    assert!(shown(plan_view::tree, &plan).contains("\n100000 step-99999 "));
}

#[test]
fn a_hostile_name_stays_a_name() {
    let hostile = step("a\"];b\u{1b}[2J<script>#\\", "x", &[], Vec::new());
    let plan = plan_of(vec![hostile]);
    assert!(
        shown(plan_view::dot, &plan).contains("[label=\"a\\\"];b\\\\x1b[2J<script>#\\\\\\nx\"]")
    );
    assert!(
        shown(plan_view::mermaid, &plan)
            .contains("s0[\"a#quot;];b\\x1b[2J#lt;script#gt;#35;\\<br/>x\"]")
    );
    assert!(!shown(plan_view::tree, &plan).contains('\u{1b}'));
}
