//! Who is who: this API knows people and agents by ids of one kind, the house knows agents by their names.

use std::collections::HashMap;

use super::errors::ElizaError;
use super::{agents, ids};
use crate::domain::{AgentState, Author, AuthorKind, ErrorCode, Participant, Person, Principal, Session};
use crate::engine::{AgentItem, Engine};

/// Longest name that is shown, in bytes, of what clients send.
const NAME_BYTES: usize = 256;

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name in the house.
    pub agent: String,
    /// Its id here.
    pub id: String,
    /// The name that it is shown by.
    pub shown: String,
    /// Whether it takes work.
    pub active: bool,
}

impl Known {
    fn of(item: &AgentItem) -> Self {
        Self {
            agent: item.agent.name.clone(),
            id: agents::id_of(item).to_ascii_lowercase(),
            shown: agents::shown(item),
            active: item.agent.state == AgentState::Active,
        }
    }
}

/// All agents, by both names.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    all: Vec<Known>,
    by_id: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
}

impl Directory {
    /// The agents as they are now.
    ///
    /// # Errors
    /// As the engine tells them.
    pub async fn read(engine: &dyn Engine, caller: &Principal) -> Result<Self, ElizaError> {
        let items = engine.agents(caller).await?;
        Ok(Self::of(items.values().map(Known::of)))
    }

    fn of(all: impl Iterator<Item = Known>) -> Self {
        let mut directory = Self::default();
        all.for_each(|known| directory.add(known));
        directory
    }

    fn add(&mut self, known: Known) {
        let at = self.all.len();
        self.by_id.entry(known.id.clone()).or_insert(at);
        self.by_name.insert(known.agent.clone(), at);
        self.all.push(known);
    }

    /// Looks an agent up by its name in the house, and knows it from then on as it is now.
    ///
    /// # Errors
    /// As the engine tells them, but for one that is gone.
    pub async fn learn(&mut self, engine: &dyn Engine, caller: &Principal, agent: &str) -> crate::domain::Result<()> {
        let item = match engine.agent(caller, agent).await {
            Ok(item) => item,
            Err(error) if error.code == ErrorCode::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let known = Known::of(&item);
        match self.by_name.get(agent).and_then(|at| self.all.get_mut(*at)) {
            Some(there) => *there = known,
            None => self.add(known),
        }
        Ok(())
    }

    /// All of them, by their names in the house.
    pub fn all(&self) -> impl Iterator<Item = &Known> {
        self.all.iter()
    }

    /// The agent of an id, in lower case.
    pub fn by_id(&self, id: &str) -> Option<&Known> {
        self.by_id.get(id).and_then(|at| self.all.get(*at))
    }

    /// The agent of a name in the house.
    pub fn by_name(&self, agent: &str) -> Option<&Known> {
        self.by_name.get(agent).and_then(|at| self.all.get(*at))
    }

    /// The id of an agent by its name in the house; one that is gone has that of its name.
    pub fn id_of(&self, agent: &str) -> String {
        self.by_name(agent).map_or_else(|| ids::of_name(agent), |known| known.id.clone())
    }

    /// Who an id is, as the house knows them. `name` is what a person is shown by.
    pub fn participant(&self, id: &str, name: Option<&str>) -> Participant {
        match self.by_id(id) {
            Some(known) => Participant::agent(&known.agent),
            None => Participant::Person(Person { id: id.to_owned(), name: name.and_then(fitting) }),
        }
    }

    /// The id of somebody who takes part.
    pub fn id(&self, participant: &Participant) -> String {
        match participant {
            Participant::Person(person) => person_id(&person.id),
            Participant::Agent { agent } => self.id_of(agent),
        }
    }

    /// The ids of all who take part in a session.
    pub fn taking_part(&self, session: &Session) -> Vec<String> {
        let mut ids: Vec<String> = session.participants.iter().map(|participant| self.id(participant)).collect();
        let own = session.agents().into_iter().filter(|_| !super::channels::is_own(session));
        for agent in own.map(|agent| self.id_of(agent)) {
            if !ids.contains(&agent) {
                ids.push(agent);
            }
        }
        ids
    }

    /// The id and the name of an author; nothing where nobody said it.
    pub fn author(&self, author: &Author) -> Option<(String, String)> {
        match author.kind {
            AuthorKind::Person => {
                let id = author.id.as_deref().map_or_else(|| ids::of_name(&author.name), person_id);
                Some((id, author.name.clone()))
            }
            AuthorKind::Agent => {
                let shown = self.by_name(&author.name).map_or_else(|| author.name.clone(), |known| known.shown.clone());
                Some((self.id_of(&author.name), shown))
            }
            AuthorKind::Environment => None,
        }
    }
}

/// The id of a person: other doors know people by texts that are no ids here.
fn person_id(id: &str) -> String {
    if ids::is_id(id) { id.to_owned() } else { ids::of_name(id) }
}

/// What of a name can be shown.
fn fitting(name: &str) -> Option<String> {
    let mut name: String = name.chars().filter(|sign| !sign.is_control()).collect();
    let end = (0..=NAME_BYTES.min(name.len())).rev().find(|end| name.is_char_boundary(*end)).unwrap_or_default();
    name.truncate(end);
    Some(name).filter(|name| !name.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_told_from_people() {
        let (ada, anna) = (ids::of_name("Ada L."), ids::of_name("anna"));
        let known = Known { agent: "ada-l".into(), id: ada.clone(), shown: "Ada L.".into(), active: true };
        let directory = Directory::of([known].into_iter());
        assert_eq!(directory.participant(&ada, Some("x")), Participant::agent("ada-l"));
        let person = Participant::Person(Person { id: anna.clone(), name: Some("Anna".into()) });
        assert_eq!(directory.participant(&anna, Some("An\nna")), person);
        assert_eq!([directory.id(&person), directory.id(&Participant::agent("ada-l"))], [anna, ada.clone()]);
        let author = |kind, name: &str| directory.author(&Author::named(kind, name));
        assert_eq!(author(AuthorKind::Agent, "ada-l"), Some((ada, "Ada L.".into())));
        assert_eq!(author(AuthorKind::Agent, "gone"), Some((ids::of_name("gone"), "gone".into())));
        assert_eq!(author(AuthorKind::Person, "me"), Some((ids::of_name("me"), "me".into())));
        assert_eq!(author(AuthorKind::Environment, "file"), None);
    }

    #[test]
    fn a_name_is_cut_to_what_can_be_shown() {
        assert_eq!((fitting(" \n"), fitting("")), (None, None));
        assert_eq!(fitting(&"ä".repeat(200)).unwrap().len(), NAME_BYTES);
    }
}
