//! Looks for a secret in every argument list and environment of the machine while something works.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Every argument list and environment that can be read while tools come and go.
fn sample(found: &mut Vec<String>, secret: &str) {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return;
    };
    let own = std::process::id().to_string();
    for process in processes.flatten() {
        let name = process.file_name();
        if name.to_string_lossy() == own
            || !name
                .to_string_lossy()
                .starts_with(|c: char| c.is_ascii_digit())
        {
            continue;
        }
        for file in ["cmdline", "environ"] {
            if let Ok(text) = std::fs::read(process.path().join(file))
                && String::from_utf8_lossy(&text).contains(secret)
            {
                found.push(format!("{file} of {}", name.to_string_lossy()));
            }
        }
    }
}

/// Ends what watches a work, also when the work panics.
pub(crate) struct Ends<'a>(pub(crate) &'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does the work, and tells where the secret was seen meanwhile.
pub(crate) fn seen_while(secret: &str, work: impl FnOnce()) -> Vec<String> {
    let (found, samples) = seen_when(secret, Duration::ZERO, || true, work);
    assert!(samples > 10);
    found
}

/// The same with a pause after every look, and only of looks that began and ended while it is time; and how
/// many there were.
pub(crate) fn seen_when(
    secret: &str,
    pause: Duration,
    is_time: impl Fn() -> bool + Sync,
    work: impl FnOnce(),
) -> (Vec<String>, u32) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut found = Vec::new();
            let mut samples = 0_u32;
            while !done.load(Ordering::Relaxed) {
                if is_time() {
                    let known = found.len();
                    sample(&mut found, secret);
                    if is_time() {
                        samples += 1;
                    } else {
                        found.truncate(known);
                    }
                }
                std::thread::sleep(pause);
            }
            (found, samples)
        });
        {
            let _end = Ends(&done);
            work();
        }
        sampler.join().unwrap()
    })
}
