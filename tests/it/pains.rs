//! What users of other agents suffer from most, and that it does not happen here. The page `docs/pains.md` is made from
//! this table; every test that it names is there.
//!
//! `OMBUD_BLESS=1 cargo test --test it pains` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ombud::config::Wire;
use serde_json::json;

use crate::support::model_server::{Answer, ModelServer};
use crate::support::ombud::{Ombud, QUICK};
use crate::support::process::{marker, until_none_is_marked};

/// What hurts, what happens here, and the tests that show it: file and function.
struct Pain {
    what: &'static str,
    here: &'static str,
    tests: &'static [(&'static str, &'static str)],
}

const PAINS: [Pain; 15] = [
    Pain {
        what: "A run without a terminal waits for ever on a standard input that nobody closes",
        here: "After three seconds without a first byte it goes on, and says so; `--no-stdin` goes on at once",
        tests: &[("tests/it/input.rs", "an_open_silent_standard_input_is_left_alone")],
    },
    Pain {
        what: "A run hangs at its start, or does not exit after its result",
        here: "The result is the last line, and the program ends with it, whatever tools have left running",
        tests: &[
            ("tests/it/pains.rs", "nothing_that_is_left_running_keeps_the_program"),
            ("tests/it/signals.rs", "a_store_that_is_held_does_not_keep_the_program"),
        ],
    },
    Pain {
        what: "A failure looks like success: exit 0, an error on standard output",
        here: "Every cause has its exit code; standard output holds the answer only; the JSON says the same",
        tests: &[
            ("tests/it/failures.rs", "refused"),
            ("tests/it/failures.rs", "a_server_that_always_fails"),
            ("tests/it/input.rs", "a_full_disk_under_standard_output"),
        ],
    },
    Pain {
        what: "A question for permission stops a run that nobody watches",
        here: "Without a terminal nobody is asked: the call is denied, the model goes on, and the result names the flag",
        tests: &[("tests/it/conversation.rs", "what_is_not_allowed_is_denied_and_listed")],
    },
    Pain {
        what: "`database is locked` when several processes work at once",
        here: "Any number of processes share one store; each append is one short transaction that waits its turn",
        tests: &[
            ("tests/it/several.rs", "many_at_once_on_a_new_database"),
            ("tests/it/several.rs", "many_at_once_on_a_new_folder"),
        ],
    },
    Pain {
        what: "A server grows to gigabytes; queues of readers have no end",
        here: "Every queue has a limit; who reads too slowly is told and closed, and is healed from the log when it comes back",
        tests: &[
            ("tests/it/serve/websocket.rs", "a_reader_that_stops_is_closed_and_slows_nobody"),
            ("tests/it/serve/limits.rs", "a_connection_too_many_waits"),
        ],
    },
    Pain {
        what: "Events are lost when a connection breaks; a cursor of an earlier process goes on in the wrong place",
        here: "Every event has a cursor in the log itself, which counts in every process and after every restart",
        tests: &[
            ("tests/it/serve/distance.rs", "a_stream_that_breaks_everywhere_is_whole"),
            ("tests/it/serve/distance.rs", "a_server_that_is_killed_in_the_middle_of_an_answer"),
        ],
    },
    Pain {
        what: "What a tool has started goes on after an abort or a kill",
        here: "Commands run under a guard that ends all of it, also when the program is killed",
        tests: &[
            ("tests/it/signals.rs", "a_killed_program_leaves_nothing_and_its_run_is_closed"),
            ("tests/it/signals.rs", "ctrl_c_ends_a_run_and_its_tools"),
        ],
    },
    Pain {
        what: "A session cannot be gone on with: a broken log, a call without its return",
        here: "A torn end is taken away, open calls are answered as interrupted, and every session goes on",
        tests: &[
            ("tests/it/signals.rs", "an_interrupted_run_is_gone_on_with_and_only_what_reads_is_repeated"),
            ("tests/kills/main.rs", "main"),
        ],
    },
    Pain {
        what: "Sessions grow to gigabytes, and going on with one runs out of memory",
        here: "Outputs of tools are cut, with the whole text beside the log; only a window is read back; lists tell sizes",
        tests: &[
            ("tests/it/conversation.rs", "a_session_is_continued"),
            ("src/tools/output.rs", "endless_output_needs_bounded_memory"),
        ],
    },
    Pain {
        what: "A model that falls silent in its answer stops the run for ever",
        here: "There is a time for the first byte, between two pieces, and in all; then it is tried again, or fails",
        tests: &[("tests/it/failures.rs", "a_stall"), ("tests/it/models.rs", "a_stall_before_and_after_the_first_byte")],
    },
    Pain {
        what: "Compaction loops, or fails and burns tokens",
        here: "It is judged by what came of it: at most one call, then whole turns are dropped, or the run says what does not fit",
        tests: &[
            ("tests/it/engine_models/compaction.rs", "a_summary_is_made_once_a_run_and_never_inside_a_tool_round"),
            ("tests/it/engine_models/compaction.rs", "what_does_not_fit_after_all_is_one_clear_error"),
        ],
    },
    Pain {
        what: "A slow start, even for `--version`",
        here: "Help, version and completions touch neither configuration nor store nor network",
        tests: &[("tests/it/pains.rs", "what_needs_nothing_opens_nothing")],
    },
    Pain {
        what: "No budgets of turns, time, tokens and money with a meaning and an exit code",
        here: "`--max-turns`, `--max-tokens`, `--max-cost` exit 8, `--timeout` 124; what was said until then is kept",
        tests: &[
            ("tests/it/conversation.rs", "a_run_has_only_so_many_turns"),
            ("tests/it/conversation.rs", "a_run_has_only_so_much_time"),
            ("tests/it/contracts/budgets.rs", "a_run_has_only_so_many_tokens"),
            ("tests/it/contracts/budgets.rs", "a_run_costs_only_so_much"),
        ],
    },
    Pain {
        what: "No answers in a schema; no say in the session's id, and no way to learn it",
        here: "`--output-schema` is checked and repaired once, else exit 9; `--session-id` chooses, the first line tells",
        tests: &[
            ("tests/it/contracts/forms.rs", "an_answer_that_does_not_fit_is_asked_for_once_more"),
            ("tests/it/contracts/forms.rs", "an_answer_that_never_fits_is_kept_and_ends_with_nine"),
            ("tests/it/conversation.rs", "ids_are_chosen_once"),
        ],
    },
];

fn page() -> String {
    let mut page = "# What hurts elsewhere\n\n\
        *Made from the tests: `OMBUD_BLESS=1 cargo test --test it pains` writes it anew.*\n\n\
        What users of agents for the shell ask for most in the places where they meet, what happens here, and the test that \
        holds it.\n\n| | what hurts | here | held by |\n|---|---|---|---|\n"
        .to_owned();
    for (at, Pain { what, here, tests }) in PAINS.iter().enumerate() {
        let tests: Vec<String> = tests.iter().map(|(file, test)| format!("`{test}` in `{file}`")).collect();
        writeln!(page, "| {} | {what} | {here} | {} |", at + 1, tests.join(", ")).unwrap();
    }
    page
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test may be told to write its files")]
fn every_pain_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for Pain { what, tests, .. } in &PAINS {
        assert!(!tests.is_empty(), "nothing holds: {what}");
        for (file, test) in *tests {
            let source = fs::read_to_string(root.join(file)).unwrap();
            assert!(source.contains(&format!("fn {test}(")), "{file} has no `{test}`");
        }
    }
    let path = root.join("docs/pains.md");
    if std::env::var_os("OMBUD_BLESS").is_some() {
        fs::write(&path, page()).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap_or_default() == page(), "docs/pains.md is stale");
}

/// A command in the background, and a tool server that does not mind being told to end.
#[test]
fn nothing_that_is_left_running_keeps_the_program() {
    let marker = marker();
    let line = format!("(trap '' TERM HUP; exec sleep {marker}) & echo begun");
    let calls = Answer::calls(vec![("run_command", json!({ "command": line }))]);
    let server = ModelServer::start(Wire::Openai, vec![calls, Answer::text("Done.")]);
    let ombud = Ombud::with_model_at(&server.base_url(), Wire::Openai, QUICK);
    let said = ombud.run(&["oneshot", "Begin.", "--allow", "run_command", "--quiet"]);
    assert_eq!((said.exit, said.stdout.as_str()), (0, "Done.\n"), "{said:?}");
    until_none_is_marked(&marker, std::time::Duration::from_secs(10));
    server.finish();
}

/// A home that cannot be used, a config that is wrong, a store that is none: nobody looks at them.
#[test]
fn what_needs_nothing_opens_nothing() {
    let mut ombud = Ombud::new();
    ombud.config("modle = 1\n");
    ombud.set("OMBUD_STORE", "sqlite:/dev/null/none.db");
    let commands: [&[&str]; 6] = [
        &["--version"],
        &["--help"],
        &["version"],
        &["oneshot", "--help"],
        &["completions", "bash"],
        &["completions", "zsh"],
    ];
    for command in commands {
        let said = ombud.run(command);
        assert_eq!((said.exit, said.stderr.as_str()), (0, ""), "{command:?}: {said:?}");
    }
    assert!(!ombud.home().join(".local").exists());
}
