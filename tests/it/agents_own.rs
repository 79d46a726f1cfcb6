//! What an agent has of its own: its ways to models, and the secrets that are kept apart from its definition.

use std::collections::BTreeMap;
use std::sync::Arc;

use ombud::config::Wire;
use ombud::domain::{
    Agent, AgentEndpoint, AgentState, Answers, EndpointWire, ErrorCode, ModelChoice, Participant, Principal,
};
use ombud::engine::{Answering, Ask, Begin, Completion, Engine, House, NewSession, Target, Word};
use ombud::storage::{self, StoreUrl};
use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::sync::CancellationToken;

use crate::support::house::{answer, finished, open, question, settings, somebody};
use crate::support::model_server::{Answer, ModelServer, Request};

/// A secret that must be nowhere.
const KEY: &str = "sk-own-0123456789";

fn word(text: &str) -> Word {
    Word::given(SecretString::from(text))
}

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, Word> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), word(value))).collect()
}

/// An agent that asks a server of its own, with a key of its own.
fn own(server: &ModelServer) -> Agent {
    let endpoint =
        AgentEndpoint { wire: Some(EndpointWire::Openai), base_url: Some(server.base_url()), key: Some("KEY".to_owned()) };
    Agent {
        name: "own".into(),
        model: Some(ModelChoice::new("openai", "theirs")),
        endpoints: BTreeMap::from([("openai".to_owned(), endpoint)]),
        secrets: vec!["KEY".to_owned(), "OTHER".to_owned()],
        ..Agent::default()
    }
}

fn to(agent: &str, text: &str) -> Ask {
    let new = NewSession { agent: Some(agent.to_owned()), ..NewSession::default() };
    Ask { target: Target::New(Box::new(new)), ..question(text) }
}

async fn answered(house: &House, ask: Ask) -> Result<String, String> {
    let asked = house.ask(&somebody(), ask).await.map_err(|error| error.message)?;
    let frames = answer(house, &asked).await;
    let end = finished(&frames);
    end.error.clone().map_or_else(|| Ok(end.answer.clone()), |error| Err(error.message))
}

fn keys(requests: &[Request]) -> Vec<Option<&str>> {
    requests.iter().map(|request| request.header("authorization")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_asks_its_own_server_with_its_own_key() {
    let (house_server, theirs) =
        (ModelServer::start(Wire::Openai, vec![Answer::text("house")]), ModelServer::start(Wire::Openai, vec![]));
    (0..3).for_each(|_| theirs.push(Answer::text("theirs")));
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::File(folder.path().join("logs"));
    let mut with = settings(&house_server, folder.path());
    for provider in with.providers.values_mut() {
        provider.api_key = Some(SecretString::from("sk-house-key"));
    }
    let house = open(with.clone(), &url).await;
    let agents = house.agent_secrets();
    let made = agents.create_agent_with(&somebody(), own(&theirs), values(&[("KEY", KEY), ("OTHER", "x")])).await.unwrap();
    assert_eq!((made.agent.clone(), made.model.to_string()), (own(&theirs), "openai/theirs".to_owned()));
    assert_eq!(answered(&house, to("own", "hi")).await, Ok("theirs".to_owned()));
    // Also outside of sessions, and after everything was opened again.
    drop(house);
    let house = open(with, &url).await;
    let completion = Completion { agent: Some("own".to_owned()), prompt: "a title".to_owned(), ..Completion::default() };
    assert_eq!(house.complete(&somebody(), completion).await.unwrap().text, "theirs");
    assert_eq!(answered(&house, to("own", "hi")).await, Ok("theirs".to_owned()));
    assert_eq!(answered(&house, to("default", "hi")).await, Ok("house".to_owned()));
    let (theirs, houses) = (theirs.finish(), house_server.finish());
    assert_eq!(keys(&theirs), [Some(format!("Bearer {KEY}").as_str()); 3]);
    assert_eq!(keys(&houses), [Some("Bearer sk-house-key")]);
    assert!(theirs.iter().all(|request| request.body["model"] == "theirs"), "{theirs:?}");
    // The key lies with the secrets, and nowhere else.
    let store = storage::open(&url).await.unwrap();
    let secrets = store.secrets().await.unwrap();
    assert!(secrets.iter().any(|secret| secret.expose_secret() == KEY));
    for kind in ["agent", "agent_revision", "agent_archived"] {
        let records = store.records(kind).await.unwrap();
        assert!(records.iter().all(|record| !record.body.contains(KEY)), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_the_house_goes_to_no_address_of_an_agent() {
    let (house_server, theirs) = (
        ModelServer::start(Wire::Openai, vec![Answer::text("house")]),
        ModelServer::start(Wire::Openai, vec![Answer::text("theirs")]),
    );
    let folder = tempfile::tempdir().unwrap();
    let mut with = settings(&house_server, folder.path());
    let mut provider = with.providers["house"].clone();
    provider.api_key = Some(SecretString::from("sk-house-key"));
    provider.headers.insert("x-gateway".to_owned(), SecretString::from("gateway-secret"));
    with.providers.insert("openai".to_owned(), provider);
    let house = open(with, &StoreUrl::Memory).await;
    let way = |base_url: Option<String>, key: Option<&str>| {
        let endpoint = AgentEndpoint { wire: None, base_url, key: key.map(str::to_owned) };
        let secrets = key.map(str::to_owned).into_iter().collect();
        Agent { endpoints: BTreeMap::from([("openai".to_owned(), endpoint)]), secrets, ..own(&theirs) }
    };
    let agents = house.agent_secrets();
    // An address of its own and no key.
    agents.create_agent_with(&somebody(), way(Some(theirs.base_url()), None), values(&[])).await.unwrap();
    assert_eq!(answered(&house, to("own", "hi")).await, Ok("theirs".to_owned()));
    // A key of its own, and the house's address.
    let definition = way(None, Some("KEY"));
    agents.update_agent_with(&somebody(), "own", definition, None, values(&[("KEY", KEY)])).await.unwrap();
    assert_eq!(answered(&house, to("own", "hi")).await, Ok("house".to_owned()));
    let (theirs, houses) = (theirs.finish(), house_server.finish());
    assert_eq!((keys(&theirs), theirs[0].header("x-gateway")), (vec![None], None));
    assert_eq!(keys(&houses), [Some(format!("Bearer {KEY}").as_str())]);
    assert_eq!(houses[0].header("x-gateway"), Some("gateway-secret"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_goes_only_where_it_was_meant_to_go() {
    let theirs = ModelServer::start(Wire::Openai, vec![Answer::text("one"), Answer::text("two")]);
    let other = ModelServer::start(Wire::Openai, vec![Answer::text("other").always()]);
    let folder = tempfile::tempdir().unwrap();
    let house = Arc::new(open(settings(&other, folder.path()), &StoreUrl::Memory).await);
    let me = somebody();
    let agents = house.agent_secrets();
    agents.create_agent_with(&me, own(&theirs), values(&[("KEY", KEY), ("OTHER", "x")])).await.unwrap();
    assert_eq!(answered(&house, to("own", "hi")).await, Ok("one".to_owned()));
    // A run that waits has pinned the way of its beginning.
    let waiting = house.ask(&me, Ask { begin: Begin::InTurn, ..to("own", "wait") }).await.unwrap();
    let next = values(&[("KEY", "sk-new-0123456789")]);
    agents.update_agent_with(&me, "own", own(&other), None, next).await.unwrap();
    assert_eq!(answered(&house, to("own", "now")).await, Ok("other".to_owned()));
    assert_eq!(other.requests()[0].header("authorization"), Some("Bearer sk-new-0123456789"));
    let stop = CancellationToken::new();
    let (attending, stopping) = (Arc::clone(&house), stop.clone());
    let attending = tokio::spawn(async move { attending.attend_to_queue(stopping).await });
    let frames = answer(&house, &waiting).await;
    let error = finished(&frames).error.clone().unwrap();
    stop.cancel();
    attending.await.unwrap().unwrap();
    assert_eq!(error.message, "the way of agent `own` to its provider `openai` was changed since the run was asked for");
    // Rotated at the same address: the next run has the new one.
    agents.update_agent_with(&me, "own", own(&theirs), None, values(&[("KEY", KEY)])).await.unwrap();
    agents.update_agent_with(&me, "own", own(&theirs), None, values(&[("KEY", "sk-last-0123456789")])).await.unwrap();
    assert_eq!(answered(&house, to("own", "hi")).await, Ok("two".to_owned()));
    let keys: Vec<_> = theirs.finish().iter().map(|request| request.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(keys, [format!("Bearer {KEY}"), "Bearer sk-last-0123456789".to_owned()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_administers_nothing_says_no_address_and_values_belong_to_names() {
    let server = ModelServer::start(Wire::Openai, vec![]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let (me, local) = (somebody(), Principal::unproven());
    let agents = house.agent_secrets();
    let both = values(&[("KEY", KEY), ("OTHER", "x")]);
    let error = agents.create_agent_with(&local, own(&server), both.clone()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Forbidden);
    assert_eq!(error.message, "`local` may not say at which address the model of agent `own` is asked");
    assert_eq!(error.hint.as_deref(), Some("start the server with `--allow-local-admin`, or call it with a token"));
    for (given, told) in [
        (values(&[("KEY", KEY)]), "there is no value for the secret `OTHER` of the agent"),
        (
            values(&[("KEY", KEY), ("OTHER", "x"), ("MORE", "y")]),
            "there is a value for `MORE`, which is no secret of the agent",
        ),
        (
            values(&[("KEY", "two words"), ("OTHER", "x")]),
            "the value of `KEY` is too long, or holds what cannot stand there",
        ),
    ] {
        let error = agents.create_agent_with(&me, own(&server), given).await.unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (ErrorCode::InvalidInput, told));
    }
    agents.create_agent_with(&me, own(&server), both).await.unwrap();
    // Values that are there stay, those that are named no more go, and with the agent all of them.
    let less = Agent { secrets: vec!["KEY".to_owned()], ..own(&server) };
    agents.update_agent_with(&me, "own", less.clone(), None, values(&[])).await.unwrap();
    let error = agents.update_agent_with(&me, "own", own(&server), None, values(&[])).await.unwrap_err();
    assert_eq!(error.message, "there is no value for the secret `OTHER` of the agent");
    house.remove_agent(&me, "own").await.unwrap();
    let error = agents.create_agent_with(&me, less, values(&[])).await.unwrap_err();
    assert_eq!(error.message, "there is no value for the secret `KEY` of the agent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_is_set_without_making_the_definition_ones_own() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("ok").always()]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let local = Principal::unproven();
    let idle = Agent { name: "idle".into(), state: AgentState::Inactive, ..Agent::default() };
    let made = house.create_agent(&local, idle).await.unwrap();
    let started = house.set_agent_state(&somebody(), "idle", AgentState::Active).await.unwrap();
    assert_eq!((started.agent.state, started.trusted, &started.written_by), (AgentState::Active, false, &made.written_by));
    assert_eq!(house.set_agent_state(&local, "idle", AgentState::Active).await, Ok(started));
    assert_eq!(answered(&house, to("idle", "hi")).await, Ok("ok".to_owned()));
    house.set_agent_state(&local, "idle", AgentState::Inactive).await.unwrap();
    assert_eq!(answered(&house, to("idle", "hi")).await, Err("agent `idle` is inactive".to_owned()));
    house.create_agent(&somebody(), Agent { name: "mine".into(), ..Agent::default() }).await.unwrap();
    for (named, code) in [("mine", ErrorCode::Forbidden), ("default", ErrorCode::Forbidden), ("none", ErrorCode::NotFound)] {
        assert_eq!(house.set_agent_state(&local, named, AgentState::Inactive).await.unwrap_err().code, code, "{named}");
    }
}

/// The one that says whether an agent answers is asked in the agent's way as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_judge_is_asked_in_the_way_of_its_agent() {
    let house_server = ModelServer::start(Wire::Openai, vec![]);
    let theirs = ModelServer::start(Wire::Openai, vec![Answer::text("RESPOND"), Answer::text("here I am")]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(settings(&house_server, folder.path()), &StoreUrl::Memory).await;
    let judge = Some(ModelChoice::new("openai", "small"));
    let agent = Agent { answers: Answers::Judged, judge, ..own(&theirs) };
    house.agent_secrets().create_agent_with(&somebody(), agent, values(&[("KEY", KEY), ("OTHER", "x")])).await.unwrap();
    let people = ["ann", "ben"].map(Participant::person);
    let participants = people.into_iter().chain([Participant::agent("own")]).collect();
    let new = NewSession { agent: Some("own".to_owned()), participants, ..NewSession::default() };
    let ask = Ask { target: Target::New(Box::new(new)), answering: Answering::Participants, ..question("anybody?") };
    assert_eq!(answered(&house, ask).await, Ok("here I am".to_owned()));
    let asked = theirs.finish();
    assert_eq!(asked.iter().map(|request| request.body["model"].clone()).collect::<Vec<_>>(), ["small", "theirs"]);
    assert_eq!(keys(&asked), [Some(format!("Bearer {KEY}").as_str()); 2]);
}
