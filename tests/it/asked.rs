//! What a person at the terminal is asked before a tool is called, and flags that must not be misread.

use std::time::Duration;

use expectrl::Expect as _;
use ombud::config::Wire;
use serde_json::json;

use crate::support::model_server::{Answer, ModelServer};
use crate::support::ombud::{Ombud, Said};

fn writing() -> Answer {
    Answer::calls(vec![("write_file", json!({"path": "new.txt", "content": "hi\n"}))])
}

/// A program on a terminal.
pub fn on_terminal(ombud: &Ombud, arguments: &[&str]) -> expectrl::session::OsSession {
    let plain = ombud.command(arguments);
    // A command without pipes: all three are the terminal.
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ombud"));
    command.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.args(arguments).current_dir(ombud.work());
    let mut session = expectrl::Session::spawn(command).unwrap();
    session.set_expect_timeout(Some(Duration::from_secs(60)));
    session
}

#[test]
fn only_a_clear_answer_allows_a_tool() {
    let server = ModelServer::start(Wire::Openai, vec![writing(), Answer::text("Done.")]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    let mut session = on_terminal(&ombud, &["oneshot", "Go", "--no-stdin"]);
    session.expect("Allow write_file?").unwrap();
    // Meant for the next prompt: neither its space nor its end is a yes.
    session.send("and now the tests\r").unwrap();
    session.expect("type y, a or n").unwrap();
    assert!(!ombud.work().join("new.txt").exists());
    session.expect("Allow write_file?").unwrap();
    session.send("y\r").unwrap();
    session.expect("Done.").unwrap();
    session.expect(expectrl::Eof).unwrap();
    assert_eq!(std::fs::read_to_string(ombud.work().join("new.txt")).unwrap(), "hi\n");
    server.finish();
}

#[test]
fn ctrl_c_at_a_question_ends_the_run() {
    let server = ModelServer::start(Wire::Openai, vec![writing()]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    let mut session = on_terminal(&ombud, &["oneshot", "Go", "--no-stdin", "--session-id", "s"]);
    session.expect("Allow write_file?").unwrap();
    session.send("\u{3}").unwrap();
    session.expect("(cancelled)").unwrap();
    session.expect(expectrl::Eof).unwrap();
    // The model was not told of a no.
    assert_eq!(server.finish().len(), 1);
    assert!(!ombud.work().join("new.txt").exists());
}

/// What a patch would change is shown, the question ends its line when it is broken off, and no moving line is left.
#[test]
fn a_patch_is_shown_before_it_is_allowed() {
    let patch = "--- a/fruit.txt\n+++ b/fruit.txt\n@@ -1 +1 @@\n-pears\n+plums\n";
    let server = ModelServer::start(Wire::Openai, vec![Answer::calls(vec![("apply_patch", json!({ "patch": patch }))])]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    ombud.file("fruit.txt", "pears\n");
    let mut session = on_terminal(&ombud, &["oneshot", "Go", "--no-stdin"]);
    let shown = session.expect("[n]o: ").unwrap();
    let shown = String::from_utf8_lossy(shown.before()).replace('\r', "");
    assert!(shown.contains("apply_patch wants to change: fruit.txt\n  --- a/fruit.txt\n"), "{shown:?}");
    assert!(shown.contains("\n  -pears\n  +plums\nAllow apply_patch?"), "{shown:?}");
    session.send("\u{3}").unwrap();
    let rest = session.expect("(cancelled)").unwrap();
    let rest = String::from_utf8_lossy(rest.before()).into_owned();
    assert!(rest.starts_with("\r\n"), "{rest:?}");
    session.expect(expectrl::Eof).unwrap();
    assert_eq!(std::fs::read_to_string(ombud.work().join("fruit.txt")).unwrap(), "pears\n");
    server.finish();
}

#[test]
fn a_tool_that_does_not_exist_is_no_rule() {
    let server = ModelServer::start(Wire::Openai, vec![]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    let tools =
        "list_files, read_file, search_files, find_files, write_file, edit_file, apply_patch, run_command, fetch_url";
    for flag in ["--deny", "--allow"] {
        let said = ombud.run(&["oneshot", "Go", flag, "run_comand(rm *)"]);
        let stderr = format!("error: tool `run_comand` is not known (invalid_input); known tools: {tools}\n");
        assert_eq!(said, Said { exit: 2, stdout: String::new(), stderr });
    }
    assert!(server.finish().is_empty());
}

#[test]
fn an_update_of_nothing_is_refused() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("One.")]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    assert_eq!(ombud.run(&["oneshot", "Go", "--session-id", "s"]).exit, 0);
    let stderr = "error: nothing is said that could be changed (invalid_input); say `--name`, `--tag`, `--untag`, `--agent` or `--model`\n";
    let expected = Said { exit: 2, stdout: String::new(), stderr: stderr.to_owned() };
    assert_eq!(ombud.run(&["sessions", "update", "s"]), expected);
    server.finish();
}

#[test]
fn too_many_calls_in_one_answer_are_garbage() {
    let calls = |count: usize| Answer::calls(vec![("list_files", json!({})); count]);
    let server = ModelServer::start(Wire::Openai, vec![calls(200), Answer::text("One."), calls(257)]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    assert_eq!(ombud.run(&["oneshot", "Go"]).stdout, "One.\n");
    let said = ombud.run(&["oneshot", "Go"]);
    assert_eq!((said.exit, said.stdout.as_str()), (7, ""));
    assert!(said.stderr.contains("it calls more than 256 tools at once (model_failed: garbage)"), "{}", said.stderr);
    server.finish();
}
