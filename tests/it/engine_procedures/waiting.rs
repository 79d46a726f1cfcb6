//! Procedures that wait for tools of the caller: what goes on with them, and what takes their place.

use super::*;

/// A house that has died while a run of it waits.
fn waits_and_dies(url: &StoreUrl, settings: Settings, ask: Ask) -> (Asked, Vec<ToolCall>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let waiting = runtime.block_on(async {
        let house = open(settings, url).await;
        let asked = house.ask(&somebody(), ask).await.unwrap();
        let calls = waits_for(&answer(&house, &asked).await);
        (asked, calls)
    });
    runtime.shutdown_timeout(PATIENCE);
    waiting
}

#[test]
fn a_run_that_waits_outlives_its_house_and_an_edit_of_its_agent() {
    for (procedure, arguments, script) in [
        ("lookup", json!({"WHO": "7"}), vec![Answer::text("It is Ada.")]),
        (
            "chat",
            json!({"MESSAGE": "Who?"}),
            vec![Answer::calls(vec![("get-user", json!({"userId": "7"}))]), Answer::text("It is Ada.")],
        ),
    ] {
        let server = ModelServer::start(Wire::Openai, script);
        let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let url = StoreUrl::Sqlite(place.path().join("store.db"));
        let begun = with_agent(&server, &folder, agent());
        let (asked, calls) = waits_and_dies(&url, begun, call(procedure, arguments));
        // The agent that is there now has neither the procedures nor the tool.
        let edited = json!({"name": "helper", "instructions": "You are another."});
        let edited = with_agent(&server, &folder, edited);
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let house = open(edited, &url).await;
            let run = asked.run.clone().unwrap();
            assert_eq!(house.run(&somebody(), &run).await.unwrap().status, RunStatus::Waiting);
            let pinned = house.run_agent(&somebody(), &run).await.unwrap();
            assert_eq!((pinned.procedures.len(), pinned.caller_tools.len()), (5, 1));
            let frames = go_on(&house, &asked, vec![returned(&calls[0], json!({"name": "Ada"}))]).await;
            let end = finished(&frames);
            assert_eq!((end.outcome, end.answer.as_str()), (Outcome::Completed, "It is Ada."), "{:?}", end.error);
            // Also when it has ended.
            assert_eq!(house.run_agent(&somebody(), &run).await.unwrap(), pinned);
        });
        let requests = server.finish();
        let last = requests.last().unwrap();
        assert_eq!(last.body["messages"][0]["content"], "You answer for Nobody Inc.");
        assert!(shown(last).iter().any(|(_, text)| text.contains(r#"{"name":"Ada"}"#)), "{:?}", shown(last));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_answers_at_once_one_goes_on_with_the_run() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..6 {
        let script = vec![Answer::calls(vec![("get-user", json!({}))]), Answer::text("Once.")];
        let server = ModelServer::start(Wire::Openai, script);
        let house = open(with_agent(&server, &folder, agent()), &StoreUrl::Memory).await;
        let asked = house.ask(&somebody(), call("chat", json!({"MESSAGE": "Who?"}))).await.unwrap();
        let calls = waits_for(&answer(&house, &asked).await);
        let (run, caller) = (asked.run.clone().unwrap(), somebody());
        // The same twice, and two that differ.
        let other = if round % 2 == 0 { json!("one") } else { json!("two") };
        let give = |output: Value| house.answer(&caller, &run, vec![returned(&calls[0], output)]);
        let (one, two) = tokio::join!(give(json!("one")), give(other));
        let resumed =
            [&one, &two].iter().filter(|answered| answered.as_ref().is_ok_and(|answered| answered.resumed)).count();
        assert_eq!(resumed, 1, "{one:?} {two:?}");
        for refused in [one, two].into_iter().filter_map(Result::err) {
            assert_eq!(refused.code, ErrorCode::Conflict);
        }
        assert_eq!(finished(&answer_of(&house, &asked.session, &run).await).answer, "Once.");
        assert_eq!(server.finish().len(), 2, "the model is asked once after them");
    }
}

/// All frames of a session up to the end of a run.
async fn answer_of(house: &House, session: &SessionId, run: &RunId) -> Vec<Frame> {
    let mut stream = house.subscribe(&somebody(), session, None::<Cursor>).await.unwrap();
    let mut all = Vec::new();
    loop {
        let frame = tokio::time::timeout(PATIENCE, stream.next()).await.unwrap().unwrap().unwrap();
        let ended = matches!(&frame, Frame::Fact(event) if event.run.as_ref() == Some(run) && matches!(event.fact, Fact::RunFinished(_)));
        all.push(frame);
        if ended {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_gives_way_and_one_that_works_does_not() {
    let gate = Gate::new();
    let script = vec![
        Answer::calls(vec![("get-user", json!({"userId": "1"}))]),
        Answer::pieces(&["Never", " mind."]).wait_after(2, &gate),
    ];
    let server = ModelServer::start(Wire::Openai, script);
    let folder = tempfile::tempdir().unwrap();
    let house = open(with_agent(&server, &folder, agent()), &StoreUrl::Memory).await;
    let first = house.ask(&somebody(), call("chat", json!({"MESSAGE": "Who?"}))).await.unwrap();
    let calls = waits_for(&answer(&house, &first).await);
    let second = house.ask(&somebody(), call_in(&first.session, "chat", json!({"MESSAGE": "Never mind."}))).await.unwrap();
    let row = house.run(&somebody(), first.run.as_ref().unwrap()).await.unwrap();
    assert_eq!(row.status, RunStatus::Cancelled);
    let late = house.answer(&somebody(), first.run.as_ref().unwrap(), vec![returned(&calls[0], json!(1))]).await;
    assert_eq!(late.map(|answered: Answered| answered.resumed).unwrap_err().code, ErrorCode::Conflict);
    gate.wait_until_reached();
    let third = house.ask(&somebody(), call_in(&first.session, "chat", json!({"MESSAGE": "Me too."}))).await.unwrap_err();
    assert_eq!(third.code, ErrorCode::Busy);
    gate.open();
    assert_eq!(finished(&answer(&house, &second).await).answer, "Never mind.");
    let kept = log(&house, &first.session).await;
    let of = |kind: &str| kept.iter().filter(|known| *known == kind).count();
    assert_eq!((of("tool.called"), of("tool.returned"), of("run.finished")), (1, 1, 2));
    let requests = server.finish();
    let (_, told) = shown(&requests[1]).into_iter().find(|(role, _)| role == "tool").unwrap();
    assert_eq!(told, "the run was cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ordinary_question_can_follow_a_procedure() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("One."), Answer::text("Two.")]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(with_agent(&server, &folder, agent()), &StoreUrl::Memory).await;
    let first = house.ask(&somebody(), call("chat", json!({"MESSAGE": "Count."}))).await.unwrap();
    answer(&house, &first).await;
    let second = house.ask(&somebody(), again(&first.session, "And on.", OnBusy::Reject)).await.unwrap();
    let frames = answer(&house, &second).await;
    assert!(!kinds(&frames).iter().any(|kind| kind.starts_with("step.")), "{:?}", kinds(&frames));
    let requests = server.finish();
    assert_eq!(shown(&requests[1]), [said("user", "Count."), said("assistant", "One."), said("user", "And on.")]);
}
