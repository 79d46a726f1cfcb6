//! The engine by its one door: what a question brings about, in which order, and what is in the log afterwards.

use futures_util::StreamExt;
use ombud::config::Wire;
use ombud::domain::{
    Access, AskStep, Cause, Cursor, Effect, ErrorCode, Fact, Finish, Frame, OnOrphan, Outcome, Part, Pins, ReturnStatus,
    RunStatus, SayStep, SessionStatus, ToolSpec,
};
use ombud::engine::{CallerReturn, Engine, NewSession, OnBusy, Orphans, RunFilter, Target};
use ombud::storage::StoreUrl;
use serde_json::json;

use crate::support::house::{PATIENCE, again, answer, finished, frames, kinds, log, open, question, settings, somebody};
use crate::support::model_server::{Answer, Gate, ModelServer};

fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "alpha\n").unwrap();
    std::fs::write(folder.path().join("b.txt"), "beta\n").unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_answer_is_six_facts_in_two_appends() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["Hel", "lo"]).usage(7, 0, 2)]);
    let folder = workspace();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let asked = house.ask(&somebody(), question("hi")).await.unwrap();
    let frames = answer(&house, &asked).await;
    assert_eq!(
        kinds(&frames),
        [
            "session.created",
            "message.posted",
            "run.queued",
            "run.started",
            "part.opened",
            "part.grew",
            "part.closed",
            "message.completed",
            "run.finished"
        ]
    );
    let end = finished(&frames);
    assert_eq!((end.outcome, end.answer.as_str(), end.rounds, end.tool_calls), (Outcome::Completed, "Hello", 1, 0));
    assert_eq!((end.usage.input_tokens, end.usage.output_tokens), (7, 2));
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_rounds_of_tools_with_three_calls_at_once() {
    let server = ModelServer::start(
        Wire::Openai,
        vec![
            Answer::text("I look.").and_calls(vec![
                ("read_file", json!({"path": "a.txt"})),
                ("read_file", json!({"path": "b.txt"})),
                ("list_files", json!({"path": "."})),
            ]),
            Answer::calls(vec![("read_file", json!({"path": "missing.txt"}))]),
            Answer::text("alpha and beta"),
        ],
    );
    let folder = workspace();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let asked = house.ask(&somebody(), question("what is in them?")).await.unwrap();
    let frames = answer(&house, &asked).await;
    assert_eq!(finished(&frames).answer, "alpha and beta");
    assert_eq!((finished(&frames).rounds, finished(&frames).tool_calls), (3, 4));
    assert_eq!(
        log(&house, &asked.session).await,
        [
            "session.created",
            "message.posted",
            "run.queued",
            "run.started",
            "message.completed",
            "tool.called",
            "tool.called",
            "tool.called",
            "tool.returned",
            "tool.returned",
            "tool.returned",
            "message.completed",
            "tool.called",
            "tool.returned",
            "message.completed",
            "run.finished"
        ]
    );
    let page = house.messages(&somebody(), &asked.session, None, 10).await.unwrap();
    let statuses: Vec<Vec<ReturnStatus>> =
        page.messages.iter().map(|shown| shown.returns.iter().map(|returned| returned.status).collect()).collect();
    let (ok, failed) = (ReturnStatus::Ok, ReturnStatus::Failed);
    assert_eq!(statuses, [vec![], vec![ok, ok, ok], vec![failed], vec![]]);
    // The server has checked that every return follows its call, in order.
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_answer_is_kept_and_the_run_fails() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["half ", "of it"]).cut_after(3)]);
    let folder = workspace();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let asked = house.ask(&somebody(), question("hi")).await.unwrap();
    let frames = answer(&house, &asked).await;
    let end = finished(&frames);
    assert_eq!(end.outcome, Outcome::Failed);
    assert_eq!(end.error.as_ref().map(|error| (error.code, error.cause)), Some((ErrorCode::ModelFailed, Some(Cause::Cut))));
    assert!(!end.answer.is_empty() && "half of it".starts_with(&end.answer), "{:?}", end.answer);
    let page = house.messages(&somebody(), &asked.session, None, 10).await.unwrap();
    assert_eq!(page.messages[1].finish, Some(Finish::Cut));
    assert_eq!(Part::texts(&page.messages[1].message.parts), end.answer);
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_is_told_before_the_first_piece() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::error(500, "server_error", "oh"), Answer::text("fine")]);
    let folder = workspace();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let asked = house.ask(&somebody(), question("hi")).await.unwrap();
    let frames = answer(&house, &asked).await;
    assert_eq!(kinds(&frames)[3..6], ["run.started", "notice", "part.opened"]);
    assert_eq!(finished(&frames).outcome, Outcome::Completed);
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_keeps_what_was_written() {
    let gate = Gate::new();
    let server =
        ModelServer::start(Wire::Openai, vec![Answer::pieces(&["one ", "two "]).wait_after(2, &gate), Answer::text("yes")]);
    let folder = workspace();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let asked = house.ask(&somebody(), question("count")).await.unwrap();
    let mut stream = house.subscribe(&somebody(), &asked.session, Some(asked.before)).await.unwrap();
    while !matches!(stream.next().await.unwrap().unwrap(), Frame::Delta(live) if live.delta.end() > 0) {}
    let run = asked.run.clone().unwrap();
    assert_eq!(house.cancel(&somebody(), &asked.session, None, "enough").await.unwrap(), std::slice::from_ref(&run));
    let frames = answer(&house, &asked).await;
    let end = finished(&frames);
    assert_eq!((end.outcome, end.error.clone()), (Outcome::Cancelled, None));
    assert!(end.answer.starts_with("one "), "{:?}", end.answer);
    gate.open();
    let asked = house.ask(&somebody(), again(&asked.session, "still there?", OnBusy::Reject)).await.unwrap();
    assert_eq!(finished(&answer(&house, &asked).await).answer, "yes");
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_session_rejects_waits_queues_or_is_superseded() {
    for (on_busy, outcome) in [
        (OnBusy::WaitThenReject, Outcome::Completed),
        (OnBusy::Queue, Outcome::Completed),
        (OnBusy::Supersede, Outcome::Cancelled),
    ] {
        let gate = Gate::new();
        let server =
            ModelServer::start(Wire::Openai, vec![Answer::pieces(&["first"]).wait_after(2, &gate), Answer::text("second")]);
        let folder = workspace();
        let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
        let first = house.ask(&somebody(), question("1")).await.unwrap();
        gate.wait_until_reached();
        let refused = house.ask(&somebody(), again(&first.session, "no", OnBusy::Reject)).await.unwrap_err();
        assert_eq!((refused.code, refused.retryable()), (ErrorCode::Busy, true));
        let (caller, second) = (somebody(), again(&first.session, "2", on_busy));
        let (asked, ()) = tokio::join!(house.ask(&caller, second), async {
            if on_busy != OnBusy::Supersede {
                tokio::task::yield_now().await;
                gate.open();
            }
        });
        gate.open();
        let second = asked.unwrap();
        assert_eq!(finished(&answer(&house, &second).await).answer, "second", "{on_busy:?}");
        assert_eq!(finished(&answer(&house, &first).await).outcome, outcome, "{on_busy:?}");
        let runs = house.runs(&somebody(), &RunFilter::newest(Some(&first.session), &[], 10)).await.unwrap().runs;
        assert_eq!(runs.len(), 2);
        assert_eq!(house.session(&somebody(), &first.session).await.unwrap().status, SessionStatus::Idle);
        server.finish();
    }
}

fn caller_tool() -> ToolSpec {
    ToolSpec {
        name: "ask_user".into(),
        description: "Asks.".into(),
        parameters: json!({"type": "object"}),
        effect: Effect::Once,
        access: Access::Read,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_waits_for_the_callers_tools_and_goes_on() {
    let calls = Answer::calls(vec![
        ("ask_user", json!({"q": 1})),
        ("read_file", json!({"path": "a.txt"})),
        ("ask_user", json!({"q": 2})),
    ]);
    let server = ModelServer::start(Wire::Openai, vec![calls, Answer::text("thanks")]);
    let folder = workspace();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let mut ask = question("ask me");
    ask.pins = Pins { caller_tools: vec![caller_tool()], ..Pins::default() };
    let asked = house.ask(&somebody(), ask).await.unwrap();
    let run = asked.run.clone().unwrap();
    let waiting = answer(&house, &asked).await;
    let Some(Frame::Fact(event)) = waiting.last() else { panic!("{waiting:?}") };
    let Fact::RunWaiting(fact) = &event.fact else { panic!("{event:?}") };
    let ids: Vec<_> = fact.calls.iter().map(|call| call.id.clone()).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(house.session(&somebody(), &asked.session).await.unwrap().status, SessionStatus::Waiting);
    let gave = |index: usize, what: &str| CallerReturn { id: ids[index].clone(), output: json!(what), error: None };
    house.answer(&somebody(), &run, vec![gave(0, "one")]).await.unwrap();
    // The same again is fine, another answer is not.
    house.answer(&somebody(), &run, vec![gave(0, "one")]).await.unwrap();
    assert_eq!(house.answer(&somebody(), &run, vec![gave(0, "two")]).await.unwrap_err().code, ErrorCode::Conflict);
    house.answer(&somebody(), &run, vec![gave(1, "two")]).await.unwrap();
    let after = Cursor::after(1, event.seq);
    let rest = frames(&house, &asked.session, after, &run).await;
    assert_eq!(finished(&rest).answer, "thanks");
    assert_eq!(kinds(&rest)[..3], ["tool.returned", "tool.returned", "run.started"]);
    house.answer(&somebody(), &run, vec![gave(0, "one")]).await.unwrap();
    assert_eq!(house.answer(&somebody(), &run, vec![gave(0, "three")]).await.unwrap_err().code, ErrorCode::Conflict);
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_can_be_cancelled_or_superseded() {
    let calls = || Answer::calls(vec![("ask_user", json!({}))]);
    let server = ModelServer::start(Wire::Openai, vec![calls(), calls(), Answer::text("new")]);
    let folder = workspace();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let pins = Pins { caller_tools: vec![caller_tool()], ..Pins::default() };
    let asked = house.ask(&somebody(), ombud::engine::Ask { pins: pins.clone(), ..question("1") }).await.unwrap();
    answer(&house, &asked).await;
    house.cancel(&somebody(), &asked.session, asked.run.as_ref(), "never mind").await.unwrap();
    let run = house.run(&somebody(), asked.run.as_ref().unwrap()).await.unwrap();
    assert_eq!(run.status, RunStatus::Cancelled);
    let second = ombud::engine::Ask { pins, ..again(&asked.session, "2", OnBusy::Reject) };
    let second = house.ask(&somebody(), second).await.unwrap();
    answer(&house, &second).await;
    let third = house.ask(&somebody(), again(&asked.session, "3", OnBusy::Supersede)).await.unwrap();
    assert_eq!(finished(&answer(&house, &third).await).answer, "new");
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_house_on_the_store_follows_and_cancels() {
    let gate = Gate::new();
    let server = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["slow"]).wait_after(2, &gate)]);
    let folder = workspace();
    let place = tempfile::tempdir().unwrap();
    let url = StoreUrl::Sqlite(place.path().join("store.db"));
    let here = open(settings(&server, folder.path()), &url).await;
    let there = open(settings(&server, folder.path()), &url).await;
    let asked = here.ask(&somebody(), question("hi")).await.unwrap();
    gate.wait_until_reached();
    assert_eq!(there.session(&somebody(), &asked.session).await.unwrap().status, SessionStatus::Running);
    let busy = there.ask(&somebody(), again(&asked.session, "me too", OnBusy::Reject)).await.unwrap_err();
    assert_eq!(busy.code, ErrorCode::Busy);
    there.cancel(&somebody(), &asked.session, None, "from afar").await.unwrap();
    let seen_there = answer(&there, &asked).await;
    let seen_here = answer(&here, &asked).await;
    assert_eq!(finished(&seen_there).outcome, Outcome::Cancelled);
    let facts =
        |frames: &[Frame]| frames.iter().filter(|frame| matches!(frame, Frame::Fact(_))).cloned().collect::<Vec<_>>();
    assert_eq!(facts(&seen_there), facts(&seen_here));
    gate.open();
    server.finish();
}

/// A house that dies in the middle: its runtime is gone, and with it every task and lock.
fn dies_in_the_middle(
    url: &StoreUrl,
    server: &ModelServer,
    folder: &std::path::Path,
    gate: &Gate,
    on_orphan: OnOrphan,
) -> ombud::engine::Asked {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let asked = runtime.block_on(async {
        let house = open(settings(server, folder), url).await;
        let pins = Pins { on_orphan, ..Pins::default() };
        house.ask(&somebody(), ombud::engine::Ask { pins, ..question("read a.txt") }).await.unwrap()
    });
    gate.wait_until_reached();
    runtime.shutdown_timeout(PATIENCE);
    asked
}

#[test]
fn a_run_whose_process_died_is_closed_or_gone_on_with() {
    for (orphans, on_orphan) in [(Orphans::Close, OnOrphan::Cancel), (Orphans::Resume, OnOrphan::Cancel)] {
        let gate = Gate::new();
        let script = vec![
            Answer::calls(vec![("read_file", json!({"path": "a.txt"}))]),
            Answer::pieces(&["it ", "says"]).wait_after(2, &gate),
            Answer::text("it says alpha"),
        ];
        let server = ModelServer::start(Wire::Openai, script);
        let folder = workspace();
        let place = tempfile::tempdir().unwrap();
        let url = StoreUrl::Sqlite(place.path().join("store.db"));
        let asked = dies_in_the_middle(&url, &server, folder.path(), &gate, on_orphan);
        gate.open();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let house = open(settings(&server, folder.path()), &url).await;
            let item = house.session(&somebody(), &asked.session).await.unwrap();
            assert_eq!(item.status, SessionStatus::Interrupted);
            let restored = house.restore(&somebody(), None, orphans).await.unwrap();
            assert_eq!(restored.len(), 1);
            assert_eq!(restored[0].resumed, orphans == Orphans::Resume);
            let frames = answer(&house, &asked).await;
            let end = finished(&frames);
            let kinds = kinds(&frames);
            assert!(kinds.contains(&"message.abandoned".to_owned()), "{kinds:?}");
            match orphans {
                Orphans::Resume => {
                    assert_eq!((end.outcome, end.answer.as_str()), (Outcome::Completed, "it says alpha"));
                    assert_eq!(kinds.iter().filter(|kind| *kind == "run.started").count(), 2);
                }
                Orphans::Close => {
                    assert_eq!(end.outcome, Outcome::Failed);
                    assert_eq!(end.error.as_ref().unwrap().cause, Some(Cause::Interrupted));
                    // The session goes on from what is in its log.
                    let next = house.ask(&somebody(), again(&asked.session, "go on", OnBusy::Reject)).await.unwrap();
                    assert_eq!(finished(&answer(&house, &next).await).answer, "it says alpha");
                }
            }
            assert!(house.restore(&somebody(), None, orphans).await.unwrap().is_empty());
        });
        server.finish();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_ends_subscriptions_and_the_id_can_be_used_again() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("one"), Answer::text("two")]);
    let folder = workspace();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let named = || {
        let id = Some(ombud::domain::SessionId::parse("build-42").unwrap());
        ombud::engine::Ask { target: Target::New(Box::new(NewSession { id, ..NewSession::default() })), ..question("hi") }
    };
    let asked = house.ask(&somebody(), named()).await.unwrap();
    answer(&house, &asked).await;
    let taken = house.ask(&somebody(), named()).await.unwrap_err();
    assert_eq!(taken.code, ErrorCode::Conflict);
    let stream = house.subscribe(&somebody(), &asked.session, Some(Cursor::after(1, 5))).await.unwrap();
    house.delete(&somebody(), &asked.session).await.unwrap();
    let rest: Vec<_> = stream.map(Result::unwrap).collect().await;
    assert_eq!(kinds(&rest).last().map(String::as_str), Some("session.deleted"));
    assert_eq!(house.session(&somebody(), &asked.session).await.unwrap_err().code, ErrorCode::NotFound);
    let asked = house.ask(&somebody(), named()).await.unwrap();
    assert_eq!(asked.before, Cursor::after(2, 0));
    assert_eq!(finished(&answer(&house, &asked).await).answer, "two");
    // A cursor of the first one starts over.
    let mut stream = house.subscribe(&somebody(), &asked.session, Some(Cursor::after(1, 5))).await.unwrap();
    let first = stream.next().await.unwrap().unwrap();
    assert!(matches!(first, Frame::Fact(event) if event.seq == 1));
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_goes_on_from_inside_a_part() {
    let gate = Gate::new();
    let server = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["abc", "def", "ghi"]).wait_after(3, &gate)]);
    let folder = workspace();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let asked = house.ask(&somebody(), question("hi")).await.unwrap();
    gate.wait_until_reached();
    let mut stream = house.subscribe(&somebody(), &asked.session, Some(asked.before)).await.unwrap();
    let cursor = loop {
        if let Frame::Delta(live) = stream.next().await.unwrap().unwrap()
            && live.delta.end() > 0
        {
            break live.cursor;
        }
    };
    drop(stream);
    let had = usize::try_from(cursor.part.unwrap().offset.unwrap()).unwrap();
    gate.open();
    let frames = frames(&house, &asked.session, cursor, asked.run.as_ref().unwrap()).await;
    let text: String = frames
        .iter()
        .filter_map(|frame| match frame {
            Frame::Delta(live) => match &live.delta {
                ombud::domain::Delta::Grew { text, .. } => Some(text.as_str()),
                _ => None,
            },
            Frame::Fact(_) => None,
        })
        .collect();
    assert_eq!(text, "abcdefghi"[had..]);
    assert_eq!(kinds(&frames), ["part.grew", "part.closed", "message.completed", "run.finished"]);
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_procedure_is_carried_out_step_by_step() {
    use ombud::domain::{Procedure, Step};
    let server = ModelServer::start(
        Wire::Openai,
        vec![
            Answer::calls(vec![("read_file", json!({"path": "a.txt"}))]),
            Answer::text("alpha, I think"),
            Answer::text("alpha, for sure"),
        ],
    );
    let folder = workspace();
    let mut settings = settings(&server, folder.path());
    let agent = settings.agents.get_mut("default").unwrap();
    agent.procedure = Procedure::new(vec![
        Step::Ask(AskStep::default()),
        Step::Say(SayStep { text: "Check your answer.".into(), ..SayStep::default() }),
        Step::Ask(AskStep::default()),
    ]);
    let house = open(settings, &StoreUrl::Memory).await;
    let asked = house.ask(&somebody(), question("what is in a.txt?")).await.unwrap();
    let frames = answer(&house, &asked).await;
    assert_eq!((finished(&frames).answer.as_str(), finished(&frames).rounds), ("alpha, for sure", 3));
    assert_eq!(
        log(&house, &asked.session).await[3..],
        [
            "run.started",
            "step.started",
            "message.completed",
            "tool.called",
            "tool.returned",
            "message.completed",
            "step.finished",
            "step.started",
            "message.posted",
            "step.finished",
            "step.started",
            "message.completed",
            "step.finished",
            "run.finished"
        ]
    );
    let requests = server.finish();
    let last = requests.last().unwrap().body["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["content"], "Check your answer.");
}
