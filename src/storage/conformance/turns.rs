//! Runs that wait for whichever process is free, and lists of runs with their number.

use super::{Bed, append, run, session};
use crate::domain::{Labels, Run, RunId, RunStatus};
use crate::storage::{RunQuery, Store, TurnQuery};

/// A run that waits.
fn waits(id: &str, of: &str, at: i64, priority: i32) -> Run {
    Run { process: None, in_turn: true, priority, ..run(id, of, at, RunStatus::Queued, 0) }
}

async fn put(store: &dyn Store, row: Run) {
    let head = store.head(&row.session).await.unwrap().map_or(0, |head| head.seq);
    let mut append = append(row.session.as_str(), head, &["x"]);
    append.runs = vec![row];
    store.append(append).await.unwrap();
}

fn ids(rows: Vec<Run>) -> Vec<String> {
    rows.into_iter().map(|run| run.id.to_string()).collect()
}

async fn turn(store: &dyn Store, age_ms: u64, limit: usize) -> Vec<String> {
    ids(store.turn(&TurnQuery { age_ms, limit, ..TurnQuery::default() }).await.unwrap())
}

pub(super) async fn runs_wait_for_their_turn(bed: &Bed) {
    let store = bed.open().await;
    assert_eq!((turn(&*store, 1, 9).await, store.waiting().await.unwrap()), (Vec::new(), 0));
    for row in [waits("low", "a", 100, -7), waits("high", "b", 130, 2), waits("older", "c", 110, 0), waits("b", "d", 120, 0)]
    {
        put(&*store, row).await;
    }
    put(&*store, waits("a", "e", 120, 0)).await;
    // Neither those that a process has, nor those that have begun or ended.
    put(&*store, run("taken", "f", 1, RunStatus::Queued, 0)).await;
    put(&*store, run("works", "g", 1, RunStatus::Running, 1)).await;
    assert_eq!(turn(&*store, 1_000, 9).await, ["high", "older", "a", "b", "low"]);
    assert_eq!(turn(&*store, 1, 9).await, ["low", "older", "a", "b", "high"]);
    // Of two that are equal by then, the older.
    assert_eq!(turn(&*store, 10, 9).await, ["older", "high", "a", "b", "low"]);
    assert_eq!(turn(&*store, 1_000, 3).await, ["high", "older", "a"]);
    assert_eq!(turn(&*store, 1_000, 0).await, [""; 0]);
    assert_eq!(store.waiting().await.unwrap(), 5);
    let without = vec![(session("b"), "default".to_owned()), (session("c"), "other".to_owned())];
    let query = TurnQuery { age_ms: 1_000, without, limit: 2 };
    assert_eq!(ids(store.turn(&query).await.unwrap()), ["older", "a"]);
    // One begins, one is cancelled before it begins, one goes with its session.
    let begun = Run { in_turn: true, priority: 2, ..run("high", "b", 130, RunStatus::Running, 1) };
    put(&*store, begun.clone()).await;
    put(&*store, Run { status: RunStatus::Cancelled, ..waits("older", "c", 110, 0) }).await;
    store.delete(&session("d"), 1, super::entry(2, "gone")).await.unwrap();
    assert_eq!((turn(&*store, 1_000, 9).await, store.waiting().await.unwrap()), (vec!["a".into(), "low".into()], 2));
    // By another handle the same.
    assert_eq!(turn(&*bed.open().await, 1_000, 9).await, ["a", "low"]);
    let statuses = vec![RunStatus::Queued, RunStatus::Running, RunStatus::Waiting];
    let held = RunQuery { statuses, waits: Some(false), limit: 9, ..RunQuery::default() };
    assert_eq!(ids(store.runs(&held).await.unwrap()), ["high", "works", "taken"]);
    let waiting = RunQuery { waits: Some(true), ..held.clone() };
    assert_eq!(ids(store.runs(&waiting).await.unwrap()), ["a", "low"]);
    assert_eq!(store.run(&RunId::from_text("high")).await.unwrap(), Some(begun));
}

pub(super) async fn runs_are_chosen_and_counted(bed: &Bed) {
    let store = bed.open().await;
    let labelled = |row: Run, agent: &str, labels: &[(&str, &str)]| {
        let mut words = Labels::default();
        labels.iter().for_each(|(key, value)| words.insert(key, (*value).to_owned()));
        Run { agent: agent.to_owned(), labels: words, ..row }
    };
    let task = ("kind", "task");
    for row in [
        labelled(run("1", "s", 10, RunStatus::Completed, 1), "a", &[task]),
        labelled(run("2", "t", 20, RunStatus::Failed, 1), "a", &[task, ("of", "me")]),
        labelled(Run { priority: 5, ..run("3", "u", 30, RunStatus::Completed, 1) }, "b", &[task]),
        labelled(run("4", "s", 40, RunStatus::Completed, 1), "b", &[("kind", "chat")]),
        labelled(Run { priority: 5, ..waits("5", "v", 50, 0) }, "a", &[task]),
        run("6", "s", 60, RunStatus::Running, 1),
    ] {
        put(&*store, row).await;
    }
    let all = RunQuery { limit: 9, ..RunQuery::default() };
    let agent = |agent: &str| RunQuery { agent: Some(agent.to_owned()), ..all.clone() };
    let label = |labels: &[(&str, &str)]| {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        RunQuery { labels, ..all.clone() }
    };
    let status = |statuses: &[RunStatus]| RunQuery { statuses: statuses.to_vec(), ..all.clone() };
    let ended = [RunStatus::Completed, RunStatus::Failed];
    let works = [RunStatus::Queued, RunStatus::Running];
    for (query, expected) in [
        (all.clone(), vec!["6", "5", "4", "3", "2", "1"]),
        (agent("a"), vec!["5", "2", "1"]),
        (agent("nobody"), vec![]),
        (status(&[RunStatus::Completed]), vec!["4", "3", "1"]),
        (status(&ended), vec!["4", "3", "2", "1"]),
        (status(&works), vec!["6", "5"]),
        (RunQuery { priority: Some(5), ..all.clone() }, vec!["5", "3"]),
        (RunQuery { statuses: ended.to_vec(), ..agent("a") }, vec!["2", "1"]),
        (RunQuery { statuses: works.to_vec(), ..agent("a") }, vec!["5"]),
        (label(&[task]), vec!["5", "3", "2", "1"]),
        (label(&[task, ("of", "me")]), vec!["2"]),
        (label(&[("of", "you")]), vec![]),
        (RunQuery { agent: Some("a".into()), statuses: ended.to_vec(), ..label(&[task]) }, vec!["2", "1"]),
        (RunQuery { priority: Some(0), waits: Some(false), ..label(&[task]) }, vec!["2", "1"]),
        (RunQuery { session: Some(session("s")), ..label(&[task]) }, vec!["1"]),
        (RunQuery { session: Some(session("s")), statuses: ended.to_vec(), ..all.clone() }, vec!["4", "1"]),
        (RunQuery { session: Some(session("none")), ..label(&[task]) }, vec![]),
    ] {
        assert_eq!(ids(store.runs(&query).await.unwrap()), expected, "{query:?}");
        assert_eq!(store.count_runs(&query).await.unwrap(), expected.len() as u64, "{query:?}");
        let page = RunQuery { offset: 1, limit: 2, ..query };
        let expected_page: Vec<_> = expected.iter().copied().skip(1).take(2).collect();
        assert_eq!(ids(store.runs(&page).await.unwrap()), expected_page, "{page:?}");
        assert_eq!(store.count_runs(&page).await.unwrap(), expected.len() as u64, "{page:?}");
    }
    // A label follows its run, and goes with its session.
    let begun = labelled(Run { priority: 5, in_turn: true, ..run("5", "v", 50, RunStatus::Running, 1) }, "a", &[task]);
    put(&*store, begun.clone()).await;
    let running = RunQuery { statuses: vec![RunStatus::Running], ..label(&[task]) };
    assert_eq!(store.runs(&running).await.unwrap(), [begun]);
    store.delete(&session("v"), 2, super::entry(3, "gone")).await.unwrap();
    assert_eq!(ids(store.runs(&label(&[task])).await.unwrap()), ["3", "2", "1"]);
    assert_eq!(store.count_runs(&label(&[task])).await.unwrap(), 3);
}
