//! A shell asks with each Tab, and is told what is there.

use crate::support::ombud::Ombud;

/// What bash is offered for the last of these words.
fn offered(ombud: &Ombud, words: &[&str]) -> Vec<String> {
    let mut command = ombud.local_command(&[&["--"], words].concat());
    command.env("OMBUD_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string());
    let output = command.env("_CLAP_IFS", "\n").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn sessions_agents_models_and_tags_are_those_of_now() {
    let ombud = Ombud::new();
    ombud.run(&["oneshot", "Which day is it?", "--session-id", "first", "--tag", "nightly"]);
    ombud.run(&["oneshot", "Which day is it?", "--session-id", "second"]);
    ombud.file(".ombud/agents/reviewer.toml", "description = \"Reviews\"\ninstructions = \"Review.\"\n");
    let sessions = ["second", "first"];
    assert_eq!(offered(&ombud, &["ombud", "sessions", "show", ""])[..2], sessions);
    assert_eq!(offered(&ombud, &["ombud", "oneshot", "-s", "fi"]), ["first"]);
    assert_eq!(offered(&ombud, &["ombud", "share", "sec"]), ["second"]);
    assert_eq!(offered(&ombud, &["ombud", "oneshot", "-a", ""]), ["default", "reviewer"]);
    assert_eq!(offered(&ombud, &["ombud", "sessions", "list", "--tag", ""]), ["nightly"]);
    assert!(offered(&ombud, &["ombud", "oneshot", "-m", "off"]).contains(&"offline/rules".to_owned()));
    assert!(offered(&ombud, &["ombud", "sessi"]).contains(&"sessions".to_owned()));
    // Another store has other sessions; one that cannot be opened has none, and nothing is said about it.
    assert_eq!(offered(&ombud, &["ombud", "--store", "memory:", "sessions", "show", "fi"]), Vec::<String>::new());
    ombud.config("modle = 1\n");
    assert_eq!(offered(&ombud, &["ombud", "sessions", "show", "fi"]), Vec::<String>::new());
}
