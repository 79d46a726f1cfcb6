//! The legs of a Socket.IO socket: it polls, each time over any connection, and may then move to one of its own. What
//! waits for it belongs to the socket, and is written over them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{Method, StatusCode};
use http_body::Body as _;

use super::unread::{Flow, WeakFlow};

/// Sockets that are known before those that are gone are looked for.
const LOOKED_FOR: usize = 64;

/// What waits for each socket, by its id.
#[derive(Clone, Default)]
pub(super) struct Legs(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    flows: HashMap<String, WeakFlow>,
    /// How many there were when those that are gone were last forgotten.
    were: usize,
}

impl Legs {
    /// What waits for a socket; a connection that may carry it says of which server.
    pub(super) fn of_socket(&self, id: &str, connection: &Flow) -> Flow {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flow) = known.flows.get(id).and_then(WeakFlow::flow) {
            return flow;
        }
        if known.flows.len() > LOOKED_FOR.max(known.were * 2) {
            known.flows.retain(|_, flow| flow.flow().is_some());
            known.were = known.flows.len();
        }
        let flow = connection.another();
        known.flows.insert(id.to_owned(), flow.weak());
        flow
    }

    fn known(&self, id: &str) -> Option<Flow> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flows.get(id).and_then(WeakFlow::flow)
    }
}

/// Notes what each poll took, and which connection a socket moved to.
pub(super) async fn watch(State(legs): State<Legs>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let polls = path.starts_with("/socket.io") && request.method() == Method::GET;
    let id = polls.then(|| id(request.uri().query())).flatten().map(str::to_owned);
    let Some((id, connection)) = id.zip(request.extensions().get::<Flow>().cloned()) else {
        return next.run(request).await;
    };
    let response = next.run(request).await;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        legs.of_socket(&id, &connection).carried_by(&connection);
    } else if let Some(flow) = legs.known(&id) {
        // From here on it waits as part of an answer.
        let taken = response.body().size_hint().exact().unwrap_or(u64::MAX);
        flow.wrote(usize::try_from(taken).unwrap_or(usize::MAX));
    }
    response
}

/// The id of a socket in an address.
fn id(query: Option<&str>) -> Option<&str> {
    query?.split('&').find_map(|pair| pair.strip_prefix("sid="))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Unread;

    #[test]
    fn a_socket_keeps_what_waits_for_it_and_is_forgotten_with_it() {
        let unread = Unread::new(1_000);
        let (legs, connection) = (Legs::default(), unread.flow());
        let socket = legs.of_socket("a", &connection);
        socket.stream(10);
        legs.of_socket("a", &connection).wrote(4);
        assert_eq!(unread.bytes(), 6);
        assert!(legs.known("a").is_some() && legs.known("b").is_none());
        drop(socket);
        assert!(legs.known("a").is_none());
        assert_eq!(unread.bytes(), 0);
        for number in 0..10 * LOOKED_FOR {
            legs.of_socket(&number.to_string(), &connection);
        }
        assert!(legs.0.lock().unwrap().flows.len() <= LOOKED_FOR + 1);
    }

    #[test]
    fn an_id_is_read() {
        assert_eq!(id(Some("EIO=4&sid=abc&t=1")), Some("abc"));
        assert_eq!((id(Some("EIO=4")), id(None)), (None, None));
    }
}
