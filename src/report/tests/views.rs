//! Checks, sets and runs, whole.

use std::path::Path;

use insta::assert_snapshot;
use serde_json::Value;

use crate::adapter::Finding;
use crate::backup::{Manifest, Problem, ProblemKind, Verification};
use crate::event::{ArtifactFile, ArtifactRecord, Level, RunOutcome};
use crate::report::check_view::{self, StepFindings};
use crate::report::{runs_view, sets_view};

#[test]
fn check() {
    let found = [
        StepFindings {
            step: "dump".to_owned(),
            findings: vec![
                Finding::info("a file will change:\n3 - old\n3 + new"),
                Finding::warning("the disk is slow"),
            ],
        },
        StepFindings {
            step: "stop".to_owned(),
            findings: vec![Finding::refuse("port 8080 is held by another process").hint("stop it")],
        },
    ];
    assert_snapshot!(check_view::text(&found), @r"
    REFUSED  stop: port 8080 is held by another process
             to do: stop it
    warning  dump: the disk is slow
    info     dump: a file will change:
               3 - old
               3 + new

    1 thing stands in the way; 1 warning
    ");
    assert_snapshot!(check_view::json(&found), @r#"
    {
      "format": 1,
      "refused": true,
      "findings": [
        {
          "step": "stop",
          "severity": "refuse",
          "message": "port 8080 is held by another process",
          "hint": "stop it"
        },
        {
          "step": "dump",
          "severity": "warning",
          "message": "the disk is slow"
        },
        {
          "step": "dump",
          "severity": "info",
          "message": "a file will change:\n3 - old\n3 + new"
        }
      ]
    }
    "#);
    assert_snapshot!(check_view::text(&[]), @"nothing stands in the way");
}

fn manifest() -> Manifest {
    Manifest {
        format: 1,
        set: "20261121-093000".to_owned(),
        site: "acme".to_owned(),
        phase: "backup".to_owned(),
        product: "domibus".to_owned(),
        versions: [("domibus", "5.1.9"), ("tomcat", "9.0")]
            .map(|(name, version)| (name.to_owned(), version.to_owned()))
            .into(),
        scenario: "same-server".to_owned(),
        run: "20261121-093000-7f".to_owned(),
        plan: "ab".repeat(32),
        program: "0.1.0".to_owned(),
        sealed: "2026-11-21T09:31:10Z".parse().unwrap(),
        order: 1,
        window_opened: Some("2026-11-21T09:30:00Z".parse().unwrap()),
        window_closed: Some("2026-11-21T09:31:00Z".parse().unwrap()),
        tools: [("dump".to_owned(), "mysqldump 11.4".to_owned())].into(),
        level: Level::L2,
        artifacts: vec![ArtifactRecord {
            name: "jms".to_owned(),
            kind: "kahadb-store".to_owned(),
            files: vec![ArtifactFile {
                path: "jms/db.zst".to_owned(),
                bytes: 5000,
                sha256: "cd".repeat(32),
            }],
            source: "/opt/data".to_owned(),
            source_bytes: 3 << 29,
            level: Level::L3,
            details: Value::Null,
        }],
    }
}

#[test]
fn sets() {
    let rows = [
        sets_view::Row {
            id: "20261121-093000".to_owned(),
            status: "sealed".to_owned(),
            time: "2026-11-21T09:31:10Z".parse().unwrap(),
            manifest: Some(manifest()),
        },
        sets_view::Row {
            id: "20261120-093000".to_owned(),
            status: "partial".to_owned(),
            time: "2026-11-20T09:31:10Z".parse().unwrap(),
            manifest: None,
        },
    ];
    assert_snapshot!(sets_view::list(&rows), @r"
    BACKUP SET       TIME                  KIND    SCENARIO     VERSIONS                   PROVEN                  SIZE  STATUS
    20261121-093000  2026-11-21T09:31:10Z  backup  same-server  domibus 5.1.9, tomcat 9.0  L2 formats complete  4.9 KiB  sealed
    20261120-093000  2026-11-20T09:31:10Z  -       -            -                          -                          -  partial
    ");
    let mut safety = manifest();
    safety.phase = "restore".to_owned();
    let row = sets_view::Row {
        manifest: Some(safety),
        ..rows[0].clone()
    };
    assert!(sets_view::list(&[row]).contains("  safety  "));
    assert_snapshot!(sets_view::list(&[]), @"no backup sets yet");
    assert_snapshot!(sets_view::set(&manifest(), Path::new("/var/backups/acme/20261121-093000")), @r"
    backup set   20261121-093000
    kind         backup
    directory    /var/backups/acme/20261121-093000
    site         acme, domibus, same-server
    versions     domibus 5.1.9, tomcat 9.0
    sealed       2026-11-21T09:31:10Z by upgrade-kit 0.1.0, run 20261121-093000-7f
    window       all data from 2026-11-21T09:30:00Z to 2026-11-21T09:31:00Z
    proven       L2 formats complete
    size         4.9 KiB (1.5 GiB at the source)
    tool         dump: mysqldump 11.4

    ARTIFACT  KIND          PROVEN               FILES     SIZE  SOURCE
    jms       kahadb-store  L3 contents counted      1  1.5 GiB  /opt/data
    ");
    let json: Value = serde_json::from_str(&sets_view::list_json(&rows)).unwrap();
    assert_eq!(json["sets"][0]["manifest"]["level"], "L2");
    let json = sets_view::set_json(&manifest(), Path::new("/x"));
    assert!(json.starts_with("{\n  \"format\": 1,\n  \"directory\": \"/x\",\n"));
}

#[test]
fn verifications() {
    let mut verification = Verification {
        level: Level::L2,
        problems: Vec::new(),
        files: 12,
        bytes: 4096,
    };
    assert_snapshot!(sets_view::verification("s", &verification), @"backup set s: sound (L2 formats complete; 12 files, 4.0 KiB)");
    verification.problems.push(Problem {
        path: "jms/db.zst".to_owned(),
        kind: ProblemKind::Hash,
        message: "its hash is not the recorded one".to_owned(),
    });
    assert_snapshot!(sets_view::verification("s", &verification), @r"
    DAMAGED  jms/db.zst: its hash is not the recorded one

    backup set s: 1 problem (12 files, 4.0 KiB)
    do not restore from it; take another one: upgrade-kit backups list
    ");
    assert_snapshot!(sets_view::verification_json("s", &verification), @r#"
    {
      "format": 1,
      "set": "s",
      "sound": false,
      "level": "L2",
      "files": 12,
      "bytes": 4096,
      "problems": [
        {
          "path": "jms/db.zst",
          "kind": "hash",
          "message": "its hash is not the recorded one"
        }
      ]
    }
    "#);
}

#[test]
fn runs() {
    let row = |run: &str, outcome, at_work: bool| runs_view::Row {
        run: run.to_owned(),
        phase: "backup".to_owned(),
        scenario: "same-server".to_owned(),
        set: (!at_work).then(|| "20261121-093000".to_owned()),
        started: "2026-11-21T09:30:00Z".parse().unwrap(),
        latest: "2026-11-21T09:31:10Z".parse().unwrap(),
        steps: 1200,
        outcome,
        at_work,
    };
    let rows = [
        row("c", None, true),
        row("b", Some(RunOutcome::Interrupted), false),
        row("a", None, false),
    ];
    assert_snapshot!(runs_view::text(&rows), @r"
    RUN  PHASE   SCENARIO     STATUS       STARTED                      FOR  STEPS  BACKUP SET
    c    backup  same-server  at work      2026-11-21T09:30:00Z  1 min 10 s  1,200  -
    b    backup  same-server  interrupted  2026-11-21T09:30:00Z  1 min 10 s  1,200  20261121-093000
    a    backup  same-server  cut off      2026-11-21T09:30:00Z  1 min 10 s  1,200  20261121-093000
    ");
    assert_snapshot!(runs_view::text(&[]), @"no runs yet");
    let json: Value = serde_json::from_str(&runs_view::json(&rows)).unwrap();
    assert_eq!(json["runs"][2]["status"], "cut off");
}
