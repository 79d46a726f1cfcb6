//! The body of a request: what all wires have in common.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::domain::ModelSettings;

/// How a model chooses its words, where the settings say so.
pub(super) fn put_sampling<R>(settings: &ModelSettings, put: &mut impl FnMut(&str, Value) -> R) {
    if let Some(temperature) = settings.temperature {
        put("temperature", json!(temperature));
    }
    if let Some(top_p) = settings.top_p {
        put("top_p", json!(top_p));
    }
}

/// An image as an address that holds it.
pub(super) fn data_url(media_type: &str, bytes: &[u8]) -> String {
    format!("data:{media_type};base64,{}", STANDARD.encode(bytes))
}

/// The arguments of a call as an object. Providers refuse a conversation that holds anything else, so what a model once
/// wrote that is none becomes an empty one.
pub(super) fn arguments_object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// The same as the text of an object.
pub(super) fn arguments_text(text: &str) -> String {
    Value::Object(arguments_object(text)).to_string()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::{Access, Effect, ModelChoice, ToolSpec};
    use crate::models::catalogue::{Card, Catalogue};
    use crate::models::{ModelRequest, PromptMessage, PromptPart};

    pub(in crate::models) fn card(provider: &str, id: &str) -> Card {
        Catalogue::new(&std::collections::BTreeMap::new()).unwrap().card(&ModelChoice::new(provider, id))
    }

    pub(in crate::models) fn request(messages: Vec<PromptMessage>) -> ModelRequest {
        let settings = ModelSettings::default();
        ModelRequest { model: "m".into(), system: String::new(), messages, tools: vec![], settings, form: None }
    }

    /// Every setting that all wires know, and a field of one provider.
    pub(in crate::models) fn settings(effort: &str, extra: Value) -> ModelSettings {
        ModelSettings {
            temperature: Some(0.5),
            top_p: Some(0.25),
            max_tokens: Some(9),
            reasoning_effort: Some(effort.into()),
            stop: vec!["END".into()],
            extra: extra.as_object().cloned().unwrap(),
        }
    }

    pub(in crate::models) fn tool(name: &str) -> ToolSpec {
        let (effect, access) = (Effect::None, Access::Read);
        let parameters = json!({"type": "object"});
        ToolSpec { name: name.into(), description: "Looks.".into(), parameters, effect, access }
    }

    pub(in crate::models) fn text(text: &str) -> PromptPart {
        PromptPart::Text(text.into())
    }

    pub(in crate::models) fn call(id: &str, arguments: &str) -> PromptPart {
        PromptPart::ToolCall { id: id.into(), name: "look".into(), arguments: arguments.into() }
    }

    pub(in crate::models) fn image() -> PromptPart {
        PromptPart::Image { media_type: "image/png".into(), bytes: bytes::Bytes::from_static(b"png") }
    }
}
