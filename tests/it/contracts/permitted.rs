//! What a call that was not made tells: why, and what would allow it.

use ombud::config::Wire;
use serde_json::json;

use crate::support::model_server::{Answer, ModelServer};
use crate::support::ombud::Ombud;

#[test]
fn a_denial_of_the_command_line_is_not_said_to_be_allowed_by_an_option() {
    let look = || {
        Answer::calls(vec![
            ("read_file", json!({"path": "secrets/a"})),
            ("write_file", json!({"path": "b", "content": "b"})),
        ])
    };
    let script = || vec![look(), Answer::text("No.")];
    let server = ModelServer::start(Wire::Openai, [script(), script()].concat());
    let ombud = Ombud::with_model(&server, Wire::Openai);
    ombud.file("secrets/a", "hush");
    let ask = ["oneshot", "What is in secrets/a?", "--deny", "read_file(secrets/**)", "--allow", "read_file"];
    let said = ombud.run(&ask);
    let notes = "note: `read_file` was denied by `--deny 'read_file(secrets/**)'`\n\
                 note: `write_file` was denied; allow it with `--allow write_file`\n";
    assert_eq!((said.exit, said.stdout.as_str(), said.stderr.as_str()), (0, "No.\n", notes));
    let denied = ombud.run(&[&ask[..], &["--format", "json"]].concat()).json()["denied"].clone();
    assert_eq!((&denied[0]["allow_with"], &denied[1]["allow_with"]), (&json!(""), &json!("--allow write_file")));
    // The model learns by which rule.
    let told = server.finish()[1].body["messages"].to_string();
    assert!(told.contains("`read_file` was not called: the rule `read_file(secrets/**)` denies it"), "{told}");
}

#[test]
fn a_patch_that_cannot_be_read_is_explained_and_not_denied() {
    let broken = || Answer::calls(vec![("apply_patch", json!({"patch": "*** Begin Patch\n"}))]);
    let script = || vec![broken(), Answer::text("Oh.")];
    let server = ModelServer::start(Wire::Openai, [script(), script(), script()].concat());
    let ombud = Ombud::with_model(&server, Wire::Openai);
    let status = |rules: &[&str]| {
        let result = ombud.run(&[&["oneshot", "Patch it.", "--format", "json"], rules].concat()).json();
        (result["tool_calls"][0]["status"].clone(), result["denied"].as_array().unwrap().len())
    };
    assert_eq!(status(&["--allow", "apply_patch(src/**)"]), (json!("failed"), 0));
    assert_eq!(status(&[]), (json!("failed"), 0));
    // Who may not patch at all is told that.
    assert_eq!(status(&["--deny", "apply_patch"]), (json!("denied"), 1));
    let told = server.finish()[1].body["messages"].to_string();
    assert!(told.contains("the patch cannot be read: "), "{told}");
}
