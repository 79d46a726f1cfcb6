//! What agents have of tool servers, in runs of a scripted model.

use std::path::PathBuf;

use futures_util::StreamExt as _;
use ombud::config::{ConfiguredToolServer, Settings, Wire};
use ombud::domain::{
    Agent, Fact, Frame, Permission, PermissionRule, ReturnStatus, ToolServerSecrets, ToolServerSource, ToolServerState,
};
use ombud::engine::{Engine, House, HouseNotice, NewToolServer};
use ombud::storage::StoreUrl;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{PROGRAM, SERVER};
use crate::support::house::{PATIENCE, answer, finished, open, question, settings, somebody};
use crate::support::model_server::{Answer, ModelServer};

/// A server of the configuration that misbehaves in some way.
pub fn configured(mode: &str) -> ConfiguredToolServer {
    let secrets: ToolServerSecrets = [("MODE".to_owned(), SecretString::from(mode))].into();
    let variables = secrets.keys().cloned().collect();
    let source = ToolServerSource::Program { command: SERVER.to_owned(), arguments: vec![], variables };
    ConfiguredToolServer { name: "fixture".to_owned(), source, secrets, in_workspace: false }
}

/// Settings with these servers, by slug and mode.
fn with(server: &ModelServer, folder: &std::path::Path, servers: &[(&str, &str)]) -> Settings {
    let mut settings = settings(server, folder);
    settings.permissions.clear();
    settings.paths.state = folder.join("state");
    settings.tools.guard = Some(PathBuf::from(PROGRAM));
    settings.tools.mcp.servers = servers.iter().map(|(slug, mode)| ((*slug).to_owned(), configured(mode))).collect();
    settings
}

/// Names of the tools that the model was told of, in a request.
fn told(body: &Value) -> Vec<String> {
    let tools = body["tools"].as_array().cloned().unwrap_or_default();
    let name = |tool: &Value| tool["function"]["name"].as_str().unwrap().to_owned();
    tools.iter().map(name).filter(|name| name.starts_with("mcp__")).collect()
}

fn returns(frames: &[Frame]) -> Vec<(String, ReturnStatus, String)> {
    let returned = |frame: &Frame| match frame {
        Frame::Fact(event) => match &event.fact {
            Fact::ToolReturned(returned) => {
                let returned = &returned.returned;
                Some((returned.name.clone(), returned.status, returned.output_text()))
            }
            _ => None,
        },
        Frame::Delta(_) => None,
    };
    frames.iter().filter_map(returned).collect()
}

fn call(tool: &str, arguments: Value) -> Answer {
    Answer::calls(vec![(tool, arguments)])
}

async fn ask(house: &House) -> Vec<Frame> {
    let asked = house.ask(&somebody(), question("Say hello.")).await.unwrap();
    answer(house, &asked).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_calls_a_tool_of_a_server_to_the_answer() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let script = vec![call("mcp__say__echo", json!({ "text": "hello" })), Answer::text("It said hello.")];
    let server = ModelServer::start(Wire::Openai, script);
    let house = open(with(&server, folder.path(), &[("say", "")]), &StoreUrl::Memory).await;
    let frames = ask(&house).await;
    assert_eq!(finished(&frames).answer, "It said hello.");
    let expected = ("mcp__say__echo".to_owned(), ReturnStatus::Ok, "You said: hello".to_owned());
    assert_eq!(returns(&frames), [expected]);
    let item = house.tool_servers().tool_server(&somebody(), "say").await.unwrap();
    assert_eq!((item.state, item.configured, item.error), (ToolServerState::Running, true, None));
    house.drain().await;
    let item = house.tool_servers().tool_server(&somebody(), "say").await.unwrap();
    assert_eq!(item.state, ToolServerState::Stopped);
    let requests = server.finish();
    assert_eq!(told(&requests[0].body).len(), 6);
    let tool =
        requests[0].body["tools"].as_array().unwrap().iter().find(|tool| tool["function"]["name"] == "mcp__say__echo");
    assert_eq!(
        tool.unwrap()["function"],
        json!({ "name": "mcp__say__echo", "description": "Does echo.", "parameters": { "type": "object", "properties": {} } })
    );
    assert_eq!(requests[1].body["messages"].as_array().unwrap().last().unwrap()["content"], "You said: hello");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_fails_is_a_notice_and_not_the_end() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("Hello.")]);
    let house = open(with(&server, folder.path(), &[("bad", "crash"), ("good", "")]), &StoreUrl::Memory).await;
    let frames = ask(&house).await;
    assert_eq!(finished(&frames).answer, "Hello.");
    let notice = |frame: &Frame| match frame {
        Frame::Fact(event) => match &event.fact {
            Fact::Notice(notice) => Some((notice.code.clone(), notice.message.clone())),
            _ => None,
        },
        Frame::Delta(_) => None,
    };
    let message = "tool server `bad` is left out: it ended with exit code 3; it said last: there is no database";
    let notices: Vec<_> = frames.iter().filter_map(notice).collect();
    assert_eq!(notices, [("tool_server.failed".to_owned(), message.to_owned())]);
    house.drain().await;
    let requests = server.finish();
    assert!(told(&requests[0].body).iter().all(|name| name.starts_with("mcp__good__")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_offered_what() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let names = |list: &[&str]| Some(list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let agents = [
        (None, None, vec!["mcp__a__echo", "mcp__b__echo"]),
        (names(&["b"]), None, vec!["mcp__b__echo"]),
        (names(&["b", "missing"]), names(&["read_file"]), vec!["mcp__b__echo"]),
        (names(&[]), None, vec![]),
        (None, names(&["read_file"]), vec![]),
        (None, names(&["mcp__a__echo"]), vec!["mcp__a__echo"]),
        (None, names(&["read_file", "mcp__*"]), vec!["mcp__a__echo", "mcp__b__echo"]),
    ];
    for (tool_servers, tools, expected) in agents {
        let server = ModelServer::start(Wire::Openai, vec![Answer::text("Hello.")]);
        let mut settings = with(&server, folder.path(), &[("a", ""), ("b", "")]);
        let agent = Agent { tool_servers, tools, ..settings.agents["default"].clone() };
        settings.agents.insert("default".into(), agent);
        let house = open(settings, &StoreUrl::Memory).await;
        ask(&house).await;
        house.drain().await;
        let requests = server.finish();
        let echoes: Vec<_> = told(&requests[0].body).into_iter().filter(|name| name.ends_with("echo")).collect();
        assert_eq!(echoes, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_denies_tools_of_a_server() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let calls = Answer::calls(vec![("mcp__a__fail", json!({})), ("mcp__a__names", json!({}))]);
    let server = ModelServer::start(Wire::Openai, vec![calls, Answer::text("No.")]);
    let mut settings = with(&server, folder.path(), &[("a", "")]);
    settings.permissions = vec![PermissionRule::parse("mcp__a__n*", Permission::Deny).unwrap()];
    let house = open(settings, &StoreUrl::Memory).await;
    let frames = ask(&house).await;
    let expected = [
        ("mcp__a__fail".to_owned(), ReturnStatus::Failed, "It cannot be done.".to_owned()),
        (
            "mcp__a__names".to_owned(),
            ReturnStatus::Denied,
            "`mcp__a__names` was not called: the rule `mcp__a__n*` denies it".to_owned(),
        ),
    ];
    assert_eq!(returns(&frames), expected);
    house.drain().await;
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_server_only_those_that_run_are_asked() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("One."), Answer::text("Two.")]);
    let house = std::sync::Arc::new(open(with(&server, folder.path(), &[("configured", "")]), &StoreUrl::Memory).await);
    let new = NewToolServer {
        name: "Kept one".into(),
        slug: None,
        source: ToolServerSource::Program { command: SERVER.into(), arguments: vec![], variables: vec![] },
        secrets: [].into(),
        for_all: true,
    };
    house.tool_servers().create_tool_server(&somebody(), new).await.unwrap();
    let mut notices = house.notices(&somebody()).await.unwrap();
    let mut until_runs = async |slug: &str| loop {
        let notice = tokio::time::timeout(PATIENCE, notices.next()).await.unwrap().unwrap();
        if let HouseNotice::ToolServerChanged { slug: told, state: ToolServerState::Running, .. } = notice
            && told == slug
        {
            return;
        }
    };
    let stop = CancellationToken::new();
    let attending = tokio::spawn({
        let (house, stop) = (house.clone(), stop.clone());
        async move { house.attend_to_queue(stop).await }
    });
    until_runs("configured").await;
    ask(&house).await;
    house.tool_servers().start_tool_server(&somebody(), "kept-one").await.unwrap();
    until_runs("kept-one").await;
    ask(&house).await;
    stop.cancel();
    attending.await.unwrap().unwrap();
    house.drain().await;
    let requests = server.finish();
    let of = |request: usize| {
        let mut slugs: Vec<_> = told(&requests[request].body);
        slugs.retain(|name| name.ends_with("__echo"));
        slugs
    };
    assert_eq!(
        (of(0), of(1)),
        (
            vec!["mcp__configured__echo".to_owned()],
            vec!["mcp__configured__echo".to_owned(), "mcp__kept-one__echo".to_owned()]
        )
    );
}
