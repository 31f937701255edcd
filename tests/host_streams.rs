//! What goes into and comes out of real tools on the local host.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use upgrade_kit::host::{
    Exit, ExitStatus, Host, HostError, Invocation, LocalHost, OUTPUT_LIMIT, Secret, Stdin, Stdout,
    Streams,
};

use crate::host_run::{control, run, shell};

fn fed(invocation: &Invocation, input: &mut (dyn Read + Send)) -> Result<Exit, HostError> {
    let streams = Streams {
        stdin: Stdin::Reader(input),
        stdout: Stdout::Captured,
    };
    LocalHost.run(invocation, streams, &control())
}

#[test]
fn secrets_come_through_pipes_of_any_size_and_nowhere_else() {
    let large = "x".repeat(300_000);
    let invocation = Invocation::new("sh")
        .arg("-c")
        .arg("cat \"$1\"; wc -c < \"$2\"; ls /proc/self/fd | wc -l; cat /proc/$$/cmdline")
        .arg("sh")
        .secret_pipe("", Some(Secret::new("one-secret\n".to_owned())))
        .secret_pipe("", Some(Secret::new(large)));
    let exit = run(&invocation, &control());
    let text = exit.stdout.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0..2],
        ["one-secret", "300000"],
        "{}",
        exit.stderr.text()
    );
    assert!(lines[3].contains("/dev/fd/3\0/dev/fd/4"), "{}", lines[3]);
    assert!(!lines[3].contains("secret"));
    assert_eq!(lines[2], "6", "0, 1, 2, two pipes and the directory of ls");
}

#[test]
fn a_secret_that_was_not_resolved_or_is_not_read_does_not_hang() {
    let unresolved = Invocation::new("true").secret_pipe("", None);
    let error = LocalHost
        .run(&unresolved, Streams::captured(), &control())
        .unwrap_err();
    assert!(matches!(error, HostError::Start { .. }), "{error:?}");
    let unread = Invocation::new("true").secret_pipe("", Some(Secret::new("x".repeat(1 << 20))));
    assert!(run(&unread, &control()).success());
}

#[test]
fn an_endless_line_is_drained_in_bounded_memory() {
    // In a process of its own: the other tests that run beside it use memory as well.
    if std::env::var_os("DRAIN_ALONE").is_none() {
        let name = "host_streams::an_endless_line_is_drained_in_bounded_memory";
        let alone = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env("DRAIN_ALONE", "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&alone.stdout);
        assert!(alone.status.success(), "{said}");
        assert!(said.contains("1 passed"), "{said}");
        return;
    }
    let mut control = control();
    control.log = Some(Arc::new(Mutex::new(io::sink())));
    control.masker.add(&Secret::new("swordfish".to_owned()));
    // The pages of this program count as well, and it grows with the tests in it.
    let before = peak_memory();
    let exit = run(
        &shell("head -c 268435456 /dev/zero | tr '\\0' x; echo END"),
        &control,
    );
    assert_eq!(exit.stdout.total, 268_435_456 + 4);
    assert_eq!(
        exit.stdout.head.len() + exit.stdout.tail.len(),
        OUTPUT_LIMIT
    );
    assert!(exit.stdout.tail.ends_with(b"xxEND\n"));
    let grown = peak_memory() - before;
    assert!(grown < 20 << 10, "peak memory grew by {grown} KiB");
}

/// KiB.
pub(crate) fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_secret_split_over_two_writes_is_masked_in_log_and_capture() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let mut control = control();
    control.log = Some(log.clone());
    control.masker.add(&Secret::new("swordfish".to_owned()));
    let exit = run(
        &shell("printf 'a sword'; sleep 0.2; echo 'fish b'; echo swordfish >&2; printf end"),
        &control,
    );
    assert_eq!(exit.stdout.text(), "a *** b\nend");
    assert_eq!(exit.stderr.text(), "***\n");
    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    let mut lines: Vec<&str> = log.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["***", "a *** b", "end"]);
}

#[test]
fn input_is_fed_whole_and_a_tool_that_stops_reading_is_no_error() {
    let exit = fed(&shell("wc -c"), &mut io::repeat(b'x').take(20_000_000)).unwrap();
    assert_eq!(exit.stdout.text().trim(), "20000000");
    let exit = fed(&shell("head -c 3"), &mut io::repeat(b'x').take(1 << 30)).unwrap();
    assert!(exit.success());
    assert_eq!(exit.stdout.text(), "xxx");
    let start = Instant::now();
    let exit = fed(
        &shell("setsid -f sleep 5; exit 3"),
        &mut io::repeat(b'x').take(1 << 30),
    )
    .unwrap();
    assert_eq!(exit.status, ExitStatus::Code(3));
    assert!(start.elapsed() < Duration::from_secs(3));
}

/// Gives some data, then fails.
struct Damaged(usize);

impl Read for Damaged {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "damaged frame"));
        }
        let bytes = self.0.min(buffer.len());
        buffer[..bytes].fill(b'x');
        self.0 -= bytes;
        Ok(bytes)
    }
}

#[test]
fn a_failing_reader_ends_the_tool_before_it_sees_the_end_of_its_input() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("end-of-file-seen");
    let script = format!(
        "trap '' TERM; cat > /dev/null && touch '{}'",
        mark.display()
    );
    let mut tool = shell(&script);
    tool.grace = Duration::from_millis(300);
    let error = fed(&tool, &mut Damaged(10_000)).unwrap_err();
    assert_eq!(error.to_string(), "failed to read the input for `sh`");
    assert_eq!(error.io_kind(), Some(io::ErrorKind::InvalidData));
    assert!(!mark.exists());
}

#[test]
fn output_goes_to_a_writer_unchanged() {
    let mut written = Vec::new();
    let streams = Streams {
        stdin: Stdin::Null,
        stdout: Stdout::Writer(&mut written),
    };
    let exit = LocalHost
        .run(&shell("seq 1 500000; echo note >&2"), streams, &control())
        .unwrap();
    assert!(exit.success());
    assert_eq!(exit.stdout.total, 0);
    assert_eq!(exit.stderr.text(), "note\n");
    assert_eq!(written.len(), 3_388_895);
    assert!(written.ends_with(b"\n500000\n"));
}

struct FullDisk(usize);

impl Write for FullDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_fails_ends_the_tool_and_its_error_comes_back() {
    let mut disk = FullDisk(1_000_000);
    let streams = Streams {
        stdin: Stdin::Null,
        stdout: Stdout::Writer(&mut disk),
    };
    let start = Instant::now();
    let error = LocalHost
        .run(&shell("yes"), streams, &control())
        .unwrap_err();
    assert_eq!(error.to_string(), "failed to store the output of `sh`");
    assert_eq!(error.io_kind(), Some(io::ErrorKind::StorageFull));
    assert!(start.elapsed() < Duration::from_secs(3));
}
