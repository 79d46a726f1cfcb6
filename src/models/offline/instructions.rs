//! How to build, run, test or install: what the documents and manifests say.

use super::outline;
use super::prose::{self, shown};
use super::question::Question;
use super::reach;
use super::resolve;
use super::rules::Ruling;
use super::turn::Turn;
use super::values;

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
pub(super) fn answer(question: &Question, turn: &Turn<'_>) -> Ruling {
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
