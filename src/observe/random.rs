//! Bytes that nobody can guess.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// 256 bits that nobody can guess, from the operating system's source of randomness.
#[expect(clippy::disallowed_methods, reason = "no id is made here: these are the random bits of the operating system")]
pub fn unguessable() -> [u8; 32] {
    // Each has 122 random bits; of the three together all 256 are wanted.
    let mut mixed = Sha256::new();
    for _ in 0..3 {
        mixed.update(Uuid::new_v4().as_bytes());
    }
    mixed.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_the_same() {
        let drawn: std::collections::HashSet<[u8; 32]> = (0..1_000).map(|_| unguessable()).collect();
        assert_eq!(drawn.len(), 1_000);
        for bit in 0..256 {
            let set = drawn.iter().filter(|bytes| bytes[bit / 8] >> (bit % 8) & 1 == 1).count();
            assert!((300..700).contains(&set), "bit {bit} is set in {set} of 1,000");
        }
    }
}
