//! How the server leaves.

use std::time::Duration;

use ombud::config::{Settings, Wire};
use ombud::domain::RunStatus;
use ombud::engine::Engine as _;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::probe::one;
use crate::support::house::{question, somebody};
use crate::support::model_server::{Answer, Gate, ModelServer};
use crate::support::process::Place;
use crate::support::server::{PATIENCE, Served, Serving, send, within};

async fn probe(model: &ModelServer, drain: Duration) -> Served {
    let change = |settings: &mut Settings| settings.server.drain = drain;
    Served::start_dialects(model, change, vec![one()]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_end_and_the_door_is_closed() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = probe(&model, Duration::from_secs(60)).await;
    let client = served.client.clone();
    let mut stream = client.listen("/things/stream").await;
    assert!(stream.next().await.is_some());
    served.begin_to_leave();
    assert_eq!(stream.next().await, None, "it ends properly");
    served.leave().await;
    let refused = client.request("GET", "/things").send().await.unwrap_err();
    assert!(refused.is_connect(), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_came_is_answered() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = probe(&model, Duration::from_secs(60)).await;
    let mut stream = tokio::net::TcpStream::connect(served.client.authority()).await.unwrap();
    let head =
        "POST /things/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    // The answer to this one shows that the server has read what came before it.
    assert_eq!(served.client.get("/things").await.status, 200);
    served.begin_to_leave();
    stream.write_all(b"[1]").await.unwrap();
    let mut got = String::new();
    within("the connection ends", stream.read_to_string(&mut got)).await.unwrap();
    assert!(got.starts_with("HTTP/1.1 200 ") && got.ends_with("\r\n\r\n[1]"), "{got}");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_may_end() {
    let gate = Gate::new();
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("the answer").wait_after(1, &gate)]);
    let served = probe(&model, Duration::from_secs(60)).await;
    let house = served.house.clone();
    let asked = house.ask(&somebody(), question("wait")).await.unwrap();
    gate.wait_until_reached();
    served.begin_to_leave();
    gate.open();
    served.leave().await;
    let run = house.run(&somebody(), &asked.run.unwrap()).await.unwrap();
    assert_eq!(run.status, RunStatus::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_that_take_too_long_are_cancelled_and_their_end_is_written() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("never").stall_after(1)]);
    let served = probe(&model, Duration::from_millis(1)).await;
    let house = served.house.clone();
    let asked = house.ask(&somebody(), question("wait")).await.unwrap();
    model.wait_for_requests(1);
    served.leave().await;
    let run = house.run(&somebody(), &asked.run.unwrap()).await.unwrap();
    assert_eq!((run.status, run.finished_at.is_some()), (RunStatus::Cancelled, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_under_load_ends_it_well() {
    let place = Place::new("sqlite");
    let serving = Serving::start(&place, &[]);
    let client = serving.client.clone();
    let asking: Vec<_> = (0..16)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut answered = 0;
                // Every request is answered whole, or its connection is refused.
                while let Ok(response) = client.request("GET", "/readyz").send().await {
                    let (status, body) = (response.status().as_u16(), response.bytes().await);
                    assert!(matches!(status, 200 | 503), "{status}");
                    assert!(body.is_ok(), "{body:?}");
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    assert_eq!(send(client.request("GET", "/healthz")).await.status, 200);
    serving.process.signal(Signal::TERM);
    let ended = serving.process.end(PATIENCE);
    assert_eq!(ended.code, Some(0), "{ended}");
    for task in asking {
        within("everybody is refused", task).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_signal_ends_it_at_once() {
    let place = Place::new("sqlite");
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("never").stall_after(1)]);
    let place = place.asking(&model);
    let serving = Serving::start(&place, &["--drain", "1h"]);
    let ask = serde_json::json!({
        "target": { "new": {} },
        "input": [{ "kind": "text", "text": "wait" }],
        "blobs": [], "context": [], "answering": "session_agent", "on_busy": "reject", "pins": {}, "priority": 0,
    });
    let reply = serving.client.post("/ombud/v1/ask", &ask).await;
    let session = reply.expect(200)["session"].as_str().unwrap().to_owned();
    model.wait_for_requests(1);
    serving.process.signal(Signal::TERM);
    // The first was understood once nobody is let in any more.
    let refused = async { while serving.client.request("GET", "/healthz").send().await.is_ok() {} };
    within("nobody is let in", refused).await;
    serving.process.signal(Signal::INT);
    let ended = serving.process.end(PATIENCE);
    assert_eq!(ended.code, Some(130), "{ended}");
    assert_eq!(place.status(&session), "interrupted");
}
