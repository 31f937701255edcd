//! The journal under crashes, flipped bytes and full disks.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::event::{EventKind, StopLevel};

fn event(seq: u64, kind: EventKind) -> Event {
    Event {
        seq,
        at: "2026-11-21T09:30:00Z".parse::<Timestamp>().unwrap(),
        kind,
    }
}

fn events() -> Vec<Event> {
    let step = || "dump[tenant_ä]".to_owned();
    vec![
        event(
            1,
            EventKind::StepStarted {
                step: step(),
                attempt: 1,
            },
        ),
        event(
            2,
            EventKind::StepMessage {
                step: step(),
                message: "a \"quoted\" }{ line\u{0}".to_owned(),
            },
        ),
        event(
            3,
            EventKind::StopRequested {
                level: StopLevel::Ask,
                by: "Ctrl-C".to_owned(),
            },
        ),
    ]
}

fn written() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let mut journal = Journal::create(&path).unwrap();
    let events = events();
    journal.append(&events[0]).unwrap();
    journal.append_all(&events[1..]).unwrap();
    let text = std::fs::read(&path).unwrap();
    (folder, path, text)
}

fn read(path: &Path) -> Result<(Vec<Event>, Replay), JournalError> {
    let mut events = Vec::new();
    let replay = replay(path, |event| events.push(event))?;
    Ok((events, replay))
}

#[test]
fn what_was_written_is_read_and_lines_are_plain_json() {
    let (_folder, path, text) = written();
    let (found, replay) = read(&path).unwrap();
    assert_eq!(found, events());
    assert_eq!((replay.seq, replay.lines, replay.torn), (3, 3, None));
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let value: serde_json::Value = serde_json::from_slice(line).unwrap();
        assert_eq!(value["sum"].as_str().unwrap().len(), 8);
        assert_eq!(value["at"], "2026-11-21T09:30:00Z");
    }
}

#[test]
fn progress_is_not_written() {
    let (_folder, path, text) = written();
    let (mut journal, _) = Journal::open(&path, |_| {}).unwrap();
    let progress = crate::event::Progress {
        done: 1,
        total: None,
        unit: crate::event::ProgressUnit::Bytes,
    };
    let step = "dump".to_owned();
    journal
        .append(&event(3, EventKind::StepProgress { step, progress }))
        .unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), text);
}

#[test]
fn a_journal_cut_at_any_byte_is_read_up_to_its_last_whole_line_and_goes_on() {
    let (_folder, path, text) = written();
    for cut in 0..=text.len() {
        std::fs::write(&path, &text[..cut]).unwrap();
        let whole = text[..cut].split(|&byte| byte == b'\n').count() - 1;
        let (mut journal, replay) = Journal::open(&path, |_| {}).unwrap();
        assert_eq!(replay.lines, whole, "cut at {cut}");
        let is_torn = cut > 0 && text[cut - 1] != b'\n';
        assert_eq!(replay.torn.is_some(), is_torn, "cut at {cut}");
        for event in &events()[whole..] {
            journal.append(event).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), text, "cut at {cut}");
    }
}

#[test]
fn a_last_line_with_a_hole_is_torn() {
    let (_folder, path, mut text) = written();
    let last = text.len() - 30;
    text[last..].fill(0);
    std::fs::write(&path, &text).unwrap();
    assert_eq!(read(&path).unwrap().1.lines, 2);
    *text.last_mut().unwrap() = b'\n';
    std::fs::write(&path, &text).unwrap();
    assert_eq!(read(&path).unwrap().1.lines, 2);
}

#[test]
fn lost_doubled_and_swapped_lines_are_damage() {
    let (_folder, path, text) = written();
    let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    for order in [&[0, 2][..], &[1, 2], &[0, 1, 1, 2], &[1, 0, 2]] {
        let changed: Vec<u8> = order.iter().flat_map(|&at| lines[at]).copied().collect();
        std::fs::write(&path, &changed).unwrap();
        let error = read(&path).unwrap_err();
        assert!(matches!(error, JournalError::Damaged { .. }), "{order:?}");
    }
}

#[test]
fn damage_is_named_by_its_line() {
    let (_folder, path, mut text) = written();
    let second = text.iter().position(|&byte| byte == b'\n').unwrap() + 20;
    text[second] ^= 1;
    std::fs::write(&path, &text).unwrap();
    let error = read(&path).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "is damaged at line 2: its check sum does not fit: it or a line before it was changed"
        ),
        "{error}"
    );
}

#[test]
fn kinds_of_a_newer_program_pass() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let line = r#"{"seq":1,"at":"2026-11-21T09:30:00Z","event":"step-teleported","to":{"a":[1]}"#;
    let mut text = line.as_bytes().to_vec();
    let sum = sum_of(FIRST, line.as_bytes());
    text.extend_from_slice(format!(r#","sum":"{}"}}"#, String::from_utf8_lossy(&sum)).as_bytes());
    text.push(b'\n');
    std::fs::write(&path, &text).unwrap();
    assert_eq!(read(&path).unwrap().0[0].kind, EventKind::Unknown);
}

#[test]
fn another_format_is_told_before_the_rest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    for (line, expected) in [
        (
            r#"{"format":2,"event":{"run":"started"}}"#,
            "has format 2, this program reads up to 1",
        ),
        (
            r#"{"seq":1,"event":"run-started","format":0}"#,
            "is damaged at line 1: format 0 never was",
        ),
    ] {
        std::fs::write(&path, format!("{line}\n")).unwrap();
        let told = read(&path).unwrap_err().to_string();
        assert!(told.ends_with(expected), "{told}");
        let listed = crate::journal::summary::RunSummary::of(&path, "run").unwrap_err();
        assert_eq!(listed.to_string(), told);
    }
}

#[test]
fn a_full_disk_poisons_the_journal() {
    let path = Path::new("/dev/full");
    let file = OpenOptions::new().append(true).open(path).unwrap();
    let mut journal = Journal::over(file, path);
    let error = journal.append(&events()[0]).unwrap_err();
    assert!(error.hint().unwrap().contains("free some space"));
    let error = journal.append(&events()[1]).unwrap_err();
    assert!(matches!(error, JournalError::Poisoned { .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_flipped_byte_never_passes(at: prop::sample::Index, flip in 1..=255_u8) {
        let (_folder, path, mut text) = written();
        let at = at.index(text.len());
        text[at] ^= flip;
        std::fs::write(&path, &text).unwrap();
        match read(&path) {
            Err(JournalError::Damaged { .. }) => {}
            Err(error) => prop_assert!(false, "{error}"),
            // The newline of the last line, or a zero byte in it, look like a torn write.
            Ok((found, replay)) => {
                prop_assert!(replay.torn.is_some());
                prop_assert_eq!(&found[..], &events()[..found.len()]);
            }
        }
    }
}
