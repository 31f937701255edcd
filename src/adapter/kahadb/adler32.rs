//! Adler-32 (RFC 1950, section 8.2), the checksum of a journal batch.

/// The largest prime below 2^16 (RFC 1950).
const MODULUS: u32 = 65_521;

/// Bytes summed before both sums are reduced: RFC 1950's 5552, the most that cannot overflow 32
/// bits, rounded down to whole lanes.
const STRIDE: usize = 5_536;

/// Bytes summed side by side, so that the compiler can use vector instructions.
const LANES: usize = 32;

/// A running checksum.
pub(super) struct Adler32 {
    low: u32,
    high: u32,
}

impl Adler32 {
    pub(super) fn new() -> Self {
        Self { low: 1, high: 0 }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        for stride in bytes.chunks(STRIDE) {
            let (lanes, rest) = stride.as_chunks::<LANES>();
            for lane in lanes {
                self.add_lane(lane);
            }
            for &byte in rest {
                self.low += u32::from(byte);
                self.high += self.low;
            }
            self.low %= MODULUS;
            self.high %= MODULUS;
        }
    }

    /// Adding a lane byte by byte adds `low` to `high` once for each byte, and each byte once for
    /// itself and every byte after it.
    fn add_lane(&mut self, lane: &[u8; LANES]) {
        let mut sum = 0;
        let mut weighted = 0;
        for (place, &byte) in lane.iter().enumerate() {
            sum += u32::from(byte);
            weighted += u32::from(byte) * (LANES - place) as u32;
        }
        self.high += self.low * LANES as u32 + weighted;
        self.low += sum;
    }

    pub(super) fn value(&self) -> u32 {
        (self.high << 16) | self.low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn checksum(bytes: &[u8]) -> u32 {
        let mut sum = Adler32::new();
        sum.update(bytes);
        sum.value()
    }

    fn by_the_book(bytes: &[u8]) -> u32 {
        let (mut low, mut high) = (1u32, 0u32);
        for &byte in bytes {
            low = (low + u32::from(byte)) % MODULUS;
            high = (high + low) % MODULUS;
        }
        (high << 16) | low
    }

    #[test]
    fn known_values() {
        assert_eq!(checksum(b""), 1);
        assert_eq!(checksum(b"Wikipedia"), 0x11E6_0398);
    }

    #[test]
    fn the_largest_bytes_do_not_overflow() {
        let bytes = vec![0xFF; 3 * STRIDE + 7];
        assert_eq!(checksum(&bytes), by_the_book(&bytes));
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition_however_it_is_cut(
            bytes in prop::collection::vec(any::<u8>(), 0..20_000),
            cut in any::<prop::sample::Index>(),
        ) {
            let (first, second) = bytes.split_at(cut.index(bytes.len() + 1));
            let mut sum = Adler32::new();
            sum.update(first);
            sum.update(second);
            prop_assert_eq!(sum.value(), by_the_book(&bytes));
        }
    }
}
