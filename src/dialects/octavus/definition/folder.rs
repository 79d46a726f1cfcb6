//! A definition in a folder: `settings.json`, `protocol.yaml`, `prompts/**/*.md`, `references/*.md`.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::faults::{self, Faults, PROTOCOL, SETTINGS, Severity};
use super::source::{Prompt, Reference, Settings, Source};
use super::{Fault, compile};
use crate::config::{NodeKind, printable, read_yaml};
use crate::domain::{Agent, Error, ErrorCode, Result};

/// Most bytes of a file.
const FILE_BYTES: u64 = 1 << 20;
/// Most files that are read.
const FILES: usize = 1_000;
/// Deepest folder below `prompts`.
const DEPTH: usize = 8;

/// Whether a path is the folder of a definition.
pub fn is_definition(path: &Path) -> bool {
    path.is_dir() && (path.join(SETTINGS).exists() || path.join(PROTOCOL).exists())
}

/// Reads the definition in a folder, and makes an agent of it. All that is wrong with it is told, files as they are in the
/// folder.
///
/// # Errors
/// `not_found` when it is no folder of a definition; `unavailable` when a file cannot be read.
pub fn read(folder: &Path) -> Result<(Option<Agent>, Vec<Fault>)> {
    let mut reader = Reader { folder, faults: Faults::default(), files: 0 };
    let settings_text = reader.needed(SETTINGS)?;
    let protocol = reader.needed(PROTOCOL)?;
    let read = reader.settings(&settings_text);
    let is_json = read.is_some();
    let (settings, lines) = read.unwrap_or_default();
    let mut prompts = Vec::new();
    reader.prompts(&folder.join("prompts"), "", 0, &mut prompts)?;
    let references = reader.references()?;
    let source = Source { settings, protocol, prompts, references };
    let is_broken = reader.faults.any_error();
    let (agent, mut faults) = compile(&source);
    for fault in faults.iter_mut().filter(|fault| fault.file == SETTINGS) {
        let key = fault.path.strip_prefix("settings.").unwrap_or_default();
        fault.line = lines.iter().find(|(name, _)| name == key).map(|(_, line)| *line).or(Some(1));
    }
    // What could not be read at all is not told again as missing.
    let mut all = reader.faults.into_sorted();
    faults.retain(|fault| {
        let is_told = all.iter().any(|told| told.is_error() && told.file == fault.file && told.path == fault.path);
        !is_told && (is_json || fault.file != SETTINGS)
    });
    all.extend(faults);
    faults::sort(&mut all);
    Ok((agent.filter(|_| !is_broken), all))
}

struct Reader<'f> {
    folder: &'f Path,
    faults: Faults,
    files: usize,
}

impl Reader<'_> {
    fn needed(&mut self, name: &str) -> Result<String> {
        let path = self.folder.join(name);
        if !path.exists() {
            let folder = printable(&self.folder.to_string_lossy());
            return Err(Error::not_found("file", printable(&path.to_string_lossy()))
                .hint(format!("{folder} is no folder of a definition: it needs `{SETTINGS}` and `{PROTOCOL}`")));
        }
        self.text(&path)
    }

    fn text(&mut self, path: &Path) -> Result<String> {
        let shown = || printable(&path.to_string_lossy());
        let cannot = |error: std::io::Error| {
            Error::new(ErrorCode::Unavailable, format!("{} cannot be read: {error}", shown())).hint("check its permissions")
        };
        self.files += 1;
        if self.files > FILES {
            return Err(Error::new(ErrorCode::TooLarge, format!("there are more than {FILES} files at {}", shown())));
        }
        let mut bytes = Vec::new();
        fs::File::open(path).map_err(cannot)?.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(cannot)?;
        if bytes.len() as u64 > FILE_BYTES {
            return Err(Error::new(ErrorCode::TooLarge, format!("{} is larger than {FILE_BYTES} bytes", shown())));
        }
        String::from_utf8(bytes).map_err(|_| Error::invalid(format!("{} is no text in UTF-8", shown())))
    }

    /// The settings, and the line of each key; nothing when they are no JSON.
    fn settings(&mut self, text: &str) -> Option<(Settings, Vec<(String, usize)>)> {
        let mut wrong = |line, path: &str, message: &str| self.faults.tell(Severity::Error, SETTINGS, line, path, message);
        let value: Value = match serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
            Ok(value) => value,
            Err(error) => {
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or_default();
                wrong(Some(error.line()), "", &format!("it is no JSON: {message}"));
                return None;
            }
        };
        let lines: Vec<(String, usize)> = match read_yaml(text).map(|node| node.kind) {
            Ok(NodeKind::Table(entries)) => entries.into_iter().map(|(name, node)| (name, node.line)).collect(),
            _ => Vec::new(),
        };
        let mut text_of = |key: &str| match &value[key] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            _ => {
                let line = lines.iter().find(|(name, _)| name == key).map(|(_, line)| *line);
                wrong(line, &format!("settings.{key}"), "must be a text");
                String::new()
            }
        };
        let (slug, name, format) = (text_of("slug"), text_of("name"), text_of("format"));
        let description = Some(text_of("description")).filter(|text| !text.is_empty());
        Some((Settings { slug, name, description, format }, lines))
    }

    /// The Markdown files of a folder and its folders, in the order of their names. Links are not followed: they may lead
    /// out of the folder.
    fn entries(&mut self, folder: &Path, shown: &str) -> Result<Vec<(String, PathBuf, bool)>> {
        let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for entry in entries.take(FILES) {
            let entry = entry.map_err(|error| {
                Error::new(
                    ErrorCode::Unavailable,
                    format!("{} cannot be read: {error}", printable(&folder.to_string_lossy())),
                )
            })?;
            let Ok(kind) = entry.file_type() else { continue };
            let name = entry.file_name().to_string_lossy().into_owned();
            if kind.is_symlink() {
                let message = "is a symbolic link, and is not read";
                self.faults.tell(Severity::Warning, &format!("{shown}/{name}"), None, "", message);
            } else if kind.is_dir() || name.ends_with(".md") {
                found.push((name, entry.path(), kind.is_dir()));
            }
        }
        found.sort();
        Ok(found)
    }

    fn prompts(&mut self, folder: &Path, below: &str, depth: usize, prompts: &mut Vec<Prompt>) -> Result<()> {
        for (name, path, is_folder) in self.entries(folder, &format!("prompts{below}"))? {
            if is_folder {
                if depth < DEPTH {
                    self.prompts(&path, &format!("{below}/{name}"), depth + 1, prompts)?;
                }
                continue;
            }
            let name = format!("{below}/{}", name.trim_end_matches(".md"));
            prompts.push(Prompt { name: name.trim_start_matches('/').to_owned(), content: self.text(&path)? });
        }
        Ok(())
    }

    fn references(&mut self) -> Result<Vec<Reference>> {
        let mut references = Vec::new();
        for (name, path, is_folder) in self.entries(&self.folder.join("references"), "references")? {
            if is_folder {
                continue;
            }
            let text = self.text(&path)?;
            let name = name.trim_end_matches(".md").to_owned();
            let (description, content) = self.front_matter(&name, &text);
            references.push(Reference { name, description, content });
        }
        Ok(references)
    }

    /// The description of a reference, and its text.
    fn front_matter(&mut self, name: &str, text: &str) -> (String, String) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
        let Some((front, rest)) = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---")) else {
            return (String::new(), text.trim().to_owned());
        };
        let (file, path) = (format!("references/{name}.md"), format!("references.{name}"));
        let description = match read_yaml(front) {
            Ok(node) => node.to_value()["description"].as_str().unwrap_or_default().trim().to_owned(),
            Err(wrong) => {
                let line = wrong.line.map(|line| line + 1);
                self.faults.tell(Severity::Error, &file, line, &path, &faults::of_yaml(&wrong));
                String::new()
            }
        };
        let rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        (description, rest.trim().to_owned())
    }
}
