//! Summing up by extraction: a file, the project, something defined in code; and how to build or run.

use super::extraction;
use super::outline;
use super::prose::{self, plural, shown};
use super::question::Question;
use super::reach::{self, FileText, Search};
use super::resolve;
use super::rules::Ruling;
use super::searching::{definition_pattern, subject};
use super::tables::Table;
use super::turn::{Stop, Turn};
use super::values;
use super::vocabulary::LANGUAGES;

/// Lines before a definition that may hold its comment, and lines of it that are shown.
const BEFORE: usize = 12;
const BEHIND: usize = 25;

pub(super) fn answer(question: &Question, turn: &Turn<'_>) -> Ruling {
    let says = |phrases: &[&str]| question.says_any(phrases);
    if question.text_given.is_some() {
        return Ok(None);
    }
    let sums = says(&[
        "summarise",
        "summarize",
        "summary",
        "sum up",
        "describe",
        "explain",
        "purpose",
        "overview",
        "what is this",
        "gist",
        "tldr",
        "what are these",
    ]) || says(&["what does", "what do", "what is"]) && says(&["do", "about", "for"])
        || says(&["about"])
            && question.begins(&["what is", "tell me", "tell", "what"])
            && !says(&["say about", "says about", "said about"]);
    let project = says(&[
        "project",
        "repo",
        "repository",
        "codebase",
        "workspace",
        "folder",
        "directory",
        "package",
        "crate",
        "application",
        "app",
        "program",
        "software",
        "library",
    ]) || says(&["what is this", "what is it about", "what is here"]) && question.words.len() <= 6;
    if let Some(name) = question.target().filter(|_| !says(&["say about", "says about"])) {
        if sums {
            return Ok(Some(of_file(&resolve::open(turn, &name)?)));
        }
        return Ok(None);
    }
    if says(&["language", "languages"])
        && says(&["written", "programming", "used", "use", "which", "what"])
        && !says(&["where", "version"])
    {
        return languages(turn).map(Some);
    }
    if let Some(text) = how_to(question, turn)? {
        return Ok(Some(text));
    }
    let named = if sums
        && !says(&[
            "this project",
            "this repo",
            "this repository",
            "this codebase",
            "the project",
            "the codebase",
            "the repository",
        ]) {
        subject(question)
    } else {
        String::new()
    };
    let name = named.split_whitespace().find(|word| {
        looks_like_code(word)
            || !project
                && (question.quoted().contains(word)
                    || says(&["function", "struct", "class", "method", "trait", "enum", "module"]))
    });
    if let Some(name) = name {
        return definition(turn, name).map(Some);
    }
    if let Some(folder) =
        question.folder().filter(|folder| sums && folder != "." && says(&["folder", "directory", "module"]))
    {
        return of_folder(turn, &folder).map(Some);
    }
    let means = sums
        || says(&["what does", "what is", "what are"]) && says(&["represent", "mean", "stand for", "represents", "means"]);
    let capital = subject(question);
    let capitalised = capital.starts_with(char::is_uppercase) && capital.split_whitespace().count() <= 2;
    if means && !project && question.words.len() <= 8 && capitalised {
        let name = capital.split_whitespace().next().unwrap_or_default();
        if !reach::search(turn, &Search::pattern(definition_pattern(name)))?.hits.is_empty() {
            return definition(turn, name).map(Some);
        }
    }
    let generic = [
        "project",
        "about",
        "summary",
        "purpose",
        "overview",
        "gist",
        "tldr",
        "package",
        "crate",
        "application",
        "app",
        "program",
        "software",
        "library",
        "brief",
        "briefly",
        "short",
        "main",
        "sum",
        "goal",
        "quick",
        "high",
        "level",
        "whole",
        "entire",
        "general",
        "sentence",
        "sentences",
        "two",
        "three",
        "few",
        "words",
        "paragraph",
        "bullet",
        "points",
    ];
    let only_project = question.significant().iter().all(|word| generic.contains(&word.trim_matches(['?', '.'])))
        && (project || says(&["what is this", "this about", "summarise", "summarize", "overview"]));
    if sums && only_project
        || project
            && question.begins(&["what kind of", "what type of", "describe", "summarise", "summarize", "explain"])
            && question.significant().len() <= 1
    {
        return of_project(turn, question).map(Some);
    }
    Ok(None)
}

fn looks_like_code(word: &str) -> bool {
    word.contains('_')
        || word.ends_with("()")
        || word.contains("::")
        || word.chars().skip(1).any(char::is_uppercase) && word.chars().any(char::is_lowercase)
}

/// What a file says about itself.
pub(super) fn of_file(file: &FileText) -> String {
    let extension = prose::extension(&file.path);
    let size = match file.total {
        Some(total) => plural(total, "line", "lines"),
        None => format!("at least {}", plural(file.lines.len(), "line", "lines")),
    };
    let mut parts = vec![format!("`{}` ({size}), by extraction:", file.path)];
    let items = outline::of(&file.path, &file.lines);
    match extension.as_str() {
        "csv" | "tsv" => {
            let table = Table::read(&file.lines);
            parts.push(format!(
                "A table with {} ({}) and {}.",
                plural(table.columns.len(), "column", "columns"),
                table.columns.join(", "),
                plural(table.rows.len(), "row", "rows")
            ));
        }
        "toml" | "json" | "yaml" | "yml" | "ini" | "cfg" | "conf" => {
            let pairs = values::pairs(&file.path, &file.lines);
            let telling = ["name", "version", "description", "title", "license", "main", "type"];
            for pair in pairs
                .iter()
                .filter(|pair| {
                    telling.contains(&pair.key.rsplit('.').next().unwrap_or_default()) && pair.key.matches('.').count() <= 1
                })
                .take(8)
            {
                parts.push(format!("- `{}` is {} (line {})", pair.key, shown(&pair.value), pair.line));
            }
            parts.push(format!(
                "It has {} at its top: {}.",
                plural(items.len(), "entry", "entries"),
                items.iter().take(30).map(|item| item.name.as_str()).collect::<Vec<_>>().join(", ")
            ));
        }
        _ => {
            let comment = leading_comment(&file.lines);
            let code = items.iter().any(|item| item.kind != "heading");
            if !comment.is_empty() && (code || !matches!(extension.as_str(), "md" | "markdown" | "txt" | "")) {
                parts.push(format!("It opens with: {}", prose::sentences(&comment, 4)));
            } else if !code {
                parts.extend(first_prose(&file.lines));
            }
            if !items.is_empty() {
                let heading = if code { "It defines" } else { "Its headings" };
                parts.push(format!(
                    "{heading}, going by its lines:\n{}",
                    extraction::shown(items.get(..items.len().min(40)).unwrap_or_default())
                ));
            }
        }
    }
    if parts.len() == 1 {
        parts.extend(
            file.lines.iter().filter(|line| !line.trim().is_empty()).take(5).map(|line| format!("- {}", shown(line))),
        );
    }
    parts.join("\n") + &file.caveat()
}

/// The first paragraph with two or three sentences of it, and one of each of the next.
fn first_prose(lines: &[String]) -> Vec<String> {
    let paragraphs = prose::paragraphs(lines);
    let long: Vec<&(usize, String)> = paragraphs.iter().filter(|(_, text)| text.split_whitespace().count() >= 5).collect();
    let mut parts = Vec::new();
    if let Some((line, text)) = long.first() {
        parts.push(format!("{} (line {line})", prose::sentences(text, 3)));
        parts.extend(
            long.iter().skip(1).take(3).map(|(line, text)| format!("- {} (line {line})", prose::sentences(text, 1))),
        );
    }
    if parts.is_empty() {
        parts.extend(
            lines
                .iter()
                .enumerate()
                .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
                .take(6)
                .map(|(at, line)| format!("- {} (line {})", shown(line), at + 1)),
        );
    }
    parts
}

/// The comment that a file of code begins with.
fn leading_comment(lines: &[String]) -> String {
    let mut text = Vec::new();
    let mut block: Option<&str> = None;
    for line in lines.iter().take(80) {
        let trimmed = line.trim();
        if let Some(end) = block {
            let (inside, ends) = match trimmed.split_once(end) {
                Some((inside, _)) => (inside, true),
                None => (trimmed, false),
            };
            text.push(inside.trim_start_matches('*').trim().to_owned());
            if ends {
                break;
            }
            continue;
        }
        if trimmed.is_empty() && text.is_empty()
            || trimmed.starts_with("#!")
            || trimmed.starts_with("# -*-")
            || trimmed == "'use strict';"
            || trimmed.starts_with("<?php")
            || trimmed.starts_with("package ")
        {
            continue;
        }
        if let Some((open, close)) = [("\"\"\"", "\"\"\""), ("'''", "'''"), ("/*", "*/"), ("<!--", "-->")]
            .into_iter()
            .find(|(open, _)| trimmed.starts_with(open))
        {
            let inside = trimmed.get(open.len()..).unwrap_or_default().trim_start_matches(['*', '!']);
            match inside.split_once(close) {
                Some((inside, _)) => {
                    text.push(inside.trim().to_owned());
                    break;
                }
                None => {
                    text.push(inside.trim().to_owned());
                    block = Some(close);
                }
            }
            continue;
        }
        let inside = ["//!", "///", "//", "--", "#", ";;"].iter().find_map(|sign| trimmed.strip_prefix(sign));
        match inside {
            Some(inside)
                if !trimmed.starts_with("#[") && !trimmed.starts_with("#include") && !trimmed.starts_with("#define") =>
            {
                text.push(inside.trim().to_owned())
            }
            _ => break,
        }
    }
    text.join(" ").trim().to_owned()
}

/// Something defined in code: its comment, its first lines.
fn definition(turn: &Turn<'_>, name: &str) -> Result<String, Stop> {
    let name = name.trim_end_matches("()").rsplit("::").next().unwrap_or(name);
    let found = reach::search(turn, &Search::pattern(definition_pattern(name)))?;
    let Some(hit) = found.hits.first() else {
        let mentions = reach::search(turn, &Search::literal(name))?;
        return Ok(if mentions.hits.is_empty() {
            format!("I do not know: I found neither a definition nor any mention of `{name}` in the workspace.")
        } else {
            format!(
                "I do not know what `{name}` does: I found no line that looks like its definition. These mention it:{}",
                super::searching::list(&mentions, 10)
            )
        });
    };
    let first = hit.line.saturating_sub(BEFORE).max(1);
    let page = reach::read(turn, &hit.path, first, Some(BEFORE + BEHIND))?;
    let at = (hit.line - first).min(page.lines.len());
    let is_comment = |line: &String| {
        let line = line.trim();
        line.starts_with("//")
            || line.starts_with('#')
            || line.starts_with('*')
            || line.starts_with("/*")
            || line.starts_with("--")
            || line.starts_with('@')
    };
    let comment = page.lines.get(..at).unwrap_or_default().iter().rev().take_while(|line| is_comment(line)).count();
    let indent = |line: &String| line.len() - line.trim_start().len();
    let own = page.lines.get(at).map_or(0, indent);
    let body = page.lines.get(at + 1..).unwrap_or_default();
    let end = body
        .iter()
        .position(|line| !line.trim().is_empty() && indent(line) <= own && !line.trim_start().starts_with(['{', ')', ']']))
        .map_or(body.len(), |end| {
            if body.get(end).is_some_and(|line| line.trim().starts_with('}') || line.trim() == "end") {
                end + 1
            } else {
                end
            }
        });
    let text = page.lines.get(at - comment..(at + 1 + end).min(page.lines.len())).unwrap_or_default().join("\n");
    let others = found.hits.len() - 1;
    let others = if others > 0 {
        format!(
            "\n\nAlso:{}",
            super::searching::list(
                &reach::Hits { hits: found.hits.iter().skip(1).take(5).cloned().collect(), cut: None },
                5
            )
        )
    } else {
        String::new()
    };
    Ok(format!(
        "`{name}` is defined in `{}` line {}. I cannot explain code, but this is how it stands there:\n\n{}{others}",
        hit.path,
        hit.line,
        text.trim_end()
    ))
}

fn of_folder(turn: &Turn<'_>, folder: &str) -> Result<String, Stop> {
    let listing = reach::list(turn, folder, true)?;
    let telling = |path: &&str| {
        matches!(
            prose::base(path).as_str(),
            "readme.md"
                | "readme"
                | "mod.rs"
                | "lib.rs"
                | "main.rs"
                | "__init__.py"
                | "index.js"
                | "index.ts"
                | "main.py"
                | "main.go"
                | "package.json"
        )
    };
    let paths: Vec<String> =
        listing.files().map(|entry| entry.path.as_str()).filter(telling).take(4).map(str::to_owned).collect();
    let mut parts = vec![format!(
        "`{folder}` holds {}:\n{}",
        plural(listing.files().count(), "file", "files"),
        super::listing::by_ending(&listing)
    )];
    if !paths.is_empty() {
        parts.extend(reach::read_several(turn, &paths)?.iter().map(of_file));
    }
    Ok(parts.join("\n\n") + &listing.caveat())
}

fn of_project(turn: &Turn<'_>, question: &Question) -> Result<String, Stop> {
    let all = resolve::all(turn)?;
    if all.entries.is_empty() {
        return Ok(format!("The workspace holds no files, so I cannot say.{}", all.caveat()));
    }
    let readme = all
        .files()
        .find(|entry| !entry.path.contains('/') && prose::base(&entry.path).starts_with("readme"))
        .map(|entry| entry.path.clone());
    let readme_text = match &readme {
        Some(path) => reach::read(turn, path, 1, None).map(Some),
        None => Ok(None),
    };
    let manifests = values::manifests(turn, question);
    let (readme_text, manifests) = match (readme_text, manifests) {
        (Ok(readme), Ok(manifests)) => (readme, manifests),
        (Err(Stop::Failed(_)), Ok(manifests)) => (None, manifests),
        (Err(stop), _) | (_, Err(stop)) => return Err(stop),
    };
    let mut parts = Vec::new();
    if let Some(file) = readme_text {
        let title = outline::of(&file.path, &file.lines).into_iter().find(|item| item.kind == "heading");
        let text = first_prose(&file.lines);
        let title = title.map(|title| format!("\"{}\". ", title.name)).unwrap_or_default();
        parts.push(format!("`{}`: {title}{}", file.path, text.join("\n")));
    }
    for file in &manifests {
        let pairs = values::pairs(&file.path, &file.lines);
        let telling: Vec<String> = pairs
            .iter()
            .filter(|pair| {
                matches!(
                    pair.key.as_str(),
                    "name"
                        | "version"
                        | "description"
                        | "package.name"
                        | "package.version"
                        | "package.description"
                        | "project.name"
                        | "project.version"
                        | "project.description"
                        | "tool.poetry.name"
                        | "tool.poetry.description"
                        | "workspace.members"
                        | "workspaces"
                )
            })
            .map(|pair| format!("{}: {}", pair.key, shown(&pair.value)))
            .collect();
        if !telling.is_empty() {
            parts.push(format!("`{}`: {}.", file.path, telling.join("; ")));
        }
    }
    let folders: Vec<&str> = all
        .entries
        .iter()
        .filter(|entry| entry.folder && !entry.path.contains('/'))
        .map(|entry| entry.path.as_str())
        .collect();
    if !folders.is_empty() {
        parts.push(format!(
            "Folders at the top: {}.",
            folders.iter().take(30).map(|folder| format!("`{folder}/`")).collect::<Vec<_>>().join(", ")
        ));
    }
    parts.push(format!(
        "{} in all, by ending:\n{}",
        plural(all.files().count(), "file", "files"),
        super::listing::by_ending(&all)
    ));
    if readme.is_none() && manifests.is_empty() {
        parts.insert(0, "I found no README and no manifest, so I can only tell what files there are.".to_owned());
    }
    Ok(parts.join("\n\n") + &all.caveat())
}

fn languages(turn: &Turn<'_>) -> Result<String, Stop> {
    let all = resolve::all(turn)?;
    let mut counts: std::collections::BTreeMap<&str, (usize, u64)> = std::collections::BTreeMap::new();
    for entry in all.files() {
        if let Some((_, name)) = LANGUAGES.iter().find(|(ending, _)| *ending == prose::extension(&entry.path)) {
            let count = counts.entry(name).or_default();
            *count = (count.0 + 1, count.1 + entry.bytes.unwrap_or(0));
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|left, right| right.1.1.cmp(&left.1.1).then(right.1.0.cmp(&left.1.0)).then(left.0.cmp(right.0)));
    if counts.is_empty() {
        return Ok(format!("I found no file with an ending of a language that I know.{}", all.caveat()));
    }
    const OTHER: [&str; 9] = ["Markdown", "TOML", "YAML", "JSON", "CSV", "XML", "plain text", "HTML", "CSS"];
    let shown = |code: bool| {
        let of = counts.iter().filter(|(name, _)| OTHER.contains(name) != code);
        of.map(|(name, (files, bytes))| format!("- {name}: {}, {bytes} bytes", plural(*files, "file", "files")))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let (code, other) = (shown(true), shown(false));
    let code = if code.is_empty() {
        "I found no file of a programming language.".to_owned()
    } else {
        format!("Code, going by the endings of the files:\n{code}")
    };
    let other = if other.is_empty() { String::new() } else { format!("\n\nBeside it:\n{other}") };
    Ok(format!("{code}{other}{}", all.caveat()))
}

/// What is usual with a manifest that is there; said as such.
fn usual(all: &reach::Listing, task: &str, read: &[String]) -> Option<String> {
    const COMMANDS: [(&str, [&str; 4]); 5] = [
        ("cargo.toml", ["cargo build", "cargo install --path .", "cargo test", "cargo run"]),
        ("package.json", ["npm run build", "npm install", "npm test", "npm start"]),
        ("go.mod", ["go build ./...", "go install ./...", "go test ./...", "go run ."]),
        ("pyproject.toml", ["python -m build", "pip install .", "python -m pytest", "python -m NAME"]),
        ("makefile", ["make", "make install", "make test", "make run"]),
    ];
    let which = ["build", "install", "test", "run"].iter().position(|name| *name == task).unwrap_or(3);
    let (path, command) = COMMANDS.iter().find_map(|(name, commands)| {
        let entry = all.files().find(|entry| prose::base(&entry.path) == *name)?;
        Some((entry.path.clone(), *commands.get(which)?))
    })?;
    Some(format!(
        "I found no instructions for that in {}. There is a `{path}`; with such a file it is usually `{command}`, but I did not check that it works here.",
        resolve::quoted(read, "and")
    ))
}

/// How to build, run, test or install: what the README's sections and the manifests say.
fn how_to(question: &Question, turn: &Turn<'_>) -> Ruling {
    const TASKS: [(&[&str], &[&str]); 5] = [
        (&["build", "compile"], &["build", "compil", "develop"]),
        (
            &["install", "installed", "installation", "set up", "setup"],
            &["install", "setup", "set up", "getting started", "quick"],
        ),
        (&["test", "tests", "tested"], &["test"]),
        (&["run", "start", "launch", "started"], &["run", "start", "usage", "quick", "launch"]),
        (&["use", "used", "usage"], &["usage", "use", "using", "quick", "example", "getting started"]),
    ];
    let asks = question.says_any(&[
        "how do i",
        "how can i",
        "how to",
        "how do you",
        "how do we",
        "how is",
        "how should",
        "how are",
        "instructions",
        "command to",
    ]);
    let task = TASKS.iter().find(|(words, _)| question.says_any(words));
    let (Some((words, sections)), true) = (task, asks) else { return Ok(None) };
    if question.significant().iter().filter(|word| !words.contains(&word.as_str())).count() > 2 {
        return Ok(None);
    }
    let all = resolve::all(turn)?;
    let telling = |path: &str| {
        let base = prose::base(path);
        path.matches('/').count() <= 1
            && (base.starts_with("readme")
                || base.starts_with("contributing")
                || base.starts_with("install")
                || matches!(
                    base.as_str(),
                    "makefile" | "justfile" | "package.json" | "cargo.toml" | "dockerfile" | "go.mod" | "pyproject.toml"
                ))
    };
    let mut paths: Vec<String> = all.files().map(|entry| entry.path.clone()).filter(|path| telling(path)).collect();
    paths.sort_by_key(|path| (path.matches('/').count(), !prose::base(path).starts_with("readme")));
    paths.truncate(5);
    if paths.is_empty() {
        return Ok(None);
    }
    let mut parts = Vec::new();
    for file in reach::read_several(turn, &paths)? {
        let base = prose::base(&file.path);
        let items = outline::of(&file.path, &file.lines);
        if base == "makefile" || base == "justfile" {
            let targets: Vec<&str> = items
                .iter()
                .filter(|item| sections.iter().any(|section| item.name.to_lowercase().contains(section)))
                .map(|item| item.name.as_str())
                .collect();
            if !targets.is_empty() {
                parts.push(format!(
                    "`{}` has the {}: {}.",
                    file.path,
                    if targets.len() == 1 { "target" } else { "targets" },
                    targets.join(", ")
                ));
            }
        } else if base == "package.json" {
            let scripts: Vec<String> = values::pairs(&file.path, &file.lines)
                .into_iter()
                .filter(|pair| pair.key.starts_with("scripts.") && sections.iter().any(|section| pair.key.contains(section)))
                .map(|pair| format!("- `{}`: {} (line {})", pair.key, shown(&pair.value), pair.line))
                .collect();
            if !scripts.is_empty() {
                parts.push(format!("`{}`:\n{}", file.path, scripts.join("\n")));
            }
        } else if let Some(at) = items.iter().position(|item| {
            item.kind == "heading" && sections.iter().any(|section| item.name.to_lowercase().contains(section))
        }) {
            let Some(item) = items.get(at) else { continue };
            let end = items
                .iter()
                .skip(at + 1)
                .find(|next| next.depth <= item.depth)
                .map_or(file.lines.len(), |next| next.line - 1);
            let section = file.lines.get(item.line..end.min(item.line + 30)).unwrap_or_default().join("\n");
            parts.push(format!("`{}` line {}, \"{}\":\n{}", file.path, item.line, item.name, section.trim()));
        } else {
            let commands =
                ["cargo ", "npm ", "make ", "pip ", "docker ", "go ", "python ", "yarn ", "pnpm ", "gradle ", "mvn ", "./"];
            let lines: Vec<String> = file
                .lines
                .iter()
                .enumerate()
                .filter(|(_, line)| {
                    commands.iter().any(|command| line.trim().trim_start_matches(['$', '`', ' ']).starts_with(command))
                        && words.iter().chain(*sections).any(|word| line.to_lowercase().contains(word))
                })
                .map(|(at, line)| format!("- line {}: {}", at + 1, shown(line)))
                .take(6)
                .collect();
            if !lines.is_empty() && base != "cargo.toml" {
                parts.push(format!("`{}`:\n{}", file.path, lines.join("\n")));
            }
        }
    }
    if parts.is_empty() {
        return Ok(usual(&all, words[0], &paths));
    }
    Ok((!parts.is_empty()).then(|| format!("This is what I found:\n\n{}", parts.join("\n\n"))))
}
