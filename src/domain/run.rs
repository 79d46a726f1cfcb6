//! One agent's work on one session because of one input.

use serde::{Deserialize, Serialize};

use super::{
    Access, Actor, AnswerForm, Attributes, CallId, Error, Labels, MessageId, ModelChoice, ModelSettings, ProcessId, RunId,
    SessionId, Timestamp, ToolSpec, Usage,
};

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Waits for its turn.
    Queued,
    /// A process works on it.
    Running,
    /// Waits for tools of the caller; no process works on it.
    Waiting,
    /// Ended well.
    Completed,
    /// Ended with an error.
    Failed,
    /// Was cancelled.
    Cancelled,
    /// Ended well, and the agent had nothing to say.
    Silent,
}

impl RunStatus {
    /// Whether the run has not ended.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Waiting)
    }

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Silent => "silent",
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Well.
    Completed,
    /// With an error.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// Well, and the agent had nothing to say.
    Silent,
}

impl Outcome {
    /// The status of a run that ended so.
    pub const fn status(self) -> RunStatus {
        match self {
            Self::Completed => RunStatus::Completed,
            Self::Failed => RunStatus::Failed,
            Self::Cancelled => RunStatus::Cancelled,
            Self::Silent => RunStatus::Silent,
        }
    }
}

/// What becomes of a run whose process died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnOrphan {
    /// It is closed as `interrupted`.
    #[default]
    Cancel,
    /// Another process goes on with it.
    Resume,
}

/// What is done about a tool that needs permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// It is called.
    Allow,
    /// Somebody is asked; where nobody can be, it is denied.
    Ask,
    /// It is not called, and the model is told.
    Deny,
}

/// One rule: `TOOL` or `TOOL(pattern)`, where the pattern is a glob over the tool's subject (a path, a command line, or an
/// address).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionRule {
    /// Name of a tool, or `*`.
    pub tool: String,
    /// Glob over what the call is about; absent = every call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What is done.
    pub permission: Permission,
}

impl std::fmt::Display for PermissionRule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.pattern {
            Some(pattern) => write!(formatter, "{}({pattern})", self.tool),
            None => formatter.write_str(&self.tool),
        }
    }
}

impl PermissionRule {
    /// Reads `TOOL` or `TOOL(pattern)`.
    ///
    /// # Errors
    /// `invalid_input` when a bracket is missing or the name is empty.
    pub fn parse(text: &str, permission: Permission) -> Result<Self, Error> {
        let wrong = || {
            Error::invalid(format!("permission `{text}` is not of the form TOOL or TOOL(PATTERN)"))
                .hint("for example `run_command` or `run_command(cargo test*)`")
        };
        let (tool, pattern) = match text.split_once('(') {
            None => (text, None),
            Some((tool, rest)) => (tool, Some(rest.strip_suffix(')').ok_or_else(wrong)?.to_owned())),
        };
        let name = tool.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'*'));
        if tool.is_empty() || !name {
            return Err(wrong());
        }
        Ok(Self { tool: tool.to_owned(), pattern, permission })
    }

    /// What is done where no rule fits.
    pub const fn default_for(access: Access) -> Permission {
        match access {
            Access::Read => Permission::Allow,
            Access::Write | Access::Run | Access::Fetch => Permission::Ask,
        }
    }
}

/// What a run may use up. Absent = no limit of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// Calls of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_turns: Option<u32>,
    /// Tokens sent and received, of all calls of the model together; what came from a provider's cache counts too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// US dollars, of all calls of the model together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost_usd: Option<f64>,
    /// Seconds in which somebody works on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
}

impl Budget {
    /// This budget, and where it says nothing, that one.
    #[must_use]
    pub fn over(&self, that: &Self) -> Self {
        Self {
            max_turns: self.max_turns.or(that.max_turns),
            max_tokens: self.max_tokens.or(that.max_tokens),
            max_cost_usd: self.max_cost_usd.or(that.max_cost_usd),
            timeout_seconds: self.timeout_seconds.or(that.timeout_seconds),
        }
    }

    /// The lower of both, limit by limit; one that only one of them has counts.
    #[must_use]
    pub fn lowered(&self, to: &Self) -> Self {
        fn lower<T: PartialOrd>(one: Option<T>, other: Option<T>) -> Option<T> {
            match (one, other) {
                (Some(one), Some(other)) => Some(if other < one { other } else { one }),
                (one, other) => one.or(other),
            }
        }
        Self {
            max_turns: lower(self.max_turns, to.max_turns),
            max_tokens: lower(self.max_tokens, to.max_tokens),
            max_cost_usd: lower(self.max_cost_usd, to.max_cost_usd),
            timeout_seconds: lower(self.timeout_seconds, to.timeout_seconds),
        }
    }
}

/// What is fixed when a run is queued, so that an edit or another process cannot change it in the middle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pins {
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelChoice>,
    /// The models that are asked instead, in this order, when the model cannot answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<ModelChoice>,
    /// How the model is asked, where the caller says; the rest is as the agent says.
    #[serde(skip_serializing_if = "ModelSettings::is_silent")]
    pub settings: ModelSettings,
    /// Instructions beside the agent's: the project's, the caller's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instructions: Vec<String>,
    /// Tools that the caller carries out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caller_tools: Vec<ToolSpec>,
    /// The rules, the first that fits counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<PermissionRule>,
    /// Whether no commands are run for it, whatever the rules say: whoever asked may not administer the house.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_commands: bool,
    /// What it may use up.
    pub budget: Budget,
    /// The form that its answer must have; absent = any text. Only of runs that do what every run does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<AnswerForm>,
    /// The folder that its tools work in, as an absolute path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// What becomes of it when its process dies.
    pub on_orphan: OnOrphan,
}

/// One of the agents that answer because they take part in a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakingPart {
    /// The message that began it: what agents ask each other since is counted for it.
    pub root: MessageId,
    /// The agent that named this one in its answer, and so asked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named_by: Option<String>,
    /// Whether the agent's model is asked first whether it answers at all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub judged: bool,
}

/// A run as the log tells it: one row of a list of runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Its session.
    pub session: SessionId,
    /// Its agent.
    pub agent: String,
    /// Where it stands.
    pub status: RunStatus,
    /// The process that works on it, or did last.
    #[serde(default)]
    pub process: Option<ProcessId>,
    /// Its fencing token: rises with every process that takes it.
    pub fence: u64,
    /// Larger goes first.
    pub priority: i32,
    /// Whether it was queued for whichever process is free, and nobody waits for it here and now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_turn: bool,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<Actor>,
    /// The message that it answers; absent when nothing was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<MessageId>,
    /// Words on it.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// What doors keep about it.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// When a process first took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default)]
    pub finished_at: Option<Timestamp>,
    /// What it used.
    #[serde(default)]
    pub usage: Usage,
    /// The model that answered.
    #[serde(default)]
    pub model: Option<ModelChoice>,
    /// Calls of the model.
    #[serde(default)]
    pub rounds: u32,
    /// Calls of tools.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tool_calls: u32,
    /// How often its process died, or stopped without a word, while it worked on it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub interruptions: u32,
    /// Whether somebody wants it to end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancel_requested: bool,
    /// Where its end stands in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_seq: Option<u64>,
    /// The message that is its answer.
    #[serde(default)]
    pub message_id: Option<MessageId>,
    /// The calls that it waits for.
    #[serde(default)]
    pub waiting_for: Vec<CallId>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<Error>,
}

impl Run {
    /// Whether it waits for whichever process is free.
    pub fn waits_in_turn(&self) -> bool {
        self.status == RunStatus::Queued && self.process.is_none()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
