//! A document of the user, in TOML, YAML or JSON: one tree of values, and the line of each key for messages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::text;
use super::tree::{self, Node, NodeKind};
use crate::domain::Error;

/// A document that was understood. It may hold keys, so it has no form for debugging.
#[derive(Clone)]
pub struct Document {
    /// The file that it came from.
    pub path: PathBuf,
    /// What it says; always a table.
    pub value: Value,
    /// Line of each key, from 1, by its place (`limits.run_turns`, `permissions[0].tool`).
    lines: BTreeMap<String, usize>,
}

impl Document {
    /// Reads a document; its form follows from the file's ending.
    ///
    /// # Errors
    /// `invalid_input` with file and line.
    pub fn parse(path: &Path, source: &str) -> Result<Self, Error> {
        let source = source.strip_prefix('\u{feff}').unwrap_or(source);
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        let (value, lines) = match ending.as_str() {
            "toml" => toml(path, source)?,
            "yaml" | "yml" => yaml(path, source)?,
            "json" => json(path, source)?,
            _ => {
                return Err(Error::invalid(format!("{} is neither TOML, YAML nor JSON by its name", text::shown(path)))
                    .hint("let its name end in .toml, .yaml or .json"));
            }
        };
        let value = if value.is_null() { Value::Object(serde_json::Map::new()) } else { value };
        let Value::Object(mut table) = value else {
            return Err(Error::invalid(format!("{}: the document must be a table of keys", text::shown(path))));
        };
        // It is for editors.
        if table.get("$schema").is_some_and(Value::is_string) {
            table.remove("$schema");
        }
        let value = Value::Object(table);
        Ok(Self { path: path.to_owned(), value, lines })
    }

    /// The same document with what it says put in other words: places that keep their name keep their line.
    pub fn with_value(&self, value: Value) -> Self {
        Self { value, ..self.clone() }
    }

    /// An error about one place of the document: file, line where it is known, place, what is wrong.
    pub fn error(&self, place: &str, wrong: &str) -> Error {
        let file = text::shown(&self.path);
        let line = self.line(place).map(|line| format!(":{line}")).unwrap_or_default();
        if place.is_empty() {
            return Error::invalid(format!("{file}{line}: {wrong}"));
        }
        Error::invalid(format!("{file}{line}: `{}` {wrong}", text::printable(place)))
    }

    /// The line of a place, or of the nearest place above it.
    fn line(&self, place: &str) -> Option<usize> {
        let mut place = place;
        loop {
            if let Some(line) = self.lines.get(place) {
                return Some(*line);
            }
            place = &place[..place.rfind(['.', '['])?];
        }
    }
}

type Parsed = (Value, BTreeMap<String, usize>);

/// A syntax error: file, line, what the parser says, on one line.
fn syntax(path: &Path, line: Option<usize>, message: &str) -> Error {
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    let message = message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ");
    Error::invalid(format!("{}{line}: {}", text::shown(path), text::printable(&message)))
}

/// Where the lines of a text begin, so that many lines are found in little time.
struct Lines(Vec<usize>);

impl Lines {
    fn of(source: &str) -> Self {
        let ends = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self(std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect())
    }

    /// The line at an offset, from 1.
    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}

fn toml(path: &Path, source: &str) -> Result<Parsed, Error> {
    let starts = Lines::of(source);
    let wrong = |error: &::toml::de::Error| syntax(path, error.span().map(|span| starts.at(span.start)), error.message());
    let tree = ::toml::de::DeTable::parse(source).map_err(|error| wrong(&error))?;
    let mut lines = BTreeMap::new();
    toml_lines(&starts, tree.get_ref(), "", &mut lines);
    let value = ::toml::from_str::<::toml::Table>(source).map_err(|error| wrong(&error))?;
    Ok((toml_value(::toml::Value::Table(value)), lines))
}

fn toml_value(value: ::toml::Value) -> Value {
    match value {
        ::toml::Value::String(text) => Value::String(text),
        ::toml::Value::Integer(number) => Value::from(number),
        ::toml::Value::Float(number) => Value::from(number),
        ::toml::Value::Boolean(flag) => Value::Bool(flag),
        ::toml::Value::Datetime(time) => Value::String(time.to_string()),
        ::toml::Value::Array(items) => items.into_iter().map(toml_value).collect(),
        ::toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(name, value)| (name, toml_value(value))).collect())
        }
    }
}

fn toml_lines(starts: &Lines, table: &::toml::de::DeTable<'_>, above: &str, lines: &mut BTreeMap<String, usize>) {
    for (name, value) in table {
        let place = join(above, name.get_ref());
        lines.insert(place.clone(), starts.at(name.span().start));
        toml_lines_of(starts, value.get_ref(), &place, lines);
    }
}

fn toml_lines_of(starts: &Lines, value: &::toml::de::DeValue<'_>, place: &str, lines: &mut BTreeMap<String, usize>) {
    match value {
        ::toml::de::DeValue::Table(table) => toml_lines(starts, table, place, lines),
        ::toml::de::DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let place = format!("{place}[{index}]");
                lines.insert(place.clone(), starts.at(item.span().start));
                toml_lines_of(starts, item.get_ref(), &place, lines);
            }
        }
        _ => {}
    }
}

fn yaml(path: &Path, source: &str) -> Result<Parsed, Error> {
    let tree = tree::read_yaml(source).map_err(|wrong| syntax(path, wrong.line, &wrong.message))?;
    let mut lines = BTreeMap::new();
    Ok((with_lines(tree, "", &mut lines), lines))
}

fn json(path: &Path, source: &str) -> Result<Parsed, Error> {
    if source.trim().is_empty() {
        return Ok((Value::Null, BTreeMap::new()));
    }
    let value =
        serde_json::from_str::<Value>(source).map_err(|error| syntax(path, Some(error.line()), &error.to_string()))?;
    // JSON is YAML as well, whose parser tells lines. Where it does not agree there are just no lines.
    let mut lines = BTreeMap::new();
    if let Ok(tree) = tree::read_yaml(source) {
        with_lines(tree, "", &mut lines);
    }
    Ok((value, lines))
}

fn join(above: &str, name: &str) -> String {
    if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") }
}

/// What a tree says, and the lines of its places.
fn with_lines(node: Node, place: &str, lines: &mut BTreeMap<String, usize>) -> Value {
    match node.kind {
        NodeKind::Leaf(value) => value,
        NodeKind::List(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| {
                let place = format!("{place}[{index}]");
                lines.insert(place.clone(), item.line);
                with_lines(item, &place, lines)
            })
            .collect(),
        NodeKind::Table(entries) => Value::Object(
            entries
                .into_iter()
                .map(|(name, value)| {
                    let place = join(place, &name);
                    lines.insert(place.clone(), value.line);
                    let value = with_lines(value, &place, lines);
                    (name, value)
                })
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(name: &str, source: &str) -> Result<Document, Error> {
        Document::parse(Path::new(name), source)
    }

    #[test]
    fn the_three_forms_say_the_same_and_know_their_lines() {
        let toml = "a = 1\n\n[b]\nc = [\"x\", \"y\"]\n[b.d]\ne = true\n";
        let yaml = "a: 1\n\nb:\n  c: [x, \"y\"]\n  d:\n    e: true\n";
        let json_text = "{\"a\": 1,\n\n\"b\": {\n\"c\": [\"x\", \"y\"],\n\"d\": {\n\"e\": true}}}\n";
        for (name, source, place_line) in [("f.toml", toml, 5), ("f.yaml", yaml, 5), ("f.json", json_text, 5)] {
            let document = parse(name, source).unwrap();
            assert_eq!(document.value, json!({"a": 1, "b": {"c": ["x", "y"], "d": {"e": true}}}), "{name}");
            assert_eq!(document.error("b.d", "is odd").message, format!("{name}:{place_line}: `b.d` is odd"));
            assert_eq!(document.error("b.d.e", "is odd").message, format!("{name}:6: `b.d.e` is odd"));
            assert_eq!(document.error("b.c[1]", "is odd").message, format!("{name}:4: `b.c[1]` is odd"));
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_told_with_its_line() {
        for (name, source, start) in [
            ("f.toml", "a = 1\nb = \n", "f.toml:2: "),
            ("f.yaml", "a: 1\nb: [x\n", "f.yaml:"),
            ("f.yaml", "a: 1\na: 2\n", "f.yaml:2: "),
            ("f.json", "{\"a\": 1,\n}", "f.json:2: "),
            ("f.json", "[1]", "f.json: the document must be a table of keys"),
            ("f.ini", "", "f.ini is neither TOML, YAML nor JSON by its name"),
        ] {
            let error = parse(name, source).err().unwrap();
            assert!(error.message.starts_with(start), "{source:?} gave {}", error.message);
            assert!(!error.message.contains('\n'), "{}", error.message);
        }
    }

    #[test]
    fn an_empty_document_says_nothing() {
        for name in ["f.toml", "f.yaml", "f.json"] {
            assert_eq!(parse(name, "").unwrap().value, json!({}), "{name}");
        }
        assert_eq!(parse("f.yaml", "# only a comment\n").unwrap().value, json!({}));
    }

    #[test]
    fn only_true_and_false_are_flags_in_yaml() {
        let document = parse("f.yaml", "a: [y, on, no, NO, yes]\nb: [true, false]\n").unwrap();
        assert_eq!(document.value, json!({"a": ["y", "on", "no", "NO", "yes"], "b": [true, false]}));
    }

    #[test]
    fn depth_and_length_are_bounded() {
        for name in ["f.toml", "f.yaml", "f.json"] {
            let start = if name == "f.toml" { "a = " } else { "" };
            let deep = format!("{start}{}{}", "[".repeat(100_000), "]".repeat(100_000));
            assert!(parse(name, &deep).is_err(), "{name}");
        }
        let long: String = (0..40_000).map(|number| format!("k{number} = {number}\n")).collect();
        let document = parse("f.toml", &long).unwrap();
        assert_eq!(document.error("k39999", "is odd").message, "f.toml:40000: `k39999` is odd");
    }

    #[test]
    fn a_tower_of_aliases_is_refused() {
        let mut source = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = level - 1;
            source.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 10].join(", ")));
        }
        assert!(parse("f.yaml", &source).is_err());
    }
}
