//! The schemas of `docs/schemas`, which every machine output of the program is held against.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use jsonschema::Registry;
use serde_json::{Value, json};

/// What the names of the schemas begin with.
const BASE: &str = "https://ombud.invalid/schemas/";

/// All schemas by their file's name without its ending.
pub fn all() -> &'static [(String, Value)] {
    static ALL: OnceLock<Vec<(String, Value)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas");
        let mut all: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| read(&entry.unwrap().path())).collect();
        all.sort_by(|(left, _), (right, _)| left.cmp(right));
        all
    })
}

fn read(path: &Path) -> (String, Value) {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    (name, serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
}

fn registry() -> &'static Registry<'static> {
    static REGISTRY: OnceLock<Registry<'static>> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let add = |registry: jsonschema::RegistryBuilder<'static>, (name, schema): &'static (String, Value)| {
            registry.add(format!("{BASE}{name}.json"), schema).unwrap()
        };
        all().iter().fold(Registry::new(), add).prepare().unwrap()
    })
}

/// What is wrong with a document; `name` is a schema, or a part of one: `sessions#/$defs/item`.
pub fn violations(name: &str, document: &Value) -> Vec<String> {
    let (file, part) = name.split_once('#').unwrap_or((name, ""));
    let pointer = if part.is_empty() { String::new() } else { format!("#{part}") };
    let schema =
        json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": format!("{BASE}{file}.json{pointer}")});
    let validator = jsonschema::options().with_registry(registry()).build(&schema).unwrap();
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Fails when a document does not fit its schema.
pub fn check(name: &str, document: &Value) {
    let wrong = violations(name, document);
    assert!(wrong.is_empty(), "does not fit docs/schemas ({name}):\n{}\n{document:#}", wrong.join("\n"));
}

/// Holds each line of jsonl against the frame that its type names, and the last against the result.
pub fn check_frames(lines: &[Value], with_result: bool) {
    let (frames, result) = if with_result { lines.split_at(lines.len() - 1) } else { (lines, &[][..]) };
    for frame in frames {
        let kind = frame["type"].as_str().unwrap();
        check(&format!("frame#/$defs/{kind}"), frame);
        check("frame", frame);
    }
    for result in result {
        check("result", result);
        assert_eq!(result["type"], "result");
    }
}
