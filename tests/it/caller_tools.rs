//! `oneshot --trigger` and `--tool`: procedures asked for from the shell, and tools of an agent that commands answer.

use ombud::config::Wire;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer};
use crate::support::ombud::{Ombud, Said};

const SETTINGS: &str = r#"{"slug": "support", "name": "Support", "format": "interactive"}"#;
const PROTOCOL: &str = "\
input:
  COMPANY:
    type: string
triggers:
  user-message:
    input:
      USER_MESSAGE:
        type: string
  lookup:
    input:
      WHO:
        type: integer
tools:
  get-user:
    description: Looking up a user
    parameters:
      userId:
        type: unknown
agent:
  model: house/small
  system: system
  input: [COMPANY]
  tools: [get-user]
  agentic: true
handlers:
  user-message:
    Add:
      block: add-message
      role: user
      prompt: message
      input: [USER_MESSAGE]
    Respond:
      block: next-message
  lookup:
    Look up:
      block: tool-call
      tool: get-user
      input:
        userId: WHO
";

/// A house with an agent that calls tools of whoever asks.
fn house(script: Vec<Answer>) -> (ModelServer, Ombud) {
    let server = ModelServer::start(Wire::Openai, script);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    ombud.file("support/settings.json", SETTINGS);
    ombud.file("support/protocol.yaml", PROTOCOL);
    ombud.file("support/prompts/system.md", "You answer for {{COMPANY}}.");
    ombud.file("support/prompts/message.md", "{{USER_MESSAGE}}");
    let added = ombud.run(&["agents", "add", "support"]);
    assert_eq!(added, good("agent `support` is kept in the store\n"));
    (server, ombud)
}

fn good(stdout: &str) -> Said {
    Said { exit: 0, stdout: stdout.to_owned(), stderr: String::new() }
}

fn calls() -> Answer {
    Answer::calls(vec![("get-user", json!({"userId": "42"})), ("get-user", json!({"userId": "43"}))])
}

/// Asks in words; `more` are further options.
fn asked(ombud: &Ombud, more: &[&str]) -> Said {
    let ask = ["oneshot", "-a", "support", "--input", "COMPANY=Acme", "--trigger", "user-message"];
    ombud.run(&[&ask[..], &["--argument", "USER_MESSAGE=Who is it?"], more].concat())
}

fn returned(server: ModelServer) -> Vec<Value> {
    let requests = server.finish();
    let messages = requests.last().unwrap().body["messages"].as_array().unwrap().clone();
    messages.into_iter().filter(|message| message["role"] == "tool").map(|message| message["content"].clone()).collect()
}

#[test]
fn commands_answer_the_calls_of_an_agent() {
    let (server, ombud) = house(vec![calls(), Answer::text("Two users.")]);
    let command = r#"get-user=sed 's/userId/name/'"#;
    assert_eq!(asked(&ombud, &["--tool", command]), good("Two users.\n"));
    assert_eq!(returned(server), [r#"{"name":"42"}"#, r#"{"name":"43"}"#]);
}

#[test]
fn what_a_command_says_of_its_failure_is_told() {
    let (server, ombud) = house(vec![calls(), Answer::text("Sorry.")]);
    let command = "get-user=if grep -q 42; then echo 'the base is down' >&2; exit 3; fi; echo plain";
    assert_eq!(asked(&ombud, &["--tool", command]), good("Sorry.\n"));
    assert_eq!(returned(server), ["the base is down (exit status: 3)", "plain"]);
}

#[test]
fn without_a_command_the_run_stays_waiting() {
    let (server, ombud) = house(vec![calls()]);
    let said = asked(&ombud, &["--format", "json"]);
    assert_eq!((said.exit, &said.json()["status"]), (0, &json!("waiting")));
    server.finish();
    let (server, ombud) = house(vec![calls()]);
    let waits = "note: the run waits for `get-user`, `get-user`; `--tool get-user=COMMAND` answers such calls\n";
    assert_eq!(asked(&ombud, &[]), Said { exit: 0, stdout: String::new(), stderr: waits.to_owned() });
    server.finish();
    let (server, ombud) = house(vec![calls(), Answer::text("Nobody knows.")]);
    assert_eq!(asked(&ombud, &["--tool", "other=true"]), good("Nobody knows.\n"));
    let why = "no command answers `get-user` here: give one with `--tool get-user=COMMAND`";
    assert_eq!(returned(server), [why, why]);
}

#[test]
fn a_step_that_calls_a_tool_is_answered_too() {
    let (server, ombud) = house(vec![]);
    let command = "get-user=cat > seen.json; echo done";
    let ask = ["oneshot", "-a", "support", "--input", "COMPANY=Acme", "--trigger", "lookup", "--argument", "WHO:=7"];
    let said = ombud.run(&[&ask[..], &["--tool", command, "--format", "json"]].concat());
    assert_eq!((said.exit, &said.json()["status"]), (0, &json!("completed")), "{}", said.whole());
    let called = json!([{"name": "get-user", "arguments": {"userId": 7}, "status": "ok"}]);
    let result = said.json();
    let call = &result["tool_calls"][0];
    let told = json!([{"name": call["name"], "arguments": call["arguments"], "status": call["status"]}]);
    assert_eq!(told, called);
    assert_eq!(std::fs::read_to_string(ombud.work().join("seen.json")).unwrap(), r#"{"userId":7}"#);
    server.finish();
}

#[test]
fn what_does_not_fit_is_told() {
    let (server, ombud) = house(vec![]);
    let wrong = |arguments: &[&str]| {
        let said = ombud.run(&[&["oneshot", "-a", "support"][..], arguments].concat());
        (said.exit, said.stderr.lines().next().unwrap_or_default().to_owned())
    };
    let input = ["--input", "COMPANY=Acme"];
    let told = |arguments: &[&str]| wrong(&[&input[..], arguments].concat());
    assert_eq!(told(&["--trigger", "lookup"]), (2, "error: argument `WHO` is missing (invalid_input)".to_owned()));
    assert_eq!(
        told(&["--trigger", "lookup", "--argument", "WHO=seven"]),
        (2, "error: argument `WHO` does not fit: the value is not of type \"integer\" (invalid_input)".to_owned())
    );
    assert_eq!(told(&["--trigger", "look-up"]).0, 4);
    assert_eq!(wrong(&["--trigger", "lookup"]), (2, "error: input `COMPANY` is missing (invalid_input)".to_owned()));
    assert_eq!(told(&["--trigger", "lookup", "--argument", "WHO:=seven"]).0, 2);
    assert_eq!(told(&["hi", "--argument", "WHO=a"]).0, 2);
    server.finish();
}
