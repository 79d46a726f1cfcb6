//! Types become JSON Schema: scalars, lists, and the types that a definition names itself. A named type is unfolded where
//! it is used, since not every provider follows references.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::faults::quoted;
use super::keys::{ARRAY, ITEMS, PROPERTY, UNION};
use super::names;
use super::reading::{At, Fields, Reading};
use crate::config::NodeKind;

/// Most parts of an unfolded type.
const PARTS: usize = 5_000;

/// The types that need no definition.
const SCALARS: &[&str] = &["string", "number", "integer", "boolean", "unknown", "file"];

/// What a named type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Properties.
    Object,
    /// A list.
    List,
    /// One of several.
    Union,
}

#[derive(Clone, Debug)]
struct Unfolded {
    schema: Value,
    parts: usize,
    shape: Shape,
    /// The properties that have one fixed value.
    fixed: BTreeMap<String, Value>,
}

/// The schema of a type, and how large it is.
type Schema = (Value, usize);

/// The types of a definition.
#[derive(Debug, Default)]
pub struct Types<'a> {
    written: Vec<(&'a str, At<'a>)>,
    unfolded: BTreeMap<String, Option<Unfolded>>,
    /// Those that something names.
    used: BTreeSet<String>,
}

/// A property, or the parameter of a tool.
pub struct Property {
    /// Its schema, with its description.
    pub schema: Value,
    /// Whether it may be left out.
    pub optional: bool,
}

impl<'a> Types<'a> {
    /// Reads `types`.
    pub fn read(reading: &mut Reading, at: &At<'a>) -> Self {
        let mut types = Self::default();
        for (name, at) in reading.entries(at) {
            if !names::is_type(name) {
                reading.error(&at, format!("{} cannot name a type: use PascalCase", quoted(name)));
            }
            types.written.push((name, at));
        }
        for (name, _) in types.written.clone() {
            types.unfold(reading, name, &mut Vec::new());
        }
        types.used.clear();
        // A type that only others name is used by them.
        for (name, at) in types.written.clone() {
            let mut named = Vec::new();
            named_types(&at, &mut named);
            types.used.extend(named.into_iter().filter(|other| other != name));
        }
        types
    }

    /// The types that nothing names.
    pub fn unused(&self) -> Vec<(&'a str, At<'a>)> {
        self.written.iter().filter(|(name, _)| !self.used.contains(*name)).cloned().collect()
    }

    /// The schema of what stands under `type`.
    pub fn schema(&mut self, reading: &mut Reading, at: &At<'_>) -> Option<Value> {
        self.schema_of(reading, at, &mut Vec::new()).map(|(schema, _)| schema)
    }

    /// The schema of a type that an answer must have: objects, without properties that nobody named.
    pub fn form(&mut self, reading: &mut Reading, at: &At<'_>) -> Option<Value> {
        let name = reading.text(at)?;
        self.used.insert(name.clone());
        if SCALARS.contains(&name.as_str()) || name.ends_with("[]") {
            reading.error(at, format!("{} is no object: name a type with properties", quoted(&name)));
            return None;
        }
        let unfolded = self.named(reading, at, &name, &mut Vec::new())?;
        let (schema, shape) = (unfolded.schema.clone(), unfolded.shape);
        if shape != Shape::Object {
            let is = if shape == Shape::List { "a list" } else { "one of several types" };
            reading.error(at, format!("{} is {is}: put it into a type with properties", quoted(&name)));
            return None;
        }
        Some(closed(schema))
    }

    /// A property or parameter.
    pub fn property(&mut self, reading: &mut Reading, at: &At<'a>) -> Option<Property> {
        let fields = reading.fields(at, PROPERTY);
        let ((schema, _), optional) = self.property_of(reading, &fields, &mut Vec::new())?;
        Some(Property { schema, optional })
    }

    fn property_of(
        &mut self,
        reading: &mut Reading,
        fields: &Fields<'a>,
        stack: &mut Vec<String>,
    ) -> Option<(Schema, bool)> {
        let optional = reading.flag(fields, "optional", false);
        let written = reading.needed(fields, "type")?;
        let is_list = written.as_text() == Some("array");
        let (mut schema, mut parts) = if is_list {
            let items = reading.needed(fields, "items")?;
            let items = reading.fields(&items, ITEMS);
            let written = reading.needed(&items, "type")?;
            let (mut schema, parts) = self.schema_of(reading, &written, stack)?;
            restrict(reading, &items, &mut schema, None);
            (json!({ "type": "array", "items": schema }), parts + 1)
        } else {
            if let Some(items) = fields.get("items") {
                reading.error(items, "`items` needs `type: array`");
            }
            self.schema_of(reading, &written, stack)?
        };
        restrict(reading, fields, &mut schema, fields.get("const").filter(|_| !is_list));
        parts += 1;
        Some(((schema, parts), optional))
    }

    fn schema_of(&mut self, reading: &mut Reading, at: &At<'_>, stack: &mut Vec<String>) -> Option<Schema> {
        let name = reading.text(at)?;
        if let Some(of) = name.strip_suffix("[]") {
            let (schema, parts) = self.by_name(reading, at, of, stack)?;
            return Some((json!({ "type": "array", "items": schema }), parts + 1));
        }
        self.by_name(reading, at, &name, stack)
    }

    fn by_name(&mut self, reading: &mut Reading, at: &At<'_>, name: &str, stack: &mut Vec<String>) -> Option<Schema> {
        let scalar = match name {
            "string" | "number" | "integer" | "boolean" => json!({ "type": name }),
            "unknown" => json!({}),
            "file" => json!({
                "type": "object",
                "properties": {
                    "id": { "type": "string" },
                    "mediaType": { "type": "string" },
                    "url": { "type": "string" },
                    "filename": { "type": "string" },
                    "size": { "type": "number" },
                },
                "required": ["id", "mediaType", "url"],
            }),
            _ => {
                self.used.insert(name.to_owned());
                return self.named(reading, at, name, stack).map(|unfolded| (unfolded.schema.clone(), unfolded.parts));
            }
        };
        Some((scalar, 1))
    }

    fn named(&mut self, reading: &mut Reading, at: &At<'_>, name: &str, stack: &mut Vec<String>) -> Option<&Unfolded> {
        if !self.written.iter().any(|(known, _)| *known == name) {
            if matches!(name, "array" | "object") {
                let instead = if name == "array" {
                    "write `string[]`, or name a list under `types`"
                } else {
                    "name one under `types`"
                };
                reading.error(at, format!("there is no type `{name}`: {instead}"));
                return None;
            }
            let known: Vec<&str> = self.written.iter().map(|(known, _)| *known).chain(SCALARS.iter().copied()).collect();
            reading.unknown(at, "type", name, known);
            return None;
        }
        self.unfold(reading, name, stack);
        self.unfolded.get(name)?.as_ref()
    }

    fn unfold(&mut self, reading: &mut Reading, name: &str, stack: &mut Vec<String>) {
        if self.unfolded.contains_key(name) {
            return;
        }
        let Some((_, at)) = self.written.iter().find(|(known, _)| *known == name).cloned() else { return };
        if stack.iter().any(|open| open == name) {
            let way: Vec<_> = stack.iter().skip_while(|open| *open != name).map(|open| quoted(open)).collect();
            reading.error(&at, format!("{} contains itself: {} to {0}", quoted(name), way.join(" to ")));
            return;
        }
        stack.push(name.to_owned());
        let mut unfolded = self.one(reading, &at, stack);
        stack.pop();
        if unfolded.as_ref().is_some_and(|unfolded| unfolded.parts > PARTS) {
            reading.error(&at, format!("{} unfolds to more than {PARTS} parts", quoted(name)));
            unfolded = None;
        }
        self.unfolded.insert(name.to_owned(), unfolded);
    }

    fn one(&mut self, reading: &mut Reading, at: &At<'a>, stack: &mut Vec<String>) -> Option<Unfolded> {
        let NodeKind::Table(entries) = &at.node.kind else {
            reading.error(at, "must be a table: properties, `type: array` with `items`, or `anyOf`");
            return None;
        };
        let is_leaf = |name: &str| entries.iter().any(|(key, node)| key == name && matches!(node.kind, NodeKind::Leaf(_)));
        let is_list = |name: &str| entries.iter().any(|(key, node)| key == name && matches!(node.kind, NodeKind::List(_)));
        if is_leaf("type") {
            return self.list(reading, at, stack);
        }
        if is_list("anyOf") {
            return self.union(reading, at, stack);
        }
        let (mut properties, mut required, mut fixed, mut parts) = (Map::new(), Vec::new(), BTreeMap::new(), 1);
        for (property, at) in reading.entries(at) {
            let fields = reading.fields(&at, PROPERTY);
            let Some(((schema, size), optional)) = self.property_of(reading, &fields, stack) else { continue };
            if let Some(value) = schema.get("const") {
                fixed.insert(property.to_owned(), value.clone());
            }
            if !optional {
                required.push(Value::from(property));
            }
            properties.insert(property.to_owned(), schema);
            parts += size;
        }
        if properties.is_empty() && entries.is_empty() {
            reading.error(at, "has no properties");
        }
        let schema = json!({ "type": "object", "properties": properties, "required": required });
        Some(Unfolded { schema, parts, shape: Shape::Object, fixed })
    }

    fn list(&mut self, reading: &mut Reading, at: &At<'a>, stack: &mut Vec<String>) -> Option<Unfolded> {
        let fields = reading.fields(at, ARRAY);
        let written = reading.needed(&fields, "type")?;
        if written.as_text() != Some("array") {
            reading.error(&written, "a type is a table of properties, `type: array` with `items`, or `anyOf`");
            return None;
        }
        let items = reading.needed(&fields, "items")?;
        let items = reading.fields(&items, ITEMS);
        let written = reading.needed(&items, "type")?;
        let (mut schema, parts) = self.schema_of(reading, &written, stack)?;
        restrict(reading, &items, &mut schema, None);
        let mut schema = json!({ "type": "array", "items": schema });
        describe(reading, &fields, &mut schema);
        Some(Unfolded { schema, parts: parts + 1, shape: Shape::List, fixed: BTreeMap::new() })
    }

    fn union(&mut self, reading: &mut Reading, at: &At<'a>, stack: &mut Vec<String>) -> Option<Unfolded> {
        let fields = reading.fields(at, UNION);
        let discriminator = reading.needed_text(&fields, "discriminator");
        let variants = reading.needed(&fields, "anyOf")?;
        let variants = reading.texts(&variants);
        if variants.len() < 2 {
            reading.error(at, "`anyOf` needs two types or more");
        }
        let (mut schemas, mut values, mut parts) = (Vec::new(), Vec::<Value>::new(), 1);
        for (name, at) in variants {
            let Some(unfolded) = self.named(reading, &at, &name, stack) else { continue };
            let (schema, size, shape) = (unfolded.schema.clone(), unfolded.parts, unfolded.shape);
            let value = discriminator.as_ref().and_then(|field| unfolded.fixed.get(field).cloned());
            schemas.push(schema);
            parts += size;
            let Some(field) = discriminator.as_deref() else { continue };
            match value {
                _ if shape != Shape::Object => reading.error(&at, format!("{} has no properties", quoted(&name))),
                None => {
                    let message = format!("{} has no property {} with a `const`", quoted(&name), quoted(field));
                    reading.error(&at, message);
                }
                Some(value) if values.contains(&value) => {
                    let message = format!("{} has the same {} as another one: {value}", quoted(&name), quoted(field));
                    reading.error(&at, message);
                }
                Some(value) => values.push(value),
            }
        }
        let mut schema = json!({ "anyOf": schemas });
        describe(reading, &fields, &mut schema);
        Some(Unfolded { schema, parts, shape: Shape::Union, fixed: BTreeMap::new() })
    }
}

/// Adds description, choices and the fixed value.
fn restrict(reading: &mut Reading, fields: &Fields<'_>, schema: &mut Value, fixed: Option<&At<'_>>) {
    if let Some(at) = fields.get("enum").cloned() {
        let choices: Vec<_> = reading.texts(&at).into_iter().map(|(text, _)| text).collect();
        if schema["type"] != "string" {
            reading.error(&at, "`enum` needs `type: string`");
        } else if choices.is_empty() {
            reading.error(&at, "has no value");
        } else {
            schema["enum"] = json!(choices);
        }
    }
    if let Some(at) = fixed {
        let value = at.node.to_value();
        let fits = match schema["type"].as_str() {
            Some("string") => value.is_string(),
            Some("number") => value.is_number(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("boolean") => value.is_boolean(),
            _ => false,
        };
        if fits {
            schema["const"] = value;
        } else {
            reading.error(at, "does not fit the type");
        }
    }
    describe(reading, fields, schema);
}

fn describe(reading: &mut Reading, fields: &Fields<'_>, schema: &mut Value) {
    if let Some(description) = reading.description(fields) {
        schema["description"] = description.into();
    }
}

/// The names that stand under `type`, `anyOf` and the like.
fn named_types(at: &At<'_>, names: &mut Vec<String>) {
    fn walk(node: &crate::config::Node, key: &str, names: &mut Vec<String>) {
        match &node.kind {
            NodeKind::Leaf(Value::String(text)) if matches!(key, "type" | "anyOf") => {
                names.push(text.trim_end_matches("[]").to_owned());
            }
            NodeKind::Leaf(_) => {}
            NodeKind::List(items) => items.iter().for_each(|item| walk(item, key, names)),
            NodeKind::Table(entries) => entries.iter().for_each(|(key, node)| walk(node, key, names)),
        }
    }
    walk(at.node, "", names);
}

/// A schema whose objects have no further properties.
fn closed(mut schema: Value) -> Value {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for property in properties.values_mut() {
            *property = closed(property.take());
        }
        schema["additionalProperties"] = false.into();
    }
    if let Some(items) = schema.get_mut("items") {
        *items = closed(items.take());
    }
    if let Some(Value::Array(variants)) = schema.get_mut("anyOf") {
        for variant in variants {
            *variant = closed(variant.take());
        }
    }
    schema
}

/// The schema of the arguments of a tool.
pub fn arguments(parameters: Vec<(String, Property)>) -> Value {
    let required: Vec<_> =
        parameters.iter().filter(|(_, property)| !property.optional).map(|(name, _)| name.clone()).collect();
    let properties: Map<_, _> = parameters.into_iter().map(|(name, property)| (name, property.schema)).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// Why a value does not fit a schema.
pub fn misfit(schema: &Value, value: &Value) -> Option<String> {
    let validator = jsonschema::validator_for(schema).ok()?;
    let error = validator.validate(value).err()?;
    let at = error.instance_path().to_string();
    let masked = error.masked_with("the value").to_string();
    Some(if at.is_empty() { masked } else { format!("at {at}: {masked}") })
}
