//! What nobody can guess.

use secrecy::SecretString;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A secret that nobody can guess: 256 bits from the operating system's source of randomness, as 64 hexadecimal digits.
#[expect(clippy::disallowed_methods, reason = "no id is made here: these are random bits of the operating system")]
pub fn random_secret() -> SecretString {
    // Each has 122 random bits: three together have more than are wanted.
    let mut mixed = Sha256::new();
    for _ in 0..3 {
        mixed.update(Uuid::new_v4().as_bytes());
    }
    SecretString::from(mixed.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn no_two_are_the_same() {
        let drawn: std::collections::HashSet<String> =
            (0..1_000).map(|_| random_secret().expose_secret().to_owned()).collect();
        assert_eq!(drawn.len(), 1_000);
        for place in 0..64 {
            // Of sixteen digits each comes 62 times or so.
            let zeros = drawn.iter().filter(|digits| digits.as_bytes()[place] == b'0').count();
            assert!((10..150).contains(&zeros), "{zeros} of 1,000 have a 0 at {place}");
        }
    }
}
