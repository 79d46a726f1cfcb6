//! `list_files`: what is in a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::json;

use crate::config::Limits;
use crate::domain::{Access, Effect, ToolSpec};
use crate::workspace::{Kind, WalkOptions, Workspace, shown};

use super::arguments::{cancelled, quoted, schema};
use super::file_tool::FileTool;
use super::output::{Caps, beginning};
use super::{ToolContext, ToolFailure, ToolOutput};

const NAME: &str = "list_files";
const ENTRIES: usize = 500;
const MOST_ENTRIES: usize = 5_000;
/// Names that are looked at in one folder to say what was left out.
const NAMES: usize = 10_000;
/// Names that are told of what was left out.
const TOLD: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    path: Option<String>,
    depth: Option<usize>,
    recursive: Option<bool>,
    limit: Option<usize>,
    include_ignored: Option<bool>,
}

/// Lists a folder.
pub(super) fn tool(limits: &Limits) -> FileTool<Arguments> {
    let spec = ToolSpec {
        name: NAME.to_owned(),
        description: "Lists a folder of the workspace: one path a line, relative to the workspace, sorted; folders \
                      end in `/`, files are followed by their size in bytes. What ignore files (such as \
                      `.gitignore`) leave out, and `.git`, is not listed but named at the end."
            .to_owned(),
        parameters: schema(
            json!({
                "path": {"type": "string", "description": "The folder; default `.`, the workspace itself."},
                "depth": {"type": "integer", "minimum": 1, "description": "How deep; default 1: only the folder's own entries."},
                "recursive": {"type": "boolean", "description": "Whether to list everything below, however deep; default false."},
                "limit": {"type": "integer", "minimum": 1, "maximum": MOST_ENTRIES, "description": format!("Most entries; default {ENTRIES}.")},
                "include_ignored": {"type": "boolean", "description": "Whether to list also what ignore files leave out; default false."},
            }),
            &[],
        ),
        effect: Effect::None,
        access: Access::Read,
    };
    FileTool::new(spec, Caps::new(limits), list)
}

fn list(context: &ToolContext, arguments: &Arguments, caps: Caps) -> Result<ToolOutput, ToolFailure> {
    let workspace = &context.workspace;
    let path = arguments.path.as_deref().unwrap_or(".");
    if workspace.kind(path)? != Kind::Folder {
        let message = format!("{} is not a folder; read it instead", quoted(path));
        return Err(ToolFailure::new(crate::domain::ErrorCode::InvalidInput, message));
    }
    let recursive = arguments.recursive.unwrap_or(false);
    let depth = if recursive { None } else { Some(arguments.depth.unwrap_or(1).max(1)) };
    let limit = arguments.limit.unwrap_or(ENTRIES).clamp(1, MOST_ENTRIES);
    let include_ignored = arguments.include_ignored.unwrap_or(false);
    let start = workspace.resolved(path)?;
    let start = if start == Path::new(".") { PathBuf::new() } else { start };
    let deep = |folder: &Path| depth.is_none_or(|depth| folder.components().count() - start.components().count() < depth);

    let mut walk = workspace.walk(path, WalkOptions { depth, include_ignored })?;
    let mut text = String::new();
    let mut listed: BTreeMap<PathBuf, BTreeSet<OsString>> = BTreeMap::from([(start.clone(), BTreeSet::new())]);
    let (mut entries, mut more) = (0, false);
    for entry in walk.by_ref() {
        if context.cancelled.is_cancelled() {
            return Err(cancelled());
        }
        if entries == limit {
            more = true;
            break;
        }
        // Names of a folder that was swapped for a link in the middle of the walk are not the workspace's.
        let Ok((kind, bytes)) = workspace.entry_size(&entry.path) else { continue };
        entries += 1;
        // Writing to a `String` cannot fail.
        let _ = match kind {
            Kind::Folder => writeln!(text, "{}/", shown(&entry.path)),
            Kind::File => writeln!(text, "{}  {bytes}", shown(&entry.path)),
            Kind::Link => writeln!(text, "{}  (symbolic link)", shown(&entry.path)),
            Kind::Special => writeln!(text, "{}  (pipe, socket or device)", shown(&entry.path)),
        };
        if let (Some(parent), Some(name)) = (entry.path.parent(), entry.path.file_name()) {
            listed.entry(parent.to_path_buf()).or_default().insert(name.to_owned());
        }
        if kind == Kind::Folder && deep(&entry.path) {
            listed.entry(entry.path).or_default();
        }
    }
    if entries == 0 {
        let _ = writeln!(text, "[nothing is listed in {}]", quoted(path));
    }
    if more {
        let _ = writeln!(text, "[{limit} entries listed, there are more; raise `limit` or list a folder below]");
    } else if !include_ignored {
        text.push_str(&left_out(workspace, &listed));
    }
    if walk.unreadable() > 0 {
        let _ = writeln!(text, "[{} folders or names could not be read]", walk.unreadable());
    }
    text.truncate(text.trim_end_matches('\n').len());
    Ok(beginning(text, caps, "list a folder below, or with a smaller `depth`"))
}

/// What is in the listed folders but was not listed, in a line; empty when that is nothing.
fn left_out(workspace: &Workspace, listed: &BTreeMap<PathBuf, BTreeSet<OsString>>) -> String {
    let mut count = 0;
    let mut told = Vec::new();
    for (folder, names) in listed {
        let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let Ok(there) = workspace.names(place, NAMES) else { continue };
        for name in there.iter().filter(|name| !names.contains(*name)) {
            count += 1;
            if told.len() < TOLD {
                told.push(shown(folder.join(name)));
            }
        }
    }
    if count == 0 {
        return String::new();
    }
    let dots = if count > told.len() { ", …" } else { "" };
    format!("[{count} left out by ignore files: {}{dots}; `include_ignored` lists them]\n", told.join(", "))
}
