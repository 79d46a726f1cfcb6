//! One answer of a model outside of any session: a title, a name. Nothing of it is kept.

use std::sync::Arc;

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::house::Core;
use crate::config::Wire;
use crate::domain::{Cause, Error, ErrorCode, ModelChoice, ModelSettings, Result};
use crate::models::{ModelEvent, ModelPart, ModelRequest, OwnProviders, PromptMessage, PromptPart};

/// Most completions at once; a further one waits, up to `limits.busy_wait`.
pub(crate) const AT_ONCE: usize = 16;
/// Most bytes of instructions and prompt together.
const ASKED_BYTES: usize = 1 << 20;
/// Longest answer, in tokens, when nobody says how long.
const USUAL_TOKENS: u32 = 1_024;
/// Longest answer, in tokens, that can be asked for.
const MOST_TOKENS: u32 = 8_192;

/// What is wanted of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Completion {
    /// The model; absent = that of the agent, or the settings' choice.
    pub model: Option<ModelChoice>,
    /// The agent, by its name or its id, whose model is asked in its own ways; its instructions do not count. Absent = the
    /// house's.
    pub agent: Option<String>,
    /// What the model is told about its task. With the prompt at most 1 MiB.
    pub instructions: String,
    /// What it is asked.
    pub prompt: String,
    /// Longest answer, in tokens, at most 8,192; absent = 1,024.
    pub max_tokens: Option<u32>,
    /// Whether the answer must be one JSON object.
    pub json: bool,
}

/// What a model answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completed {
    /// Its text; may be empty. With [`Completion::json`] one JSON object and nothing else.
    pub text: String,
    /// The model that answered.
    pub model: ModelChoice,
}

/// Asks a model once.
pub(crate) async fn complete(core: &Arc<Core>, completion: Completion) -> Result<Completed> {
    if completion.prompt.trim().is_empty() {
        return Err(Error::invalid("the prompt is empty").hint("say what the model is to answer"));
    }
    let bytes = completion.instructions.len() + completion.prompt.len();
    if bytes > ASKED_BYTES {
        let message = format!("instructions and prompt have {bytes} bytes; at most {ASKED_BYTES} are taken");
        return Err(Error::new(ErrorCode::TooLarge, message));
    }
    let (model, own) = match &completion.agent {
        Some(named) => {
            let agent = core.agent(named).await?.agent;
            let model = core.choose_for(&agent, [completion.model.as_ref(), agent.model.as_ref(), None])?;
            (model, core.own_providers(&agent).await?)
        }
        None => (core.choose([completion.model.as_ref(), None, None])?, OwnProviders::new()),
    };
    let (asked, _) = core.models.get_of(&model, &own)?;
    let waited = tokio::time::timeout(core.settings.limits.busy_wait, core.completing.acquire()).await;
    let Ok(Ok(_permit)) = waited else {
        return Err(Error::new(ErrorCode::Busy, format!("{AT_ONCE} other completions are at work")).hint("try again"));
    };
    let provider = own.get(&model.provider).or_else(|| core.settings.providers.get(&model.provider));
    let mut stream = asked.ask(request(&completion, &model, provider.map(|provider| provider.wire))).await;
    let mut text = String::new();
    let mut is_text = false;
    // How long it takes and how much it is are bounded by the limits of every model call.
    while let Some(event) = stream.next().await {
        match event? {
            ModelEvent::PartOpened(part) => is_text = part == ModelPart::Text,
            ModelEvent::PartGrew(piece) if is_text => text.push_str(&piece),
            ModelEvent::Finished { .. } => {
                let text = if completion.json { object(&text)? } else { text };
                return Ok(Completed { text, model });
            }
            ModelEvent::Retrying { .. } | ModelEvent::PartGrew(_) | ModelEvent::PartClosed { .. } => {}
        }
    }
    Err(Error::model(Cause::Cut, "the model's answer ended in its middle"))
}

fn request(completion: &Completion, model: &ModelChoice, wire: Option<Wire>) -> ModelRequest {
    let mut system = completion.instructions.trim().to_owned();
    let mut extra = Map::new();
    if completion.json {
        // The word is needed as well: servers refuse the mode without it, and other wires have no mode.
        let words = "Answer with one JSON object and nothing else.";
        system = if system.is_empty() { words.to_owned() } else { format!("{system}\n\n{words}") };
        let mode = json!({"type": "json_object"});
        match wire {
            Some(Wire::Openai) => drop(extra.insert("response_format".to_owned(), mode)),
            Some(Wire::Responses) => drop(extra.insert("text".to_owned(), json!({ "format": mode }))),
            Some(Wire::Anthropic | Wire::Offline) | None => {}
        }
    }
    let tokens = completion.max_tokens.unwrap_or(USUAL_TOKENS).clamp(1, MOST_TOKENS);
    ModelRequest {
        model: model.id.clone(),
        system,
        messages: vec![PromptMessage::User(vec![PromptPart::Text(completion.prompt.clone())])],
        tools: Vec::new(),
        settings: ModelSettings { max_tokens: Some(u64::from(tokens)), extra, ..ModelSettings::default() },
        form: None,
    }
}

/// The JSON object in an answer: some models write words or fences around it.
fn object(text: &str) -> Result<String> {
    let from = text.find('{').unwrap_or(text.len());
    let mut values = serde_json::Deserializer::from_str(&text[from..]).into_iter::<Map<String, Value>>();
    match values.next() {
        Some(Ok(object)) => Ok(Value::Object(object).to_string()),
        _ => Err(Error::model(Cause::Garbage, "the model's answer is no JSON object")
            .hint("ask again, allow a longer answer, or ask another model")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_found_among_words() {
        for text in [r#"{"a": 1}"#, "```json\n{\"a\": 1}\n```", "Here you are: {\"a\": 1} {"] {
            assert_eq!(object(text).unwrap(), r#"{"a":1}"#, "{text}");
        }
        for text in ["", "a", "[1]", "{", r#"{"a": "#] {
            assert_eq!(object(text).unwrap_err().cause, Some(Cause::Garbage), "{text}");
        }
    }
}
