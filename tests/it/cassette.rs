//! `--record` and `--replay`: what was recorded of a live endpoint is said again without it.

use std::fs;

use ombud::config::Wire;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer};
use crate::support::ombud::{Ombud, QUICK, Said};

const KEY: &str = "sk-test-canary";

/// Two rounds with a tool, then an answer; a retry before it. Tools that work side by side may end in another order.
fn script() -> Vec<Answer> {
    vec![
        Answer::error(500, "server_error", "oh"),
        Answer::reasoning(&["h", "m"])
            .and_text("I look.")
            .and_calls(vec![("read_file", json!({"path": "a.txt"}))])
            .usage(20, 5, 7),
        Answer::calls(vec![("list_files", json!({}))]),
        Answer::pieces(&["It says ", "alpha."]).usage(30, 0, 4),
    ]
}

/// The lines of a run without what differs from run to run: pieces of a text are one, however it was cut.
fn lines(ombud: &Ombud, said: &Said) -> Vec<Value> {
    let mut lines: Vec<Value> = Vec::new();
    for line in ombud.tidy(&said.stdout).lines() {
        let mut line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        if line["type"] == "part.grew"
            && let Some(last) = lines.last_mut().filter(|last| last["type"] == "part.grew")
        {
            last["text"] = json!(last["text"].as_str().unwrap().to_owned() + line["text"].as_str().unwrap());
            continue;
        }
        if let Some(line) = line.as_object_mut() {
            line.remove("cursor");
        }
        lines.push(line);
    }
    lines
}

#[test]
fn a_tape_gives_the_same_without_network_and_key_on_every_wire() {
    for wire in [Wire::Openai, Wire::Responses, Wire::Anthropic] {
        let server = ModelServer::start(wire, script());
        let price = "[models.\"house/small\"]\ninput_price = 1.0\noutput_price = 2.0\n";
        let ombud = Ombud::with_model_at(&server.base_url(), wire, &format!("{QUICK}{price}"));
        ombud.file("a.txt", "alpha\n");
        let ask = ["oneshot", "What is in a.txt?", "--format", "jsonl", "--session-id", "one"];
        let live = ombud.run(&[&ask[..], &["--record", "../tape"]].concat());
        assert_eq!(live.exit, 0, "{}", live.stderr);
        server.finish();
        let tape = fs::read_to_string(ombud.root().join("tape")).unwrap();
        for secret in [KEY, "authorization", "x-api-key", "127.0.0.1"] {
            assert!(!tape.to_ascii_lowercase().contains(secret), "{secret} is on the tape");
        }
        assert_eq!(tape.lines().count(), 4, "{tape}");
        // No provider, no key, no price: the tape knows the model.
        ombud.config("");
        ombud.run(&["sessions", "delete", "one", "--yes"]);
        let played = ombud.run(&[&ask[..4], &["--session-id", "two", "--replay", "../tape"]].concat());
        assert_eq!(played.exit, 0, "{}", played.stderr);
        let of = |said: &Said, id: &str| {
            let lines = lines(&ombud, said);
            let text = serde_json::to_string(&lines).unwrap().replace(&format!("\"session\":\"{id}\""), "\"session\":\"s\"");
            let mut lines: Vec<Value> = serde_json::from_str(&text).unwrap();
            // Which model was first, and why, is about the settings.
            for line in &mut lines {
                if line["type"] == "result" {
                    line["notices"]
                        .as_array_mut()
                        .unwrap()
                        .retain(|notice| !notice.as_str().unwrap().contains("of the first"));
                }
                if let Some(pins) = line["pins"].as_object_mut() {
                    pins.remove("permissions");
                }
            }
            lines
        };
        assert_eq!(of(&live, "one"), of(&played, "two"), "{wire:?}");
    }
}

#[test]
fn what_differs_is_told_and_a_tape_is_not_overwritten() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("fine").always()]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    assert_eq!(ombud.run(&["oneshot", "hi", "--record", "tape"]).exit, 0);
    let said = ombud.run(&["oneshot", "hi", "--replay", "tape"]);
    assert_eq!((said.exit, said.stdout.as_str()), (0, "fine\n"), "{}", said.stderr);
    let said = ombud.run(&["oneshot", "ho", "--replay", "tape", "--format", "json"]);
    let error = said.json()["error"].clone();
    assert_eq!((said.exit, &error["code"], &error["cause"]), (7, &json!("model_failed"), &json!("tape")));
    let message = "the request differs from call 1 of 1 on the tape `tape`: \
                   message 1 of 1 (what was asked) differs: from character 2 on, \"hi\" there and \"ho\" here";
    assert_eq!(error["message"], message);
    let said = ombud.run(&["oneshot", "hi", "--replay", "tape", "-m", "house/large", "--format", "json"]);
    let told = said.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(told.ends_with("the model is `house/small` there and `house/large` here"), "{told}");
    let before = fs::read(ombud.work().join("tape")).unwrap();
    let said = ombud.run(&["oneshot", "hi", "--record", "tape"]);
    assert_eq!((said.exit, said.stdout.as_str()), (5, ""));
    assert!(said.stderr.starts_with("error: `tape` exists already, and is not overwritten"), "{}", said.stderr);
    assert_eq!(fs::read(ombud.work().join("tape")).unwrap(), before);
    let said = ombud.run(&["oneshot", "hi", "--replay", "none"]);
    assert_eq!((said.exit, said.stdout.as_str()), (4, ""));
    let said = ombud.run(&["oneshot", "hi", "--record", "x", "--server", "http://127.0.0.1:1"]);
    assert_eq!((said.exit, said.stdout.as_str()), (2, ""));
    assert!(said.stderr.contains("`--record` cannot be said together with `--server`"), "{}", said.stderr);
    let said = ombud.run(&["oneshot", "hi", "--replay", "tape", "--server", "http://127.0.0.1:1"]);
    assert_eq!(said.exit, 2);
}

#[test]
fn the_rules_inside_the_program_are_recorded_too_and_a_conversation_is_one_tape() {
    let ombud = Ombud::new();
    ombud.file("a.txt", "alpha\n");
    let talk = |tape: [&str; 2], id: &str| {
        let first = ombud.run(&["run", "What files are here?", "-m", "offline/rules", "--session-id", id, tape[0], tape[1]]);
        assert_eq!(first.exit, 0, "{}", first.stderr);
        first.stdout
    };
    let live = talk(["--record", "../rules"], "a");
    assert!(live.contains("a.txt"), "{live}");
    assert_eq!(live, talk(["--replay", "../rules"], "b"));
}
