//! Sessions of Octavus beside their stream: making, reading, clearing, bringing back, logs.

use insta::assert_snapshot;
use ombud::storage::StoreUrl;
use serde_json::{Value, json};

use super::octavus::{Bed, CHAT, WORKER, lines, refusal, said};
use crate::support::model_server::Answer;
use crate::support::server::send;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_made_of_an_agent_and_keeps_its_input() {
    let bed = Bed::new(vec![]).await;
    let client = &bed.client;
    let made = client.post("/api/agent-sessions", &json!({"agentId": CHAT, "input": {"COMPANY_NAME": "Acme"}})).await;
    let session = made.expect(201)["sessionId"].as_str().unwrap().to_owned();
    let mut state = bed.state(&session).await;
    let fields = state.as_object_mut().unwrap();
    for time in ["createdAt", "updatedAt"] {
        assert!(fields.shift_remove(time).unwrap().as_str().unwrap().ends_with('Z'));
    }
    let expected = json!({
        "id": session, "agentId": CHAT, "status": "active", "input": {"COMPANY_NAME": "Acme"}, "variables": {},
        "resources": {"LAST_LOOKUP": null}, "messages": [],
    });
    assert_eq!(state, expected);
    let ui = client.get(&format!("/api/agent-sessions/{session}?format=ui")).await.expect(200);
    assert_eq!(ui, json!({"sessionId": session, "agentId": CHAT, "messages": [], "status": "active"}));
    // GET and DELETE come with the type of a body and without one.
    let bare = client.request("GET", &format!("//api/agent-sessions/{session}")).header("content-type", "application/json");
    assert_eq!(send(bare).await.expect(200)["id"], json!(session));
    // An address that ends with a slash, with a path put after it.
    let doubled = client.get(&format!("/octavus//api///agent-sessions/{session}?format=ui")).await.expect(200);
    assert_eq!(doubled, ui);
    for (body, expected) in [
        (json!({"agentId": "no-such-agent"}), (404, "NOT_FOUND")),
        (json!({"agentId": "default"}), (501, "NOT_SUPPORTED")),
        (json!({"agentId": WORKER, "input": {"TASK": "x"}}), (400, "VALIDATION_ERROR")),
        (json!({"agentId": CHAT, "input": {"COMPANY_NAME": 7}}), (400, "VALIDATION_ERROR")),
        (json!({"agentId": CHAT, "input": {"OTHER": 7}}), (400, "VALIDATION_ERROR")),
        (json!({"agentId": CHAT, "input": []}), (400, "VALIDATION_ERROR")),
        (json!({}), (400, "VALIDATION_ERROR")),
    ] {
        let (status, code, _) = refusal(&client.post("/api/agent-sessions", &body).await);
        assert_eq!((status, code.as_str()), expected, "{body}");
    }
    for (method, rest) in [("GET", ""), ("GET", "?format=ui"), ("GET", "/logs"), ("DELETE", "")] {
        let reply = send(client.request(method, &format!("/api/agent-sessions/never{rest}"))).await;
        assert_eq!(refusal(&reply), (404, "NOT_FOUND".to_owned(), "session `never` is not known".to_owned()));
    }
    bed.served.leave().await;
}

async fn restore(bed: &Bed, session: &str, body: &Value) -> Value {
    bed.client.post(&format!("/api/agent-sessions/{session}/restore"), body).await.expect(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_cleared_and_brought_back() {
    let call = Answer::calls(vec![("get-user", json!({"userId": "42"}))]);
    let bed = Bed::new(vec![call, Answer::text("It is Ada."), Answer::text("On we go.")]).await;
    let session = bed.session().await;
    let first = bed.say(&session, "Who is it?").await;
    let results = json!([{"toolCallId": first.calls()[0]["toolCallId"], "result": {"name": "Ada"}}]);
    bed.give(&session, &first, &results).await;
    let kept = bed.messages(&session).await;
    assert_eq!(restore(&bed, &session, &json!({"messages": []})).await, json!({"sessionId": session, "restored": false}));
    assert_eq!(bed.messages(&session).await, kept);
    for _ in 0..2 {
        let cleared = bed.client.delete(&format!("/api/agent-sessions/{session}")).await.expect(200);
        assert_eq!(cleared, json!({"sessionId": session, "cleared": true}));
    }
    for rest in ["", "?format=ui", "/logs"] {
        let told = bed.client.get(&format!("/api/agent-sessions/{session}{rest}")).await.expect(200);
        assert_eq!(
            (&told["status"], &told["sessionId"], &told["agentId"]),
            (&json!("expired"), &json!(session), &json!(CHAT))
        );
        assert_eq!((told.as_object().unwrap().len(), told["createdAt"].is_string()), (4, true));
    }
    let (status, code, _) = bed.refused(&session, &said("Hello?")).await;
    assert_eq!((status, code.as_str()), (410, "SESSION_EXPIRED"));
    for messages in [
        json!(null),
        json!({}),
        json!(["x"]),
        json!([{"role": "user"}]),
        json!([{"id": "a", "role": "system", "parts": []}]),
    ] {
        let reply = bed.client.post(&format!("/api/agent-sessions/{session}/restore"), &json!({"messages": messages})).await;
        assert_eq!(refusal(&reply).1, "VALIDATION_ERROR", "{messages}");
    }
    let body = json!({"messages": kept, "input": {"COMPANY_NAME": "Other"}});
    assert_eq!(restore(&bed, &session, &body).await, json!({"sessionId": session, "restored": true}));
    assert_eq!(bed.messages(&session).await, kept);
    let next = bed.say(&session, "And now?").await;
    assert_eq!((next.spoken().as_str(), &next.events[0]["lastMessageId"]), ("On we go.", &kept[1]["id"]));
    let asked = bed.model.requests()[2].body["messages"].clone();
    let shown: Vec<_> =
        asked.as_array().unwrap().iter().map(|message| (message["role"].clone(), message["content"].clone())).collect();
    let said = |role: &str, content: Value| (json!(role), content);
    assert_eq!(
        shown,
        [
            said("system", json!("You answer for Other.")),
            said("user", json!("Who is it?")),
            said("assistant", Value::Null),
            said("tool", json!(r#"{"name":"Ada"}"#)),
            said("assistant", json!("It is Ada.")),
            said("user", json!("And now?")),
        ]
    );
    assert_eq!(bed.messages(&session).await[..2], kept[..]);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_kinds_of_parts_come_back_as_they_were() {
    let bed = Bed::new(vec![Answer::text("Still here.")]).await;
    let session = bed.session().await;
    bed.client.delete(&format!("/api/agent-sessions/{session}")).await.expect(200);
    let at = "2026-01-02T03:04:05.678Z";
    let call = |id: &str, more: Value| {
        let mut call = json!({"type": "tool-call", "toolCallId": id, "toolName": "get-user", "args": {"userId": id}});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call
    };
    let messages = json!([
        {
            "id": "1-user", "role": "user", "parts": [
                {"type": "text", "text": "Who is it?", "status": "done"},
                {"type": "file", "id": "gone", "mediaType": "image/png", "url": "http://127.0.0.1/gone", "filename": "a.png"},
            ],
            "status": "done", "createdAt": at, "sender": {"id": "u1", "name": "Ada"},
        },
        {
            "id": "2-agent", "role": "assistant", "parts": [
                {"type": "step-start"},
                {"type": "reasoning", "text": "I look.", "status": "done", "providerMetadata": {"a": 1}},
                call("one", json!({"displayName": "Looking up", "result": {"name": "Ada"}, "status": "done", "display": "stream"})),
                call("two", json!({"error": "gone", "status": "error"})),
                call("three", json!({"status": "cancelled"})),
                call("four", json!({"status": "done"})),
                {"type": "step-start"},
                {"type": "text", "text": "It is Ada.", "status": "done"},
                {"type": "object", "id": "o", "typeName": "Report", "object": {"title": "A"}, "status": "done"},
                {"type": "operation", "operationId": "b", "name": "Keep it", "operationType": "set-resource", "status": "done"},
                {"type": "source", "sourceType": "url", "id": "s", "url": "http://127.0.0.1/s"},
                {"type": "worker", "workerId": "w", "workerSlug": "w", "parts": [], "status": "done"},
            ],
            "status": "done", "createdAt": at,
        },
    ]);
    restore(&bed, &session, &json!({"messages": messages})).await;
    assert_eq!(json!(bed.messages(&session).await), messages);
    assert_snapshot!("restored_of_2", lines(&super::octavus::messages(&bed.old(), &session).await));
    assert_snapshot!("restored_state", lines(bed.state(&session).await["messages"].as_array().unwrap()));
    bed.say(&session, "And now?").await;
    let asked = &bed.model.requests()[0].body["messages"];
    assert_snapshot!("restored_shown", lines(asked.as_array().unwrap()));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_messages_come_back_in_order() {
    let bed = Bed::new(vec![Answer::text("And on.")]).await;
    let session = bed.session().await;
    bed.client.delete(&format!("/api/agent-sessions/{session}")).await.expect(200);
    let messages: Vec<_> = (0..2_000)
        .map(|at| {
            let role = if at % 2 == 0 { "user" } else { "assistant" };
            let parts = json!([{"type": "text", "text": format!("Number {at}."), "status": "done"}]);
            let created = "2026-01-02T03:04:05.000Z";
            json!({"id": format!("m-{at:06}"), "role": role, "parts": parts, "status": "done", "createdAt": created})
        })
        .collect();
    restore(&bed, &session, &json!({"messages": messages})).await;
    assert_eq!(bed.messages(&session).await, messages);
    let next = bed.say(&session, "And on?").await;
    assert_eq!((next.spoken().as_str(), &next.events[0]["lastMessageId"]), ("And on.", &json!("m-001999")));
    assert_eq!(bed.messages(&session).await.len(), 2_002);
    let twice = json!([messages[0], messages[0]]);
    bed.client.delete(&format!("/api/agent-sessions/{session}")).await.expect(200);
    let reply = bed.client.post(&format!("/api/agent-sessions/{session}/restore"), &json!({"messages": twice})).await;
    assert_eq!(refusal(&reply).1, "VALIDATION_ERROR");
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_is_gone_on_with_by_another_server() {
    let place = tempfile::tempdir().unwrap();
    let url = StoreUrl::Sqlite(place.path().join("store.db"));
    let call = Answer::calls(vec![("get-user", json!({"userId": "42"}))]);
    let workspace = |settings: &mut ombud::config::Settings| settings.workspace = place.path().to_owned();
    let bed = Bed::with(&url, vec![call], workspace).await;
    let session = bed.session().await;
    let first = bed.say(&session, "Who is it?").await;
    let waiting = bed.messages(&session).await;
    assert_eq!(waiting[1]["parts"].as_array().unwrap().last().unwrap()["status"], "running");
    assert_eq!(waiting[1]["status"], "streaming");
    bed.served.leave().await;
    let bed = Bed::with(&url, vec![Answer::text("It is Ada.")], workspace).await;
    let results = json!([{"toolCallId": first.calls()[0]["toolCallId"], "result": "Ada"}]);
    let second = bed.give(&session, &first, &results).await;
    assert_eq!((second.spoken().as_str(), &second.events[0]["messageId"]), ("It is Ada.", &first.events[0]["messageId"]));
    assert_eq!(bed.messages(&session).await[1]["status"], "done");
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_expires_after_its_time() {
    let bed = Bed::with(&StoreUrl::Memory, vec![Answer::text("One.")], |settings| settings.server.session_seconds = 1).await;
    let session = bed.session().await;
    assert_eq!(bed.say(&session, "Hello.").await.spoken(), "One.");
    let over = loop {
        let told = bed.client.get(&format!("/api/agent-sessions/{session}?format=ui")).await.expect(200);
        if told["status"] == "expired" {
            break told;
        }
    };
    assert_eq!(over.as_object().unwrap().keys().collect::<Vec<_>>(), ["sessionId", "agentId", "status", "createdAt"]);
    assert_eq!(bed.refused(&session, &said("Hello?")).await.1, "SESSION_EXPIRED");
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_tell_what_happened() {
    let call = Answer::reasoning(&["I look."]).and_calls(vec![("get-user", json!({"userId": "42"}))]).usage(7, 3, 2);
    let bed = Bed::new(vec![call, Answer::text("It is Ada.").usage(9, 0, 4), Answer::error(400, "bad", "no")]).await;
    let session = bed.session().await;
    let first = bed.say(&session, "Who is it?").await;
    let results = json!([{"toolCallId": first.calls()[0]["toolCallId"], "result": null}]);
    bed.give(&session, &first, &results).await;
    bed.say(&session, "Fail.").await;
    let told = bed.client.get(&format!("/api/agent-sessions/{session}/logs")).await.expect(200);
    assert_eq!((&told["sessionId"], &told["truncated"]), (&json!(session), &json!(false)));
    let mut entries = told["entries"].as_array().unwrap().clone();
    assert_eq!(told["total"], json!(entries.len()));
    for entry in &mut entries {
        let entry = entry.as_object_mut().unwrap();
        assert!(entry.shift_remove("timestamp").unwrap().is_string() && entry.shift_remove("sequence").unwrap().is_u64());
    }
    assert_snapshot!("logs", lines(&entries));
    let fewer = bed.client.get(&format!("/api/agent-sessions/{session}/logs?excludeModelRequests=true")).await.expect(200);
    assert_eq!(fewer["entries"], told["entries"]);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_a_trigger_are_shown_and_must_be_there() {
    let bed = Bed::new(vec![Answer::text("I see.")]).await;
    let session = bed.session().await;
    let body = |id: &Value| {
        let file = json!({"id": id, "mediaType": "text/plain", "url": "http://127.0.0.1/x"});
        json!({"triggerName": "with-files", "input": {"USER_MESSAGE": "Look.", "FILES": [file]}})
    };
    let (status, code, error) = bed.refused(&session, &body(&json!("never"))).await;
    assert_eq!((status, code.as_str()), (404, "NOT_FOUND"), "{error}");
    assert_eq!(bed.messages(&session).await, [] as [Value; 0]);
    let offer = json!({"sessionId": session, "files": [{"filename": "a.txt", "mediaType": "text/plain", "size": 5}]});
    let offered = bed.client.post("/api/files/upload-urls", &offer).await.expect(200)["files"][0].clone();
    let upload = offered["uploadUrl"].as_str().unwrap().strip_prefix(bed.client.base()).unwrap().to_owned();
    let put = bed.served.client.request("PUT", &upload).header("content-type", "text/plain").body("hello");
    assert_eq!(send(put).await.status, 200);
    assert_eq!(bed.leg(&session, &body(&offered["id"])).await.spoken(), "I see.");
    let asked = bed.model.requests()[0].body["messages"][1]["content"].clone();
    assert_eq!(asked, "Look.\n\n[file a.txt, text/plain]\nhello");
    let told = bed.messages(&session).await[0]["parts"][1].clone();
    assert_eq!((&told["id"], &told["filename"], &told["size"]), (&offered["id"], &json!("a.txt"), &json!(5)));
    let url = told["url"].as_str().unwrap().strip_prefix(bed.client.base()).unwrap().to_owned();
    assert_eq!(bed.served.client.get(&url).await.text(), "hello");
    bed.served.leave().await;
}
