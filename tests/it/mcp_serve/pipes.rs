//! Over standard input and output.

use std::io::Write as _;
use std::process::Stdio;

use ombud::config::Wire;
use rmcp::model::{ErrorCode, ReadResourceRequestParams};
use rmcp::service::ServiceError;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::mcp_client::{McpClient, structured, texts};
use crate::support::model_server::{Answer, ModelServer};
use crate::support::ombud::Ombud;
use crate::support::process::Place;
use crate::support::server::within;

const SERVE: [&str; 2] = ["mcp", "serve"];
/// What is said of the agent that there always is.
const ABOUT: &str = "Works in the workspace with tools and answers briefly.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_is_asked_and_goes_on_in_its_session() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("teal"), Answer::text("You asked about a colour.")]);
    let place = Place::new("sqlite").asking(&model);
    let (client, mut program) = McpClient::of_program(place.command(&SERVE)).await;
    let info = client.peer.peer_info().unwrap().server_info.clone().unwrap();
    assert_eq!((info.name.as_str(), info.version.as_str()), ("ombud", env!("CARGO_PKG_VERSION")));

    let first = client.call("ask", json!({ "prompt": "Which colour?" })).await;
    let told = structured(&first);
    let session = told["session"].as_str().unwrap().to_owned();
    assert_eq!(texts(&first), ["teal".to_owned(), format!("session: {session}")]);
    assert_eq!(first.is_error, Some(false));
    assert_eq!(
        told,
        json!({
            "session": session,
            "run": told["run"],
            "status": "completed",
            "agent": "default",
            "answer": "teal",
            "model": "openai/scripted",
        })
    );

    let second = client.call("ask", json!({ "prompt": "What did I ask?", "session": session })).await;
    assert_eq!(texts(&second)[0], "You asked about a colour.");
    assert_eq!(structured(&second)["session"], json!(session));
    let said: Vec<Value> = model.requests()[1].body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] != "system")
        .map(|message| message["content"].clone())
        .collect();
    assert_eq!(said, [json!("Which colour?"), json!("teal"), json!("What did I ask?")]);

    let listed = structured(&client.call("list_sessions", json!({})).await);
    let rows = listed["sessions"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    let row = |name: &str| rows[0][name].clone();
    assert_eq!((row("id"), row("title"), row("agent")), (json!(session), json!("Which colour?"), json!("default")));
    assert_eq!((row("status"), row("runs"), &listed["next"]), (json!("idle"), json!(2), &Value::Null));

    let read = client.call("read_session", json!({ "session": session, "limit": 2 })).await;
    let messages = structured(&read)["messages"].clone();
    let of = |at: usize| (messages[at]["author"].clone(), messages[at]["text"].clone());
    assert_eq!(of(0), (json!("person"), json!("What did I ask?")));
    assert_eq!(of(1), (json!("agent"), json!("You asked about a colour.")));
    assert!(texts(&read)[0].contains("(What was said earlier is left out.)"), "{read:?}");
    let before = structured(&read)["before"].clone();
    let earlier = client.call("read_session", json!({ "session": session, "before": before })).await;
    assert_eq!(structured(&earlier)["messages"].as_array().unwrap().len(), 2);

    assert_eq!(texts(&client.call("cancel", json!({ "session": session })).await), ["Nothing was at work."]);
    drop(client);
    assert_eq!(within("it ends", program.wait()).await.unwrap().code(), Some(0));
    assert_eq!(place.status(&session), "idle");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_tools_are_few_and_described() {
    let place = Place::new("sqlite");
    let folder = place.work().join(".ombud/agents");
    std::fs::create_dir_all(&folder).unwrap();
    let (client, _program) = McpClient::of_program(place.command(&SERVE)).await;
    let tools = client.peer.list_all_tools().await.unwrap();
    let told: Vec<(String, Vec<String>)> = tools
        .iter()
        .map(|tool| {
            let mut properties: Vec<String> = tool.input_schema["properties"].as_object().unwrap().keys().cloned().collect();
            properties.sort();
            (tool.name.to_string(), properties)
        })
        .collect();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        told,
        [
            ("ask".to_owned(), words(&["agent", "prompt", "session"])),
            ("list_agents".to_owned(), vec![]),
            ("list_sessions".to_owned(), words(&["after", "agent", "limit", "text"])),
            ("read_session".to_owned(), words(&["before", "limit", "session"])),
            ("cancel".to_owned(), words(&["session"])),
        ]
    );
    for tool in &tools {
        assert!(tool.description.as_ref().is_some_and(|about| about.len() > 20), "{tool:?}");
        assert!(tool.annotations.is_some(), "{tool:?}");
        assert_eq!(tool.input_schema["additionalProperties"], json!(false), "{tool:?}");
    }
    let which = tools[0].input_schema["properties"]["agent"]["description"].as_str().unwrap().to_owned();
    assert_eq!(
        which,
        "The agent that is asked; without it the default one, or that of the session. There are: `default` (Works in the \
         workspace with tools and answers briefly)."
    );
    let agents = client.call("list_agents", json!({})).await;
    assert_eq!(
        structured(&agents),
        json!({ "agents": [{ "name": "default", "description": ABOUT, "model": "offline/rules" }] })
    );
    assert_eq!(texts(&agents), [format!("default (offline/rules): {ABOUT}")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_is_told_step_by_step() {
    let script = vec![Answer::calls(vec![("read_file", json!({ "path": "notes.txt" }))]), Answer::text("teal")];
    let model = ModelServer::start(Wire::Openai, script);
    let place = Place::new("sqlite").asking(&model);
    let (client, _program) = McpClient::of_program(place.command(&SERVE)).await;
    let result = client.call("ask", json!({ "prompt": "Which colour?" })).await;
    assert_eq!(texts(&result)[0], "teal");
    client.told.wait_for("2 calls read_file").await;
    // The sign of life of a slow machine stands between them.
    let mut told = client.told.all();
    // The client hears of each on its own.
    told.sort_by_key(|line| line.split_once(' ').unwrap().0.parse::<u64>().unwrap());
    let steps: Vec<String> = told
        .into_iter()
        .map(|line| line.split_once(' ').unwrap().1.to_owned())
        .filter(|line| !line.starts_with("at work"))
        .collect();
    assert_eq!(steps, ["default asks openai/scripted", "calls read_file"]);
    let session = structured(&result)["session"].as_str().unwrap().to_owned();
    let text = texts(&client.call("read_session", json!({ "session": session })).await)[0].clone();
    assert!(text.contains("[calls read_file {\"path\":\"notes.txt\"}]\n[read_file gave: "), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_taken_back_ends_its_run() {
    let model =
        ModelServer::start(Wire::Openai, vec![Answer::text("never").stall_before_first_byte(), Answer::text("later")]);
    let place = Place::new("sqlite").asking(&model);
    let (client, _program) = McpClient::of_program(place.command(&SERVE)).await;
    let handle = client.begin("ask", json!({ "prompt": "Wait." })).await;
    client.told.wait_for("1 default asks openai/scripted").await;
    let model = tokio::task::spawn_blocking(move || {
        model.wait_for_requests(1);
        model
    })
    .await
    .unwrap();
    handle.cancel(Some("enough".to_owned())).await.unwrap();
    let model = tokio::task::spawn_blocking(move || {
        model.wait_until_left(1);
        model
    })
    .await
    .unwrap();
    // The session is free again: a question waits for the end of the run.
    let listed = structured(&client.call("list_sessions", json!({})).await);
    let session = listed["sessions"][0]["id"].as_str().unwrap().to_owned();
    let again = client.call("ask", json!({ "prompt": "And now?", "session": session })).await;
    assert_eq!(texts(&again)[0], "later");
    let ends: Vec<Value> = place
        .events(&session)
        .into_iter()
        .filter(|event| event["type"] == "run.finished")
        .map(|event| event["outcome"].clone())
        .collect();
    assert_eq!(ends, [json!("cancelled"), json!("completed")]);
    drop(model);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_is_said_with_the_way_out() {
    let model =
        ModelServer::start(Wire::Openai, vec![Answer::error(400, "invalid_request_error", "no such thing").always()]);
    let place = Place::new("sqlite").asking(&model);
    let (client, _program) = McpClient::of_program(place.command(&SERVE)).await;
    for (tool, arguments, code, text) in [
        ("ask", json!({}), "invalid_input", "the arguments of `ask` do not fit: missing field `prompt`"),
        ("ask", json!({ "prompt": "" }), "invalid_input", "`prompt` is empty\nhint: say what the agent is to do"),
        ("read_session", json!({ "session": "nobody" }), "not_found", "session `nobody` is not known"),
        ("ask", json!({ "prompt": "x", "session": "nobody" }), "not_found", "session `nobody` is not known"),
        ("list_sessions", json!({ "limit": 0 }), "invalid_input", "`limit` is 0\nhint: it must be from 1 to 100"),
    ] {
        let result = client.call(tool, arguments.clone()).await;
        assert_eq!(result.is_error, Some(true), "{tool} {arguments}");
        assert_eq!(structured(&result)["error"]["code"], json!(code), "{tool} {arguments}");
        let said = texts(&result)[0].clone();
        assert!(said == text || said.starts_with(&format!("{text}\nhint: ")), "{tool} {arguments}: {said}");
    }
    let unknown = client.call("ask", json!({ "prompt": "x", "agent": "nobody" })).await;
    assert_eq!(unknown.is_error, Some(true));
    assert!(texts(&unknown)[0].contains("agent `nobody` is not known"), "{unknown:?}");
    // A run that failed has a session, and says what its model said.
    let failed = client.call("ask", json!({ "prompt": "x" })).await;
    assert_eq!(failed.is_error, Some(true));
    let told = structured(&failed);
    assert_eq!((&told["status"], &told["error"]["code"]), (&json!("failed"), &json!("model_failed")));
    assert!(told["session"].is_string() && texts(&failed)[0].contains("no such thing"), "{failed:?}");
    // A tool that is not there is an error of the protocol.
    let handle = client.begin("ask_everybody", json!({})).await;
    match handle.await_response().await {
        Err(ServiceError::McpError(error)) => {
            assert_eq!(
                (error.code, error.message.as_ref()),
                (ErrorCode::INVALID_PARAMS, "tool `ask_everybody` is not known")
            );
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_resources() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("teal").always()]);
    let place = Place::new("sqlite").asking(&model);
    let (client, _program) = McpClient::of_program(place.command(&SERVE)).await;
    let session = structured(&client.call("ask", json!({ "prompt": "Which colour?" })).await)["session"].clone();
    let address = format!("ombud://sessions/{}", session.as_str().unwrap());
    let listed = client.peer.list_all_resources().await.unwrap();
    let told: Vec<_> =
        listed.iter().map(|resource| (resource.uri.clone(), resource.title.clone(), resource.mime_type.clone())).collect();
    assert_eq!(told, [(address.clone(), Some("Which colour?".to_owned()), Some("text/markdown".to_owned()))]);
    let templates = client.peer.list_all_resource_templates().await.unwrap();
    let told: Vec<_> = templates.iter().map(|template| template.uri_template.as_str()).collect();
    assert_eq!(told, ["ombud://sessions/{id}"]);
    let read = client.peer.read_resource(ReadResourceRequestParams::new(address.clone())).await.unwrap();
    let read = serde_json::to_value(&read.contents).unwrap();
    assert_eq!((&read[0]["uri"], &read[0]["mimeType"]), (&json!(address), &json!("text/markdown")));
    let text = read[0]["text"].as_str().unwrap();
    let times = |line: &str| match line.rsplit_once(", 2") {
        Some((who, _)) if line.starts_with("## ") => format!("{who}, [time]"),
        _ => line.to_owned(),
    };
    let text: Vec<String> = text.lines().map(times).collect();
    let user = text[4].clone();
    assert!(user.starts_with("## asked by "), "{user}");
    assert_eq!(
        text,
        [
            "# Which colour?".to_owned(),
            String::new(),
            format!("session {}, agent default", session.as_str().unwrap()),
            String::new(),
            user,
            String::new(),
            "Which colour?".to_owned(),
            String::new(),
            "## answered by default, [time]".to_owned(),
            String::new(),
            "teal".to_owned(),
        ]
    );
    for address in ["ombud://sessions/nobody", "file:///etc/passwd", "ombud://sessions/../x"] {
        match client.peer.read_resource(ReadResourceRequestParams::new(address)).await {
            Err(ServiceError::McpError(error)) => assert_eq!(error.code, ErrorCode::RESOURCE_NOT_FOUND, "{address}"),
            other => panic!("{address}: {other:?}"),
        }
    }
}

/// What the program writes to standard output while it is told these lines, and how it ends.
fn said(ombud: &Ombud, arguments: &[&str], lines: &[Value]) -> (Vec<Value>, i32, String) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let said = ombud.run_with(arguments, text.as_bytes());
    // Every line of standard output is a message, and nothing else is there.
    let messages = said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(said.stdout.is_empty() || said.stdout.ends_with('\n'));
    (messages, said.exit, said.stderr)
}

fn initialize(version: &str) -> Value {
    json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": { "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } },
    })
}

#[test]
fn standard_output_holds_the_protocol_and_nothing_else() {
    let ombud = Ombud::new();
    let lines = [
        initialize("2025-11-25"),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" }),
        json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {
            "name": "ask", "arguments": { "prompt": "What is 2 + 3?" },
        } }),
    ];
    let (messages, exit, _) = said(&ombud, &["-vvv", "mcp", "serve", "--store", "memory:"], &lines);
    assert_eq!(exit, 0);
    assert!(messages.iter().all(|message| message["jsonrpc"] == "2.0"), "{messages:?}");
    let answer = |id: u64| messages.iter().find(|message| message["id"] == id).unwrap()["result"].clone();
    assert_eq!(answer(2), json!({}));
    // What was asked before standard input ended is answered.
    assert_eq!(answer(3)["isError"], json!(false), "{messages:?}");
}

#[test]
fn each_revision_of_the_protocol_is_agreed_on() {
    for (asked, agreed) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2099-01-01", "2025-11-25"),
    ] {
        let (messages, exit, _) = said(&Ombud::new(), &SERVE, &[initialize(asked)]);
        assert_eq!((exit, messages.len()), (0, 1), "{asked}");
        assert_eq!(messages[0]["result"]["protocolVersion"], json!(agreed), "{asked}");
    }
    // The newest has no greeting: each request says by itself what it speaks.
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let request =
        |id: u64, method: &str| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": { "_meta": meta } });
    let (messages, exit, _) = said(&Ombud::new(), &SERVE, &[request(1, "server/discover"), request(2, "tools/list")]);
    assert_eq!((exit, messages.len()), (0, 2), "{messages:?}");
    let versions = messages[0]["result"]["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!("2026-07-28")), "{versions:?}");
    assert_eq!(messages[1]["result"]["resultType"], json!("complete"));
    assert_eq!(messages[1]["result"]["tools"].as_array().unwrap().len(), 5);
}

#[test]
fn who_does_not_speak_the_protocol_is_told_what_it_is_for() {
    let ombud = Ombud::new();
    assert_eq!(said(&ombud, &SERVE, &[]), (vec![], 0, String::new()));
    let request = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let (messages, exit, error) = said(&ombud, &SERVE, &[request]);
    assert_eq!((messages, exit), (vec![], 2), "{error}");
    assert!(error.contains("the client does not speak MCP") && error.contains("`ombud oneshot`"), "{error}");
}

#[test]
fn a_signal_ends_it_and_what_it_works_on() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("never").stall_before_first_byte()]);
    let place = Place::new("sqlite").asking(&model);
    let mut command = place.command(&SERVE);
    command.stdin(Stdio::piped());
    let mut program = command.spawn().unwrap();
    let mut stdin = program.stdin.take().unwrap();
    let pid = Pid::from_child(&program);
    let asked = json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {
        "name": "ask", "arguments": { "prompt": "Wait." },
    } });
    for line in [initialize("2025-11-25"), json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }), asked] {
        writeln!(stdin, "{line}").unwrap();
    }
    stdin.flush().unwrap();
    model.wait_for_requests(1);
    kill_process(pid, Signal::TERM).unwrap();
    let ended = program.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    drop(stdin);
    let page = place.json(&["sessions", "list", "--format", "json"]);
    let session = page["sessions"][0]["id"].as_str().unwrap().to_owned();
    let last = place.events(&session).pop().unwrap();
    assert_eq!((&last["type"], &last["outcome"]), (&json!("run.finished"), &json!("cancelled")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agents_may_be_those_of_a_server() {
    let model =
        ModelServer::start(Wire::Openai, vec![Answer::text("teal"), Answer::text("never").stall_before_first_byte()]);
    let place = Place::new("sqlite").asking(&model);
    let serving = crate::support::server::Serving::start(&place, &[]);
    let elsewhere = Place::new("file");
    let command = elsewhere.command(&["mcp", "serve", "--server", serving.client.base()]);
    // The store of the environment is not asked.
    let mut command = command;
    command.env_remove("OMBUD_STORE");
    let (client, _program) = McpClient::of_program(command).await;
    let result = client.call("ask", json!({ "prompt": "Which colour?" })).await;
    assert_eq!(texts(&result)[0], "teal");
    let session = structured(&result)["session"].as_str().unwrap().to_owned();
    assert_eq!(place.status(&session), "idle");
    // Who goes away ends what works for them there.
    let _handle = client.begin("ask", json!({ "prompt": "Wait.", "session": session })).await;
    let model = tokio::task::spawn_blocking(move || {
        model.wait_for_requests(2);
        model
    })
    .await
    .unwrap();
    drop(client);
    let model = tokio::task::spawn_blocking(move || {
        model.wait_until_left(1);
        model
    })
    .await
    .unwrap();
    drop(model);
    assert_eq!(serving.end().code, Some(0));
}
