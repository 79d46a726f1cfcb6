//! The events that the dialects know, and which dialect a client speaks.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{EventSocket, Said};
use crate::domain::Principal;

/// An event that clients send, and what answers it.
#[derive(Clone, Copy)]
pub struct SocketEvent {
    /// Its name.
    pub name: &'static str,
    /// What answers it.
    pub handler: SocketHandler,
}

/// What answers an event. The next event of the same socket waits for it.
pub type SocketHandler = fn(Said) -> BoxFuture<'static, ()>;

/// What tells a new client something, before its first event is answered: it is given what the client says about itself.
pub type SocketGreeting = for<'a> fn(&'a EventSocket, &'a Value) -> BoxFuture<'a, ()>;

/// Says whether what a client says about itself shows that it speaks a dialect.
pub type SpeaksIt = fn(&Value) -> bool;

/// What one dialect has for clients of Socket.IO.
#[derive(Clone, Default)]
pub struct SocketEvents {
    /// The events that its clients send.
    pub events: Vec<SocketEvent>,
    /// What every new client is told, whichever dialect it will speak.
    pub greeting: Option<SocketGreeting>,
    /// Whether what a client says about itself when it connects shows that it speaks this dialect; absent = only its
    /// events show that.
    pub is_meant: Option<SpeaksIt>,
}

impl SocketEvents {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }
}

impl From<Vec<SocketEvent>> for SocketEvents {
    fn from(events: Vec<SocketEvent>) -> Self {
        Self { events, ..Self::default() }
    }
}

/// The handlers of all events, by name, each with the place of its dialect, in the order of the dialects.
type Handlers = HashMap<&'static str, Vec<(usize, SocketHandler)>>;

/// The events of dialects.
#[derive(Clone)]
pub(super) struct Tables {
    /// The names of the dialects that have any, by their places.
    pub(super) dialects: Arc<[&'static str]>,
    /// What every new client is told.
    pub(super) greetings: Arc<[SocketGreeting]>,
    meant: Arc<[(usize, SpeaksIt)]>,
    handlers: Arc<Handlers>,
    /// The dialects that this client may not use.
    closed: Arc<[usize]>,
}

impl Tables {
    pub(super) fn new(dialects: Vec<(&'static str, SocketEvents)>) -> Self {
        let (mut names, mut handlers, mut greetings, mut meant) = (Vec::new(), Handlers::new(), Vec::new(), Vec::new());
        for (name, socket) in dialects.into_iter().filter(|(_, socket)| !socket.events.is_empty()) {
            for event in socket.events {
                handlers.entry(event.name).or_default().push((names.len(), event.handler));
            }
            greetings.extend(socket.greeting);
            meant.extend(socket.is_meant.map(|is_meant| (names.len(), is_meant)));
            names.push(name);
        }
        let (dialects, greetings, meant) = (names.into(), greetings.into(), meant.into());
        Self { dialects, greetings, meant, handlers: Arc::new(handlers), closed: Arc::default() }
    }

    /// The same for somebody who may use only some of the dialects. `is_open` = whether one lets them in that may want proof.
    pub(super) fn of(&self, caller: &Principal, is_open: impl Fn(&str) -> bool) -> Self {
        let is_closed = |dialect: &str| !caller.may_enter(dialect) || !is_open(dialect);
        let closed = (0..).zip(self.dialects.iter()).filter(|(_, dialect)| is_closed(dialect)).map(|(place, _)| place);
        Self { closed: closed.collect(), ..self.clone() }
    }

    /// Whether nobody is let in, or not to the dialect that a client means.
    pub(super) fn are_closed_to(&self, handshake: &Value) -> bool {
        self.closed.len() == self.dialects.len() || self.meant(handshake).is_some_and(|meant| self.closed.contains(&meant))
    }

    /// Whether only dialects know an event that this client may not use.
    pub(super) fn is_closed(&self, name: &str) -> bool {
        self.handlers.get(name).is_some_and(|known| known.iter().all(|(dialect, _)| self.closed.contains(dialect)))
    }

    /// Which dialect a client speaks, by what it says about itself; `None` = its first event decides.
    pub(super) fn meant(&self, handshake: &Value) -> Option<usize> {
        self.meant.iter().find(|(_, is_meant)| is_meant(handshake)).map(|(dialect, _)| *dialect)
    }

    /// What answers an event of a client. The first event that is known decides which dialect it speaks.
    pub(super) fn handler(&self, name: &str, spoken: &mut Option<usize>) -> Option<SocketHandler> {
        let known = || self.handlers.get(name).into_iter().flatten().filter(|(dialect, _)| !self.closed.contains(dialect));
        let (dialect, handler) = known().find(|(dialect, _)| Some(*dialect) == *spoken).or_else(|| known().next())?;
        spoken.get_or_insert(*dialect);
        Some(*handler)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(_: Said) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }

    fn two(_: Said) -> BoxFuture<'static, ()> {
        Box::pin(async { tokio::task::yield_now().await })
    }

    fn of_two() -> Tables {
        let first = vec![SocketEvent { name: "join", handler: one }, SocketEvent { name: "ask", handler: one }];
        let second = vec![SocketEvent { name: "join", handler: two }, SocketEvent { name: "message", handler: two }];
        let second = SocketEvents { is_meant: Some(|handshake| handshake.get("who").is_some()), ..second.into() };
        Tables::new(vec![("first", first.into()), ("none", SocketEvents::new()), ("second", second)])
    }

    fn is(handler: Option<SocketHandler>, expected: SocketHandler) -> bool {
        handler.is_some_and(|handler| std::ptr::fn_addr_eq(handler, expected))
    }

    #[test]
    fn the_first_known_event_decides_which_dialect_is_spoken() {
        let tables = of_two();
        let mut spoken = None;
        assert!(tables.handler("unknown", &mut spoken).is_none());
        assert_eq!(spoken, None);
        assert!(is(tables.handler("join", &mut spoken), one));
        assert!(is(tables.handler("message", &mut spoken), two), "an event that only one dialect knows is that dialect's");
        assert!(is(tables.handler("join", &mut spoken), one));
        let mut spoken = None;
        assert!(is(tables.handler("message", &mut spoken), two));
        assert!(is(tables.handler("join", &mut spoken), two));
        // Whose key opens the second only.
        let credential = crate::domain::Credential {
            id: crate::domain::KeyId::from_text("k"),
            hash: String::new(),
            doors: Some(vec!["second".to_owned()]),
            expires_at: None,
        };
        let caller = Principal { credential: Some(credential), ..Principal::unproven() };
        let (own, mut spoken) = (tables.of(&caller, |_| true), None);
        assert!(is(own.handler("join", &mut spoken), two) && own.handler("ask", &mut spoken).is_none());
        assert!(is(own.handler("message", &mut spoken), two));
        assert!(own.is_closed("ask") && !own.is_closed("join") && !own.is_closed("unknown"));
    }

    #[test]
    fn who_proves_nothing_is_not_let_in_where_proof_is_wanted() {
        let (tables, anybody) = (of_two(), Principal::unproven());
        let first = tables.of(&anybody, |dialect| dialect != "second");
        let mut spoken = None;
        assert!(is(first.handler("join", &mut spoken), one) && first.is_closed("message"));
        assert!(!first.are_closed_to(&json!(null)) && first.are_closed_to(&json!({"who": "me"})));
        assert!(tables.of(&anybody, |_| false).are_closed_to(&json!(null)));
        assert!(!tables.of(&anybody, |_| true).are_closed_to(&json!({"who": "me"})));
    }

    #[test]
    fn what_a_client_says_about_itself_decides_before_its_events() {
        let tables = of_two();
        assert_eq!((tables.meant(&json!(null)), tables.meant(&json!({"token": "t"}))), (None, None));
        let mut spoken = tables.meant(&json!({"who": "me"}));
        assert_eq!(spoken, Some(1));
        assert!(is(tables.handler("join", &mut spoken), two));
    }
}
