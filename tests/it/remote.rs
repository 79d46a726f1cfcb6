//! The commands over a distance: the tests of whole outputs, each command asked of a server over the same store.
//!
//! The first part runs tests of other modules once more, in a process that is told to (`support/ombud.rs`). What must
//! differ is listed with its reason; everything else is held to be the same, to the letter, but for two words: who asks
//! is `local`, as the server knows them, and a run is pinned to be gone on with when its server dies.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use ombud::config::Wire;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, Gate, ModelServer, nobody_listening};
use crate::support::ombud::{OVER_A_SERVER, Ombud, Said, finish, finish_within};

/// How long the tests of one module may take.
const MODULE: Duration = Duration::from_secs(300);

/// Runs the tests of a module over a server, without those that differ: (name, reason).
fn same(module: &str, differs: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(format!("{module}::"));
    let names: Vec<String> = differs.iter().map(|(name, _)| format!("{module}::{name}")).collect();
    // Modules below others have the name in theirs.
    for skipped in names.iter().map(String::as_str).chain(["serve::", "remote::"]) {
        command.args(["--skip", skipped]);
    }
    command.env(OVER_A_SERVER, "1").env("RUST_BACKTRACE", "0").env("INSTA_UPDATE", "no");
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let said = finish_within(child, MODULE);
    assert_eq!(said.exit, 0, "{}\n{}", said.stdout, said.stderr);
    let ran = said.stdout.lines().filter(|line| line.ends_with(" ... ok")).count();
    assert!(ran > 0, "no test of `{module}` ran:\n{}", said.stdout);
    for name in names {
        assert!(exists(&name), "`{name}` is no test: its reason is stale");
    }
}

/// Whether there is a test of this name.
fn exists(name: &str) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--list", "--exact", name]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    finish(command.spawn().unwrap()).stdout.lines().any(|line| line == format!("{name}: test"))
}

#[test]
fn questions_at_the_terminal_are_the_same() {
    same("asked", &[]);
}

#[test]
fn agents_are_the_same() {
    let file = "it keeps a file of this machine, whose path a server tells in its own words";
    same("agents_commands", &[("a_configured_agent_is_changed_where_it_is_configured", file)]);
}

#[test]
fn tools_of_the_caller_are_the_same() {
    same("caller_tools", &[]);
}

#[test]
fn conversations_are_the_same() {
    let project = "it says `--no-project-instructions`, which is a setting of the server";
    same("conversation", &[("instructions_come_from_agent_project_and_caller", project)]);
}

#[test]
fn failures_are_the_same() {
    same("failures", &[]);
}

#[test]
fn hostile_content_is_as_harmless() {
    let told = "what is ignored of a folder's config is told by whoever reads it: the server";
    same("hostile", &[("a_hostile_configuration_only_narrows", told)]);
}

#[test]
fn input_is_the_same() {
    same("input", &[("a_setting_that_cannot_be_used", "a server with such a setting does not start")]);
}

#[test]
fn machine_output_is_the_same() {
    same("machine", &[]);
}

#[test]
fn keys_are_nowhere_either() {
    same("secrets", &[]);
}

fn with(script: Vec<Answer>) -> (ModelServer, Ombud) {
    let model = ModelServer::start(Wire::Openai, script);
    let ombud = Ombud::with_model(&model, Wire::Openai);
    (model, ombud)
}

fn wrong(line: &str) -> Said {
    Said { exit: 2, stdout: String::new(), stderr: format!("error: {line}\n") }
}

#[test]
fn what_is_about_this_machine_cannot_be_said() {
    let mut ombud = Ombud::new();
    let server = nobody_listening();
    let together = |flag: &str, by: &str| {
        wrong(&format!(
            "`{flag}` cannot be said together with {by}: it is about this machine (invalid_input); leave `{flag}` out, or the \
             server"
        ))
    };
    for (arguments, flag) in [
        (&["oneshot", "x", "--store", "memory:"][..], "--store"),
        (&["sessions", "list", "--store", "memory:"], "--store"),
        (&["oneshot", "x", "--ephemeral"], "--ephemeral"),
        (&["oneshot", "x", "--no-project-instructions"], "--no-project-instructions"),
        (&["run", "x", "--no-project-instructions"], "--no-project-instructions"),
        (&["agents", "add", "x.toml", "--user"], "--user"),
        (&["agents", "add", "x.toml", "--project"], "--project"),
    ] {
        let said = ombud.run(&[arguments, &["--server", &server]].concat());
        assert_eq!(said, together(flag, "`--server`"), "{arguments:?}");
    }
    for (arguments, command) in [
        (&["serve"][..], "serve"),
        (&["trust", "--list"], "trust"),
        (&["config", "show"], "config"),
        (&["agents", "validate", "x.toml"], "agents validate"),
    ] {
        let said = ombud.run(&[arguments, &["--server", &server]].concat());
        let line = format!("`ombud {command}` works on this machine only: `--server` cannot be said (invalid_input)");
        assert_eq!(said, wrong(&line), "{arguments:?}");
    }
    let said = ombud.run(&["sessions", "list", "--server-token-file", "x"]);
    let line = "`--server-token-file` says nothing without a server (invalid_input); name it by `--server` or OMBUD_SERVER";
    assert_eq!(said, wrong(line));
    let said = ombud.run(&["oneshot", "x", "-C", "work", "--server", &server]);
    let line = "`--workspace work` is no folder of the server (invalid_input); with a server it names a folder there: write \
                it in full, from `/`";
    assert_eq!(said, wrong(line));
    // A refused question tells so in the form that was wanted.
    let json = ombud.run(&["oneshot", "x", "--ephemeral", "--server", &server, "--format", "json"]);
    assert_eq!((json.exit, &json.json()["error"]["code"]), (2, &json!("invalid_input")));
    // A variable names the server of those commands that can ask one, and of no other.
    ombud.set("OMBUD_SERVER", &server);
    assert_eq!(ombud.run(&["config", "path"]).exit, 0);
    assert_eq!(ombud.run(&["sessions", "list", "--store", "memory:"]), together("--store", "a server (OMBUD_SERVER)"));
}

#[test]
fn a_folder_cannot_choose_a_server() {
    let (model, ombud) = with(vec![]);
    for config in ["[remote]\nurl = \"URL\"\n", "[server]\nurl = \"URL\"\n", "server = \"URL\"\n"] {
        ombud.file(".ombud/config.toml", &config.replace("URL", &nobody_listening()));
        let said = ombud.run(&["oneshot", "Hello"]);
        assert_eq!((said.exit, said.stdout.as_str()), (2, ""), "{config}: {}", said.stderr);
    }
    model.finish();
}

#[test]
fn servers_that_cannot_be_asked() {
    let ombud = Ombud::new();
    let server = nobody_listening().replace("/v1", "");
    let line = format!(
        "error: no server can be reached at {server}: Connection refused (os error 111) (unavailable: connect); start one with \
         `ombud serve`, or check the address in `--server` or OMBUD_SERVER\n"
    );
    let commands: [&[&str]; 7] = [
        &["oneshot", "Hello"],
        &["run", "Hello"],
        &["sessions", "list"],
        &["sessions", "tail", "s"],
        &["restore"],
        &["agents", "list"],
        &["agents", "show", "default"],
    ];
    for command in commands {
        let said = ombud.run(&[command, &["--server", &server]].concat());
        assert_eq!(said, Said { exit: 6, stdout: String::new(), stderr: line.clone() }, "{command:?}");
    }
    let json = ombud.run(&["oneshot", "Hello", "--server", &server, "--format", "json"]);
    assert_eq!((json.exit, &json.json()["error"]["cause"]), (6, &json!("connect")));
    let said = ombud.run(&["sessions", "list", "--server", "localhost:3000"]);
    let line = "the address of the server is no http or https address (invalid_input); write it in full, such as \
                `http://127.0.0.1:3000` or `https://agents.example`";
    assert_eq!(said, wrong(line));
}

#[test]
fn a_token_opens_the_server() {
    let (model, mut ombud) = with(vec![Answer::text("One."), Answer::text("Two.")]);
    ombud.set("OMBUD_SERVER_TOKEN", "canary-0123456789abcdef");
    let server = ombud.serve();
    let ask = ["oneshot", "Hello", "--server", &server, "-vv"];
    let said = ombud.run(&ask);
    assert_eq!((said.exit, said.stdout.as_str()), (0, "One.\n"));
    assert!(!said.stderr.contains("canary"), "{}", said.stderr);

    ombud.set("OMBUD_SERVER_TOKEN", "");
    let refused = |what: &str| Said {
        exit: 3,
        stdout: String::new(),
        stderr: format!(
            "error: the server at {server} {what} (unauthorized); give it by OMBUD_SERVER_TOKEN or `--server-token-file`\n"
        ),
    };
    for command in [&["oneshot", "Hello"][..], &["sessions", "list"], &["sessions", "tail", "s"], &["agents", "list"]] {
        let said = ombud.run(&[command, &["--server", &server]].concat());
        assert_eq!(said, refused("wants a token"), "{command:?}");
    }
    ombud.file("token", "canary-0123456789abcdeX\n");
    let with_file = ["oneshot", "Hello", "--server", &server, "--server-token-file", "token"];
    assert_eq!(ombud.run(&with_file), refused("does not know this token"));
    ombud.file("token", "canary-0123456789abcdef\n");
    assert_eq!(ombud.run(&with_file).stdout, "Two.\n");
    ombud.file("token", "one\ntwo\n");
    let line = "the token in `token` cannot be used: it must be one line of at most 4096 bytes (invalid_input)";
    assert_eq!(ombud.run(&with_file), wrong(line));
    model.finish();
}

#[test]
fn a_workspace_is_a_folder_of_the_server() {
    let look = || Answer::calls(vec![("list_files", json!({}))]);
    let (model, ombud) = with(vec![look(), Answer::text("One."), look(), Answer::text("Two.")]);
    let server = ombud.serve();
    std::fs::create_dir(ombud.root().join("other")).unwrap();
    std::fs::write(ombud.root().join("other/there.txt"), "x").unwrap();
    let other = std::fs::canonicalize(ombud.root().join("other")).unwrap();
    let other = other.to_str().unwrap();
    let asked = ombud.run(&["oneshot", "Look", "-C", other, "--session-id", "s", "--server", &server]);
    assert_eq!((asked.exit, asked.stdout.as_str()), (0, "One.\n"), "{}", asked.stderr);
    let shown = ombud.json(&["sessions", "show", "s", "--server", &server]);
    assert_eq!(shown["workspace"], other);
    // `--continue` looks for the last session of that folder, and finds none of the server's own.
    let asked = ombud.run(&["run", "--continue", "Again", "-C", other, "--server", &server]);
    assert_eq!((asked.exit, asked.stdout.as_str()), (0, "Two.\n"), "{}", asked.stderr);
    let none = ombud.run(&["run", "--continue", "Again", "--server", &server]);
    assert_eq!((none.exit, none.stdout.as_str()), (4, ""), "{}", none.stderr);
    let requests = model.finish();
    let seen = requests[1].body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    assert!(seen.as_str().unwrap().contains("there.txt"), "{seen}");
}

/// What a command prints, as it comes.
fn frames(command: &mut std::process::Child) -> impl Iterator<Item = Value> {
    let lines = BufReader::new(command.stdout.take().unwrap()).lines();
    lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

#[test]
fn a_run_outlives_whoever_asked() {
    let gate = Gate::new();
    let (model, ombud) = with(vec![Answer::pieces(&["The whole ", "answer"]).wait_after(2, &gate)]);
    let server = ombud.serve();
    let ask = ["oneshot", "Hello", "--session-id", "s", "--format", "jsonl", "--server", &server];
    let mut asking = ombud.command(&ask).spawn().unwrap();
    // Whoever is gone before the question was taken has taken it back; this one has it taken.
    frames(&mut asking).find(|frame| frame["type"] == "part.grew").unwrap();
    asking.kill().unwrap();
    assert_eq!(finish(asking).exit, -1);
    // Another looks on, from the beginning, until it has ended.
    let watching =
        ombud.command(&["sessions", "tail", "s", "--after", "0", "--format", "jsonl", "--server", &server]).spawn();
    let mut watching = watching.unwrap();
    gate.open();
    let last = frames(&mut watching).find(|frame| frame["type"] == "run.finished").unwrap();
    assert_eq!((&last["outcome"], &last["answer"]), (&json!("completed"), &json!("The whole answer")));
    watching.kill().unwrap();
    drop(finish(watching));
    model.finish();
}

#[test]
fn agents_of_a_server_are_shown_as_they_are() {
    let ombud = Ombud::new();
    let folder = ombud.home().join(".config/ombud/agents");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("reviewer.toml"), "description = \"Reviews\"\ninstructions = \"Review.\"\n").unwrap();
    let server = ombud.serve();
    ombud.file("kept.toml", "instructions = \"Keep.\"\n");
    assert_eq!(ombud.run(&["agents", "add", "kept.toml", "--server", &server]).exit, 0);
    for name in ["default", "reviewer", "kept"] {
        let near = ombud.run(&["agents", "show", name]);
        let far = ombud.run(&["agents", "show", name, "--server", &server]);
        // What is told beside the definition differs in its first line: the source.
        let body = |said: &Said| said.stdout.split_once('\n').unwrap().1.to_owned();
        assert_eq!((far.exit, &far.stderr, body(&far)), (0, &near.stderr, body(&near)));
    }
    let far = ombud.json(&["agents", "list", "--server", &server]);
    let mut near = ombud.json(&["agents", "list"]);
    for agent in near["agents"].as_array_mut().unwrap() {
        agent["source"] = json!({"kind": "server", "name": server});
    }
    assert_eq!(far, near);
    let text = ombud.run(&["agents", "list", "--server", &server]).stdout;
    assert!(text.lines().nth(1).unwrap().contains(&format!("server {server}")), "{text}");
    assert!(text.lines().nth(2).unwrap().contains(&format!("server {server}, store")), "{text}");
    let said = ombud.run(&["agents", "show", "reviwer", "--server", &server]);
    let stderr = "error: agent `reviwer` is not known; did you mean `reviewer`? (not_found); known agents: default, kept, \
                  reviewer\n";
    assert_eq!(said, Said { exit: 4, stdout: String::new(), stderr: stderr.to_owned() });
}

#[test]
fn a_session_is_brought_to_a_server() {
    let (model, ombud) = with(vec![Answer::text("One.")]);
    assert_eq!(ombud.run(&["oneshot", "Hello", "--session-id", "s"]).exit, 0);
    model.finish();
    let shown = ombud.run(&["sessions", "show", "s", "--format", "json"]).stdout;
    ombud.file("s.json", &shown.replace("\"id\":\"s\"", "\"id\":\"t\""));
    let server = ombud.serve();
    let said = ombud.run(&["restore", "./s.json", "--server", &server]);
    assert_eq!((said.exit, said.stdout.as_str()), (0, "restored session t with 2 messages\n"), "{}", said.stderr);
    let said = ombud.run(&["restore", "./s.json", "--server", &server]);
    assert_eq!((said.exit, said.stdout.as_str()), (5, ""), "{}", said.stderr);
    assert_eq!(ombud.run(&["sessions", "delete", "t", "--yes", "--server", &server]).stdout, "deleted t\n");
    assert_eq!(ombud.run(&["sessions", "show", "t"]).exit, 4);
}

#[test]
fn a_session_of_a_server_is_shared_as_one_of_this_machine() {
    let (model, ombud) = with(vec![Answer::text("One.")]);
    assert_eq!(ombud.run(&["oneshot", "Hello", "--session-id", "s"]).exit, 0);
    model.finish();
    let server = ombud.serve();
    let near = ombud.run(&["share", "s", "-o", "-"]);
    let far = ombud.run(&["share", "s", "-o", "-", "--server", &server]);
    assert!(near.stdout.starts_with("<!DOCTYPE html>"), "{}", near.stdout);
    assert_eq!((near.exit, &far), (0, &near));
}

#[test]
fn rules_that_answer_are_told_of_a_server_too() {
    let ombud = Ombud::new();
    let server = ombud.serve();
    ombud.file("a.txt", "x");
    let near = ombud.run(&["oneshot", "Which files are here?"]);
    let far = ombud.run(&["oneshot", "Which files are here?", "--server", &server]);
    assert!(near.stderr.contains("a set of rules and no language model"), "{}", near.stderr);
    assert_eq!(far, near);
}
