//! People who have an account in the house.

use serde::{Deserialize, Serialize};

use super::{Credential, Principal, PrincipalKind, Scope, Timestamp, UserId};

/// What a person with an account may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads everything, and changes nothing.
    #[default]
    Viewer,
    /// Uses everything, and administers nothing: starts no tool servers.
    Developer,
    /// Everything.
    Admin,
}

impl Role {
    /// All, the one that may most first.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Developer, Self::Viewer];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Admin => "admin",
        }
    }

    /// Reads its word; `member` is another one for `developer`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "member" => Some(Self::Developer),
            word => Self::ALL.into_iter().find(|role| role.word() == word),
        }
    }

    /// What it lets somebody do.
    pub fn scopes(self) -> Vec<Scope> {
        match self {
            Self::Viewer => vec![Scope::Read],
            Self::Developer => vec![Scope::Use],
            Self::Admin => vec![Scope::All],
        }
    }

    /// Whether it still lets somebody do what a scope does that they were let in with.
    pub fn covers(self, scope: &Scope) -> bool {
        match self {
            Self::Viewer => *scope == Scope::Read,
            Self::Developer => *scope != Scope::All,
            Self::Admin => true,
        }
    }
}

/// A person with an account, without the password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// The name that they log in with: letters, digits, `.`, `_`, `@` and `-`, at most 64, the first a letter or digit. No
    /// two users share one.
    pub name: String,
    /// Their address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What they may do.
    pub role: Role,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl User {
    /// Who calls with a token of this user.
    pub fn principal(&self, credential: Credential) -> Principal {
        Principal {
            name: format!("user:{}", self.name),
            kind: PrincipalKind::Person,
            scopes: self.role.scopes(),
            user: Some(self.id.clone()),
            credential: Some(credential),
            only_door: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_words_and_scopes() {
        let read: Vec<Option<Role>> = ["admin", "developer", "viewer", "member", "Admin", ""].map(Role::parse).into();
        let developer = Some(Role::Developer);
        assert_eq!(read, [Some(Role::Admin), developer, Some(Role::Viewer), developer, None, None]);
        let scopes = Role::ALL.map(Role::scopes);
        assert_eq!(scopes, [vec![Scope::All], vec![Scope::Use], vec![Scope::Read]]);
    }

    #[test]
    fn a_role_covers_itself_and_those_that_may_less() {
        let all = [Scope::All, Scope::Use, Scope::Read, Scope::Session("s".to_owned()), Scope::Mint];
        let covered = |role: Role| all.clone().map(|scope| role.covers(&scope));
        assert_eq!(covered(Role::Admin), [true; 5]);
        assert_eq!(covered(Role::Developer), [false, true, true, true, true]);
        // To ask in one session is more than to read all.
        assert_eq!(covered(Role::Viewer), [false, false, true, false, false]);
    }
}
