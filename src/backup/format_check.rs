//! Whether the files of an artifact are complete in their own format (level L2).

use std::io::Read;
use std::path::Path;

use super::SealedSet;
use super::tree::tree_index;
use crate::event::ArtifactRecord;

/// Looks into artifacts of one kind. An adapter that writes a kind of its own brings its check.
pub trait FormatCheck: Send + Sync {
    /// The kind of artifact that it knows.
    fn kind(&self) -> &'static str;

    /// Everything that is wrong, each naming its file. Reads through [`SealedSet::reader`] or
    /// [`SealedSet::decompressed`].
    fn check(&self, set: &SealedSet, artifact: &ArtifactRecord) -> Vec<String>;
}

/// A dump of MySQL or MariaDB ends with `-- Dump completed`; a cut one does not.
struct MysqlDump;

impl FormatCheck for MysqlDump {
    fn kind(&self) -> &'static str {
        "mysql-dump"
    }

    fn check(&self, set: &SealedSet, artifact: &ArtifactRecord) -> Vec<String> {
        let dumps = artifact.files.iter().filter(|file| is_dump(&file.path));
        let mut problems = Vec::new();
        for file in dumps {
            let end = if is_compressed(&file.path) {
                set.decompressed(file)
                    .map(|mut reader| last_bytes(&mut reader))
            } else {
                set.reader(file).map(|mut reader| last_bytes(&mut reader))
            };
            match end {
                Ok(Ok(end)) if has_trailer(&end) => {}
                Ok(Ok(_)) => problems.push(format!(
                    "{}: the dump does not end with `-- Dump completed`: it is cut short",
                    file.path
                )),
                Ok(Err(error)) => problems.push(format!("{}: {error}", file.path)),
                Err(error) => problems.push(format!("{}: {error}", file.path)),
            }
        }
        problems
    }
}

/// Whether a file of a set is compressed with zstd.
pub(super) fn is_compressed(path: &str) -> bool {
    Path::new(path).extension() == Some("zst".as_ref())
}

/// Whether a file of a dump holds statements.
pub(super) fn is_dump(path: &str) -> bool {
    Path::new(path.strip_suffix(".zst").unwrap_or(path)).extension() == Some("sql".as_ref())
}

fn has_trailer(end: &[u8]) -> bool {
    let text = String::from_utf8_lossy(end);
    text.trim_end()
        .lines()
        .last()
        .is_some_and(|line| line.starts_with("-- Dump completed"))
}

/// The last bytes of what is read, enough for any trailer.
fn last_bytes(reader: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    const KEPT: usize = 512;
    let mut buffer = vec![0; 256 * 1024];
    let mut end = Vec::new();
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok(end);
        }
        end.extend_from_slice(&buffer[count.saturating_sub(KEPT)..count]);
        let surplus = end.len().saturating_sub(KEPT);
        end.drain(..surplus);
    }
}

/// Every compressed file of an artifact without a check of its own is a complete frame.
pub(super) fn check_frames(set: &SealedSet, artifact: &ArtifactRecord) -> Vec<String> {
    artifact
        .files
        .iter()
        .filter(|file| is_compressed(&file.path))
        .filter_map(|file| match set.decompressed(file) {
            Ok(mut reader) => last_bytes(&mut reader)
                .err()
                .map(|error| format!("{}: {error}", file.path)),
            Err(error) => Some(format!("{}: {error}", file.path)),
        })
        .collect()
}

/// The index of a tree has as many members, and they as many bytes, as the record says. That they are
/// lawful is found by whoever reads them.
pub(super) fn check_tree(set: &SealedSet, artifact: &ArtifactRecord) -> Vec<String> {
    let Some((index, _)) = tree_index(artifact) else {
        return Vec::new();
    };
    let members = match set.tree(artifact) {
        Ok(members) => members,
        Err(error) => return vec![error.to_string()],
    };
    let (mut count, mut bytes) = (0_u64, 0_u64);
    for member in members {
        match member {
            Ok(member) => {
                count += 1;
                bytes = bytes.saturating_add(member.bytes.unwrap_or_default());
            }
            Err(error) => return vec![error.to_string()],
        }
    }
    let recorded = artifact
        .details
        .get("members")
        .and_then(serde_json::Value::as_u64);
    let mut problems = Vec::new();
    if let Some(recorded) = recorded.filter(|recorded| *recorded != count) {
        problems.push(format!(
            "{}: {count} members instead of {recorded}",
            index.path
        ));
    }
    if recorded.is_some() && artifact.source_bytes != bytes {
        let recorded = artifact.source_bytes;
        problems.push(format!(
            "{}: {bytes} bytes instead of {recorded}",
            index.path
        ));
    }
    problems
}

/// The checks that every verification knows.
pub(super) static BUILT_IN: &[&dyn FormatCheck] = &[&MysqlDump];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_line_is_a_trailer() {
        assert!(has_trailer(b"x\n-- Dump completed on 2026-01-01\n\n"));
        assert!(has_trailer(b"-- Dump completed"));
        assert!(!has_trailer(b"-- Dump completed\nINSERT INTO x"));
        assert!(!has_trailer(b""));
    }

    #[test]
    fn the_end_of_a_long_stream_is_kept() {
        let mut text = vec![b'x'; 300_000];
        text.extend_from_slice(b"end");
        let end = last_bytes(&mut text.as_slice()).unwrap();
        assert_eq!(end.len(), 512);
        assert!(end.ends_with(b"xend"));
    }
}
