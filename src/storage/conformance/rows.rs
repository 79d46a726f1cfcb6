//! Lists of sessions and runs.

use super::{Bed, active, append, run, session, sized, summary};
use crate::domain::{Labels, Participant, Person, RunStatus, SessionSummary, Timestamp};
use crate::storage::{Counts, RunQuery, SessionQuery, SessionsAfter, Store};

async fn put(store: &dyn Store, row: SessionSummary) {
    let mut append = append(row.session.id.as_str(), 0, &["x"]);
    append.summary = row;
    store.append(append).await.unwrap();
}

async fn ids(store: &dyn Store, query: &SessionQuery) -> Vec<String> {
    let rows = store.sessions(query).await.unwrap();
    rows.into_iter().map(|row| row.session.id.to_string()).collect()
}

pub(super) async fn sessions_are_listed_newest_first_in_pages(bed: &Bed) {
    let store = bed.open().await;
    let long = "l".repeat(128);
    for (id, at) in [("b", 20), ("a", 20), ("old", 10), ("A:x", 20), (&*long, 20), ("new", 30)] {
        put(&*store, summary(id, at)).await;
    }
    let order = ["new", "A:x", "a", "b", &*long, "old"];
    assert_eq!(ids(&*store, &SessionQuery { limit: 9, ..SessionQuery::default() }).await, order);
    assert_eq!(ids(&*store, &SessionQuery::default()).await, [""; 0]);
    let mut query = SessionQuery { limit: 2, ..SessionQuery::default() };
    for page in order.chunks(2) {
        let rows = store.sessions(&query).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.session.id.as_str()).collect::<Vec<_>>(), page);
        query.after =
            rows.last().map(|row| SessionsAfter { updated_at: row.session.updated_at, id: row.session.id.clone() });
    }
    assert_eq!(store.sessions(&query).await.unwrap(), []);
    query.after = Some(SessionsAfter { updated_at: Timestamp::from_millis(20), id: session("aa") });
    assert_eq!(ids(&*store, &query).await, ["b", &*long]);
}

pub(super) async fn sessions_are_chosen_by_label_agent_and_work(bed: &Bed) {
    let store = bed.open().await;
    let tagged = |tags: &[&str]| Labels::from_tags(tags.iter().map(|tag| (*tag).to_owned()));
    let working = run("r", "working", 1, RunStatus::Running, 1);
    let mut rows = [summary("none", 4), summary("one", 3), summary("both", 2), summary("working", 1)];
    rows[1].session.labels = tagged(&["x"]);
    rows[2].session.labels = tagged(&["x", "y"]);
    rows[2].session.agent = "other".to_owned();
    rows[3].active = vec![active(&working)];
    for row in rows {
        put(&*store, row).await;
    }
    let labels = |tags: &[&str]| tags.iter().map(|tag| ("tag".to_owned(), (*tag).to_owned())).collect::<Vec<_>>();
    let by = |labels, agent: Option<&str>, active| SessionQuery {
        labels,
        agent: agent.map(str::to_owned),
        active,
        limit: 9,
        ..SessionQuery::default()
    };
    assert_eq!(ids(&*store, &by(labels(&["x"]), None, false)).await, ["one", "both"]);
    assert_eq!(ids(&*store, &by(labels(&["x", "y"]), None, false)).await, ["both"]);
    assert_eq!(ids(&*store, &by(labels(&["z"]), None, false)).await, [""; 0]);
    assert_eq!(ids(&*store, &by(vec![("x".into(), "x".into())], None, false)).await, [""; 0]);
    assert_eq!(ids(&*store, &by(Vec::new(), Some("other"), false)).await, ["both"]);
    assert_eq!(ids(&*store, &by(Vec::new(), None, true)).await, ["working"]);
    assert_eq!(ids(&*store, &by(labels(&["x"]), None, true)).await, [""; 0]);
    let first = SessionQuery { limit: 1, ..by(labels(&["x"]), None, false) };
    assert_eq!(ids(&*store, &first).await, ["one"]);
}

pub(super) async fn sessions_are_chosen_by_who_takes_part(bed: &Bed) {
    let store = bed.open().await;
    let (anna, alpha) = (Participant::person("anna"), Participant::agent("alpha"));
    let named = Participant::Person(Person { id: "anna".into(), name: Some("Anna".into()) });
    let with = |id: &str, at, agent: &str, participants: &[&Participant]| {
        let mut row = summary(id, at);
        row.session.agent = agent.to_owned();
        row.session.participants = participants.iter().map(|who| (*who).clone()).collect();
        row
    };
    let other = Participant::agent("other");
    for row in [
        with("none", 1, "alpha", &[]),
        with("alone", 2, "default", &[&anna]),
        with("both", 3, "default", &[&named, &alpha]),
        with("left", 4, "alpha", &[&anna, &alpha]),
        with("deleted", 5, "default", &[&anna, &alpha]),
        with("another", 6, "alpha", &[&Participant::person("agent:alpha"), &other]),
    ] {
        put(&*store, row).await;
    }
    store.delete(&session("deleted"), 1, super::entry(2, "gone")).await.unwrap();
    let of = |who: &Participant| SessionQuery { participant: Some(who.clone()), limit: 9, ..SessionQuery::default() };
    assert_eq!(ids(&*store, &of(&anna)).await, ["left", "both", "alone"]);
    assert_eq!(ids(&*store, &of(&named)).await, ["left", "both", "alone"]);
    assert_eq!(ids(&*store, &of(&alpha)).await, ["left", "both", "none"]);
    assert_eq!(ids(&*store, &of(&other)).await, ["another"]);
    assert_eq!(ids(&*store, &of(&Participant::agent("default"))).await, ["alone"]);
    assert_eq!(ids(&*store, &of(&Participant::person("nobody"))).await, [""; 0]);
    let after = SessionsAfter { updated_at: Timestamp::from_millis(4), id: session("left") };
    let page = SessionQuery { after: Some(after), limit: 1, ..of(&anna) };
    assert_eq!(ids(&*store, &page).await, ["both"]);
    let mut left = append("left", 1, &["y"]);
    left.summary = with("left", 7, "alpha", &[&other]);
    store.append(left).await.unwrap();
    assert_eq!(ids(&*store, &of(&anna)).await, ["both", "alone"]);
    assert_eq!(ids(&*store, &of(&alpha)).await, ["both", "none"]);
    assert_eq!(ids(&*store, &of(&other)).await, ["left", "another"]);
}

pub(super) async fn sessions_are_chosen_by_their_end(bed: &Bed) {
    let store = bed.open().await;
    let ends = |id: &str, at, end: Option<i64>| {
        let mut row = summary(id, at);
        row.session.expires_at = end.map(Timestamp::from_millis);
        row
    };
    for row in [ends("never", 1, None), ends("soon", 2, Some(50)), ends("later", 3, Some(60)), ends("renewed", 4, Some(10))]
    {
        put(&*store, row).await;
    }
    let mut told = ends("told", 5, Some(10));
    told.session.expired = true;
    put(&*store, told).await;
    put(&*store, ends("deleted", 6, Some(10))).await;
    store.delete(&session("deleted"), 1, super::entry(2, "gone")).await.unwrap();
    let renewed = async |end| {
        let head = store.head(&session("renewed")).await.unwrap().unwrap();
        let mut append = append("renewed", head.seq, &["x"]);
        append.summary = ends("renewed", 7, end);
        store.append(append).await.unwrap();
    };
    let at = |now| SessionQuery { expired_before: Some(Timestamp::from_millis(now)), limit: 9, ..SessionQuery::default() };
    assert_eq!(ids(&*store, &at(49)).await, ["renewed"]);
    renewed(Some(55)).await;
    assert_eq!(ids(&*store, &at(49)).await, [""; 0]);
    assert_eq!(ids(&*store, &at(50)).await, ["soon"]);
    assert_eq!(ids(&*store, &at(59)).await, ["renewed", "soon"]);
    assert_eq!(ids(&*store, &at(60)).await, ["renewed", "later", "soon"]);
    let page = SessionQuery { limit: 1, agent: Some("default".into()), ..at(60) };
    assert_eq!(ids(&*store, &page).await, ["renewed"]);
    let next = SessionsAfter { updated_at: Timestamp::from_millis(7), id: session("renewed") };
    assert_eq!(ids(&*store, &SessionQuery { after: Some(next), ..page }).await, ["later"]);
    renewed(None).await;
    assert_eq!(ids(&*store, &at(60)).await, ["later", "soon"]);
}

pub(super) async fn a_row_changes_with_its_log(bed: &Bed) {
    let store = bed.open().await;
    let mut first = summary("s", 5);
    first.session.labels = Labels::from_tags(["old".to_owned()]);
    put(&*store, first.clone()).await;
    put(&*store, summary("t", 6)).await;
    assert_eq!(store.summary(&session("s")).await.unwrap(), Some(sized(first, 1)));
    let mut second = append("s", 1, &["y"]);
    second.summary = summary("s", 7);
    second.summary.session.title = Some("A title".to_owned());
    second.summary.session.labels = Labels::from_tags(["new".to_owned()]);
    second.summary.events = 2;
    let expected = sized(second.summary.clone(), 2);
    store.append(second).await.unwrap();
    assert_eq!(store.summary(&session("s")).await.unwrap(), Some(expected.clone()));
    assert_eq!(store.summary(&session("u")).await.unwrap(), None);
    let all = SessionQuery { limit: 9, ..SessionQuery::default() };
    assert_eq!(store.sessions(&all).await.unwrap(), [expected, sized(summary("t", 6), 1)]);
    let tagged = |tag: &str| SessionQuery { labels: vec![("tag".into(), tag.into())], ..all.clone() };
    assert_eq!(ids(&*store, &tagged("old")).await, [""; 0]);
    assert_eq!(ids(&*store, &tagged("new")).await, ["s"]);
}

pub(super) async fn runs_are_listed_newest_first(bed: &Bed) {
    let store = bed.open().await;
    let rows = [
        run("r1", "s", 10, RunStatus::Completed, 1),
        run("r2", "s", 30, RunStatus::Running, 1),
        run("r3", "t", 20, RunStatus::Queued, 0),
        run("r4", "t", 20, RunStatus::Failed, 2),
    ];
    for (id, of) in [("s", &rows[..2]), ("t", &rows[2..])] {
        let mut append = append(id, 0, &["x"]);
        append.runs = of.to_vec();
        store.append(append).await.unwrap();
    }
    let listed = async |of: Option<&str>, statuses: &[RunStatus], limit| {
        let query = RunQuery { session: of.map(session), statuses: statuses.to_vec(), limit, ..RunQuery::default() };
        let found = store.runs(&query).await.unwrap();
        for run in &found {
            assert!(rows.contains(run));
        }
        found.into_iter().map(|run| run.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, &[], 9).await, ["r2", "r4", "r3", "r1"]);
    assert_eq!(listed(None, &[], 2).await, ["r2", "r4"]);
    assert_eq!(listed(None, &[], 0).await, [""; 0]);
    assert_eq!(listed(Some("s"), &[], 9).await, ["r2", "r1"]);
    assert_eq!(listed(Some("u"), &[], 9).await, [""; 0]);
    assert_eq!(listed(None, &[RunStatus::Queued, RunStatus::Running], 9).await, ["r2", "r3"]);
    assert_eq!(listed(None, &[RunStatus::Queued, RunStatus::Failed], 9).await, ["r4", "r3"]);
    assert_eq!(listed(Some("s"), &[RunStatus::Queued, RunStatus::Failed], 9).await, [""; 0]);
}

pub(super) async fn sessions_are_counted(bed: &Bed) {
    let store = bed.open().await;
    assert_eq!(store.counts().await.unwrap(), Counts::default());
    let working = run("r", "working", 1, RunStatus::Running, 1);
    let mut busy = append("working", 0, &["x"]);
    busy.summary.active = vec![active(&working)];
    busy.runs = vec![working];
    store.append(busy).await.unwrap();
    for id in ["a", "b", "c"] {
        put(&*store, summary(id, 1)).await;
    }
    store.put_blob(&session("nobody"), b"bytes that came before their session").await.unwrap();
    store.delete(&session("b"), 1, super::entry(2, "gone")).await.unwrap();
    assert_eq!(store.counts().await.unwrap(), Counts { sessions: 3, active: 1 });
    assert_eq!(ids(&*store, &SessionQuery { limit: 9, ..SessionQuery::default() }).await, ["a", "c", "working"]);
}

pub(super) async fn runs_change_their_state(bed: &Bed) {
    let store = bed.open().await;
    let at_work = RunQuery { statuses: vec![RunStatus::Running], limit: 9, ..RunQuery::default() };
    let states = [RunStatus::Queued, RunStatus::Running, RunStatus::Completed, RunStatus::Running];
    for (after, status) in (0..).zip(states) {
        let row = run("r", "s", 1, status, after);
        let mut append = append("s", after, &["x"]);
        append.runs = vec![row.clone()];
        store.append(append).await.unwrap();
        assert_eq!(store.run(&row.id).await.unwrap().as_ref(), Some(&row));
        let expected = if status == RunStatus::Running { vec![row] } else { Vec::new() };
        assert_eq!(store.runs(&at_work).await.unwrap(), expected);
    }
    assert_eq!(store.run(&crate::domain::RunId::from_text("q")).await.unwrap(), None);
}
