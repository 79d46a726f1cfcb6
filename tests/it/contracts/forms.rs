//! Answers that must fit a schema: met, met after one more try, never met.

use ombud::config::Wire;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, Gate, ModelServer, Request};
use crate::support::ombud::{Ombud, Said};
use crate::support::process::{PATIENCE, Place, kinds};

const SCHEMA: &str = r#"{
  "type": "object",
  "required": ["files"],
  "properties": {"files": {"type": "array", "items": {"type": "string"}}},
  "additionalProperties": false
}"#;

const ASK: [&str; 4] = ["oneshot", "Which files are there?", "--output-schema", "answer.json"];

fn with(script: Vec<Answer>) -> (ModelServer, Ombud) {
    let server = ModelServer::start(Wire::Openai, script);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    ombud.file("answer.json", SCHEMA);
    (server, ombud)
}

fn good(stdout: &str) -> Said {
    Said { exit: 0, stdout: stdout.to_owned(), stderr: String::new() }
}

/// The last thing that a request says.
fn last(request: &Request) -> String {
    request.body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned()
}

const FAULTS: &str = "[Environment: check of the answer] your last answer does not fit the JSON Schema:\n\
                      - it is no JSON: expected value at line 1 column 1\n\
                      Answer again: one JSON value that fits it, whole, and nothing else.";

#[test]
fn an_answer_that_fits_is_printed_as_json() {
    let fenced = "Here you are:\n```json\n{\n  \"files\": [\"a\"]\n}\n```\n";
    let look = Answer::text("I look.").and_calls(vec![("list_files", json!({"path": "."}))]);
    let (server, ombud) =
        with(vec![Answer::text("{\"files\": []}"), look, Answer::text(fenced), Answer::text("{\"files\": [\"b\"]}")]);
    assert_eq!(ombud.run(&ASK), good("{\"files\":[]}\n"));
    // With tools in between, and with a fence.
    assert_eq!(ombud.run(&[&ASK[..], &["-o", "out.json"]].concat()), good(""));
    assert_eq!(std::fs::read_to_string(ombud.work().join("out.json")).unwrap(), "{\"files\":[\"a\"]}\n");
    let result = ombud.run(&[&ASK[..], &["--format", "json", "--session-id", "s"]].concat()).json();
    assert_eq!(
        (&result["output"], &result["answer"], &result["exit_code"]),
        (&json!({"files": ["b"]}), &json!("{\"files\": [\"b\"]}"), &json!(0))
    );
    let events = ombud.run(&["sessions", "events", "s"]).jsonl();
    assert_eq!(events.last().unwrap()["output"], json!({"files": ["b"]}));
    let requests = server.finish();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for request in &requests {
        let system = request.body["messages"][0]["content"].as_str().unwrap();
        let told = format!("Answer with one JSON value that fits this JSON Schema, and with nothing else:\n{schema}");
        assert!(system.ends_with(&told), "{system}");
        assert_eq!(
            request.body["response_format"],
            json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": true}})
        );
    }
}

#[test]
fn every_wire_tells_the_form_in_its_own_words_and_does_without_where_they_are_refused() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let format = |more: Value| {
        let mut format = json!({"type": "json_schema", "schema": schema});
        format.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        format
    };
    for (wire, field, told) in [
        (
            Wire::Openai,
            "response_format",
            json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": true}}),
        ),
        (Wire::Responses, "text", json!({"format": format(json!({"name": "answer", "strict": true}))})),
        (Wire::Anthropic, "output_config", json!({"format": format(json!({}))})),
    ] {
        let refused = Answer::error(400, "invalid_request_error", "no such field");
        let look = Answer::calls(vec![("list_files", json!({"path": "."}))]);
        let answer = || Answer::text("{\"files\": []}");
        let server = ModelServer::start(wire, vec![answer(), refused, look, answer()]);
        let ombud = Ombud::with_model(&server, wire);
        ombud.file("answer.json", SCHEMA);
        assert_eq!(ombud.run(&ASK), good("{\"files\":[]}\n"), "{wire:?}");
        let said = ombud.run(&[&ASK[..], &["--format", "json"]].concat());
        let result = said.json();
        assert_eq!((said.exit, &result["output"], &result["turns"]), (0, &json!({"files": []}), &json!(2)), "{said:?}");
        let notice = "attempt 1 failed (`house` rejected the request (400): no such field; without the schema in the request); \
                      again in 0 ms";
        assert_eq!(result["notices"], json!([notice]), "{wire:?}");
        let requests = server.finish();
        let sent: Vec<&Value> = requests.iter().map(|request| &request.body[field]).collect();
        // The second round of a run does not try it again; the model is told in its instructions all the time.
        assert_eq!(sent, [&told, &told, &Value::Null, &Value::Null], "{wire:?}");
        for request in &requests {
            assert!(request.body.to_string().contains("Answer with one JSON value that fits this JSON Schema"));
        }
    }
}

#[test]
fn an_answer_that_does_not_fit_is_asked_for_once_more() {
    let (server, ombud) = with(vec![
        Answer::text("There are none."),
        Answer::text("{\"files\": []}"),
        Answer::text("{\"files\": [1], \"more\": 2}"),
        Answer::calls(vec![("list_files", json!({"path": "."}))]),
        Answer::text("{\"files\": [\"a\"]}"),
    ]);
    let said = ombud.run(&[&ASK[..], &["--session-id", "s"]].concat());
    assert_eq!(said, good("{\"files\":[]}\n"));
    let events = ombud.run(&["sessions", "events", "s"]).jsonl();
    assert_eq!(
        kinds(&events)[3..],
        ["run.started", "message.completed", "message.posted", "message.completed", "run.finished"]
    );
    assert_eq!((&events[7]["rounds"], &events[7]["outcome"]), (&json!(2), &json!("completed")));
    assert_eq!(ombud.run(&ASK), good("{\"files\":[\"a\"]}\n"));
    let requests = server.finish();
    assert_eq!(last(&requests[1]), FAULTS);
    let faults = last(&requests[3]);
    assert!(faults.contains("- at /files/0: 1 is not of type \"string\"\n"), "{faults}");
    assert!(faults.contains("Additional properties are not allowed ('more' was unexpected)"), "{faults}");
}

#[test]
fn an_answer_that_never_fits_is_kept_and_ends_with_nine() {
    let script = || vec![Answer::text("None."), Answer::text("Still none.")];
    let (server, ombud) = with([script(), script()].concat());
    let line = "error: the answer does not fit the schema: it is no JSON: expected value at line 1 column 1 (schema_mismatch); ask \
                again, ask another model, or say in the prompt what each field is; the answer is kept in the session\n";
    let said = ombud.run(&[&ASK[..], &["--session-id", "s"]].concat());
    assert_eq!(said, Said { exit: 9, stdout: String::new(), stderr: line.to_owned() });
    let end = ombud.run(&["sessions", "events", "s"]).jsonl().pop().unwrap();
    assert_eq!(
        (&end["outcome"], &end["answer"], &end["error"]["code"], &end["output"]),
        (&json!("failed"), &json!("Still none."), &json!("schema_mismatch"), &Value::Null)
    );
    let said = ombud.run(&[&ASK[..], &["--format", "json"]].concat());
    let result = said.json();
    assert_eq!(
        (said.exit, &result["status"], &result["answer"], &result["output"]),
        (9, &json!("failed"), &json!("Still none."), &Value::Null)
    );
    server.finish();
}

#[test]
fn what_is_no_schema_is_refused_before_anybody_is_asked() {
    let (server, ombud) = with(vec![]);
    let refused = |schema: &str, words: &str| {
        ombud.file("answer.json", schema);
        let said = ombud.run(&ASK);
        assert!(said.exit == 2 && said.stdout.is_empty() && said.stderr.contains(words), "{said:?}");
    };
    refused("no json", "the schema `answer.json` cannot be used: it is no JSON");
    refused("{\"type\": \"objekt\"}", "the schema of the answer is no JSON Schema: at /type: ");
    refused("[]", "the schema of the answer is no JSON Schema: it is neither an object nor true or false");
    refused("{\"$ref\": \"https://example.com/a.json\"}", "the schema of the answer is no JSON Schema: ");
    let said = ombud.run(&["oneshot", "x", "--output-schema", "gone.json"]);
    assert_eq!(
        said,
        Said { exit: 4, stdout: String::new(), stderr: "error: there is no schema `gone.json` (not_found)\n".into() }
    );
    ombud.file("answer.json", SCHEMA);
    let said = ombud.run(&[&ASK[..], &["-m", "offline/rules"]].concat());
    let line = "error: `offline/rules` is a set of rules: it answers in text, and keeps to no schema (not_supported); choose another \
                model with `-m PROVIDER/MODEL`\n";
    assert_eq!(said, Said { exit: 2, stdout: String::new(), stderr: line.to_owned() });
    assert_eq!(ombud.json(&["sessions", "list"])["sessions"], json!([]));
    server.finish();
}

#[test]
fn a_budget_ends_it_before_it_is_asked_for_once_more() {
    let (server, ombud) = with(vec![Answer::text("None.")]);
    let said = ombud.run(&[&ASK[..], &["--max-turns", "1"]].concat());
    assert!(said.exit == 8 && said.stdout.is_empty() && said.stderr.contains("(budget_exhausted: turns)"), "{said:?}");
    server.finish();
}

#[test]
fn schemas_count_over_a_server() {
    let (server, mut ombud) =
        with(vec![Answer::text("None."), Answer::text("{\"files\": []}"), Answer::text("x"), Answer::text("y")]);
    let address = ombud.serve();
    ombud.set("OMBUD_SERVER", address);
    assert_eq!(ombud.run(&ASK), good("{\"files\":[]}\n"));
    let said = ombud.run(&ASK);
    assert_eq!((said.exit, said.stdout.as_str()), (9, ""), "{said:?}");
    server.finish();
}

#[test]
fn a_run_that_was_killed_while_it_was_asked_once_more_goes_on_there() {
    for store in ["sqlite", "file"] {
        let gate = Gate::new();
        let half = Answer::pieces(&["half ", "an answer"]).wait_after(2, &gate);
        let server = ModelServer::start(
            Wire::Openai,
            vec![Answer::text("None."), half, Answer::text("So:\n```\n{\"files\": []}\n```")],
        );
        let place = Place::new(store).asking(&server);
        std::fs::write(place.work().join("answer.json"), SCHEMA).unwrap();
        let mut process = place.start(&[&ASK[..], &["--session-id", "s", "--format", "jsonl"]].concat());
        process.until(|line| line["text"] == "half ");
        process.signal(Signal::KILL);
        process.end(PATIENCE);
        gate.open();
        // As text only what fits is printed, whoever goes on with the run.
        assert_eq!(place.good(&["restore", "s", "--resume"]), "{\"files\":[]}\n");
        let end = place.events("s").pop().unwrap();
        assert_eq!((&end["output"], &end["rounds"]), (&json!({"files": []}), &json!(2)), "{end}");
        let requests = server.finish();
        assert_eq!((requests.len(), last(&requests[2])), (3, FAULTS.to_owned()));
    }
}

#[test]
fn what_never_fits_is_not_printed_by_who_goes_on_with_it_either() {
    let gate = Gate::new();
    let half = Answer::pieces(&["half ", "an answer"]).wait_after(2, &gate);
    let server = ModelServer::start(Wire::Openai, vec![half, Answer::text("None."), Answer::text("Still none.")]);
    let place = Place::new("sqlite").asking(&server);
    std::fs::write(place.work().join("answer.json"), SCHEMA).unwrap();
    let mut process = place.start(&[&ASK[..], &["--session-id", "s", "--format", "jsonl"]].concat());
    process.until(|line| line["text"] == "half ");
    process.signal(Signal::KILL);
    process.end(PATIENCE);
    gate.open();
    let ended = place.run(&["restore", "s", "--resume"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(9), ""), "{ended}");
    assert!(ended.stderr.contains("(schema_mismatch)"), "{ended}");
    server.finish();
}
