//! What a schema holds, from the dictionary views.

use std::collections::BTreeMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::quoting::{literal, qualified};
use super::record::{Contents, Inventory, ObjectRecord};
use super::server::Server;
use super::session::Session;
use crate::adapter::Failure;
use crate::backup::hex;

/// Looks at a schema: objects, what can be told of their definitions, rows.
pub(super) fn look(
    session: &Session<'_>,
    server: &Server,
    schema: &str,
) -> Result<Inventory, Failure> {
    let views = server.views(schema);
    let owner = literal(schema);
    let lines = session.ask(&format!(
        "{}\n\
         SELECT 'column|' || table_name || '|' || column_name || '|' || data_type || '|' || data_length || '|' \
         || data_precision || '|' || data_scale || '|' || nullable FROM {views}_tab_columns \
         WHERE owner = {owner} ORDER BY table_name, column_id;\n\
         SELECT 'source|' || type || '|' || SUM(line * ORA_HASH(text)) || '|' || name FROM {views}_source \
         WHERE owner = {owner} GROUP BY type, name;\n\
         SELECT 'view|VIEW|' || text_length || '|' || view_name FROM {views}_views WHERE owner = {owner};\n\
         SELECT 'sequence|SEQUENCE|' || last_number || '|' || sequence_name FROM {views}_sequences \
         WHERE sequence_owner = {owner};",
        objects_question(views, schema)
    ))?;
    let mut inventory = of_lines(&lines);
    inventory.contents = contents(session, schema, &inventory)?;
    Ok(inventory)
}

/// The objects only.
pub(super) fn names(
    session: &Session<'_>,
    server: &Server,
    schema: &str,
) -> Result<Vec<ObjectRecord>, Failure> {
    let lines = session.ask(&objects_question(server.views(schema), schema))?;
    Ok(of_lines(&lines).objects)
}

/// Names that the database makes up are others after an import; partitions, large objects and what is in
/// the recycle bin belong to others; a job's master table is none of the schema's.
fn objects_question(views: &str, schema: &str) -> String {
    format!(
        "SELECT 'object|' || object_type || '|' || status || '|' || object_name FROM {views}_objects \
         WHERE owner = {} AND generated = 'N' AND object_type <> 'LOB' AND object_type NOT LIKE '%PARTITION' \
         AND object_name NOT LIKE 'BIN$%' AND object_name NOT IN (SELECT job_name FROM user_datapump_jobs);",
        literal(schema)
    )
}

fn of_lines(lines: &[String]) -> Inventory {
    let mut objects: BTreeMap<(String, String), ObjectRecord> = BTreeMap::new();
    let mut columns: BTreeMap<&str, Sha256> = BTreeMap::new();
    let mut definitions = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.splitn(4, '|').collect();
        match cells.as_slice() {
            ["object", kind, status, name] => {
                let object = ObjectRecord {
                    kind: (*kind).to_owned(),
                    name: (*name).to_owned(),
                    status: (*status).to_owned(),
                    definition: String::new(),
                };
                objects.insert((object.kind.clone(), object.name.clone()), object);
            }
            ["column", table, column, rest] => {
                let hash = columns.entry(table).or_default();
                hash.update(format!("{column}|{rest}\n"));
            }
            ["source" | "view" | "sequence", kind, value, name] => {
                definitions.push(((*kind).to_owned(), (*name).to_owned(), (*value).to_owned()));
            }
            _ => {}
        }
    }
    for (table, hash) in columns {
        let digest = hex(&hash.finalize());
        for kind in ["TABLE", "VIEW", "MATERIALIZED VIEW"] {
            definitions.push((kind.to_owned(), table.to_owned(), digest.clone()));
        }
    }
    for (kind, name, value) in definitions {
        if let Some(object) = objects.get_mut(&(kind, name)) {
            let space = if object.definition.is_empty() {
                ""
            } else {
                " "
            };
            let _ = write!(object.definition, "{space}{value}");
        }
    }
    Inventory {
        objects: objects.into_values().collect(),
        contents: BTreeMap::new(),
    }
}

fn contents(
    session: &Session<'_>,
    schema: &str,
    inventory: &Inventory,
) -> Result<BTreeMap<String, Contents>, Failure> {
    let tables: Vec<&String> = inventory
        .objects
        .iter()
        .filter(|object| object.kind == "TABLE")
        .map(|object| &object.name)
        .collect();
    let mut questions = String::new();
    for table in &tables {
        let _ = writeln!(
            questions,
            "SELECT 'rows|' || COUNT(*) || '|' || MAX(ORA_ROWSCN) || '|' || {} FROM {};",
            literal(table),
            qualified(schema, table)
        );
    }
    let lines = session.ask(&questions)?;
    let mut contents = BTreeMap::new();
    for line in &lines {
        let cells: Vec<&str> = line.splitn(4, '|').collect();
        if let ["rows", rows, change, table] = cells.as_slice()
            && let Ok(rows) = rows.trim().parse()
        {
            let change = change.trim().to_owned();
            contents.insert((*table).to_owned(), Contents { rows, change });
        }
    }
    if contents.len() == tables.len() {
        return Ok(contents);
    }
    Err(Failure::verification(format!(
        "the database counted {} of {} tables of `{schema}`",
        contents.len(),
        tables.len()
    )))
}

/// One number for all of it, changes of rows included.
pub(super) fn digest(inventory: &Inventory) -> String {
    let mut hash = Sha256::new();
    for object in &inventory.objects {
        let ObjectRecord {
            kind,
            name,
            status,
            definition,
        } = object;
        hash.update(format!("{kind}|{name}|{status}|{definition}\n"));
    }
    for (table, Contents { rows, change }) in &inventory.contents {
        hash.update(format!("{table}|{rows}|{change}\n"));
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(lines: &[&str]) -> Inventory {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        of_lines(&lines)
    }

    #[test]
    fn columns_source_and_numbers_are_part_of_a_definition() {
        let base = [
            "object|TABLE|VALID|TB_A",
            "object|SEQUENCE|VALID|S|x",
            "column|TB_A|ID|NUMBER|22|19|0|N",
            "sequence|SEQUENCE|77|S|x",
        ];
        let before = inventory(&base);
        assert_eq!(before.objects.len(), 2);
        assert_eq!(before.objects[0].name, "S|x");
        assert_eq!(before.objects[0].definition, "77");
        let mut wider = base.to_vec();
        wider.push("column|TB_A|NAME|VARCHAR2|255|||Y");
        assert_ne!(digest(&before), digest(&inventory(&wider)));
    }
}
