//! Reaching the workspace: calls of the tools, and their texts taken apart.
//!
//! The arguments follow the schemas that the tools are offered with. The texts are read leniently: a line that is not
//! understood is left out, and whatever hints that a tool left something out makes the result partial.

use serde_json::{Value, json};

use super::turn::{Call, Return, Stop, Turn};

/// Most pages of one file in one turn.
const MAX_PAGES: usize = 5;

/// Largest number of a line that is taken for one.
const MAX_LINE: usize = 1_000_000_000;
/// Most lines that a search is asked for.
const MAX_HITS: usize = 300;
/// Most names that are asked for at once.
const MAX_NAMES: usize = 2_000;

/// One name of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path from the root of the workspace, without `/` at the end.
    pub path: String,
    /// Whether it is a folder.
    pub folder: bool,
    /// Its size in bytes, when the tool tells.
    pub bytes: Option<u64>,
}

/// Names of files and folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// In the order of the tool.
    pub entries: Vec<Entry>,
    /// What the tool says that it left out.
    pub cut: Option<String>,
    /// What the tool says that ignore files leave out.
    pub ignored: Option<String>,
}

impl Listing {
    /// A sentence for an answer that may not hold for everything.
    pub(super) fn caveat(&self) -> String {
        let cut = self.cut.as_ref().map(|cut| format!("\n\nThis is partial; the tool said: {cut}."));
        let ignored = self.ignored.as_ref().map(|ignored| format!("\n\nNot counted: {ignored}."));
        cut.unwrap_or_default() + &ignored.unwrap_or_default()
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.folder)
    }
}

/// Lines of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FileText {
    /// Its path, as the tool was asked.
    pub path: String,
    /// Lines from the first one that was asked for.
    pub lines: Vec<String>,
    /// Whether these are all lines up to the end of the file.
    pub complete: bool,
    /// Lines of the whole file, when the tool tells or all were read.
    pub total: Option<usize>,
    /// Said beside the answer, such as that another file was meant.
    pub note: Option<String>,
    /// Whether the last line ends in a line break.
    pub newline: bool,
}

impl FileText {
    /// A sentence for an answer that may not hold for the whole file.
    pub(super) fn caveat(&self) -> String {
        let note = self.note.as_deref().map(|note| format!("\n\n{note}")).unwrap_or_default();
        if self.complete {
            return note;
        }
        format!("{note}\n\nThis is partial: I saw only the first {} lines of `{}`.", self.lines.len(), self.path)
    }
}

/// One line that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// The file.
    pub path: String,
    /// The number of the line, from 1.
    pub line: usize,
    /// The line.
    pub text: String,
}

/// Lines that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hits {
    /// In the order of the tool.
    pub hits: Vec<Hit>,
    /// What the tool says that it left out.
    pub cut: Option<String>,
}

/// A call of a tool, not yet made.
pub(super) type Request = (&'static str, Vec<(&'static str, Value)>);

/// Why a tool failed, without its advice to a model.
fn reason(text: &str) -> String {
    let advice =
        |part: &str| ["list ", "use ", "read it", "narrow", "set `", "find "].iter().any(|word| part.starts_with(word));
    let parts: Vec<&str> = text.trim().split("; ").take_while(|part| !advice(part)).collect();
    if parts.is_empty() { text.trim().to_owned() } else { parts.join("; ") }
}

fn succeeded(returned: Return) -> Result<String, Stop> {
    if returned.failed { Err(Stop::Failed(reason(&returned.text))) } else { Ok(returned.text) }
}

/// Whether a line is a remark of a tool, not data. Tools set them in brackets.
fn remark(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('[') && line.ends_with(']') || line.starts_with("... ") || line.starts_with("… ")
}

/// Whether a remark says that something was left out.
fn leaves_out(line: &str) -> bool {
    let low = line.to_lowercase();
    [
        "cut",
        "truncat",
        "more",
        "left out",
        "not shown",
        "partial",
        "limit",
        "only the first",
        "further",
        "omitted",
        "continue",
        "unreadable",
        "could not be read",
    ]
    .iter()
    .any(|word| low.contains(word))
}

/// Parts the text of a tool into data and what it says that it left out.
fn without_remarks(text: &str) -> (Vec<&str>, Option<String>) {
    let mut lines: Vec<&str> = text.lines().collect();
    let mut cut = None;
    while let Some(last) = lines.last() {
        if !remark(last) {
            break;
        }
        if leaves_out(last) {
            cut = Some(told(last));
        }
        lines.pop();
    }
    (lines, cut)
}

/// A remark without its brackets and without its advice to a model.
fn told(remark: &str) -> String {
    let inside = remark.trim().trim_start_matches('[').trim_end_matches(']');
    let advice = |part: &&str| {
        !["narrow", "go on", "raise", "list a", "ask", "`include_ignored`"].iter().any(|word| part.starts_with(word))
    };
    let parts: Vec<&str> =
        inside.split("; ").map(|part| part.split(": narrow").next().unwrap_or(part)).filter(advice).collect();
    parts.join("; ")
}

/// Lists a folder.
pub(super) fn list(turn: &Turn<'_>, folder: &str, deep: bool) -> Result<Listing, Stop> {
    let text = succeeded(turn.call_all(&[list_request(turn, folder, deep)])?.remove(0))?;
    Ok(listing(&text, folder))
}

pub(super) fn list_request(turn: &Turn<'_>, folder: &str, deep: bool) -> Request {
    let mut arguments = vec![("path", json!(if folder.is_empty() { "." } else { folder }))];
    if turn.argument("list_files", &["recursive"]).is_some() {
        arguments.push(("recursive", json!(deep)));
    } else if turn.argument("list_files", &["depth"]).is_some() {
        arguments.push(("depth", json!(if deep { 32 } else { 1 })));
    }
    if turn.argument("list_files", &["limit"]).is_some() && deep {
        arguments.push(("limit", json!(MAX_NAMES)));
    }
    ("list_files", arguments)
}

/// Reads the text of a listing: a path a line, folders with `/` at the end, sizes behind a tab or spaces.
fn listing(text: &str, folder: &str) -> Listing {
    let ignored =
        text.lines().rev().take(4).find(|line| remark(line) && line.contains("left out by ignore files")).map(told);
    let (lines, cut) = without_remarks(text);
    let cut = cut.filter(|cut| !cut.contains("ignore files"));
    let prefix = folder.trim_start_matches("./").trim_end_matches('/');
    let prefix = if prefix.is_empty() || prefix == "." { String::new() } else { format!("{prefix}/") };
    let entry = |line: &str| {
        let line = line.trim_end();
        if line.trim().is_empty() || remark(line) {
            return None;
        }
        let (name, bytes) = sized(line);
        let name = name.trim_start_matches("./");
        let name = name.split(" -> ").next().unwrap_or(name);
        let path = name.trim_end_matches('/');
        let path = if path.starts_with(&prefix) { path.to_owned() } else { format!("{prefix}{path}") };
        (!name.is_empty()).then(|| Entry { path, folder: name.ends_with('/'), bytes })
    };
    Listing { entries: lines.into_iter().filter_map(entry).collect(), cut, ignored }
}

/// Parts `name  12 bytes`, `name<tab>12` or `name (12 bytes)` into its name and its size.
fn sized(line: &str) -> (&str, Option<u64>) {
    if let Some((name, _)) = line.rsplit_once("  (").filter(|(_, kind)| kind.ends_with(')')) {
        return (name, None);
    }
    let (name, size) = match (line.rsplit_once('\t'), line.rsplit_once("  "), line.rsplit_once(" (")) {
        (Some(parts), _, _) | (None, Some(parts), _) | (None, None, Some(parts)) => parts,
        _ => return (line, None),
    };
    let size = size.trim().trim_end_matches(')');
    let digits = size.trim_end_matches("bytes").trim_end_matches("byte").trim_end_matches('B').trim().replace(',', "");
    match digits.parse() {
        Ok(bytes) => (name.trim_end(), Some(bytes)),
        Err(_) => (line, None),
    }
}

/// Names of files that fit a pattern such as `**/*.rs`.
pub(super) fn find(turn: &Turn<'_>, pattern: &str) -> Result<Listing, Stop> {
    let mut arguments = vec![("pattern", json!(pattern))];
    if turn.argument("find_files", &["limit"]).is_some() {
        arguments.push(("limit", json!(MAX_NAMES)));
    }
    let text = succeeded(turn.call("find_files", arguments)?)?;
    Ok(found(&text))
}

fn found(text: &str) -> Listing {
    if nothing(text) { Listing::default() } else { listing(text, "") }
}

/// Whether a tool says that it found nothing.
fn nothing(text: &str) -> bool {
    let low = text.trim().trim_matches(['[', ']', '(', ')']).to_lowercase();
    low.is_empty() || !low.contains('\n') && (low.starts_with("no ") || low.starts_with("nothing"))
}

/// What is searched for. Case does not count.
#[derive(Clone, Debug, Default)]
pub(super) struct Search<'a> {
    /// A regular expression, or a plain text.
    pub pattern: String,
    /// Whether it is a plain text.
    pub literal: bool,
    /// A folder or a file; absent = everywhere.
    pub path: Option<&'a str>,
    /// Only in files that fit this glob.
    pub glob: Option<&'a str>,
}

impl Search<'_> {
    /// A search for a regular expression everywhere.
    pub(super) fn pattern(pattern: impl Into<String>) -> Self {
        Self { pattern: pattern.into(), ..Self::default() }
    }

    /// A search for a plain text everywhere.
    pub(super) fn literal(text: impl Into<String>) -> Self {
        Self { pattern: text.into(), literal: true, ..Self::default() }
    }

    fn request(&self, turn: &Turn<'_>) -> Request {
        let has = |name: &'static str| turn.argument("search_files", &[name]).is_some();
        let literal = self.literal && has("literal");
        let pattern = if self.literal && !literal { escaped(&self.pattern) } else { self.pattern.clone() };
        let mut arguments = Vec::new();
        if has("ignore_case") {
            arguments.push(("pattern", json!(pattern)));
            arguments.push(("ignore_case", json!(true)));
        } else {
            arguments.push(("pattern", json!(if literal { pattern } else { format!("(?i){pattern}") })));
        }
        if literal {
            arguments.push(("literal", json!(true)));
        }
        if let Some(path) = self.path.filter(|_| has("path")) {
            arguments.push(("path", json!(path)));
        }
        if let Some(glob) = self.glob.filter(|_| has("glob")) {
            arguments.push(("glob", json!(glob)));
        }
        if has("limit") {
            arguments.push(("limit", json!(MAX_HITS)));
        }
        ("search_files", arguments)
    }
}

/// Searches.
pub(super) fn search(turn: &Turn<'_>, search: &Search<'_>) -> Result<Hits, Stop> {
    let text = succeeded(turn.call_all(&[search.request(turn)])?.remove(0))?;
    Ok(hits(&text))
}

/// Several searches in one round.
pub(super) fn search_all(turn: &Turn<'_>, searches: &[Search<'_>]) -> Result<Vec<Hits>, Stop> {
    let requests: Vec<Request> = searches.iter().map(|search| search.request(turn)).collect();
    turn.call_all(&requests)?.into_iter().map(|returned| succeeded(returned).map(|text| hits(&text))).collect()
}

/// Reads lines of the form `path:12: text`; also such that stand below the name of their file.
fn hits(text: &str) -> Hits {
    if nothing(text) {
        return Hits::default();
    }
    let (lines, cut) = without_remarks(text);
    let mut file = String::new();
    let mut hits = Vec::new();
    for line in lines {
        if let Some(hit) = hit(line) {
            hits.push(hit);
        } else if let Some((number, text)) = line.trim_start().split_once([':', '\t'])
            && let Ok(number) = number.trim().parse()
        {
            hits.push(Hit { path: file.clone(), line: number, text: text.to_owned() });
        } else if !line.trim().is_empty() && line.trim() != "--" {
            line.trim().trim_end_matches(':').clone_into(&mut file);
        }
    }
    hits.retain(|hit: &Hit| (1..=MAX_LINE).contains(&hit.line));
    Hits { hits, cut }
}

fn hit(line: &str) -> Option<Hit> {
    let mut from = 0;
    while let Some(at) = line.get(from..)?.find(':') {
        let at = from + at;
        let behind = line.get(at + 1..)?;
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        if at > 0
            && digits > 0
            && matches!(behind.as_bytes().get(digits), Some(b':' | b'-' | b'\t'))
            && !line.get(..at)?.trim().bytes().all(|byte| byte.is_ascii_digit())
        {
            let text = behind.get(digits + 1..)?;
            return Some(Hit {
                path: line.get(..at)?.to_owned(),
                line: behind.get(..digits)?.parse().ok()?,
                text: text.strip_prefix(' ').unwrap_or(text).to_owned(),
            });
        }
        from = at + 1;
    }
    None
}

/// A part of a file that begins at a line, from 1.
pub(super) fn read_request(turn: &Turn<'_>, path: &str, first: usize, lines: Option<usize>) -> Request {
    let mut arguments = vec![("path", json!(path))];
    if first > 1
        && let Some(name) = turn.argument("read_file", &["offset", "start", "start_line", "from"])
    {
        arguments.push((name, json!(first)));
    }
    if let (Some(lines), Some(name)) = (lines, turn.argument("read_file", &["limit", "lines"])) {
        arguments.push((name, json!(lines)));
    }
    ("read_file", arguments)
}

pub(super) fn read(turn: &Turn<'_>, path: &str, first: usize, lines: Option<usize>) -> Result<FileText, Stop> {
    let text = succeeded(turn.call_all(&[read_request(turn, path, first, lines)])?.remove(0))?;
    Ok(page(&text, path, first))
}

/// Takes the text of a page apart. Only remarks of the tool's own form are taken for such: a file may well end in a
/// line in brackets.
fn page(text: &str, path: &str, first: usize) -> FileText {
    let mut lines: Vec<&str> = text.lines().collect();
    let mut complete = true;
    let mut total = None;
    if let Some(last) = lines.last().copied().filter(|last| remark(last)) {
        let range = range(last);
        let empty = lines.len() == 1 && last.starts_with("[`") && last.ends_with("` is empty]");
        let own = range.is_some()
            || empty
            || last.contains("are not UTF-8")
            || last.contains(" left out; ")
            || last.contains("truncated");
        if own {
            lines.pop();
        }
        match range {
            Some((end, of)) => {
                total = of;
                complete = of == Some(end);
            }
            None => complete = !own || empty || last.contains("are not UTF-8") && !last.contains("left out"),
        }
    }
    let cut = lines.iter().any(|line| line.ends_with(" bytes more]") && line.contains(" [line cut: "));
    let note = cut.then(|| "(Some of its lines are too long for the tool, which cut them.)".to_owned());
    if complete && total.is_none() {
        total = Some(first - 1 + lines.len());
    }
    let bytes = complete && first == 1 && !cut;
    let ends = text.ends_with('\n');
    FileText {
        path: path.to_owned(),
        lines: lines.into_iter().map(str::to_owned).collect(),
        complete,
        total,
        note,
        newline: bytes && ends,
    }
}

/// The last line and the number of all lines in `[lines 1 to 40 of 120; …]`.
fn range(remark: &str) -> Option<(usize, Option<usize>)> {
    let words: Vec<&str> = remark.split([' ', '[', ']', ';']).filter(|word| !word.is_empty()).collect();
    let at = words
        .windows(5)
        .position(|part| part[0] == "lines" && part[2] == "to" && part[4] == "of" && part[1].parse::<usize>().is_ok())?;
    let end = words.get(at + 3)?.parse().ok()?;
    Some((end, words.get(at + 5).and_then(|total| total.parse().ok())))
}

/// A whole file, page by page; partial when it is longer than a few pages.
pub(super) fn read_all(turn: &Turn<'_>, path: &str) -> Result<FileText, Stop> {
    let mut whole = read(turn, path, 1, None)?;
    for _ in 1..MAX_PAGES {
        if whole.complete || whole.lines.is_empty() {
            break;
        }
        match read(turn, path, whole.lines.len() + 1, None) {
            Ok(next) => {
                whole.complete = next.complete;
                whole.total = next.total.or(whole.total);
                whole.note = whole.note.or(next.note);
                if next.lines.is_empty() {
                    break;
                }
                whole.lines.extend(next.lines);
            }
            Err(Stop::Failed(_)) => break,
            Err(stop) => return Err(stop),
        }
    }
    if whole.complete {
        whole.total = Some(whole.lines.len());
    }
    Ok(whole)
}

/// Several files, their first pages in one round; a file that cannot be read is left out.
pub(super) fn read_several(turn: &Turn<'_>, paths: &[String]) -> Result<Vec<FileText>, Stop> {
    let requests: Vec<Request> = paths.iter().map(|path| read_request(turn, path, 1, None)).collect();
    let returns = turn.call_all(&requests)?;
    let read = paths.iter().zip(returns).filter(|(_, returned)| !returned.failed);
    Ok(read.map(|(path, returned)| page(&returned.text, path, 1)).collect())
}

/// The JSON of a call's arguments, as it is streamed.
pub(super) fn arguments_text(call: &Call) -> String {
    call.arguments.to_string()
}

/// A text as a part of a regular expression.
pub(super) fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// A text as a part of a glob.
pub(super) fn glob_escaped(text: &str) -> String {
    text.chars().map(|c| if "*?[]{}!\\".contains(c) { '?' } else { c }).collect()
}
