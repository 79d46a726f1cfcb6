//! The same server by the API of Octavus: triggers with and without a tool that the caller answers, and files. What comes
//! back is checked event by event, as far as a figure could lie.

use std::io::{Error, Result};
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::crowd::event;
use super::http::Client;
use crate::instant::{PIECE, PIECES};

/// The agent that is made.
const AGENT: &str = "rig";
/// What the caller's tool gives.
const FOUND: &str = "Ada Lovelace";
/// What one question of the chat is: the first makes the model call the tool, see `mock`.
const LOOK: &str = "LOOK who it is.";
const SAY: &str = "What is there to say?";

const PROTOCOL: &str = "\
triggers:
  user-message:
    input:
      USER_MESSAGE: {type: string}
tools:
  get-user:
    description: Looks up a user
    display: stream
    parameters:
      userId: {type: string, description: The id}
agent:
  model: openai/mock
  system: system
  tools: [get-user]
  agentic: true
  maxSteps: 3
handlers:
  user-message:
    Add:
      block: add-message
      role: user
      prompt: user-message
      input: [USER_MESSAGE]
      display: hidden
    Respond:
      block: next-message
";

/// Makes the agent, as `octavus sync` does.
pub async fn make_agent(address: SocketAddr) -> Result<()> {
    let prompts = [("system", "You answer."), ("user-message", "{{USER_MESSAGE}}")];
    let prompts: Vec<Value> = prompts.iter().map(|(name, content)| json!({"name": name, "content": content})).collect();
    let settings = json!({"slug": AGENT, "name": "Rig", "format": "interactive"});
    let body = json!({"settings": settings, "protocol": PROTOCOL, "prompts": prompts}).to_string();
    Client::connect(address).await?.call("POST", "/api/agents", &body).await?.when(201).map(drop)
}

/// A new session of the agent; its id.
pub async fn create(client: &mut Client) -> Result<String> {
    let body = json!({ "agentId": AGENT }).to_string();
    let answer: Value = serde_json::from_slice(&client.call("POST", "/api/agent-sessions", &body).await?.when(201)?)?;
    answer["sessionId"].as_str().map(str::to_owned).ok_or_else(|| Error::other("a session without an id"))
}

/// One message of the chat and its answer; with `tool` the model asks for it first, and its result goes back in a second
/// request, as the SDK does it.
pub async fn trigger(client: &mut Client, session: &str, tool: bool) -> Result<()> {
    let path = format!("/api/agent-sessions/{session}/trigger");
    let text = if tool { LOOK } else { SAY };
    let mut asked = json!({"triggerName": "user-message", "input": {"USER_MESSAGE": text}});
    let mut leg = Leg::read(client, &path, &asked).await?;
    if tool {
        let [call] = leg.calls.as_slice() else { return Err(leg.wrong("not one call")) };
        if leg.end != "tool-calls" || call["toolName"] != "get-user" || call["args"] != json!({"userId": "7"}) {
            return Err(leg.wrong("not the call of the tool"));
        }
        let result = json!({"toolCallId": call["toolCallId"], "toolName": "get-user", "result": {"name": FOUND}});
        asked["executionId"] = json!(leg.execution);
        asked["toolResults"] = json!([result]);
        leg = Leg::read(client, &path, &asked).await?;
    }
    if leg.end != "stop" || !leg.calls.is_empty() || leg.spoken != PIECE.repeat(PIECES) {
        return Err(leg.wrong("not the whole answer"));
    }
    Ok(())
}

/// What came back of one request.
#[derive(Default)]
struct Leg {
    execution: String,
    calls: Vec<Value>,
    spoken: String,
    end: String,
}

impl Leg {
    async fn read(client: &mut Client, path: &str, body: &Value) -> Result<Self> {
        let body = client.call("POST", path, &body.to_string()).await?.when(200)?;
        let text = String::from_utf8_lossy(&body);
        let events = text.strip_suffix("data: [DONE]\n\n").ok_or_else(|| Error::other(format!("no end: {text}")))?;
        let mut leg = Self::default();
        for frame in events.split_terminator("\n\n") {
            let Some(event) = event(frame)? else { continue };
            let text = |key: &str| event[key].as_str().unwrap_or_default();
            match text("type") {
                "start" => text("executionId").clone_into(&mut leg.execution),
                "text-delta" => leg.spoken.push_str(text("delta")),
                "tool-request" => leg.calls.extend(event["toolCalls"].as_array().cloned().unwrap_or_default()),
                "error" => return Err(Error::other(format!("told of an error: {event}"))),
                "finish" => text("finishReason").clone_into(&mut leg.end),
                _ => {}
            }
        }
        Ok(leg)
    }

    fn wrong(&self, what: &str) -> Error {
        Error::other(format!("{what}: {} calls, {} bytes said, end {:?}", self.calls.len(), self.spoken.len(), self.end))
    }
}

/// One file: an address is asked for, and the bytes are put there. Answers where they can be had again.
pub async fn upload(client: &mut Client, session: &str, bytes: &[u8]) -> Result<String> {
    let file = json!({"filename": "notes.txt", "mediaType": "text/plain", "size": bytes.len()});
    let asked = json!({"sessionId": session, "files": [file]}).to_string();
    let body = client.call("POST", "/api/files/upload-urls", &asked).await?.when(200)?;
    let answer: Value = serde_json::from_slice(&body)?;
    let path = |key: &str| {
        let url = answer["files"][0][key].as_str().and_then(|url| url.strip_prefix("http://"));
        let path = url.and_then(|rest| rest.find('/').map(|at| rest[at..].to_owned()));
        path.ok_or_else(|| Error::other(format!("no absolute address in {answer}")))
    };
    client.call_with("PUT", &path("uploadUrl")?, bytes).await?.when(200)?;
    path("downloadUrl")
}

/// Whether files that were uploaded come back as they were.
pub async fn is_kept(client: &mut Client, session: &str, bytes: &[u8]) -> Result<()> {
    let path = upload(client, session, bytes).await?;
    let back = client.call("GET", &path, "").await?.when(200)?;
    if back == bytes { Ok(()) } else { Err(Error::other(format!("{} bytes came back of {}", back.len(), bytes.len()))) }
}
