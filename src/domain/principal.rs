//! Who calls. Every verb has a principal; every fact has an actor.

use serde::{Deserialize, Serialize};

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
}

impl Principal {
    /// The person who runs the program on this machine: may do everything.
    pub fn local(name: impl Into<String>) -> Self {
        Self { name: name.into(), kind: PrincipalKind::Person, scopes: vec![Scope::All] }
    }

    /// Somebody who reached a door on this machine without proof of who they are.
    pub fn unproven() -> Self {
        Self { name: "local".to_owned(), kind: PrincipalKind::Person, scopes: vec![Scope::Use] }
    }

    /// Whether it may do what administers the house: run commands, start servers, change the environment.
    pub fn is_admin(&self) -> bool {
        self.scopes.contains(&Scope::All)
    }

    /// The house itself.
    pub fn house() -> Self {
        Self { name: "ombud".to_owned(), kind: PrincipalKind::House, scopes: vec![Scope::All] }
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
