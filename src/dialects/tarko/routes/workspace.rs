//! What stands in a session's workspace, for who chooses files: list, search, check.

use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::errors::TarkoError;
use super::super::request::{Answer, Asked, asked};
use super::about_session;
use crate::domain::{ErrorCode, Timestamp};
use crate::engine::{FileItem, FileKind, FileSearch};
use crate::http::{Route, Routes, json as reply};

/// Most items that a search gives.
const FOUND: usize = 20;
/// Most paths that are checked at once.
const CHECKED: usize = 256;

/// The routes.
pub fn all() -> Routes {
    let id = ("sessionId", "The session.", true);
    vec![
        about_session(Route::get("/api/v1/sessions/workspace/files", asked(files)))
            .about("What stands under a path of the workspace")
            .query(id.0, id.1, id.2)
            .query("path", "From the workspace's root; absent = the root.", false)
            .gives::<LookedAnswer>(StatusCode::OK, "A file, or a folder with what is in it."),
        about_session(Route::get("/api/v1/sessions/workspace/search", asked(search)))
            .about("Files and folders by name, the best first")
            .query(id.0, id.1, id.2)
            .query("q", "What name or path hold; empty = the top level.", true)
            .query("type", "`file`, `directory` or `all`.", false)
            .gives::<FoundAnswer>(StatusCode::OK, "At most 20."),
        about_session(Route::post("/api/v1/sessions/workspace/validate", asked(validate)))
            .about("Which paths are there")
            .query(id.0, "The session; may stand in the body instead.", false)
            .takes::<ValidateRequest>()
            .gives::<ValidatedAnswer>(StatusCode::OK, "One result for each path, in their order."),
    ]
}

/// What stands under a path.
#[derive(Serialize, ToSchema)]
struct LookedAnswer {
    /// `file` or `directory`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// A file's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// A file's bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// When a file was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    modified: Option<Timestamp>,
    /// The path, as it was asked for.
    path: String,
    /// What is in a folder, folders first.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<Name>>,
}

/// One name of a folder.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Name {
    /// It.
    name: String,
    /// Whether it is a folder.
    is_directory: bool,
    /// Bytes.
    size: u64,
    /// When it was last changed.
    #[schema(value_type = String)]
    modified: Timestamp,
    /// From the workspace's root.
    path: String,
}

/// What was found by name.
#[derive(Serialize, ToSchema)]
struct FoundAnswer {
    /// The best first.
    items: Vec<Found>,
}

/// One file or folder that was found.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Found {
    /// Its last word.
    name: String,
    /// Its full path.
    path: String,
    /// `file` or `directory`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// From the workspace's root.
    relative_path: String,
}

/// Which paths are asked about.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes a body that is read field by field")]
struct ValidateRequest {
    /// From the workspace's root, or full. At most 256.
    paths: Vec<String>,
}

/// Which paths are there.
#[derive(Serialize, ToSchema)]
struct ValidatedAnswer {
    /// In the order of the request.
    results: Vec<Validated>,
}

/// What became of one path.
#[derive(Serialize, ToSchema)]
struct Validated {
    /// The path, as it was sent.
    path: Value,
    /// Whether it is there.
    exists: bool,
    /// `file` or `directory`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// Why it cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

async fn files(asked: Asked) -> Answer {
    let session = asked.session().await?.summary.session.id;
    let path = asked.text("path").filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned());
    let looked = match asked.engine().look(&asked.caller, Some(&session), path.trim_start_matches('/')).await {
        Ok(looked) => looked,
        // Whether there is something outside is nobody's business.
        Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Forbidden) => {
            return Err(TarkoError::new(StatusCode::NOT_FOUND, "NOT_FOUND", "Path not found"));
        }
        Err(error) if error.code == ErrorCode::InvalidInput => return Err(TarkoError::invalid("Invalid path type")),
        Err(error) => return Err(TarkoError::on_the_way("Failed to read workspace files", &error)),
    };
    let item = looked.item;
    let answer = if item.kind == FileKind::File {
        let (name, size, modified) = (Some(item.name), Some(item.size), Some(item.modified));
        LookedAnswer { kind: "file", name, size, modified, path, files: None }
    } else {
        let folder = path.trim_end_matches('/').to_owned();
        let files = looked.entries.into_iter().map(|entry| name(entry, &folder)).collect();
        LookedAnswer { kind: "directory", name: None, size: None, modified: None, path, files: Some(files) }
    };
    Ok(reply(StatusCode::OK, &answer))
}

fn name(entry: FileItem, folder: &str) -> Name {
    let path = format!("{folder}/{}", entry.name);
    let is_directory = entry.kind == FileKind::Folder;
    Name { name: entry.name, is_directory, size: entry.size, modified: entry.modified, path }
}

async fn search(asked: Asked) -> Answer {
    let session = asked.session().await?.summary.session;
    let Some(text) = asked.text("q") else { return Err(TarkoError::invalid("Search query parameter is required")) };
    let kind = match asked.text("type").as_deref() {
        Some("file") => Some(FileKind::File),
        Some("directory") => Some(FileKind::Folder),
        _ => None,
    };
    let search = FileSearch { text, kind, limit: FOUND };
    let found = asked.engine().find(&asked.caller, Some(&session.id), &search).await;
    let found = found.map_err(|error| TarkoError::on_the_way("Failed to search workspace items", &error))?;
    let root = session.workspace.unwrap_or_else(|| asked.door.settings.workspace.to_string_lossy().into_owned());
    let items = found.into_iter().map(|item| Found {
        path: format!("{}/{}", root.trim_end_matches('/'), item.path),
        kind: word(item.kind),
        name: item.name,
        relative_path: item.path,
    });
    Ok(reply(StatusCode::OK, &FoundAnswer { items: items.collect() }))
}

async fn validate(asked: Asked) -> Answer {
    let session = asked.session().await?.summary.session.id;
    let Some(paths) = asked.field("paths").and_then(Value::as_array) else {
        return Err(TarkoError::invalid("Paths array is required"));
    };
    if paths.len() > CHECKED {
        let text = format!("More than {CHECKED} paths at once");
        return Err(TarkoError::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", &text));
    }
    let mut results = Vec::with_capacity(paths.len());
    for path in paths {
        let result = |exists, kind, error: Option<&str>| Validated {
            path: path.clone(),
            exists,
            kind,
            error: error.map(str::to_owned),
        };
        let Some(text) = path.as_str() else {
            results.push(result(false, None, Some("Path is not a text")));
            continue;
        };
        // A path with a slash before it begins at the root, unless it is the full path of something inside.
        let looked = match asked.engine().look(&asked.caller, Some(&session), text).await {
            Err(error) if error.code == ErrorCode::Forbidden && text.starts_with('/') => {
                let inside = asked.engine().look(&asked.caller, Some(&session), text.trim_start_matches('/')).await;
                inside.map_err(|_| error)
            }
            looked => looked,
        };
        results.push(match looked {
            Ok(looked) => result(true, Some(word(looked.item.kind)), None),
            Err(error) if error.code == ErrorCode::NotFound => result(false, None, None),
            Err(error) if error.code == ErrorCode::Forbidden => result(false, None, Some("Path outside workspace")),
            Err(error) => result(false, None, Some(&error.message)),
        });
    }
    Ok(reply(StatusCode::OK, &ValidatedAnswer { results }))
}

fn word(kind: FileKind) -> &'static str {
    match kind {
        FileKind::File => "file",
        FileKind::Folder => "directory",
    }
}
