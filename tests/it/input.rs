//! What is asked: the prompt, standard input, and both; and where the answer goes when nobody takes it.

use std::fs::File;
use std::process::Stdio;

use ombud::config::Wire;
use serde_json::Value;

use crate::support::model_server::{Answer, Gate, ModelServer, Request};
use crate::support::ombud::{Ombud, QUICK, Said, finish};

fn server(answers: &[&str]) -> ModelServer {
    ModelServer::start(Wire::Openai, answers.iter().map(|answer| Answer::text(answer)).collect())
}

/// The last thing that a person said in a request.
fn asked(request: &Request) -> &str {
    let messages = request.body["messages"].as_array().unwrap();
    let last = messages.last().unwrap();
    assert_eq!(last["role"], "user");
    last["content"].as_str().unwrap()
}

fn said(stdout: &str, stderr: &str) -> Said {
    Said { exit: 0, stdout: stdout.to_owned(), stderr: stderr.to_owned() }
}

/// A question that is refused before anything is sent, in all forms: exit code, one line, and the same in the result.
fn refused(config: &str, arguments: &[&str], input: Option<&[u8]>, exit: i32, line: &str) {
    let server = server(&[]);
    let ombud = Ombud::with_model_at(&server.base_url(), Wire::Openai, config);
    for form in ["text", "json", "jsonl"] {
        let arguments = [arguments, &["--format", form]].concat();
        let said = match input {
            Some(input) => ombud.run_with(&arguments, input),
            None => ombud.run(&arguments),
        };
        assert_eq!((said.exit, said.stderr.as_str()), (exit, format!("{line}\n").as_str()), "{form}");
        match form {
            "text" => assert_eq!(said.stdout, ""),
            _ => {
                let result = said.json();
                crate::support::schema::check("result", &result);
                assert_eq!((&result["exit_code"], &result["session"]), (&exit.into(), &Value::Null));
            }
        }
    }
    assert!(server.finish().is_empty());
}

#[test]
fn what_is_piped_follows_the_prompt() {
    let server = server(&["one", "two"]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    assert_eq!(ombud.run_with(&["oneshot", "What is this?"], b"x"), said("one\n", ""));
    assert_eq!(ombud.run_with(&["oneshot", "What is this?"], "two\nlines\n".as_bytes()), said("two\n", ""));
    let requests = server.finish();
    assert_eq!(asked(&requests[0]), "What is this?\n\n<stdin>\nx\n</stdin>");
    assert_eq!(asked(&requests[1]), "What is this?\n\n<stdin>\ntwo\nlines\n</stdin>");
}

#[test]
fn nothing_piped_is_nothing() {
    let server = server(&["one", "two", "three"]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    assert_eq!(ombud.run(&["oneshot", "Hello"]), said("one\n", ""));
    assert_eq!(ombud.run_with(&["oneshot", "Hello"], b""), said("two\n", ""));
    assert_eq!(ombud.run_with(&["oneshot", "Hello", "--no-stdin"], b"not read"), said("three\n", ""));
    assert_eq!(server.finish().iter().map(asked).collect::<Vec<_>>(), ["Hello"; 3]);
}

#[test]
fn standard_input_alone_is_the_prompt() {
    let server = server(&["one", "two"]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    assert_eq!(ombud.run_with(&["oneshot", "-"], b"Who are you?\n"), said("one\n", ""));
    assert_eq!(ombud.run_with(&["oneshot"], b"Who are you?\n"), said("two\n", ""));
    assert_eq!(server.finish().iter().map(asked).collect::<Vec<_>>(), ["Who are you?\n"; 2]);
}

#[test]
fn an_open_silent_standard_input_is_left_alone() {
    let server = server(&["one", "two", "three"]);
    let config = format!("{QUICK}stdin_wait_seconds = 0\n");
    let ombud = Ombud::with_model_at(&server.base_url(), Wire::Openai, &config);
    let run = |arguments: &[&str]| {
        let mut child = ombud.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // Open until the command has ended.
        let stdin = child.stdin.take();
        let said = finish(child);
        drop(stdin);
        said
    };
    let note = "note: standard input is open but silent; going on without it (`--no-stdin` says so at once)\n";
    assert_eq!(run(&["oneshot", "Hello"]), said("one\n", note));
    assert_eq!(run(&["oneshot", "Hello", "--quiet"]), said("two\n", ""));
    assert_eq!(run(&["oneshot", "Hello", "--no-stdin"]), said("three\n", ""));
    assert_eq!(server.finish().iter().map(asked).collect::<Vec<_>>(), ["Hello"; 3]);
}

#[test]
fn no_prompt_at_all() {
    let line = "error: `-` asks for standard input, and `--no-stdin` forbids it (invalid_input)";
    refused(QUICK, &["oneshot", "-", "--no-stdin"], None, 2, line);
    let line = "error: there is no prompt (invalid_input); give one, such as `ombud oneshot \"What is in this folder?\"`, or \
                pipe it in";
    refused(QUICK, &["oneshot", "--no-stdin"], None, 2, line);
    let empty = "error: the prompt is empty (invalid_input); say what you want to know, or pipe it in with `-`";
    refused(QUICK, &["oneshot"], None, 2, empty);
    refused(QUICK, &["oneshot", "  \t\n "], None, 2, empty);
    refused(QUICK, &["oneshot", "-"], Some(b"  \n\n"), 2, empty);
    refused(QUICK, &["run", "   "], None, 2, empty);
}

#[test]
fn too_much_and_the_wrong_bytes() {
    let small = format!("{QUICK}stdin_bytes = 10\n");
    let line = "error: standard input is larger than 10 bytes (too_large); pipe less, put it into a file of the workspace, or \
                raise `limits.stdin_bytes`";
    refused(&small, &["oneshot", "Hello"], Some(b"eleven byte"), 2, line);
    refused(&small, &["oneshot", "-"], Some(&[b'x'; 200_000]), 2, line);
    let line = "error: standard input is not UTF-8 text (byte 3) (invalid_input); convert it first (`iconv -t utf-8`), or name \
                the file in the prompt so that a tool can read it";
    refused(QUICK, &["oneshot", "Hello"], Some(b"abc\xff\xfe"), 2, line);
    refused(QUICK, &["oneshot", "-"], Some(b"abc\xe2\x82"), 2, line);
}

#[test]
fn a_setting_that_cannot_be_used() {
    let line = "error: OMBUD_LIMITS_RUN_TURNS must be a whole number from 1 to 10000, not `many` (invalid_input)";
    let server = server(&[]);
    let mut ombud = Ombud::with_model(&server, Wire::Openai);
    ombud.set("OMBUD_LIMITS_RUN_TURNS", "many");
    for command in ["oneshot", "run"] {
        let text = ombud.run(&[command, "Hello"]);
        assert_eq!((text.exit, text.stdout.as_str()), (2, ""));
        assert!(text.stderr.starts_with(line) && text.stderr.lines().count() == 1, "{}", text.stderr);
        let json = ombud.run(&[command, "Hello", "--format", "json"]);
        assert_eq!((json.exit, &json.json()["error"]["code"]), (2, &"invalid_input".into()));
    }
}

#[test]
fn a_reader_that_goes_away_is_success() {
    let gate = Gate::new();
    let answer = Answer::pieces(&["some ", "words"]).wait_after(2, &gate);
    let server = ModelServer::start(Wire::Openai, vec![answer.clone(), answer.clone(), answer]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    for (asked, form) in ["text", "json", "jsonl"].iter().enumerate() {
        let id = format!("in-{form}");
        let arguments = ["oneshot", "Hello", "--session-id", &id, "--format", form];
        let mut child = ombud.command(&arguments).spawn().unwrap();
        server.wait_for_requests(asked + 1);
        drop(child.stdout.take());
        gate.open();
        assert_eq!(finish(child), said("", ""), "{form}");
        let shown = ombud.json(&["sessions", "show", &id]);
        assert_eq!(shown["messages"][1]["parts"][0]["text"], "some words", "{form}");
    }
    server.finish();
}

#[test]
fn a_full_disk_under_standard_output() {
    let server = server(&["one", "two", "three"]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    let full = |arguments: &[&str]| {
        let full = File::options().write(true).open("/dev/full").unwrap();
        finish(ombud.command(arguments).stdout(full).spawn().unwrap())
    };
    let line = "error: standard output cannot be written: No space left on device (os error 28) (store_failed: full)\n";
    let expected = Said { exit: 74, stdout: String::new(), stderr: line.to_owned() };
    for form in ["text", "json", "jsonl"] {
        assert_eq!(full(&["oneshot", "Hello", "--format", form]), expected, "{form}");
    }
    server.finish();
    let commands: [&[&str]; 5] = [
        &["sessions", "list"],
        &["config", "show"],
        &["agents", "list"],
        &["completions", "bash"],
        &["restore", "--format", "json"],
    ];
    for command in commands {
        assert_eq!(full(command), expected, "{command:?}");
    }
}
