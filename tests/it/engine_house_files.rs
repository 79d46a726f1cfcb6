//! Files of the house: given, listed, read in parts, shown to agents, taken away; seen by their owners only.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use ombud::config::{Settings, Wire};
use ombud::domain::{
    Attributes, BlobId, Error, ErrorCode, Fact, File, FileId, FilePart, Frame, Part, Principal, Result, Scope, UserId,
};
use ombud::engine::{Ask, FileBytes, House, HouseFiles, NewHouseFile};
use ombud::storage::StoreUrl;
use serde_json::json;

use crate::support::house::{answer, open, question, settings, somebody};
use crate::support::lives::files_with;
use crate::support::model_server::{Answer, ModelServer};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

/// A house on a store in a folder of its own.
struct Bed {
    house: Arc<House>,
    folder: tempfile::TempDir,
    _server: ModelServer,
}

impl Bed {
    async fn new(store: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let server = ModelServer::start(Wire::Openai, vec![Answer::text("seen").always()]);
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let workspace = folder.path().join("work");
        std::fs::create_dir(&workspace).unwrap();
        let mut settings = settings(&server, &workspace);
        settings.server.limits.files.house_file_bytes = 600_000;
        change(&mut settings);
        let url = match store {
            "memory" => StoreUrl::Memory,
            "file" => StoreUrl::File(folder.path().join("store")),
            _ => StoreUrl::Sqlite(folder.path().join("store.db")),
        };
        Self { house: Arc::new(open(settings, &url).await), folder, _server: server }
    }

    /// Gives a file.
    async fn give(&self, caller: &Principal, name: &str, media_type: Option<&str>, bytes: &[u8]) -> Result<File> {
        let received = self.house.receive_file(caller, pieces(bytes, 70_000)).await?;
        let new = NewHouseFile {
            name: name.into(),
            media_type: media_type.map(str::to_owned),
            attributes: Attributes::from_iter([("door".to_owned(), json!({ "note": name }))]),
        };
        self.house.keep_file(caller, new, received).await
    }

    /// The names of all files where a store keeps files of the house.
    fn kept(&self) -> Vec<String> {
        let mut names = Vec::new();
        for folder in ["store/files", "store.db.files"] {
            let items = std::fs::read_dir(self.folder.path().join(folder)).into_iter().flatten();
            names.extend(items.map(|item| item.unwrap().file_name().into_string().unwrap()));
        }
        names.sort();
        names
    }
}

fn pieces(bytes: &[u8], size: usize) -> FileBytes {
    let pieces: Vec<_> = bytes.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    futures_util::stream::iter(pieces).boxed()
}

async fn read(files: &dyn HouseFiles, caller: &Principal, id: &FileId, range: Option<(u64, u64)>) -> Result<Vec<u8>> {
    let mut opened = files.open_house_file(caller, id, range).await?.bytes;
    let mut bytes = Vec::new();
    while let Some(piece) = opened.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

fn person(name: &str, scope: Scope) -> Principal {
    let user = Some(UserId::from_text(&format!("id-of-{name}")));
    Principal { user, scopes: vec![scope], ..Principal::local(format!("user:{name}")) }
}

fn code<T>(result: Result<T>) -> Option<ErrorCode> {
    result.err().map(|error| error.code)
}

#[tokio::test]
async fn a_file_is_given_read_and_taken_away() {
    for store in ["memory", "file", "sqlite"] {
        let bed = Bed::new(store, |_| ()).await;
        let (ana, house) = (person("ana", Scope::Use), &bed.house);
        let bytes: Vec<u8> = (0..600_000_u32).map(|number| (number % 251) as u8).collect();
        let file = bed.give(&ana, "../großes.bin", None, &bytes).await.unwrap();
        assert_eq!((file.name.as_str(), file.size, file.owner()), ("großes.bin", 600_000, Some("id-of-ana")));
        assert_eq!(file.blob, Some(BlobId::of(&bytes)));
        assert_eq!(file.attributes["door"], json!({ "note": "../großes.bin" }));
        assert_eq!(house.house_file(&ana, &file.id).await.as_ref(), Ok(&file));
        assert!(read(&**house, &ana, &file.id, None).await.unwrap() == bytes);
        for (first, last) in [(0_usize, 0_usize), (599_999, 599_999), (262_143, 262_145), (1, 599_998)] {
            let part = read(&**house, &ana, &file.id, Some((first as u64, last as u64))).await.unwrap();
            assert!(part == bytes[first..=last], "{store} {first} {last}");
        }
        for range in [(5, 4), (0, 600_000), (u64::MAX, u64::MAX)] {
            let wrong = read(&**house, &ana, &file.id, Some(range)).await;
            assert_eq!(code(wrong), Some(ErrorCode::InvalidInput), "{range:?}");
        }
        let empty = bed.give(&ana, "", Some("Text/Plain; charset=utf-8"), b"").await.unwrap();
        assert_eq!((empty.name.as_str(), empty.media_type.as_str(), empty.size), ("file", "text/plain", 0));
        assert_eq!(read(&**house, &ana, &empty.id, None).await, Ok(vec![]));
        let page = house.house_files(&ana, 0, 1).await.unwrap();
        assert_eq!((page.files, page.total), (vec![empty.clone()], 2));
        assert_eq!(house.house_files(&ana, 1, 9).await.unwrap().files, std::slice::from_ref(&file));

        assert_eq!(house.remove_house_file(&ana, &file.id).await.as_ref(), Ok(&file));
        assert_eq!(code(house.remove_house_file(&ana, &file.id).await), Some(ErrorCode::NotFound));
        assert_eq!(code(read(&**house, &ana, &file.id, None).await), Some(ErrorCode::NotFound));
        assert_eq!(house.house_files(&ana, 0, 9).await.unwrap().files, std::slice::from_ref(&empty));
        house.remove_house_file(&ana, &empty.id).await.unwrap();
        assert_eq!(bed.kept(), [""; 0]);
        assert_eq!(files_with(bed.folder.path(), "großes"), [""; 0], "{store}");
    }
}

#[tokio::test]
async fn the_type_is_what_is_told_or_what_is_seen() {
    let bed = Bed::new("memory", |_| ()).await;
    for (told, bytes, media_type) in [
        (Some("text/csv"), PNG, "text/csv"),
        (Some("application/octet-stream"), PNG, "application/octet-stream"),
        (None, PNG, "image/png"),
        (Some("no type"), PNG, "image/png"),
        (None, b"\0\x01", "application/octet-stream"),
        (None, b"plain words", "application/octet-stream"),
    ] {
        let file = bed.give(&somebody(), "a", told, bytes).await.unwrap();
        assert_eq!(file.media_type, media_type, "{told:?}");
    }
}

#[tokio::test]
async fn a_file_is_there_for_its_owner_and_for_admins() {
    let bed = Bed::new("memory", |_| ()).await;
    let house = &bed.house;
    let [ana, bob] = ["ana", "bob"].map(|name| person(name, Scope::Use));
    let (viewer, admin) = (person("vera", Scope::Read), person("root", Scope::All));
    let unproven = Principal::unproven();
    let of_ana = bed.give(&ana, "a", None, b"1").await.unwrap();
    let of_local = bed.give(&unproven, "l", None, b"2").await.unwrap();
    for (who, sees) in [(&ana, "a"), (&bob, ""), (&viewer, ""), (&admin, "l a"), (&unproven, "l"), (&somebody(), "l a")] {
        let page = house.house_files(who, 0, 9).await.unwrap();
        let names: Vec<_> = page.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!((names.join(" ").as_str(), page.total), (sees, names.len()), "{who:?}");
        for file in [&of_ana, &of_local] {
            let is_seen = sees.contains(&file.name);
            assert_eq!(house.house_file(who, &file.id).await.is_ok(), is_seen);
            assert_eq!(read(&**house, who, &file.id, None).await.is_ok(), is_seen);
            assert_eq!(house.house_file_part(who, &file.id).await.is_ok(), is_seen);
            if !is_seen {
                assert_eq!(code(house.house_file(who, &file.id).await), Some(ErrorCode::NotFound));
            }
        }
    }
    assert_eq!(code(house.remove_house_file(&bob, &of_ana.id).await), Some(ErrorCode::NotFound));
    assert_eq!(code(bed.give(&viewer, "v", None, b"3").await), Some(ErrorCode::Forbidden));
    assert_eq!(code(house.remove_house_file(&viewer, &of_ana.id).await), Some(ErrorCode::Forbidden));
    let bound = Principal { scopes: vec![Scope::Sessions], ..bob };
    assert_eq!(code(house.house_files(&bound, 0, 9).await), Some(ErrorCode::Forbidden));
    house.remove_house_file(&admin, &of_ana.id).await.unwrap();
    assert_eq!(house.house_files(&ana, 0, 9).await.unwrap().total, 0);
}

#[tokio::test]
async fn what_breaks_off_leaves_nothing() {
    for store in ["memory", "file", "sqlite"] {
        let bed = Bed::new(store, |_| ()).await;
        let (ana, house) = (person("ana", Scope::Use), &bed.house);
        assert_eq!(code(bed.give(&ana, "a", None, &vec![b'x'; 600_001]).await), Some(ErrorCode::TooLarge));
        assert!(bed.give(&ana, "kept", None, &vec![b'x'; 600_000]).await.is_ok());
        let kept = bed.kept();
        let broken = Error::new(ErrorCode::TimedOut, "too slow");
        let half = futures_util::stream::iter([Ok(Bytes::from_static(b"half")), Err(broken.clone())]).boxed();
        assert_eq!(house.receive_file(&ana, half).await.err(), Some(broken));
        // Who goes away: the stream never goes on.
        let first = futures_util::stream::iter([Ok(Bytes::from(vec![b'x'; 300_000]))]);
        let mut coming = Box::pin(house.receive_file(&ana, first.chain(futures_util::stream::pending()).boxed()));
        while store != "memory" && bed.kept() == kept {
            assert!((&mut coming).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        drop(coming);
        // All bytes came, and then nobody says what they are.
        drop(house.receive_file(&ana, pieces(b"whole", 2)).await.unwrap());
        // Too much is said of it.
        let received = house.receive_file(&ana, pieces(b"whole", 2)).await.unwrap();
        let attributes = Attributes::from_iter([("door".to_owned(), json!("x".repeat(16 << 10)))]);
        let new = NewHouseFile { name: "a".into(), media_type: None, attributes };
        assert_eq!(code(house.keep_file(&ana, new, received).await), Some(ErrorCode::TooLarge));
        assert_eq!(bed.kept(), kept, "{store}");
        assert_eq!(house.house_files(&ana, 0, 9).await.unwrap().total, 1);
    }
}

#[tokio::test]
async fn an_owner_has_so_many_files_and_no_more() {
    let bed = Bed::new("memory", |settings| settings.server.limits.files.house_files = 2).await;
    let [ana, bob] = ["ana", "bob"].map(|name| person(name, Scope::Use));
    for name in ["a", "b"] {
        bed.give(&ana, name, None, b"x").await.unwrap();
    }
    let error = bed.give(&ana, "c", None, b"x").await.unwrap_err();
    assert_eq!(error.message, "`id-of-ana` has 2 files, and at most 2 are kept");
    bed.give(&bob, "a", None, b"x").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_is_shown_a_file() {
    let bed = Bed::new("sqlite", |_| ()).await;
    let house = &bed.house;
    let file = bed.give(&somebody(), "dot.png", None, PNG).await.unwrap();
    let (part, (blob, bytes)) = house.house_file_part(&somebody(), &file.id).await.unwrap();
    let expected = FilePart { blob: blob.clone(), media_type: "image/png".into(), name: Some("dot.png".into()), size: 29 };
    assert_eq!((&part, bytes.as_ref(), &blob), (&Part::File(expected), PNG, &BlobId::of(PNG)));
    let input = vec![Part::text("What is this?"), part.clone()];
    let ask = Ask { input: input.clone(), blobs: vec![(blob.clone(), bytes)], ..question("") };
    let asked = ombud::engine::Engine::ask(&**house, &somebody(), ask).await.unwrap();
    let frames = answer(house, &asked).await;
    let posted = frames.iter().find_map(|frame| match frame {
        Frame::Fact(event) => match &event.fact {
            Fact::MessagePosted(posted) => Some(posted.message.parts.clone()),
            _ => None,
        },
        Frame::Delta(_) => None,
    });
    assert_eq!(posted, Some(input));
    // The session has a copy.
    house.remove_house_file(&somebody(), &file.id).await.unwrap();
    let copy = ombud::engine::Engine::blob(&**house, &somebody(), &asked.session, &blob).await;
    assert_eq!(copy.as_deref(), Ok(PNG));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_without_a_record_are_swept() {
    for store in ["file", "sqlite"] {
        let bed = Bed::new(store, |_| ()).await;
        let file = bed.give(&somebody(), "kept", None, b"kept").await.unwrap();
        let folder = if store == "file" { "store/files" } else { "store.db.files" };
        let put = |name: &str| std::fs::write(bed.folder.path().join(folder).join(name), "left").unwrap();
        put("0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10");
        put("0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e11~new");
        // One that is on its way stays.
        let coming = bed.house.receive_file(&somebody(), pieces(b"coming", 2)).await.unwrap();
        let stop = tokio_util::sync::CancellationToken::new();
        let (house, stopping) = (Arc::clone(&bed.house), stop.clone());
        let attending = tokio::spawn(async move { house.attend_to_queue(stopping).await });
        let is_swept = |folder: &Path| !folder.join("0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10").exists();
        crate::support::server::within("the rest is swept", async {
            while !is_swept(&bed.folder.path().join(folder)) {
                tokio::task::yield_now().await;
            }
        })
        .await;
        stop.cancel();
        attending.await.unwrap().unwrap();
        assert_eq!(bed.kept().len(), 2, "{:?}", bed.kept());
        let new = NewHouseFile { name: "came".into(), ..NewHouseFile::default() };
        let came = bed.house.keep_file(&somebody(), new, coming).await.unwrap();
        let mut expected = [came.id.to_string(), file.id.to_string()];
        expected.sort();
        assert_eq!(bed.kept(), expected);
    }
}
