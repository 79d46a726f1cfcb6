//! What happens in a run becomes events for monitoring.

use serde_json::{Map, Value, json};

use crate::domain::{
    AuthorKind, Delta, Event, Fact, Frame, LiveDelta, MessageCompleted, ModelChoice, Outcome, Part, PartStart, RunFinished,
    RunId, RunStarted, Timestamp, ToolCalled, ToolReturned,
};

/// Longest text of an argument, in characters.
const LONG_TEXT: usize = 1_000;
/// What is kept of a longer one.
const KEPT_TEXT: usize = 100;
/// Keys of arguments whose values are not told: those that hold one of these words.
const SECRET_WORDS: [&str; 6] = ["password", "token", "key", "secret", "apikey", "auth"];

/// What is told about a session with its first run.
#[derive(Clone, Debug)]
pub struct About {
    /// The agent's settings that are told.
    pub max_tokens: Option<u64>,
    /// How freely the model speaks.
    pub temperature: Option<f64>,
    /// Tools that the agent may use.
    pub tools: usize,
    /// Who offers models.
    pub providers: usize,
}

/// Makes events of the frames of one run. Needs no memory but where the run stands.
#[derive(Debug)]
pub struct RunEncoder {
    run: RunId,
    /// Told with the first run of a session only.
    about: Option<About>,
    model: Option<ModelChoice>,
    input: Option<Vec<Part>>,
    begun: Option<Timestamp>,
    spoken: bool,
}

impl RunEncoder {
    /// An encoder for one run; `about` for the first of its session.
    pub fn new(run: RunId, about: Option<About>) -> Self {
        Self { run, about, model: None, input: None, begun: None, spoken: false }
    }

    /// The events of a frame, and whether the run has ended.
    pub fn encode(&mut self, frame: &Frame) -> (Vec<Value>, bool) {
        if frame.run() != Some(&self.run) {
            return (Vec::new(), false);
        }
        match frame {
            Frame::Delta(live) => (self.piece(live).into_iter().collect(), false),
            Frame::Fact(event) => self.fact(event),
        }
    }

    fn fact(&mut self, event: &Event) -> (Vec<Value>, bool) {
        let events = match &event.fact {
            Fact::MessagePosted(posted) if posted.message.author.kind == AuthorKind::Person => {
                self.input = Some(posted.message.parts.clone());
                let loop_start = base("agent_loop_start", event.at, event.session.as_str());
                vec![with(loop_start, json!({ "iteration": 1 }))]
            }
            Fact::RunStarted(started) => self.started(event, started),
            Fact::MessageCompleted(completed) => self.completed(event, completed),
            Fact::ToolCalled(called) => vec![tool_call(event, called)],
            Fact::ToolReturned(returned) => vec![tool_result(event, returned)],
            Fact::RunFinished(finished) => return (vec![run_end(event, finished)], true),
            _ => Vec::new(),
        };
        (events, false)
    }

    fn started(&mut self, event: &Event, started: &RunStarted) -> Vec<Value> {
        let session = event.session.as_str();
        self.model = Some(started.model.clone());
        // A run that another process takes up goes on: it began when it began.
        if self.begun.is_some() {
            return Vec::new();
        }
        self.begun = Some(event.at);
        let mut events = Vec::new();
        if let Some(about) = self.about.take() {
            events.push(initialized(event, &started.model, &about));
        }
        let parts = self.input.take().unwrap_or_default();
        let many = parts.iter().any(|part| matches!(part, Part::File(_)));
        let input = if many { "[Complex multimodal input]".to_owned() } else { Part::texts(&parts) };
        let start = json!({ "runId": session, "input": input, "isMultimodalInput": many, "streaming": true });
        events.push(with(base("agent_run_start", event.at, session), start));
        events
    }

    /// A model that answers at once has its first text when it has all.
    fn completed(&mut self, event: &Event, completed: &MessageCompleted) -> Vec<Value> {
        if self.spoken || completed.text().is_empty() {
            return Vec::new();
        }
        vec![self.first_text(event.session.as_str(), event.at)]
    }

    fn piece(&mut self, live: &LiveDelta) -> Option<Value> {
        match &live.delta {
            Delta::Grew { part: PartStart::Text, text, .. } if !self.spoken && !text.is_empty() => {
                Some(self.first_text(live.session.as_str(), live.at))
            }
            Delta::Opened { .. } | Delta::Grew { .. } | Delta::Closed { .. } => None,
        }
    }

    fn first_text(&mut self, session: &str, at: Timestamp) -> Value {
        self.spoken = true;
        let model = self.model.as_ref().map(|model| model.id.clone()).unwrap_or_default();
        let after = self.begun.map_or(0, |begun| at.millis_since(begun));
        with(base("agent_ttft", at, session), json!({ "runId": session, "modelName": model, "ttftMs": after }))
    }
}

fn base(kind: &str, at: Timestamp, session: &str) -> Value {
    json!({ "type": kind, "timestamp": at.as_millis(), "sessionId": session })
}

fn with(mut event: Value, fields: Value) -> Value {
    if let (Value::Object(event), Value::Object(fields)) = (&mut event, fields) {
        event.extend(fields);
    }
    event
}

fn initialized(event: &Event, model: &ModelChoice, about: &About) -> Value {
    let mut config = Map::new();
    config.insert("modelProvider".into(), model.provider.clone().into());
    config.insert("modelName".into(), model.id.clone().into());
    if let Some(tokens) = about.max_tokens {
        config.insert("maxTokens".into(), tokens.into());
    }
    if let Some(temperature) = about.temperature {
        config.insert("temperature".into(), temperature.into());
    }
    for absent in ["plannerEnabled", "thinkingEnabled", "researchEnabled", "customMcpServers"] {
        config.insert(absent.into(), false.into());
    }
    let count = json!({ "mcpServersCount": 0, "toolsCount": about.tools, "modelProvidersCount": about.providers });
    with(base("agent_initialized", event.at, event.session.as_str()), json!({ "config": config, "count": count }))
}

fn tool_call(event: &Event, called: &ToolCalled) -> Value {
    let call = &called.call;
    let size = call.arguments.to_string().len();
    let mut fields = json!({
        "runId": event.session, "toolName": call.name, "toolCallId": call.id,
        "arguments": told(&call.arguments), "argumentsSize": size,
    });
    if let Some(server) = server_of(&call.name) {
        fields["mcpServer"] = server.into();
    }
    with(base("tool_call", event.at, event.session.as_str()), fields)
}

/// Where a tool comes from, by its name.
fn server_of(tool: &str) -> Option<&'static str> {
    match tool {
        "web_search" => Some("search"),
        tool if tool.starts_with("browser_") => Some("browser"),
        tool if tool.starts_with("filesystem_") => Some("filesystem"),
        tool if tool.starts_with("commands_") => Some("commands"),
        _ => None,
    }
}

fn tool_result(event: &Event, returned: &ToolReturned) -> Value {
    let given = &returned.returned;
    let kind = match &given.output {
        Value::Null => "empty",
        Value::String(text) if text.is_empty() => "empty",
        Value::String(_) => "text",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Bool(_) | Value::Number(_) => "unknown",
    };
    let fields = json!({
        "runId": event.session, "toolName": given.name, "toolCallId": given.id, "executionTimeMs": given.elapsed_ms,
        "successful": given.status == crate::domain::ReturnStatus::Ok,
        "resultSize": given.output.to_string().len(), "contentType": kind,
    });
    with(base("tool_result", event.at, event.session.as_str()), fields)
}

fn run_end(event: &Event, finished: &RunFinished) -> Value {
    let (successful, error) = match finished.outcome {
        Outcome::Completed | Outcome::Silent => (true, ""),
        Outcome::Cancelled => (false, ""),
        Outcome::Failed => (false, "AgentRunError"),
    };
    let fields = json!({
        "runId": event.session, "executionTimeMs": finished.elapsed_ms, "loopCount": finished.rounds,
        "successful": successful, "error": error,
    });
    with(base("agent_run_end", event.at, event.session.as_str()), fields)
}

/// Arguments as they are told: without what looks like a secret by its key, and without long texts.
fn told(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| {
                let name = key.to_ascii_lowercase();
                let secret = SECRET_WORDS.iter().any(|word| name.contains(word));
                (key.clone(), if secret { "[REDACTED]".into() } else { told(value) })
            };
            Value::Object(fields.iter().map(field).collect())
        }
        Value::Array(items) => items.iter().map(told).collect(),
        Value::String(text) if text.chars().nth(LONG_TEXT).is_some() => {
            let kept: String = text.chars().take(KEPT_TEXT).collect();
            format!("{kept}...[TRUNCATED]").into()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
