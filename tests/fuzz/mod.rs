//! Hostile bytes for every parser: what was found once, and mutations of it.
//!
//! `corpus/TARGET` holds the inputs that fuzzing with coverage as its guide kept (`tests/fuzz/run`), the
//! finds among them. Here each is read as it is, cut, and with bytes changed, from a printed seed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

mod targets;

/// No input may take longer, on a machine that does other work beside.
const LIMIT: Duration = Duration::from_secs(10);

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus")
}

fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut inputs: Vec<(PathBuf, Vec<u8>)> = std::fs::read_dir(corpus().join(target))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let content = std::fs::read(&path).unwrap();
            (path, content)
        })
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn every_target_has_inputs_and_every_input_a_target() {
    let mut folders: Vec<String> = std::fs::read_dir(corpus())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut names: Vec<&str> = targets::TARGETS.iter().map(|target| target.name).collect();
    names.sort_unstable();
    assert_eq!(folders, names);
    for name in names {
        assert!(!inputs(name).is_empty(), "{name}");
    }
}

#[test]
fn every_kept_input_is_read_in_bounded_time() {
    for target in targets::TARGETS {
        for (path, input) in inputs(target.name) {
            let begun = Instant::now();
            (target.read)(&input);
            assert!(begun.elapsed() < LIMIT, "{}", path.display());
        }
    }
}

/// A change of some bytes: where, how many go, what comes.
type Change = (prop::sample::Index, usize, Vec<u8>);

fn changed(input: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut input = input.to_vec();
    for (place, removed, added) in changes {
        let at = place.index(input.len() + 1);
        let end = (at + removed).min(input.len());
        input.splice(at..end, added.iter().copied());
    }
    input
}

#[test]
fn changed_inputs_are_read_too() {
    const CASES: u32 = 96;
    for target in targets::TARGETS {
        let inputs = inputs(target.name);
        let config = Config {
            cases: CASES,
            failure_persistence: None,
            ..Config::default()
        };
        let bytes = prop::collection::vec(any::<u8>(), 0..8);
        let change = (any::<prop::sample::Index>(), 0_usize..8, bytes);
        let strategy = (
            any::<prop::sample::Index>(),
            prop::collection::vec(change, 1..6),
        );
        let read = |(input, changes): (prop::sample::Index, Vec<Change>)| {
            let input = &input.get(&inputs).1;
            (target.read)(&changed(input, &changes));
            Ok(())
        };
        if let Err(error) = TestRunner::new(config).run(&strategy, read) {
            panic!("{}: {error}", target.name);
        }
    }
}
