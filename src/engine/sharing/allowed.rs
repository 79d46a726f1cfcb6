//! Which fields of which facts may be shown. What is not named here is taken away, also what a later version adds.

use serde_json::{Map, Value};

use super::redaction::Redaction;
use super::{ATTRIBUTES, FIELD, INSTRUCTIONS, PATH, PINS, PROCESS, REASONING, UNKNOWN};

/// What may be shown of a value.
#[derive(Clone, Copy)]
enum Shape {
    /// All of it, in a form of the house.
    Plain,
    /// All of it, in any form.
    Any,
    /// These fields.
    Fields(&'static [(&'static str, Shape)]),
    /// A list of such values.
    Each(&'static Shape),
}

use Shape::{Any, Each, Fields, Plain};

const ACTOR: Shape = Fields(&[("kind", Plain), ("name", Plain)]);
const PART: Shape = Fields(&[
    ("kind", Plain),
    ("text", Plain),
    ("id", Plain),
    ("name", Plain),
    ("arguments", Any),
    ("arguments_text", Plain),
    ("blob", Plain),
    ("media_type", Plain),
    ("size", Plain),
]);
const PARTS: Shape = Each(&PART);
const MESSAGE: Shape =
    Fields(&[("id", Plain), ("author", ACTOR), ("parts", PARTS), ("at", Plain), ("thread", Plain), ("visibility", Plain)]);
const TOOL_ERROR: Shape = Fields(&[("code", Plain), ("message", Plain)]);
const ERROR: Shape = Fields(&[("code", Plain), ("cause", Plain), ("message", Plain), ("hint", Plain)]);
const RETURN: Shape = Fields(&[
    ("id", Plain),
    ("name", Plain),
    ("status", Plain),
    ("output", Any),
    ("error", TOOL_ERROR),
    ("elapsed_ms", Plain),
]);
const CALL: Shape = Fields(&[
    ("id", Plain),
    ("name", Plain),
    ("arguments", Any),
    ("place", Plain),
    ("effect", Plain),
    ("step", Plain),
    ("output", Plain),
]);
const STEP: Shape = Fields(STEP_FIELDS);
const STEP_FIELDS: &[(&str, Shape)] = &[
    ("step", Plain),
    ("kind", Plain),
    ("name", Plain),
    ("description", Plain),
    ("display", Plain),
    ("thread", Plain),
    ("aside", Plain),
    ("form", Plain),
];

/// What every event has.
const ENVELOPE: &[(&str, Shape)] = &[
    ("v", Plain),
    ("seq", Plain),
    ("id", Plain),
    ("session", Plain),
    ("run", Plain),
    ("at", Plain),
    ("actor", ACTOR),
    ("type", Plain),
];

/// What each fact has beside it.
const FACTS: &[(&str, &[(&str, Shape)])] = &[
    ("session.created", &[("incarnation", Plain), ("title", Plain), ("labels", Plain), ("agent", Plain), ("model", Plain)]),
    ("session.updated", &[("title", Plain), ("labels", Plain), ("agent", Plain), ("model", Plain)]),
    ("session.restored", &[("count", Plain)]),
    ("session.cleared", &[("then", Plain)]),
    ("session.rewound", &[("after", Plain), ("after_seq", Plain)]),
    // Who takes part is told by what they say; ids of people are nobody else's business.
    ("participant.joined", &[]),
    ("participant.left", &[]),
    ("run.queued", &[("agent", Plain), ("input", Plain), ("priority", Plain), ("procedure", Plain), ("asked_by", Plain)]),
    (
        "run.started",
        &[
            ("agent", Plain),
            ("message_id", Plain),
            ("previous_message_id", Plain),
            ("input", Plain),
            ("model", Plain),
            ("attempt", Plain),
            ("step", STEP),
        ],
    ),
    ("run.waiting", &[("calls", Each(&CALL)), ("thread", Plain), ("deadline", Plain)]),
    ("run.cancel_requested", &[("reason", Plain)]),
    (
        "run.finished",
        &[
            ("agent", Plain),
            ("outcome", Plain),
            ("answer", Plain),
            ("message_id", Plain),
            ("model", Plain),
            ("rounds", Plain),
            ("tool_calls", Plain),
            ("usage", Plain),
            ("output", Any),
            ("elapsed_ms", Plain),
            ("error", ERROR),
        ],
    ),
    ("message.posted", &[("message", MESSAGE)]),
    (
        "message.completed",
        &[
            ("message_id", Plain),
            ("agent", Plain),
            ("parts", PARTS),
            ("finish", Plain),
            ("usage", Plain),
            ("model", Plain),
            ("round", Plain),
            ("first_token_ms", Plain),
            ("elapsed_ms", Plain),
            ("next_message_id", Plain),
            ("thread", Plain),
            ("step", Plain),
            ("visibility", Plain),
            ("form", Plain),
        ],
    ),
    ("message.abandoned", &[("message_id", Plain), ("reason", Plain)]),
    ("message.imported", &[("message", MESSAGE), ("returns", Each(&RETURN))]),
    ("message.redacted", &[]),
    ("memory.amended", &[]),
    ("memory.forgotten", &[]),
    (
        "tool.called",
        &[
            ("call_id", Plain),
            ("name", Plain),
            ("arguments", Any),
            ("place", Plain),
            ("effect", Plain),
            ("message_id", Plain),
            ("description", Plain),
            ("display", Plain),
            ("title", Plain),
            ("step", Plain),
            ("output", Plain),
            ("thread", Plain),
        ],
    ),
    (
        "tool.returned",
        &[
            ("call_id", Plain),
            ("name", Plain),
            ("status", Plain),
            ("output", Any),
            ("error", TOOL_ERROR),
            ("elapsed_ms", Plain),
            ("arguments", Any),
            ("message_id", Plain),
            ("thread", Plain),
        ],
    ),
    ("step.started", STEP_FIELDS),
    ("step.finished", &[("step", Plain), ("kind", Plain)]),
    // Values that are remembered are told by what is said with them; by themselves nobody looked through them.
    ("state.set", &[("key", Plain), ("told", Plain)]),
    ("thread.opened", &[("thread", Plain), ("model", Plain), ("tools", Plain), ("max_turns", Plain)]),
    // A summary may tell what was not looked through.
    ("context.compacted", &[("agent", Plain), ("tokens_before", Plain), ("tokens_after", Plain)]),
    ("notice", &[("code", Plain), ("message", Plain)]),
];

/// What of an event may be shown; `None` = nothing.
pub(super) fn event(event: Value, redaction: &mut Redaction) -> Option<Value> {
    let Value::Object(fields) = event else { return None };
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some((_, own)) = FACTS.iter().find(|(name, _)| *name == kind) else {
        redaction.count(UNKNOWN);
        return None;
    };
    let shown = project(fields, &[ENVELOPE, own], redaction);
    let says = shown.keys().any(|name| own.iter().any(|(allowed, _)| allowed == name));
    // A change of nothing that may be shown.
    if (kind == "session.updated" || own.is_empty()) && !says { None } else { Some(Value::Object(shown)) }
}

fn project(fields: Map<String, Value>, allowed: &[&[(&str, Shape)]], redaction: &mut Redaction) -> Map<String, Value> {
    let mut shown = Map::new();
    for (name, value) in fields {
        match allowed.iter().copied().flatten().find(|(allowed, _)| *allowed == name) {
            Some((_, shape)) => {
                let value = shape.of(value, redaction);
                shown.insert(name, value);
            }
            None => redaction.count(withheld(&name)),
        }
    }
    shown
}

/// What a field that is not shown is counted as.
fn withheld(name: &str) -> &'static str {
    match name {
        "signature" | "sealed" => REASONING,
        "attributes" => ATTRIBUTES,
        "pins" => PINS,
        "process" => PROCESS,
        "instructions" => INSTRUCTIONS,
        "workspace" => PATH,
        _ => FIELD,
    }
}

impl Shape {
    fn of(self, value: Value, redaction: &mut Redaction) -> Value {
        match (self, value) {
            (_, Value::Null) => Value::Null,
            (Plain, value) => redaction.plain(value),
            (Any, value) => redaction.opaque(value),
            (Fields(allowed), Value::Object(fields)) => Value::Object(project(fields, &[allowed], redaction)),
            (Each(shape), Value::Array(values)) => values.into_iter().map(|value| shape.of(value, redaction)).collect(),
            // Of another form than this version knows.
            (Fields(_) | Each(_), _) => {
                redaction.count(UNKNOWN);
                Value::Null
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Fields that are never shown. A new field of a fact must be put here or be allowed.
    const WITHHELD: [(&str, &str); 44] = [
        ("context.compacted", "messages"),
        ("context.compacted", "model"),
        ("context.compacted", "seen"),
        ("context.compacted", "summary"),
        ("context.compacted", "thread"),
        ("context.compacted", "through"),
        ("context.compacted", "usage"),
        ("session.created", "participants"),
        ("participant.joined", "participant"),
        ("participant.left", "participant"),
        ("run.queued", "taking_part"),
        ("message.redacted", "message_id"),
        ("message.redacted", "state"),
        ("memory.amended", "agent"),
        ("memory.amended", "message_id"),
        ("memory.amended", "text"),
        ("memory.forgotten", "agent"),
        ("memory.forgotten", "message_id"),
        ("session.created", "state"),
        ("session.restored", "state"),
        ("session.rewound", "state"),
        ("session.rewound", "turns"),
        ("run.queued", "arguments"),
        ("run.queued", "attributes"),
        ("run.queued", "run_attributes"),
        ("run.queued", "labels"),
        ("state.set", "value"),
        ("thread.opened", "instructions"),
        ("thread.opened", "settings"),
        ("session.created", "workspace"),
        ("session.created", "lifetime"),
        ("session.created", "attributes"),
        ("session.cleared", "state"),
        ("session.rewound", "threads"),
        ("session.updated", "workspace"),
        ("session.updated", "lifetime"),
        ("session.updated", "attributes"),
        ("run.queued", "revision"),
        ("run.queued", "process"),
        ("run.queued", "pins"),
        ("run.started", "process"),
        ("run.started", "base_seq"),
        ("tool.called", "schema"),
        ("notice", "details"),
    ];

    #[test]
    fn every_field_of_every_fact_is_decided() {
        let schema: Value = serde_json::from_str(include_str!("../../../docs/schemas/frame.json")).unwrap();
        let mut documented = BTreeSet::new();
        for (kind, form) in schema["$defs"].as_object().unwrap() {
            let is_delta = kind.starts_with("part.");
            if is_delta || !(kind.contains('.') || kind == "notice") || kind == "session.deleted" {
                continue;
            }
            for field in form["properties"].as_object().unwrap().keys().filter(|field| *field != "type") {
                documented.insert((kind.clone(), field.clone()));
            }
        }
        let mut decided = BTreeSet::new();
        for (kind, fields) in FACTS {
            decided.extend(fields.iter().map(|(field, _)| ((*kind).to_owned(), (*field).to_owned())));
        }
        decided.extend(WITHHELD.iter().map(|(kind, field)| ((*kind).to_owned(), (*field).to_owned())));
        // The full output of a tool is not shown: it was never looked through.
        decided.insert(("tool.returned".to_owned(), "blob".to_owned()));
        assert_eq!(decided, documented);
    }
}
