//! Secrets of characters as this API tells them: `IV:CIPHER` in hexadecimal, AES-256-CBC under the SHA-256 of a salt. What
//! they say lies in the store of secrets; what is told, and kept in attributes, is only this form.

use std::collections::BTreeMap;

use aes::Aes256;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::agents::shelf;
use crate::config::ServerSettings;
use crate::domain::{Principal, Result};
use crate::http::Door;

/// Bytes of a block, and of what a cipher begins with.
const BLOCK: usize = 16;

/// What secrets are sealed with.
pub struct Seal([u8; 32]);

impl Seal {
    /// That of the house: of the salt in the settings, or of one that was drawn for this store.
    ///
    /// # Errors
    /// As of any verb.
    pub async fn of(door: &Door, caller: &Principal) -> Result<Self> {
        match &door.settings.server.secret_salt {
            Some(salt) => Ok(Self::new(salt.expose_secret())),
            None => Ok(Self::new(door.engine.shelves().shelf_secret(caller, &shelf("salt")).await?.expose_secret())),
        }
    }

    fn new(salt: &str) -> Self {
        Self(Sha256::digest(salt.as_bytes()).into())
    }

    /// A secret as it is told.
    pub fn seal(&self, plain: &str) -> String {
        let drawn = crate::observe::random_secret();
        let begin: String = drawn.expose_secret().chars().take(2 * BLOCK).collect();
        let Some(iv) = bytes(&begin).and_then(|bytes| <[u8; BLOCK]>::try_from(bytes).ok()) else { return String::new() };
        let mut sealed = vec![0; (plain.len() / BLOCK + 1) * BLOCK];
        sealed[..plain.len()].copy_from_slice(plain.as_bytes());
        let cipher = cbc::Encryptor::<Aes256>::new(&self.0.into(), &iv.into());
        match cipher.encrypt_padded::<Pkcs7>(&mut sealed, plain.len()) {
            Ok(sealed) => format!("{begin}:{}", hexadecimal(sealed)),
            // There is room for the padding, so this does not come; what is told then tells nothing.
            Err(_) => String::new(),
        }
    }

    /// What a sealed text says; `None` = it was sealed with something else.
    pub fn open(&self, sealed: &str) -> Option<String> {
        let (begin, rest) = sealed.split_once(':')?;
        let iv = <[u8; BLOCK]>::try_from(bytes(begin)?).ok()?;
        let mut rest = bytes(rest)?;
        let cipher = cbc::Decryptor::<Aes256>::new(&self.0.into(), &iv.into());
        String::from_utf8(cipher.decrypt_padded::<Pkcs7>(&mut rest).ok()?.to_vec()).ok()
    }

    /// Seals every secret of a character that is not sealed yet. Answers what they say, by name; what was sealed `before`
    /// with something else is left out, and what comes sealed with something else says what it is.
    pub fn seal_all(&self, character: &mut Map<String, Value>, before: &Map<String, Value>) -> BTreeMap<String, String> {
        let known: Vec<String> = places(before).into_iter().map(|(_, value)| value).collect();
        let mut plain = BTreeMap::new();
        for_each(character, &mut |name, value| {
            let Value::String(text) = value else { return };
            if text.is_empty() {
                return;
            }
            let says = if is_sealed(text) {
                let opened = self.open(text);
                if opened.is_none() && known.contains(text) {
                    return;
                }
                opened.unwrap_or_else(|| text.clone())
            } else {
                std::mem::replace(text, self.seal(text))
            };
            plain.entry(name.to_owned()).or_insert(says);
        });
        plain
    }
}

/// The names of the secrets of a character.
pub fn names(character: &Map<String, Value>) -> Vec<String> {
    let mut names: Vec<String> =
        places(character).into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What the server's settings give a character beside its own secrets, by the names that a character has there: its name or
/// its id in capitals, with `_` for other signs. Older versions leave all other signs but spaces as they are.
pub fn of_house(server: &ServerSettings, name: &str, id: &str) -> BTreeMap<String, String> {
    let plain = |text: &str| -> String {
        let letters = text.to_uppercase();
        letters.chars().map(|sign| if sign.is_ascii_alphanumeric() { sign } else { '_' }).collect()
    };
    let mut given = BTreeMap::new();
    for known in [plain(name), name.to_uppercase().replace(' ', "_"), plain(id), id.to_uppercase()] {
        for (secret, value) in server.character_secrets.get(&known).into_iter().flatten() {
            given.entry(secret.clone()).or_insert_with(|| value.expose_secret().to_owned());
        }
    }
    given
}

/// Whether a text has the form in which secrets are told.
pub fn is_sealed(text: &str) -> bool {
    let is_hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split_once(':').is_some_and(|(begin, rest)| {
        begin.len() == 2 * BLOCK
            && !rest.is_empty()
            && rest.len() % (2 * BLOCK) == 0
            && is_hexadecimal(begin)
            && is_hexadecimal(rest)
    })
}

/// Whether a setting that does not stand among the secrets is one all the same, by its name.
fn is_named_so(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["API_KEY", "APIKEY", "_TOKEN", "_SECRET", "PASSWORD", "PRIVATE_KEY"].iter().any(|ending| name.ends_with(ending))
}

/// All places where secrets stand, those that count first.
fn for_each(character: &mut Map<String, Value>, visit: &mut dyn FnMut(&str, &mut Value)) {
    if let Some(Value::Object(secrets)) = character.get_mut("secrets") {
        secrets.iter_mut().for_each(|(name, value)| visit(name, value));
    }
    let Some(Value::Object(settings)) = character.get_mut("settings") else { return };
    settings.iter_mut().filter(|(name, _)| is_named_so(name)).for_each(|(name, value)| visit(name, value));
    if let Some(Value::Object(secrets)) = settings.get_mut("secrets") {
        secrets.iter_mut().for_each(|(name, value)| visit(name, value));
    }
}

fn places(character: &Map<String, Value>) -> Vec<(String, String)> {
    let mut places = Vec::new();
    for_each(&mut character.clone(), &mut |name, value| {
        if let Value::String(text) = value {
            places.push((name.to_owned(), text.clone()));
        }
    });
    places
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok().filter(|_| pair.len() == 2)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_sealed_is_opened_with_the_same_salt_only() {
        let seal = Seal::new("secretsalt");
        for plain in ["", "k", "sk-0123456789abcd", &"ä".repeat(100)] {
            let sealed = seal.seal(plain);
            assert!(is_sealed(&sealed), "{sealed}");
            assert_eq!(seal.open(&sealed).as_deref(), Some(plain));
            assert_ne!(Seal::new("other").open(&sealed).as_deref(), Some(plain));
        }
        assert_ne!(seal.seal("k"), seal.seal("k"));
        // As the original sealed it.
        let theirs = "dd9e167f0b85f734d29b34a90a5c9cc1:a2909adb7971bafc2432beaa89b8156f";
        assert_eq!((is_sealed(theirs), seal.open(theirs).as_deref()), (true, Some("plain")));
        let theirs = "000102030405060708090a0b0c0d0e0f:";
        for wrong in ["", "x", "sk-mock", theirs, &format!("{theirs}00"), "zz:00"] {
            assert!(!is_sealed(wrong) && seal.open(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_character_is_given_secrets_by_its_name_or_id() {
        let id = "0a1b2c3d-0000-4000-8000-00000000000f";
        let mut server = ServerSettings::default();
        for (name, secret) in [
            ("ADA_L_VELACE", "A"),
            ("ADA_LÖVELACE", "B"),
            ("0A1B2C3D_0000_4000_8000_00000000000F", "C"),
            ("ADA", "NO"),
            ("", "NO"),
        ] {
            let secrets = server.character_secrets.entry(name.to_owned()).or_default();
            secrets.insert(secret.to_owned(), name.to_owned().into());
        }
        let given = of_house(&server, "Ada Lövelace", id);
        assert_eq!(given.keys().collect::<Vec<_>>(), ["A", "B", "C"]);
        assert_eq!(given["A"], "ADA_L_VELACE");
    }

    #[test]
    fn every_place_of_secrets_is_sealed_once() {
        let seal = Seal::new("s");
        let foreign = Seal::new("t").seal("theirs");
        let given = json!({
            "name": "Ada", "secrets": {"KEY": "mine", "N": 1, "EMPTY": ""},
            "settings": {"voice": "x", "OPENAI_API_KEY": "sk", "secrets": {"KEY": "other", "FOREIGN": foreign}}
        });
        let Value::Object(mut character) = given else { panic!("an object") };
        let plain = seal.seal_all(&mut character, &Map::new());
        let of = |name: &str| plain.get(name).map(String::as_str);
        assert_eq!([of("KEY"), of("OPENAI_API_KEY"), of("FOREIGN")], [Some("mine"), Some("sk"), Some(foreign.as_str())]);
        assert_eq!(plain.len(), 3);
        let text = serde_json::to_string(&character).unwrap();
        assert!(!text.contains("mine") && !text.contains("other") && !text.contains("\"sk\""), "{text}");
        assert_eq!(character["secrets"]["N"], 1);
        let mut again = character.clone();
        let plain = seal.seal_all(&mut again, &character);
        assert_eq!((again == character, plain.get("KEY").map(String::as_str)), (true, Some("mine")));
        // What was sealed before with what nobody has any more stays, and says nothing new.
        assert!(Seal::new("new").seal_all(&mut again, &character).is_empty());
        assert_eq!(names(&character), ["FOREIGN", "KEY", "OPENAI_API_KEY"]);
    }
}
