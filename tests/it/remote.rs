//! The commands over a distance: the tests of whole outputs, each command asked of a server over the same store.
//!
//! A test here runs tests of other modules once more, in a process that is told to (see `support/ombud.rs`). What must
//! differ is listed with its reason; everything else is held to be the same, to the letter.

use std::process::{Command, Stdio};

use crate::support::ombud::{OVER_A_SERVER, finish};

/// Runs the tests of a module over a server, without those that differ: (name, reason).
fn same(module: &str, differs: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(format!("{module}::")).args(["--test-threads", "2"]);
    for (name, _) in differs {
        command.arg("--skip").arg(format!("{module}::{name}"));
    }
    command.env(OVER_A_SERVER, "1").env("RUST_BACKTRACE", "0").env("INSTA_UPDATE", "no");
    let said = finish(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    assert_eq!(said.exit, 0, "{}\n{}", said.stdout, said.stderr);
    // A name that does not fit any test would run them all, or none.
    let skipped = said.stdout.lines().find_map(|line| line.split(" passed; ").nth(1));
    assert!(skipped.is_some() && !said.stdout.contains(" 0 passed"), "{}", said.stdout);
}

#[test]
fn conversations() {
    same("conversation", &[]);
}
