//! From facts to messages. All that a run says, calls and does is one message with the run's id; it stands where the run
//! said something last, so that what was said to the agent in the middle of a run comes before its answer.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::ToldPart;
use crate::dialects::octavus::history;
use crate::dialects::octavus::names::{self, ToolFace};
use crate::dialects::octavus::wire::{Role, Sender, UiCall, UiMessage, UiPart};
use crate::domain::{
    AuthorKind, CallId, Display, Event, Fact, FilePart, Message, MessageCompleted, Part, ReturnStatus, RunId, StepStarted,
    Timestamp, ToolCallPart, ToolCalled, ToolReturn,
};

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// A user.
    User,
    /// The agent.
    Assistant,
    /// The house, to the agent only.
    System,
}

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Its id.
    pub id: String,
    /// Who says it.
    pub speaker: Speaker,
    /// Who speaks for it.
    pub sender: Option<Sender>,
    /// When.
    pub at: Timestamp,
    /// What.
    pub parts: Vec<ToldPart>,
    /// Whether more of it may come.
    pub is_open: bool,
    /// Where it stands.
    place: usize,
}

/// What is known of calls and steps, wherever it stands in the log.
#[derive(Default)]
struct Known {
    called: HashMap<CallId, ToolCalled>,
    returned: HashMap<CallId, ToolReturn>,
    steps: HashMap<(RunId, u32), StepStarted>,
    done: HashSet<(RunId, u32)>,
    ended: HashSet<RunId>,
    waiting: HashSet<RunId>,
}

impl Known {
    fn of(events: &[Event]) -> Self {
        let mut known = Self::default();
        for event in events {
            let run = event.run.clone();
            match (&event.fact, run) {
                (Fact::ToolCalled(called), _) => {
                    known.called.insert(called.call.id.clone(), called.clone());
                }
                (Fact::ToolReturned(returned), _) => {
                    known.returned.insert(returned.returned.id.clone(), returned.returned.clone());
                }
                (Fact::StepStarted(step), Some(run)) => {
                    known.steps.insert((run, step.step), step.clone());
                }
                (Fact::StepFinished(step), Some(run)) => {
                    known.done.insert((run, step.step));
                }
                (Fact::RunStarted(_), Some(run)) => {
                    known.waiting.remove(&run);
                }
                (Fact::RunWaiting(_), Some(run)) => {
                    known.waiting.insert(run);
                }
                (Fact::RunFinished(_), Some(run)) => {
                    known.ended.insert(run);
                }
                _ => {}
            }
        }
        known
    }

    /// Whether people are shown nothing of what is said in a step.
    fn is_silent(&self, run: Option<&RunId>, step: Option<u32>) -> bool {
        let step = run.cloned().zip(step).and_then(|at| self.steps.get(&at));
        names::is_silent(step)
    }
}

/// The messages that facts amount to.
pub fn of(events: Vec<Event>) -> Vec<Turn> {
    let known = Known::of(&events);
    let mut writing = Writing { known, turns: Vec::new(), of_run: HashMap::new(), place: 0 };
    for event in events {
        writing.place += 1;
        writing.take(event);
    }
    let mut turns = writing.turns;
    turns.sort_by_key(|turn| turn.place);
    turns
}

struct Writing {
    known: Known,
    turns: Vec<Turn>,
    /// Which of them belongs to a run, or to a message that was brought back.
    of_run: HashMap<String, usize>,
    place: usize,
}

impl Writing {
    fn take(&mut self, event: Event) {
        let (run, at) = (event.run, event.at);
        match event.fact {
            Fact::MessagePosted(posted) => self.posted(run.as_ref(), posted.message),
            Fact::MessageImported(imported) => self.imported(imported.message, &imported.returns),
            Fact::MessageCompleted(completed) => {
                let Some(run) = run else { return };
                let parts = self.written(&run, &completed);
                self.add(&run, at, parts);
            }
            Fact::ToolCalled(called) if called.message_id.is_none() => {
                let Some(run) = run else { return };
                let part = self.call_of_block(&run, &called);
                self.add(&run, at, vec![part]);
            }
            Fact::StepStarted(step) if names::is_operation(&step.kind) => {
                let Some(run) = run else { return };
                let part = self.operation(&run, &step);
                self.add(&run, at, vec![part]);
            }
            _ => {}
        }
    }

    /// Adds to the message of a run, which then stands here.
    fn add(&mut self, run: &RunId, at: Timestamp, parts: Vec<ToldPart>) {
        let is_open = !self.known.ended.contains(run);
        let place = self.place;
        let turn = self.turn(run.to_string(), at);
        turn.parts.extend(parts);
        (turn.is_open, turn.place) = (is_open, place);
    }

    /// The message of the agent that has this id.
    fn turn(&mut self, id: String, at: Timestamp) -> &mut Turn {
        let next = self.turns.len();
        let index = *self.of_run.entry(id.clone()).or_insert(next);
        if index == next {
            let place = self.place;
            let speaker = Speaker::Assistant;
            self.turns.push(Turn { id, speaker, sender: None, at, parts: Vec::new(), is_open: false, place });
        }
        &mut self.turns[index]
    }

    fn posted(&mut self, run: Option<&RunId>, message: Message) {
        let visible = message.visibility.is_for_people();
        let thread = message.thread.clone();
        let parts: Vec<ToldPart> = message.parts.iter().filter_map(|part| said(part, thread.as_ref(), visible)).collect();
        match (message.author.kind, run) {
            (AuthorKind::Agent, Some(run)) => self.add(run, message.at, parts),
            (kind, _) => {
                let speaker = match kind {
                    AuthorKind::Person => Speaker::User,
                    AuthorKind::Agent => Speaker::Assistant,
                    AuthorKind::Environment => Speaker::System,
                };
                let sender = history::sender(&message.attributes);
                let id = history::id_of(&message, run);
                let place = self.place;
                self.turns.push(Turn { id, speaker, sender, at: message.at, parts, is_open: false, place });
            }
        }
    }

    /// A message that was brought back is told as it came; the house may have made several of it, of which the first keeps
    /// it.
    fn imported(&mut self, message: Message, returns: &[ToolReturn]) {
        let whole = history::kept(&message.attributes, "whole");
        if let Some(Ok(whole)) = whole.map(|whole| serde_json::from_value::<UiMessage>(whole.clone())) {
            let parts = whole.parts.into_iter().map(as_it_came).collect();
            let speaker = if whole.role == Role::User { Speaker::User } else { Speaker::Assistant };
            let (id, sender, at, place) = (whole.id, whole.sender, message.at, self.place);
            self.turns.push(Turn { id, speaker, sender, at, parts, is_open: false, place });
            return;
        }
        if history::kept(&message.attributes, "message").is_some() {
            return;
        }
        // It came over another API.
        let thread = message.thread.clone();
        if message.author.kind != AuthorKind::Agent {
            return self.posted(None, message);
        }
        let parts = message.parts.iter().filter_map(|part| match part {
            Part::ToolCall(call) => {
                let returned = returns.iter().find(|returned| returned.id == call.id);
                Some(self.call(call, None, returned, thread.as_ref()))
            }
            other => said(other, thread.as_ref(), true),
        });
        let parts = parts.collect();
        let (id, place) = (message.id.to_string(), self.place);
        let speaker = Speaker::Assistant;
        self.turns.push(Turn { id, speaker, sender: None, at: message.at, parts, is_open: false, place });
    }

    fn written(&self, run: &RunId, completed: &MessageCompleted) -> Vec<ToldPart> {
        let silent = self.known.is_silent(Some(run), completed.step);
        let visible = completed.visibility.is_for_people() && !silent;
        let thread = completed.thread.as_ref();
        let mut parts = vec![ToldPart::new(visible, UiPart::StepStart {})];
        for (index, part) in (0u32..).zip(&completed.parts) {
            match part {
                Part::ToolCall(call) => {
                    let returned = self.known.returned.get(&call.id);
                    let mut told = self.call(call, Some(run), returned, thread);
                    told.visible &= visible;
                    parts.push(told);
                }
                Part::Text(text) if completed.form.is_some() && !text.text.is_empty() => {
                    let id = names::part_id(&completed.message_id, index);
                    let type_name = completed.form.clone().unwrap_or_default();
                    parts.push(ToldPart::new(visible, object(id, type_name, &text.text, thread.cloned())));
                }
                other => parts.extend(said(other, thread, visible)),
            }
        }
        parts
    }

    fn call_of_block(&self, run: &RunId, called: &ToolCalled) -> ToldPart {
        let call = ToolCallPart {
            id: called.call.id.clone(),
            name: called.call.name.clone(),
            arguments: called.call.arguments.clone(),
            arguments_text: String::new(),
        };
        let returned = self.known.returned.get(&call.id);
        let mut part = self.call(&call, Some(run), returned, called.thread.as_ref());
        part.visible &= !self.known.is_silent(Some(run), called.call.step);
        part
    }

    fn call(
        &self,
        call: &ToolCallPart,
        run: Option<&RunId>,
        returned: Option<&ToolReturn>,
        thread: Option<&String>,
    ) -> ToldPart {
        let face = self.known.called.get(&call.id).map(ToolFace::of).unwrap_or_default();
        let is_over = run.is_none_or(|run| self.known.ended.contains(run));
        let waits = run.is_some_and(|run| self.known.waiting.contains(run));
        let (status, error) = match returned {
            Some(returned) => match returned.status {
                ReturnStatus::Ok => ("done", None),
                ReturnStatus::Cancelled => ("cancelled", None),
                ReturnStatus::Failed | ReturnStatus::Denied => {
                    let message = returned.error.as_ref().map(|error| error.message.clone());
                    ("error", Some(message.unwrap_or_else(|| returned.output_text())))
                }
            },
            None if is_over => ("cancelled", None),
            None if waits => ("running", None),
            None => ("pending", None),
        };
        let result = returned.filter(|_| status == "done").map(|returned| returned.output.clone());
        let args = if face.shows_input() { object_of(&call.arguments) } else { Map::new() };
        let part = UiCall {
            tool_call_id: call.id.to_string(),
            tool_name: call.name.clone(),
            display_name: face.title.clone(),
            args,
            result: result.clone().filter(|_| face.display == Display::Stream),
            error,
            status: status.to_owned(),
            display: Some(crate::dialects::octavus::generation::Generation::Four.display(face.display).to_owned()),
            thread: thread.cloned(),
            provider_metadata: None,
        };
        let visible = face.display != Display::Hidden;
        ToldPart { visible, part: UiPart::ToolCall(Box::new(part)), result, blob: None }
    }

    fn operation(&self, run: &RunId, step: &StepStarted) -> ToldPart {
        let display = names::display_of(step);
        let is_done = self.known.done.contains(&(run.clone(), step.step));
        let status = match (is_done, self.known.ended.contains(run)) {
            (true, _) => "done",
            (false, true) => "cancelled",
            (false, false) => "running",
        };
        let named = step.description.clone().filter(|_| display != Display::Name);
        let part = UiPart::Operation {
            operation_id: names::block_id(run, step.step),
            name: named.unwrap_or_else(|| names::block_name(step)),
            operation_type: names::block_type(&step.kind).to_owned(),
            status: status.to_owned(),
            thread: step.thread.clone(),
        };
        ToldPart::new(display != Display::Hidden, part)
    }
}

/// A part that was brought back.
fn as_it_came(part: UiPart) -> ToldPart {
    let result = match &part {
        UiPart::ToolCall(call) => call.result.clone(),
        _ => None,
    };
    ToldPart { result, ..ToldPart::new(true, part) }
}

fn said(part: &Part, thread: Option<&String>, visible: bool) -> Option<ToldPart> {
    let (thread, status) = (thread.cloned(), "done".to_owned());
    match part {
        Part::Text(text) if text.text.is_empty() => None,
        Part::Text(text) => Some(ToldPart::new(visible, UiPart::Text { text: text.text.clone(), status, thread })),
        Part::Reasoning(thought) if thought.text.is_empty() => None,
        Part::Reasoning(thought) => {
            let text = thought.text.clone();
            Some(ToldPart::new(visible, UiPart::Reasoning { text, status, thread, provider_metadata: None }))
        }
        Part::File(file) => Some(file_part(file, thread, visible)),
        Part::ToolCall(_) => None,
    }
}

/// Its id and address are found out when all parts are there.
fn file_part(file: &FilePart, thread: Option<String>, visible: bool) -> ToldPart {
    let part = UiPart::File {
        id: String::new(),
        media_type: file.media_type.clone(),
        url: String::new(),
        filename: file.name.clone(),
        size: Some(file.size),
        tool_call_id: None,
        thread,
    };
    ToldPart { blob: Some(file.blob.clone()), ..ToldPart::new(visible, part) }
}

fn object(id: String, type_name: String, text: &str, thread: Option<String>) -> UiPart {
    let (object, error) = match crate::dialects::octavus::names::json_of(text) {
        Ok(object) => (Some(object), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let status = if object.is_some() { "done" } else { "error" }.to_owned();
    UiPart::Object { id, type_name, partial: None, object, status, error, thread }
}

fn object_of(arguments: &Value) -> Map<String, Value> {
    arguments.as_object().cloned().unwrap_or_default()
}
