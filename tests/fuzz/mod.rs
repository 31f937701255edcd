//! Hostile bytes for every parser: what was found once, and mutations of it.
//!
//! `corpus/TARGET` holds the inputs that fuzzing with coverage as its guide kept (`tests/fuzz/run`), the
//! finds among them. Here each is read as it is, cut, and with bytes changed, from a printed seed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::proof::random::Random;

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

/// Bytes that mean something to many formats.
const WORDS: &[&[u8]] = &[
    b"%%%%\n",
    b"\n",
    b"\r",
    b"\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"${",
    b"{{",
    b"\"",
    b"'",
    b"<![CDATA[",
    b"&a;",
    b"../",
    b"-1",
    b"18446744073709551616",
    b"\xe2\x80\xa8",
    b": ",
    b"- ",
    b"*a",
    b"&a ",
    b"\\",
];

/// The input with some bytes gone, some come, some doubled.
fn changed(input: &[u8], random: &mut Random) -> Vec<u8> {
    let mut input = input.to_vec();
    for _ in 0..=random.below(4) {
        let mut place = |end: usize| usize::try_from(random.below(end as u64 + 1)).unwrap();
        let start = place(input.len());
        let end = (start + place(12)).min(input.len());
        let new = match place(3) {
            0 => Vec::new(),
            1 => WORDS[place(WORDS.len() - 1)].to_vec(),
            2 => input[start..end].repeat(2),
            _ => vec![u8::try_from(place(255)).unwrap(); place(3)],
        };
        input.splice(start..end, new);
    }
    input
}

/// Where an input that was not survived is put, to be kept in the corpus.
fn keep(target: &str, input: &[u8]) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.cache/fuzz/found");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{target}-{}", std::process::id()));
    std::fs::write(&path, input).unwrap();
    path
}

#[test]
fn changed_inputs_are_read_too() {
    const CASES: u64 = 96;
    for (lane, target) in (0..).zip(targets::TARGETS) {
        let mut random = Random::of(target.name, lane);
        let inputs = inputs(target.name);
        for _ in 0..CASES {
            let number = usize::try_from(random.below(inputs.len() as u64)).unwrap();
            let input = changed(&inputs[number].1, &mut random);
            let begun = Instant::now();
            let read = std::panic::catch_unwind(|| (target.read)(&input));
            let survived = read.is_ok() && begun.elapsed() < LIMIT;
            assert!(
                survived,
                "{}: {}",
                target.name,
                keep(target.name, &input).display()
            );
        }
    }
}
