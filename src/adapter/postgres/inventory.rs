//! What a database holds, from its catalogue: against this a dump's text is held.

use std::collections::{BTreeMap, BTreeSet};

use super::scanner::{DumpScanner, DumpText};
use super::session::{Session, copied};
use crate::adapter::Failure;
use crate::adapter::database::Row;

/// Objects that belong to people: neither the server's own, nor an extension's, nor temporary.
const MINE: &str = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS \
     (SELECT FROM pg_catalog.pg_depend e WHERE e.objid = o.oid AND e.deptype = 'e')";

/// What a database holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Inventory {
    /// Tables with rows of their own: schema and name.
    pub(super) tables: Vec<(String, String)>,
    /// Sequences: schema and name.
    pub(super) sequences: Vec<(String, String)>,
    /// Everything that a dump must name: beginnings of the names of its definitions.
    objects: BTreeSet<String>,
    /// Extensions.
    pub(super) extensions: BTreeSet<String>,
    /// Tables that the account may not read.
    pub(super) hidden: Vec<String>,
    /// There are large objects.
    pub(super) large_objects: bool,
    /// Bytes on the server's disk.
    pub(super) bytes: u64,
}

/// Looks at a database. Refuses if there is none of that name.
pub(super) fn look(session: &Session<'_>, database: &str) -> Result<Inventory, Failure> {
    require(session, database)?;
    let statements = [
        format!(
            "SELECT 'relation', n.nspname, o.relname, o.relkind, \
             pg_catalog.has_table_privilege(o.oid, 'SELECT') \
             FROM pg_catalog.pg_class o JOIN pg_catalog.pg_namespace n ON n.oid = o.relnamespace \
             WHERE o.relkind IN ('r','p','v','m','S','f') AND {MINE} ORDER BY 2, 3"
        ),
        format!(
            "SELECT 'routine', n.nspname, o.proname, o.prokind FROM pg_catalog.pg_proc o \
             JOIN pg_catalog.pg_namespace n ON n.oid = o.pronamespace WHERE {MINE}"
        ),
        format!(
            "SELECT 'trigger', n.nspname, c.relname, o.tgname FROM pg_catalog.pg_trigger o \
             JOIN pg_catalog.pg_class c ON c.oid = o.tgrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE NOT o.tgisinternal AND o.tgparentid = 0 AND {MINE}"
        ),
        "SELECT 'extension', extname FROM pg_catalog.pg_extension".to_owned(),
        "SELECT 'large', count(*) FROM pg_catalog.pg_largeobject_metadata".to_owned(),
        "SELECT 'bytes', pg_catalog.pg_database_size(pg_catalog.current_database())".to_owned(),
    ];
    let statements: String = statements.iter().map(|one| copied(one)).collect();
    let rows = session.ask(database, &statements)?;
    let mut found = Inventory::default();
    for row in &rows {
        found.take(row);
    }
    Ok(found)
}

fn require(session: &Session<'_>, database: &str) -> Result<(), Failure> {
    let list = copied("SELECT datname FROM pg_catalog.pg_database");
    let names: Vec<String> = session
        .ask(session.connection.maintenance(), &list)?
        .concat();
    if names.iter().any(|name| name == database) {
        return Ok(());
    }
    let near = names
        .iter()
        .map(|name| (strsim::jaro_winkler(name, database), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let address = session.connection.address();
    let failure = Failure::refused(format!(
        "no database `{database}` on the server at {address}"
    ));
    Err(match near {
        Some((_, name)) => failure.hint(format!(
            "the server has `{name}`; check the database's name in the site"
        )),
        None => failure.hint("check the database's name in the site"),
    })
}

impl Inventory {
    fn take(&mut self, row: &Row) {
        let row: Vec<&str> = row.iter().map(String::as_str).collect();
        match row.as_slice() {
            ["relation", schema, name, kind, readable] => {
                let pair = ((*schema).to_owned(), (*name).to_owned());
                let word = match *kind {
                    "v" => "VIEW",
                    "m" => "MATERIALIZED VIEW",
                    "S" => "SEQUENCE",
                    "f" => "FOREIGN TABLE",
                    _ => "TABLE",
                };
                if *readable == "f" {
                    self.hidden.push(format!("{schema}.{name}"));
                }
                self.objects.insert(format!("{word} {schema}.{name}"));
                match *kind {
                    "r" => self.tables.push(pair),
                    "S" => self.sequences.push(pair),
                    _ => {}
                }
            }
            ["routine", schema, name, kind] => {
                let word = match *kind {
                    "p" => "PROCEDURE",
                    "a" => "AGGREGATE",
                    _ => "FUNCTION",
                };
                self.objects.insert(format!("{word} {schema}.{name}("));
            }
            ["trigger", schema, table, name] => {
                self.objects
                    .insert(format!("TRIGGER {schema}.{table} {name}"));
            }
            ["extension", name] => {
                self.extensions.insert((*name).to_owned());
            }
            ["large", count] => self.large_objects = *count != "0",
            ["bytes", bytes] => self.bytes = bytes.parse().unwrap_or_default(),
            _ => {}
        }
    }

    /// How many objects there are.
    pub(super) fn count(&self) -> usize {
        self.objects.len()
    }

    /// What a dump's text must hold and does not. Names with line ends are written otherwise in it.
    pub(super) fn missing_in(&self, definitions: &BTreeMap<String, String>) -> Vec<String> {
        let has = |wanted: &str| {
            let from = definitions.range(wanted.to_owned()..).next();
            from.is_some_and(|(name, _)| {
                name == wanted || (wanted.ends_with('(') && name.starts_with(wanted))
            })
        };
        let wanted = self
            .objects
            .iter()
            .filter(|name| !name.contains(['\n', '\r']));
        wanted.filter(|name| !has(name)).cloned().collect()
    }
}

/// The definitions of a database as its dump program writes them now.
pub(super) fn definitions(session: &Session<'_>, database: &str) -> Result<DumpText, Failure> {
    struct Scanned(DumpScanner);
    impl std::io::Write for Scanned {
        fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
            self.0.feed(buffer, |_| Ok::<(), std::io::Error>(()))?;
            Ok(buffer.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut scanned = Scanned(DumpScanner::default());
    let invocation = session.definitions(database);
    session.write_dump(database, &invocation, &mut scanned)?;
    let text = scanned.0.finish();
    if text.complete {
        Ok(text)
    } else {
        Err(Failure::verification(format!(
            "the definitions of `{database}` have no trailer, although {} ended well",
            session.connection.dump_program()
        )))
    }
}
