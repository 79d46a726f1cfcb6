//! `ombud users`: accounts from the shell; a password is read, and is nowhere else.

use serde_json::json;

use super::PASSWORD;
use crate::support::model_server::ModelServer;
use crate::support::ombud::{Ombud, Said};
use crate::support::server::{Served, Serving, within};
use ombud::config::Wire;
use ombud::storage::StoreUrl;

/// Runs a command that reads a password, as a line.
fn with_password(ombud: &Ombud, arguments: &[&str], password: &str) -> Said {
    ombud.run_with(&[arguments, &["--password-stdin"]].concat(), format!("{password}\n").as_bytes())
}

#[test]
fn accounts_are_made_listed_changed_and_removed() {
    let ombud = Ombud::new();
    let whole = |said: &Said| (said.exit, ombud.tidy(&said.stdout), ombud.tidy(&said.stderr));
    let ok = |text: &str| (0, text.to_owned(), String::new());
    let wrong = |exit: i32, text: &str| (exit, String::new(), text.to_owned());
    let none = ombud.run(&["users", "list"]);
    assert_eq!(whole(&none), wrong(0, "note: nobody has an account here; `ombud users add NAME --role ROLE` makes one\n"));

    let made = with_password(&ombud, &["users", "add", "ana", "--role", "admin", "--email", "ana@example.org"], PASSWORD);
    assert_eq!(whole(&made), ok("added user ana (admin)\n"));
    let made = with_password(&ombud, &["users", "add", "Bob", "--role", "member"], PASSWORD);
    assert_eq!(whole(&made), ok("added user Bob (developer)\n"));
    let again = with_password(&ombud, &["users", "add", "bob", "--role", "viewer"], PASSWORD);
    let error = "error: user `bob` exists (conflict); give another name, or change the one that is there: `ombud users passwd \
                 NAME`\n";
    assert_eq!(whole(&again), wrong(5, error));
    let list = ombud.run(&["users", "list"]);
    let table = "NAME  ROLE       EMAIL            MADE              CHANGED\n\
                 ana   admin      ana@example.org  [time]  [time]\n\
                 Bob   developer  -                [time]  [time]\n";
    assert_eq!(whole(&list), ok(table));

    let changed = ombud.run(&["users", "update", "bob", "--role", "viewer"]);
    assert_eq!(whole(&changed), ok("changed user Bob (viewer)\n"));
    let changed = with_password(&ombud, &["users", "passwd", "bob"], "another horse battery");
    assert_eq!(whole(&changed), ok("changed the password of user Bob, whose tokens end with it\n"));
    let removed = ombud.run(&["users", "remove", "BOB"]);
    assert_eq!(whole(&removed), ok("removed user Bob\n"));
    let gone = ombud.run(&["users", "remove", "bob"]);
    let error = "error: user `bob` is not known (not_found); `ombud users list` shows the accounts that there are\n";
    assert_eq!(whole(&gone), wrong(4, error));
    // Who gives a password instead of the name does not find it said back.
    let slip = ombud.run(&["users", "remove", PASSWORD]);
    let error = "error: no user has this name (not_found); `ombud users list` shows the accounts that there are\n";
    assert_eq!(whole(&slip), wrong(4, error));

    let rotated = ombud.run(&["users", "rotate-key"]);
    assert_eq!(whole(&rotated), ok("a new key signs tokens\n"));
    let rotated = ombud.run(&["users", "rotate-key", "--end-all"]);
    assert_eq!(whole(&rotated), ok("a new key signs tokens; all tokens have ended\n"));
}

#[test]
fn a_token_is_printed_once() {
    let ombud = Ombud::new();
    with_password(&ombud, &["users", "add", "ci", "--role", "developer"], PASSWORD);
    let said = ombud.run(&["users", "token", "ci"]);
    let note = "note: this token of user `ci` counts until [time]: keep it\n";
    assert_eq!((said.exit, ombud.tidy(&said.stderr).as_str()), (0, note));
    let token = said.stdout.trim_end();
    assert_eq!(said.stdout, format!("{token}\n"));
    assert!(token.starts_with("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."), "{token}");
    let quiet = ombud.run(&["users", "token", "ci", "--ttl", "60", "-q"]);
    assert_eq!((quiet.exit, quiet.stderr.as_str()), (0, ""));
    assert_ne!(quiet.stdout, said.stdout);
    assert_eq!(ombud.run(&["users", "token", "nobody"]).exit, 4);
}

#[test]
fn a_password_is_one_line_of_standard_input() {
    let ombud = Ombud::new();
    let add = |input: &[u8]| {
        let said = ombud.run_with(&["users", "add", "ana", "--role", "viewer", "--password-stdin"], input);
        (said.exit, said.stdout, said.stderr)
    };
    let refused = |text: &str| (2, String::new(), format!("error: {text} (invalid_input)\n"));
    let long = "x".repeat(1_025);
    for (input, message) in [
        (b"".as_slice(), "a password has 8 to 1024 bytes"),
        (b"short\n", "a password has 8 to 1024 bytes"),
        (long.as_bytes(), "a password has 8 to 1024 bytes"),
        (&b"x".repeat(100_000), "a password has at most 1024 bytes"),
        (b"one line of it\nand another\n", "the password is more than one line"),
        (b"\xff\xfe not a text", "the password is no UTF-8 text"),
    ] {
        assert_eq!(add(input), refused(message));
    }
    // Spaces belong to it; the end of the line, whichever it is, does not.
    assert_eq!(add(b" a password \r\n").0, 0);
    let asked = ombud.run(&["users", "passwd", "ana"]);
    let error = "error: there is no password, and nobody can be asked for it (invalid_input); pipe it in: `--password-stdin \
                 < FILE`\n";
    assert_eq!((asked.exit, asked.stdout.as_str(), asked.stderr.as_str()), (2, "", error));
    let lost = ["users", "add", "bob", "--role", "viewer", "--store", "memory:"];
    let lost = with_password(&ombud, &lost, PASSWORD);
    assert_eq!((lost.exit, lost.stdout.as_str()), (2, ""));
    assert!(lost.stderr.starts_with("error: a store in memory forgets the account"), "{}", lost.stderr);
}

/// On a terminal the password is asked for, twice, and not shown.
#[test]
fn a_password_is_asked_for() {
    use expectrl::{Eof, Expect as _};

    let ombud = Ombud::new();
    let ask = |first: &str, second: &str| {
        let mut session = crate::asked::on_terminal(&ombud, &["users", "add", "ana", "--role", "viewer"]);
        let mut said = Vec::new();
        for (question, answer) in [("Password: ", first), ("Once more: ", second)] {
            said.extend_from_slice(session.expect(question).unwrap().as_bytes());
            session.send_line(answer).unwrap();
        }
        said.extend_from_slice(session.expect(Eof).unwrap().as_bytes());
        String::from_utf8(said).unwrap()
    };
    let differs = ask(PASSWORD, "another horse battery");
    assert!(differs.contains("error: the two passwords are not the same"), "{differs}");
    let made = ask(PASSWORD, PASSWORD);
    assert!(made.contains("added user ana (viewer)"), "{made}");
    for said in [differs, made] {
        assert!(!said.contains("horse"), "{said}");
    }
    let mut session = crate::asked::on_terminal(&ombud, &["users", "passwd", "ana"]);
    session.expect("Password: ").unwrap();
    session.send("\u{3}").unwrap();
    session.expect(Eof).unwrap();
    let ended = session.get_process().wait().unwrap();
    assert_eq!(ended, expectrl::process::unix::WaitStatus::Exited(session.get_process().pid(), 130));
}

/// No file of any store holds a password or a token, and no log line does.
#[test]
fn secrets_are_in_no_file() {
    let ombud = Ombud::new();
    for store in ["sqlite:users.db", "file:users"] {
        let add = ["users", "add", "ana", "--role", "admin", "--store", store, "-vvv"];
        let made = with_password(&ombud, &add, PASSWORD);
        assert_eq!(made.exit, 0, "{}", made.stderr);
        let issued = ombud.run(&["users", "token", "ana", "--store", store, "-vvv"]);
        let token = issued.stdout.trim_end();
        for said in [&made.stderr, &issued.stderr] {
            assert!(!said.contains(PASSWORD) && !said.contains("argon2id") && !said.contains(token), "{said}");
        }
        let mut folders = vec![ombud.work(), ombud.home()];
        let mut looked = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                looked += 1;
                let text = String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()).into_owned();
                assert!(!text.contains(PASSWORD) && !text.contains(&token[40..80]), "{}", entry.path().display());
            }
        }
        assert!(looked > 0);
    }
}

/// Who administers a server makes accounts there, and nobody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_made_on_a_server() {
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
            let said = ombud.run_with(arguments, PASSWORD.as_bytes());
            (said.exit, ombud.tidy(&said.stdout), said.stderr)
        })
        .await
        .unwrap()
    };
    let admin = || "correct-horse-battery".to_owned();
    let add = &["users", "add", "ana", "--role", "admin", "--password-stdin"];
    assert_eq!(run(admin(), add).await, (0, "added user ana (admin)\n".to_owned(), String::new()));
    let (exit, token, _) = run(admin(), &["users", "token", "ana", "-q"]).await;
    assert_eq!(exit, 0);
    // An administrator by account administers by the API for people, not by this one.
    let key = run(admin(), &["keys", "add", "shell", "--doors", "ombud", "-q"]).await.1;
    for word in [token.trim_end(), key.trim_end()] {
        for arguments in [
            &["users", "list"][..],
            &["users", "add", "bob", "--role", "admin", "--password-stdin"],
            &["users", "update", "ana", "--role", "viewer"],
            &["users", "passwd", "ana", "--password-stdin"],
            &["users", "token", "ana"],
            &["users", "rotate-key", "--end-all"],
            &["users", "remove", "ana"],
        ] {
            let (exit, stdout, stderr) = run(word.to_owned(), arguments).await;
            assert_eq!((exit, stdout.as_str()), (3, ""), "{arguments:?}: {stderr}");
        }
    }
    let changed = run(admin(), &["users", "update", "ana", "--role", "viewer", "--email", "ana@example.org"]).await;
    assert_eq!(changed.1, "changed user ana (viewer)\n");
    let (_, list, _) = run(admin(), &["users", "list", "--format", "json"]).await;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let expected = json!({ "users": [{
        "id": "[id 1]", "name": "ana", "email": "ana@example.org", "role": "viewer", "created_at": "[time]",
        "updated_at": "[time]",
    }] });
    assert_eq!(list, expected);
    assert_eq!(run(admin(), &["users", "passwd", "ana", "--password-stdin"]).await.0, 0);
    assert_eq!(
        run(admin(), &["users", "rotate-key", "--end-all"]).await.1,
        "a new key signs tokens; all tokens have ended\n"
    );
    assert_eq!(run(admin(), &["users", "remove", "ana"]).await.1, "removed user ana\n");
    served.leave().await;
}

/// The first administrator comes from the environment, once, and is told nowhere.
#[test]
fn a_server_makes_its_first_administrator() {
    let ombud = Ombud::new();
    let serve = |password: &str| {
        let mut command = ombud.command(&["serve", "--port", "0", "-vvv"]);
        command.env("OMBUD_ADMIN_USERNAME", "root").env("OMBUD_ADMIN_PASSWORD", password);
        Serving::of(command)
    };
    let list = || ombud.json(&["users", "list"]);
    let first = serve(PASSWORD);
    let made = list();
    assert_eq!(made["users"].as_array().unwrap().len(), 1);
    assert_eq!((&made["users"][0]["name"], &made["users"][0]["role"]), (&json!("root"), &json!("admin")));
    let ended = first.end();
    assert!(!ended.stderr.contains(PASSWORD) && !ended.stderr.contains("argon2id"), "{}", ended.stderr);
    // One that is there stays as it is.
    ombud.json(&["users", "update", "root", "--role", "viewer"]);
    let kept = list();
    serve("another horse battery").end();
    assert_eq!(list(), kept);

    let refused = |variables: &[(&str, &str)]| {
        let mut ombud = Ombud::new();
        for (name, value) in variables {
            ombud.set(name, *value);
        }
        let said = ombud.run(&["serve", "--port", "0"]);
        (said.exit, said.stderr)
    };
    let error = "error: `OMBUD_ADMIN_USERNAME` is set and `OMBUD_ADMIN_PASSWORD` is not (invalid_input); an account has a name \
                 and a password: set both, or none\n";
    assert_eq!(refused(&[("OMBUD_ADMIN_USERNAME", "root")]), (2, error.to_owned()));
    let (exit, error) = refused(&[("OMBUD_ADMIN_USERNAME", "root"), ("OMBUD_ADMIN_PASSWORD", "1234")]);
    let told =
        "error: the account of `OMBUD_ADMIN_USERNAME` cannot be made: a password has 8 to 1024 bytes (invalid_input)\n";
    assert_eq!((exit, error.as_str()), (2, told));
}

/// Two processes: what the shell removes opens nothing in a server of the same store soon after.
#[test]
fn a_server_on_the_same_store_learns_of_it() {
    let mut ombud = Ombud::new();
    ombud.set("OMBUD_SERVER_TOKEN", "correct-horse-battery");
    with_password(&ombud, &["users", "add", "ana", "--role", "admin"], PASSWORD);
    let token = ombud.run(&["users", "token", "ana", "-q"]).stdout.trim_end().to_owned();
    let serving = Serving::of(ombud.command(&["serve", "--port", "0", "-vvv"]));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = serving.client.with("authorization", &format!("Bearer {token}"));
    let status = || async { client.post("/ombud/v1/sessions", &json!({})).await.status };
    runtime.block_on(async {
        // Known, and at the wrong door.
        assert_eq!(status().await, 403);
        assert_eq!(ombud.run(&["users", "remove", "ana"]).exit, 0);
        let refused = async {
            while status().await != 401 {
                tokio::task::yield_now().await;
            }
        };
        within("the token opens nothing", refused).await;
    });
    let ended = serving.end();
    assert!(!ended.stderr.contains(&token), "{}", ended.stderr);
}
