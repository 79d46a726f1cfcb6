//! `find_files`: files by their names.

use std::fmt::Write as _;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;
use serde_json::json;

use crate::config::Limits;
use crate::domain::{Access, Effect, ErrorCode, ToolSpec};
use crate::workspace::{Kind, WalkOptions, shown};

use super::arguments::{cancelled, quoted, schema};
use super::file_tool::FileTool;
use super::output::{Caps, beginning};
use super::{ToolContext, ToolFailure, ToolOutput};

const NAME: &str = "find_files";
const FILES: usize = 200;
const MOST_FILES: usize = 5_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    pattern: String,
    path: Option<String>,
    limit: Option<usize>,
    include_ignored: Option<bool>,
}

/// Finds files by a glob.
pub(super) fn tool(limits: &Limits) -> FileTool<Arguments> {
    let spec = ToolSpec {
        name: NAME.to_owned(),
        description: "Finds files of the workspace by a glob over their paths: one path a line, relative to the \
                      workspace, sorted. A pattern without `/` fits a name in any folder (`*.rs`); one with `/` fits \
                      the whole path (`src/**/*.rs`). What ignore files leave out is not found."
            .to_owned(),
        parameters: schema(
            json!({
                "pattern": {"type": "string", "description": "The glob: `*`, `**`, `?`, `[a-z]`, `{a,b}`; a leading `!` turns it round."},
                "path": {"type": "string", "description": "The folder to look in; default `.`, the workspace itself."},
                "limit": {"type": "integer", "minimum": 1, "maximum": MOST_FILES, "description": format!("Most files; default {FILES}.")},
                "include_ignored": {"type": "boolean", "description": "Whether to find also what ignore files leave out; default false."},
            }),
            &["pattern"],
        ),
        effect: Effect::None,
        access: Access::Read,
    };
    FileTool::new(spec, Caps::new(limits), find)
}

fn find(context: &ToolContext, arguments: &Arguments, caps: Caps) -> Result<ToolOutput, ToolFailure> {
    let path = arguments.path.as_deref().unwrap_or(".");
    if context.workspace.kind(path)? != Kind::Folder {
        return Err(ToolFailure::new(ErrorCode::InvalidInput, format!("{} is not a folder", quoted(path))));
    }
    let filter = Filter::new("pattern", &arguments.pattern)?;
    let start = context.workspace.resolved(path)?;
    let limit = arguments.limit.unwrap_or(FILES).clamp(1, MOST_FILES);
    let options = WalkOptions { depth: None, include_ignored: arguments.include_ignored.unwrap_or(false) };
    let mut walk = context.workspace.walk(path, options)?;
    let mut text = String::new();
    let (mut found, mut seen, mut more) = (0_usize, 0_usize, false);
    for entry in walk.by_ref() {
        if context.cancelled.is_cancelled() {
            return Err(cancelled());
        }
        if entry.kind == Kind::Folder {
            continue;
        }
        seen += 1;
        if !filter.fits(&entry.path, &start) {
            continue;
        }
        if found == limit {
            more = true;
            break;
        }
        found += 1;
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}", shown(&entry.path));
    }
    if more {
        let _ = writeln!(text, "[{limit} files shown, there are more; narrow `pattern` or `path`, or raise `limit`]");
    } else if found == 0 {
        let _ = writeln!(text, "[no file fits `{}` among {seen} files]", shown(&arguments.pattern));
    }
    if walk.unreadable() > 0 {
        let _ = writeln!(text, "[{} folders or names could not be read]", walk.unreadable());
    }
    text.truncate(text.trim_end_matches('\n').len());
    Ok(beginning(text, caps, "narrow `pattern` or `path`"))
}

/// A glob over paths as models write it.
pub(super) struct Filter {
    glob: GlobMatcher,
    /// Whether it is about the name alone.
    by_name: bool,
    turned_round: bool,
}

impl Filter {
    /// Reads a glob; `argument` is its name among the arguments.
    pub(super) fn new(argument: &str, pattern: &str) -> Result<Self, ToolFailure> {
        let (turned_round, glob) = match pattern.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, pattern),
        };
        let by_name = !glob.contains('/');
        let glob = glob.trim_start_matches("./").trim_start_matches('/');
        let fault = |cause: String| {
            ToolFailure::new(ErrorCode::InvalidInput, format!("`{argument}` `{}` is no glob: {cause}", shown(pattern)))
        };
        if glob.is_empty() {
            return Err(fault("it is empty".to_owned()));
        }
        let glob = GlobBuilder::new(glob).literal_separator(true).build();
        let glob = glob.map_err(|error| fault(error.kind().to_string()))?.compile_matcher();
        Ok(Self { glob, by_name, turned_round })
    }

    /// Whether a path fits, taken from the workspace or from where the search starts.
    pub(super) fn fits(&self, path: &Path, start: &Path) -> bool {
        let fits = if self.by_name {
            path.file_name().is_some_and(|name| self.glob.is_match(name))
        } else {
            self.glob.is_match(path) || path.strip_prefix(start).is_ok_and(|below| self.glob.is_match(below))
        };
        fits != self.turned_round
    }
}
