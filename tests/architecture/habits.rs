//! Law 11 and the habits of the house: size, names, reasons, and tests that neither sleep nor are skipped.

use crate::tree::{Finding, Tree};

/// All folders with Rust code.
const CODE: [&str; 4] = ["benches", "commands", "src", "tests"];

/// Most lines of a file.
const LINES: usize = 500;

/// Most parameters of a function.
const PARAMETERS: usize = 7;

/// Ends of names that say nothing, and modules that collect what has no place.
const EMPTY_ENDS: [&str; 6] = ["Manager", "Helper", "Helpers", "Service", "Util", "Utils"];
const EMPTY_MODULES: [&str; 7] = ["common", "helper", "helpers", "misc", "service", "util", "utils"];

/// Tests that may sleep, and why: (file, reason).
const SLEEPS: [(&str, &str); 1] = [("benches/rig/instant.rs", "a model that takes exactly this long is what is measured")];

/// Law 11: a file over 500 lines is a room that wants a wall.
pub fn files_are_short(tree: &Tree) -> Vec<Finding> {
    let long = |path: &str| path.ends_with(".rs") || path.starts_with(".ci/") || path.starts_with("tests/long/");
    let files = tree.below(&["benches", "commands", "src", "tests", ".ci"]).filter(|file| long(&file.path));
    let counted = files.map(|file| (file, file.lines().count())).filter(|(_, count)| *count > LINES);
    counted.map(|(file, count)| file.finding(LINES + 1, format!("{count} lines, at most {LINES}"))).collect()
}

/// Law 11: a function over seven parameters wants a type.
pub fn functions_take_few_parameters(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.code(&CODE) {
        for function in code.grammar.functions.iter().filter(|function| function.parameters > PARAMETERS) {
            let what = format!("`{}` takes {} parameters, at most {PARAMETERS}", function.name, function.parameters);
            findings.push(file.finding(function.line, what));
        }
    }
    findings
}

/// Names say what a thing is.
pub fn names_say_something(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.code(&CODE) {
        let module = code.module.last().map_or("", String::as_str);
        if EMPTY_MODULES.contains(&module) {
            findings.push(file.finding(1, format!("`{module}` does not say what is in it")));
        }
        for definition in &code.grammar.definitions {
            let name = definition.name.as_str();
            if EMPTY_ENDS.iter().any(|end| name.ends_with(end)) || EMPTY_MODULES.contains(&name) {
                findings.push(file.finding(definition.line, format!("`{name}` does not say what it is")));
            }
        }
    }
    findings
}

/// Every module opens with what it is for.
pub fn modules_say_what_they_are_for(tree: &Tree) -> Vec<Finding> {
    let silent = tree.code(&CODE).filter(|(file, _)| !file.text.starts_with("//! "));
    silent.map(|(file, _)| file.finding(1, "opens without `//!`: say what the module is for")).collect()
}

/// A lint that is switched off says why.
pub fn lints_are_switched_off_with_a_reason(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.code(&CODE) {
        for attribute in code.attributes.iter().filter(|attribute| attribute.name != "ignore" && !attribute.reason) {
            findings.push(file.finding(attribute.line, format!("`#[{}]` without `reason = \"…\"`", attribute.name)));
        }
    }
    findings
}

/// A test runs, or it is not there.
pub fn no_test_is_ignored(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.code(&CODE) {
        for attribute in code.attributes.iter().filter(|attribute| attribute.name == "ignore") {
            findings.push(file.finding(attribute.line, "`#[ignore]`: long tests live in `tests/long`"));
        }
    }
    findings
}

/// Tests wait for what they need, not for time to pass.
pub fn tests_do_not_sleep(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.code(&CODE) {
        if SLEEPS.iter().any(|(path, _)| *path == file.path) {
            continue;
        }
        for mention in code.mentions.iter().filter(|mention| mention.called && code.is_test(mention.line)) {
            let name = mention.resolved.last().map_or("", String::as_str);
            if matches!(name, "sleep" | "sleep_ms" | "sleep_until") {
                findings.push(file.finding(mention.line, format!("`{name}` in a test: wait for what must happen")));
            }
        }
    }
    findings
}
