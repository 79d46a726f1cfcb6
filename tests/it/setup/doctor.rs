//! `ombud doctor`, on set-ups that work and on broken ones.

use std::fs;

use serde_json::{Value, json};

use crate::support::ombud::Ombud;
use crate::support::schema::check;

fn statuses(told: &Value) -> Vec<(String, String)> {
    let checks = told["checks"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    checks.iter().map(|one| (text(&one["name"]), text(&one["status"]))).collect()
}

fn failed(told: &Value) -> Vec<String> {
    statuses(told).into_iter().filter(|(_, status)| status == "failed").map(|(name, _)| name).collect()
}

#[test]
fn an_empty_home_works() {
    let ombud = Ombud::new();
    let told = ombud.json(&["doctor", "--offline"]);
    check("doctor", &told);
    assert_eq!((&told["ok"], failed(&told)), (&json!(true), vec![]), "{told:#}");
    assert_eq!(told["models"]["default"], json!("offline/rules"));
    assert!(told["tools"].as_array().unwrap().contains(&json!("run_command")));
    let said = ombud.run(&["doctor", "--offline"]);
    assert!(said.exit == 0 && said.stdout.ends_with("\nAll is well.\n"), "{said:?}");
}

#[test]
fn what_is_broken_is_named_with_the_way_out() {
    let ombud = Ombud::new();
    ombud.config("modle = \"a/b\"\n");
    let said = ombud.run(&["doctor", "--format", "json"]);
    let told = said.json();
    check("doctor", &told);
    assert_eq!((said.exit, failed(&told)), (2, vec!["config".to_owned()]), "{said:?}");
    assert!(told["checks"][0]["message"].as_str().unwrap().contains("did you mean `model`"), "{told:#}");

    // A provider that is not there, a store that is no database, a tool server that is no program: each is named.
    ombud.config(
        "model = \"work/m\"\n[providers.work]\nwire = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n\
         [mcp_servers.broken]\ncommand = \"/does/not/exist\"\n",
    );
    let said = ombud.run(&["doctor", "--format", "json"]);
    let told = said.json();
    check("doctor", &told);
    assert_eq!(
        (said.exit, failed(&told)),
        (7, vec!["provider work".to_owned(), "tool server broken".to_owned()]),
        "{told:#}"
    );
    let store = ombud.work().join("broken.db");
    fs::write(&store, "this is no database, and long enough to be told from one that is empty").unwrap();
    let said = ombud.run(&["doctor", "--offline", "--format", "json", "--store", &format!("sqlite:{}", store.display())]);
    let told = said.json();
    check("doctor", &told);
    assert_eq!((said.exit, failed(&told)), (74, vec!["store".to_owned()]), "{told:#}");
    assert_eq!(told["store"], Value::Null);
}

#[test]
fn looking_makes_no_store_and_one_that_cannot_be_written_is_no_good_one() {
    let ombud = Ombud::new();
    let place = ombud.work().join("far/away.db");
    let url = format!("sqlite:{}", place.display());
    let told = ombud.json(&["doctor", "--offline", "--store", &url]);
    check("doctor", &told);
    assert_eq!((failed(&told), &told["store"]["sessions"]), (vec![], &json!(0)), "{told:#}");
    assert!(!ombud.work().join("far").exists());
    assert!(told["checks"].to_string().contains("is not there yet: the first question makes it"), "{told:#}");

    assert_eq!(ombud.run(&["oneshot", "What is 6 times 7?", "--store", &url]).exit, 0);
    let said = ombud.run(&["doctor", "--offline", "--store", &url]);
    assert!(said.stdout.contains("away.db holds 1 session\n"), "{said:?}");
}

#[test]
fn a_server_that_is_not_there_is_told_once() {
    let ombud = Ombud::new();
    let told = ombud.run(&["doctor", "--server", "http://127.0.0.1:9", "--format", "json"]).json();
    check("doctor", &told);
    assert_eq!(failed(&told), ["server"], "{told:#}");
}
