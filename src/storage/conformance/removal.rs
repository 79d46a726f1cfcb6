//! What is removed is gone: from the answers, and from the bytes of every file.

use secrecy::SecretString;

use super::{Bed, alias, append, entry, fence, head, log, record, run, session, sized};
use crate::domain::{Error, ErrorCode, FileId, RunId, RunStatus};
use crate::storage::{AppendError, Entry, Head, Record, RunQuery, SessionQuery, Snapshot, kind_of_session};

pub(super) async fn scrubbed_text_is_in_no_file(bed: &Bed) {
    let store = bed.open().await;
    let long = format!("long-canary {}", "z".repeat(20_000));
    let mut first = append("s", 0, &["a", "the canary-7311 sings", &long]);
    first.snapshot = Some(b"a fold with canary-7311".to_vec());
    store.append(first).await.unwrap();
    let mut second = append("s", 3, &["b"]);
    second.snapshot = Some(b"a further fold with canary-7311".to_vec());
    store.append(second).await.unwrap();
    store.scrub(&session("s"), entry(2, "gone")).await.unwrap();
    store.scrub(&session("s"), entry(3, "gone too")).await.unwrap();
    assert_eq!(bed.files_with("canary"), [""; 0]);
    assert_eq!(store.snapshot(&session("s")).await.unwrap(), None);
    let rest = [entry(1, "a"), entry(2, "gone"), entry(3, "gone too"), entry(4, "b")];
    assert_eq!(log(&*store, "s").await, rest);
    assert_eq!(store.head(&session("s")).await.unwrap(), head(1, 4));
    let size = async || store.summary(&session("s")).await.unwrap().unwrap().bytes;
    assert_eq!(size().await, 14);
    for (id, seq) in [("s", 0), ("s", 5), ("t", 1)] {
        let error = store.scrub(&session(id), entry(seq, "x")).await.unwrap_err();
        assert_eq!((error.code, error.message), (ErrorCode::NotFound, format!("entry `{id}#{seq}` is not known")));
    }
    store.append(append("s", 4, &["c"])).await.unwrap();
    assert_eq!(log(&*store, "s").await.last(), Some(&entry(5, "c")));
    assert_eq!(size().await, 15);
}

/// Pages split and merge while a store is used; no copy that was left behind may stay.
pub(super) async fn scrubbed_text_is_in_no_file_of_a_large_store(bed: &Bed) {
    let store = bed.open().await;
    // A fixed row of numbers that look like chance.
    let mut number = 7_usize;
    let mut chance = |below: usize| {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (number >> 33) % below
    };
    let name = |id: usize, seq: u64| format!("of{id:04}-{seq:04}-canary");
    let mut ends = [0_u64; 8];
    for _ in 0..150 {
        let id = chance(8);
        let after = ends[id];
        ends[id] += 3;
        let bodies: Vec<_> = (after + 1..=ends[id]).map(|seq| name(id, seq) + &"y".repeat(chance(1500))).collect();
        let bodies: Vec<_> = bodies.iter().map(String::as_str).collect();
        store.append(append(&format!("s{id}"), after, &bodies)).await.unwrap();
    }
    let mut gone = std::collections::BTreeSet::new();
    while gone.len() < 200 {
        let id = chance(8);
        gone.insert((id, chance(usize::try_from(ends[id]).unwrap()) as u64 + 1));
    }
    let scrubs = gone.iter().map(async |(id, seq)| store.scrub(&session(&format!("s{id}")), entry(*seq, "gone")).await);
    for answer in futures_util::future::join_all(scrubs).await {
        answer.unwrap();
    }
    let left = gone.iter().filter(|(id, seq)| !bed.files_with(&name(*id, *seq)).is_empty());
    assert_eq!(left.collect::<Vec<_>>(), Vec::<&(usize, u64)>::new());

    store.delete(&session("s3"), ends[3], entry(ends[3] + 1, "deleted")).await.unwrap();
    assert_eq!(bed.files_with("of0003-"), [""; 0]);
    assert_eq!(log(&*store, "s3").await, [entry(ends[3] + 1, "deleted")]);
    for (id, end) in ends.into_iter().enumerate().filter(|(id, _)| *id != 3) {
        let kept = log(&*store, &format!("s{id}")).await;
        assert_eq!(kept.len() as u64, end);
        assert!(kept.iter().all(|entry| gone.contains(&(id, entry.seq)) == (entry.body == "gone")));
    }
}

pub(super) async fn removed_records_and_secrets_are_in_no_file(bed: &Bed) {
    let store = bed.open().await;
    store.put_record(record("k", "a", "canary one")).await.unwrap();
    store.put_secret("o", "n", Some(&SecretString::from("canary two"))).await.unwrap();
    assert!(store.remove_record("k", "a").await.unwrap());
    store.put_secret("o", "n", None).await.unwrap();
    let blob = store.put_blob(&session("s"), b"canary three").await.unwrap();
    assert!(store.remove_blob(&session("s"), &blob).await.unwrap());
    assert_eq!(bed.files_with("canary"), [""; 0]);
}

pub(super) async fn a_removed_file_of_the_house_is_in_no_file(bed: &Bed) {
    let store = bed.open().await;
    let [gone, kept] = ["gone", "kept"].map(FileId::from_text);
    for id in [&gone, &kept] {
        super::kept::bring(&*store, id, &[if id == &gone { b"canary" } else { b"of others" }]).await;
    }
    assert!(store.remove_file(&gone).await.unwrap());
    assert_eq!(bed.files_with("canary"), [""; 0]);
    assert_eq!(store.file_bytes(&gone, 0, 9).await.unwrap(), None);
    assert_eq!(store.file_bytes(&kept, 0, 9).await.unwrap().as_deref(), Some(&b"of others"[..]));
}

fn blank(old: &Entry) -> Result<Entry, Error> {
    match old.body.as_str() {
        "broken" => Err(Error::internal("it cannot be read")),
        "kept" => Ok(old.clone()),
        _ => Ok(entry(old.seq, "blank")),
    }
}

pub(super) async fn what_was_said_in_a_cleared_session_is_in_no_file(bed: &Bed) {
    let store = bed.open().await;
    let long = format!("long-canary {}", "z".repeat(20_000));
    let mut full = append("s", 0, &["kept", "canary a", &long]);
    full.snapshot = Some(b"canary fold".to_vec());
    full.runs = vec![run("r", "s", 1, RunStatus::Completed, 1)];
    full.summary.session.title = Some("a title".to_owned());
    full.aliases = vec![alias("k", "s")];
    store.append(full).await.unwrap();
    store.append(append("s", 3, &["canary b"])).await.unwrap();
    store.append(append("t", 0, &["of t"])).await.unwrap();
    let blob = store.put_blob(&session("s"), b"canary blob").await.unwrap();
    let kept = store.put_blob(&session("t"), b"of t").await.unwrap();
    store.put_secret("session:s", "n", Some(&SecretString::from("secret"))).await.unwrap();
    for of in ["s", "t"] {
        store.put_record(record(&kind_of_session(&session(of)), "file:x", "canary record")).await.unwrap();
    }
    store.put_record(record(&kind_of_session(&session("t")), "file:x", "of t")).await.unwrap();

    let late = store.clear(append("s", 3, &["cleared"]), blank).await;
    assert_eq!(late, Err(AppendError::Conflict(head(1, 4))));
    for id in ["never", "t"] {
        let missing = store.clear(append(id, 7, &["cleared"]), blank).await;
        assert_eq!(missing, Err(AppendError::Conflict(head(1, 1).filter(|_| id == "t"))));
    }
    let mut names = append("s", 4, &["cleared"]);
    names.aliases = vec![alias("l", "s")];
    assert!(matches!(store.clear(names, blank).await, Err(AppendError::Store(_))));
    assert!(store.blob(&session("s"), &blob).await.unwrap().is_some());

    let mut clearing = append("s", 4, &["cleared"]);
    clearing.snapshot = Some(b"the fold afterwards".to_vec());
    clearing.summary.events = 5;
    let row = clearing.summary.clone();
    store.clear(clearing, blank).await.unwrap();
    assert_eq!(bed.files_with("canary"), [""; 0]);
    let rest = [entry(1, "kept"), entry(2, "blank"), entry(3, "blank"), entry(4, "blank"), entry(5, "cleared")];
    assert_eq!(log(&*store, "s").await, rest);
    assert_eq!(store.head(&session("s")).await.unwrap(), head(1, 5));
    assert_eq!(store.summary(&session("s")).await.unwrap(), Some(sized(row, 26)));
    let snapshot = Snapshot { seq: 5, body: b"the fold afterwards".to_vec() };
    assert_eq!(store.snapshot(&session("s")).await.unwrap(), Some(snapshot));
    assert_eq!(store.blob(&session("s"), &blob).await.unwrap(), None);
    assert!(store.blob(&session("t"), &kept).await.unwrap().is_some());
    assert_eq!(store.run(&RunId::from_text("r")).await.unwrap().map(|run| run.status), Some(RunStatus::Completed));
    assert_eq!(store.resolve("space", "k").await.unwrap().as_deref(), Some("s"));
    assert!(store.secret("session:s", "n").await.unwrap().is_some());
    assert_eq!(store.records("session:s").await.unwrap(), []);
    assert_eq!(store.records("session:t").await.unwrap().len(), 1);

    // It goes on, and is cleared again; the old fold goes also when no new one comes.
    store.append(append("s", 5, &["kept", "canary c"])).await.unwrap();
    store.clear(append("s", 7, &["cleared again"]), blank).await.unwrap();
    assert_eq!(bed.files_with("canary"), [""; 0]);
    assert_eq!(store.snapshot(&session("s")).await.unwrap(), None);
    assert_eq!(log(&*store, "s").await.last(), Some(&entry(8, "cleared again")));
    // What cannot be read stops it whole.
    store.append(append("s", 8, &["broken"])).await.unwrap();
    assert!(matches!(store.clear(append("s", 9, &["cleared"]), blank).await, Err(AppendError::Store(_))));
    assert_eq!(store.head(&session("s")).await.unwrap(), head(1, 9));
    assert_eq!(log(&*store, "s").await.last(), Some(&entry(9, "broken")));
}

pub(super) async fn a_deleted_session_leaves_its_head(bed: &Bed) {
    let store = bed.open().await;
    let mut full = append("s", 0, &["canary a", "canary b"]);
    full.summary.session.title = Some("canary title".to_owned());
    full.runs = vec![run("r", "s", 1, RunStatus::Running, 1)];
    full.snapshot = Some(b"canary fold".to_vec());
    full.aliases = vec![alias("canary-k", "s"), alias("canary-l", "r"), alias("of t", "t")];
    store.append(full).await.unwrap();
    let mut other = append("t", 0, &["x"]);
    other.runs = vec![run("q", "t", 1, RunStatus::Running, 1)];
    store.append(other).await.unwrap();
    let blob = store.put_blob(&session("s"), b"canary blob").await.unwrap();
    let kept = store.put_blob(&session("t"), b"of t").await.unwrap();
    store.put_secret("session:s", "n", Some(&SecretString::from("canary secret"))).await.unwrap();
    store.put_secret("session:t", "n", Some(&SecretString::from("of t"))).await.unwrap();

    for (of, body) in [("s", "canary record"), ("t", "of t")] {
        let record = Record { kind: kind_of_session(&session(of)), id: "file:x".to_owned(), body: body.to_owned() };
        store.put_record(record).await.unwrap();
    }

    let conflict = store.delete(&session("s"), 1, entry(2, "deleted")).await;
    assert_eq!(conflict, Err(AppendError::Conflict(head(1, 2))));
    store.delete(&session("s"), 2, entry(3, "deleted")).await.unwrap();
    assert_eq!(bed.files_with("canary"), [""; 0]);
    let gone = Some(Head { incarnation: 1, seq: 3, deleted: true });
    assert_eq!(store.head(&session("s")).await.unwrap(), gone);
    assert_eq!(log(&*store, "s").await, [entry(3, "deleted")]);
    assert_eq!(store.read(&session("s"), 2, 9, 9).await.unwrap(), [entry(3, "deleted")]);
    assert_eq!(store.read_back(&session("s"), None, 9).await.unwrap(), [entry(3, "deleted")]);
    assert_eq!(store.summary(&session("s")).await.unwrap(), None);
    assert_eq!(store.snapshot(&session("s")).await.unwrap(), None);
    assert_eq!(store.run(&RunId::from_text("r")).await.unwrap(), None);
    assert_eq!(store.blob(&session("s"), &blob).await.unwrap(), None);
    assert_eq!(store.resolve("space", "canary-k").await.unwrap(), None);
    assert_eq!(store.resolve("space", "canary-l").await.unwrap(), None);
    assert!(store.secret("session:s", "n").await.unwrap().is_none());
    assert_eq!(store.records(&kind_of_session(&session("s"))).await.unwrap(), []);

    let sessions = store.sessions(&SessionQuery { limit: 9, ..SessionQuery::default() }).await.unwrap();
    assert_eq!(sessions.iter().map(|row| row.session.id.as_str()).collect::<Vec<_>>(), ["t"]);
    let runs = store.runs(&RunQuery { limit: 9, ..RunQuery::default() }).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["q"]);
    assert!(store.blob(&session("t"), &kept).await.unwrap().is_some());
    assert_eq!(store.resolve("space", "of t").await.unwrap().as_deref(), Some("t"));
    assert!(store.secret("session:t", "n").await.unwrap().is_some());
    assert_eq!(store.records("session:t").await.unwrap().len(), 1);
    for id in ["s", "never"] {
        let again = store.delete(&session(id), 3, entry(4, "deleted")).await;
        assert_eq!(again, Err(AppendError::Conflict(gone.filter(|_| id == "s"))));
    }
}

pub(super) async fn a_deleted_session_is_made_again(bed: &Bed) {
    let store = bed.open().await;
    let mut first = append("s", 0, &["a", "b"]);
    first.runs = vec![run("r", "s", 1, RunStatus::Running, 4)];
    first.aliases = vec![alias("k", "s")];
    first.snapshot = Some(b"fold".to_vec());
    store.append(first).await.unwrap();
    store.delete(&session("s"), 2, entry(3, "deleted")).await.unwrap();
    let gone = Some(Head { incarnation: 1, seq: 3, deleted: true });
    let again = |incarnation, after| {
        let mut append = append("s", after, &["again"]);
        append.incarnation = incarnation;
        append.summary.session.incarnation = incarnation;
        append.aliases = vec![alias("k", "other")];
        append
    };
    for (incarnation, after) in [(0, 0), (1, 0), (1, 3), (2, 3)] {
        assert_eq!(store.append(again(incarnation, after)).await, Err(AppendError::Conflict(gone)));
    }
    // Its runs are no more, so no token of theirs is worth anything.
    let mut fenced = again(2, 0);
    fenced.fence = fence("r", 4);
    assert_eq!(store.append(fenced).await, Err(AppendError::Fenced));
    store.append(again(2, 0)).await.unwrap();
    assert_eq!(store.head(&session("s")).await.unwrap(), head(2, 1));
    assert_eq!(log(&*store, "s").await, [entry(1, "again")]);
    assert_eq!(store.snapshot(&session("s")).await.unwrap(), None);
    assert_eq!(store.resolve("space", "k").await.unwrap().as_deref(), Some("other"));
    assert_eq!(store.summary(&session("s")).await.unwrap().unwrap().session.incarnation, 2);
    assert_eq!(store.append(append("s", 1, &["late"])).await, Err(AppendError::Conflict(head(2, 1))));
}
