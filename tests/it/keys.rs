//! Keys and minted tokens: what each kind of caller may do, verb by verb, and how long a word counts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::StreamExt as _;
use ombud::config::{Settings, Wire};
use ombud::domain::{
    Agent, BlobId, CallId, Clock, ErrorCode, Fact, KeyPermission, Principal, Result, RunId, Scope, SessionId,
    SessionUpdated, Timestamp,
};
use ombud::engine::{
    Answering, Ask, CallerReturn, Completion, Decision, Engine, FileSearch, House, ImportedSession, IssuedKey, IssuedToken,
    NewKey, NewSession, NewToken, NobodyToAsk, Notices, OnBusy, Orphans, Parts, SessionFilter, Target, Word,
};
use ombud::models::{Models, Offline};
use ombud::observe::SystemClock;
use ombud::storage::{self, Store, StoreUrl};
use ombud::tools::Tools;
use secrecy::SecretString;
use serde_json::json;

use crate::support::house::{again, answer, open, question, settings, somebody};
use crate::support::model_server::{Answer, ModelServer};

/// Settings with two agents, `alpha` and `beta`.
fn two_agents(server: &ModelServer, workspace: &std::path::Path) -> Settings {
    let agent = |name: &str| Agent { name: name.into(), instructions: "Be brief.".into(), ..Agent::default() };
    let agents = BTreeMap::from(["alpha", "beta"].map(|name| (name.to_owned(), agent(name))));
    Settings { agent: "alpha".into(), agents, ..settings(server, workspace) }
}

fn key(name: &str, permissions: &[KeyPermission]) -> NewKey {
    NewKey { name: name.into(), permissions: permissions.to_vec(), prefix: "test_sk_".into(), ..NewKey::default() }
}

fn token(agent: &str, session: Option<&SessionId>) -> NewToken {
    NewToken { agent: agent.into(), session: session.cloned(), prefix: "test_et_".into(), ..NewToken::default() }
}

async fn verified(house: &House, word: &Word) -> Principal {
    house.verify(&Principal::house(), word.expose()).await.unwrap()
}

/// How a word is refused, or the name of who calls with it.
async fn worth(house: &House, word: &str) -> String {
    match house.verify(&Principal::house(), word).await {
        Ok(caller) => caller.name,
        Err(error) => format!("{:?}", error.code),
    }
}

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
            let new = NewSession { agent: Some(agent.into()), ..NewSession::default() };
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
            tell(&format!("subscribe: {name}"), house.subscribe(who, id, None).await.map(drop));
            tell(&format!("messages: {name}"), house.messages(who, id, None, 5).await.map(drop));
            tell(&format!("events: {name}"), house.events(who, id, None, 5).await.map(drop));
            tell(&format!("share: {name}"), house.share(who, id).await.map(drop));
            tell(&format!("cancel: {name}"), house.cancel(who, id, None, "x").await.map(drop));
            tell(&format!("ask: {name}"), house.ask(who, post(id)).await.map(drop));
            tell(&format!("update: {name}"), house.update(who, id, title()).await.map(drop));
            tell(&format!("restore: {name}"), house.restore(who, Some(id), Orphans::Close).await.map(drop));
            tell(&format!("look: {name}"), house.look(who, Some(id), "").await.map(drop));
            tell(&format!("find: {name}"), house.find(who, Some(id), &search).await.map(drop));
            tell(&format!("open_file: {name}"), house.open_file(who, Some(id), "a.txt").await.map(drop));
            tell(&format!("runs: {name}"), house.runs(who, Some(id), &[], 5).await.map(drop));
            if name != "no" {
                let blob = BlobId::of(b"none");
                let came = house.blob(who, id, &blob).await.map(drop);
                // What is not there is found out after the right to look.
                let came = came.or_else(|error| if error.message.contains("blob") { Ok(()) } else { Err(error) });
                tell(&format!("blob: {name}"), came);
                tell(&format!("import: {name}"), house.import(who, import(Some(id), None)).await.map(drop));
            }
        }
        let none = RunId::from_text("none");
        for (name, id) in [("own", run), ("other", other_run), ("no", &none)] {
            tell(&format!("run: {name}"), house.run(who, id).await.map(drop));
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
        let chosen = NewSession { id: Some(SessionId::from_text("chosen")), ..new("alpha") };
        tell("create: chosen id", house.create(who, chosen.clone()).await.map(drop));
        let target = Target::New(Box::new(NewSession { id: Some(SessionId::from_text("chosen-too")), ..chosen }));
        tell("ask new: chosen id", house.ask(who, posted(target, Answering::Nobody)).await.map(drop));

        let filter = SessionFilter { limit: 100, ..SessionFilter::default() };
        let list = house.sessions(who, &filter).await;
        let shown = list.as_ref().map_or(0, |page| {
            let own = |id: &SessionId| id == mine || id == other;
            page.sessions.iter().filter(|item| own(&item.summary.session.id)).count()
        });
        tell(&format!("sessions: shows {shown} of 2"), list.map(drop));
        let list = house.runs(who, None, &[], 100).await;
        let shown = list.as_ref().map_or(0, |runs| runs.iter().filter(|row| row.id == *run || row.id == *other_run).count());
        tell(&format!("runs: shows {shown} of 2"), list.map(drop));
        let list = house.agents(who).await;
        tell(&format!("agents: shows {} of 2", list.as_ref().map_or(0, BTreeMap::len)), list.map(drop));

        tell("models", house.models(who).await.map(drop));
        tell("health", house.health(who).await.map(drop));
        let nothing = house.complete(who, Completion::default()).await.map(drop);
        tell("complete: nothing", nothing);
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
        tell("mint", house.mint(who, token("alpha", None)).await.map(drop));
        tell("mint: one session", house.mint(who, token("alpha", Some(mine))).await.map(drop));
        tell("revoke: none", house.revoke(who, "x").await.map(drop));

        tell("stop", house.stop(who, "x").await);
        tell("delete: other", house.delete(who, other).await);
        tell("delete: own", house.delete(who, mine).await);
        told
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
    // A token for a session of another agent is not minted.
    let error = house.mint(&somebody(), token("alpha", Some(&scene.other))).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    let error = house.mint(&somebody(), token("gamma", None)).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::NotFound, "agent `gamma` is not known"));
}

/// Whoever has no admin's key has no commands run, as anybody without proof.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_no_admin_unless_it_was_made_one() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("ok").always()]);
    let workspace = tempfile::tempdir().unwrap();
    let house = open(two_agents(&server, workspace.path()), &StoreUrl::Memory).await;
    for (name, admin) in [("plain", false), ("operator", true)] {
        let new = NewKey { admin, ..key(name, &KeyPermission::ALL) };
        let caller = verified(&house, &house.create_key(&somebody(), new).await.unwrap().word).await;
        assert_eq!((caller.name.as_str(), caller.is_admin()), (format!("key:{name}").as_str(), admin));
        let asked = house.ask(&caller, question("run it")).await.unwrap();
        answer(&house, &asked).await;
        let events = house.events(&caller, &asked.session, None, 100).await.unwrap();
        let queued = events.iter().find_map(|event| match &event.fact {
            Fact::RunQueued(queued) => Some((event.actor.name.clone(), queued.pins.no_commands)),
            _ => None,
        });
        assert_eq!(queued, Some((caller.name, !admin)));
    }
}

/// A clock that tests move.
struct Moved(AtomicI64);

impl Moved {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_795_156_323_042)))
    }

    fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> uuid::Uuid {
        SystemClock.new_id()
    }
}

/// A house on a store, under a clock.
fn house_on(store: &Arc<dyn Store>, clock: &Arc<Moved>, change: impl FnOnce(&mut Settings)) -> House {
    let server = ModelServer::start(Wire::Openai, vec![]);
    let mut settings = two_agents(&server, &std::env::temp_dir());
    change(&mut settings);
    House::new(Parts {
        models: Models::new(&settings, clock.clone(), Arc::new(Offline::new(clock.clone()))).unwrap(),
        tools: Tools::new(&settings.limits, &settings.tools),
        settings,
        store: Arc::clone(store),
        clock: clock.clone(),
        approver: Arc::new(NobodyToAsk),
        notices: Notices::default(),
    })
}

async fn memory() -> Arc<dyn Store> {
    storage::open(&StoreUrl::Memory).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_counts_for_its_time() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house_on(&store, &clock, |_| ());
    let me = somebody();
    assert_eq!(house.has_keys(&me).await, Ok(false));
    let new = NewKey { ttl_seconds: Some(7_200), ..key("shop", &[KeyPermission::Sessions, KeyPermission::Mint]) };
    let IssuedKey { key: kept, word } = house.create_key(&me, new.clone()).await.unwrap();
    assert_eq!(house.has_keys(&me).await, Ok(true));
    assert!(word.expose().starts_with("test_sk_") && word.expose().ends_with(&kept.ending));
    assert_eq!(house.create_key(&me, new).await.unwrap_err().message, "key `shop` exists");
    assert_eq!(house.keys(&me).await, Ok(vec![kept.clone()]));
    assert_eq!(kept.expires_at.unwrap().millis_since(kept.created_at), 7_200_000);

    let shop = verified(&house, &word).await;
    let ends_in = async |wanted: Option<u64>| {
        let new = NewToken { ttl_seconds: wanted, ..token("alpha", None) };
        let issued: IssuedToken = house.mint(&shop, new).await.unwrap();
        (issued.expires_at.millis_since(clock.now()) / 1_000, issued.word)
    };
    // An hour unless told; never longer than the key that minted it.
    let (seconds, usual) = ends_in(None).await;
    assert_eq!(seconds, 3_600);
    assert_eq!(ends_in(Some(60)).await.0, 60);
    assert_eq!(ends_in(Some(1_000_000)).await.0, 7_200);
    let longest = NewToken { ttl_seconds: Some(1_000_000), ..token("alpha", None) };
    let longest = house.mint(&me, longest).await.unwrap();
    assert_eq!(longest.expires_at.millis_since(clock.now()), 86_400_000);
    let never = NewToken { ttl_seconds: Some(0), ..token("alpha", None) };
    assert_eq!(house.mint(&me, never).await.unwrap_err().code, ErrorCode::InvalidInput);

    // A word that was good a moment ago is not remembered beyond its end.
    assert!(worth(&house, usual.expose()).await.starts_with("token:"));
    clock.pass(3_599);
    assert!(worth(&house, usual.expose()).await.starts_with("token:"));
    clock.pass(1);
    assert_eq!(worth(&house, usual.expose()).await, "Unauthorized");
    assert_eq!(worth(&house, word.expose()).await, "key:shop");
    clock.pass(3_600);
    assert_eq!(worth(&house, word.expose()).await, "Unauthorized");
    // Who was known before does nothing any more either.
    let error = house.sessions(&shop, &SessionFilter::default()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unauthorized);
    assert_eq!(house.has_keys(&me).await, Ok(true), "one whose time is over is still a reason to want another");

    for word in ["", "x", "test_sk_", &word.expose().to_uppercase(), &format!("{} ", word.expose()), &"x".repeat(10_000)] {
        assert_eq!(worth(&house, word).await, "Unauthorized");
    }
    // The hash under which it is kept opens nothing.
    let record = store.records("key").await.unwrap().remove(0);
    assert_eq!(worth(&house, &record.id).await, "Unauthorized");
    assert!(!record.body.contains(word.expose()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_revoked_opens_nothing() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house_on(&store, &clock, |_| ());
    let me = somebody();
    let shop = house.create_key(&me, key("shop", &[KeyPermission::Sessions, KeyPermission::Mint])).await.unwrap();
    let caller = verified(&house, &shop.word).await;
    let minted = house.mint(&caller, token("alpha", None)).await.unwrap();
    let second = house.mint(&caller, token("alpha", None)).await.unwrap();
    let holder = verified(&house, &minted.word).await;
    let session = house.create(&holder, NewSession::default()).await.unwrap();
    let mut frames = house.subscribe(&holder, &session.id, None).await.unwrap();
    assert!(frames.next().await.unwrap().is_ok());

    assert_eq!(house.revoke(&caller, minted.word.expose()).await, Ok(Some(minted.id)));
    assert_eq!(house.revoke(&caller, minted.word.expose()).await, Ok(None), "it was revoked before");
    assert_eq!(house.revoke(&caller, "test_et_none").await, Ok(None));
    assert_eq!(house.revoke(&caller, shop.word.expose()).await, Ok(None), "a key is removed, not revoked");
    assert_eq!(worth(&house, minted.word.expose()).await, "Unauthorized");
    // Neither does who was known before: not with a verb, and not by what is read already.
    assert_eq!(house.session(&holder, &session.id).await.unwrap_err().code, ErrorCode::Unauthorized);
    let change = SessionUpdated { title: Some(Some("secret".into())), ..SessionUpdated::default() };
    house.update(&me, &session.id, change).await.unwrap();
    assert_eq!(frames.next().await.unwrap().unwrap_err().code, ErrorCode::Unauthorized);
    assert!(frames.next().await.is_none());

    // With a key all go that it minted.
    assert!(worth(&house, second.word.expose()).await.starts_with("token:"));
    assert_eq!(house.remove_key(&me, "shop").await.unwrap().id, shop.key.id);
    assert_eq!(worth(&house, shop.word.expose()).await, "Unauthorized");
    assert_eq!(worth(&house, second.word.expose()).await, "Unauthorized");
    assert_eq!(house.remove_key(&me, "shop").await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(house.keys(&me).await, Ok(vec![]));
}

/// Two processes on one store: what one takes away opens nothing in the other within two seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_processes_learn_of_it_soon() {
    let (store, clock) = (memory().await, Moved::new());
    let (one, two) = (house_on(&store, &clock, |_| ()), house_on(&store, &clock, |_| ()));
    let me = somebody();
    assert_eq!(two.has_keys(&me).await, Ok(false));
    let shop = one.create_key(&me, key("shop", &[KeyPermission::Mint])).await.unwrap();
    let minted = one.mint(&verified(&one, &shop.word).await, token("alpha", None)).await.unwrap();
    // A new word is known at once.
    assert_eq!(worth(&two, shop.word.expose()).await, "key:shop");
    let holder = verified(&two, &minted.word).await;
    assert_eq!(one.revoke(&me, minted.word.expose()).await, Ok(Some(minted.id)));
    one.remove_key(&me, "shop").await.unwrap();
    clock.pass(2);
    assert_eq!(worth(&two, minted.word.expose()).await, "Unauthorized");
    assert_eq!(worth(&two, shop.word.expose()).await, "Unauthorized");
    let error = two.sessions(&holder, &SessionFilter::default()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unauthorized);
}

/// What somebody without proof has minted counts only where nobody needs any.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_nobody_in_particular_ends_with_the_open_house() {
    let (store, clock) = (memory().await, Moved::new());
    let open = house_on(&store, &clock, |_| ());
    let minted = open.mint(&Principal::unproven(), token("alpha", None)).await.unwrap();
    assert!(worth(&open, minted.word.expose()).await.starts_with("token:"));
    let closed =
        house_on(&store, &clock, |settings| settings.server.token = Some(SecretString::from("a token of the house")));
    assert_eq!(worth(&closed, minted.word.expose()).await, "Unauthorized");
    open.create_key(&somebody(), key("shop", &[KeyPermission::Sessions])).await.unwrap();
    assert_eq!(worth(&open, minted.word.expose()).await, "Unauthorized");
}

/// A key's doors go over to what it mints, and can only become fewer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doors_only_become_fewer() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house_on(&store, &clock, |_| ());
    let doors = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let new = NewKey { doors: doors(&["one", "two"]), ..key("k", &[KeyPermission::Mint]) };
    let limited = verified(&house, &house.create_key(&somebody(), new).await.unwrap().word).await;
    for (caller, wanted, enters) in [
        (&limited, None, ["one", "two"].as_slice()),
        (&limited, doors(&["two", "three"]), &["two"]),
        (&limited, doors(&["three"]), &[]),
        (&somebody(), None, &["one", "two", "three"]),
        (&somebody(), doors(&["three"]), &["three"]),
    ] {
        let new = NewToken { doors: wanted, ..token("alpha", None) };
        let holder = verified(&house, &house.mint(caller, new).await.unwrap().word).await;
        let entered: Vec<_> = ["one", "two", "three"].into_iter().filter(|door| holder.may_enter(door)).collect();
        assert_eq!(entered, enters);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_makes_no_key() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house_on(&store, &clock, |_| ());
    let good = || key("shop", &[KeyPermission::Sessions]);
    let wrong = [
        NewKey { name: String::new(), ..good() },
        NewKey { name: "-a".into(), ..good() },
        NewKey { name: "a b".into(), ..good() },
        NewKey { name: "a\n".into(), ..good() },
        NewKey { name: "x".repeat(65), ..good() },
        NewKey { permissions: vec![], ..good() },
        NewKey { prefix: String::new(), ..good() },
        NewKey { prefix: "key".into(), ..good() },
        NewKey { prefix: "Key_".into(), ..good() },
        NewKey { ttl_seconds: Some(0), ..good() },
        NewKey { ttl_seconds: Some(u64::MAX), ..good() },
        NewKey { doors: Some(vec![]), ..good() },
        NewKey { doors: Some(vec!["A B".into()]), ..good() },
        NewKey { doors: Some((0..17).map(|number| format!("door{number}")).collect()), ..good() },
    ];
    for new in wrong {
        let error = house.create_key(&somebody(), new.clone()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput, "{new:?}");
    }
    assert_eq!(house.keys(&somebody()).await, Ok(vec![]));
}

/// Tokens that are over do not pile up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_are_over_are_taken_away() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house_on(&store, &clock, |_| ());
    let new = NewToken { ttl_seconds: Some(60), ..token("alpha", None) };
    for _ in 0..1_000 {
        house.mint(&somebody(), new.clone()).await.unwrap();
    }
    assert_eq!(store.records("token").await.unwrap().len(), 1_000);
    clock.pass(3_600);
    let last = house.mint(&somebody(), new).await.unwrap();
    house.drain().await;
    assert_eq!(store.records("token").await.unwrap().len(), 1);
    assert!(worth(&house, last.word.expose()).await.starts_with("token:"));
}

/// Words are in no log of a session, and in no text of an error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_are_nowhere() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("ok").always()]);
    let scene = Scene::new(&server).await;
    let house = &scene.house;
    let issued = house.create_key(&somebody(), key("shop", &KeyPermission::ALL)).await.unwrap();
    let minted = house.mint(&verified(house, &issued.word).await, token("alpha", None)).await.unwrap();
    let mut said = format!("{issued:?} {minted:?}");
    for word in [&issued.word, &minted.word] {
        let caller = verified(house, word).await;
        said.push_str(&format!("{caller:?}"));
        house.ask(&caller, again(&scene.mine, "hi", OnBusy::Queue)).await.unwrap();
        said.push_str(&format!("{:?}", house.verify(&Principal::house(), &format!("{}x", word.expose())).await));
        said.push_str(&format!("{:?}", house.remove_key(&somebody(), word.expose()).await));
        said.push_str(&format!("{:?}", house.create_key(&somebody(), key(word.expose(), &KeyPermission::ALL)).await));
    }
    let events = house.events(&somebody(), &scene.mine, None, 1_000).await.unwrap();
    let log = serde_json::to_string(&events).unwrap();
    assert!(log.contains("key:shop") && log.contains("token:"), "who asked stands in the log by name");
    for text in [said, log] {
        for word in [&issued.word, &minted.word] {
            assert!(!text.contains(word.expose()) && !text.contains(&word.expose()[..20]), "{text}");
        }
    }
}
