//! Laying a folder out as a power cut leaves it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::super::super::random::Random;
use super::{Content, Cut, Disk, Inode, Node};

impl Disk {
    /// Lays the folder out as a power cut now would leave it.
    pub(in super::super) fn lay_out(&self, cut: Cut, random: &mut Random) {
        for entry in fs::read_dir(&self.root).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                fs::remove_dir_all(path).unwrap();
            } else {
                fs::remove_file(path).unwrap();
            }
        }
        let mut numbers = HashMap::new();
        self.lay_out_at(0, &self.root, cut, random, &mut numbers);
        renumber(&self.root, &numbers);
    }

    fn lay_out_at(
        &self,
        inode: Inode,
        path: &Path,
        cut: Cut,
        random: &mut Random,
        numbers: &mut HashMap<u64, u64>,
    ) {
        let node = &self.nodes[inode];
        match &node.content {
            Content::Link(target) => {
                std::os::unix::fs::symlink(OsStr::from_bytes(target), path).unwrap();
                learn(node, path, numbers);
                return;
            }
            Content::File(bytes) => {
                let (kept, seen) = (&bytes.durable, &bytes.seen);
                let left = match cut {
                    Cut::All | Cut::Bytes => kept.clone(),
                    Cut::SomeBytes if seen.starts_with(kept) => {
                        let more = (seen.len() - kept.len()) as u64 + 1;
                        let more = usize::try_from(random.below(more)).unwrap();
                        seen[..kept.len() + more].to_vec()
                    }
                    Cut::SomeBytes if random.coin() => seen.clone(),
                    Cut::SomeBytes => kept.clone(),
                };
                fs::write(path, left).unwrap();
            }
            Content::Folder(names) => {
                if inode != 0 {
                    fs::create_dir(path).unwrap();
                }
                let names = match cut {
                    Cut::All => &names.durable,
                    Cut::Bytes | Cut::SomeBytes => &names.seen,
                };
                for (name, inode) in names {
                    let path = path.join(OsStr::from_bytes(name));
                    self.lay_out_at(*inode, &path, cut, random, numbers);
                }
            }
        }
        learn(node, path, numbers);
        let mode = match cut {
            Cut::All => node.mode.durable,
            Cut::Bytes | Cut::SomeBytes => node.mode.seen,
        };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let modified = match cut {
            Cut::All => node.modified.durable,
            Cut::Bytes | Cut::SomeBytes => node.modified.seen,
        };
        if let Some((seconds, nanoseconds)) = modified {
            let time = std::time::UNIX_EPOCH + std::time::Duration::new(seconds, nanoseconds);
            fs::File::open(path).unwrap().set_modified(time).unwrap();
        }
    }
}

fn learn(node: &Node, path: &Path, numbers: &mut HashMap<u64, u64>) {
    if let Some(number) = node.number {
        numbers.insert(number, path.symlink_metadata().unwrap().ino());
    }
}

/// After a real power cut a file has the number that it had. What is laid out anew has another, so
/// the numbers in the program's notes on swaps are put right.
fn renumber(root: &Path, numbers: &HashMap<u64, u64>) {
    for entry in walkdir::WalkDir::new(root) {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy();
        if !name.starts_with("swap-") || !name.ends_with(".json") {
            continue;
        }
        let text = fs::read(entry.path()).unwrap();
        let Ok(serde_json::Value::Object(mut note)) = serde_json::from_slice(&text) else {
            continue;
        };
        for key in ["new", "old"] {
            if let Some(number) = note[key].as_u64() {
                // What is lost has no number; one that nothing has stands for it.
                note[key] = numbers.get(&number).copied().unwrap_or(u64::MAX).into();
            }
        }
        fs::write(entry.path(), serde_json::to_vec(&note).unwrap()).unwrap();
    }
}
