//! Machine output is a contract: every command's JSON fits its schema in `docs/schemas`.

use ombud::config::Wire;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, Gate, ModelServer};
use crate::support::ombud::{Ombud, finish};
use crate::support::schema::{self, check, violations};

#[test]
fn every_schema_is_one() {
    let names: Vec<&str> = schema::all().iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "agent",
        "agents",
        "backup",
        "cancel",
        "config",
        "config-file",
        "config-init",
        "delete",
        "doctor",
        "export",
        "fork",
        "frame",
        "import",
        "keys",
        "keys-add",
        "keys-remove",
        "mcp",
        "mcp-change",
        "mcp-logs",
        "mcp-remove",
        "mcp-test",
        "models",
        "prune",
        "restore",
        "result",
        "rewind",
        "search",
        "sessions",
        "share",
        "show",
        "stats",
        "users",
        "users-change",
        "users-remove",
        "users-rotate-key",
        "users-token",
        "version",
        "words",
        "ws",
    ];
    assert_eq!(names, expected);
    for (name, schema) in schema::all() {
        assert!(jsonschema::meta::is_valid(schema), "{name}");
        assert_eq!(schema["$id"], format!("https://ombud.invalid/schemas/{name}.json"));
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert!(schema["title"].is_string(), "{name}");
        if *name != "words" {
            assert!(!violations(name, &json!({"nobody": "knows this"})).is_empty(), "{name} lets everything through");
        }
    }
}

/// What is not in a contract is refused, and so is what lacks something.
#[test]
fn a_schema_refuses_what_does_not_fit() {
    let ombud = Ombud::new();
    let mut shown = ombud.json(&["config", "show"]);
    check("config", &shown);
    shown["more"] = json!(1);
    assert_eq!(violations("config", &shown).len(), 1);
    let mut agents = ombud.json(&["agents", "list"]);
    check("agents", &agents);
    agents["agents"][0].as_object_mut().unwrap().remove("state");
    assert_eq!(violations("agents", &agents).len(), 1);
    let mut list = ombud.json(&["sessions", "list"]);
    check("sessions", &list);
    list["sessions"] = json!([{}]);
    assert!(!violations("sessions", &list).is_empty());
}

#[test]
fn what_commands_print_fits_its_schema() {
    let gate = Gate::new();
    let tools = Answer::reasoning(&["Hm."]).and_text("Look.").and_calls(vec![
        ("read_file", json!({"path": "a.txt"})),
        ("read_file", json!({"path": "missing.txt"})),
        ("write_file", json!({"path": "b.txt", "content": ""})),
    ]);
    let slow = Answer::pieces(&["Slow", "ly"]).wait_after(2, &gate);
    let server = ModelServer::start(Wire::Anthropic, vec![tools.usage(9, 1, 2), Answer::text("Done."), slow]);
    let ombud = Ombud::with_model(&server, Wire::Anthropic);
    ombud.file("a.txt", &"words\n".repeat(20_000));
    ombud.file(".ombud/agents/broken.toml", "tool = []\n");
    let asked = ombud.run(&["oneshot", "Hello", "--session-id", "s", "--tag", "t", "--format", "jsonl"]);
    schema::check_frames(&asked.jsonl(), true);
    let events = ombud.run(&["sessions", "events", "s"]);
    schema::check_frames(&events.jsonl(), false);

    // A run that is cancelled while it works, and a reader of what happens.
    let work = ombud.command(&["oneshot", "Slowly", "-s", "s", "--format", "json"]).spawn().unwrap();
    server.wait_for_requests(3);
    // The model is asked beside the append that takes the run, which may come a moment later.
    let lists = (0..100).map(|_| ombud.json(&["sessions", "list"]));
    let list = lists.into_iter().find(|list| list["sessions"][0]["status"] == "running").unwrap();
    check("sessions", &list);
    let cancelled = ombud.json(&["sessions", "cancel", "s"]);
    check("cancel", &cancelled);
    assert_eq!(cancelled["cancelled"].as_array().unwrap().len(), 1);
    gate.open();
    let cancelled = finish(work);
    let result = cancelled.json();
    check("result", &result);
    assert_eq!((cancelled.exit, &result["status"], &result["exit_code"]), (130, &json!("cancelled"), &json!(130)));
    check("cancel", &ombud.json(&["sessions", "cancel", "s"]));

    let shown = ombud.json(&["sessions", "show", "s"]);
    check("show", &shown);
    for line in ombud.run(&["sessions", "show", "s", "--format", "jsonl"]).jsonl() {
        check("show#/$defs/message", &line);
    }
    for line in ombud.run(&["sessions", "list", "--format", "jsonl"]).jsonl() {
        check("sessions#/$defs/item", &line);
    }
    ombud.file("s.json", &shown.to_string());
    check("sessions#/$defs/item", &ombud.json(&["sessions", "update", "s", "--name", "New"]));
    check("sessions#/$defs/item", &ombud.json(&["restore", "s.json", "--yes"]));
    schema::check_frames(&ombud.run(&["sessions", "events", "s"]).jsonl(), false);
    check("share", &ombud.json(&["share", "s", "-o", "shared.html"]));
    check("restore", &ombud.json(&["restore"]));
    check("delete", &ombud.json(&["sessions", "delete", "s", "--yes"]));
    server.finish();
    check("keys", &ombud.json(&["keys", "list"]));
    check("keys-add", &ombud.json(&["keys", "add", "shop", "--permission", "sessions,mint", "--expires", "90d"]));
    check("keys-add", &ombud.json(&["keys", "add", "operator", "--admin", "--doors", "all"]));
    let keys = ombud.json(&["keys", "list"]);
    check("keys", &keys);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    for line in ombud.run(&["keys", "list", "--format", "jsonl"]).jsonl() {
        check("words#/$defs/key", &line);
    }
    check("keys-remove", &ombud.json(&["keys", "remove", "shop"]));

    check("users", &ombud.json(&["users", "list"]));
    for email in [&[][..], &["--email", "ana@example.org"]] {
        let name = if email.is_empty() { "ana" } else { "bob" };
        let add = [&["users", "add", name, "--role", "admin", "--password-stdin", "--format", "json"], email].concat();
        check("users-change", &ombud.run_with(&add, b"correct horse").json());
    }
    let users = ombud.json(&["users", "list"]);
    check("users", &users);
    assert_eq!(users["users"].as_array().unwrap().len(), 2);
    for line in ombud.run(&["users", "list", "--format", "jsonl"]).jsonl() {
        check("words#/$defs/user", &line);
    }
    check("users-change", &ombud.json(&["users", "update", "ana", "--role", "viewer"]));
    let passwd = ["users", "passwd", "ana", "--password-stdin", "--format", "json"];
    check("users-change", &ombud.run_with(&passwd, b"another horse").json());
    check("users-token", &ombud.json(&["users", "token", "ana"]));
    check("users-rotate-key", &ombud.json(&["users", "rotate-key"]));
    check("users-remove", &ombud.json(&["users", "remove", "ana"]));
    let agents: Value = ombud.run(&["agents", "list", "--format", "json"]).json();
    check("agents", &agents);
    check("config", &ombud.run(&["config", "show", "--format", "json"]).json());
}

#[test]
fn pages_of_sessions_follow_each_other() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("ok").always()]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    for id in ["a", "b", "c", "d", "e"] {
        assert_eq!(ombud.run(&["oneshot", "Hello", "--session-id", id]).exit, 0);
    }
    server.finish();
    let mut ids = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut arguments = vec!["sessions", "list", "--limit", "2"];
        arguments.extend(after.iter().flat_map(|after| ["--after", after.as_str()]));
        let page = ombud.json(&arguments);
        check("sessions", &page);
        ids.push(page["sessions"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect::<Vec<_>>());
        after = page["next"].as_str().map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    assert_eq!(json!(ids), json!([["e", "d"], ["c", "b"], ["a"]]));
}
