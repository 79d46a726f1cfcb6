//! A tool of a tool server as agents have it: its name there, what it may do, and what its results are to a model.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use super::client::ServedTool;
use super::peer::PeerRequest;
use super::supervisor::Supervisor;
use crate::config::Limits;
use crate::domain::{Access, Effect, ErrorCode, ToolSpec};
use crate::tools::arguments::cancelled;
use crate::tools::output::{Caps, beginning};
use crate::tools::{Tool, ToolContext, ToolFailure, ToolOutput};

/// What the names of all tools of tool servers begin with, and no other tool's.
pub const PREFIX: &str = "mcp__";

/// Longest name of a tool that models take.
const NAME: usize = 64;
/// Digits at the end of a name that was too long.
const DIGITS: usize = 8;
/// Longest description, in bytes.
const DESCRIPTION: usize = 4 << 10;
/// Longest part of a failure's text that people are shown.
const SHOWN: usize = 2_000;

/// A tool of a server.
pub struct McpTool {
    spec: ToolSpec,
    /// Its name there.
    name: String,
    slug: String,
    server: Arc<Supervisor>,
    caps: Caps,
}

/// The tools of a server that runs, as agents have them; none of one that does not.
pub fn tools_of(slug: &str, server: &Arc<Supervisor>, limits: &Limits) -> Vec<Arc<dyn Tool>> {
    let caps = Caps::new(limits);
    let mut tools: Vec<Arc<dyn Tool>> = Vec::new();
    for served in server.standing().tools.iter() {
        let mut name = tool_name(slug, &served.name, false);
        if tools.iter().any(|tool| tool.spec().name == name) {
            // Two names that differ only in what cannot stand in one.
            name = tool_name(slug, &served.name, true);
        }
        if tools.iter().any(|tool| tool.spec().name == name) {
            continue;
        }
        let spec = spec_of(name, served);
        let (name, slug, server) = (served.name.clone(), slug.to_owned(), Arc::clone(server));
        tools.push(Arc::new(McpTool { spec, name, slug, server, caps }));
    }
    tools
}

fn spec_of(name: String, served: &ServedTool) -> ToolSpec {
    let mut description = served.description.clone();
    description.truncate(description.floor_char_boundary(DESCRIPTION));
    let (access, effect) = match (served.reads_only, served.repeatable) {
        (true, _) => (Access::Read, Effect::None),
        (false, true) => (Access::Write, Effect::Repeatable),
        (false, false) => (Access::Write, Effect::Once),
    };
    ToolSpec { name, description, parameters: served.schema.clone(), effect, access }
}

/// The name that models know a tool by. `marked` = with digits at its end, also when it is short.
fn tool_name(slug: &str, tool: &str, marked: bool) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    let name: String = format!("{PREFIX}{slug}__{tool}").chars().map(plain).collect();
    if name.len() <= NAME && !marked {
        return name;
    }
    let digest = Sha1::digest(format!("{slug}{tool}"));
    let digits: String = digest.iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
    let kept = name.len().min(NAME - DIGITS - 1);
    format!("{}_{digits}", &name[..kept])
}

#[async_trait]
impl Tool for McpTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    /// The arguments, as compact JSON.
    fn subject(&self, arguments: &Value) -> String {
        arguments.to_string()
    }

    async fn call(&self, context: &ToolContext, arguments: Value) -> Result<ToolOutput, ToolFailure> {
        let request = PeerRequest {
            method: "tools/call".to_owned(),
            params: Some(json!({ "name": self.name, "arguments": arguments })),
            beside: None,
            cancelled: context.cancelled.clone(),
        };
        let answer = self.server.ask(request).await;
        if context.cancelled.is_cancelled() {
            return Err(cancelled());
        }
        match answer {
            Ok(result) => told(&result, self.caps),
            Err(error) => {
                let mut message = error.message;
                message.truncate(message.floor_char_boundary(SHOWN));
                let message = format!("tool server `{}`: {message}", self.slug);
                Err(ToolFailure::new(ErrorCode::Unavailable, message))
            }
        }
    }
}

/// What a result is to a model: its texts, with notes where there is something else. One that is an error is a failure
/// that gave this.
fn told(result: &Value, caps: Caps) -> Result<ToolOutput, ToolFailure> {
    let parts = result.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut text = parts.iter().map(part).collect::<Vec<_>>().join("\n");
    if parts.is_empty()
        && let Some(value) = result.get("structuredContent").filter(|value| !value.is_null())
    {
        text = value.to_string();
    }
    let is_error = result.get("isError") == Some(&Value::Bool(true));
    let mut message = text.clone();
    let output = beginning(text, caps, "ask the tool for less, if it can be asked so");
    if !is_error {
        return Ok(output);
    }
    message.truncate(message.floor_char_boundary(SHOWN));
    Err(ToolFailure { code: ErrorCode::Unavailable, message, partial: Some(output) })
}

fn part(part: &Value) -> String {
    let text = |name: &str| part.get(name).and_then(Value::as_str).unwrap_or_default();
    let media = |what: &str| {
        // Four signs of base64 are three bytes.
        format!("[{what}, {}, about {} bytes: not shown]", text("mimeType"), text("data").len() / 4 * 3)
    };
    match text("type") {
        "text" => text("text").to_owned(),
        kind @ ("image" | "audio") => media(kind),
        "resource_link" => format!("[link to {}: {}]", text("name"), text("uri")),
        "resource" => {
            let resource = part.get("resource").unwrap_or(&Value::Null);
            let field = |name: &str| resource.get(name).and_then(Value::as_str);
            match field("text") {
                Some(text) => text.to_owned(),
                None => format!(
                    "[{}, {}: not shown]",
                    field("uri").unwrap_or("a resource"),
                    field("mimeType").unwrap_or("bytes")
                ),
            }
        }
        other => format!("[{other}: not shown]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_as_models_take_them() {
        assert_eq!(tool_name("time", "get_current_time", false), "mcp__time__get_current_time");
        assert_eq!(tool_name("file-ops", "read file/ä", false), "mcp__file-ops__read_file__");
        let long = tool_name("a", &"x".repeat(100), false);
        assert_eq!((long.len(), &long[..12]), (64, "mcp__a__xxxx"));
        let (head, digits) = long.rsplit_once('_').unwrap();
        assert!(head.len() == 55 && digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
        assert_ne!(long, tool_name("a", &"x".repeat(101), false));
        assert_eq!(tool_name("a", &"x".repeat(56), false).len(), 64);
        // Of a known text, so that names stay what they are.
        assert_eq!(tool_name("ab", "c", true), "mcp__ab__c_a9993e36");
    }

    #[test]
    fn what_a_tool_may_do_follows_from_its_hints() {
        let served = |reads_only, repeatable| ServedTool {
            name: "t".into(),
            description: "é".repeat(DESCRIPTION),
            schema: json!({}),
            reads_only,
            repeatable,
        };
        let spec = |reads_only, repeatable| {
            let spec = spec_of("n".into(), &served(reads_only, repeatable));
            assert_eq!(spec.description.len(), DESCRIPTION);
            (spec.access, spec.effect)
        };
        assert_eq!(spec(true, false), (Access::Read, Effect::None));
        assert_eq!(spec(false, true), (Access::Write, Effect::Repeatable));
        assert_eq!(spec(false, false), (Access::Write, Effect::Once));
    }

    #[test]
    fn results_are_texts_with_notes() {
        let caps = Caps { shown: 1_000, full: 2_000 };
        let result = json!({ "content": [
            { "type": "text", "text": "one" },
            { "type": "image", "mimeType": "image/png", "data": "AAAAAAAA" },
            { "type": "resource_link", "name": "r", "uri": "x://r" },
            { "type": "resource", "resource": { "uri": "x://s", "text": "inside" } },
            { "type": "resource", "resource": { "uri": "x://t", "mimeType": "a/b", "blob": "AA" } },
            { "type": "new" },
        ] });
        let text = "one\n[image, image/png, about 6 bytes: not shown]\n[link to r: x://r]\ninside\n\
                    [x://t, a/b: not shown]\n[new: not shown]";
        assert_eq!(told(&result, caps).unwrap().output, text);
        let structured = json!({ "content": [], "structuredContent": { "a": 1 } });
        assert_eq!(told(&structured, caps).unwrap().output, r#"{"a":1}"#);
        let failed = told(&json!({ "content": [{ "type": "text", "text": "no" }], "isError": true }), caps).unwrap_err();
        assert_eq!((failed.message.as_str(), failed.partial.unwrap().output), ("no", "no".into()));
        let long = told(&json!({ "content": [{ "type": "text", "text": "x".repeat(5_000) }] }), caps).unwrap();
        assert!(long.output.as_str().unwrap().len() <= 1_000 && long.full.is_some());
    }
}
