//! Tree backup with SHA-256, against `cp -a` and then `openssl dgst -sha256` of every file.
//!
//! Neither side waits for the disk: `cp` does not, and a backup set becomes durable once, when it is
//! sealed. A second row adds one `syncfs` to both.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use upgrade_kit::backup::PartialSet;

use super::measure::{Rounds, Sample, shell, side, watched};
use super::step::{Sets, perform};
use super::{Scale, data, report};

/// Prints the rows.
pub(crate) fn rows(scale: Scale) {
    let (files, large) = (scale.of(20_000, 300), scale.of(2 << 30, 8 << 20));
    let source = tree(files, large);
    let place = data().join("copies");
    clear(&place);
    let (from, to) = (source.display().to_string(), place.display().to_string());
    let name = format!(
        "tree backup with SHA-256: {files} small files and {} MiB of large ones",
        large >> 20
    );
    for (name, sync) in [
        (name.clone(), ""),
        (format!("{name}, then syncfs"), "; sync -f ."),
    ] {
        let rounds = Rounds::interleaved(
            scale.of(if sync.is_empty() { 5 } else { 3 }, 3),
            || {
                let mut sample = side(&["files", &from, &to]);
                if !sync.is_empty() {
                    let more = shell(&format!("sync -f {to}"), None);
                    sample.wall += more.wall;
                    sample.cpu += more.cpu;
                }
                clear(&place);
                sample
            },
            || {
                let script = format!(
                    "cd {to}; cp -a {from} copy; \
                     find copy -type f -print0 | xargs -0 openssl dgst -sha256 >sums{sync}"
                );
                let sample = shell(&script, None);
                clear(&place);
                sample
            },
        );
        if sync.is_empty() {
            report::row(&name, "cp -a, openssl", 0.8, &rounds);
        } else {
            report::without_bar(&name, "cp -a, openssl, sync", &rounds);
        }
    }
    _ = fs::remove_dir_all(place);
}

/// The backup, through the action.
pub(crate) fn ours(source: &str, directory: &str) -> Sample {
    let directory = Path::new(directory);
    let set = PartialSet::create(&directory.join("backups"), "bench").expect("a set can be begun");
    let options = serde_json::json!({ "source": source, "artifact": "files/tree" });
    let sets = Sets {
        writing: Some(&set),
        using: None,
    };
    watched(None, || perform("files.backup", &options, directory, sets)).0
}

/// Removes copies and lets the disk come to rest, so that no side pays for the other's writes.
fn clear(place: &Path) {
    _ = fs::remove_dir_all(place);
    fs::create_dir_all(place).expect("the directory can be made");
    shell(&format!("sync -f {}", place.display()), None);
}

/// The tree, made once: small files of half a kibibyte to 16 KiB in 200 folders, and 8 large files.
fn tree(files: usize, large: u64) -> PathBuf {
    let top = data().join(format!("tree-{files}-{large}"));
    let done = top.with_extension("done");
    if done.exists() {
        return top;
    }
    _ = fs::remove_dir_all(&top);
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    let mut bytes = vec![0; 1 << 20];
    for file in 0..files {
        let folder = top.join(format!("payloads/{:03}", file % 200));
        if file < 200 {
            fs::create_dir_all(&folder).expect("the folder can be made");
        }
        let length = 512 + noise.next() as usize % (16 << 10);
        noise.fill(&mut bytes[..length]);
        fs::write(
            folder.join(format!("message-{file:05}.payload")),
            &bytes[..length],
        )
        .expect("the file can be written");
    }
    fs::create_dir_all(top.join("stores")).expect("the folder can be made");
    for number in 0..8 {
        let mut file = File::create(top.join(format!("stores/db-{number}.log")))
            .expect("the file can be made");
        for _ in 0..large / 8 / bytes.len() as u64 {
            noise.fill(&mut bytes);
            file.write_all(&bytes).expect("the file can be written");
        }
    }
    File::create(done).expect("the mark can be made");
    top
}

/// Bytes that no file system can compress or share.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for eight in bytes.chunks_mut(8) {
            let word = self.next().to_le_bytes();
            eight.copy_from_slice(&word[..eight.len()]);
        }
    }
}
