//! The page `docs/reference/command-line.md`: the long help of every command, held to be fresh.

use std::fmt::Write;
use std::path::Path;

use clap::{Command, CommandFactory};

use super::Cli;

const HEAD: &str = "\
# Command line

*Made from the program: `OMBUD_BLESS=1 cargo test --bin ombud reference` writes it anew.*

What `--help` says. The global options of `ombud` are those of every command, before or after its name.
";

/// Adds a command and those below it. The global options stand with the program itself only.
fn add(page: &mut String, command: &Command, is_root: bool) {
    let mut shown = command.clone();
    if !is_root {
        shown = shown.mut_args(|argument| if argument.is_global_set() { argument.hide(true) } else { argument });
    }
    let name = command.get_bin_name().unwrap_or("ombud");
    let help = shown.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    write!(page, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end()).unwrap();
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        add(page, below, false);
    }
}

/// Writes the page anew when `OMBUD_BLESS` is set.
#[test]
#[allow(clippy::disallowed_methods, reason = "a test may be told to write its files")]
fn the_page_is_fresh() {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut page = HEAD.to_owned();
    add(&mut page, &command, true);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/command-line.md");
    if std::env::var_os("OMBUD_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let fresh = std::fs::read_to_string(&path).unwrap_or_default() == page;
    assert!(fresh, "{} is stale: OMBUD_BLESS=1 cargo test --bin ombud reference writes it anew", path.display());
}

/// The manual pages, one a command, in `docs/man`.
#[test]
#[allow(clippy::disallowed_methods, reason = "a test may be told to write its files")]
fn the_manual_is_fresh() {
    let mut command = Cli::command();
    command.build();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/man");
    let bless = std::env::var_os("OMBUD_BLESS").is_some();
    let mut pages = Vec::new();
    manual(&command, &mut pages);
    for (name, page) in &pages {
        let path = folder.join(name);
        if bless {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, page).unwrap();
        }
        let fresh = std::fs::read(&path).unwrap_or_default() == *page;
        assert!(fresh, "docs/man/{name} is stale: OMBUD_BLESS=1 cargo test --bin ombud reference writes it anew");
    }
    let there = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(there, pages.len(), "docs/man holds pages of commands that are gone");
}

fn manual(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) {
    let name = command.get_bin_name().unwrap_or("ombud").replace(' ', "-");
    let mut page = Vec::new();
    // As help has it: a list of all options tells nobody how a command is written.
    let usage = command.clone().render_usage().to_string();
    let shown = command.clone().display_name(name.as_str()).override_usage(usage.trim_start_matches("Usage: ").to_owned());
    // Without a date: the same program has the same pages.
    clap_mangen::Man::new(shown).date("").render(&mut page).unwrap();
    let page = String::from_utf8(page).unwrap().replace("\n.SH EXTRA\n", "\n.SH EXAMPLES\n").replace("\nExamples:\n", "\n");
    pages.push((format!("{name}.1"), page.into_bytes()));
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        manual(below, pages);
    }
}
