//! `RESTORE.md`: how a person brings a set back without this program.

use std::fmt::Write;

use super::Manifest;
use super::format_check::{is_compressed, is_dump};
use super::set_path::unescape;
use super::tree::tree_index;
use crate::event::ArtifactRecord;

/// Name of the script that a tree's artifact brings along.
pub(super) const TREE_SCRIPT: &str = "restore-attributes.sh";

/// The guide of a set. Uses nothing but `sha256sum`, `sh` with coreutils, `zstd` and the database's
/// own client.
pub(super) fn text(manifest: &Manifest) -> String {
    let mut guide = format!(
        "# Restore the backup set {} by hand\n\n\
         Site `{}`, {}, scenario `{}`, sealed {}, written by upgrade-kit {}.\n",
        manifest.set,
        manifest.site,
        manifest.product,
        manifest.scenario,
        manifest.sealed,
        manifest.program,
    );
    if let (Some(opened), Some(closed)) = (manifest.window_opened, manifest.window_closed) {
        push(
            &mut guide,
            &format!(
                "All of it was taken while the application stood still, from {opened} to {closed}: \
                 the parts belong together. Restore all of them, or none."
            ),
        );
    }
    push(
        &mut guide,
        "`upgrade-kit restore` does everything below and checks it. Without the program, in this \
         order, in this directory, in a POSIX shell:",
    );
    push(
        &mut guide,
        "## 1. Check the set\n\nEvery line must say `OK`. Do not go on otherwise.",
    );
    code(
        &mut guide,
        &["sha256sum --quiet -c SHA256SUMS && echo whole".to_owned()],
    );
    push(
        &mut guide,
        "## 2. Stop the application\n\nAnd look that its processes are gone. Keep what is there now: \
         rename it, do not delete it.",
    );
    push(&mut guide, "## 3. Put the parts back");
    for artifact in &manifest.artifacts {
        describe(&mut guide, artifact);
    }
    push(
        &mut guide,
        "## 4. Start the application\n\nOnly when every part is back. `site.yaml` names the parts of \
         the installation, `plan.json` every step of the backup with its commands.",
    );
    guide
}

fn push(guide: &mut String, paragraph: &str) {
    guide.push('\n');
    guide.push_str(paragraph);
    guide.push('\n');
}

/// A fenced block; the fence is longer than any run of backticks inside, so that a path cannot end it.
fn code(guide: &mut String, lines: &[String]) {
    let longest = lines
        .iter()
        .flat_map(|line| line.split(|character| character != '`').map(str::len))
        .max();
    let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    push(guide, &format!("{fence}sh\n{}\n{fence}", lines.join("\n")));
}

fn describe(guide: &mut String, artifact: &ArtifactRecord) {
    push(guide, &format!("### {} ({})", artifact.name, artifact.kind));
    let by_hand = artifact
        .details
        .get("by_hand")
        .and_then(|lines| lines.as_array());
    let absent = artifact
        .details
        .get("absent")
        .and_then(serde_json::Value::as_bool);
    if absent == Some(true) {
        push(
            guide,
            "It was not there when the set was written. Whatever is there now was added since: move \
             it away.",
        );
        code(
            guide,
            &[format!(
                "mv {} {}",
                quote(&artifact.source),
                quote(&aside(artifact))
            )],
        );
    } else if let Some(lines) = by_hand {
        let lines: Vec<String> = lines
            .iter()
            .filter_map(|line| line.as_str().map(str::to_owned))
            .collect();
        code(guide, &lines);
    } else if let Some((_, folder)) = tree_index(artifact) {
        push(
            guide,
            "The target must not exist; its parent must. As root, owners are put back too.",
        );
        let script = format!("{folder}/{TREE_SCRIPT}");
        code(
            guide,
            &[
                format!("mv {} {}", quote(&artifact.source), quote(&aside(artifact))),
                format!("sh {} {}", quote(&script), quote(&artifact.source)),
            ],
        );
    } else if artifact.kind == "mysql-dump" {
        describe_dump(guide, artifact);
    } else {
        describe_files(guide, artifact);
    }
}

fn aside(artifact: &ArtifactRecord) -> String {
    format!("{}.before-restore", artifact.source)
}

fn describe_dump(guide: &mut String, artifact: &ArtifactRecord) {
    let detail = |name: &str| artifact.details.get(name).and_then(|value| value.as_str());
    let schema = detail("schema").unwrap_or("SCHEMA");
    let mut create = format!("CREATE DATABASE `{}`", schema.replace('`', "``"));
    if let Some(character_set) = detail("character_set") {
        _ = write!(create, " CHARACTER SET {character_set}");
    }
    if let Some(collation) = detail("collation") {
        _ = write!(create, " COLLATE {collation}");
    }
    let drop = format!("DROP DATABASE IF EXISTS `{}`", schema.replace('`', "``"));
    push(
        guide,
        "The schema is made anew: loaded over the present one, tables that the upgrade added would \
         stay. Dump the present schema first. Give the client its password with \
         `--defaults-extra-file` or let it ask (`-p`).",
    );
    let mut lines = vec![format!(
        "mysql -e {}",
        quote_plain(&format!("{drop}; {create}"))
    )];
    for file in &artifact.files {
        let reader = if is_compressed(&file.path) {
            "zstd -dc"
        } else {
            "cat"
        };
        if is_dump(&file.path) {
            lines.push(format!(
                "{reader} {} | mysql --default-character-set=utf8mb4 --database={}",
                quote(&file.path),
                quote_plain(schema)
            ));
        }
    }
    code(guide, &lines);
}

fn describe_files(guide: &mut String, artifact: &ArtifactRecord) {
    push(
        guide,
        &format!(
            "Taken from `{}`. Copy the files back:",
            artifact.source.replace('`', "'")
        ),
    );
    let several = artifact.files.len() > 1;
    let lines: Vec<String> = artifact
        .files
        .iter()
        .map(|file| {
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            let plain = name.strip_suffix(".zst");
            let target = if several {
                format!("{}/{}", artifact.source, plain.unwrap_or(name))
            } else {
                artifact.source.clone()
            };
            match plain {
                Some(_) => format!("zstd -d {} -o {}", quote(&file.path), quote(&target)),
                None => format!("cp -p {} {}", quote(&file.path), quote(&target)),
            }
        })
        .collect();
    code(guide, &lines);
}

/// A word for a POSIX shell, from text of a record, where odd bytes are escaped. A path that is not
/// UTF-8 shows with replacement characters: nothing else can stand in a text file.
fn quote(text: &str) -> String {
    let bytes = unescape(text).unwrap_or_else(|| text.as_bytes().to_vec());
    quote_plain(&String::from_utf8_lossy(&bytes))
}

/// A word for a POSIX shell that is no path.
fn quote_plain(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
