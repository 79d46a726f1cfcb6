//! `ombud agents` as users see it: agents of the configuration and of the store.

use ombud::config::Wire;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer};
use crate::support::ombud::{Ombud, Said, over_a_server};
use crate::support::schema::check;

const HELPER: &str = "description = \"Helps\"\ninstructions = \"Help.\"\nmodel = \"house/small\"\n";

fn good(stdout: &str) -> Said {
    Said { exit: 0, stdout: stdout.to_owned(), stderr: String::new() }
}

fn bad(exit: i32, line: &str) -> Said {
    Said { exit, stdout: String::new(), stderr: format!("error: {line}\n") }
}

/// Columns of a table whose width follows the folder of the test.
fn cells(text: &str) -> Vec<String> {
    let row = |line: &str| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" | ");
    text.lines().map(row).collect()
}

#[test]
fn an_agent_of_the_store_is_added_listed_shown_asked_and_removed() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("Fine.")]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    ombud.file("helper.toml", HELPER);
    assert_eq!(ombud.run(&["agents", "add", "helper.toml"]), good("agent `helper` is kept in the store\n"));
    let source = |name: &str| if over_a_server() { "server".to_owned() } else { name.to_owned() };
    let list = ombud.run(&["agents", "list"]);
    if !over_a_server() {
        assert_eq!(
            cells(&list.stdout),
            [
                "NAME | MODEL | SOURCE | DESCRIPTION",
                "default | - | default | Works in the workspace with tools and answers briefly.",
                "helper | house/small | store | Helps",
            ]
        );
    }
    let listed = ombud.json(&["agents", "list"]);
    check("agents", &listed);
    let [default, helper] = &listed["agents"].as_array().unwrap()[..] else { panic!("{listed}") };
    assert_eq!((&default["origin"], &default["id"]), (&json!("configuration"), &Value::Null));
    assert_eq!((&helper["origin"], &helper["source"]["kind"]), (&json!("store"), &json!(source("store"))));

    let shown = ombud.json(&["agents", "show", "helper"]);
    check("agent", &shown);
    assert_eq!(
        (&shown["id"], &shown["revision"], &shown["agent"]["instructions"]),
        (&helper["id"], &helper["revision"], &json!("Help."))
    );
    check("agent", &ombud.json(&["agents", "show", "default"]));
    assert_eq!(ombud.run(&["oneshot", "Hello", "-a", "helper"]), good("Fine.\n"));

    // It is there already, and is replaced by who wants to.
    ombud.file("helper.yaml", "instructions: Help more.\n");
    let line = "agent `helper` is there already (conflict); say --force to replace its definition, or give the new one another \
                name";
    assert_eq!(ombud.run(&["agents", "add", "helper.yaml"]), bad(5, line));
    assert_eq!(ombud.run(&["agents", "add", "helper.yaml", "--force"]), good("agent `helper` is changed\n"));
    let changed = ombud.json(&["agents", "show", helper["id"].as_str().unwrap()]);
    assert_eq!(changed["agent"]["instructions"], "Help more.");
    assert_ne!(changed["revision"], shown["revision"]);

    let removed = ombud.json(&["agents", "remove", "helper"]);
    check("agent", &removed);
    assert!(removed["archived_at"].is_string());
    let line = "agent `helper` is not known (not_found); known agents: default";
    for command in [["agents", "remove", "helper"], ["agents", "show", "helper"]] {
        assert_eq!(ombud.run(&command), bad(4, line), "{command:?}");
    }
    // By its id it can still be read.
    let text = ombud.run(&["agents", "show", helper["id"].as_str().unwrap()]).stdout;
    assert!(text.lines().any(|line| line.starts_with("# removed: ")), "{text}");
    let added = ombud.json(&["agents", "add", "helper.toml"]);
    check("agent", &added);
    assert_eq!(ombud.run(&["agents", "remove", "helper"]), good("agent `helper` is removed\n"));
    let requests = server.finish();
    assert_eq!(requests[0].body["messages"][0], json!({"role": "system", "content": "Help."}));
}

#[test]
fn an_agent_is_shown_with_where_it_comes_from() {
    let ombud = Ombud::new();
    ombud.file(
        "helper.toml",
        "instructions = \"Help.\"\ntools = [\"read_file\"]\n\n[permissions]\ndeny = [\"write_file\"]\n",
    );
    assert_eq!(ombud.run(&["agents", "add", "helper.toml"]).exit, 0);
    let text = ombud.run(&["agents", "show", "helper"]).stdout;
    // What is shown can be read again, and is the same.
    ombud.file("again/helper.toml", &text);
    assert_eq!(ombud.run(&["agents", "add", "again/helper.toml", "--force"]), good("agent `helper` is changed\n"));
    // Another server has another address.
    let body = |text: &str| text.split_once('\n').unwrap().1.to_owned();
    assert_eq!(body(&ombud.run(&["agents", "show", "helper"]).stdout), body(&text));
    if over_a_server() {
        return;
    }
    let revision = ombud.json(&["agents", "show", "helper"])["revision"].as_str().unwrap().to_owned();
    assert_eq!(
        ombud.tidy(&text).replace(&revision, "[revision]"),
        "# source: store\n# id: [id 1]\n# revision: [revision]\n# written: [time] by me\n\nname = \"helper\"\n\
         instructions = \"Help.\"\ntools = [\"read_file\"]\nstate = \"active\"\n\n[settings]\n\n[[permissions]]\n\
         tool = \"write_file\"\npermission = \"deny\"\n"
    );
    let text = ombud.run(&["agents", "show", "default"]).stdout;
    assert_eq!(text.lines().next(), Some("# source: default"));
}

#[test]
fn a_configured_agent_is_changed_where_it_is_configured() {
    let ombud = Ombud::new();
    ombud.file("helper.toml", HELPER);
    ombud.file("default.toml", HELPER);
    let kept = ombud.run(&["agents", "add", "helper.toml", "--user"]);
    let file = "[root]/own/.config/ombud/agents/helper.toml";
    assert_eq!(ombud.tidy(&kept.stdout), format!("agent `helper` is kept in {file}\n"));
    let said = |arguments: &[&str]| {
        let said = ombud.run(arguments);
        (said.exit, ombud.tidy(&said.stderr))
    };
    let line = format!(
        "error: agent `helper` is there already: it is configured (user {file}) (conflict); say --force to replace its \
         definition, or give the new one another name\n"
    );
    assert_eq!(said(&["agents", "add", "helper.toml"]), (5, line));
    let line = |name: &str, source: &str| {
        format!(
            "error: agent `{name}` cannot be changed here: it is configured ({source}) (forbidden); change it where it is \
             configured\n"
        )
    };
    assert_eq!(said(&["agents", "remove", "helper"]), (3, line("helper", &format!("user {file}"))));
    assert_eq!(said(&["agents", "add", "helper.toml", "--force"]), (3, line("helper", &format!("user {file}"))));
    assert_eq!(said(&["agents", "add", "default.toml", "--force"]).0, 3);
}

/// A server sees at once what a command beside it does, and tells those who may not administer it what counts.
#[test]
fn a_server_and_a_shell_share_agents() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("Fine.")]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    let served = ombud.serve();
    ombud.file("helper.toml", HELPER);
    ombud.file("broken.toml", "instruction = \"x\"\n");
    assert_eq!(ombud.run(&["agents", "add", "helper.toml"]).exit, 0);
    let asked = ombud.run(&["oneshot", "Hello", "-a", "helper", "--server", &served]);
    assert_eq!(asked, good("Fine.\n"));
    assert_eq!(ombud.run(&["agents", "remove", "helper", "--server", &served]), good("agent `helper` is removed\n"));
    assert_eq!(ombud.run(&["agents", "show", "helper"]).exit, 4);
    let said = ombud.run(&["agents", "add", "broken.toml", "--server", &served]);
    assert_eq!((said.exit, said.stdout.as_str()), (2, ""));
    assert!(said.stderr.contains("broken.toml:1: `instruction` is not known; did you mean `instructions`?"), "{said:?}");
    server.finish();
}
