//! `ombud keys`: a key is printed once, and is nowhere else.

use ombud::config::Wire;
use ombud::storage::StoreUrl;
use serde_json::json;

use crate::support::model_server::ModelServer;
use crate::support::ombud::Ombud;
use crate::support::server::{Served, Serving};

/// A word, wherever it stands, and times, so that outputs can be compared.
fn plain(text: &str, word: &str) -> String {
    let text = text.replace(word, "WORD").replace(&word[word.len() - 4..], "ENDS");
    let mut words: Vec<String> = Vec::new();
    for line in text.lines() {
        let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
        let is_time = |cell: &str| cell.len() >= 16 && cell.as_bytes()[4] == b'-' && cell.as_bytes()[13] == b':';
        words.push(cells.map(|cell| if is_time(cell) { "TIME" } else { cell }).collect::<Vec<_>>().join(" | "));
    }
    words.join("\n")
}

#[test]
fn a_key_is_printed_once() {
    let ombud = Ombud::new();
    let none = ombud.run(&["keys", "list"]);
    assert_eq!(
        (none.exit, none.stdout.as_str(), none.stderr.as_str()),
        (0, "", "note: there are no keys here; `ombud keys add NAME` makes one\n")
    );
    let made = ombud.run(&["keys", "add", "shop", "--permission", "sessions,mint", "--expires", "90d"]);
    assert_eq!((made.exit, made.stderr.as_str()), (0, "note: key `shop` is shown this once: keep it\n"));
    let word = made.stdout.trim_end();
    assert_eq!(made.stdout, format!("{word}\n"));
    assert!(word.starts_with("oct_sk_") && word.len() == 71, "it opens the Octavus API only: {word}");
    let quiet = ombud.run(&["keys", "add", "console", "--doors", "tarko,ombud", "-q"]);
    assert_eq!((quiet.exit, quiet.stderr.as_str()), (0, ""));
    assert!(quiet.stdout.starts_with("ombud_sk_"));
    let admin = ombud.run(&["keys", "add", "operator", "--admin", "--doors", "all", "-q"]);
    let list = ombud.run(&["keys", "list"]);
    let mut shown = plain(&list.stdout, word);
    for other in [&quiet.stdout, &admin.stdout] {
        shown = plain(&shown, other.trim_end());
    }
    assert_eq!(
        shown,
        "NAME | PERMISSIONS | DOORS | ENDS IN | MADE | EXPIRES\n\
         shop | sessions,mint | octavus | ENDS | TIME | TIME\n\
         console | sessions | ombud,tarko | ENDS | TIME | -\n\
         operator | admin | all | ENDS | TIME | -"
    );

    let again = ombud.run(&["keys", "add", "shop"]);
    assert_eq!(again.exit, 5);
    assert_eq!(
        again.stderr,
        "error: key `shop` exists (conflict); give it another name, or take the other away: `ombud keys remove NAME`\n"
    );
    let removed = ombud.run(&["keys", "remove", "shop"]);
    assert_eq!((removed.exit, removed.stdout.as_str(), removed.stderr.as_str()), (0, "removed key shop\n", ""));
    let gone = ombud.run(&["keys", "remove", "shop"]);
    assert_eq!((gone.exit, gone.stdout.as_str()), (4, ""));
    // Who gives the word instead of the name does not find it said back.
    let slip = ombud.run(&["keys", "remove", quiet.stdout.trim_end()]);
    assert_eq!(slip.exit, 4);
    assert!(!slip.stderr.contains(quiet.stdout.trim_end()), "{}", slip.stderr);
    let lost = ombud.run(&["keys", "add", "lost", "--store", "memory:"]);
    assert_eq!((lost.exit, lost.stdout.as_str()), (2, ""));
    assert!(lost.stderr.starts_with("error: a store in memory forgets the key"), "{}", lost.stderr);
}

/// Keys are kept by their hash: in every store, no file holds a word.
#[test]
fn words_are_in_no_file() {
    let ombud = Ombud::new();
    for (number, store) in ["sqlite:keys.db", "file:keys"].into_iter().enumerate() {
        let made = ombud.run(&["keys", "add", "shop", "--store", store, "-q"]);
        assert_eq!(made.exit, 0, "{}", made.stderr);
        let word = made.stdout.trim_end();
        let mut files = Vec::new();
        let mut folders = vec![ombud.work(), ombud.home()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else {
                    files.push(entry.path());
                }
            }
        }
        assert!(files.len() > number, "{files:?}");
        for file in files {
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            assert!(!text.contains(word) && !text.contains(&word[7..27]), "{}", file.display());
        }
    }
}

/// Who administers a server makes keys there; whoever has one asks with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_made_on_a_server() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_on(&StoreUrl::Memory, &model, |settings| {
        settings.server.token = Some(secrecy::SecretString::from("correct-horse-battery"));
    })
    .await;
    let url = served.client.base().to_owned();
    let run = async |token: String, arguments: &'static [&'static str]| {
        let url = url.clone();
        tokio::task::spawn_blocking(move || {
            let mut ombud = Ombud::new();
            ombud.set("OMBUD_SERVER", url);
            ombud.set("OMBUD_SERVER_TOKEN", token);
            ombud.run(arguments)
        })
        .await
        .unwrap()
    };
    let admin = || "correct-horse-battery".to_owned();
    let made = run(admin(), &["keys", "add", "shell", "--doors", "ombud"]).await;
    assert_eq!(made.exit, 0, "{}", made.stderr);
    let word = made.stdout.trim_end().to_owned();
    assert_eq!(run(word.clone(), &["sessions", "list", "-q"]).await.exit, 0);
    for arguments in [&["keys", "list"][..], &["keys", "add", "more"], &["keys", "remove", "shell"]] {
        let refused = run(word.clone(), arguments).await;
        assert_eq!((refused.exit, refused.stdout.as_str()), (3, ""), "{}", refused.stderr);
    }
    let operator = run(admin(), &["keys", "add", "operator", "--admin", "--doors", "ombud", "-q"]).await;
    let operator = operator.stdout.trim_end().to_owned();
    assert_eq!(run(operator.clone(), &["keys", "remove", "shell"]).await.stdout, "removed key shell\n");
    assert_eq!(run(word, &["sessions", "list"]).await.exit, 3);
    let list = run(operator, &["keys", "list", "--format", "json"]).await.json();
    assert_eq!(list["keys"][0]["name"], json!("operator"));
    served.leave().await;
}

/// A key that the shell makes opens a server on the same store, and words stand in none of its log lines.
#[test]
fn a_server_on_the_same_store_takes_it() {
    let ombud = Ombud::new();
    let word = ombud.run(&["keys", "add", "shop", "--doors", "all", "-q"]).stdout.trim_end().to_owned();
    let serving = Serving::of(ombud.command(&["serve", "--port", "0", "-vvv"]));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let with = |word: &str| serving.client.with("authorization", &format!("Bearer {word}"));
        assert_eq!(with(&word).post("/ombud/v1/sessions", &json!({})).await.status, 200);
        assert_eq!(with(&format!("{word}x")).post("/ombud/v1/sessions", &json!({})).await.status, 401);
        let path = format!("/api/v1/ws?token={word}");
        assert_ne!(serving.client.get(&path).await.status, 401);
    });
    let ended = serving.end();
    assert!(!ended.stderr.contains(&word), "{}", ended.stderr);
}
