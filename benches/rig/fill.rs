//! Fills a store with sessions as the engine writes them: one real conversation of two turns is had, and its second
//! turn is then repeated with ids of its own.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use ombud::domain::{Clock, Event, EventId, Fact, Fold, Part, SessionId};
use ombud::observe::SystemClock;
use ombud::storage::{Append, Entry, Store, StoreUrl, Text, open};

use super::house;
use super::instant::AtOnce;

/// Turns of one append.
const TURNS: usize = 50;
/// Appends at the same time, which share commits.
const AT_ONCE: usize = 256;
/// Letters of an id.
const ID: usize = 36;

/// What is repeated.
pub struct Template {
    first: Vec<Event>,
    turn: Vec<Event>,
    /// The ids that belong to the turn, as they stand in it.
    ids: BTreeSet<String>,
    clock: SystemClock,
}

impl Template {
    /// Has the conversation, in memory.
    pub async fn make(folder: &Path) -> Self {
        let store = open(&StoreUrl::Memory).await.expect("a store");
        let engine = house::open(house::settings(folder, None), Arc::clone(&store), Arc::new(AtOnce::default()));
        let session = house::ask(&engine, None).await;
        let split = store.head(&session).await.expect("a store").expect("a session").seq;
        house::ask(&engine, Some(&session)).await;
        let entries = store.read(&session, 0, usize::MAX, usize::MAX).await.expect("a log");
        let read = |entry: &Entry| serde_json::from_str::<Event>(&entry.body).expect("an event");
        let (first, turn): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.seq <= split);
        let known: BTreeSet<String> = first.iter().flat_map(|entry| ids(&entry.body)).collect();
        let ids = turn.iter().flat_map(|entry| ids(&entry.body)).filter(|id| !known.contains(id)).collect();
        let (first, turn) = (first.into_iter().map(read).collect(), turn.into_iter().map(read).collect());
        Self { first, turn, ids, clock: SystemClock }
    }

    /// The first turn, with its session, under another id.
    fn begin(&self, id: &SessionId) -> (Vec<Event>, Fold) {
        let ids = self.first.iter().flat_map(|event| ids(&json(event))).collect::<BTreeSet<_>>();
        let events = self.again(&self.first, &ids, id, 0);
        let body = json(&events[0]);
        let fold = Fold::begin(&events[0], body.len() as u64).expect("a log begins with its session");
        (events, fold)
    }

    /// Events with new ids, after `after`.
    fn again(&self, events: &[Event], ids: &BTreeSet<String>, id: &SessionId, after: u64) -> Vec<Event> {
        let new: HashMap<&String, String> = ids.iter().map(|id| (id, self.clock.new_id().to_string())).collect();
        let renew = |(event, seq): (&Event, u64)| {
            let mut text = json(event);
            for (old, new) in &new {
                text = text.replace(old.as_str(), new);
            }
            let mut event: Event = serde_json::from_str(&text).expect("an event");
            event.seq = seq;
            event.id = EventId::new(&self.clock);
            event.session = id.clone();
            event.at = self.clock.now();
            event
        };
        events.iter().zip(after + 1..).map(renew).collect()
    }

    /// Writes a session of (about) so many events.
    pub async fn session(&self, store: &dyn Store, id: &SessionId, count: u64) {
        let (mut events, mut fold) = self.begin(id);
        let mut after = 0;
        loop {
            while events.len() < TURNS * self.turn.len() && after + (events.len() as u64) < count {
                events.extend(self.again(&self.turn, &self.ids, id, after + events.len() as u64));
            }
            if events.is_empty() {
                return;
            }
            let mut runs = HashMap::new();
            let (mut entries, mut texts) = (Vec::new(), Vec::new());
            for event in std::mem::take(&mut events) {
                let body = json(&event);
                // The first event is folded already.
                if event.seq > 1
                    && let Some(run) = fold.apply(&event, body.len() as u64)
                {
                    runs.insert(run.id.clone(), run);
                }
                texts.extend(text(&event));
                entries.push(Entry { seq: event.seq, body });
            }
            let append = Append {
                session: id.clone(),
                incarnation: fold.session.incarnation,
                after,
                entries,
                fence: None,
                summary: fold.summary(),
                runs: runs.into_values().collect(),
                snapshot: Some(serde_json::to_vec(&fold).expect("a fold is JSON")),
                aliases: Vec::new(),
                records: Vec::new(),
                texts,
            };
            store.append(append).await.expect("an append");
            after = fold.head;
        }
    }

    /// Writes so many sessions of one turn.
    pub async fn sessions(&self, store: &dyn Store, count: u64) {
        let one = |_| async { self.session(store, &SessionId::new(&self.clock), 1).await };
        stream::iter(0..count).map(one).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    }
}

/// What of an event can be searched.
fn text(event: &Event) -> Option<Text> {
    let parts = match &event.fact {
        Fact::MessagePosted(posted) => &posted.message.parts,
        Fact::MessageCompleted(completed) => &completed.parts,
        _ => return None,
    };
    Some(Text { seq: event.seq, text: Part::texts(parts) }).filter(|text| !text.text.is_empty())
}

fn json(event: &Event) -> String {
    serde_json::to_string(event).expect("an event is JSON")
}

/// All that look like ids of the house in a text.
fn ids(text: &str) -> Vec<String> {
    let is_id = |word: &&str| word.len() == ID && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    text.split('"').filter(is_id).map(str::to_owned).collect()
}
