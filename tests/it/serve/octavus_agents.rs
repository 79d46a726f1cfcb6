//! Agents as the CLI defines them and the SDK finds them: made, changed, told, checked, archived; and that what is made
//! works.

use std::sync::Arc;

use ombud::config::Wire;
use ombud::domain::{Fact, Frame, Outcome};
use ombud::engine::{Answering, Ask, Engine as _, NewSession, ProcedureCall, Target};
use serde_json::{Value, json};

use crate::support::house::{answer, finished, question, somebody};
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Reply, Served, send};

const PROTOCOL: &str = "\
input: { COMPANY: { type: string, optional: true } }
triggers: { user-message: { input: { TEXT: { type: string } } } }
agent: { model: house/small, system: system, input: [COMPANY] }
handlers:
  user-message:
    Add: { block: add-message, role: user, prompt: user-message, input: [TEXT] }
    Respond: { block: next-message }
";

const WORKER: &str = "\
input: { TOPIC: { type: string } }
types: { Line: { text: { type: string } } }
variables: { ANSWER: { type: Line } }
steps:
  Open: { block: start-thread, thread: work, model: house/small, system: system, input: { COMPANY: TOPIC } }
  Ask: { block: add-message, thread: work, role: user, prompt: user-message, input: { TEXT: TOPIC } }
  Answer: { block: next-message, thread: work, responseType: Line, output: ANSWER }
output: ANSWER
";

fn definition(slug: &str) -> Value {
    json!({
        "settings": { "slug": slug, "name": "Support", "description": "Helps", "format": "interactive" },
        "protocol": PROTOCOL,
        "prompts": [
            { "name": "system", "content": "You answer for {{COMPANY}}." },
            { "name": "user-message", "content": "{{TEXT}}" },
        ],
        "references": [],
    })
}

async fn served(script: Vec<Answer>) -> (ModelServer, Served) {
    let model = ModelServer::start(Wire::Openai, script);
    let mut served = Served::start(&model).await;
    // The SDK always shows a key; by that its requests are told from those of another API on the same paths.
    served.client = served.client.with("authorization", "Bearer of-the-sdk");
    (model, served)
}

async fn patch(served: &Served, path: &str, body: &Value) -> Reply {
    send(served.client.request("PATCH", path).json(body)).await
}

fn refusal(reply: &Reply) -> (u16, String, String) {
    let body = reply.json();
    let text = |key: &str| body[key].as_str().unwrap().to_owned();
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    (reply.status, text("code"), text("error"))
}

fn told(status: u16, code: &str, message: &str) -> (u16, String, String) {
    (status, code.to_owned(), message.to_owned())
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_is_made_told_changed_and_archived() {
    let (_model, served) = served(vec![]).await;
    let client = &served.client;
    assert_eq!(client.get("/api/agents").await.expect(200), json!({ "agents": [] }));
    // As `octavus sync` does it: it looks, and then makes or changes.
    let unknown = told(404, "NOT_FOUND", "agent `support` is not known");
    assert_eq!(refusal(&client.get("/api/agents/support?by=slug").await), unknown);
    let made = client.post("/api/agents", &definition("support")).await.expect(201);
    assert_eq!(made["message"], "Agent `support` is created");
    let id = made["agentId"].as_str().unwrap().to_owned();
    assert_eq!(keys(&made), ["agentId", "message"]);
    let again = client.post("/api/agents", &definition("support")).await;
    let message = "agent `support` is there already (change that one, or choose another name)";
    assert_eq!(refusal(&again), told(409, "CONFLICT", message));

    let expected = json!({
        "id": id, "settings": definition("support")["settings"], "protocol": PROTOCOL,
        "prompts": definition("")["prompts"], "references": [],
    });
    for path in [format!("/api/agents/{id}"), "/api/agents/support?by=slug".to_owned(), "/api/agents/support".to_owned()] {
        assert_eq!(client.get(&path).await.expect(200), expected, "{path}");
    }
    let by_slug = refusal(&client.get(&format!("/api/agents/{id}?by=slug")).await);
    assert_eq!(by_slug, told(404, "NOT_FOUND", &format!("agent `{id}` is not known")));
    assert_eq!(refusal(&client.get("/api/agents/support?by=name").await).0, 400);

    // As CLIs of several ages change: only what is given.
    let change = json!({ "protocol": PROTOCOL.replace("Add:", "Say:"), "prompts": definition("")["prompts"] });
    let changed = patch(&served, "/api/agents/support?by=slug", &change).await.expect(200);
    assert_eq!(changed, json!({ "agentId": id, "message": "Agent `support` is changed" }));
    let settings = json!({ "settings": { "name": "Help", "description": null, "format": "interactive" } });
    patch(&served, "/api/agents/support?by=slug", &settings).await.expect(200);
    let got = client.get(&format!("/api/agents/{id}")).await.expect(200);
    assert_eq!(got["settings"], json!({ "slug": "support", "name": "Help", "format": "interactive" }));
    assert_eq!(got["protocol"], change["protocol"]);
    let other = patch(&served, "/api/agents/support?by=slug", &json!({ "settings": { "slug": "other" } })).await;
    assert_eq!(refusal(&other).0, 400);

    // What cannot be used is not kept.
    let broken = patch(&served, "/api/agents/support", &json!({ "prompts": [] })).await;
    let message = "the definition cannot be used: protocol.yaml:3: agent.system: there is no prompt `system`; \
                   protocol.yaml:6: handlers.user-message.Add.prompt: there is no prompt `user-message`";
    assert_eq!(refusal(&broken), told(400, "VALIDATION_ERROR", &message.replace("Add", "Say")));
    assert_eq!(client.get(&format!("/api/agents/{id}")).await.expect(200), got);

    let list = client.get("/api/agents").await.expect(200);
    let row = &list["agents"][0];
    assert_eq!(list["agents"].as_array().unwrap().len(), 1);
    let expected = ["id", "slug", "name", "description", "format", "createdAt", "updatedAt", "projectId"];
    assert_eq!(keys(row), expected);
    assert_eq!((&row["id"], &row["description"], &row["format"]), (&json!(id), &Value::Null, &json!("interactive")));
    assert!(row["createdAt"].as_str().unwrap() <= row["updatedAt"].as_str().unwrap());

    let archived = client.delete("/api/agents/support?by=slug").await.expect(200);
    assert_eq!(archived, json!({ "agentId": id, "message": "Agent `support` is archived" }));
    for path in [format!("/api/agents/{id}"), "/api/agents/support?by=slug".to_owned()] {
        assert_eq!(refusal(&client.get(&path).await).0, 404, "{path}");
        assert_eq!(refusal(&client.delete(&path).await).0, 404, "{path}");
    }
    let made = client.post("/api/agents", &definition("support")).await.expect(201);
    assert_ne!(made["agentId"], json!(id));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_of_others_are_no_agents_of_this_api() {
    let (_model, served) = served(vec![]).await;
    let client = &served.client;
    assert_eq!(refusal(&client.get("/api/agents/default").await).0, 404);
    assert_eq!(refusal(&patch(&served, "/api/agents/default", &json!({})).await).0, 404);
    assert_eq!(refusal(&client.delete("/api/agents/default").await).0, 404);
    let taken = refusal(&client.post("/api/agents", &definition("default")).await);
    assert_eq!((taken.0, taken.1.as_str()), (409, "CONFLICT"));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_definition_is_checked_without_being_kept() {
    let (_model, served) = served(vec![]).await;
    let client = &served.client;
    let good = client.post("/api/agents/validate", &definition("support")).await.expect(200);
    assert_eq!(good, json!({ "valid": true, "errors": [], "warnings": [] }));
    let mut broken = definition("Support");
    broken["protocol"] = PROTOCOL.replace("next-message", "next-mesage").replace("input: [TEXT]", "input: [TEX]").into();
    let checked = client.post("/api/agents/validate", &broken).await.expect(200);
    assert_eq!(
        checked,
        json!({
            "valid": false,
            "errors": [
                {
                    "message": "settings.json: `Support` cannot be a slug: use lower-case words with dashes, at most 64 characters",
                    "path": "settings.slug",
                    "severity": "error",
                },
                {
                    "message": "protocol.yaml:6: there is no input, variable or resource `TEX`; did you mean `TEXT`?",
                    "path": "handlers.user-message.Add.input[0]",
                    "severity": "error",
                },
                {
                    "message": "protocol.yaml:7: there is no kind of block `next-mesage`; did you mean `next-message`?",
                    "path": "handlers.user-message.Respond.block",
                    "severity": "error",
                },
            ],
            "warnings": [
                {
                    "message": "protocol.yaml:6: `{{TEXT}}` in prompt `user-message` stays as it is: `input` does not list it; did you mean `TEX`?",
                    "path": "handlers.user-message.Add.prompt",
                    "severity": "warning",
                },
                {
                    "message": "protocol.yaml:6: prompt `user-message` has no place for `TEX`",
                    "path": "handlers.user-message.Add.input[0]",
                    "severity": "warning",
                },
            ],
        })
    );
    // Without a place there is no path.
    broken["protocol"] = "a: [".into();
    let checked = client.post("/api/agents/validate", &broken).await.expect(200);
    assert_eq!(keys(&checked["errors"][1]), ["message", "severity"]);
    // What is missing is told too; what is of another kind is no definition.
    let nothing = client.post("/api/agents/validate", &json!({})).await.expect(200);
    assert_eq!((&nothing["valid"], nothing["errors"].as_array().unwrap().len()), (&json!(false), 4));
    let message = "`prompts`: invalid type: integer `7`, expected a sequence at line 1 column 12";
    let odd = client.post("/api/agents/validate", &json!({ "prompts": 7 })).await;
    assert_eq!(refusal(&odd), told(400, "VALIDATION_ERROR", message));
    assert_eq!(refusal(&client.post("/api/agents", &json!([])).await).0, 400);
    assert_eq!(client.get("/api/agents").await.expect(200), json!({ "agents": [] }));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_at_once_are_all_made() {
    let (_model, served) = served(vec![]).await;
    served.client.post("/api/agents", &definition("support")).await.expect(201);
    let served = Arc::new(served);
    let one = async |change: Value| patch(&served, "/api/agents/support", &change).await.status;
    let statuses = tokio::join!(
        one(json!({ "settings": { "name": "Other" } })),
        one(json!({ "protocol": PROTOCOL.replace("Add:", "Say:") })),
        one(json!({ "references": [{ "name": "style", "description": "x", "content": "y" }] })),
    );
    assert_eq!(statuses, (200, 200, 200));
    let got = served.client.get("/api/agents/support").await.expect(200);
    assert_eq!(got["settings"]["name"], "Other");
    assert_eq!(got["protocol"], PROTOCOL.replace("Add:", "Say:"));
    assert_eq!(got["references"][0]["name"], "style");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_made_works() {
    let (model, served) = served(vec![Answer::text("Hello."), Answer::text("```json\n{\"text\": \"Tea.\"}\n```")]).await;
    served.client.post("/api/agents", &definition("support")).await.expect(201);
    let mut worker = definition("writer");
    worker["settings"]["format"] = "worker".into();
    worker["protocol"] = WORKER.into();
    served.client.post("/api/agents", &worker).await.expect(201);
    let ask = |agent: &str, name: &str, argument: (&str, &str)| Ask {
        target: Target::New(Box::new(NewSession { agent: Some(agent.to_owned()), ..NewSession::default() })),
        answering: Answering::SessionAgent,
        input: vec![],
        procedure: Some(ProcedureCall {
            name: name.to_owned(),
            arguments: [(argument.0.to_owned(), json!(argument.1))].into_iter().collect(),
            ..ProcedureCall::default()
        }),
        ..question("")
    };
    let asked = served.house.ask(&somebody(), ask("support", "user-message", ("TEXT", "Hi {{COMPANY}}"))).await.unwrap();
    let frames = answer(&served.house, &asked).await;
    assert_eq!(finished(&frames).outcome, Outcome::Completed);
    let asked = served.house.ask(&somebody(), ask("writer", "steps", ("TOPIC", "tea"))).await.unwrap();
    let frames = answer(&served.house, &asked).await;
    let ended = finished(&frames);
    assert_eq!((ended.outcome, &ended.error), (Outcome::Completed, &None));
    let set = frames.iter().find_map(|frame| match frame {
        Frame::Fact(event) => match &event.fact {
            Fact::StateSet(set) => Some((set.key.clone(), set.value.clone())),
            _ => None,
        },
        Frame::Delta(_) => None,
    });
    assert_eq!(set, Some(("ANSWER".to_owned(), json!({ "text": "Tea." }))));
    served.leave().await;
    let requests = model.finish();
    let said = |number: usize| requests[number].body["messages"].clone();
    assert_eq!(
        said(0),
        json!([{ "role": "system", "content": "You answer for NONE." }, { "role": "user", "content": "Hi {{COMPANY}}" }])
    );
    assert!(said(1)[0]["content"].as_str().unwrap().starts_with("You answer for tea.\n\nAnswer with one JSON value"));
    assert_eq!(said(1)[1], json!({ "role": "user", "content": "tea" }));
    assert_eq!(requests[1].body["response_format"]["json_schema"]["name"], "Line");
    assert_eq!(requests[0].body.get("tools"), None);
}
