//! One moment of a database, held open while it is dumped.

use std::io::{self, Read};
use std::sync::mpsc;
use std::time::Duration;

use super::contents::{AllContents, of_rows, statements};
use super::inventory::Inventory;
use super::session::{PREAMBLE, Session, copied};
use crate::adapter::Failure;

/// How often a held session is given an empty line: a client that has ended refuses it, and is not
/// waited for then.
const BEAT: Duration = Duration::from_millis(200);

/// Gives the script, then holds the session open until the other end of the channel is gone.
struct Held<'a> {
    script: &'a [u8],
    until: mpsc::Receiver<()>,
}

impl Read for Held<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.script.is_empty() {
            return match (self.until.recv_timeout(BEAT), buffer.first_mut()) {
                (Err(mpsc::RecvTimeoutError::Timeout), Some(first)) => {
                    *first = b'\n';
                    Ok(1)
                }
                _ => Ok(0),
            };
        }
        self.script.read(buffer)
    }
}

/// Calls `dump` with the name of a snapshot, and gives what the tables contained in it.
pub(super) fn with_snapshot<T>(
    session: &Session<'_>,
    database: &str,
    found: &Inventory,
    dump: impl FnOnce(&str) -> Result<T, Failure>,
) -> Result<(T, AllContents), Failure> {
    let script = format!(
        "{PREAMBLE}BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n{}{}",
        copied("SELECT pg_catalog.pg_export_snapshot()"),
        statements(found)
    );
    let (sender, opened) = mpsc::channel::<String>();
    let (release, until) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut input = Held {
                script: script.as_bytes(),
                until,
            };
            let mut rows = Vec::new();
            let mut sender = Some(sender);
            session.ask_each(database, &mut input, |row| match sender.take() {
                // Nobody waits for it any more only if that thread has panicked.
                Some(sender) => drop(sender.send(row.concat())),
                None => rows.push(row),
            })?;
            of_rows(found, &rows)
        });
        let dumped = opened.recv().map(|snapshot| dump(&snapshot));
        drop(release);
        let contents = reading
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match dumped {
            Ok(dumped) => Ok((dumped?, contents?)),
            // The session ended before there was a snapshot: its failure says why.
            Err(_) => Err(contents.err().unwrap_or_else(|| {
                Failure::verification("the server gave no snapshot of the database")
            })),
        }
    })
}
