//! What a run may know: the messages up to its beginning and its own, each tool return directly after its call; without
//! what was taken away, and what its agent was made to forget.

mod summary;

use std::collections::{HashMap, HashSet};

use super::{
    CallId, Dropped, Event, Fact, Finish, Message, MessageId, ModelChoice, Part, ReturnStatus, RunId, ToolCall,
    ToolCallPart, ToolError, ToolReturn, Visibility, error::ErrorCode,
};

pub use self::summary::Summary;

/// One entry of a transcript.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// Somebody said something. What doors keep about it is not part of it.
    Said(Message),
    /// An agent said something, and what its calls gave.
    Answered {
        /// Its id.
        message_id: MessageId,
        /// The agent.
        agent: String,
        /// The run, when it is known.
        run: Option<RunId>,
        /// The thread inside the session; absent = the main one.
        thread: Option<String>,
        /// What it said.
        parts: Vec<Part>,
        /// The model that said it, when it is known: what it thought is of use to that model only.
        model: Option<ModelChoice>,
        /// Why it stopped.
        finish: Finish,
        /// What its calls gave, in the order of the calls once the transcript is closed.
        returns: Vec<ToolReturn>,
    },
}

impl Item {
    /// The message.
    pub fn message_id(&self) -> &MessageId {
        match self {
            Self::Said(message) => &message.id,
            Self::Answered { message_id, .. } => message_id,
        }
    }

    /// The thread inside the session; `None` = the main one.
    pub fn thread(&self) -> Option<&str> {
        match self {
            Self::Said(message) => message.thread.as_deref(),
            Self::Answered { thread, .. } => thread.as_deref(),
        }
    }
}

/// A message as an item: a transcript is copied for each call of a model, and what doors keep may be most of it.
fn said(message: &Message) -> Item {
    Item::Said(Message {
        id: message.id.clone(),
        author: message.author.clone(),
        parts: message.parts.clone(),
        at: message.at,
        thread: message.thread.clone(),
        visibility: message.visibility,
        attributes: serde_json::Map::new(),
    })
}

/// What a run may know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// In order, of all threads.
    pub items: Vec<Item>,
    /// What is shown in the place of older items; at most one a thread.
    pub summaries: Vec<Summary>,
    /// The calls of messages that were recorded, with where they are carried out; only of the run that the transcript is for.
    pub called: Vec<ToolCall>,
    /// How many steps of its procedure the run has ended.
    pub steps_done: usize,
    /// Whether the step after those has begun.
    pub step_begun: bool,
    /// How many items there were when that step began.
    pub step_items: usize,
    /// The calls that steps made, and not the model; only of the run that the transcript is for.
    pub step_calls: Vec<ToolCall>,
    /// What those gave.
    pub step_returns: Vec<ToolReturn>,
}

impl Transcript {
    /// The transcript for a run: everything up to `base_seq`, then the message that it answers with what was given beside
    /// it, then its own facts. A run that was queued behind another sees what that one said, and answers its own message
    /// all the same.
    pub fn of<'a>(
        events: impl IntoIterator<Item = &'a Event>,
        (agent, run): (&str, &RunId),
        input: Option<&MessageId>,
        base_seq: u64,
    ) -> Self {
        let mut transcript = Self::default();
        let mut asked = Vec::new();
        let events: Vec<_> = events.into_iter().collect();
        let dropped = dropped(&events);
        let memory = Memory::of(&events, agent);
        let counting = summary::Counting::of(&events, agent);
        for event in events.into_iter().filter(|event| !dropped.iter().any(|dropped| dropped.holds(event.seq))) {
            let own = event.run.as_ref() == Some(run);
            if counting.leaves_out(&event.fact) {
                continue;
            }
            if memory.is_gone(event) || (!own && memory.is_forgotten(event, input)) {
                continue;
            }
            // What a run says itself comes after its start, and so after `base_seq`: what was posted for it before was
            // given beside its question.
            let is_asked = match &event.fact {
                Fact::MessagePosted(posted) => Some(&posted.message.id) == input || (own && event.seq <= base_seq),
                // What another agent said, who named this one.
                Fact::MessageCompleted(completed) => Some(&completed.message_id) == input,
                _ => false,
            };
            if is_asked {
                asked.push(&event.fact);
            } else if own || event.seq <= base_seq {
                if event.seq > base_seq {
                    asked.drain(..).for_each(|asked| transcript.add(None, asked, false));
                }
                transcript.add(event.run.as_ref(), &event.fact, own);
            }
        }
        asked.drain(..).for_each(|asked| transcript.add(None, asked, false));
        memory.amend(&mut transcript.items);
        transcript
    }

    /// Without messages that were taken away while the run was at work, each with the place of that in the log.
    #[must_use]
    pub fn without(mut self, gone: &HashMap<MessageId, u64>) -> Self {
        if !gone.is_empty() {
            self.without_summaries(gone);
            self.items.retain(|item| !gone.contains_key(item.message_id()));
        }
        self
    }

    /// Adds a fact of a run. `own` tells whether it is the run that the transcript is for.
    pub fn add(&mut self, run: Option<&RunId>, fact: &Fact, own: bool) {
        match fact {
            Fact::SessionRestored(_) | Fact::SessionCleared(_) => {
                self.items.clear();
                self.summaries.clear();
            }
            Fact::ContextCompacted(compacted) => self.compact(compacted),
            Fact::MessagePosted(posted) if posted.message.visibility.is_for_model() => {
                self.items.push(said(&posted.message));
            }
            // An answer that was shown to people and not to a model would be strange, and one for nobody is gone.
            Fact::MessageCompleted(completed) if completed.visibility == Visibility::Nobody => {}
            Fact::MessageImported(imported) if imported.message.visibility == Visibility::Nobody => {}
            Fact::MessageCompleted(completed) => self.items.push(Item::Answered {
                message_id: completed.message_id.clone(),
                agent: completed.agent.clone(),
                run: run.cloned(),
                thread: completed.thread.clone(),
                parts: completed.parts.clone(),
                model: Some(completed.model.clone()),
                finish: completed.finish,
                returns: Vec::new(),
            }),
            Fact::MessageImported(imported) => self.items.push(match imported.message.author.kind {
                super::AuthorKind::Agent => Item::Answered {
                    message_id: imported.message.id.clone(),
                    agent: imported.message.author.name.clone(),
                    run: None,
                    thread: imported.message.thread.clone(),
                    parts: imported.message.parts.clone(),
                    model: None,
                    finish: Finish::Stop,
                    returns: imported.returns.clone(),
                },
                super::AuthorKind::Person | super::AuthorKind::Environment => said(&imported.message),
            }),
            Fact::ToolCalled(called) if own && called.message_id.is_some() => self.called.push(called.call.clone()),
            Fact::ToolCalled(called) if own => self.step_calls.push(called.call.clone()),
            Fact::StepStarted(_) if own => (self.step_begun, self.step_items) = (true, self.items.len()),
            Fact::StepFinished(_) if own => (self.steps_done, self.step_begun) = (self.steps_done + 1, false),
            // What was said in a thread of that name before is another conversation.
            Fact::ThreadOpened(opened) => {
                self.items.retain(|item| item.thread() != Some(&opened.thread));
                self.summaries.retain(|summary| summary.thread.as_ref() != Some(&opened.thread));
                self.step_items = self.step_items.min(self.items.len());
            }
            Fact::ToolReturned(returned) if returned.message_id.is_some() => self.put_return(returned.returned.clone()),
            Fact::ToolReturned(returned) if own => self.step_returns.push(returned.returned.clone()),
            _ => {}
        }
    }

    fn put_return(&mut self, returned: ToolReturn) {
        for item in self.items.iter_mut().rev() {
            if let Item::Answered { parts, returns, .. } = item
                && calls(parts).any(|call| call.id == returned.id)
            {
                if !returns.iter().any(|other| other.id == returned.id) {
                    returns.push(returned);
                }
                return;
            }
        }
    }

    /// What was said in one thread.
    #[must_use]
    pub fn thread(&self, thread: Option<&str>) -> Self {
        let items = self.items.iter().filter(|item| item.thread() == thread).cloned().collect();
        let summaries = self.summary(thread).cloned().into_iter().collect();
        Self { items, summaries, called: self.called.clone(), ..Self::default() }
    }

    /// The newest item of a thread.
    pub fn last_of(&self, thread: Option<&str>) -> Option<&Item> {
        self.items.iter().rev().find(|item| item.thread() == thread)
    }

    /// The items of a thread that came since the step began.
    pub fn of_step(&self, thread: Option<&str>) -> impl DoubleEndedIterator<Item = &Item> {
        let items = self.items.get(self.step_items..).unwrap_or_default();
        items.iter().filter(move |item| item.thread() == thread)
    }

    /// The call that the step made which has begun, and what it gave.
    pub fn step_call(&self) -> Option<(&ToolCall, Option<&ToolReturn>)> {
        let step = u32::try_from(self.steps_done).unwrap_or(u32::MAX);
        let call = self.step_calls.iter().find(|call| call.step == Some(step)).filter(|_| self.step_begun)?;
        Some((call, self.step_returns.iter().find(|returned| returned.id == call.id)))
    }

    /// The calls of the run's newest message in a thread that have no return, in order.
    pub fn pending(&self, run: &RunId, thread: Option<&str>) -> Vec<&ToolCallPart> {
        match self.last_of(thread) {
            Some(Item::Answered { run: Some(of), parts, returns, finish: Finish::ToolCalls, .. }) if of == run => {
                calls(parts).filter(|call| !returns.iter().any(|returned| returned.id == call.id)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// How a call was recorded in the log, if it was.
    pub fn called(&self, id: &CallId) -> Option<&ToolCall> {
        self.called.iter().find(|call| call.id == *id)
    }

    /// Closes every call: returns are put into the order of their calls, and a call without one gets a synthetic
    /// return, so that a provider never sees an invalid transcript.
    #[must_use]
    pub fn closed(mut self) -> Self {
        for item in &mut self.items {
            if let Item::Answered { parts, returns, .. } = item {
                let ordered = calls(parts).map(|call| {
                    let found = returns.iter().find(|returned| returned.id == call.id);
                    found.cloned().unwrap_or_else(|| unanswered(call))
                });
                *returns = ordered.collect();
            }
        }
        self
    }
}

/// What an agent is not shown, or shown otherwise.
struct Memory<'a> {
    /// Messages that were taken away.
    gone: HashSet<&'a MessageId>,
    /// Messages that the agent was made to forget.
    forgotten: HashSet<&'a MessageId>,
    /// Up to here, it was made to forget all.
    forgotten_to: u64,
    /// What it is shown in the place of messages.
    amended: HashMap<&'a MessageId, &'a str>,
}

impl<'a> Memory<'a> {
    fn of(events: &[&'a Event], agent: &str) -> Self {
        let mut memory = Self { gone: HashSet::new(), forgotten: HashSet::new(), forgotten_to: 0, amended: HashMap::new() };
        for event in events {
            match &event.fact {
                Fact::MessageRedacted(redacted) => drop(memory.gone.insert(&redacted.message_id)),
                Fact::MemoryAmended(amended) if amended.agent == agent && !amended.text.is_empty() => {
                    memory.amended.insert(&amended.message_id, &amended.text);
                }
                Fact::MemoryForgotten(forgotten) if forgotten.agent == agent => match &forgotten.message_id {
                    Some(message) => drop(memory.forgotten.insert(message)),
                    None => memory.forgotten_to = event.seq,
                },
                _ => {}
            }
        }
        memory
    }

    /// Whether an event is about a message that was taken away.
    fn is_gone(&self, event: &Event) -> bool {
        message_of(&event.fact).is_some_and(|message| self.gone.contains(message))
    }

    /// Whether an event is a message that the agent was made to forget. What it is asked now, it is shown.
    fn is_forgotten(&self, event: &Event, input: Option<&MessageId>) -> bool {
        let Some(message) = message_of(&event.fact).filter(|message| Some(*message) != input) else { return false };
        event.seq <= self.forgotten_to || self.forgotten.contains(message)
    }

    fn amend(&self, items: &mut [Item]) {
        if self.amended.is_empty() {
            return;
        }
        for item in items {
            let Some(text) = self.amended.get(item.message_id()) else { continue };
            match item {
                Item::Said(message) => Part::amend(&mut message.parts, text),
                Item::Answered { parts, .. } => Part::amend(parts, text),
            }
        }
    }
}

/// The message that a fact is.
fn message_of(fact: &Fact) -> Option<&MessageId> {
    match fact {
        Fact::MessagePosted(posted) => Some(&posted.message.id),
        Fact::MessageCompleted(completed) => Some(&completed.message_id),
        Fact::MessageImported(imported) => Some(&imported.message.id),
        _ => None,
    }
}

/// What counts for nothing, since the session was rewound.
fn dropped(events: &[&Event]) -> Vec<Dropped> {
    let rewound = events.iter().filter_map(|event| match &event.fact {
        Fact::SessionRewound(rewound) => Some(Dropped { after: rewound.after_seq, until: event.seq }),
        _ => None,
    });
    rewound.collect()
}

/// The tool calls among the parts of a message.
fn calls(parts: &[Part]) -> impl Iterator<Item = &ToolCallPart> {
    parts.iter().filter_map(|part| match part {
        Part::ToolCall(call) => Some(call),
        Part::Text(_) | Part::Reasoning(_) | Part::File(_) => None,
    })
}

fn unanswered(call: &ToolCallPart) -> ToolReturn {
    let message = "this call was never carried out: the run ended before it".to_owned();
    ToolReturn {
        id: call.id.clone(),
        name: call.name.clone(),
        status: ReturnStatus::Cancelled,
        output: message.clone().into(),
        error: Some(ToolError { code: ErrorCode::Unavailable, message }),
        blob: None,
        elapsed_ms: 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::domain::{
        Actor, AfterClearing, Author, AuthorKind, EventId, FACT_VERSION, MemoryAmended, MemoryForgotten, MessagePosted,
        MessageRedacted, SessionCleared, SessionId, SessionRewound, Timestamp,
    };

    fn event(seq: u64, fact: Fact) -> Event {
        Event {
            v: FACT_VERSION,
            seq,
            id: EventId::from_text("e"),
            session: SessionId::from_text("s"),
            run: None,
            at: Timestamp::from_millis(0),
            actor: Actor::house(),
            fact,
        }
    }

    fn posted(seq: u64) -> Event {
        let message = Message {
            id: MessageId::from_text(&format!("m{seq}")),
            author: Author::named(AuthorKind::Person, "a"),
            parts: vec![Part::text("x")],
            at: Timestamp::from_millis(0),
            thread: None,
            visibility: Visibility::All,
            attributes: serde_json::Map::new(),
        };
        event(seq, Fact::MessagePosted(MessagePosted { message }))
    }

    fn rewound(seq: u64, after_seq: u64) -> Event {
        let fact = SessionRewound { after: None, after_seq, state: Map::new(), threads: Vec::new(), turns: Vec::new() };
        event(seq, Fact::SessionRewound(fact))
    }

    fn said(events: &[Event]) -> Vec<String> {
        let transcript = Transcript::of(events, ("a", &RunId::from_text("r")), None, u64::MAX);
        let ids = transcript.items.iter().map(|item| match item {
            Item::Said(message) => message.id.to_string(),
            Item::Answered { message_id, .. } => message_id.to_string(),
        });
        ids.collect()
    }

    #[test]
    fn what_was_dropped_is_not_shown() {
        let events = [posted(1), posted(2), posted(3), rewound(4, 2), posted(5), posted(6), rewound(7, 5), posted(8)];
        assert_eq!(said(&events), ["m1", "m2", "m5", "m8"]);
        let events = [&events[..], &[rewound(9, 1), posted(10)]].concat();
        assert_eq!(said(&events), ["m1", "m10"]);
        // Also where the place itself lies before what was read.
        assert_eq!(said(&events[5..]), ["m10"]);
        assert_eq!(said(&[&events[..], &[rewound(11, 0)]].concat()), [""; 0]);
    }

    #[test]
    fn what_was_cleared_is_not_shown() {
        let cleared =
            |seq| event(seq, Fact::SessionCleared(SessionCleared { then: AfterClearing::Active, state: Map::new() }));
        assert_eq!(said(&[posted(1), cleared(2)]), [""; 0]);
        assert_eq!(said(&[posted(1), rewound(2, 0), cleared(3), posted(4)]), ["m4"]);
    }

    #[test]
    fn what_was_taken_away_or_forgotten_is_not_shown() {
        let id = |seq: u64| MessageId::from_text(&format!("m{seq}"));
        let redacted =
            |seq, of| event(seq, Fact::MessageRedacted(MessageRedacted { message_id: id(of), state: Vec::new() }));
        let forgotten = |seq, agent: &str, of: Option<u64>| {
            event(seq, Fact::MemoryForgotten(MemoryForgotten { agent: agent.into(), message_id: of.map(id) }))
        };
        let history = [posted(1), posted(2), posted(3)];
        let after = |facts: &[Event]| said(&[&history[..], facts, &[posted(9)]].concat());
        assert_eq!(after(&[redacted(4, 2)]), ["m1", "m3", "m9"]);
        assert_eq!(after(&[forgotten(4, "a", Some(1))]), ["m2", "m3", "m9"]);
        assert_eq!(after(&[forgotten(4, "a", None)]), ["m9"]);
        assert_eq!(after(&[forgotten(4, "b", None)]), ["m1", "m2", "m3", "m9"]);
        let gone = HashMap::from([(id(1), 50), (id(9), 51)]);
        let transcript = Transcript::of(&history, ("a", &RunId::from_text("r")), None, u64::MAX).without(&gone);
        assert_eq!(transcript.items.len(), 2);
    }

    #[test]
    fn what_was_amended_is_shown_to_its_agent_alone() {
        let amended = |seq, text: &str| {
            let fact = MemoryAmended { agent: "a".into(), message_id: MessageId::from_text("m1"), text: text.into() };
            event(seq, Fact::MemoryAmended(fact))
        };
        // The older text was removed when it was amended again.
        let events = [posted(1), amended(2, ""), amended(3, "y")];
        let texts = |agent: &str| {
            let transcript = Transcript::of(&events, (agent, &RunId::from_text("r")), None, u64::MAX);
            let texts = transcript.items.iter().map(|item| match item {
                Item::Said(message) => message.text(),
                Item::Answered { parts, .. } => Part::texts(parts),
            });
            texts.collect::<Vec<_>>()
        };
        assert_eq!((texts("a"), texts("b")), (vec!["y".to_owned()], vec!["x".to_owned()]));
    }
}
