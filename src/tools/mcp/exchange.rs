//! Requests of our own and of those who forward, beside what the protocol library sends: over the same connection, under ids
//! of their own kind, and in the server's own words. So nothing of an answer is lost that the library has no field for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::peer::{PeerError, PeerMessage, PeerRequest, ToolServerPeer};

/// Messages that wait to be sent.
const OUTGOING: usize = 64;
/// Messages that wait for one who listens.
const HEARD: usize = 256;
/// Requests that wait for their answers at once.
const WAITING: usize = 256;
/// Questions of the server that wait for their answers at once.
const QUESTIONS: usize = 64;
/// How long one waits.
const QUESTION_WAITS: Duration = Duration::from_secs(60);
/// What our ids begin with. Those of the library are numbers.
const OURS: &str = "ombud-";

/// One connection to a server.
pub struct Exchange {
    me: Weak<Self>,
    outgoing: mpsc::Sender<Value>,
    inside: Mutex<Inside>,
    numbers: AtomicU64,
    initialized: OnceLock<Value>,
    /// Fires when nothing comes any more.
    pub closed: CancellationToken,
    /// Longest wait for an answer.
    limit: Duration,
}

struct Inside {
    requests: HashMap<String, Waiting>,
    /// Questions of the server that wait, by their id as JSON.
    questions: HashMap<String, u64>,
    /// `None` = closed.
    told: Option<broadcast::Sender<PeerMessage>>,
}

struct Waiting {
    number: u64,
    reply: oneshot::Sender<Result<Value, PeerError>>,
    beside: Option<mpsc::Sender<PeerMessage>>,
    /// The token that whoever asked gave for progress.
    token: Option<Value>,
}

/// Takes a request back that nobody waits for any more.
struct Asked<'a> {
    exchange: &'a Exchange,
    id: String,
    answered: bool,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let waited = self.exchange.inside().requests.remove(&self.id).is_some();
        if waited && !self.answered {
            let cancelled = json!({ "requestId": self.id, "reason": "nobody waits for the answer any more" });
            // A server that takes nothing any more need not be told.
            let _ = self.exchange.outgoing.try_send(notification("notifications/cancelled", Some(cancelled)));
        }
    }
}

fn notification(method: &str, params: Option<Value>) -> Value {
    let mut message = json!({ "jsonrpc": "2.0", "method": method });
    if let Some(params) = params {
        message["params"] = params;
    }
    message
}

fn closed() -> PeerError {
    PeerError::new(PeerError::UNAVAILABLE, "the tool server does not run any more")
}

impl Exchange {
    /// A connection whose messages are sent by whoever holds the receiver.
    pub fn new(limit: Duration) -> (Arc<Self>, mpsc::Receiver<Value>) {
        let (outgoing, sent) = mpsc::channel(OUTGOING);
        let inside =
            Inside { requests: HashMap::new(), questions: HashMap::new(), told: Some(broadcast::Sender::new(HEARD)) };
        let exchange = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            outgoing,
            inside: Mutex::new(inside),
            numbers: AtomicU64::new(1),
            initialized: OnceLock::new(),
            closed: CancellationToken::new(),
            limit,
        });
        (exchange, sent)
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a message of the library.
    pub fn outgoing(&self) -> mpsc::Sender<Value> {
        self.outgoing.clone()
    }

    /// Nothing comes any more: whoever waits is told so.
    pub fn close(&self) {
        let mut inside = self.inside();
        inside.requests.clear();
        inside.questions.clear();
        inside.told = None;
        drop(inside);
        self.closed.cancel();
    }

    /// A request could not be sent.
    pub fn fail(&self, id: &Value, why: &str) {
        let waiting = id.as_str().and_then(|id| self.inside().requests.remove(id));
        if let Some(waiting) = waiting {
            let _ = waiting.reply.send(Err(PeerError::new(PeerError::UNAVAILABLE, why)));
        }
    }

    /// Looks at a message of the server; true when it is none of the library's.
    pub fn take(&self, message: &Value) -> bool {
        match (message.get("method").and_then(Value::as_str), message.get("id")) {
            (Some(method), Some(id)) => self.is_asked(method, id, message.get("params")),
            (Some(method), None) => self.is_told(method, message.get("params")),
            (None, Some(id)) => self.is_answered(id, message),
            (None, None) => false,
        }
    }

    fn is_answered(&self, id: &Value, message: &Value) -> bool {
        if let Some(result) = message.get("result")
            && result.get("protocolVersion").is_some_and(Value::is_string)
        {
            self.initialized.get_or_init(|| result.clone());
        }
        let Some(id) = id.as_str().filter(|id| id.starts_with(OURS)) else { return false };
        // An answer to what was taken back is nobody's.
        if let Some(waiting) = self.inside().requests.remove(id) {
            let _ = waiting.reply.send(answer_of(message));
        }
        true
    }

    fn is_told(&self, method: &str, params: Option<&Value>) -> bool {
        let message = |params: Option<Value>| PeerMessage::Notification { method: method.to_owned(), params };
        let inside = self.inside();
        if method == "notifications/progress" {
            let token = params.and_then(|params| params.get("progressToken")).and_then(Value::as_str);
            let Some(token) = token.filter(|token| token.starts_with(OURS)) else { return false };
            if let Some(Waiting { beside: Some(beside), token: Some(given), .. }) = inside.requests.get(token)
                && let Some(mut params) = params.cloned()
            {
                params["progressToken"] = given.clone();
                // Who is too slow misses it.
                let _ = beside.try_send(message(Some(params)));
            }
            return true;
        }
        if let Some(told) = &inside.told {
            // Nobody listening is no failure.
            let _ = told.send(message(params.cloned()));
        }
        false
    }

    fn is_asked(&self, method: &str, id: &Value, params: Option<&Value>) -> bool {
        if method == "ping" {
            return false;
        }
        let message = PeerMessage::Request { id: id.clone(), method: method.to_owned(), params: params.cloned() };
        let mut inside = self.inside();
        // Over a pipe nothing tells which request a question belongs to: most likely to the newest. While one of the house
        // itself waits it may belong to that, and what it is about is for nobody else.
        let ours = inside.requests.values().any(|waiting| waiting.beside.is_none());
        let forwarded = inside.requests.values().filter(|waiting| waiting.beside.is_some());
        let newest = forwarded.max_by_key(|waiting| waiting.number).and_then(|waiting| waiting.beside.as_ref());
        let listening = inside.told.as_ref().filter(|told| told.receiver_count() > 0);
        let reached = match (newest, listening) {
            (None, None) => return false,
            _ if ours => false,
            (Some(beside), _) => beside.try_send(message).is_ok(),
            (None, Some(told)) => told.send(message).is_ok(),
        };
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        if !reached || inside.questions.len() >= QUESTIONS {
            drop(inside);
            self.refuse(id, "nobody can answer this now");
            return true;
        }
        inside.questions.insert(id.to_string(), number);
        drop(inside);
        let (me, id) = (self.me.clone(), id.clone());
        tokio::spawn(async move {
            tokio::time::sleep(QUESTION_WAITS).await;
            let Some(exchange) = me.upgrade() else { return };
            // Another question may have the id by now.
            let late = exchange.inside().questions.get(&id.to_string()) == Some(&number);
            if late {
                exchange.inside().questions.remove(&id.to_string());
                exchange.refuse(&id, "nobody has answered in time");
            }
        });
        true
    }

    fn refuse(&self, id: &Value, why: &str) {
        let error = PeerError::new(PeerError::UNAVAILABLE, why);
        let _ = self.outgoing.try_send(json!({ "jsonrpc": "2.0", "id": id, "error": error }));
    }
}

fn answer_of(message: &Value) -> Result<Value, PeerError> {
    match (message.get("result"), message.get("error")) {
        (Some(result), _) => Ok(result.clone()),
        (None, Some(error)) => Err(serde_json::from_value(error.clone())
            .unwrap_or_else(|_| PeerError::new(PeerError::UNAVAILABLE, "the tool server failed without saying how"))),
        (None, None) => Err(PeerError::new(PeerError::UNAVAILABLE, "the tool server gave neither a result nor an error")),
    }
}

#[async_trait]
impl ToolServerPeer for Exchange {
    fn initialized(&self) -> &Value {
        self.initialized.get().unwrap_or(&Value::Null)
    }

    async fn request(&self, request: PeerRequest) -> Result<Value, PeerError> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let id = format!("{OURS}{number}");
        let mut message = json!({ "jsonrpc": "2.0", "id": id, "method": request.method });
        let mut params = request.params;
        let token = params.as_mut().and_then(|params| params.get_mut("_meta")?.get_mut("progressToken"));
        let token = token.map(|token| std::mem::replace(token, Value::from(id.clone())));
        if let Some(params) = params {
            message["params"] = params;
        }
        let (reply, answer) = oneshot::channel();
        {
            let mut inside = self.inside();
            if inside.told.is_none() {
                return Err(closed());
            }
            if inside.requests.len() >= WAITING {
                return Err(PeerError::new(PeerError::UNAVAILABLE, "too many requests wait for this tool server"));
            }
            inside.requests.insert(id.clone(), Waiting { number, reply, beside: request.beside, token });
        }
        let mut asked = Asked { exchange: self, id, answered: false };
        let answered = async {
            self.outgoing.send(message).await.map_err(|_| closed())?;
            answer.await.unwrap_or_else(|_| Err(closed()))
        };
        tokio::select! {
            biased;
            answer = answered => {
                asked.answered = true;
                answer
            }
            () = request.cancelled.cancelled() => Err(PeerError::new(PeerError::UNAVAILABLE, "the request was cancelled")),
            () = tokio::time::sleep(self.limit) => {
                let message = format!("the tool server did not answer within {:?}", self.limit);
                Err(PeerError::new(PeerError::UNAVAILABLE, message))
            }
        }
    }

    async fn notify(&self, method: &str, params: Option<Value>) -> Result<(), PeerError> {
        if self.closed.is_cancelled() {
            return Err(closed());
        }
        tokio::select! {
            sent = self.outgoing.send(notification(method, params)) => sent.map_err(|_| closed()),
            () = self.closed.cancelled() => Err(closed()),
            () = tokio::time::sleep(self.limit) => Err(closed()),
        }
    }

    fn listen(&self) -> BoxStream<'static, PeerMessage> {
        let Some(heard) = self.inside().told.as_ref().map(broadcast::Sender::subscribe) else {
            return stream::empty().boxed();
        };
        stream::unfold(heard, |mut heard| async move {
            loop {
                match heard.recv().await {
                    Ok(message) => return Some((message, heard)),
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        })
        .boxed()
    }

    async fn answer(&self, id: &Value, answer: Result<Value, PeerError>) -> Result<(), PeerError> {
        if self.inside().questions.remove(&id.to_string()).is_none() {
            return Err(PeerError::new(PeerError::UNAVAILABLE, "the tool server does not wait for this answer"));
        }
        let message = match answer {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(error) => json!({ "jsonrpc": "2.0", "id": id, "error": error }),
        };
        tokio::select! {
            sent = self.outgoing.send(message) => sent.map_err(|_| closed()),
            () = self.closed.cancelled() => Err(closed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    fn request(method: &str, params: Value) -> PeerRequest {
        PeerRequest { method: method.to_owned(), params: Some(params), ..PeerRequest::default() }
    }

    #[tokio::test]
    async fn an_answer_and_progress_come_back_to_who_asked() {
        let (exchange, mut sent) = Exchange::new(LIMIT);
        let (beside, mut heard) = mpsc::channel(4);
        let asked = PeerRequest {
            beside: Some(beside),
            ..request("tools/call", json!({ "name": "a", "_meta": { "progressToken": 7 } }))
        };
        let server = async {
            let message = sent.recv().await.unwrap();
            let id = message["id"].clone();
            assert_eq!(message["params"], json!({ "name": "a", "_meta": { "progressToken": id } }));
            let progress = json!({ "progressToken": id, "progress": 1 });
            assert!(exchange.take(&json!({ "method": "notifications/progress", "params": progress })));
            let question = json!({ "id": 5, "method": "sampling/createMessage", "params": { "x": 1 } });
            assert!(exchange.take(&question));
            assert!(!exchange.take(&json!({ "id": 1, "result": { "protocolVersion": "2025-11-25", "other": true } })));
            assert!(exchange.take(&json!({ "id": id, "result": { "anything": [1] } })));
        };
        let (answer, ()) = tokio::join!(exchange.request(asked), server);
        assert_eq!(answer, Ok(json!({ "anything": [1] })));
        let progress = PeerMessage::Notification {
            method: "notifications/progress".into(),
            params: Some(json!({ "progressToken": 7, "progress": 1 })),
        };
        assert_eq!(heard.recv().await, Some(progress));
        assert!(matches!(heard.recv().await, Some(PeerMessage::Request { .. })));
        exchange.answer(&json!(5), Ok(json!({}))).await.unwrap();
        assert_eq!(sent.recv().await, Some(json!({ "jsonrpc": "2.0", "id": 5, "result": {} })));
        exchange.answer(&json!(5), Ok(json!({}))).await.unwrap_err();
        assert_eq!(exchange.initialized()["other"], json!(true));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_taken_back() {
        let (exchange, mut sent) = Exchange::new(LIMIT);
        let asked = request("tools/call", json!({}));
        asked.cancelled.cancel();
        let error = exchange.request(asked).await.unwrap_err();
        assert_eq!(error.message, "the request was cancelled");
        let id = sent.recv().await.unwrap()["id"].clone();
        let cancelled = sent.recv().await.unwrap();
        assert_eq!((&cancelled["method"], &cancelled["params"]["requestId"]), (&json!("notifications/cancelled"), &id));
        // A late answer is nobody's.
        assert!(exchange.take(&json!({ "id": id, "result": {} })));
    }

    #[tokio::test]
    async fn the_end_of_the_server_ends_all() {
        let (exchange, _sent) = Exchange::new(LIMIT);
        let mut told = exchange.listen();
        assert!(!exchange.take(&json!({ "method": "notifications/tools/list_changed" })));
        let (asked, ()) = tokio::join!(exchange.request(request("tools/list", json!({}))), async { exchange.close() });
        assert_eq!(asked, Err(closed()));
        assert!(matches!(told.next().await, Some(PeerMessage::Notification { .. })));
        assert_eq!(told.next().await, None);
        assert_eq!(exchange.request(request("ping", json!({}))).await, Err(closed()));
    }

    #[tokio::test]
    async fn a_question_that_may_be_the_houses_reaches_nobody_else() {
        let (exchange, mut sent) = Exchange::new(LIMIT);
        let (beside, mut heard) = mpsc::channel(4);
        let forwarded = PeerRequest { beside: Some(beside), ..request("tools/call", json!({ "name": "a" })) };
        let own = request("tools/call", json!({ "name": "b" }));
        let server = async {
            let ids = [sent.recv().await.unwrap()["id"].clone(), sent.recv().await.unwrap()["id"].clone()];
            assert!(exchange.take(&json!({ "id": 5, "method": "sampling/createMessage" })));
            let refused = sent.recv().await.unwrap();
            assert_eq!((&refused["id"], &refused["error"]["message"]), (&json!(5), &json!("nobody can answer this now")));
            for id in ids {
                assert!(exchange.take(&json!({ "id": id, "result": {} })));
            }
        };
        let (one, other, ()) = tokio::join!(exchange.request(forwarded), exchange.request(own), server);
        assert_eq!((one, other), (Ok(json!({})), Ok(json!({}))));
        assert_eq!(heard.recv().await, None);
    }

    #[tokio::test]
    async fn a_question_that_nobody_hears_is_the_librarys() {
        let (exchange, _sent) = Exchange::new(LIMIT);
        assert!(!exchange.take(&json!({ "id": 1, "method": "roots/list" })));
        let mut told = exchange.listen();
        assert!(!exchange.take(&json!({ "id": 1, "method": "ping" })));
        assert!(exchange.take(&json!({ "id": 1, "method": "roots/list" })));
        assert!(matches!(told.next().await, Some(PeerMessage::Request { .. })));
    }
}
