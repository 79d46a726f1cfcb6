//! Law 14: keys are in no store, no output and no log, whatever is done with them.

use std::path::Path;

use ombud::config::Wire;
use serde_json::json;

use crate::support::model_server::{Answer, ModelServer};
use crate::support::ombud::Ombud;

const KEY: &str = "canary-key-5d1f";
const HEADER: &str = "canary-header-77aa";

/// Every file below a folder that holds one of the canaries.
fn holding(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            let text = String::from_utf8_lossy(&bytes);
            if text.contains(KEY) || text.contains(HEADER) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[test]
fn keys_are_nowhere() {
    for wire in [Wire::Openai, Wire::Anthropic] {
        let script = vec![
            Answer::calls(vec![("run_command", json!({"command": "env; cat /proc/$PPID/environ | tr '\\0' '\\n'"}))]),
            Answer::text("done"),
            // A server that says the key back to whoever asks.
            Answer::error(401, "invalid_api_key", &format!("the key {KEY} of {HEADER} is wrong")),
        ];
        let server = ModelServer::start(wire, script);
        let name = if wire == Wire::Openai { "openai" } else { "anthropic" };
        let mut ombud = Ombud::new();
        let base = server.base_url();
        let user = format!(
            "model = \"house/small\"\n[providers.house]\nwire = \"{name}\"\nbase_url = \"{base}\"\napi_key_env = \"HOUSE_KEY\"\n\
             [providers.house.headers]\nx-team = \"{HEADER}\"\n"
        );
        ombud.config(&user);
        ombud.set("HOUSE_KEY", KEY);
        let mut said = String::new();
        for (arguments, exit) in [
            (&["oneshot", "show the environment", "--allow", "run_command", "--format", "jsonl", "-vvv"][..], 0),
            (&["oneshot", "again", "-vvv"], 7),
            (&["config", "show"], 0),
            (&["config", "show", "--format", "json"], 0),
            (&["sessions", "list", "--format", "json"], 0),
        ] {
            let answer = ombud.run(arguments);
            assert_eq!(answer.exit, exit, "{}", answer.stderr);
            said.push_str(&answer.stdout);
            said.push_str(&answer.stderr);
        }
        assert!(!said.contains(KEY) && !said.contains(HEADER), "{said}");
        let config = ombud.home().join(".config");
        let kept: Vec<_> = holding(&ombud.home()).into_iter().filter(|path| !Path::new(path).starts_with(&config)).collect();
        assert_eq!(kept, Vec::<String>::new());
        let requests = server.finish();
        assert!(requests.iter().all(|request| request.header("x-team") == Some(HEADER)));
    }
}
