//! A house whose clock stands still until a test moves it, for what happens to sessions in time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ombud::config::{Settings, Wire};
use ombud::domain::{
    Attributes, Author, AuthorKind, Clock, Effect, Error, Lifetime, Message, MessageId, Outcome, Part, Pins, SessionId,
    SessionStatus, Timestamp, ToolSpec, Visibility,
};
use ombud::engine::{Ask, Asked, Engine, House, ImportedSession, NewSession, NobodyToAsk, Parts, Target};
use ombud::models::{Models, Offline};
use ombud::observe::SystemClock;
use ombud::storage::{self, StoreUrl};
use ombud::tools::Tools;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::house::{PATIENCE, answer, finished, question, settings, somebody};
use super::model_server::{Answer, ModelServer};

/// A clock that stands still until a test moves it.
pub struct Hand(AtomicI64);

impl Hand {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_800_000_000_000)))
    }

    pub fn go_on(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> uuid::Uuid {
        SystemClock.new_id()
    }
}

pub async fn open(settings: Settings, url: &StoreUrl, clock: &Arc<Hand>) -> Arc<House> {
    let models = Models::new(&settings, clock.clone(), Arc::new(Offline::new(clock.clone()))).unwrap();
    Arc::new(House::new(Parts {
        models,
        tools: Tools::new(&settings.limits, &settings.tools),
        settings,
        store: storage::open(url).await.unwrap(),
        approver: Arc::new(NobodyToAsk),
        clock: clock.clone(),
        notices: ombud::engine::Notices::default(),
    }))
}

/// A house with its clock, whose model says these.
pub struct Scene {
    pub house: Arc<House>,
    pub clock: Arc<Hand>,
    pub server: ModelServer,
    pub folder: tempfile::TempDir,
    pub url: StoreUrl,
}

pub async fn scene(script: Vec<Answer>) -> Scene {
    let server = ModelServer::start(Wire::Openai, script);
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::Sqlite(folder.path().join("store.db"));
    let clock = Hand::new();
    let house = open(settings(&server, folder.path()), &url, &clock).await;
    Scene { house, clock, server, folder, url }
}

impl Scene {
    pub async fn error(&self, asked: Ask) -> Error {
        self.house.ask(&somebody(), asked).await.unwrap_err()
    }

    pub async fn says(&self, asked: Ask) -> (Asked, String) {
        let asked = self.house.ask(&somebody(), asked).await.unwrap();
        let frames = answer(&self.house, &asked).await;
        let end = finished(&frames);
        assert_eq!(end.outcome, Outcome::Completed, "{:?}", end.error);
        (asked, end.answer.clone())
    }

    pub async fn status(&self, session: &SessionId) -> SessionStatus {
        self.house.session(&somebody(), session).await.unwrap().status
    }

    /// What people are shown, as text.
    pub async fn shown(&self, session: &SessionId) -> Vec<String> {
        let page = self.house.messages(&somebody(), session, None, 100).await.unwrap();
        page.messages.iter().map(|shown| shown.message.text()).collect()
    }

    pub async fn ids(&self, session: &SessionId) -> Vec<MessageId> {
        let page = self.house.messages(&somebody(), session, None, 5_000).await.unwrap();
        page.messages.into_iter().map(|shown| shown.message.id).collect()
    }

    /// A server that attends to its queue, once.
    pub async fn attend(&self, until: impl AsyncFnOnce()) {
        let (stop, house) = (CancellationToken::new(), Arc::clone(&self.house));
        let told = stop.clone();
        let task = tokio::spawn(async move { house.attend_to_queue(told).await });
        until().await;
        stop.cancel();
        tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap().unwrap();
        self.house.drain().await;
    }
}

pub fn lives(sliding: bool, ttl_seconds: u64, text: &str) -> Ask {
    let lifetime = Some(Lifetime { sliding, ttl_seconds, max_seconds: None });
    Ask { target: Target::New(Box::new(NewSession { lifetime, ..NewSession::default() })), ..question(text) }
}

pub fn caller_tool() -> Pins {
    let spec = ToolSpec {
        name: "get_weather".into(),
        description: "Tells the weather.".into(),
        parameters: json!({"type": "object"}),
        access: ombud::domain::Access::Read,
        effect: Effect::Once,
    };
    Pins { caller_tools: vec![spec], ..Pins::default() }
}

pub fn wants_weather() -> Answer {
    Answer::calls(vec![("get_weather", json!({"city": "Oslo"}))])
}

pub fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(text) {
            found.push(path.display().to_string());
        }
    }
    found
}

pub fn message(id: &str, kind: AuthorKind, text: &str) -> Message {
    Message {
        id: MessageId::from_text(id),
        author: Author::named(kind, "a"),
        parts: vec![Part::text(text)],
        at: Timestamp::from_millis(5),
        thread: None,
        visibility: Visibility::All,
        attributes: Attributes::new(),
    }
}

pub fn imported(id: &SessionId, lifetime: Option<Lifetime>, count: usize) -> ImportedSession {
    let messages = (0..count).map(|number| {
        let kind = if number % 2 == 0 { AuthorKind::Person } else { AuthorKind::Agent };
        (message(&format!("m{number}"), kind, &format!("message {number}")), Vec::new())
    });
    let session = NewSession { id: Some(id.clone()), lifetime, ..NewSession::default() };
    ImportedSession { session, messages: messages.collect() }
}
