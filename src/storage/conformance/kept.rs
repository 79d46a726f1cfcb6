//! Names, records, secrets, blobs, files of the house.

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};

use super::{Bed, alias, append, files, head, record, session};
use crate::domain::{BlobId, FileId};
use crate::storage::{AppendError, Store};

async fn secret(store: &dyn Store, owner: &str, name: &str) -> Option<String> {
    let value = store.secret(owner, name).await.unwrap();
    value.map(|value| value.expose_secret().to_owned())
}

pub(super) async fn a_name_stands_for_one_thing(bed: &Bed) {
    let store = bed.open().await;
    let named = async |id: &str, after, aliases: &[(&str, &str)]| {
        let mut append = append(id, after, &["x"]);
        append.aliases = aliases.iter().map(|(key, entity)| alias(key, entity)).collect();
        store.append(append).await
    };
    assert_eq!(named("s", 0, &[("k", "s"), ("l", "s")]).await, Ok(()));
    assert_eq!(named("t", 0, &[("m", "t"), ("k", "t")]).await, Err(AppendError::AliasTaken(alias("k", "t"))));
    assert_eq!(named("t", 0, &[("m", "t"), ("m", "u")]).await, Err(AppendError::AliasTaken(alias("m", "u"))));
    assert_eq!(store.head(&session("t")).await.unwrap(), None);
    assert_eq!(store.resolve("space", "m").await.unwrap(), None);
    // The same name for the same thing is no conflict.
    assert_eq!(named("s", 1, &[("k", "s")]).await, Ok(()));
    assert_eq!(store.resolve("space", "k").await.unwrap().as_deref(), Some("s"));
    assert_eq!(store.resolve("space", "l").await.unwrap().as_deref(), Some("s"));
    assert_eq!(store.resolve("other", "k").await.unwrap(), None);
}

pub(super) async fn names_and_records_come_with_their_append_or_not_at_all(bed: &Bed) {
    let store = bed.open().await;
    let with_all = |after| {
        let mut append = append("s", after, &["x"]);
        append.aliases = vec![alias("k", "s")];
        append.records = vec![record("agent", "a", "{}")];
        append
    };
    assert_eq!(store.append(with_all(5)).await, Err(AppendError::Conflict(None)));
    assert_eq!(store.resolve("space", "k").await.unwrap(), None);
    assert_eq!(store.record("agent", "a").await.unwrap(), None);
    assert_eq!(store.append(with_all(0)).await, Ok(()));
    assert_eq!(store.resolve("space", "k").await.unwrap().as_deref(), Some("s"));
    assert_eq!(store.record("agent", "a").await.unwrap(), Some(record("agent", "a", "{}")));
    let mut changed = append("s", 1, &["y"]);
    changed.records = vec![record("agent", "a", "[]"), record("agent", "b", "{}")];
    assert_eq!(store.append(changed).await, Ok(()));
    assert_eq!(store.records("agent").await.unwrap(), [record("agent", "a", "[]"), record("agent", "b", "{}")]);
}

pub(super) async fn records_are_put_and_taken_away(bed: &Bed) {
    let store = bed.open().await;
    for (kind, id, body) in [("k", "b", "1"), ("k", "a", "2"), ("k", "B", "3"), ("other", "c", "4"), ("k", "b", "5")] {
        store.put_record(record(kind, id, body)).await.unwrap();
    }
    let expected = [record("k", "B", "3"), record("k", "a", "2"), record("k", "b", "5")];
    assert_eq!(store.records("k").await.unwrap(), expected);
    assert_eq!(store.record("k", "b").await.unwrap(), Some(record("k", "b", "5")));
    assert!(store.remove_record("k", "b").await.unwrap());
    assert!(!store.remove_record("k", "b").await.unwrap());
    assert_eq!(store.record("k", "b").await.unwrap(), None);
    assert_eq!(store.records("k").await.unwrap(), expected[..2]);
    assert_eq!(store.records("none").await.unwrap(), []);
}

pub(super) async fn a_secret_is_settled_once(bed: &Bed) {
    let (one, other) = (bed.open().await, bed.open().await);
    let settle = async |store: &dyn Store, value: &str| {
        store.settle_secret("o", "n", &SecretString::from(value)).await.unwrap().expose_secret().to_owned()
    };
    let (first, second) = futures_util::join!(settle(&*one, "of one"), settle(&*other, "of the other"));
    assert_eq!(first, second);
    assert_eq!(settle(&*one, "late").await, first);
    assert_eq!(secret(&*other, "o", "n").await, Some(first));
}

pub(super) async fn a_record_is_put_if_it_is_as_expected(bed: &Bed) {
    let store = bed.open().await;
    let put =
        async |body: &str, expected: Option<&str>| store.put_record_if(record("k", "a", body), expected).await.unwrap();
    for (body, expected, done) in [
        ("1", Some("1"), false),
        ("1", None, true),
        ("2", None, false),
        ("2", Some(""), false),
        ("2", Some("1"), true),
        ("2", Some("2"), true),
        ("", Some("2"), true),
        // Empty is not absent.
        ("3", None, false),
        ("3", Some(""), true),
    ] {
        assert_eq!(put(body, expected).await, done, "{body:?} after {expected:?}");
    }
    assert_eq!(store.records("k").await.unwrap(), [record("k", "a", "3")]);
    let version = store.version().await.unwrap();
    assert!(!put("4", Some("x")).await);
    assert_eq!(store.version().await.unwrap(), version);
}

pub(super) async fn secrets_are_put_and_taken_away(bed: &Bed) {
    let store = bed.open().await;
    let put = async |owner: &str, name: &str, value: Option<&str>| {
        let value = value.map(SecretString::from);
        store.put_secret(owner, name, value.as_ref()).await.unwrap();
    };
    put("a", "n", Some("one")).await;
    put("a", "n", Some("two")).await;
    put("b", "n", Some("three")).await;
    assert_eq!(secret(&*store, "a", "n").await.as_deref(), Some("two"));
    put("a", "n", None).await;
    put("a", "n", None).await;
    assert_eq!(secret(&*store, "a", "n").await, None);
    assert_eq!(secret(&*store, "b", "n").await.as_deref(), Some("three"));
    assert_eq!(secret(&*store, "b", "m").await, None);
    put("c", "n", Some("four")).await;
    let mut all: Vec<_> = store.secrets().await.unwrap().iter().map(|secret| secret.expose_secret().to_owned()).collect();
    all.sort_unstable();
    assert_eq!(all, ["four", "three"]);
}

pub(super) async fn blobs_lie_beside_their_session(bed: &Bed) {
    let store = bed.open().await;
    let early = store.put_blob(&session("s"), b"\0bytes\n").await.unwrap();
    assert_eq!(early.as_str(), "e3117dc5b3e79650be8aa143c387a410160240bfe06b0430cbc481e7e9199946");
    assert_eq!(store.head(&session("s")).await.unwrap(), None);
    store.append(append("s", 0, &["x"])).await.unwrap();
    assert_eq!(store.head(&session("s")).await.unwrap(), head(1, 1));
    assert_eq!(store.put_blob(&session("s"), b"\0bytes\n").await.unwrap(), early);
    let large = vec![7; 300_000];
    let other = store.put_blob(&session("s"), &large).await.unwrap();
    assert_eq!(store.blob(&session("s"), &early).await.unwrap().as_deref(), Some(&b"\0bytes\n"[..]));
    assert!(store.blob(&session("s"), &other).await.unwrap() == Some(large));
    assert_eq!(store.blob(&session("t"), &early).await.unwrap(), None);
    assert!(!store.remove_blob(&session("t"), &early).await.unwrap());
    assert!(store.remove_blob(&session("s"), &early).await.unwrap());
    assert!(!store.remove_blob(&session("s"), &early).await.unwrap());
    assert_eq!(store.blob(&session("s"), &early).await.unwrap(), None);
    assert!(store.blob(&session("s"), &other).await.unwrap().is_some());
    assert_eq!(store.put_blob(&session("s"), b"\0bytes\n").await.unwrap(), early);
    assert_eq!(store.blob(&session("s"), &BlobId::from_text("../../format")).await.unwrap(), None);
}

pub(super) async fn strange_names_are_kept_apart(bed: &Bed) {
    let store = bed.open().await;
    let long = "/".repeat(300);
    let longer = "/".repeat(301);
    let names = ["", ".", "..", "a", "A", "a/b", "a%2fb", "~", "\0", "ä", &*long, &*longer];
    for name in names {
        let mut append = append("s", 0, &["x"]);
        append.session = session(&format!("s{name}"));
        append.summary.session.id = append.session.clone();
        append.aliases = vec![alias(name, name)];
        append.records = vec![record(name, name, name)];
        store.append(append).await.unwrap();
        store.put_secret(name, name, Some(&SecretString::from(format!("secret of {name}")))).await.unwrap();
    }
    for name in names {
        assert_eq!(store.head(&session(&format!("s{name}"))).await.unwrap(), head(1, 1));
        assert_eq!(store.resolve("space", name).await.unwrap().as_deref(), Some(name));
        assert_eq!(store.records(name).await.unwrap(), [record(name, name, name)]);
        assert_eq!(secret(&*store, name, name).await, Some(format!("secret of {name}")));
    }
}

/// Brings a file of the house.
pub(super) async fn bring(store: &dyn Store, id: &FileId, pieces: &[&'static [u8]]) {
    let mut incoming = store.receive_file(id).await.unwrap();
    for piece in pieces {
        incoming.write(Bytes::from_static(piece)).await.unwrap();
    }
    incoming.keep().await.unwrap();
}

pub(super) async fn files_come_whole_or_not_at_all(bed: &Bed) {
    let (store, other) = (bed.open().await, bed.open().await);
    let [a, b, c] = ["a", "b", "c"].map(FileId::from_text);
    assert_eq!(store.files().await.unwrap(), []);
    let mut half = store.receive_file(&a).await.unwrap();
    half.write(Bytes::from_static(b"canary of a half")).await.unwrap();
    // Somebody brings it: nobody takes it for left.
    assert_eq!(other.files().await.unwrap(), []);
    half.write(Bytes::from_static(b" and the other half")).await.unwrap();
    assert_eq!(other.file_bytes(&a, 0, 100).await.unwrap(), None);
    half.keep().await.unwrap();
    assert_eq!(other.file_bytes(&a, 0, 100).await.unwrap().as_deref(), Some(&b"canary of a half and the other half"[..]));
    // There may be no record of it yet.
    assert_eq!(other.files().await.unwrap(), []);
    drop(half);
    assert_eq!(other.files().await.unwrap(), std::slice::from_ref(&a));

    let mut dropped = store.receive_file(&b).await.unwrap();
    dropped.write(Bytes::from_static(b"lost canary")).await.unwrap();
    drop(dropped);
    bring(&*store, &c, &[]).await;
    assert_eq!(other.file_bytes(&c, 0, 9).await.unwrap().as_deref(), Some(&b""[..]));
    assert_eq!(other.files().await.unwrap(), [a.clone(), c.clone()]);
    assert_eq!(bed.files_with("lost canary"), [""; 0]);
    assert!(files(bed.path()).keys().all(|path| !path.to_string_lossy().ends_with("~new")));
    assert_eq!(store.file_bytes(&FileId::from_text("../format"), 0, 9).await.unwrap(), None);
    assert!(store.remove_file(&c).await.unwrap());
    assert!(!store.remove_file(&c).await.unwrap());
    assert_eq!(store.files().await.unwrap(), [a]);
}

pub(super) async fn a_file_is_read_in_parts(bed: &Bed) {
    let store = bed.open().await;
    let id = FileId::from_text("f");
    bring(&*store, &id, &[b"0123", b"", b"456789"]).await;
    let read = async |first, length| store.file_bytes(&id, first, length).await.unwrap().unwrap();
    for (first, length, bytes) in
        [(0, 10, "0123456789"), (0, 3, "012"), (3, 2, "34"), (8, 99, "89"), (10, 1, ""), (u64::MAX, 5, ""), (2, 0, "")]
    {
        assert_eq!(read(first, length).await, bytes.as_bytes(), "{first} {length}");
    }
}
