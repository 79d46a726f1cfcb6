//! Sessions of several: who takes part, who answers, what is taken away, and what agents are shown.

mod distance;
mod memories;
mod redacting;
mod several;
mod shelves;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures_util::StreamExt as _;
use ombud::config::{Provider, Wire};
use ombud::domain::{
    Agent, Cursor, ErrorCode, Fact, Frame, ModelChoice, Participant, Person, Principal, RunFinished, RunId, Scope, Session,
    SessionId, SessionUpdated,
};
use ombud::engine::{Answering, Ask, Asked, Engine, House, NewSession, OnBusy, SessionFilter, Target};
use ombud::storage::StoreUrl;
use serde_json::Value;

use crate::support::house::{PATIENCE, answer, log, open, question, settings, somebody};
use crate::support::model_server::{Answer, ModelServer, Request};

/// A house with agents that have a model each.
pub struct Room {
    pub house: Arc<House>,
    pub models: BTreeMap<String, ModelServer>,
    pub folder: tempfile::TempDir,
}

/// An agent, and what its model says.
pub type Seat = (Agent, Vec<Answer>);

pub fn seat(name: &str, script: Vec<Answer>) -> Seat {
    (Agent { name: name.into(), instructions: format!("You are {name}.").into(), ..Agent::default() }, script)
}

impl Room {
    pub async fn with(seats: Vec<Seat>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut models = BTreeMap::new();
        let mut agents = Vec::new();
        for (agent, script) in seats {
            models.insert(agent.name.clone(), ModelServer::start(Wire::Openai, script));
            agents.push(agent);
        }
        let mut wanted = settings(models.values().next().unwrap(), folder.path());
        for mut agent in agents {
            let base_url = models[&agent.name].base_url();
            let provider = Provider { wire: Wire::Openai, base_url, api_key: None, headers: BTreeMap::new() };
            wanted.providers.insert(agent.name.clone(), provider);
            agent.model = Some(ModelChoice::new(&agent.name, "small"));
            wanted.agents.insert(agent.name.clone(), agent);
        }
        let url = StoreUrl::Sqlite(folder.path().join("store.db"));
        Self { house: Arc::new(open(wanted, &url).await), models, folder }
    }

    /// A session in which all agents and these people take part.
    pub async fn session(&self, people: &[&str]) -> SessionId {
        let people = people.iter().map(|id| person(id));
        let participants = people.chain(self.models.keys().map(Participant::agent)).collect();
        let agent = self.models.keys().next().cloned();
        let new = NewSession { participants, agent, ..NewSession::default() };
        self.house.create(&somebody(), new).await.unwrap().id
    }

    pub async fn ask(&self, ask: Ask) -> Asked {
        self.house.ask(&somebody(), ask).await.unwrap()
    }

    /// Asks, and waits until all runs have ended.
    pub async fn says(&self, ask: Ask) -> Vec<RunFinished> {
        let asked = self.ask(ask).await;
        let ends = self.ends(&asked.session, asked.before, asked.runs.len()).await;
        for run in &asked.runs {
            assert!(ends.iter().any(|(of, _)| of == run), "{ends:?}");
        }
        ends.into_iter().map(|(_, end)| end).collect()
    }

    /// The ends of so many runs, in the order of the log.
    pub async fn ends(&self, session: &SessionId, after: Cursor, count: usize) -> Vec<(RunId, RunFinished)> {
        let mut stream = self.house.subscribe(&somebody(), session, Some(after)).await.unwrap();
        let mut ends = Vec::new();
        while ends.len() < count {
            let next = tokio::time::timeout(PATIENCE, stream.next()).await;
            let frame = next.unwrap_or_else(|_| panic!("only {ends:?} ended")).unwrap().unwrap();
            if let Frame::Fact(event) = &frame
                && let Fact::RunFinished(finished) = &event.fact
            {
                ends.push((event.run.clone().unwrap(), finished.clone()));
            }
        }
        ends
    }

    /// What people are shown, with who says it.
    pub async fn shown(&self, session: &SessionId) -> Vec<(String, String)> {
        let page = self.house.messages(&somebody(), session, None, 1_000).await.unwrap();
        page.messages.into_iter().map(|shown| (shown.message.author.name.clone(), shown.message.text())).collect()
    }
}

pub fn person(id: &str) -> Participant {
    Participant::Person(Person { id: id.to_lowercase(), name: Some(id.to_owned()) })
}

/// Somebody says something to all who take part.
pub fn by(who: &str, session: &SessionId, text: &str) -> Ask {
    Ask {
        target: Target::Existing(session.clone()),
        author: Some(person(who)),
        answering: Answering::Participants,
        on_busy: OnBusy::Queue,
        ..question(text)
    }
}

/// What a model was shown, without its instructions.
pub fn said(request: &Request) -> Vec<String> {
    let messages = request.body["messages"].as_array().unwrap();
    let text = |message: &Value| match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    };
    messages[1..].iter().map(text).collect()
}

fn keys(session: &Session) -> Vec<String> {
    session.participants.iter().map(Participant::key).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn participants_come_and_go() {
    let room = Room::with(vec![seat("alpha", vec![]), seat("beta", vec![])]).await;
    let (channels, me) = (room.house.channels(), somebody());
    let id = room.session(&["Anna"]).await;
    let made = room.house.session(&me, &id).await.unwrap().summary.session;
    assert_eq!(keys(&made), ["person:anna", "agent:alpha", "agent:beta"]);
    let other = room.house.create(&me, NewSession::default()).await.unwrap().id;

    let joined = channels.join(&me, &id, vec![person("Ben"), Participant::agent("alpha")]).await.unwrap();
    assert_eq!(keys(&joined), ["person:anna", "agent:alpha", "agent:beta", "person:ben"]);
    let renamed = Participant::Person(Person { id: "anna".into(), name: Some("Anna B".into()) });
    let joined = channels.join(&me, &id, vec![renamed.clone(), renamed.clone()]).await.unwrap();
    assert_eq!(joined.participants[0], renamed);
    let left = channels.leave(&me, &id, vec![Participant::agent("beta"), person("nobody")]).await.unwrap();
    assert_eq!(keys(&left), ["person:anna", "agent:alpha", "person:ben"]);
    // Again, nothing is written.
    channels.leave(&me, &id, vec![Participant::agent("beta")]).await.unwrap();
    channels.join(&me, &id, vec![renamed]).await.unwrap();
    let seated = channels.seat(&me, &id, vec![person("Ben"), Participant::agent("beta")]).await.unwrap();
    assert_eq!(keys(&seated), ["person:ben", "agent:beta"]);
    channels.seat(&me, &id, vec![person("Ben"), Participant::agent("beta")]).await.unwrap();
    let (joined, left) = ("participant.joined", "participant.left");
    assert_eq!(log(&room.house, &id).await, ["session.created", joined, joined, left, left, left, joined]);

    let listed = async |who: Participant| {
        let filter = SessionFilter { participant: Some(who), limit: 9, ..SessionFilter::default() };
        let page = room.house.sessions(&me, &filter).await.unwrap();
        page.sessions.into_iter().map(|item| item.summary.session.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(person("BEN")).await, std::slice::from_ref(&id));
    assert_eq!(listed(person("Anna")).await, []);
    assert_eq!(listed(Participant::agent("beta")).await, std::slice::from_ref(&id));
    assert_eq!(listed(Participant::agent("alpha")).await, []);
    // An agent takes part in its own sessions where no agent has come.
    assert_eq!(listed(Participant::agent("default")).await, std::slice::from_ref(&other));

    let refused = async |who: Vec<Participant>| channels.join(&me, &id, who).await.unwrap_err().code;
    assert_eq!(refused(vec![Participant::agent("gamma")]).await, ErrorCode::NotFound);
    assert_eq!(refused(vec![Participant::person("")]).await, ErrorCode::InvalidInput);
    let many = |from: usize, to: usize| (from..to).map(|n| Participant::person(n.to_string())).collect::<Vec<_>>();
    assert_eq!(refused(many(0, 257)).await, ErrorCode::TooLarge);
    assert_eq!(refused(many(0, 255)).await, ErrorCode::TooLarge);
    assert_eq!(channels.seat(&me, &id, many(0, 256)).await.unwrap().participants.len(), 256);
    channels.seat(&me, &id, many(100, 356)).await.unwrap();
    // What is said in a session and who takes part are two things.
    room.house
        .update(&me, &id, SessionUpdated { title: Some(Some("t".into())), ..SessionUpdated::default() })
        .await
        .unwrap();
    assert_eq!(room.house.session(&me, &id).await.unwrap().summary.session.participants.len(), 256);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_tell_who_says_them() {
    let script = vec![Answer::text("one"), Answer::text("two"), Answer::text("three")];
    let room = Room::with(vec![seat("alpha", script)]).await;
    let id = room.session(&["Anna", "Ben"]).await;
    room.says(by("Anna", &id, "hi")).await;
    room.says(by("Anna", &id, "more")).await;
    room.says(by("Ben", &id, "me too")).await;
    let page = room.house.messages(&somebody(), &id, None, 9).await.unwrap();
    let authors: Vec<_> =
        page.messages.iter().map(|shown| (&*shown.message.author.name, &shown.message.author.id)).collect();
    let (anna, ben) = (Some("anna".to_owned()), Some("ben".to_owned()));
    let told = [("Anna", &anna), ("alpha", &None), ("Anna", &anna), ("alpha", &None), ("Ben", &ben), ("alpha", &None)];
    assert_eq!(authors, told);
    let requests = room.models["alpha"].requests();
    assert_eq!(said(&requests[1]), ["hi", "one", "more"]);
    assert_eq!(said(&requests[2]), ["Anna: hi", "one", "Anna: more", "two", "Ben: me too"]);
    // The caller did it all the same.
    let events = room.house.events(&somebody(), &id, None, 9).await.unwrap();
    assert!(events.iter().any(|event| event.fact.kind() == "message.posted" && event.actor.name == "somebody"));
    // Who sees only a part of the sessions speaks for itself.
    let bound = Principal { scopes: vec![Scope::Session(id.to_string())], ..somebody() };
    let error = room.house.ask(&bound, by("Ben", &id, "x")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Forbidden);
}

/// What a message of an agent from outside is: said by that agent, whoever calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_may_speak_for_an_agent() {
    let room = Room::with(vec![seat("alpha", vec![Answer::text("one")]), seat("beta", vec![Answer::text("two")])]).await;
    let id = room.session(&["Anna"]).await;
    let of_alpha = |text: &str| Ask { author: Some(Participant::agent("alpha")), ..by("Anna", &id, text) };
    // Nobody is named, so nobody answers.
    let asked = room.ask(of_alpha("good morning")).await;
    assert_eq!((asked.run.clone(), asked.runs.len(), asked.message.is_some()), (None, 0, true));
    let asked = room.ask(of_alpha("what do you say, @beta?")).await;
    answer(&room.house, &asked).await;
    let told = [("alpha", "good morning"), ("alpha", "what do you say, @beta?"), ("beta", "two")];
    assert_eq!(room.shown(&id).await, told.map(|(who, text)| (who.to_owned(), text.to_owned())));
    let requests = room.models["beta"].requests();
    assert_eq!(said(&requests[0]), ["alpha: good morning", "alpha: what do you say, @beta?"]);
    let distinct: HashSet<_> =
        room.house.events(&somebody(), &id, None, 99).await.unwrap().into_iter().map(|e| e.id).collect();
    assert_eq!(distinct.len() as u64, room.house.session(&somebody(), &id).await.unwrap().summary.events);
}
