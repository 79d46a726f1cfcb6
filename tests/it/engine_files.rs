//! Files of a session: offered, given, handed out, taken away, and the addresses that are signed for them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::StreamExt;
use ombud::config::{FileLimits, Settings, Wire};
use ombud::domain::{
    AfterClearing, BlobId, Clock, Declaration, Error, ErrorCode, File, FileId, FileState, NamedProcedure, Principal,
    Procedure, Result, SayStep, Scope, SessionId, Step, Timestamp,
};
use ombud::engine::{
    Ask, Engine, FileBytes, FileOffer, FilePurpose, House, NewSession, NobodyToAsk, Notices, Parts, ProcedureCall, Target,
};
use ombud::models::{Models, Offline};
use ombud::observe::SystemClock;
use ombud::storage::{self, Store, StoreUrl};
use ombud::tools::Tools;
use serde_json::{Value, json};

use crate::support::house::{answer, finished, question, settings, somebody};
use crate::support::model_server::{Answer, ModelServer};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

/// A clock that is set by hand.
struct Hand(Mutex<i64>);

impl Hand {
    fn forward(&self, seconds: i64) {
        *self.0.lock().unwrap() += seconds * 1_000;
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(*self.0.lock().unwrap())
    }

    fn new_id(&self) -> uuid::Uuid {
        SystemClock.new_id()
    }
}

/// A house with a session.
struct Bed {
    house: Arc<House>,
    clock: Arc<Hand>,
    session: SessionId,
    _folder: tempfile::TempDir,
    server: ModelServer,
}

fn limits() -> FileLimits {
    FileLimits {
        file_bytes: 600_000,
        offer_files: 3,
        offer_bytes: 1_000_000,
        session_files: 4,
        upload_time: Duration::from_secs(900),
        download_time: Duration::from_secs(86_400),
        ..FileLimits::default()
    }
}

impl Bed {
    async fn new() -> Self {
        Self::with(vec![], |_| ()).await
    }

    async fn with(script: Vec<Answer>, change: impl FnOnce(&mut Settings)) -> Self {
        let store = storage::open(&StoreUrl::Memory).await.unwrap();
        Self::on(store, script, change).await
    }

    async fn on(store: Arc<dyn Store>, script: Vec<Answer>, change: impl FnOnce(&mut Settings)) -> Self {
        let server = ModelServer::start(Wire::Openai, script);
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut settings = settings(&server, folder.path());
        settings.server.limits.files = limits();
        change(&mut settings);
        let clock = Arc::new(Hand(Mutex::new(1_795_156_323_000)));
        let offline = Arc::new(Offline::new(clock.clone()));
        let models = Models::new(&settings, clock.clone(), offline).unwrap();
        let tools = Tools::new(&settings.limits, &settings.tools);
        let house = Arc::new(House::new(Parts {
            settings,
            store,
            models,
            tools,
            clock: clock.clone(),
            approver: Arc::new(NobodyToAsk),
            notices: Notices::default(),
        }));
        let session = house.create(&somebody(), NewSession::default()).await.unwrap().id;
        Self { house, clock, session, _folder: folder, server }
    }

    async fn offer(&self, name: &str, media_type: &str, size: usize) -> File {
        let mut files =
            self.house.offer_files(&somebody(), &self.session, vec![offer(name, media_type, size)]).await.unwrap();
        assert_eq!(files.len(), 1);
        files.remove(0)
    }

    async fn put(&self, file: &File, bytes: &[u8]) -> Result<File> {
        self.house.put_file(&somebody(), file.clone(), stream(bytes)).await
    }

    async fn given(&self, name: &str, media_type: &str, bytes: &[u8]) -> File {
        let file = self.offer(name, media_type, bytes.len()).await;
        self.put(&file, bytes).await.unwrap()
    }

    async fn got(&self, file: &FileId) -> Result<Bytes> {
        Ok(self.house.file_bytes(&somebody(), &self.session, file).await?.1)
    }

    async fn redeem(&self, ticket: &str, purpose: FilePurpose) -> std::result::Result<File, (ErrorCode, String)> {
        let redeemed = self.house.redeem_file(ticket, purpose).await;
        redeemed.map(|redeemed| redeemed.file).map_err(|error| (error.code, error.message))
    }
}

fn offer(name: &str, media_type: &str, size: usize) -> FileOffer {
    FileOffer { name: name.to_owned(), media_type: media_type.to_owned(), size: size as u64 }
}

fn stream(bytes: &[u8]) -> FileBytes {
    let pieces: Vec<Result<Bytes>> = bytes.chunks(1_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    futures_util::stream::iter(pieces).boxed()
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> ErrorCode {
    result.unwrap_err().code
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_there_once_all_of_it_is() {
    let bed = Bed::new().await;
    let offered = bed.offer("dot.png", "Image/PNG; q=1", PNG.len()).await;
    assert_eq!((offered.state, offered.media_type.as_str(), &offered.blob), (FileState::Pending, "image/png", &None));
    assert_eq!(code(bed.got(&offered.id).await), ErrorCode::NotFound);
    assert_eq!(bed.house.kept_files(&somebody(), &bed.session).await.unwrap(), []);
    let file = bed.put(&offered, PNG).await.unwrap();
    assert_eq!(file, File { state: FileState::Ready, blob: Some(BlobId::of(PNG)), ..offered.clone() });
    assert_eq!(bed.got(&file.id).await.unwrap(), PNG);
    assert_eq!(bed.house.kept_file(&somebody(), &bed.session, &file.id).await.unwrap(), file);
    assert_eq!(bed.house.kept_files(&somebody(), &bed.session).await.unwrap(), std::slice::from_ref(&file));
    // The same again is fine, other bytes are not.
    assert_eq!(bed.put(&offered, PNG).await.unwrap(), file);
    let mut other = PNG.to_vec();
    *other.last_mut().unwrap() = 1;
    let error = bed.put(&offered, &other).await.unwrap_err();
    assert_eq!(
        (error.code, error.message),
        (ErrorCode::Conflict, format!("file `{}` is here already, with other bytes", file.id))
    );
    assert_eq!(bed.got(&file.id).await.unwrap(), PNG);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_leaves_nothing() {
    let bed = Bed::new().await;
    let offered = bed.offer("a.png", "image/png", PNG.len()).await;
    assert_eq!(code(bed.put(&offered, &PNG[1..]).await), ErrorCode::InvalidInput);
    assert_eq!(code(bed.put(&offered, &[PNG, b"x"].concat()).await), ErrorCode::TooLarge);
    assert_eq!(code(bed.put(&offered, &vec![b'x'; PNG.len()]).await), ErrorCode::BadMedia);
    let broken = Error::new(ErrorCode::TimedOut, "too slow");
    let half = futures_util::stream::iter([Ok(Bytes::from_static(&PNG[..4])), Err(broken.clone())]).boxed();
    assert_eq!(bed.house.put_file(&somebody(), offered.clone(), half).await.unwrap_err(), broken);
    assert_eq!(bed.house.kept_files(&somebody(), &bed.session).await.unwrap(), []);
    assert_eq!(
        code(bed.house.blob(&somebody(), &bed.session, &BlobId::of(&vec![b'x'; PNG.len()])).await),
        ErrorCode::NotFound
    );
    // After all that it can still come.
    assert_eq!(bed.put(&offered, PNG).await.unwrap().state, FileState::Ready);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offers_are_checked() {
    let bed = Bed::new().await;
    let refused = async |offers: Vec<FileOffer>| code(bed.house.offer_files(&somebody(), &bed.session, offers).await);
    let good = || offer("a.txt", "text/plain", 5);
    assert_eq!(refused(vec![]).await, ErrorCode::InvalidInput);
    assert_eq!(refused(vec![good(), good(), good(), good()]).await, ErrorCode::InvalidInput);
    assert_eq!(refused(vec![good(), offer("", "text/plain", 5)]).await, ErrorCode::InvalidInput);
    assert_eq!(refused(vec![offer("../a", "text/plain", 5)]).await, ErrorCode::InvalidInput);
    assert_eq!(refused(vec![offer("a", "text", 5)]).await, ErrorCode::BadMedia);
    assert_eq!(refused(vec![offer("a", "text/plain", 0)]).await, ErrorCode::InvalidInput);
    assert_eq!(refused(vec![offer("a", "text/plain", 600_001)]).await, ErrorCode::TooLarge);
    assert_eq!(
        refused(vec![offer("a", "text/plain", 600_000), offer("a", "text/plain", 400_001)]).await,
        ErrorCode::TooLarge
    );
    let nowhere = SessionId::from_text("nowhere");
    assert_eq!(code(bed.house.offer_files(&somebody(), &nowhere, vec![good()]).await), ErrorCode::NotFound);
    let both = vec![good(), offer("b", "image/png", 6)];
    let files = bed.house.offer_files(&somebody(), &bed.session, both).await.unwrap();
    assert_eq!(files.iter().map(|file| (&*file.name, file.size)).collect::<Vec<_>>(), [("a.txt", 5), ("b", 6)]);
    assert_ne!(files[0].id, files[1].id);
    // A session is not filled without end, also not by what was offered before.
    let late = bed.offer("late", "text/plain", 1).await;
    for number in 0..4_u8 {
        bed.given("a", "text/plain", &[b'a' + number]).await;
    }
    assert_eq!(refused(vec![good()]).await, ErrorCode::TooLarge);
    assert_eq!(code(bed.put(&late, b"x").await), ErrorCode::TooLarge);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_at_once_one_is_there() {
    let folder = tempfile::tempdir().unwrap();
    for url in [StoreUrl::Memory, StoreUrl::Sqlite(folder.path().join("s.db")), StoreUrl::File(folder.path().join("s"))] {
        let bed = Bed::on(storage::open(&url).await.unwrap(), vec![], |_| ()).await;
        let offered = bed.offer("a.txt", "text/plain", 300_000).await;
        let texts = [vec![b'a'; 300_000], vec![b'b'; 300_000]];
        let (one, other) = futures_util::join!(bed.put(&offered, &texts[0]), bed.put(&offered, &texts[1]));
        let won = usize::from(other.is_ok());
        assert_eq!((one.is_ok(), other.is_ok()), (won == 0, won == 1), "{url:?}: {one:?} {other:?}");
        let lost = if won == 0 { other } else { one };
        assert_eq!(code(lost), ErrorCode::Conflict);
        assert!(bed.got(&offered.id).await.unwrap() == texts[won]);
        // With the same bytes both succeed.
        let offered = bed.offer("b.txt", "text/plain", 5).await;
        let (one, other) = futures_util::join!(bed.put(&offered, b"hello"), bed.put(&offered, b"hello"));
        assert_eq!(one.unwrap(), other.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_goes_for_good_and_with_its_session() {
    let folder = tempfile::tempdir().unwrap();
    let store = storage::open(&StoreUrl::Sqlite(folder.path().join("s.db"))).await.unwrap();
    let bed = Bed::on(store, vec![], |_| ()).await;
    let one = bed.given("canary-name.txt", "text/plain", b"canary bytes").await;
    let twin = bed.given("b.txt", "text/plain", b"canary bytes").await;
    bed.house.delete_file(&somebody(), &bed.session, &one.id).await.unwrap();
    assert_eq!(code(bed.house.delete_file(&somebody(), &bed.session, &one.id).await), ErrorCode::NotFound);
    assert_eq!(code(bed.got(&one.id).await), ErrorCode::NotFound);
    // Another file with the same bytes keeps them.
    assert_eq!(bed.got(&twin.id).await.unwrap(), "canary bytes");
    bed.house.delete_file(&somebody(), &bed.session, &twin.id).await.unwrap();
    for name in ["s.db", "s.db-wal"] {
        let bytes = std::fs::read(folder.path().join(name)).unwrap_or_default();
        assert!(!bytes.windows(6).any(|window| window == b"canary"), "{name}");
    }
    // What was deleted does not come back, although its offer has not ended.
    let offered = File { state: FileState::Pending, blob: None, ..one.clone() };
    assert_eq!(code(bed.put(&offered, b"canary bytes").await), ErrorCode::NotFound);
    let third = bed.given("c.txt", "text/plain", b"third").await;
    let upload =
        bed.house.sign_file(&somebody(), &bed.offer("d", "text/plain", 1).await, FilePurpose::Upload).await.unwrap();
    let download = bed.house.sign_file(&somebody(), &third, FilePurpose::Download).await.unwrap();
    bed.house.delete(&somebody(), &bed.session).await.unwrap();
    let again = NewSession { id: Some(bed.session.clone()), ..NewSession::default() };
    for _ in 0..2 {
        assert_eq!(code(bed.house.kept_file(&somebody(), &bed.session, &third.id).await), ErrorCode::NotFound);
        for (ticket, purpose) in [(&upload.ticket, FilePurpose::Upload), (&download.ticket, FilePurpose::Download)] {
            assert_eq!(bed.redeem(ticket, purpose).await.unwrap_err().0, ErrorCode::NotFound);
        }
        // Also when there is a session of that name again.
        let _ = bed.house.create(&somebody(), again.clone()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_cleared_has_no_files() {
    let bed = Bed::new().await;
    let file = bed.given("a.txt", "text/plain", b"hello").await;
    let download = bed.house.sign_file(&somebody(), &file, FilePurpose::Download).await.unwrap().ticket;
    let late = bed.offer("b.txt", "text/plain", 5).await;
    let upload = bed.house.sign_file(&somebody(), &late, FilePurpose::Upload).await.unwrap().ticket;
    bed.house.clear(&somebody(), &bed.session, AfterClearing::Active).await.unwrap();
    assert_eq!(bed.house.kept_files(&somebody(), &bed.session).await.unwrap(), []);
    assert_eq!(bed.redeem(&download, FilePurpose::Download).await.unwrap_err().0, ErrorCode::NotFound);
    // It lives, so it takes what comes now; one whose time is over takes nothing.
    assert_eq!(bed.put(&late, b"hello").await.unwrap().state, FileState::Ready);
    bed.house.clear(&somebody(), &bed.session, AfterClearing::Expired).await.unwrap();
    assert_eq!(code(bed.put(&late, b"hello").await), ErrorCode::Expired);
    assert_eq!(code(bed.got(&late.id).await), ErrorCode::Expired);
    assert_eq!(code(bed.house.kept_files(&somebody(), &bed.session).await), ErrorCode::Expired);
    assert_eq!(bed.redeem(&upload, FilePurpose::Upload).await.unwrap_err().0, ErrorCode::Expired);
    let offers = vec![offer("c", "text/plain", 1)];
    assert_eq!(code(bed.house.offer_files(&somebody(), &bed.session, offers).await), ErrorCode::Expired);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_address_is_good_for_what_it_says() {
    let bed = Bed::new().await;
    let offered = bed.offer("a.txt", "text/plain", 5).await;
    let upload = bed.house.sign_file(&somebody(), &offered, FilePurpose::Upload).await.unwrap();
    let download = bed.house.sign_file(&somebody(), &offered, FilePurpose::Download).await.unwrap();
    assert_eq!(format!("{upload:?}"), "SignedFile { expires: Timestamp(1795157223000), .. }");
    let redeemed = bed.house.redeem_file(&upload.ticket, FilePurpose::Upload).await.unwrap();
    assert_eq!(redeemed.file, offered);
    assert_eq!(redeemed.caller.scopes, [Scope::Session(bed.session.to_string())]);
    assert!(upload.ticket.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)), "{}", upload.ticket);
    let file = bed.house.put_file(&redeemed.caller, redeemed.file, stream(b"hello")).await.unwrap();
    assert_eq!(bed.redeem(&download.ticket, FilePurpose::Download).await, Ok(file.clone()));
    // It opens this file, and nothing else.
    assert_eq!(code(bed.house.delete_file(&redeemed.caller, &bed.session, &file.id).await), ErrorCode::Forbidden);
    let other = bed.house.create(&somebody(), NewSession::default()).await.unwrap().id;
    assert_eq!(code(bed.house.kept_files(&redeemed.caller, &other).await), ErrorCode::NotFound);
    // For another purpose.
    let wrong = |text: &str| Err((ErrorCode::Forbidden, text.to_owned()));
    let for_upload = "the address is signed for an upload, and not for a download";
    assert_eq!(bed.redeem(&upload.ticket, FilePurpose::Download).await, wrong(for_upload));
    let for_download = "the address is signed for a download, and not for an upload";
    assert_eq!(bed.redeem(&download.ticket, FilePurpose::Upload).await, wrong(for_download));
    // Forged: every part of it.
    let (claims, signature) = upload.ticket.split_once('.').unwrap();
    let changed = |from: &str, to: &str| {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert!(text.contains(from), "{text}");
        URL_SAFE_NO_PAD.encode(text.replacen(from, to, 1))
    };
    let mut flipped = URL_SAFE_NO_PAD.decode(signature).unwrap();
    flipped[31] ^= 1;
    for forged in [
        String::new(),
        ".".to_owned(),
        claims.to_owned(),
        format!("{claims}."),
        format!("{claims}.{}", URL_SAFE_NO_PAD.encode(&flipped)),
        format!("{claims}.{}", URL_SAFE_NO_PAD.encode(&flipped[..16])),
        format!("{}.{signature}", changed(r#""size":5"#, r#""size":9"#)),
        format!("{}.{signature}", changed("text/plain", "text/html")),
        format!("{}.{signature}", changed(r#""upload""#, r#""download""#)),
        format!("{}.{signature}", changed(bed.session.as_str(), other.as_str())),
        format!("{}.{signature}", changed("2026-", "2036-")),
        format!("{}.{signature}", changed(r#""incarnation":1"#, r#""incarnation":2"#)),
        format!("{claims}.{}", download.ticket.split_once('.').unwrap().1),
        format!("{}.{signature}", "x".repeat(10_000)),
    ] {
        let refused = bed.redeem(&forged, FilePurpose::Upload).await;
        assert_eq!(refused, wrong("the address is not one that this server has signed"), "{forged}");
    }
    // It ends by itself.
    bed.clock.forward(899);
    assert!(bed.redeem(&upload.ticket, FilePurpose::Upload).await.is_ok());
    bed.clock.forward(1);
    let expired = "the address for an upload was good until 2026-11-20T06:47:03.000Z";
    assert_eq!(bed.redeem(&upload.ticket, FilePurpose::Upload).await, Err((ErrorCode::Expired, expired.to_owned())));
    assert!(bed.redeem(&download.ticket, FilePurpose::Download).await.is_ok());
    bed.clock.forward(86_400 - 900);
    assert_eq!(bed.redeem(&download.ticket, FilePurpose::Download).await.unwrap_err().0, ErrorCode::Expired);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_house_of_a_store_signs_with_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::Sqlite(folder.path().join("s.db"));
    let (one, two) = (storage::open(&url).await.unwrap(), storage::open(&url).await.unwrap());
    let one = Bed::on(one, vec![], |_| ()).await;
    let two = Bed::on(two, vec![], |_| ()).await;
    let sign = async |bed: &Bed| {
        let offered = bed.offer("a.txt", "text/plain", 5).await;
        bed.house.sign_file(&somebody(), &offered, FilePurpose::Upload).await.unwrap().ticket
    };
    // Both make the key at once.
    let (of_one, of_two) = futures_util::join!(sign(&one), sign(&two));
    assert_eq!(one.redeem(&of_two, FilePurpose::Upload).await.unwrap().session(), Ok(&two.session));
    assert_eq!(two.redeem(&of_one, FilePurpose::Upload).await.unwrap().session(), Ok(&one.session));
    let elsewhere = Bed::new().await;
    let strange = sign(&elsewhere).await;
    assert_eq!(one.redeem(&strange, FilePurpose::Upload).await.unwrap_err().0, ErrorCode::Forbidden);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_are_those_of_the_session() {
    let bed = Bed::new().await;
    let file = bed.given("a.txt", "text/plain", b"hello").await;
    let of = |scopes: Vec<Scope>| Principal { scopes, ..Principal::unproven() };
    let (reader, nobody) = (of(vec![Scope::Read]), of(vec![]));
    let stranger = of(vec![Scope::Session("other".to_owned())]);
    // Who sees another session only is not told that there is this one.
    for (caller, refused) in [(&nobody, ErrorCode::Forbidden), (&stranger, ErrorCode::NotFound)] {
        assert_eq!(code(bed.house.file_bytes(caller, &bed.session, &file.id).await), refused);
        assert_eq!(code(bed.house.kept_files(caller, &bed.session).await), refused);
        assert_eq!(code(bed.house.sign_file(caller, &file, FilePurpose::Download).await), refused);
    }
    assert_eq!(bed.house.file_bytes(&reader, &bed.session, &file.id).await.unwrap().1, "hello");
    assert!(bed.house.sign_file(&reader, &file, FilePurpose::Download).await.is_ok());
    for (caller, refused) in
        [(&reader, ErrorCode::Forbidden), (&nobody, ErrorCode::Forbidden), (&stranger, ErrorCode::NotFound)]
    {
        let offers = vec![offer("a", "text/plain", 1)];
        assert_eq!(code(bed.house.offer_files(caller, &bed.session, offers).await), refused);
        assert_eq!(code(bed.house.put_file(caller, file.clone(), stream(b"hello")).await), refused);
        assert_eq!(code(bed.house.sign_file(caller, &file, FilePurpose::Upload).await), refused);
        assert_eq!(code(bed.house.delete_file(caller, &bed.session, &file.id).await), refused);
    }
}

/// A bed whose agent shows files to its model.
async fn showing(script: Vec<Answer>) -> Bed {
    Bed::with(script, |settings| {
        let agent = settings.agents.get_mut("default").unwrap();
        let say = SayStep { text: "Look.".into(), files: vec!["FILES".to_owned()], ..SayStep::default() };
        let steps = Procedure::new(vec![Step::Say(say)]);
        let arguments = [("FILES".to_owned(), Declaration::default())].into();
        let show = NamedProcedure { arguments, steps, ..NamedProcedure::default() };
        agent.procedures.insert("show".to_owned(), show);
    })
    .await
}

async fn show(bed: &Bed, files: Value) -> (Vec<Value>, Option<Error>) {
    let arguments = json!({ "FILES": files }).as_object().unwrap().clone();
    let procedure = Some(ProcedureCall { name: "show".to_owned(), arguments, ..ProcedureCall::default() });
    let ask = Ask { target: Target::Existing(bed.session.clone()), input: vec![], procedure, ..question("") };
    // What names no file is told before anything begins.
    let asked = match bed.house.ask(&somebody(), ask).await {
        Ok(asked) => asked,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let frames = answer(&bed.house, &asked).await;
    let error = finished(&frames).error.clone();
    let shown = bed.house.messages(&somebody(), &bed.session, None, 1).await.unwrap().messages;
    let parts = shown.last().map_or_else(Vec::new, |shown| shown.message.parts.clone());
    let files = parts.iter().map(|part| serde_json::to_value(part).unwrap()).filter(|part| part["kind"] == "file");
    (files.collect(), error)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_becomes_a_part_of_a_message() {
    let bed = showing(vec![]).await;
    let file = bed.given("dot.png", "image/png", PNG).await;
    let part =
        json!({"kind": "file", "blob": BlobId::of(PNG), "media_type": "image/png", "name": "dot.png", "size": PNG.len()});
    // What a reference says beside the id is not believed.
    let reference = json!({"id": file.id, "mediaType": "text/html", "url": "http://elsewhere/x", "size": 1});
    let (parts, error) = show(&bed, json!([reference, file.id])).await;
    assert_eq!((parts, error), (vec![part.clone(), part], None));
    bed.server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_file_of_the_session_is_told() {
    let bed = showing(vec![]).await;
    let pending = bed.offer("a.txt", "text/plain", 5).await;
    let elsewhere = bed.house.create(&somebody(), NewSession::default()).await.unwrap().id;
    let offers = vec![offer("b.txt", "text/plain", 5)];
    let other = bed.house.offer_files(&somebody(), &elsewhere, offers).await.unwrap().remove(0);
    let other = bed.house.put_file(&somebody(), other, stream(b"hello")).await.unwrap();
    let unknown = |id: &str| (ErrorCode::NotFound, format!("file `{id}` is not known in session `{}`", bed.session));
    for (value, expected) in [
        (json!("nope"), unknown("nope")),
        (json!({"id": "../nope", "url": "x"}), unknown("../nope")),
        (json!({"id": pending.id}), unknown(pending.id.as_str())),
        (json!({"id": other.id}), unknown(other.id.as_str())),
        (json!({"url": "http://x/y.png"}), (ErrorCode::InvalidInput, "this names no file: its `id` is missing".to_owned())),
        (json!(7), (ErrorCode::InvalidInput, "this names no file: it is no object and no text".to_owned())),
    ] {
        let (_, error) = show(&bed, value.clone()).await;
        let error = error.unwrap();
        assert_eq!((error.code, error.message), expected, "{value}");
    }
    bed.server.finish();
}
