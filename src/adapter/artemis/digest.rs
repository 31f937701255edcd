//! One digest for a set of message ids.

use crate::backup::hex;
use sha2::{Digest, Sha256};

/// SHA-256 over the sorted ids, decimal digits and a newline each.
pub(super) fn digest_of_set(mut ids: Vec<i64>) -> String {
    ids.sort_unstable();
    let mut digest = Sha256::new();
    for id in ids {
        digest.update(format!("{id}\n"));
    }
    hex(&digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_does_not_matter_and_the_recipe_by_hand_gives_the_same() {
        // printf '%s\n' 17 230 | sha256sum
        let by_hand = "8aa6e3a0523885ade3b7c018550eff1b770606db0b9c85981f68e295b7731aea";
        let digest = digest_of_set(vec![230, 17]);
        assert_eq!(digest, digest_of_set(vec![17, 230]));
        assert_eq!(digest, by_hand);
    }
}
