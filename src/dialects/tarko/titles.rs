//! A title for a conversation, found by a model.

use serde_json::Value;

use crate::domain::{ModelChoice, Principal, Result};
use crate::engine::{Completion, Engine};

/// What a conversation is called for which the model finds nothing.
const UNTITLED: &str = "Untitled Conversation";
/// Longest conversation that is shown to the model, in bytes.
const SHOWN: usize = 32 << 10;
/// Longest title, in characters.
const LONGEST: usize = 80;
/// What the model is told.
const INSTRUCTIONS: &str = "Find a title of at most six words for the conversation, in its own language. Answer with one \
                            JSON object and nothing else: {\"title\": \"…\"}";

/// A title, and the model that found it.
///
/// # Errors
/// As [`Engine::complete`].
pub async fn of(
    engine: &dyn Engine,
    caller: &Principal,
    messages: &[Value],
    model: Option<ModelChoice>,
) -> Result<(String, ModelChoice)> {
    let completion = Completion {
        agent: None,
        model,
        instructions: INSTRUCTIONS.to_owned(),
        prompt: conversation(messages),
        max_tokens: Some(64),
        json: true,
    };
    let completed = engine.complete(caller, completion).await?;
    Ok((title(&completed.text), completed.model))
}

fn conversation(messages: &[Value]) -> String {
    let mut shown = String::new();
    for message in messages {
        let role = message.get("role").and_then(Value::as_str).unwrap_or("user");
        let content = match message.get("content") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(parts)) => {
                parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<Vec<_>>().join("\n")
            }
            _ => continue,
        };
        shown.push_str(&format!("{role}: {content}\n"));
        if shown.len() > SHOWN {
            shown.truncate(shown.floor_char_boundary(SHOWN));
            break;
        }
    }
    shown
}

/// The title in an answer; a model that does not keep to the form is taken by its first line.
fn title(answer: &str) -> String {
    let object = answer.find('{').and_then(|from| Some(&answer[from..=answer.rfind('}')?]));
    let read = object.and_then(|object| serde_json::from_str::<Value>(object).ok());
    let told = match &read {
        Some(read) => read.get("title").and_then(Value::as_str).unwrap_or_default(),
        None => answer.lines().find(|line| !line.trim().is_empty()).unwrap_or_default(),
    };
    let told: String = told.trim().trim_matches('"').chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if told.is_empty() { UNTITLED.to_owned() } else { told }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_title_is_found_in_what_models_answer() {
        for (answer, expected) in [
            (r#"{"title":"Mock Title"}"#, "Mock Title"),
            ("```json\n{\"title\": \"Mock Title\"}\n```", "Mock Title"),
            ("\"Mock Title\"\nBecause …", "Mock Title"),
            ("{}", UNTITLED),
            ("", UNTITLED),
        ] {
            assert_eq!(title(answer), expected, "{answer}");
        }
    }

    #[test]
    fn a_conversation_is_shown_as_text_and_not_longer_than_it_may_be() {
        let messages = [
            json!({"role": "user", "content": "hello"}),
            json!({"role": "assistant", "content": [{"type": "text", "text": "hi"}, {"type": "image_url"}]}),
            json!({"role": "user"}),
        ];
        assert_eq!(conversation(&messages), "user: hello\nassistant: hi\n");
        let long = [json!({"role": "user", "content": "ä".repeat(SHOWN)})];
        assert!((SHOWN - 1..=SHOWN).contains(&conversation(&long).len()));
    }
}
