//! The migration script of an upgrade.

use std::path::{Path, PathBuf};

use super::document::{DatabaseKind, Wso2Document, Wso2MigrationDocument};
use super::resolve::Around;
use crate::site::absolute;

/// The script of the scenario `dss`, picked by the kind of the database.
pub(super) fn migration(
    wso2: &Wso2Document,
    around: &Around<'_>,
    missing: &mut Vec<String>,
) -> Option<PathBuf> {
    if around.scenario != "dss" {
        return None;
    }
    let kind = wso2.database.kind;
    // `migration-identity.sql` and `migration-service-provider.sql` are the Identity Server's.
    let names: &[&str] = match kind {
        DatabaseKind::Mysql => &["mysql-migration.sql"],
        DatabaseKind::Postgres => &["postgresql-migration.sql", "postgres-migration.sql"],
        DatabaseKind::Oracle => &["oracle-migration.sql"],
        DatabaseKind::H2 => &["h2-migration.sql"],
    };
    let given = wso2.migration.as_ref().map(|given| {
        let Wso2MigrationDocument { folder, script } = given;
        (folder.as_ref(), script.as_ref())
    });
    let candidates: Vec<PathBuf> = match given {
        Some((Some(folder), None)) => {
            let folder = absolute(around.directory, folder);
            names.iter().map(|name| folder.join(name)).collect()
        }
        Some((None, Some(script))) => vec![absolute(around.directory, script)],
        Some(_) => {
            missing.push("wso2.migration: give either `folder` or `script`".to_owned());
            return None;
        }
        None => {
            missing.push(
                "wso2.migration: scenario `dss` runs a migration script; give its `folder` or `script`"
                    .to_owned(),
            );
            return None;
        }
    };
    let found = candidates
        .iter()
        .find(|path| (around.is_file)(path))
        .cloned();
    if found.is_none() {
        let looked: Vec<String> = candidates
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        missing.push(format!(
            "wso2.migration: there is no script for `{kind}`: looked for {}",
            looked.join(", ")
        ));
    }
    let of_another = found.as_ref().and_then(|path| of_another_kind(path, kind));
    if let Some(other) = of_another {
        missing.push(format!(
            "wso2.migration: the script is for `{other}` and the database is `{kind}`"
        ));
    }
    found
}

/// The kind that a script's name speaks of, if it is another one.
fn of_another_kind(script: &Path, kind: DatabaseKind) -> Option<DatabaseKind> {
    let name = script.file_name()?.to_string_lossy().to_lowercase();
    let all = [
        ("mysql", DatabaseKind::Mysql),
        ("postgres", DatabaseKind::Postgres),
        ("oracle", DatabaseKind::Oracle),
        ("h2", DatabaseKind::H2),
    ];
    let spoken = all.into_iter().find(|(word, _)| name.starts_with(word));
    spoken
        .map(|(_, other)| other)
        .filter(|other| *other != kind)
}
