//! What stands in a session's workspace, for who chooses files: list, search, check.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::named::{failed, named, refusal, text};
use crate::domain::{Error, ErrorCode, Timestamp};
use crate::engine::{FileItem, FileKind, FileSearch};
use crate::http::{Caller, Door, Route, Routes, read_json};

/// Most items that a search gives.
const FOUND: usize = 20;
/// Most paths that are checked at once.
const CHECKED: usize = 256;

/// The routes.
pub fn all() -> Routes {
    let id = "The session.";
    vec![
        Route::get("/api/v1/sessions/workspace/files", files)
            .about("What stands under a path of the workspace")
            .query("sessionId", id, true)
            .query("path", "From the workspace's root; absent = the root.", false),
        Route::get("/api/v1/sessions/workspace/search", search)
            .about("Files and folders by name, the best first")
            .query("sessionId", id, true)
            .query("q", "What name or path hold; empty = the top level.", true)
            .query("type", "`file`, `directory` or `all`.", false),
        Route::post("/api/v1/sessions/workspace/validate", validate).about("Which paths are there").query(
            "sessionId",
            "The session; may stand in the body instead.",
            false,
        ),
    ]
}

/// One name of a folder.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Name<'a> {
    name: &'a str,
    is_directory: bool,
    size: u64,
    modified: Timestamp,
    path: String,
}

async fn files(State(door): State<Door>, Caller(caller): Caller, request: Request) -> Response {
    let uri = request.uri().clone();
    let session = match named(&door, &caller, &uri, &Value::Null).await {
        Ok(session) => session,
        Err(response) => return response,
    };
    let asked = text(&uri, "path").filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned());
    let looked = match door.engine.look(&caller, Some(&session), asked.trim_start_matches('/')).await {
        Ok(looked) => looked,
        // Whether there is something outside is nobody's business.
        Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Forbidden) => {
            return refusal(StatusCode::NOT_FOUND, "Path not found");
        }
        Err(error) if error.code == ErrorCode::InvalidInput => {
            return refusal(StatusCode::BAD_REQUEST, "Invalid path type");
        }
        Err(error) => return failed("Failed to read workspace files", &error),
    };
    let item = &looked.item;
    if item.kind == FileKind::File {
        let file = json!({
            "type": "file", "name": item.name, "size": item.size, "modified": item.modified, "path": asked,
        });
        return crate::http::json(StatusCode::OK, &file);
    }
    let folder = asked.trim_end_matches('/');
    let files: Vec<Name<'_>> = looked.entries.iter().map(|entry| name(entry, folder)).collect();
    crate::http::json(StatusCode::OK, &json!({ "type": "directory", "path": asked, "files": files }))
}

fn name<'a>(entry: &'a FileItem, folder: &str) -> Name<'a> {
    Name {
        name: &entry.name,
        is_directory: entry.kind == FileKind::Folder,
        size: entry.size,
        modified: entry.modified,
        path: format!("{folder}/{}", entry.name),
    }
}

async fn search(State(door): State<Door>, Caller(caller): Caller, request: Request) -> Response {
    let uri = request.uri().clone();
    let session = match named(&door, &caller, &uri, &Value::Null).await {
        Ok(session) => session,
        Err(response) => return response,
    };
    let Some(wanted) = text(&uri, "q") else {
        return refusal(StatusCode::BAD_REQUEST, "Search query parameter is required");
    };
    let kind = match text(&uri, "type").as_deref() {
        Some("file") => Some(FileKind::File),
        Some("directory") => Some(FileKind::Folder),
        _ => None,
    };
    let found = async {
        let items = door.engine.find(&caller, Some(&session), &FileSearch { text: wanted, kind, limit: FOUND }).await?;
        let workspace = match items.is_empty() {
            true => String::new(),
            false => door.engine.session(&caller, &session).await?.summary.session.workspace.unwrap_or_default(),
        };
        Ok::<_, Error>((items, workspace))
    };
    let (items, workspace) = match found.await {
        Ok(found) => found,
        Err(error) => return failed("Failed to search workspace", &error),
    };
    let root = if workspace.is_empty() { door.settings.workspace.to_string_lossy().into_owned() } else { workspace };
    let items: Vec<Value> = items
        .iter()
        .map(|item| {
            json!({
                "name": item.name,
                "path": format!("{}/{}", root.trim_end_matches('/'), item.path),
                "type": word(item.kind),
                "relativePath": item.path,
            })
        })
        .collect();
    crate::http::json(StatusCode::OK, &json!({ "items": items }))
}

async fn validate(State(door): State<Door>, Caller(caller): Caller, request: Request<Body>) -> Response {
    let uri = request.uri().clone();
    let body = match read_json(request, door.settings.server.limits.body_bytes).await {
        Ok(body) => body,
        Err(error) => return super::super::errors::refuse(&error),
    };
    let session = match named(&door, &caller, &uri, &body).await {
        Ok(session) => session,
        Err(response) => return response,
    };
    let Some(paths) = body.get("paths").and_then(Value::as_array) else {
        return refusal(StatusCode::BAD_REQUEST, "Paths array is required");
    };
    if paths.len() > CHECKED {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, &format!("More than {CHECKED} paths at once"));
    }
    let mut results = Vec::with_capacity(paths.len());
    for path in paths {
        let Some(path) = path.as_str() else {
            results.push(json!({ "path": path, "exists": false, "error": "Path is not a text" }));
            continue;
        };
        // A path with a slash before it begins at the root, unless it is the full path of something inside.
        let looked = match door.engine.look(&caller, Some(&session), path).await {
            Err(error) if error.code == ErrorCode::Forbidden && path.starts_with('/') => {
                let inside = door.engine.look(&caller, Some(&session), path.trim_start_matches('/')).await;
                inside.map_err(|_| error)
            }
            looked => looked,
        };
        results.push(match looked {
            Ok(looked) => json!({ "path": path, "exists": true, "type": word(looked.item.kind) }),
            Err(error) if error.code == ErrorCode::NotFound => json!({ "path": path, "exists": false }),
            Err(error) if error.code == ErrorCode::Forbidden => {
                json!({ "path": path, "exists": false, "error": "Path outside workspace" })
            }
            Err(error) => json!({ "path": path, "exists": false, "error": error.message }),
        });
    }
    crate::http::json(StatusCode::OK, &json!({ "results": results }))
}

fn word(kind: FileKind) -> &'static str {
    match kind {
        FileKind::File => "file",
        FileKind::Folder => "directory",
    }
}
