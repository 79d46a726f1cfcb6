//! Carrying tool calls out: permission first, then the tool, then what the model is shown of it.

use std::sync::Arc;

use futures_util::stream::{self, Stream, StreamExt};
use tracing::Instrument as _;

use super::house::{Core, Decision, Question};
use super::spans;
use crate::domain::{
    Access, Effect, ErrorCode, Permission, PermissionRule, Place, ReturnStatus, RunId, SessionId, ToolCall, ToolCallPart,
    ToolError, ToolReturn, ToolSpec,
};
use crate::tools::{ToolContext, ToolFailure, ToolOutput, Tools};

/// What the calls of a run have in common.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) core: Arc<Core>,
    pub(crate) session: SessionId,
    pub(crate) run: RunId,
    pub(crate) rules: Vec<PermissionRule>,
    /// Whether tools that run commands are denied, whatever the rules say.
    pub(crate) no_commands: bool,
    /// The tools that the agent may use here.
    pub(crate) specs: Vec<ToolSpec>,
    /// All tools of the run: those of the house, and those of its tool servers.
    pub(crate) tools: Tools,
    pub(crate) context: ToolContext,
}

impl Calls {
    /// How a call is recorded before it is carried out.
    pub(crate) fn record(&self, call: &ToolCallPart, caller_tools: &[ToolSpec]) -> (ToolCall, Option<ToolSpec>) {
        // What is no call at all is answered here, and is no business of the caller.
        let caller = caller_tools.iter().find(|spec| spec.name == call.name && call.arguments.is_object());
        let spec = caller.or_else(|| self.spec(&call.name));
        let recorded = ToolCall {
            id: call.id.clone(),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
            place: if caller.is_some() { Place::Caller } else { Place::Here },
            effect: spec.map_or(Effect::None, |spec| spec.effect),
            step: None,
            output: None,
        };
        (recorded, spec.cloned())
    }

    fn spec(&self, name: &str) -> Option<&ToolSpec> {
        self.specs.iter().find(|spec| spec.name == name)
    }

    /// Carries calls out: neighbours that only read at the same time, all others one after the other.
    pub(crate) fn carry_out(&self, calls: Vec<ToolCallPart>) -> impl Stream<Item = ToolReturn> + Send + use<> {
        let parallel = self.core.settings.limits.parallel_tools.max(1);
        let mut groups: Vec<Vec<ToolCallPart>> = Vec::new();
        let mut last_reads = false;
        for call in calls {
            let reads = self.spec(&call.name).is_none_or(|spec| spec.access == Access::Read);
            match groups.last_mut() {
                Some(group) if reads && last_reads => group.push(call),
                _ => groups.push(vec![call]),
            }
            last_reads = reads;
        }
        let this = self.clone();
        stream::iter(groups).flat_map(move |group| {
            let this = this.clone();
            stream::iter(group)
                .map(move |call| {
                    let this = this.clone();
                    async move { this.one(&call).await }
                })
                .buffer_unordered(parallel)
        })
    }

    async fn one(&self, call: &ToolCallPart) -> ToolReturn {
        let begun = std::time::Instant::now();
        let span = spans::of_tool(call);
        let (status, output, error) = match self.attempt(call).instrument(span.clone()).await {
            Ok(output) => (ReturnStatus::Ok, Some(output), None),
            Err(stopped) => {
                spans::failed(&span, &stopped.error);
                (stopped.status, stopped.partial, Some(stopped.error))
            }
        };
        drop(span);
        let (output, full) = match output {
            Some(output) => (output.output, output.full),
            None => (error.as_ref().map_or(String::new(), |error: &ToolError| error.message.clone()).into(), None),
        };
        let blob = match full {
            Some(full) => self.core.store.put_blob(&self.session, &full).await.ok(),
            None => None,
        };
        let elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        ToolReturn { id: call.id.clone(), name: call.name.clone(), status, output, error, blob, elapsed_ms }
    }

    async fn attempt(&self, call: &ToolCallPart) -> Result<ToolOutput, Stopped> {
        if self.context.cancelled.is_cancelled() {
            return Err(Stopped::cancelled());
        }
        if !call.arguments.is_object() {
            let what = if call.arguments.is_null() {
                "are not JSON: write one JSON object"
            } else {
                "are not one JSON object: write one"
            };
            return Err(Stopped::failed(ErrorCode::InvalidInput, format!("the arguments of `{}` {what}", call.name)));
        }
        let Some((spec, tool)) = self.spec(&call.name).zip(self.tools.get(&call.name)) else {
            let known: Vec<_> = self.specs.iter().map(|spec| spec.name.as_str()).collect();
            let message = format!("there is no tool `{}` here; there are: {}", call.name, known.join(", "));
            return Err(Stopped::failed(ErrorCode::NotFound, message));
        };
        if let Some(ToolFailure { code, message, .. }) = tool.unreadable(&call.arguments)
            && crate::tools::decide(&self.rules, spec, "") != Permission::Deny
        {
            return Err(Stopped::failed(code, message));
        }
        self.permit(call, spec, &tool.subjects(&call.arguments)).await?;
        let cancelled = self.context.cancelled.clone();
        match tool.call(&self.context, call.arguments.clone()).await {
            Ok(output) => Ok(output),
            Err(failure) if cancelled.is_cancelled() => Err(Stopped { partial: failure.partial, ..Stopped::cancelled() }),
            Err(ToolFailure { code, message, partial }) => {
                Err(Stopped { status: ReturnStatus::Failed, error: ToolError { code, message }, partial })
            }
        }
    }

    async fn permit(&self, call: &ToolCallPart, spec: &ToolSpec, subjects: &[String]) -> Result<(), Stopped> {
        if self.no_commands && spec.access == Access::Run {
            return Err(Stopped::denied(&call.name, &super::access::no_commands()));
        }
        match crate::tools::decide_all(&self.rules, spec, subjects) {
            Permission::Allow => Ok(()),
            Permission::Deny => {
                let rule = crate::tools::denying(&self.rules, spec, subjects);
                let reason =
                    rule.map_or_else(|| "a rule denies it".to_owned(), |rule| format!("the rule `{rule}` denies it"));
                Err(Stopped::denied(&call.name, &reason))
            }
            Permission::Ask => {
                let (recorded, _) = self.record(call, &[]);
                let question = Question {
                    session: self.session.clone(),
                    run: self.run.clone(),
                    call: recorded,
                    subject: subjects.join(", "),
                };
                tokio::select! {
                    () = self.context.cancelled.cancelled() => Err(Stopped::cancelled()),
                    decision = self.core.approver.decide(&question) => match decision {
                        Decision::Allow => Ok(()),
                        Decision::Deny(reason) => Err(Stopped::denied(&call.name, &reason)),
                    },
                }
            }
        }
    }
}

/// Why a call gave no proper output.
struct Stopped {
    status: ReturnStatus,
    error: ToolError,
    partial: Option<ToolOutput>,
}

impl Stopped {
    fn failed(code: ErrorCode, message: String) -> Self {
        Self { status: ReturnStatus::Failed, error: ToolError { code, message }, partial: None }
    }

    fn denied(name: &str, reason: &str) -> Self {
        let message = format!("`{name}` was not called: {reason}");
        Self { status: ReturnStatus::Denied, error: ToolError { code: ErrorCode::Forbidden, message }, partial: None }
    }

    fn cancelled() -> Self {
        let error = ToolError { code: ErrorCode::Unavailable, message: "the run was cancelled".to_owned() };
        Self { status: ReturnStatus::Cancelled, error, partial: None }
    }
}

/// The return of a call whose process died: nobody knows what it did.
pub(crate) fn interrupted(call: &ToolCall) -> ToolReturn {
    let message = "interrupted: the process that carried this call out died, and its outcome is unknown".to_owned();
    ToolReturn {
        id: call.id.clone(),
        name: call.name.clone(),
        status: ReturnStatus::Failed,
        output: message.clone().into(),
        error: Some(ToolError { code: ErrorCode::Unavailable, message }),
        blob: None,
        elapsed_ms: 0,
    }
}

/// The return of a call that was cancelled before it gave anything.
pub(crate) fn cancelled(call: &ToolCall) -> ToolReturn {
    let Stopped { status, error, .. } = Stopped::cancelled();
    let output = error.message.clone().into();
    ToolReturn {
        id: call.id.clone(),
        name: call.name.clone(),
        status,
        output,
        error: Some(error),
        blob: None,
        elapsed_ms: 0,
    }
}
