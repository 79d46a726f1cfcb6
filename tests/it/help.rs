//! What the program says about itself.

use std::fs;
use std::path::Path;

use crate::support::ombud::Ombud;

/// The commands that a help text lists.
fn listed(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // What goes on from the line before stands further to the right.
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

fn walk(ombud: &Ombud, command: &[&str], seen: &mut Vec<String>) {
    let short = ombud.run(&[command, &["-h"]].concat());
    let long = ombud.run(&[command, &["--help"]].concat());
    for said in [&short, &long] {
        assert_eq!((said.exit, said.stderr.as_str()), (0, ""), "{command:?}");
        let wide = said.stdout.lines().find(|line| line.chars().count() > 100);
        assert_eq!(wide, None, "{command:?}");
    }
    assert!(long.stdout.contains("Examples:"), "{command:?}");
    let name = [&["help"], command].concat().join("_");
    insta::assert_snapshot!(
        name,
        format!("$ ombud {0} -h\n{1}\n$ ombud {0} --help\n{2}", command.join(" "), short.stdout, long.stdout)
    );
    seen.push(command.join(" "));
    for below in listed(&short.stdout) {
        walk(ombud, &[command, &[below.as_str()]].concat(), seen);
    }
}

#[test]
fn every_command_explains_itself() {
    let mut seen = Vec::new();
    walk(&Ombud::new(), &[], &mut seen);
    assert_eq!(
        seen,
        [
            "",
            "run",
            "oneshot",
            "sessions",
            "sessions list",
            "sessions show",
            "sessions events",
            "sessions tail",
            "sessions update",
            "sessions cancel",
            "sessions search",
            "sessions fork",
            "sessions rewind",
            "sessions export",
            "sessions import",
            "sessions stats",
            "sessions delete",
            "sessions prune",
            "sessions backup",
            "share",
            "restore",
            "serve",
            "agents",
            "agents list",
            "agents show",
            "agents add",
            "agents remove",
            "agents validate",
            "keys",
            "keys add",
            "keys list",
            "keys remove",
            "users",
            "users add",
            "users list",
            "users update",
            "users passwd",
            "users remove",
            "users token",
            "users rotate-key",
            "mcp",
            "mcp list",
            "mcp add",
            "mcp remove",
            "mcp test",
            "mcp start",
            "mcp stop",
            "mcp restart",
            "mcp logs",
            "mcp serve",
            "models",
            "doctor",
            "trust",
            "config",
            "config show",
            "config path",
            "config init",
            "config schema",
            "completions",
            "version",
        ]
    );
}

#[test]
fn the_version() {
    let ombud = Ombud::new();
    for flag in ["--version", "-V"] {
        let said = ombud.run(&[flag]);
        let version = format!("ombud {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!((said.exit, said.stdout, said.stderr), (0, version, String::new()));
    }
}

#[test]
fn a_slip_is_told_with_what_was_meant() {
    let ombud = Ombud::new();
    let slips: [&[&str]; 8] = [
        &[],
        &["sesions", "list"],
        &["sessions", "lst"],
        &["oneshot", "Hello", "--formt", "json"],
        &["oneshot", "Hello", "--format", "xml"],
        &["oneshot", "Hello", "-m", "gpt"],
        &["oneshot", "Hello", "--session-id", "../x"],
        &["oneshot", "Hello", "-s", "a", "--session-id", "b"],
    ];
    let mut all = String::new();
    for slip in slips {
        let said = ombud.run(slip);
        assert_eq!((said.exit, said.stdout.as_str()), (2, ""), "{slip:?}");
        all.push_str(&format!("$ ombud {}\n{}\n", slip.join(" "), said.stderr));
    }
    insta::assert_snapshot!("slips", all);
    assert!(fs::read_dir(ombud.home()).unwrap().next().is_none(), "something was written");
}

#[test]
fn completions_are_fresh() {
    let ombud = Ombud::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    let files = [
        ("bash", "ombud.bash"),
        ("zsh", "_ombud"),
        ("fish", "ombud.fish"),
        ("powershell", "_ombud.ps1"),
        ("elvish", "ombud.elv"),
    ];
    for (shell, file) in files {
        let said = ombud.run(&["completions", shell]);
        assert_eq!((said.exit, said.stderr.as_str()), (0, ""));
        let kept = fs::read_to_string(folder.join(file)).unwrap();
        assert!(said.stdout == kept, "completions/{file} is stale: `ombud completions {shell} > completions/{file}`");
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), files.len());
}
