//! Agents that are kept in the store: made, changed and removed through the engine, seen by every house at once, over
//! every kind of store.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use ombud::config::{Source, Wire};
use ombud::domain::{
    Agent, AgentState, AskStep, ErrorCode, Fact, Frame, KeyPermission, ModelChoice, NamedProcedure, OpenThreadStep,
    Permission, PermissionRule, Pins, Principal, Procedure, Revision, SayStep, Scope, SessionUpdated, Step,
};
use ombud::engine::{
    AgentChange, AgentOrigin, Answering, Ask, Engine, House, HouseNotice, NewKey, NewSession, NewToken, NoticeStream,
    OnBusy, SessionFilter, Target,
};
use ombud::storage::StoreUrl;
use serde_json::{Value, json};

use crate::support::house::{PATIENCE, again, answer, finished, log, open, question, settings, somebody};
use crate::support::model_server::{Answer, Gate, ModelServer, Request};

/// A store of each kind in a folder.
fn stores(folder: &tempfile::TempDir) -> [StoreUrl; 3] {
    let path = folder.path();
    [StoreUrl::Memory, StoreUrl::File(path.join("logs")), StoreUrl::Sqlite(path.join("ombud.db"))]
}

fn helper(instructions: &str) -> Agent {
    Agent { name: "helper".into(), instructions: instructions.into(), ..Agent::default() }
}

/// A question to an agent in a new session.
fn to(agent: &str, text: &str) -> Ask {
    let new = NewSession { agent: Some(agent.to_owned()), ..NewSession::default() };
    Ask { target: Target::New(Box::new(new)), ..question(text) }
}

fn system(request: &Request) -> &Value {
    &request.body["messages"][0]["content"]
}

async fn code<T: std::fmt::Debug>(done: impl Future<Output = ombud::domain::Result<T>>) -> (ErrorCode, String) {
    let error = done.await.unwrap_err();
    (error.code, error.message)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_is_made_changed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(&folder) {
        let server = ModelServer::start(Wire::Openai, (0..3).map(|_| Answer::text("Fine.")).collect());
        let house = open(settings(&server, folder.path()), &store).await;
        let me = somebody();
        let made = house.create_agent(&me, helper("One.")).await.unwrap();
        let id = made.id.clone().unwrap();
        assert_eq!((made.origin, made.trusted, made.archived_at), (AgentOrigin::Store, true, None));
        assert_eq!((made.agent.clone(), made.model.to_string()), (helper("One."), "house/small".to_owned()));
        assert_eq!(made.written_by, Some(me.actor()));
        assert_eq!((made.created_at.is_some(), made.created_at), (true, made.updated_at));
        assert_eq!(house.agent(&me, "helper").await, Ok(made.clone()));
        assert_eq!(house.agent(&me, id.as_str()).await, Ok(made.clone()));
        let agents = house.agents(&me).await.unwrap();
        assert_eq!(agents.keys().collect::<Vec<_>>(), ["default", "helper"]);
        assert_eq!(agents["helper"], made);
        let default = &agents["default"];
        assert_eq!((default.origin, &default.id, default.trusted), (AgentOrigin::Configuration, &None, true));

        // By name and by id: the session keeps the name.
        for named in ["helper", id.as_str()] {
            let asked = house.ask(&me, to(named, "Hello")).await.unwrap();
            assert_eq!(finished(&answer(&house, &asked).await).answer, "Fine.");
            assert_eq!(house.session(&me, &asked.session).await.unwrap().summary.session.agent, "helper");
        }
        // The whole definition is replaced; with a revision, only if that is still the newest.
        let nameless = Agent { name: String::new(), ..helper("Two.") };
        let changed = house.update_agent(&me, "helper", nameless, Some(&made.revision)).await.unwrap();
        assert_eq!((&changed.id, changed.created_at, &changed.agent), (&made.id, made.created_at, &helper("Two.")));
        assert_ne!(changed.revision, made.revision);
        let late = house.update_agent(&me, id.as_str(), helper("Three."), Some(&made.revision));
        let told =
            format!("agent `helper` was changed meanwhile: its revision is {}, not {}", changed.revision.0, made.revision.0);
        assert_eq!(code(late).await, (ErrorCode::Conflict, told));
        // The same again changes nothing, not even the time.
        assert_eq!(house.update_agent(&me, "helper", helper("Two."), None).await, Ok(changed.clone()));

        let asked = house.ask(&me, to("helper", "Hello")).await.unwrap();
        answer(&house, &asked).await;
        let removed = house.remove_agent(&me, id.as_str()).await.unwrap();
        assert!(removed.archived_at.is_some());
        assert_eq!(house.agent(&me, id.as_str()).await, Ok(removed));
        assert_eq!(house.agents(&me).await.unwrap().len(), 1);
        let gone = format!("agent `helper` ({id}) was removed");
        assert_eq!(code(house.remove_agent(&me, id.as_str())).await, (ErrorCode::NotFound, gone.clone()));
        assert_eq!(code(house.ask(&me, to(id.as_str(), "Hello"))).await, (ErrorCode::NotFound, gone));
        let unknown = (ErrorCode::NotFound, "agent `helper` is not known".to_owned());
        assert_eq!(code(house.agent(&me, "helper")).await, unknown);
        assert_eq!(code(house.remove_agent(&me, "helper")).await, unknown);
        assert_eq!(code(house.update_agent(&me, "helper", helper("x"), None)).await, unknown);
        assert_eq!(code(house.ask(&me, again(&asked.session, "And?", OnBusy::Reject))).await, unknown);
        // What was said stays.
        assert_eq!(house.messages(&me, &asked.session, None, 10).await.unwrap().messages.len(), 2);
        let of_helper = SessionFilter { agent: Some("helper".into()), limit: 10, ..SessionFilter::default() };
        assert_eq!(house.sessions(&me, &of_helper).await.unwrap().sessions.len(), 3);
        // The name is free; the new one is another.
        let second = house.create_agent(&me, helper("Three.")).await.unwrap();
        assert_ne!(second.id, made.id);
        assert_eq!(house.agent(&me, "helper").await, Ok(second));
        assert!(house.agent(&me, id.as_str()).await.unwrap().archived_at.is_some());
        let requests = server.finish();
        assert_eq!(requests.iter().map(system).collect::<Vec<_>>(), ["One.", "One.", "Two."]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_says_so() {
    let server = ModelServer::start(Wire::Openai, vec![]);
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&server, folder.path());
    let file = folder.path().join("default.toml");
    settings.agent_sources.insert("default".into(), Source::User(file.clone()));
    let house = open(settings, &StoreUrl::Memory).await;
    let me = somebody();
    let made = house.create_agent(&me, helper("One.")).await.unwrap();
    let conflict = |message: &str| (ErrorCode::Conflict, message.to_owned());
    let invalid = |message: &str| (ErrorCode::InvalidInput, message.to_owned());
    let named = |name: &str| Agent { name: name.into(), ..helper("x") };
    assert_eq!(code(house.create_agent(&me, helper("x"))).await, conflict("agent `helper` is there already"));
    let where_it_is = format!("it is configured (user {})", file.display());
    let told = conflict(&format!("agent `default` is there already: {where_it_is}"));
    assert_eq!(code(house.create_agent(&me, named("default"))).await, told);
    let told = (ErrorCode::Forbidden, format!("agent `default` cannot be changed here: {where_it_is}"));
    assert_eq!(code(house.update_agent(&me, "default", named("default"), None)).await, told);
    assert_eq!(code(house.remove_agent(&me, "default")).await, told);
    // Where files lie is told to who may change them.
    let told = (ErrorCode::Forbidden, "agent `default` cannot be changed here: it is configured".to_owned());
    assert_eq!(code(house.remove_agent(&Principal::unproven(), "default")).await, told);
    for name in ["", "a b", "../x", "ä", &"x".repeat(65)] {
        let shown: String = name.chars().take(64).collect();
        assert_eq!(code(house.create_agent(&me, named(name))).await, invalid(&format!("`{shown}` cannot name an agent")));
    }
    let id = made.id.unwrap();
    let told = invalid(&format!("`{id}` cannot name an agent: it has the form of an id"));
    assert_eq!(code(house.create_agent(&me, named(id.as_str()))).await, told);
    let told = invalid("agent `helper` keeps its name: the definition says `other`");
    assert_eq!(code(house.update_agent(&me, "helper", named("other"), None)).await, told);
    let mut hot = named("hot");
    hot.settings.temperature = Some(3.0);
    let told = invalid("agent `hot`: `settings.temperature` must be a number from 0 to 2");
    assert_eq!(code(house.create_agent(&me, hot)).await, told);
    let large = Agent { instructions: "x".repeat(3 << 20).into(), ..named("large") };
    assert_eq!(code(house.create_agent(&me, large)).await.0, ErrorCode::TooLarge);
    let other = "0198c0de-0000-7000-8000-000000000001";
    assert_eq!(code(house.agent(&me, other)).await, (ErrorCode::NotFound, format!("agent `{other}` is not known")));
    let told = (ErrorCode::NotFound, "agent `helpr` is not known; did you mean `helper`?".to_owned());
    assert_eq!(code(house.agent(&me, "helpr")).await, told);
    // One that is switched off is there, and takes no work.
    let idle = Agent { state: AgentState::Inactive, ..helper("One.") };
    house.update_agent(&me, "helper", idle, None).await.unwrap();
    assert_eq!(code(house.ask(&me, to("helper", "x"))).await, (ErrorCode::Inactive, "agent `helper` is inactive".into()));
    // Who may only read, or work in one session, changes nothing.
    for scope in [Scope::Read, Scope::Session("s".into())] {
        let caller = Principal { scopes: vec![scope], ..somebody() };
        let refused = [
            code(house.create_agent(&caller, named("other"))).await.0,
            code(house.update_agent(&caller, "helper", helper("x"), None)).await.0,
            code(house.remove_agent(&caller, "helper")).await.0,
        ];
        assert_eq!(refused, [ErrorCode::Forbidden; 3]);
    }
    assert_eq!(house.agents(&me).await.unwrap().len(), 2);
    server.finish();
}

/// A model that this process does not know is no reason to hide the agent, or all others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_of_elsewhere_is_named() {
    let server = ModelServer::start(Wire::Openai, vec![]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let model = ModelChoice::new("elsewhere", "large");
    let agent = Agent { model: Some(model.clone()), ..helper("One.") };
    house.create_agent(&somebody(), agent).await.unwrap();
    assert_eq!(house.agents(&somebody()).await.unwrap()["helper"].model, model);
    let (code, message) = code(house.ask(&somebody(), to("helper", "x"))).await;
    assert_eq!(code, ErrorCode::InvalidInput);
    assert!(message.contains("elsewhere"), "{message}");
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_make_one_name_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(&folder) {
        let server = ModelServer::start(Wire::Openai, vec![]);
        let settings = settings(&server, folder.path());
        let first = std::sync::Arc::new(open(settings.clone(), &store).await);
        // A store in memory has one process.
        let second = if store == StoreUrl::Memory { first.clone() } else { open(settings, &store).await.into() };
        let houses = [first, second];
        for round in 0..3 {
            let create = |number: usize| {
                let house = houses[number % 2].clone();
                let agent = helper(&format!("{number} of {round}"));
                tokio::spawn(async move { house.create_agent(&somebody(), agent).await })
            };
            let tasks: Vec<_> = (0..6).map(create).collect();
            let mut won = Vec::new();
            for task in tasks {
                match task.await.unwrap() {
                    Ok(item) => won.push(item),
                    Err(error) => assert_eq!(error.code, ErrorCode::Conflict, "{error:?}"),
                }
            }
            assert_eq!(won.len(), 1, "{won:?}");
            for house in &houses {
                assert_eq!(house.agent(&somebody(), "helper").await.as_ref(), Ok(&won[0]));
            }
            // Changes at once: each is whole, and none is lost that said which revision it was about.
            let update = |number: usize| {
                let (house, revision) = (houses[number % 2].clone(), won[0].revision.clone());
                let agent = helper(&format!("changed by {number}"));
                tokio::spawn(async move { house.update_agent(&somebody(), "helper", agent, Some(&revision)).await })
            };
            let mut done = BTreeSet::new();
            for task in (0..4).map(update).collect::<Vec<_>>() {
                done.extend(task.await.unwrap().ok().map(|item| item.revision.0));
            }
            assert_eq!(done.len(), 1);
            houses[1].remove_agent(&somebody(), "helper").await.unwrap();
        }
        server.finish();
    }
}

async fn next(notices: &mut NoticeStream) -> HouseNotice {
    tokio::time::timeout(PATIENCE, notices.next()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_told_here_and_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(&folder).into_iter().filter(|store| *store != StoreUrl::Memory) {
        let server = ModelServer::start(Wire::Openai, vec![]);
        let settings = settings(&server, folder.path());
        let (here, elsewhere) = (open(settings.clone(), &store).await, open(settings, &store).await);
        let me = somebody();
        let mut told_here = here.notices(&me).await.unwrap();
        let mut told_elsewhere = elsewhere.notices(&me).await.unwrap();
        let id = here.create_agent(&me, helper("One.")).await.unwrap().id.unwrap();
        assert_eq!(next(&mut told_elsewhere).await, HouseNotice::StoreChanged);
        here.update_agent(&me, "helper", helper("Two."), None).await.unwrap();
        here.update_agent(&me, "helper", helper("Two."), None).await.unwrap();
        assert_eq!(next(&mut told_elsewhere).await, HouseNotice::StoreChanged);
        here.remove_agent(&me, "helper").await.unwrap();
        assert_eq!(next(&mut told_elsewhere).await, HouseNotice::StoreChanged);
        // Here each is told by itself, and none of them as a change by others.
        for change in [AgentChange::Created, AgentChange::Changed, AgentChange::Removed] {
            let expected = HouseNotice::AgentChanged { agent: "helper".into(), id: id.clone(), change };
            assert_eq!(next(&mut told_here).await, expected);
        }
        elsewhere.create_agent(&me, helper("Three.")).await.unwrap();
        assert_eq!(next(&mut told_here).await, HouseNotice::StoreChanged);
        assert!(matches!(next(&mut told_elsewhere).await, HouseNotice::AgentChanged { .. }));
        server.finish();
    }
}

/// A second house on the store sees every change in its next question; a run keeps what it pinned.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_house_sees_a_change_at_once_and_a_run_keeps_its_definition() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(&folder).into_iter().filter(|store| *store != StoreUrl::Memory) {
        let call = Answer::calls(vec![("list_files", json!({}))]);
        let second = Gate::new();
        let script = vec![Answer::text("a"), Answer::text("b"), call.wait_after(1, &second), Answer::text("c")];
        let server = ModelServer::start(Wire::Openai, script);
        let settings = settings(&server, folder.path());
        let (here, elsewhere) = (open(settings.clone(), &store).await, open(settings, &store).await);
        let me = somebody();
        here.create_agent(&me, helper("One.")).await.unwrap();
        let asked = elsewhere.ask(&me, to("helper", "x")).await.unwrap();
        answer(&elsewhere, &asked).await;
        here.update_agent(&me, "helper", helper("Two."), None).await.unwrap();
        let asked = elsewhere.ask(&me, again(&asked.session, "x", OnBusy::Reject)).await.unwrap();
        answer(&elsewhere, &asked).await;
        // In the middle of a run the agent is changed and removed.
        let asked = elsewhere.ask(&me, again(&asked.session, "x", OnBusy::Reject)).await.unwrap();
        server.wait_for_requests(3);
        here.update_agent(&me, "helper", helper("Three."), None).await.unwrap();
        here.remove_agent(&me, "helper").await.unwrap();
        second.open();
        assert_eq!(finished(&answer(&elsewhere, &asked).await).answer, "c");
        let requests = server.finish();
        assert_eq!(requests.iter().map(system).collect::<Vec<_>>(), ["One.", "Two.", "Two.", "Two."]);
    }
}

fn rule(text: &str, permission: Permission) -> PermissionRule {
    PermissionRule::parse(text, permission).unwrap()
}

/// What is written by who may not administer the house, narrows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_gives_nobody_rights_that_its_writer_has_not() {
    let call = |name: &str, arguments: Value| Answer::calls(vec![(name, arguments)]);
    let write = || call("write_file", json!({"path": "a.txt", "content": "x"}));
    let run = || call("run_command", json!({"command": "touch stolen"}));
    let script = vec![write(), Answer::text("done"), run(), Answer::text("done"), run(), Answer::text("done")];
    let server = ModelServer::start(Wire::Openai, script);
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&server, folder.path());
    // The house asks before it writes, and runs what it is told to.
    settings.permissions = vec![rule("run_command", Permission::Allow)];
    let house = open(settings, &StoreUrl::Memory).await;
    let (anybody, admin) = (Principal::unproven(), somebody());

    let mut wide = helper("Do as you like.");
    wide.permissions =
        vec![rule("read_file", Permission::Deny), rule("write_file", Permission::Allow), rule("*", Permission::Ask)];
    wide.settings.extra.insert("store".into(), json!(true));
    let mut thread = OpenThreadStep { thread: "aside".into(), ..OpenThreadStep::default() };
    thread.setup.settings.extra.insert("store".into(), json!(true));
    let steps = Procedure::new(vec![Step::OpenThread(Box::new(thread))]);
    wide.procedures.insert("greet".into(), NamedProcedure { steps, ..NamedProcedure::default() });
    let kept = house.create_agent(&anybody, wide.clone()).await.unwrap();
    assert_eq!(kept.agent.permissions, [rule("read_file", Permission::Deny)]);
    assert_eq!((kept.agent.settings.extra.len(), kept.trusted), (0, false));
    let greet = kept.agent.procedures["greet"].steps.steps().to_vec();
    let [Step::OpenThread(thread)] = greet.as_slice() else { panic!("{greet:?}") };
    assert_eq!(thread.setup.settings.extra.len(), 0);
    // Whoever asks it, also with the right to.
    let denied = async |ask: Ask, house: &House| {
        let asked = house.ask(&admin, ask).await.unwrap();
        let frames = answer(house, &asked).await;
        frames.iter().find_map(|frame| match frame {
            Frame::Fact(event) => match &event.fact {
                Fact::ToolReturned(returned) => returned.returned.output.as_str().map(str::to_owned),
                _ => None,
            },
            Frame::Delta(_) => None,
        })
    };
    let written = denied(to("helper", "write"), &house).await.unwrap();
    assert_eq!(written, "`write_file` was not called: it needs permission, and nobody can be asked here");
    let pins = Pins { permissions: vec![rule("run_command", Permission::Allow)], ..Pins::default() };
    let ran = denied(Ask { pins, ..to("helper", "run") }, &house).await.unwrap();
    assert!(ran.starts_with("`run_command` was not called: no commands are run for callers, or under agents of"), "{ran}");
    let session = NewSession { agent: Some("helper".into()), ..NewSession::default() };
    let session = house.create(&admin, session).await.unwrap();
    let ran = denied(again(&session.id, "run", OnBusy::Reject), &house).await.unwrap();
    assert!(ran.contains("no commands are run"), "{ran}");
    assert!(!folder.path().join("stolen").exists() && !folder.path().join("a.txt").exists());

    // Who administers the house may take it over, and then it is out of reach.
    let own = house.update_agent(&admin, "helper", wide, None).await.unwrap();
    assert_eq!((own.agent.permissions.len(), own.trusted), (3, true));
    let told =
        (ErrorCode::Forbidden, "`local` may not change agent `helper`: who administers the house wrote it".to_owned());
    assert_eq!(code(house.update_agent(&anybody, "helper", helper("x"), None)).await, told);
    assert_eq!(code(house.remove_agent(&anybody, "helper")).await, told);
    assert_eq!(house.agent(&anybody, "helper").await, Ok(own));
    server.finish();
}

/// Agents of the store in all the places where agents are named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_of_the_store_works_wherever_one_is_named() {
    let server = ModelServer::start(Wire::Openai, (0..4).map(|_| Answer::text("Fine.")).collect());
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&server, folder.path());
    settings.agent = "helper".into();
    let house = open(settings, &StoreUrl::Memory).await;
    let me = somebody();
    let (missing, message) = code(house.ask(&me, question("x"))).await;
    assert_eq!((missing, message.as_str()), (ErrorCode::NotFound, "agent `helper` is not known"));
    let ask = || Step::Ask(AskStep::default());
    let say = SayStep { text: "Check.".into(), ..SayStep::default() };
    let steps = Procedure::new(vec![ask(), Step::Say(say), ask()]);
    let made = house.create_agent(&me, Agent { procedure: steps, ..helper("One.") }).await.unwrap();
    house.create_agent(&me, Agent { name: "other".into(), ..helper("Other.") }).await.unwrap();
    // As the settings' agent, with its own procedure.
    let asked = house.ask(&me, question("x")).await.unwrap();
    answer(&house, &asked).await;
    let facts = log(&house, &asked.session).await;
    assert_eq!(facts.iter().filter(|kind| *kind == "step.finished").count(), 3, "{facts:?}");
    // For one answer.
    let one = Ask { answering: Answering::One("other".into()), ..again(&asked.session, "x", OnBusy::Reject) };
    answer(&house, &house.ask(&me, one).await.unwrap()).await;
    // As the agent of a session from now on, by its id.
    let other = house.agent(&me, "other").await.unwrap().id.unwrap();
    let change = SessionUpdated { agent: Some(other.to_string()), ..SessionUpdated::default() };
    assert_eq!(house.update(&me, &asked.session, change).await.unwrap().agent, "other");
    answer(&house, &house.ask(&me, again(&asked.session, "x", OnBusy::Reject)).await.unwrap()).await;
    let unknown = SessionUpdated { agent: Some("nobody".into()), ..SessionUpdated::default() };
    assert_eq!(code(house.update(&me, &asked.session, unknown)).await.0, ErrorCode::NotFound);
    // What a run pinned is kept under its revision.
    let events = house.events(&me, &asked.session, None, 100).await.unwrap();
    let pinned = events.iter().find_map(|event| match &event.fact {
        Fact::RunQueued(queued) => Some(queued.revision.clone()),
        _ => None,
    });
    assert_eq!(pinned, Some(Revision(made.revision.0)));
    let requests = server.finish();
    assert_eq!(requests.iter().map(system).collect::<Vec<_>>(), ["One.", "One.", "Other.", "Other."]);
}

/// A configured agent has its name before one of the store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configured_agent_hides_one_of_the_store() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("Fine.")]);
    let folder = tempfile::tempdir().unwrap();
    let store = StoreUrl::Sqlite(folder.path().join("ombud.db"));
    let plain = settings(&server, folder.path());
    let mut own = plain.clone();
    own.agents.insert("helper".into(), helper("Configured."));
    let (there, here) = (open(plain, &store).await, open(own, &store).await);
    let me = somebody();
    let kept = there.create_agent(&me, helper("Kept.")).await.unwrap();
    let id = kept.id.clone().unwrap();
    assert_eq!(here.agents(&me).await.unwrap()["helper"].origin, AgentOrigin::Configuration);
    assert_eq!(here.agent(&me, "helper").await.unwrap().agent, helper("Configured."));
    assert_eq!(here.agent(&me, id.as_str()).await, Ok(kept));
    let told = format!("agent `{id}` takes no work here: a configured agent has its name, `helper`");
    assert_eq!(code(here.ask(&me, to(id.as_str(), "x"))).await, (ErrorCode::Conflict, told));
    let asked = here.ask(&me, to("helper", "x")).await.unwrap();
    answer(&here, &asked).await;
    // Its id reaches it all the same.
    here.remove_agent(&me, id.as_str()).await.unwrap();
    assert_eq!(there.agents(&me).await.unwrap().len(), 1);
    assert_eq!(server.finish().iter().map(system).collect::<Vec<_>>(), ["Configured."]);
}

/// Keys and tokens: what they may do with agents, and that an id is as good as the name that scopes are about.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_and_tokens_see_and_change_the_agents_that_are_theirs() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("Fine.")]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let admin = somebody();
    let caller = async |name: &str, permissions: &[KeyPermission]| {
        let new =
            NewKey { name: name.into(), permissions: permissions.to_vec(), prefix: "key_".into(), ..NewKey::default() };
        let word = house.create_key(&admin, new).await.unwrap().word;
        house.verify(&admin, word.expose()).await.unwrap()
    };
    let author = caller("author", &[KeyPermission::Agents]).await;
    let user = caller("user", &[KeyPermission::Sessions, KeyPermission::Mint]).await;
    let made = house.create_agent(&author, helper("One.")).await.unwrap();
    assert_eq!((made.trusted, made.written_by.as_ref()), (false, Some(&author.actor())));
    assert_eq!(code(house.create_agent(&user, helper("x"))).await.0, ErrorCode::Forbidden);
    assert_eq!(code(house.remove_agent(&user, "helper")).await.0, ErrorCode::Forbidden);
    assert_eq!(house.agent(&user, "helper").await.as_ref(), Ok(&made));
    // A key may change what it, or another that does not administer, has written.
    let made = house.update_agent(&author, "helper", helper("Two."), None).await.unwrap();

    let id = made.id.clone().unwrap().to_string();
    let new = NewToken { agent: id.clone(), prefix: "token_".into(), ..NewToken::default() };
    let word = house.mint(&user, new).await.unwrap().word;
    let bound = house.verify(&admin, word.expose()).await.unwrap();
    assert_eq!(house.agents(&bound).await.unwrap().into_keys().collect::<Vec<_>>(), ["helper"]);
    assert_eq!(house.agent(&bound, &id).await, Ok(made));
    // One that is not theirs is told in the same way as one that there is not.
    for other in ["default", "missing"] {
        let error = house.agent(&bound, other).await.unwrap_err();
        assert_eq!(
            (error.code, error.message, error.hint),
            (ErrorCode::NotFound, format!("agent `{other}` is not known"), None)
        );
    }
    let asked = house.ask(&bound, to(&id, "Hello")).await.unwrap();
    answer(&house, &asked).await;
    assert_eq!(house.session(&bound, &asked.session).await.unwrap().summary.session.agent, "helper");
    assert_eq!(code(house.ask(&bound, to("default", "Hello"))).await.0, ErrorCode::Forbidden);
    let other = Ask { answering: Answering::One(id), ..again(&asked.session, "x", OnBusy::Reject) };
    house.remove_agent(&admin, "helper").await.unwrap();
    assert_eq!(code(house.ask(&bound, other)).await.0, ErrorCode::Forbidden);
    server.finish();
}
