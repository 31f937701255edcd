//! Paths of the document, and the hand-written files that it names.

use std::path::{Path, PathBuf};

use super::document::{RolloutDocument, WeblogicSection};
use super::json_files;
use super::resolve::Reading;
use crate::diagnostic::{Code, Problem, Problems, SourceFile};
use crate::site::absolute;
use crate::site::files::MOST_BYTES;

/// Paths of this machine, made absolute; those of nodes, which are absolute, without `.` and `..`.
pub(super) fn local_paths(section: &mut WeblogicSection, directory: &Path) {
    let clean = |path: &mut PathBuf| {
        if path.is_absolute() {
            *path = absolute(Path::new("/"), path);
        }
    };
    let homes = section
        .nodes
        .values_mut()
        .filter_map(|node| node.oracle_home.as_mut());
    homes.for_each(clean);
    for path in [
        &mut section.domain.home,
        &mut section.oracle_home,
        &mut section.java_home,
    ] {
        clean(path);
    }
    if let Some(home) = &mut section.rollout.oracle_home {
        clean(&mut home.archive);
        clean(&mut home.backup);
    }
    let below = |path: &mut PathBuf| *path = absolute(directory, path);
    let connection = &mut section.connection;
    connection.password = connection.password.take().map(|one| one.below(directory));
    let rollout = &mut section.rollout;
    let optional = [
        &mut connection.wlst,
        &mut connection.user_config_file,
        &mut connection.user_key_file,
        &mut rollout.applications_file,
        &mut rollout.migrations_file,
    ];
    optional.into_iter().flatten().for_each(below);
    let build = rollout
        .oracle_home
        .as_mut()
        .and_then(|home| home.build.as_mut());
    if let Some(build) = build {
        build.patches.iter_mut().for_each(below);
        below(&mut build.second_home);
        below(&mut build.base_archive);
    }
}

/// Takes the entries of hand-written files over.
pub(super) fn read_files(
    rollout: &mut RolloutDocument,
    reading: &Reading<'_>,
    problems: &mut Problems,
) {
    let source = reading.source;
    if let Some(file) = read_file(
        rollout.migrations_file.as_deref(),
        "migrations",
        reading,
        problems,
    ) {
        twice(
            !rollout.migrations.is_empty(),
            "migrations",
            source,
            problems,
        );
        match json_files::migrations(&file) {
            Ok(entries) => rollout.migrations = entries,
            Err(found) => found.into_iter().for_each(|problem| problems.push(problem)),
        }
    }
    let file = rollout.applications_file.as_deref();
    if let Some(file) = read_file(file, "applications", reading, problems) {
        twice(
            !rollout.applications.is_empty(),
            "applications",
            source,
            problems,
        );
        match json_files::applications(&file) {
            Ok(entries) => rollout.applications = entries,
            Err(found) => found.into_iter().for_each(|problem| problems.push(problem)),
        }
    }
}

fn twice(both: bool, key: &str, source: &SourceFile, problems: &mut Problems) {
    if both {
        let message = format!("give `{key}` or `{key}_file`, not both");
        let place = source.value_at(&["weblogic", "rollout", key]);
        problems.push(Problem::error(Code::WRONG_VALUE, message).at(place, ""));
    }
}

fn read_file(
    path: Option<&Path>,
    key: &str,
    reading: &Reading<'_>,
    problems: &mut Problems,
) -> Option<SourceFile> {
    let path = path?;
    let mut failed = |why: String| {
        let message = format!("failed to read {}: {why}", path.display());
        let option = format!("{key}_file");
        let place = reading.source.value_at(&["weblogic", "rollout", &option]);
        let help = format!("name a JSON file that begins with `{{\"{key}\":[`");
        problems.push(
            Problem::error(Code::WRONG_VALUE, message)
                .at(place, "")
                .help(help),
        );
    };
    match reading.files.read(path) {
        Err(error) => failed(error.to_string()),
        Ok(content) if content.len() as u64 > MOST_BYTES => {
            failed(format!(
                "it is larger than {} MiB",
                MOST_BYTES / 1024 / 1024
            ));
        }
        Ok(content) => match String::from_utf8(content) {
            Err(_) => failed("it is not UTF-8 text".to_owned()),
            Ok(text) => return Some(SourceFile::new(path.display().to_string(), text)),
        },
    }
    None
}
