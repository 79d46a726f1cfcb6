//! The token that opens every door: compared by its hash, in constant time, and never shown.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Whether what a caller presents is the token.
pub fn opens(token: &SecretString, presented: &str) -> bool {
    let (token, presented) = (Sha256::digest(token.expose_secret()), Sha256::digest(presented));
    token.as_slice().ct_eq(presented.as_slice()).into()
}

/// What stands in the cookie of a browser that has shown the token: not the token itself, since browsers keep cookies in
/// files.
pub fn cookie_value(token: &SecretString) -> String {
    let digest = Sha256::digest(format!("ombud cookie\n{}", token.expose_secret()));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_opens() {
        let token = SecretString::from("correct-horse");
        assert!(opens(&token, "correct-horse"));
        for wrong in ["", "correct-hors", "correct-horse ", "Correct-horse", &cookie_value(&token)] {
            assert!(!opens(&token, wrong), "{wrong}");
        }
        assert_eq!(cookie_value(&token).len(), 64);
        assert!(!cookie_value(&token).contains("correct"));
    }
}
