//! Sessions that go back: to an earlier message, and to life with another history.

use ombud::config::Wire;
use ombud::domain::{AfterClearing, Clock as _, ErrorCode, Fact, Lifetime, MessageId, RunStatus, SessionStatus};
use ombud::engine::{Ask, Engine, NewSession, OnBusy, Target};
use ombud::storage::StoreUrl;
use serde_json::json;

use crate::support::house::{again, answer, finished, frames, question, settings, somebody};
use crate::support::lives::{Hand, Scene, caller_tool, imported, lives, open, scene, wants_weather};
use crate::support::model_server::{Answer, Gate, ModelServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn going_back_drops_what_came_later() {
    let script =
        vec![Answer::text("one"), Answer::text("two"), Answer::text("two again"), wants_weather(), Answer::text("last")];
    let scene = scene(script).await;
    let (house, me) = (&scene.house, somebody());
    let (asked, _) = scene.says(question("first")).await;
    let id = &asked.session;
    scene.says(again(id, "second", OnBusy::Reject)).await;
    let ids = scene.ids(id).await;
    let stale = house.messages(&me, id, None, 1).await.unwrap().before;
    house.rewind(&me, id, Some(&ids[1])).await.unwrap();
    assert_eq!(scene.shown(id).await, ["first", "one"]);
    // Who pages on from what is gone is given what is there.
    let page = house.messages(&me, id, stale, 9).await.unwrap();
    assert_eq!(page.messages.iter().map(|shown| shown.message.text()).collect::<Vec<_>>(), ["first", "one"]);
    let error = house.rewind(&me, id, Some(&ids[2])).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    assert_eq!(error.message, format!("message `{}` is not known", ids[2]));
    // Where it stands already, nothing is written.
    let events = house.session(&me, id).await.unwrap().summary.events;
    house.rewind(&me, id, Some(&ids[1])).await.unwrap();
    assert_eq!(house.session(&me, id).await.unwrap().summary.events, events);
    let (second, _) = scene.says(again(id, "second, anew", OnBusy::Reject)).await;
    let told = house.events(&me, id, Some(second.before), 9).await.unwrap();
    let previous = told.iter().find_map(|event| match &event.fact {
        Fact::RunStarted(started) => started.previous_message_id.clone(),
        _ => None,
    });
    assert_ne!(previous, Some(ids[3].clone()));
    // A run that waits is cancelled; the question that it answered stays.
    let waiting = house.ask(&me, Ask { pins: caller_tool(), ..again(id, "third", OnBusy::Reject) }).await.unwrap();
    answer(house, &waiting).await;
    let ids = scene.ids(id).await;
    assert_eq!(ids.len(), 6);
    house.rewind(&me, id, Some(&ids[4])).await.unwrap();
    let run = house.run(&me, waiting.run.as_ref().unwrap()).await.unwrap();
    assert_eq!((run.status, scene.status(id).await), (RunStatus::Cancelled, SessionStatus::Idle));
    assert_eq!(scene.shown(id).await, ["first", "one", "second, anew", "two again", "third"]);
    // By a house that has nothing of it in memory.
    let there = open(settings(&scene.server, scene.folder.path()), &scene.url, &scene.clock).await;
    there.rewind(&me, id, Some(&ids[1])).await.unwrap();
    let asked = there.ask(&me, again(id, "and now?", OnBusy::Reject)).await.unwrap();
    assert_eq!(finished(&frames(&there, id, asked.before, asked.run.as_ref().unwrap()).await).answer, "last");
    assert_eq!(scene.shown(id).await, ["first", "one", "and now?", "last"]);
    let shared = house.share(&me, id).await.unwrap();
    let text = serde_json::to_string(&shared).unwrap();
    assert!(text.contains("and now?") && !text.contains("second") && !text.contains("third"), "{text}");
    house.rewind(&me, id, None).await.unwrap();
    assert_eq!(scene.shown(id).await, [""; 0]);
    assert_eq!(house.rewind(&me, id, Some(&ids[0])).await.unwrap_err().code, ErrorCode::NotFound);
    let requests = scene.server.finish();
    let said = |body: &serde_json::Value| -> Vec<String> {
        let messages = body["messages"].as_array().unwrap();
        messages[1..].iter().map(|message| message["content"].as_str().unwrap_or("").to_owned()).collect()
    };
    assert_eq!(said(&requests[2].body), ["first", "one", "second, anew"]);
    assert_eq!(said(&requests[4].body), ["first", "one", "and now?"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_goes_back_under_a_run_at_work() {
    let gate = Gate::new();
    let scene = scene(vec![Answer::pieces(&["it ", "says"]).wait_after(2, &gate)]).await;
    let asked = scene.house.ask(&somebody(), question("hi")).await.unwrap();
    gate.wait_until_reached();
    let error = scene.house.rewind(&somebody(), &asked.session, None).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Busy);
    gate.open();
    assert_eq!(finished(&answer(&scene.house, &asked).await).answer, "it says");
    let after = MessageId::from_text("no-such-message");
    let error = scene.house.rewind(&somebody(), &asked.session, Some(&after)).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::NotFound, "message `no-such-message` is not known"));
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_and_what_they_gave_stay_together() {
    let script = vec![
        Answer::calls(vec![("list_files", json!({"path": "."}))]),
        Answer::text("listed"),
        Answer::text("gone on"),
        Answer::text("end"),
    ];
    let scene = scene(script).await;
    let (asked, _) = scene.says(question("list")).await;
    let id = &asked.session;
    scene.says(again(id, "second", OnBusy::Reject)).await;
    let page = scene.house.messages(&somebody(), id, None, 9).await.unwrap();
    // To after the message that calls, with its return and without the answer.
    scene.house.rewind(&somebody(), id, Some(&page.messages[1].message.id)).await.unwrap();
    let left = scene.house.messages(&somebody(), id, None, 9).await.unwrap();
    assert_eq!(left.messages, page.messages[..2]);
    assert_eq!(left.messages[1].returns.len(), 1);
    scene.says(again(id, "and?", OnBusy::Reject)).await;
    let requests = scene.server.finish();
    let roles: Vec<_> =
        requests[3].body["messages"].as_array().unwrap().iter().map(|message| message["role"].clone()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "user"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_cleared_or_deleted_session_is_brought_back() {
    let scene = scene(vec![Answer::text("one"), Answer::text("goes on")]).await;
    let (house, me) = (&scene.house, somebody());
    let (asked, _) = scene.says(lives(true, 10, "hi")).await;
    let id = &asked.session;
    let ids = |count: usize| (0..count).map(|number| MessageId::from_text(&format!("m{number}"))).collect::<Vec<_>>();
    // Expired: with its old lifetime, from now on.
    scene.clock.go_on(100);
    assert_eq!(scene.status(id).await, SessionStatus::Expired);
    let session = house.import(&me, imported(id, None, 4)).await.unwrap();
    assert_eq!(session.expires_at, Some(scene.clock.now().plus_seconds(10)));
    assert_eq!((scene.status(id).await, scene.ids(id).await), (SessionStatus::Idle, ids(4)));
    // With a lifetime that is given.
    scene.clock.go_on(100);
    let given = Some(Lifetime { sliding: false, ttl_seconds: 77, max_seconds: None });
    let session = house.import(&me, imported(id, given.clone(), 2)).await.unwrap();
    assert_eq!((&session.lifetime, session.expires_at), (&given, Some(scene.clock.now().plus_seconds(77))));
    // Cleared, so that it is over.
    house.clear(&me, id, AfterClearing::Expired).await.unwrap();
    house.clear(&me, id, AfterClearing::Expired).await.unwrap();
    assert_eq!(scene.error(again(id, "late", OnBusy::Reject)).await.code, ErrorCode::Expired);
    house.import(&me, imported(id, None, 2_000)).await.unwrap();
    assert_eq!((scene.status(id).await, scene.ids(id).await), (SessionStatus::Idle, ids(2_000)));
    // Far back, beyond the newest turns: all that is left can be shown to the model.
    house.rewind(&me, id, Some(&MessageId::from_text("m5"))).await.unwrap();
    assert_eq!(scene.ids(id).await, ids(6));
    scene.says(again(id, "and now?", OnBusy::Reject)).await;
    // Deleted.
    house.delete(&me, id).await.unwrap();
    let session = house.import(&me, imported(id, given.clone(), 3)).await.unwrap();
    assert_eq!((session.incarnation, session.lifetime), (2, given));
    assert_eq!(scene.ids(id).await, ids(3));
    let requests = scene.server.finish();
    assert_eq!(requests[1].body["messages"].as_array().unwrap().len(), 1 + 6 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_in_an_expired_session_does_not_keep_it_from_coming_back() {
    let scene = scene(vec![wants_weather(), Answer::text("fresh")]).await;
    let (house, me) = (&scene.house, somebody());
    let asked = house.ask(&me, Ask { pins: caller_tool(), ..lives(true, 10, "weather?") }).await.unwrap();
    answer(house, &asked).await;
    let id = &asked.session;
    assert_eq!(house.import(&me, imported(id, None, 2)).await.unwrap_err().code, ErrorCode::Busy);
    scene.clock.go_on(10);
    house.import(&me, imported(id, None, 2)).await.unwrap();
    let run = house.run(&me, asked.run.as_ref().unwrap()).await.unwrap();
    assert_eq!(run.status, RunStatus::Cancelled);
    scene.says(again(id, "go on", OnBusy::Reject)).await;
    assert_eq!(scene.shown(id).await, ["message 0", "message 1", "go on", "fresh"]);
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_session_remembers_goes_back_with_it() {
    use ombud::domain::{AskStep, Declaration, FilledTemplate, Procedure, SayStep, Step, Template, ValueSource};
    let script = ["one", "two", "three", "four", "five", "six"].map(Answer::text).to_vec();
    let server = ModelServer::start(Wire::Openai, script);
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::Sqlite(folder.path().join("store.db"));
    let mut settings = settings(&server, folder.path());
    let value = |variable: &str| ValueSource { variable: variable.into(), otherwise: "-".into() };
    let text = FilledTemplate {
        text: "{{NAME}} knows {{LAST}}.".into(),
        values: [("NAME".to_owned(), value("NAME")), ("LAST".to_owned(), value("LAST"))].into(),
    };
    let agent = settings.agents.get_mut("default").unwrap();
    agent.inputs.insert("NAME".into(), Declaration { required: true, ..Declaration::default() });
    agent.variables.insert("LAST".into(), Declaration { default: Some("nothing".into()), ..Declaration::default() });
    agent.procedure = Procedure::new(vec![
        Step::Say(SayStep { text: Template::Filled(text), ..SayStep::default() }),
        Step::Ask(AskStep { output: Some("LAST".into()), ..AskStep::default() }),
    ]);
    let clock = Hand::new();
    let house = open(settings, &url, &clock).await;
    let scene = Scene { house, clock, server, folder, url };
    let (house, me) = (&scene.house, somebody());
    let input: serde_json::Map<_, _> = [("NAME".to_owned(), json!("Ada"))].into_iter().collect();
    let new = NewSession { input: input.clone(), ..NewSession::default() };
    let (asked, _) = scene.says(Ask { target: Target::New(Box::new(new)), ..question("1") }).await;
    let id = &asked.session;
    let first = scene.ids(id).await.last().unwrap().clone();
    scene.says(again(id, "2", OnBusy::Reject)).await;
    house.rewind(&me, id, Some(&first)).await.unwrap();
    scene.says(again(id, "3", OnBusy::Reject)).await;
    house.clear(&me, id, AfterClearing::Active).await.unwrap();
    // Also by a house that reads the log, of which the values are gone.
    let events = house.events(&me, id, None, 100).await.unwrap();
    assert!(events.iter().all(|event| match &event.fact {
        Fact::StateSet(set) => set.value.is_null(),
        _ => true,
    }));
    scene.says(again(id, "4", OnBusy::Reject)).await;
    // Brought back with what it began with, and then with another input.
    house.clear(&me, id, AfterClearing::Expired).await.unwrap();
    house.import(&me, imported(id, None, 2)).await.unwrap();
    scene.says(again(id, "5", OnBusy::Reject)).await;
    house.clear(&me, id, AfterClearing::Expired).await.unwrap();
    let mut other = imported(id, None, 2);
    other.session.input.insert("NAME".to_owned(), json!("Bob"));
    house.import(&me, other).await.unwrap();
    scene.says(again(id, "6", OnBusy::Reject)).await;
    let told = scene.server.finish().into_iter().map(|request| {
        let said = request.body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
        said.as_str().unwrap().to_owned()
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "Ada knows nothing.",
            "Ada knows one.",
            "Ada knows one.",
            "Ada knows nothing.",
            "Ada knows nothing.",
            "Bob knows nothing."
        ]
    );
}
