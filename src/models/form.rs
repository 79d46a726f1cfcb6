//! What providers take of the form of an answer: each knows a part of JSON Schema.
//!
//! A schema is sent as it is or not at all. To rewrite it until it fits would change what it means, and the answer is held
//! to the schema that was given.

use serde_json::Value;

/// Keywords that every provider takes which knows forms.
const KNOWN: [&str; 15] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "$ref",
    "$defs",
    "definitions",
    "title",
    "description",
    "default",
    "$schema",
];
/// What OpenAI takes beside them, where it promises that the answer fits.
const OPENAI: [&str; 9] = [
    "pattern",
    "format",
    "multipleOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
];
/// What Anthropic takes beside them.
const ANTHROPIC: [&str; 2] = ["allOf", "format"];
/// Deepest nesting that is looked at; what is deeper is sent to nobody.
const DEPTH: usize = 64;

/// Whether OpenAI can promise that an answer fits (`strict`): every object names all it may have, and all of it is required.
pub(super) fn is_strict(schema: &Value) -> bool {
    fits(schema, &OPENAI, true, DEPTH)
}

/// Whether Anthropic takes a schema: every object names all it may have.
pub(super) fn is_closed(schema: &Value) -> bool {
    fits(schema, &ANTHROPIC, false, DEPTH)
}

fn fits(schema: &Value, more: &[&str], all_required: bool, depth: usize) -> bool {
    let (Some(fields), Some(depth)) = (schema.as_object(), depth.checked_sub(1)) else { return false };
    let inside = |schema: &Value| fits(schema, more, all_required, depth);
    let known = fields.iter().all(|(keyword, value)| match keyword.as_str() {
        "properties" | "$defs" | "definitions" => value.as_object().is_some_and(|schemas| schemas.values().all(inside)),
        "items" => inside(value),
        "anyOf" | "allOf" if known_keyword(keyword, more) => {
            value.as_array().is_some_and(|schemas| schemas.iter().all(inside))
        }
        "$ref" => value.as_str().is_some_and(|place| place.starts_with('#')),
        other => known_keyword(other, more),
    });
    let is_object = match &fields.get("type") {
        Some(Value::String(word)) => word == "object",
        Some(Value::Array(words)) => words.iter().any(|word| word == "object"),
        _ => fields.contains_key("properties"),
    };
    let names = || fields.get("properties").and_then(Value::as_object).into_iter().flat_map(|names| names.keys());
    let required = |name: &String| {
        fields.get("required").and_then(Value::as_array).is_some_and(|required| required.iter().any(|one| one == name))
    };
    let closed = fields.get("additionalProperties") == Some(&Value::Bool(false));
    known && (!is_object || closed && (!all_required || names().all(required)))
}

fn known_keyword(keyword: &str, more: &[&str]) -> bool {
    KNOWN.contains(&keyword) || more.contains(&keyword)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_provider_takes_a_part_of_json_schema() {
        let object = |more: Value| {
            let mut schema = json!({"type": "object", "additionalProperties": false, "required": ["a"],
                "properties": {"a": {"type": "string"}}});
            schema.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            schema
        };
        let open = json!({"type": "object", "properties": {}});
        let deep = (0..DEPTH).fold(json!({"type": "string"}), |schema, _| json!({"type": "array", "items": schema}));
        for (schema, strict, closed) in [
            (object(json!({})), true, true),
            (object(json!({"required": []})), false, true),
            (object(json!({"additionalProperties": true})), false, false),
            (object(json!({"properties": {"a": open}})), false, false),
            (object(json!({"properties": {"a": {"type": ["object", "null"]}}})), false, false),
            (object(json!({"properties": {"a": {"properties": {}}}})), false, false),
            (object(json!({"properties": {"a": {"type": "array", "items": object(json!({}))}}})), true, true),
            (object(json!({"properties": {"a": {"type": "array", "items": open}}})), false, false),
            (object(json!({"properties": {"a": {"anyOf": [{"type": "null"}, {"enum": [1, "x"]}]}}})), true, true),
            (object(json!({"properties": {"a": {"anyOf": [open]}}})), false, false),
            (object(json!({"properties": {"a": {"allOf": [{"type": "string"}]}}})), false, true),
            (object(json!({"properties": {"a": {"type": "integer", "minimum": 1}}})), true, false),
            (object(json!({"properties": {"a": {"type": "string", "pattern": "x"}}})), true, false),
            (object(json!({"properties": {"a": {"type": "string", "minLength": 1}}})), false, false),
            (object(json!({"properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"const": 1}}})), true, true),
            (object(json!({"properties": {"a": {"$ref": "https://example.com/b"}}})), false, false),
            (object(json!({"$defs": {"b": open}})), false, false),
            (object(json!({"patternProperties": {"x": {}}})), false, false),
            (object(json!({"properties": {"a": true}})), false, false),
            (object(json!({"properties": {"a": deep}})), false, false),
            (json!(true), false, false),
        ] {
            assert_eq!((is_strict(&schema), is_closed(&schema)), (strict, closed), "{schema}");
        }
    }
}
