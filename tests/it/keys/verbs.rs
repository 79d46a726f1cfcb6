//! What each kind of caller may do, verb by verb.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::StreamExt as _;
use ombud::config::Wire;
use ombud::domain::{
    AfterClearing, Agent, AgentState, BlobId, CallId, ErrorCode, KeyPermission, MessageId, Participant, Principal, Result,
    Role, RunId, Scope, SessionId, SessionUpdated, ToolServerSource,
};
use ombud::engine::{
    Answering, Ask, CallerReturn, Completion, Decision, Engine, Expected, FileOffer, FilePurpose, FileSearch, Forget,
    ForkedSession, House, ImportedSession, NewHouseFile, NewKey, NewSession, NewToolServer, NewUser, OnBusy, Orphans,
    PruneRules, RunFilter, SessionFilter, SessionSearch, ShelfPlace, StatsFilter, Target, ToSpeak, ToolServerChange,
    UserChange, Watched,
};
use ombud::storage::StoreUrl;
use serde_json::json;

use super::walked::LOOKS;
use super::{key, secret, sound, supported, token, two_agents, verified};
use crate::support::house::{again, answer, open, question, somebody};
use crate::support::model_server::{Answer, ModelServer};

/// Sessions of two agents, with a run each.
struct Scene {
    house: House,
    mine: SessionId,
    other: SessionId,
    runs: [RunId; 2],
    workspace: tempfile::TempDir,
}

impl Scene {
    async fn new(server: &ModelServer) -> Self {
        let workspace = tempfile::tempdir().unwrap();
        std::fs::write(workspace.path().join("a.txt"), "words").unwrap();
        let house = open(two_agents(server, workspace.path()), &StoreUrl::Memory).await;
        let mut sessions = Vec::new();
        let mut runs = Vec::new();
        for agent in ["alpha", "beta"] {
            let key = Some(format!("key-of-{agent}"));
            let new = NewSession { agent: Some(agent.into()), key, ..NewSession::default() };
            let asked = house.ask(&somebody(), Ask { target: Target::New(Box::new(new)), ..question("hi") }).await.unwrap();
            answer(&house, &asked).await;
            sessions.push(asked.session);
            runs.push(asked.run.unwrap());
        }
        let [mine, other] = [sessions.remove(0), sessions.remove(0)];
        Self { house, mine, other, runs: [runs.remove(0), runs.remove(0)], workspace }
    }

    async fn key(&self, permissions: &[KeyPermission]) -> Principal {
        let issued = self.house.create_key(&somebody(), key("k", permissions)).await.unwrap();
        verified(&self.house, &issued.word).await
    }

    async fn token(&self, session: Option<&SessionId>) -> Principal {
        let issued = self.house.mint(&somebody(), token("alpha", session)).await.unwrap();
        verified(&self.house, &issued.word).await
    }

    /// Somebody with an account.
    async fn user(&self, role: Role) -> Principal {
        let (name, password) = (role.word().to_owned(), secret("correct horse battery"));
        let people = self.house.people();
        people.create_user(&somebody(), NewUser { name, role, email: None, password }).await.unwrap();
        let issued = people.issue_token(&somebody(), role.word(), None).await.unwrap();
        verified(&self.house, &issued.token).await
    }

    /// Every verb, on what is the caller's own and on what is not, with what came of it.
    async fn walk(&self, who: &Principal) -> Vec<(String, String)> {
        let Self { house, mine, other, runs: [run, other_run], .. } = self;
        let missing = SessionId::from_text("missing");
        let mut told: Vec<(String, String)> = Vec::new();
        let mut tell = |verb: &str, came: Result<()>| {
            let came = came.map_or_else(|error| format!("{:?}", error.code), |()| "ok".to_owned());
            told.push((verb.to_owned(), came));
        };
        let new = |agent: &str| NewSession { agent: Some(agent.into()), ..NewSession::default() };
        let posted = |target: Target, answering: Answering| Ask { target, answering, ..question("hi") };
        let post = |session: &SessionId| posted(Target::Existing(session.clone()), Answering::Nobody);
        let title = || SessionUpdated { title: Some(Some("t".into())), ..SessionUpdated::default() };
        let search = FileSearch { limit: 5, ..FileSearch::default() };
        let import = |id: Option<&SessionId>, agent: Option<&str>| {
            let session = NewSession { id: id.cloned(), agent: agent.map(str::to_owned), ..NewSession::default() };
            ImportedSession { session, messages: vec![] }
        };
        let gives = || vec![CallerReturn { id: CallId::from_text("c"), output: json!(1), error: None }];

        for (name, id) in [("own", mine), ("other", other), ("no", &missing)] {
            tell(&format!("session: {name}"), house.session(who, id).await.map(drop));
            tell(&format!("state: {name}"), house.state(who, id).await.map(drop));
            tell(&format!("subscribe: {name}"), house.subscribe(who, id, None).await.map(drop));
            tell(&format!("messages: {name}"), house.messages(who, id, None, 5).await.map(drop));
            tell(&format!("events: {name}"), house.events(who, id, None, 5).await.map(drop));
            tell(&format!("share: {name}"), house.share(who, id).await.map(drop));
            tell(&format!("cancel: {name}"), house.cancel(who, id, None, "x").await.map(drop));
            tell(&format!("ask: {name}"), house.ask(who, post(id)).await.map(drop));
            tell(&format!("ask_and_follow: {name}"), house.ask_and_follow(who, post(id)).await.map(drop));
            tell(&format!("update: {name}"), house.update(who, id, title()).await.map(drop));
            tell(&format!("restore: {name}"), house.restore(who, Some(id), Orphans::Close).await.map(drop));
            tell(&format!("look: {name}"), house.look(who, Some(id), "").await.map(drop));
            tell(&format!("find: {name}"), house.find(who, Some(id), &search).await.map(drop));
            tell(&format!("open_file: {name}"), house.open_file(who, Some(id), "a.txt").await.map(drop));
            tell(&format!("runs: {name}"), house.runs(who, &RunFilter::newest(Some(id), &[], 5)).await.map(drop));
            let nobody = || vec![Participant::person("nobody")];
            let (channels, memories, none) = (house.channels(), house.memories(), MessageId::from_text("none"));
            tell(&format!("leave: {name}"), channels.leave(who, id, nobody()).await.map(drop));
            tell(&format!("redact none: {name}"), channels.redact(who, id, &none).await);
            tell(&format!("memories: {name}"), memories.memories(who, "alpha", Some(id), None, 5).await.map(drop));
            tell(&format!("amend none: {name}"), memories.amend(who, "alpha", id, &none, "x").await);
            let forgotten = memories.forget(who, "alpha", Forget::Session(id.clone())).await.map(drop);
            tell(&format!("forget: {name}"), forgotten);
            if name != "no" {
                tell(&format!("join: {name}"), channels.join(who, id, nobody()).await.map(drop));
                tell(&format!("seat: {name}"), channels.seat(who, id, vec![]).await.map(drop));
                let blob = BlobId::of(b"none");
                let came = house.blob(who, id, &blob).await.map(drop);
                // What is not there is found out after the right to look.
                let came = came.or_else(|error| if error.message.contains("blob") { Ok(()) } else { Err(error) });
                tell(&format!("blob: {name}"), came);
                let first = house.messages(&somebody(), id, None, 9).await.unwrap().messages.remove(0).message.id;
                tell(&format!("rewind: {name}"), house.rewind(who, id, Some(&first)).await);
                tell(&format!("import: {name}"), house.import(who, import(Some(id), None)).await.map(drop));
                tell(&format!("clear: {name}"), house.clear(who, id, AfterClearing::Active).await);
                let words = || futures_util::stream::iter([Ok(Bytes::from_static(b"words"))]).boxed();
                let offers = || vec![FileOffer { name: "a.txt".into(), media_type: "text/plain".into(), size: 5 }];
                tell(&format!("offer_files: {name}"), house.offer_files(who, id, offers()).await.map(drop));
                let offered = house.offer_files(&somebody(), id, offers()).await.unwrap().remove(0);
                let signed = house.sign_file(who, &offered, FilePurpose::Upload).await.map(drop);
                tell(&format!("sign_file, up: {name}"), signed);
                let put = house.put_file(who, offered.clone(), words()).await.map(drop);
                tell(&format!("put_file: {name}"), put);
                let file = house.put_file(&somebody(), offered, words()).await.unwrap();
                tell(&format!("kept_files: {name}"), house.kept_files(who, id).await.map(drop));
                tell(&format!("kept_file: {name}"), house.kept_file(who, id, &file.id).await.map(drop));
                tell(&format!("file_bytes: {name}"), house.file_bytes(who, id, &file.id).await.map(drop));
                let signed = house.sign_file(who, &file, FilePurpose::Download).await.map(drop);
                tell(&format!("sign_file, down: {name}"), signed);
                tell(&format!("delete_file: {name}"), house.delete_file(who, id, &file.id).await);
            }
        }
        let none = RunId::from_text("none");
        for (name, id) in [("own", run), ("other", other_run), ("no", &none)] {
            tell(&format!("run: {name}"), house.run(who, id).await.map(drop));
            tell(&format!("agent of run: {name}"), house.run_agent(who, id).await.map(drop));
            tell(&format!("end of run: {name}"), house.run_end(who, id).await.map(drop));
            tell(&format!("answer: {name}"), house.answer(who, id, gives()).await.map(drop));
        }
        for (name, agent) in [("own", "alpha"), ("other", "beta")] {
            tell(&format!("create: {name}"), house.create(who, new(agent)).await.map(drop));
            let target = Target::New(Box::new(new(agent)));
            tell(&format!("ask new: {name}"), house.ask(who, posted(target, Answering::Nobody)).await.map(drop));
            tell(&format!("import new: {name}"), house.import(who, import(None, Some(agent))).await.map(drop));
            let by = posted(Target::Existing(mine.clone()), Answering::One(agent.into()));
            let asked = house.ask(who, by).await;
            if let Ok(asked) = &asked {
                answer(house, asked).await;
            }
            tell(&format!("ask agent: {name}"), asked.map(drop));
            let change = SessionUpdated { agent: Some(agent.into()), ..SessionUpdated::default() };
            tell(&format!("update agent: {name}"), house.update(who, mine, change).await.map(drop));
            let back = SessionUpdated { agent: Some("alpha".into()), ..SessionUpdated::default() };
            house.update(&somebody(), mine, back).await.unwrap();
        }
        let (servers, none) = (house.tool_servers(), "none");
        // What is not there is found out after the right to look.
        let looked =
            |came: Result<()>| came.or_else(|error| if error.code == ErrorCode::NotFound { Ok(()) } else { Err(error) });
        tell("tool_servers", servers.tool_servers(who).await.map(drop));
        tell("tool_server", looked(servers.tool_server(who, none).await.map(drop)));
        tell("tool_server_lines", looked(servers.tool_server_lines(who, none, 5).await.map(drop)));
        tell("peer", looked(servers.peer(who, none).await.map(drop)));
        let source = ToolServerSource::Address { url: "http://127.0.0.1:9/".into(), headers: vec![] };
        let made = NewToolServer { name: "t".into(), slug: None, source, secrets: BTreeMap::new(), for_all: false };
        tell("create_tool_server", servers.create_tool_server(who, made).await.map(drop));
        tell(
            "update_tool_server",
            looked(servers.update_tool_server(who, none, ToolServerChange::default()).await.map(drop)),
        );
        tell("start_tool_server", looked(servers.start_tool_server(who, none).await.map(drop)));
        tell("stop_tool_server", looked(servers.stop_tool_server(who, none).await.map(drop)));
        tell("restart_tool_server", looked(servers.restart_tool_server(who, none).await.map(drop)));
        tell("tools_of_server", looked(servers.tools_of_server(who, none).await.map(drop)));
        tell("remove_tool_server", looked(servers.remove_tool_server(who, none).await.map(drop)));
        let chosen = NewSession { id: Some(SessionId::from_text("chosen")), ..new("alpha") };
        tell("create: chosen id", house.create(who, chosen.clone()).await.map(drop));
        let target = Target::New(Box::new(NewSession { id: Some(SessionId::from_text("chosen-too")), ..chosen }));
        tell("ask new: chosen id", house.ask(who, posted(target, Answering::Nobody)).await.map(drop));

        let filter = SessionFilter { limit: 100, ..SessionFilter::default() };
        for (name, key) in [("own", "key-of-alpha"), ("other", "key-of-beta"), ("no", "key-of-none")] {
            let found = house.session_of_key(who, key).await;
            let shown = found.as_ref().map_or(0, |found| usize::from(found.is_some()));
            tell(&format!("session_of_key, {name}: shows {shown} of 1"), found.map(drop));
        }
        let list = house.sessions(who, &filter).await;
        let shown = list.as_ref().map_or(0, |page| {
            let own = |id: &SessionId| id == mine || id == other;
            page.sessions.iter().filter(|item| own(&item.summary.session.id)).count()
        });
        tell(&format!("sessions: shows {shown} of 2"), list.map(drop));
        let list = house.runs(who, &RunFilter::newest(None, &[], 100)).await.map(|page| page.runs);
        let shown = list.as_ref().map_or(0, |runs| runs.iter().filter(|row| row.id == *run || row.id == *other_run).count());
        tell(&format!("runs: shows {shown} of 2"), list.map(drop));
        let list = house.agents(who).await;
        tell(&format!("agents: shows {} of 2", list.as_ref().map_or(0, BTreeMap::len)), list.map(drop));

        for (name, agent) in [("own", "alpha"), ("other", "beta"), ("no", "gamma")] {
            tell(&format!("agent: {name}"), house.agent(who, agent).await.map(drop));
        }
        let written =
            |name: &str| Agent { name: name.into(), instructions: "Be kind.".to_owned().into(), ..Agent::default() };
        tell("create_agent", house.create_agent(who, written("made")).await.map(drop));
        // One of somebody who administers nothing, so that others may change it.
        house.create_agent(&Principal::unproven(), written("plain")).await.unwrap();
        tell("update_agent", house.update_agent(who, "plain", written("plain"), None).await.map(drop));
        let (own, none) = (house.agent_secrets(), BTreeMap::new);
        tell("set_agent_state", house.set_agent_state(who, "plain", AgentState::Active).await.map(drop));
        tell("create_agent_with", own.create_agent_with(who, written("made-too"), none()).await.map(drop));
        tell("update_agent_with", own.update_agent_with(who, "plain", written("plain"), None, none()).await.map(drop));
        tell("remove_agent", house.remove_agent(who, "plain").await.map(drop));

        tell("models", house.models(who).await.map(drop));
        let equipment = house.equipment();
        tell("providers", equipment.providers(who, false).await.map(drop));
        tell("providers: reached", equipment.providers(who, true).await.map(drop));
        tell("tools", equipment.tools(who).await.map(drop));
        tell("try_command", supported(equipment.try_command(who).await.map(drop)));
        tell("health", house.health(who).await.map(drop));
        let nothing = house.complete(who, Completion::default()).await.map(drop);
        tell("complete: nothing", nothing);
        let speech = house.speech();
        tell("speak: nothing", speech.speak(who, ToSpeak::default()).await.map(drop));
        tell("transcribe: nobody", speech.transcribe(who, sound()).await.map(drop));
        tell("look: house", house.look(who, None, "").await.map(drop));
        tell("find: house", house.find(who, None, &search).await.map(drop));
        tell("open_file: house", house.open_file(who, None, "a.txt").await.map(drop));
        tell("questions", house.questions(who).await.map(drop));
        tell("decide: none", house.decide(who, &CallId::from_text("c"), Decision::Allow).await);
        tell("notices", house.notices(who).await.map(drop));
        tell("restore: all", house.restore(who, None, Orphans::Close).await.map(drop));

        tell("verify: wrong", house.verify(who, "x").await.map(drop));
        tell("has_keys", house.has_keys(who).await.map(drop));
        let wanted = NewKey { name: "new".into(), ..key("", &KeyPermission::ALL) };
        tell("create_key", house.create_key(who, wanted).await.map(drop));
        tell("keys", house.keys(who).await.map(drop));
        let removed = house.remove_key(who, "new").await.map(drop);
        tell("remove_key", removed);
        tell("session of a key: none", house.session_of_key(who, "x").await.map(drop));
        tell("mint", house.mint(who, token("alpha", None)).await.map(drop));
        tell("mint: one session", house.mint(who, token("alpha", Some(mine))).await.map(drop));
        tell("revoke: none", house.revoke(who, "x").await.map(drop));

        let (shelf, place) = (house.shelves(), ShelfPlace::new("door", "kind"));
        tell("shelf_put", shelf.shelf_put(who, &place, "a", json!(1), Expected::Anything).await.map(drop));
        tell("shelf_get", shelf.shelf_get(who, &place, "a").await.map(drop));
        tell("shelf_list", shelf.shelf_list(who, &place, None, 5).await.map(drop));
        tell("shelf_secret", shelf.shelf_secret(who, &place).await.map(drop));
        tell("shelf_remove", shelf.shelf_remove(who, &place, "a").await.map(drop));
        let memories = house.memories();
        tell("memories: all", memories.memories(who, "alpha", None, None, 5).await.map(drop));
        tell("forget: all", memories.forget(who, "nobody", Forget::Everything).await.map(drop));
        let other_says = Ask { author: Some(Participant::person("x")), ..post(mine) };
        tell("ask: for another", house.ask(who, other_says).await.map(drop));
        let people = house.people();
        let new =
            NewUser { name: "dora".into(), role: Role::Viewer, email: None, password: secret("correct horse battery") };
        tell("users", people.users(who).await.map(drop));
        tell("create_user", people.create_user(who, new).await.map(drop));
        tell("update_user", people.update_user(who, "dora", UserChange::default()).await.map(drop));
        tell("issue_token", people.issue_token(who, "dora", None).await.map(drop));
        tell("remove_user", people.remove_user(who, "dora").await.map(drop));
        tell("me", people.me(who).await.map(drop));
        tell("refresh", people.refresh(who).await.map(drop));
        tell("rotate_signing_key", people.rotate_signing_key(who, false).await);

        let (files, watching) = (house.house_files(), house.watching());
        let words = || futures_util::stream::iter([Ok(Bytes::from_static(b"words"))]).boxed();
        let received = files.receive_file(who, words()).await;
        tell("receive_file", received.map(drop));
        let received = files.receive_file(&somebody(), words()).await.unwrap();
        let given = files.keep_file(who, NewHouseFile::default(), received).await;
        let received = files.receive_file(&somebody(), words()).await.unwrap();
        let of_others = files.keep_file(&somebody(), NewHouseFile::default(), received).await.unwrap().id;
        let own = given.as_ref().map_or_else(|_| of_others.clone(), |file| file.id.clone());
        tell("keep_file", given.map(drop));
        let list = files.house_files(who, 0, 9).await;
        tell(&format!("house_files: shows {}", list.as_ref().map_or(0, |page| page.total)), list.map(drop));
        for (name, id) in [("own", &own), ("other", &of_others)] {
            tell(&format!("house_file: {name}"), files.house_file(who, id).await.map(drop));
            tell(&format!("open_house_file: {name}"), files.open_house_file(who, id, None).await.map(drop));
            tell(&format!("house_file_part: {name}"), files.house_file_part(who, id).await.map(drop));
            tell(&format!("remove_house_file: {name}"), files.remove_house_file(who, id).await.map(drop));
        }
        for (name, agent, run) in [("own", "alpha", run), ("other", "beta", other_run)] {
            tell(&format!("watch, agent: {name}"), watching.watch(who, Watched::Agent(agent.into())).await.map(drop));
            tell(&format!("watch, run: {name}"), watching.watch(who, Watched::Run(run.clone())).await.map(drop));
        }

        let (keeping, rules) = (house.keeping(), PruneRules { keep: Some(1_000), ..PruneRules::default() });
        let looked_for = SessionSearch { query: "hi".into(), limit: 9, ..SessionSearch::default() };
        tell("search", keeping.search(who, &looked_for).await.map(drop));
        for (name, id) in [("own", mine), ("other", other), ("no", &missing)] {
            tell(&format!("pinned_agents: {name}"), keeping.pinned_agents(who, id).await.map(drop));
            tell(&format!("fork: {name}"), keeping.fork(who, id, &ForkedSession::default()).await.map(drop));
        }
        tell("import_log: none", keeping.import_log(who, None, words()).await.map(drop));
        tell("prune", keeping.prune(who, &rules).await.map(drop));
        tell("retain", keeping.retain(who).await.map(drop));
        tell("stats", keeping.stats(who, &StatsFilter::default()).await.map(drop));
        tell("back_up", supported(keeping.back_up(who, "/nowhere/copy").await));
        tell("stop", house.stop(who, "x").await);
        tell("delete: other", house.delete(who, other).await);
        tell("delete: own", house.delete(who, mine).await);
        tell("logout", people.logout(who).await);
        told
    }
}

/// A role is worth what its scope is worth, verb by verb: so a viewer changes nothing. Accounts mint nothing, and have a
/// token of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_is_worth_its_scope() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("ok").always()]);
    for role in Role::ALL {
        let (scene, same) = (Scene::new(&server).await, Scene::new(&server).await);
        let plain = Principal { scopes: role.scopes(), ..Principal::local("p") };
        let (told, expected) = (scene.walk(&scene.user(role).await).await, same.walk(&plain).await);
        for ((verb, came), (other, expected)) in told.into_iter().zip(expected) {
            let expected = match verb.as_str() {
                "me" | "refresh" | "logout" => "ok".to_owned(),
                "mint" | "mint: one session" => "Forbidden".to_owned(),
                _ => expected,
            };
            assert_eq!((verb.as_str(), came), (other.as_str(), expected), "{role:?}");
        }
    }
}

/// What a viewer may do is to look, at whatever there is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_changes_nothing() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("ok").always()]);
    let scene = Scene::new(&server).await;
    let viewer = scene.user(Role::Viewer).await;
    for (verb, came) in scene.walk(&viewer).await {
        let name = verb.split(':').next().unwrap();
        let name = name.split_once(", ").filter(|(verb, _)| *verb == "session_of_key").map_or(name, |(verb, _)| verb);
        assert!(LOOKS.contains(&name) || came == "Forbidden", "a viewer may do `{verb}`: {came}");
    }
}

/// Each verb with each kind of caller: one letter each, in the order of the callers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_verb_asks_who_calls() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("ok").always()]);
    let mut table: Vec<(String, String)> = Vec::new();
    let kinds =
        ["admin", "local", "read", "sessions", "agents", "mint", "all three", "agent", "agent, session", "session", "none"];
    for kind in kinds {
        let scene = Scene::new(&server).await;
        let with = |scopes: Vec<Scope>| Principal { scopes, ..Principal::local("p") };
        let caller = match kind {
            "admin" => somebody(),
            "local" => Principal::unproven(),
            "read" => with(vec![Scope::Read]),
            "sessions" => scene.key(&[KeyPermission::Sessions]).await,
            "agents" => scene.key(&[KeyPermission::Agents]).await,
            "mint" => scene.key(&[KeyPermission::Mint]).await,
            "all three" => scene.key(&KeyPermission::ALL).await,
            "agent" => scene.token(None).await,
            "agent, session" => scene.token(Some(&scene.mine)).await,
            "session" => with(vec![Scope::Session(scene.mine.as_str().to_owned())]),
            _ => with(vec![]),
        };
        for (at, (verb, came)) in scene.walk(&caller).await.into_iter().enumerate() {
            let sign = match came.as_str() {
                "ok" => '+',
                "Forbidden" => '-',
                "NotFound" => '?',
                "Unauthorized" => '!',
                "Conflict" => '=',
                "InvalidInput" => 'i',
                other => panic!("{kind}: {verb}: {other}"),
            };
            // How much a list shows is told beside its name.
            let (name, shows) =
                verb.split_once(" shows ").map_or((verb.as_str(), None), |(name, shows)| (name, Some(shows)));
            let told = match shows {
                Some(shows) if sign == '+' => shows.chars().next().unwrap(),
                _ => sign,
            };
            if table.len() <= at {
                table.push((name.to_owned(), String::new()));
            }
            assert_eq!(table[at].0, name);
            table[at].1.push(told);
        }
        assert!(scene.workspace.path().exists());
    }
    let table: String = table.iter().map(|(verb, told)| format!("{verb:22} {told}\n")).collect();
    insta::assert_snapshot!("every_verb", format!("{}\n{table}", kinds.join(" | ")));
}

/// What is not theirs is, for who sees a part only, as if it were not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_learns_of_sessions_of_other_agents() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("ok").always()]);
    let scene = Scene::new(&server).await;
    let house = &scene.house;
    for caller in [scene.token(None).await, scene.token(Some(&scene.mine)).await] {
        let missing = SessionId::from_text("missing");
        let told = house.session(&caller, &missing).await.unwrap_err();
        let other = house.session(&caller, &scene.other).await.unwrap_err();
        assert_eq!(other.message, told.message.replace("missing", scene.other.as_str()));
        assert_eq!((other.code, &other.hint), (told.code, &told.hint));
        let told = house.run(&caller, &RunId::from_text("none")).await.unwrap_err();
        let other = house.run(&caller, &scene.runs[1]).await.unwrap_err();
        assert_eq!((other.code, other.message), (told.code, told.message.replace("none", scene.runs[1].as_str())));
        // Neither does a filter find them.
        for agent in [None, Some("beta"), Some("alpha")] {
            let filter = SessionFilter { limit: 10, agent: agent.map(str::to_owned), ..SessionFilter::default() };
            let page = house.sessions(&caller, &filter).await.unwrap();
            let ids: Vec<_> = page.sessions.into_iter().map(|item| item.summary.session.id).collect();
            let expected = if agent == Some("beta") { vec![] } else { vec![scene.mine.clone()] };
            assert_eq!((ids, page.next), (expected, None), "{agent:?}");
        }
        assert_eq!(house.agents(&caller).await.unwrap().into_keys().collect::<Vec<_>>(), ["alpha"]);
    }
    // An agent may be named by its id too, and a token is for the agent whichever way it was named.
    let written = Agent { name: "kept".into(), instructions: "Be kind.".to_owned().into(), ..Agent::default() };
    let id = house.create_agent(&somebody(), written).await.unwrap().id.unwrap();
    let issued = house.mint(&somebody(), token(id.as_str(), None)).await.unwrap();
    let holder = verified(house, &issued.word).await;
    for named in [id.as_str(), "kept"] {
        let new = || NewSession { agent: Some(named.to_owned()), ..NewSession::default() };
        let made = house.create(&holder, new()).await.unwrap();
        assert_eq!(made.agent, "kept");
        let by = Ask { answering: Answering::One(named.to_owned()), ..again(&made.id, "hi", OnBusy::Reject) };
        answer(house, &house.ask(&holder, by).await.unwrap()).await;
        assert_eq!(house.agent(&holder, named).await.unwrap().agent.name, "kept");
    }
    for other in ["alpha", "gamma"] {
        let error = house.agent(&holder, other).await.unwrap_err();
        assert_eq!((error.code, error.hint), (ErrorCode::NotFound, None), "no agents are told that there are");
    }
    // A token for a session of another agent is not minted.
    let error = house.mint(&somebody(), token("alpha", Some(&scene.other))).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    let error = house.mint(&somebody(), token("gamma", None)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    let minter = scene.key(&[KeyPermission::Mint]).await;
    let error = house.mint(&minter, token("gamma", None)).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str(), error.hint), (ErrorCode::NotFound, "agent `gamma` is not known", None));
}
