//! Who takes part in a session: people, whom a door knows by an id of its own, and agents.

use serde::{Deserialize, Serialize};

use super::{Agent, Error, Result};

/// A person, as a door names them. It need not be anybody who calls: one caller may speak for several people.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Their id: 1 to 256 bytes, without control characters.
    pub id: String,
    /// The name that is shown; absent = the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Person {
    /// Most bytes of an id, and of a name.
    const BYTES: usize = 256;

    /// The name that is shown.
    pub fn shown(&self) -> &str {
        self.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&self.id)
    }
}

/// Somebody who takes part in a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Participant {
    /// A person.
    Person(Person),
    /// An agent.
    Agent {
        /// Its name.
        agent: String,
    },
}

impl Participant {
    /// Most of them in one session.
    pub const MOST: usize = 256;

    /// A person with an id, who is shown by it.
    pub fn person(id: impl Into<String>) -> Self {
        Self::Person(Person { id: id.into(), name: None })
    }

    /// An agent.
    pub fn agent(name: impl Into<String>) -> Self {
        Self::Agent { agent: name.into() }
    }

    /// The agent's name, of an agent.
    pub fn as_agent(&self) -> Option<&str> {
        match self {
            Self::Agent { agent } => Some(agent),
            Self::Person(_) => None,
        }
    }

    /// Whether it is the same person or agent, whatever name is shown.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Person(one), Self::Person(other)) => one.id == other.id,
            (Self::Agent { agent: one }, Self::Agent { agent: other }) => one == other,
            (Self::Person(_), Self::Agent { .. }) | (Self::Agent { .. }, Self::Person(_)) => false,
        }
    }

    /// What a store finds it by.
    pub fn key(&self) -> String {
        match self {
            Self::Person(person) => format!("person:{}", person.id),
            Self::Agent { agent } => format!("agent:{agent}"),
        }
    }

    /// Checks its words.
    ///
    /// # Errors
    /// `invalid_input`.
    pub fn check(&self) -> Result<()> {
        let fits = |text: &str| !text.is_empty() && text.len() <= Person::BYTES && !text.chars().any(char::is_control);
        match self {
            Self::Person(person) if !fits(&person.id) => {
                let message =
                    format!("the id of a person must have 1 to {} bytes, without control characters", Person::BYTES);
                Err(Error::invalid(message))
            }
            Self::Person(Person { name: Some(name), .. }) if !name.is_empty() && !fits(name) => {
                let message = format!("the name of a person may have {} bytes, without control characters", Person::BYTES);
                Err(Error::invalid(message))
            }
            Self::Agent { agent } if !Agent::is_name(agent) => {
                Err(Error::invalid("this cannot be the name of an agent")
                    .hint("use letters, digits, `_` and `-`, at most 64"))
            }
            Self::Person(_) | Self::Agent { .. } => Ok(()),
        }
    }
}

/// Adds one who comes, or gives one who is there another name.
pub(super) fn join(all: &mut Vec<Participant>, who: &Participant) {
    match all.iter_mut().find(|there| there.is_same(who)) {
        Some(there) => there.clone_from(who),
        None => all.push(who.clone()),
    }
}

/// Takes one away.
pub(super) fn leave(all: &mut Vec<Participant>, who: &Participant) {
    all.retain(|there| !there.is_same(who));
}

/// The agents among some: where there are none, the session's own.
pub(super) fn agents<'a>(all: &'a [Participant], own: &'a str) -> Vec<&'a str> {
    let agents: Vec<_> = all.iter().filter_map(Participant::as_agent).collect();
    if agents.is_empty() { vec![own] } else { agents }
}

/// Whether one agent and at most one person are among some.
pub(super) fn is_of_two(all: &[Participant]) -> bool {
    let agents = all.iter().filter(|participant| participant.as_agent().is_some()).count();
    agents <= 1 && all.len() - agents <= 1
}

/// How many have answered a message of a person because an agent named them: agents answer each other only so often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The message that began it.
    pub root: super::MessageId,
    /// How many were asked by agents since.
    pub asked: u32,
}

impl Exchange {
    /// Most messages of which it is known, beside those that still wait for answers; agents do not answer each other about
    /// older ones.
    pub(super) const KEPT: usize = 32;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_participant_is_one_flat_object() {
        let anna = Participant::Person(Person { id: "u1".into(), name: Some("Anna".into()) });
        let text = serde_json::to_string(&[anna.clone(), Participant::agent("alpha")]).unwrap();
        assert_eq!(text, r#"[{"kind":"person","id":"u1","name":"Anna"},{"kind":"agent","agent":"alpha"}]"#);
        assert_eq!(serde_json::from_str::<Vec<Participant>>(&text).unwrap(), [anna, Participant::agent("alpha")]);
    }

    #[test]
    fn who_comes_again_has_another_name_and_the_same_place() {
        let mut all = Vec::new();
        for who in [Participant::person("a"), Participant::agent("a"), Participant::person("b")] {
            join(&mut all, &who);
        }
        join(&mut all, &Participant::Person(Person { id: "a".into(), name: Some("Anna".into()) }));
        assert_eq!(all.iter().map(Participant::key).collect::<Vec<_>>(), ["person:a", "agent:a", "person:b"]);
        assert!(matches!(&all[0], Participant::Person(person) if person.shown() == "Anna"));
        leave(&mut all, &Participant::person("a"));
        leave(&mut all, &Participant::person("none"));
        assert_eq!(all, [Participant::agent("a"), Participant::person("b")]);
    }

    #[test]
    fn words_are_checked() {
        for wrong in [
            Participant::person(""),
            Participant::person("a\nb"),
            Participant::person("x".repeat(257)),
            Participant::Person(Person { id: "a".into(), name: Some("a\tb".into()) }),
            Participant::agent("a b"),
        ] {
            assert_eq!(wrong.check().unwrap_err().code, crate::domain::ErrorCode::InvalidInput, "{wrong:?}");
        }
        assert!(Participant::person("x".repeat(256)).check().is_ok());
    }
}
