//! The clients of one program: who they are, what they wait for, and what waits for them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::dialects::mcp::sessions::Owner;
use crate::domain::{Error, ErrorCode, Result};
use crate::engine::{PeerError, PeerRequest, ToolServerPeer};

/// Most clients of one program.
const MOST: usize = 256;
/// How long a client is known that says nothing, and does not listen.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// Messages that wait for a client; of those that wait while it does not listen, the oldest go first.
const WAITING: usize = 64;
/// Most requests of one client at once.
const AT_ONCE: usize = 64;
/// Most questions that wait for one client.
const QUESTIONS: usize = 64;
/// Most resources that one client is told of when they change.
const SUBSCRIPTIONS: usize = 1_000;

/// How grave lines of a log are, the least first.
const LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/// All clients of one program.
pub struct Clients {
    peer: Arc<dyn ToolServerPeer>,
    all: Mutex<HashMap<String, Arc<Client>>>,
}

/// One client.
pub struct Client {
    /// Names its connection.
    pub id: String,
    /// The program.
    pub peer: Arc<dyn ToolServerPeer>,
    owner: Owner,
    of: Weak<Clients>,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    used: Option<Instant>,
    /// Its requests at work, by their id as JSON, each with when it came.
    requests: HashMap<String, (u64, CancellationToken)>,
    came: u64,
    /// What it was asked, and has not answered yet: ids as JSON.
    questions: HashSet<String>,
    subscriptions: HashSet<String>,
    /// The least grave lines that it wants; absent = all.
    level: Option<usize>,
    listening: Option<mpsc::Sender<Value>>,
    waiting: VecDeque<Value>,
}

impl Clients {
    /// Nobody is connected yet.
    pub fn new(peer: Arc<dyn ToolServerPeer>) -> Self {
        Self { peer, all: Mutex::default() }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<Client>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that are connected.
    pub fn each(&self) -> Vec<Arc<Client>> {
        self.all().values().cloned().collect()
    }

    /// One more.
    ///
    /// # Errors
    /// `unavailable` when there are too many.
    pub fn begin(self: &Arc<Self>, id: String, owner: Owner) -> Result<Arc<Client>> {
        let mut all = self.all();
        all.retain(|_, client| client.is_alive());
        if all.len() >= MOST {
            return Err(Error::new(ErrorCode::Unavailable, "too many MCP clients are connected to this tool server")
                .hint("end those that are not needed, by DELETE with their `Mcp-Session-Id`"));
        }
        let client = Arc::new(Client::new(id.clone(), Arc::clone(&self.peer), owner, Arc::downgrade(self)));
        all.insert(id, Arc::clone(&client));
        Ok(client)
    }

    /// One that is connected. That of somebody else is not there.
    ///
    /// # Errors
    /// `not_found`.
    pub fn get(&self, id: &str, owner: &Owner) -> Result<Arc<Client>> {
        let client = self.all().get(id).filter(|client| client.owner == *owner).cloned();
        let client = client.ok_or_else(|| Error::not_found("connection", id).hint("begin a new one: `initialize`"))?;
        client.inside().used = Some(Instant::now());
        Ok(client)
    }

    /// A client that is not kept: of one request, from somebody who has not begun a connection.
    pub fn passing(&self, owner: Owner) -> Arc<Client> {
        Arc::new(Client::new(String::new(), Arc::clone(&self.peer), owner, Weak::new()))
    }
}

impl Client {
    fn new(id: String, peer: Arc<dyn ToolServerPeer>, owner: Owner, of: Weak<Clients>) -> Self {
        let inside = Inside { used: Some(Instant::now()), ..Inside::default() };
        Self { id, peer, owner, of, inside: Mutex::new(inside) }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_alive(&self) -> bool {
        let inside = self.inside();
        let listens = inside.listening.as_ref().is_some_and(|listening| !listening.is_closed());
        listens || !inside.requests.is_empty() || inside.used.is_none_or(|used| used.elapsed() < IDLE)
    }

    /// Whether it is connected, and not only passing.
    pub fn is_kept(&self) -> bool {
        !self.id.is_empty()
    }

    /// Notes a request; it ends when what is given back is dropped.
    ///
    /// # Errors
    /// An error of JSON-RPC when it has the id already, or too many are at work.
    pub fn asks(self: &Arc<Self>, id: &Value) -> Result<AtWork, PeerError> {
        let mut inside = self.inside();
        let key = id.to_string();
        if inside.requests.contains_key(&key) {
            return Err(PeerError::new(super::message::INVALID_REQUEST, "a request with this `id` is at work"));
        }
        if inside.requests.len() >= AT_ONCE {
            return Err(PeerError::new(PeerError::UNAVAILABLE, "too many requests of this client are at work"));
        }
        inside.came += 1;
        let (came, cancelled) = (inside.came, CancellationToken::new());
        inside.requests.insert(key.clone(), (came, cancelled.clone()));
        Ok(AtWork { client: Arc::clone(self), key, came, cancelled })
    }

    /// Takes a request back.
    pub fn takes_back(&self, id: &Value) {
        if let Some((_, cancelled)) = self.inside().requests.get(&id.to_string()) {
            cancelled.cancel();
        }
    }

    /// Whether requests of it are at work.
    pub fn works(&self) -> bool {
        !self.inside().requests.is_empty()
    }

    /// Whether requests of others are at work: then nobody can say whose question a question of the program is.
    pub fn is_alone(&self) -> bool {
        let Some(of) = self.of.upgrade() else { return true };
        of.each().iter().all(|other| other.id == self.id || !other.works())
    }

    /// Notes that it is asked something. False = too much waits for it already, or it cannot be asked.
    pub fn is_asked(&self, id: &Value) -> bool {
        let mut inside = self.inside();
        self.is_kept() && inside.questions.len() < QUESTIONS && inside.questions.insert(id.to_string())
    }

    /// Whether it was asked this, and has not answered before.
    pub fn answers(&self, id: &Value) -> bool {
        self.inside().questions.remove(&id.to_string())
    }

    /// Whether it wants lines as grave as this.
    pub fn wants(&self, params: Option<&Value>) -> bool {
        let level = params.and_then(|params| params.get("level")).and_then(Value::as_str);
        let grave = level.and_then(|level| LEVELS.iter().position(|known| *known == level));
        match (self.inside().level, grave) {
            (Some(least), Some(grave)) => grave >= least,
            _ => true,
        }
    }

    /// Whether it is told of changes of this resource.
    pub fn subscribes(&self, address: &str) -> bool {
        self.inside().subscriptions.contains(address)
    }

    /// Sends it something by itself, now or when it listens again.
    pub fn tell(&self, message: Value) {
        if !self.is_kept() {
            return;
        }
        let mut inside = self.inside();
        let message = match inside.listening.as_ref().map(|listening| listening.try_send(message.clone())) {
            Some(Ok(())) => return,
            // A reader that is too slow misses some.
            Some(Err(mpsc::error::TrySendError::Full(_))) => return,
            Some(Err(mpsc::error::TrySendError::Closed(message))) => message,
            None => message,
        };
        inside.listening = None;
        if inside.waiting.len() >= WAITING {
            inside.waiting.pop_front();
        }
        inside.waiting.push_back(message);
    }

    /// Listens to what it is told; what waited comes first.
    ///
    /// # Errors
    /// `conflict` when it listens already.
    pub fn listen(&self) -> Result<mpsc::Receiver<Value>> {
        let mut inside = self.inside();
        if inside.listening.as_ref().is_some_and(|listening| !listening.is_closed()) {
            return Err(Error::new(ErrorCode::Conflict, "this client listens already").hint("one stream is enough"));
        }
        let (sender, receiver) = mpsc::channel(WAITING);
        for message in inside.waiting.drain(..) {
            // There is room for all that waited.
            let _ = sender.try_send(message);
        }
        inside.listening = Some(sender);
        Ok(receiver)
    }

    /// Asks the program something that counts for all of its clients, in such a way that it fits each of them.
    ///
    /// # Errors
    /// The program's own.
    pub async fn shared(&self, method: &str, params: Option<Value>) -> Option<Result<Value, PeerError>> {
        match method {
            "logging/setLevel" => Some(self.wants_from(params).await),
            "resources/subscribe" | "resources/unsubscribe" => Some(self.watches(method, params).await),
            _ => None,
        }
    }

    async fn wants_from(&self, params: Option<Value>) -> Result<Value, PeerError> {
        let named = params.as_ref().and_then(|params| params.get("level")).and_then(Value::as_str);
        let Some(level) = named.and_then(|named| LEVELS.iter().position(|known| *known == named)) else {
            // What is wrong with it is for the program to say.
            return self.ask("logging/setLevel", params).await;
        };
        self.inside().level = Some(level);
        let others = self.of.upgrade().map(|of| of.each()).unwrap_or_default();
        let least = others.iter().filter_map(|client| client.inside().level).min().unwrap_or(level).min(level);
        self.ask("logging/setLevel", Some(json!({ "level": LEVELS[least] }))).await
    }

    async fn watches(&self, method: &str, params: Option<Value>) -> Result<Value, PeerError> {
        let named = params.as_ref().and_then(|params| params.get("uri")).and_then(Value::as_str).map(str::to_owned);
        let Some(address) = named.filter(|_| self.is_kept()) else { return self.ask(method, params).await };
        if method == "resources/unsubscribe" {
            self.inside().subscriptions.remove(&address);
            return if self.is_watched(&address) { Ok(json!({})) } else { self.ask(method, params).await };
        }
        if self.inside().subscriptions.len() >= SUBSCRIPTIONS {
            return Err(PeerError::new(PeerError::UNAVAILABLE, "this client subscribes to too many resources"));
        }
        let answer = self.ask(method, params).await?;
        self.inside().subscriptions.insert(address);
        Ok(answer)
    }

    /// Whether a client is told of changes of this resource.
    fn is_watched(&self, address: &str) -> bool {
        self.of.upgrade().is_some_and(|of| of.each().iter().any(|client| client.subscribes(address)))
    }

    async fn ask(&self, method: &str, params: Option<Value>) -> Result<Value, PeerError> {
        self.peer.request(PeerRequest { method: method.to_owned(), params, ..PeerRequest::default() }).await
    }

    /// Ends the connection: what it waited for is taken back, and nobody else's is lost.
    pub async fn leave(&self) {
        if let Some(of) = self.of.upgrade() {
            of.all().remove(&self.id);
        }
        let (subscriptions, questions) = {
            let mut inside = self.inside();
            inside.requests.values().for_each(|(_, cancelled)| cancelled.cancel());
            inside.listening = None;
            (std::mem::take(&mut inside.subscriptions), std::mem::take(&mut inside.questions))
        };
        for question in questions {
            let Ok(id) = serde_json::from_str::<Value>(&question) else { continue };
            let gone = PeerError::new(PeerError::UNAVAILABLE, "the client has gone");
            let _ = self.peer.answer(&id, Err(gone)).await;
        }
        for address in subscriptions.into_iter().filter(|address| !self.is_watched(address)) {
            let _ = self.ask("resources/unsubscribe", Some(json!({ "uri": address }))).await;
        }
    }
}

/// A request at work.
pub struct AtWork {
    client: Arc<Client>,
    key: String,
    came: u64,
    /// It was taken back.
    pub cancelled: CancellationToken,
}

impl AtWork {
    /// Who asked.
    pub fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Whether none of the client's requests is newer: what belongs to no request is told beside this one.
    pub fn is_newest(&self) -> bool {
        self.client.inside().requests.values().all(|(came, _)| *came <= self.came)
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let mut inside = self.client.inside();
        inside.requests.remove(&self.key);
        inside.used = Some(Instant::now());
    }
}
