//! What later releases of Octavus ask for: rolling back, senders, tools of the moment, starting with a first trigger, workers.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::octavus::{Bed, CHAT, Leg, WORKER, leg, lines, refusal, said};
use crate::support::model_server::Answer;

fn texts(messages: &[Value]) -> Vec<&str> {
    let parts = messages.iter().flat_map(|message| message["parts"].as_array().unwrap());
    parts.filter(|part| part["type"] == "text").map(|part| part["text"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trigger_rolls_back_first() {
    let call = Answer::calls(vec![("get-user", json!({"userId": "1"}))]);
    let script =
        vec![Answer::text("1."), Answer::text("2."), Answer::text("3."), call, Answer::text("4."), Answer::text("5.")];
    let bed = Bed::new(script).await;
    let session = bed.session().await;
    bed.say(&session, "One").await;
    let one = bed.messages(&session).await;
    bed.say(&session, "Two").await;
    let back = |text: &str, to: Value| {
        let mut body = said(text);
        body["rollbackAfterMessageId"] = to;
        body
    };
    let third = bed.leg(&session, &back("Three", one[1]["id"].clone())).await;
    assert_eq!(third.events[0]["lastMessageId"], one[1]["id"]);
    assert_eq!(texts(&bed.messages(&session).await), ["One", "1.", "Three", "3."]);
    // To what a user said: it stays.
    let waiting = bed.leg(&session, &back("Four", one[0]["id"].clone())).await;
    let mut body = back("Four", one[0]["id"].clone());
    body["executionId"] = json!(waiting.execution());
    body["toolResults"] = json!([{"toolCallId": waiting.calls()[0]["toolCallId"], "result": "x"}]);
    assert_eq!(bed.leg(&session, &body).await.spoken(), "4.");
    assert_eq!(texts(&bed.messages(&session).await), ["One", "Four", "4."]);
    for (to, code) in [(json!("never"), "NOT_FOUND"), (json!(7), "VALIDATION_ERROR")] {
        assert_eq!(bed.refused(&session, &back("Five", to)).await.1, code);
    }
    let fifth = bed.leg(&session, &back("Five", Value::Null)).await;
    assert_eq!(fifth.events[0].get("lastMessageId"), None);
    assert_eq!(texts(&bed.messages(&session).await), ["Five", "5."]);
    let asked = bed.model.requests()[5].body["messages"].clone();
    assert_eq!(asked.as_array().unwrap().len(), 2, "{asked}");
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_of_blocks_alone_can_be_gone_back_to() {
    let bed = Bed::new(vec![Answer::text("1."), Answer::text("2."), Answer::text("3.")]).await;
    let session = bed.session().await;
    bed.say(&session, "One").await;
    let first = bed.leg(&session, &json!({"triggerName": "keep", "input": {"WHO": "7"}})).await;
    let results = json!([{"toolCallId": first.calls()[0]["toolCallId"], "result": "Ada"}]);
    let kept = bed.give(&session, &first, &results).await;
    assert_eq!((kept.spoken().as_str(), &kept.last()["finishReason"]), ("", &json!("stop")));
    let turn = &first.events[0]["messageId"];
    assert_eq!(bed.messages(&session).await.last().unwrap()["id"], *turn);
    bed.say(&session, "Two").await;
    let mut body = said("Three");
    body["rollbackAfterMessageId"] = turn.clone();
    let third = bed.leg(&session, &body).await;
    assert_eq!((third.spoken().as_str(), &third.events[0]["lastMessageId"]), ("3.", turn));
    let messages = bed.messages(&session).await;
    assert_eq!(texts(&messages), ["One", "1.", "Three", "3."]);
    assert_eq!(messages[2]["id"], *turn);
    assert_eq!(bed.state(&session).await["resources"], json!({"LAST_LOOKUP": "Ada"}));
    // To before it: what it had set counts no more.
    body["rollbackAfterMessageId"] = messages[1]["id"].clone();
    bed.model.push(Answer::text("4."));
    bed.leg(&session, &body).await;
    assert_eq!(bed.state(&session).await["resources"], json!({"LAST_LOOKUP": null}));
    // It counts no more, and cannot be named.
    body["rollbackAfterMessageId"] = turn.clone();
    assert_eq!(bed.refused(&session, &body).await.1, "NOT_FOUND");
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trigger_that_is_refused_rolls_nothing_back() {
    let bed = Bed::new(vec![Answer::text("1."), Answer::text("2.")]).await;
    let session = bed.session().await;
    bed.say(&session, "One").await;
    bed.say(&session, "Two").await;
    let before = bed.messages(&session).await;
    let file = json!([{"id": "never", "mediaType": "image/png", "url": "http://x/"}]);
    for (trigger, input, status) in [
        ("user-message", json!({"USER_MESSAGE": 7}), 400),
        ("user-message", json!({}), 400),
        ("user-message", json!({"USER_MESSAGE": "x", "OTHER": 1}), 400),
        ("never", json!({}), 400),
        ("with-files", json!({"USER_MESSAGE": "x", "FILES": file}), 404),
    ] {
        let body = json!({"triggerName": trigger, "input": input, "rollbackAfterMessageId": before[1]["id"]});
        assert_eq!(bed.refused(&session, &body).await.0, status, "{body}");
    }
    assert_eq!(bed.messages(&session).await, before);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_begins_with_its_session_comes_in_pieces_too() {
    let bed = Bed::new(vec![Answer::pieces(&["a", "b", "c", "d"]).always()]).await;
    let pieces = |leg: &Leg| leg.events.iter().filter(|event| event["type"] == "text-delta").count();
    for round in 0..20 {
        let start = json!({"agentId": CHAT, "trigger": said("Hi."), "idempotencyKey": format!("k{round}")});
        assert_eq!(pieces(&leg(&bed.client, "/api/agent-sessions/start", &start).await), 4, "start, round {round}");
        let execute = json!({"type": "start", "input": {"TASK": "Tea"}});
        let worker = leg(&bed.client, &format!("/api/agents/{WORKER}/execute"), &execute).await;
        assert_eq!(pieces(&worker), 4, "worker, round {round}");
    }
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_is_repeated_tells_what_waits_now() {
    let one = |user: &str| Answer::calls(vec![("get-user", json!({"userId": user}))]);
    let bed = Bed::new(vec![one("1"), one("2"), Answer::text("Both.")]).await;
    let start = json!({"agentId": CHAT, "trigger": said("Who?"), "idempotencyKey": "k"});
    let again = async || leg(&bed.client, "/api/agent-sessions/start", &start).await;
    let first = again().await;
    let session = first.events[0]["sessionId"].as_str().unwrap().to_owned();
    assert_eq!(again().await.events, first.events);
    let ids = |leg: &Leg| leg.calls().iter().map(|call| call["toolCallId"].clone()).collect::<Vec<_>>();
    let result = |leg: &Leg, value: &str| json!([{"toolCallId": ids(leg)[0], "result": value}]);
    let second = bed.give(&session, &first, &result(&first, "Ada")).await;
    // What was given is told as such, and only what waits is asked for.
    let told = again().await;
    assert_eq!((ids(&told), &told.last()["finishReason"]), (ids(&second), &json!("tool-calls")));
    let outputs = |leg: &Leg| -> Vec<Value> {
        leg.events.iter().filter(|event| event["type"] == "tool-output-available").cloned().collect()
    };
    let output =
        |leg: &Leg, value: &str| json!({"type": "tool-output-available", "toolCallId": ids(leg)[0], "output": value});
    assert_eq!(outputs(&told), [output(&first, "Ada")]);
    let third = bed.give(&session, &second, &result(&second, "Bob")).await;
    assert_eq!(third.spoken(), "Both.");
    let told = again().await;
    assert_eq!((told.spoken().as_str(), &told.last()["finishReason"]), ("Both.", &json!("stop")));
    assert_eq!((ids(&told), outputs(&told)), (vec![], vec![output(&first, "Ada"), output(&second, "Bob")]));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_a_provider_tells_its_status_and_how_long_to_wait() {
    let script = vec![
        Answer::error(429, "slow", "slow down").header("retry-after", "0.2"),
        Answer::error(529, "overloaded_error", "too much").header("retry-after", "7"),
        Answer::error(504, "late", "too late"),
        Answer::error(402, "poor", "no money"),
        Answer::error(403, "no", "not for you"),
        Answer::error(400, "bad", "what?"),
    ];
    let bed = Bed::with(&ombud::storage::StoreUrl::Memory, script, |settings| settings.limits.model_attempts = 1).await;
    let session = bed.session().await;
    for (kind, status, retry_after, retryable) in [
        ("rate_limit_error", 429, json!(1), true),
        ("provider_overloaded", 529, json!(7), true),
        ("provider_timeout", 504, Value::Null, true),
        ("quota_exceeded_error", 402, Value::Null, false),
        ("permission_error", 403, Value::Null, false),
        ("provider_error", 400, Value::Null, false),
    ] {
        let leg = bed.say(&session, "Hi.").await;
        let error = leg.last();
        let told = [&error["type"], &error["errorType"], &error["source"], &error["code"], &error["retryable"]];
        let code = format!("HOUSE_{status}");
        assert_eq!(told, [&json!("error"), &json!(kind), &json!("provider"), &json!(code), &json!(retryable)], "{error}");
        assert_eq!(error["provider"], json!({"name": "house", "model": "small", "statusCode": status}));
        assert_eq!(error.get("retryAfter").cloned().unwrap_or_default(), retry_after, "{error}");
    }
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn senders_and_tools_of_the_moment() {
    let call = Answer::calls(vec![("browser_click", json!({"at": "#go"}))]);
    let bed = Bed::new(vec![call, Answer::text("Clicked."), Answer::text("Without.")]).await;
    let session = bed.session().await;
    let schema = json!({"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]});
    let tool = json!({"name": "browser_click", "description": "Clicks", "inputSchema": schema, "outputSchema": {}});
    let mut body = said("Click.");
    body["dynamicToolSchemas"] = json!([tool]);
    body["sender"] = json!({"id": "u1", "name": "Ada"});
    let first = bed.leg(&session, &body).await;
    assert_snapshot!("dynamic_tool", lines(&first.events));
    body["executionId"] = json!(first.execution());
    body["toolResults"] = json!([{"toolCallId": first.calls()[0]["toolCallId"], "result": true}]);
    assert_eq!(bed.leg(&session, &body).await.spoken(), "Clicked.");
    assert_eq!(bed.say(&session, "Again.").await.spoken(), "Without.");
    let senders: Vec<_> = bed.messages(&session).await.iter().map(|message| message.get("sender").cloned()).collect();
    assert_eq!(senders, [Some(json!({"id": "u1", "name": "Ada"})), None, None, None]);
    let offered = |at: usize| -> Vec<Value> {
        let tools = bed.model.requests()[at].body["tools"].as_array().unwrap().clone();
        tools.iter().map(|tool| tool["function"]["name"].clone()).collect()
    };
    assert_eq!(offered(0), ["browser_click", "ask-person", "get-user", "get-weather", "whisper"]);
    assert_eq!(offered(2), ["ask-person", "get-user", "get-weather", "whisper"]);
    for tools in
        [json!({}), json!([{}]), json!([{"name": "octavus_x", "description": "", "inputSchema": {}}]), json!([tool, tool])]
    {
        let mut body = said("No.");
        body["dynamicToolSchemas"] = tools.clone();
        assert_eq!(bed.refused(&session, &body).await.1, "VALIDATION_ERROR", "{tools}");
    }
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_started_with_its_first_trigger() {
    let bed = Bed::new(vec![Answer::text("Hello."), Answer::text("Other.")]).await;
    let start = |key: &str| json!({"agentId": CHAT, "trigger": said("Hi."), "input": {"COMPANY_NAME": "Acme"}, "idempotencyKey": key});
    let path = "/api/agent-sessions/start";
    let stream = bed.client.ask(path, &start("k")).await;
    let session = stream.headers["x-octavus-session-id"].to_str().unwrap().to_owned();
    let first: Vec<_> = stream.rest().await;
    assert_eq!(first[0].json()["sessionId"], json!(session));
    // The same key tells the same run again, and asks nobody.
    let again = leg(&bed.client, path, &start("k")).await;
    let told: Vec<_> = first[..first.len() - 1].iter().map(crate::support::server::Event::json).collect();
    assert_eq!(again.events, told);
    let other = leg(&bed.client, path, &start("other")).await;
    assert_eq!(other.spoken(), "Other.");
    assert_eq!(bed.messages(&session).await.len(), 2);
    assert_eq!(bed.model.requests()[0].body["messages"][0]["content"], "You answer for Acme.");
    for (body, expected) in [
        (json!({"agentId": "never", "trigger": said("x"), "idempotencyKey": "a"}), (404, "NOT_FOUND")),
        (json!({"agentId": WORKER, "trigger": said("x"), "idempotencyKey": "a"}), (400, "VALIDATION_ERROR")),
        (json!({"agentId": CHAT, "trigger": {"triggerName": "never"}, "idempotencyKey": "a"}), (400, "VALIDATION_ERROR")),
        (json!({"agentId": CHAT, "trigger": {"triggerName": "lookup"}, "idempotencyKey": "a"}), (400, "VALIDATION_ERROR")),
        (json!({"agentId": CHAT, "trigger": said("x"), "idempotencyKey": ""}), (400, "VALIDATION_ERROR")),
        (json!({"agentId": CHAT, "trigger": said("x")}), (400, "VALIDATION_ERROR")),
    ] {
        let (status, code, _) = refusal(&bed.client.post(path, &body).await);
        assert_eq!((status, code.as_str()), expected, "{body}");
    }
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_with_one_key_at_once_are_one_session() {
    let bed = Bed::new(vec![Answer::text("Hello.").always()]).await;
    let body = json!({"agentId": CHAT, "trigger": said("Hi."), "idempotencyKey": "k"});
    let start = || bed.client.post("/api/agent-sessions/start", &body);
    let (one, two, three) = tokio::join!(start(), start(), start());
    let sessions: Vec<_> = [&one, &two, &three].iter().filter_map(|reply| reply.header("x-octavus-session-id")).collect();
    assert!(!sessions.is_empty() && sessions.iter().all(|session| *session == sessions[0]), "{sessions:?}");
    assert_eq!(bed.messages(sessions[0]).await.len(), 2);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_is_executed() {
    let call = Answer::calls(vec![("get-user", json!({"userId": "42"}))]);
    let script =
        vec![Answer::text("Tea is warm.").usage(7, 0, 3), call, Answer::text("It is Ada."), Answer::error(400, "bad", "no")];
    let bed = Bed::with(&ombud::storage::StoreUrl::Memory, script, |settings| settings.limits.model_attempts = 1).await;
    let path = format!("/api/agents/{WORKER}/execute");
    let start = json!({"type": "start", "input": {"TASK": "Tea"}});
    let plain = leg(&bed.client, &path, &start).await;
    assert_snapshot!("worker", lines(&plain.events));
    let first = leg(&bed.client, &path, &start).await;
    let results = json!([{"toolCallId": first.calls()[0]["toolCallId"], "result": "Ada"}]);
    let go_on = json!({"type": "continue", "executionId": first.execution(), "toolResults": results});
    let second = leg(&bed.client, &path, &go_on).await;
    assert_snapshot!("worker_with_tool", lines(first.events.iter().chain(&second.events)));
    assert_snapshot!("worker_failed", lines(&leg(&bed.client, &path, &start).await.events));
    for (path, body, expected) in [
        ("/api/agents/never/execute", start.clone(), (404, "NOT_FOUND")),
        ("/api/agents/chat/execute", start.clone(), (400, "VALIDATION_ERROR")),
        (path.as_str(), json!({"type": "start", "input": {}}), (400, "VALIDATION_ERROR")),
        (path.as_str(), json!({"type": "begin"}), (400, "VALIDATION_ERROR")),
        (path.as_str(), json!({"type": "continue", "toolResults": []}), (400, "VALIDATION_ERROR")),
        (path.as_str(), json!({"type": "continue", "executionId": "never", "toolResults": []}), (404, "NOT_FOUND")),
        (path.as_str(), go_on.clone(), (409, "CONFLICT")),
    ] {
        let (status, code, _) = refusal(&bed.client.post(path, &body).await);
        assert_eq!((status, code.as_str()), expected, "{path} {body}");
    }
    bed.served.leave().await;
}
