//! What differs with MySQL's own programs and servers, played from their texts.

use serde_json::json;
use upgrade_kit::adapter::mysql::{Connection, Family};
use upgrade_kit::event::FailureKind;
use upgrade_kit::host::scripted::{Play, ScriptedHost};

use super::stage::dump;
use crate::database_stage::Stage;

fn connection() -> Connection {
    serde_json::from_value(json!({
        "host": "localhost", "user": "bk", "password": { "env": "DB_PASSWORD" },
    }))
    .unwrap()
}

/// A client that prints these rows and comes to its end.
fn answers(rows: &str) -> Play {
    Play::of("mysql").prints(format!("{rows}upgrade-kit:end\n"))
}

fn facts(version: &str, grants: &str) -> Play {
    answers(&format!(
        "version\t{version}\naccount\tbk@%\nlog_bin\tON\nlog_bin_trust_function_creators\tOFF\n\
         max_allowed_packet\t67108864\nread_only\tOFF\nsuper_read_only\tOFF\n{grants}"
    ))
}

const WARNING: &str = "mysql: [Warning] unknown option '--loose-sandbox'.\n\
    mysql: [Warning] unknown option '--loose-skip-print-query-on-error'.\n";

const GRANTS_OF_8: &str = "GRANT SELECT, PROCESS, SHOW VIEW, EVENT, TRIGGER ON *.* TO `bk`@`%`\n\
    GRANT SHOW_ROUTINE ON *.* TO `bk`@`%`\n";

fn quiet() -> Play {
    answers("own\t9\n9\tbk\tlocalhost\tNULL\tQuery\t0\tinit\tSHOW PROCESSLIST\n")
}

fn listing() -> Play {
    answers(
        "schema\tdom\tutf8mb4\tutf8mb4_0900_ai_ci\ntable\tdom\ta\tBASE TABLE\tInnoDB\t16384\n\
         column\tdom\ta\tid\tint\t\ntrigger\tdom\tt\tbk@%\n",
    )
    .complains(WARNING)
}

fn definitions() -> Play {
    answers(
        "dom\tCREATE DATABASE `dom` /*!40100 DEFAULT CHARACTER SET utf8mb4 */\n\
         a\tCREATE TABLE `a` (\\n  `id` int)\nt\t\tCREATE TRIGGER…\tutf8mb4\tc\td\t2026-01-01 10:00:00.00\n",
    )
}

const DUMP: &str = "-- MySQL dump 10.13  Distrib 8.0.46, for Linux (x86_64)\n--\n\
    -- Server version\t8.0.46\n\nCREATE TABLE `a` (\n  `id` int\n);\nINSERT INTO `a` VALUES (1),(2);\n\
    DELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=`bk`@`%`*/ /*!50003 TRIGGER `t` BEFORE INSERT ON `a` \
    FOR EACH ROW SET NEW.id = 1 */;;\nDELIMITER ;\n-- Dump completed on 2026-11-21  9:00:00\n";

/// A dump of MySQL 8.0, with whatever the dump program says and writes.
fn whole(dump: Play) -> ScriptedHost {
    ScriptedHost::new()
        .expect(facts("8.0.46", GRANTS_OF_8))
        .expect(quiet())
        .expect(listing())
        .expect(definitions())
        .expect(answers("opened\ndom.a\t123\n"))
        .expect(dump)
        .expect(listing())
        .expect(definitions())
        .expect(answers("2\ndom.a\t123\n"))
        .expect(quiet())
}

#[test]
fn mysqls_own_words_are_judged() {
    let noise = "mysqldump: [Warning] unknown variable 'loose-column-statistics=0'.\n\
                 Warning: A partial dump from a server that has GTIDs will by default include the \
                 GTIDs of all transactions, even those that changed suppressed parts of the database. \n";
    let host = whole(Play::of("mysqldump").prints(DUMP).complains(noise));
    let stage = Stage::on(Box::new(host), "secret");
    let (_, outcome) = stage.dump_into("set", &dump(&connection(), "dom")).unwrap();
    assert_eq!(outcome.warnings, Vec::<String>::new());
    assert_eq!(outcome.outputs["rows"], 2);
    let details = &outcome.artifacts[0].details;
    assert_eq!(details["family"], "mysql");
    assert_eq!(details["inventory"]["collation"], "utf8mb4_0900_ai_ci");

    for (text, complaint, kind) in [
        (
            DUMP.to_owned(),
            "mysqldump: Error: 'Access denied; you need (at least one of) the PROCESS privilege(s) \
             for this operation' when trying to dump tablespaces\n",
            FailureKind::Tool,
        ),
        (
            DUMP.replace("TRIGGER `t`", "TRIGGER `u`"),
            "",
            FailureKind::Verification,
        ),
        (
            DUMP.replace("-- Dump completed", "-- Dump"),
            "",
            FailureKind::Verification,
        ),
    ] {
        let host = whole(Play::of("mysqldump").prints(text).complains(complaint));
        let stage = Stage::on(Box::new(host), "secret");
        let failure = stage
            .dump_into("set", &dump(&connection(), "dom"))
            .unwrap_err();
        assert_eq!(failure.kind(), kind, "{failure:?}");
    }
}

#[test]
fn roles_of_mysql_are_unfolded() {
    let role = "GRANT USAGE ON *.* TO `bk`@`%`\nGRANT `reader`@`%` TO `bk`@`%`\n";
    let host = ScriptedHost::new()
        .expect(facts("8.4.10", role))
        .expect(answers("`reader`@`%`\n"))
        .expect(answers("GRANT SELECT, SHOW VIEW ON `dom`.* TO `bk`@`%`\n"))
        .expect(quiet());
    let stage = Stage::on(Box::new(host), "secret");
    let failure = stage
        .dump_into("set", &dump(&connection(), "dom"))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    let hint = failure.0.hint.unwrap();
    assert_eq!(
        hint,
        "GRANT TRIGGER, EVENT ON `dom`.* TO 'bk'@'%'; GRANT SHOW_ROUTINE ON *.* TO 'bk'@'%';"
    );
}

#[test]
fn the_password_goes_through_the_pipe_and_the_programs_follow_the_family() {
    let mut connection = connection();
    connection.family = Some(Family::Mariadb);
    let play = Play::of("mariadb")
        .with("--defaults-file=/dev/fd/3")
        .does(|call| {
            assert_eq!(call.secrets, ["[client]\npassword=\"p#\\\"\\\\ 'w\"\n"]);
            assert!(call.argv.iter().all(|argument| !argument.contains("p#")));
            assert_eq!(call.argv[1], "--defaults-file=/dev/fd/3");
            assert_eq!(call.argv[3], "--protocol=tcp");
        });
    let play = play
        .complains("ERROR 1045 (28000): Access denied for user 'bk'@'h' (using password: YES)\n");
    let host = ScriptedHost::new().expect(play.exits(1));
    let stage = Stage::on(Box::new(host), "p#\"\\ 'w");
    let failure = stage
        .dump_into("set", &dump(&connection, "dom"))
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
}
