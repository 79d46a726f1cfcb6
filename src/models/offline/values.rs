//! Values by their keys: in a file that is named, in the manifests of the project, in any file.

use super::dependencies;
pub(super) use super::pairs::{Pair, pairs};
use super::prose::{self, shown, stem};
use super::question::Question;
use super::reach::{self, FileText, Search, escaped};
use super::resolve;
use super::rules::Ruling;
use super::turn::{Stop, Turn};
use super::vocabulary::{MANIFESTS, SYNONYMS};

/// Most files of settings that are read for one question.
const MAX_SETTINGS: usize = 8;

/// The words of a question that name a key.
fn key_words(question: &Question, path: Option<&str>) -> Vec<String> {
    let file: Vec<String> = path.map(prose::plain_words).unwrap_or_default();
    const COMMON: [&str; 17] = [
        "value",
        "setting",
        "configured",
        "key",
        "defined",
        "current",
        "package",
        "crate",
        "config",
        "configuration",
        "default",
        "number",
        "field",
        "option",
        "declared",
        "program",
        "app",
    ];
    let words = question
        .words
        .iter()
        .filter(|word| !word.is_path())
        .filter(|word| word.quoted || !super::vocabulary::STOPWORDS.contains(&word.low.as_str()));
    let words =
        words.flat_map(|word| prose::plain_words(if word.quoted || word.raw.contains('.') { &word.raw } else { &word.low }));
    let mut found: Vec<String> = Vec::new();
    // "Repository" is a common word for the workspace, unless its address is asked for.
    if question.says_any(&["repository url", "repo url", "url of the repository", "url of the repo", "repository link"]) {
        found.push("repository".to_owned());
    }
    for word in words {
        if !COMMON.contains(&word.as_str())
            && (!file.contains(&word) || word.len() > 4 && question.quoted().len() == 1)
            && !found.contains(&word)
        {
            found.push(word);
        }
    }
    found
}

fn means(word: &str, token: &str) -> bool {
    let same = stem(word) == stem(token) || word.len() >= 4 && token.starts_with(word);
    same || SYNONYMS.iter().any(|(name, others)| *name == word && others.iter().any(|other| stem(other) == stem(token)))
}

/// The pairs whose keys fit the words best.
pub(super) fn best(pairs: &[Pair], words: &[String]) -> Vec<Pair> {
    if words.is_empty() {
        return Vec::new();
    }
    let score = |pair: &Pair| {
        let tokens = prose::plain_words(&pair.key);
        let last = prose::plain_words(pair.key.rsplit('.').next().unwrap_or_default());
        let covered = |word: &&String| tokens.iter().any(|token| means(word, token));
        let hits = words.iter().filter(covered).count();
        let generic =
            |word: &&String| matches!(word.as_str(), "version" | "name" | "number" | "url" | "address" | "project");
        let needed = words.iter().filter(|word| !generic(word)).count();
        let special = words.iter().filter(|word| !generic(word)).filter(covered).count();
        let in_last = words.iter().any(|word| last.iter().any(|token| means(word, token)));
        let extra = tokens.len().saturating_sub(hits);
        let main = usize::from(
            ["package.", "project.", "tool.poetry.", "workspace.package."].iter().any(|lead| pair.key.starts_with(lead))
                || !pair.key.contains('.'),
        );
        let rank = if hits == words.len() && in_last {
            3_000
        } else if hits == words.len() {
            2_000
        } else if needed > 0 && special == needed && (in_last || needed > 1) {
            1_000
        } else {
            return None;
        };
        Some(rank + main * 100 + 99_usize.saturating_sub(extra * 5))
    };
    let scored: Vec<(usize, &Pair)> = pairs.iter().filter_map(|pair| score(pair).map(|score| (score, pair))).collect();
    let Some(top) = scored.iter().map(|(score, _)| *score).max() else { return Vec::new() };
    scored.into_iter().filter(|(score, _)| *score == top).map(|(_, pair)| pair.clone()).take(8).collect()
}

fn told(path: &str, pairs: &[Pair]) -> String {
    match pairs {
        [only] => format!("`{}` is {} (`{path}` line {}).", only.key, shown(&only.value), only.line),
        several => several
            .iter()
            .map(|pair| format!("- `{}` is {} (`{path}` line {})", pair.key, shown(&pair.value), pair.line))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

/// Looks a value up in text that came with the prompt.
pub(super) fn in_given(question: &Question, lines: &[String]) -> Option<String> {
    if !asks(question) {
        return None;
    }
    let first = lines.iter().find(|line| !line.trim().is_empty()).map_or("", |line| line.trim());
    let kind = match first.chars().next() {
        Some('{') => "x.json",
        Some('[') if first.ends_with(']') => "x.toml",
        Some('[') => "x.json",
        _ => "x.txt",
    };
    let words: Vec<String> = key_words(question, None)
        .into_iter()
        .filter(|word| !matches!(word.as_str(), "text" | "json" | "yaml" | "input" | "stdin"))
        .collect();
    let found = best(&pairs(kind, lines), &words);
    (!found.is_empty()).then(|| {
        found
            .iter()
            .map(|pair| format!("`{}` is {} (line {}).", pair.key, shown(&pair.value), pair.line))
            .collect::<Vec<_>>()
            .join("\n")
    })
}

fn asks(question: &Question) -> bool {
    question.begins(&[
        "what", "which", "who", "when", "how much", "how old", "how long", "tell", "give", "show", "get", "find", "extract",
        "print", "is the", "value", "where", "under", "look up", "version", "license", "author", "name", "list", "do",
        "does", "how many",
    ]) || question.words.len() <= 4
}

/// What projects say about themselves in their manifests.
const FACTS: &[&str] = &[
    "version",
    "license",
    "licence",
    "licensed",
    "author",
    "authors",
    "maintainer",
    "maintainers",
    "wrote",
    "maintains",
    "created this",
    "made this",
    "written by",
    "homepage",
    "repository url",
    "edition",
    "name of the project",
    "name of the package",
    "name of this project",
    "project name",
    "package name",
    "crate name",
    "name of the crate",
    "project called",
    "package called",
    "crate called",
    "rust version",
    "msrv",
    "entry point",
    "keywords",
];

pub(super) fn answer(question: &Question, turn: &Turn<'_>) -> Ruling {
    if dependencies::is_about_one(question) {
        let told = dependencies::version(question, &manifests(turn, question)?);
        if told.is_some() {
            return Ok(told);
        }
    }
    if !asks(question)
        || question.text_given.is_some()
        || question.begins(&["what does", "what is in", "what do", "how do", "how does", "show me how"])
            && !question.says_any(&["depend", "dependencies"])
    {
        return Ok(None);
    }
    if let Some(name) = question.target() {
        if question.says_any(&["how many", "lines", "what is in", "contents", "summary", "about", "say", "purpose"])
            && !question.says_any(&["dependencies"])
        {
            return Ok(None);
        }
        let words = key_words(question, Some(&name));
        if words.is_empty() || question.begins(&["show", "read", "print", "open"]) && words.len() > 4 {
            return Ok(None);
        }
        let file = resolve::open(turn, &name)?;
        if question.says_any(&["dependencies", "dependency", "depends", "depend"]) {
            return Ok(Some(dependencies::told(question, std::slice::from_ref(&file))));
        }
        let found = best(&pairs(&file.path, &file.lines), &words);
        return Ok((!found.is_empty()).then(|| told(&file.path, &found) + &file.caveat()));
    }
    let dependencies_asked =
        question.says_any(&["dependencies", "dependency", "depends", "depend", "libraries", "crates", "packages"])
            && !question.says_any(&["where", "defined", "install"]);
    let scripts = question.says_any(&["scripts", "npm scripts"]);
    if question.says_any(FACTS) || dependencies_asked || scripts {
        let manifests = manifests(turn, question)?;
        if !manifests.is_empty() {
            if question.says("packages") && question.says_any(&["monorepo", "workspaces"]) {
                return Ok(Some(dependencies::packages(&manifests)));
            }
            if dependencies_asked {
                return Ok(Some(dependencies::told(question, &manifests)));
            }
            let mut words: Vec<String> = key_words(question, None)
                .into_iter()
                .map(|word| match word.as_str() {
                    "called" => "name".to_owned(),
                    "licensed" | "licence" => "license".to_owned(),
                    "msrv" => "rust".to_owned(),
                    other => other.to_owned(),
                })
                .collect();
            words.dedup();
            if question.says_any(&["rust version", "python version", "node version", "version of rust", "version of python"])
            {
                words.retain(|word| !matches!(word.as_str(), "minimum" | "required" | "supported" | "needed"));
            }
            if words.is_empty() {
                words.push("name".to_owned());
            }
            let mut texts = Vec::new();
            for file in manifests.iter().filter(|file| MANIFESTS.contains(&prose::base(&file.path).as_str())) {
                let all = pairs(&file.path, &file.lines);
                let all = if prose::base(&file.path) == "go.mod" { go_pairs(&file.lines) } else { all };
                let found = best(&all, &words);
                if !found.is_empty() {
                    texts.push(told(&file.path, &found));
                }
            }
            if question.says_any(&["license", "licence", "licensed"])
                && let Some(file) = manifests.iter().find(|file| is_license(&file.path))
            {
                let first =
                    file.lines.iter().find(|line| !line.trim().is_empty()).map(|line| shown(line)).unwrap_or_default();
                texts.push(format!("`{}` begins with: {first}", file.path));
            }
            if question.says("version")
                && texts.is_empty()
                && let Some(file) = manifests.iter().find(|file| prose::base(&file.path).starts_with("version"))
            {
                texts.push(format!("`{}` says: {}", file.path, shown(&file.lines.join(" "))));
            }
            if !texts.is_empty() {
                return Ok(Some(texts.join("\n")));
            }
            if question.says_any(&[
                "author",
                "authors",
                "wrote",
                "maintainer",
                "maintainers",
                "maintains",
                "created this",
                "made this",
            ]) {
                let found = reach::search(turn, &Search::pattern(r"copyright\s+(\(c\)|©|\d)"))?;
                let lines = super::searching::list(&found, 5);
                return Ok((!found.hits.is_empty())
                    .then(|| format!("The manifests name no author. These lines claim a copyright:{lines}")));
            }
        }
    }
    anywhere(question, turn)
}

fn is_license(path: &str) -> bool {
    let base = prose::base(path);
    base.starts_with("license") || base.starts_with("licence") || base.starts_with("copying")
}

fn go_pairs(lines: &[String]) -> Vec<Pair> {
    let pair = |(at, line): (usize, &String)| {
        let (key, value) = line.trim().split_once(' ')?;
        let key = if key == "module" { "name" } else { key };
        Some(Pair { key: key.to_owned(), value: value.to_owned(), line: at + 1 })
    };
    lines.iter().enumerate().filter_map(pair).collect()
}

/// The manifests of the project, read: at most four, the outermost first; the licence too when it is asked for.
pub(super) fn manifests(turn: &Turn<'_>, question: &Question) -> Result<Vec<FileText>, Stop> {
    let all = resolve::all(turn)?;
    let rank = |path: &str| MANIFESTS.iter().position(|name| *name == prose::base(path));
    let mut found: Vec<(usize, usize, String)> = all
        .files()
        .filter_map(|entry| rank(&entry.path).map(|rank| (entry.path.matches('/').count(), rank, entry.path.clone())))
        .filter(|(depth, _, _)| *depth <= 2)
        .collect();
    found.sort();
    let outermost = found.first().map_or(0, |(depth, _, _)| *depth);
    // What a project is told by its outermost manifests, what it depends on by all.
    let all_of_them = dependencies::is_about_one(question)
        || question.says_any(&["depend", "depends", "dependencies", "dependency", "packages", "libraries"]);
    let (deepest, most) = if all_of_them { (2, 16) } else { (outermost.max(1), 4) };
    let mut paths: Vec<String> =
        found.into_iter().filter(|(depth, _, _)| *depth <= deepest).map(|(_, _, path)| path).take(most).collect();
    if question.says_any(&["license", "licence", "licensed"]) {
        paths.extend(
            all.files()
                .filter(|entry| is_license(&entry.path) && !entry.path.contains('/'))
                .map(|entry| entry.path.clone())
                .take(2),
        );
    }
    if paths.is_empty() { Ok(Vec::new()) } else { reach::read_several(turn, &paths) }
}

/// Lines of any file that give a value to what the question names: "what is the port", "what is the database url".
fn anywhere(question: &Question, turn: &Turn<'_>) -> Ruling {
    let words = key_words(question, None);
    let asks = question.begins(&[
        "what is",
        "what are",
        "which",
        "who is",
        "when is",
        "what was",
        "tell",
        "value",
        "what port",
        "what",
    ]) && !question.says_any(&[
        "what does",
        "how",
        "difference",
        "purpose",
        "kind of",
        "type of",
        "language",
        "languages",
        "framework",
    ]);
    let code = question
        .words
        .iter()
        .any(|word| word.raw.chars().skip(1).any(char::is_uppercase) && word.raw.chars().any(char::is_lowercase));
    if !asks || code || words.is_empty() || words.len() > 3 || !turn.offers("search_files") {
        return Ok(None);
    }
    let forms = |word: &String| {
        let mut forms = vec![escaped(word)];
        forms.extend(
            SYNONYMS
                .iter()
                .filter(|(name, _)| name == word)
                .flat_map(|(_, others)| others.iter().map(|other| escaped(other))),
        );
        if forms.len() == 1 { forms.remove(0) } else { format!("({})", forms.join("|")) }
    };
    let key = words.iter().map(forms).collect::<Vec<_>>().join(r"\w*[ _./-]*");
    let pattern = format!(r#"(^|[^A-Za-z]){key}\w*["'`*)]*\s*(:=|=>|=|:|\|)\s*["'`*]*[\w/$<(\[{{+.-]"#);
    let found = reach::search(turn, &Search::pattern(pattern))?;
    let data = |path: &str| {
        !prose::base(path).contains(".lock")
            && !prose::base(path).contains("-lock")
            && !prose::base(path).ends_with(".min.js")
    };
    let mut hits: Vec<_> = found.hits.iter().filter(|hit| data(&hit.path)).collect();
    let config = |path: &str| {
        matches!(
            prose::extension(path).as_str(),
            "toml" | "yaml" | "yml" | "json" | "ini" | "cfg" | "conf" | "env" | "properties" | "md" | "txt" | ""
        )
    };
    hits.sort_by_key(|hit| !config(&hit.path));
    if hits.is_empty() {
        return if words.len() > 1 { in_settings(turn, &words) } else { Ok(None) };
    }
    let lines: Vec<String> =
        hits.iter().take(10).map(|hit| format!("- `{}:{}`: {}", hit.path, hit.line, shown(&hit.text))).collect();
    let more = hits.len().saturating_sub(10);
    let more = if more > 0 { format!("\n… and {more} more.") } else { String::new() };
    Ok(Some(format!(
        "{} to \"{}\":\n{}{more}",
        if hits.len() == 1 { "I found this line, which gives a value" } else { "I found these lines, which give a value" },
        words.join(" "),
        lines.join("\n")
    )))
}

/// The files of settings, whose keys may lie in one another: "what port does the server use" is `server.port`.
fn in_settings(turn: &Turn<'_>, words: &[String]) -> Ruling {
    if !turn.offers("find_files") {
        return Ok(None);
    }
    let found = reach::find(turn, "*.{toml,yaml,yml,json,ini,cfg,conf,env,properties}")?;
    let lock = |path: &str| prose::base(path).contains("lock");
    let mut paths: Vec<String> = found.files().map(|entry| entry.path.clone()).filter(|path| !lock(path)).collect();
    paths.sort_by_key(|path| (path.matches('/').count(), path.clone()));
    paths.truncate(MAX_SETTINGS);
    if paths.is_empty() {
        return Ok(None);
    }
    let mut texts = Vec::new();
    for file in reach::read_several(turn, &paths)? {
        let fits = |pair: &Pair| {
            let tokens = prose::plain_words(&pair.key);
            words.iter().all(|word| tokens.iter().any(|token| means(word, token)))
        };
        let all: Vec<Pair> = pairs(&file.path, &file.lines).into_iter().filter(fits).collect();
        let best = best(&all, words);
        if !best.is_empty() {
            texts.push(told(&file.path, &best));
        }
    }
    Ok((!texts.is_empty()).then(|| texts.join("\n")))
}
