//! FLOOR 6: the APIs, one folder each. A dialect translates: it decides nothing and remembers nothing.
//!
//! Every dialect has the same rooms: `routes` (handlers of a few lines, in a plain table), `wire` (its words as serde
//! types), `from_wire`, `to_wire`, `encoder` (a frame becomes its events), `errors` (our one table becomes its own), and
//! `sockets` where it has sockets.

pub mod agent_tars;
pub mod agentarea;
pub mod eliza;
pub mod mcp;
pub mod native;
pub mod octavus;
pub mod tarko;

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{HeaderMap, Method};

use crate::config::{ServerLimits, Settings};
use crate::domain::{Error, Principal, Result};
use crate::engine::Engine;
use crate::http::{Door, RequestId, Routes, SocketEvents};

/// Answers GET of a bare path that no route of any dialect owns, such as one of a file; `None` = not its own either.
pub type Fallback = for<'a> fn(&'a Door, &'a Principal, &'a Parts) -> BoxFuture<'a, Option<Response>>;

/// What a dialect gives to the server that mounts it.
pub struct Dialect {
    /// Its name: its routes are always served under `/NAME/…`.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Its routes, as they stand on bare paths.
    pub routes: Routes,
    /// The events of Socket.IO that it knows.
    pub sockets: SocketEvents,
    /// The bare paths below which unknown routes answer in its envelope.
    pub owns: &'static [&'static str],
    /// An error in its envelope.
    pub refuse: fn(&Error) -> Response,
    /// What answers where no route does.
    pub fallback: Option<Fallback>,
    /// Who must prove who they are, also where other doors let everybody in.
    pub wants_credential: WantsCredential,
    /// The last that is done to every answer on a path that it owns, with the id of the request; absent = nothing.
    pub finish: Option<fn(&RequestId, Response) -> Response>,
    /// The bare paths below which each user has a pace of their own, `server.limits.user_requests_per_minute` and
    /// `server.limits.user_requests_per_second`.
    pub paced: &'static [&'static str],
    /// How its description differs from that of others; absent = not at all.
    pub description: Option<Description>,
    /// What else stands around its routes; absent = nothing.
    pub around: Option<Around>,
}

/// What stands around all routes of a dialect, beside what the server checks for all of them.
#[derive(Clone, Copy)]
pub struct Around {
    /// Puts on each of its answers what they all carry.
    pub headers: fn(&mut HeaderMap),
    /// How many requests of one address it takes, in their order; of several that count a request, the last is told.
    pub windows: &'static [Window],
    /// What is answered on a path that it owns where no route does.
    pub unknown: fn() -> Response,
    /// What answers where no route of any dialect does, whatever the method; absent = nothing.
    pub beyond: Option<Beyond>,
}

/// How many requests of one address a dialect takes in a span of time.
#[derive(Clone, Copy)]
pub struct Window {
    /// Seconds.
    pub seconds: u64,
    /// How many; 0 = no limit.
    pub most: fn(&ServerLimits) -> u32,
    /// Whether a request counts, by its method and its path without the name of the dialect.
    pub counts: fn(&Method, &str) -> bool,
    /// How one too many is told.
    pub spent: fn() -> Response,
}

/// Answers where no route of any dialect does, or gives the request back. The caller is absent where the server lets
/// nobody in without proof and none came.
pub type Beyond =
    for<'a> fn(&'a Door, Option<&'a Principal>, Request) -> BoxFuture<'a, std::result::Result<Response, Request>>;

/// Who must prove who they are to routes that want a known caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WantsCredential {
    /// Whom the server lets in is let in.
    #[default]
    No,
    /// Everybody, as soon as the store has keys or accounts.
    OnceThereAreKeys,
    /// Everybody.
    Always,
}

/// The description of an API that says more than the table of its routes.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// The bare path under which it is served as well.
    pub also_at: &'static str,
    /// Makes it complete.
    pub complete: fn(&mut serde_json::Value),
}

/// The engine, with whoever the settings want to watch it. Must be called within the runtime.
///
/// # Errors
/// `invalid_input` when where to tell what is seen is no address.
pub fn watched(engine: Arc<dyn Engine>, settings: &Arc<Settings>) -> Result<Arc<dyn Engine>> {
    tarko::watched(engine, settings)
}

/// The dialects that are mounted when the settings name none, in the order of their claims on bare paths.
pub const NAMES: &[&str] = &["tarko", "agent-tars", "octavus", "agentarea", "eliza", mcp::NAME];

/// The name of the dialect whose clients call with keys.
pub const OCTAVUS: &str = octavus::NAME;

/// The doors that people with an account may enter, by the names of their dialects.
pub const FOR_PEOPLE: &[&str] = &["agentarea", "mcp"];

/// What the word of a key begins with that opens these doors; absent = all.
pub fn key_prefix(doors: Option<&[String]>) -> &'static str {
    match doors {
        Some([door]) if door == OCTAVUS => octavus::KEY_PREFIX,
        _ => "ombud_sk_",
    }
}

/// A dialect by its name.
pub fn by_name(name: &str) -> Option<Dialect> {
    match name {
        "ombud" => Some(native::dialect()),
        "tarko" => Some(tarko::dialect()),
        "agent-tars" => Some(agent_tars::dialect()),
        "octavus" => Some(octavus::dialect()),
        "agentarea" => Some(agentarea::dialect()),
        "eliza" => Some(eliza::dialect()),
        mcp::NAME => Some(mcp::dialect()),
        _ => None,
    }
}
