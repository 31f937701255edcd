//! What the vendor's programs say, and what an operator can do about it. Matched by number: the words
//! change between releases.

use crate::event::FailureKind;

/// What a message means.
pub(super) struct Meaning {
    codes: &'static [&'static str],
    /// What happened.
    pub(super) text: &'static str,
    /// What to do; `{account}`, `{directory}` and `{job}` stand for themselves.
    pub(super) hint: &'static str,
    /// Nothing has begun.
    pub(super) refused: bool,
}

/// The first entry one of whose codes occurs wins, so the telling ones stand before the general ones.
static MEANINGS: &[Meaning] = &[
    Meaning {
        codes: &["ORA-01017"],
        text: "the database does not accept the account or its password",
        hint: "correct the account or the password of the site's database connection (repeated \
               attempts may lock the account)",
        refused: true,
    },
    Meaning {
        codes: &["ORA-28000"],
        text: "the account is locked",
        hint: "ALTER USER {account} ACCOUNT UNLOCK;",
        refused: true,
    },
    Meaning {
        codes: &["ORA-28001"],
        text: "the account's password has expired",
        hint: "ALTER USER {account} IDENTIFIED BY a new password, and put that into the site's secret",
        refused: true,
    },
    Meaning {
        codes: &["ORA-12154", "ORA-12514", "ORA-12505", "ORA-12262"],
        text: "the listener knows no such service, or the connect identifier is unknown",
        hint: "check host, port and service of the site's database connection (`lsnrctl services`), \
               or the alias in `tnsnames.ora`",
        refused: true,
    },
    Meaning {
        codes: &["ORA-12541", "ORA-12545", "ORA-12170", "ORA-12543"],
        text: "no listener answers",
        hint: "check host and port of the site's database connection, and that the listener is started",
        refused: true,
    },
    Meaning {
        codes: &["ORA-01034", "ORA-27101", "ORA-01033"],
        text: "the database is not open",
        hint: "start the database, then try again",
        refused: true,
    },
    Meaning {
        codes: &["ORA-39087"],
        text: "there is no such directory object, or the account may not use it",
        hint: "as a DBA: CREATE DIRECTORY {directory} AS '<path on the database host>'; GRANT READ, \
               WRITE ON DIRECTORY {directory} TO {account};",
        refused: true,
    },
    Meaning {
        codes: &["ORA-29283", "ORA-29284", "ORA-39070"],
        text: "the database cannot write into the directory",
        hint: "the path of the directory object {directory} must exist on the database host and the \
               system user that runs the database must be able to write there",
        refused: true,
    },
    Meaning {
        codes: &["ORA-31631", "ORA-39109", "ORA-39122"],
        text: "the account may not export or import another schema",
        hint: "GRANT DATAPUMP_EXP_FULL_DATABASE, DATAPUMP_IMP_FULL_DATABASE TO {account}; or log on \
               as the schema itself",
        refused: true,
    },
    Meaning {
        codes: &["ORA-00955", "ORA-31634"],
        text: "there is a job or table of the job's name already",
        hint: "look at it in USER_DATAPUMP_JOBS; end it with ATTACH={job} and KILL_JOB, or drop the \
               table {job} of an ended one",
        refused: true,
    },
    Meaning {
        codes: &["ORA-01950", "ORA-31633", "ORA-31626"],
        text: "the job's master table cannot be made",
        hint: "GRANT CREATE TABLE TO {account}; ALTER USER {account} QUOTA UNLIMITED ON its default \
               tablespace; and drop the tables of ended jobs (SYS_EXPORT_SCHEMA_01 to _99)",
        refused: true,
    },
    Meaning {
        codes: &["ORA-27038", "ORA-31641"],
        text: "the dump file exists already, or cannot be created",
        hint: "a dump file is never overwritten: move the file out of the directory {directory}, then \
               try again",
        refused: true,
    },
    Meaning {
        codes: &["ORA-27037"],
        text: "the database does not see the dump file",
        hint: "`directory_path` must be the path of the directory object {directory} on the database \
               host, as it is seen from here",
        refused: true,
    },
    Meaning {
        codes: &["ORA-27046", "ORA-31619", "ORA-31640"],
        text: "the dump file is damaged, or the database may not read it",
        hint: "let the system user that runs the database read files of the directory {directory}; if \
               it does, use another backup set",
        refused: false,
    },
    Meaning {
        codes: &["ORA-39142"],
        text: "the dump is of a newer release than the database",
        hint: "restore into a database of the release that the dump is of",
        refused: true,
    },
    Meaning {
        codes: &["ORA-31693", "ORA-01466", "ORA-02354"],
        text: "a table was skipped: it was altered, or its statistics were gathered, meanwhile",
        hint: "stop the application and the nightly jobs (DBMS_STATS), then try again",
        refused: false,
    },
    Meaning {
        codes: &["ORA-01555"],
        text: "the snapshot became too old",
        hint: "raise UNDO_RETENTION, or stop what writes into the database, then try again",
        refused: false,
    },
    Meaning {
        codes: &["ORA-39095"],
        text: "there was no space for the dump file",
        hint: "free space on the database host, then try again",
        refused: false,
    },
    Meaning {
        codes: &[
            "ORA-39171",
            "ORA-01653",
            "ORA-01652",
            "ORA-01691",
            "ORA-01536",
        ],
        text: "a tablespace is full",
        hint: "add space to the tablespace that the log names, or raise the quota, then try again",
        refused: false,
    },
    Meaning {
        codes: &["ORA-39151"],
        text: "a table exists already and was not imported",
        hint: "something made objects while the schema was being restored; stop it and restore again",
        refused: false,
    },
    Meaning {
        codes: &["ORA-01940"],
        text: "sessions of the account are connected",
        hint: "stop the application, then try again",
        refused: true,
    },
    Meaning {
        codes: &["ORA-39165", "ORA-01918", "ORA-01435"],
        text: "there is no such schema",
        hint: "check the schema's name (upper case, unless it was created in quotes)",
        refused: true,
    },
    Meaning {
        codes: &["ORA-00054"],
        text: "a table is locked by another session",
        hint: "end the sessions that use the schema, then try again",
        refused: false,
    },
    Meaning {
        codes: &["ORA-01031"],
        text: "the account lacks a right",
        hint: "grant {account} what the statement needs, or log on as the schema itself",
        refused: false,
    },
    Meaning {
        codes: &["LRM-00101", "LRM-00109", "UDE-00014", "UDI-00014"],
        text: "the program did not accept its parameters",
        hint: "use client programs of release 12.1 or later",
        refused: true,
    },
    Meaning {
        codes: &["SP2-0310"],
        text: "a script names a file that is not there",
        hint: "put the file beside the script that names it",
        refused: false,
    },
];

/// `ORA-01017`, `UDE-00001` and the like at the beginnings of lines, in order.
pub(super) fn codes(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| code(line.trim())).collect()
}

/// The code that a line begins with.
pub(super) fn code(line: &str) -> Option<&str> {
    let head = line.split(':').next()?;
    let (family, number) = head.split_once('-')?;
    let known = ["ORA", "UDE", "UDI", "LRM", "SP2"].contains(&family);
    let digits = number.len() >= 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    (known && digits).then_some(head)
}

/// What the codes mean, the most telling of them.
pub(super) fn meaning(codes: &[&str]) -> Option<&'static Meaning> {
    MEANINGS
        .iter()
        .find(|meaning| meaning.codes.iter().any(|code| codes.contains(code)))
}

/// Whose words fill a hint.
pub(super) struct Names<'a> {
    pub(super) account: &'a str,
    pub(super) directory: &'a str,
    pub(super) job: &'a str,
}

impl Meaning {
    /// What to do, with the names of this step.
    pub(super) fn hint(&self, names: &Names<'_>) -> String {
        self.hint
            .replace("{account}", names.account)
            .replace("{directory}", names.directory)
            .replace("{job}", names.job)
    }

    /// The family of the failure.
    pub(super) fn kind(&self) -> FailureKind {
        if self.refused {
            FailureKind::Refused
        } else {
            FailureKind::Tool
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_telling_code_wins() {
        let text = "ORA-39002: invalid operation\nORA-39070: Unable to open the log file.\n\
                    ORA-39087: directory name UPK_DIR is invalid\nnot ORA-00001: this\n";
        let codes = codes(text);
        assert_eq!(codes, ["ORA-39002", "ORA-39070", "ORA-39087"]);
        let names = Names {
            account: "DOMIBUS",
            directory: "UPK_DIR",
            job: "",
        };
        let hint = meaning(&codes).unwrap().hint(&names);
        assert!(hint.contains("GRANT READ, WRITE ON DIRECTORY UPK_DIR TO DOMIBUS;"));
        assert!(meaning(&["ORA-00600"]).is_none());
    }
}
