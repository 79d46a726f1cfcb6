//! Procedures: steps, state, threads, tools that the caller carries out, and runs that wait in their middle.

mod waiting;

use futures_util::StreamExt;
use ombud::config::{Settings, Wire};
use ombud::domain::{
    Agent, Cursor, ErrorCode, Event, Fact, Frame, Outcome, Principal, RunId, RunStatus, SessionId, ToolCall,
};
use ombud::engine::{Answered, Ask, Asked, CallerReturn, Engine, House, NewSession, OnBusy, ProcedureCall, Target};
use ombud::storage::StoreUrl;
use serde_json::{Value, json};

use crate::support::house::{PATIENCE, again, answer, finished, frames, kinds, log, open, question, settings, somebody};
use crate::support::model_server::{Answer, Gate, ModelServer};

/// A text with a place for each of these names.
fn filled(text: &str, names: &[&str]) -> Value {
    let values: serde_json::Map<_, _> = names.iter().map(|name| ((*name).to_owned(), json!({"variable": name}))).collect();
    json!({"text": text, "values": values})
}

fn look_up() -> Value {
    json!({
        "name": "get-user", "description": "Looking up a user", "display": "stream",
        "parameters": {"type": "object", "properties": {"userId": {"type": "string"}}, "required": ["userId"]},
    })
}

/// Everything that an agent with procedures has.
fn agent() -> Value {
    let person = |text: &str, names: &[&str]| json!({"kind": "say", "label": {"name": "Add"}, "text": filled(text, names), "speaker": "person"});
    json!({
        "name": "helper",
        "instructions": filled("You answer for {{COMPANY}}.", &["COMPANY"]),
        "tools": ["get-user"],
        "caller_tools": [look_up()],
        "inputs": {"COMPANY": {"schema": {"type": "string"}, "default": "Nobody Inc"}, "MOST": {"schema": {"type": "integer"}}},
        "variables": {"LOOKUP": {}, "SUMMARY": {"default": "none yet"}},
        "from_state": {"max_turns": "MOST"},
        "procedures": {
            "chat": {
                "arguments": {"MESSAGE": {"schema": {"type": "string"}, "required": true}},
                "steps": [person("{{MESSAGE}}", &["MESSAGE"]), {"kind": "ask", "label": {"name": "Respond"}}],
            },
            "lookup": {
                "arguments": {"WHO": {"schema": {"type": "string"}, "required": true}},
                "steps": [
                    {
                        "kind": "call", "label": {"name": "Look up"}, "tool": "get-user", "output": "LOOKUP",
                        "arguments": {"userId": {"variable": "WHO"}, "how": {"literal": "fast"}},
                    },
                    person("Found: {{LOOKUP}}", &["LOOKUP"]),
                    {"kind": "ask", "label": {"name": "Respond"}, "output": "SUMMARY"},
                    {"kind": "set", "label": {"name": "Keep"}, "key": "LAST", "value": "LOOKUP"},
                ],
                "output": "SUMMARY",
            },
            "aside": {
                "steps": [
                    {"kind": "serialize", "format": "markdown", "output": "SUMMARY"},
                    {
                        "kind": "open_thread", "thread": "side",
                        "setup": {"instructions": filled("You sum up for {{COMPANY}}.", &["COMPANY"])},
                    },
                    {"kind": "say", "thread": "side", "speaker": "person", "text": filled("Said:\n{{SUMMARY}}", &["SUMMARY"])},
                    {"kind": "ask", "thread": "side", "aside": true, "output": "SUMMARY"},
                ],
                "output": "SUMMARY",
            },
            "form": {
                "steps": [
                    {"kind": "say", "text": "Report."},
                    {
                        "kind": "ask", "output": "REPORT",
                        "form": {"name": "Report", "schema": {
                            "type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"],
                        }},
                    },
                ],
                "output": "REPORT",
            },
            "nothing": {"steps": []},
        },
    })
}

fn with_agent(server: &ModelServer, folder: &tempfile::TempDir, agent: Value) -> Settings {
    let agent: Agent = serde_json::from_value(agent).unwrap();
    let mut settings = settings(server, folder.path());
    settings.agents.insert(agent.name.clone(), agent);
    settings
}

fn call(name: &str, arguments: Value) -> Ask {
    let new = NewSession { agent: Some("helper".into()), ..NewSession::default() };
    let Value::Object(arguments) = arguments else { panic!("{arguments}") };
    let procedure = Some(ProcedureCall { name: name.into(), arguments, ..ProcedureCall::default() });
    Ask { target: Target::New(Box::new(new)), procedure, input: vec![], ..question("") }
}

fn call_in(session: &SessionId, name: &str, arguments: Value) -> Ask {
    let on_busy = OnBusy::SupersedeWaiting;
    Ask { target: Target::Existing(session.clone()), on_busy, ..call(name, arguments) }
}

fn returned(call: &ToolCall, output: Value) -> CallerReturn {
    CallerReturn { id: call.id.clone(), output, error: None }
}

/// The facts among frames.
fn facts(frames: &[Frame]) -> Vec<&Event> {
    frames.iter().filter_map(|frame| if let Frame::Fact(event) = frame { Some(&**event) } else { None }).collect()
}

/// The calls that the last frame waits for.
fn waits_for(frames: &[Frame]) -> Vec<ToolCall> {
    match facts(frames).last().map(|event| &event.fact) {
        Some(Fact::RunWaiting(waiting)) => waiting.calls.clone(),
        other => panic!("{other:?}"),
    }
}

/// What the model was shown, without instructions.
fn shown(request: &crate::support::model_server::Request) -> Vec<(String, String)> {
    let messages = request.body["messages"].as_array().unwrap().iter().filter(|message| message["role"] != "system");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    messages.map(|message| (text(&message["role"]), text(&message["content"]))).collect()
}

fn said(role: &str, content: &str) -> (String, String) {
    (role.to_owned(), content.to_owned())
}

async fn go_on(house: &House, asked: &Asked, returns: Vec<CallerReturn>) -> Vec<Frame> {
    let run = asked.run.as_ref().unwrap();
    let answered = house.answer(&somebody(), run, returns).await.unwrap();
    assert!(answered.resumed);
    frames(house, &asked.session, answered.before, run).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_procedure_says_asks_calls_and_sets() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("It is Ada."), Answer::text("Hello.")]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(with_agent(&server, &folder, agent()), &StoreUrl::Memory).await;
    let asked = house.ask(&somebody(), call("lookup", json!({"WHO": "7"}))).await.unwrap();
    let run = asked.run.clone().unwrap();
    let first = answer(&house, &asked).await;
    assert_eq!(
        kinds(&first),
        ["session.created", "run.queued", "run.started", "step.started", "tool.called", "run.waiting"]
    );
    let [wanted] = &waits_for(&first)[..] else { panic!("{first:?}") };
    assert_eq!((wanted.name.as_str(), &wanted.arguments), ("get-user", &json!({"userId": "7", "how": "fast"})));
    assert_eq!((wanted.step, wanted.output.as_deref()), (Some(0), Some("LOOKUP")));
    assert_eq!(house.run(&somebody(), &run).await.unwrap().waiting_for, std::slice::from_ref(&wanted.id));
    let second = go_on(&house, &asked, vec![returned(wanted, json!({"name": "Ada"}))]).await;
    assert_eq!(
        kinds(&second),
        [
            "run.started",
            "state.set",
            "step.finished",
            "step.started",
            "message.posted",
            "step.finished",
            "step.started",
            "part.opened",
            "part.grew",
            "part.closed",
            "message.completed",
            "state.set",
            "step.finished",
            "step.started",
            "state.set",
            "step.finished",
            "run.finished"
        ]
    );
    let Fact::RunStarted(started) = &facts(&second)[0].fact else { panic!("{second:?}") };
    let step = started.step.clone().unwrap();
    assert_eq!((step.step, step.kind.as_str(), step.name.as_str()), (0, "call", "Look up"));
    let end = finished(&second);
    assert_eq!(
        (end.outcome, &end.output, end.rounds, end.tool_calls),
        (Outcome::Completed, &Some(json!("It is Ada.")), 1, 1)
    );
    let told: Vec<_> = facts(&second)
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::StateSet(set) => Some((set.key.as_str(), &set.value, set.told)),
            _ => None,
        })
        .collect();
    let ada = json!({"name": "Ada"});
    assert_eq!(told, [("LOOKUP", &ada, false), ("SUMMARY", &json!("It is Ada."), false), ("LAST", &ada, true)]);
    let state = house.state(&somebody(), &asked.session).await.unwrap();
    let expected = json!({"COMPANY": "Nobody Inc", "LOOKUP": ada, "SUMMARY": "It is Ada.", "LAST": ada});
    assert_eq!(Value::Object(state), expected);
    // What was said is what the next run is shown.
    let next = house.ask(&somebody(), call_in(&asked.session, "chat", json!({"MESSAGE": "Thanks."}))).await.unwrap();
    assert_eq!(finished(&answer(&house, &next).await).answer, "Hello.");
    let requests = server.finish();
    assert_eq!(requests[0].body["messages"][0]["content"], "You answer for Nobody Inc.");
    assert_eq!(requests[0].body["tools"][0]["function"]["name"], "get-user");
    assert_eq!(shown(&requests[0]), [said("user", r#"Found: {"name":"Ada"}"#)]);
    assert_eq!(
        shown(&requests[1]),
        [said("user", r#"Found: {"name":"Ada"}"#), said("assistant", "It is Ada."), said("user", "Thanks.")]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_calls_tools_of_the_caller() {
    let wanted = |ids: &[&str]| Answer::calls(ids.iter().map(|id| ("get-user", json!({"userId": id}))).collect());
    let server = ModelServer::start(Wire::Openai, vec![wanted(&["1", "2"]), wanted(&["3"]), Answer::text("Three.")]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(with_agent(&server, &folder, agent()), &StoreUrl::Memory).await;
    let asked = house.ask(&somebody(), call("chat", json!({"MESSAGE": "Who?"}))).await.unwrap();
    let first = answer(&house, &asked).await;
    let [one, two] = &waits_for(&first)[..] else { panic!("{first:?}") };
    let named: Vec<_> = facts(&first)
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::ToolCalled(called) => Some((called.description.as_str(), called.display, called.message_id.is_some())),
            _ => None,
        })
        .collect();
    let display = Some(ombud::domain::Display::Stream);
    assert_eq!(named, [("Looking up a user", display, true), ("Looking up a user", display, true)]);
    // One of two is not enough to go on.
    let run = asked.run.clone().unwrap();
    let half = house.answer(&somebody(), &run, vec![returned(two, json!("B"))]).await.unwrap();
    assert!(!half.resumed);
    assert_eq!(house.run(&somebody(), &run).await.unwrap().waiting_for, std::slice::from_ref(&one.id));
    let failed = CallerReturn { id: one.id.clone(), output: Value::Null, error: Some("db is down".into()) };
    let second = go_on(&house, &asked, vec![failed.clone()]).await;
    let three = waits_for(&second);
    // What was given stands; the same again changes nothing and begins nothing.
    let again = house.answer(&somebody(), &run, vec![failed]).await.unwrap();
    assert!(!again.resumed);
    let otherwise = house.answer(&somebody(), &run, vec![returned(one, json!("other"))]).await.unwrap_err();
    assert_eq!(otherwise.code, ErrorCode::Conflict);
    let unknown = CallerReturn { id: ombud::domain::CallId::from_text("none"), ..returned(one, Value::Null) };
    assert_eq!(house.answer(&somebody(), &run, vec![unknown]).await.unwrap_err().code, ErrorCode::Conflict);
    let last = go_on(&house, &asked, vec![returned(&three[0], json!("C"))]).await;
    assert_eq!((finished(&last).answer.as_str(), finished(&last).tool_calls), ("Three.", 3));
    let requests = server.finish();
    let results = |at: usize| -> Vec<String> {
        shown(&requests[at]).into_iter().filter(|(role, _)| role == "tool").map(|(_, text)| text).collect()
    };
    assert_eq!(results(1), ["db is down", "B"]);
    assert_eq!(results(2), ["db is down", "B", "C"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arguments_that_are_no_object_are_never_the_callers_business() {
    let server = ModelServer::start(
        Wire::Openai,
        vec![Answer::calls(vec![("get-user", json!("not an object"))]), Answer::text("Sorry.")],
    );
    let folder = tempfile::tempdir().unwrap();
    let house = open(with_agent(&server, &folder, agent()), &StoreUrl::Memory).await;
    let asked = house.ask(&somebody(), call("chat", json!({"MESSAGE": "Who?"}))).await.unwrap();
    assert_eq!(finished(&answer(&house, &asked).await).answer, "Sorry.");
    let requests = server.finish();
    let (_, told) = shown(&requests[1]).pop().unwrap();
    assert_eq!(told, "the arguments of `get-user` are not one JSON object: write one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_has_a_conversation_of_its_own() {
    let script = vec![Answer::text("Hello there."), Answer::text("Gist one."), Answer::text("Gist two.")];
    let server = ModelServer::start(Wire::Openai, script);
    let folder = tempfile::tempdir().unwrap();
    let house = open(with_agent(&server, &folder, agent()), &StoreUrl::Memory).await;
    let chat = house.ask(&somebody(), call("chat", json!({"MESSAGE": "Hi."}))).await.unwrap();
    answer(&house, &chat).await;
    for gist in ["Gist one.", "Gist two."] {
        let asked = house.ask(&somebody(), call_in(&chat.session, "aside", json!({}))).await.unwrap();
        let frames = answer(&house, &asked).await;
        assert_eq!(finished(&frames).output, Some(json!(gist)));
        let step = facts(&frames).into_iter().find_map(|event| match &event.fact {
            Fact::StepStarted(step) if step.kind == "ask" => Some(step.clone()),
            _ => None,
        });
        let step = step.unwrap();
        assert_eq!((step.thread.as_deref(), step.aside, step.step), (Some("side"), true, 3));
    }
    // What is only for the procedure is no message for people.
    let page = house.messages(&somebody(), &chat.session, None, 100).await.unwrap();
    let texts: Vec<_> = page.messages.iter().map(|shown| (shown.message.thread.as_deref(), shown.message.text())).collect();
    let expected = "Said:\n## User\n\nHi.\n\n## Assistant\n\nHello there.";
    assert_eq!(
        texts,
        [
            (None, "Hi.".to_owned()),
            (None, "Hello there.".to_owned()),
            (Some("side"), expected.to_owned()),
            (Some("side"), expected.to_owned())
        ]
    );
    let requests = server.finish();
    for request in &requests[1..] {
        assert_eq!(request.body["messages"][0]["content"], "You sum up for Nobody Inc.");
        // The thread begins anew each time, and has no tools.
        assert_eq!(shown(request), [said("user", expected)]);
        assert_eq!(request.body.get("tools"), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_has_the_form_that_was_asked_for_or_the_run_fails() {
    let script = vec![Answer::text("```json\n{\"title\": \"A\"}\n```"), Answer::text("{\"title\": 7}"), Answer::text("no")];
    let server = ModelServer::start(Wire::Openai, script);
    let folder = tempfile::tempdir().unwrap();
    let house = open(with_agent(&server, &folder, agent()), &StoreUrl::Memory).await;
    let asked = house.ask(&somebody(), call("form", json!({}))).await.unwrap();
    let good = answer(&house, &asked).await;
    assert_eq!((finished(&good).outcome, &finished(&good).output), (Outcome::Completed, &Some(json!({"title": "A"}))));
    let form = facts(&good).into_iter().find_map(|event| match &event.fact {
        Fact::MessageCompleted(completed) => Some(completed.form.clone()),
        _ => None,
    });
    assert_eq!(form, Some(Some("Report".to_owned())));
    for why in ["at /title: the value is not of type \"string\"", "it is no JSON: expected ident at line 1 column 2"] {
        let asked = house.ask(&somebody(), call("form", json!({}))).await.unwrap();
        let frames = answer(&house, &asked).await;
        let end = finished(&frames);
        let error = end.error.clone().unwrap();
        assert_eq!((end.outcome, error.code, &end.output), (Outcome::Failed, ErrorCode::SchemaMismatch, &None));
        assert_eq!(error.message, format!("the model's answer is not of the form `Report`: {why}"));
    }
    let requests = server.finish();
    assert_eq!(requests[0].body["response_format"]["json_schema"]["name"], "Report");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_for_must_be_there_and_fit() {
    let server = ModelServer::start(Wire::Openai, vec![]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(with_agent(&server, &folder, agent()), &StoreUrl::Memory).await;
    let input = |input: Value| {
        let Value::Object(input) = input else { panic!("{input}") };
        NewSession { agent: Some("helper".into()), input, ..NewSession::default() }
    };
    for (ask, code, message) in [
        (call("dance", json!({})), ErrorCode::NotFound, "procedure `dance` is not known"),
        (call("chat", json!({})), ErrorCode::InvalidInput, "argument `MESSAGE` is missing"),
        (
            call("chat", json!({"MESSAGE": 7})),
            ErrorCode::InvalidInput,
            "argument `MESSAGE` does not fit: the value is not of type \"string\"",
        ),
        (call("chat", json!({"MESSAGE": "x", "MORE": 1})), ErrorCode::InvalidInput, "argument `MORE` is not known"),
        (
            Ask { target: Target::New(Box::new(input(json!({"COMPANY": 7})))), ..call("chat", json!({"MESSAGE": "x"})) },
            ErrorCode::InvalidInput,
            "input `COMPANY` does not fit: the value is not of type \"string\"",
        ),
    ] {
        let error = house.ask(&somebody(), ask).await.unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (code, message));
    }
    let none = house.sessions(&somebody(), &ombud::engine::SessionFilter { limit: 9, ..Default::default() }).await.unwrap();
    assert_eq!(none.sessions, []);
    // A procedure without steps does nothing, and ends well.
    let session = house.create(&somebody(), input(json!({"COMPANY": "Acme"}))).await.unwrap().id;
    let asked = house.ask(&somebody(), call_in(&session, "nothing", json!({}))).await.unwrap();
    let frames = answer(&house, &asked).await;
    assert_eq!((finished(&frames).outcome, kinds(&frames).len()), (Outcome::Completed, 3));
    let state = house.state(&somebody(), &session).await.unwrap();
    assert_eq!(Value::Object(state), json!({"COMPANY": "Acme", "SUMMARY": "none yet"}));
    let stranger = Principal { scopes: vec![], ..somebody() };
    assert_eq!(house.state(&stranger, &session).await.unwrap_err().code, ErrorCode::Forbidden);
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_ends_at_its_limit_and_the_run_goes_on() {
    let server =
        ModelServer::start(Wire::Openai, vec![Answer::text("Let me see.").and_calls(vec![("get-user", json!({}))])]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(with_agent(&server, &folder, agent()), &StoreUrl::Memory).await;
    let mut ask = call("chat", json!({"MESSAGE": "Who?"}));
    let Target::New(new) = &mut ask.target else { panic!() };
    new.input.insert("MOST".into(), json!(1));
    let asked = house.ask(&somebody(), ask).await.unwrap();
    let wanted = waits_for(&answer(&house, &asked).await);
    let frames = go_on(&house, &asked, vec![returned(&wanted[0], json!("x"))]).await;
    let end = finished(&frames);
    assert_eq!((end.outcome, end.answer.as_str(), end.rounds), (Outcome::Completed, "Let me see.", 1));
    assert_eq!(kinds(&frames), ["run.started", "step.finished", "run.finished"]);
    server.finish();
}
