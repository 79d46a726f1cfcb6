//! From Tarko's words to ours.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::errors::TarkoError;
use crate::domain::{BlobId, Budget, Error, ErrorCode, FilePart, Labels, ModelChoice, ModelSettings, OnOrphan, Part, Pins};

/// What is said, with the bytes of its files.
#[derive(Debug, Default)]
pub struct Query {
    /// The parts.
    pub parts: Vec<Part>,
    /// The bytes of the files among them.
    pub blobs: Vec<(BlobId, Bytes)>,
}

/// Whether a value counts as given: everything but what a script holds for false.
pub fn is_given(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Number(number)) => number.as_f64().is_some_and(|number| number != 0.0),
        Some(Value::Bool(true) | Value::Array(_) | Value::Object(_)) => true,
    }
}

/// What is asked: a text, parts, or any other value as the text of its JSON.
///
/// # Errors
/// `invalid_input` for a part that cannot be read, `not_supported` for a file that is not sent along.
pub fn query(value: &Value) -> Result<Query, Error> {
    let mut query = Query::default();
    match value {
        Value::String(text) => query.parts.push(Part::text(text)),
        Value::Array(parts) => parts.iter().try_for_each(|part| add(&mut query, part))?,
        Value::Object(part) if part.contains_key("type") => add(&mut query, value)?,
        other => query.parts.push(Part::text(other.to_string())),
    }
    Ok(query)
}

fn add(query: &mut Query, part: &Value) -> Result<(), Error> {
    let text = |pointer: &str| part.pointer(pointer).and_then(Value::as_str);
    match text("/type") {
        Some("text") => query.parts.push(Part::text(text("/text").unwrap_or_default())),
        Some("image_url") => {
            let url = text("/image_url/url").or_else(|| text("/image_url")).unwrap_or_default();
            add_file(query, url, None)?;
        }
        Some("file") => add_file(query, text("/file/file_data").unwrap_or_default(), text("/file/filename"))?,
        Some(kind) => {
            let message = format!("parts of the type `{kind}` cannot be shown to a model");
            return Err(Error::new(ErrorCode::NotSupported, message).hint("send `text`, `image_url` or `file`"));
        }
        None => match part.as_str() {
            Some(text) => query.parts.push(Part::text(text)),
            None => return Err(Error::invalid("a part of the query has no `type`")),
        },
    }
    Ok(())
}

fn add_file(query: &mut Query, url: &str, name: Option<&str>) -> Result<(), Error> {
    let Some(data) = url.strip_prefix("data:") else {
        return Err(Error::new(ErrorCode::NotSupported, "a file can only be sent along, as a `data:` URL")
            .hint("fetch what you want to have looked at, and send its bytes in base64"));
    };
    let unreadable = || Error::invalid("a `data:` URL is not of the form data:TYPE;base64,BYTES");
    let (head, body) = data.split_once(',').ok_or_else(unreadable)?;
    let media_type = head.strip_suffix(";base64").ok_or_else(unreadable)?;
    let media_type = media_type.split(';').next().filter(|kind| kind.contains('/')).ok_or_else(unreadable)?;
    let bytes = STANDARD.decode(body).or_else(|_| STANDARD_NO_PAD.decode(body)).map_err(|_| unreadable())?;
    let blob = BlobId::of(&bytes);
    let (size, name) = (bytes.len() as u64, name.map(str::to_owned));
    query.parts.push(Part::File(FilePart { blob: blob.clone(), media_type: media_type.to_ascii_lowercase(), name, size }));
    query.blobs.push((blob, bytes.into()));
    Ok(())
}

/// The texts of a list of tags.
pub fn tags(value: &Value) -> Vec<String> {
    let tags = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    tags.filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

/// Labels with other tags.
pub fn with_tags(labels: &Labels, tags: &Value) -> Labels {
    let mut changed = Labels::from_tags(self::tags(tags));
    for (key, value) in labels.iter().filter(|(key, _)| *key != Labels::TAG) {
        changed.insert(key, value.to_owned());
    }
    changed
}

/// The model that an object names: `{provider, id}`, or as it was called before, `{provider, modelId}`.
pub fn model(value: &Value) -> Option<ModelChoice> {
    let text = |name| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    Some(ModelChoice::new(text("provider")?, text("id").or_else(|| text("modelId"))?))
}

/// Names that tell of a secret, or of where one would be sent: such fields are not kept.
pub fn is_secret(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let whole = [
        "apikey",
        "authorization",
        "baseurl",
        "bearer",
        "cookie",
        "cookies",
        "credential",
        "credentials",
        "env",
        "header",
        "headers",
        "passwd",
        "password",
        "privatekey",
        "secret",
        "token",
    ];
    let ends = ["apikey", "secret", "secretkey", "password", "token", "credentials", "privatekey", "baseurl"];
    whole.contains(&name.as_str()) || ends.iter().any(|end| name.ends_with(end))
}

/// A value without the fields that could hold a secret, at any depth.
pub fn without_secrets(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .filter(|(name, _)| !is_secret(name))
                .map(|(name, value)| (name.clone(), without_secrets(value)))
                .collect(),
        ),
        Value::Array(items) => items.iter().map(without_secrets).collect(),
        other => other.clone(),
    }
}

/// What is fixed for a run by a session's options; those of the agent count before those of the interface.
pub fn pins(runtime_settings: Option<&Map<String, Value>>, agent_options: Option<&Map<String, Value>>) -> Pins {
    let option = |name: &str| agent_options.and_then(|all| all.get(name)).or_else(|| runtime_settings?.get(name));
    let number = |name: &str, most: f64| option(name).and_then(Value::as_f64).filter(|value| (0.0..=most).contains(value));
    let count = |name: &str| option(name).and_then(Value::as_u64).filter(|count| *count > 0);
    let instructions = option("instructions").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    Pins {
        settings: ModelSettings {
            temperature: number("temperature", 2.0),
            top_p: number("top_p", 1.0),
            max_tokens: count("maxTokens"),
            reasoning_effort: option("thinking").and_then(effort),
            ..ModelSettings::default()
        },
        instructions: instructions.map(str::to_owned).into_iter().collect(),
        budget: Budget {
            max_turns: count("maxIterations").map(|most| u32::try_from(most).unwrap_or(u32::MAX)),
            ..Budget::default()
        },
        on_orphan: OnOrphan::Resume,
        ..Pins::default()
    }
}

/// How much to think, from `{type, budgetTokens}`.
fn effort(thinking: &Value) -> Option<String> {
    let budget = thinking.get("budgetTokens").and_then(Value::as_u64);
    let word = match (thinking.get("type").and_then(Value::as_str)?, budget) {
        ("disabled", _) => "none",
        ("enabled", Some(0..=2_048)) => "low",
        ("enabled", Some(16_384..)) => "high",
        ("enabled", _) => "medium",
        _ => return None,
    };
    Some(word.to_owned())
}

/// What doors keep about a session has a limit, since every list of sessions shows it.
pub const METADATA_BYTES: usize = 256 << 10;

/// Refuses what is too large to be kept about a session.
pub fn check_size(metadata: &Map<String, Value>) -> Result<(), TarkoError> {
    let size = serde_json::to_vec(metadata).map_or(usize::MAX, |text| text.len());
    if size > METADATA_BYTES {
        let message = format!("the metadata of a session may have {METADATA_BYTES} bytes, not {size}");
        return Err(Error::new(ErrorCode::TooLarge, message).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_counts_as_given() {
        for given in [json!("x"), json!(1), json!([]), json!({}), json!(true)] {
            assert!(is_given(Some(&given)), "{given}");
        }
        for missing in [json!(""), json!(0), json!(null), json!(false)] {
            assert!(!is_given(Some(&missing)), "{missing}");
        }
        assert!(!is_given(None));
    }

    #[test]
    fn parts_of_a_query() {
        let image = json!([
            {"type": "text", "text": "what is this"},
            {"type": "image_url", "image_url": {"url": "data:image/PNG;base64,AQID"}},
        ]);
        let read = query(&image).unwrap();
        let blob = BlobId::of(&[1, 2, 3]);
        let file = FilePart { blob: blob.clone(), media_type: "image/png".into(), name: None, size: 3 };
        assert_eq!(read.parts, [Part::text("what is this"), Part::File(file)]);
        assert_eq!(read.blobs, [(blob, Bytes::from_static(&[1, 2, 3]))]);
        assert_eq!(query(&json!(7)).unwrap().parts, [Part::text("7")]);
        assert_eq!(query(&json!({"a": 1})).unwrap().parts, [Part::text(r#"{"a":1}"#)]);
        assert_eq!(query(&json!([])).unwrap().parts, []);
        let code = |value: Value| query(&value).unwrap_err().code;
        assert_eq!(code(json!([{"type": "image_url", "image_url": {"url": "http://127.0.0.1/"}}])), ErrorCode::NotSupported);
        assert_eq!(code(json!([{"type": "input_audio"}])), ErrorCode::NotSupported);
        assert_eq!(code(json!([{"type": "image_url", "image_url": {"url": "data:x"}}])), ErrorCode::InvalidInput);
        assert_eq!(code(json!([7])), ErrorCode::InvalidInput);
    }

    #[test]
    fn secrets_are_not_kept() {
        let sent = json!({
            "model": {"provider": "p", "id": "m", "apiKey": "1", "api_key": "2", "baseURL": "3", "headers": {"x": "4"}},
            "search": [{"apiKey": "5", "count": 3}], "accessToken": "6", "maxTokens": 7, "thinking": {"budgetTokens": 8},
        });
        let kept = json!({
            "model": {"provider": "p", "id": "m"}, "search": [{"count": 3}], "maxTokens": 7, "thinking": {"budgetTokens": 8},
        });
        assert_eq!(without_secrets(&sent), kept);
    }

    #[test]
    fn options_of_the_agent_count_before_those_of_the_interface() {
        let object = |value: Value| value.as_object().unwrap().clone();
        let interface = object(json!({"temperature": 0.9, "maxIterations": 3, "thinking": {"type": "disabled"}}));
        let agent = object(json!({"temperature": 0.1, "maxTokens": 7, "instructions": "Be brief.", "top_p": 9}));
        let pins = pins(Some(&interface), Some(&agent));
        assert_eq!(pins.settings.temperature, Some(0.1));
        assert_eq!((pins.settings.max_tokens, pins.settings.top_p), (Some(7), None));
        assert_eq!(pins.settings.reasoning_effort.as_deref(), Some("none"));
        assert_eq!(pins.instructions, ["Be brief."]);
        assert_eq!((pins.budget.max_turns, pins.on_orphan), (Some(3), OnOrphan::Resume));
    }

    #[test]
    fn a_model_has_two_spellings() {
        let choice = Some(ModelChoice::new("anthropic", "claude-3-opus"));
        assert_eq!(model(&json!({"provider": "anthropic", "id": "claude-3-opus"})), choice);
        assert_eq!(model(&json!({"provider": "anthropic", "modelId": "claude-3-opus"})), choice);
        assert_eq!(model(&json!({"provider": "anthropic"})), None);
    }
}
