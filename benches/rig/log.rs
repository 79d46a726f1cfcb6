//! A log that is appended to straight at the store, with entries of the size that a text query has.

use std::sync::Arc;

use ombud::domain::{Actor, Clock, Event, EventId, FACT_VERSION, Fact, Fold, Labels, SessionCreated, SessionId};
use ombud::observe::SystemClock;
use ombud::storage::{Append, Entry, Store};

/// Entries of one append: as many as the first commit of a question in a session that exists.
const ENTRIES: u64 = 3;
/// Bytes of one entry.
const BYTES: usize = 400;

/// One session at the store.
pub struct Log {
    store: Arc<dyn Store>,
    fold: Fold,
}

impl Log {
    /// Begins a log with its first entry.
    pub async fn begin(store: Arc<dyn Store>) -> Self {
        let clock = SystemClock;
        let created = SessionCreated {
            incarnation: 1,
            title: Some("a log that is measured".to_owned()),
            labels: Labels::default(),
            agent: "default".to_owned(),
            participants: Vec::new(),
            workspace: None,
            model: None,
            lifetime: None,
            state: serde_json::Map::new(),
            attributes: serde_json::Map::new(),
        };
        let event = Event {
            v: FACT_VERSION,
            seq: 1,
            id: EventId::new(&clock),
            session: SessionId::new(&clock),
            run: None,
            at: clock.now(),
            actor: Actor::agent("default"),
            fact: Fact::SessionCreated(created),
        };
        let body = serde_json::to_string(&event).expect("an event is JSON");
        let fold = Fold::begin(&event, body.len() as u64).expect("a log begins with its session");
        let mut log = Self { store, fold };
        log.put(0, vec![Entry { seq: 1, body }]).await;
        log
    }

    /// Appends once, and waits until it is durable.
    pub async fn append(&mut self) {
        let after = self.fold.head;
        let entry = |seq| Entry { seq, body: format!("{{\"seq\":{seq},\"text\":\"{}\"}}", "x".repeat(BYTES)) };
        self.put(after, (after + 1..=after + ENTRIES).map(entry).collect()).await;
    }

    async fn put(&mut self, after: u64, entries: Vec<Entry>) {
        self.fold.head = after + entries.len() as u64;
        let append = Append {
            session: self.fold.session.id.clone(),
            incarnation: 1,
            after,
            entries,
            fence: None,
            summary: self.fold.summary(),
            runs: Vec::new(),
            snapshot: None,
            aliases: Vec::new(),
            records: Vec::new(),
            texts: Vec::new(),
        };
        self.store.append(append).await.expect("an append that nobody is in the way of");
    }
}
