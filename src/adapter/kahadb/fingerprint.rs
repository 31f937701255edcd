//! 128 bits that stand for an id of any length.

use std::fmt;

use sha2::{Digest, Sha256};

/// The first 16 bytes of the SHA-256 of an id.
///
/// A store may hold millions of messages, and their ids are 40 to 60 bytes each. Two ids that an
/// attacker did not spend 2^64 tries on have different fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Fingerprint(u128);

impl Fingerprint {
    /// Sorts before all others.
    pub(super) const LEAST: Self = Self(0);

    pub(super) fn of(id: &[u8]) -> Self {
        let hash: [u8; 32] = Sha256::digest(id).into();
        let (first, _) = hash.as_chunks::<16>();
        Self(u128::from_be_bytes(first[0]))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

/// One digest for a set of ids, whatever order they come in.
///
/// SHA-256 over the sorted fingerprints, 32 lower-case hex digits and a newline each. By hand:
/// `while read -r id; do printf %s "$id" | sha256sum | cut -c1-32; done | sort | sha256sum`.
pub(super) fn digest_of_set(mut ids: Vec<Fingerprint>) -> String {
    ids.sort_unstable();
    let mut digest = Sha256::new();
    for id in ids {
        digest.update(format!("{id}\n"));
    }
    let hash: [u8; 32] = digest.finalize().into();
    let (halves, _) = hash.as_chunks::<16>();
    halves
        .iter()
        .map(|half| Fingerprint(u128::from_be_bytes(*half)).to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_does_not_matter_and_the_recipe_by_hand_gives_the_same() {
        let (a, b) = (Fingerprint::of(b"ID:a"), Fingerprint::of(b"ID:b"));
        // printf %s ID:a | sha256sum and so on, as the documentation above says.
        let by_hand = "89b8dd723be0d8f46c93ee705150b140478773e5506ee11c0b7571f49a6fab98";
        assert_eq!(digest_of_set(vec![a, b]), by_hand);
        assert_eq!(digest_of_set(vec![b, a]), by_hand);
    }
}
