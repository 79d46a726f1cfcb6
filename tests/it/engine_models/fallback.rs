//! Another model answers where the first cannot: before the first word only, in order, and told.

use std::collections::BTreeMap;
use std::path::Path;

use ombud::config::{Provider, Settings, Wire};
use ombud::domain::{Cause, ErrorCode, Fact, Frame, ModelChoice, Notice, Outcome, Pins};
use ombud::engine::{Engine, OnBusy};
use ombud::storage::StoreUrl;
use serde_json::json;

use crate::support::house::{again, answer, finished, kinds, open, question, settings, somebody};
use crate::support::model_server::{Answer, ModelServer, nobody_listening};

/// Settings whose model is the first server's, `house/small`; the second's is `spare/large`.
fn two(first: &ModelServer, second: &ModelServer, folder: &Path) -> Settings {
    let mut settings = settings(first, folder);
    let provider = |wire, base_url| Provider { wire, base_url, api_key: None, headers: BTreeMap::new() };
    settings.providers.insert("spare".to_owned(), provider(Wire::Anthropic, second.base_url()));
    settings.providers.insert("gone".to_owned(), provider(Wire::Openai, nobody_listening()));
    settings.fallback = vec![ModelChoice::new("gone", "x"), ModelChoice::new("spare", "large")];
    settings.limits.model_attempts = 1;
    settings
}

fn notices(frames: &[Frame]) -> Vec<&Notice> {
    let notices = frames.iter().filter_map(|frame| match frame {
        Frame::Fact(event) => match &event.fact {
            Fact::Notice(notice) => Some(notice),
            _ => None,
        },
        Frame::Delta(_) => None,
    });
    notices.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_that_can_answers_and_the_run_stays_with_it() {
    let first = ModelServer::start(Wire::Openai, vec![Answer::error(503, "x", "down"), Answer::text("back")]);
    let calls = Answer::calls(vec![("list_files", json!({}))]).usage(5, 0, 1);
    let second = ModelServer::start(Wire::Anthropic, vec![calls, Answer::text("done")]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(two(&first, &second, folder.path()), &StoreUrl::Memory).await;
    let asked = house.ask(&somebody(), question("hi")).await.unwrap();
    let told = answer(&house, &asked).await;
    let told_notices = notices(&told);
    assert_eq!(told_notices.len(), 2, "{told_notices:?}");
    assert_eq!((told_notices[0].code.as_str(), &told_notices[0].details["to"]), ("model.fallback", &json!("gone/x")));
    let message = "house/small could not answer (`house` failed (503): down); gone/x is asked instead";
    assert_eq!(told_notices[0].message, message);
    let details = json!({"from": "gone/x", "to": "spare/large", "code": "model_failed", "cause": "connect"});
    assert_eq!(told_notices[1].details, details);
    let end = finished(&told);
    assert_eq!((end.outcome, end.answer.as_str(), end.rounds), (Outcome::Completed, "done", 2));
    assert_eq!(end.model, Some(ModelChoice::new("spare", "large")));
    let models: Vec<_> = told
        .iter()
        .filter_map(|frame| match frame {
            Frame::Fact(event) => match &event.fact {
                Fact::MessageCompleted(completed) => Some(completed.model.to_string()),
                _ => None,
            },
            Frame::Delta(_) => None,
        })
        .collect();
    assert_eq!(models, ["spare/large", "spare/large"]);
    // The next run asks the first again.
    let asked = house.ask(&somebody(), again(&asked.session, "and?", OnBusy::Reject)).await.unwrap();
    let told = answer(&house, &asked).await;
    assert_eq!(finished(&told).model, Some(ModelChoice::new("house", "small")));
    first.finish();
    second.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_asked_again_after_the_first_word_or_when_the_request_is_wrong() {
    for (script, cause, parts) in [
        (Answer::pieces(&["half ", "of it"]).cut_after(3), Cause::Cut, true),
        (Answer::error(400, "invalid_request_error", "no"), Cause::Rejected, false),
    ] {
        let first = ModelServer::start(Wire::Openai, vec![script]);
        let second = ModelServer::start(Wire::Anthropic, vec![]);
        let folder = tempfile::tempdir().unwrap();
        let house = open(two(&first, &second, folder.path()), &StoreUrl::Memory).await;
        let asked = house.ask(&somebody(), question("hi")).await.unwrap();
        let told = answer(&house, &asked).await;
        let end = finished(&told);
        assert_eq!(end.error.as_ref().map(|error| (error.code, error.cause)), Some((ErrorCode::ModelFailed, Some(cause))));
        assert_eq!((end.model.as_ref(), !end.answer.is_empty()), (Some(&ModelChoice::new("house", "small")), parts));
        assert!(!kinds(&told).contains(&"notice".to_owned()));
        first.finish();
        second.finish();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_none_can_answer_the_last_error_stands() {
    let first = ModelServer::start(Wire::Openai, vec![Answer::error(401, "x", "who?")]);
    let second = ModelServer::start(Wire::Anthropic, vec![Answer::error(404, "not_found_error", "no such model")]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(two(&first, &second, folder.path()), &StoreUrl::Memory).await;
    let asked = house.ask(&somebody(), question("hi")).await.unwrap();
    let told = answer(&house, &asked).await;
    let error = finished(&told).error.clone().unwrap();
    assert_eq!(error.message, "`spare` rejected the request (404): no such model");
    let asked: Vec<_> = notices(&told).iter().map(|notice| notice.details["to"].clone()).collect();
    assert_eq!(asked, [json!("gone/x"), json!("spare/large")]);
    first.finish();
    second.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_comes_before_the_agent_and_the_agent_before_the_settings() {
    let script = || vec![Answer::error(500, "x", "down"), Answer::error(500, "x", "down")];
    let first = ModelServer::start(Wire::Openai, script());
    let second = ModelServer::start(Wire::Anthropic, vec![Answer::text("agent's"), Answer::text("asked for")]);
    let folder = tempfile::tempdir().unwrap();
    let mut settings = two(&first, &second, folder.path());
    settings.agents.get_mut("default").unwrap().fallback =
        // An agent may come from a house that has other providers.
        vec![ModelChoice::new("elsewhere", "x"), ModelChoice::new("spare", "agents")];
    let house = open(settings, &StoreUrl::Memory).await;
    for (named, model, says) in [(None, "agents", "agent's"), (Some("asked"), "asked", "asked for")] {
        let fallback = named.map(|id| ModelChoice::new("spare", id)).into_iter().collect();
        let mut ask = question("hi");
        ask.pins = Pins { fallback, ..Pins::default() };
        let asked = house.ask(&somebody(), ask).await.unwrap();
        let told = answer(&house, &asked).await;
        let end = finished(&told);
        assert_eq!((end.answer.as_str(), end.model.as_ref()), (says, Some(&ModelChoice::new("spare", model))));
    }
    // What cannot be asked is told at once.
    let mut ask = question("hi");
    ask.pins.fallback = vec![ModelChoice::new("nobody", "x")];
    let error = house.ask(&somebody(), ask).await.unwrap_err();
    assert_eq!(error.message, "model `nobody/x`: provider `nobody` is not configured");
    first.finish();
    second.finish();
}
