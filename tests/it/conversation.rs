//! Sessions as a person at a shell uses them: asked, continued, named, limited, shown, brought back.

use std::fs;

use ombud::config::Wire;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer, Request};
use crate::support::ombud::{Ombud, QUICK, Said, model_config, over_a_server};

fn server(script: Vec<Answer>) -> ModelServer {
    ModelServer::start(Wire::Openai, script)
}

fn with(script: Vec<Answer>) -> (ModelServer, Ombud) {
    let server = server(script);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    (server, ombud)
}

fn good(stdout: &str) -> Said {
    Said { exit: 0, stdout: stdout.to_owned(), stderr: String::new() }
}

fn failed(exit: i32, line: &str) -> Said {
    Said { exit, stdout: String::new(), stderr: format!("{line}\n") }
}

/// Who said what in a request, without the instructions.
fn told(request: &Request) -> Vec<(String, String)> {
    let messages = request.body["messages"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    messages.skip(1).map(|message| (text(&message["role"]), text(&message["content"]))).collect()
}

/// The instructions of a request.
fn instructions(request: &Request) -> &str {
    assert_eq!(request.body["messages"][0]["role"], "system");
    request.body["messages"][0]["content"].as_str().unwrap()
}

fn pair(role: &str, text: &str) -> (String, String) {
    (role.to_owned(), text.to_owned())
}

#[test]
fn a_session_is_continued() {
    let (server, ombud) = with(vec![Answer::text("Hello Ada."), Answer::text("Ada."), Answer::text("Still Ada.")]);
    assert_eq!(ombud.run(&["oneshot", "My name is Ada.", "--session-id", "talk"]), good("Hello Ada.\n"));
    assert_eq!(ombud.run(&["oneshot", "What is my name?", "-s", "talk"]), good("Ada.\n"));
    assert_eq!(ombud.run(&["run", "And now?", "--continue"]), good("Still Ada.\n"));
    let requests = server.finish();
    assert_eq!(told(&requests[0]), [pair("user", "My name is Ada.")]);
    let mut all = vec![pair("user", "My name is Ada."), pair("assistant", "Hello Ada."), pair("user", "What is my name?")];
    assert_eq!(told(&requests[1]), all);
    all.extend([pair("assistant", "Ada."), pair("user", "And now?")]);
    assert_eq!(told(&requests[2]), all);
}

#[test]
fn ids_are_chosen_once() {
    let (server, ombud) = with(vec![Answer::text("one")]);
    assert_eq!(ombud.run(&["oneshot", "Hello", "--session-id", "a.b_c:d-1"]), good("one\n"));
    let line = "error: session `a.b_c:d-1` exists already (conflict); continue it with `-s a.b_c:d-1`, or choose another id";
    assert_eq!(ombud.run(&["oneshot", "Hello", "--session-id", "a.b_c:d-1"]), failed(5, line));
    for wrong in ["", ".a", "a/b", "../x", "a b", &"x".repeat(129)] {
        let said = ombud.run(&["oneshot", "Hello", "--session-id", wrong]);
        assert_eq!((said.exit, said.stdout.as_str()), (2, ""), "{wrong}");
    }
    for command in [&["oneshot", "Hello", "-s", "none"][..], &["sessions", "show", "none"], &["run", "Hello", "-s", "none"]]
    {
        let said = ombud.run(command);
        assert_eq!((said.exit, said.stdout.as_str()), (4, ""), "{command:?}");
        assert!(said.stderr.starts_with("error: session `none` is not known (not_found)"), "{}", said.stderr);
        assert_eq!(said.stderr.lines().count(), 1);
    }
    server.finish();
}

#[test]
fn nothing_is_kept_of_what_is_ephemeral() {
    let (server, ombud) = with(vec![Answer::text("one")]);
    assert_eq!(ombud.run(&["oneshot", "Hello", "--ephemeral"]), good("one\n"));
    server.finish();
    assert!(!ombud.home().join(".local").exists());
    assert_eq!(ombud.json(&["sessions", "list"]), json!({"sessions": [], "next": null}));
}

#[test]
fn an_answer_goes_to_a_file_instead() {
    let failing = || Answer::pieces(&["Half an", " answer"]).cut_after(2);
    let (server, ombud) = with(vec![Answer::text("one"), Answer::text("two"), failing(), failing()]);
    let read = |name: &str| fs::read_to_string(ombud.work().join(name)).ok();
    fs::write(ombud.work().join("answer.txt"), "old").unwrap();
    assert_eq!(ombud.run(&["oneshot", "Hello", "-o", "answer.txt"]), good(""));
    assert_eq!(read("answer.txt").as_deref(), Some("one\n"));
    assert_eq!(ombud.run(&["oneshot", "Hello", "--output", "answer.json", "--format", "json"]), good(""));
    let result: Value = serde_json::from_str(&read("answer.json").unwrap()).unwrap();
    assert_eq!((&result["answer"], &result["exit_code"]), (&json!("two"), &json!(0)));

    let line = "error: the answer of `house` broke off: unexpected EOF during chunk size line (model_failed: cut)";
    assert_eq!(ombud.run(&["oneshot", "Hello", "-o", "broken.txt"]), failed(7, line));
    assert_eq!(read("broken.txt"), None);
    assert_eq!(ombud.run(&["oneshot", "Hello", "-o", "broken.json", "--format", "json"]), failed(7, line));
    let result: Value = serde_json::from_str(&read("broken.json").unwrap()).unwrap();
    assert_eq!((&result["answer"], &result["exit_code"]), (&json!("Half an"), &json!(7)));
    // Told before anybody is asked.
    let said = ombud.run(&["oneshot", "Hello", "-o", "missing/answer.txt"]);
    assert_eq!((said.exit, said.stdout.as_str(), said.stderr.lines().count()), (74, "", 1));
    server.finish();
    let mut names: Vec<_> = fs::read_dir(ombud.work()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["answer.json", "answer.txt", "broken.json"]);
}

#[test]
fn instructions_come_from_agent_project_and_caller() {
    let (server, ombud) = with(["one", "two", "three", "four"].map(Answer::text).to_vec());
    ombud.file("AGENTS.md", "Use tabs.\n");
    ombud.run(&["oneshot", "Hello", "--instructions", "Be brief."]);
    ombud.run(&["oneshot", "Hello", "--no-project-instructions", "--instructions", "Be brief."]);
    ombud.run(&["oneshot", "Hello", "--no-project-instructions"]);
    let mut quiet = ombud;
    quiet.set("OMBUD_PROJECT_INSTRUCTIONS", "false");
    quiet.run(&["oneshot", "Hello"]);
    let requests = server.finish();
    let own = instructions(&requests[2]);
    assert!(own.starts_with("You are a capable assistant"), "{own}");
    let project = "Instructions of the project, from AGENTS.md:\n\nUse tabs.";
    assert_eq!(instructions(&requests[0]), format!("{own}\n\n{project}\n\nBe brief."));
    assert_eq!(instructions(&requests[1]), format!("{own}\n\nBe brief."));
    assert_eq!(instructions(&requests[3]), own);
}

#[test]
fn a_run_has_only_so_many_turns() {
    let look = || Answer::text("Let me look.").and_calls(vec![("read_file", json!({"path": "a.txt"}))]);
    let (server, ombud) = with(vec![look(), look(), look(), Answer::text("It is empty.")]);
    ombud.file("a.txt", "");
    let line = "error: the run used up its 1 calls of the model (budget_exhausted: turns); raise `--max-turns` or `limits.run_turns`, \
                or go on in the same session with `-s`\n";
    let expected = Said { exit: 8, stdout: "Let me look.\n".to_owned(), stderr: line.to_owned() };
    assert_eq!(ombud.run(&["oneshot", "What is in a.txt?", "--max-turns", "1", "--session-id", "s"]), expected);
    let json = ombud.run(&["oneshot", "What is in a.txt?", "--max-turns", "1", "--format", "json"]).json();
    assert_eq!(
        (&json["status"], &json["answer"], &json["turns"], &json["error"]["code"], &json["tool_calls"][0]["status"]),
        (&json!("failed"), &json!("Let me look."), &json!(1), &json!("budget_exhausted"), &json!("ok"))
    );
    assert_eq!(ombud.run(&["oneshot", "Go on.", "-s", "s"]), good("It is empty.\n"));
    server.finish();
}

#[test]
fn a_run_has_only_so_much_time() {
    let line = "error: the run used up its time (timed_out); raise `--timeout`, or go on in the same session with `-s`\n";
    let late = |stdout: &str| Said { exit: 124, stdout: stdout.to_owned(), stderr: line.to_owned() };
    let sleeping = Answer::text("Wait.").and_calls(vec![("run_command", json!({"command": "sleep 1000"}))]);
    let stalled = Answer::pieces(&["Half an", " answer"]).stall_after(2);
    let ask = |answer: Answer, more: &[&str]| {
        let (server, ombud) = with(vec![answer]);
        let said = ombud.run(&[&["oneshot", "Hello", "--timeout", "1"], more].concat());
        server.finish();
        (said, ombud)
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (said, ombud) = ask(sleeping, &["--allow", "run_command", "--session-id", "s"]);
            assert_eq!(said, late("Wait.\n"));
            let shown = ombud.json(&["sessions", "show", "s"]);
            assert_eq!(
                (&shown["status"], &shown["messages"][1]["returns"][0]["status"]),
                (&json!("idle"), &json!("cancelled"))
            );
        });
        scope.spawn(|| {
            let (said, _) = ask(Answer::text("lost").stall_before_first_byte(), &[]);
            assert_eq!(said, late(""));
        });
        let (said, _) = ask(stalled, &[]);
        assert_eq!(said, late("Half an\n"));
    });
}

#[test]
fn what_is_not_allowed_is_denied_and_listed() {
    let write = || Answer::calls(vec![("write_file", json!({"path": "new.txt", "content": "words\n"}))]);
    let run = |command: &str| Answer::calls(vec![("run_command", json!({"command": command}))]);
    let done = || Answer::text("Done.");
    let (server, ombud) = with(vec![
        write(),
        done(),
        write(),
        done(),
        write(),
        done(),
        write(),
        done(),
        run("echo hi"),
        done(),
        run("echo hi; touch x"),
        done(),
    ]);
    let new = ombud.work().join("new.txt");
    let ask = |more: &[&str]| ombud.run(&[&["oneshot", "Write it."], more].concat());

    let note = "note: `write_file` was denied; allow it with `--allow write_file`\n";
    assert_eq!(ask(&[]), Said { stderr: note.to_owned(), ..good("Done.\n") });
    let json = ask(&["--format", "json"]).json();
    let arguments = json!({"path": "new.txt", "content": "words\n"});
    assert_eq!(json["denied"], json!([{"tool": "write_file", "arguments": arguments, "allow_with": "--allow write_file"}]));
    assert_eq!((&json["status"], &json["exit_code"]), (&json!("completed"), &json!(0)));
    assert_eq!(json["tool_calls"][0]["status"], "denied");
    ask(&["--allow", "write_file", "--deny", "write_file(new*)"]);
    assert!(!new.exists());
    assert_eq!(ask(&["--allow", "write_file(*.txt)"]), good("Done.\n"));
    assert_eq!(fs::read_to_string(new).unwrap(), "words\n");

    let json = ask(&["--allow", "run_command(echo *)", "--format", "json"]).json();
    assert_eq!((&json["tool_calls"][0]["status"], &json["denied"]), (&json!("ok"), &json!([])));
    let json = ask(&["--allow", "run_command(echo *)", "--format", "json"]).json();
    assert_eq!(json["tool_calls"][0]["status"], "denied");
    assert!(!ombud.work().join("x").exists());
    let requests = server.finish();
    let last = requests[1].body["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["role"], "tool");
    // A server can ask whoever looks at its console.
    let why = if over_a_server() { "nobody answered within 1 seconds" } else { "nobody can be asked here" };
    assert_eq!(last["content"], format!("`write_file` was not called: it needs permission, and {why}"));
}

#[test]
fn an_agent_of_the_project_works_once_it_is_trusted() {
    let (server, ombud) = with(vec![Answer::text("Fine."), Answer::text("Other.")]);
    ombud.file(
        ".ombud/agents/reviewer.toml",
        "instructions = \"Review.\"\ntools = [\"read_file\"]\nmodel = \"house/large\"\n",
    );
    let trusted = ombud.run(&["trust", "--yes"]);
    assert_eq!((trusted.exit, trusted.stderr.as_str()), (0, ""), "{trusted:?}");
    assert_eq!(ombud.run(&["oneshot", "Hello", "-a", "reviewer", "--session-id", "s"]), good("Fine.\n"));
    assert_eq!(ombud.run(&["oneshot", "Hello", "-a", "reviewer", "-m", "house/other/model"]), good("Other.\n"));
    let requests = server.finish();
    let tools = requests[0].body["tools"].as_array().unwrap().iter().map(|tool| tool["function"]["name"].clone());
    assert_eq!(
        (instructions(&requests[0]), tools.collect::<Vec<_>>(), &requests[0].body["model"]),
        ("Review.", vec![json!("read_file")], &json!("large"))
    );
    assert_eq!(requests[1].body["model"], "other/model");
    assert_eq!(ombud.json(&["sessions", "show", "s"])["agent"], "reviewer");
    let said = ombud.run(&["oneshot", "Hello", "-a", "reviwer"]);
    assert_eq!((said.exit, said.stdout.as_str(), said.stderr.lines().count()), (4, "", 1), "{}", said.stderr);
}

#[test]
fn a_session_is_named_changed_and_shown() {
    let look = Answer::reasoning(&["Hm."]).and_text("Let me look.").and_calls(vec![("read_file", json!({"path": "a.txt"}))]);
    let (server, ombud) = with(vec![look.usage(100, 0, 10), Answer::text("It holds words.").usage(200, 50, 20)]);
    ombud.file("a.txt", "words\n");
    let ask = ["oneshot", "What is in a.txt?", "--session-id", "s", "--name", "A look", "--tag", "b", "--tag", "a"];
    assert_eq!(ombud.run(&ask), good("It holds words.\n"));
    server.finish();
    let mut all = String::new();
    let mut show = |arguments: &[&str]| {
        let said = ombud.run(arguments);
        all.push_str(&format!("$ ombud {}\n{}\n\n", arguments.join(" "), said.whole()));
    };
    show(&["sessions", "list"]);
    show(&["sessions", "list", "--format", "json"]);
    show(&["sessions", "list", "--format", "jsonl", "--tag", "a", "--status", "idle"]);
    show(&["sessions", "list", "--tag", "none"]);
    show(&["sessions", "show", "s"]);
    show(&["sessions", "show", "s", "--limit", "1"]);
    show(&["sessions", "show", "s", "--format", "json"]);
    show(&["sessions", "events", "s"]);
    show(&["sessions", "events", "s", "--after", "4", "--limit", "1"]);
    show(&["sessions", "update", "s", "--name", "Another look", "--tag", "c", "--untag", "b", "-m", "house/large"]);
    show(&["sessions", "update", "s", "--untag", "a", "--format", "json"]);
    show(&["sessions", "update", "s", "-m", "nobody/x"]);
    show(&["sessions", "list"]);
    show(&["sessions", "cancel", "s"]);
    show(&["sessions", "delete", "s"]);
    show(&["sessions", "delete", "s", "--yes"]);
    show(&["sessions", "list"]);
    // How many bytes a log has depends on measured times.
    let tidy = ombud.tidy(&all);
    let lines = tidy.lines().map(|line| match line.split_once("  idle  ") {
        Some((before, after)) if before.ends_with("[time]") => {
            let (size, rest) = after.trim_start().split_once("  ").unwrap();
            assert!(size.ends_with(" KiB") || size.ends_with(" bytes"), "{line}");
            format!("{before}  idle  [size]  {rest}")
        }
        _ => line.to_owned(),
    });
    insta::assert_snapshot!("sessions", lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_session_comes_back_from_a_file() {
    let look = Answer::calls(vec![("read_file", json!({"path": "a.txt"}))]);
    let (server, ombud) = with(vec![look, Answer::text("It holds words."), Answer::text("As I said: words.")]);
    ombud.file("a.txt", "words\n");
    ombud.run(&["oneshot", "What is in a.txt?", "--session-id", "s", "--name", "A look", "--tag", "t"]);
    let before = ombud.run(&["sessions", "show", "s", "--format", "json"]).stdout;
    ombud.file("s.json", &before);
    assert_eq!(ombud.run(&["sessions", "delete", "s", "--yes"]), good("deleted s\n"));
    assert_eq!(ombud.run(&["restore", "s.json"]), good("restored session s with 3 messages\n"));
    let said = |shown: &Value| {
        let messages = shown["messages"].as_array().unwrap().iter();
        let said = messages.map(|message| json!([message["author"], message["parts"], message["returns"], message["at"]]));
        json!([shown["title"], shown["tags"], shown["agent"], said.collect::<Vec<_>>()])
    };
    let after = ombud.json(&["sessions", "show", "s"]);
    assert_eq!(said(&after), said(&serde_json::from_str(&before).unwrap()));
    assert_eq!(ombud.run(&["oneshot", "Again?", "-s", "s"]), good("As I said: words.\n"));
    let requests = server.finish();
    let mut expected = requests[1].body["messages"].as_array().unwrap().clone();
    expected.push(json!({"role": "assistant", "content": "It holds words."}));
    expected.push(json!({"role": "user", "content": "Again?"}));
    assert_eq!(requests[2].body["messages"], json!(expected));
    // A history that is there is not replaced unasked, and a part of one is not taken for all of it.
    assert_eq!(ombud.run(&["restore", "s.json"]).exit, 5);
    assert_eq!(ombud.run(&["restore", "s.json", "--yes"]), good("restored session s with 3 messages\n"));
    let part = ombud.run(&["sessions", "show", "s", "--format", "json", "--limit", "1"]).stdout;
    ombud.file("part.json", &part);
    let partial = ombud.run(&["restore", "part.json", "--yes"]);
    assert_eq!((partial.exit, partial.stderr.contains("--limit")), (2, true), "{}", partial.stderr);
    ombud.file("broken.json", "{\"id\": \"x\", \"messages\": [{}]}");
    let broken = ombud.run(&["restore", "broken.json"]);
    assert_eq!((broken.exit, broken.stdout.as_str(), broken.stderr.lines().count()), (2, "", 1), "{}", broken.stderr);
    let told = "error: there is no file `./missing.json` (not_found)\n".to_owned();
    assert_eq!(ombud.run(&["restore", "./missing.json"]), Said { exit: 4, stdout: String::new(), stderr: told });
}

#[test]
fn tokens_and_their_price_are_added_up() {
    let server = server(vec![
        Answer::calls(vec![("read_file", json!({"path": "a.txt"}))]).usage(1_000_000, 0, 100_000),
        Answer::text("one").usage(1_000_000, 500_000, 100_000),
        Answer::text("two").usage(10, 0, 10),
    ]);
    let price = "[models.\"house/small\"]\ninput_price = 1.0\ncached_price = 0.5\noutput_price = 10.0\n";
    let ombud = Ombud::new();
    ombud.config(&model_config(&server.base_url(), Wire::Openai, &format!("{QUICK}\n{price}")));
    let ask = |more: &[&str]| ombud.json(&[&["oneshot", "Hello"], more].concat())["usage"].clone();
    let usage =
        |input: u64, output: u64, cost: Value| json!({"input_tokens": input, "output_tokens": output, "cost_usd": cost});
    assert_eq!(ask(&["--session-id", "s"]), usage(2_000_000, 200_000, json!(3.75)));
    // What this one costs nobody knows.
    assert_eq!(ask(&["-s", "s", "-m", "house/other"]), usage(10, 10, Value::Null));
    server.finish();
    let session = &ombud.json(&["sessions", "list"])["sessions"][0];
    let fields = ["runs", "input_tokens", "output_tokens", "cost_usd"].map(|field| session[field].clone());
    assert_eq!(fields, [json!(2), json!(2_000_010), json!(200_010), json!(3.75)]);
}
