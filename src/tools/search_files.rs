//! `search_files`: lines of files that fit a pattern.

use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkContext, SinkContextKind, SinkFinish, SinkMatch};
use serde::Deserialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::config::Limits;
use crate::domain::{Access, Effect, ErrorCode, ToolSpec};
use crate::workspace::{Kind, WalkOptions, shown};

use super::arguments::{cancelled, schema};
use super::file_tool::FileTool;
use super::find_files::Filter;
use super::output::{Caps, beginning};
use super::{ToolContext, ToolFailure, ToolOutput};

const NAME: &str = "search_files";
const MATCHES: usize = 100;
const MOST_MATCHES: usize = 2_000;
const MOST_CONTEXT: usize = 20;
/// Most bytes of one line that are shown.
const LINE_BYTES: usize = 500;
/// Longest line that is looked at: a longer one ends the search of its file.
const HEAP_BYTES: usize = 16 << 20;
/// How far one file is searched, and all files together.
const FILE_BYTES: u64 = 256 << 20;
const ALL_BYTES: u64 = 2 << 30;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    pattern: String,
    path: Option<String>,
    literal: Option<bool>,
    ignore_case: Option<bool>,
    glob: Option<String>,
    context: Option<usize>,
    limit: Option<usize>,
    include_ignored: Option<bool>,
}

/// Searches files.
pub(super) fn tool(limits: &Limits) -> FileTool<Arguments> {
    let spec = ToolSpec {
        name: NAME.to_owned(),
        description: "Searches the files of the workspace line by line. Each match is a line `path:number:text`, a line \
                      of context `path-number-text`, groups are parted by `--`; the last line, in brackets, counts. \
                      Binary files and what ignore files leave out are not searched."
            .to_owned(),
        parameters: schema(
            json!({
                "pattern": {"type": "string", "minLength": 1, "description": "A regular expression (Rust's syntax: no look-around, no back-references), for one line."},
                "path": {"type": "string", "description": "The folder or file to search; default `.`, the workspace itself."},
                "literal": {"type": "boolean", "description": "Whether `pattern` is a plain text; default false."},
                "ignore_case": {"type": "boolean", "description": "Whether upper and lower case are the same; default false."},
                "glob": {"type": "string", "description": "Only files whose path fits this glob, such as `*.rs`, `src/**` or `!*.lock`."},
                "context": {"type": "integer", "minimum": 0, "maximum": MOST_CONTEXT, "description": "Lines shown before and after each match; default 0."},
                "limit": {"type": "integer", "minimum": 1, "maximum": MOST_MATCHES, "description": format!("Most matching lines; default {MATCHES}.")},
                "include_ignored": {"type": "boolean", "description": "Whether to search also what ignore files leave out; default false."},
            }),
            &["pattern"],
        ),
        effect: Effect::None,
        access: Access::Read,
    };
    FileTool::new(spec, Caps::new(limits), search)
}

fn search(context: &ToolContext, arguments: &Arguments, caps: Caps) -> Result<ToolOutput, ToolFailure> {
    let path = arguments.path.as_deref().unwrap_or(".");
    let matcher = matcher(arguments)?;
    let filter = arguments.glob.as_deref().map(|glob| Filter::new("glob", glob)).transpose()?;
    let lines = arguments.context.unwrap_or(0).min(MOST_CONTEXT);
    let searcher = SearcherBuilder::new()
        .line_number(true)
        .before_context(lines)
        .after_context(lines)
        .binary_detection(BinaryDetection::quit(0))
        .heap_limit(Some(HEAP_BYTES))
        .build();
    let limit = arguments.limit.unwrap_or(MATCHES).clamp(1, MOST_MATCHES);
    let mut search = Search {
        found: Found::new(limit, caps.full, lines > 0, context.cancelled.clone()),
        searcher,
        matcher,
        unreadable: 0,
        left: ALL_BYTES,
    };
    if context.workspace.kind(path)? == Kind::Folder {
        let start = context.workspace.resolved(path)?;
        let options = WalkOptions { depth: None, include_ignored: arguments.include_ignored.unwrap_or(false) };
        let mut walk = context.workspace.walk(path, options)?;
        for entry in walk.by_ref() {
            if context.cancelled.is_cancelled() {
                return Err(cancelled());
            }
            if entry.kind == Kind::File && filter.as_ref().is_none_or(|filter| filter.fits(&entry.path, &start)) {
                match context.workspace.open_relative(&entry.path) {
                    Ok(file) => search.file(&entry.path, file),
                    Err(_) => search.unreadable += 1,
                }
            }
            if search.found.more || search.left == 0 {
                break;
            }
        }
        search.unreadable += walk.unreadable();
    } else {
        let file = context.workspace.open_file(path)?;
        search.file(&context.workspace.relative(path)?, file);
    }
    if context.cancelled.is_cancelled() {
        return Err(cancelled());
    }
    Ok(beginning(search.told(), caps, "narrow `pattern`, `path` or `glob`, or lower `limit`"))
}

fn matcher(arguments: &Arguments) -> Result<RegexMatcher, ToolFailure> {
    let literal = arguments.literal.unwrap_or(false);
    RegexMatcherBuilder::new()
        .fixed_strings(literal)
        .case_insensitive(arguments.ignore_case.unwrap_or(false))
        .line_terminator(Some(b'\n'))
        .build(&arguments.pattern)
        .map_err(|error| {
            let way = if literal { "a pattern is for one line" } else { "set `literal` to search for a plain text" };
            ToolFailure::new(ErrorCode::InvalidInput, format!("`pattern` cannot be searched for: {error}; {way}"))
        })
}

/// A search in many files.
struct Search {
    searcher: Searcher,
    matcher: RegexMatcher,
    found: Found,
    unreadable: usize,
    /// Bytes that may still be read.
    left: u64,
}

impl Search {
    fn file(&mut self, path: &Path, file: std::fs::File) {
        let most = FILE_BYTES.min(self.left);
        self.found.begin(path);
        let mut limited = file.take(most);
        let result = self.searcher.search_reader(&self.matcher, &mut limited, &mut self.found);
        self.left = self.left.saturating_sub(most - limited.limit());
        self.found.cut += usize::from(limited.limit() == 0 && !self.found.more);
        self.unreadable += usize::from(result.is_err());
    }

    /// The matches, and the line that counts.
    fn told(self) -> String {
        let Found { mut text, matches, files, searched, binary, cut, more, .. } = self.found;
        let mut notes = vec![if more {
            format!("{matches} matching lines in {files} files; there are more: narrow the search or raise `limit`")
        } else {
            format!("{matches} matching lines in {files} of {searched} files searched")
        }];
        if binary > 0 {
            notes.push(format!("{binary} binary files skipped"));
        }
        if cut > 0 {
            notes.push(format!("{cut} files searched only in their first {FILE_BYTES} bytes"));
        }
        if self.unreadable > 0 {
            notes.push(format!("{} files or folders could not be read", self.unreadable));
        }
        if self.left == 0 {
            notes.push(format!("stopped after {ALL_BYTES} bytes"));
        }
        // Writing to a `String` cannot fail.
        let _ = write!(text, "[{}]", notes.join("; "));
        text
    }
}

/// Takes what a searcher finds, within limits.
struct Found {
    text: String,
    /// The file that is searched, as it is shown.
    path: String,
    matches: usize,
    files: usize,
    searched: usize,
    binary: usize,
    cut: usize,
    /// Whether a limit was met.
    more: bool,
    matched_here: bool,
    limit: usize,
    room: usize,
    groups: bool,
    stop: CancellationToken,
}

impl Found {
    fn new(limit: usize, room: usize, groups: bool, stop: CancellationToken) -> Self {
        let (text, path) = (String::new(), String::new());
        let (matches, files, searched, binary, cut) = (0, 0, 0, 0, 0);
        Self {
            text,
            path,
            matches,
            files,
            searched,
            binary,
            cut,
            more: false,
            matched_here: false,
            limit,
            room,
            groups,
            stop,
        }
    }

    fn begin(&mut self, path: &Path) {
        self.path = shown(path);
        self.matched_here = false;
        self.searched += 1;
    }

    /// The first thing is shown of a file.
    fn enter(&mut self) {
        if !self.matched_here {
            self.matched_here = true;
            self.files += 1;
            if self.groups && self.files > 1 {
                self.text.push_str("--\n");
            }
        }
    }

    fn line(&mut self, number: Option<u64>, mark: char, bytes: &[u8]) {
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let number = number.unwrap_or(0);
        let short = String::from_utf8_lossy(&line[..line.len().min(LINE_BYTES)]);
        // Writing to a `String` cannot fail.
        let _ = write!(self.text, "{}{mark}{number}{mark}{short}", self.path);
        if line.len() > LINE_BYTES {
            let _ = write!(self.text, " [line cut: {} bytes more]", line.len() - LINE_BYTES);
        }
        self.text.push('\n');
    }
}

impl Sink for Found {
    type Error = std::io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> Result<bool, Self::Error> {
        if self.matches == self.limit || self.text.len() >= self.room {
            self.more = true;
            return Ok(false);
        }
        self.enter();
        self.matches += 1;
        self.line(found.line_number(), ':', found.bytes());
        Ok(!self.stop.is_cancelled())
    }

    fn context(&mut self, _: &Searcher, context: &SinkContext<'_>) -> Result<bool, Self::Error> {
        // Lines before a match that will not be shown any more are not shown either.
        if matches!(context.kind(), SinkContextKind::Before) && self.matches == self.limit {
            return Ok(true);
        }
        self.enter();
        self.line(context.line_number(), '-', context.bytes());
        Ok(!self.stop.is_cancelled())
    }

    fn context_break(&mut self, _: &Searcher) -> Result<bool, Self::Error> {
        if self.matches < self.limit {
            self.text.push_str("--\n");
        }
        Ok(true)
    }

    fn finish(&mut self, _: &Searcher, finish: &SinkFinish) -> Result<(), Self::Error> {
        self.binary += usize::from(finish.binary_byte_offset().is_some());
        Ok(())
    }
}
