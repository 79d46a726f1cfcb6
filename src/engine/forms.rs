//! Answers that must have a form: the schema before anybody is asked, the answer when it is there, and what the model is
//! told of an answer that does not fit.

use serde_json::Value;

use super::house::Core;
use crate::config::Wire;
use crate::domain::{
    AnswerForm, Attributes, Author, AuthorKind, Error, ErrorCode, Fact, Message, MessageId, MessagePosted, ModelChoice,
    Part, Pins, Result, Visibility,
};

/// Final answers of a run that are looked at: the first, and one more after it was told what was wrong with that.
pub(crate) const ANSWERS: usize = 2;
/// Most bytes of a schema.
const SCHEMA_BYTES: usize = 256 << 10;
/// Faults that are told, and most characters of each.
const FAULTS: usize = 10;
const FAULT_CHARACTERS: usize = 300;
/// Who tells a model of faults.
const TELLER: &str = "check of the answer";

/// Checks that an answer of this form can be asked for.
///
/// # Errors
/// `invalid_input` when the schema is none, or when a procedure is asked for, whose steps have forms of their own;
/// `too_large`; `not_supported` for a model that cannot keep to a form.
pub(crate) fn check(core: &Core, pins: &Pins, model: &ModelChoice, ordinary: bool) -> Result<()> {
    let Some(form) = &pins.form else { return Ok(()) };
    if !ordinary {
        return Err(Error::invalid("a schema of the answer (`--output-schema`) was given, and a procedure is asked for")
            .hint("the steps of a procedure say themselves what form their answers have"));
    }
    check_schema(&form.schema)?;
    if core.settings.providers.get(&model.provider).is_some_and(|provider| provider.wire == Wire::Offline) {
        let message = format!("`{model}` is a set of rules: it answers in text, and keeps to no schema");
        return Err(Error::new(ErrorCode::NotSupported, message).hint("choose another model with `-m PROVIDER/MODEL`"));
    }
    Ok(())
}

/// Checks that a value is a JSON Schema. Nothing is fetched: what it refers to must stand in it.
fn check_schema(schema: &Value) -> Result<()> {
    let bytes = schema.to_string().len();
    if bytes > SCHEMA_BYTES {
        let message = format!("the schema of the answer has {bytes} bytes; at most {SCHEMA_BYTES} are taken");
        return Err(Error::new(ErrorCode::TooLarge, message));
    }
    let wrong = |why: String| {
        Error::invalid(format!("the schema of the answer is no JSON Schema: {}", short(&why)))
            .hint("write it by draft 2020-12; what it refers to with `$ref` must stand in it")
    };
    if !(schema.is_object() || schema.is_boolean()) {
        return Err(wrong("it is neither an object nor true or false".to_owned()));
    }
    jsonschema::validator_for(schema).map(drop).map_err(|error| {
        let at = error.instance_path().to_string();
        wrong(if at.is_empty() { error.to_string() } else { format!("at {at}: {error}") })
    })
}

/// An answer as the value that its form asks for; else what is wrong with it.
pub(crate) fn read(form: &AnswerForm, answer: &str) -> Result<Value, Vec<String>> {
    let value = json_of(answer).map_err(|fault| vec![fault])?;
    let validator =
        jsonschema::validator_for(&form.schema).map_err(|error| vec![format!("its schema cannot be read: {error}")])?;
    let faults: Vec<String> = validator
        .iter_errors(&value)
        .take(FAULTS)
        .map(|error| {
            let at = error.instance_path().to_string();
            short(&if at.is_empty() { error.to_string() } else { format!("at {at}: {error}") })
        })
        .collect();
    if faults.is_empty() { Ok(value) } else { Err(faults) }
}

/// The JSON value of an answer: all of it, or else the first that stands in a fence of Markdown.
fn json_of(answer: &str) -> Result<Value, String> {
    let whole = answer.trim();
    if whole.is_empty() {
        return Err("it is empty".to_owned());
    }
    let error = match serde_json::from_str(whole) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let fenced = whole.split("```").skip(1).step_by(2).find_map(|block| {
        let code = block.split_once('\n').map_or(block, |(_, code)| code);
        serde_json::from_str(code.trim()).ok()
    });
    fenced.ok_or_else(|| format!("it is no JSON: {error}"))
}

/// How a run ends whose answer never fitted.
pub(crate) fn mismatch(faults: &[String]) -> Error {
    let message = format!("the answer does not fit the schema: {}", faults.join("; "));
    Error::new(ErrorCode::SchemaMismatch, message)
        .hint("ask again, ask another model, or say in the prompt what each field is; the answer is kept in the session")
}

/// What the model is told of an answer that does not fit.
pub(crate) fn told(id: MessageId, at: crate::domain::Timestamp, faults: &[String]) -> Fact {
    let faults: Vec<String> = faults.iter().map(|fault| format!("- {fault}")).collect();
    let text = format!(
        "your last answer does not fit the JSON Schema:\n{}\nAnswer again: one JSON value that fits it, whole, and nothing else.",
        faults.join("\n")
    );
    let message = Message {
        id,
        author: Author::named(AuthorKind::Environment, TELLER),
        parts: vec![Part::text(text)],
        at,
        thread: None,
        visibility: Visibility::Model,
        attributes: Attributes::new(),
    };
    Fact::MessagePosted(MessagePosted { message })
}

/// Whether servers that know forms take this one: they want an object.
pub(crate) fn is_native(form: &AnswerForm) -> bool {
    form.schema.get("type").and_then(Value::as_str) == Some("object")
}

fn short(text: &str) -> String {
    match text.char_indices().nth(FAULT_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form() -> AnswerForm {
        let schema = json!({
            "type": "object",
            "required": ["name", "count"],
            "properties": {"name": {"type": "string"}, "count": {"type": "integer"}},
        });
        AnswerForm { name: "answer".to_owned(), schema }
    }

    #[test]
    fn an_answer_is_the_whole_text_or_in_a_fence() {
        let value = json!({"name": "a", "count": 1});
        for answer in [
            r#"{"name": "a", "count": 1}"#,
            "\n```json\n{\"name\": \"a\", \"count\": 1}\n```\n",
            "```\n{\"name\": \"a\", \"count\": 1}\n```",
            "Here it is:\n```python\nprint()\n```\nand\n```json\n{\"name\": \"a\", \"count\": 1}\n```\nDone.",
        ] {
            assert_eq!(read(&form(), answer), Ok(value.clone()), "{answer}");
        }
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        let faults = |answer: &str| read(&form(), answer).unwrap_err();
        assert_eq!(faults("  "), ["it is empty"]);
        assert_eq!(faults("Sure!"), ["it is no JSON: expected value at line 1 column 1"]);
        assert_eq!(faults(r#"{"name": 7}"#), ["\"count\" is a required property", "at /name: 7 is not of type \"string\""]);
        let many = json!({"type": "array", "items": {"type": "string"}});
        let many = AnswerForm { name: "answer".to_owned(), schema: many };
        assert_eq!(read(&many, &format!("{:?}", [1; 50])).unwrap_err().len(), FAULTS);
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        for good in [json!(true), json!({}), json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}})] {
            assert_eq!(check_schema(&good), Ok(()), "{good}");
        }
        for (wrong, words) in [
            (json!([1]), "neither an object"),
            (json!({"type": "objekt"}), "at /type: "),
            (json!({"properties": {"a": {"minimum": "x"}}}), "at /properties/a/minimum: "),
            (json!({"$ref": "https://example.com/schema.json"}), ""),
            (json!({"$ref": "file:///etc/passwd"}), ""),
            (json!({"pattern": "("}), "at /pattern: "),
        ] {
            let error = check_schema(&wrong).unwrap_err();
            assert!(error.code == ErrorCode::InvalidInput && error.message.contains(words), "{wrong}: {}", error.message);
        }
    }
}
