//! Commands that use too much memory.

#![cfg(target_os = "linux")]

use ombud::config::Wire;
use serde_json::json;

use crate::support::model_server::{Answer, ModelServer};
use crate::support::ombud::{Ombud, QUICK, model_config};

/// What the model is told of a command that may use 64 MiB.
fn told(command: &str) -> (String, serde_json::Value) {
    let script = vec![Answer::calls(vec![("run_command", json!({ "command": command }))]), Answer::text("Done.")];
    let server = ModelServer::start(Wire::Openai, script);
    let ombud = Ombud::new();
    let limits = format!("{QUICK}command_memory_bytes = {}\n", 64 << 20);
    ombud.config(&model_config(&server.base_url(), Wire::Openai, &limits));
    let result = ombud.run(&["oneshot", "Go", "--allow", "run_command", "--format", "json"]).json();
    assert_eq!((&result["answer"], &result["exit_code"]), (&json!("Done."), &json!(0)), "{result}");
    let requests = server.finish();
    let told = requests[1].body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
    (told, result["tool_calls"][0]["status"].clone())
}

#[test]
fn a_command_within_the_limit_is_as_without() {
    let (told, status) = told("echo fine");
    assert!(told.starts_with("fine\n[exit code 0") && status == "ok", "{told}");
}

#[test]
fn a_process_that_wants_too_much_is_refused_it() {
    // `dd` takes its buffer in one piece.
    let (told, status) = told("dd if=/dev/zero of=/dev/null bs=256M count=1");
    assert!(told.contains("; each of its processes could have 67108864 bytes of memory"), "{told}");
    assert_eq!(status, "ok");
}

#[test]
fn processes_that_use_too_much_together_are_ended() {
    // Each holds 40 MiB, and none of them ends by itself.
    let one = "dd if=/dev/zero bs=40M count=1 iflag=fullblock of=/dev/stdout 2>/dev/null | sleep 1000";
    let command = format!("({one}) & ({one}) & ({one}) & wait");
    let (told, status) = told(&command);
    assert!(
        told.contains(
            "was ended, with all that it started: it used more than 67108864 bytes of memory (limits.command_memory_bytes)"
        ),
        "{told}"
    );
    assert_eq!(status, "failed");
}
