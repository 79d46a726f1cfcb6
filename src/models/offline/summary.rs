//! Summing up by extraction: a file, the project, something defined in code; and how to build or run.

use super::extraction;
use super::instructions;
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
use super::vocabulary::{LANGUAGES, NOT_CODE};

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
    let code = question.begins(&["what is", "what are"]) && question.words.len() <= 5 && looks_like_code(&subject(question));
    let sums = sums || code;
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
    if let Some(text) = instructions::answer(question, turn)? {
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
    let one = says(&["what does"]) && says(&["do"]) && !capital.contains(' ');
    let capitalised =
        !capital.is_empty() && (one || capital.starts_with(char::is_uppercase) && capital.split_whitespace().count() <= 2);
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
    if sums
        && !project
        && let Some(path) = resolve::by_words(turn, question)?
    {
        return Ok(Some(of_file(&resolve::open(turn, &path)?)));
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
            let comment = prose::leading_comment(&file.lines);
            let code = items.iter().any(|item| item.kind != "heading");
            if !comment.is_empty() && (code || !matches!(extension.as_str(), "md" | "markdown" | "txt" | "")) {
                parts.push(format!("It opens with: {}", prose::sentences(&comment, 4)));
            } else if !code {
                parts.extend(first_prose(&file.lines));
            }
            let top = items.iter().filter(|item| item.depth == 0).count();
            let many = items.len() > 25 && top > 0;
            let items: Vec<outline::Item> = items.into_iter().filter(|item| !many || item.depth == 0).collect();
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
                .map(|(at, line)| format!("- {} (line {})", shown(line.trim_start_matches(['-', '*', '+', ' '])), at + 1)),
        );
    }
    parts
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
            parts.push(format!("`{}`: {}.", file.path, telling.join("; ").trim_end_matches('.')));
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
    let shown = |code: bool| {
        let of = counts.iter().filter(|(name, _)| NOT_CODE.contains(name) != code);
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
