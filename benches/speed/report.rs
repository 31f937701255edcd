//! What is printed of a row.

use super::measure::{Rounds, Sample, median};

/// Prints a row: medians, ratio with its range over the rounds, bar, memory.
pub(crate) fn row(name: &str, baseline: &str, bar: f64, rounds: &Rounds) {
    print(name, baseline, Some(bar), rounds);
}

/// Prints a row that the specification has no bar for.
pub(crate) fn without_bar(name: &str, baseline: &str, rounds: &Rounds) {
    print(name, baseline, None, rounds);
}

fn print(name: &str, baseline: &str, bar: Option<f64>, rounds: &Rounds) {
    let counted = rounds.quiet();
    let seconds = |of: fn(&(Sample, Sample)) -> f64| median(counted.iter().map(of));
    let ratios: Vec<f64> = counted
        .iter()
        .map(|(one, other)| one.wall / other.wall)
        .collect();
    let ratio = median(ratios.iter().copied());
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let most = ratios.iter().copied().fold(0.0, f64::max);
    let total = |of: fn(&(Sample, Sample)) -> f64| counted.iter().map(of).sum::<f64>();
    let cpu = total(|round| round.0.cpu) / total(|round| round.1.cpu);
    let others = median(
        counted
            .iter()
            .map(|(one, other)| one.others.max(other.others)),
    );
    println!("\n{name}");
    println!(
        "  ours {}   {baseline} {}",
        time(seconds(|round| round.0.wall)),
        time(seconds(|round| round.1.wall)),
    );
    let bar = match bar {
        Some(bar) => format!("bar ≤ {bar}   {}", verdict(ratio, bar)),
        None => "no bar".to_owned(),
    };
    println!("  ratio {ratio:.2} [{least:.2}–{most:.2}]   {bar}");
    println!(
        "  processor time: ratio {cpu:.2}; {} of {} rounds counted, others used {:.0} % of the machine",
        counted.len(),
        rounds.ours.len(),
        others * 100.0
    );
    let peak = rounds.ours.iter().map(|sample| sample.peak).max();
    if let Some(peak) = peak.filter(|&peak| peak > 0) {
        memory(peak);
    }
}

/// Prints the peak of memory of ours.
pub(crate) fn memory(peak: u64) {
    let mebibytes = peak as f64 / 1024.0;
    println!(
        "  peak memory {mebibytes:.0} MiB   bar ≤ 64 MiB   {}",
        verdict(mebibytes, 64.0)
    );
}

/// Prints a row that cannot be measured here.
pub(crate) fn skipped(name: &str, reason: &str) {
    println!("\n{name}\n  skipped: {reason}");
}

/// Prints a line that belongs to the row above.
pub(crate) fn note(text: &str) {
    println!("  {text}");
}

/// Seconds or milliseconds.
pub(crate) fn time(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{seconds:.2} s")
    }
}

fn verdict(value: f64, bar: f64) -> &'static str {
    if value <= bar { "met" } else { "MISSED" }
}
