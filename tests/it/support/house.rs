//! A house for tests: a store of its own, a workspace of its own, and models that are scripted HTTP servers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use ombud::config::{Limits, Paths, Provider, Settings, ToolSettings, Wire};
use ombud::domain::{
    Agent, Budget, Cursor, Fact, Frame, ModelChoice, Part, Permission, PermissionRule, Principal, RunId, SessionId,
};
use ombud::engine::{Answering, Ask, Asked, Engine, House, NobodyToAsk, OnBusy, Parts, Target};
use ombud::models::{Models, Offline};
use ombud::observe::SystemClock;
use ombud::storage::{self, StoreUrl};
use ombud::tools::Tools;

use super::model_server::ModelServer;

/// How long a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Settings whose only model is the server's, under `house/small`.
pub fn settings(server: &ModelServer, workspace: &Path) -> Settings {
    let provider = Provider { wire: Wire::Openai, base_url: server.base_url(), api_key: None, headers: BTreeMap::new() };
    let agent = Agent { name: "default".into(), instructions: "Be brief.".into(), ..Agent::default() };
    Settings {
        agent: "default".into(),
        model: Some(ModelChoice::new("house", "small")),
        fallback: vec![],
        providers: BTreeMap::from([("house".to_owned(), provider)]),
        store: "memory:".into(),
        workspace: workspace.to_owned(),
        permissions: vec![PermissionRule::parse("*", Permission::Allow).unwrap()],
        permissions_given: 0,
        budgets: Budget::default(),
        limits: Limits { busy_wait: Duration::from_secs(10), ..Limits::default() },
        tools: ToolSettings::default(),
        agents: BTreeMap::from([("default".to_owned(), agent)]),
        agent_sources: BTreeMap::new(),
        models: BTreeMap::new(),
        project_instructions: false,
        retention: ombud::config::Retention::default(),
        plugins: Vec::new(),
        paths: Paths::default(),
        server: unpaced(),
        speech: ombud::config::SpeechSettings::default(),
    }
}

/// The settings of a server that lets users ask as often as they like: tests are quick.
fn unpaced() -> ombud::config::ServerSettings {
    // The doors are open to people as in the program.
    let user_doors = ombud::dialects::FOR_PEOPLE.iter().map(|door| (*door).to_owned()).collect();
    let mut server = ombud::config::ServerSettings { user_doors, ..ombud::config::ServerSettings::default() };
    server.limits.user_requests_per_minute = 0;
    server.limits.user_requests_per_second = 0;
    server.limits.window_requests = 0;
    server.limits.window_uploads = 0;
    server.limits.window_files = 0;
    server
}

/// A house on a store.
pub async fn open(settings: Settings, url: &StoreUrl) -> House {
    let clock = Arc::new(SystemClock);
    let offline = Arc::new(Offline::new(clock.clone()));
    let models = Models::new(&settings, clock.clone(), offline).unwrap().with_first_wait(Duration::from_millis(1));
    let tools = Tools::new(&settings.limits, &settings.tools);
    let store = storage::open(url).await.unwrap();
    House::new(Parts {
        settings,
        store,
        models,
        tools,
        clock,
        approver: Arc::new(NobodyToAsk),
        notices: ombud::engine::Notices::default(),
    })
}

/// Who asks in tests.
pub fn somebody() -> Principal {
    Principal::local("somebody")
}

/// A question in a new session.
pub fn question(text: &str) -> Ask {
    Ask {
        procedure: None,
        target: Target::New(Box::default()),
        input: vec![Part::text(text)],
        blobs: vec![],
        context: vec![],
        answering: Answering::SessionAgent,
        on_busy: OnBusy::Reject,
        pins: ombud::domain::Pins::default(),
        ..Ask::default()
    }
}

/// A question in a session that exists.
pub fn again(session: &SessionId, text: &str, on_busy: OnBusy) -> Ask {
    Ask { target: Target::Existing(session.clone()), on_busy, ..question(text) }
}

/// Everything from a cursor to the end of a run, or until it waits.
pub async fn frames(house: &House, session: &SessionId, after: Cursor, run: &RunId) -> Vec<Frame> {
    let mut stream = house.subscribe(&somebody(), session, Some(after)).await.unwrap();
    let mut frames = Vec::new();
    loop {
        let next = tokio::time::timeout(PATIENCE, stream.next()).await;
        let frame = next.unwrap_or_else(|_| panic!("nothing more came after {:?}", kinds(&frames))).unwrap().unwrap();
        let ends = match &frame {
            Frame::Fact(event) if event.run.as_ref() == Some(run) => {
                matches!(event.fact, Fact::RunFinished(_) | Fact::RunWaiting(_))
            }
            _ => false,
        };
        frames.push(frame);
        if ends {
            return frames;
        }
    }
}

/// Everything that a question brought about.
pub async fn answer(house: &House, asked: &Asked) -> Vec<Frame> {
    frames(house, &asked.session, asked.before, asked.run.as_ref().unwrap()).await
}

/// The types of frames, pieces of the same part once.
pub fn kinds(frames: &[Frame]) -> Vec<String> {
    let mut kinds: Vec<String> =
        frames.iter().map(|frame| serde_json::to_value(frame).unwrap()["type"].as_str().unwrap().to_owned()).collect();
    kinds.dedup_by(|next, last| next == last && next == "part.grew");
    kinds
}

/// The facts of a log, by type.
pub async fn log(house: &House, session: &SessionId) -> Vec<String> {
    let events = house.events(&somebody(), session, None, 10_000).await.unwrap();
    for (seq, event) in (1..).zip(&events) {
        assert_eq!(event.seq, seq, "the log is dense");
    }
    events.iter().map(|event| event.fact.kind().to_owned()).collect()
}

/// How a run ended.
pub fn finished(frames: &[Frame]) -> &ombud::domain::RunFinished {
    match frames.last() {
        Some(Frame::Fact(event)) => match &event.fact {
            Fact::RunFinished(finished) => finished,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}
