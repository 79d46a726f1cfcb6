//! Appending and reading.

use std::collections::BTreeSet;

use super::{Bed, alias, append, entry, fence, head, log, run, session, texts};
use crate::domain::{ErrorCode, RunStatus};
use crate::storage::{AppendError, Snapshot};

pub(super) async fn what_is_appended_is_read(bed: &Bed) {
    let store = bed.open().await;
    assert_eq!(store.head(&session("s")).await.unwrap(), None);
    assert_eq!(log(&*store, "s").await, []);
    store.append(append("s", 0, &[r#"{"a":1}"#, "ä"])).await.unwrap();
    store.append(append("s", 2, &["third"])).await.unwrap();
    store.append(append("S", 0, &["of another"])).await.unwrap();
    assert_eq!(store.head(&session("s")).await.unwrap(), head(1, 3));
    assert_eq!(log(&*store, "s").await, [entry(1, r#"{"a":1}"#), entry(2, "ä"), entry(3, "third")]);
    assert_eq!(log(&*store, "S").await, [entry(1, "of another")]);
    assert_eq!(log(&*store, "t").await, []);
}

pub(super) async fn pages_are_cut_by_number_and_by_bytes(bed: &Bed) {
    let store = bed.open().await;
    store.append(append("s", 0, &["aaaa", "bbbb"])).await.unwrap();
    store.append(append("s", 2, &["cccc", "dddd", "eeee"])).await.unwrap();
    let places = async |after, limit, bytes| {
        let page = store.read(&session("s"), after, limit, bytes).await.unwrap();
        page.into_iter().map(|entry| entry.seq).collect::<Vec<_>>()
    };
    assert_eq!(places(0, 3, usize::MAX).await, [1, 2, 3]);
    assert_eq!(places(3, 3, usize::MAX).await, [4, 5]);
    assert_eq!(places(5, 3, usize::MAX).await, [0; 0]);
    assert_eq!(places(u64::MAX, 3, usize::MAX).await, [0; 0]);
    assert_eq!(places(0, 0, usize::MAX).await, [0; 0]);
    assert_eq!(places(1, 9, 0).await, [2]);
    assert_eq!(places(1, 9, 4).await, [2]);
    assert_eq!(places(1, 9, 5).await, [2, 3]);
}

pub(super) async fn pages_are_read_from_the_end(bed: &Bed) {
    let store = bed.open().await;
    store.append(append("s", 0, &["a"])).await.unwrap();
    store.append(append("s", 1, &["b", "c", "d"])).await.unwrap();
    let places = async |before, limit| {
        let page = store.read_back(&session("s"), before, limit).await.unwrap();
        page.into_iter().map(|entry| (entry.seq, entry.body)).collect::<Vec<_>>()
    };
    let named = |from: u64, names: &[&str]| (from..).zip(names).map(|(s, n)| (s, (*n).to_owned())).collect::<Vec<_>>();
    assert_eq!(places(None, 2).await, named(3, &["c", "d"]));
    assert_eq!(places(Some(3), 9).await, named(1, &["a", "b"]));
    assert_eq!(places(Some(99), 1).await, named(4, &["d"]));
    assert_eq!(places(Some(1), 9).await, []);
    assert_eq!(places(Some(0), 9).await, []);
    assert_eq!(places(None, 0).await, []);
    assert_eq!(store.read_back(&session("t"), None, 9).await.unwrap(), []);
}

pub(super) async fn an_append_after_another_place_conflicts(bed: &Bed) {
    let store = bed.open().await;
    let conflict = async |append| store.append(append).await.unwrap_err();
    assert_eq!(conflict(append("s", 1, &["x"])).await, AppendError::Conflict(None));
    store.append(append("s", 0, &["a", "b"])).await.unwrap();
    for after in [0, 1, 3] {
        assert_eq!(conflict(append("s", after, &["x"])).await, AppendError::Conflict(head(1, 2)), "after {after}");
    }
    let mut other = append("s", 2, &["x"]);
    other.incarnation = 2;
    assert_eq!(conflict(other).await, AppendError::Conflict(head(1, 2)));
    assert_eq!(log(&*store, "s").await, [entry(1, "a"), entry(2, "b")]);
}

pub(super) async fn a_row_of_another_session_is_a_defect(bed: &Bed) {
    let store = bed.open().await;
    let mut foreign = append("s", 0, &["a"]);
    foreign.runs = vec![run("r", "t", 1, RunStatus::Queued, 0)];
    let mut gap = append("s", 0, &["a"]);
    gap.entries[0].seq = 2;
    for wrong in [append("s", 0, &[]), append("s", 0, &["two\nlines"]), gap, foreign] {
        let AppendError::Store(error) = store.append(wrong).await.unwrap_err() else { panic!("not a store error") };
        assert_eq!(error.code, ErrorCode::Internal);
    }
    assert_eq!(store.head(&session("s")).await.unwrap(), None);
}

pub(super) async fn a_run_is_fenced(bed: &Bed) {
    let store = bed.open().await;
    let fenced = async |after, id, token, row: Option<(RunStatus, u64)>| {
        let mut append = append("s", after, &["x"]);
        append.fence = fence(id, token);
        append.runs.extend(row.map(|(status, fence)| run(id, "s", 1, status, fence)));
        store.append(append).await
    };
    // A run without a row is held under token 0.
    assert_eq!(fenced(0, "r", 1, None).await, Err(AppendError::Fenced));
    assert_eq!(fenced(0, "r", 0, Some((RunStatus::Queued, 0))).await, Ok(()));
    // Taking it raises the token, and the old one is worth nothing.
    assert_eq!(fenced(1, "r", 0, Some((RunStatus::Running, 1))).await, Ok(()));
    assert_eq!(fenced(2, "r", 0, Some((RunStatus::Running, 1))).await, Err(AppendError::Fenced));
    assert_eq!(fenced(2, "r", 1, None).await, Ok(()));
    assert_eq!(fenced(3, "r", 1, Some((RunStatus::Running, 2))).await, Ok(()));
    assert_eq!(fenced(4, "r", 1, None).await, Err(AppendError::Fenced));
    // Who has lost the run is told so, wherever the log has gone on to.
    assert_eq!(fenced(1, "r", 1, None).await, Err(AppendError::Fenced));
    assert_eq!(fenced(1, "r", 2, None).await, Err(AppendError::Conflict(head(1, 4))));
    // The token outlives the run's end.
    assert_eq!(fenced(4, "r", 2, Some((RunStatus::Completed, 2))).await, Ok(()));
    assert_eq!(fenced(5, "r", 1, None).await, Err(AppendError::Fenced));
    assert_eq!(fenced(5, "r", 0, None).await, Err(AppendError::Fenced));
    assert_eq!(fenced(5, "r", 2, None).await, Ok(()));
    // Facts of the session need no token, and another run has its own.
    assert_eq!(store.append(append("s", 6, &["y"])).await, Ok(()));
    assert_eq!(fenced(7, "q", 0, None).await, Ok(()));
    assert_eq!(store.head(&session("s")).await.unwrap(), head(1, 8));
}

pub(super) async fn a_saved_fold_is_kept_until_the_next(bed: &Bed) {
    let store = bed.open().await;
    let folded = async |after, body: Option<&[u8]>| {
        let mut append = append("s", after, &["x", "y"]);
        append.snapshot = body.map(<[u8]>::to_vec);
        store.append(append).await.unwrap();
        store.snapshot(&session("s")).await.unwrap()
    };
    assert_eq!(folded(0, None).await, None);
    assert_eq!(folded(2, Some(b"\0one\n")).await, Some(Snapshot { seq: 4, body: b"\0one\n".to_vec() }));
    assert_eq!(folded(4, None).await, Some(Snapshot { seq: 4, body: b"\0one\n".to_vec() }));
    assert_eq!(folded(6, Some(b"")).await, Some(Snapshot { seq: 8, body: Vec::new() }));
    assert_eq!(store.snapshot(&session("t")).await.unwrap(), None);
}

pub(super) async fn one_failing_append_takes_no_other_with_it(bed: &Bed) {
    let store = bed.open().await;
    let mut first = append("first", 0, &["x"]);
    first.aliases = vec![alias("taken", "first")];
    store.append(first).await.unwrap();
    let appends = (0..30_u32).map(|number| {
        let mut append = append(&format!("s{number}"), 0, &["a", "b"]);
        match number % 3 {
            0 => {}
            1 => append.aliases = vec![alias(&format!("free{number}"), "e"), alias("taken", "another")],
            _ => append.fence = fence("nobody's", 7),
        }
        store.append(append)
    });
    let answers = futures_util::future::join_all(appends).await;
    for (number, answer) in answers.into_iter().enumerate() {
        let id = format!("s{number}");
        let expected = match number % 3 {
            0 => Ok(()),
            1 => Err(AppendError::AliasTaken(alias("taken", "another"))),
            _ => Err(AppendError::Fenced),
        };
        assert_eq!(answer, expected, "{id}");
        let kept = if number % 3 == 0 { head(1, 2) } else { None };
        assert_eq!(store.head(&session(&id)).await.unwrap(), kept, "{id}");
        assert_eq!(store.resolve("space", &format!("free{number}")).await.unwrap(), None);
    }
}

pub(super) async fn appenders_of_one_session_take_turns(bed: &Bed) {
    let store = bed.open().await;
    store.append(append("s", 0, &["begin"])).await.unwrap();
    for round in 1..4_u64 {
        let bodies: Vec<_> = (0..8).map(|who| format!("{round}/{who}")).collect();
        let appends = bodies.iter().map(|body| store.append(append("s", round, &[body.as_str()])));
        let answers = futures_util::future::join_all(appends).await;
        let winners: Vec<_> = (0..8).filter(|who| answers[*who].is_ok()).collect();
        assert_eq!(winners.len(), 1, "{answers:?}");
        for answer in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            assert_eq!(*answer, AppendError::Conflict(head(1, round + 1)));
        }
        assert_eq!(texts(&*store, "s").await.last().unwrap(), &(round + 1, bodies[winners[0]].clone()));
    }
}

pub(super) async fn a_long_log_is_read_at_both_ends(bed: &Bed) {
    let store = bed.open().await;
    let bodies: Vec<_> = (1..=3000).map(|place| format!("entry {place} {}", "x".repeat(place % 50))).collect();
    let bodies: Vec<_> = bodies.iter().map(String::as_str).collect();
    let mut after = 0;
    for group in bodies.chunks(600) {
        store.append(append("s", after, group)).await.unwrap();
        after += group.len() as u64;
    }
    let last = store.read_back(&session("s"), None, 2).await.unwrap();
    assert_eq!(last, [entry(2999, bodies[2998]), entry(3000, bodies[2999])]);
    assert_eq!(store.read(&session("s"), 1234, 1, 1).await.unwrap(), [entry(1235, bodies[1234])]);
    let all: BTreeSet<_> = texts(&*store, "s").await.into_iter().collect();
    let expected: BTreeSet<_> = (1..).zip(bodies.iter().map(|body| (*body).to_owned())).collect();
    assert!(all == expected);
}
