//! Words that open the house for programs: keys that people make, and tokens that are minted for a short time. What is
//! kept of either is never the word itself.

use serde::{Deserialize, Serialize};

use super::{Credential, KeyId, Principal, PrincipalKind, Scope, SessionId, Timestamp};

/// What a key lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPermission {
    /// Make, use and read sessions, with their files; read agents.
    Sessions,
    /// Make, change, validate, archive and read agents.
    Agents,
    /// Mint tokens, and revoke them.
    Mint,
}

impl KeyPermission {
    /// All, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::Sessions, Self::Agents, Self::Mint];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Agents => "agents",
            Self::Mint => "mint",
        }
    }

    /// The scope that it is.
    pub const fn scope(self) -> Scope {
        match self {
            Self::Sessions => Scope::Sessions,
            Self::Agents => Scope::Agents,
            Self::Mint => Scope::Mint,
        }
    }
}

/// A key of the house, without its word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// Its name: letters, digits, `.`, `_` and `-`, at most 64, the first a letter or digit. No two keys share one.
    pub name: String,
    /// What it lets its holder do.
    pub permissions: Vec<KeyPermission>,
    /// Whether its holder administers the house, which is more than all permissions.
    #[serde(default)]
    pub admin: bool,
    /// The doors that it opens, by name; absent = all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doors: Option<Vec<String>>,
    /// The last four characters of its word, so that people can tell keys apart.
    pub ending: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it opens nothing any more; absent = when it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl Key {
    /// Who calls with it. `hash` is the one that it is kept under.
    pub fn principal(&self, hash: &str) -> Principal {
        let scopes = if self.admin {
            vec![Scope::All]
        } else {
            self.permissions.iter().map(|permission| permission.scope()).collect()
        };
        let credential = Credential {
            id: self.id.clone(),
            hash: hash.to_owned(),
            doors: self.doors.clone(),
            expires_at: self.expires_at,
        };
        let (name, kind) = (format!("key:{}", self.name), PrincipalKind::Person);
        Principal { name, kind, scopes, user: None, credential: Some(credential), only_door: None }
    }
}

/// Who minted a token: it opens nothing any more when that ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Minter {
    /// Whoever holds a key: the hash of its word.
    Key(String),
    /// Somebody who administers the house.
    Admin,
    /// Somebody without proof, where everybody is let in so: counts while that is so.
    Unproven,
}

/// A token that was minted for one agent, without its word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its id.
    pub id: KeyId,
    /// The agent whose sessions it opens.
    pub agent: String,
    /// The only session that it opens; absent = all of the agent, and new ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The doors that it opens, by name; absent = all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doors: Option<Vec<String>>,
    /// The last four characters of its word.
    pub ending: String,
    /// Who minted it.
    pub minter: Minter,
    /// When it was minted.
    pub created_at: Timestamp,
    /// When it opens nothing any more.
    pub expires_at: Timestamp,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

impl Token {
    /// Who calls with it. `hash` is the one that it is kept under.
    pub fn principal(&self, hash: &str) -> Principal {
        let session = self.session.as_ref().map(|session| session.as_str().to_owned());
        let credential = Credential {
            id: self.id.clone(),
            hash: hash.to_owned(),
            doors: self.doors.clone(),
            expires_at: Some(self.expires_at),
        };
        Principal {
            name: format!("token:{}", self.id),
            kind: PrincipalKind::Person,
            scopes: vec![Scope::Agent { name: self.agent.clone(), session }],
            user: None,
            credential: Some(credential),
            only_door: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(admin: bool) -> Key {
        Key {
            id: KeyId::from_text("k"),
            name: "web".to_owned(),
            permissions: vec![KeyPermission::Sessions, KeyPermission::Mint],
            admin,
            doors: Some(vec!["one".to_owned()]),
            ending: "wxyz".to_owned(),
            created_at: Timestamp::from_millis(0),
            expires_at: None,
        }
    }

    #[test]
    fn a_key_is_what_it_was_made_for() {
        let principal = key(false).principal("hash");
        assert_eq!((principal.name.as_str(), principal.is_admin()), ("key:web", false));
        assert_eq!(principal.scopes, [Scope::Sessions, Scope::Mint]);
        assert!(principal.may_enter("one") && !principal.may_enter("two"));
        assert!(key(true).principal("hash").is_admin());
        let everywhere = Key { doors: None, ..key(false) };
        assert!(everywhere.principal("hash").may_enter("two"));
    }

    #[test]
    fn a_token_opens_one_agent() {
        let text = r#"{"id":"t","agent":"a","session":"s","ending":"wxyz","minter":{"key":"hash"},
            "created_at":"2026-11-20T06:32:03.042Z","expires_at":"2026-11-20T07:32:03.042Z"}"#;
        let token: Token = serde_json::from_str(text).unwrap();
        assert_eq!(token.minter, Minter::Key("hash".to_owned()));
        let scope = Scope::Agent { name: "a".to_owned(), session: Some("s".to_owned()) };
        assert_eq!(token.principal("hash").scopes, [scope]);
    }
}
