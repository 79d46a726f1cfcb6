//! Every key and every kind of block that the format has: works, or is accepted without effect, or is refused; with which
//! words. The documentation shows the same tables.

use super::super::keys::{self, BlockKind, Key, Standing};
use super::*;

/// The keys of the format with a value that fits each; `...` stands for what is there already.
const TOP: &[(&str, &str)] = &[
    ("input", "..."),
    ("variables", "..."),
    ("resources", "..."),
    ("types", "{ Thing: { a: { type: string } } }"),
    ("triggers", "..."),
    ("handlers", "..."),
    ("tools", "..."),
    ("skills", "{ writing: { description: x } }"),
    ("onDemandSkills", "{ display: name }"),
    ("mcpServers", "{ figma: { description: x, source: remote } }"),
    ("onDemandMcpServers", "{ remote: { description: x } }"),
    ("workers", "{ researcher: { description: x } }"),
    ("agent", "..."),
    ("steps", "worker"),
    ("output", "worker"),
];

const AGENT: &[(&str, &str)] = &[
    ("model", "..."),
    ("backupModel", "openai/other"),
    ("system", "..."),
    ("input", "..."),
    ("tools", "..."),
    ("skills", "[writing]"),
    ("references", "[style]"),
    ("mcpServers", "[figma]"),
    ("onDemandMcpServers", "[remote]"),
    ("workers", "[researcher]"),
    ("agentic", "..."),
    ("maxSteps", "..."),
    ("temperature", "'0.7'"),
    ("thinking", "medium"),
    ("maxOutputTokens", "1000"),
    ("maxToolOutputTokens", "1000"),
    ("maxImageDimension", "1000"),
    ("cache", "extended"),
    ("speed", "fast"),
    ("sandboxTimeout", "300000"),
    ("todoList", "true"),
    ("loopGuard", "true"),
    ("webSearch", "true"),
    ("imageModel", "google/image"),
    ("videoModel", "google/video"),
    ("speechModel", "openai/speech"),
    ("speechVoice", "alloy"),
    ("transcriptionModel", "openai/hear"),
    ("anthropic", "{ tools: { web-search: { display: name } } }"),
    ("contextManagement", "{ summarizerWorker: summarizer, thresholdPercent: 80 }"),
];

const THREAD: &[(&str, &str)] = &[
    ("display", "name"),
    ("description", "x"),
    ("title", "x, display: title"),
    ("thread", "..."),
    ("model", "openai/other"),
    ("backupModel", "openai/other"),
    ("system", "plain"),
    ("input", "[]"),
    ("tools", "[get-user]"),
    ("skills", "[writing]"),
    ("references", "[style]"),
    ("mcpServers", "[figma]"),
    ("onDemandMcpServers", "[remote]"),
    ("maxSteps", "3"),
    ("temperature", "off"),
    ("thinking", "max"),
    ("maxOutputTokens", "'1000'"),
    ("maxToolOutputTokens", "1000"),
    ("maxImageDimension", "1000"),
    ("cache", "off"),
    ("speed", "standard"),
    ("sandboxTimeout", "300000"),
    ("todoList", "true"),
    ("loopGuard", "true"),
    ("webSearch", "true"),
    ("imageModel", "google/image"),
];

/// Blocks whole, with the keys that they have.
const BLOCKS: &[(&str, &str)] = &[
    (
        "add-message",
        "role: assistant, prompt: user-message, input: { USER_MESSAGE: LOOKUP }, files: [FILES], visible: true, uiContent: LOOKUP, thread: side, description: x, display: title, title: x",
    ),
    ("next-message", "thread: main, output: LOOKUP, independent: true, responseType: Thing, description: x, display: name"),
    ("tool-call", "tool: get-user, input: { userId: '7' }, output: LOOKUP, description: x, display: stream, thread: side"),
    ("set-resource", "resource: LAST_LOOKUP, value: LOOKUP, description: x, display: hidden, thread: side"),
    ("serialize-thread", "thread: side, format: json, output: LOOKUP, description: x, display: name"),
    ("generate-image", "prompt: LOOKUP, imageModel: google/image, output: LOOKUP, size: 1024x1024"),
    ("generate-video", "prompt: LOOKUP, output: LOOKUP"),
    ("generate-speech", "text: LOOKUP, speechModel: openai/speech, output: LOOKUP"),
    ("transcribe-audio", "audio: LOOKUP, transcriptionModel: openai/hear, output: LOOKUP"),
    ("run-worker", "worker: researcher, input: { TOPIC: LOOKUP }, output: LOOKUP"),
];

/// The parts of declarations.
const PARTS: &[(&str, &str)] = &[
    ("input", "input: { I: { type: string, description: x, optional: true, default: a, enum: [a, b] } }"),
    ("variables", "variables: { V: { type: 'string[]', description: x, default: [a] } }"),
    ("resources", "resources: { R: { type: unknown, description: x, default: {}, readonly: true } }"),
    ("triggers", "triggers: { user-message: { description: x, input: { USER_MESSAGE: { type: string } } } }"),
    (
        "tools",
        "tools: { get-user: { description: x, display: title, title: x, parameters: { userId: { type: string, description: x, optional: true, enum: ['7'] } } } }",
    ),
    (
        "types",
        "types: { Thing: { a: { type: array, items: { type: string } }, b: { type: integer, const: 7 } }, Things: { type: array, items: { type: Thing }, description: x }, U: { anyOf: [Thing, W], discriminator: b }, W: { b: { type: integer, const: 8 } } }",
    ),
    ("skills", "skills: { writing: { display: name, title: x, description: x, execution: sandbox } }"),
];

/// A protocol in which everything is there that the keys need.
fn protocol(replaced: &str, agent: &str, blocks: &str) -> Source {
    let parts = [
        ("types", "types: { Thing: { a: { type: string } } }"),
        ("skills", "skills: { writing: { description: x } }"),
        ("input", "input: { COMPANY_NAME: { type: string } }"),
        ("variables", "variables: { LOOKUP: { type: unknown } }"),
        ("resources", "resources: { LAST_LOOKUP: { type: unknown } }"),
        (
            "triggers",
            "triggers: { user-message: { input: { USER_MESSAGE: { type: string }, FILES: { type: 'file[]', optional: true } } } }",
        ),
        ("tools", "tools: { get-user: { description: x, parameters: { userId: { type: string } } } }"),
    ];
    let key = replaced.split(':').next().unwrap_or_default();
    let mut lines: Vec<String> = parts.iter().filter(|(name, _)| *name != key).map(|(_, part)| (*part).to_owned()).collect();
    lines.push(replaced.to_owned());
    lines.push(format!(
        "agent: {{ model: openai/mock-model, system: system, input: [], tools: [get-user], agentic: true, maxSteps: 5{agent} }}"
    ));
    lines.push("handlers:\n  user-message:\n    Open: { block: start-thread, thread: side, system: plain }".to_owned());
    lines.push(blocks.to_owned());
    let prompts =
        [("system", "Hi."), ("plain", "Hi."), ("user-message", "{{USER_MESSAGE}}"), ("skills/writing", "Write {{well}}.")];
    let references = vec![Reference { name: "style".into(), description: "Style".into(), content: "Be brief.".into() }];
    Source { references, ..source("interactive", &lines.join("\n"), &prompts) }
}

/// What is told of a place and what is below it.
fn of_place(source: &Source, place: &str) -> String {
    let (_, faults) = compile(source);
    let below = format!("{place}.");
    let told: Vec<_> = faults
        .iter()
        .filter(|fault| {
            fault.path == place || fault.path.starts_with(&below) || fault.path.starts_with(&format!("{place}["))
        })
        // What is declared only to be looked at is used by nothing.
        .filter(|fault| !fault.message.starts_with("nothing uses"))
        .map(|fault| {
            let severity = if fault.is_error() { "refused" } else { "warning" };
            let at = fault.path.strip_prefix(place).unwrap_or_default();
            let at = if at.is_empty() { String::new() } else { format!(" at {at}") };
            format!("{severity}{at}: {}", fault.message)
        })
        .collect();
    if told.is_empty() { "works".to_owned() } else { told.join("\n    ") }
}

#[test]
fn every_key_works_or_says_why_not() {
    let mut text = String::new();
    let mut tell = |place: String, told: String| text.push_str(&format!("{place}: {told}\n"));
    for (key, value) in TOP {
        let told = match *value {
            "..." => of_place(&protocol("", "", ""), key),
            "worker" => of_place(&source("worker", WORKER, &[("system", "x"), ("ask", "{{TOPIC}}")]), key),
            value => of_place(&protocol(&format!("{key}: {value}"), "", ""), key),
        };
        tell((*key).to_owned(), told);
    }
    for (key, value) in AGENT {
        let more = if *value == "..." { String::new() } else { format!(", {key}: {value}") };
        tell(format!("agent.{key}"), of_place(&protocol("", &more, ""), &format!("agent.{key}")));
    }
    for (key, value) in THREAD {
        let value = if *value == "..." { "other" } else { *value };
        let source = protocol("", "", &format!("    It: {{ block: start-thread, {key}: {value} }}"));
        tell(format!("start-thread.{key}"), of_place(&source, &format!("handlers.user-message.It.{key}")));
    }
    for (kind, keys) in BLOCKS {
        let source = protocol("", "", &format!("    It: {{ block: {kind}, {keys} }}"));
        tell((*kind).to_owned(), of_place(&source, "handlers.user-message.It"));
    }
    for (part, value) in PARTS {
        tell(format!("parts of {part}"), of_place(&protocol(value, "", ""), part));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn no_key_is_left_out() {
    let names = |table: &[(&str, &str)]| table.iter().map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>();
    let keys = |table: &[Key]| table.iter().map(|key| key.name.to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(names(TOP), keys(keys::PROTOCOL));
    assert_eq!(names(AGENT), keys(keys::AGENT));
    let mut of_threads = names(THREAD);
    of_threads.insert("block".to_owned());
    assert_eq!(of_threads, keys(keys::block_kind("start-thread").unwrap().keys));
    let mut kinds = names(BLOCKS);
    kinds.insert("start-thread".to_owned());
    assert_eq!(kinds, keys::BLOCKS.iter().map(|kind| kind.name.to_owned()).collect());
    for (name, value) in BLOCKS {
        for key in keys::block_kind(name).unwrap().keys.iter().filter(|key| !matches!(key.name, "block" | "title")) {
            assert!(value.contains(&format!("{}:", key.name)), "{name}: {}", key.name);
        }
    }
}

fn standing(standing: Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::Works => ("works", ""),
        Standing::Ignored(why) => ("no effect", why),
        Standing::Refused(why) => ("refused", why),
    }
}

/// The tables of the documentation.
fn tables() -> String {
    let rows = |title: &str, keys: &[Key]| {
        let works: Vec<_> =
            keys.iter().filter(|key| key.standing == Standing::Works).map(|key| format!("`{}`", key.name)).collect();
        let mut rows = format!("| {title} | {} | works | |\n", works.join(", "));
        let mut others: Vec<((&str, &str), Vec<String>)> = Vec::new();
        for key in keys.iter().filter(|key| key.standing != Standing::Works) {
            let standing = standing(key.standing);
            match others.iter_mut().find(|(known, _)| *known == standing) {
                Some((_, names)) => names.push(format!("`{}`", key.name)),
                None => others.push((standing, vec![format!("`{}`", key.name)])),
            }
        }
        for ((word, why), names) in others {
            rows.push_str(&format!("| {title} | {} | {word} | {why} |\n", names.join(", ")));
        }
        rows
    };
    let mut text = "| where | keys | | why |\n|---|---|---|---|\n".to_owned();
    for (title, keys) in [
        ("protocol", keys::PROTOCOL),
        ("`input`, input of a trigger", keys::INPUT),
        ("`variables`", keys::VARIABLE),
        ("`resources`", keys::RESOURCE),
        ("`types`: a property", keys::PROPERTY),
        ("`types`: a list", keys::ARRAY),
        ("`types`: one of several", keys::UNION),
        ("`triggers`", keys::TRIGGER),
        ("`tools`", keys::TOOL),
        ("`skills`", keys::SKILL),
        ("`agent`", keys::AGENT),
    ] {
        text.push_str(&rows(title, keys));
    }
    let (work, refused): (Vec<&BlockKind>, Vec<_>) = keys::BLOCKS.iter().partition(|kind| kind.standing == Standing::Works);
    for kind in work {
        text.push_str(&rows(&format!("block `{}`", kind.name), kind.keys));
    }
    for kind in refused {
        let (word, why) = standing(kind.standing);
        text.push_str(&format!("| block `{}` | | {word} | {why} |\n", kind.name));
    }
    text
}

#[test]
fn the_documentation_has_the_same_tables() {
    let page = include_str!("../../../../../docs/dialects/octavus.md");
    let tables = tables();
    assert!(page.contains(&tables), "docs/dialects/octavus.md must have these tables:\n\n{tables}");
}
