//! What a server asks of the engine: files of a workspace, sharing, questions, completions, notices, input beside a
//! question, callers who may not administer the house, and runs that nobody works on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use ombud::config::{Settings, Wire};
use ombud::domain::{
    AuthorKind, BlobId, Error, ErrorCode, Fact, FilePart, Frame, ModelSettings, Part, Permission, PermissionRule, Pins,
    Principal, ReturnStatus, SessionUpdated,
};
use ombud::engine::{
    Ask, Completion, ContextInput, Decision, Desk, Engine, House, HouseNotice, NewSession, NoticeStream, OnBusy, Parts,
    Target,
};
use ombud::models::{Models, Offline};
use ombud::observe::SystemClock;
use ombud::storage::{self, StoreUrl};
use ombud::tools::Tools;
use serde_json::json;

use crate::support::house::{PATIENCE, again, answer, finished, kinds, log, open, question, settings, somebody};
use crate::support::model_server::{Answer, Gate, ModelServer};

/// A house whose questions wait on a desk.
async fn with_desk(settings: Settings, wait: Duration) -> House {
    let clock = Arc::new(SystemClock);
    let notices = ombud::engine::Notices::default();
    House::new(Parts {
        models: Models::new(&settings, clock.clone(), Arc::new(Offline::new(clock.clone()))).unwrap(),
        tools: Tools::new(&settings.limits, &settings.tools),
        settings,
        store: storage::open(&StoreUrl::Memory).await.unwrap(),
        approver: Arc::new(Desk::new(wait, notices.clone(), clock.clone())),
        clock,
        notices,
    })
}

async fn next(notices: &mut NoticeStream) -> HouseNotice {
    tokio::time::timeout(PATIENCE, notices.next()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_on_the_desk_is_answered_by_a_door() {
    let call = || Answer::calls(vec![("write_file", json!({"path": "a.txt", "content": "x"}))]);
    let server = ModelServer::start(Wire::Openai, vec![call(), Answer::text("done"), call()]);
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&server, folder.path());
    settings.permissions.clear();
    let house = with_desk(settings, Duration::from_secs(60)).await;
    let mut notices = house.notices(&somebody()).await.unwrap();
    let asked = house.ask(&somebody(), question("write it")).await.unwrap();
    let question_of = async |notices: &mut NoticeStream| loop {
        if let HouseNotice::QuestionAsked { question } = next(notices).await {
            return *question;
        }
    };
    let open = question_of(&mut notices).await;
    assert_eq!((open.subject.as_str(), Some(&open.run)), ("a.txt", asked.run.as_ref()));
    assert_eq!(house.questions(&somebody()).await.unwrap(), std::slice::from_ref(&open));
    house.decide(&somebody(), &open.call.id, Decision::Allow).await.unwrap();
    let late = house.decide(&somebody(), &open.call.id, Decision::Deny("no".into())).await.unwrap_err();
    assert_eq!(late.code, ErrorCode::NotFound);
    assert_eq!(finished(&answer(&house, &asked).await).answer, "done");
    assert!(folder.path().join("a.txt").exists());
    // A run that is cancelled takes its question with it.
    let asked = house.ask(&somebody(), again(&asked.session, "again", OnBusy::Reject)).await.unwrap();
    let open = question_of(&mut notices).await;
    house.cancel(&somebody(), &asked.session, None, "enough").await.unwrap();
    answer(&house, &asked).await;
    assert_eq!(house.questions(&somebody()).await.unwrap(), []);
    loop {
        if let HouseNotice::QuestionSettled { call, allowed, .. } = next(&mut notices).await
            && call == open.call.id
        {
            assert!(!allowed);
            break;
        }
    }
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_is_asked_outside_of_sessions() {
    let server = ModelServer::start(
        Wire::Openai,
        vec![
            Answer::reasoning(&["hm"]).and_text("A title"),
            Answer::text("Sure: {\"title\": \"x\"}"),
            Answer::text("no object"),
            Answer::error(400, "invalid_request", "no"),
        ],
    );
    let folder = tempfile::tempdir().unwrap();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let completion = Completion {
        agent: None,
        instructions: "Name it.".into(),
        prompt: "A talk about birds".into(),
        max_tokens: Some(25),
        ..Completion::default()
    };
    let completed = house.complete(&somebody(), completion.clone()).await.unwrap();
    assert_eq!((completed.text.as_str(), completed.model.to_string().as_str()), ("A title", "house/small"));
    let as_json = Completion { json: true, ..completion.clone() };
    assert_eq!(house.complete(&somebody(), as_json.clone()).await.unwrap().text, r#"{"title":"x"}"#);
    assert_eq!(house.complete(&somebody(), as_json).await.unwrap_err().code, ErrorCode::ModelFailed);
    assert_eq!(house.complete(&somebody(), completion.clone()).await.unwrap_err().code, ErrorCode::ModelFailed);
    for (completion, code) in [
        (Completion { prompt: " ".into(), ..completion.clone() }, ErrorCode::InvalidInput),
        (Completion { prompt: "x".repeat((1 << 20) + 1), ..completion.clone() }, ErrorCode::TooLarge),
        (Completion { model: Some(ombud::domain::ModelChoice::new("nobody", "x")), ..completion }, ErrorCode::InvalidInput),
    ] {
        assert_eq!(house.complete(&somebody(), completion).await.unwrap_err().code, code);
    }
    let health = house.health(&somebody()).await.unwrap();
    assert_eq!((health.sessions, health.active, health.runs_here, health.error), (0, 0, 0, None));
    let requests = server.finish();
    let body = &requests[0].body;
    assert_eq!(body["max_tokens"], 25);
    assert_eq!(
        body["messages"],
        json!([
            {"role": "system", "content": "Name it."}, {"role": "user", "content": "A talk about birds"}
        ])
    );
    assert_eq!(requests[1].body["response_format"], json!({"type": "json_object"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listeners_are_told_what_changes_here_and_elsewhere() {
    let gate = Gate::new();
    let server = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["a", "b"]).wait_after(2, &gate)]);
    let folder = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    let url = StoreUrl::Sqlite(place.path().join("store.db"));
    let here = open(settings(&server, folder.path()), &url).await;
    let there = open(settings(&server, folder.path()), &url).await;
    let mut notices = here.notices(&somebody()).await.unwrap();
    let asked = here.ask(&somebody(), question("hi")).await.unwrap();
    assert_eq!(next(&mut notices).await, HouseNotice::SessionChanged { session: asked.session.clone() });
    gate.wait_until_reached();
    let health = here.health(&somebody()).await.unwrap();
    assert_eq!((health.sessions, health.active, health.runs_here), (1, 1, 1));
    assert_eq!((health.version.as_str(), health.store), (env!("CARGO_PKG_VERSION"), here.store_url()));
    gate.open();
    answer(&here, &asked).await;
    assert_eq!(next(&mut notices).await, HouseNotice::SessionChanged { session: asked.session.clone() });
    // Nobody here has its log open: only the store's version tells.
    there.create(&somebody(), NewSession::default()).await.unwrap();
    assert_eq!(next(&mut notices).await, HouseNotice::StoreChanged);
    there.delete(&somebody(), &asked.session).await.unwrap();
    assert_eq!(next(&mut notices).await, HouseNotice::StoreChanged);
    server.finish();
}

fn file(bytes: &[u8], media_type: &str) -> (Part, (BlobId, Bytes)) {
    let blob = BlobId::of(bytes);
    let part =
        FilePart { blob: blob.clone(), media_type: media_type.into(), name: Some("it".into()), size: bytes.len() as u64 };
    (Part::File(part), (blob, Bytes::copy_from_slice(bytes)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_come_with_a_question() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("a dot"), Answer::text("the same")]);
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&server, folder.path());
    settings.models.insert("house/small".into(), json!({"images": true}));
    let house = open(settings, &StoreUrl::Memory).await;
    let png = b"\x89PNG\r\n\x1a\nnearly";
    let (part, blob) = file(png, "image/png");
    let ask = Ask { input: vec![Part::text("what is it?"), part.clone()], blobs: vec![blob.clone()], ..question("") };
    let asked = house.ask(&somebody(), ask).await.unwrap();
    assert_eq!(finished(&answer(&house, &asked).await).answer, "a dot");
    assert_eq!(house.blob(&somebody(), &asked.session, &blob.0).await.unwrap(), png);
    // What the session has need not come again.
    let ask = Ask { input: vec![part.clone()], ..again(&asked.session, "", OnBusy::Reject) };
    let second = house.ask(&somebody(), ask).await.unwrap();
    assert_eq!(finished(&answer(&house, &second).await).answer, "the same");
    let refused = async |input: Vec<Part>, blobs: Vec<(BlobId, Bytes)>| -> Error {
        house.ask(&somebody(), Ask { input, blobs, ..question("") }).await.unwrap_err()
    };
    let other = (BlobId::of(b"other"), Bytes::from_static(b"not it"));
    let huge = Bytes::from(vec![0; (20 << 20) + 1]);
    let Part::File(named) = &part else { panic!("{part:?}") };
    let with = |change: fn(&mut FilePart)| {
        let mut named = named.clone();
        change(&mut named);
        vec![Part::File(named)]
    };
    for (input, blobs, code) in [
        (vec![part.clone()], vec![], ErrorCode::InvalidInput),
        (vec![part.clone()], vec![blob.clone(), other], ErrorCode::InvalidInput),
        (vec![Part::text("x")], vec![blob.clone()], ErrorCode::InvalidInput),
        (vec![part.clone()], vec![(BlobId::of(&huge), huge)], ErrorCode::TooLarge),
        (vec![part.clone(); 65], vec![blob.clone()], ErrorCode::TooLarge),
        (with(|named| named.size += 1), vec![blob.clone()], ErrorCode::InvalidInput),
        (with(|named| named.media_type = "image".into()), vec![blob.clone()], ErrorCode::BadMedia),
        (with(|named| named.blob = BlobId::from_text("../../x")), vec![], ErrorCode::InvalidInput),
    ] {
        assert_eq!(refused(input, blobs).await.code, code);
    }
    let requests = server.finish();
    let content = &requests[0].body["messages"].as_array().unwrap().last().unwrap()["content"];
    assert!(content[1]["image_url"]["url"].as_str().unwrap().starts_with("data:image/png;base64,"), "{content}");
}

fn given(description: &str, text: &str) -> ContextInput {
    ContextInput { description: description.into(), text: text.into() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn input_beside_a_question_follows_it() {
    let gate = Gate::new();
    let server = ModelServer::start(
        Wire::Openai,
        vec![Answer::pieces(&["one"]).wait_after(2, &gate), Answer::text("two"), Answer::text("three")],
    );
    let folder = tempfile::tempdir().unwrap();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let long = "é".repeat(3_000);
    let ask = Ask { context: vec![given("file a.txt", "alpha"), given("clock", "noon")], ..question(&long) };
    let first = house.ask(&somebody(), ask).await.unwrap();
    gate.wait_until_reached();
    // Also of a run that waits for another.
    let queued = Ask { context: vec![given("file b.txt", "beta")], ..again(&first.session, "next", OnBusy::Queue) };
    let second = house.ask(&somebody(), queued).await.unwrap();
    gate.open();
    let frames = answer(&house, &first).await;
    assert_eq!(
        kinds(&frames)[..6],
        ["session.created", "message.posted", "message.posted", "message.posted", "run.queued", "run.started"]
    );
    let Frame::Fact(event) = &frames[2] else { panic!("{frames:?}") };
    let Fact::MessagePosted(posted) = &event.fact else { panic!("{event:?}") };
    assert_eq!((posted.message.author.kind, posted.message.author.name.as_str()), (AuthorKind::Environment, "file a.txt"));
    assert_eq!((posted.message.text().as_str(), event.run.as_ref()), ("alpha", first.run.as_ref()));
    let started = |frames: &[Frame]| {
        frames.iter().find_map(|frame| match frame {
            Frame::Fact(event) => match &event.fact {
                Fact::RunStarted(started) => Some(started.clone()),
                _ => None,
            },
            Frame::Delta(_) => None,
        })
    };
    let input = started(&frames).unwrap().input.unwrap();
    assert_eq!((input.len(), long.starts_with(&input)), (4_096, true));
    let frames = answer(&house, &second).await;
    assert_eq!(started(&frames[..]).unwrap().input.as_deref(), Some("next"));
    let third = house.ask(&somebody(), again(&first.session, "last", OnBusy::Reject)).await.unwrap();
    answer(&house, &third).await;
    for (context, code) in [
        (vec![given(" ", "x")], ErrorCode::InvalidInput),
        (vec![given("x", "x"); 65], ErrorCode::TooLarge),
        (vec![given(&"x".repeat(2_000), "x")], ErrorCode::TooLarge),
        (vec![given("x", &"x".repeat(17 << 20))], ErrorCode::TooLarge),
    ] {
        assert_eq!(house.ask(&somebody(), Ask { context, ..question("x") }).await.unwrap_err().code, code);
    }
    let requests = server.finish();
    let said = |request: usize| {
        let messages = requests[request].body["messages"].as_array().unwrap();
        messages[1..].iter().map(|message| message["content"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (a, clock, b) = ("[Environment: file a.txt] alpha", "[Environment: clock] noon", "[Environment: file b.txt] beta");
    assert_eq!(said(0), [long.as_str(), a, clock]);
    assert_eq!(said(1), [long.as_str(), a, clock, "one", "next", b]);
    assert_eq!(said(2)[3..], ["next", b, "one", "two", "last"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn for_whoever_may_not_administer_no_commands_are_run() {
    let calls = Answer::calls(vec![
        ("run_command", json!({"command": "touch by-command"})),
        ("write_file", json!({"path": "by-tool", "content": "x"})),
    ]);
    let server = ModelServer::start(Wire::Openai, vec![calls.clone(), Answer::text("done"), calls]);
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("src")).unwrap();
    let house = with_desk(settings(&server, folder.path()), Duration::from_secs(60)).await;
    let local = Principal::unproven();
    let allow = PermissionRule::parse("*", Permission::Allow).unwrap();
    let deny = PermissionRule::parse("write_file", Permission::Deny).unwrap();
    let pins = Pins { permissions: vec![allow, deny], ..Pins::default() };
    let asked = house.ask(&local, Ask { pins, ..question("do it") }).await.unwrap();
    let frames = answer(&house, &asked).await;
    assert_eq!(finished(&frames).answer, "done");
    let returned: Vec<_> = frames
        .iter()
        .filter_map(|frame| match frame {
            Frame::Fact(event) => match &event.fact {
                Fact::ToolReturned(returned) => Some((returned.returned.status, returned.returned.output_text())),
                _ => None,
            },
            Frame::Delta(_) => None,
        })
        .collect();
    assert_eq!(returned.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [ReturnStatus::Denied; 2]);
    assert!(returned[0].1.contains("`--allow-local-admin`") && returned[0].1.contains("a token"), "{}", returned[0].1);
    assert!(!folder.path().join("by-command").exists() && !folder.path().join("by-tool").exists());
    // Nor does it say yes to a command of others, nor leave the workspace.
    let path = |path: &Path| Some(path.to_string_lossy().into_owned());
    let elsewhere = || NewSession { workspace: path(outside.path()), ..NewSession::default() };
    let mut refused = vec![house.create(&local, elsewhere()).await.unwrap_err()];
    let ask = Ask { target: Target::New(Box::new(elsewhere())), ..question("x") };
    refused.push(house.ask(&local, ask).await.unwrap_err());
    let pins = Pins { workspace: path(outside.path()), ..Pins::default() };
    refused.push(house.ask(&local, Ask { pins, ..question("x") }).await.unwrap_err());
    let change = SessionUpdated { workspace: Some(path(outside.path())), ..SessionUpdated::default() };
    refused.push(house.update(&local, &asked.session, change).await.unwrap_err());
    std::os::unix::fs::symlink(outside.path(), folder.path().join("out")).unwrap();
    let change = SessionUpdated { workspace: Some(path(&folder.path().join("out"))), ..SessionUpdated::default() };
    refused.push(house.update(&local, &asked.session, change).await.unwrap_err());
    for error in refused {
        assert_eq!((error.code, error.hint.unwrap().contains("--allow-local-admin")), (ErrorCode::Forbidden, true));
    }
    let change = SessionUpdated { workspace: Some(path(&folder.path().join("src"))), ..SessionUpdated::default() };
    house.update(&local, &asked.session, change).await.unwrap();
    house.create(&somebody(), elsewhere()).await.unwrap();
    let ask_first = PermissionRule::parse("run_command", Permission::Ask).unwrap();
    let mut notices = house.notices(&somebody()).await.unwrap();
    let pins = Pins { permissions: vec![ask_first], ..Pins::default() };
    let asked = house.ask(&somebody(), Ask { pins, ..question("of others") }).await.unwrap();
    let open = loop {
        if let HouseNotice::QuestionAsked { question } = next(&mut notices).await {
            break question;
        }
    };
    let refused = house.decide(&local, &open.call.id, Decision::Allow).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden);
    house.decide(&local, &open.call.id, Decision::Deny("no".into())).await.unwrap();
    house.cancel(&somebody(), &asked.session, None, "enough").await.unwrap();
    answer(&house, &asked).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_door_sets_how_the_model_is_asked() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("one"), Answer::text("two")]);
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&server, folder.path());
    let of_agent = &mut settings.agents.get_mut("default").unwrap().settings;
    (of_agent.temperature, of_agent.max_tokens) = (Some(0.5), Some(100));
    let house = open(settings, &StoreUrl::Memory).await;
    let settings = ModelSettings {
        temperature: Some(0.25),
        extra: json!({"seed": 7, "model": "another", "messages": []}).as_object().unwrap().clone(),
        ..ModelSettings::default()
    };
    let pins = Pins { settings, ..Pins::default() };
    let asked = house.ask(&Principal::unproven(), Ask { pins, ..question("hi") }).await.unwrap();
    answer(&house, &asked).await;
    let asked = house.ask(&somebody(), again(&asked.session, "and now", OnBusy::Reject)).await.unwrap();
    answer(&house, &asked).await;
    let requests = server.finish();
    let told = |request: usize| {
        let body = &requests[request].body;
        (body["temperature"].clone(), body["max_tokens"].clone(), body["seed"].clone(), body["model"].clone())
    };
    // Fields that the house does not know are for those who administer it.
    assert_eq!(told(0), (json!(0.25), json!(100), json!(null), json!("small")));
    assert_eq!(told(1), (json!(0.5), json!(100), json!(null), json!("small")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_subscribers_share_what_they_are_given() {
    let gate = Gate::new();
    let server = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["abc", "def"]).wait_after(1, &gate)]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let asked = house.ask(&somebody(), question("hi")).await.unwrap();
    gate.wait_until_reached();
    let mut streams = Vec::new();
    for _ in 0..1_000 {
        let mut stream = house.subscribe(&somebody(), &asked.session, Some(asked.before)).await.unwrap();
        while !matches!(stream.next().await.unwrap().unwrap(), Frame::Fact(event) if matches!(event.fact, Fact::RunStarted(_)))
        {
        }
        streams.push(stream);
    }
    gate.open();
    let mut first: Option<Frame> = None;
    for stream in &mut streams {
        let frame = loop {
            match stream.next().await.unwrap().unwrap() {
                frame @ Frame::Delta(_) => {
                    if matches!(&frame, Frame::Delta(live) if live.delta.end() > 0) {
                        break frame;
                    }
                }
                Frame::Fact(event) => panic!("{event:?}"),
            }
        };
        match (&first, &frame) {
            (None, _) => first = Some(frame),
            (Some(Frame::Delta(first)), Frame::Delta(other)) => assert!(Arc::ptr_eq(first, other), "it was copied"),
            other => panic!("{other:?}"),
        }
    }
    drop(streams);
    answer(&house, &asked).await;
    assert_eq!(log(&house, &asked.session).await.last().unwrap(), "run.finished");
    server.finish();
}
