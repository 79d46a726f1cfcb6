//! Budgets of tokens and money: which one is hit, what is kept, and that a crash gives nothing back.

use ombud::config::Wire;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, Gate, ModelServer};
use crate::support::ombud::{Ombud, QUICK, Said, model_config};
use crate::support::process::{PATIENCE, Place};

/// An answer that wants a tool, and used so many tokens.
fn looks(input: u64, cached: u64, output: u64) -> Answer {
    Answer::text("Let me look.").and_calls(vec![("read_file", json!({"path": "a.txt"}))]).usage(input, cached, output)
}

/// A model whose tokens cost a tenth of a cent each, both ways.
fn priced(server: &ModelServer, more: &str) -> Ombud {
    let prices = "[models.\"house/small\"]\ninput_price = 1000\noutput_price = 1000\n";
    let ombud = Ombud::new();
    ombud.config(&model_config(&server.base_url(), Wire::Openai, &format!("{QUICK}\n{more}\n{prices}")));
    ombud.file("a.txt", "");
    ombud
}

fn hit(line: &str) -> Said {
    Said { exit: 8, stdout: "Let me look.\n".to_owned(), stderr: format!("{line}\n") }
}

const TOKENS: &str = "error: the run used 120 tokens in 2 calls of the model; its budget is 100 (budget_exhausted: tokens); raise \
                      `--max-tokens` or `budgets.max_tokens`, or go on in the same session with `-s`";
const COST: &str = "error: the run cost 0.12 US dollars in 2 calls of the model; its budget is 0.1 (budget_exhausted: cost); raise \
                    `--max-cost` or `budgets.max_cost_usd`, or go on in the same session with `-s`";

#[test]
fn a_run_has_only_so_many_tokens() {
    // What came from a cache counts as what was sent; the round that goes over is whole.
    let script = || vec![looks(40, 30, 10), looks(60, 50, 10)];
    let server =
        ModelServer::start(Wire::Openai, [script(), script(), vec![Answer::text("Fine.").usage(90, 0, 5)]].concat());
    let ombud = priced(&server, "");
    let question = ["oneshot", "What is in a.txt?", "--max-tokens", "100"];
    assert_eq!(ombud.run(&[&question[..], &["--session-id", "s"]].concat()), hit(TOKENS));
    let events = ombud.run(&["sessions", "events", "s"]).jsonl();
    let queued = events.iter().find(|event| event["type"] == "run.queued").unwrap();
    assert_eq!(queued["pins"]["budget"], json!({"max_tokens": 100}));
    let end = events.last().unwrap();
    assert_eq!(
        (&end["type"], &end["outcome"], &end["answer"], &end["rounds"], &end["error"]["code"], &end["error"]["cause"]),
        (
            &json!("run.finished"),
            &json!("failed"),
            &json!("Let me look."),
            &json!(2),
            &json!("budget_exhausted"),
            &json!("tokens")
        )
    );
    assert_eq!((&end["usage"]["input_tokens"], &end["usage"]["output_tokens"]), (&json!(100), &json!(20)));
    let result = ombud.run(&[&question[..], &["--format", "json"]].concat());
    let result = (result.exit, result.json());
    assert_eq!(
        (result.0, &result.1["status"], &result.1["answer"], &result.1["turns"], &result.1["error"]["cause"]),
        (8, &json!("failed"), &json!("Let me look."), &json!(2), &json!("tokens"))
    );
    // Each run has its own.
    let fine = Said { exit: 0, stdout: "Fine.\n".to_owned(), stderr: String::new() };
    assert_eq!(ombud.run(&["oneshot", "Go on.", "-s", "s", "--max-tokens", "100"]), fine);
    assert_eq!(server.finish().len(), 5);
}

#[test]
fn an_answer_that_is_whole_counts_also_when_it_went_over() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("All of it.").usage(500, 0, 500)]);
    let ombud = priced(&server, "");
    let said = ombud.run(&["oneshot", "Hello", "--max-tokens", "1", "--max-cost", "0.001"]);
    assert_eq!(said, Said { exit: 0, stdout: "All of it.\n".to_owned(), stderr: String::new() });
    server.finish();
}

#[test]
fn a_run_costs_only_so_much() {
    let script = || vec![looks(40, 0, 10), looks(60, 0, 10)];
    let server = ModelServer::start(Wire::Openai, [script(), script()].concat());
    let ombud = priced(&server, "");
    assert_eq!(ombud.run(&["oneshot", "What is in a.txt?", "--max-cost", "0.10"]), hit(COST));
    let result = ombud.run(&["oneshot", "What is in a.txt?", "--max-cost", "0.1", "--format", "json"]).json();
    assert_eq!((&result["error"]["cause"], &result["usage"]["cost_usd"]), (&json!("cost"), &json!(0.12)));
    server.finish();
}

#[test]
fn budgets_of_the_config_count_and_flags_come_before() {
    let server = ModelServer::start(Wire::Openai, vec![looks(40, 0, 10), looks(60, 0, 10), looks(999, 0, 0)]);
    let ombud = priced(&server, "[budgets]\nmax_tokens = 100\nmax_cost_usd = 50\n");
    assert_eq!(ombud.run(&["oneshot", "What is in a.txt?", "--session-id", "s"]), hit(TOKENS));
    let pinned = ombud.run(&["sessions", "events", "s"]).jsonl();
    let queued = pinned.iter().find(|event| event["type"] == "run.queued").unwrap();
    assert_eq!(queued["pins"]["budget"], json!({"max_tokens": 100, "max_cost_usd": 50.0}));
    let said = ombud.run(&["oneshot", "What is in a.txt?", "--max-tokens", "900"]);
    assert!(said.exit == 8 && said.stderr.contains("used 999 tokens in 1 call of the model; its budget is 900"), "{said:?}");
    server.finish();
}

#[test]
fn a_budget_of_money_needs_a_price() {
    let server = ModelServer::start(Wire::Openai, vec![]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    let line = "error: nobody knows what model `house/small` costs, so a budget of money (`--max-cost`) cannot be kept \
                (invalid_input); say its `input_price` and `output_price` under `[models.\"house/small\"]` in the config, or use \
                `--max-tokens`\n";
    let refused = Said { exit: 2, stdout: String::new(), stderr: line.to_owned() };
    assert_eq!(ombud.run(&["oneshot", "Hello", "--max-cost", "1"]), refused);
    assert_eq!(ombud.json(&["sessions", "list"])["sessions"], json!([]));
    for wrong in ["0", "-1", "much", "nan"] {
        let said = ombud.run(&["oneshot", "Hello", &format!("--max-cost={wrong}")]);
        assert!(said.exit == 2 && said.stderr.contains("must be an amount of US dollars above 0"), "{said:?}");
    }
    // The rules inside of the program cost nothing.
    let said = ombud.run(&["oneshot", "What is 2 + 2?", "--max-cost", "1", "-m", "offline/rules"]);
    assert_eq!(said.exit, 0, "{said:?}");
    server.finish();
}

#[test]
fn tokens_that_nobody_tells_are_guessed_and_that_is_said() {
    let server = ModelServer::start(Wire::Openai, vec![looks(0, 0, 0)]);
    let ombud = priced(&server, "");
    let result = ombud.run(&["oneshot", "What is in a.txt?", "--max-tokens", "10", "--format", "json"]).json();
    assert_eq!((&result["error"]["cause"], &result["turns"]), (&json!("tokens"), &json!(1)));
    assert_eq!(
        result["notices"],
        json!(["`house/small` does not tell how many tokens it uses: for the budget, 4 bytes count as one"])
    );
    assert!(result["usage"]["input_tokens"].as_u64().unwrap() > 10, "{result}");
    server.finish();
}

#[test]
fn budgets_count_over_a_server() {
    let server =
        ModelServer::start(Wire::Openai, vec![looks(40, 0, 10), looks(60, 0, 10), looks(40, 0, 10), looks(60, 0, 10)]);
    let mut ombud = priced(&server, "");
    let address = ombud.serve();
    ombud.set("OMBUD_SERVER", address);
    assert_eq!(ombud.run(&["oneshot", "What is in a.txt?", "--max-tokens", "100"]), hit(TOKENS));
    assert_eq!(ombud.run(&["oneshot", "What is in a.txt?", "--max-cost", "0.1"]), hit(COST));
    server.finish();
}

/// A run that was killed in its second call of the model.
fn killed(place: &Place, gate: &Gate, more: &[&str]) {
    let arguments = [&["oneshot", "What is in a.txt?", "--session-id", "s", "--format", "jsonl"], more].concat();
    let mut process = place.start(&arguments);
    process.until(|line| line["text"] == "half ");
    process.signal(Signal::KILL);
    process.end(PATIENCE);
    gate.open();
}

#[test]
fn a_crash_gives_no_tokens_back() {
    for store in ["sqlite", "file"] {
        let gate = Gate::new();
        let half = Answer::pieces(&["half ", "an answer"]).wait_after(2, &gate);
        let server = ModelServer::start(Wire::Openai, vec![looks(60, 0, 20), half, looks(30, 0, 10)]);
        let place = Place::new(store).asking(&server);
        std::fs::write(place.work().join("a.txt"), "").unwrap();
        killed(&place, &gate, &["--max-tokens", "100"]);
        let ended = place.run(&["restore", "s", "--resume"]);
        assert_eq!(ended.code, Some(8), "{ended}");
        assert!(ended.stderr.contains("used 120 tokens in 2 calls of the model; its budget is 100"), "{ended}");
        let end: Value = place.events("s").pop().unwrap();
        assert_eq!((&end["rounds"], &end["error"]["cause"]), (&json!(2), &json!("tokens")));
        server.finish();
    }
}
