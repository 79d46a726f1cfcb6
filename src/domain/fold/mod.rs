//! What a log amounts to: the state of a session after some of its events, small enough to be kept as a snapshot.
//!
//! *Invariant:* it does not grow with the log: it holds marks of the newest turns ([`Fold::window_start`]), not their text.

mod life;
mod marks;
mod running;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::life::Dropped;
pub use self::marks::TurnMark;
use super::session::ActiveRun;
use super::{
    Event, Exchange, Fact, MessageId, Run, RunId, RunQueued, RunStatus, Session, SessionCreated, SessionSummary,
    SessionUpdated, StepStarted, ThreadOpened, Timestamp, ToolCalled, Usage,
};

/// Most bytes of log that the newest turns are read back from.
pub const WINDOW_BYTES: u64 = 4 << 20;
/// Most turns that are read back, however short: it bounds what a continued session costs (`docs/measurements.md`).
pub const WINDOW_TURNS: usize = 500;

/// A run that has not ended, with what is needed to go on with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldedRun {
    /// Its row.
    pub run: Run,
    /// Where it was queued.
    pub queued_seq: u64,
    /// How it was queued.
    pub queued: RunQueued,
    /// When a process first took it.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// How many processes took it.
    #[serde(default)]
    pub attempt: u32,
    /// The run is shown everything up to here, the message that it answers, and its own facts.
    #[serde(default)]
    pub base_seq: u64,
    /// The message that is being written, or will be next.
    #[serde(default)]
    pub writing: Option<MessageId>,
    /// The newest message that it completed.
    #[serde(default)]
    pub answer: Option<MessageId>,
    /// The text of that message.
    #[serde(default)]
    pub answer_text: String,
    /// The calls that have no answer.
    #[serde(default)]
    pub open_calls: Vec<ToolCalled>,
    /// Calls of tools so far.
    #[serde(default)]
    pub tool_calls: u32,
    /// The step of its procedure that has begun and not ended.
    #[serde(default)]
    pub step: Option<StepStarted>,
    /// Until when the caller's tools are waited for.
    #[serde(default)]
    pub deadline: Option<Timestamp>,
    /// Why somebody wants it to end.
    #[serde(default)]
    pub cancel_requested: Option<String>,
    /// How long it was worked on until its newest process took it, in milliseconds.
    #[serde(default)]
    pub worked_ms: u64,
    /// When the process that works on it took it.
    #[serde(default)]
    pub taken_at: Option<Timestamp>,
    /// The last sign of that process.
    #[serde(default)]
    pub seen_at: Option<Timestamp>,
}

/// The state of a session after some of its events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fold {
    /// The session.
    pub session: Session,
    /// The last event that was folded.
    pub head: u64,
    /// Bytes of the log so far.
    pub bytes: u64,
    /// Runs so far.
    pub runs: u64,
    /// Tokens and cost so far.
    pub usage: Usage,
    /// Runs that have not ended, in the order in which they were queued. Shared by the copies of a fold: hundreds may wait in
    /// one session, and each append makes a copy.
    pub active: Vec<Arc<FoldedRun>>,
    /// The newest turns, oldest first.
    pub marks: VecDeque<TurnMark>,
    /// The newest summaries of what was said, by their places, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub summaries: Vec<u64>,
    /// What the session remembers beside what is said.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub state: Map<String, Value>,
    /// The threads beside the main one, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub threads: BTreeMap<String, ThreadOpened>,
    /// The newest messages that agents answered because they take part, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<Exchange>,
    /// The newest message.
    #[serde(default)]
    pub last_message: Option<MessageId>,
    /// The fact that the history begins with: the session was created, cleared, or given another history.
    #[serde(default)]
    pub history_from: u64,
    /// What of the history counts for nothing, since the session was rewound: the newest pieces, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// A fact that this version does not know: the session can be read but not continued.
    #[serde(default)]
    pub unknown: Option<String>,
}

impl Fold {
    /// The state after the first event of a log, which must be `session.created`.
    pub fn begin(event: &Event, bytes: u64) -> Option<Self> {
        let Fact::SessionCreated(created) = &event.fact else { return None };
        Some(Self {
            session: session_of(event, created),
            head: event.seq,
            bytes,
            runs: 0,
            usage: Usage::default(),
            active: Vec::new(),
            marks: VecDeque::from([TurnMark { seq: event.seq, bytes }]),
            summaries: Vec::new(),
            state: created.state.clone(),
            threads: BTreeMap::new(),
            exchanges: Vec::new(),
            last_message: None,
            history_from: event.seq,
            dropped: Vec::new(),
            unknown: None,
        })
    }

    /// Folds the next event, which takes `bytes` of the log. Answers the run that it changed, as its row stands now.
    pub fn apply(&mut self, event: &Event, bytes: u64) -> Option<Run> {
        let was_over = self.session.is_over(event.at);
        self.head = event.seq;
        self.bytes += bytes;
        self.session.updated_at = event.at;
        self.mark(event, bytes);
        let changed = self.take(event, bytes);
        self.age(event, was_over);
        changed
    }

    /// Takes what happened.
    fn take(&mut self, event: &Event, bytes: u64) -> Option<Run> {
        match &event.fact {
            Fact::SessionCreated(created) => {
                self.session = session_of(event, created);
                self.state = created.state.clone();
                None
            }
            Fact::StateSet(set) => {
                self.state.insert(set.key.clone(), set.value.clone());
                None
            }
            Fact::ThreadOpened(opened) => {
                self.threads.insert(opened.thread.clone(), opened.clone());
                None
            }
            Fact::SessionUpdated(updated) => {
                update(&mut self.session, updated);
                None
            }
            Fact::SessionRestored(restored) => {
                self.begin_history(event.seq, &restored.state);
                None
            }
            Fact::SessionCleared(cleared) => {
                self.begin_history(event.seq, &cleared.state);
                // The entries before were written anew, and it is not known here how long they are now.
                self.bytes = bytes;
                None
            }
            Fact::SessionRewound(rewound) => {
                self.rewind(event.seq, rewound);
                None
            }
            Fact::ParticipantJoined(joined) => {
                super::participant::join(&mut self.session.participants, &joined.participant);
                None
            }
            Fact::ParticipantLeft(left) => {
                super::participant::leave(&mut self.session.participants, &left.participant);
                None
            }
            Fact::MessageRedacted(redacted) => {
                let held = redacted.state.iter();
                held.for_each(|key| drop(self.state.insert(key.clone(), Value::Null)));
                None
            }
            // What one agent is shown concerns who reads, and not what the session is.
            Fact::MemoryAmended(_) | Fact::MemoryForgotten(_) => None,
            Fact::SessionDeleted(_) => {
                self.session.deleted = true;
                self.active.clear();
                None
            }
            Fact::MessagePosted(posted) => {
                self.last_message = Some(posted.message.id.clone());
                None
            }
            Fact::MessageImported(imported) => {
                self.last_message = Some(imported.message.id.clone());
                None
            }
            Fact::Unknown(unknown) => {
                self.unknown = Some(unknown.kind.clone());
                None
            }
            Fact::RunQueued(queued) => self.queue(event, queued),
            Fact::RunStarted(_)
            | Fact::RunWaiting(_)
            | Fact::RunCancelRequested(_)
            | Fact::RunFinished(_)
            | Fact::MessageCompleted(_)
            | Fact::MessageAbandoned(_)
            | Fact::ToolCalled(_)
            | Fact::ToolReturned(_)
            | Fact::StepStarted(_)
            | Fact::StepFinished(_)
            | Fact::ContextCompacted(_)
            | Fact::Notice(_) => self.apply_to_run(event),
        }
    }

    fn queue(&mut self, event: &Event, queued: &RunQueued) -> Option<Run> {
        let run = Run {
            id: event.run.clone()?,
            session: event.session.clone(),
            agent: queued.agent.clone(),
            status: RunStatus::Queued,
            process: queued.process.clone(),
            fence: 0,
            priority: queued.priority,
            in_turn: queued.process.is_none(),
            asked_by: Some(event.actor.clone()),
            input: queued.input.clone(),
            labels: queued.labels.clone(),
            attributes: queued.run_attributes.clone(),
            queued_at: event.at,
            started_at: None,
            finished_at: None,
            usage: Usage::default(),
            model: queued.pins.model.clone(),
            rounds: 0,
            tool_calls: 0,
            interruptions: 0,
            cancel_requested: false,
            finished_seq: None,
            message_id: None,
            waiting_for: Vec::new(),
            error: None,
        };
        self.runs += 1;
        self.active.push(Arc::new(FoldedRun {
            run: run.clone(),
            queued_seq: event.seq,
            queued: queued.clone(),
            started_at: None,
            attempt: 0,
            base_seq: 0,
            writing: None,
            answer: None,
            answer_text: String::new(),
            open_calls: Vec::new(),
            tool_calls: 0,
            step: None,
            deadline: None,
            cancel_requested: None,
            worked_ms: 0,
            taken_at: None,
            seen_at: None,
        }));
        // It counts among those that wait: else its own message would be forgotten.
        if let Some(taking_part) = &queued.taking_part {
            self.count_in(&taking_part.root, taking_part.named_by.is_some());
        }
        Some(run)
    }

    /// Counts a run among those that answer a message because they take part.
    fn count_in(&mut self, root: &MessageId, by_agent: bool) {
        if !self.exchanges.iter().any(|exchange| exchange.root == *root) {
            self.exchanges.push(Exchange { root: root.clone(), asked: 0 });
            self.forget_exchanges();
        }
        let of_root = self.exchanges.iter_mut().find(|exchange| exchange.root == *root);
        if let Some(exchange) = of_root.filter(|_| by_agent) {
            exchange.asked += 1;
        }
    }

    /// Forgets the oldest messages, save those that still wait for answers: agents may be named in them.
    fn forget_exchanges(&mut self) {
        let mut too_many = self.exchanges.len().saturating_sub(Exchange::KEPT);
        if too_many == 0 {
            return;
        }
        let roots = self.active.iter().filter_map(|active| active.queued.taking_part.as_ref());
        let needed: HashSet<&MessageId> = roots.map(|taking_part| &taking_part.root).collect();
        self.exchanges.retain(|exchange| {
            let is_kept = too_many == 0 || needed.contains(&exchange.root);
            too_many -= usize::from(!is_kept);
            is_kept
        });
    }

    fn apply_to_run(&mut self, event: &Event) -> Option<Run> {
        let id = event.run.as_ref()?;
        let at = self.active.iter().position(|active| active.run.id == *id)?;
        if let Fact::MessageCompleted(completed) = &event.fact {
            self.usage.add(&completed.usage);
            self.last_message = Some(completed.message_id.clone());
        }
        if let Fact::ContextCompacted(compacted) = &event.fact {
            self.usage.add(&compacted.usage);
        }
        let active = Arc::make_mut(&mut self.active[at]);
        let ended = active.apply(event);
        let row = active.run.clone();
        if ended {
            self.active.remove(at);
        }
        Some(row)
    }

    /// A run that has not ended.
    pub fn active_run(&self, id: &RunId) -> Option<&FoldedRun> {
        self.active.iter().find(|active| active.run.id == *id).map(AsRef::as_ref)
    }

    /// The row that a list of sessions shows.
    pub fn summary(&self) -> SessionSummary {
        let begun = self.active.iter().filter(|active| active.run.status != RunStatus::Queued).count();
        let mut room = ActiveRun::TOLD.saturating_sub(begun);
        let told = self.active.iter().map(|active| &active.run).filter(|run| {
            let is_told = run.status != RunStatus::Queued || room > 0;
            room -= usize::from(is_told && run.status == RunStatus::Queued);
            is_told
        });
        let active = told.take(ActiveRun::TOLD).map(|run| ActiveRun {
            run: run.id.clone(),
            agent: run.agent.clone(),
            status: run.status,
            process: run.process.clone(),
        });
        SessionSummary {
            session: self.session.clone(),
            runs: self.runs,
            events: self.head,
            bytes: self.bytes,
            usage: self.usage.clone(),
            active: active.collect(),
        }
    }
}

fn session_of(event: &Event, created: &SessionCreated) -> Session {
    Session {
        id: event.session.clone(),
        incarnation: created.incarnation,
        title: created.title.clone(),
        labels: created.labels.clone(),
        agent: created.agent.clone(),
        participants: created.participants.clone(),
        workspace: created.workspace.clone(),
        model: created.model.clone(),
        lifetime: created.lifetime.clone(),
        created_at: event.at,
        updated_at: event.at,
        lives_since: None,
        expires_at: created.lifetime.as_ref().map(|lifetime| lifetime.end(event.at, event.at)),
        expired: false,
        attributes: created.attributes.clone(),
        deleted: false,
    }
}

fn update(session: &mut Session, updated: &SessionUpdated) {
    if let Some(title) = &updated.title {
        session.title = title.clone();
    }
    if let Some(labels) = &updated.labels {
        session.labels = labels.clone();
    }
    if let Some(agent) = &updated.agent {
        session.agent = agent.clone();
    }
    if let Some(workspace) = &updated.workspace {
        session.workspace = workspace.clone();
    }
    if let Some(model) = &updated.model {
        session.model = model.clone();
    }
    if let Some(lifetime) = &updated.lifetime {
        session.lifetime = lifetime.clone();
    }
    for (namespace, value) in &updated.attributes {
        if value.is_null() {
            session.attributes.remove(namespace);
        } else {
            session.attributes.insert(namespace.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests;
