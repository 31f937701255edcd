//! Doing the same to many files, two at a time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::adapter::{Failure, StepContext};
use crate::event::{FailureKind, Progress, ProgressUnit, StopLevel};

/// Threads at work. Two keep a disk and two processors busy; more only fight over them.
const WORKERS: usize = 2;

/// Bytes that one read takes at most.
pub(super) const BUFFER: usize = 1024 * 1024;

/// Calls `work` for every item, from several threads, each with a state of its own. After the first
/// failure no further item is begun; that failure is returned.
pub(super) fn for_each<T: Sync, S>(
    items: &[T],
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> Result<(), Failure> + Sync,
) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let first = Mutex::new(None);
    let run = || {
        let mut state = state();
        while !failed.load(Ordering::Relaxed) {
            let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) else {
                break;
            };
            if let Err(failure) = work(&mut state, item) {
                failed.store(true, Ordering::Relaxed);
                if let Ok(mut first) = first.lock() {
                    first.get_or_insert(failure);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..WORKERS.min(items.len()) {
            // Where no thread can be had, this one does it all.
            _ = std::thread::Builder::new().spawn_scoped(scope, run);
        }
        run();
    });
    if !failed.into_inner() {
        return Ok(());
    }
    let first = first.into_inner().ok().flatten();
    Err(first.unwrap_or_else(|| Failure::new(FailureKind::Internal, "a worker failed")))
}

/// Counts bytes for the operator and notices that the run shall stop.
pub(super) struct Meter<'a> {
    context: &'a StepContext<'a>,
    done: AtomicU64,
    total: u64,
}

impl<'a> Meter<'a> {
    pub(super) fn new(context: &'a StepContext<'a>, total: u64) -> Self {
        Self {
            context,
            done: AtomicU64::new(0),
            total,
        }
    }

    /// So many bytes more are done.
    pub(super) fn advance(&self, bytes: u64) -> Result<(), Failure> {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        (self.context.progress)(Progress {
            done,
            total: Some(self.total),
            unit: ProgressUnit::Bytes,
        });
        go_on(self.context)
    }
}

/// A failure if the run was asked to end its steps.
pub(super) fn go_on(context: &StepContext<'_>) -> Result<(), Failure> {
    if context.control.stop.level() >= StopLevel::Ask {
        return Err(Failure::stopped());
    }
    Ok(())
}

/// Groups consecutive files so that a thread stays in one folder for a while, and a large file is
/// one by itself.
pub(super) fn chunks(sizes: &[u64]) -> Vec<std::ops::Range<usize>> {
    const FILES: usize = 64;
    const BYTES: u64 = 4 * 1024 * 1024;
    let mut ranges = Vec::new();
    let mut start = 0;
    let mut bytes = 0;
    for (at, size) in sizes.iter().enumerate() {
        if at > start && (bytes + size > BYTES || at - start >= FILES) {
            ranges.push(start..at);
            start = at;
            bytes = 0;
        }
        bytes += size;
    }
    if start < sizes.len() {
        ranges.push(start..sizes.len());
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_everything_once() {
        let mut sizes = vec![10; 200];
        sizes[70] = 1 << 30;
        let ranges = chunks(&sizes);
        let covered: Vec<usize> = ranges.iter().cloned().flatten().collect();
        assert_eq!(covered, (0..200).collect::<Vec<_>>());
        assert!(ranges.contains(&(70..71)));
        assert!(chunks(&[]).is_empty());
    }
}
