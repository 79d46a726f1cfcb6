//! The pages of `docs/reference` that are made from the program: they are written here, and held to be fresh.
//!
//! `OMBUD_BLESS=1 cargo test --test it reference` writes them anew. The page of the command line is made beside the
//! command line itself, in `commands/cli/reference.rs`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use ombud::config::{Environment, Flags, KEYS, Kind, Untrusted, parse_agent, resolve, variables};
use ombud::domain::{Cause, Error, ErrorCode};
use ombud::models::Catalogue;
use serde_json::{Value, json};

use crate::support::schema;
use crate::support::source::Source;

/// How a page says that it is made.
const MADE: &str = "*Made from the program: `OMBUD_BLESS=1 cargo test --test it reference` writes it anew.*";

/// Fails when a page is not what it would be now; writes it when it is to be blessed.
#[allow(clippy::disallowed_methods, reason = "a test may be told to write its files")]
fn hold(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference").join(name);
    if std::env::var_os("OMBUD_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let fresh = fs::read_to_string(&path).unwrap_or_default() == text;
    assert!(fresh, "docs/reference/{name} is stale: OMBUD_BLESS=1 cargo test --test it reference writes it anew");
}

/// A row of a table.
fn row(page: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    writeln!(page, "| {} |", cells.join(" | ")).unwrap();
}

fn table(page: &mut String, names: &[&str]) {
    row(page, names);
    writeln!(page, "|{}", "---|".repeat(names.len())).unwrap();
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// The word on the wire of a variant.
fn word(variant: &str) -> String {
    let mut word = String::new();
    for sign in variant.chars() {
        if sign.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(sign.to_ascii_lowercase());
    }
    word
}

#[test]
fn errors() {
    let source = Source::of_domain();
    let mut page = format!(
        "# Errors\n\n{MADE}\n\n\
         Every error has a code, a message that names the thing and what is wrong with it, and mostly a hint with the way \
         out; where the way it failed is known, also a cause. On stderr that is `error: MESSAGE (CODE: CAUSE); HINT`, in \
         the results of machines the field `error`.\n\n\
         ## Codes\n\n\
         The exit code is that of the program, also with `--format json`. The HTTP status is that of the API of \
         the house; other APIs have their own where they say so.\n\n"
    );
    table(&mut page, &["code", "exit", "HTTP", "a retry may help", "what"]);
    let about = source.members("ErrorCode");
    assert_eq!(about.len(), ErrorCode::ALL.len());
    for (error, about) in ErrorCode::ALL.iter().zip(about) {
        assert_eq!(error.word(), word(&about.name));
        let retry = match error {
            ErrorCode::ModelFailed | ErrorCode::StoreFailed => "by its cause",
            other if Error::new(*other, "").retryable() => "yes",
            _ => "no",
        };
        let (exit, http) = (error.exit_code().to_string(), error.http_status().to_string());
        // A link in the source, a section here.
        let what = about.about.replace("`Cause` tells", "the cause tells");
        row(&mut page, &[&code(error.word()), &exit, &http, retry, &what]);
    }
    page.push_str(
        "\nA run that was cancelled is no error: the program exits 130 after Ctrl-C or `ombud sessions cancel`, 143 after \
         SIGTERM, 129 after SIGHUP. It exits 0 when there is an answer, also when tools failed or were denied; what was denied stands in the \
         result.\n\n## Causes\n\n",
    );
    table(&mut page, &["cause", "a retry may help", "what"]);
    let mut words = Vec::new();
    for about in source.members("Cause") {
        let word = word(&about.name);
        let cause: Cause = serde_json::from_value(Value::from(word.as_str())).unwrap();
        assert_eq!(cause.word(), word);
        row(&mut page, &[&code(&word), if cause.retryable() { "yes" } else { "no" }, &about.about]);
        words.push(Value::from(word));
    }
    assert_eq!(schema("words")["$defs"]["cause"]["enum"], Value::from(words));
    hold("errors.md", &page);
}

/// Defaults of settings by their places, with the words for what depends on where the program runs.
fn defaults() -> BTreeMap<String, Value> {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().canonicalize().unwrap();
    let home = place.to_str().unwrap();
    let variables = BTreeMap::from([("HOME".to_owned(), home.to_owned())]);
    let environment = Environment { variables, folder: Some(place.clone()), program: None };
    let resolved = resolve(&Flags::default(), &environment).unwrap();
    let shown = |value: Value| match value.as_str() {
        Some(text) if text == home => Value::Null,
        Some(text) => Value::from(text.replace(home, "~")),
        None => value,
    };
    resolved.rows().into_iter().map(|row| (row.key, shown(row.value))).collect()
}

/// The words between backticks after the first, which is the one that was wrong.
fn expected(correction: Value) -> String {
    let corrections = BTreeMap::from([("a/b".to_owned(), correction)]);
    let error = Catalogue::new(&corrections).unwrap_err().message;
    let (_, known) = error.split_once("expected one of ").unwrap();
    known.trim().to_owned()
}

/// The fields of an agent's definition, as its parser names them.
fn agent_fields() -> String {
    let error = parse_agent(Path::new("agent.toml"), "nonsense = 1").unwrap_err();
    let hint = error.hint.unwrap();
    let names = hint.strip_prefix("known here: ").unwrap();
    names.split(", ").map(code).collect::<Vec<_>>().join(", ")
}

#[test]
fn configuration() {
    let defaults = defaults();
    let mut page = format!(
        "# Configuration\n\n{MADE}\n\n\
         A value comes from the first of these that says something: a flag, a variable `OMBUD_*`, another variable, the \
         project's file, the user's file, the default. `ombud config show` shows each value with its source, `ombud config \
         path` the places of the files:\n\n\
         - the user's: `config.toml`, `config.yaml` or `config.json` in `$XDG_CONFIG_HOME/ombud`, mostly `~/.config/ombud`; \
         agents in `agents/` beside it. `--config FILE` reads another file instead.\n\
         - the project's: the same names in `.ombud/` of the workspace. What it may do while the folder is not \
         [trusted](../security.md#a-projects-configuration) is the last column.\n\n\
         A key that is not known is an error. Rules of all files count together: first the denials, then the questions, then \
         the permits. Relative paths begin at the folder of the file (the project's: at the workspace), those of flags and \
         variables at the current folder.\n\n\
         ## Keys\n\n\
         `*` stands for any name.\n\n"
    );
    table(&mut page, &["key", "takes", "default", "what", "untrusted project may"]);
    for key in KEYS {
        let takes = match key.kind {
            Kind::Word(words) => words.iter().map(|word| code(word)).collect::<Vec<_>>().join(", "),
            kind => {
                let words = kind.words();
                words.strip_prefix("must be ").unwrap_or(&words).to_owned()
            }
        };
        let default = match defaults.get(key.path) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => code(text),
            Some(other) => code(&other.to_string()),
        };
        let may = match key.untrusted {
            Untrusted::Ignored if key.path == "agents.*" => "define new ones, see below".to_owned(),
            Untrusted::Ignored => "nothing".to_owned(),
            Untrusted::Lower => "lower it".to_owned(),
            Untrusted::Only(value) => format!("set it to `{value}`"),
            Untrusted::Added => "add to it".to_owned(),
        };
        row(&mut page, &[&code(key.path), &takes, &default, key.about, &may]);
    }
    page.push_str(
        "\nWithout a rule, tools that read are allowed, and tools that write or run ask; where nobody can be asked they are \
         denied.\n\nProviders that are there without being named:\n\n",
    );
    table(&mut page, &["provider", "wire", "base URL"]);
    for (place, wire) in defaults.iter().filter(|(place, _)| place.starts_with("providers.") && place.ends_with(".wire")) {
        let name = place.trim_start_matches("providers.").trim_end_matches(".wire");
        let url = defaults.get(&format!("providers.{name}.base_url")).and_then(Value::as_str).map(code);
        row(&mut page, &[&code(name), &code(wire.as_str().unwrap()), &url.unwrap_or_default()]);
    }
    writeln!(
        page,
        "\n`ollama` is there when `OLLAMA_HOST` is set or a model of it is chosen. Any other name is a provider of your own: \
         it needs a `base_url`, and a `wire` unless that is `openai`.\n\n\
         A model is a table under `models`, by its `\"PROVIDER/ID\"`, with what differs from the catalogue: {}. Sizes are \
         tokens, prices US dollars a million tokens, `reasoning` is one of {}.\n\n\
         An agent is a table under `agents` or a file of its own, with these fields: {}. Its `permissions` are a table of \
         `deny`, `ask` and `allow`. From a project that is not trusted, an agent takes no name that is there already, and its \
         model, settings, attributes, questions and permits do not count.\n\n\
         ## Variables\n\n\
         A key whose path does not end in `*` has one: `OMBUD_`, then its path in capitals with `_` for each dot. Lists are separated by commas, folders \
         by colons. In the name of a provider `-` becomes `_`. One that is empty counts as not set. The \
         connections to models also obey `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.\n",
        expected(json!({"nonsense": 1})),
        expected(json!({"reasoning": "nonsense"})),
        agent_fields()
    )
    .unwrap();
    table(&mut page, &["variable", "sets", "what"]);
    for variable in variables() {
        let sets = variable.setting.map(code).unwrap_or_default();
        row(&mut page, &[&code(&variable.name), &sets, variable.about]);
    }
    hold("configuration.md", &page);
}

/// A schema by its file's name.
fn schema(name: &str) -> &'static Value {
    &schema::all().iter().find(|(known, _)| known == name).unwrap().1
}

/// What a value is, in words; the names of other values are links.
fn kind(value: &Value) -> String {
    if let Some(target) = value["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap();
        return format!("[{name}](#{name})");
    }
    if let Some(only) = value.get("const") {
        return only.as_str().map_or_else(|| code(&only.to_string()), code);
    }
    if let Some(words) = value["enum"].as_array() {
        return words.iter().map(|word| code(word.as_str().unwrap())).collect::<Vec<_>>().join(", ");
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(kinds) = value[choice].as_array() {
            return kinds.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    match value["type"].as_str() {
        Some("array") => format!("list of {}", kind(&value["items"])),
        Some("object") => object(value),
        Some("null") => "null".to_owned(),
        Some("string") if value["pattern"].is_string() => format!("text like {}", code(value["pattern"].as_str().unwrap())),
        Some("string") => "text".to_owned(),
        Some("integer") => match value["minimum"].as_i64() {
            Some(least) => format!("whole number from {least}"),
            None => "whole number".to_owned(),
        },
        Some("number") => "number".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        _ => "any JSON".to_owned(),
    }
}

/// Whether a field must be there.
fn is_needed(value: &Value, name: &str) -> bool {
    value["required"].as_array().is_some_and(|needed| needed.iter().any(|needed| needed == name))
}

fn object(value: &Value) -> String {
    if value["properties"].is_object() {
        return format!("object ({})", lines(value).join("; "));
    }
    match value.get("additionalProperties").filter(|inner| inner.is_object()) {
        Some(inner) => format!("object by name: {}", kind(inner)),
        None => "object".to_owned(),
    }
}

/// The fields of an object, each with what it is.
fn lines(value: &Value) -> Vec<String> {
    let line = |(name, inner): (&String, &Value)| {
        let maybe = if is_needed(value, name) { "" } else { "?" };
        format!("`{name}{maybe}`: {}", kind(inner))
    };
    value["properties"].as_object().unwrap().iter().map(line).collect()
}

/// A table of the fields of a frame; `type_name` is its type in the source, where the fields are explained.
fn fields(page: &mut String, value: &Value, source: &Source, type_name: &str) {
    table(page, &["field", "is", "what"]);
    for (name, inner) in value["properties"].as_object().unwrap().iter().filter(|(name, _)| *name != "type") {
        let maybe = if is_needed(value, name) { "" } else { "?" };
        let about = source.about(type_name, name).unwrap_or_else(|| panic!("`{type_name}` has no field `{name}`"));
        row(page, &[&format!("`{name}{maybe}`"), &kind(inner), &about]);
    }
    page.push('\n');
}

/// The name of a type on the wire as that of a variant: `run.cancel_requested` is `RunCancelRequested`.
fn variant(wire: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    wire.split(['.', '_']).map(capital).collect()
}

#[test]
fn frames() {
    let source = Source::of_domain();
    let frame = schema("frame");
    let mut page = format!(
        "# Frames\n\n{MADE}\n\n\
         A frame is a line of `--format jsonl` of `ombud oneshot` and `ombud run`, of `ombud sessions events` and of `ombud \
         sessions tail`; `ombud oneshot` and `ombud run` end with a line of the type `result`. A *fact* is what happened: it \
         is durable before anybody sees it, and has `seq`. A *delta* is a piece of a message that grows: it is never kept, \
         and has `cursor`. Each part of a message is opened, grows by pieces that sum to its text, is closed, and only then \
         comes `message.completed` with all of it: who wants no pieces may leave all deltas out.\n\n\
         `?` marks a field that may be absent. Readers ignore types and fields that they do not know. The same as JSON \
         Schema: [frame.json](../schemas/frame.json), [words.json](../schemas/words.json); the last line: \
         [result.json](../schemas/result.json).\n\n"
    );
    let types: Vec<&str> = frame["oneOf"].as_array().unwrap().iter().map(|one| one["$ref"].as_str().unwrap()).collect();
    let of = |what: &str| {
        let names = types.iter().map(|target| target.trim_start_matches("#/$defs/"));
        let wanted = format!("#/$defs/{what}");
        names.filter(|name| frame["$defs"][name]["$ref"] == wanted.as_str()).collect::<Vec<_>>()
    };
    let (facts, deltas) = (of("fact"), of("delta"));
    assert_eq!(facts.len() + deltas.len(), types.len());
    for (title, names, envelope, kinds) in
        [("Facts", facts, ("fact", "Event"), "Fact"), ("Deltas", deltas, ("delta", "LiveDelta"), "Delta")]
    {
        writeln!(page, "## {title}\n\nEvery one has `type` and:\n").unwrap();
        fields(&mut page, &frame["$defs"][envelope.0], &source, envelope.1);
        for name in names {
            let variant = variant(name);
            let short = variant.trim_start_matches("Part").to_owned();
            let (variant, type_name) =
                if kinds == "Delta" { (short.clone(), format!("Delta::{short}")) } else { (variant.clone(), variant) };
            let about = source.members(kinds).iter().find(|member| member.name == variant).unwrap();
            writeln!(page, "### `{name}`\n\n{}\n", about.about).unwrap();
            fields(&mut page, &frame["$defs"][name], &source, &type_name);
        }
    }
    page.push_str("## Words\n\nWhat several of them have in common.\n\n");
    let own = ["opened", "pins"].map(|name| (name, &frame["$defs"][name]));
    let shared = schema("words")["$defs"].as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value));
    let mut words: Vec<(&str, &Value)> = own.into_iter().chain(shared).collect();
    words.sort_by_key(|(name, _)| *name);
    // Some words are those of other outputs.
    let others = ["source"];
    words.retain(|(name, _)| !others.contains(name));
    for (name, value) in words {
        writeln!(page, "### {name}\n").unwrap();
        if let Some(about) = value["description"].as_str() {
            writeln!(page, "{about}\n").unwrap();
        }
        let listed = match value["oneOf"].as_array() {
            Some(kinds) => kinds.iter().map(kind).collect(),
            None if value["properties"].is_object() => lines(value),
            None => {
                writeln!(page, "{}\n", capital(&kind(value))).unwrap();
                continue;
            }
        };
        let title = if value["oneOf"].is_array() { "One of:" } else { "Object:" };
        let listed: String = listed.iter().map(|line| format!("- {line}\n")).collect();
        writeln!(page, "{title}\n\n{listed}").unwrap();
    }
    hold("frames.md", &(page.trim_end().to_owned() + "\n"));
}

fn capital(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map(|first| first.to_uppercase().chain(signs).collect()).unwrap_or_default()
}
