//! What the machine is, and how busy it is with other things.

use std::fs;

/// Prints what the figures depend on.
pub(crate) fn describe() {
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, name)| name);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split(' ').take(3).collect();
    println!("{} × {model}, load {}", processors(), load.join(" "));
}

/// How many processors there are.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Seconds of processor time that everybody has used since the machine started.
pub(crate) fn all() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<f64> = text
        .lines()
        .next()
        .unwrap_or_default()
        .split_ascii_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    // user, nice, system, (idle, waiting for the disk,) interrupts, soft interrupts, stolen
    [0, 1, 2, 5, 6, 7]
        .iter()
        .filter_map(|&at| fields.get(at))
        .sum::<f64>()
        / TICKS
}

/// Seconds of processor time of a process and of its children that it has waited for.
pub(crate) fn of_process(process: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let Some((_, fields)) = text.rsplit_once(')') else {
        return 0.0;
    };
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    [11, 12, 13, 14]
        .iter()
        .filter_map(|&at| fields.get(at)?.parse::<f64>().ok())
        .sum::<f64>()
        / TICKS
}

/// Seconds that this thread has run, to the nanosecond.
pub(crate) fn of_thread() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|field| field.parse().ok());
    nanoseconds.unwrap_or(0.0) / 1e9
}

/// Peak of the resident memory of this process, in KiB.
pub(crate) fn peak_memory() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| line.trim().split(' ').next()?.parse().ok())
        .unwrap_or(0)
}

/// Clock ticks of `/proc` in a second: 100 on every Linux.
const TICKS: f64 = 100.0;
