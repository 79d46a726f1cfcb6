//! What the engine shows to people: files of a workspace, and sessions as others may see them.

use std::path::Path;

use ombud::config::Wire;
use ombud::domain::{ErrorCode, Pins, SessionUpdated};
use ombud::engine::{Ask, Engine, FileKind, FileSearch, NewSession, Target};
use ombud::storage::{self, StoreUrl};
use secrecy::SecretString;
use serde_json::json;

use crate::support::house::{answer, finished, open, question, settings, somebody};
use crate::support::model_server::{Answer, ModelServer};

fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["src/inner", "images", "images.d", "node_modules/in", ".hidden/in"] {
        std::fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    for (name, text) in [
        ("notes.md", "Notes.\n"),
        ("src/index.js", "1\n"),
        ("src/inner/main.txt", "main\n"),
        (".env", "no\n"),
        ("node_modules/in/index.js", "no\n"),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn no_model() -> ModelServer {
    ModelServer::start(Wire::Openai, vec![])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_is_looked_at_and_never_left() {
    let server = no_model();
    let (folder, outside) = (workspace(), tempfile::tempdir().unwrap());
    std::fs::write(outside.path().join("secret.txt"), "no").unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("out")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret.txt"), folder.path().join("leak.txt")).unwrap();
    std::os::unix::fs::symlink("src", folder.path().join("link")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("dangling")).unwrap();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let looked = house.look(&somebody(), None, "").await.unwrap();
    let names: Vec<_> = looked.entries.iter().map(|entry| (entry.name.as_str(), entry.kind)).collect();
    let (file, dir) = (FileKind::File, FileKind::Folder);
    let expected = [
        (".hidden", dir),
        ("images", dir),
        ("images.d", dir),
        ("link", dir),
        ("node_modules", dir),
        ("src", dir),
        (".env", file),
        ("notes.md", file),
    ];
    assert_eq!(names, expected);
    assert_eq!((looked.item.kind, looked.item.path.as_str()), (dir, ""));
    assert_eq!(looked.item.name, folder.path().file_name().unwrap().to_str().unwrap());
    assert_eq!(Path::new(&looked.workspace), folder.path().canonicalize().unwrap());
    let looked = house.look(&somebody(), None, "./src//inner/../index.js").await.unwrap();
    assert_eq!((looked.item.name.as_str(), looked.item.path.as_str(), looked.item.size), ("index.js", "src/index.js", 2));
    assert_eq!((looked.entries, looked.item.modified.as_millis() > 0), (vec![], true));
    let inside = folder.path().join("notes.md");
    assert_eq!(house.look(&somebody(), None, inside.to_str().unwrap()).await.unwrap().item.path, "notes.md");
    for (path, code) in [
        ("missing", ErrorCode::NotFound),
        ("..", ErrorCode::Forbidden),
        ("../secret.txt", ErrorCode::Forbidden),
        ("src/../../x", ErrorCode::Forbidden),
        ("out/secret.txt", ErrorCode::Forbidden),
        ("leak.txt", ErrorCode::Forbidden),
        ("/etc/passwd", ErrorCode::Forbidden),
        ("a\0b", ErrorCode::InvalidInput),
        ("notes.md/x", ErrorCode::InvalidInput),
    ] {
        assert_eq!(house.look(&somebody(), None, path).await.unwrap_err().code, code, "{path}");
        assert_eq!(house.open_file(&somebody(), None, path).await.unwrap_err().code, code, "{path}");
    }
    let mut opened = house.open_file(&somebody(), None, "link/inner/main.txt").await.unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut opened.file, &mut text).unwrap();
    assert_eq!((text.as_str(), opened.item.size, opened.item.path.as_str()), ("main\n", 5, "link/inner/main.txt"));
    assert_eq!(house.open_file(&somebody(), None, "src").await.unwrap_err().code, ErrorCode::InvalidInput);
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_found_by_name_the_best_first() {
    let server = no_model();
    let folder = workspace();
    let deep = "l1/l2/l3/l4/l5";
    std::fs::create_dir_all(folder.path().join(deep).join("l6")).unwrap();
    std::fs::write(folder.path().join(deep).join("deep.rs"), "").unwrap();
    std::fs::write(folder.path().join(deep).join("l6/deeper.rs"), "").unwrap();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let find = async |text: &str, kind: Option<FileKind>, limit: usize| {
        let search = FileSearch { text: text.to_owned(), kind, limit };
        let found = house.find(&somebody(), None, &search).await.unwrap();
        found.into_iter().map(|item| item.path).collect::<Vec<_>>()
    };
    // As recorded from the servers that this search is for.
    assert_eq!(find("in", None, 0).await, ["src/inner", "src/index.js", "src/inner/main.txt"]);
    assert_eq!(find("", None, 0).await, ["images", "images.d", "l1", "src", "notes.md"]);
    assert_eq!(find("s", Some(FileKind::Folder), 0).await, ["images", "src", "images.d", "src/inner"]);
    assert_eq!(find("NOTES", None, 0).await, ["notes.md"]);
    assert_eq!(find("src/in", None, 1).await, ["src/inner"]);
    assert_eq!(find("deep", None, 0).await, [format!("{deep}/deep.rs")]);
    assert_eq!(find("env", None, 0).await, [""; 0]);
    let long = FileSearch { text: "x".repeat(2_000), ..FileSearch::default() };
    assert_eq!(house.find(&somebody(), None, &long).await.unwrap_err().code, ErrorCode::InvalidInput);
    // A session looks at its own folder.
    let own =
        NewSession { workspace: Some(folder.path().join("src").to_string_lossy().into_owned()), ..NewSession::default() };
    let session = house.create(&somebody(), own).await.unwrap().id;
    let looked = house.look(&somebody(), Some(&session), "").await.unwrap();
    assert_eq!(looked.entries.iter().map(|entry| entry.path.as_str()).collect::<Vec<_>>(), ["inner", "index.js"]);
    assert_eq!(house.open_file(&somebody(), Some(&session), "../notes.md").await.unwrap_err().code, ErrorCode::Forbidden);
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_session_shows_no_secret_and_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_string_lossy().into_owned();
    let looks_like = format!("{}{}", "sk-", "liveliveliveliveliveLIVE0123");
    std::fs::write(folder.path().join("a.txt"), format!("canary-in-env and {looks_like} in {root}/b\n")).unwrap();
    let server = ModelServer::start(
        Wire::Openai,
        vec![
            Answer::reasoning(&["I think of canary-key-one."]).and_calls(vec![
                ("read_file", json!({"path": format!("{root}/a.txt")})),
                ("read_file", json!({"path": "b.txt", "password": "hunter2"})),
            ]),
            Answer::text("It holds canary-in-header, canary-in-store and canary-token."),
        ],
    );
    let mut settings = settings(&server, folder.path());
    let provider = settings.providers.get_mut("house").unwrap();
    provider.api_key = Some(SecretString::from("canary-key-one"));
    provider.headers.insert("x-team".into(), SecretString::from("Team canary-in-header"));
    settings.server.token = Some(SecretString::from("canary-token"));
    settings.tools.environment.insert("DEPLOY".into(), "canary-in-env".into());
    settings.tools.environment.insert("LANG".into(), "read_file".into());
    settings.agents.get_mut("default").unwrap().instructions = "canary-instructions".into();
    let place = tempfile::tempdir().unwrap();
    let url = StoreUrl::Sqlite(place.path().join("store.db"));
    let store = storage::open(&url).await.unwrap();
    store.put_secret("door", "key", Some(&SecretString::from("canary-in-store"))).await.unwrap();
    let house = open(settings, &url).await;
    let new = NewSession {
        title: Some("About canary-token".into()),
        attributes: json!({"door": {"note": "canary-attribute"}}).as_object().unwrap().clone(),
        ..NewSession::default()
    };
    let pins = Pins { instructions: vec!["canary-pinned".into()], ..Pins::default() };
    let ask = Ask { target: Target::New(Box::new(new)), pins, ..question("Read it with canary-key-one.") };
    let asked = house.ask(&somebody(), ask).await.unwrap();
    assert!(finished(&answer(&house, &asked).await).error.is_none());
    let hidden = json!({"door": {"note": "canary-attribute"}}).as_object().unwrap().clone();
    let change = SessionUpdated { attributes: hidden, ..SessionUpdated::default() };
    house.update(&somebody(), &asked.session, change).await.unwrap();
    let shared = house.share(&somebody(), &asked.session).await.unwrap();
    let text = serde_json::to_string(&(&shared.session, &shared.events)).unwrap();
    for hidden in ["canary", "hunter2", &looks_like, &root, "process", "pins", "attributes", "base_seq"] {
        assert!(!text.contains(hidden), "{hidden} is in {text}");
    }
    // What is no secret is there.
    for shown in [
        "read_file",
        "./a.txt",
        "[removed] and [removed] in ./b",
        "somebody",
        "It holds [removed], [removed] and [removed].",
    ] {
        assert!(text.contains(shown), "{shown} is not in {text}");
    }
    assert_eq!(shared.session.title.as_deref(), Some("About [removed]"));
    let kinds: Vec<_> = shared.events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "session.created",
            "message.posted",
            "run.queued",
            "run.started",
            "message.completed",
            "tool.called",
            "tool.called",
            "tool.returned",
            "tool.returned",
            "message.completed",
            "run.finished",
        ]
    );
    assert_eq!(shared.session.model.unwrap().to_string(), "house/small");
    let counts: Vec<_> = shared.removed.iter().map(|removed| removed.kind.as_str()).collect();
    assert_eq!(counts, ["attributes", "field", "path", "pattern", "pins", "process", "secret"]);
    server.finish();
}
