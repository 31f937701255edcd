//! Whether what was written into an unfinished set is still there.

use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use super::tree::{TreeReader, tree_index};
use super::{BackupError, PartialSet, SetPath, VerifiedReader};
use crate::event::{ArtifactFile, ArtifactRecord};

/// Bytes that are read, and written, at once.
const AT_ONCE: usize = 64 * 1024;

impl PartialSet {
    /// Reads every file of an artifact again and compares it with its record. For a run that goes on
    /// after the machine went down: contents become durable when the set is sealed, not before.
    pub fn recheck(&self, artifact: &ArtifactRecord) -> Result<(), BackupError> {
        self.for_each_file(artifact, |file| self.read_through(file, |_, _| Ok(())))
    }

    /// As [`PartialSet::recheck`], and writes the bytes once more where they stand. For a sync that
    /// failed: Linux takes such pages for written from then on, so that a later sync would succeed
    /// without them. Holes stay holes.
    pub(super) fn renew(&self, artifact: &ArtifactRecord) -> Result<(), BackupError> {
        self.for_each_file(artifact, |file| {
            let writer = self.root.reopen(&SetPath::parse(&file.path)?)?;
            self.read_through(file, |bytes, at| {
                if bytes.iter().all(|byte| *byte == 0) {
                    return Ok(());
                }
                writer.write_all_at(bytes, at)
            })
        })
    }

    fn for_each_file(
        &self,
        artifact: &ArtifactRecord,
        look: impl Fn(&ArtifactFile) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        for file in &artifact.files {
            look(file)?;
        }
        if let Some((index, folder)) = tree_index(artifact) {
            for member in TreeReader::open(&self.root, artifact, index)? {
                if let Some(content) = member?.content(folder) {
                    look(&content)?;
                }
            }
        }
        Ok(())
    }

    /// Hands over what is read, with its place in the file.
    fn read_through(
        &self,
        file: &ArtifactFile,
        mut take: impl FnMut(&[u8], u64) -> io::Result<()>,
    ) -> Result<(), BackupError> {
        let failed = |action, error| {
            let location = self.directory().join(&file.path);
            BackupError::file(action, &location, error)
        };
        let mut reader = self.root.reader(file)?;
        let mut buffer = vec![0; AT_ONCE];
        loop {
            let at = VerifiedReader::bytes(&reader);
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => {
                    take(&buffer[..read], at).map_err(|error| failed("write again", error))?;
                }
                Err(error) => return Err(failed("verify", error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::event::Level;

    /// A set with one artifact: a few bytes, a hole, and bytes behind it.
    fn written() -> (tempfile::TempDir, PartialSet, ArtifactRecord) {
        let backups = tempfile::tempdir().unwrap();
        let set = PartialSet::create(backups.path(), "20261121T093000Z-abcd").unwrap();
        let mut writer = set.file("jms/db-1.log").unwrap();
        writer.write_all(b"messages").unwrap();
        writer.hole(1 << 20).unwrap();
        writer.write_all(b"more").unwrap();
        let file = writer.finish().unwrap();
        let artifact = ArtifactRecord {
            name: "jms".to_owned(),
            kind: "file".to_owned(),
            source_bytes: file.bytes,
            files: vec![file],
            source: "/data".to_owned(),
            level: Level::L1,
            details: serde_json::Value::Null,
        };
        (backups, set, artifact)
    }

    #[test]
    fn what_is_written_again_is_the_same_and_keeps_its_holes() {
        use std::os::unix::fs::MetadataExt;
        let (_backups, set, artifact) = written();
        let path = set.directory().join("jms/db-1.log");
        let before = std::fs::read(&path).unwrap();
        let old = std::fs::metadata(&path).unwrap();
        set.renew(&artifact).unwrap();
        let new = std::fs::metadata(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert!(new.blocks() < 2 * (AT_ONCE as u64 / 512) + 16, "{new:?}");
        assert_ne!(old.modified().unwrap(), new.modified().unwrap());
        std::fs::write(&path, vec![1; before.len()]).unwrap();
        let error = set.renew(&artifact).unwrap_err().to_string();
        assert!(error.contains("jms/db-1.log"), "{error}");
    }

    #[test]
    fn a_changed_and_a_missing_file_are_noticed() {
        let (_backups, set, artifact) = written();
        set.recheck(&artifact).unwrap();
        let path = set.directory().join("jms/db-1.log");
        std::fs::write(&path, b"\0\0\0\0\0\0\0\0").unwrap();
        let error = set.recheck(&artifact).unwrap_err().to_string();
        assert!(error.contains("jms/db-1.log"), "{error}");
        std::fs::remove_file(&path).unwrap();
        set.recheck(&artifact).unwrap_err();
    }
}
