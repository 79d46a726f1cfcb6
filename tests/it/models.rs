//! Models over real HTTP, on all wires: what a scripted server says, and which events come out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use ombud::config::{Limits, Paths, Provider, Settings, ToolSettings, Wire};
use ombud::domain::{Access, Budget, Cause, Clock, Effect, Finish, ModelChoice, ModelSettings, Timestamp, ToolSpec, Usage};
use ombud::models::{
    Model, ModelError, ModelEvent, ModelPart, ModelRequest, ModelStream, Models, PromptMessage, PromptPart, PromptReturn,
};
use serde_json::json;

use crate::support::model_server::{Answer, Gate, ModelServer, no_tls, nobody_listening};

const WIRES: [Wire; 3] = [Wire::Openai, Wire::Responses, Wire::Anthropic];
const KEY: &str = "sk-canary-0123456789";

type Told = Vec<Result<ModelEvent, ModelError>>;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_795_156_323_042)
    }
    fn new_id(&self) -> uuid::Uuid {
        uuid::Uuid::nil()
    }
}

#[async_trait]
impl Model for Still {
    async fn ask(&self, _: ModelRequest) -> ModelStream {
        stream::empty().boxed()
    }
}

fn model(wire: Wire, base_url: &str, limits: Limits) -> Arc<dyn Model> {
    let headers = BTreeMap::from([("x-team".to_owned(), "canary-team-token".into())]);
    let provider = Provider { wire, base_url: base_url.to_owned(), api_key: Some(KEY.into()), headers };
    let settings = Settings {
        agent: "default".into(),
        model: None,
        fallback: vec![],
        providers: BTreeMap::from([("house".to_owned(), provider)]),
        store: "memory:".into(),
        workspace: "/".into(),
        permissions: vec![],
        permissions_given: 0,
        budgets: Budget::default(),
        limits,
        tools: ToolSettings::default(),
        agents: BTreeMap::new(),
        agent_sources: BTreeMap::new(),
        models: BTreeMap::new(),
        project_instructions: false,
        retention: ombud::config::Retention::default(),
        plugins: Vec::new(),
        paths: Paths::default(),
        server: ombud::config::ServerSettings::default(),
        speech: ombud::config::SpeechSettings::default(),
    };
    let models = Models::new(&settings, Arc::new(Still), Arc::new(Still)).unwrap();
    models.with_first_wait(Duration::from_millis(1)).get(&ModelChoice::new("house", "small")).unwrap().0
}

/// Limits of a test: no wait is long, and nothing stalls unless the test wants it.
fn limits(attempts: u32) -> Limits {
    Limits { model_attempts: attempts, model_retry_wait: Duration::from_secs(1), ..Limits::default() }
}

fn request(messages: Vec<PromptMessage>) -> ModelRequest {
    let parameters = json!({"type": "object", "properties": {"path": {"type": "string"}}});
    let (effect, access) = (Effect::None, Access::Read);
    let tool = ToolSpec { name: "read_file".into(), description: "Reads.".into(), parameters, effect, access };
    let settings = ModelSettings::default();
    ModelRequest { model: "small".into(), system: "Be brief.".into(), messages, tools: vec![tool], settings, form: None }
}

fn question() -> ModelRequest {
    request(vec![PromptMessage::User(vec![PromptPart::Text("hi".into())])])
}

async fn told(model: &Arc<dyn Model>, request: ModelRequest) -> Told {
    model.ask(request).await.collect().await
}

/// What a model tells when its server follows the script.
async fn scripted(wire: Wire, attempts: u32, script: Vec<Answer>) -> Told {
    let server = ModelServer::start(wire, script);
    let told = told(&model(wire, &server.base_url(), limits(attempts)), question()).await;
    server.finish();
    told
}

fn text(pieces: &[&str]) -> Told {
    part(ModelPart::Text, pieces, None)
}

fn call(pieces: &[&str]) -> Told {
    part(ModelPart::ToolCall { name: "read_file".into() }, pieces, None)
}

fn part(part: ModelPart, pieces: &[&str], signature: Option<&str>) -> Told {
    let grew = pieces.iter().map(|piece| ModelEvent::PartGrew((*piece).to_owned()));
    let closed = ModelEvent::PartClosed { signature: signature.map(str::to_owned), sealed: None };
    [ModelEvent::PartOpened(part)].into_iter().chain(grew).chain([closed]).map(Ok).collect()
}

fn finished(finish: Finish, usage: Usage) -> Told {
    vec![Ok(ModelEvent::Finished { finish, usage })]
}

fn stopped() -> Told {
    finished(Finish::Stop, Usage::default())
}

fn error(cause: Cause, message: &str) -> ModelError {
    // The status stands in the message too.
    let status = message.split_once('(').and_then(|(_, rest)| rest.get(..3)?.parse().ok());
    ModelError { cause, message: message.into(), retryable: cause.retryable(), status, retry_after_ms: None }
}

fn retrying(attempt: u32, error: ModelError) -> Told {
    // The wait is jittered: `with_waits_taken_out` replaces it.
    vec![Ok(ModelEvent::Retrying { attempt, error: error.into(), delay_ms: 0 })]
}

fn with_waits_taken_out(told: Told) -> Told {
    let still = |event| match event {
        Ok(ModelEvent::Retrying { attempt, error, .. }) => Ok(ModelEvent::Retrying { attempt, error, delay_ms: 0 }),
        other => other,
    };
    told.into_iter().map(still).collect()
}

#[tokio::test]
async fn a_plain_answer() {
    for wire in WIRES {
        let server = ModelServer::start(wire, vec![Answer::pieces(&["Hel", "", "lo å"]).usage(20, 5, 7)]);
        let told = told(&model(wire, &server.base_url(), limits(1)), question()).await;
        let usage = Usage { input_tokens: 20, cached_tokens: 5, output_tokens: 7, ..Usage::default() };
        assert_eq!(told, [text(&["Hel", "lo å"]), finished(Finish::Stop, usage)].concat(), "{wire:?}");
        let requests = server.finish();
        let bearer = wire != Wire::Anthropic;
        let key = if bearer { ("authorization", format!("Bearer {KEY}")) } else { ("x-api-key", KEY.into()) };
        assert_eq!(requests[0].header(key.0), Some(key.1.as_str()));
        assert_eq!(requests[0].header("x-team"), Some("canary-team-token"));
        assert_eq!(requests[0].body["model"], "small");
    }
}

#[tokio::test]
async fn reasoning_before_an_answer_that_is_too_long() {
    for (wire, signature) in [(Wire::Openai, None), (Wire::Responses, None), (Wire::Anthropic, Some("proof"))] {
        let answer = Answer::reasoning(&["h", "m"]).and_text("So").too_long();
        let expected =
            [part(ModelPart::Reasoning, &["h", "m"], signature), text(&["So"]), finished(Finish::Length, Usage::default())];
        assert_eq!(scripted(wire, 1, vec![answer]).await, expected.concat(), "{wire:?}");
    }
}

#[tokio::test]
async fn two_rounds_of_tools_with_three_calls_at_once() {
    let paths = ["a.txt", "b.txt", "c.txt"];
    let calls = || paths.map(|path| ("read_file", json!({"path": path}))).to_vec();
    for wire in WIRES {
        let script = vec![
            Answer::text("Look.").and_calls(calls()),
            Answer::calls(vec![("read_file", json!({}))]),
            Answer::text("Done."),
        ];
        let server = ModelServer::start(wire, script);
        let model = model(wire, &server.base_url(), limits(1));
        let first = told(&model, question()).await;
        let pieces = paths.map(|path| format!("{{\"path\":\"{path}\"}}"));
        let mut expected = text(&["Look."]);
        expected.extend(pieces.iter().flat_map(|piece| call(&[piece])));
        expected.extend(finished(Finish::ToolCalls, Usage::default()));
        assert_eq!(first, expected, "{wire:?}");

        let called =
            |id: String, arguments: &str| PromptPart::ToolCall { id, name: "read_file".into(), arguments: arguments.into() };
        let returned =
            |id: String| PromptReturn { failed: id == "call-2", id, name: "read_file".into(), text: "contents".into() };
        let mut messages = question().messages;
        let mut parts = vec![PromptPart::Text("Look.".into())];
        parts.extend((1..=3).zip(&pieces).map(|(number, piece)| called(format!("call-{number}"), piece)));
        messages.push(PromptMessage::Assistant(parts));
        messages.push(PromptMessage::ToolReturns((1..=3).map(|number| returned(format!("call-{number}"))).collect()));
        let second = told(&model, request(messages.clone())).await;
        assert_eq!(second, [call(&["{}"]), finished(Finish::ToolCalls, Usage::default())].concat(), "{wire:?}");

        messages.push(PromptMessage::Assistant(vec![called("call-4".into(), "{}")]));
        messages.push(PromptMessage::ToolReturns(vec![returned("call-4".into())]));
        let third = told(&model, request(messages)).await;
        assert_eq!(third, [text(&["Done."]), stopped()].concat(), "{wire:?}");
        assert_eq!(server.finish().len(), 3);
    }
}

#[tokio::test]
async fn arguments_byte_by_byte_also_interleaved() {
    let calls = vec![("read_file", json!({"path": "å"})), ("read_file", json!({"path": "b"}))];
    let first: Vec<String> = r#"{"path":"å"}"#.chars().map(String::from).collect();
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let second: Vec<String> = r#"{"path":"b"}"#.chars().map(String::from).collect();
    let second: Vec<&str> = second.iter().map(String::as_str).collect();
    for wire in WIRES {
        let one_by_one = [call(&first), call(&second), finished(Finish::ToolCalls, Usage::default())].concat();
        let answer = Answer::calls(calls.clone()).byte_by_byte();
        assert_eq!(scripted(wire, 1, vec![answer.clone()]).await, one_by_one, "{wire:?}");
        // The second waits for the first: what had come of it until then comes at once.
        let told = scripted(wire, 1, vec![answer.interleaved()]).await;
        let early = if wire == Wire::Openai { second.len() - 1 } else { second.len() };
        let together = second[..early].concat();
        let rest: Vec<&str> = [together.as_str()].into_iter().chain(second[early..].iter().copied()).collect();
        assert_eq!(told, [call(&first), call(&rest), finished(Finish::ToolCalls, Usage::default())].concat(), "{wire:?}");
    }
}

#[tokio::test]
async fn refusals_are_not_repeated() {
    for wire in WIRES {
        for (status, cause, message) in [
            (400, Cause::Rejected, "`house` rejected the request (400): no […] please"),
            (401, Cause::Auth, "`house` refused the key (401): no […] please"),
            (403, Cause::Auth, "`house` refused the key (403): no […] please"),
            (404, Cause::Rejected, "`house` rejected the request (404): no […] please"),
            (422, Cause::Rejected, "`house` rejected the request (422): no […] please"),
        ] {
            for secret in [KEY, "canary-team-token"] {
                let answer = Answer::error(status, "some_error", &format!("no {secret}\nplease"));
                assert_eq!(scripted(wire, 4, vec![answer]).await, [Err(error(cause, message))], "{wire:?}");
            }
        }
    }
}

#[tokio::test]
async fn too_many_requests_twice_then_fine() {
    for wire in WIRES {
        let busy = || Answer::error(429, "rate_limit_error", "slow").header("retry-after", "0.007");
        let told = scripted(wire, 3, vec![busy(), busy(), Answer::text("ok")]).await;
        let error = error(Cause::RateLimited, "`house` asks to slow down (429): slow");
        let error = || ModelError::into(ModelError { retry_after_ms: Some(7), ..error.clone() });
        let waits = [1, 2].map(|attempt| Ok(ModelEvent::Retrying { attempt, error: error(), delay_ms: 7 })).to_vec();
        assert_eq!(told, [waits, text(&["ok"]), stopped()].concat(), "{wire:?}");
    }
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_not_waited_for() {
    for wire in WIRES {
        let told = scripted(wire, 3, vec![Answer::error(429, "x", "slow").header("retry-after", "3600")]).await;
        let message = "`house` asks to slow down (429): slow; it asks to wait 3600 s, more than the limit of 1s";
        let expected = ModelError { retry_after_ms: Some(3_600_000), ..error(Cause::RateLimited, message) };
        assert_eq!(told, [Err(expected)], "{wire:?}");
    }
}

#[tokio::test]
async fn a_server_that_always_fails() {
    for wire in WIRES {
        for status in [408, 409, 500, 529] {
            let message = format!("`house` failed ({status}): busy");
            let told = scripted(wire, 3, vec![Answer::error(status, "x", "busy").always()]).await;
            let failed = || error(Cause::Server, &message);
            let last = error(Cause::Server, &format!("{message} (after 3 attempts)"));
            let expected = [retrying(1, failed()), retrying(2, failed()), vec![Err(last)]].concat();
            assert_eq!(with_waits_taken_out(told), expected, "{wire:?}");
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_before_the_first_content_is_asked_for_again() {
    for wire in WIRES {
        for answer in [Answer::text("x").hang_up(), Answer::text("x").cut_after(0), Answer::text("x").cut_after(1)] {
            let told = with_waits_taken_out(scripted(wire, 2, vec![answer, Answer::text("ok")]).await);
            let Some(Ok(ModelEvent::Retrying { attempt: 1, error, .. })) = told.first() else { panic!("{told:?}") };
            assert_eq!(error.cause, Some(Cause::Cut));
            assert_eq!(told[1..], [text(&["ok"]), stopped()].concat(), "{wire:?}");
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_after_it_is_not() {
    for (wire, events) in [(Wire::Openai, 2), (Wire::Responses, 5), (Wire::Anthropic, 4)] {
        let mut told = scripted(wire, 4, vec![Answer::pieces(&["Hel", "lo"]).cut_after(events)]).await;
        let failed = told.pop().unwrap().unwrap_err();
        assert_eq!((failed.cause, failed.message.contains("`house`")), (Cause::Cut, true), "{failed:?}");
        assert_eq!(told, text(&["Hel"])[..2], "{wire:?}");
    }
}

#[tokio::test]
async fn a_stream_that_ends_properly_but_too_early_is_cut_too() {
    for (wire, event) in [
        (Wire::Openai, json!({"choices": [{"delta": {"content": "Hel"}}]})),
        (Wire::Responses, json!({"type": "response.output_text.delta", "output_index": 0, "delta": "Hel"})),
        (
            Wire::Anthropic,
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hel"}}),
        ),
    ] {
        for body in [format!("data: {event}\n\n"), format!("data: {event}\n\ndata: {{\"cho")] {
            let told = scripted(wire, 4, vec![Answer::raw(&body)]).await;
            let expected = Err(error(Cause::Cut, "the answer of `house` ended in its middle"));
            assert_eq!(told, [&text(&["Hel"])[..2], &[expected]].concat(), "{wire:?}");
        }
    }
}

#[tokio::test]
async fn garbage_is_told_after_what_was_understood() {
    for (wire, events) in [(Wire::Openai, 2), (Wire::Responses, 5), (Wire::Anthropic, 4)] {
        let garbage = "the answer of `house` cannot be understood: \"{\\\"half\\\": tru\" is no JSON object";
        let garbage = || Err(error(Cause::Garbage, garbage));
        let told = scripted(wire, 4, vec![Answer::text("Hel").garbage_after(events)]).await;
        let known = &text(&["Hel"])[..2];
        assert_eq!(told, [known, &[garbage()]].concat(), "{wire:?}");
        assert_eq!(scripted(wire, 4, vec![Answer::text("Hel").garbage_after(0)]).await, [garbage()], "{wire:?}");
        let told = scripted(wire, 4, vec![Answer::raw("<!doctype html><title>Hello</title>\n")]).await;
        let page = "the answer of `house` cannot be understood: it is no event stream";
        assert_eq!(told, [Err(error(Cause::Garbage, page))], "{wire:?}");
    }
}

// The connection of a stream that is dropped ends on another thread, while this one waits for the server to see it.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stall_before_and_after_the_first_byte() {
    let short = Duration::from_millis(80);
    for (wire, events) in [(Wire::Openai, 2), (Wire::Responses, 5), (Wire::Anthropic, 4)] {
        let first = Limits { model_first_byte: short, ..limits(1) };
        let idle = Limits { model_idle: short, ..limits(1) };
        let total = Limits { model_total: short, ..limits(1) };
        let silent = Answer::text("x").stall_before_first_byte();
        let begun = Answer::text("Hel").stall_after(events);
        let hel = || text(&["Hel"])[..2].to_vec();
        for (limits, answer, before, message) in [
            (&first, &silent, vec![], "`house` sent nothing within 80ms"),
            (&first, &Answer::text("x").stall_after(0), vec![], "`house` sent nothing within 80ms"),
            (&idle, &begun, hel(), "`house` sent nothing more within 80ms"),
            (&total, &begun, hel(), "`house` did not end its answer within 80ms"),
        ] {
            let server = ModelServer::start(wire, vec![answer.clone()]);
            let told = told(&model(wire, &server.base_url(), limits.clone()), question()).await;
            assert_eq!(told, [before, vec![Err(error(Cause::Stalled, message))]].concat(), "{wire:?}");
            server.wait_until_left(1);
            server.finish();
        }
    }
}

#[tokio::test]
async fn an_answer_has_a_largest_size() {
    for wire in WIRES {
        for answer in [Answer::text(&"x".repeat(5_000)), Answer::text(&"x".repeat(5_000)).whole()] {
            let server = ModelServer::start(wire, vec![answer]);
            let limits = Limits { model_answer_bytes: 4_000, ..limits(4) };
            let told = told(&model(wire, &server.base_url(), limits), question()).await;
            let message = "the answer of `house` is larger than 4000 bytes";
            assert_eq!(told, [Err(error(Cause::Garbage, message))], "{wire:?}");
            server.finish();
        }
    }
}

#[tokio::test]
async fn nobody_listens() {
    for wire in WIRES {
        let base_url = nobody_listening();
        let told = with_waits_taken_out(told(&model(wire, &base_url, limits(2)), question()).await);
        let host = base_url.trim_start_matches("http://").trim_end_matches("/v1");
        let message = format!("no connection to `house` at {host}: Connection refused (os error 111)");
        let last = error(Cause::Connect, &format!("{message} (after 2 attempts)"));
        assert_eq!(told, [retrying(1, error(Cause::Connect, &message)), vec![Err(last)]].concat(), "{wire:?}");
    }
}

#[tokio::test]
async fn no_secure_connection() {
    for wire in WIRES {
        let base_url = no_tls();
        let told = told(&model(wire, &base_url, limits(4)), question()).await;
        let host = base_url.trim_start_matches("https://").trim_end_matches("/v1");
        let reason = "received corrupt message of type InvalidContentType";
        let message = format!("no secure connection to `house` at {host}: {reason}");
        assert_eq!(told, [Err(error(Cause::Tls, &message))], "{wire:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_stream() {
    for (wire, signature) in [(Wire::Openai, None), (Wire::Responses, None), (Wire::Anthropic, Some("proof"))] {
        let answer = Answer::reasoning(&["h", "m"])
            .and_text("Look.")
            .and_calls(vec![("read_file", json!({"path": "a"})), ("read_file", json!({}))])
            .usage(9, 4, 2)
            .whole();
        let usage = Usage { input_tokens: 9, cached_tokens: 4, output_tokens: 2, ..Usage::default() };
        let expected = [
            part(ModelPart::Reasoning, &["hm"], signature),
            text(&["Look."]),
            call(&[r#"{"path":"a"}"#]),
            call(&["{}"]),
            finished(Finish::ToolCalls, usage),
        ];
        assert_eq!(scripted(wire, 1, vec![answer]).await, expected.concat(), "{wire:?}");
    }
}

#[tokio::test]
async fn an_error_inside_a_good_answer() {
    let told_error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}});
    let failed = || error(Cause::Server, "`house` failed (500): busy");
    for wire in WIRES {
        for body in [format!("event: error\ndata: {told_error}\n\n"), told_error.to_string()] {
            let told = scripted(wire, 2, vec![Answer::raw(&body), Answer::text("ok")]).await;
            let expected = [retrying(1, failed()), text(&["ok"]), stopped()].concat();
            assert_eq!(with_waits_taken_out(told), expected, "{wire:?}");
        }
    }
}

#[tokio::test]
async fn an_end_without_its_mark_and_a_connection_that_breaks_after_it() {
    let openai = "data: {\"choices\":[{\"delta\":{\"content\":\"ok\"},\"finish_reason\":\"stop\"}]}";
    for body in [format!(": wait\n\n{openai}\n\n"), openai.to_owned()] {
        assert_eq!(scripted(Wire::Openai, 1, vec![Answer::raw(&body)]).await, [text(&["ok"]), stopped()].concat());
    }
    // Events of an answer with one piece: up to its reason to stop, but not its end mark.
    for (wire, events) in [(Wire::Openai, 3), (Wire::Anthropic, 6)] {
        let told = scripted(wire, 1, vec![Answer::text("ok").cut_after(events)]).await;
        assert_eq!(told, [text(&["ok"]), stopped()].concat(), "{wire:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_has_come_is_told_at_once_and_a_dropped_stream_ends_the_request() {
    for (wire, events) in [(Wire::Openai, 2), (Wire::Responses, 5), (Wire::Anthropic, 4)] {
        let gate = Gate::new();
        let answer = Answer::pieces(&["Hel", "lo"]).wait_after(events, &gate).stall_after(events + 1);
        let server = ModelServer::start(wire, vec![answer]);
        let mut stream = model(wire, &server.base_url(), limits(1)).ask(question()).await;
        let hello = text(&["Hel", "lo"]);
        assert_eq!(stream.next().await.as_ref(), Some(&hello[0]));
        assert_eq!(stream.next().await.as_ref(), Some(&hello[1]));
        gate.open();
        assert_eq!(stream.next().await.as_ref(), Some(&hello[2]));
        drop(stream);
        server.wait_until_left(1);
        server.finish();
    }
}

#[test]
#[should_panic(expected = "the model was asked wrongly")]
fn the_server_fails_a_test_that_asks_wrongly() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("x").always()]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { told(&model(Wire::Openai, &server.base_url(), limits(1)), request(vec![])).await });
    drop(server);
}
