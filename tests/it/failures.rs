//! How a question goes, well and badly, over both wires and in all three forms of the output: the same story each time.

use std::thread;

use ombud::config::Wire;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer, no_tls, nobody_listening};
use crate::support::ombud::{Ombud, QUICK, Said};
use crate::support::schema;

const WIRES: [Wire; 2] = [Wire::Openai, Wire::Anthropic];

/// Where the model is.
enum Place {
    /// Here, with this to say on each wire.
    Scripted(fn(Wire) -> Vec<Answer>),
    /// At an address.
    At(fn() -> String),
}

/// What a question must end in.
struct Case {
    name: &'static str,
    place: Place,
    /// More of the config file.
    config: &'static str,
    exit: i32,
    /// The code and the cause of the error.
    error: Option<(&'static str, Option<&'static str>)>,
    answer: &'static str,
}

impl Case {
    fn scripted(name: &'static str, script: fn(Wire) -> Vec<Answer>) -> Self {
        Self { name, place: Place::Scripted(script), config: QUICK, exit: 0, error: None, answer: "" }
    }

    fn answers(self, answer: &'static str) -> Self {
        Self { answer, ..self }
    }

    fn fails(self, exit: i32, code: &'static str, cause: &'static str) -> Self {
        Self { exit, error: Some((code, Some(cause))), ..self }
    }

    /// Asks on one wire in one form. Notices of attempts are part of the story.
    fn ask(&self, wire: Wire, form: &str) -> (Said, String) {
        let question = ["oneshot", "What is in a.txt?", "--format", form];
        let run = |base_url: &str| {
            let ombud = Ombud::with_model_at(base_url, wire, self.config);
            for name in ["a.txt", "b.txt", "c.txt"] {
                ombud.file(name, &format!("text of {name}\n"));
            }
            let said = ombud.run(&question);
            let shown = ombud.tidy(&said.whole());
            (said, shown)
        };
        match self.place {
            Place::Scripted(script) => {
                let server = ModelServer::start(wire, script(wire));
                let said = run(&server.base_url());
                server.finish();
                said
            }
            Place::At(address) => run(&address()),
        }
    }

    /// Asks on both wires in all forms, and holds what comes against the case, the schemas and the snapshot.
    fn holds(&self) {
        let stories: Vec<String> = thread::scope(|scope| {
            let asked: Vec<_> = WIRES.map(|wire| scope.spawn(move || self.story(wire))).into_iter().collect();
            asked.into_iter().map(|story| story.join().unwrap()).collect()
        });
        let [openai, anthropic] = &stories.iter().map(|story| without_ports(story)).collect::<Vec<_>>()[..] else {
            panic!()
        };
        assert_eq!(openai, anthropic, "{}: the wires differ", self.name);
        insta::assert_snapshot!(self.name, openai);
    }

    fn story(&self, wire: Wire) -> String {
        let (text, shown) = self.ask(wire, "text");
        let at = format!("{} over {wire:?}", self.name);
        assert_eq!(text.exit, self.exit, "{at}: {text:?}");
        assert_eq!(text.stdout, if self.answer.is_empty() { String::new() } else { format!("{}\n", self.answer) }, "{at}");
        if self.error.is_some() {
            assert_eq!(text.stderr.lines().count(), 1, "{at}: {}", text.stderr);
        }

        let (json, _) = self.ask(wire, "json");
        assert_eq!((json.exit, json.stdout.lines().count()), (self.exit, 1), "{at}");
        let result = json.json();
        schema::check("result", &result);
        self.check_result(&result, &at);

        let (jsonl, _) = self.ask(wire, "jsonl");
        assert_eq!(jsonl.exit, self.exit, "{at}");
        let lines = jsonl.jsonl();
        schema::check_frames(&lines, true);
        let (last, frames) = lines.split_last().unwrap();
        self.check_result(last, &at);
        assert_eq!(frames.last().unwrap()["type"], "run.finished", "{at}");
        assert_eq!(frames[0]["session"], last["session"], "{at}");
        assert_eq!(frames[0]["run"], last["run"], "{at}");
        check_stream(frames, &at);
        assert_eq!(result_story(&result), result_story(last), "{at}: json and jsonl differ");
        let shown = without_ports(&shown);
        format!("{shown}--- result\n{}\n--- frames\n{}", result_story(&result), frame_story(frames))
    }

    fn check_result(&self, result: &Value, at: &str) {
        let error = &result["error"];
        let got = (error["code"].as_str(), error["cause"].as_str(), result["exit_code"].as_i64());
        let expected =
            (self.error.map(|(code, _)| code), self.error.and_then(|(_, cause)| cause), Some(i64::from(self.exit)));
        assert_eq!(got, expected, "{at}");
        assert_eq!(result["answer"], self.answer, "{at}");
        let status = if self.error.is_some() { "failed" } else { "completed" };
        assert_eq!(result["status"], status, "{at}");
    }
}

/// The stream law: each part is opened, grows by pieces that follow each other, is closed; then its message comes, with
/// exactly what has grown.
fn check_stream(frames: &[Value], at: &str) {
    let mut grown: Vec<String> = Vec::new();
    let mut seq = 0;
    for frame in frames {
        if let Some(next) = frame["seq"].as_u64() {
            seq += 1;
            assert_eq!(next, seq, "{at}: a fact is missing");
        }
        match frame["type"].as_str().unwrap() {
            "part.opened" => grown.push(String::new()),
            "part.grew" => {
                let part = grown.last_mut().unwrap();
                assert_eq!(frame["offset"], part.len(), "{at}");
                part.push_str(frame["text"].as_str().unwrap());
            }
            "message.completed" => {
                let parts = frame["parts"].as_array().unwrap().iter();
                let whole = parts.map(|part| part["text"].as_str().or(part["arguments_text"].as_str()).unwrap().to_owned());
                assert_eq!(whole.collect::<Vec<_>>(), std::mem::take(&mut grown), "{at}");
            }
            _ => {}
        }
    }
}

/// The port of a test's server is another one each time.
fn without_ports(story: &str) -> String {
    let mut pieces = story.split("127.0.0.1:");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + "127.0.0.1:[port]" + piece.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// What a result says, without ids and times.
fn result_story(result: &Value) -> String {
    let mut result = result.clone();
    for field in ["type", "session", "run", "duration_ms"] {
        result.as_object_mut().unwrap().shift_remove(field);
    }
    for call in result["tool_calls"].as_array_mut().unwrap() {
        let call = call.as_object_mut().unwrap();
        call.shift_remove("id");
        call.shift_remove("duration_ms");
    }
    without_ports(&serde_json::to_string_pretty(&result).unwrap())
}

/// The types of frames in order; pieces that follow each other are one, since their number is not a promise.
fn frame_story(frames: &[Value]) -> String {
    let mut kinds: Vec<&str> = frames.iter().map(|frame| frame["type"].as_str().unwrap()).collect();
    kinds.dedup_by(|next, before| *next == "part.grew" && *before == "part.grew");
    kinds.join("\n")
}

/// How many events come with the first piece of text.
fn first_piece(wire: Wire) -> usize {
    if wire == Wire::Anthropic { 4 } else { 2 }
}

fn read(path: &str) -> (&'static str, Value) {
    ("read_file", json!({"path": path}))
}

fn rounds() -> Vec<Answer> {
    vec![
        Answer::calls(vec![read("a.txt"), read("b.txt"), read("c.txt")]),
        Answer::calls(vec![read("a.txt"), read("missing.txt"), read("c.txt")]),
        Answer::text("Three files."),
    ]
}

#[test]
fn a_plain_answer() {
    Case::scripted("plain_answer", |_| vec![Answer::pieces(&["It ", "holds ", "text."]).usage(9, 4, 3)])
        .answers("It holds text.")
        .holds();
}

#[test]
fn two_rounds_of_three_calls() {
    Case::scripted("two_rounds_of_three_calls", |_| rounds()).answers("Three files.").holds();
}

#[test]
fn arguments_byte_by_byte() {
    let script = |_| rounds().into_iter().map(|answer| answer.byte_by_byte().interleaved()).collect();
    Case::scripted("arguments_byte_by_byte", script).answers("Three files.").holds();
}

#[test]
fn refused() {
    let refused = |_| vec![Answer::error(400, "invalid_request_error", "no such field")];
    Case::scripted("status_400", refused).fails(7, "model_failed", "rejected").holds();
    let refused = |_| vec![Answer::error(401, "authentication_error", "no such key: sk-test-canary")];
    Case::scripted("status_401", refused).fails(7, "model_failed", "auth").holds();
    let refused = |_| vec![Answer::error(404, "not_found_error", "no such model")];
    Case::scripted("status_404", refused).fails(7, "model_failed", "rejected").holds();
}

#[test]
fn too_many_requests() {
    let twice = |_| {
        let busy = || Answer::error(429, "rate_limit_error", "slow").header("retry-after", "0");
        vec![busy(), busy(), Answer::text("ok")]
    };
    Case::scripted("status_429_twice", twice).answers("ok").holds();
    let always = |_| vec![Answer::error(429, "rate_limit_error", "slow").always()];
    Case::scripted("status_429_always", always).fails(6, "rate_limited", "rate_limited").holds();
}

#[test]
fn a_server_that_always_fails() {
    let always = |_| vec![Answer::error(500, "api_error", "broken").always()];
    Case::scripted("status_500_always", always).fails(7, "model_failed", "server").holds();
}

#[test]
fn a_cut_stream() {
    let once = |_| vec![Answer::text("lost").cut_after(1), Answer::text("ok")];
    Case::scripted("cut_before_content_once", once).answers("ok").holds();
    let always = |_| vec![Answer::text("lost").cut_after(1).always()];
    Case::scripted("cut_before_content_always", always).fails(7, "model_failed", "cut").holds();
    let after = |wire| vec![Answer::pieces(&["Half an", " answer"]).cut_after(first_piece(wire))];
    Case::scripted("cut_after_content", after).fails(7, "model_failed", "cut").answers("Half an").holds();
}

#[test]
fn garbage() {
    let before = |_| vec![Answer::text("lost").garbage_after(0)];
    Case::scripted("garbage_before_content", before).fails(7, "model_failed", "garbage").holds();
    let after = |wire| vec![Answer::pieces(&["Half an", " answer"]).garbage_after(first_piece(wire))];
    Case::scripted("garbage_after_content", after).fails(7, "model_failed", "garbage").answers("Half an").holds();
    let page = |_| vec![Answer::raw("<!doctype html>\n<title>Welcome</title>\n")];
    Case::scripted("garbage_is_a_page", page).fails(7, "model_failed", "garbage").holds();
}

#[test]
fn a_stall() {
    const FIRST: &str = "[limits]\nmodel_attempts = 1\nmodel_first_byte_seconds = 1\n";
    const IDLE: &str = "[limits]\nmodel_attempts = 1\nmodel_idle_seconds = 1\n";
    let before = |_| vec![Answer::text("lost").stall_before_first_byte()];
    let before = Case { config: FIRST, ..Case::scripted("stall_before_first_byte", before) };
    let after = |wire| vec![Answer::pieces(&["Half an", " answer"]).stall_after(first_piece(wire))];
    let after = Case { config: IDLE, ..Case::scripted("stall_after_first_byte", after) };
    thread::scope(|scope| {
        scope.spawn(|| before.fails(7, "model_failed", "stalled").holds());
        after.fails(7, "model_failed", "stalled").answers("Half an").holds();
    });
}

#[test]
fn no_connection() {
    let nobody = Case { place: Place::At(nobody_listening), ..Case::scripted("nobody_listens", |_| vec![]) };
    nobody.fails(7, "model_failed", "connect").holds();
}

#[test]
fn no_secure_connection() {
    let tls = Case { place: Place::At(no_tls), ..Case::scripted("no_secure_connection", |_| vec![]) };
    tls.fails(7, "model_failed", "tls").holds();
}
