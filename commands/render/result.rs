//! The result of a run: the object that `--format json` prints, and the last line of `--format jsonl`. Its form is a
//! contract: `docs/schemas/result.json`.

use ombud::domain::{
    Delta, Error, Fact, Finish, Frame, ModelChoice, Outcome, Part, PartStart, ReturnStatus, RunId, SessionId, Timestamp,
    ToolCall, ToolCallPart, Usage,
};
use serde::Serialize;
use serde_json::Value;

use crate::approver::SAID_NO;

/// One call of a tool.
#[derive(Clone, Debug, Serialize)]
pub struct CallLine {
    id: String,
    name: String,
    arguments: Value,
    status: ReturnStatus,
    duration_ms: u64,
}

/// A call that nobody allowed, and the flag that would.
#[derive(Clone, Debug, Serialize)]
pub struct DeniedLine {
    tool: String,
    arguments: Value,
    /// Empty where no option does, since `--deny` counts first.
    allow_with: String,
    /// The rule of `--deny`.
    #[serde(skip)]
    denier: Option<String>,
    /// Whether somebody at this terminal has said no.
    #[serde(skip)]
    by_person: bool,
}

#[derive(Clone, Debug, Default, Serialize)]
struct UsageLine {
    input_tokens: u64,
    output_tokens: u64,
    cost_usd: Option<f64>,
}

/// An error as it is printed.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorLine {
    code: &'static str,
    cause: Option<&'static str>,
    message: String,
    hint: Option<String>,
    retryable: bool,
}

impl From<&Error> for ErrorLine {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code.word(),
            cause: error.cause.map(ombud::domain::Cause::word),
            message: error.message.clone(),
            hint: error.hint.clone(),
            retryable: error.retryable(),
        }
    }
}

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
pub struct RunResult {
    session: Option<SessionId>,
    run: Option<RunId>,
    status: &'static str,
    pub answer: String,
    model: Option<ModelChoice>,
    turns: u32,
    usage: UsageLine,
    tool_calls: Vec<CallLine>,
    pub denied: Vec<DeniedLine>,
    pub notices: Vec<String>,
    pub output: Option<Value>,
    error: Option<ErrorLine>,
    pub exit_code: u8,
    duration_ms: u64,
    /// The tools that the run waits for.
    #[serde(skip)]
    waits_for: Vec<String>,
}

/// What a frame says about the end of its run.
pub enum Taken {
    /// It goes on.
    GoesOn,
    /// It waits for what these calls give.
    Waits(Vec<ToolCall>),
    /// It has ended.
    Ended,
}

/// Status and exit code of a run whose end is not known.
const UNKNOWN: (&str, u8) = ("failed", ombud::domain::ErrorCode::Internal.exit_code());

/// Builds the result from the frames of a run.
pub struct Collector {
    result: RunResult,
    begun: std::time::Instant,
    /// Text of the message that is being written, should the run end without a word.
    partial: String,
    /// Whether the part that grows is text.
    in_text: bool,
    /// Rules of the command line that deny.
    denies: Vec<String>,
}

impl Collector {
    /// A result of which nothing is known.
    pub fn new(notices: Vec<String>) -> Self {
        let result = RunResult {
            session: None,
            run: None,
            status: UNKNOWN.0,
            answer: String::new(),
            model: None,
            turns: 0,
            usage: UsageLine::default(),
            tool_calls: Vec::new(),
            denied: Vec::new(),
            notices,
            output: None,
            error: None,
            exit_code: UNKNOWN.1,
            duration_ms: 0,
            waits_for: Vec::new(),
        };
        Self { result, begun: std::time::Instant::now(), partial: String::new(), in_text: false, denies: Vec::new() }
    }

    /// The question was taken.
    pub fn asked(&mut self, session: &SessionId, run: Option<&RunId>, model: Option<&ModelChoice>) {
        self.result.session = Some(session.clone());
        self.result.run = run.cloned();
        self.result.model = model.cloned();
    }

    /// Adds something that the user should know.
    pub fn notice(&mut self, notice: String) {
        self.result.notices.push(notice);
    }

    /// Takes a frame of the run.
    pub fn take(&mut self, frame: &Frame) -> Taken {
        match frame {
            Frame::Delta(live) => {
                match &live.delta {
                    Delta::Opened { part, .. } => self.in_text = matches!(part, PartStart::Text),
                    Delta::Grew { text, .. } if self.in_text => self.partial.push_str(text),
                    Delta::Grew { .. } | Delta::Closed { .. } => {}
                }
                Taken::GoesOn
            }
            Frame::Fact(event) => self.fact(&event.fact),
        }
    }

    fn fact(&mut self, fact: &Fact) -> Taken {
        match fact {
            Fact::MessageCompleted(completed) => {
                self.partial.clear();
                self.result.turns = completed.round;
                if completed.finish == Finish::ToolCalls {
                    let calls = completed.parts.iter().filter_map(|part| match part {
                        Part::ToolCall(call) => Some(pending(call)),
                        Part::Text(_) | Part::Reasoning(_) | Part::File(_) => None,
                    });
                    self.result.tool_calls.extend(calls);
                }
            }
            // A step of the procedure calls it, and no message.
            Fact::ToolCalled(called) if called.message_id.is_none() => {
                let ToolCall { id, name, arguments, .. } = called.call.clone();
                let call = ToolCallPart { id, name, arguments, arguments_text: String::new() };
                self.result.tool_calls.push(pending(&call));
            }
            Fact::ToolReturned(returned) => {
                let returned_line = &returned.returned;
                if let Some(line) = self.result.tool_calls.iter_mut().find(|line| line.id == returned_line.id.as_str()) {
                    line.status = returned_line.status;
                    line.duration_ms = returned_line.elapsed_ms;
                }
                if returned_line.status == ReturnStatus::Denied {
                    let why = returned_line.error.as_ref().map_or("", |error| error.message.as_str());
                    let denier = self.denies.iter().find(|rule| why.ends_with(&format!("the rule `{rule}` denies it")));
                    let allow_with = match denier {
                        Some(_) => String::new(),
                        None => allow_with(&returned_line.name, &returned.arguments),
                    };
                    self.result.denied.push(DeniedLine {
                        tool: returned_line.name.clone(),
                        arguments: returned.arguments.clone(),
                        allow_with,
                        denier: denier.cloned(),
                        by_person: returned_line.error.as_ref().is_some_and(|error| error.message.ends_with(SAID_NO)),
                    });
                }
            }
            Fact::ContextCompacted(compacted) => self.result.notices.push(compacted.told()),
            Fact::Notice(notice) => self.result.notices.push(notice.message.clone()),
            Fact::RunFinished(finished) => {
                self.result.status = match finished.outcome {
                    Outcome::Completed | Outcome::Silent => "completed",
                    Outcome::Failed => "failed",
                    Outcome::Cancelled => "cancelled",
                };
                self.result.answer.clone_from(&finished.answer);
                self.result.turns = finished.rounds;
                // Another may have answered than the one that was asked first.
                self.result.model = finished.model.clone().or(self.result.model.take());
                self.result.usage = usage(&finished.usage);
                self.result.output.clone_from(&finished.output);
                self.result.error = finished.error.as_ref().map(ErrorLine::from);
                self.result.exit_code = match (&finished.error, finished.outcome) {
                    (Some(error), _) => error.code.exit_code(),
                    (None, Outcome::Cancelled) => CANCELLED,
                    (None, _) => 0,
                };
                return Taken::Ended;
            }
            Fact::RunWaiting(waiting) => {
                self.result.waits_for = waiting.calls.iter().map(|call| call.name.clone()).collect();
                self.result.status = "waiting";
                self.result.exit_code = 0;
                return Taken::Waits(waiting.calls.clone());
            }
            // Its calls were answered.
            Fact::RunStarted(_) => {
                self.result.waits_for.clear();
                self.result.status = UNKNOWN.0;
                self.result.exit_code = UNKNOWN.1;
            }
            _ => {}
        }
        Taken::GoesOn
    }

    /// Something failed before the run, or instead of its end.
    pub fn failed(&mut self, error: &Error) {
        self.result.status = "failed";
        self.result.error = Some(error.into());
        self.result.exit_code = error.code.exit_code();
        if self.result.answer.is_empty() {
            self.result.answer = std::mem::take(&mut self.partial);
        }
    }

    /// The run was cancelled by a signal: that decides what the program exits with.
    pub fn signalled(&mut self, exit_code: u8) {
        if self.result.status != "completed" {
            self.result.status = "cancelled";
            self.result.exit_code = exit_code;
        }
    }

    /// What the command line denies: that counts before all that it allows.
    pub fn denies(&mut self, rules: Vec<String>) {
        self.denies = rules;
    }

    /// The result, as it stands.
    pub fn finish(mut self) -> RunResult {
        self.result.duration_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.result
    }
}

impl RunResult {
    /// Whether the run ended well and nothing was said.
    pub fn is_silent(&self) -> bool {
        self.status == "completed" && self.answer.is_empty() && self.turns > 0
    }

    /// What is said of a run that waits for tools of whoever asked.
    pub fn waiting_line(&self) -> Option<String> {
        let first = self.waits_for.first().filter(|_| self.status == "waiting")?;
        let names = self.waits_for.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        Some(format!("note: the run waits for {names}; `--tool {first}=COMMAND` answers such calls"))
    }

    /// Whether the run was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.status == "cancelled"
    }

    /// The session, once the question was taken.
    pub fn session(&self) -> Option<&SessionId> {
        self.session.as_ref()
    }

    /// A line for each call that nobody allowed: what, and the flag that would.
    pub fn denied_lines(&self) -> Vec<String> {
        // Who has just said no knows.
        let asked = self.denied.iter().filter(|denied| !denied.by_person);
        let lines = asked.map(|denied| match &denied.denier {
            Some(rule) => format!("note: `{}` was denied by `--deny {}`", denied.tool, quoted(rule)),
            None => format!("note: `{}` was denied; allow it with `{}`", denied.tool, denied.allow_with),
        });
        let mut lines: Vec<_> = lines.collect();
        lines.dedup();
        lines
    }

    /// The error as one line for people: what, why, and the way out.
    pub fn error_line(&self) -> Option<String> {
        let error = self.error.as_ref()?;
        Some(line(&error.message, error.code, error.cause, error.hint.as_deref()))
    }
}

/// What a cancelled run exits with when no signal says otherwise.
const CANCELLED: u8 = 130;

/// An error as one line for people.
pub fn error_line(error: &Error) -> String {
    line(&error.message, error.code.word(), error.cause.map(ombud::domain::Cause::word), error.hint.as_deref())
}

fn line(message: &str, code: &str, cause: Option<&str>, hint: Option<&str>) -> String {
    let word = cause.map_or_else(|| code.to_owned(), |cause| format!("{code}: {cause}"));
    let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("error: {message} ({word}){hint}").replace(['\n', '\r'], " ")
}

/// The option that would allow a call: for commands this command line, for pages their host, else the tool.
fn allow_with(tool: &str, arguments: &Value) -> String {
    let argument = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    let pattern = match tool {
        "run_command" => Some(literal(argument("command").trim())),
        "fetch_url" => origin(argument("url")),
        _ => None,
    };
    let pattern = pattern.filter(|pattern| !pattern.is_empty() && pattern.len() <= 200 && !pattern.contains(['\n', '\r']));
    match pattern {
        Some(pattern) => format!("--allow {}", quoted(&format!("{tool}({pattern})"))),
        None => format!("--allow {tool}"),
    }
}

/// The scheme and the host of an address, as rules have them.
fn origin(url: &str) -> Option<String> {
    let url = reqwest::Url::parse(url.trim()).ok()?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{}{port}", url.scheme(), url.host_str()?))
}

/// A text as a pattern that means it alone.
fn literal(text: &str) -> String {
    let signs = text.chars().flat_map(|sign| match sign {
        '*' | '?' | '[' | ']' | '{' | '}' | '\\' => vec!['\\', sign],
        _ => vec![sign],
    });
    signs.collect()
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn pending(call: &ToolCallPart) -> CallLine {
    CallLine {
        id: call.id.to_string(),
        name: call.name.clone(),
        arguments: call.arguments.clone(),
        status: ReturnStatus::Cancelled,
        duration_ms: 0,
    }
}

fn usage(usage: &Usage) -> UsageLine {
    UsageLine { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens, cost_usd: usage.cost_usd }
}

/// A moment for people: the time in UTC, to the minute.
pub fn minute(at: Timestamp) -> String {
    at.to_string().chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_would_allow_a_call_is_told_as_one_word_of_a_shell() {
        for (tool, arguments, told) in [
            ("write_file", json!({"path": "a"}), "--allow write_file"),
            ("mcp__time__now", json!({}), "--allow mcp__time__now"),
            ("run_command", json!({"command": " cargo test 'a*' "}), r"--allow 'run_command(cargo test '\''a\*'\'')'"),
            ("run_command", json!({"command": "a\nb"}), "--allow run_command"),
            ("run_command", json!(null), "--allow run_command"),
            ("fetch_url", json!({"url": "HTTPS://Docs.rs/serde?x"}), "--allow 'fetch_url(https://docs.rs)'"),
            ("fetch_url", json!({"url": "http://[::1]:81/"}), "--allow 'fetch_url(http://[::1]:81)'"),
        ] {
            assert_eq!(allow_with(tool, &arguments), told);
        }
    }
}
