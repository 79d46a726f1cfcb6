//! A short name for a page's address: words that a model finds for the first question, or the question's own, and a
//! few signs of the session's id.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::page::first_question;
use crate::domain::{Principal, Result};
use crate::engine::{Completion, Engine, SharedSession};

/// How long a model may think about it.
const TIME: Duration = Duration::from_secs(10);
/// Most characters of the question that the model is shown.
const SHOWN: usize = 2_000;
/// Most characters of the words.
const LENGTH: usize = 60;
/// Most words.
const WORDS: usize = 4;
/// What the model is told.
const TASK: &str = "You name web pages. Answer with one JSON object that has one field, `slug`: two to four English words \
                    in lower case, joined by hyphens, that say what the user's message is about.";

/// The name of a shared session. A session in which nothing was said has its id alone.
pub async fn of(engine: &dyn Engine, caller: &Principal, shared: &SharedSession) -> String {
    let id = shared.session.id.as_str();
    let Some(question) = first_question(shared).filter(|question| !question.trim().is_empty()) else {
        return id.to_owned();
    };
    let words = match tokio::time::timeout(TIME, asked(engine, caller, shared, &question)).await {
        Ok(Ok(Some(words))) => words,
        Ok(Ok(None)) => normalised(&question),
        Ok(Err(error)) => {
            tracing::debug!(error = %error.message, "no model named a page");
            normalised(&question)
        }
        Err(_) => {
            tracing::debug!("no model named a page in time");
            normalised(&question)
        }
    };
    format!("{words}-{}", short(id))
}

async fn asked(engine: &dyn Engine, caller: &Principal, shared: &SharedSession, question: &str) -> Result<Option<String>> {
    let completion = Completion {
        agent: None,
        model: shared.session.model.clone(),
        instructions: TASK.to_owned(),
        prompt: question.chars().take(SHOWN).collect(),
        max_tokens: Some(100),
        json: true,
    };
    let text = engine.complete(caller, completion).await?.text;
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let slug = answer.get("slug").and_then(serde_json::Value::as_str).unwrap_or_default();
    let has_words = slug.chars().any(|c| c.is_ascii_alphanumeric());
    Ok(has_words.then(|| normalised(slug)))
}

/// The first words of a text, as they may stand in an address.
fn normalised(text: &str) -> String {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return script(&text).to_owned();
    }
    let joined: String = words.join("-").chars().take(LENGTH).collect();
    joined.split('-').filter(|word| !word.is_empty()).take(WORDS).collect::<Vec<_>>().join("-")
}

/// What stands for a text without a Latin letter.
fn script(text: &str) -> &'static str {
    let holds = |from: char, to: char| text.chars().any(|c| (from..=to).contains(&c));
    if holds('\u{3040}', '\u{30ff}') {
        "japanese-query"
    } else if holds('\u{4e00}', '\u{9fff}') {
        "chinese-query"
    } else if holds('\u{0400}', '\u{04ff}') {
        "cyrillic-query"
    } else if text.chars().any(char::is_alphanumeric) {
        "international-query"
    } else {
        "untitled-session"
    }
}

/// The first six signs of the digest of an id.
fn short(id: &str) -> String {
    Sha256::digest(id.as_bytes()).iter().take(3).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_form_of_the_original() {
        for (text, expected) in [
            ("Mock Session: SLUG!", "mock-session-slug"),
            ("write report on cats & dogs", "write-report-on-cats"),
            ("one_two--three", "one-two-three"),
            (&"x".repeat(80), &"x".repeat(60)),
            ("写一个报告", "chinese-query"),
            ("こんにちは", "japanese-query"),
            ("Привет", "cyrillic-query"),
            ("γειά", "international-query"),
            ("?!", "untitled-session"),
        ] {
            assert_eq!(normalised(text), expected, "{text}");
        }
        // The id and the name were recorded from the original.
        assert_eq!(format!("mock-session-slug-{}", short("516bo0PuiNMJprd-D0ju1")), "mock-session-slug-7489c6");
    }
}
