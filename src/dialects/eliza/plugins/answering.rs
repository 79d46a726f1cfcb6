//! What answers on a route of a plugin: a command, a folder, or another server.
//!
//! A command gets one JSON object on its standard input: what was asked, without anything that proves who asks. What it
//! writes is the answer: a JSON object that has a `status`, `headers`, `json`, `text` or `base64` says how; everything else
//! is sent as it is. One that fails says why on its standard error.

use std::path::Path;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::Fit;
use crate::config::{Plugin, PluginAnswers, PluginRoute};
use crate::dialects::eliza::agents;
use crate::domain::{Error, ErrorCode, Principal, Result};
use crate::engine::{AgentItem, without_secrets};
use crate::http::{Door, Outgoing, Writer, file_path, pass_on, query_pairs, read_body, send_file};
use crate::tools::{Handled, Handling, handle};
use crate::workspace::{Kind, Workspace};

/// Commands that answer at once.
static AT_ONCE: Semaphore = Semaphore::const_new(16);
/// So often a path may be read again by those that it is passed on to.
const READ_AGAIN: usize = 3;
/// The page of a folder.
const PAGE: &str = "index.html";
/// Headers that a command is not told, and may not set: by these, callers prove who they are, or connections are kept.
const HELD_BACK: [HeaderName; 7] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::SET_COOKIE,
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::CONTENT_LENGTH,
    header::UPGRADE,
];

/// A route that is called.
pub struct Called<'a> {
    /// Whose it is.
    pub plugin: &'a Plugin,
    /// The route.
    pub route: &'a PluginRoute,
    /// What the path gave to it.
    pub fit: Fit,
    /// The agent that it is called for.
    pub agent: Option<&'a AgentItem>,
    /// Who calls.
    pub caller: &'a Principal,
}

/// What the route answers.
///
/// # Errors
/// `not_found`, and whatever goes wrong behind the route.
pub async fn answer(door: &Door, called: Called<'_>, parts: Parts, body: Body) -> Result<Response> {
    let limit = door.settings.server.limits.body_bytes;
    match &called.route.answers {
        PluginAnswers::Folder(folder) => file(folder, &called.fit.rest, &parts).await,
        PluginAnswers::Url(url) => {
            let address = address(url, &called.fit, &parts)?;
            pass_on(&address, &parts, body, u64::try_from(limit).unwrap_or(u64::MAX)).await
        }
        PluginAnswers::Command { line, folder, time } => {
            let body = read_body(body, limit).await?;
            let input = told(&called, &parts, &body).to_string();
            let full = || Error::new(ErrorCode::Busy, "too many commands of plugins run");
            let _place = tokio::time::timeout(*time, AT_ONCE.acquire()).await.map_err(|_| full())?.map_err(|_| full())?;
            let handling = Handling { line, folder, input: input.as_bytes(), time: *time };
            let handled = handle(&door.settings.tools, handling).await?;
            said(&called, handled)
        }
    }
}

/// Whether a path leads up and out, also for a server that reads it once more, or takes off what stands behind a `;`.
fn leads_out(path: &str) -> bool {
    let mut plain = path.to_ascii_lowercase();
    for _ in 0..READ_AGAIN {
        for (coded, sign) in [("%2e", "."), ("%2f", "/"), ("%5c", "\\"), ("%3b", ";"), ("%25", "%")] {
            plain = plain.replace(coded, sign);
        }
    }
    let is_step = |word: &str| matches!(word.split(';').next(), Some("." | ".."));
    plain.contains('\\') || plain.split('/').any(is_step)
}

/// Where a request is passed on to: the address, the rest of the path, and the query. No word of it leads up and out.
fn address(url: &str, fit: &Fit, parts: &Parts) -> Result<String> {
    if leads_out(&fit.rest) {
        return Err(Error::new(ErrorCode::NotFound, "Path not found"));
    }
    let rest = if fit.rest.is_empty() { String::new() } else { format!("/{}", fit.rest) };
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Ok(format!("{url}{rest}{query}"))
}

/// What a command is told.
fn told(called: &Called<'_>, parts: &Parts, body: &[u8]) -> Value {
    let mut asked = Map::new();
    for (name, value) in query_pairs(&parts.uri) {
        match asked.get_mut(&name) {
            None => drop(asked.insert(name, json!(value))),
            Some(Value::Array(all)) => all.push(json!(value)),
            Some(one) => *one = json!([one.take(), value]),
        }
    }
    let is_told = |name: &HeaderName| !HELD_BACK.contains(name) && name != "x-api-key";
    let headers = parts.headers.iter().filter(|(name, _)| is_told(name));
    let headers: Map<String, Value> =
        headers.map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes())))).collect();
    let named: Map<String, Value> = called.fit.named.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let (key, body) = match (serde_json::from_slice::<Value>(body), std::str::from_utf8(body)) {
        _ if body.is_empty() => ("body", Value::Null),
        (Ok(value), _) => ("body", value),
        (Err(_), Ok(text)) => ("body", json!(text)),
        (Err(_), Err(_)) => ("bodyBase64", json!(STANDARD.encode(body))),
    };
    let agent = called.agent.map(|item| json!({ "id": agents::id_of(item), "name": agents::shown(item) }));
    let mut told = json!({
        "plugin": called.plugin.name,
        "route": called.route.path,
        "method": parts.method.as_str(),
        "path": parts.uri.path(),
        "rest": called.fit.rest,
        "params": named,
        "query": asked,
        "headers": headers,
        "agent": agent,
        "caller": called.caller.name,
    });
    told[key] = body;
    told
}

/// What a command said, as an answer.
fn said(called: &Called<'_>, handled: Handled) -> Result<Response> {
    let Handled { output, said, code } = handled;
    if code != 0 {
        let why = without_secrets(said.lines().last().unwrap_or_default());
        let why = if why.is_empty() { format!("the plugin failed with exit code {code}") } else { why };
        tracing::warn!(plugin = called.plugin.name, route = called.route.path, code, why, "a command of a plugin failed");
        let is_missing = why.to_ascii_lowercase().contains("not found");
        return Err(Error::new(if is_missing { ErrorCode::NotFound } else { ErrorCode::Internal }, why));
    }
    let fields = serde_json::from_slice::<Value>(&output);
    let is_answer = |fields: &Map<String, Value>| {
        let known = ["status", "headers", "json", "text", "base64"];
        !fields.is_empty() && fields.keys().all(|key| known.contains(&key.as_str()))
    };
    match fields {
        Ok(Value::Object(fields)) if is_answer(&fields) => of_fields(&fields),
        Ok(_) => Ok(with_type(output, "application/json; charset=utf-8")),
        Err(_) if std::str::from_utf8(&output).is_ok() => Ok(with_type(output, "text/plain; charset=utf-8")),
        Err(_) => Ok(with_type(output, "application/octet-stream")),
    }
}

fn of_fields(fields: &Map<String, Value>) -> Result<Response> {
    let wrong = |what: &str| Error::internal(format!("the plugin's answer has a `{what}` that cannot be used"));
    let mut response = match (fields.get("json"), fields.get("text"), fields.get("base64")) {
        (Some(value), ..) => with_type(value.to_string().into_bytes(), "application/json; charset=utf-8"),
        (None, Some(text), _) => {
            let text = text.as_str().ok_or_else(|| wrong("text"))?;
            with_type(text.as_bytes().to_vec(), "text/plain; charset=utf-8")
        }
        (None, None, Some(coded)) => {
            let bytes = STANDARD.decode(coded.as_str().unwrap_or_default()).map_err(|_| wrong("base64"))?;
            with_type(bytes, "application/octet-stream")
        }
        (None, None, None) => crate::http::empty(StatusCode::OK),
    };
    if let Some(status) = fields.get("status") {
        let status = status.as_u64().and_then(|status| u16::try_from(status).ok()).filter(|status| *status >= 200);
        *response.status_mut() =
            status.and_then(|status| StatusCode::from_u16(status).ok()).ok_or_else(|| wrong("status"))?;
    }
    for (name, value) in fields.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let name: HeaderName = name.parse().map_err(|_| wrong("headers"))?;
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok()).ok_or_else(|| wrong("headers"))?;
        if !HELD_BACK.contains(&name) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

fn with_type(bytes: Vec<u8>, media_type: &'static str) -> Response {
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// A file of a folder, or the page of one.
async fn file(folder: &Path, rest: &str, parts: &Parts) -> Result<Response> {
    let missing = || Error::new(ErrorCode::NotFound, "File not found");
    let path = file_path(rest).ok_or_else(missing)?;
    let folder = folder.to_path_buf();
    let opened = tokio::task::spawn_blocking(move || open(&folder, path)).await;
    let outgoing = opened.map_err(|error| Error::internal(error.to_string()))?.map_err(|error| {
        let is_hidden = matches!(error.code, ErrorCode::NotFound | ErrorCode::Forbidden | ErrorCode::InvalidInput);
        if is_hidden { missing() } else { error }
    })?;
    send_file(&parts.headers, outgoing)
}

fn open(folder: &Path, path: String) -> Result<Outgoing> {
    let workspace = Workspace::open(folder)?;
    let mut path = if path.is_empty() { ".".to_owned() } else { path };
    if workspace.kind(&path)? == Kind::Folder {
        path = if path == "." { PAGE.to_owned() } else { format!("{path}/{PAGE}") };
    }
    let about = workspace.about(Path::new(&path))?;
    let file = workspace.open_file(&path)?;
    Ok(Outgoing { file, name: path, size: about.size, modified: about.modified, writer: Writer::House })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_passed_on_stays_below_its_address() {
        let at = |rest: &str, uri: &str| {
            let parts = http::Request::builder().uri(uri).body(()).unwrap().into_parts().0;
            address("http://a/b", &Fit { rest: rest.to_owned(), ..Fit::default() }, &parts).ok()
        };
        assert_eq!(at("", "/x").as_deref(), Some("http://a/b"));
        assert_eq!(at("c/d%20e", "/x?y=1&z").as_deref(), Some("http://a/b/c/d%20e?y=1&z"));
        assert_eq!(at("c%2fd/..e/f;g", "/x").as_deref(), Some("http://a/b/c%2fd/..e/f;g"));
        for rest in [
            "..",
            "c/../../d",
            "%2e%2E/d",
            "c/.",
            "c\\..\\d",
            "..%2f..%2Fd",
            "c/..;x=1/d",
            "%252e%252e%252fd",
            "c%5c..%5cd",
            "..%3bx/d",
        ] {
            assert_eq!(at(rest, "/x"), None, "{rest}");
        }
    }
}
