//! The commands, as users type them.

use serde_json::{Value, json};

use crate::support::ombud::Ombud;
use crate::support::schema::{check, violations};

#[test]
fn sessions_are_found_copied_and_put_away() {
    let ombud = Ombud::new();
    for (id, text) in [("build-41", "Why is the parrot test flaky?"), ("build-42", "What is 6 * 7?")] {
        assert_eq!(ombud.run(&["oneshot", text, "--session-id", id, "--tag", "nightly"]).exit, 0);
    }
    let found = ombud.json(&["sessions", "search", "why", "flaky", "parrot", "--tag", "nightly", "--since", "1h"]);
    check("search", &found);
    assert_eq!(found["hits"][0]["snippet"], "**Why** is the **parrot** test **flaky**?");
    for line in ombud.run(&["sessions", "search", "parrot", "--format", "jsonl"]).jsonl() {
        check("search#/$defs/hit", &line);
    }
    let nothing = ombud.run(&["sessions", "search", "walrus"]);
    assert_eq!((nothing.exit, nothing.stdout.as_str(), nothing.stderr.as_str()), (0, "", "note: nothing was found\n"));

    let fork = ombud.json(&["sessions", "fork", "build-42", "--id", "again"]);
    check("fork", &fork);
    assert_eq!((&fork["session"], &fork["from"]), (&json!("again"), &json!("build-42")));
    let messages = |id: &str| ombud.json(&["sessions", "show", id])["messages"].as_array().unwrap().clone();
    let rewound = ombud.json(&["sessions", "rewind", "again", "--turns", "1"]);
    check("rewind", &rewound);
    assert_eq!((&rewound["last_message"], messages("again").len()), (&Value::Null, 0));
    let too_many = ombud.run(&["sessions", "rewind", "build-42", "--turns", "2"]);
    assert!(
        too_many.stderr.starts_with("error: session `build-42` has 1 question, and 2 were to be taken back"),
        "{too_many:?}"
    );
    let first = messages("build-42")[0]["id"].as_str().unwrap().to_owned();
    let to = ombud.json(&["sessions", "rewind", "build-42", "--to", &first]);
    assert_eq!((&to["last_message"], messages("build-42").len()), (&json!(first), 1));

    let stats = ombud.json(&["sessions", "stats"]);
    check("stats", &stats);
    assert_eq!(stats["total"]["runs"], 2);
    for by in ["agent", "model", "tool"] {
        check("stats", &ombud.json(&["sessions", "stats", "--by", by]));
    }
    let would = ombud.json(&["sessions", "prune", "--keep", "1", "--dry-run"]);
    check("prune", &would);
    assert_eq!((would["sessions"].as_array().unwrap().len(), &would["dry_run"]), (2, &json!(true)));
    let asked = ombud.run(&["sessions", "prune", "--keep", "1"]);
    assert_eq!(asked.exit, 2, "{asked:?}");
    let pruned = ombud.json(&["sessions", "prune", "--keep", "1", "--yes"]);
    check("prune", &pruned);
    assert_eq!(ombud.json(&["sessions", "list"])["sessions"].as_array().unwrap().len(), 1);
}

#[test]
fn a_session_is_exported_in_three_forms_and_imported() {
    let ombud = Ombud::new();
    ombud.run(&["oneshot", "What is 6 * 7?", "--session-id", "build-42"]);
    let exported = ombud.json(&["sessions", "export", "build-42", "-o", "a.jsonl"]);
    check("export", &exported);
    let written = ombud.run(&["sessions", "export", "build-42"]).stdout;
    assert_eq!(std::fs::read_to_string(ombud.work().join("a.jsonl")).unwrap(), written);
    let markdown = ombud.run(&["sessions", "export", "build-42", "--to", "markdown"]).stdout;
    assert!(markdown.starts_with("# What is 6 * 7?\n\nSession `build-42`, agent `default`, "), "{markdown}");
    assert!(markdown.contains("\nWhat is 6 * 7?\n") && markdown.contains("(agent)"), "{markdown}");
    let page = ombud.run(&["sessions", "export", "build-42", "--to", "html"]).stdout;
    assert!(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"), "{}", &page[..60]);
    check("export", &ombud.json(&["sessions", "export", "build-42", "--to", "html", "-o", "a.html"]));

    let taken = ombud.run(&["sessions", "import", "a.jsonl"]);
    assert!(taken.exit != 0 && taken.stderr.starts_with("error: session `build-42` exists"), "{taken:?}");
    let copy = ombud.json(&["sessions", "import", "a.jsonl", "--id", "copy"]);
    check("import", &copy);
    assert_eq!((&copy["new_ids"], &copy["events"]), (&json!(true), &exported["events"]));
    let piped = ombud.run_with(&["sessions", "import", "-", "--id", "piped"], written.as_bytes());
    assert_eq!((piped.exit, piped.stdout.as_str()), (0, "piped\n"));
    ombud.file("words.txt", "only words\n");
    let wrong = ombud.run(&["sessions", "import", "words.txt"]);
    let told = "error: `words.txt` is no export of a session, and no transcript that is known";
    assert!(wrong.exit == 2 && wrong.stderr.starts_with(told), "{wrong:?}");
    ombud.file("cut.jsonl", &written[..written.len() / 2]);
    let cut = ombud.run(&["sessions", "import", "cut.jsonl", "--id", "cut"]);
    assert!(cut.exit == 2 && cut.stderr.starts_with("error: line "), "{cut:?}");
    assert_eq!(ombud.json(&["sessions", "list"])["sessions"].as_array().unwrap().len(), 3);
    assert!(!violations("import", &json!({})).is_empty());
}

#[test]
fn a_session_is_named_by_the_beginning_of_its_id() {
    let ombud = Ombud::new();
    for id in ["build-41", "build-42", "other-1"] {
        ombud.run(&["oneshot", "What is 6 * 7?", "--session-id", id]);
    }
    let show = |id: &str| ombud.run(&["sessions", "show", id]);
    assert!(show("othe").stdout.starts_with("session other-1 (idle)\n"));
    assert!(show("build-42").stdout.starts_with("session build-42 (idle)\n"));
    let several = show("build");
    let told = "error: `build` is the beginning of several sessions: build-42, build-41 (write more of the id)";
    assert!(
        several.exit == 2 && several.stderr.starts_with("error: `build` is the beginning of several sessions: "),
        "{told}: {several:?}"
    );
    assert!(show("oth").stderr.starts_with("error: session `oth` is not known"));
    assert!(show("build-9").stderr.starts_with("error: session `build-9` is not known"));
    let nobody = ombud.run(&["sessions", "show"]);
    assert!(nobody.stderr.starts_with("error: no session is named, and nobody can be asked here"), "{nobody:?}");
    assert_eq!(ombud.run(&["oneshot", "And 7 * 7?", "-s", "other"]).exit, 0);
    assert_eq!(ombud.json(&["sessions", "show", "other"])["runs"], 2);
    assert_eq!(ombud.run(&["sessions", "update", "other", "--name", "New"]).exit, 0);
    assert_eq!(ombud.run(&["sessions", "delete", "other", "--yes"]).stdout, "deleted other-1\n");
}

#[test]
fn a_store_is_copied_and_used() {
    let ombud = Ombud::new();
    ombud.run(&["oneshot", "What is 6 * 7?", "--session-id", "s"]);
    let copy = ombud.json(&["sessions", "backup", "copy.db"]);
    check("backup", &copy);
    ombud.run(&["sessions", "delete", "s", "--yes"]);
    let store = copy["store"].as_str().unwrap();
    let shown = ombud.run(&["sessions", "show", "s", "--store", store]);
    assert!(shown.stdout.starts_with("session s (idle)\n"), "{shown:?}");
    let taken = ombud.run(&["sessions", "backup", "copy.db"]);
    assert!(taken.stderr.contains("is there already"), "{taken:?}");
}

#[test]
fn the_settings_delete_after_a_command() {
    let ombud = Ombud::new();
    ombud.config("[retention]\nkeep_sessions = 1\n");
    ombud.run(&["oneshot", "What is 6 * 7?", "--session-id", "one"]);
    let second = ombud.run(&["oneshot", "What is 6 * 7?", "--session-id", "two"]);
    assert_eq!(second.exit, 0);
    // The first command of the day has looked already.
    assert_eq!(ombud.json(&["sessions", "list"])["sessions"].as_array().unwrap().len(), 2);
}

/// What the list tells of a session is what its log has, in every store.
#[test]
fn sizes_are_those_of_the_log() {
    for store in ["sqlite:sizes.db", "file:sizes"] {
        let ombud = Ombud::new();
        ombud.file("a.txt", "words");
        let asked = ["oneshot", "How many words are in a.txt?", "--session-id", "s", "--store", store];
        assert_eq!(ombud.run(&asked).exit, 0);
        assert_eq!(ombud.run(&["oneshot", "And now?", "-s", "s", "--store", store]).exit, 0);
        let list = ombud.json(&["sessions", "list", "--store", store]);
        let log = ombud.run(&["sessions", "events", "s", "--store", store]).stdout;
        let bytes: usize = log.lines().map(str::len).sum();
        assert_eq!(list["sessions"][0]["events"], json!(log.lines().count()), "{store}");
        assert_eq!(list["sessions"][0]["bytes"], json!(bytes), "{store}");
    }
}
