//! The trigger stream of Octavus: exactly which events come, in which order, and what is refused before any does.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::octavus::{Bed, leg, lines, messages, refusal, said};
use crate::support::model_server::{Answer, Gate};
use crate::support::server::within;

fn one(user: &str) -> Answer {
    Answer::calls(vec![("get-user", json!({"userId": user}))])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_turn() {
    let bed = Bed::new(vec![Answer::pieces(&["Plain ", "reply."]), Answer::reasoning(&["Hm."]).and_text("Again.")]).await;
    let session = bed.session().await;
    let first = bed.say(&session, "hello").await;
    assert_snapshot!("plain", lines(&first.events));
    let second = bed.say(&session, "again").await;
    assert_snapshot!("plain_with_reasoning", lines(&second.events));
    assert_eq!(second.events[0]["lastMessageId"], first.events[0]["messageId"]);
    assert_snapshot!("plain_messages", lines(&undated(bed.messages(&session).await)));
    assert_eq!(bed.messages(&session).await[1]["id"], first.events[0]["messageId"]);
    let requests = bed.model.requests();
    assert_eq!(requests[0].body["messages"][0]["content"], "You answer for Nobody Inc.");
    bed.served.leave().await;
}

/// Without the times, which are checked.
fn undated(mut messages: Vec<Value>) -> Vec<Value> {
    for message in &mut messages {
        let at = message.as_object_mut().unwrap().shift_remove("createdAt").unwrap();
        assert!(at.as_str().unwrap().ends_with('Z'), "{at}");
    }
    messages
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_of_the_application_goes_round() {
    let bed = Bed::new(vec![one("42"), Answer::text("User 42 is Ada.")]).await;
    let session = bed.session().await;
    let first = bed.say(&session, "Who is it?").await;
    let call = first.calls()[0].clone();
    let results = json!([{"toolCallId": call["toolCallId"], "toolName": "get-user", "result": {"name": "Ada"}}]);
    // As the SDK repeats it.
    let mut body = said("Who is it?");
    body["executionId"] = json!(first.execution());
    body["toolResults"] = results;
    let second = bed.leg(&session, &body).await;
    assert_snapshot!("round_trip", lines(first.events.iter().chain(&second.events)));
    assert_snapshot!("round_trip_messages", lines(&undated(bed.messages(&session).await)));
    let state = bed.state(&session).await;
    assert_snapshot!("round_trip_state", lines(&undated(state["messages"].as_array().unwrap().clone())));
    // A client of 2.x is told the same without what it does not know.
    assert_snapshot!("round_trip_messages_of_2", lines(&undated(messages(&bed.old(), &session).await)));
    let asked = &bed.model.requests()[1].body["messages"];
    assert_eq!(asked[3]["content"], r#"{"name":"Ada"}"#);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_calls_are_one_request_and_old_clients_get_no_later_fields() {
    let calls = vec![("get-user", json!({"userId": "42"})), ("get-user", json!({"userId": "43"}))];
    let bed = Bed::new(vec![Answer::calls(calls), Answer::text("Both.")]).await;
    let session = bed.session().await;
    let path = format!("/api/agent-sessions/{session}/trigger");
    let first = leg(&bed.old(), &path, &said("Who are they?")).await;
    assert_snapshot!("two_calls_of_2", lines(&first.events));
    let calls = first.calls();
    let one = json!({"toolCallId": calls[0]["toolCallId"], "result": "Ada"});
    let two = json!({"toolCallId": calls[1]["toolCallId"], "error": "db is down"});
    let (status, code, error) =
        bed.refused(&session, &json!({"executionId": first.execution(), "toolResults": [one]})).await;
    assert_eq!((status, code.as_str()), (400, "VALIDATION_ERROR"));
    assert!(error.contains("is missing"), "{error}");
    let second = bed.give(&session, &first, &json!([two, one])).await;
    assert_eq!(second.spoken(), "Both.");
    let told: Vec<_> = bed.messages(&session).await[1]["parts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|part| part["type"] == "tool-call")
        .map(|part| (part["status"].clone(), part.get("result").cloned(), part.get("error").cloned()))
        .collect();
    assert_eq!(told, [(json!("done"), Some(json!("Ada")), None), (json!("error"), None, Some(json!("db is down")))]);
    let asked = &bed.model.requests()[1].body["messages"];
    assert_eq!((&asked[3]["content"], &asked[4]["content"]), (&json!("Ada"), &json!("db is down")));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_calls_a_tool_and_sets_a_resource() {
    let bed = Bed::new(vec![Answer::text("It is Ada.")]).await;
    let session = bed.session().await;
    let first = bed.leg(&session, &json!({"triggerName": "lookup", "input": {"WHO": "7"}})).await;
    let call = first.calls()[0].clone();
    // The echo is not believed.
    let results =
        json!([{"toolCallId": call["toolCallId"], "result": {"name": "Ada"}, "outputVariable": "SUMMARY", "blockIndex": 3}]);
    let second = bed.give(&session, &first, &results).await;
    assert_snapshot!("block_call", lines(first.events.iter().chain(&second.events)));
    assert_snapshot!("block_call_messages", lines(&undated(bed.messages(&session).await)));
    let state = bed.state(&session).await;
    let ada = json!({"name": "Ada"});
    assert_eq!(
        (&state["input"], &state["variables"], &state["resources"]),
        (&json!({"COMPANY_NAME": "Nobody Inc"}), &json!({"LOOKUP": ada}), &json!({"LAST_LOOKUP": ada}))
    );
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_hints_and_threads() {
    let script = vec![Answer::text(r#"{"title": "A"}"#), Answer::text("Understood."), Answer::text("The gist.")];
    let bed = Bed::new(script).await;
    let session = bed.session().await;
    let report = bed.leg(&session, &json!({"triggerName": "report", "input": {"USER_MESSAGE": "Report."}})).await;
    let hint = bed.leg(&session, &json!({"triggerName": "hint", "input": {"USER_MESSAGE": "Psst."}})).await;
    let summary = bed.leg(&session, &json!({"triggerName": "summarise"})).await;
    assert_snapshot!("report", lines(&report.events));
    assert_snapshot!("hint", lines(&hint.events));
    assert_snapshot!("summarise", lines(&summary.events));
    assert_snapshot!("objects_messages", lines(&undated(bed.messages(&session).await)));
    let state = bed.state(&session).await;
    assert_snapshot!("objects_state", lines(&undated(state["messages"].as_array().unwrap().clone())));
    assert_eq!(state["resources"], json!({"LAST_LOOKUP": "The gist."}));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shown_of_tools() {
    let calls = vec![
        ("get-weather", json!({"city": "Rome"})),
        ("ask-person", json!({"question": "Why?"})),
        ("whisper", json!({"text": "hush"})),
    ];
    let bed = Bed::new(vec![Answer::calls(calls), Answer::text("Done.")]).await;
    let session = bed.session().await;
    let first = bed.say(&session, "Go.").await;
    assert_snapshot!("displays", lines(&first.events));
    let results: Vec<_> = first
        .calls()
        .iter()
        .map(|call| json!({"toolCallId": call["toolCallId"], "result": {"of": call["toolName"]}}))
        .collect();
    let second = bed.give(&session, &first, &json!(results)).await;
    assert_eq!(second.spoken(), "Done.");
    assert_snapshot!("displays_messages", lines(&undated(bed.messages(&session).await)));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_away_stops_the_model_and_what_was_said_stays() {
    let bed = Bed::new(vec![Answer::pieces(&["One", " two"]).stall_after(2), Answer::text("Here.")]).await;
    let session = bed.session().await;
    let mut stream = bed.client.ask(&format!("/api/agent-sessions/{session}/trigger"), &said("Count.")).await;
    while stream.next().await.unwrap().json()["type"] != "text-delta" {}
    drop(stream);
    bed.model.wait_until_left(1);
    let next = loop {
        let reply = bed.client.post(&format!("/api/agent-sessions/{session}/trigger"), &said("Still there?")).await;
        if reply.status == 200 {
            break reply.text();
        }
        assert_eq!(reply.status, 429);
    };
    assert!(next.contains("Here."), "{next}");
    let told = bed.messages(&session).await;
    let texts: Vec<_> = told
        .iter()
        .map(|message| (message["role"].as_str().unwrap(), message["status"].as_str().unwrap(), texts(message)))
        .collect();
    assert_eq!(
        texts,
        [
            ("user", "done", "Count.".to_owned()),
            ("assistant", "done", "One".to_owned()),
            ("user", "done", "Still there?".to_owned()),
            ("assistant", "done", "Here.".to_owned())
        ]
    );
    bed.served.leave().await;
}

fn texts(message: &Value) -> String {
    let parts = message["parts"].as_array().unwrap().iter();
    parts.filter(|part| part["type"] == "text").map(|part| part["text"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_fails_is_told_in_the_stream() {
    let script = vec![
        Answer::error(400, "invalid_request_error", "mock model refused"),
        Answer::error(429, "rate_limit", "slow down"),
        Answer::pieces(&["half ", "of it"]).cut_after(2),
        Answer::text("And on."),
    ];
    let bed = Bed::with(&ombud::storage::StoreUrl::Memory, script, |settings| settings.limits.model_attempts = 1).await;
    let session = bed.session().await;
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(bed.say(&session, "Go.").await.last().clone());
    }
    assert_snapshot!("failures", lines(&told));
    assert_eq!(bed.say(&session, "And now?").await.spoken(), "And on.");
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_at_work_makes_the_session_busy() {
    let gate = Gate::new();
    let bed = Bed::new(vec![Answer::pieces(&["One", " two"]).wait_after(2, &gate)]).await;
    let session = bed.session().await;
    let path = format!("/api/agent-sessions/{session}/trigger");
    let mut first = bed.client.ask(&path, &said("Count.")).await;
    while first.next().await.unwrap().json()["type"] != "text-delta" {}
    let second = bed.client.post(&path, &said("Me too.")).await;
    assert_eq!(second.header("retry-after"), Some("1"));
    let (status, code, _) = refusal(&second);
    assert_eq!((status, code.as_str()), (429, "SESSION_BUSY"));
    gate.open();
    let rest = first.rest().await;
    assert_eq!(rest.last().unwrap().data.as_deref(), Some("[DONE]"));
    assert_eq!(bed.messages(&session).await.len(), 2);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_that_nobody_waits_for_are_refused_and_the_run_still_waits() {
    let bed = Bed::new(vec![one("1"), one("2"), Answer::text("Found.")]).await;
    let session = bed.session().await;
    let first = bed.say(&session, "Who?").await;
    let other = bed.session().await;
    let waiting = bed.say(&other, "Who?").await;
    let good = json!({"toolCallId": first.calls()[0]["toolCallId"], "result": 1});
    let execution = first.execution();
    for (body, expected) in [
        (
            json!({"executionId": execution, "toolResults": [{"toolCallId": "never", "result": 1}]}),
            (400, "VALIDATION_ERROR"),
        ),
        (json!({"executionId": execution, "toolResults": [good, good]}), (400, "VALIDATION_ERROR")),
        (json!({"executionId": execution, "toolResults": [{"result": 1}]}), (400, "VALIDATION_ERROR")),
        (json!({"executionId": execution, "toolResults": []}), (400, "VALIDATION_ERROR")),
        (json!({"executionId": "never", "toolResults": [good]}), (404, "NOT_FOUND")),
        (json!({"executionId": waiting.execution(), "toolResults": [good]}), (404, "NOT_FOUND")),
    ] {
        let (status, code, _) = bed.refused(&session, &body).await;
        assert_eq!((status, code.as_str()), expected, "{body}");
    }
    // The documented sample names no execution.
    let mut body = said("Who?");
    body["toolResults"] = json!([good]);
    assert_eq!(bed.leg(&session, &body).await.spoken(), "Found.");
    let kept = bed.messages(&session).await;
    for body in [json!({"executionId": execution, "toolResults": [good]}), json!({"toolResults": [good]})] {
        let (status, code, _) = bed.refused(&session, &body).await;
        assert_eq!((status, code.as_str()), (409, "CONFLICT"), "{body}");
    }
    assert_eq!(bed.messages(&session).await, kept);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_continuations_one_wins_and_the_other_is_told() {
    let bed = Bed::new(vec![one("1"), Answer::text("Once.")]).await;
    let session = bed.session().await;
    let first = bed.say(&session, "Who?").await;
    let path = format!("/api/agent-sessions/{session}/trigger");
    let give = |result: &str| {
        let results = json!([{"toolCallId": first.calls()[0]["toolCallId"], "result": result}]);
        let body = json!({"executionId": first.execution(), "toolResults": results});
        let (client, path) = (bed.client.clone(), path.clone());
        async move { client.post(&path, &body).await }
    };
    let (one, two) = within("both are answered", async { tokio::join!(give("same"), give("same")) }).await;
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(bed.model.requests().len(), 2, "the model is asked once after them");
    assert_eq!(texts(&bed.messages(&session).await[1]), "Once.");
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_trigger_takes_the_place_of_a_run_that_waits() {
    let bed = Bed::new(vec![one("1"), Answer::text("Never mind.")]).await;
    let session = bed.session().await;
    let first = bed.say(&session, "Who?").await;
    assert_eq!(bed.say(&session, "Forget it.").await.spoken(), "Never mind.");
    let results = json!([{"toolCallId": first.calls()[0]["toolCallId"], "result": 1}]);
    let (status, ..) = bed.refused(&session, &json!({"executionId": first.execution(), "toolResults": results})).await;
    assert_eq!(status, 409);
    let status = |messages: Vec<Value>| messages[1]["parts"].as_array().unwrap().last().unwrap()["status"].clone();
    assert_eq!(status(bed.messages(&session).await), "cancelled");
    assert_eq!(status(messages(&bed.old(), &session).await), "error");
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_wrongly_is_refused_before_the_stream_begins() {
    let bed = Bed::new(vec![]).await;
    let session = bed.session().await;
    for (body, error) in [
        (
            json!({"triggerName": "nope"}),
            "trigger `nope` is not known (agent `chat` has `hint`, `keep`, `lookup`, `report`, `summarise`, `user-message`, `with-files`)",
        ),
        (json!({"triggerName": "user-message"}), "argument `USER_MESSAGE` is missing"),
        (
            json!({"triggerName": "user-message", "input": {"USER_MESSAGE": 7}}),
            "argument `USER_MESSAGE` does not fit: the value is not of type \"string\"",
        ),
        (json!({}), "`triggerName` is missing: it names the trigger"),
        (json!([]), "it is no JSON object"),
        (json!({"triggerName": 7}), "`triggerName`: invalid type: integer `7`, expected a string at line 1 column 16"),
    ] {
        assert_eq!(bed.refused(&session, &body).await, (400, "VALIDATION_ERROR".to_owned(), error.to_owned()), "{body}");
    }
    let unknown = bed.refused("no-such-session", &said("hi")).await;
    assert_eq!(unknown, (404, "NOT_FOUND".to_owned(), "session `no-such-session` is not known".to_owned()));
    let nobody = bed.served.client.post(&format!("/api/agent-sessions/{session}/trigger"), &said("hi")).await;
    assert_eq!(refusal(&nobody).1, "UNAUTHORIZED");
    assert_eq!(bed.messages(&session).await, [] as [Value; 0]);
    bed.served.leave().await;
}
