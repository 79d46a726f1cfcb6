//! The stream law as a property: whatever the log, whenever a subscriber joins, however it lags, leaves and comes back,
//! and whenever the writer dies, it is given every fact once and in order, and every part whole.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use proptest::prelude::*;

use super::{Hub, Joined, Source, subscribe};
use crate::domain::{
    Actor, CallId, Cursor, Delta, Error, Event, EventId, FACT_VERSION, Fact, Finish, Frame, MessageAbandoned,
    MessageCompleted, MessageId, ModelChoice, Notice, Part, PartPosition, PartStart, ReasoningPart, RunId, SessionId,
    Timestamp, ToolCallPart, Usage,
};

/// What a writer does next.
#[derive(Clone, Debug)]
enum Move {
    Notice,
    /// A message: its parts as (kind, pieces).
    Message(Vec<(u8, Vec<String>)>),
    /// A message of which only so many pieces are written before its writer dies; the hub forgets everything.
    Abandoned(Vec<(u8, Vec<String>)>, usize),
}

/// What a subscriber does between two frames.
#[derive(Clone, Copy, Debug)]
enum Reader {
    Reads,
    /// Lets the writer go on for so many steps without reading.
    Sleeps(u8),
    /// Leaves, and comes back with its last cursor.
    Reconnects,
}

struct House {
    hub: Mutex<Arc<Hub>>,
    log: Mutex<Vec<Arc<Event>>>,
}

impl House {
    fn hub(&self) -> Arc<Hub> {
        Arc::clone(&self.hub.lock().unwrap())
    }

    fn append(&self, fact: Fact) {
        let mut log = self.log.lock().unwrap();
        let event = Arc::new(Event {
            v: FACT_VERSION,
            seq: log.len() as u64 + 1,
            id: EventId::from_text("e"),
            session: SessionId::from_text("s"),
            run: Some(RunId::from_text("r")),
            at: Timestamp::from_millis(0),
            actor: Actor::house(),
            fact,
        });
        log.push(Arc::clone(&event));
        self.hub().publish(&[event], |_| ());
    }

    fn grow(&self, delta: Delta) {
        self.hub().grow(&RunId::from_text("r"), "default", Timestamp::from_millis(0), delta);
    }

    /// Another process goes on: it knows the log, and no open part.
    fn restart(&self, frames: usize) {
        let head = self.log.lock().unwrap().len() as u64;
        *self.hub.lock().unwrap() = Arc::new(Hub::new(SessionId::from_text("s"), 1, head, frames));
    }
}

impl Source for House {
    fn join(&self) -> Joined {
        self.hub().join()
    }

    async fn read(&self, after: u64) -> Result<Vec<Arc<Event>>, Error> {
        tokio::task::yield_now().await;
        let log = self.log.lock().unwrap();
        Ok(log.iter().skip(usize::try_from(after).unwrap()).take(3).cloned().collect())
    }
}

fn start(kind: u8, index: u32) -> PartStart {
    match kind % 3 {
        0 => PartStart::Text,
        1 => PartStart::Reasoning,
        _ => PartStart::ToolCall { id: CallId::from_text(&index.to_string()), name: "t".into() },
    }
}

fn part(kind: u8, index: u32, text: String) -> Part {
    match kind % 3 {
        0 => Part::text(text),
        1 => Part::Reasoning(ReasoningPart { text, ..ReasoningPart::default() }),
        _ => Part::ToolCall(ToolCallPart {
            id: CallId::from_text(&index.to_string()),
            name: "t".into(),
            arguments: serde_json::Value::Null,
            arguments_text: text,
        }),
    }
}

/// The steps of a message: its pieces, then its end.
fn steps(parts: &[(u8, Vec<String>)], id: &MessageId) -> Vec<Delta> {
    let mut deltas = Vec::new();
    for (index, (kind, pieces)) in (0u32..).zip(parts) {
        deltas.push(Delta::Opened { message_id: id.clone(), index, part: start(*kind, index) });
        let mut offset = 0;
        for piece in pieces {
            deltas.push(Delta::Grew {
                message_id: id.clone(),
                index,
                part: start(*kind, index),
                offset,
                text: piece.clone(),
            });
            offset += piece.len() as u64;
        }
        deltas.push(Delta::Closed { message_id: id.clone(), index, part: start(*kind, index) });
    }
    deltas
}

fn completed(parts: &[(u8, Vec<String>)], id: &MessageId) -> Fact {
    let parts = (0u32..).zip(parts).map(|(index, (kind, pieces))| part(*kind, index, pieces.concat()));
    Fact::MessageCompleted(MessageCompleted {
        message_id: id.clone(),
        agent: "default".into(),
        parts: parts.collect(),
        finish: Finish::Stop,
        usage: Usage::default(),
        model: ModelChoice::new("p", "m"),
        round: 1,
        first_token_ms: None,
        elapsed_ms: 0,
        next_message_id: None,
        thread: None,
        step: None,
        visibility: crate::domain::Visibility::All,
        form: None,
    })
}

/// One step of a writer.
type Step = Box<dyn Fn(&House)>;

/// The moves as single steps, so that a reader can come between any two.
fn script(moves: &[Move], frames: usize) -> Vec<Step> {
    let mut script: Vec<Step> = Vec::new();
    for (number, one) in moves.iter().enumerate() {
        let id = MessageId::from_text(&format!("m{number}"));
        match one {
            Move::Notice => script.push(Box::new(|house| {
                house.append(Fact::Notice(Notice {
                    code: "n".into(),
                    message: String::new(),
                    details: serde_json::Value::Null,
                }));
            })),
            Move::Message(parts) => {
                for delta in steps(parts, &id) {
                    script.push(Box::new(move |house| house.grow(delta.clone())));
                }
                let fact = completed(parts, &id);
                script.push(Box::new(move |house| house.append(fact.clone())));
            }
            Move::Abandoned(parts, pieces) => {
                for delta in steps(parts, &id).into_iter().take(*pieces) {
                    script.push(Box::new(move |house| house.grow(delta.clone())));
                }
                let fact = Fact::MessageAbandoned(MessageAbandoned { message_id: id, reason: String::new() });
                script.push(Box::new(move |house| {
                    house.restart(frames);
                    house.append(fact.clone());
                }));
            }
        }
    }
    script
}

/// Holds a subscriber's frames against the law.
#[derive(Default)]
struct Judge {
    seq: u64,
    cursor: Option<Cursor>,
    /// message -> its parts so far: (start, text, closed)
    open: HashMap<MessageId, Vec<(PartStart, String, bool)>>,
}

impl Judge {
    fn take(&mut self, frame: &Frame) {
        match frame {
            Frame::Fact(event) => self.fact(event),
            Frame::Delta(live) => {
                self.cursor = Some(live.cursor);
                assert_eq!(live.cursor.seq, self.seq, "a piece names the fact before it");
                let parts = self.open.entry(live.delta.message_id().clone()).or_default();
                let index = live.delta.index() as usize;
                let kind = live.delta.part().clone();
                match &live.delta {
                    Delta::Opened { part, .. } => {
                        assert_eq!(index, parts.len(), "parts are opened in order, once");
                        assert!(parts.iter().all(|(_, _, closed)| *closed), "one part at a time");
                        parts.push((part.clone(), String::new(), false));
                    }
                    Delta::Grew { offset, text, .. } => {
                        let (start, grown, closed) = &mut parts[index];
                        assert!(!*closed && !text.is_empty());
                        assert_eq!(*start, kind, "a piece says what it is of");
                        assert_eq!(*offset, grown.len() as u64, "pieces follow each other exactly");
                        grown.push_str(text);
                    }
                    Delta::Closed { .. } => {
                        assert!(!std::mem::replace(&mut parts[index].2, true), "closed once");
                        assert_eq!(parts[index].0, kind);
                    }
                }
            }
        }
    }

    fn fact(&mut self, event: &Event) {
        assert_eq!(event.seq, self.seq + 1, "every fact once and in order");
        self.seq = event.seq;
        self.cursor = Some(Cursor::after(1, event.seq));
        match &event.fact {
            Fact::MessageCompleted(completed) => {
                let had = self.open.remove(&completed.message_id).unwrap_or_default();
                let whole: Vec<_> = completed
                    .parts
                    .iter()
                    .map(|part| (PartStart::of(part).unwrap(), part.grown().to_owned(), true))
                    .collect();
                assert_eq!(had, whole, "every part whole before its message is complete");
            }
            Fact::MessageAbandoned(abandoned) => {
                self.open.remove(&abandoned.message_id);
            }
            _ => {}
        }
    }
}

fn pieces() -> impl Strategy<Value = Vec<(u8, Vec<String>)>> {
    let piece = prop::sample::select(vec!["a", "bc", "é", "🦀x", "def "]).prop_map(str::to_owned);
    prop::collection::vec((0u8..3, prop::collection::vec(piece, 0..5)), 1..4)
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        1 => Just(Move::Notice),
        4 => pieces().prop_map(Move::Message),
        1 => (pieces(), 0usize..8).prop_map(|(parts, pieces)| Move::Abandoned(parts, pieces)),
    ];
    prop::collection::vec(one, 1..8)
}

fn readers() -> impl Strategy<Value = Vec<Reader>> {
    let one = prop_oneof![6 => Just(Reader::Reads), 3 => (1u8..20).prop_map(Reader::Sleeps), 1 => Just(Reader::Reconnects)];
    prop::collection::vec(one, 0..60)
}

async fn run(moves: Vec<Move>, readers: Vec<Reader>, joins_at: usize, frames: usize) {
    let house = Arc::new(House {
        hub: Mutex::new(Arc::new(Hub::new(SessionId::from_text("s"), 1, 0, frames))),
        log: Mutex::default(),
    });
    let script = script(&moves, frames);
    let mut left = script.iter();
    let mut advance = |steps: usize| {
        for step in left.by_ref().take(steps) {
            step(&house);
        }
    };
    advance(joins_at);
    let mut judge = Judge::default();
    let mut stream = subscribe(Arc::clone(&house), Cursor::after(1, 0));
    for reader in readers {
        match reader {
            Reader::Sleeps(steps) => advance(usize::from(steps)),
            Reader::Reconnects => stream = subscribe(Arc::clone(&house), judge.cursor.unwrap_or(Cursor::after(1, 0))),
            Reader::Reads => match futures_util::poll!(stream.next()) {
                std::task::Poll::Ready(Some(frame)) => judge.take(&frame.unwrap()),
                // The hub of a dead process ends its streams: whoever listened comes back.
                std::task::Poll::Ready(None) => {
                    stream = subscribe(Arc::clone(&house), judge.cursor.unwrap_or(Cursor::after(1, 0)));
                }
                std::task::Poll::Pending => advance(1),
            },
        }
    }
    advance(usize::MAX);
    let head = house.log.lock().unwrap().len() as u64;
    stream = subscribe(Arc::clone(&house), judge.cursor.unwrap_or(Cursor::after(1, 0)));
    while judge.seq < head {
        judge.take(&stream.next().await.unwrap().unwrap());
    }
    assert!(judge.open.is_empty(), "no part is left open: {:?}", judge.open.keys());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_stream_law_holds(moves in moves(), readers in readers(), joins_at in 0usize..40, frames in 1usize..12) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(moves, readers, joins_at, frames));
    }
}

#[tokio::test]
async fn a_cursor_inside_a_character_is_healed() {
    let house =
        Arc::new(House { hub: Mutex::new(Arc::new(Hub::new(SessionId::from_text("s"), 1, 0, 8))), log: Mutex::default() });
    let id = MessageId::from_text("m");
    let parts = [(0u8, vec!["é".to_owned(), "x".to_owned()])];
    for delta in steps(&parts, &id).into_iter().take(3) {
        house.grow(delta);
    }
    let mut stream = subscribe(Arc::clone(&house), format!("1:0/0@1~{:x}", PartPosition::of_message(&id)).parse().unwrap());
    house.append(completed(&parts, &id));
    let mut kinds = Vec::new();
    for _ in 0..3 {
        let frame = stream.next().await.unwrap().unwrap();
        kinds.push(serde_json::to_value(&frame).unwrap()["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(kinds, ["part.grew", "part.closed", "message.completed"]);
}
