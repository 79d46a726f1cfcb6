//! A workspace in memory whose tools speak as the real ones do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use globset::GlobBuilder;
use grep_matcher::Matcher;
use grep_regex::RegexMatcherBuilder;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::rules::{self, Decision};
use super::super::turn::Call;
use crate::domain::{Access, Clock, Effect, ModelSettings, Timestamp, ToolSpec};
use crate::models::{ModelRequest, PromptMessage, PromptPart, PromptReturn};

/// Friday, 20 November 2026, 06:50 UTC.
pub fn now() -> Timestamp {
    Timestamp::from_millis(1_795_157_400_000)
}

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn new_id(&self) -> Uuid {
        Uuid::nil()
    }
}

pub fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock)
}

fn tool(name: &str, properties: Value, access: Access) -> ToolSpec {
    let parameters = json!({"type": "object", "properties": properties, "additionalProperties": false});
    ToolSpec { name: name.to_owned(), description: String::new(), parameters, effect: Effect::None, access }
}

/// The tools as they are offered, with the arguments of the real ones.
pub fn tools() -> Vec<ToolSpec> {
    let (text, number, flag) = (json!({"type": "string"}), json!({"type": "integer"}), json!({"type": "boolean"}));
    vec![
        tool("list_files", json!({"path": text, "depth": number, "recursive": flag, "limit": number}), Access::Read),
        tool("read_file", json!({"path": text, "offset": number, "limit": number, "line_numbers": flag}), Access::Read),
        tool("write_file", json!({"path": text, "content": text}), Access::Write),
        tool("edit_file", json!({"path": text, "old_text": text, "new_text": text, "replace_all": flag}), Access::Write),
        tool(
            "search_files",
            json!({"pattern": text, "path": text, "literal": flag, "ignore_case": flag, "glob": text, "limit": number}),
            Access::Read,
        ),
        tool("find_files", json!({"pattern": text, "path": text, "limit": number}), Access::Read),
        tool("run_command", json!({"command": text}), Access::Run),
    ]
}

/// A folder in memory, and a conversation about it.
#[derive(Clone, Default)]
pub struct House {
    pub files: BTreeMap<String, String>,
    pub messages: Vec<PromptMessage>,
    pub calls: Vec<Call>,
    /// Lines of one page of `read_file`.
    pub page: usize,
    /// Whether everything that changes something is denied.
    pub denies: bool,
}

impl House {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { files, page: 2_000, ..Self::default() }
    }

    pub fn request(&self) -> ModelRequest {
        ModelRequest {
            model: "rules".to_owned(),
            system: String::new(),
            messages: self.messages.clone(),
            tools: tools(),
            settings: ModelSettings::default(),
            form: None,
        }
    }

    /// Asks, carries all calls out, and gives the answer.
    pub fn ask(&mut self, prompt: &str) -> String {
        self.messages.push(PromptMessage::User(vec![PromptPart::Text(prompt.to_owned())]));
        self.calls.clear();
        for round in 0.. {
            assert!(round <= 10, "too many rounds for {prompt}");
            match rules::decide(&self.request(), now()) {
                Decision::Answer(text) => {
                    self.messages.push(PromptMessage::Assistant(vec![PromptPart::Text(text.clone())]));
                    return text;
                }
                Decision::Call(calls) => self.carry_out(&calls, round),
            }
        }
        String::new()
    }

    fn carry_out(&mut self, calls: &[Call], round: usize) {
        let mut parts = Vec::new();
        let mut returns = Vec::new();
        for (at, call) in calls.iter().enumerate() {
            let id = format!("{}.{round}.{at}", self.messages.len());
            let (name, arguments) = (call.name.clone(), call.arguments.to_string());
            parts.push(PromptPart::ToolCall { id: id.clone(), name: name.clone(), arguments });
            let (text, failed) = match self.tool(call) {
                Ok(text) => (text, false),
                Err(text) => (text, true),
            };
            returns.push(PromptReturn { id, name, text, failed });
            self.calls.push(call.clone());
        }
        self.messages.push(PromptMessage::Assistant(parts));
        self.messages.push(PromptMessage::ToolReturns(returns));
    }

    /// The first calls that a prompt leads to, each as `name {arguments}`.
    pub fn first_calls(&self, prompt: &str) -> Vec<String> {
        let mut house = self.clone();
        house.messages.push(PromptMessage::User(vec![PromptPart::Text(prompt.to_owned())]));
        match rules::decide(&house.request(), now()) {
            Decision::Call(calls) => calls.iter().map(|call| format!("{} {}", call.name, call.arguments)).collect(),
            Decision::Answer(text) => vec![text],
        }
    }

    fn tool(&mut self, call: &Call) -> Result<String, String> {
        let text = |name: &str| call.arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |name: &str| call.arguments.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let flag = |name: &str| call.arguments.get(name).and_then(Value::as_bool).unwrap_or(false);
        let path = text("path");
        let changes = matches!(call.name.as_str(), "write_file" | "edit_file" | "run_command");
        if changes && self.denies {
            return Err(format!("denied: `{}` needs permission; allow it with --allow {}", call.name, call.name));
        }
        match call.name.as_str() {
            "list_files" => self.list(&path, flag("recursive")),
            "find_files" => self.find(&text("pattern")),
            "read_file" => self.read(&path, number("offset").unwrap_or(1), number("limit")),
            "search_files" => self.search(&text("pattern"), flag("literal"), &path, &text("glob")),
            "write_file" => {
                let content = text("content");
                let what = if self.files.contains_key(&path) { "replaced" } else { "made" };
                let said = format!("`{path}` {what}: {} bytes, {} lines", content.len(), content.lines().count());
                self.files.insert(path, content);
                Ok(said)
            }
            "edit_file" => self.edit(&path, &text("old_text"), &text("new_text"), flag("replace_all")),
            _ => Ok(format!("ran {}\n[exit code 0]", text("command"))),
        }
    }

    fn list(&self, path: &str, deep: bool) -> Result<String, String> {
        let prefix = if path == "." { String::new() } else { format!("{}/", path.trim_end_matches('/')) };
        if self.files.contains_key(path) {
            return Err(format!("`{path}` is not a folder; read it instead"));
        }
        if !prefix.is_empty() && !self.files.keys().any(|file| file.starts_with(&prefix)) {
            return Err(format!("`{path}` does not exist; list the folder, or find the file by its name"));
        }
        let mut lines = BTreeSet::new();
        for (file, content) in &self.files {
            let Some(rest) = file.strip_prefix(&prefix) else { continue };
            let parts: Vec<&str> = rest.split('/').collect();
            for depth in 1..parts.len() {
                if deep || depth == 1 {
                    lines.insert(format!("{prefix}{}/", parts[..depth].join("/")));
                }
            }
            if deep || parts.len() == 1 {
                lines.insert(format!("{file}  {}", content.len()));
            }
        }
        if lines.is_empty() {
            return Ok(format!("[nothing is listed in `{path}`]"));
        }
        Ok(lines.into_iter().collect::<Vec<_>>().join("\n"))
    }

    fn find(&self, pattern: &str) -> Result<String, String> {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build().unwrap().compile_matcher();
        let fits = |path: &&String| {
            if pattern.contains('/') { glob.is_match(path) } else { glob.is_match(path.rsplit('/').next().unwrap()) }
        };
        let found: Vec<String> = self.files.keys().filter(fits).cloned().collect();
        if found.is_empty() {
            return Ok(format!("[no file fits `{pattern}` among {} files]", self.files.len()));
        }
        Ok(found.join("\n"))
    }

    fn read(&self, path: &str, first: usize, limit: Option<usize>) -> Result<String, String> {
        let prefix = format!("{path}/");
        if self.files.keys().any(|file| file.starts_with(&prefix)) {
            return Err(format!("`{path}` is a folder, not a file; list it, or name a file in it"));
        }
        let missing = || format!("`{path}` does not exist; list the folder, or find the file by its name");
        let content = self.files.get(path).ok_or_else(missing)?;
        let lines: Vec<&str> = content.lines().collect();
        if lines.is_empty() {
            return Ok(format!("[`{path}` is empty]"));
        }
        if first > lines.len() {
            return Err(format!("`{path}` has {} lines; `offset` {first} is past its end", lines.len()));
        }
        let last = (first - 1 + limit.unwrap_or(self.page).min(self.page)).min(lines.len());
        let mut text = lines[first - 1..last].join("\n");
        if last < lines.len() || content.ends_with('\n') {
            text.push('\n');
        }
        if first > 1 || last < lines.len() {
            let on = if last < lines.len() { format!("; go on with `offset` {}", last + 1) } else { String::new() };
            let newline = if text.ends_with('\n') { "" } else { "\n" };
            let _ = write!(text, "{newline}[lines {first} to {last} of {}{on}]", lines.len());
        }
        Ok(text)
    }

    fn search(&self, pattern: &str, literal: bool, place: &str, glob: &str) -> Result<String, String> {
        let matcher = RegexMatcherBuilder::new()
            .fixed_strings(literal)
            .case_insensitive(true)
            .line_terminator(Some(b'\n'))
            .build(pattern)
            .map_err(|error| format!("`pattern` cannot be searched for: {error}"))?;
        assert!(glob.is_empty(), "no test needs a glob");
        let below = format!("{place}/");
        let mut text = String::new();
        let (mut count, mut files, mut searched) = (0, BTreeSet::new(), 0);
        for (path, content) in &self.files {
            if !place.is_empty() && path != place && !path.starts_with(&below) {
                continue;
            }
            searched += 1;
            for (at, line) in content.lines().enumerate() {
                if matcher.is_match(line.as_bytes()).unwrap() {
                    let _ = writeln!(text, "{path}:{}:{line}", at + 1);
                    count += 1;
                    files.insert(path);
                }
            }
        }
        let _ = write!(text, "[{count} matching lines in {} of {searched} files searched]", files.len());
        Ok(text)
    }

    fn edit(&mut self, path: &str, old: &str, new: &str, all: bool) -> Result<String, String> {
        let content = self.files.get_mut(path).ok_or_else(|| format!("`{path}` does not exist"))?;
        match (content.matches(old).count(), all) {
            (0, _) => Err(format!("`old_text` does not stand in `{path}`; nothing was changed.")),
            (1, _) => {
                let line = 1 + content.split(old).next().unwrap().matches('\n').count();
                *content = content.replacen(old, new, 1);
                Ok(format!("`{path}` edited at line {line}"))
            }
            (count, true) => {
                *content = content.replace(old, new);
                Ok(format!("`{path}` edited at {count} places"))
            }
            (count, false) => Err(format!("`old_text` stands {count} times in `{path}`; nothing was changed.")),
        }
    }
}
