//! The tool servers of the house over HTTP: each that runs is offered at `/mcp/{slug}/mcp` to any number of clients,
//! although it is one program with one connection.
//!
//! The program was greeted by us, once: `initialize` of a client is answered from what it said then. Everything else goes
//! on to it as it is, under ids of our own. `clients` knows who is connected, `posting` carries what clients say, and
//! `hearing` what the program says by itself; `message` and `versions` are the words of it.

mod clients;
mod hearing;
mod message;
mod posting;
mod versions;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use self::clients::{Client, Clients};
use super::errors;
use super::sessions::{Owner, name};
use crate::domain::{Error, ErrorCode, Principal, Result};
use crate::engine::ToolServerPeer;
use crate::http::{Door, empty};

/// A program that runs, and its clients.
struct Bridge {
    peer: Arc<dyn ToolServerPeer>,
    clients: Arc<Clients>,
}

/// All bridges of one server.
#[derive(Default)]
pub struct Bridges(Mutex<HashMap<String, Arc<Bridge>>>);

impl Bridges {
    /// Answers a request to the tool server with this slug.
    pub async fn answer(&self, door: &Door, caller: &Principal, slug: &str, request: Request) -> Response {
        // A tool server may read and change anything: who calls it must have proven who they are.
        if *caller == Principal::unproven() {
            let message = "the tool servers are for those who have proven who they are";
            let hint = "send the server's token, a key, or a user's token as `Authorization: Bearer …`; or start the \
                        server with --allow-local-admin";
            return errors::refuse(&Error::new(ErrorCode::Unauthorized, message).hint(hint));
        }
        if request.method() == Method::POST {
            return posting::answer(self, door, caller, slug, request).await;
        }
        let (parts, _) = request.into_parts();
        let client = match self.of_head(door, caller, slug, &parts.headers).await {
            Ok(client) => client,
            Err(error) => return errors::refuse(&error),
        };
        if parts.method == Method::DELETE {
            client.leave().await;
            return empty(StatusCode::NO_CONTENT);
        }
        hearing::stream(door, client, &parts.headers)
    }

    /// The client that a head names.
    async fn of_head(&self, door: &Door, caller: &Principal, slug: &str, heads: &HeaderMap) -> Result<Arc<Client>> {
        let bridge = self.reach(door, caller, slug).await?;
        let Some(named) = name(heads) else {
            return Err(Error::invalid("no `Mcp-Session-Id` was sent").hint("begin with `initialize`"));
        };
        bridge.clients.get(&named, &Owner::of(caller))
    }

    /// The bridge to a tool server that runs. Who only reads the house does not get there: what a message does to it is
    /// known by the program alone.
    async fn reach(&self, door: &Door, caller: &Principal, slug: &str) -> Result<Arc<Bridge>> {
        let peer = door.engine.tool_servers().peer(caller, slug).await?;
        Ok(self.to(slug, peer))
    }

    /// The bridge to this program; a new one when it was started anew.
    fn to(&self, slug: &str, peer: Arc<dyn ToolServerPeer>) -> Arc<Bridge> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bridge) = all.get(slug).filter(|bridge| Arc::ptr_eq(&bridge.peer, &peer)) {
            return Arc::clone(bridge);
        }
        let clients = Arc::new(Clients::new(Arc::clone(&peer)));
        tokio::spawn(hearing::forward(peer.listen(), Arc::downgrade(&clients)));
        let bridge = Arc::new(Bridge { peer, clients });
        // The one before has ended: its clients begin anew.
        all.insert(slug.to_owned(), Arc::clone(&bridge));
        bridge
    }
}

/// An error that answers a request.
fn failed(error: &Error, id: &Value) -> Response {
    errors::answer(error, errors::number(error.code), id)
}
