//! Our one table as the protocol has it: what a tool could not do is a result that says so, everything else an error of
//! JSON-RPC.

use axum::response::Response;
use rmcp::ErrorData;
use rmcp::model::{CallToolResult, ContentBlock, ErrorCode as Number};
use serde_json::{Value, json};

use crate::domain::{Error, ErrorCode};

/// The number of JSON-RPC for what the server cannot do now, or for this caller.
const SERVER: i32 = -32_000;

/// What a tool could not do, for the model that called it and for the people who watch it.
pub fn failed(error: &Error) -> CallToolResult {
    let mut result = CallToolResult::error(vec![ContentBlock::text(told(error))]);
    result.structured_content = Some(json!({ "error": error }));
    result
}

/// An error as one text: what is wrong, and the way out.
pub fn told(error: &Error) -> String {
    match &error.hint {
        Some(hint) => format!("{}\nhint: {hint}", error.message),
        None => error.message.clone(),
    }
}

/// An error of a request that is no call of a tool.
pub fn refused(error: &Error) -> ErrorData {
    ErrorData::new(Number(number(error.code)), told(error), Some(details(error)))
}

/// The number of JSON-RPC for a word of the table.
pub fn number(code: ErrorCode) -> i32 {
    match code {
        ErrorCode::NotFound | ErrorCode::Expired => Number::RESOURCE_NOT_FOUND.0,
        ErrorCode::InvalidInput | ErrorCode::TooLarge | ErrorCode::BadMedia => Number::INVALID_PARAMS.0,
        ErrorCode::NotSupported => Number::METHOD_NOT_FOUND.0,
        ErrorCode::Unauthorized
        | ErrorCode::Forbidden
        | ErrorCode::Conflict
        | ErrorCode::Busy
        | ErrorCode::Inactive
        | ErrorCode::RateLimited
        | ErrorCode::ModelFailed
        | ErrorCode::Unavailable
        | ErrorCode::BudgetExhausted
        | ErrorCode::SchemaMismatch
        | ErrorCode::ContextExceeded
        | ErrorCode::TimedOut => SERVER,
        ErrorCode::StoreFailed | ErrorCode::Internal => Number::INTERNAL_ERROR.0,
    }
}

/// What programs want to know of an error.
fn details(error: &Error) -> Value {
    let mut details = json!({ "code": error.code });
    if let Some(hint) = &error.hint {
        details["hint"] = json!(hint);
    }
    details
}

/// A request over HTTP that came to no handler: an error of JSON-RPC that answers no request, with the status of the table.
pub fn refuse(error: &Error) -> Response {
    // That there is no such path says nothing about resources.
    let number = if error.code == ErrorCode::NotFound { SERVER } else { number(error.code) };
    answer(error, number, &Value::Null)
}

/// An error that answers the request with this id.
pub fn answer(error: &Error, number: i32, id: &Value) -> Response {
    let body = json!({
        "jsonrpc": "2.0",
        "id": id,
        "error": { "code": number, "message": told(error), "data": details(error) },
    });
    crate::http::json(crate::http::status_of(error), &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_failed_says_what_and_the_way_out() {
        let error = Error::not_found("session", "s1").hint("`list_sessions` shows which there are");
        let told = serde_json::to_value(failed(&error)).unwrap();
        assert_eq!(
            told,
            json!({
                "resultType": "complete",
                "content": [{
                    "type": "text",
                    "text": "session `s1` is not known\nhint: `list_sessions` shows which there are",
                }],
                "structuredContent": { "error": error },
                "isError": true,
            })
        );
    }

    #[test]
    fn every_code_has_a_number() {
        let told: Vec<(&str, i32)> =
            ErrorCode::ALL.iter().map(|code| (code.word(), refused(&Error::new(*code, "x")).code.0)).collect();
        assert_eq!(
            told,
            [
                ("invalid_input", -32602),
                ("unauthorized", -32000),
                ("forbidden", -32000),
                ("not_found", -32002),
                ("expired", -32002),
                ("conflict", -32000),
                ("busy", -32000),
                ("inactive", -32000),
                ("too_large", -32602),
                ("bad_media", -32602),
                ("rate_limited", -32000),
                ("model_failed", -32000),
                ("unavailable", -32000),
                ("not_supported", -32601),
                ("budget_exhausted", -32000),
                ("schema_mismatch", -32000),
                ("context_exceeded", -32000),
                ("timed_out", -32000),
                ("store_failed", -32603),
                ("internal", -32603),
            ]
        );
    }
}
