//! What the server's error numbers mean for an operator.

/// What an error number means.
pub(super) struct Meaning {
    numbers: &'static [u32],
    /// What happened.
    pub(super) text: &'static str,
    /// What to do.
    pub(super) hint: &'static str,
    /// Whether it is a condition that did not hold from the start, not a failure on the way.
    pub(super) refused: bool,
}

/// What that error number means, if it is one with a remedy of its own.
pub(super) fn meaning(number: u32) -> Option<&'static Meaning> {
    MEANINGS
        .iter()
        .find(|meaning| meaning.numbers.contains(&number))
}

const MEANINGS: &[Meaning] = &[
    Meaning {
        numbers: &[1045, 1698],
        text: "the server refused the account or its password",
        hint: "check `user` and `password` of the database connection, and that the account may log in \
             from this machine",
        refused: true,
    },
    Meaning {
        numbers: &[1820, 1862],
        text: "the account's password has expired",
        hint: "give the account a new password, and put it where `password` points to",
        refused: true,
    },
    Meaning {
        numbers: &[1044],
        text: "the account has no right to the schema",
        hint: "grant the account what `upgrade-kit check` lists",
        refused: true,
    },
    Meaning {
        numbers: &[1049],
        text: "the server has no such schema",
        hint: "check the schema's name in the site",
        refused: true,
    },
    Meaning {
        numbers: &[2002, 2003, 2005],
        text: "the server cannot be reached",
        hint: "check `host`, `port` or `socket` of the database connection, and that the server runs: \
             start it if it does not, then try again",
        refused: true,
    },
    Meaning {
        numbers: &[1040, 1203, 1226],
        text: "the server takes no more connections",
        hint: "stop other users of the server, or raise `max_connections` or the account's own limit \
             (`MAX_USER_CONNECTIONS`; a dump needs three), then try again",
        refused: true,
    },
    Meaning {
        numbers: &[1129, 1130],
        text: "the server takes no connections from this machine",
        hint: "let the account log in from this machine (and `FLUSH HOSTS` if it was blocked)",
        refused: true,
    },
    Meaning {
        numbers: &[2026],
        text: "no encrypted connection came about",
        hint: "name the certificates in an option file, and that in `option_file` of the connection",
        refused: true,
    },
    Meaning {
        numbers: &[2006, 2013, 2055, 1053, 1927],
        text: "the connection to the server was lost",
        hint: "look into the server's log: it was stopped, ended the session, or refused a statement \
             larger than its `max_allowed_packet`; start it if it does not run, then try again",
        refused: false,
    },
    Meaning {
        numbers: &[1412],
        text: "a table was changed while it was dumped",
        hint: "stop whatever alters the schema, then try again",
        refused: false,
    },
    Meaning {
        numbers: &[1205],
        text: "another session holds a lock for too long",
        hint: "end the sessions that use the schema (`SHOW PROCESSLIST`, `XA RECOVER`), then try again",
        refused: false,
    },
    Meaning {
        numbers: &[1356],
        text: "a view refers to something that is gone",
        hint: "repair or drop the view: it can be neither dumped nor restored",
        refused: false,
    },
    Meaning {
        numbers: &[1449],
        text: "a definer's account does not exist",
        hint: "create the account, or give the view, routine, trigger or event another DEFINER",
        refused: false,
    },
    Meaning {
        numbers: &[1227, 1419],
        text: "the account lacks a right that the statements need",
        hint: "for definers of other accounts it needs SET USER (MariaDB), SET_USER_ID or \
             SET_ANY_DEFINER and perhaps SYSTEM_USER (MySQL); with binary logging, functions and triggers need \
             `log_bin_trust_function_creators = ON`",
        refused: false,
    },
    Meaning {
        numbers: &[1021, 1114, 3],
        text: "the server has no space left",
        hint: "free space on the server, then try again",
        refused: false,
    },
];
