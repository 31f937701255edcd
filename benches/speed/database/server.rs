//! A MariaDB server of its own, from the tests' rig, with two schemas of half a gigabyte.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::{Scale, data};

/// Its schemas.
pub(crate) const SCHEMAS: [&str; 2] = ["bench_a", "bench_b"];

/// Options of a server of middling size with MariaDB's own defaults of durability; the rig's are those
/// of a test.
const OPTIONS: &str = "--innodb-buffer-pool-size=4G --innodb-log-file-size=1G \
    --innodb-flush-log-at-trx-commit=1 --innodb-doublewrite=1 --key-buffer-size=128M \
    --aria-pagecache-buffer-size=128M";

/// A server; the one that started it stops it.
pub(crate) struct Server {
    directory: PathBuf,
    started: bool,
}

impl Server {
    /// Starts the server and fills it if it is new. The error says what is missing.
    pub(crate) fn start(scale: Scale) -> Result<Self, String> {
        for program in ["mariadbd", "mariadb", "mariadb-dump", "zstd"] {
            if !found(program) {
                return Err(format!(
                    "needs mariadb: there is no `{program}` (run tests/rig/fetch)"
                ));
            }
        }
        let directory = data().join(scale.of("mariadb", "mariadb-quick"));
        let server = Self {
            directory,
            started: true,
        };
        let output = server.rig(&["start"]);
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(format!("needs mariadb, which did not start: {said}"));
        }
        for schema in SCHEMAS {
            if server.answer(&format!("SELECT 1 FROM {schema}.done")) != "1" {
                server.sql(&seed(schema, scale));
            }
            // A first look loads the tables into memory, for all that come after alike.
            server.answer(&format!(
                "CHECKSUM TABLE {schema}.message, {schema}.log, {schema}.payload"
            ));
        }
        Ok(server)
    }

    /// The server that another process started.
    pub(crate) fn at(directory: &str) -> Self {
        Self {
            directory: PathBuf::from(directory),
            started: false,
        }
    }

    /// Where it is.
    pub(crate) fn directory(&self) -> &str {
        self.directory.to_str().expect("the path is text")
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> String {
        let file = self.directory.join("mariadb.pid");
        fs::read_to_string(file)
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    /// Options of a dump or restore.
    pub(crate) fn options(&self, schema: &str) -> Value {
        super::options(self.directory(), schema)
    }

    /// Size of a schema.
    pub(crate) fn megabytes(&self, schema: &str) -> String {
        self.answer(&format!(
            "SELECT ROUND(SUM(data_length + index_length) / 1e6) FROM information_schema.tables \
             WHERE table_schema = '{schema}'"
        ))
    }

    /// Empties schemas, so that no side pays for the removal of what the other left.
    pub(crate) fn empty(&self, schemas: &str) {
        for schema in schemas.split(',') {
            self.sql(&format!(
                "DROP DATABASE IF EXISTS {schema}; CREATE DATABASE {schema};"
            ));
        }
    }

    fn sql(&self, statements: &str) {
        let output = self.rig(&["root", "-e", statements]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the server refused: {said}");
    }

    /// The first value, or nothing if the server has none.
    fn answer(&self, query: &str) -> String {
        let output = self.rig(&["root", "-BN", "-e", query]);
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().next().unwrap_or_default().to_owned()
    }

    fn rig(&self, arguments: &[&str]) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/mariadb");
        let (command, rest) = arguments.split_first().expect("a command is given");
        Command::new(script)
            .arg(command)
            .arg(&self.directory)
            .args(rest)
            .env("RIG_MARIADB_OPTIONS", OPTIONS)
            .output()
            .expect("the rig is there")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.started {
            self.rig(&["stop"]);
        }
    }
}

fn found(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    // The rig looks into these as well.
    format!("{path}:/usr/sbin:/sbin")
        .split(':')
        .any(|directory| Path::new(directory).join(program).is_file())
}

/// The shape that the specification's figures were taken with: 300,000 messages, as many lines of a
/// log, and 2,000 payloads of 16 to 112 KB, encrypted ones and XML in turn; half a gigabyte as SQL.
fn seed(schema: &str, scale: Scale) -> String {
    let (rows, payloads) = (scale.of(300_000, 3_000), scale.of(2_000, 40));
    format!(
        "DROP DATABASE IF EXISTS {schema};
         CREATE DATABASE {schema};
         USE {schema};
         SET SESSION group_concat_max_len = 16 * 1024 * 1024;
         CREATE TABLE message (
             id BIGINT PRIMARY KEY, message_id VARCHAR(255) NOT NULL UNIQUE,
             conversation VARCHAR(255), sender VARCHAR(100), receiver VARCHAR(100),
             service VARCHAR(255), action VARCHAR(255), final_recipient VARCHAR(255),
             status VARCHAR(40), received DATETIME(3), KEY (received), KEY (status)
         );
         INSERT INTO message
             SELECT seq, CONCAT(SHA1(CONCAT('{schema}', seq)), '@domibus.example'),
                    SHA1(seq DIV 3), CONCAT('urn:oasis:names:tc:ebcore:partyid-type:gateway-', seq % 17),
                    CONCAT('urn:oasis:names:tc:ebcore:partyid-type:gateway-', seq % 19),
                    CONCAT('urn:example:services:exchange-of-evidence:', seq % 7),
                    CONCAT('SubmitEvidenceRequest', seq % 5),
                    CONCAT('urn:oasis:names:tc:ebcore:partyid-type:unregistered:', SHA1(seq % 5003)),
                    ELT(1 + seq % 4, 'ACKNOWLEDGED', 'RECEIVED', 'SEND_FAILURE', 'WAITING_FOR_RETRY'),
                    TIMESTAMP('2024-01-01') + INTERVAL seq * 1013 MICROSECOND
             FROM seq_1_to_{rows};
         CREATE TABLE log (
             id BIGINT PRIMARY KEY, message BIGINT, level VARCHAR(8), text TEXT, KEY (message)
         );
         INSERT INTO log
             SELECT seq, 1 + seq % {rows}, ELT(1 + seq % 3, 'INFO', 'WARN', 'DEBUG'),
                    CONCAT('attempt ', seq % 5, ' of message ', SHA1(seq), ' for ', SHA1(seq % 5003),
                           ' ended after ', seq % 4001, ' ms: eu.domibus.core.ebms3.sender.retry.UpdateRetry',
                           'LoggingService.updateWaitingReceiptMessageRetryLogging [', MD5(seq * 3), ']: ',
                           ELT(1 + seq % 3, 'the receiver acknowledged', 'the receiver did not answer in time',
                               'the receiver answered with a SOAP fault EBMS:0004'))
             FROM seq_1_to_{rows};
         CREATE TABLE payload (id BIGINT PRIMARY KEY, mime VARCHAR(40), content LONGBLOB);
         INSERT INTO payload
             SELECT p.seq, 'application/octet-stream',
                    (SELECT UNHEX(GROUP_CONCAT(SHA2(CONCAT('{schema}', p.seq, '/', n.seq), 512) SEPARATOR ''))
                     FROM seq_1_to_1750 n WHERE n.seq <= 250 + p.seq * 37 % 1500)
             FROM seq_1_to_{payloads} p WHERE p.seq % 2 = 0;
         INSERT INTO payload
             SELECT p.seq, 'text/xml',
                    (SELECT CONCAT('<invoice>', GROUP_CONCAT(
                         '<line number=\"', n.seq, '\"><item>', MD5(CONCAT(p.seq, n.seq)),
                         '</item><price currency=\"EUR\">', n.seq * p.seq % 9973, '.00</price></line>'
                         SEPARATOR '\\n'), '</invoice>')
                     FROM seq_1_to_1150 n WHERE n.seq <= 165 + p.seq * 37 % 985)
             FROM seq_1_to_{payloads} p WHERE p.seq % 2 = 1;
         CREATE TABLE done (done INT);
         INSERT INTO done VALUES (1);"
    )
}
