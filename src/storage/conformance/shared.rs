//! Several handles on one store, one after the other and at once.

use secrecy::SecretString;

use super::{Bed, alias, append, head, log, record, run, session, texts};
use crate::domain::{ProcessId, RunStatus};
use crate::storage::{AppendError, RunQuery, SessionQuery, Store};

/// Everything that a store can be asked about the session `s`.
async fn all(store: &dyn Store, blob: &crate::domain::BlobId) -> String {
    let s = session("s");
    let sessions = store.sessions(&SessionQuery { limit: 9, ..SessionQuery::default() }).await.unwrap();
    let runs = store.runs(&RunQuery { limit: 9, ..RunQuery::default() }).await.unwrap();
    format!(
        "{:?}\n{:?}\n{:?}\n{sessions:?}\n{runs:?}\n{:?}\n{:?}\n{}\n{:?}",
        store.head(&s).await.unwrap(),
        log(store, "s").await,
        store.snapshot(&s).await.unwrap(),
        store.resolve("space", "k").await.unwrap(),
        store.records("kind").await.unwrap(),
        store.secret("o", "n").await.unwrap().is_some(),
        store.blob(&s, blob).await.unwrap(),
    )
}

async fn fill(store: &dyn Store) -> crate::domain::BlobId {
    let mut full = append("s", 0, &["a", "b"]);
    full.runs = vec![run("r", "s", 1, RunStatus::Running, 1)];
    full.snapshot = Some(b"fold".to_vec());
    full.aliases = vec![alias("k", "s")];
    full.records = vec![record("kind", "one", "{}")];
    store.append(full).await.unwrap();
    store.put_secret("o", "n", Some(&SecretString::from("value"))).await.unwrap();
    store.put_blob(&session("s"), b"blob").await.unwrap()
}

pub(super) async fn two_handles_see_one_store(bed: &Bed) {
    let (one, two) = (bed.open().await, bed.open().await);
    assert_eq!(one.url(), two.url());
    let blob = fill(&*one).await;
    assert_eq!(all(&*two, &blob).await, all(&*one, &blob).await);
    two.append(append("s", 2, &["c"])).await.unwrap();
    assert_eq!(one.append(append("s", 2, &["d"])).await, Err(AppendError::Conflict(head(1, 3))));
    one.append(append("s", 3, &["d"])).await.unwrap();
    assert_eq!(all(&*two, &blob).await, all(&*one, &blob).await);
    let places: Vec<_> = texts(&*two, "s").await;
    let expected = [(1, "a"), (2, "b"), (3, "c"), (4, "d")].map(|(seq, text)| (seq, text.to_owned()));
    assert_eq!(places, expected);
}

pub(super) async fn a_store_is_there_when_it_is_opened_again(bed: &Bed) {
    let store = bed.open().await;
    let blob = fill(&*store).await;
    let before = all(&*store, &blob).await;
    drop(store);
    assert_eq!(all(&*bed.open().await, &blob).await, before);
}

pub(super) async fn the_version_changes_with_another_handle(bed: &Bed) {
    let (one, two) = (bed.open().await, bed.open().await);
    let mut last = one.version().await.unwrap();
    assert_eq!(one.version().await.unwrap(), last);
    for after in 0..5 {
        two.append(append("s", after, &["x"])).await.unwrap();
        let next = one.version().await.unwrap();
        assert_ne!(next, last);
        last = next;
    }
    two.put_record(record("k", "a", "{}")).await.unwrap();
    assert_ne!(one.version().await.unwrap(), last);
}

pub(super) async fn a_process_lives_until_it_leaves(bed: &Bed) {
    let (one, two) = (bed.open().await, bed.open().await);
    let (process, other) = (ProcessId::from_text("p"), ProcessId::from_text("../q"));
    assert!(!one.is_alive(&process).await.unwrap());
    let presence = one.attend(&process).await.unwrap();
    assert!(one.is_alive(&process).await.unwrap());
    assert!(two.is_alive(&process).await.unwrap());
    assert!(!two.is_alive(&other).await.unwrap());
    drop(one);
    assert!(two.is_alive(&process).await.unwrap());
    drop(presence);
    assert!(!two.is_alive(&process).await.unwrap());
    let _again = two.attend(&process).await.unwrap();
    assert!(two.is_alive(&process).await.unwrap());
}

pub(super) async fn appenders_of_two_handles_take_turns(bed: &Bed) {
    let handles = [bed.open().await, bed.open().await];
    let write = |handle: usize| {
        let store = handles[handle].clone();
        async move {
            let mut done = 0;
            let mut after = 0;
            while done < 10 {
                match store.append(append("s", after, &[&format!("{handle}/{done}")])).await {
                    Ok(()) => {
                        done += 1;
                        after += 1;
                    }
                    Err(AppendError::Conflict(head)) => after = head.map_or(0, |head| head.seq),
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
    };
    let tasks: Vec<_> = (0..4).map(|task| tokio::spawn(write(task % 2))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let texts = texts(&*handles[0], "s").await;
    assert_eq!(texts.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), (1..=40).collect::<Vec<_>>());
    for handle in 0..2 {
        let of_handle = texts.iter().filter(|(_, text)| text.starts_with(&format!("{handle}/")));
        assert_eq!(of_handle.count(), 20);
    }
    assert_eq!(handles[1].head(&session("s")).await.unwrap(), head(1, 40));
}

/// Each counts one up, until it has done so ten times.
pub(super) async fn of_many_who_put_a_record_one_does(bed: &Bed) {
    let handles = [bed.open().await, bed.open().await];
    let count = |handle: usize| {
        let store = handles[handle].clone();
        async move {
            let mut done = 0;
            while done < 10 {
                let kept = store.record("k", "count").await.unwrap().map(|record| record.body);
                let next = kept.as_ref().map_or(1, |body| body.parse::<u64>().unwrap() + 1);
                let put = store.put_record_if(record("k", "count", &next.to_string()), kept.as_deref()).await.unwrap();
                done += u64::from(put);
            }
        }
    };
    let tasks: Vec<_> = (0..4).map(|task| tokio::spawn(count(task % 2))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(handles[0].record("k", "count").await.unwrap(), Some(record("k", "count", "40")));
}
