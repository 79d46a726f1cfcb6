//! Messages that are taken away, for good.

use std::sync::Arc;

use bytes::Bytes;
use ombud::config::Wire;
use ombud::domain::{BlobId, ErrorCode, Fact, FilePart, MessageId, Outcome, Part, RunStatus};
use ombud::engine::{Ask, Engine as _, OnBusy};
use ombud::storage::StoreUrl;
use serde_json::json;

use super::{Room, by, said, seat};
use crate::support::house::{again, answer, finished, frames, open, question, settings, somebody};
use crate::support::lives::{caller_tool, files_with, scene, wants_weather};
use crate::support::model_server::{Answer, Gate, ModelServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_away_is_in_no_history_and_no_file() {
    let script = vec![Answer::text("the answer-canary"), Answer::text("two"), Answer::text("three")];
    let scene = scene(script).await;
    let (house, me) = (&scene.house, somebody());
    let bytes = Bytes::from_static(b"file-canary");
    let file = FilePart {
        blob: BlobId::of(&bytes),
        media_type: "text/plain".into(),
        name: Some("name-canary.txt".into()),
        size: bytes.len() as u64,
    };
    let first = Ask {
        input: vec![Part::text("the question-canary"), Part::File(file.clone())],
        blobs: vec![(file.blob.clone(), bytes)],
        ..question("")
    };
    let (asked, _) = scene.says(first).await;
    let id = &asked.session;
    let ids = scene.ids(id).await;
    assert_eq!(asked.message.as_ref(), Some(&ids[0]));
    assert!(!files_with(scene.folder.path(), "canary").is_empty());
    house.channels().redact(&me, id, &ids[0]).await.unwrap();
    assert_eq!(scene.shown(id).await, ["the answer-canary"]);
    assert_eq!(files_with(scene.folder.path(), "question-canary"), [""; 0]);
    assert_eq!(files_with(scene.folder.path(), "file-canary"), [""; 0]);
    assert_eq!(files_with(scene.folder.path(), "name-canary"), [""; 0]);
    assert_eq!(house.blob(&me, id, &file.blob).await.unwrap_err().code, ErrorCode::NotFound);
    house.channels().redact(&me, id, &ids[1]).await.unwrap();
    assert_eq!(files_with(scene.folder.path(), "canary"), [""; 0]);
    assert_eq!(scene.shown(id).await, [""; 0]);
    let events = house.session(&me, id).await.unwrap().summary.events;
    for message in &ids {
        house.channels().redact(&me, id, message).await.unwrap();
    }
    assert_eq!(house.session(&me, id).await.unwrap().summary.events, events);
    // Nobody is shown it again, whoever reads the log, and whenever.
    scene.says(again(id, "and now?", OnBusy::Reject)).await;
    let there = open(settings(&scene.server, scene.folder.path()), &scene.url).await;
    let asked = there.ask(&me, again(id, "and here?", OnBusy::Reject)).await.unwrap();
    answer(&there, &asked).await;
    let requests = scene.server.finish();
    assert_eq!(said(&requests[1]), ["and now?"]);
    assert_eq!(said(&requests[2]), ["and now?", "two", "and here?"]);
    let shared = serde_json::to_string(&house.share(&me, id).await.unwrap()).unwrap();
    assert!(!shared.contains("canary"), "{shared}");
    let page = house.messages(&me, id, None, 9).await.unwrap();
    assert_eq!(page.messages.len(), 4);
    let error = house.channels().redact(&me, id, &MessageId::from_text("none")).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::NotFound, "message `none` is not known"));
}

/// A message that calls tools goes with what they gave, so no provider is shown half of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_with_what_they_gave() {
    for url in ["file", "sqlite", "memory"] {
        let script = vec![
            Answer::calls(vec![("read_file", json!({"path": "canary.txt"}))]),
            Answer::text("read"),
            Answer::text("on"),
        ];
        let server = ModelServer::start(Wire::Openai, script);
        let (workspace, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(workspace.path().join("canary.txt"), "what the canary sings").unwrap();
        let url = match url {
            "file" => StoreUrl::File(folder.path().join("store")),
            "sqlite" => StoreUrl::Sqlite(folder.path().join("store.db")),
            _ => StoreUrl::Memory,
        };
        let (house, me) = (open(settings(&server, workspace.path()), &url).await, somebody());
        let asked = house.ask(&me, question("read it")).await.unwrap();
        answer(&house, &asked).await;
        let id = &asked.session;
        let calling = house.messages(&me, id, None, 9).await.unwrap().messages.remove(1);
        assert_eq!(calling.returns.len(), 1);
        house.channels().redact(&me, id, &calling.message.id).await.unwrap();
        let events = serde_json::to_string(&house.events(&me, id, None, 99).await.unwrap()).unwrap();
        assert!(!events.contains("canary"), "{events}");
        assert_eq!(files_with(folder.path(), "canary"), [""; 0]);
        let asked = house.ask(&me, again(id, "go on", OnBusy::Reject)).await.unwrap();
        answer(&house, &asked).await;
        let requests = server.finish();
        assert_eq!(said(&requests[2]), ["read it", "read", "go on"]);
    }
}

/// What a run has said that has not ended stays until it has; what it answers may go, and the run with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_has_not_ended_keeps_what_it_said() {
    let scene = scene(vec![Answer::text("one"), wants_weather()]).await;
    let (house, me) = (&scene.house, somebody());
    let (asked, _) = scene.says(question("first")).await;
    let id = &asked.session;
    let waiting = house.ask(&me, Ask { pins: caller_tool(), ..again(id, "second", OnBusy::Reject) }).await.unwrap();
    answer(house, &waiting).await;
    let ids = scene.ids(id).await;
    let error = house.channels().redact(&me, id, &ids[3]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Busy);
    house.channels().redact(&me, id, &ids[2]).await.unwrap();
    let run = house.run(&me, waiting.run.as_ref().unwrap()).await.unwrap();
    assert_eq!(run.status, RunStatus::Cancelled);
    house.channels().redact(&me, id, &ids[3]).await.unwrap();
    assert_eq!(scene.shown(id).await, ["first", "one"]);
}

/// A run that is at work is not shown a message that was taken away, from its next call of the model on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_at_work_goes_on_without_it() {
    let gate = Gate::new();
    let calls = Answer::calls(vec![("list_files", json!({"path": "."}))]).wait_after(1, &gate);
    let room = Room::with(vec![seat("alpha", vec![Answer::text("one"), calls, Answer::text("two")])]).await;
    let (id, me) = (room.session(&["Anna"]).await, somebody());
    room.says(by("Anna", &id, "a secret")).await;
    let secret = room.house.messages(&me, &id, None, 9).await.unwrap().messages.remove(0).message.id;
    let asked = room.ask(by("Anna", &id, "list them")).await;
    gate.wait_until_reached();
    room.house.channels().redact(&me, &id, &secret).await.unwrap();
    gate.open();
    let end = frames(&room.house, &id, asked.before, &asked.runs[0]).await;
    assert_eq!(finished(&end).outcome, Outcome::Completed);
    let requests = room.models["alpha"].requests();
    assert_eq!(said(&requests[1])[0], "a secret");
    assert_eq!(said(&requests[2])[..2], ["one", "list them"]);
}

/// Several take several away at once; every reader sees each go once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_are_taken_away_at_once() {
    let scene = scene(vec![Answer::text("ok").always()]).await;
    let (asked, _) = scene.says(question("0")).await;
    let id = asked.session;
    for n in 1..5 {
        scene.says(again(&id, &n.to_string(), OnBusy::Reject)).await;
    }
    let ids = scene.ids(&id).await;
    let tasks = ids.iter().flat_map(|message| [message.clone(), message.clone()]).map(|message| {
        let (house, id) = (Arc::clone(&scene.house), id.clone());
        tokio::spawn(async move { house.channels().redact(&somebody(), &id, &message).await })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
    assert_eq!(scene.shown(&id).await, [""; 0]);
    let events = scene.house.events(&somebody(), &id, None, 999).await.unwrap();
    let gone = events.iter().filter(|event| matches!(event.fact, Fact::MessageRedacted(_))).count();
    assert_eq!(gone, ids.len());
}
