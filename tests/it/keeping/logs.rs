//! Exports, imported again.

use bytes::Bytes;
use futures_util::StreamExt as _;
use ombud::domain::{ErrorCode, FilePart, Part, RunStatus, SessionId};
use ombud::engine::{Ask, Engine, FileBytes, FileOffer, ImportedLog, OnBusy, export};
use serde_json::{Value, json};

use crate::support::house::{again, question, somebody};
use crate::support::lives::{Scene, caller_tool, scene, wants_weather};
use crate::support::model_server::Answer;

pub async fn exported(engine: &dyn Engine, id: &SessionId) -> String {
    let mut text = String::new();
    export::write(engine, &somebody(), id, &mut |line| {
        text.push_str(line);
        Ok(())
    })
    .await
    .unwrap();
    text
}

pub fn bytes(text: &str) -> FileBytes {
    let pieces: Vec<_> = text.as_bytes().chunks(700).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    futures_util::stream::iter(pieces).boxed()
}

async fn brought(engine: &dyn Engine, id: Option<&str>, text: &str) -> ombud::domain::Result<ImportedLog> {
    let id = id.map(SessionId::from_text);
    engine.keeping().import_log(&somebody(), id.as_ref(), bytes(text)).await
}

/// A session with a tool round, a file that was said, one that was given, and an answer that was cut.
async fn told(scene: &Scene) -> SessionId {
    let part = FilePart {
        blob: ombud::domain::BlobId::of(b"words of a file"),
        media_type: "text/plain".into(),
        name: Some("a.txt".into()),
        size: 15,
    };
    let file = (part.blob.clone(), Bytes::from_static(b"words of a file"));
    let first = Ask { input: vec![Part::text("first"), Part::File(part)], blobs: vec![file], ..question("") };
    let (asked, _) = scene.says(first).await;
    scene.clock.go_on(1);
    scene.says(again(&asked.session, "second", OnBusy::Reject)).await;
    let offer = vec![FileOffer { name: "b.txt".into(), media_type: "text/plain".into(), size: 5 }];
    let offered = scene.house.offer_files(&somebody(), &asked.session, offer).await.unwrap().remove(0);
    let given = futures_util::stream::iter([Ok(Bytes::from_static(b"given"))]).boxed();
    scene.house.put_file(&somebody(), offered, given).await.unwrap();
    asked.session
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_of_an_import_is_the_same() {
    let calls = Answer::text("I look.").and_calls(vec![("list_files", json!({}))]);
    let scene = scene(vec![Answer::text("one"), calls, Answer::text("two"), Answer::text("three")]).await;
    let (house, me) = (&*scene.house, somebody());
    let id = told(&scene).await;
    let before = exported(house, &id).await;
    let item = house.session(&me, &id).await.unwrap();
    let runs = house.runs(&me, &ombud::engine::RunFilter::newest(Some(&id), &[], 9)).await.unwrap().runs;
    assert_eq!(before, exported(house, &id).await);
    let lines: Vec<Value> = before.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], json!({"ombud_session": 1, "session": id, "events": item.summary.events}));
    assert_eq!(lines.last(), Some(&json!({"end": {"events": item.summary.events, "agents": 1, "files": 1, "blobs": 2}})));

    let error = brought(house, None, &before).await.unwrap_err();
    assert_eq!((error.code, error.message), (ErrorCode::Conflict, format!("session `{id}` exists")));

    // Under another id: the ids of session and runs differ, and nothing else.
    let copy = brought(house, Some("copy"), &before).await.unwrap();
    assert_eq!((copy.events, copy.files, copy.blobs, copy.new_ids), (item.summary.events, 1, 2, true));
    let mut as_it_was = exported(house, &copy.session.id).await.replace("\"copy\"", &format!("\"{id}\""));
    for run in &runs {
        let rows = house.runs(&me, &ombud::engine::RunFilter::newest(Some(&copy.session.id), &[], 9)).await.unwrap().runs;
        let same = rows.iter().find(|row| row.queued_at == run.queued_at).unwrap();
        assert_ne!(same.id, run.id);
        as_it_was = as_it_was.replace(same.id.as_str(), run.id.as_str());
    }
    assert_eq!(as_it_was, before);

    // Where it was before: the incarnation is another one, since it was deleted.
    house.delete(&me, &id).await.unwrap();
    let again_here = brought(house, None, &before).await.unwrap();
    assert_eq!((again_here.session.incarnation, again_here.new_ids), (2, false));
    assert_eq!(exported(house, &id).await.replacen("\"incarnation\":2", "\"incarnation\":1", 1), before);
    let now = house.session(&me, &id).await.unwrap();
    assert_eq!(
        (now.summary.runs, now.summary.usage.clone(), now.status),
        (item.summary.runs, item.summary.usage.clone(), item.status)
    );
    assert_eq!(house.runs(&me, &ombud::engine::RunFilter::newest(Some(&id), &[], 9)).await.unwrap().runs, runs);
    assert_eq!(house.kept_files(&me, &id).await.unwrap().len(), 1);
    scene.says(again(&id, "and it goes on", OnBusy::Reject)).await;
    let hits = super::found(house, "goes").await;
    assert_eq!((hits.len(), &hits[0].session), (1, &id));

    // In a house that never had it, nothing differs.
    let other = super::scene(vec![]).await;
    brought(&*other.house, None, &before).await.unwrap();
    assert_eq!(exported(&*other.house, &id).await, before);
    assert_eq!(super::found(&*other.house, "second").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_told_by_its_line_and_nothing_is_left() {
    let scene = scene(vec![Answer::text("one"), Answer::text("two")]).await;
    let house = &*scene.house;
    let id = told(&scene).await;
    let good = exported(house, &id).await;
    let lines: Vec<&str> = good.lines().collect();
    let events = lines.iter().filter(|line| line.starts_with("{\"event\"")).count();
    let with = |at: usize, line: &str| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        lines[at] = line.to_owned();
        lines.join("\n")
    };
    let without = |at: usize| {
        let mut lines = lines.clone();
        lines.remove(at);
        lines.join("\n") + "\n"
    };
    let blob = lines.iter().position(|line| line.starts_with("{\"blob\"")).unwrap();
    let missing_end = lines[..lines.len() - 1].join("\n");
    let cases = [
        (String::new(), "the export is empty".to_owned()),
        (
            with(0, "{}"),
            "line 1: it is not the first line of an export, which names the form: `{\"ombud_session\":1,…}`".to_owned(),
        ),
        (
            with(0, &lines[0].replace("\"ombud_session\":1", "\"ombud_session\":2")),
            "line 1: the export has version 2, this program knows 1".to_owned(),
        ),
        (without(3), "line 4: event 4 stands where event 3 must".to_owned()),
        (with(2, "{\"event\":"), "line 3: it is no JSON: EOF while parsing a value at line 1 column 9".to_owned()),
        (
            with(2, "{\"x\":1}"),
            "line 3: it is neither an event nor an agent nor a file nor a blob nor the end of an export".to_owned(),
        ),
        (
            with(blob, &lines[blob].replace("\"base64\":\"", "\"base64\":\"AAAA")),
            format!("line {}: the bytes of blob `{}` are others: their SHA-256 is another", blob + 1, {
                let line: Value = serde_json::from_str(lines[blob]).unwrap();
                line["blob"].as_str().unwrap().to_owned()
            }),
        ),
        (missing_end, format!("line {}: the export breaks off: its end is missing", lines.len())),
        (
            without(blob),
            format!(
                "line {}: {events} events, 1 files and 2 blobs were told, and {events}, 1 and 1 are there",
                lines.len() - 1
            ),
        ),
        (good.clone() + "{}\n", format!("line {}: something stands after the end", lines.len() + 1)),
    ];
    for (text, message) in cases {
        let error = brought(house, Some("new"), &text).await.unwrap_err();
        assert_eq!((error.code, error.message), (ErrorCode::InvalidInput, message));
        let error = house.session(&somebody(), &SessionId::from_text("new")).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::NotFound);
    }
    assert_eq!(super::left(house).await.len(), 1);
    brought(house, Some("new"), &good).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_has_not_ended_is_closed() {
    let scene = scene(vec![wants_weather(), Answer::text("on it goes")]).await;
    let (house, me) = (&*scene.house, somebody());
    let asked = house.ask(&me, Ask { pins: caller_tool(), ..question("weather?") }).await.unwrap();
    crate::support::house::answer(&scene.house, &asked).await;
    let text = exported(house, &asked.session).await;
    let copy = brought(house, Some("copy"), &text).await.unwrap();
    assert_eq!(copy.closed.len(), 1);
    let run = house.run(&me, &copy.closed[0]).await.unwrap();
    assert_eq!(run.status, RunStatus::Failed);
    assert_eq!(run.error.unwrap().message, "the run had not ended when its session was exported");
    assert_eq!(house.run(&me, asked.run.as_ref().unwrap()).await.unwrap().status, RunStatus::Waiting);
    scene.says(again(&copy.session.id, "and now?", OnBusy::Reject)).await;
}

/// The agent comes along: elsewhere the session goes on with it, and what its runs had pinned is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agent_of_a_session_comes_along() {
    let scene = scene(vec![Answer::text("aye"), Answer::text("aye aye")]).await;
    let (house, me) = (&*scene.house, somebody());
    let pirate =
        ombud::domain::Agent { name: "pirate".into(), instructions: "You are a pirate.".into(), ..Default::default() };
    house.create_agent(&me, pirate.clone()).await.unwrap();
    let new = ombud::engine::NewSession { agent: Some("pirate".into()), ..ombud::engine::NewSession::default() };
    let target = ombud::engine::Target::New(Box::new(new));
    let (asked, _) = scene.says(Ask { target, ..question("who are you?") }).await;
    let text = exported(house, &asked.session).await;
    let told = house.keeping().pinned_agents(&me, &asked.session).await.unwrap();
    assert_eq!(told.iter().map(|pinned| &pinned.agent).collect::<Vec<_>>(), [&pirate]);

    let other = super::scene(vec![Answer::text("arr")]).await;
    let came = brought(&*other.house, None, &text).await.unwrap();
    assert_eq!(came.made_agent.as_deref(), Some("pirate"));
    assert_eq!(other.house.agent(&me, "pirate").await.unwrap().agent, pirate);
    assert_eq!(other.house.run_agent(&me, asked.run.as_ref().unwrap()).await.unwrap(), pirate);
    other.says(again(&asked.session, "and now?", OnBusy::Reject)).await;
    let requests = other.server.finish();
    assert!(requests[0].body.to_string().contains("You are a pirate."), "{}", requests[0].body);

    // One that is there is left as it is.
    let third = super::scene(vec![]).await;
    let parrot = ombud::domain::Agent { instructions: "You are a parrot.".into(), ..pirate.clone() };
    third.house.create_agent(&me, parrot.clone()).await.unwrap();
    assert_eq!(brought(&*third.house, None, &text).await.unwrap().made_agent, None);
    assert_eq!(third.house.agent(&me, "pirate").await.unwrap().agent, parrot);
    assert_eq!(third.house.run_agent(&me, asked.run.as_ref().unwrap()).await.unwrap(), pirate);

    let wrong = text.replace("\"agent\":{\"name\":\"pirate\"", "\"agent\":{\"name\":\"parrot\"");
    let error = brought(&*third.house, Some("new"), &wrong).await.unwrap_err();
    assert!(error.message.contains("the definition of agent revision"), "{error:?}");
}

/// What was taken away counts no more in the size, in whichever way it is asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sizes_follow_what_is_removed() {
    let scene = scene(vec![Answer::text(&"a long answer ".repeat(50)), Answer::text("two"), Answer::text("three")]).await;
    let (house, me) = (&*scene.house, somebody());
    let (asked, _) = scene.says(question(&"a long question ".repeat(50))).await;
    let id = &asked.session;
    scene.says(again(id, "second", OnBusy::Reject)).await;
    let ids = scene.ids(id).await;
    let sizes = async || {
        let filter = ombud::engine::SessionFilter { limit: 9, ..ombud::engine::SessionFilter::default() };
        let page = house.sessions(&me, &filter).await.unwrap();
        let listed = page.sessions.iter().find(|item| item.summary.session.id == *id).unwrap().summary.bytes;
        let events = house.events(&me, id, None, 500).await.unwrap();
        let real: usize = events.iter().map(|event| serde_json::to_string(event).unwrap().len()).sum();
        assert_eq!((listed, house.session(&me, id).await.unwrap().summary.bytes), (real as u64, real as u64));
        listed
    };
    let first = sizes().await;
    house.channels().redact(&me, id, &ids[1]).await.unwrap();
    let redacted = sizes().await;
    assert!(redacted < first - 500, "{redacted} of {first}");
    house.rewind(&me, id, Some(&ids[0])).await.unwrap();
    assert!(sizes().await > redacted);
    scene.says(again(id, "third", OnBusy::Reject)).await;
    sizes().await;
    let fork = house.keeping().fork(&me, id, &ombud::engine::ForkedSession::default()).await.unwrap();
    assert!(house.session(&me, &fork.id).await.unwrap().summary.bytes > 0);
    house.clear(&me, id, ombud::domain::AfterClearing::Active).await.unwrap();
    sizes().await;
}
