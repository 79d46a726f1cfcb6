//! What is told in a channel: what runs do becomes pushes.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt as _;

use crate::dialects::agentarea::errors::AreaError;
use crate::dialects::agentarea::ids;
use crate::dialects::agentarea::request::agent;
use crate::dialects::agentarea::routes::tasks::{LABEL, result};
use crate::dialects::agentarea::wire::Told;
use crate::domain::{Error, ErrorCode, Event, Fact, MessageCompleted, Outcome, Principal, Result, Run, RunFinished, RunId};
use crate::engine::{Engine, EventStream, Watched};
use crate::http::{Closing, Door, RequestId, Sending};

/// Runs of which it is kept in mind whether they are tasks; when there are more, the engine is asked.
const RUNS: usize = 4_096;

/// What is subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel<'a> {
    /// `agent.ID.events`
    Agent(&'a str),
    /// `task.ID.events`
    Task(&'a str),
}

/// A channel that is open.
pub(super) struct Source {
    door: Door,
    caller: Principal,
    request: RequestId,
    events: EventStream,
    /// The provider of the model that is asked by default: it goes without saying.
    provider: Option<String>,
    /// Of an agent: its id. Of a task only its status is told.
    agent: Option<String>,
    tasks: HashMap<RunId, bool>,
}

impl<'a> Channel<'a> {
    /// Reads the name of a channel.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` for what has not the form of one.
    pub(super) fn parse(name: &'a str) -> std::result::Result<Self, AreaError> {
        let inner = name.strip_suffix(".events").and_then(|rest| rest.split_once('.'));
        match inner {
            Some(("agent", id)) if !id.is_empty() => Ok(Self::Agent(id)),
            Some(("task", id)) if !id.is_empty() => Ok(Self::Task(id)),
            _ => Err(AreaError::at("channel", "must be agent.AGENT_ID.events or task.TASK_ID.events")),
        }
    }

    /// Opens a channel: all that happens from now on is told.
    ///
    /// # Errors
    /// `NOT_FOUND` for an agent or a task that is not known.
    pub(super) async fn open(
        self,
        door: &Door,
        caller: &Principal,
        request: &RequestId,
    ) -> std::result::Result<Source, AreaError> {
        let (watched, agent) = match self {
            Self::Agent(id) => {
                let item = agent(&*door.engine, caller, id).await?;
                (Watched::Agent(item.agent.name.clone()), Some(ids::agent(&item)))
            }
            Self::Task(id) => (Watched::Run(task(&*door.engine, caller, id).await?), None),
        };
        let events = door.engine.watching().watch(caller, watched).await?;
        let provider = door.engine.models(caller).await?.into_iter().next().map(|item| item.model.provider);
        let (door, caller, request) = (door.clone(), caller.clone(), request.clone());
        Ok(Source { door, caller, request, events, provider, agent, tasks: HashMap::new() })
    }
}

/// The run of a task.
async fn task(engine: &dyn Engine, caller: &Principal, id: &str) -> Result<RunId> {
    let shown: String = id.chars().filter(|c| !c.is_control()).take(64).collect();
    let run = ids::own(ids::TASK, id).map(RunId::from_text).ok_or_else(|| Error::not_found("task", &shown))?;
    match engine.run(caller, &run).await {
        Ok(row) if is_task(&row) => Ok(run),
        Err(error) if error.code != ErrorCode::NotFound => Err(error),
        Ok(_) | Err(_) => Err(Error::not_found("task", &shown)),
    }
}

/// Whether a run is a task of this API.
fn is_task(run: &Run) -> bool {
    run.labels.contains(LABEL.0, LABEL.1)
}

impl Source {
    /// Tells what happens, until the socket is closed.
    pub(super) async fn tell(mut self, channel: String, sending: Sending) {
        while let Some(next) = self.events.next().await {
            let told = match next {
                Ok(event) => self.push(&channel, &event).await,
                Err(error) => Err(error),
            };
            match told {
                Ok(Some(text)) => {
                    if !sending.send(|| text).await {
                        return;
                    }
                }
                Ok(None) => {}
                Err(error) => return end(&self.request, &channel, &sending, error).await,
            }
        }
    }

    /// What a fact is told as; `None` when it is none of this channel's business.
    async fn push(&mut self, channel: &str, event: &Arc<Event>) -> Result<Option<String>> {
        let Some(run) = &event.run else { return Ok(None) };
        let timestamp = event.at.to_string();
        let status = match (&event.fact, &self.agent) {
            (Fact::MessageCompleted(said), Some(agent_id)) => {
                let told = is_told(said).then(|| Told::AgentMessage {
                    agent_id,
                    session_id: event.session.to_string(),
                    message_id: format!("{}{}", ids::MESSAGE, said.message_id),
                    message: said.text(),
                    channel,
                    timestamp,
                });
                return Ok(told.map(|told| told.text()));
            }
            (Fact::RunQueued(queued), _) => {
                self.keep_in_mind(run, queued.labels.contains(LABEL.0, LABEL.1));
                "pending"
            }
            // A run that another process takes up was running before.
            (Fact::RunStarted(started), _) if started.attempt <= 1 => "running",
            (Fact::RunFinished(finished), _) => status_of(finished.outcome),
            _ => return Ok(None),
        };
        if !self.is_task(run).await? {
            return Ok(None);
        }
        let (result, error) = match &event.fact {
            Fact::RunFinished(finished) => {
                self.tasks.remove(run);
                let is_done = matches!(finished.outcome, Outcome::Completed | Outcome::Silent);
                let result = is_done.then(|| result(finished, self.provider.as_deref()));
                (result, self.error_of(finished))
            }
            _ => (None, None),
        };
        let task_id = format!("{}{run}", ids::TASK);
        Ok(Some(Told::TaskStatus { task_id, status, result, error, channel, timestamp }.text()))
    }

    fn error_of(&self, finished: &RunFinished) -> Option<crate::dialects::agentarea::wire::RefusalBody> {
        let error = finished.error.clone().filter(|_| finished.outcome == Outcome::Failed)?;
        Some(AreaError::from(error).body(&self.request))
    }

    fn keep_in_mind(&mut self, run: &RunId, is_task: bool) {
        if self.tasks.len() >= RUNS {
            self.tasks.clear();
        }
        self.tasks.insert(run.clone(), is_task);
    }

    async fn is_task(&mut self, run: &RunId) -> Result<bool> {
        if let Some(known) = self.tasks.get(run) {
            return Ok(*known);
        }
        // One that was deleted meanwhile is told of no more.
        let known = match self.door.engine.run(&self.caller, run).await {
            Ok(row) => is_task(&row),
            Err(error) if error.code == ErrorCode::NotFound => false,
            Err(error) => return Err(error),
        };
        self.keep_in_mind(run, known);
        Ok(known)
    }
}

/// Says why a channel ends, and closes the socket: its client may come back.
async fn end(request: &RequestId, channel: &str, sending: &Sending, error: Error) {
    let closing = if error.code == ErrorCode::Unauthorized { Closing::Refused } else { Closing::TooSlow };
    let reason = error.message.clone();
    let error = AreaError::from(error).body(request);
    sending.send(|| Told::Error { error, channel: Some(channel) }.text()).await;
    sending.close(closing, &reason).await;
}

/// Whether a message is one that people read: with a text, and in the conversation itself.
fn is_told(said: &MessageCompleted) -> bool {
    said.visibility.is_for_people() && said.thread.is_none() && !said.text().is_empty()
}

const fn status_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed | Outcome::Silent => "completed",
        Outcome::Failed => "failed",
        Outcome::Cancelled => "cancelled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_have_names() {
        assert_eq!(Channel::parse("agent.agent-1.events").unwrap(), Channel::Agent("agent-1"));
        assert_eq!(Channel::parse("task.task-1.events").unwrap(), Channel::Task("task-1"));
        // The name of an agent of the configuration may hold dots.
        assert_eq!(Channel::parse("agent.agent-a.b.events").unwrap(), Channel::Agent("agent-a.b"));
        for wrong in
            ["", "nonsense", "agent.events", "agent..events", "agent.a", "user.a.events", "agent.a.event", ".events"]
        {
            assert!(Channel::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
