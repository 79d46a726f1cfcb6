//! Who calls. Every verb has a principal; every fact has an actor.

use serde::{Deserialize, Serialize};

use super::{KeyId, Timestamp, UserId};

/// What kind of caller it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// A person, at a shell or in a browser.
    Person,
    /// An agent of the house.
    Agent,
    /// The house itself: recovery, dispatch, clean-up.
    House,
}

/// What a principal may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything.
    All,
    /// Use all sessions, and administer nothing: no commands are run for it.
    Use,
    /// Read everything, change nothing.
    Read,
    /// Read and ask in one session.
    Session(String),
    /// Make, use and read sessions of every agent, with their files; read agents.
    Sessions,
    /// Make, change and read agents.
    Agents,
    /// Mint tokens, and revoke them.
    Mint,
    /// Make, use and read sessions of one agent. With a session: read and ask in that one, and make none.
    Agent {
        /// The agent.
        name: String,
        /// The only session; absent = all of the agent.
        session: Option<String>,
    },
}

/// The key or token that proved who calls. It holds no word that opens anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Its id.
    pub id: KeyId,
    /// The SHA-256 of its word, in hexadecimal: what it is kept under.
    pub hash: String,
    /// The doors that it opens, by name; absent = all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doors: Option<Vec<String>>,
    /// When it opens nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// Who calls, and what they may do. All credentials of all doors verify to one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// The name that stands in the log.
    pub name: String,
    /// What kind of caller it is.
    pub kind: PrincipalKind,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Their account; absent = they call without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The key or token that proved it; absent = something else did, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Credential>,
    /// The only door that it may enter, where no kept key says which; absent = those of the credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_door: Option<String>,
}

impl Principal {
    /// The person who runs the program on this machine: may do everything.
    pub fn local(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: PrincipalKind::Person,
            scopes: vec![Scope::All],
            user: None,
            credential: None,
            only_door: None,
        }
    }

    /// Somebody who reached a door on this machine without proof of who they are.
    pub fn unproven() -> Self {
        Self { scopes: vec![Scope::Use], ..Self::local("local") }
    }

    /// Whether it may do what administers the house: run commands, start servers, change the environment.
    pub fn is_admin(&self) -> bool {
        self.scopes.contains(&Scope::All)
    }

    /// Whether it may read the definitions of agents as they were written. Who holds a minted token asks its agent, and
    /// does not read it.
    pub fn may_read_definitions(&self) -> bool {
        let reads = |scope: &Scope| matches!(scope, Scope::All | Scope::Use | Scope::Read | Scope::Sessions | Scope::Agents);
        self.scopes.iter().any(reads)
    }

    /// Whether it may write definitions of agents, and have them checked.
    pub fn may_write_definitions(&self) -> bool {
        self.scopes.iter().any(|scope| matches!(scope, Scope::All | Scope::Use | Scope::Agents))
    }

    /// The house itself.
    pub fn house() -> Self {
        Self { kind: PrincipalKind::House, ..Self::local("ombud") }
    }

    /// Whether it may come in by a door of this name.
    pub fn may_enter(&self, door: &str) -> bool {
        let doors = self.credential.as_ref().and_then(|credential| credential.doors.as_ref());
        self.only_door.as_deref().is_none_or(|only| only == door)
            && doors.is_none_or(|doors| doors.iter().any(|open| open == door))
    }

    /// How this principal stands in the log.
    pub fn actor(&self) -> Actor {
        Actor { kind: self.kind, name: self.name.clone() }
    }
}

/// Who did it, as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// What kind of actor it is.
    pub kind: PrincipalKind,
    /// Its name.
    pub name: String,
}

impl Actor {
    /// An agent of the house.
    pub fn agent(name: impl Into<String>) -> Self {
        Self { kind: PrincipalKind::Agent, name: name.into() }
    }

    /// The house itself.
    pub fn house() -> Self {
        Principal::house().actor()
    }
}
