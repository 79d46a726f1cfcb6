//! Laws 7 to 10 and 12: what code may reach for, and where. Each is a path that may be mentioned in its home only.

use crate::code::Mention;
use crate::tree::{Finding, Tree};

/// Where the program writes its answer.
const OUTPUT: [&str; 2] = ["commands/output", "commands/render"];

/// Where text for people is written to stderr from inside the library, and why.
const STDERR: [(&str, &str); 1] = [("src/observe", "log lines are its task")];

/// Mentions outside of tests that break a law, with the words for it.
fn reaches(tree: &Tree, folders: &[&str], what: impl Fn(&str, &Mention) -> Option<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.code(folders) {
        for mention in code.mentions.iter().filter(|mention| !code.is_test(mention.line)) {
            findings.extend(what(&file.path, mention).map(|what| file.finding(mention.line, what)));
        }
    }
    findings.dedup();
    findings
}

/// Law 7: a match over the words for errors names them all, so that a new word is thought about everywhere.
pub fn error_words_are_matched_by_name(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.code(&["src"]) {
        for open in code.grammar.open_matches.iter().filter(|open| !code.is_test(open.line)) {
            if let Some(name) = open.enums.iter().find(|name| *name == "ErrorCode" || *name == "Cause") {
                findings.push(file.finding(open.line, format!("this arm hides words of `{name}`: name them all")));
            }
        }
    }
    findings
}

/// Law 7: the library has one error.
pub fn anyhow_stays_in_commands(tree: &Tree) -> Vec<Finding> {
    reaches(tree, &["src"], |_, mention| {
        let is_anyhow = mention.resolved.first().is_some_and(|first| first == "anyhow");
        is_anyhow.then(|| "`anyhow` is for `commands/` and tests: use `domain::Error`".to_owned())
    })
}

/// Law 8: configuration is resolved once.
pub fn the_environment_is_read_in_config(tree: &Tree) -> Vec<Finding> {
    reaches(tree, &["src", "commands"], |path, mention| {
        // Arguments are read where the program begins.
        if path == "commands/main.rs" && starts(mention, &["std", "env", "args_os"]) {
            return None;
        }
        // `env!` and `consts` are fixed when the program is built.
        if path.starts_with("src/config/") || mention.bang || starts(mention, &["std", "env", "consts"]) {
            return None;
        }
        let from = if starts(mention, &["std", "env"]) {
            "the environment"
        } else if starts(mention, &["etcetera"]) {
            "the user's folders"
        } else {
            return None;
        };
        Some(format!("`{}` reads {from}: that is for `src/config`", mention.resolved.join("::")))
    })
}

/// Law 9: stdout is the answer.
pub fn printing_stays_in_the_output(tree: &Tree) -> Vec<Finding> {
    reaches(tree, &["src", "commands"], |path, mention| {
        let name = mention.resolved.last()?.as_str();
        if mention.bang && matches!(name, "print" | "println" | "eprint" | "eprintln" | "dbg") {
            return Some(format!("`{name}!` panics on a closed pipe: write through the output of `commands/`"));
        }
        let at_home = OUTPUT.iter().any(|home| path.starts_with(home));
        if at_home || !starts(mention, &["std", "io"]) && !starts(mention, &["tokio", "io"]) {
            return None;
        }
        let stderr_home = STDERR.iter().any(|(home, _)| path.starts_with(home));
        match name {
            "stdout" | "Stdout" => Some("stdout is for the output of `commands/`".to_owned()),
            "stderr" | "Stderr" if path.starts_with("src/") && !stderr_home => {
                Some("the library does not write to stderr: log it, or return it".to_owned())
            }
            _ => None,
        }
    })
}

/// Law 10: every queue has a limit.
pub fn every_channel_is_bounded(tree: &Tree) -> Vec<Finding> {
    const UNBOUNDED: [&str; 4] = ["unbounded", "unbounded_channel", "UnboundedSender", "UnboundedReceiver"];
    reaches(tree, &["src", "commands"], |_, mention| {
        let name = mention.resolved.last()?.as_str();
        let standard = mention.resolved == ["std", "sync", "mpsc", "channel"];
        (standard || UNBOUNDED.contains(&name)).then(|| format!("`{name}` has no limit: use a bounded channel"))
    })
}

/// Files whose marks are data: what a model is asked to search for.
const MARKS_ARE_DATA: [&str; 2] = ["src/models/offline/tests/corpus.rs", "src/models/offline/tests/corpus.txt"];

/// Law 12: nothing pretends to be there.
pub fn nothing_is_left_to_do(tree: &Tree) -> Vec<Finding> {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let mut findings = Vec::new();
    for file in tree.below(&["src", "commands", "benches", "tests", "docs", ".ci"]) {
        if MARKS_ARE_DATA.contains(&file.path.as_str()) {
            continue;
        }
        for (line, text) in file.lines() {
            // In code a mark may be data, such as what a search looks for; in a comment it is a promise.
            let said = if file.code.is_some() { text.find("//").map_or("", |at| &text[at..]) } else { text };
            let words = || said.split(|character: char| !character.is_alphanumeric());
            if let Some(mark) = marks.iter().find(|mark| words().any(|word| word == **mark)) {
                findings.push(file.finding(line, format!("`{mark}`: do it, or make it an issue")));
            }
        }
        for mention in file.code.iter().flat_map(|code| &code.mentions) {
            let name = mention.resolved.last().map_or("", String::as_str);
            if mention.bang && matches!(name, "todo" | "unimplemented") {
                findings.push(file.finding(mention.line, format!("`{name}!`: answer `not_supported` instead")));
            }
        }
    }
    findings
}

fn starts(mention: &Mention, path: &[&str]) -> bool {
    mention.resolved.len() >= path.len() && mention.resolved.iter().zip(path).all(|(one, other)| one == other)
}
