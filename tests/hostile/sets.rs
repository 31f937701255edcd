//! Sets whose files and records were tampered with.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::forge::Forge;
use super::{Attack, damaged, repelled};

/// Puts something else in the place of a file of the set.
fn instead(forge: &Forge, file: &str, make: impl Fn(&std::path::Path, &std::path::Path)) {
    let path = forge.set().join(file);
    let aside = forge.aside().join("there");
    fs::rename(&path, &aside).unwrap();
    make(&path, &aside);
}

fn node(path: &std::path::Path, kind: rustix::fs::FileType) {
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, 0).unwrap();
}

const WAR: &str = "application/war/content";

/// Things that are no files, and files that are elsewhere too.
const FILES: &[Attack] = &[
    damaged(
        "link",
        |forge| instead(forge, WAR, |path, aside| symlink(aside, path).unwrap()),
        WAR,
    ),
    damaged(
        "link to a device",
        |forge| {
            instead(forge, WAR, |path, _| symlink("/dev/zero", path).unwrap());
        },
        WAR,
    ),
    damaged(
        "link to itself",
        |forge| {
            instead(forge, WAR, |path, _| symlink(path, path).unwrap());
        },
        WAR,
    ),
    damaged(
        "hard link",
        |forge| {
            instead(forge, WAR, |path, aside| {
                fs::hard_link(aside, path).unwrap();
            })
        },
        WAR,
    ),
    damaged(
        "pipe",
        |forge| {
            instead(forge, WAR, |path, _| node(path, rustix::fs::FileType::Fifo));
        },
        WAR,
    ),
    damaged(
        "socket",
        |forge| {
            instead(forge, WAR, |path, _| {
                node(path, rustix::fs::FileType::Socket)
            });
        },
        WAR,
    ),
    damaged(
        "folder",
        |forge| instead(forge, WAR, |path, _| fs::create_dir(path).unwrap()),
        WAR,
    ),
    damaged(
        "folder that is a link",
        |forge| {
            instead(forge, "config/content", |path, aside| {
                symlink(aside, path).unwrap()
            });
        },
        "config/content",
    ),
    damaged(
        "folder of an artifact that is a link",
        |forge| {
            instead(forge, "application/war", |path, aside| {
                symlink(aside, path).unwrap()
            });
        },
        "application/war",
    ),
    damaged(
        "index that is a link",
        |forge| {
            instead(forge, "config/tree.jsonl", |path, aside| {
                symlink(aside, path).unwrap()
            });
        },
        "config",
    ),
    damaged(
        "sums that are a link",
        |forge| {
            instead(forge, "SHA256SUMS", |path, aside| {
                symlink(aside, path).unwrap()
            });
        },
        "SHA256SUMS",
    ),
    damaged(
        "sums that are a pipe",
        |forge| {
            instead(forge, "SHA256SUMS", |path, _| {
                node(path, rustix::fs::FileType::Fifo)
            });
        },
        "SHA256SUMS",
    ),
    damaged(
        "plan that is a link",
        |forge| {
            instead(forge, "plan.json", |path, aside| {
                symlink(aside, path).unwrap()
            });
        },
        "plan.json",
    ),
    damaged(
        "guide that is a pipe",
        |forge| {
            instead(forge, "RESTORE.md", |path, _| {
                node(path, rustix::fs::FileType::Fifo)
            });
        },
        "RESTORE.md",
    ),
    damaged(
        "a file of an odd name",
        |forge| {
            fs::write(forge.set().join("config/new\nline"), "x").unwrap();
            forge.reseal();
        },
        "config/new",
    ),
    damaged(
        "a file of a terminal's name",
        |forge| {
            fs::write(forge.set().join("config/\u{1b}[2J"), "x").unwrap();
            forge.reseal();
        },
        "no record of the set",
    ),
    damaged(
        "endless sums",
        |forge| {
            let sums = fs::File::create(forge.set().join("SHA256SUMS")).unwrap();
            sums.set_len(1 << 36).unwrap();
        },
        "SHA256SUMS",
    ),
    damaged(
        "sums that lead out",
        |forge| {
            let path = forge.set().join("SHA256SUMS");
            let line = format!("{}  ../../outside/canary\n", "0".repeat(64));
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, text + &line).unwrap();
        },
        "SHA256SUMS",
    ),
    damaged(
        "sums that list twice",
        |forge| {
            let path = forge.set().join("SHA256SUMS");
            let text = fs::read_to_string(&path).unwrap();
            let first = text.lines().next().unwrap().to_owned();
            fs::write(path, format!("{text}{first}\n")).unwrap();
        },
        "stands twice",
    ),
    damaged(
        "a deep folder",
        |forge| {
            let deep: std::path::PathBuf = std::iter::repeat_n("d", 1_500).collect();
            let deep = forge.set().join("config").join(deep);
            fs::create_dir_all(&deep).unwrap();
            fs::write(deep.join("x"), "x").unwrap();
        },
        "config/d/d",
    ),
];

/// A manifest that does not fit what it speaks of.
const MANIFESTS: &[Attack] = &[
    damaged(
        "path that leads out",
        |forge| {
            forge.artifact("config", |record| {
                record["files"][0]["path"] = "../../x".into()
            });
            forge.sums();
        },
        "`..` component",
    ),
    damaged(
        "path with NUL",
        |forge| {
            forge.artifact("config", |record| {
                record["files"][0]["path"] = "config/\0".into()
            });
            forge.sums();
        },
        "a NUL byte",
    ),
    damaged(
        "the manifest as an artifact",
        |forge| {
            forge.artifact("config", |record| {
                record["files"][0]["path"] = "manifest.json".into()
            });
            forge.sums();
        },
        "manifest.json",
    ),
    damaged(
        "two artifacts of one file",
        |forge| {
            forge.manifest(|manifest| {
                let files = manifest["artifacts"][0]["files"].clone();
                manifest["artifacts"][1]["files"] = files;
            });
            forge.sums();
        },
        "is recorded twice",
    ),
    damaged(
        "one name twice",
        |forge| {
            forge.manifest(|manifest| {
                let name = manifest["artifacts"][0]["name"].clone();
                manifest["artifacts"][1]["name"] = name;
            });
            forge.sums();
        },
        "are named",
    ),
    damaged(
        "another set",
        |forge| {
            forge.manifest(|manifest| manifest["set"] = "20260101T000000Z-aaaa".into());
            forge.sums();
        },
        "says that it is the set",
    ),
    damaged(
        "sizes without end",
        |forge| {
            forge.manifest(|manifest| {
                for artifact in manifest["artifacts"].as_array_mut().unwrap() {
                    artifact["source_bytes"] = u64::MAX.into();
                    artifact["files"][0]["bytes"] = u64::MAX.into();
                }
            });
            forge.sums();
        },
        "instead of 18446744073709551615",
    ),
    damaged(
        "one size more",
        |forge| {
            forge.artifact("config", |record| record["files"][1]["bytes"] = 1.into());
            forge.sums();
        },
        "config/restore-attributes.sh",
    ),
    damaged(
        "a hash of nothing",
        |forge| {
            forge.artifact("config", |record| record["files"][1]["sha256"] = "".into());
            forge.sums();
        },
        "without a SHA-256",
    ),
    damaged(
        "a hash in capitals",
        |forge| {
            forge.artifact("config", |record| {
                let hash = record["files"][1]["sha256"]
                    .as_str()
                    .unwrap()
                    .to_uppercase();
                record["files"][1]["sha256"] = hash.into();
            });
            forge.sums();
        },
        "without a SHA-256",
    ),
    damaged(
        "another hash",
        |forge| {
            forge.artifact("config", |record| {
                record["files"][1]["sha256"] = "0".repeat(64).into()
            });
            forge.sums();
        },
        "disagree",
    ),
    damaged(
        "an artifact less",
        |forge| {
            forge.manifest(|manifest| {
                let artifacts = manifest["artifacts"].as_array_mut().unwrap();
                artifacts.retain(|record| record["name"] != "config");
            });
            forge.sums();
        },
        "config/",
    ),
    damaged(
        "a file less",
        |forge| {
            forge.artifact("config", |record| {
                _ = record["files"].as_array_mut().unwrap().pop();
            });
            forge.sums();
        },
        "config/restore-attributes.sh",
    ),
    damaged(
        "an artifact of no files",
        |forge| {
            forge.manifest(|manifest| {
                let mut record = manifest["artifacts"][0].clone();
                record["name"] = "ghost".into();
                record["files"] = json!([]);
                manifest["artifacts"].as_array_mut().unwrap().push(record);
            });
            forge.sums();
        },
        "ghost",
    ),
    damaged(
        "a format before the first",
        |forge| {
            forge.manifest(|manifest| manifest["format"] = 0.into());
            forge.sums();
        },
        "format 0",
    ),
    damaged(
        "nothing but brackets",
        |forge| {
            fs::write(forge.set().join("manifest.json"), "[".repeat(1_000_000)).unwrap();
            forge.sums();
        },
        "manifest.json",
    ),
    damaged(
        "an endless manifest",
        |forge| {
            let manifest = fs::File::create(forge.set().join("manifest.json")).unwrap();
            manifest.set_len(1 << 36).unwrap();
        },
        "larger than 64 MiB",
    ),
    damaged(
        "more messages than there are numbers",
        |forge| {
            forge.artifact("jms/kahadb", |record| {
                let queues = &mut record["details"]["stores"][0]["inventory"]["queues"];
                for queue in queues.as_object_mut().unwrap().values_mut() {
                    queue["messages"] = u64::MAX.into();
                }
            });
            forge.sums();
        },
        "jms/kahadb",
    ),
    damaged(
        "a bomb",
        |forge| {
            let bomb = zstd::encode_all(std::io::repeat(0).take(1 << 30), 1).unwrap();
            let size = bomb.len();
            assert!(size < 1 << 20, "{size}");
            let folder = forge.set().join("database/bomb");
            fs::create_dir(&folder).unwrap();
            let sha256 = super::forge::sha256(&bomb);
            fs::write(folder.join("x.sql.zst"), bomb).unwrap();
            forge.manifest(|manifest| {
                manifest["artifacts"].as_array_mut().unwrap().push(json!({
                "name": "database/bomb", "kind": "mysql-dump", "source": "x", "source_bytes": 1,
                "files": [{ "path": "database/bomb/x.sql.zst", "bytes": size, "sha256": sha256 }],
                "level": "L3", "details": {},
            }));
            });
            forge.sums();
        },
        "database/bomb/x.sql.zst",
    ),
];

#[test]
fn files_that_are_no_files_of_the_set_are_refused() {
    repelled(FILES);
}

#[test]
fn manifests_that_disagree_with_the_files_are_refused() {
    repelled(MANIFESTS);
}
