//! Verbs about the folder that a session works in: what is there, for people. A view of a directory, not files of the house.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::house::Core;
use crate::domain::{Error, ErrorCode, Result, SessionId, Timestamp};

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
    /// What is in it, folders first, then by name; empty for a file. At most 10,000.
    pub entries: Vec<FileItem>,
    /// The absolute path of the workspace.
    pub workspace: String,
}

/// Which files are looked for by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileSearch {
    /// What name or path hold, ignoring case; empty = the top level of the workspace.
    pub text: String,
    /// Only these; absent = both.
    pub kind: Option<FileKind>,
    /// Most items.
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
pub(crate) async fn folder(_core: &Arc<Core>, _session: Option<&SessionId>) -> Result<PathBuf> {
    Err(Error::new(ErrorCode::NotSupported, "not yet"))
}

pub(crate) async fn look(_core: &Arc<Core>, _session: Option<&SessionId>, _path: &str) -> Result<Looked> {
    Err(Error::new(ErrorCode::NotSupported, "not yet"))
}

pub(crate) async fn find(_core: &Arc<Core>, _session: Option<&SessionId>, _search: &FileSearch) -> Result<Vec<FileItem>> {
    Err(Error::new(ErrorCode::NotSupported, "not yet"))
}

pub(crate) async fn open(_core: &Arc<Core>, _session: Option<&SessionId>, _path: &str) -> Result<OpenedFile> {
    Err(Error::new(ErrorCode::NotSupported, "not yet"))
}
