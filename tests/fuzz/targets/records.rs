//! What the program itself wrote once, and others may have changed: sets, journals, plans.

use sha2::{Digest, Sha256};
use upgrade_kit::adapter::parse_duration;
use upgrade_kit::backup::{SealedSet, SetPath, VerifyWatch, catalogue, hex, unescape};
use upgrade_kit::event::{Level, RunState};
use upgrade_kit::journal::RunDirectory;
use upgrade_kit::site::SecretRef;

use super::{folder, parts, put, text};

const ID: &str = "20261121T105905Z-ndcg";

/// A manifest, the index of a tree, the sums, a file: opened, told, read through, verified.
pub(super) fn manifest(input: &[u8]) {
    let folder = &folder();
    let names = [
        "manifest.json",
        "config/tree.jsonl",
        "SHA256SUMS",
        "config/content/one",
        "plan.json",
    ];
    let parts = parts(input);
    // An attacker can sum up: what the manifest says of the index is made true.
    let index = parts.get(1).copied().unwrap_or_default();
    let sum = hex(&Sha256::digest(index));
    for (at, (content, name)) in parts.iter().zip(names).enumerate() {
        let content = match text(content) {
            Some(text) if at == 0 => text
                .replace("@INDEX_SUM@", &sum)
                .replace("\"@INDEX_BYTES@\"", &index.len().to_string())
                .into_bytes(),
            _ => content.to_vec(),
        };
        put(folder, &format!("{ID}/{name}"), &content);
    }
    _ = catalogue(folder);
    let Ok(set) = SealedSet::open(folder, ID) else {
        return;
    };
    for artifact in &set.manifest().artifacts {
        if let Ok(tree) = set.tree(artifact) {
            assert!(tree.count() <= index.len() + 1);
        }
        for file in &artifact.files {
            if let Ok(mut reader) = set.reader(file) {
                _ = std::io::copy(&mut reader, &mut std::io::sink());
            }
            if let Ok(mut reader) = set.decompressed(file) {
                let mut few = std::io::Read::take(&mut reader, 1 << 20);
                _ = std::io::copy(&mut few, &mut std::io::sink());
            }
        }
    }
    _ = set.verify(Level::L3, &[], &VerifyWatch::none());
}

/// A journal as it is, and one whose check sums fit: every line must be an event, in order.
pub(super) fn journal(input: &[u8]) {
    let state = &folder();
    let path = |run: &str| format!("runs/{run}/journal.jsonl");
    put(state, &path("raw"), input);
    put(state, &path("summed"), &summed(input));
    for run in ["raw", "summed"] {
        let Ok(directory) = RunDirectory::open(state, run) else {
            continue;
        };
        let folded = directory.state();
        let reopened = directory.reopen();
        // A torn end is passed over by one and cut off by the other: both tell the same.
        match (folded, reopened) {
            (Ok(one), Ok((_, other, _))) => {
                assert_eq!(one.seq, other.seq);
                assert!(format!("{:?}", one.steps) == format!("{:?}", other.steps));
            }
            (one, other) => assert_eq!(one.is_ok(), other.is_ok()),
        }
    }
    _ = RunDirectory::list(state);
}

/// The lines, each with the check sum that belongs there.
fn summed(input: &[u8]) -> Vec<u8> {
    let mut result = Vec::new();
    let mut before = "00000000".to_owned();
    for line in input.split(|byte| *byte == b'\n') {
        let Some(open) = line.strip_suffix(b"}") else {
            result.extend_from_slice(line);
            break;
        };
        // A line of a real journal has a sum already.
        let open = match open.windows(8).rposition(|found| found == b",\"sum\":\"") {
            Some(at) => &open[..at],
            None => open,
        };
        let mut hasher = Sha256::new();
        hasher.update(before.as_bytes());
        hasher.update(open);
        before = hex(&hasher.finalize())[..8].to_owned();
        result.extend_from_slice(open);
        result.extend_from_slice(format!(",\"sum\":\"{before}\"}}\n").as_bytes());
    }
    result
}

/// A frozen plan.
pub(super) fn plan(input: &[u8]) {
    let state = &folder();
    put(state, "runs/one/journal.jsonl", b"");
    put(state, "runs/one/plan.json", input);
    let directory = RunDirectory::open(state, "one").unwrap();
    if let Ok(plan) = directory.plan() {
        let text = serde_json::to_string(&plan).unwrap();
        assert!(!text.is_empty());
    }
    _ = RunState::new();
}

/// Single words: durations, paths in a set, escaped names, references to secrets.
pub(super) fn words(input: &[u8]) {
    let Some(text) = text(input) else { return };
    _ = parse_duration(text);
    if let Ok(path) = SetPath::parse(text) {
        let relative = path.relative();
        assert!(
            relative
                .components()
                .all(|one| matches!(one, std::path::Component::Normal(_)))
        );
    }
    _ = unescape(text);
    if let Ok(secret) = serde_json::from_str::<SecretRef>(text) {
        _ = secret.validate();
    }
}
