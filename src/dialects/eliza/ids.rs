//! Ids by the rule of this API: UUIDs, of which many are made of names, so that everybody comes to the same one.

use sha1::{Digest as _, Sha1};
use uuid::Uuid;

/// The server that is always there.
pub const DEFAULT_SERVER: &str = "00000000-0000-0000-0000-000000000000";

/// Letters, digits and signs that stand for themselves where a text is percent-encoded for an address.
const PLAIN: &[u8] = b"-_.!~*'()";

/// Whether a text is an id: 32 hexadecimal digits of any case, grouped by hyphens, and nothing else.
pub fn is_id(text: &str) -> bool {
    let is_digit = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_digit)
}

/// The id that a name stands for: of the SHA-1 of its percent-encoded text the first 16 bytes, with 0 as the version.
pub fn of_name(name: &str) -> String {
    let digest = Sha1::digest(percent_encoded(name).as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] &= 0x0f;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Uuid::from_bytes(bytes).to_string()
}

/// An id as one agent sees it: of a channel its room, of a server its world, of an author its entity. Its own stays.
pub fn seen_by(id: &str, agent: &str) -> String {
    if id == agent { id.to_owned() } else { of_name(&format!("{id}:{agent}")) }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || PLAIN.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for half in [byte >> 4, byte & 0xf] {
                encoded.extend(char::from_digit(u32::from(half), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_common_form_is_an_id() {
        assert!(is_id(DEFAULT_SERVER) && is_id("ABCDEF01-2345-6789-abcd-ef0123456789"));
        for text in ["", "x", "{00000000-0000-0000-0000-000000000000}", "00000000000000000000000000000000"] {
            assert!(!is_id(text), "{text}");
        }
        assert!(!is_id("g0000000-0000-0000-0000-000000000000") && !is_id("00000000-0000-0000-0000-00000000000é"));
    }

    #[test]
    fn a_name_stands_for_one_id() {
        let id = of_name("Agent ä & b");
        assert!(is_id(&id) && id.as_bytes()[14] == b'0' && b"89ab".contains(&id.as_bytes()[19]), "{id}");
        assert_eq!(of_name("Recorder d0ed83"), "204cf3b0-213b-004e-adcc-04da4b982c17", "as the original told it");
        assert_eq!(percent_encoded("Agent ä & b'(1)"), "Agent%20%C3%A4%20%26%20b'(1)");
        assert_eq!(seen_by(&id, &id), id);
        assert_eq!(seen_by("a", "b"), of_name("a:b"));
        assert_ne!(of_name("a"), of_name("b"));
    }
}
