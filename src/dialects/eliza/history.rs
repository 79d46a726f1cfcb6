//! What an agent has done, read from the facts of its runs: which model it asked, which tools it called, how it ended.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::agents::id_of;
use super::ids;
use crate::domain::{Cursor, ErrorCode, Event, Fact, ModelChoice, Notice, Principal, Result, ReturnStatus, Run};
use crate::engine::{AgentItem, Engine, RunFilter};

/// Runs of one page of the house's list.
const PAGE: usize = 100;
/// Most runs that are looked at.
const RUNS: usize = 5_000;
/// Events that are read at once.
const EVENTS: usize = 500;
/// How far back from its end the facts of a run are first looked for, beside four for each call.
const BACK: u64 = 32;
/// Most events in which the facts of one run are looked for.
const FARTHEST: u64 = 100_000;

/// The runs of an agent, newest first; those of an earlier agent of its name are not among them.
pub struct Runs<'a> {
    engine: &'a dyn Engine,
    caller: &'a Principal,
    item: &'a AgentItem,
    offset: usize,
    page: std::vec::IntoIter<Run>,
    ended: bool,
}

impl<'a> Runs<'a> {
    /// From the newest on.
    pub fn new(engine: &'a dyn Engine, caller: &'a Principal, item: &'a AgentItem) -> Self {
        Self { engine, caller, item, offset: 0, page: Vec::new().into_iter(), ended: false }
    }

    /// The next one.
    ///
    /// # Errors
    /// As of any verb.
    pub async fn next(&mut self) -> Result<Option<Run>> {
        loop {
            if let Some(run) = self.page.next() {
                let is_own = self.item.created_at.is_none_or(|made| run.queued_at >= made);
                if is_own {
                    return Ok(Some(run));
                }
                continue;
            }
            if self.ended || self.offset >= RUNS {
                return Ok(None);
            }
            let filter = RunFilter {
                agent: Some(self.item.agent.name.clone()),
                offset: self.offset,
                limit: PAGE,
                ..RunFilter::default()
            };
            let runs = self.engine.runs(self.caller, &filter).await?.runs;
            self.offset += runs.len();
            self.ended = runs.len() < PAGE;
            self.page = runs.into_iter();
        }
    }
}

/// The room in which an agent has done a run.
pub fn room_of(run: &Run, item: &AgentItem) -> String {
    ids::seen_by(run.session.as_str(), &id_of(item))
}

/// The facts of a run, in order; none where its session can be read no longer.
///
/// # Errors
/// As of any verb.
pub async fn facts(engine: &dyn Engine, caller: &Principal, run: &Run) -> Result<Vec<Event>> {
    match read(engine, caller, run).await {
        Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Expired) => Ok(Vec::new()),
        read => read,
    }
}

async fn read(engine: &dyn Engine, caller: &Principal, run: &Run) -> Result<Vec<Event>> {
    let summary = engine.session(caller, &run.session).await?.summary;
    let end = run.finished_seq.unwrap_or(summary.events);
    let mut back = BACK + 4 * (u64::from(run.rounds) + u64::from(run.tool_calls));
    loop {
        let from = end.saturating_sub(back);
        let (mut facts, mut at) = (Vec::new(), from);
        while at < end {
            let after = Cursor::after(summary.session.incarnation, at);
            let events = engine.events(caller, &run.session, Some(after), EVENTS).await?;
            let Some(last) = events.last() else { break };
            at = last.seq;
            facts.extend(events.into_iter().filter(|event| event.run.as_ref() == Some(&run.id) && event.seq <= end));
        }
        let begins = facts.iter().any(|event| matches!(event.fact, Fact::RunQueued(_)));
        if begins || from == 0 || back >= FARTHEST {
            return Ok(facts);
        }
        back *= 4;
    }
}

/// One thing that an agent did.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// The id of its fact.
    pub id: String,
    /// When, in milliseconds.
    pub at: i64,
    /// When, as a moment in words.
    pub moment: String,
    /// What kind it is: `useModel:TEXT_LARGE`, `useModel:TEXT_SMALL` of a judge, or `action`.
    pub kind: &'static str,
    /// The kind of the model that was asked.
    pub model: Option<&'static str>,
    /// About it.
    pub body: Value,
}

/// What is told of a call of the model that judged whether the agent answers; nothing of other notices.
pub fn judged(notice: &Notice) -> Option<(ModelChoice, &Value)> {
    let details = Some(&notice.details).filter(|_| notice.code == Notice::JUDGED)?;
    Some((ModelChoice::parse(details["model"].as_str()?).ok()?, details))
}

/// What an agent asked its model, and which tools it called, in order.
pub fn deeds(run: &Run, facts: &[Event]) -> Vec<Deed> {
    let mut prompt = "";
    let mut called: HashMap<&str, (&str, &Value)> = HashMap::new();
    let mut deeds = Vec::new();
    for event in facts {
        let mut body = Map::new();
        body.insert("runId".to_owned(), json!(run.id));
        let (kind, model) = match &event.fact {
            Fact::RunStarted(started) => {
                prompt = started.input.as_deref().unwrap_or(prompt);
                continue;
            }
            Fact::ToolCalled(tool) => {
                called.insert(tool.call.id.as_str(), (tool.call.name.as_str(), &tool.call.arguments));
                continue;
            }
            Fact::MessageCompleted(said) => {
                body.insert("params".to_owned(), json!({ "prompt": prompt }));
                body.insert("prompt".to_owned(), json!(prompt));
                body.insert("modelKey".to_owned(), json!("TEXT_LARGE"));
                body.insert("modelType".to_owned(), json!("TEXT_LARGE"));
                body.insert("model".to_owned(), json!(said.model.id));
                body.insert("provider".to_owned(), json!(said.model.provider));
                body.insert("response".to_owned(), json!(said.text()));
                body.insert("timestamp".to_owned(), json!(event.at.as_millis()));
                body.insert("executionTime".to_owned(), json!(said.elapsed_ms));
                ("useModel:TEXT_LARGE", Some("TEXT_LARGE"))
            }
            Fact::Notice(notice) => {
                let Some((judge, call)) = judged(notice) else { continue };
                body.insert("params".to_owned(), json!({ "prompt": prompt }));
                body.insert("prompt".to_owned(), json!(prompt));
                body.insert("modelKey".to_owned(), json!("TEXT_SMALL"));
                body.insert("modelType".to_owned(), json!("TEXT_SMALL"));
                body.insert("model".to_owned(), json!(judge.id));
                body.insert("provider".to_owned(), json!(judge.provider));
                body.insert("response".to_owned(), call["word"].clone());
                body.insert("timestamp".to_owned(), json!(event.at.as_millis()));
                body.insert("executionTime".to_owned(), call["elapsed_ms"].clone());
                ("useModel:TEXT_SMALL", Some("TEXT_SMALL"))
            }
            Fact::ToolReturned(tool) => {
                let returned = &tool.returned;
                let (name, arguments) =
                    called.get(returned.id.as_str()).copied().unwrap_or((returned.name.as_str(), &tool.arguments));
                let mut result = json!({ "success": returned.status == ReturnStatus::Ok, "text": returned.output_text() });
                if let (Some(error), Value::Object(result)) = (&returned.error, &mut result) {
                    result.insert("error".to_owned(), json!(error.message));
                }
                body.insert("action".to_owned(), json!(name));
                body.insert("actionId".to_owned(), json!(returned.id));
                body.insert("message".to_owned(), json!(prompt));
                body.insert("params".to_owned(), arguments.clone());
                body.insert("result".to_owned(), result);
                body.insert("timestamp".to_owned(), json!(event.at.as_millis()));
                body.insert("executionTime".to_owned(), json!(returned.elapsed_ms));
                ("action", None)
            }
            _ => continue,
        };
        let (at, moment) = (event.at.as_millis(), event.at.to_string());
        deeds.push(Deed { id: event.id.to_string(), at, moment, kind, model, body: Value::Object(body) });
    }
    deeds
}
