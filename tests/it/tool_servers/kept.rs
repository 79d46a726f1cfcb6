//! Tool servers of the store: their records, and their secrets.

use std::path::PathBuf;

use ombud::config::Wire;
use ombud::domain::{ErrorCode, Principal, ToolServerSource, ToolServerState};
use ombud::engine::{Engine, House, NewToolServer, ToolServerChange, Word};
use ombud::storage::StoreUrl;
use secrecy::SecretString;

use super::runs::configured;
use super::{PROGRAM, SERVER};
use crate::support::house::{open, settings, somebody};
use crate::support::model_server::ModelServer;

const CANARY: &str = "canary-of-a-variable";

fn word(text: &str) -> Word {
    Word::given(SecretString::from(text))
}

fn program(variables: &[&str]) -> ToolServerSource {
    let variables = variables.iter().map(|name| (*name).to_owned()).collect();
    ToolServerSource::Program { command: SERVER.into(), arguments: vec![], variables }
}

fn new(name: &str) -> NewToolServer {
    let secrets = [("SECRET".to_owned(), word(CANARY))].into();
    NewToolServer { name: name.into(), slug: None, source: program(&["SECRET"]), secrets, for_all: false }
}

async fn house(folder: &std::path::Path, url: &StoreUrl) -> (ModelServer, House) {
    let server = ModelServer::start(Wire::Openai, vec![]);
    let mut settings = settings(&server, folder);
    settings.paths.state = folder.join("state");
    settings.tools.guard = Some(PathBuf::from(PROGRAM));
    settings.tools.mcp.servers = [("configured".to_owned(), configured(""))].into();
    (server, open(settings, url).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_is_made_changed_started_and_removed() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let url = StoreUrl::File(folder.path().join("store"));
    let (_server, house) = house(folder.path(), &url).await;
    let (servers, me) = (house.tool_servers(), somebody());
    let made = servers.create_tool_server(&me, new("My Files")).await.unwrap();
    assert_eq!((made.server.slug.as_str(), made.state, made.configured), ("my-files", ToolServerState::Stopped, false));
    assert!(!format!("{made:?}").contains(CANARY) && !serde_json::to_string(&made).unwrap().contains(CANARY));
    let slugs: Vec<_> = servers.tool_servers(&me).await.unwrap().into_iter().map(|item| item.server.slug).collect();
    assert_eq!(slugs, ["configured", "my-files"]);

    let code = async |made: NewToolServer| servers.create_tool_server(&me, made).await.unwrap_err().code;
    assert_eq!(code(new("my files")).await, ErrorCode::Conflict);
    assert_eq!(code(new("Configured")).await, ErrorCode::Conflict);
    assert_eq!(code(NewToolServer { slug: Some("a_b".into()), ..new("x") }).await, ErrorCode::InvalidInput);
    assert_eq!(code(NewToolServer { secrets: [].into(), ..new("x") }).await, ErrorCode::InvalidInput);
    assert_eq!(code(NewToolServer { source: program(&[]), ..new("x") }).await, ErrorCode::InvalidInput);
    assert_eq!(code(new("…")).await, ErrorCode::InvalidInput);

    // A new slug and a further variable; the old value stays.
    let change = ToolServerChange {
        slug: Some("files".into()),
        source: Some(program(&["SECRET", "MODE"])),
        secrets: [("MODE".to_owned(), word("other"))].into(),
        ..ToolServerChange::default()
    };
    let lacking = ToolServerChange { secrets: [].into(), ..change.clone() };
    let error = servers.update_tool_server(&me, "my-files", lacking).await.unwrap_err();
    assert_eq!(error.message, "there is no value for `MODE` of the tool server");
    let changed = servers.update_tool_server(&me, "my-files", change).await.unwrap();
    assert_eq!((changed.server.slug.as_str(), &changed.server.id), ("files", &made.server.id));
    servers.create_tool_server(&me, new("My Files")).await.unwrap();
    let error = servers.update_tool_server(&me, "configured", ToolServerChange::default()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Forbidden);

    let tools = servers.tools_of_server(&me, "files").await.unwrap();
    assert_eq!(tools[0].name, "mcp__files__echo");
    assert_eq!(servers.tool_server(&me, "files").await.unwrap().state, ToolServerState::Stopped);
    let lines = servers.tool_server_lines(&me, made.server.id.as_str(), 100).await.unwrap();
    assert!(lines.iter().any(|line| line.message == "started with ***"), "{lines:?}");
    let own = folder.path().join("state/tool-servers").join(made.server.id.as_str());
    assert!(own.is_dir());
    assert!(servers.peer(&me, "files").await.is_err_and(|error| error.code == ErrorCode::Unavailable));
    let started = servers.start_tool_server(&me, "files").await.unwrap();
    assert!(started.server.wanted && started.state != ToolServerState::Stopped);
    servers.remove_tool_server(&me, "files").await.unwrap();
    assert!(!own.exists());
    assert_eq!(servers.tool_server(&me, "files").await.unwrap_err().code, ErrorCode::NotFound);
    let refused = servers.remove_tool_server(&me, "configured").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden);
    house.drain().await;
    let refused = servers.start_tool_server(&me, "my-files").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_administers_the_house_makes_or_starts_one() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (_server, house) = house(folder.path(), &StoreUrl::Memory).await;
    let (servers, caller) = (house.tool_servers(), Principal::unproven());
    assert_eq!(servers.tool_servers(&caller).await.unwrap().len(), 1);
    let refused = [
        servers.create_tool_server(&caller, new("x")).await.map(drop),
        servers.update_tool_server(&caller, "configured", ToolServerChange::default()).await.map(drop),
        servers.remove_tool_server(&caller, "configured").await.map(drop),
        servers.start_tool_server(&caller, "configured").await.map(drop),
        servers.stop_tool_server(&caller, "configured").await.map(drop),
        servers.restart_tool_server(&caller, "configured").await.map(drop),
        servers.tools_of_server(&caller, "configured").await.map(drop),
    ];
    assert!(refused.into_iter().all(|came| came.is_err_and(|error| error.code == ErrorCode::Forbidden)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_can_be_limited_to_a_list() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let server = ModelServer::start(Wire::Openai, vec![]);
    let mut settings = settings(&server, folder.path());
    settings.tools.mcp.programs = Some(vec!["npx -y known".into()]);
    let house = open(settings, &StoreUrl::Memory).await;
    let (servers, me) = (house.tool_servers(), somebody());
    let error = servers.create_tool_server(&me, new("x")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Forbidden);
    assert_eq!(error.hint.as_deref(), Some("the setting `tools.mcp.programs` lists which may"));
    let npx = |arguments: &[&str]| NewToolServer {
        source: ToolServerSource::Program {
            command: "npx".into(),
            arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
            variables: vec![],
        },
        secrets: [].into(),
        ..new("x")
    };
    assert!(servers.create_tool_server(&me, npx(&["-y", "other"])).await.is_err());
    servers.create_tool_server(&me, npx(&["-y", "known", "--more"])).await.unwrap();
}
