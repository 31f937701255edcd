use super::*;
use crate::host::Captured;

fn exit(code: i32, stderr: &str) -> Exit {
    Exit {
        status: ExitStatus::Code(code),
        stdout: Captured::default(),
        stderr: Captured {
            head: stderr.as_bytes().to_vec(),
            tail: Vec::new(),
            total: stderr.len() as u64,
        },
        timed_out: false,
        stopped: false,
        leaked: 0,
    }
}

#[test]
fn noise_is_told_from_failures_in_both_families() {
    let stderr = "\
Warning: mysqldump: unknown variable 'loose-set-gtid-purged=OFF'\n\
mysqldump: [Warning] unknown variable 'loose-column-statistics=0'.\n\
mysql: [Warning] unknown option '--loose-sandbox'.\n\
mysqldump: Deprecated program name. It will be removed in a future release, use '/usr/bin/mariadb-dump' instead\n\
-- Warning: column statistics not supported by the server.\n\
something else\n\
mysqldump: Error: 'Access denied; you need (at least one of) the PROCESS privilege(s)' when trying to dump tablespaces\n";
    let said = sort_lines("/usr/bin/mysqldump", &exit(0, stderr), Source::Own);
    assert_eq!(said.notes, ["something else"]);
    assert_eq!(said.failures.len(), 1);
    assert!(said.failures[0].contains("tablespaces"));
}

#[test]
fn a_program_of_another_name_is_recognised_by_its_own_name() {
    let said = sort_lines(
        "/opt/m/dumper",
        &exit(0, "dumper: Couldn't do it\n"),
        Source::Own,
    );
    assert_eq!(said.failures, ["dumper: Couldn't do it"]);
}

#[test]
fn messages_that_were_cut_are_a_failure() {
    let mut exit = exit(0, "fine\n");
    exit.stderr.total = 50_000_000;
    let said = sort_lines("mysqldump", &exit, Source::Own);
    assert_eq!(said.failures.len(), 1);
}

#[test]
fn rows_do_not_reach_a_message() {
    let long = "x".repeat(80);
    let stderr = format!(
        "--------------\nINSERT INTO t VALUES (1,'patient')\n--------------\n\n\
         ERROR 1062 (23000) at line 9: Duplicate entry 'patient' for key 'PRIMARY'\n\
         ERROR 1064 (42000) at line 3: check the right syntax to use near ''patient', 3)' at line 1\n\
         ERROR 1366 (22007) at line 4: Incorrect integer value: 'patient' for column `d`.`t`.`a` at row 1\n\
         ERROR 9999: `t` '{long}'\n"
    );
    let lines = shown_lines(&exit(1, &stderr), Source::Dump);
    let all = lines.join("\n");
    assert!(!all.contains("patient") && !all.contains(&long), "{all}");
    assert!(
        all.contains("for key 'PRIMARY'") && all.contains("line 3"),
        "{all}"
    );
    assert!(all.contains("[80 characters]"), "{all}");
}

#[test]
fn a_scripts_own_words_are_shown() {
    let line = "ERROR 1064 (42000) at line 3: syntax to use near 'CREAT TABLE' at line 1";
    let lines = shown_lines(&exit(1, line), Source::Own);
    assert_eq!(lines, [line]);
}

#[test]
fn error_numbers_are_read_from_both_programs() {
    for (line, code) in [
        (
            "ERROR 1045 (28000): Access denied for user 'u'@'h' (using password: YES)",
            1045,
        ),
        (
            "mysqldump: Got error: 1045: \"Access denied\" when trying to connect",
            1045,
        ),
        (
            "mysqldump: Error 2013: Lost connection to MySQL server during query",
            2013,
        ),
        (
            "mysqldump: Couldn't execute 'show events': Access denied (1044)",
            1044,
        ),
        (
            "ERROR 2002 (HY000): Can't connect to local server through socket '/x' (2)",
            2002,
        ),
    ] {
        assert_eq!(error_code(line), Some(code), "{line}");
    }
    assert_eq!(error_code("mysqldump: something"), None);
}
