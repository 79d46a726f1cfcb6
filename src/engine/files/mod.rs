//! Verbs about the folder that a session works in: what is there, for people. A view of a directory, not files of the house.

mod finding;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::house::Core;
use crate::domain::{Error, Principal, Result, SessionId, Timestamp};
use crate::workspace::{About, Kind, Workspace};

pub(crate) use finding::find;

/// Most entries of one folder.
const ENTRIES: usize = 10_000;

/// What stands under a name in a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// One name in a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileItem {
    /// Its last word.
    pub name: String,
    /// Relative to the workspace, with `/` between words; empty for the workspace itself.
    pub path: String,
    /// What it is.
    pub kind: FileKind,
    /// Bytes.
    pub size: u64,
    /// When it was last changed.
    pub modified: Timestamp,
}

/// What stands under a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// The thing itself.
    pub item: FileItem,
    /// What is in it, folders first, then by name; empty for a file. At most 10,000. What cannot be opened from here is
    /// left out: links that lead out or nowhere, pipes, and names that are no UTF-8.
    pub entries: Vec<FileItem>,
    /// The absolute path of the workspace.
    pub workspace: String,
}

/// Which files are looked for by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileSearch {
    /// What name or path hold, ignoring case; empty = the top level of the workspace. At most 1,024 bytes.
    pub text: String,
    /// Only these; absent = both.
    pub kind: Option<FileKind>,
    /// Most items, at most 1,000; 0 = 20.
    pub limit: usize,
}

/// A file of a workspace, opened for reading: nothing can be swapped in between.
#[derive(Debug)]
pub struct OpenedFile {
    /// What it is.
    pub item: FileItem,
    /// Its bytes.
    pub file: std::fs::File,
}

/// The folder that a verb is about: a session's, or with `None` the one of the settings.
async fn workspace(core: &Arc<Core>, caller: &Principal, session: Option<&SessionId>) -> Result<Arc<Workspace>> {
    let own = match session {
        Some(session) => core.existing(session).await?.fold().await?.session.workspace,
        None => None,
    };
    let folder = own.map_or_else(|| core.settings.workspace.clone(), PathBuf::from);
    let (core, caller) = (Arc::clone(core), caller.clone());
    apart(move || {
        super::access::may_work_in(&core, &caller, folder.to_str())?;
        core.workspace(&folder.to_string_lossy())
    })
    .await
}

/// Works on files away from the threads that must not wait.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::internal(format!("work on files ended early: {error}"))))
}

/// A path as somebody wrote it, relative to the workspace; empty = the workspace itself.
fn relative(workspace: &Workspace, path: &str) -> Result<PathBuf> {
    workspace.relative(if path.is_empty() { "." } else { path })
}

/// A name of a workspace as an item; `None` for what cannot be opened from here.
fn item(path: &Path, about: About) -> Option<FileItem> {
    let kind = match about.kind {
        Kind::File => FileKind::File,
        Kind::Folder => FileKind::Folder,
        Kind::Link | Kind::Special => return None,
    };
    let path = path.to_str()?;
    let path = if path == "." { "" } else { path };
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let size = if kind == FileKind::File { about.size } else { 0 };
    Some(FileItem { name, path: path.to_owned(), kind, size, modified: about.modified })
}

/// Folders first, then by name as people sort.
fn order(left: &FileItem, right: &FileItem) -> std::cmp::Ordering {
    let key = |item: &FileItem| (item.kind == FileKind::File, item.name.to_lowercase());
    key(left).cmp(&key(right)).then_with(|| left.path.cmp(&right.path))
}

fn special(path: &str) -> Error {
    let name = crate::workspace::shown(path);
    Error::invalid(format!("`{name}` is neither a file nor a folder")).hint("name a file or a folder")
}

/// What is in a folder.
fn entries(workspace: &Workspace, folder: &Path, limit: usize) -> Result<Vec<FileItem>> {
    let mut items: Vec<FileItem> = Vec::new();
    for (name, kind) in workspace.kinds(folder, limit)? {
        if kind == Kind::Special {
            continue;
        }
        let path = if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) };
        // What is gone by now, and a link that leads out, are not there for whoever looks.
        let Ok(about) = workspace.about(&path) else { continue };
        items.extend(item(&path, about));
    }
    items.sort_by(order);
    Ok(items)
}

/// What stands under a path.
pub(crate) async fn look(core: &Arc<Core>, caller: &Principal, session: Option<&SessionId>, path: &str) -> Result<Looked> {
    let workspace = workspace(core, caller, session).await?;
    let path = path.to_owned();
    apart(move || {
        let relative = relative(&workspace, &path)?;
        let mut item = item(&relative, workspace.about(&relative)?).ok_or_else(|| special(&path))?;
        if item.path.is_empty() {
            item.name = workspace.root().file_name().unwrap_or_default().to_string_lossy().into_owned();
        }
        let entries = match item.kind {
            FileKind::Folder => entries(&workspace, &relative, ENTRIES)?,
            FileKind::File => Vec::new(),
        };
        Ok(Looked { item, entries, workspace: workspace.root().to_string_lossy().into_owned() })
    })
    .await
}

/// Whether a word of a path begins with a dot.
fn is_hidden(path: &Path) -> bool {
    path.components()
        .any(|word| matches!(word, std::path::Component::Normal(name) if name.as_encoded_bytes().starts_with(b".")))
}

/// Opens a file.
pub(crate) async fn open(
    core: &Arc<Core>,
    caller: &Principal,
    session: Option<&SessionId>,
    path: &str,
) -> Result<OpenedFile> {
    let workspace = workspace(core, caller, session).await?;
    let path = path.to_owned();
    apart(move || {
        let relative = relative(&workspace, &path)?;
        // Where a link leads counts as well as what it is called.
        if is_hidden(&relative) || is_hidden(&workspace.resolved(&relative.to_string_lossy())?) {
            let message = format!("`{}` is hidden: such files are not handed out", crate::workspace::shown(&relative));
            return Err(Error::new(crate::domain::ErrorCode::Forbidden, message));
        }
        let file = workspace.open_relative(&relative)?;
        // Asked of the handle, so that it is about these bytes.
        let metadata = file.metadata().map_err(|error| {
            Error::new(
                crate::domain::ErrorCode::Unavailable,
                format!("cannot look at `{}`: {error}", crate::workspace::shown(&relative)),
            )
        })?;
        let about = About { size: metadata.len(), ..workspace.about(&relative)? };
        let item = item(&relative, About { kind: Kind::File, ..about }).ok_or_else(|| special(&path))?;
        Ok(OpenedFile { item, file })
    })
    .await
}
