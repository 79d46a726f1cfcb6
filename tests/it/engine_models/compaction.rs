//! A conversation that grows out of its model's window: summarised, shown from then on, and never in a loop.

use std::path::Path;

use ombud::config::{Provider, Settings, Wire};
use ombud::domain::{Cause, ContextCompacted, ErrorCode, Fact, MessageId, ModelChoice, Outcome, RunFinished, SessionId};
use ombud::engine::{Engine, House, OnBusy};
use ombud::storage::StoreUrl;
use serde_json::{Value, json};

use crate::support::house::{again, answer, finished, open, question, settings, somebody};
use crate::support::model_server::{Answer, Gate, ModelServer, Request};
use crate::support::ombud::{Ombud, QUICK, model_config};

/// Bytes that fit beside an answer: 3,500 tokens of 4 bytes.
const ROOM: usize = 14_000;

/// A model with a small window.
fn small(server: &ModelServer, folder: &Path) -> Settings {
    let mut settings = settings(server, folder);
    settings.models.insert("house/small".to_owned(), json!({"context_tokens": 4_000, "answer_tokens": 500}));
    settings.agents.get_mut("default").unwrap().tools = Some(vec!["list_files".to_owned()]);
    settings
}

/// A text of so many bytes that begins with a word.
fn long(word: &str, bytes: usize) -> String {
    format!("{word} {}", "x".repeat(bytes - word.len() - 1))
}

/// Asks, in a session that goes on; how the run ended.
async fn ask(house: &House, session: &mut Option<SessionId>, text: &str) -> RunFinished {
    let ask = match &*session {
        Some(session) => again(session, text, OnBusy::Reject),
        None => question(text),
    };
    let asked = house.ask(&somebody(), ask).await.unwrap();
    *session = Some(asked.session.clone());
    finished(&answer(house, &asked).await).clone()
}

async fn facts(house: &House, session: &SessionId) -> Vec<Fact> {
    let events = house.events(&somebody(), session, None, 10_000).await.unwrap();
    events.iter().map(|event| event.fact.clone()).collect()
}

fn summaries(facts: &[Fact]) -> Vec<ContextCompacted> {
    let summaries = facts.iter().filter_map(|fact| match fact {
        Fact::ContextCompacted(compacted) => Some((**compacted).clone()),
        _ => None,
    });
    summaries.collect()
}

/// What a request shows, without the instructions.
fn shown(request: &Request) -> Vec<String> {
    let messages = request.body["messages"].as_array().unwrap().iter().filter(|message| message["role"] != "system");
    messages.map(|message| message["content"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The first words of what a request shows.
fn words(request: &Request) -> Vec<String> {
    let word = |text: String| text.split(' ').next().unwrap_or_default().to_owned();
    shown(request).into_iter().map(word).collect()
}

fn is_for_a_summary(request: &Request) -> bool {
    shown(request)[0].starts_with("Condense this conversation")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_session_is_summarised_several_times_and_always_fits() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("fine").usage(10, 0, 1).always()]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(small(&server, folder.path()), &StoreUrl::Memory).await;
    let mut session = None;
    for number in 0..24 {
        let end = ask(&house, &mut session, &long(&format!("q{number}"), 2_000)).await;
        assert_eq!((end.outcome, end.rounds), (Outcome::Completed, 1), "{end:?}");
    }
    let session = session.unwrap();
    let made = summaries(&facts(&house, &session).await);
    assert!((3..=8).contains(&made.len()), "{}", made.len());
    for compacted in &made {
        assert_eq!(
            (compacted.summary.as_str(), compacted.model.as_ref()),
            ("fine", Some(&ModelChoice::new("house", "small")))
        );
        assert!(compacted.tokens_after < compacted.tokens_before / 2 && compacted.messages >= 2, "{compacted:?}");
    }
    let requests = server.finish();
    assert_eq!(requests.len(), 24 + made.len());
    for request in &requests {
        let bytes: usize = shown(request).iter().map(String::len).sum();
        assert!(bytes < ROOM, "{bytes}");
    }
    // From the first summary on, each request begins with it; and a summary is made of the one before it.
    let first = requests.iter().position(is_for_a_summary).unwrap();
    for request in &requests[first + 1..] {
        if is_for_a_summary(request) {
            assert!(shown(request)[0].contains("What was said before, in short: fine\n"));
        } else {
            assert_eq!(shown(request)[0], "[What was said before, in short]\nfine");
        }
    }
    assert_eq!(words(&requests[first + 1])[1..], ["q4", "fine", "q5"]);
    // What it used counts: 24 answers and the summaries.
    let used = house.session(&somebody(), &session).await.unwrap().summary.usage;
    assert_eq!(used.input_tokens, 10 * requests.len() as u64);
    // People see it where it was made.
    let page = house.messages(&somebody(), &session, None, 100).await.unwrap();
    assert_eq!((page.messages.len(), page.summaries.len()), (48, made.len()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_summary_is_made_once_a_run_and_never_inside_a_tool_round() {
    let calls = || Answer::calls(vec![("list_files", json!({})), ("list_files", json!({"path": "."}))]);
    let script = vec![calls(), Answer::text("one"), Answer::text("short"), calls(), calls(), Answer::text("two")];
    let server = ModelServer::start(Wire::Openai, script);
    let folder = tempfile::tempdir().unwrap();
    let house = open(small(&server, folder.path()), &StoreUrl::Memory).await;
    let mut session = None;
    ask(&house, &mut session, &long("first", 7_000)).await;
    let end = ask(&house, &mut session, &long("second", 5_000)).await;
    assert_eq!((end.answer.as_str(), end.rounds), ("two", 3));
    let facts = facts(&house, &session.unwrap()).await;
    let made = summaries(&facts);
    assert_eq!((made.len(), made[0].messages), (1, 3));
    // It comes before anything of the run's own, and after its start.
    let kinds: Vec<&str> = facts.iter().map(Fact::kind).collect();
    let at = kinds.iter().position(|kind| *kind == "context.compacted").unwrap();
    assert_eq!((kinds[at - 1], kinds[at + 1]), ("run.started", "message.completed"));
    // The scripted server has checked that each call has its return.
    let requests = server.finish();
    assert_eq!(words(&requests[3]), ["[What", "second"]);
    let condensed = &shown(&requests[2])[0];
    assert!(condensed.contains("Asked: first xx") && condensed.contains("Called list_files {}\n"), "{condensed}");
    assert!(condensed.ends_with("Answered: one\n</conversation>"), "{condensed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_after_all_is_one_clear_error() {
    let script = vec![Answer::text("one"), Answer::text(&"y".repeat(20_000)).usage(50, 0, 40)];
    let server = ModelServer::start(Wire::Openai, script);
    let folder = tempfile::tempdir().unwrap();
    let house = open(small(&server, folder.path()), &StoreUrl::Memory).await;
    let mut session = None;
    ask(&house, &mut session, &long("first", 7_000)).await;
    let end = ask(&house, &mut session, &long("second", 5_000)).await;
    let error = end.error.unwrap();
    assert_eq!((error.code, error.cause, error.code.exit_code()), (ErrorCode::ContextExceeded, Some(Cause::Context), 10));
    assert!(error.message.starts_with("what house/small must be shown needs about "), "{}", error.message);
    assert!(error.message.ends_with("also after older messages were summarised, and 3500 fit"), "{}", error.message);
    assert_eq!((end.rounds, end.usage.input_tokens), (0, 50));
    assert!(summaries(&facts(&house, &session.unwrap()).await).is_empty());
    assert_eq!(server.finish().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_summary_that_fails_is_told_and_the_oldest_turns_are_left_out() {
    for failing in
        [Answer::error(400, "invalid_request_error", "no"), Answer::text("half a summ").cut_after(2), Answer::text(" ")]
    {
        let server = ModelServer::start(Wire::Openai, vec![Answer::text("one"), failing, Answer::text("two")]);
        let folder = tempfile::tempdir().unwrap();
        let house = open(small(&server, folder.path()), &StoreUrl::Memory).await;
        let mut session = None;
        ask(&house, &mut session, &long("first", 8_000)).await;
        let end = ask(&house, &mut session, &long("second", 7_000)).await;
        assert_eq!((end.outcome, end.answer.as_str()), (Outcome::Completed, "two"));
        let facts = facts(&house, &session.unwrap()).await;
        assert!(summaries(&facts).is_empty());
        let told = facts.iter().find_map(|fact| match fact {
            Fact::Notice(notice) if notice.code == "context.not_compacted" => Some(notice.message.clone()),
            _ => None,
        });
        assert!(told.is_some_and(|told| told.starts_with("older messages could not be summarised (")));
        assert_eq!(words(&server.finish()[2]), ["second"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_is_never() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("fine").always()]);
    let folder = tempfile::tempdir().unwrap();
    let mut settings = small(&server, folder.path());
    settings.limits.compact_at = 0;
    let house = open(settings, &StoreUrl::Memory).await;
    let mut session = None;
    for word in ["first", "second", "third"] {
        ask(&house, &mut session, &long(word, 6_000)).await;
    }
    assert!(summaries(&facts(&house, &session.unwrap()).await).is_empty());
    assert_eq!(words(&server.finish()[2]), ["second", "fine", "third"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_says_it_is_too_much_is_shown_less_once() {
    let too_much = || {
        let error =
            json!({"error": {"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"}});
        Answer::status(400, error.to_string())
    };
    for (last, exit) in [(Answer::text("two"), None), (too_much(), Some(10))] {
        let server = ModelServer::start(Wire::Openai, vec![Answer::text("one"), too_much(), Answer::text("short"), last]);
        let folder = tempfile::tempdir().unwrap();
        let house = open(small(&server, folder.path()), &StoreUrl::Memory).await;
        let mut session = None;
        ask(&house, &mut session, &long("first", 7_000)).await;
        let end = ask(&house, &mut session, &long("second", 500)).await;
        assert_eq!(end.error.map(|error| error.code.exit_code()), exit);
        assert_eq!(summaries(&facts(&house, &session.unwrap()).await).len(), 1);
        assert_eq!(words(&server.finish()[3]), ["[What", "second"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_summary_can_help_a_model_that_refused_is_shown_the_newest_turn() {
    let error = json!({"error": {"message": "the prompt is too long", "type": "invalid_request_error"}});
    let too_much = Answer::status(400, error.to_string());
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("one"), too_much, Answer::text("two")]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(small(&server, folder.path()), &StoreUrl::Memory).await;
    let mut session = None;
    ask(&house, &mut session, &long("first", 2_000)).await;
    let end = ask(&house, &mut session, &long("second", 5_000)).await;
    assert_eq!((end.outcome, end.answer.as_str(), end.rounds), (Outcome::Completed, "two", 1));
    assert!(summaries(&facts(&house, &session.unwrap()).await).is_empty());
    assert_eq!(words(&server.finish()[2]), ["second"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rules_make_it_of_first_words() {
    let server = ModelServer::start(Wire::Openai, vec![]);
    let folder = tempfile::tempdir().unwrap();
    let mut settings = small(&server, folder.path());
    let rules = Provider { wire: Wire::Offline, base_url: String::new(), api_key: None, headers: Default::default() };
    settings.providers.insert("offline".to_owned(), rules);
    settings.model = Some(ModelChoice::new("offline", "rules"));
    settings.models.insert("offline/rules".to_owned(), json!({"context_tokens": 4_000, "answer_tokens": 500}));
    let house = open(settings, &StoreUrl::Memory).await;
    let mut session = None;
    ask(&house, &mut session, &long("Zebras", 7_000)).await;
    ask(&house, &mut session, &long("Giraffes", 5_000)).await;
    let made = summaries(&facts(&house, &session.unwrap()).await);
    assert_eq!((made.len(), made[0].model.as_ref(), made[0].usage.input_tokens), (1, None, 0));
    assert!(made[0].summary.starts_with("Asked: Zebras xx"), "{}", made[0].summary);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_away_is_in_no_summary() {
    let script = vec![Answer::text("one"), Answer::text("canary"), Answer::text("two"), Answer::text("three")];
    let server = ModelServer::start(Wire::Openai, script);
    let folder = tempfile::tempdir().unwrap();
    let house = open(small(&server, folder.path()), &StoreUrl::Memory).await;
    let mut session = None;
    ask(&house, &mut session, &long("first", 7_000)).await;
    ask(&house, &mut session, &long("second", 5_000)).await;
    let id = session.clone().unwrap();
    let posted = facts(&house, &id).await.into_iter().find_map(|fact| match fact {
        Fact::MessagePosted(posted) => Some(posted.message.id),
        _ => None,
    });
    let posted: MessageId = posted.unwrap();
    house.channels().redact(&somebody(), &id, &posted).await.unwrap();
    assert_eq!(summaries(&facts(&house, &id).await)[0].summary, "");
    ask(&house, &mut session, "third").await;
    assert_eq!(words(&server.finish()[3]), ["one", "second", "two", "third"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_cancelled_over_its_summary_leaves_none() {
    let gate = Gate::new();
    let script = vec![Answer::text("one"), Answer::pieces(&["half ", "of it"]).wait_after(2, &gate)];
    let server = ModelServer::start(Wire::Openai, script);
    let folder = tempfile::tempdir().unwrap();
    let house = open(small(&server, folder.path()), &StoreUrl::Memory).await;
    let mut session = None;
    ask(&house, &mut session, &long("first", 7_000)).await;
    let id = session.clone().unwrap();
    let asked = house.ask(&somebody(), again(&id, &long("second", 5_000), OnBusy::Reject)).await.unwrap();
    gate.wait_until_reached();
    house.cancel(&somebody(), &id, asked.run.as_ref(), "enough").await.unwrap();
    let end = finished(&answer(&house, &asked).await).clone();
    assert_eq!((end.outcome, end.rounds, end.answer.as_str()), (Outcome::Cancelled, 0, ""));
    gate.open();
    assert!(summaries(&facts(&house, &id).await).is_empty());
    server.push(Answer::text("short"));
    server.push(Answer::text("two"));
    assert_eq!(ask(&house, &mut session, "third").await.answer, "two");
    assert_eq!(summaries(&facts(&house, &id).await).len(), 1);
    server.finish();
}

#[test]
fn a_process_that_is_killed_over_a_summary_is_gone_on_after() {
    let gate = Gate::new();
    let script = vec![Answer::text("one"), Answer::pieces(&["half ", "of it"]).wait_after(2, &gate)];
    let server = ModelServer::start(Wire::Openai, script);
    let more = format!("{QUICK}\n[models.\"house/small\"]\ncontext_tokens = 8000\nanswer_tokens = 500\n");
    let ombud = Ombud::new();
    ombud.config(&model_config(&server.base_url(), Wire::Openai, &more));
    let first = ombud.run(&["oneshot", &long("first", 15_000), "--session-id", "s"]);
    assert_eq!((first.exit, first.stdout.as_str()), (0, "one\n"), "{}", first.stderr);
    let mut killed = ombud.command(&["oneshot", &long("second", 3_000), "-s", "s"]).spawn().unwrap();
    gate.wait_until_reached();
    killed.kill().unwrap();
    killed.wait().unwrap();
    gate.open();
    server.push(Answer::text("short"));
    server.push(Answer::text("three"));
    let third = ombud.run(&["oneshot", "third", "-s", "s", "--format", "json"]);
    let result = third.json();
    assert_eq!((third.exit, &result["answer"]), (0, &json!("three")), "{result}");
    let told = result["notices"].as_array().unwrap().iter().filter_map(Value::as_str).collect::<Vec<_>>().concat();
    assert!(told.contains("the model is shown a summary of "), "{told}");
    let shown = ombud.run(&["sessions", "show", "s"]);
    assert!(shown.stdout.contains("── default (summary), ") && shown.stdout.contains("\nshort\n"), "{}", shown.stdout);
    let events = ombud.run(&["sessions", "events", "s", "--format", "jsonl"]);
    assert_eq!(events.stdout.matches("\"type\":\"context.compacted\"").count(), 1);
    server.finish();
}
