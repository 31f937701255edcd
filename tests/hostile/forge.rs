//! A site with one backup set, and the hands of somebody who may write that set: after each change
//! every size, count and hash is made to agree again, so that only the content is hostile.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cli::harness::{Said, Sandbox};
use crate::cli::picture::Picture;

/// How much of the machine a command may take, in KiB of address space: a set that needs more memory
/// than that is a bomb.
const MEMORY: u64 = 1_500_000;

pub(super) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A practice site, its one set as it was sealed, and what must never be touched.
pub(super) struct Forge {
    pub(super) sandbox: Sandbox,
    set: PathBuf,
    pristine: PathBuf,
    before: Picture,
}

impl Forge {
    pub(super) fn new() -> Self {
        let sandbox = Sandbox::new();
        _ = sandbox.done(&["backup"]);
        let sets = sandbox.path("backups/quickstart");
        let set = fs::read_dir(sets).unwrap().next().unwrap().unwrap().path();
        let outside = sandbox.path("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("canary"), "untouched\n").unwrap();
        fs::set_permissions(outside.join("canary"), fs::Permissions::from_mode(0o640)).unwrap();
        let pristine = sandbox.path("pristine");
        copy(&set, &pristine);
        fs::create_dir(sandbox.path("aside")).unwrap();
        let before = all(&sandbox);
        Self {
            sandbox,
            set,
            pristine,
            before,
        }
    }

    /// The set's directory.
    pub(super) fn set(&self) -> &Path {
        &self.set
    }

    /// The set's id.
    pub(super) fn id(&self) -> &str {
        self.set.file_name().unwrap().to_str().unwrap()
    }

    /// A path of which nothing knows; a file `canary` is in it.
    pub(super) fn outside(&self) -> PathBuf {
        self.sandbox.path("outside")
    }

    /// The set is again as it was sealed.
    pub(super) fn reset(&self) {
        fs::remove_dir_all(&self.set).unwrap();
        copy(&self.pristine, &self.set);
        drop(fs::remove_dir_all(self.aside()));
        fs::create_dir(self.aside()).unwrap();
    }

    /// Where an attacker keeps things on the same file system.
    pub(super) fn aside(&self) -> PathBuf {
        self.sandbox.path("aside")
    }

    /// The lines of a tree's index, changed.
    pub(super) fn index(&self, artifact: &str, change: impl FnOnce(&mut Vec<Value>)) {
        let path = self.set.join(artifact).join("tree.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let mut members: Vec<Value> = lines.collect();
        change(&mut members);
        let lines: String = members.iter().map(|member| format!("{member}\n")).collect();
        fs::write(path, lines).unwrap();
    }

    /// The manifest, changed.
    pub(super) fn manifest(&self, change: impl FnOnce(&mut Value)) {
        let path = self.set.join("manifest.json");
        let mut manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut manifest);
        fs::write(path, serde_json::to_vec_pretty(&manifest).unwrap()).unwrap();
    }

    /// The record of an artifact, changed.
    pub(super) fn artifact(&self, name: &str, change: impl FnOnce(&mut Value)) {
        self.manifest(|manifest| {
            let artifacts = manifest["artifacts"].as_array_mut().unwrap();
            let artifact = artifacts.iter_mut().find(|record| record["name"] == name);
            change(artifact.unwrap());
        });
    }

    /// Makes sizes, counts and hashes agree: files of records, members of indexes, `SHA256SUMS`.
    pub(super) fn reseal(&self) {
        self.manifest(|manifest| {
            for artifact in manifest["artifacts"].as_array_mut().unwrap() {
                let mut members = None;
                for file in artifact["files"].as_array_mut().unwrap() {
                    let path = file["path"].as_str().unwrap().to_owned();
                    let Ok(bytes) = fs::read(self.set.join(&path)) else {
                        continue;
                    };
                    if path.ends_with("/tree.jsonl") {
                        members = Some(summed(&bytes));
                    }
                    *file = json!({ "path": path, "bytes": bytes.len(), "sha256": sha256(&bytes) });
                }
                if let Some((members, bytes)) = members {
                    artifact["details"]["members"] = members.into();
                    artifact["source_bytes"] = bytes.into();
                }
            }
        });
        self.sums();
    }

    /// Writes `SHA256SUMS` anew for what is there.
    pub(super) fn sums(&self) {
        let mut sums = Vec::new();
        for entry in walkdir::WalkDir::new(&self.set).sort_by_file_name() {
            let entry = entry.unwrap();
            if !entry.file_type().is_file() || entry.file_name() == "SHA256SUMS" {
                continue;
            }
            let name = entry.path().strip_prefix(&self.set).unwrap();
            let name = name.as_os_str().as_bytes();
            let odd = name.contains(&b'\n') || name.contains(&b'\\');
            let name = String::from_utf8_lossy(name).replace('\\', "\\\\");
            let name = name.replace('\n', "\\n");
            let sha256 = sha256(&fs::read(entry.path()).unwrap());
            let mark = if odd { "\\" } else { "" };
            sums.extend_from_slice(format!("{mark}{sha256}  {name}\n").as_bytes());
        }
        fs::write(self.set.join("SHA256SUMS"), sums).unwrap();
    }

    /// Adds a file to the content of a tree and to its index, at the end.
    pub(super) fn plant(&self, artifact: &str, path: &str, content: &[u8]) {
        let place = self.set.join(artifact).join("content").join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, content).unwrap();
        self.index(artifact, |members| members.push(file(path, content)));
    }

    /// Runs the program under the limit of memory.
    pub(super) fn run(&self, arguments: &str) -> Said {
        let line = format!("ulimit -v {MEMORY}; exec \"$KIT\" {arguments}");
        self.sandbox.shell(&line)
    }

    /// `verify` and `restore` answer what is there now with those exit codes, `show` does not break,
    /// a refusal says `needle` and what to do, and nothing but the records of the refused runs has
    /// changed. Returns what was wrong with that.
    pub(super) fn refusal(&self, codes: (i32, i32), needle: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let of_set = Picture::of(&self.set, &[]);
        for command in ["backups verify", "backups show", "restore --yes --from"] {
            let said = self.run(&format!("{command} {}", self.id()));
            let text = said.both();
            let mut expect = |holds: bool, what: &str| {
                if !holds {
                    wrong.push(format!("{command}: {what}\n{said}"));
                }
            };
            let is_fault = text.contains("panicked") || !(0..=9).contains(&said.code());
            expect(!is_fault, "a fault of the program");
            let controls = text.chars().any(|c| c.is_control() && c != '\n');
            expect(!controls, "talks to the terminal");
            if command == "backups show" {
                continue;
            }
            let code = if command.starts_with("restore") {
                codes.1
            } else {
                codes.0
            };
            expect(said.code() == code, &format!("exit code {code}"));
            if code == 0 {
                continue;
            }
            expect(text.contains(needle), &format!("does not say `{needle}`"));
            let advises = ["hint: ", "to do ", "do not restore from it"];
            let advises = advises.iter().any(|word| text.contains(word));
            expect(advises, "does not say what to do");
        }
        for (before, after, what) in [
            (&self.before, &all(&self.sandbox), "the machine"),
            (&of_set, &Picture::of(&self.set, &[]), "the set"),
        ] {
            wrong.extend(before.difference(after, what));
        }
        wrong
    }

    /// Whether nothing outside of the installation has changed.
    pub(super) fn escaped(&self) -> Option<String> {
        let without = |picture: &Picture| picture.clone().without("site/installation");
        let now = all(&self.sandbox);
        without(&self.before).difference(&without(&now), "outside of the installation")
    }
}

/// Lines of an index, and the bytes of which they speak.
fn summed(index: &[u8]) -> (usize, u64) {
    let lines = index.split_inclusive(|byte| *byte == b'\n');
    let member = |line: &[u8]| serde_json::from_slice::<Value>(line).unwrap_or_default();
    let bytes = |line| member(line)["bytes"].as_u64().unwrap_or_default();
    let add = |(lines, sum): (usize, u64), line| (lines + 1, sum.saturating_add(bytes(line)));
    lines.fold((0, 0), add)
}

/// Everything in reach but the records of runs, the sets, and the directories that these lie in.
fn all(sandbox: &Sandbox) -> Picture {
    let left_out = ["site/runs", "site/backups", "site/pristine", "site/aside"];
    Picture::of(sandbox.root(), &left_out).without_times(&["site"])
}

#[expect(
    clippy::disallowed_methods,
    reason = "a copy with modes, links and times is what `cp -a` makes"
)]
fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(status.unwrap().success());
}

/// A line of an index for anything but a file.
pub(super) fn member(path: &str, kind: &str, more: Value) -> Value {
    let mut member = json!({
        "path": path, "kind": kind, "mode": 0o755, "uid": 0, "gid": 0, "mtime": [1_700_000_000, 0],
    });
    let fields = member.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    member
}

/// A line of an index for a file.
pub(super) fn file(path: &str, content: &[u8]) -> Value {
    let content = json!({ "mode": 0o644, "bytes": content.len(), "sha256": sha256(content) });
    member(path, "file", content)
}
