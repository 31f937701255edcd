//! Dumps: complete and of one moment, or refused.

use upgrade_kit::adapter::Severity;
use upgrade_kit::event::FailureKind;

use super::rig::{dump, rig};
use crate::database_stage::{Stage, ran, shown, text};
use crate::fake_tools::Tools;

#[test]
fn a_plan_shows_what_runs() {
    let Some(rig) = rig() else { return };
    let database = rig.seeded();
    let stage = Stage::new(&rig.password);
    let action = dump(&rig.connection(), &database);
    assert_eq!(stage.check(&action, None), []);
    ran(&stage);
    stage.dump_into("set", &action).unwrap();
    // The snapshot's name is the server's.
    let names_out = |command: &String| -> String {
        match command.split_once("--snapshot=") {
            Some((before, _)) => format!("{before}--snapshot=SNAPSHOT"),
            None => command.clone(),
        }
    };
    let ran: Vec<String> = ran(&stage).iter().map(names_out).collect();
    assert_eq!(ran, shown(&action));
}

#[test]
fn tools_that_lie_are_caught() {
    let Some(rig) = rig() else { return };
    let database = rig.seeded();
    let stage = Stage::new(&rig.password);
    let tools = Tools::new();
    let full = "case \"$*\" in *schema-only*) exec pg_dump \"$@\" ;; esac\n";
    let lies = [
        (
            "fails",
            "pg_dump \"$@\"; exit 1",
            "the dump of",
            FailureKind::Tool,
        ),
        (
            "says",
            "pg_dump \"$@\"; echo 'pg_dump: error: lost' >&2",
            "failed",
            FailureKind::Tool,
        ),
        (
            "empty",
            ":",
            "does not begin as a dump does",
            FailureKind::Verification,
        ),
        (
            "cut",
            "pg_dump \"$@\" | head -n 60",
            "has no `-- PostgreSQL database dump complete`",
            FailureKind::Verification,
        ),
        (
            "table",
            "pg_dump --exclude-table=um_domain \"$@\"",
            "TABLE public.um_domain",
            FailureKind::Verification,
        ),
        (
            "rows",
            "pg_dump --exclude-table-data=um_user \"$@\"",
            "`public.um_user` has 0 rows in the dump and 2000",
            FailureKind::Verification,
        ),
        (
            "one",
            "pg_dump \"$@\" | sed '/user77\\t/d'",
            "has 1999 rows in the dump and 2000",
            FailureKind::Verification,
        ),
        (
            "shell",
            "pg_dump \"$@\" | sed '/^CREATE VIEW/i \\\\\\\\! touch x'",
            "holds a command of the client's own",
            FailureKind::Verification,
        ),
        (
            "changes",
            "pg_dump \"$@\" | sed 's/^CREATE VIEW/CREATE  VIEW/'",
            "VIEW public.system_users is defined otherwise",
            FailureKind::Verification,
        ),
    ];
    for (name, body, problem, kind) in lies {
        tools.write(name, &format!("#!/bin/bash\n{full}{body}\n"));
        let mut connection = rig.connection();
        connection.dump_program = Some(tools.path(name));
        let failure = stage
            .dump_into(name, &dump(&connection, &database))
            .unwrap_err();
        let said = text(&failure);
        assert!(said.contains(problem), "{name}: {said}");
        assert_eq!(failure.kind(), kind, "{name}: {said}");
    }
}

#[test]
fn a_database_that_is_written_meanwhile_is_no_backup() {
    let Some(rig) = rig() else { return };
    let database = rig.seeded();
    let stage = Stage::new(&rig.password);
    let tools = Tools::new();
    let socket = rig.root().socket.unwrap();
    tools.write(
        "busy",
        &format!(
            "#!/bin/bash\ncase \"$*\" in *schema-only*) exec pg_dump \"$@\" ;; esac\n\
             PGSERVICEFILE= psql -X -q -w -h {} -p {} -U root -d {database} \
             -c \"INSERT INTO um_domain (um_domain_name) VALUES ('late')\" >&2\nexec pg_dump \"$@\"\n",
            socket.display(),
            rig.port
        ),
    );
    let mut connection = rig.connection();
    connection.dump_program = Some(tools.path("busy"));
    let failure = stage
        .dump_into("set", &dump(&connection, &database))
        .unwrap_err();
    // The dump itself is of the moment before: its rows are the snapshot's.
    let said = text(&failure);
    assert!(said.contains("was used while it was dumped"), "{said}");
    assert!(
        said.contains("`public.um_domain` has 3 rows, recorded were 2"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_reached_is_said_with_what_to_do() {
    let Some(rig) = rig() else { return };
    let database = rig.seeded();
    let said = |stage: &Stage, action: &upgrade_kit::adapter::postgres::Dump| {
        let findings = stage.check(action, None);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].severity, Severity::Refuse);
        format!(
            "{} | {}",
            findings[0].message,
            findings[0].hint.clone().unwrap_or_default()
        )
    };
    let stage = Stage::new("wrong");
    let text_of = said(&stage, &dump(&rig.connection(), &database));
    assert!(
        text_of.contains("does not accept the account's password"),
        "{text_of}"
    );
    assert!(
        text_of.contains("check the account and its password"),
        "{text_of}"
    );

    let stage = Stage::new(&rig.password);
    let text_of = said(
        &stage,
        &dump(&rig.connection(), &database.replace("_t", "_x")),
    );
    assert!(text_of.contains("no database `carbon_x"), "{text_of}");
    assert!(text_of.contains("the server has `carbon_t"), "{text_of}");

    rig.sql(&database, "", "CREATE TABLE secret (id INT)");
    let text_of = said(&stage, &dump(&rig.connection(), &database));
    assert!(
        text_of.contains("may not read 1 tables, views and sequences"),
        "{text_of}"
    );
    assert!(text_of.contains("public.secret"), "{text_of}");

    let mut connection = rig.connection();
    connection.port = Some(1);
    let text_of = said(&stage, &dump(&connection, &database));
    assert!(
        text_of.contains("nothing listens there (127.0.0.1:1)"),
        "{text_of}"
    );

    let stage = Stage::new("ends in space ");
    let text_of = said(&stage, &dump(&rig.connection(), &database));
    assert!(text_of.contains("ends with white space"), "{text_of}");
}
