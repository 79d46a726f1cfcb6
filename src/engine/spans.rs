//! What a trace shows of a run, in the names that OpenTelemetry has for agents: the run, its calls of models, its calls of
//! tools. Neither what was said nor what a tool gave is in it.

use tracing::Span;
use tracing::field::Empty;

use super::drive::Work;
use crate::domain::{Error, Finish, ModelChoice, SessionId, ToolCallPart, ToolError, Usage};
use crate::observe::COUNTS;

/// A run, for as long as this process works on it.
pub(crate) fn of_run(session: &SessionId, work: &Work) -> Span {
    tracing::info_span!(
        "invoke_agent",
        otel.name = format!("invoke_agent {}", work.agent.name),
        gen_ai.operation.name = "invoke_agent",
        gen_ai.agent.name = work.agent.name,
        gen_ai.conversation.id = %session,
        gen_ai.provider.name = work.model.provider,
        gen_ai.request.model = work.model.id,
        run = %work.run,
    )
}

/// One call of a model.
pub(crate) fn of_model(model: &ModelChoice) -> Span {
    COUNTS.model_calls.add(1);
    tracing::info_span!(
        "chat",
        otel.name = format!("chat {}", model.id),
        otel.kind = "client",
        otel.status_code = Empty,
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = model.provider,
        gen_ai.request.model = model.id,
        gen_ai.response.finish_reasons = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        error.type = Empty,
    )
}

/// How a call of a model ended.
pub(crate) fn heard(span: &Span, finish: Finish, usage: &Usage, error: Option<&Error>) {
    COUNTS.input_tokens.add(usage.input_tokens);
    COUNTS.output_tokens.add(usage.output_tokens);
    span.record("gen_ai.response.finish_reasons", format!("{finish:?}").to_lowercase());
    span.record("gen_ai.usage.input_tokens", usage.input_tokens);
    span.record("gen_ai.usage.output_tokens", usage.output_tokens);
    if let Some(error) = error {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", error.code.word());
    }
}

/// One call of a tool.
pub(crate) fn of_tool(call: &ToolCallPart) -> Span {
    COUNTS.tool_calls.add(1);
    tracing::info_span!(
        "execute_tool",
        otel.name = format!("execute_tool {}", call.name),
        otel.status_code = Empty,
        gen_ai.operation.name = "execute_tool",
        gen_ai.tool.name = call.name,
        gen_ai.tool.call.id = %call.id,
        error.type = Empty,
    )
}

/// How a call of a tool failed.
pub(crate) fn failed(span: &Span, error: &ToolError) {
    span.record("otel.status_code", "ERROR");
    span.record("error.type", error.code.word());
}
