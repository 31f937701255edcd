//! `oracle.export`.

use serde_json::{Value, json};
use upgrade_kit::adapter::oracle::{DumpCheck, Export};
use upgrade_kit::adapter::{Action, Failure, PreviewLine, Severity};
use upgrade_kit::backup::FormatCheck;
use upgrade_kit::event::FailureKind;

use super::rig::{PASSWORD, Rig};
use crate::database_stage::{Stage, ran, shown, text};

fn export(rig: &Rig) -> Export {
    rig.transfer("DOMIBUS", &json!({}))
}

/// The failure of an export after `faults`.
fn failure(faults: &Value) -> (Rig, Failure) {
    let rig = Rig::new();
    rig.faults(faults);
    let stage = Stage::new(PASSWORD);
    let failure = stage.dump_into("set", &export(&rig)).unwrap_err();
    (rig, failure)
}

#[test]
fn an_export_is_counted_and_leaves_nothing_in_the_directory() {
    let rig = Rig::new();
    let stage = Stage::new(PASSWORD);
    let set = stage.sealed("set", &[export(&rig)]);
    let artifact = set.artifact("database/DOMIBUS").unwrap();
    assert_eq!(artifact.kind, "oracle-dump");
    let paths: Vec<&str> = artifact
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(paths, ["database/DOMIBUS.dmp.zst", "database/DOMIBUS.log"]);
    assert_eq!(
        artifact.details["inventory"]["contents"]["TB_MESSAGE"]["rows"],
        3
    );
    assert_eq!(DumpCheck.check(&set, artifact), Vec::<String>::new());
    assert_eq!(rig.files(), Vec::<String>::new());
    assert_eq!(rig.jobs(), "[]");
    let guide = std::fs::read_to_string(set.directory().join("RESTORE.md")).unwrap();
    assert!(guide.contains("impdp domibus@//db.example:1521/domibus DIRECTORY=UPK_DIR"));
}

#[test]
fn a_preview_shows_what_runs() {
    let rig = Rig::new();
    let stage = Stage::new(PASSWORD);
    let export = export(&rig);
    stage.dump_into("set", &export).unwrap();
    assert_eq!(ran(&stage), shown(&export));
    let parameters = std::fs::read_to_string(stage.scratch().join("export.par")).unwrap();
    let parameters = parameters.trim().replace('\n', " ");
    let job = parameters.rsplit('=').next().unwrap().to_owned();
    let parameters = parameters
        .replace(&job.to_lowercase(), "<job>")
        .replace(&job, "UPK_<run>_<attempt>");
    let written = export.preview().into_iter().find_map(|line| match line {
        PreviewLine::Writes(text) if text.starts_with("export.par") => Some(text),
        _ => None,
    });
    assert!(written.unwrap().ends_with(&parameters), "{parameters}");
}

#[test]
fn a_missing_grant_on_the_directory_is_named_before_anything_begins() {
    let rig = Rig::new();
    rig.python("b.run(\"DELETE FROM m_directory_grants WHERE privilege = 'WRITE'\")");
    let stage = Stage::new(PASSWORD);
    let failure = stage.dump_into("set", &export(&rig)).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    let expected = "GRANT READ, WRITE ON DIRECTORY UPK_DIR TO \"DOMIBUS\";";
    assert!(text(&failure).contains(expected), "{}", text(&failure));
    let findings = stage.check(&export(&rig), None);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].severity, Severity::Refuse);
    assert!(findings[0].hint.as_ref().unwrap().contains(expected));
}

#[test]
fn errors_of_the_job_are_explained() {
    let rig = Rig::new();
    let stage = Stage::new(PASSWORD);
    // The dictionary says yes, the job says no.
    rig.python("b.run(\"UPDATE m_directories SET path = '/nowhere'\")");
    let refused = stage.dump_into("set", &export(&rig)).unwrap_err();
    assert!(text(&refused).contains("ORA-29283"), "{}", text(&refused));
    assert!(text(&refused).contains("must exist on the database host"));
    assert_eq!(refused.kind(), FailureKind::Refused);

    let stage = Stage::new("wrong");
    let refused = stage.dump_into("set", &export(&rig)).unwrap_err();
    assert!(
        text(&refused).contains("account or its password"),
        "{}",
        text(&refused)
    );
    assert!(
        refused
            .0
            .stderr
            .iter()
            .any(|line| line.starts_with("ORA-01017")),
        "{refused:?}"
    );
}

#[test]
fn another_schema_needs_the_role() {
    let rig = Rig::new();
    let stage = Stage::new(PASSWORD);
    let export: Export = rig.transfer("OTHER", &json!({}));
    let refused = stage.dump_into("set", &export).unwrap_err();
    let expected = "GRANT DATAPUMP_EXP_FULL_DATABASE TO \"OTHER\";";
    assert!(text(&refused).contains(expected), "{}", text(&refused));
    rig.python("b.run('UPDATE m_users SET roles = ? WHERE name = ?', '[\"DATAPUMP_EXP_FULL_DATABASE\"]', 'OTHER')");
    let (_, outcome) = stage.dump_into("again", &export).unwrap();
    assert_eq!(outcome.outputs["rows"], 4);
    assert_eq!(outcome.artifacts[0].details["account"], "OTHER");
}

#[test]
fn completed_with_errors_is_not_done() {
    let (rig, failure) = failure(&json!({ "skip_table": "TB_MESSAGE" }));
    let text = text(&failure);
    assert!(text.contains("ORA-01466"), "{text}");
    assert!(text.contains("a table was skipped"), "{text}");
    assert_eq!(failure.0.exit.as_deref(), Some("exit code 5"));
    assert_eq!((rig.files(), rig.jobs()), (Vec::new(), "[]".to_owned()));
}

#[test]
fn a_client_that_ends_well_over_a_job_with_errors_is_caught() {
    let (_, failure) = failure(&json!({ "skip_table": "TB_MESSAGE", "exit_zero": true }));
    assert_eq!(failure.0.exit.as_deref(), Some("exit code 0"));
    assert!(text(&failure).contains("completed with errors"));
}

#[test]
fn rows_that_the_log_lacks_are_missed() {
    let (_, failure) = failure(&json!({ "lose_row_of": "TB_MESSAGE" }));
    assert_eq!(failure.kind(), FailureKind::Verification);
    assert!(text(&failure).contains("2 rows of table TB_MESSAGE, counted were 3"));
}

#[test]
fn a_full_disk_stops_the_job_and_its_rest_is_removed() {
    let (rig, failure) = failure(&json!({ "out_of_space": true }));
    assert!(text(&failure).contains("no space for the dump file"));
    assert_eq!((rig.files(), rig.jobs()), (Vec::new(), "[]".to_owned()));
}

#[test]
fn a_job_whose_workers_die_is_a_failure() {
    let (rig, failure) = failure(&json!({ "crash": true }));
    assert_eq!(failure.kind(), FailureKind::Tool);
    assert_eq!((rig.files(), rig.jobs()), (Vec::new(), "[]".to_owned()));
}

#[test]
fn foreign_sessions_are_refused() {
    let rig = Rig::new();
    rig.python("b.run('INSERT INTO m_sessions VALUES (77, ?, ?, ?, ?, ?)', 'DOMIBUS', 'DOMIBUS', 'app1', 'JDBC Thin Client', 'USER')");
    let stage = Stage::new(PASSWORD);
    let failure = stage.dump_into("set", &export(&rig)).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert!(text(&failure).contains("session 77,7 of DOMIBUS from app1 (JDBC Thin Client"));
}

#[test]
fn a_commit_during_the_export_is_noticed() {
    let rig = Rig::new();
    rig.faults(&json!({ "slow": 20 }));
    let stage = Stage::new(PASSWORD);
    let failure = std::thread::scope(|scope| {
        let working = scope.spawn(|| stage.dump_into("set", &export(&rig)));
        rig.until("no job", || rig.jobs().contains("EXECUTING"));
        rig.sql(
            "DOMIBUS",
            "UPDATE TB_MESSAGE SET BODY = 'changed' WHERE ID = 1;\nCOMMIT;",
        );
        rig.go();
        working.join().unwrap().unwrap_err()
    });
    assert_eq!(failure.kind(), FailureKind::Verification);
    assert!(text(&failure).contains("something was committed in the table TB_MESSAGE"));
}
