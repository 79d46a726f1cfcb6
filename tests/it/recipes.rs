//! The recipes of `docs/ci.md`, as they stand there: their files are taken out of the page, laid into a clone of a git
//! repository, and run by bash. Each is recorded against a scripted model, and played when that is gone.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ombud::config::Wire;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer, nobody_listening};
use crate::support::ombud::{Said, finish};
use crate::support::process::PROGRAM;

const PAGE: &str = include_str!("../../docs/ci.md");
const KEY: &str = "sk-canary-of-the-recipes";

/// The files that a page shows: blocks that say `file=NAME`.
fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut lines = PAGE.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("```").and_then(|words| words.split_once(" file=")).map(|(_, name)| name) else {
            continue;
        };
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        assert!(PAGE.contains(&format!("`{name}`")), "the page shows `{name}` and does not name it");
        files.push((name.to_owned(), text.join("\n") + "\n"));
    }
    files
}

/// A machine of a job: a home, a clone whose branch has a change, and `ombud` on the path.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let this = Self { folder };
        for name in ["home", "bin", "origin/src"] {
            fs::create_dir_all(this.at(name)).unwrap();
        }
        symlink(PROGRAM, this.at("bin/ombud")).unwrap();
        // What the nightly job has run.
        let cargo = "#!/bin/sh\necho \"test adds ... FAILED\"\necho \"test result: FAILED. 1 passed; 1 failed\"\nexit 101\n";
        fs::write(this.at("bin/cargo"), cargo).unwrap();
        fs::set_permissions(this.at("bin/cargo"), fs::Permissions::from_mode(0o755)).unwrap();
        for (name, text) in files() {
            let path = this.at("origin").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::write(this.at("origin/src/lib.rs"), "/// Adds.\npub fn add(a: u8, b: u8) -> u8 { a + b }\n").unwrap();
        this.good(
            "cd ../origin && git init -q -b main && git add -A && git commit -qm base && cd .. && git clone -q origin work",
        );
        this.good("git checkout -qb change && echo 'pub fn gone() {}' >> src/lib.rs && git commit -qam change");
        this
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a job has left behind.
    fn left(&self, name: &str) -> String {
        let path = self.at("home/ombud").join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Runs a line in bash, in the clone, with a variable or two.
    fn bash(&self, line: &str, variables: &[(&str, &str)]) -> Said {
        let work = Some(self.at("work")).filter(|work| work.is_dir()).unwrap_or_else(|| self.at("home"));
        let path = format!("{}:/usr/bin:/bin", self.at("bin").display());
        let mut command = Command::new("bash");
        command.args(["-c", line]).env_clear().env("PATH", path).env("HOME", self.at("home"));
        command.env("TMPDIR", self.folder.path()).env("OMBUD_LIMITS_MODEL_ATTEMPTS", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "me").env(format!("GIT_{who}_EMAIL"), "me@example.com");
        }
        command.env("GIT_CONFIG_NOSYSTEM", "1").envs(variables.iter().copied()).current_dir(work);
        finish(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    fn good(&self, line: &str) -> String {
        let said = self.bash(line, &[]);
        assert_eq!(said.exit, 0, "{line}: {said:?}");
        said.stdout
    }
}

/// A job of a workflow on the page: what its steps run, and its variables, filled in as the runner would.
struct Job {
    lines: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Job {
    fn of(name: &str, base: &str) -> Self {
        let files = files();
        let (_, text) = files.iter().find(|(file, _)| file == name).unwrap_or_else(|| panic!("no `{name}` on the page"));
        let workflow: Value = serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (job, lines, variables) = match workflow["jobs"].as_object() {
            Some(jobs) => {
                let job = jobs.values().next().unwrap();
                let steps = job["steps"].as_array().unwrap();
                (job, steps.iter().filter_map(|step| step["run"].as_str()).collect::<Vec<_>>(), "env")
            }
            None => {
                let job = &workflow["review"];
                let script = job["script"].as_array().unwrap();
                (job, script.iter().map(|line| line.as_str().unwrap()).collect(), "variables")
            }
        };
        let filled = |value: &Value| {
            let text = value.as_str().unwrap().to_owned();
            let text = text.replace("origin/${{ github.base_ref }}", base).replace("$CI_MERGE_REQUEST_DIFF_BASE_SHA", base);
            let text = text.replace("${{ secrets.OPENAI_API_KEY }}", KEY);
            assert!(!text.contains('$'), "{name}: nobody fills in {text}");
            text
        };
        let variables = job[variables].as_object().unwrap();
        Self {
            lines: lines.into_iter().map(str::to_owned).collect(),
            variables: variables.iter().map(|(name, value)| (name.clone(), filled(value))).collect(),
        }
    }

    fn run(&self, machine: &Machine, arguments: &str, more: &[(&str, &str)]) -> Said {
        let own = self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<(&str, &str)> = own.chain(more.iter().copied()).collect();
        let [line] = &self.lines[..] else { panic!("one line is run: {:?}", self.lines) };
        machine.bash(&format!("{line} {arguments}"), &all)
    }
}

/// The job without its key, and with no server to ask.
fn keyless(job: &Job) -> Job {
    let variables = job.variables.iter().filter(|(name, _)| !name.contains("KEY") && name != "OMBUD_MODEL");
    Job { lines: job.lines.clone(), variables: variables.cloned().collect() }
}

fn said(exit: i32, stdout: &str) -> Said {
    Said { exit, stdout: stdout.to_owned(), stderr: String::new() }
}

const OK: &str = "{\"findings\":[],\"verdict\":\"ok\"}";
/// With words in a finding that look like the other verdict.
const WRONG: &str = r#"{"findings":["`gone` does nothing, and says \"verdict\":\"ok\""],"verdict":"wrong"}"#;

fn tape(machine: &Machine, name: &str) -> String {
    machine.at(name).display().to_string()
}

fn holds_no_key(path: &str) {
    let text = fs::read_to_string(path).unwrap();
    for secret in [KEY, "authorization", "127.0.0.1"] {
        assert!(!text.to_ascii_lowercase().contains(secret), "{secret} is on {path}");
    }
}

#[test]
fn a_change_is_judged_with_a_key_and_by_tape() {
    let machine = Machine::new();
    let job = Job::of(".github/workflows/review.yml", "origin/main");
    for (name, answer, exit) in [("ok", OK, 0), ("wrong", WRONG, 1)] {
        let look = Answer::calls(vec![("read_file", json!({"path": "src/lib.rs"}))]).usage(100, 0, 10);
        let judged = Answer::text(&format!("```json\n{answer}\n```")).usage(200, 0, 20);
        let server = ModelServer::start(Wire::Openai, vec![look, judged]);
        let tape = tape(&machine, name);
        let recorded = job.run(&machine, &format!("--record {tape}"), &[("OPENAI_BASE_URL", &server.base_url())]);
        assert_eq!(recorded, said(exit, &format!("{answer}\n")), "{name}");
        let requests = server.finish();
        let asked = requests[0].body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap();
        assert!(asked.starts_with("Review this change. ") && asked.contains("+pub fn gone() {}"), "{asked}");
        holds_no_key(&tape);
        fs::remove_dir_all(machine.at("home/ombud")).unwrap();
        let played = keyless(&job).run(&machine, &format!("--replay {tape}"), &[("UNJUDGED", "1")]);
        assert_eq!(played, recorded, "{name}");
        assert_eq!(machine.left("review.json"), format!("{answer}\n"));
    }
    // GitLab names the same commit otherwise.
    let base = machine.good("git rev-parse origin/main");
    let elsewhere = Job::of(".gitlab-ci.yml", base.trim());
    assert_eq!(elsewhere.lines, job.lines);
    let played = keyless(&elsewhere).run(&machine, &format!("--replay {}", tape(&machine, "ok")), &[]);
    assert_eq!(played, said(0, &format!("{OK}\n")));
    // Another change is not what was recorded: that must not pass where a tape is played.
    machine.good("echo 'pub fn more() {}' >> src/lib.rs && git commit -qam more");
    for (unjudged, exit) in [("1", 1), ("0", 0)] {
        let tape = tape(&machine, "ok");
        let other = keyless(&job).run(&machine, &format!("--replay {tape}"), &[("UNJUDGED", unjudged)]);
        assert_eq!((other.exit, other.stdout.as_str()), (exit, "the model could not be asked: not judged\n"));
        let told =
            format!("error: the request differs from call 1 of 2 on the tape `{tape}`: message 1 of 1 (what was asked)");
        assert!(other.stderr.starts_with(&told), "{}", other.stderr);
    }
}

#[test]
fn a_change_that_cannot_be_judged() {
    let machine = Machine::new();
    let job = Job::of(".github/workflows/review.yml", "origin/main");
    let not_judged = "the model could not be asked: not judged\n";
    let check = |said: Said, exit: i32, stdout: &str, words: &str| {
        assert_eq!((said.exit, said.stdout.as_str()), (exit, stdout), "{said:?}");
        assert!(said.stderr.starts_with("error: ") && said.stderr.contains(words), "{}", said.stderr);
        assert!(!machine.at("home/ombud/review.json").exists());
    };
    // Nobody is there; the same, where that must not pass; no key; too many requests.
    let nobody = nobody_listening();
    let url = ("OPENAI_BASE_URL", nobody.as_str());
    check(job.run(&machine, "", &[url]), 0, not_judged, "(model_failed: connect)");
    check(job.run(&machine, "", &[url, ("UNJUDGED", "1")]), 1, not_judged, "(model_failed: connect)");
    check(job.run(&machine, "", &[("OPENAI_API_KEY", "")]), 0, not_judged, "(model_failed: auth)");
    let busy = Answer::error(429, "rate_limit_error", "slowly");
    let (none, still) = (Answer::text("All is well."), Answer::text("Really."));
    let dear = Answer::calls(vec![("list_files", json!({}))]).usage(4_000_000, 0, 10);
    let server = ModelServer::start(Wire::Openai, vec![busy, none, still, dear]);
    let base_url = server.base_url();
    let url = ("OPENAI_BASE_URL", base_url.as_str());
    check(job.run(&machine, "", &[url]), 0, not_judged, "(rate_limited: rate_limited)");
    // It never fits; it is too dear.
    check(job.run(&machine, "", &[url]), 1, "no judgement\n", "(schema_mismatch)");
    check(job.run(&machine, "", &[url]), 1, "no judgement\n", "(budget_exhausted: cost)");
    server.finish();
    // Nothing is asked of nothing, and a base that is not there is no change.
    let same = Job::of(".github/workflows/review.yml", "HEAD");
    assert_eq!(same.run(&machine, "", &[]), said(0, "nothing has changed\n"));
    let wrong = Job::of(".github/workflows/review.yml", "origin/gone").run(&machine, "", &[]);
    assert_eq!((wrong.exit, wrong.stdout.as_str()), (1, ""), "{wrong:?}");
    assert!(wrong.stderr.starts_with("fatal: ambiguous argument 'origin/gone...HEAD'"), "{}", wrong.stderr);
}

#[test]
fn a_night_leaves_a_report_a_page_and_figures() {
    let machine = Machine::new();
    // A night of long ago, which is pruned.
    machine.good(
        ". ci/settings.sh; export OMBUD_STORE=sqlite:../other.db; ombud oneshot -q --bare --session-id nightly-old --tag nightly \
         -m offline/rules 'What is 6 times 7?'; ombud sessions export nightly-old -o ../old.jsonl",
    );
    let old = fs::read_to_string(machine.at("old.jsonl")).unwrap();
    let year = old.split("\"at\":\"").nth(1).unwrap()[..4].to_owned();
    fs::write(machine.at("old.jsonl"), old.replace(&format!("\"at\":\"{year}-"), "\"at\":\"2020-")).unwrap();
    machine.good(". ci/settings.sh; ombud sessions import ../old.jsonl");
    let job = Job::of(".github/workflows/nightly.yml", "");
    let run = Answer::calls(vec![
        ("run_command", json!({"command": "cargo test"})),
        ("run_command", json!({"command": "rm -rf src"})),
    ]);
    let report = "One of two tests fails: `adds`.";
    let server = ModelServer::start(Wire::Openai, vec![run.usage(100, 0, 10), Answer::text(report).usage(200, 0, 20)]);
    let tape = tape(&machine, "night");
    let recorded = job.run(&machine, &format!("--record {tape}"), &[("OPENAI_BASE_URL", &server.base_url())]);
    let requests = server.finish();
    let returned = requests[1].body["messages"].to_string();
    assert!(returned.contains("test result: FAILED. 1 passed; 1 failed"), "{returned}");
    assert!(machine.at("work/src/lib.rs").exists());
    holds_no_key(&tape);
    let check = |said: &Said, stay: u32, runs: u32| {
        assert_eq!(said.exit, 0, "{said:?}");
        let mut lines = said.stdout.lines();
        assert_eq!(lines.next(), Some(machine.at("home/ombud/report.html").to_str().unwrap()));
        if runs == 1 {
            assert!(lines.next().unwrap().starts_with("deleted nightly-old  2020-"), "{said:?}");
        }
        let pruned = lines.next().unwrap();
        let deleted = if runs == 1 { "deleted 1 (" } else { "deleted 0 (" };
        assert!(
            pruned.starts_with(deleted)
                && pruned.contains(&format!("), {stay} {} (", if stay == 1 { "stays" } else { "stay" })),
            "{pruned}"
        );
        assert_eq!(lines.next(), None);
        let denied = "note: `run_command` was denied; allow it with `--allow 'run_command(rm -rf src)'`\n";
        assert!(said.stderr.starts_with(denied), "{}", said.stderr);
        assert_eq!(machine.left("report.md"), format!("{report}\n"));
        let page = machine.left("report.html");
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains("nightly-20") && page.contains("cargo test"));
        assert!(!page.contains(machine.folder.path().to_str().unwrap()), "a folder of the machine is on the page");
        let used: Value = serde_json::from_str(&machine.left("used.json")).unwrap();
        let total = &used["total"];
        assert_eq!(
            (&used["by"], &total["runs"], &total["failed"], &total["turns"], &total["input_tokens"], &total["tool_calls"]),
            (&json!("day"), &json!(runs), &json!(0), &json!(2 * runs), &json!(300 * runs), &json!(2 * runs)),
            "{used}"
        );
    };
    check(&recorded, 1, 1);
    check(&keyless(&job).run(&machine, &format!("--replay {tape}"), &[]), 2, 2);
    // Out of reach: the job fails as its question does, and the page tells why.
    let failed = job.run(&machine, "-m openai/gpt-5-mini", &[("OPENAI_BASE_URL", &nobody_listening())]);
    assert_eq!(failed.exit, 7, "{failed:?}");
    assert!(machine.left("report.html").contains("no connection to"), "{failed:?}");
}

#[test]
fn a_gate_on_a_schema_lets_nothing_else_through() {
    let machine = Machine::new();
    let good = r#"{"functions":[{"name":"add","purpose":"Adds two numbers."}]}"#;
    let look = || Answer::calls(vec![("list_files", json!({})), ("read_file", json!({"path": "lib.rs"}))]);
    let wrong = r#"{"functions":[{"name":"add","purpose":""}]}"#;
    let server = ModelServer::start(
        Wire::Openai,
        vec![look(), Answer::text(wrong), Answer::text(good), Answer::text(wrong), Answer::text("I cannot.")],
    );
    let base_url = server.base_url();
    let asked = [("OPENAI_BASE_URL", base_url.as_str()), ("OPENAI_API_KEY", KEY), ("OMBUD_MODEL", "openai/gpt-5-mini")];
    let commands: Vec<&str> = PAGE
        .lines()
        .filter(|line| line.starts_with("bash ci/functions.sh --re"))
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .collect();
    let [record, replay] = commands[..] else { panic!("two commands: {commands:?}") };
    assert_eq!(machine.bash(record, &asked), said(0, ""));
    assert_eq!(machine.left("functions.json"), format!("{good}\n"));
    holds_no_key(machine.at("work/ci/functions.tape").to_str().unwrap());
    // It never fits: nothing is printed, and what there was stays.
    let never = machine.bash("bash ci/functions.sh", &asked);
    assert_eq!((never.exit, never.stdout.as_str()), (9, ""), "{never:?}");
    assert_eq!(machine.left("functions.json"), format!("{good}\n"));
    let requests = server.finish();
    assert_eq!(requests.len(), 5);
    fs::remove_dir_all(machine.at("home/ombud")).unwrap();
    assert_eq!(machine.bash(replay, &[]), said(0, ""));
    assert_eq!(machine.left("functions.json"), format!("{good}\n"));
    // What the agent looks at has changed.
    machine.good("echo 'pub fn more() {}' >> src/lib.rs");
    let other = machine.bash(replay, &[]);
    assert_eq!((other.exit, other.stdout.as_str()), (7, ""), "{other:?}");
    assert!(other.stderr.contains("(model_failed: tape)"), "{}", other.stderr);
}

#[test]
fn every_file_of_the_page_is_run_or_read() {
    let names: Vec<String> = files().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "ci/settings.sh",
            "ci/review.sh",
            "ci/review.schema.json",
            ".github/workflows/review.yml",
            ".gitlab-ci.yml",
            "ci/nightly.sh",
            ".github/workflows/nightly.yml",
            "ci/functions.sh",
            "ci/functions.schema.json",
        ]
    );
    for (name, text) in files() {
        if name.ends_with(".json") {
            serde_json::from_str::<Value>(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        let scripts =
            text.split_whitespace().filter(|word| word.starts_with("ci/") && Path::new(word).extension().is_some());
        for script in scripts {
            assert!(names.iter().any(|known| known == script), "{name} names {script}, which is not on the page");
        }
    }
}
