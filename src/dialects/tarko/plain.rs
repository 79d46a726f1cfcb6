//! Plain files by GET, where no route answers: what stands in the workspace, then the web interface.
//!
//! A file of the workspace was written by a model or a tool, so it is sent in a sandbox. The web interface was put there
//! by whoever runs this server, and is sent as it is.

use std::path::Path;

use axum::response::{IntoResponse, Response};
use futures_util::future::{BoxFuture, FutureExt};
use http::request::Parts;
use http::{HeaderMap, Method};

use super::errors;
use super::page;
use crate::config::WebUi;
use crate::domain::{Error, ErrorCode, Principal, Result, SessionId, Timestamp};
use crate::engine::{FileKind, Looked};
use crate::http::{Door, Outgoing, Writer, file_path, file_path_below, query_value, send_bytes, send_file};
use crate::workspace::Workspace;

/// Endings of the web interface's own files; every other path is a view inside it.
const ASSETS: [&str; 14] =
    ["js", "css", "png", "jpg", "jpeg", "gif", "svg", "ico", "woff", "woff2", "ttf", "eot", "map", "webmanifest"];

/// Answers a GET of a path that no route owns; `None` = there is nothing here either.
pub fn answer<'a>(door: &'a Door, caller: &'a Principal, asked: &'a Parts) -> BoxFuture<'a, Option<Response>> {
    async move {
        let path = asked.uri.path();
        if path == "/api" || path.starts_with("/api/") {
            return None;
        }
        let session = session(asked);
        // An agent mentions files by their full path.
        let full = match workspace(door, caller, session.as_ref()).await {
            Some(root) => file_path_below(path, &root),
            None => None,
        };
        let Some(words) = full.or_else(|| file_path(path)) else { return Some(nothing(path)) };
        let webui = door.settings.server.webui.as_ref();
        // The interface's own files come first: a workspace must not be able to put a script in the place of one.
        if let Some(webui) = webui
            && let Some(response) = own_file(webui, &asked.headers, &words).await
        {
            return Some(response);
        }
        if words.contains('.') || words.starts_with("static/") || words.starts_with("assets/") {
            match from_workspace(door, caller, asked, session.as_ref(), &words).await {
                Ok(Some(response)) => return Some(response),
                Ok(None) => {}
                Err(error) => return Some(errors::refuse(&error)),
            }
        }
        match webui? {
            _ if is_asset(&words) => Some(nothing(path)),
            webui => Some(view(webui).await.unwrap_or_else(|error| errors::refuse(&error))),
        }
    }
    .boxed()
}

fn nothing(path: &str) -> Response {
    let shown: String = path.chars().take(200).collect();
    errors::TarkoError::no_route(&Method::GET, &shown).into_response()
}

/// The session that a file is asked for in: of the address, or of a header.
fn session(asked: &Parts) -> Option<SessionId> {
    let header = || asked.headers.get("x-session-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
    SessionId::parse(&query_value(&asked.uri, "sessionId").or_else(header)?).ok()
}

/// The full path of a session's workspace (absent = the settings').
async fn workspace(door: &Door, caller: &Principal, session: Option<&SessionId>) -> Option<String> {
    let own = match session {
        Some(session) => door.engine.session(caller, session).await.ok()?.summary.session.workspace,
        None => None,
    };
    own.or_else(|| door.settings.workspace.to_str().map(str::to_owned))
}

/// A file or folder of the workspace, where the path names one.
async fn from_workspace(
    door: &Door,
    caller: &Principal,
    asked: &Parts,
    session: Option<&SessionId>,
    path: &str,
) -> Result<Option<Response>> {
    let looked = match door.engine.look(caller, session, path).await {
        Ok(looked) => looked,
        Err(error) if is_nothing(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    if looked.item.kind == FileKind::File {
        return sent(door, caller, asked, session, path).await.map(Some);
    }
    match sent(door, caller, asked, session, &format!("{path}/index.html")).await {
        Ok(response) => Ok(Some(response)),
        Err(error) if is_nothing(&error) => Ok(Some(listing(&looked))),
        Err(error) => Err(error),
    }
}

fn is_nothing(error: &Error) -> bool {
    matches!(error.code, ErrorCode::NotFound | ErrorCode::Forbidden | ErrorCode::InvalidInput)
}

async fn sent(door: &Door, caller: &Principal, asked: &Parts, session: Option<&SessionId>, path: &str) -> Result<Response> {
    let opened = door.engine.open_file(caller, session, path).await?;
    let (name, size, modified) = (opened.item.name, opened.item.size, opened.item.modified);
    send_file(&asked.headers, Outgoing { file: opened.file, name, size, modified, writer: Writer::Other })
}

/// What stands in a folder, as a page. Names that begin with a dot cannot be fetched and are left out.
fn listing(looked: &Looked) -> Response {
    let folder = escaped(&looked.item.path);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{folder}</title>\n\
         <style>body {{ font-family: sans-serif; margin: 2em }} td {{ padding: 0.2em 1em 0.2em 0 }}</style></head>\n\
         <body><h1>{folder}</h1>\n<table>\n"
    );
    for entry in looked.entries.iter().filter(|entry| !entry.name.starts_with('.')) {
        let mark = if entry.kind == FileKind::Folder { "/" } else { "" };
        let link = address(&entry.path);
        let (name, size, modified) = (escaped(&entry.name), entry.size, entry.modified);
        page.push_str(&format!(
            "<tr><td><a href=\"/{link}\">{name}{mark}</a></td><td>{size}</td><td>{modified}</td></tr>\n"
        ));
    }
    page.push_str("</table></body></html>\n");
    send_bytes(page, "index.html", Writer::Other)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// A path as it stands in an address.
fn address(path: &str) -> String {
    let mut address = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~') {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    address
}

/// Whether a path names a file of the web interface, and no view inside it.
fn is_asset(words: &str) -> bool {
    let ending = words.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
    ending.is_some_and(|ending| ASSETS.contains(&ending.to_ascii_lowercase().as_str()))
}

/// A file of the web interface: its page, or what the page needs.
async fn own_file(webui: &WebUi, headers: &HeaderMap, words: &str) -> Option<Response> {
    let words = below_base(webui, words).to_owned();
    if words.is_empty() || words == "index.html" {
        return Some(view(webui).await.unwrap_or_else(|error| errors::refuse(&error)));
    }
    if !is_asset(&words) {
        return None;
    }
    let folder = webui.folder.clone();
    let sent = blocking(move || open(&folder, &words)).await.and_then(|outgoing| send_file(headers, outgoing));
    match sent {
        Ok(response) => Some(response),
        Err(error) if is_nothing(&error) => None,
        Err(error) => Some(errors::refuse(&error)),
    }
}

/// The web interface's page, which shows the view of every address by itself.
async fn view(webui: &WebUi) -> Result<Response> {
    let page = index(webui).await?;
    let values = [("AGENT_BASE_URL", "".into()), ("AGENT_WEB_UI_CONFIG", page::config(&webui.config))];
    Ok(send_bytes(page::told(&page, &values), "index.html", Writer::House))
}

/// The path without the base under which the interface is reached, where that is a plain one.
fn below_base<'w>(webui: &WebUi, words: &'w str) -> &'w str {
    let base = webui.config.get("base").and_then(serde_json::Value::as_str).unwrap_or_default();
    let is_plain = !base.contains(['.', '*', '+', '?', '^', '$', '{', '}', '(', ')', '|', '[', ']', '\\']);
    let base = base.trim_matches('/');
    match words.strip_prefix(base) {
        Some(rest) if is_plain && (rest.is_empty() || rest.starts_with('/')) => rest.trim_start_matches('/'),
        _ => words,
    }
}

/// The web interface's page as it was built.
///
/// # Errors
/// `not_found` when its folder has none.
pub async fn index(webui: &WebUi) -> Result<String> {
    let folder = webui.folder.clone();
    let bytes = blocking(move || Workspace::open(&folder)?.read("index.html", page::PAGE_BYTES)).await?;
    String::from_utf8(bytes).map_err(|_| Error::invalid("the web interface's index.html is not a text in UTF-8"))
}

fn open(folder: &Path, words: &str) -> Result<Outgoing> {
    let file = Workspace::open(folder)?.open_file(words)?;
    let about = file.metadata().map_err(|error| {
        Error::new(ErrorCode::Unavailable, format!("a file of the web interface cannot be read: {error}"))
    })?;
    let changed = about.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let millis = changed.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0);
    let name = words.rsplit('/').next().unwrap_or(words).to_owned();
    let modified = Timestamp::from_millis(millis);
    Ok(Outgoing { file, name, size: about.len(), modified, writer: Writer::House })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::internal(format!("a file could not be read: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plain_base_is_taken_away() {
        let below = |base: &str, words: &str| {
            let webui = WebUi { folder: "/x".into(), config: json!({ "base": base }) };
            below_base(&webui, words).to_owned()
        };
        for (base, words, expected) in [
            ("", "a/b", "a/b"),
            ("/", "a/b", "a/b"),
            ("/ui", "ui/a.js", "a.js"),
            ("/ui/", "ui", ""),
            ("/ui", "uix/a.js", "uix/a.js"),
            ("/tenant-.+", "tenant-1/a.js", "tenant-1/a.js"),
        ] {
            assert_eq!(below(base, words), expected, "{base} {words}");
        }
    }

    #[test]
    fn names_in_a_listing_are_harmless() {
        assert_eq!(escaped("<a href='\"&"), "&lt;a href=&#39;&quot;&amp;");
        assert_eq!(address("a b/ü\"'<.png"), "a%20b/%C3%BC%22%27%3C.png");
    }
}
