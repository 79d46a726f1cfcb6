//! What only this store promises: torn ends, damage, dead writers, full disks.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::FileStore;
use super::kept::Journal;
use super::place::failure;
use crate::domain::{Cause, Error, ErrorCode, RunStatus};
use crate::storage::conformance::{
    Bed, alias, append, entry, fence, files, head, log, record, run, session, sized, summary, texts,
};
use crate::storage::{AppendError, RunQuery, SessionQuery, Store, StoreUrl};

async fn store(bed: &Bed) -> FileStore {
    FileStore::open(&folder(bed)).await.unwrap()
}

fn folder(bed: &Bed) -> PathBuf {
    bed.path().join("deep/store")
}

fn file(bed: &Bed, name: &str) -> PathBuf {
    folder(bed).join("sessions/s").join(name)
}

fn add(path: &PathBuf, bytes: &[u8]) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

fn is_corrupt(error: &Error, place: &str) -> bool {
    (error.code, error.cause) == (ErrorCode::StoreFailed, Some(Cause::Corrupt)) && error.message.contains(place)
}

/// A store with a session of three appends.
async fn filled(bed: &Bed) -> FileStore {
    let store = store(bed).await;
    for after in [0, 2, 4] {
        store.append(append("s", after, &["aaaa", "bbbb"])).await.unwrap();
    }
    store
}

#[tokio::test]
async fn a_torn_end_is_not_seen_and_taken_away_by_the_next_append() {
    let bed = Bed::file().await;
    let store = filled(&bed).await;
    let whole = fs::read(file(&bed, "log.jsonl")).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    let group: String = text.lines().skip(3).take(3).map(|line| format!("{line}\n")).collect();
    let torn = group.replace("\"seq\":3", "\"seq\":7").replace("\"seq\":4", "\"seq\":8");
    for cut in [1, 5, group.len() / 2, group.len() - 1, group.len()] {
        // A line whose checksum does not fit, and no commit after it, is torn as well.
        for end in [&torn.as_bytes()[..cut], &vec![0; cut]] {
            fs::write(file(&bed, "log.jsonl"), &whole).unwrap();
            if end.len() < group.len() {
                add(&file(&bed, "log.jsonl"), end);
            }
            assert_eq!(store.head(&session("s")).await.unwrap(), head(1, 6), "cut at {cut}");
            assert_eq!(log(&store, "s").await.len(), 6);
            assert_eq!(store.append(append("s", 7, &["x"])).await, Err(AppendError::Conflict(head(1, 6))));
        }
    }
    add(&file(&bed, "log.jsonl"), b"0000");
    store.append(append("s", 6, &["next"])).await.unwrap();
    assert_eq!(log(&store, "s").await.last(), Some(&entry(7, "next")));
    assert!(fs::read(file(&bed, "log.jsonl")).unwrap().starts_with(&whole));
}

#[tokio::test]
async fn the_first_append_torn_is_no_session() {
    let bed = Bed::file().await;
    let store = filled(&bed).await;
    let whole = fs::read(file(&bed, "log.jsonl")).unwrap();
    fs::remove_file(file(&bed, "index")).unwrap();
    fs::write(file(&bed, "log.jsonl"), &whole[..40]).unwrap();
    assert_eq!(store.head(&session("s")).await.unwrap(), None);
    store.append(append("s", 0, &["again"])).await.unwrap();
    assert_eq!(log(&store, "s").await, [entry(1, "again")]);
}

#[tokio::test]
async fn every_flipped_byte_is_an_error_of_that_session_alone() {
    let bed = Bed::file().await;
    let store = filled(&bed).await;
    store.append(append("t", 0, &["other"])).await.unwrap();
    let whole = fs::read(file(&bed, "log.jsonl")).unwrap();
    for place in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x20;
        fs::write(file(&bed, "log.jsonl"), &damaged).unwrap();
        let read = store.read(&session("s"), 0, usize::MAX, usize::MAX).await;
        let line = whole[..place].iter().filter(|byte| **byte == b'\n').count() + 1;
        match read {
            Err(error) => assert!(is_corrupt(&error, "sessions/s/log.jsonl"), "{error:?}"),
            // The commits in the middle carry nothing that is read here, and the last line's damage is seen at once.
            Ok(entries) => assert!(line == 3 && entries.len() == 6, "line {line}: {entries:?}"),
        }
        assert_eq!(texts(&store, "t").await, [(1, "other".to_owned())]);
        let listed = store.sessions(&SessionQuery { limit: 9, ..SessionQuery::default() }).await.unwrap();
        assert!(listed.contains(&sized(summary("t", 0), 5)));
    }
    // What is damaged is left as it is.
    let before = fs::read(file(&bed, "log.jsonl")).unwrap();
    assert!(store.append(append("s", 6, &["x"])).await.is_err());
    assert!(fs::read(file(&bed, "log.jsonl")).unwrap() == before);
    fs::write(file(&bed, "log.jsonl"), &whole).unwrap();
    assert_eq!(log(&store, "s").await.len(), 6);
}

#[tokio::test]
async fn a_damaged_line_is_named() {
    let bed = Bed::file().await;
    let store = filled(&bed).await;
    let text = fs::read_to_string(file(&bed, "log.jsonl")).unwrap();
    fs::write(file(&bed, "log.jsonl"), text.replacen("\"seq\":4,\"event\":bbbb", "\"seq\":4,\"event\":bbbc", 1)).unwrap();
    for after in [0, 3] {
        let error = store.read(&session("s"), after, 9, 99).await.unwrap_err();
        assert!(error.message.ends_with("sessions/s/log.jsonl` is damaged: line 5 is not as it was written"), "{error}");
    }
    assert_eq!(store.read(&session("s"), 4, 9, 99).await.unwrap().len(), 2);
    assert_eq!(store.read(&session("s"), 0, 3, 99).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_log_that_lost_what_was_durable_is_damaged() {
    let bed = Bed::file().await;
    let store = filled(&bed).await;
    let text = fs::read_to_string(file(&bed, "log.jsonl")).unwrap();
    let kept: String = text.lines().take(6).map(|line| format!("{line}\n")).collect();
    fs::write(file(&bed, "log.jsonl"), kept).unwrap();
    let error = store.head(&session("s")).await.unwrap_err();
    assert!(is_corrupt(&error, "entry 5 and 1 further ones are missing"), "{error}");
    fs::remove_file(file(&bed, "log.jsonl")).unwrap();
    let error = store.head(&session("s")).await.unwrap_err();
    assert!(is_corrupt(&error, "it is missing"), "{error}");
}

#[tokio::test]
async fn a_lost_or_wrong_index_is_made_again() {
    let bed = Bed::file().await;
    let store = filled(&bed).await;
    let whole = fs::read(file(&bed, "index")).unwrap();
    let mut wrong = whole.clone();
    wrong[16 + 8 * 3] ^= 5;
    let mut zeros = whole.clone();
    zeros[..].fill(0);
    for index in [None, Some(&wrong), Some(&zeros), Some(&whole[..30].to_vec()), Some(&whole[..40].to_vec())] {
        match index {
            None => fs::remove_file(file(&bed, "index")).unwrap(),
            Some(bytes) => fs::write(file(&bed, "index"), bytes).unwrap(),
        }
        let page = store.read(&session("s"), 3, 2, 99).await.unwrap();
        assert_eq!(page, [entry(4, "bbbb"), entry(5, "aaaa")]);
        assert!(fs::read(file(&bed, "index")).unwrap() == whole);
    }
    store.append(append("s", 6, &["x"])).await.unwrap();
    assert_eq!(log(&store, "s").await.len(), 7);
}

#[tokio::test]
async fn what_a_dead_writer_left_is_finished_from_the_log() {
    let bed = Bed::file().await;
    let store = filled(&bed).await;
    let work = |status| {
        let mut append = append("s", 6, &["x"]);
        append.runs = vec![run("r", "s", 1, status, 3)];
        append.summary.active = vec![crate::storage::conformance::active(&append.runs[0])];
        append
    };
    let index = fs::read(file(&bed, "index")).unwrap();
    store.append(work(RunStatus::Running)).await.unwrap();
    // As if the process had died when the log was durable.
    fs::write(file(&bed, "index"), index).unwrap();
    for list in ["runs", "active", "sessions/s/runs"] {
        fs::remove_dir_all(folder(&bed).join(list)).unwrap();
    }
    fs::write(folder(&bed).join("unsettled/s"), b"").unwrap();
    let version = store.version().await.unwrap();
    let rows = store.runs(&RunQuery { statuses: vec![RunStatus::Running], limit: 9, ..RunQuery::default() }).await.unwrap();
    assert_eq!(rows, [run("r", "s", 1, RunStatus::Running, 3)]);
    assert_ne!(store.version().await.unwrap(), version);
    assert_eq!(fs::read_dir(folder(&bed).join("unsettled")).unwrap().count(), 0);
    // The token is in the log itself.
    fs::remove_dir_all(file(&bed, "runs")).unwrap();
    let mut old = append("s", 7, &["y"]);
    old.fence = fence("r", 2);
    assert_eq!(store.append(old).await, Err(AppendError::Fenced));
}

#[tokio::test]
async fn names_and_records_of_a_dead_writer_are_finished_or_thrown_away() {
    let bed = Bed::file().await;
    let store = filled(&bed).await;
    let mut with_names = append("s", 6, &["x"]);
    with_names.aliases = vec![alias("k", "s")];
    with_names.records = vec![record("kind", "a", "{}")];
    // Died after the log was durable: the journal's checksum is in the commit.
    let crc = store.root.kept.announce(&with_names).unwrap();
    let journal = fs::read(folder(&bed).join("journal")).unwrap();
    assert_eq!(crc32fast::hash(&journal), crc);
    assert!(serde_json::from_slice::<Journal>(&journal).unwrap().seq == 7);
    store.root.kept.forget().unwrap();
    store.append(with_names.clone()).await.unwrap();
    for list in ["aliases", "entities", "records"] {
        fs::remove_dir_all(folder(&bed).join(list)).unwrap();
    }
    fs::write(folder(&bed).join("journal"), &journal).unwrap();
    assert_eq!(store.resolve("space", "k").await.unwrap().as_deref(), Some("s"));
    assert_eq!(store.records("kind").await.unwrap(), [record("kind", "a", "{}")]);
    assert!(!folder(&bed).join("journal").exists());
    // Died before: an append of another process took the place.
    let mut lost = append("s", 7, &["y"]);
    lost.aliases = vec![alias("l", "s")];
    lost.records = vec![record("kind", "a", "[]")];
    store.root.kept.announce(&lost).unwrap();
    store.append(append("s", 7, &["z"])).await.unwrap();
    assert_eq!(store.resolve("space", "l").await.unwrap(), None);
    assert_eq!(store.records("kind").await.unwrap(), [record("kind", "a", "{}")]);
    assert!(!folder(&bed).join("journal").exists());
}

#[tokio::test]
async fn a_full_disk_takes_nothing_that_was_there() {
    let bed = Bed::file().await;
    let store = Arc::new(filled(&bed).await);
    let whole = fs::read(file(&bed, "log.jsonl")).unwrap();
    store.root.is_full.store(true, Ordering::Relaxed);
    let mut next = append("s", 6, &["lost"]);
    next.aliases = vec![alias("k", "s")];
    for append in [next.clone(), append("new", 0, &["lost"])] {
        let AppendError::Store(error) = store.append(append).await.unwrap_err() else { panic!("no store error") };
        assert_eq!((error.code, error.cause), (ErrorCode::StoreFailed, Some(Cause::Full)));
        assert!(error.hint.is_some());
    }
    assert!(fs::read(file(&bed, "log.jsonl")).unwrap() == whole);
    assert_eq!(store.head(&session("new")).await.unwrap(), None);
    assert_eq!(store.resolve("space", "k").await.unwrap(), None);
    store.root.is_full.store(false, Ordering::Relaxed);
    store.append(next).await.unwrap();
    assert_eq!(store.head(&session("s")).await.unwrap(), head(1, 7));
}

#[tokio::test]
async fn a_copy_without_times_is_listed_in_order() {
    let bed = Bed::file().await;
    let store = store(&bed).await;
    let order = ["e", "d", "c", "b", "a"];
    for (at, id) in (1..).zip(order.iter().rev()) {
        let mut append = append(id, 0, &["x"]);
        append.summary = summary(id, at * 1000);
        store.append(append).await.unwrap();
    }
    for (at, id) in (1..).zip(order) {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 + at);
        let log = folder(&bed).join("sessions").join(id).join("log.jsonl");
        OpenOptions::new().write(true).open(log).unwrap().set_modified(time).unwrap();
    }
    let rows = store.sessions(&SessionQuery { limit: 2, ..SessionQuery::default() }).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.session.id.as_str()).collect::<Vec<_>>(), ["e", "d"]);
}

#[tokio::test]
async fn a_newer_store_and_a_foreign_folder_are_refused_and_left_alone() {
    let bed = Bed::file().await;
    drop(filled(&bed).await);
    fs::write(folder(&bed).join("format"), "2\n").unwrap();
    let before = files(bed.path());
    let error = crate::storage::open(&StoreUrl::File(folder(&bed))).await.err().unwrap();
    assert_eq!((error.code, error.cause), (ErrorCode::StoreFailed, Some(Cause::Newer)));
    assert!(files(bed.path()) == before);
    let foreign = bed.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("letter.txt"), "dear").unwrap();
    let error = crate::storage::open(&StoreUrl::File(foreign)).await.err().unwrap();
    assert!(is_corrupt(&error, "foreign") || error.message.contains("is no store"), "{error}");
}

#[test]
fn a_new_store_is_made_once_by_many_at_once() {
    let bed_folder = tempfile::TempDir::new().unwrap();
    let path = bed_folder.path().join("deep/store");
    let threads: Vec<_> = (0..16)
        .map(|number| {
            let path = path.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let store = FileStore::open(&path).await.unwrap();
                    let mut first = append(&format!("s{number}"), 0, &["x"]);
                    first.records = vec![record("kind", "shared", &number.to_string())];
                    store.append(first).await.unwrap();
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(fs::read_dir(path.join("sessions")).unwrap().count(), 16);
}

#[test]
fn errors_of_the_file_system_have_their_causes() {
    let place = PathBuf::from("/store/log.jsonl");
    let cause = |kind: std::io::ErrorKind| failure(&place, &kind.into()).cause;
    assert_eq!(cause(std::io::ErrorKind::ReadOnlyFilesystem), Some(Cause::ReadOnly));
    assert_eq!(cause(std::io::ErrorKind::PermissionDenied), Some(Cause::ReadOnly));
    assert_eq!(cause(std::io::ErrorKind::StorageFull), Some(Cause::Full));
    assert_eq!(cause(std::io::ErrorKind::QuotaExceeded), Some(Cause::Full));
    assert_eq!(cause(std::io::ErrorKind::Other), None);
}
