//! Watching what the runs of an agent do: in every session, in order, nothing left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use ombud::config::{Settings, Wire};
use ombud::domain::{Agent, ErrorCode, Event, Fact, Principal, Scope, SessionId};
use ombud::engine::{Ask, Engine as _, EventStream, House, NewSession, OnBusy, Target, Watched, Watching as _};
use ombud::storage::StoreUrl;

use crate::support::house::{again, answer, open, question, settings, somebody};
use crate::support::model_server::{Answer, Gate, ModelServer};
use crate::support::server::within;

/// Settings with two agents.
fn two(server: &ModelServer, workspace: &std::path::Path) -> Settings {
    let mut settings = settings(server, workspace);
    for name in ["alpha", "beta"] {
        settings.agents.insert(name.to_owned(), Agent { name: name.into(), ..Agent::default() });
    }
    settings
}

struct Bed {
    house: Arc<House>,
    folder: tempfile::TempDir,
    server: ModelServer,
    url: StoreUrl,
}

impl Bed {
    async fn new(url: impl FnOnce(&std::path::Path) -> StoreUrl) -> Self {
        Self::asking(vec![Answer::text("fine").always()], url).await
    }

    async fn asking(script: Vec<Answer>, url: impl FnOnce(&std::path::Path) -> StoreUrl) -> Self {
        let server = ModelServer::start(Wire::Openai, script);
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let url = url(folder.path());
        let house = Arc::new(open(two(&server, folder.path()), &url).await);
        Self { house, folder, server, url }
    }

    /// A further process on the same store.
    async fn other(&self) -> House {
        open(two(&self.server, self.folder.path()), &self.url).await
    }
}

fn new(agent: &str) -> Ask {
    let new = NewSession { agent: Some(agent.into()), ..NewSession::default() };
    Ask { target: Target::New(Box::new(new)), ..question("hi") }
}

fn agent(name: &str) -> Watched {
    Watched::Agent(name.to_owned())
}

async fn next(watching: &mut EventStream) -> Arc<Event> {
    within("something happens", watching.next()).await.unwrap().unwrap()
}

/// Facts until so many runs have ended, by session.
async fn until_ended(watching: &mut EventStream, mut runs: usize) -> BTreeMap<SessionId, Vec<(u64, String)>> {
    let mut facts: BTreeMap<SessionId, Vec<(u64, String)>> = BTreeMap::new();
    while runs > 0 {
        let event = next(watching).await;
        facts.entry(event.session.clone()).or_default().push((event.seq, event.fact.kind().to_owned()));
        runs -= usize::from(matches!(event.fact, Fact::RunFinished(_)));
    }
    facts
}

/// The facts of so many questions in a session, from its first on.
fn turns(count: usize) -> Vec<(u64, String)> {
    let turn = ["message.posted", "run.queued", "run.started", "message.completed", "run.finished"];
    let kinds = ["session.created"].into_iter().chain(turn.into_iter().cycle().take(5 * count));
    (1..).zip(kinds.map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_watches_an_agent_hears_of_all_its_sessions_and_of_no_other() {
    let bed = Bed::new(|_| StoreUrl::Memory).await;
    let house = &bed.house;
    let mut alpha = house.watch(&somebody(), agent("alpha")).await.unwrap();
    let mut beta = house.watch(&somebody(), agent("beta")).await.unwrap();
    let one = house.ask(&somebody(), new("alpha")).await.unwrap();
    let other = house.ask(&somebody(), new("beta")).await.unwrap();
    answer(house, &one).await;
    answer(house, &other).await;
    let more = house.ask(&somebody(), again(&one.session, "more", OnBusy::Reject)).await.unwrap();
    let two = house.ask(&somebody(), new("alpha")).await.unwrap();
    answer(house, &more).await;
    answer(house, &two).await;
    let expected = BTreeMap::from([(one.session.clone(), turns(2)), (two.session, turns(1))]);
    assert_eq!(until_ended(&mut alpha, 3).await, expected);
    assert_eq!(until_ended(&mut beta, 1).await, BTreeMap::from([(other.session, turns(1))]));
}

/// A run that began before it is watched is heard of from then on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_watches_a_run_hears_of_it_alone() {
    let gate = Gate::new();
    let held = Answer::pieces(&["half ", "an answer"]).wait_after(2, &gate);
    let bed = Bed::asking(vec![held, Answer::text("fine").always()], |_| StoreUrl::Memory).await;
    let house = &bed.house;
    let asked = house.ask(&somebody(), new("alpha")).await.unwrap();
    gate.wait_until_reached();
    let mut watching = house.watch(&somebody(), Watched::Run(asked.run.clone().unwrap())).await.unwrap();
    let other = house.ask(&somebody(), new("alpha")).await.unwrap();
    answer(house, &other).await;
    gate.open();
    let expected = turns(1)[4..].to_vec();
    assert_eq!(until_ended(&mut watching, 1).await, BTreeMap::from([(asked.session, expected)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_listen_for_long_misses_nothing() {
    const RUNS: usize = 230;
    let bed = Bed::new(|folder| StoreUrl::Sqlite(folder.join("store.db"))).await;
    let house = &bed.house;
    let mut slow = house.watch(&somebody(), agent("alpha")).await.unwrap();
    let first = house.ask(&somebody(), new("alpha")).await.unwrap();
    answer(house, &first).await;
    for _ in 1..RUNS {
        let asked = house.ask(&somebody(), again(&first.session, "more", OnBusy::WaitThenReject)).await.unwrap();
        answer(house, &asked).await;
    }
    assert!(turns(RUNS).len() > 1_024, "more than waits in memory");
    assert_eq!(until_ended(&mut slow, RUNS).await, BTreeMap::from([(first.session, turns(RUNS))]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_other_processes_do_is_heard_of_once() {
    const SESSIONS: usize = 80;
    for store in ["sqlite", "file"] {
        let bed = Bed::new(|folder| match store {
            "file" => StoreUrl::File(folder.join("store")),
            _ => StoreUrl::Sqlite(folder.join("store.db")),
        })
        .await;
        let (house, other) = (&bed.house, bed.other().await);
        // Of before, so not told.
        let before = other.ask(&somebody(), new("alpha")).await.unwrap();
        answer(&other, &before).await;
        let mut watching = house.watch(&somebody(), agent("alpha")).await.unwrap();
        let mut expected = BTreeMap::new();
        // More than one page of sessions, made there, and gone on with here and there.
        let mut runs = 0;
        for number in 0..SESSIONS {
            let asked = other.ask(&somebody(), new("alpha")).await.unwrap();
            answer(&other, &asked).await;
            let more = if number % 8 == 0 { 2 } else { 0 };
            for at in 0..more {
                let by: &House = if at == 0 { house } else { &other };
                let asked = by.ask(&somebody(), again(&asked.session, "more", OnBusy::WaitThenReject)).await.unwrap();
                answer(by, &asked).await;
            }
            runs += 1 + more;
            expected.insert(asked.session, turns(1 + more));
        }
        let asked = other.ask(&somebody(), again(&before.session, "more", OnBusy::Reject)).await.unwrap();
        answer(&other, &asked).await;
        expected.insert(before.session, turns(2)[turns(1).len()..].to_vec());
        assert_eq!(until_ended(&mut watching, runs + 1).await, expected, "{store}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_sees_all_sessions_of_an_agent_watches_it() {
    let bed = Bed::new(|_| StoreUrl::Memory).await;
    let house = &bed.house;
    let asked = house.ask(&somebody(), new("alpha")).await.unwrap();
    answer(house, &asked).await;
    let run = Watched::Run(asked.run.unwrap());
    let code = async |scope: Scope, watched: Watched| {
        let who = Principal { scopes: vec![scope], ..Principal::local("x") };
        house.watch(&who, watched).await.err().map(|error| error.code)
    };
    let of_alpha = |session: Option<&str>| Scope::Agent { name: "alpha".into(), session: session.map(str::to_owned) };
    for (scope, of_agent, of_other, of_run) in [
        (Scope::All, None, None, None),
        (Scope::Read, None, None, None),
        (of_alpha(None), None, Some(ErrorCode::NotFound), None),
        (of_alpha(Some("other")), Some(ErrorCode::Forbidden), Some(ErrorCode::NotFound), Some(ErrorCode::NotFound)),
        (Scope::Mint, Some(ErrorCode::Forbidden), Some(ErrorCode::Forbidden), Some(ErrorCode::Forbidden)),
    ] {
        assert_eq!(code(scope.clone(), agent("alpha")).await, of_agent, "{scope:?}");
        assert_eq!(code(scope.clone(), agent("beta")).await, of_other, "{scope:?}");
        assert_eq!(code(scope.clone(), run.clone()).await, of_run, "{scope:?}");
    }
    assert_eq!(code(Scope::All, agent("nobody")).await, Some(ErrorCode::NotFound));
    assert_eq!(code(Scope::All, Watched::Run(ombud::domain::RunId::from_text("none"))).await, Some(ErrorCode::NotFound));
}
