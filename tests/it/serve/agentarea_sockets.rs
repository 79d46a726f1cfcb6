//! The socket of the API of AgentArea: every message as a whole frame, many sockets on one agent, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use ombud::config::{Settings, Wire};
use ombud::dialects::FOR_PEOPLE;
use ombud::domain::Role;
use ombud::engine::{Engine as _, NewUser, Word};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use crate::support::house::somebody;
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Client, Served, within};
use crate::support::socket::Socket;

const AGENT: &str = "agent.agent-default.events";

async fn serve(script: Vec<Answer>, change: impl FnOnce(&mut Settings)) -> (ModelServer, Served) {
    let model = ModelServer::start(Wire::Openai, script);
    let served = Served::start_with(&model, |settings| {
        settings.server.user_doors = FOR_PEOPLE.iter().map(|door| (*door).to_owned()).collect();
        settings.server.limits.user_requests_per_second = 0;
        settings.server.limits.user_requests_per_minute = 0;
        change(settings);
    })
    .await;
    (model, served)
}

/// A token of a new account, and the id of its user.
async fn person(served: &Served, name: &str, role: Role, seconds: Option<u64>) -> (String, String) {
    let password = Word::given(SecretString::from("correct horse battery"));
    let people = served.house.people();
    let email = Some(format!("{name}@example.org"));
    let user = people.create_user(&somebody(), NewUser { name: name.into(), role, email, password }).await.unwrap();
    let login = people.issue_token(&somebody(), name, seconds).await.unwrap();
    (login.token.expose().to_owned(), format!("user-{}", user.id))
}

fn known(served: &Served, token: &str) -> Client {
    served.client.with("authorization", &format!("Bearer {token}"))
}

async fn open(served: &Served) -> Socket {
    Socket::try_connect(&served.client, "/v1/ws", &[]).await.unwrap()
}

/// A socket of somebody who has proven who they are.
async fn open_as(served: &Served, token: &str) -> Socket {
    let mut socket = open(served).await;
    let answer = ask(&mut socket, &json!({"type": "auth", "token": token})).await;
    assert_eq!(answer["type"], "auth.success", "{answer}");
    socket
}

async fn hear(socket: &mut Socket) -> Value {
    match socket.heard().await {
        Message::Text(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn ask(socket: &mut Socket, message: &Value) -> Value {
    socket.say_text(&message.to_string()).await;
    hear(socket).await
}

async fn subscribe(socket: &mut Socket, channel: &str) {
    let answer = ask(socket, &json!({"type": "subscribe", "channel": channel})).await;
    assert_eq!(answer, json!({"type": "subscribed", "channel": channel}));
}

/// A message with what differs each time taken out.
fn plain(mut message: Value) -> Value {
    for field in ["timestamp", "expires_at"] {
        if let Some(at) = message.get_mut(field).filter(|at| at.is_string()) {
            let text = at.as_str().unwrap();
            assert!(text.len() == 24 && text.ends_with('Z'), "{text}");
            *at = json!("AT");
        }
    }
    if let Some(id) = message.pointer_mut("/error/request_id") {
        assert!(id.as_str().unwrap().starts_with("req-"), "{id}");
        *id = json!("REQ");
    }
    message
}

fn error(code: &str, message: &str, details: Value) -> Value {
    json!({"type": "error", "error": {"code": code, "message": message, "details": details, "request_id": "REQ"}})
}

fn fault(field: &str, issue: &str) -> Value {
    error("VALIDATION_ERROR", "Invalid request data", json!({"field": field, "issue": issue}))
}

/// The server attends to its queue until this is dropped.
struct Attending(CancellationToken);

impl Attending {
    fn to(served: &Served) -> Self {
        let (stop, house) = (CancellationToken::new(), Arc::clone(&served.house));
        let stopping = stop.clone();
        tokio::spawn(async move { house.attend_to_queue(stopping).await });
        Self(stop)
    }
}

impl Drop for Attending {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_has_its_answer() {
    let (_model, served) = serve(vec![Answer::text("fine").always()], |_| ()).await;
    let (token, id) = person(&served, "vera", Role::Viewer, None).await;
    let mut socket = open(&served).await;
    let nobody = error("UNAUTHORIZED", "nobody said who calls: send a message `auth` first", json!({}));
    let channels = "must be agent.AGENT_ID.events or task.TASK_ID.events";
    let words = "must be one of auth, subscribe, unsubscribe, ping";
    let subscribe = |channel: Value| json!({"type": "subscribe", "channel": channel});
    let unknown = |what: &str| error("NOT_FOUND", &format!("{what} is not known"), json!({}));
    let user = json!({"id": id, "username": "vera", "email": "vera@example.org"});
    for (message, answer) in [
        (json!({"type": "ping"}), json!({"type": "pong"})),
        (subscribe(json!(AGENT)), nobody.clone()),
        (json!({"type": "unsubscribe", "channel": AGENT}), nobody),
        (json!({"type": "auth"}), fault("token", "Field is required")),
        (json!({"type": "auth", "token": 5}), fault("token", "must be a text")),
        (json!({"type": "auth", "token": token}), json!({"type": "auth.success", "user": user, "expires_at": "AT"})),
        (
            json!({"type": "auth", "token": token}),
            error("CONFLICT", "this socket knows who calls: connect again to call as another", json!({})),
        ),
        (json!({"type": "dance"}), fault("type", words)),
        (json!({}), fault("type", "Field is required")),
        (subscribe(json!(null)), fault("channel", "Field is required")),
        (subscribe(json!("nonsense")), fault("channel", channels)),
        (subscribe(json!("agent.agent-missing.events")), unknown("agent `agent-missing`")),
        (subscribe(json!("agent.missing.events")), unknown("agent `missing`")),
        (subscribe(json!("task.task-missing.events")), unknown("task `task-missing`")),
        (subscribe(json!(AGENT)), json!({"type": "subscribed", "channel": AGENT})),
        (subscribe(json!(AGENT)), json!({"type": "subscribed", "channel": AGENT})),
        (json!({"type": "unsubscribe", "channel": AGENT}), json!({"type": "unsubscribed", "channel": AGENT})),
        (json!({"type": "unsubscribe", "channel": AGENT}), json!({"type": "unsubscribed", "channel": AGENT})),
        (json!({"type": "unsubscribe", "channel": "x"}), fault("channel", channels)),
        (json!({"type": "ping", "more": 1}), json!({"type": "pong"})),
    ] {
        assert_eq!(plain(ask(&mut socket, &message).await), answer, "{message}");
    }
    socket.say_text("{not json").await;
    let issue = "must be a JSON object: key must be a string at line 1 column 2";
    assert_eq!(plain(hear(&mut socket).await), fault("body", issue));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_prove_who_they_are_is_closed() {
    let (_model, served) = serve(vec![], |settings| {
        settings.server.limits.header_time = Duration::from_millis(300);
        settings.server.token = Some(SecretString::from("of-the-house"));
    })
    .await;
    for token in ["not-a-token", ""] {
        let mut socket = open(&served).await;
        let answer = ask(&mut socket, &json!({"type": "auth", "token": token})).await;
        assert_eq!((&answer["type"], &answer["error"]["code"]), (&json!("error"), &json!("UNAUTHORIZED")), "{answer}");
        assert_eq!(socket.closed().await, (1008, "the token is not valid".to_owned()));
    }
    let socket = open(&served).await;
    let reason = "nobody said who calls: send {\"type\":\"auth\",\"token\":…} first";
    assert_eq!(socket.closed().await, (1008, reason.to_owned()));
    // The house's own token has no account, and no end.
    let mut socket = open(&served).await;
    let answer = ask(&mut socket, &json!({"type": "auth", "token": "of-the-house"})).await;
    let user = json!({"id": "token", "username": "token", "email": null});
    assert_eq!(answer, json!({"type": "auth.success", "user": user, "expires_at": null}));
    let plain = served.client.get("/v1/ws").await;
    assert_eq!(
        (plain.status, plain.header("upgrade"), plain.header("sec-websocket-version")),
        (426, Some("websocket"), Some("13"))
    );
    assert_eq!(plain.json()["error"]["code"], "VALIDATION_ERROR");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chat_and_tasks_are_told() {
    let script = vec![
        Answer::text("said in chat"),
        Answer::text("done by task").usage(3, 0, 4),
        Answer::error(400, "invalid_request_error", "no such thing"),
        Answer::text("unheard"),
        Answer::text("heard again"),
    ];
    let (_model, served) = serve(script, |_| ()).await;
    let (token, _) = person(&served, "dev", Role::Developer, None).await;
    let client = known(&served, &token);
    let mut socket = open_as(&served, &token).await;
    subscribe(&mut socket, AGENT).await;
    let chat = async |text: &str| {
        let body = json!({"message": text, "session_id": "session-one"});
        client.post("/v1/agents/agent-default/chat", &body).await.expect(200)
    };
    let said = chat("hello").await;
    let expected = json!({
        "type": "agent.message", "agent_id": "agent-default", "session_id": "session-one", "message_id": said["id"],
        "message": "said in chat", "channel": AGENT, "timestamp": "AT",
    });
    assert_eq!(plain(hear(&mut socket).await), expected);

    // Who subscribes while a task waits hears of all that it does from then on.
    let mut of_task = open_as(&served, &token).await;
    for (title, fails) in [("works", false), ("fails", true)] {
        let new = json!({"title": title, "agent_id": "agent-default"});
        let task = client.post("/v1/tasks", &new).await.expect(200);
        let (id, session) = (task["id"].as_str().unwrap(), task["session_id"].as_str().unwrap());
        let channel = format!("task.{id}.events");
        subscribe(&mut of_task, &channel).await;
        let status = |status: &str, channel: &str| {
            json!({
                "type": "task.status", "task_id": id, "status": status, "result": null, "error": null, "channel": channel,
                "timestamp": "AT",
            })
        };
        assert_eq!(plain(hear(&mut socket).await), status("pending", AGENT));
        let attending = Attending::to(&served);
        for (socket, channel, is_agent) in [(&mut socket, AGENT, true), (&mut of_task, channel.as_str(), false)] {
            assert_eq!(plain(hear(socket).await), status("running", channel));
            if is_agent && !fails {
                let message = plain(hear(socket).await);
                assert_eq!((&message["message"], &message["session_id"]), (&json!("done by task"), &json!(session)));
            }
            let mut end = hear(socket).await;
            if fails {
                let error = end["error"].take();
                assert_eq!((&error["code"], error.get("request_id").is_some()), (&json!("SERVICE_UNAVAILABLE"), true));
                assert_eq!(plain(end), status("failed", channel));
            } else {
                let metadata = json!({"model": "small", "tokens_used": 7});
                let mut expected = status("completed", channel);
                expected["result"] = json!({"response": "done by task", "metadata": metadata});
                assert_eq!(plain(end), expected);
            }
        }
        drop(attending);
        let answer = ask(&mut of_task, &json!({"type": "unsubscribe", "channel": channel})).await;
        assert_eq!(answer["type"], "unsubscribed");
    }

    let answer = ask(&mut socket, &json!({"type": "unsubscribe", "channel": AGENT})).await;
    assert_eq!(answer["type"], "unsubscribed");
    chat("nobody listens").await;
    subscribe(&mut socket, AGENT).await;
    chat("and now").await;
    assert_eq!(hear(&mut socket).await["message"], "heard again");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_ends_closes_its_sockets() {
    let (_model, served) = serve(vec![], |_| ()).await;
    let (long, _) = person(&served, "long", Role::Developer, None).await;
    let (other, _) = person(&served, "other", Role::Developer, None).await;
    // The last, and used at once: it has ended soon.
    let (short, _) = person(&served, "short", Role::Developer, Some(3)).await;
    let (expires, leaves) = (open_as(&served, &short).await, open_as(&served, &long).await);
    let mut stays = open_as(&served, &other).await;
    known(&served, &long).post("/v1/auth/logout", &json!({})).await.expect(200);
    for mut socket in [expires, leaves] {
        let told = plain(hear(&mut socket).await);
        assert_eq!(told, error("UNAUTHORIZED", "the token has ended: log in, and connect again", json!({})));
        assert_eq!(socket.closed().await, (1008, "the token has ended".to_owned()));
    }
    assert_eq!(ask(&mut stays, &json!({"type": "ping"})).await, json!({"type": "pong"}));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_hears_that_a_tool_server_fails_and_that_the_server_leaves() {
    let (_model, served) = serve(vec![], |_| ()).await;
    let (admin, _) = person(&served, "root", Role::Admin, None).await;
    let (viewer, _) = person(&served, "vera", Role::Viewer, None).await;
    let mut socket = open_as(&served, &viewer).await;
    let client = known(&served, &admin);
    let new = json!({"name": "Broken", "config": {"command": "/bin/sh", "args": ["-c", "exit 3"]}});
    let server = client.post("/v1/mcp-servers", &new).await.expect(200);
    client.post(&format!("/v1/mcp-servers/{}/start", server["id"].as_str().unwrap()), &json!({})).await;
    loop {
        let told = plain(hear(&mut socket).await);
        assert_eq!((&told["type"], &told["timestamp"]), (&json!("system.notification"), &json!("AT")), "{told}");
        assert!(told["message"].as_str().unwrap().starts_with("MCP server `broken` "), "{told}");
        if told["level"] == "error" {
            break;
        }
    }
    served.begin_to_leave();
    let last = loop {
        match socket.heard().await {
            Message::Text(text) if text.contains("MCP server") => {}
            Message::Text(text) => break plain(serde_json::from_str(&text).unwrap()),
            other => panic!("{other:?}"),
        }
    };
    let expected = json!({
        "type": "system.notification", "level": "warning", "message": "The server is shutting down.", "timestamp": "AT",
    });
    assert_eq!(last, expected);
    let closed = socket.closed().await;
    assert_eq!(closed.0, 1001);
    served.leave().await;
}

/// One that does not read is told and closed; all others get every frame, in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_does_not_read_holds_up_nobody() {
    const SOCKETS: usize = 20;
    const MESSAGES: usize = 60;
    let long = "x".repeat(200 << 10);
    let script = (0..MESSAGES).map(|number| Answer::text(&format!("{number} {long}"))).collect();
    let (_model, served) = serve(script, |settings| {
        settings.limits.compact_at = 0;
        settings.server.limits.slow_reader = Duration::from_secs(1);
        settings.server.limits.socket_frames = 4;
    })
    .await;
    let (token, _) = person(&served, "dev", Role::Developer, None).await;
    let mut stuck = Socket::open_narrowly(&served.client, "/v1/ws").await;
    ask(&mut stuck, &json!({"type": "auth", "token": token})).await;
    subscribe(&mut stuck, AGENT).await;
    let mut listening = Vec::new();
    for _ in 0..SOCKETS {
        let mut socket = open_as(&served, &token).await;
        subscribe(&mut socket, AGENT).await;
        listening.push(tokio::spawn(async move {
            let mut numbers = Vec::new();
            while numbers.len() < MESSAGES {
                let message = hear(&mut socket).await["message"].as_str().unwrap().to_owned();
                numbers.push(message.split(' ').next().unwrap().parse::<usize>().unwrap());
            }
            numbers
        }));
    }
    let client = known(&served, &token);
    for number in 0..MESSAGES {
        let body = json!({"message": "more", "session_id": format!("session-{}", number % 7)});
        client.post("/v1/agents/agent-default/chat", &body).await.expect(200);
    }
    for numbers in listening {
        let numbers = within("all frames come", numbers).await.unwrap();
        assert_eq!(numbers, (0..MESSAGES).collect::<Vec<_>>());
    }
    // Its time is over when a socket that reads has been pinged about.
    let closed = stuck.closed().await;
    assert_eq!(closed, (1013, "a message could not be written within 1000 ms".to_owned()));
    served.leave().await;
}
