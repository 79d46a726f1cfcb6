//! Monitoring: what a provider is told, and that nothing it does harms a run.

use std::sync::Arc;

use futures_util::StreamExt;
use ombud::config::Wire;
use ombud::domain::{Fact, Frame, Outcome, SessionId};
use ombud::engine::{Engine, OnBusy};
use ombud::storage::StoreUrl;
use serde_json::{Value, json};

use crate::support::house::{again, open, question, settings, somebody};
use crate::support::model_server::{Answer, ModelServer};
use crate::support::receiver::{Answering, Receiver};
use crate::support::server::within;

async fn watched(model: &ModelServer, folder: &std::path::Path, provider: &str) -> (Arc<dyn Engine>, Arc<dyn Engine>) {
    let mut settings = settings(model, folder);
    settings.server.agio_provider = Some(provider.to_owned());
    let house: Arc<dyn Engine> = Arc::new(open(settings.clone(), &StoreUrl::Memory).await);
    let watched = ombud::dialects::watched(house.clone(), &Arc::new(settings)).unwrap();
    (watched, house)
}

/// Asks, and waits for the end of the run.
async fn asked(engine: &Arc<dyn Engine>, ask: ombud::engine::Ask) -> (SessionId, Outcome) {
    let asked = engine.ask(&somebody(), ask).await.unwrap();
    let mut frames = engine.subscribe(&somebody(), &asked.session, Some(asked.before)).await.unwrap();
    loop {
        let next = within("the run ends", frames.next()).await;
        if let Frame::Fact(event) = next.unwrap().unwrap()
            && let Fact::RunFinished(finished) = &event.fact
        {
            return (asked.session, finished.outcome);
        }
    }
}

/// The events of all requests, without times and ids, and how many came in each request.
fn told(receiver: &Receiver) -> (Vec<Value>, Vec<usize>) {
    let bodies: Vec<Value> = receiver.received().iter().map(|received| received.json()).collect();
    let counts = bodies.iter().map(|body| body["events"].as_array().unwrap().len()).collect();
    let events = bodies.iter().flat_map(|body| body["events"].as_array().unwrap().clone());
    let events = events.map(|mut event| {
        let fields = event.as_object_mut().unwrap();
        for time in ["timestamp", "ttftMs", "executionTimeMs"] {
            if let Some(value) = fields.get_mut(time) {
                assert!(value.is_u64(), "{time}: {value}");
                *value = 0.into();
            }
        }
        if let Some(id) = fields.get_mut("toolCallId") {
            *id = "c".into();
        }
        event
    });
    (events.collect(), counts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_is_told_of_runs_in_the_form_of_the_original() {
    let model = ModelServer::start(
        Wire::Openai,
        vec![
            Answer::calls(vec![("write_file", json!({"path": "a.txt", "content": "x".repeat(2_000)}))]),
            Answer::text("It is sunny."),
            Answer::text("Again."),
        ],
    );
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::that_answers(200, "").await;
    let (engine, house) = watched(&model, folder.path(), &format!("{}/agio", receiver.address)).await;
    let (session, outcome) = asked(&engine, question("weather please")).await;
    assert_eq!(outcome, Outcome::Completed);
    receiver.wait_for(3).await;
    asked(&engine, again(&session, "hello", OnBusy::Reject)).await;
    // Whatever waits is sent before the engine has drained.
    within("the engine drains", engine.drain()).await;
    let (events, counts) = told(&receiver);
    assert_eq!(counts.iter().sum::<usize>(), events.len());
    assert!(counts.iter().all(|count| (1..=3).contains(count)), "{counts:?}");
    let id = session.as_str();
    let config = json!({
        "modelProvider": "house", "modelName": "small", "plannerEnabled": false, "thinkingEnabled": false,
        "researchEnabled": false, "customMcpServers": false,
    });
    let arguments = json!({ "path": "a.txt", "content": format!("{}...[TRUNCATED]", "x".repeat(100)) });
    let expected = json!([
        { "type": "agent_loop_start", "timestamp": 0, "sessionId": id, "iteration": 1 },
        { "type": "agent_initialized", "timestamp": 0, "sessionId": id, "config": config,
          "count": { "mcpServersCount": 0, "toolsCount": 9, "modelProvidersCount": 1 } },
        { "type": "agent_run_start", "timestamp": 0, "sessionId": id, "runId": id, "input": "weather please",
          "isMultimodalInput": false, "streaming": true },
        { "type": "tool_call", "timestamp": 0, "sessionId": id, "runId": id, "toolName": "write_file", "toolCallId": "c",
          "arguments": arguments, "argumentsSize": 2_029 },
        { "type": "tool_result", "timestamp": 0, "sessionId": id, "runId": id, "toolName": "write_file",
          "toolCallId": "c", "executionTimeMs": 0, "successful": true, "resultSize": events[4]["resultSize"],
          "contentType": "text" },
        { "type": "agent_ttft", "timestamp": 0, "sessionId": id, "runId": id, "modelName": "small", "ttftMs": 0 },
        { "type": "agent_run_end", "timestamp": 0, "sessionId": id, "runId": id, "executionTimeMs": 0, "loopCount": 2,
          "successful": true, "error": "" },
        { "type": "agent_loop_start", "timestamp": 0, "sessionId": id, "iteration": 1 },
        { "type": "agent_run_start", "timestamp": 0, "sessionId": id, "runId": id, "input": "hello",
          "isMultimodalInput": false, "streaming": true },
        { "type": "agent_ttft", "timestamp": 0, "sessionId": id, "runId": id, "modelName": "small", "ttftMs": 0 },
        { "type": "agent_run_end", "timestamp": 0, "sessionId": id, "runId": id, "executionTimeMs": 0, "loopCount": 1,
          "successful": true, "error": "" },
    ]);
    assert_eq!(Value::Array(events), expected);
    let first = &receiver.received()[0];
    assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/agio"));
    assert_eq!(first.headers["content-type"], "application/json");
    drop((engine, house));
    model.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_is_down_silent_or_failing_harms_no_run() {
    let silent = Receiver::start(|_| Answering::Never).await;
    let failing = Receiver::that_answers(500, "no").await;
    for provider in [silent.address.as_str(), failing.address.as_str(), "http://127.0.0.1:1"] {
        let model = ModelServer::start(Wire::Openai, vec![Answer::text("one"), Answer::text("two")]);
        let folder = tempfile::tempdir().unwrap();
        let (engine, _house) = watched(&model, folder.path(), provider).await;
        let (session, outcome) = asked(&engine, question("hi")).await;
        assert_eq!(outcome, Outcome::Completed, "{provider}");
        let (_, outcome) = asked(&engine, again(&session, "hi", OnBusy::Reject)).await;
        assert_eq!(outcome, Outcome::Completed, "{provider}");
        engine.delete(&somebody(), &session).await.unwrap();
        model.finish();
    }
}

#[tokio::test]
async fn what_is_no_address_is_refused_at_once() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let mut settings = settings(&model, std::path::Path::new("/"));
    settings.server.agio_provider = Some("file:///etc/passwd".to_owned());
    let house: Arc<dyn Engine> = Arc::new(open(settings.clone(), &StoreUrl::Memory).await);
    let Err(error) = ombud::dialects::watched(house, &Arc::new(settings)) else { panic!("taken") };
    assert_eq!(error.message, "the provider's address is not one of http or https");
}
