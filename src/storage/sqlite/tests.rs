//! What only this store promises.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rusqlite::{Connection, ErrorCode as Code, ffi, params};

use super::fault::failure;
use super::schema::{self, Kind, STEPS};
use super::{SqliteStore, checkpoint, connect};
use crate::domain::{Cause, ErrorCode, Run, RunStatus};
use crate::storage::conformance::{Bed, append, entry, head, log, run, session};
use crate::storage::{AppendError, RunQuery, Store, TurnQuery};

fn path(bed: &Bed) -> PathBuf {
    bed.path().join("deep/store.db")
}

async fn store(bed: &Bed) -> SqliteStore {
    SqliteStore::open(&path(bed)).await.unwrap()
}

#[tokio::test]
async fn what_is_made_is_for_the_owner_only() {
    let bed = Bed::sqlite().await;
    let store = store(&bed).await;
    store.append(append("s", 0, &["x"])).await.unwrap();
    let _presence = store.attend(&crate::domain::ProcessId::from_text("p")).await.unwrap();
    let mut modes: Vec<_> = walk(bed.path().join("deep"));
    modes.sort();
    let expected = [
        ("deep", 0o700),
        ("p", 0o600),
        ("store.db", 0o600),
        ("store.db-shm", 0o600),
        ("store.db-wal", 0o600),
        ("store.db.lock", 0o600),
        ("store.db.processes", 0o700),
    ];
    assert_eq!(modes, expected.map(|(name, mode)| (name.to_owned(), mode)));
}

fn walk(path: PathBuf) -> Vec<(String, u32)> {
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    let mut found = vec![(path.file_name().unwrap().to_str().unwrap().to_owned(), mode)];
    if path.is_dir() {
        found.extend(fs::read_dir(path).unwrap().flat_map(|item| walk(item.unwrap().path())));
    }
    found
}

#[tokio::test]
async fn connections_are_set_up_for_durability() {
    let bed = Bed::sqlite().await;
    let (_, connection) = connect::open(&path(&bed), STEPS).unwrap();
    let ask = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).unwrap();
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    assert_eq!((ask("synchronous"), ask("wal_autocheckpoint"), ask("secure_delete")), (2, 0, 1));
}

#[test]
fn a_new_store_is_made_once_by_many_at_once() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("deep/store.db");
    let threads: Vec<_> = (0..16)
        .map(|number| {
            let path = path.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let store = SqliteStore::open(&path).await.unwrap();
                    store.append(append(&format!("s{number}"), 0, &["x"])).await.unwrap();
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let (_, connection) = connect::open(&path, STEPS).unwrap();
    let count: i64 = connection.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 16);
}

#[tokio::test]
async fn a_newer_store_is_refused_and_left_unchanged() {
    let bed = Bed::sqlite().await;
    drop(connect::open(&path(&bed), &[STEPS, &["CREATE TABLE later (x)"]].concat()).unwrap());
    let before = fs::read(path(&bed)).unwrap();
    let error = SqliteStore::open(&path(&bed)).await.err().unwrap();
    assert_eq!((error.code, error.cause), (ErrorCode::StoreFailed, Some(Cause::Newer)));
    let told = format!("has version {}, this program knows {}", STEPS.len() + 1, STEPS.len());
    assert!(error.message.contains("store.db") && error.message.ends_with(&told), "{error}");
    assert!(fs::read(path(&bed)).unwrap() == before);
}

#[tokio::test]
async fn an_older_store_is_brought_forward_once() {
    let bed = Bed::sqlite().await;
    let store = store(&bed).await;
    store.append(append("s", 0, &["x"])).await.unwrap();
    drop(store);
    let steps = [STEPS, &["CREATE TABLE later (x TEXT) STRICT; INSERT INTO later VALUES ('once')"]].concat();
    for _ in 0..2 {
        let (_, connection) = connect::open(&path(&bed), &steps).unwrap();
        assert_eq!(schema::look(&connection, &steps).unwrap(), Kind::Current);
        let rows = "SELECT (SELECT count(*) FROM later), (SELECT count(*) FROM entries)";
        let rows: (i64, i64) = connection.query_row(rows, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(rows, (1, 1));
    }
    // A step that fails leaves the store as it was.
    let broken = [&*steps, &["CREATE TABLE half (x); CREATE TABLE later (x)"]].concat();
    assert!(connect::open(&path(&bed), &broken).is_err());
    let (_, connection) = connect::open(&path(&bed), &steps).unwrap();
    let half = "SELECT count(*) FROM sqlite_schema WHERE name = 'half'";
    assert_eq!(connection.query_row(half, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[tokio::test]
async fn a_store_of_the_first_version_is_brought_forward() {
    let bed = Bed::sqlite().await;
    let (_, connection) = connect::open(&path(&bed), &STEPS[..1]).unwrap();
    let row = serde_json::to_string(&super::super::conformance::summary("s", 7)).unwrap();
    let sql = "INSERT INTO sessions (id, incarnation, seq, deleted, updated_at, agent, active, labels, summary)
        VALUES ('s', 1, 1, 0, 7, 'default', 0, '', ?1)";
    connection.execute(sql, [row]).unwrap();
    drop(connection);
    let store = store(&bed).await;
    let all = crate::storage::SessionQuery { limit: 9, ..crate::storage::SessionQuery::default() };
    assert_eq!(store.sessions(&all).await.unwrap(), [super::super::conformance::summary("s", 7)]);
    let expired = crate::storage::SessionQuery { expired_before: Some(crate::domain::Timestamp::from_millis(99)), ..all };
    assert_eq!(store.sessions(&expired).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_no_store_is_refused() {
    let bed = Bed::sqlite().await;
    let cause = async |path: PathBuf| {
        let error = SqliteStore::open(&path).await.err().unwrap();
        assert_eq!(error.code, ErrorCode::StoreFailed);
        assert!(error.message.contains(path.to_str().unwrap()), "{error}");
        error.cause
    };
    let foreign = bed.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert_eq!(cause(foreign).await, Some(Cause::Corrupt));
    let text = bed.path().join("text.db");
    fs::write(&text, "dear diary, ".repeat(1000)).unwrap();
    assert_eq!(cause(text).await, Some(Cause::Corrupt));
    assert_eq!(cause(bed.path().to_owned()).await, None);
    // The write-ahead log cannot be written.
    let store = store(&bed).await;
    store.append(append("s", 0, &["x"])).await.unwrap();
    store.tidy().await.unwrap();
    drop(store);
    let locked = bed.path().join("locked.db");
    fs::copy(path(&bed), &locked).unwrap();
    fs::create_dir(bed.path().join("locked.db-wal")).unwrap();
    assert_eq!(cause(locked).await, Some(Cause::ReadOnly));
}

#[tokio::test]
async fn damage_is_an_error_and_no_answer() {
    let bed = Bed::sqlite().await;
    let store = store(&bed).await;
    for after in 0..40 {
        store.append(append("s", after, &["x".repeat(500).as_str()])).await.unwrap();
    }
    drop(store);
    let fold = |connection: Connection| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    fold(Connection::open(path(&bed)).unwrap()).unwrap();
    let mut bytes = fs::read(path(&bed)).unwrap();
    let place = bytes.windows(20).position(|window| window == [b'x'; 20]).unwrap();
    bytes[place / 4096 * 4096..][..100].fill(0xff);
    let copy = bed.path().join("copy.db");
    fs::write(&copy, bytes).unwrap();
    let store = SqliteStore::open(&copy).await.unwrap();
    let error = store.read(&session("s"), 0, 99, usize::MAX).await.unwrap_err();
    assert_eq!((error.code, error.cause), (ErrorCode::StoreFailed, Some(Cause::Corrupt)));
}

#[tokio::test]
async fn a_full_disk_takes_nothing_that_was_there() {
    let bed = Bed::sqlite().await;
    let store = store(&bed).await;
    store.append(append("s", 0, &["a"])).await.unwrap();
    let limit = |pages: i64| {
        store.writer.submit(move |connection| {
            Ok(connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0))?)
        })
    };
    let pages = limit(1).await.unwrap();
    let large = "x".repeat(100_000);
    let AppendError::Store(error) = store.append(append("s", 1, &[&large])).await.unwrap_err() else { panic!("not full") };
    assert_eq!((error.code, error.cause), (ErrorCode::StoreFailed, Some(Cause::Full)));
    assert!(error.message.contains("store.db"));
    assert_eq!(log(&store, "s").await, [entry(1, "a")]);
    limit(pages + 100).await.unwrap();
    store.append(append("s", 1, &[&large])).await.unwrap();
    assert_eq!(store.head(&session("s")).await.unwrap(), head(1, 2));
}

#[tokio::test]
async fn the_log_is_folded_when_it_is_long() {
    let bed = Bed::sqlite().await;
    let store = store(&bed).await;
    let wal = connect::beside(&path(&bed), "-wal");
    let large = "x".repeat(256 << 10);
    let (mut before, mut after) = (0, 0);
    // A fold in the background lets a later commit begin the log anew, and cut it back.
    loop {
        store.append(append("s", after, &[&large])).await.unwrap();
        after += 1;
        let length = fs::metadata(&wal).unwrap().len();
        if length < before {
            break;
        }
        assert!(after < 400, "the log has {length} bytes and was never folded");
        before = length;
    }
    assert!(before >= 4 << 20);
    assert_eq!(store.head(&session("s")).await.unwrap(), head(1, after));
}

#[tokio::test]
async fn a_wipe_that_was_not_done_is_done_by_the_next_opening() {
    let bed = Bed::sqlite().await;
    let one = store(&bed).await;
    one.append(append("s", 0, &["the canary"])).await.unwrap();
    // As if the process had died between the commit and the wipe.
    let mark = path(&bed);
    let scrub = move |connection: &Connection| {
        super::append::scrub(connection, &session("s"), &entry(1, "gone"))?;
        Ok(checkpoint::demand_wipe(&mark)?)
    };
    one.writer.submit(scrub).await.unwrap();
    assert!(checkpoint::is_wipe_due(&path(&bed)));
    assert_ne!(bed.files_with("canary"), [""; 0]);
    drop(store(&bed).await);
    assert_eq!(bed.files_with("canary"), [""; 0]);
    assert!(!checkpoint::is_wipe_due(&path(&bed)));
}

#[tokio::test]
async fn a_commit_that_fails_fails_for_all_of_its_group() {
    let bed = Bed::sqlite().await;
    let store = store(&bed).await;
    store.append(append("s", 0, &["a"])).await.unwrap();
    // A piece of work that ends the transaction under all others.
    let breaking = store.writer.submit(|connection| Ok(connection.execute_batch("ROLLBACK")?));
    let (broken, appended) = tokio::join!(breaking, store.append(append("s", 1, &["b"])));
    assert!(broken.is_err());
    let kept = log(&store, "s").await.len();
    assert_eq!(appended.is_ok(), kept == 2, "{appended:?}");
    let next = if kept == 2 { 2 } else { 1 };
    store.append(append("s", next, &["c"])).await.unwrap();
}

#[test]
fn errors_of_the_database_have_their_causes() {
    let place = PathBuf::from("/store.db");
    let cause = |code: i32| failure(&place, &rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).cause;
    assert_eq!(cause(ffi::SQLITE_FULL), Some(Cause::Full));
    assert_eq!(cause(ffi::SQLITE_READONLY), Some(Cause::ReadOnly));
    assert_eq!(cause(ffi::SQLITE_READONLY_DBMOVED), Some(Cause::ReadOnly));
    assert_eq!(cause(ffi::SQLITE_CANTOPEN), Some(Cause::ReadOnly));
    assert_eq!(cause(ffi::SQLITE_CORRUPT), Some(Cause::Corrupt));
    assert_eq!(cause(ffi::SQLITE_NOTADB), Some(Cause::Corrupt));
    assert_eq!(cause(ffi::SQLITE_BUSY), Some(Cause::Locked));
    assert_eq!(cause(ffi::SQLITE_IOERR_FSYNC), None);
    assert_eq!(ffi::Error::new(ffi::SQLITE_FULL).code, Code::DiskFull);
}

#[tokio::test]
async fn runs_of_an_older_version_are_listed_and_have_their_turn() {
    let bed = Bed::sqlite().await;
    let (_, connection) = connect::open(&path(&bed), &STEPS[..2]).unwrap();
    let rows = [
        run("old", "s", 7, RunStatus::Completed, 1),
        Run { process: None, priority: 3, ..run("waits", "s", 8, RunStatus::Queued, 0) },
        run("taken", "s", 9, RunStatus::Queued, 0),
    ];
    connection.execute_batch("INSERT INTO sessions VALUES (1, 's', 1, 1, 0, 7, 'default', 0, '', '', NULL)").unwrap();
    let sql = "INSERT INTO runs (id, session, status, active, fence, queued_at, body) VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6)";
    for row in &rows {
        let (body, status) = (serde_json::to_string(row).unwrap(), row.status);
        let at = row.queued_at.as_millis();
        let values = params![row.id.as_str(), status.word(), status.is_active(), 0, at, body];
        connection.execute(sql, values).unwrap();
    }
    drop(connection);
    let store = store(&bed).await;
    let of_agent = RunQuery { agent: Some("default".to_owned()), limit: 9, ..RunQuery::default() };
    let listed = store.runs(&of_agent).await.unwrap();
    assert_eq!(listed.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["taken", "waits", "old"]);
    let turn = store.turn(&TurnQuery { limit: 9, ..TurnQuery::default() }).await.unwrap();
    assert_eq!((turn, store.waiting().await.unwrap()), (vec![rows[1].clone()], 1));
}

/// No list is made by reading all runs, and no page is sorted that could be read in order.
#[tokio::test]
async fn lists_of_runs_are_read_from_their_index() {
    let bed = Bed::sqlite().await;
    let (_, connection) = connect::open(&path(&bed), STEPS).unwrap();
    let all = RunQuery { limit: 9, ..RunQuery::default() };
    let agent = RunQuery { agent: Some("a".to_owned()), ..all.clone() };
    let task = RunQuery { labels: vec![("kind".to_owned(), "task".to_owned())], ..all.clone() };
    let active = vec![RunStatus::Queued, RunStatus::Running, RunStatus::Waiting];
    for (query, expected) in [
        (all.clone(), "SCAN r USING INDEX runs_by_time"),
        (agent.clone(), "SEARCH r USING INDEX runs_of_agent (agent=?)"),
        (RunQuery { statuses: vec![RunStatus::Failed], ..all.clone() }, "SEARCH r USING INDEX runs_by_status (status=?)"),
        (RunQuery { statuses: vec![RunStatus::Failed], ..agent }, "SEARCH r USING INDEX runs_of_agent (agent=?)"),
        (RunQuery { statuses: active, waits: Some(false), ..all.clone() }, "SCAN r USING INDEX runs_held"),
        (RunQuery { session: Some(session("s")), ..all }, "SEARCH r USING INDEX runs_of_session (session=?)"),
        (task.clone(), "SEARCH r USING PRIMARY KEY (key=? AND value=?)"),
        (RunQuery { statuses: vec![RunStatus::Failed], ..task }, "SEARCH r USING PRIMARY KEY (key=? AND value=?)"),
    ] {
        for (sql, values) in super::runs::statements(&query) {
            let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan = explain.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
            let plan: Vec<String> = plan.map(Result::unwrap).collect();
            // To be counted, an index that covers is as good.
            let first = plan[0].replace("USING COVERING INDEX", "USING INDEX");
            assert_eq!((first.as_str(), plan.iter().any(|line| line.contains("TEMP B-TREE"))), (expected, false), "{sql}");
        }
    }
}
