//! What a rollout writes while it is watched, passed on to the operator.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::adapter::StepContext;
use crate::event::{Progress, ProgressUnit};

/// A file with a line for every command of a workflow is far smaller.
const LIMIT: u64 = 64 * 1024 * 1024;

const PAUSE: Duration = Duration::from_millis(300);

/// Runs `work` and passes on what it appends to the file meanwhile.
pub(super) fn while_watching<R>(
    context: &StepContext<'_>,
    path: &Path,
    work: impl FnOnce() -> R,
) -> R {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut seen = lines(context, path).len();
            loop {
                let last = ended.load(Ordering::Acquire);
                let all = lines(context, path);
                for line in all.iter().skip(seen) {
                    tell(context, line);
                }
                seen = all.len();
                if last {
                    return;
                }
                std::thread::sleep(PAUSE);
            }
        });
        let result = work();
        ended.store(true, Ordering::Release);
        result
    })
}

/// Whole lines only: the last may still be growing.
fn lines(context: &StepContext<'_>, path: &Path) -> Vec<String> {
    let content = context.host.read(path, LIMIT).unwrap_or_default();
    let text = String::from_utf8_lossy(&content).into_owned();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(str::to_owned).collect()
}

/// `STATUS`, commands done, commands in all, words; by tabs.
fn tell(context: &StepContext<'_>, line: &str) {
    let mut fields = line.splitn(4, '\t');
    let mut field = || fields.next().unwrap_or_default();
    let (status, done, total, words) = (field(), field(), field(), field());
    let (Ok(done), Ok(total)) = (done.parse(), total.parse()) else {
        return;
    };
    (context.progress)(Progress {
        done,
        total: Some(total),
        unit: ProgressUnit::Items,
    });
    let words = if words.is_empty() {
        String::new()
    } else {
        format!(": {words}")
    };
    (context.say)(format!("{status}, {done} of {total} commands{words}"));
}
