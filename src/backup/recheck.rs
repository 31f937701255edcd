//! Whether what was written into an unfinished set is still there.

use std::io::Read;

use super::tree::{TreeReader, tree_index};
use super::{BackupError, PartialSet};
use crate::event::{ArtifactFile, ArtifactRecord};

impl PartialSet {
    /// Reads every file of an artifact again and compares it with its record. For a run that goes on
    /// after the machine went down: contents become durable when the set is sealed, not before.
    pub fn recheck(&self, artifact: &ArtifactRecord) -> Result<(), BackupError> {
        let mut buffer = vec![0; 256 * 1024];
        for file in &artifact.files {
            self.read_through(file, &mut buffer)?;
        }
        if let Some((index, folder)) = tree_index(artifact) {
            for member in TreeReader::open(&self.root, artifact, index)? {
                if let Some(content) = member?.content(folder) {
                    self.read_through(&content, &mut buffer)?;
                }
            }
        }
        Ok(())
    }

    fn read_through(&self, file: &ArtifactFile, buffer: &mut [u8]) -> Result<(), BackupError> {
        let mut reader = self.root.reader(file)?;
        loop {
            match reader.read(buffer) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) => {
                    let location = self.directory().join(&file.path);
                    return Err(BackupError::file("verify", &location, error));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::event::Level;

    #[test]
    fn a_changed_and_a_missing_file_are_noticed() {
        let backups = tempfile::tempdir().unwrap();
        let set = PartialSet::create(backups.path(), "20261121T093000Z-abcd").unwrap();
        let mut writer = set.file("jms/db-1.log").unwrap();
        writer.write_all(b"messages").unwrap();
        let file = writer.finish().unwrap();
        let artifact = ArtifactRecord {
            name: "jms".to_owned(),
            kind: "file".to_owned(),
            files: vec![file],
            source: "/data".to_owned(),
            source_bytes: 8,
            level: Level::L1,
            details: serde_json::Value::Null,
        };
        set.recheck(&artifact).unwrap();
        let path = set.directory().join("jms/db-1.log");
        std::fs::write(&path, b"\0\0\0\0\0\0\0\0").unwrap();
        let error = set.recheck(&artifact).unwrap_err().to_string();
        assert!(error.contains("jms/db-1.log"), "{error}");
        std::fs::remove_file(&path).unwrap();
        set.recheck(&artifact).unwrap_err();
    }
}
