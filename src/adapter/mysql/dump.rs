//! `mysql.dump`

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compare::{changed, missing_in_text};
use super::connection::{Connection, Family};
use super::dump_stream::{self, Written};
use super::fingerprint::{AllContents, checksums_of_now, contents};
use super::inventory::{self, Schema};
use super::preflight::{dump_limits, dump_rights, has_snapshots};
use super::quiet::{foreign_sessions, wait_until_quiet};
use super::quoting::identifier;
use super::record::{DumpRecord, FORMAT, KIND};
use super::server::Server;
use super::session::Session;
use crate::adapter::database::{
    DUMP_OUTPUTS, Dumped, artifact_name, artifact_problem, default_wait, finding_of,
    refuse_or_warn, space, used_meanwhile,
};
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputSpec, Preview, PreviewLine, StepContext,
};
use crate::backup::CompressedWriter;
use crate::event::Outcome;
use crate::host::shell_word;
use crate::site::SecretRef;

/// Dumps one schema into the backup set and proves the dump complete: grants, quiet, exit code,
/// messages, trailer, every object in the text, row counts and checksums before and after.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dump {
    /// The server and the account.
    pub connection: Connection,
    /// The schema.
    pub schema: String,
    /// Name of the artifact; `database/SCHEMA` if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// Seconds that other sessions on the schema have to end before the step refuses.
    #[serde(default = "default_wait")]
    pub wait_seconds: u64,
}

/// Rules for a schema's name.
pub(super) fn validate_schema(schema: &str) -> Option<String> {
    if schema.is_empty() {
        Some("schema: is empty".to_owned())
    } else if schema.contains('\0') || schema.chars().count() > 64 {
        Some("schema: no server has a schema of that name (1 to 64 characters)".to_owned())
    } else {
        None
    }
}

impl Dump {
    fn artifact(&self) -> String {
        artifact_name(self.artifact.as_deref(), &self.schema)
    }

    fn file(&self) -> String {
        format!("{}.sql.zst", self.artifact())
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.wait_seconds)
    }

    /// The dump, and the checksums of the moment before it. Those are read from a snapshot while the
    /// dump program runs; where an engine has none, before it starts.
    fn write(
        &self,
        session: &Session<'_>,
        before: &Schema,
        writer: CompressedWriter,
        context: &StepContext<'_>,
    ) -> Result<(Written, BTreeMap<String, String>), Failure> {
        let (sender, opened) = mpsc::channel();
        std::thread::scope(|scope| {
            let reading = scope.spawn(move || {
                checksums_of_now(session, &self.schema, &before.inventory, || {
                    // Nobody waits for it any more only if this thread has panicked.
                    let _ = sender.send(());
                })
            });
            let join = |reading: ScopedJoinHandle<'_, Result<_, Failure>>| {
                reading
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            let dump = || dump_stream::write(session, &self.schema, writer, context.progress);
            if opened.recv().is_err() || !has_snapshots(before) {
                let checksums = join(reading)?;
                return Ok((dump()?, checksums));
            }
            let written = dump();
            let checksums = join(reading);
            Ok((written?, checksums?))
        })
    }

    /// Nothing may have changed since the look before the dump.
    fn prove_unchanged(
        &self,
        session: &Session<'_>,
        before: &Schema,
        checksums: &BTreeMap<String, String>,
    ) -> Result<AllContents, Failure> {
        let after = inventory::look(session, &self.schema)?;
        let mut found = changed(&before.inventory, &after.inventory);
        if found.is_empty() {
            let contents = contents(session, &self.schema, &after)?;
            for (name, now) in &contents {
                let before = checksums.get(name).map_or("", String::as_str);
                if now.checksum != before {
                    found.push(format!(
                        "the checksum of table `{name}` was {before} and is {}",
                        now.checksum
                    ));
                }
            }
            let foreign = foreign_sessions(session, &[&self.schema])?;
            found.extend(foreign.iter().map(|one| format!("there is {one}")));
            if found.is_empty() {
                return Ok(contents);
            }
        }
        Err(used_meanwhile(&self.schema, &found))
    }

    fn record(
        &self,
        server: Server,
        before: Schema,
        contents: AllContents,
        written: &Written,
    ) -> DumpRecord {
        let by_hand = self.by_hand(&server, &before, &written.artifact.file.path);
        DumpRecord {
            format: FORMAT,
            schema: self.schema.clone(),
            family: server.family,
            server_version: server.version,
            tool: written.text.header.clone().unwrap_or_default(),
            inventory: before.inventory,
            contents,
            longest_line: written.text.longest_line,
            by_hand,
        }
    }

    fn by_hand(&self, server: &Server, found: &Schema, path: &str) -> Vec<String> {
        let client = match server.family {
            Family::Mariadb => "mariadb",
            Family::Mysql => "mysql",
        };
        let name = identifier(&self.schema);
        let create = &found.inventory.create;
        let recreate = format!("DROP DATABASE IF EXISTS {name}; {create}");
        vec![
            "# The schema is made anew: loaded over the present one, what the upgrade added would stay."
                .to_owned(),
            "# Dump the present schema first. Without --comments the client strips stored routines."
                .to_owned(),
            format!("{client} -u USER -p -e {}", shell_word(&recreate)),
            format!(
                "zstd -dc {} | {client} -u USER -p --default-character-set=utf8mb4 \
                 --max-allowed-packet=1G --binary-mode --comments --skip-reconnect -- {}",
                shell_word(path),
                shell_word(&self.schema)
            ),
        ]
    }

    fn outcome(
        &self,
        record: &DumpRecord,
        written: Written,
        warnings: Vec<String>,
        address: &str,
    ) -> Result<Outcome, Failure> {
        let dumped = Dumped {
            name: self.artifact(),
            kind: KIND,
            files: vec![written.artifact.file],
            source: format!("{address} `{}`", self.schema),
            bytes: written.artifact.content_bytes,
            tool: record.tool.clone(),
            counts: record.counts(),
            record,
        };
        dumped.outcome(warnings)
    }
}

impl Action for Dump {
    const NAME: &'static str = "mysql.dump";
    const SUMMARY: &'static str = "Dumps a MySQL or MariaDB schema and proves the dump complete";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = DUMP_OUTPUTS;

    fn validate(&self) -> Vec<String> {
        let mut problems = self.connection.validate();
        problems.extend(validate_schema(&self.schema));
        problems.extend(artifact_problem(self.artifact.as_deref()));
        problems
    }

    fn preview(&self) -> Preview {
        let schema = &self.schema;
        vec![
            PreviewLine::Command(self.connection.read(None, None).to_string()),
            PreviewLine::Checks(format!(
                "the account has SELECT, SHOW VIEW, TRIGGER and EVENT on `{schema}` and sees its routines"
            )),
            PreviewLine::Checks(format!(
                "no other session uses `{schema}` (waits up to {} s)",
                self.wait_seconds
            )),
            PreviewLine::Command(self.connection.dump(schema, None).to_string()),
            PreviewLine::Writes(format!("{} (zstd, SHA-256)", self.file())),
            PreviewLine::Checks(
                "the dump has its trailer and every table, view, routine, trigger and event; \
                 definitions, checksums and sessions are the same before and after"
                    .to_owned(),
            ),
        ]
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.connection.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        vec![
            self.connection.client_program().to_owned(),
            self.connection.dump_program().to_owned(),
        ]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        let look = || -> Result<Vec<Finding>, Failure> {
            let session = Session::of_check(&self.connection, context)?;
            let server = Server::look(&session)?;
            let found = inventory::list(&session, &self.schema)?;
            let mut findings = dump_rights(&server, &self.schema);
            findings.extend(dump_limits(&self.schema, &found));
            let bytes = found.sizes.values().sum();
            findings.extend(space(context, &self.schema, bytes));
            Ok(findings)
        };
        look().unwrap_or_else(|failure| vec![finding_of(&failure)])
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let set = context.writing()?;
        let session = Session::of_step(&self.connection, context)?;
        let server = Server::look(&session)?;
        let mut findings = dump_rights(&server, &self.schema);
        wait_until_quiet(&session, &[&self.schema], self.patience())?;
        // The rights come first: without them the inventory would be incomplete.
        let mut warnings = refuse_or_warn(std::mem::take(&mut findings))?;
        let before = inventory::look(&session, &self.schema)?;
        warnings.extend(refuse_or_warn(dump_limits(&self.schema, &before))?);
        let writer = set.compressed(&self.file())?;
        let (mut written, checksums) = self.write(&session, &before, writer, context)?;
        let contents = self.prove_unchanged(&session, &before, &checksums)?;
        let missing = missing_in_text(&before.inventory, &contents, &written.text);
        if let Some(first) = missing.first() {
            let mut failure = Failure::verification(format!(
                "the dump of `{}` lacks {first}, although {} ended well",
                self.schema,
                self.connection.dump_program()
            ));
            failure.0.causes = missing.iter().skip(1).take(8).cloned().collect();
            return Err(failure.hint(
                "look at the account's rights (`upgrade-kit check`) and at the option files of the \
                 dump program",
            ));
        }
        warnings.append(&mut written.notes);
        if written.text.longest_line + 4096 > server.max_allowed_packet {
            warnings.push(format!(
                "the largest row takes {} bytes in the dump and the server accepts statements of {}: \
                 raise `max_allowed_packet` before a restore",
                written.text.longest_line, server.max_allowed_packet
            ));
        }
        let record = self.record(server, before, contents, &written);
        self.outcome(&record, written, warnings, &self.connection.address())
    }
}
