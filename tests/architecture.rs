//! The laws of the house as tests. `docs/architecture.md` says why they are there.
//!
//! A law is a function from a tree to the places where it is broken. Each is run twice: over a planted tree in
//! `tests/fixtures/architecture/<law>`, where it must find exactly what `expected.txt` lists, and over the real tree,
//! where it must find nothing.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot read the tree has to stop")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::tree::{EXPECTED, Finding, Tree};

#[path = "architecture/code.rs"]
mod code;
#[path = "architecture/floors.rs"]
mod floors;
#[path = "architecture/grammar.rs"]
mod grammar;
#[path = "architecture/habits.rs"]
mod habits;
#[path = "architecture/house.rs"]
mod house;
#[path = "architecture/licences.rs"]
mod licences;
#[path = "architecture/pages.rs"]
mod pages;
#[path = "architecture/reach.rs"]
mod reach;
#[path = "architecture/tree.rs"]
mod tree;
#[path = "architecture/words.rs"]
mod words;

static REAL: LazyLock<Tree> = LazyLock::new(|| Tree::read(root()));

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn planted(law: &str) -> PathBuf {
    root().join("tests/fixtures/architecture").join(law)
}

fn listed(mut findings: Vec<Finding>) -> String {
    findings.sort();
    findings.iter().fold(String::new(), |mut text, finding| {
        let _ = writeln!(text, "{finding}");
        text
    })
}

/// Holds the planted tree, then the real one, to a law.
fn law(name: &str, check: fn(&Tree) -> Vec<Finding>) {
    let folder = planted(name);
    let expected = std::fs::read_to_string(folder.join(EXPECTED)).expect("a planted violation with `expected.txt`");
    assert_eq!(listed(check(&Tree::read(&folder))), expected, "the law `{name}` does not find what is planted");
    assert!(REAL.file("src/lib.rs").is_some(), "the real tree is not there");
    let broken = listed(check(&REAL));
    assert!(broken.is_empty(), "the law `{name}` is broken:\n{broken}");
}

#[test]
fn imports_only_go_down() {
    law("imports_only_go_down", floors::imports_only_go_down);
}

#[test]
fn commands_stand_on_the_engine() {
    law("commands_stand_on_the_engine", floors::commands_stand_on_the_engine);
}

#[test]
fn every_verb_has_a_principal() {
    law("every_verb_has_a_principal", floors::every_verb_has_a_principal);
}

#[test]
fn error_words_are_matched_by_name() {
    law("error_words_are_matched_by_name", reach::error_words_are_matched_by_name);
}

#[test]
fn anyhow_stays_in_commands() {
    law("anyhow_stays_in_commands", reach::anyhow_stays_in_commands);
}

#[test]
fn the_environment_is_read_in_config() {
    law("the_environment_is_read_in_config", reach::the_environment_is_read_in_config);
}

#[test]
fn printing_stays_in_the_output() {
    law("printing_stays_in_the_output", reach::printing_stays_in_the_output);
}

#[test]
fn every_channel_is_bounded() {
    law("every_channel_is_bounded", reach::every_channel_is_bounded);
}

#[test]
fn nothing_is_left_to_do() {
    law("nothing_is_left_to_do", reach::nothing_is_left_to_do);
}

#[test]
fn files_are_short() {
    law("files_are_short", habits::files_are_short);
}

#[test]
fn functions_take_few_parameters() {
    law("functions_take_few_parameters", habits::functions_take_few_parameters);
}

#[test]
fn names_say_something() {
    law("names_say_something", habits::names_say_something);
}

#[test]
fn modules_say_what_they_are_for() {
    law("modules_say_what_they_are_for", habits::modules_say_what_they_are_for);
}

#[test]
fn lints_are_switched_off_with_a_reason() {
    law("lints_are_switched_off_with_a_reason", habits::lints_are_switched_off_with_a_reason);
}

#[test]
fn no_test_is_ignored() {
    law("no_test_is_ignored", habits::no_test_is_ignored);
}

#[test]
fn tests_do_not_sleep() {
    law("tests_do_not_sleep", habits::tests_do_not_sleep);
}

#[test]
fn no_dialect_is_named_below_its_floor() {
    law("no_dialect_is_named_below_its_floor", words::no_dialect_is_named_below_its_floor);
}

#[test]
fn no_machine_is_named() {
    law("no_machine_is_named", words::no_machine_is_named);
}

#[test]
fn no_merge_is_left_open() {
    law("no_merge_is_left_open", words::no_merge_is_left_open);
}

#[test]
fn the_top_level_is_fixed() {
    law("the_top_level_is_fixed", house::the_top_level_is_fixed);
}

#[test]
fn every_dependency_says_what_it_is_for() {
    law("every_dependency_says_what_it_is_for", house::every_dependency_says_what_it_is_for);
}

#[test]
fn packages_come_from_the_public_registry() {
    law("packages_come_from_the_public_registry", house::packages_come_from_the_public_registry);
}

#[test]
fn the_glossary_has_the_words() {
    law("the_glossary_has_the_words", house::the_glossary_has_the_words);
}

#[test]
fn pages_name_what_is_there() {
    law("pages_name_what_is_there", pages::pages_name_what_is_there);
}

#[test]
fn every_package_has_an_allowed_licence() {
    let read = |path: PathBuf| std::fs::read_to_string(path).expect("a readable file");
    let deny = |folder: &Path| read(folder.join("deny.toml")).parse::<toml::Table>().expect("a readable deny.toml");
    let folder = planted("every_package_has_an_allowed_licence");
    let told = serde_json::from_str(&read(folder.join("metadata.json"))).expect("JSON");
    let found: String = licences::uncovered(&told, &deny(&folder)).iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(found, read(folder.join(EXPECTED)));
    let found = licences::uncovered(&licences::metadata(root()), &deny(root()));
    assert!(found.is_empty(), "licences that deny.toml does not allow:\n{}", found.join("\n"));
}

#[test]
fn every_planted_violation_belongs_to_a_law() {
    let entries = std::fs::read_dir(planted("")).expect("the planted violations");
    let planted: BTreeSet<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    let tests = REAL.file("tests/architecture.rs").and_then(|file| file.code.as_ref()).expect("this file");
    let functions: BTreeSet<String> = tests.grammar.functions.iter().map(|function| function.name.clone()).collect();
    assert_eq!(planted.difference(&functions).collect::<Vec<_>>(), Vec::<&String>::new());
}
