//! Random numbers that can be drawn again.

use std::sync::OnceLock;
use std::time::Duration;

/// A `splitmix64` generator: small, and the same on every machine.
pub(crate) struct Random(u64);

impl Random {
    /// The generator of a test; `lane` tells its threads apart. The seed is printed.
    pub(crate) fn of(test: &str, lane: u64) -> Self {
        static SEED: OnceLock<u64> = OnceLock::new();
        let seed = *SEED.get_or_init(|| {
            let given = std::env::var("UPGRADE_KIT_SEED").ok();
            given.map_or_else(clock, |text| text.parse().unwrap())
        });
        println!("{test}: UPGRADE_KIT_SEED={seed} plays this again (lane {lane})");
        Self(seed ^ lane.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// Yes or no.
    pub(crate) fn coin(&mut self) -> bool {
        self.below(2) == 1
    }

    /// Points below `end`, ascending: so many draws, or as `UPGRADE_KIT_POINTS` says: a
    /// number of draws, `all`, or `2/8` for the second part of eight.
    pub(crate) fn points(&mut self, end: usize, usual: usize) -> Vec<usize> {
        let wanted = std::env::var("UPGRADE_KIT_POINTS").ok();
        let count = match wanted.as_deref() {
            Some("all") => return (0..end).collect(),
            Some(text) => match text.split_once('/') {
                Some((nth, parts)) => {
                    let (nth, parts): (usize, usize) =
                        (nth.parse().unwrap(), parts.parse().unwrap());
                    assert!((1..=parts).contains(&nth), "part {nth} of {parts}");
                    return (nth - 1..end).step_by(parts).collect();
                }
                None => text.parse().unwrap(),
            },
            None => usual,
        };
        let mut points: Vec<usize> = (0..count)
            .map(|_| usize::try_from(self.below(end as u64)).unwrap())
            .collect();
        points.sort_unstable();
        points.dedup();
        points
    }

    /// A moment before `end`.
    pub(crate) fn moment(&mut self, end: Duration) -> Duration {
        let end = u64::try_from(end.as_millis()).unwrap().max(1);
        Duration::from_millis(self.below(end))
    }
}

fn clock() -> u64 {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    // Short enough to be typed.
    (since.as_nanos() % 1_000_000_000) as u64
}
