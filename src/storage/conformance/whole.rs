//! What is about whole logs and the whole store: finding words, logs that come in pages, copies.

use tokio::sync::mpsc;

use super::{Bed, append, entry, head, log, record, run, session, summary, texts, told};
use crate::domain::{ErrorCode, RunId, RunStatus, Timestamp};
use crate::storage::{
    Adopted, Append, AppendError, Head, RunQuery, SessionQuery, Snapshot, Store, StoreUrl, Terms, Text, TextPlace,
    TextQuery, kind_of_session, open,
};

/// An append whose texts can be searched.
fn said(id: &str, after: u64, bodies: &[&str]) -> Append {
    let mut append = append(id, after, bodies);
    append.texts = append.entries.iter().filter_map(told).collect();
    append
}

fn query(words: &str) -> TextQuery {
    TextQuery {
        terms: Terms::parse(words).unwrap(),
        told,
        labels: Vec::new(),
        agent: None,
        since: None,
        after: None,
        limit: 9,
        bytes: u64::MAX,
    }
}

async fn found(store: &dyn Store, query: &TextQuery) -> Vec<(String, u64)> {
    let found = store.search(query).await.unwrap();
    assert!(!found.is_cut);
    found.places.into_iter().map(|place| (place.session.to_string(), place.seq)).collect()
}

fn places(places: &[(&str, u64)]) -> Vec<(String, u64)> {
    places.iter().map(|(session, seq)| ((*session).to_owned(), *seq)).collect()
}

/// Two sessions, of which `new` was made later.
async fn two(store: &dyn Store) {
    let at = |moment, mut append: Append| {
        append.summary.session.created_at = Timestamp::from_millis(moment);
        append
    };
    store.append(at(10, said("old", 0, &["A flaky test", "nothing"]))).await.unwrap();
    store.append(at(20, said("new", 0, &["the test is FLAKY, flaky", "flakyness", "Übermut tut gut"]))).await.unwrap();
    store.append(at(10, said("old", 2, &["flaky again"]))).await.unwrap();
}

pub(super) async fn texts_are_found_by_their_words(bed: &Bed) {
    let store = bed.open().await;
    assert_eq!(found(&*store, &query("flaky")).await, []);
    two(&*store).await;
    for (words, expected) in [
        ("flaky", &[("new", 1), ("old", 3), ("old", 1)][..]),
        ("flak*", &[("new", 2), ("new", 1), ("old", 3), ("old", 1)]),
        ("test FLAKY", &[("new", 1), ("old", 1)]),
        ("\"flaky test\"", &[("old", 1)]),
        ("übermut", &[("new", 3)]),
        ("flaky nothing", &[]),
    ] {
        assert_eq!(found(&*store, &query(words)).await, places(expected), "{words}");
    }
    // A title is searched as the session has it now.
    let named = |after, title: &str| {
        let mut append = said("new", after, &["named"]);
        append.summary.session.created_at = Timestamp::from_millis(20);
        append.summary.session.title = Some(title.to_owned());
        append.texts = vec![Text { seq: 0, text: title.to_owned() }];
        append
    };
    store.append(named(3, "Purple weeks")).await.unwrap();
    assert_eq!(found(&*store, &query("purple")).await, places(&[("new", 0)]));
    store.append(named(4, "Green weeks")).await.unwrap();
    assert_eq!(found(&*store, &query("purple")).await, []);
    assert_eq!(found(&*store, &query("green weeks")).await, places(&[("new", 0)]));
}

pub(super) async fn texts_are_found_in_chosen_sessions_in_pages(bed: &Bed) {
    let store = bed.open().await;
    two(&*store).await;
    let mut other = said("other", 0, &["flaky as well"]);
    other.summary.session.agent = "helper".to_owned();
    other.summary.session.labels.insert("tag", "x".to_owned());
    other.summary.session.created_at = Timestamp::from_millis(30);
    other.summary.session.updated_at = Timestamp::from_millis(900);
    store.append(other).await.unwrap();
    let of = |change: &dyn Fn(&mut TextQuery)| {
        let mut query = query("flaky");
        change(&mut query);
        query
    };
    let expected = places(&[("other", 1)]);
    assert_eq!(found(&*store, &of(&|query| query.agent = Some("helper".into()))).await, expected);
    assert_eq!(found(&*store, &of(&|query| query.labels = vec![("tag".into(), "x".into())])).await, expected);
    assert_eq!(found(&*store, &of(&|query| query.since = Some(Timestamp::from_millis(900)))).await, expected);
    let mut all = Vec::new();
    let mut page = of(&|query| query.limit = 1);
    loop {
        let found = store.search(&page).await.unwrap().places;
        let Some(place) = found.into_iter().next() else { break };
        all.push((place.session.to_string(), place.seq));
        page.after = Some(place);
    }
    assert_eq!(all, places(&[("other", 1), ("new", 1), ("old", 3), ("old", 1)]));
    page.limit = 0;
    page.after = None;
    assert_eq!(found(&*store, &page).await, []);
    let gone = TextPlace { created_at: Timestamp::from_millis(25), session: session("zzz"), seq: 1 };
    // Whoever gives a place that never was is told nothing wrong.
    let _ = store.search(&of(&|query| query.after = Some(gone.clone()))).await.unwrap();
}

/// More texts than an index may put off, asked for at every length: what is new, what is old, and what is both.
pub(super) async fn texts_are_found_however_many_there_are(bed: &Bed) {
    let store = bed.open().await;
    let mut expected = Vec::new();
    for after in (0..400).step_by(2) {
        let mut append = said("s", after, &[&format!("word {after}"), "common"]);
        append.texts.push(Text { seq: 0, text: format!("title{after}") });
        append.summary.session.title = Some(format!("title{after}"));
        store.append(append).await.unwrap();
        expected.insert(0, ("s".to_owned(), after + 2));
        if after % 50 == 24 {
            let mut all = query("common");
            all.limit = 1_000;
            assert_eq!(found(&*store, &all).await, expected, "after {after}");
            assert_eq!(found(&*store, &query(&format!("title{after}"))).await, places(&[("s", 0)]));
            assert_eq!(found(&*store, &query(&format!("title{}", after - 2))).await, []);
        }
    }
    for seq in [1, 399] {
        assert_eq!(found(&*store, &query(&format!("\"word {}\"", seq - 1))).await, places(&[("s", seq)]));
        store.scrub(&session("s"), entry(seq, "gone")).await.unwrap();
        assert_eq!(found(&*store, &query(&format!("\"word {}\"", seq - 1))).await, []);
    }
    let long = format!("common {}end", "many ".repeat(8 << 10));
    store.append(said("s", 400, &[&long])).await.unwrap();
    assert_eq!(found(&*store, &query("many end")).await, places(&[("s", 401)]));
    let mut page = query("common");
    (page.limit, page.after) = (2, store.search(&query("common")).await.unwrap().places.into_iter().nth(1));
    assert_eq!(found(&*store, &page).await, places(&[("s", 398), ("s", 396)]));
}

pub(super) async fn removed_texts_are_not_found_and_in_no_file(bed: &Bed) {
    let store = bed.open().await;
    for id in ["s", "t", "u"] {
        store.append(said(id, 0, &["the zanzibar parrot", "plain"])).await.unwrap();
        store.append(said(id, 2, &["zanzibar once more"])).await.unwrap();
    }
    store.scrub(&session("s"), entry(1, "gone")).await.unwrap();
    let mut there = found(&*store, &query("zanzibar")).await;
    there.sort();
    assert_eq!(there, places(&[("s", 3), ("t", 1), ("t", 3), ("u", 1), ("u", 3)]));
    store.scrub(&session("s"), entry(3, "gone")).await.unwrap();
    let clearing = append("t", 3, &["cleared"]);
    store.clear(clearing, |old| Ok(entry(old.seq, "blank"))).await.unwrap();
    store.delete(&session("u"), 3, entry(4, "deleted")).await.unwrap();
    assert_eq!(found(&*store, &query("zanzibar")).await, []);
    assert_eq!(bed.files_with("zanzibar"), [""; 0]);
    assert_eq!(bed.files_with("parrot"), [""; 0]);
}

/// Hands a log of these pages over.
async fn adopt(store: &dyn Store, id: &str, incarnation: u64, pages: Vec<Adopted>) -> Result<(), AppendError> {
    let (sender, waiting) = mpsc::channel(1);
    let session = session(id);
    let feeding = async move {
        for page in pages {
            if sender.send(page).await.is_err() {
                return;
            }
        }
    };
    let (adopted, ()) = tokio::join!(store.adopt(&session, incarnation, waiting), feeding);
    adopted
}

fn page(id: &str, first: u64, bodies: &[&str]) -> Adopted {
    let entries: Vec<_> = (first..).zip(bodies).map(|(seq, body)| entry(seq, body)).collect();
    let texts = entries.iter().filter_map(told).collect();
    let status = if first == 1 { RunStatus::Running } else { RunStatus::Completed };
    Adopted::Page { entries, runs: vec![run(&format!("run-of-{id}"), id, 5, status, 1)], texts }
}

fn end(id: &str, at: i64) -> Adopted {
    let mut summary = summary(id, at);
    summary.session.labels.insert("tag", "brought".to_owned());
    let records = vec![record(&kind_of_session(&session(id)), "file:f", "{}")];
    Adopted::End { summary: Box::new(summary), snapshot: Some(b"fold".to_vec()), records }
}

pub(super) async fn a_log_comes_whole(bed: &Bed) {
    let store = bed.open().await;
    adopt(&*store, "s", 1, vec![page("s", 1, &["one", "two"]), page("s", 3, &["three"]), end("s", 70)]).await.unwrap();
    let store = bed.open().await;
    let expected = [(1, "one"), (2, "two"), (3, "three")].map(|(seq, body)| (seq, body.to_owned()));
    assert_eq!(texts(&*store, "s").await, expected);
    assert_eq!(store.head(&session("s")).await.unwrap(), head(1, 3));
    assert_eq!(store.snapshot(&session("s")).await.unwrap(), Some(Snapshot { seq: 3, body: b"fold".to_vec() }));
    let tagged = SessionQuery { labels: vec![("tag".into(), "brought".into())], limit: 9, ..SessionQuery::default() };
    assert_eq!(store.sessions(&tagged).await.unwrap().len(), 1);
    assert_eq!(store.run(&RunId::from_text("run-of-s")).await.unwrap().unwrap().status, RunStatus::Completed);
    assert_eq!(store.records(&kind_of_session(&session("s"))).await.unwrap().len(), 1);
    assert_eq!(found(&*store, &query("two")).await, places(&[("s", 2)]));
    store.append(said("s", 3, &["four"])).await.unwrap();
    assert_eq!(store.read(&session("s"), 2, 9, 999).await.unwrap(), [entry(3, "three"), entry(4, "four")]);
}

pub(super) async fn a_log_that_breaks_off_leaves_nothing(bed: &Bed) {
    let store = bed.open().await;
    let broken = adopt(&*store, "s", 1, vec![page("s", 1, &["one", "the lost zanzibar"])]).await;
    assert!(matches!(broken, Err(AppendError::Store(error)) if error.code == ErrorCode::Internal));
    let gap = adopt(&*store, "s", 1, vec![page("s", 1, &["one"]), page("s", 3, &["zanzibar"]), end("s", 7)]).await;
    assert!(matches!(gap, Err(AppendError::Store(_))), "{gap:?}");
    assert_eq!(store.head(&session("s")).await.unwrap(), None);
    assert_eq!(log(&*store, "s").await, []);
    assert_eq!(store.runs(&RunQuery { limit: 9, ..RunQuery::default() }).await.unwrap(), []);
    assert_eq!(store.sessions(&SessionQuery { limit: 9, ..SessionQuery::default() }).await.unwrap(), []);
    assert_eq!(found(&*store, &query("zanzibar")).await, []);
    assert_eq!(store.counts().await.unwrap().sessions, 0);
    adopt(&*store, "s", 1, vec![page("s", 1, &["one"]), end("s", 7)]).await.unwrap();
    assert_eq!(log(&*store, "s").await, [entry(1, "one")]);
}

pub(super) async fn a_log_comes_where_there_is_none(bed: &Bed) {
    let store = bed.open().await;
    store.append(append("s", 0, &["a"])).await.unwrap();
    let taken = adopt(&*store, "s", 2, vec![page("s", 1, &["one"]), end("s", 7)]).await;
    assert_eq!(taken, Err(AppendError::Conflict(head(1, 1))));
    store.delete(&session("s"), 1, entry(2, "deleted")).await.unwrap();
    let gone = Some(Head { incarnation: 1, seq: 2, deleted: true });
    let old = adopt(&*store, "s", 1, vec![page("s", 1, &["one"]), end("s", 7)]).await;
    assert_eq!(old, Err(AppendError::Conflict(gone)));
    adopt(&*store, "s", 2, vec![page("s", 1, &["one"]), end("s", 7)]).await.unwrap();
    assert_eq!((store.head(&session("s")).await.unwrap(), log(&*store, "s").await.len()), (head(2, 1), 1));
    // A run belongs to one session.
    let mut foreign = page("t", 1, &["one"]);
    if let Adopted::Page { runs, .. } = &mut foreign {
        runs[0].id = RunId::from_text("run-of-s");
    }
    let taken = adopt(&*store, "t", 1, vec![foreign, end("t", 8)]).await;
    assert!(matches!(taken, Err(AppendError::Store(error)) if error.code == ErrorCode::Conflict));
    assert_eq!(store.head(&session("t")).await.unwrap(), None);
}

pub(super) async fn a_store_is_copied_while_it_is_used(bed: &Bed) {
    let store = bed.open().await;
    let copies = tempfile::tempdir().unwrap();
    let to = copies.path().join("copy");
    let url = match store.url().split_once(':').unwrap() {
        ("memory", _) => {
            assert_eq!(store.back_up(&to).await.unwrap_err().code, ErrorCode::NotSupported);
            return;
        }
        ("file", _) => StoreUrl::File(to.clone()),
        _ => StoreUrl::Sqlite(to.clone()),
    };
    let mut first = said("s", 0, &["a", "b"]);
    first.runs = vec![run("r", "s", 1, RunStatus::Running, 4), run("q", "s", 2, RunStatus::Completed, 1)];
    first.records = vec![record("agent", "x", "{}")];
    first.snapshot = Some(b"fold".to_vec());
    store.append(first).await.unwrap();
    let blob = store.put_blob(&session("s"), b"bytes").await.unwrap();
    let writer = bed.open().await;
    let writing = tokio::spawn(async move {
        for after in 0..200 {
            writer.append(append("busy", after, &["word"])).await.unwrap();
        }
    });
    store.back_up(&to).await.unwrap();
    writing.await.unwrap();
    let copy = open(&url).await.unwrap();
    assert_eq!(log(&*copy, "s").await, [entry(1, "a"), entry(2, "b")]);
    assert_eq!(copy.snapshot(&session("s")).await.unwrap().map(|kept| kept.seq), Some(2));
    assert_eq!(copy.blob(&session("s"), &blob).await.unwrap().as_deref(), Some(&b"bytes"[..]));
    assert_eq!(copy.records("agent").await.unwrap().len(), 1);
    assert_eq!(copy.run(&RunId::from_text("r")).await.unwrap().unwrap().fence, 4);
    let active = RunQuery { statuses: vec![RunStatus::Running], limit: 9, ..RunQuery::default() };
    assert_eq!(copy.runs(&active).await.unwrap().len(), 1);
    let busy = log(&*copy, "busy").await;
    assert!(busy.iter().zip(1..).all(|(entry, seq)| entry.seq == seq), "{busy:?}");
    copy.append(append("s", 2, &["c"])).await.unwrap();
    assert_eq!((log(&*copy, "s").await.len(), log(&*store, "s").await.len()), (3, 2));
    assert_eq!(store.back_up(&to).await.unwrap_err().code, ErrorCode::Conflict);
    let left: Vec<_> = std::fs::read_dir(copies.path()).unwrap().map(|item| item.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains('~')), "{left:?}");
}

pub(super) async fn sessions_are_found_by_the_beginning_of_their_id(bed: &Bed) {
    let store = bed.open().await;
    for id in ["abc-1", "abc-2", "abd", "x%c", "xyc"] {
        store.append(append(id, 0, &["a"])).await.unwrap();
    }
    let of = |prefix: &str| SessionQuery { prefix: Some(prefix.to_owned()), limit: 9, ..SessionQuery::default() };
    for (prefix, expected) in [("abc", &["abc-1", "abc-2"][..]), ("x%", &["x%c"]), ("abd", &["abd"]), ("b", &[])] {
        let rows = store.sessions(&of(prefix)).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.session.id.as_str()).collect::<Vec<_>>(), expected, "{prefix}");
    }
}

pub(super) async fn runs_are_read_on_after_a_row(bed: &Bed) {
    let store = bed.open().await;
    let mut append = append("s", 0, &["a"]);
    append.runs = [("a", 5), ("b", 5), ("c", 7), ("d", 9)].map(|(id, at)| run(id, "s", at, RunStatus::Completed, 1)).into();
    store.append(append).await.unwrap();
    let mut query = RunQuery { limit: 2, since: Some(Timestamp::from_millis(5)), ..RunQuery::default() };
    let mut ids = Vec::new();
    loop {
        let page = store.runs(&query).await.unwrap();
        let Some(last) = page.last() else { break };
        query.after = Some((last.queued_at, last.id.clone()));
        ids.extend(page.into_iter().map(|run| run.id.to_string()));
    }
    assert_eq!(ids, ["d", "c", "b", "a"]);
    let (to, mut pages) = mpsc::channel(9);
    let since = RunQuery { since: Some(Timestamp::from_millis(6)), ..RunQuery::default() };
    store.each_run(&since, to).await.unwrap();
    let mut each = Vec::new();
    while let Some(page) = pages.recv().await {
        each.extend(page.into_iter().map(|run| run.id.to_string()));
    }
    each.sort();
    assert_eq!(each, ["c", "d"]);
    let late = RunQuery { since: Some(Timestamp::from_millis(7)), limit: 9, ..RunQuery::default() };
    assert_eq!(store.runs(&late).await.unwrap().len(), 2);
    assert_eq!(store.count_runs(&late).await.unwrap(), 2);
}
