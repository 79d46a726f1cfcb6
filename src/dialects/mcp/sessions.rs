//! Connections of clients over HTTP, which the protocol calls sessions: who began one goes on with it, and nobody else.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, HeaderName, Method};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::errors;
use super::handler::AgentServer;
use crate::domain::{Error, ErrorCode, KeyId, Principal, UserId};
use crate::http::Door;

/// The header that names a connection.
pub const CONNECTION: HeaderName = HeaderName::from_static("mcp-session-id");

/// Most connections at once.
const MOST: usize = 512;
/// Most of one caller.
const MOST_OF_ONE: usize = 128;
/// How long one lives in which nothing happens.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// How long answers may take to be written after the last run has ended.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The protocol over HTTP.
type Spoken = StreamableHttpService<AgentServer, LocalSessionManager>;

/// All connections of one server.
#[derive(Default)]
pub struct Connections {
    begun: OnceLock<(Spoken, Arc<LocalSessionManager>)>,
    owners: Owners,
}

impl Connections {
    /// Answers a request.
    pub async fn answer(&self, door: &Door, caller: Principal, request: Request) -> Response {
        let (spoken, manager) = self.begun.get_or_init(|| begin(door));
        let owner = Owner::of(&caller);
        let named = name(request.headers());
        match &named {
            Some(named) => {
                if let Err(error) = self.owners.check(named, &owner) {
                    return errors::refuse(&error);
                }
            }
            None if request.method() == Method::POST => {
                let live = manager.sessions.read().await.keys().map(ToString::to_string).collect();
                if let Err(error) = self.owners.room(&owner, &live) {
                    return errors::refuse(&error);
                }
            }
            None => {}
        }
        let response = spoken.handle(request).await;
        if let (None, Some(new)) = (named, name(response.headers())) {
            self.owners.add(new, owner);
        }
        response.map(Body::new)
    }
}

fn begin(door: &Door) -> (Spoken, Arc<LocalSessionManager>) {
    let mut manager = LocalSessionManager::default();
    manager.session_config.keep_alive = Some(IDLE);
    let manager = Arc::new(manager);
    let (working, cut) = (TaskTracker::new(), CancellationToken::new());
    tokio::spawn(end(door.left.clone(), working.clone(), cut.clone()));
    let server = AgentServer { engine: Arc::clone(&door.engine), caller: None, working, leaving: door.left.clone() };
    let limits = &door.settings.server.limits;
    // Hosts and origins are checked by the guard, before any route.
    let mut config = StreamableHttpServerConfig::default().disable_allowed_hosts();
    config.sse_keep_alive = Some(limits.heartbeat);
    config.max_request_body_bytes = limits.body_bytes;
    config.cancellation_token = cut;
    let spoken = StreamableHttpService::new(move || Ok(server.clone()), Arc::clone(&manager), config);
    (spoken, manager)
}

/// Ends the streams of clients when the server has left, once what worked for them is answered.
async fn end(left: CancellationToken, working: TaskTracker, cut: CancellationToken) {
    left.cancelled().await;
    working.close();
    working.wait().await;
    tokio::time::sleep(LAST_WORDS).await;
    cut.cancel();
}

/// The connection that a head names.
pub fn name(headers: &HeaderMap) -> Option<String> {
    headers.get(CONNECTION)?.to_str().ok().map(str::to_owned)
}

/// Who began a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    name: String,
    user: Option<UserId>,
    credential: Option<KeyId>,
}

impl Owner {
    /// A caller as the owner of connections.
    pub fn of(caller: &Principal) -> Self {
        let credential = caller.credential.as_ref().map(|credential| credential.id.clone());
        Self { name: caller.name.clone(), user: caller.user.clone(), credential }
    }
}

/// Who began which connection.
#[derive(Default)]
pub struct Owners(Mutex<HashMap<String, Owner>>);

impl Owners {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Owner>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody may use a connection: somebody else's is not there for them.
    fn check(&self, named: &str, owner: &Owner) -> Result<(), Error> {
        if self.all().get(named).is_none_or(|of| of == owner) {
            return Ok(());
        }
        Err(Error::not_found("connection", named).hint("begin a new one: `initialize`"))
    }

    /// Whether there is room for one more of somebody. Those that are not alive any more are forgotten.
    fn room(&self, owner: &Owner, live: &HashSet<String>) -> Result<(), Error> {
        let mut all = self.all();
        all.retain(|named, _| live.contains(named));
        let own = all.values().filter(|of| *of == owner).count();
        if live.len() < MOST && own < MOST_OF_ONE {
            return Ok(());
        }
        Err(Error::new(ErrorCode::Unavailable, "too many MCP clients are connected")
            .hint("end those that are not needed, by DELETE with their `Mcp-Session-Id`"))
    }

    fn add(&self, named: String, owner: Owner) {
        self.all().insert(named, owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(name: &str) -> Owner {
        Owner::of(&Principal::local(name))
    }

    #[test]
    fn a_connection_is_its_owners() {
        let owners = Owners::default();
        owners.add("c1".to_owned(), owner("a"));
        assert_eq!(owners.check("c1", &owner("a")), Ok(()));
        assert_eq!(owners.check("c1", &owner("b")).unwrap_err().message, "connection `c1` is not known");
        // Of what nobody owns the protocol's own answer is given.
        assert_eq!(owners.check("c2", &owner("b")), Ok(()));
    }

    #[test]
    fn there_is_a_limit_for_each_and_for_all() {
        let owners = Owners::default();
        let mut live = HashSet::new();
        for number in 0..MOST_OF_ONE {
            owners.add(number.to_string(), owner("a"));
            live.insert(number.to_string());
        }
        assert_eq!(owners.room(&owner("a"), &live).unwrap_err().code, ErrorCode::Unavailable);
        assert_eq!(owners.room(&owner("b"), &live), Ok(()));
        live.remove("0");
        assert_eq!(owners.room(&owner("a"), &live), Ok(()));
        live.extend((MOST_OF_ONE..=MOST).map(|number| number.to_string()));
        assert_eq!(owners.room(&owner("b"), &live).unwrap_err().code, ErrorCode::Unavailable);
    }
}
