//! Frames of one leg of a run become events. What it remembers is where the leg stands: the block, and the calls that it
//! has told of.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::errors::event_of;
use super::generation::Generation;
use super::names::{self, ToolFace};
use super::wire::{Cost, RequestedCall, StreamEvent, Tokens, Told};
use crate::domain::{
    Agent, CallId, Delta, Display, Event, Fact, Finish, Frame, LiveDelta, MessageId, MessagePosted, Outcome, PartStart,
    Place, ReturnStatus, RunFinished, RunId, RunStarted, RunWaiting, StateSet, StepStarted, ToolCalled, ToolReturn, Usage,
};

/// A worker whose execution is told.
#[derive(Clone, Debug, Default)]
pub struct Worker {
    /// Its id.
    pub id: String,
    /// Its agent, by name.
    pub slug: String,
    /// What it was given.
    pub input: Map<String, Value>,
}

/// What the events of a leg are made with.
#[derive(Clone, Debug)]
pub struct About {
    /// The run.
    pub run: RunId,
    /// What its client knows.
    pub generation: Generation,
    /// The last message before the run.
    pub last_message: Option<String>,
    /// The session, where the client does not know it yet.
    pub session: Option<String>,
    /// The worker that it is.
    pub worker: Option<Worker>,
    /// What of it is past, where it is told again.
    pub past: Option<Past>,
}

/// What of a run is past when it is told again: what it waited for and was given.
#[derive(Clone, Debug)]
pub struct Past {
    /// The last fact that there was.
    pub until: u64,
    /// The calls that the run waits for now.
    pub waits_for: Vec<CallId>,
}

impl Past {
    fn holds(&self, seq: u64, waiting: &RunWaiting) -> bool {
        seq <= self.until && !waiting.calls.iter().any(|call| self.waits_for.contains(&call.id))
    }
}

/// Frames of one leg become events.
pub struct Encoder {
    about: About,
    faces: HashMap<String, ToolFace>,
    /// The block that is at work.
    step: Option<StepStarted>,
    /// The text or thought that is open.
    open: Option<StreamEvent>,
    /// The calls of this leg that blocks made.
    of_blocks: HashSet<CallId>,
    /// The calls of this leg that people see.
    shown: HashSet<CallId>,
    /// Why the model stopped last.
    finish: Finish,
    begun: bool,
    ended: bool,
}

impl Encoder {
    /// For a leg of a run of this agent, as the run pinned it.
    pub fn new(agent: &Agent, about: About) -> Self {
        Self {
            faces: names::faces(agent),
            about,
            step: None,
            open: None,
            of_blocks: HashSet::new(),
            shown: HashSet::new(),
            finish: Finish::Stop,
            begun: false,
            ended: false,
        }
    }

    /// Whether the leg has ended.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The events that a frame is told as, in order; none for what is no part of the leg.
    pub fn encode(&mut self, frame: &Frame) -> Vec<Told> {
        if frame.run() != Some(&self.about.run) || self.ended {
            return Vec::new();
        }
        // What came before is of an earlier leg, or beside the run.
        let begins = matches!(frame, Frame::Fact(event) if matches!(event.fact, Fact::RunStarted(_)));
        if !self.begun && !begins {
            return Vec::new();
        }
        let events = match frame {
            Frame::Fact(event) => self.fact(event),
            Frame::Delta(live) => self.delta(live).into_iter().collect(),
        };
        let worker_id = self.about.worker.as_ref().map(|worker| worker.id.clone());
        let told = events.into_iter().map(|event| {
            let of_leg = matches!(
                event,
                StreamEvent::Start { .. }
                    | StreamEvent::Finish { .. }
                    | StreamEvent::Error(_)
                    | StreamEvent::ResourceUpdate { .. }
                    | StreamEvent::Usage { .. }
            );
            Told { worker_id: worker_id.clone().filter(|_| !of_leg), event }
        });
        told.collect()
    }

    fn fact(&mut self, event: &Event) -> Vec<StreamEvent> {
        match &event.fact {
            Fact::RunStarted(started) => self.started(started),
            Fact::StepStarted(step) => {
                let begins = self.block_start(step);
                self.step = Some(step.clone());
                vec![begins]
            }
            Fact::StepFinished(step) => {
                self.step = None;
                vec![StreamEvent::BlockEnd { block_id: names::block_id(&self.about.run, step.step) }]
            }
            Fact::StateSet(StateSet { key, value, told: true }) => {
                vec![StreamEvent::ResourceUpdate { name: key.clone(), value: value.clone() }]
            }
            Fact::MessagePosted(posted) => self.posted(posted),
            Fact::MessageCompleted(completed) => {
                self.finish = completed.finish;
                Vec::new()
            }
            // Its writer died in the middle; another goes on with the run.
            Fact::MessageAbandoned(_) => self.open.take().into_iter().collect(),
            Fact::ToolCalled(called) => self.called(called),
            Fact::ToolReturned(returned) => self.returned(&returned.returned),
            Fact::RunWaiting(waiting) if self.about.past.as_ref().is_some_and(|past| past.holds(event.seq, waiting)) => {
                Vec::new()
            }
            Fact::RunWaiting(waiting) => self.waiting(waiting),
            Fact::RunFinished(finished) => self.finished(finished),
            Fact::SessionCreated(_)
            | Fact::SessionUpdated(_)
            | Fact::SessionRestored(_)
            | Fact::SessionCleared(_)
            | Fact::SessionRewound(_)
            | Fact::SessionDeleted(_)
            | Fact::RunQueued(_)
            | Fact::RunCancelRequested(_)
            | Fact::MessageImported(_)
            | Fact::StateSet(_)
            | Fact::ThreadOpened(_)
            | Fact::ParticipantJoined(_)
            | Fact::ParticipantLeft(_)
            | Fact::MessageRedacted(_)
            | Fact::MemoryAmended(_)
            | Fact::MemoryForgotten(_)
            | Fact::ContextCompacted(_)
            | Fact::Notice(_)
            | Fact::Unknown(_) => Vec::new(),
        }
    }

    /// Another process that takes the run up goes on with what began.
    fn started(&mut self, started: &RunStarted) -> Vec<StreamEvent> {
        if std::mem::replace(&mut self.begun, true) {
            return Vec::new();
        }
        self.step.clone_from(&started.step);
        let mut events = vec![StreamEvent::Start {
            message_id: self.about.run.to_string(),
            execution_id: self.execution(),
            last_message_id: self.about.last_message.clone(),
            session_id: self.about.session.clone(),
        }];
        if let Some(worker) = self.about.worker.as_ref().filter(|_| started.attempt == 1) {
            events.push(StreamEvent::WorkerStart { worker_slug: worker.slug.clone(), input: worker.input.clone() });
        }
        events
    }

    /// What a client gives back to go on: of a worker its session, since it knows no other.
    fn execution(&self) -> String {
        self.about.worker.as_ref().map_or_else(|| self.about.run.to_string(), |worker| worker.id.clone())
    }

    fn block_start(&self, step: &StepStarted) -> StreamEvent {
        let display = names::display_of(step);
        let asks = step.kind == "ask";
        StreamEvent::BlockStart {
            block_id: names::block_id(&self.about.run, step.step),
            block_name: names::block_name(step),
            block_type: names::block_type(&step.kind),
            display: self.about.generation.display(display),
            // Who is shown the name only must not be shown this instead of it.
            description: step.description.clone().filter(|_| !matches!(display, Display::Hidden | Display::Name)),
            output_to_chat: asks.then(|| !names::is_silent(Some(step))),
            thread: step.thread.clone(),
        }
    }

    fn is_silent(&self) -> bool {
        names::is_silent(self.step.as_ref())
    }

    /// What a block says for the agent, where people are to see that.
    fn posted(&self, posted: &MessagePosted) -> Vec<StreamEvent> {
        let message = &posted.message;
        let says = message.author.kind == crate::domain::AuthorKind::Agent
            && message.visibility.is_for_people()
            && self.step.as_ref().is_some_and(|step| names::display_of(step) == Display::Stream);
        let delta = message.text();
        if !says || delta.is_empty() {
            return Vec::new();
        }
        let id = names::part_id(&message.id, 0);
        vec![
            StreamEvent::TextStart { id: id.clone(), response_type: None },
            StreamEvent::TextDelta { id: id.clone(), delta },
            StreamEvent::TextEnd { id },
        ]
    }

    fn face(&self, tool: &str) -> ToolFace {
        self.faces.get(tool).cloned().unwrap_or_default()
    }

    fn input_start(&self, id: &CallId, tool: &str, face: &ToolFace) -> StreamEvent {
        let late = self.about.generation.is_late();
        StreamEvent::ToolInputStart {
            tool_call_id: id.to_string(),
            tool_name: tool.to_owned(),
            title: face.title.clone(),
            display: late.then(|| self.about.generation.display(face.display)),
        }
    }

    fn called(&mut self, called: &ToolCalled) -> Vec<StreamEvent> {
        let (call, face) = (&called.call, ToolFace::of(called));
        let of_block = called.message_id.is_none();
        if of_block {
            self.of_blocks.insert(call.id.clone());
        }
        if face.display == Display::Hidden || self.is_silent() {
            return Vec::new();
        }
        let mut events = Vec::new();
        if of_block {
            events.push(self.input_start(&call.id, &call.name, &face));
        }
        self.shown.insert(call.id.clone());
        let input = if face.shows_input() { object(&call.arguments) } else { Value::Object(Map::new()) };
        events.push(StreamEvent::ToolInputAvailable {
            tool_call_id: call.id.to_string(),
            tool_name: call.name.clone(),
            input,
        });
        // What the application carries out, its own SDK tells the end of; of what is past nobody else does.
        if call.place == Place::Caller && self.about.past.is_none() {
            self.shown.remove(&call.id);
        }
        events
    }

    fn returned(&mut self, returned: &ToolReturn) -> Vec<StreamEvent> {
        if !self.shown.remove(&returned.id) {
            return Vec::new();
        }
        let tool_call_id = returned.id.to_string();
        vec![match (returned.status, &returned.error) {
            (ReturnStatus::Ok, _) => StreamEvent::ToolOutputAvailable { tool_call_id, output: returned.output.clone() },
            (_, Some(error)) => StreamEvent::ToolOutputError { tool_call_id, error: error.message.clone() },
            (_, None) => StreamEvent::ToolOutputError { tool_call_id, error: returned.output_text() },
        }]
    }

    fn waiting(&mut self, waiting: &RunWaiting) -> Vec<StreamEvent> {
        self.ended = true;
        let calls = waiting.calls.iter().map(|call| {
            let of_block = self.of_blocks.contains(&call.id) || call.output.is_some();
            RequestedCall {
                tool_call_id: call.id.to_string(),
                tool_name: call.name.clone(),
                args: object(&call.arguments),
                source: if of_block { "block" } else { "llm" },
                output_variable: call.output.clone(),
                block_index: call.step.filter(|_| of_block),
                thread: waiting.thread.clone(),
            }
        });
        let finish = StreamEvent::Finish { finish_reason: "tool-calls", execution_id: self.execution() };
        vec![StreamEvent::ToolRequest { tool_calls: calls.collect() }, finish]
    }

    fn finished(&mut self, finished: &RunFinished) -> Vec<StreamEvent> {
        self.ended = true;
        let mut events: Vec<_> = self.open.take().into_iter().collect();
        let error = match (finished.outcome, &finished.error) {
            (Outcome::Failed, Some(error)) => Some(event_of(error, finished.model.as_ref())),
            (Outcome::Failed, None) => {
                Some(event_of(&crate::domain::Error::internal("the run failed"), finished.model.as_ref()))
            }
            (Outcome::Completed | Outcome::Cancelled | Outcome::Silent, _) => None,
        };
        if self.about.worker.is_some() {
            let output = finished.output.clone();
            let failed = error.as_ref().map(|error| error.message.clone());
            let cancelled = (finished.outcome == Outcome::Cancelled).then(|| "it was cancelled".to_owned());
            events.push(StreamEvent::WorkerResult { output, error: failed.or(cancelled) });
        }
        events.push(match error {
            Some(error) => StreamEvent::Error(error),
            None => StreamEvent::Finish {
                finish_reason: finish_reason(finished.outcome, self.finish),
                execution_id: self.execution(),
            },
        });
        if self.about.worker.is_some() && self.about.generation.is_late() {
            events.push(usage(&finished.usage));
        }
        events
    }

    fn delta(&mut self, live: &LiveDelta) -> Option<StreamEvent> {
        if self.is_silent() {
            return None;
        }
        match live.delta.part() {
            PartStart::Text | PartStart::Reasoning => self.grown(&live.delta),
            PartStart::ToolCall { id, name } => self.input(&live.delta, id, name),
        }
    }

    fn grown(&mut self, delta: &Delta) -> Option<StreamEvent> {
        let is_text = *delta.part() == PartStart::Text;
        let (message, index): (&MessageId, u32) = (delta.message_id(), delta.index());
        let id = names::part_id(message, index);
        match delta {
            Delta::Opened { .. } => {
                let end = id.clone();
                self.open =
                    Some(if is_text { StreamEvent::TextEnd { id: end } } else { StreamEvent::ReasoningEnd { id: end } });
                let response_type = self.step.as_ref().and_then(|step| step.form.clone());
                Some(if is_text { StreamEvent::TextStart { id, response_type } } else { StreamEvent::ReasoningStart { id } })
            }
            Delta::Grew { text, .. } if text.is_empty() => None,
            Delta::Grew { text, .. } => {
                let delta = text.clone();
                Some(if is_text { StreamEvent::TextDelta { id, delta } } else { StreamEvent::ReasoningDelta { id, delta } })
            }
            Delta::Closed { .. } => self.open.take(),
        }
    }

    fn input(&self, delta: &Delta, id: &CallId, tool: &str) -> Option<StreamEvent> {
        let face = self.face(tool);
        if face.display == Display::Hidden {
            return None;
        }
        let tool_call_id = id.to_string();
        match delta {
            Delta::Opened { .. } => Some(self.input_start(id, tool, &face)),
            Delta::Grew { text, .. } if text.is_empty() || !face.shows_input() => None,
            Delta::Grew { text, .. } => Some(StreamEvent::ToolInputDelta { tool_call_id, input_text_delta: text.clone() }),
            Delta::Closed { .. } => Some(StreamEvent::ToolInputEnd { tool_call_id }),
        }
    }
}

/// Arguments as the object that clients need.
pub fn object(arguments: &Value) -> Value {
    if arguments.is_object() { arguments.clone() } else { Value::Object(Map::new()) }
}

fn finish_reason(outcome: Outcome, finish: Finish) -> &'static str {
    match (outcome, finish) {
        (Outcome::Cancelled, _) => "other",
        (_, Finish::Length) => "length",
        (_, Finish::ContentFilter) => "content-filter",
        (_, Finish::Stop | Finish::ToolCalls | Finish::Cut | Finish::Cancelled) => "stop",
    }
}

fn usage(usage: &Usage) -> StreamEvent {
    let fee = usage.cost_usd.unwrap_or(0.0);
    let cost = Cost { currency: "USD", bandwidth_fee: 0.0, provider_fee: fee, total_fee: fee, byok: true };
    let (input_tokens, output_tokens) = (usage.input_tokens, usage.output_tokens);
    let tokens = Tokens { input_tokens, output_tokens, total_tokens: input_tokens.saturating_add(output_tokens) };
    StreamEvent::Usage { cost, tokens }
}
