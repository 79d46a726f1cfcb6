//! Broken definitions, and all that is told of each.

use super::*;

/// One mistake: its name, and the definition that has it.
fn case(name: &str, source: Source) -> (String, Source) {
    (name.to_owned(), source)
}

/// The chat, with a text of its protocol replaced.
fn chat(name: &str, from: &str, to: &str) -> (String, Source) {
    assert!(CHAT.contains(from), "{name}: {from}");
    case(name, source("interactive", &CHAT.replace(from, to), CHAT_PROMPTS))
}

/// The worker, with a text of its protocol replaced.
fn worker(name: &str, from: &str, to: &str) -> (String, Source) {
    assert!(WORKER.contains(from), "{name}: {from}");
    case(name, source("worker", &WORKER.replace(from, to), &[("system", "Be brief."), ("ask", "{{TOPIC}}")]))
}

/// The chat, with another system prompt and mapping.
fn prompted(name: &str, system: &str, more: &[(&str, &str)]) -> (String, Source) {
    let mut prompts = vec![("system", system), ("user-message", "{{USER_MESSAGE}}")];
    prompts.extend(more);
    case(name, source("interactive", CHAT, &prompts))
}

fn typed(name: &str, types: &str) -> (String, Source) {
    let protocol = format!("types:\n{types}{}", CHAT.replace("type: unknown, description", "type: A, description"));
    case(name, source("interactive", &protocol, CHAT_PROMPTS))
}

fn mistakes() -> Vec<(String, Source)> {
    let settings =
        |name: &str, settings: Settings| case(name, Source { settings, ..source("interactive", CHAT, CHAT_PROMPTS) });
    let named = |slug: &str, name: &str, format: &str| Settings {
        slug: slug.into(),
        name: name.into(),
        description: None,
        format: format.into(),
    };
    let reference = |name: &str, description: &str| Reference {
        name: name.into(),
        description: description.into(),
        content: "x".into(),
    };
    let mut all = vec![
        case("nothing at all", Source::default()),
        settings("settings without a form", named("My Agent", " ", "interactiv")),
        settings("a slug like an id", named("0198c0de-0000-7000-8000-000000000001", "x", "interactive")),
        chat("no YAML", "  user-message: { desc", "  user-message: [ desc"),
        chat("a key twice", "variables:\n", "input: {}\nvariables:\n"),
        chat("a list in the place of a table", "variables:\n  LOOKUP: { type: unknown }\n", "variables: [LOOKUP]\n"),
        chat("an unknown key", "agent:\n", "handler: {}\nagent:\n"),
        chat("a trigger without a handler", "  lookup:\n    Look up", "  lookups:\n    Look up"),
        chat("a trigger with an odd name", "user-message: { desc", "UserMessage: { desc"),
        chat("values with odd names", "LOOKUP: { type: unknown }", "lookup: { type: unknown }"),
        chat(
            "an input that is a variable too",
            "  LOOKUP: { type: unknown }\n",
            "  LOOKUP: { type: unknown }\n  COMPANY_NAME: { type: string }\n",
        ),
        chat("a value of an unknown type", "LOOKUP: { type: unknown }", "LOOKUP: { type: strin }"),
        chat("a value of no type", "LOOKUP: { type: unknown }", "LOOKUP: { description: x }"),
        chat("a default that does not fit", "default: Nobody Inc", "default: 7"),
        chat("choices of a number", "WHO: { type: string, optional: true }", "WHO: { type: number, enum: [a] }"),
        chat("an argument that hides an input", "input: { WHO:", "input: { COMPANY_NAME: { type: string }, WHO:"),
        chat("a tool without a description", "    description: Looking up a user\n", ""),
        chat("a tool that is shown by a title it has not", "display: stream", "display: title"),
        chat("a display that there is not", "display: stream", "display: streem"),
        chat("a tool that there is not", "tools: [get-user]", "tools: [get-usr]"),
        chat("a tool that nothing uses", "tools:\n", "tools:\n  other-tool: { description: Nothing }\n"),
        chat("no model and no system prompt", "  model: openai/mock-model\n  system: system\n", ""),
        chat("a model of no provider", "openai/mock-model", "gpt-4o"),
        chat("a model that an unknown input names", "openai/mock-model", "MODEL"),
        chat(
            "settings out of their ranges",
            "  maxSteps: 5\n",
            "  maxSteps: 0\n  temperature: 2.5\n  thinking: much\n  maxOutputTokens: many\n",
        ),
        chat("steps without being agentic", "  agentic: true\n", ""),
        chat("a prompt that there is not", "  system: system\n", "  system: sytem\n"),
        chat("a mapping of what there is not", "input: [COMPANY_NAME]", "input: [COMPANY]"),
        chat("a mapping that is a text", "input: [COMPANY_NAME]", "input: COMPANY_NAME"),
        chat("a block without a kind", "Respond: { block: next-message }", "Respond: { thread: main }"),
        chat("a kind of block that there is not", "block: next-message", "block: next-mesage"),
        chat("a key that the block has not", "block: next-message", "block: next-message, promt: x"),
        chat("a role that there is not", "role: user", "role: human"),
        chat("a message without a prompt", "prompt: user-message, ", ""),
        chat("a thread that nobody opens", "block: next-message", "block: next-message, thread: side"),
        chat(
            "a thread that is opened too late",
            "    Respond: { block: next-message }\n",
            "    Respond: { block: next-message, thread: side }\n    Open: { block: start-thread, thread: side, system: system, input: [COMPANY_NAME] }\n",
        ),
        chat("the main thread opened", "block: next-message", "block: start-thread, thread: main"),
        chat("a block that calls no tool", "tool: get-user, input", "tool: get-users, input"),
        chat("arguments that do not fit", "userId: WHO", "user: WHO"),
        chat("an argument that names nothing", "userId: WHO", "userId: USER_ID"),
        chat("an argument of another type", "userId: WHO", "userId: 7"),
        chat("an answer put into an input", "output: LOOKUP", "output: COMPANY_NAME"),
        chat("an answer put into a resource", "output: LOOKUP", "output: LAST_LOOKUP"),
        chat("a resource that there is not", "resource: LAST_LOOKUP", "resource: LAST_LOOK"),
        chat(
            "a resource that cannot be written",
            "{ type: unknown, description: Res",
            "{ type: unknown, readonly: true, description: Res",
        ),
        chat("a value that there is not", "value: LOOKUP", "value: LOKUP"),
        chat(
            "files that are no files",
            "input: [USER_MESSAGE], display",
            "input: [USER_MESSAGE], files: [USER_MESSAGE], display",
        ),
        chat("an answer of a scalar type", "block: next-message", "block: next-message, responseType: string"),
        chat(
            "a skill without a text",
            "agent:\n",
            "skills:\n  qr-code: { display: name, execution: device }\nagent:\n  skills: [qr-code, pdf]\n",
        ),
        chat("a reference that there is not", "agent:\n", "agent:\n  references: [style]\n"),
        chat("keys of a worker", "agent:\n", "output: LOOKUP\nagent:\n"),
        chat(
            "what is not supported",
            "agent:\n",
            "mcpServers: { figma: { source: remote } }\nagent:\n  webSearch: true\n  imageModel: a/b\n  cache: off\n  todoList: false\n",
        ),
        chat("a block that is not supported", "block: next-message", "block: generate-image, prompt: USER_MESSAGE"),
        worker("a worker without steps", "steps:", "step:"),
        worker("a worker that has handlers", "steps:", "handlers: {}\nsteps:"),
        worker("a worker in the main thread", "block: next-message, thread: work", "block: next-message"),
        worker(
            "a worker that writes too early",
            "  Open thread: { block: start-thread, thread: work, model: openai/mock-model, system: system }\n",
            "",
        ),
        worker("a thread without a model", "model: openai/mock-model, ", ""),
        worker("an output that there is not", "output: ANSWER\n", "output: ANSWERS\n"),
        worker("an output that is an input", "\noutput: ANSWER\n", "\noutput: TOPIC\n"),
        prompted("a choice that is not closed", "Hi.\n{{#if COMPANY_NAME}}there\n", &[]),
        prompted("a condition that cannot be read", "{{#if COMPANY_NAME and OTHER}}x{{/if}}", &[]),
        prompted("a condition on what is not listed", "{{COMPANY_NAME}}{{#if COMPANY}}x{{/if}}", &[]),
        prompted("a place that is not listed", "{{COMPANY_NAME}} {{COMPANY}} {{lower}}", &[]),
        prompted("a mapping without a place", "Hi.", &[]),
        prompted("an include of what there is not", "{{COMPANY_NAME}}\n{{@rule.md}}", &[("rules", "x")]),
        prompted(
            "prompts that include each other",
            "{{COMPANY_NAME}}{{@a.md}}",
            &[("a", "\n{{@sub/b.md}}"), ("sub/b", "{{@a.md}}")],
        ),
        prompted("prompts with odd names", "{{COMPANY_NAME}}", &[("../up", "x"), ("Read_Me", "x"), ("system", "x")]),
        typed("a type that contains itself", "  A: { b: { type: B } }\n  B: { a: { type: 'A[]' } }\n"),
        typed(
            "types with odd parts",
            "  A: { type: list }\n  a: { x: { type: string } }\n  B: { x: { type: number, enum: [a], const: b }, y: { type: array } }\n",
        ),
        typed(
            "a union without a common field",
            "  A: { anyOf: [B, C], discriminator: kind }\n  B: { kind: { type: string, const: x } }\n  C: { kind: { type: string, const: x }, z: { type: array, items: { type: D } } }\n",
        ),
    ];
    let with_choices = CHAT.replace(
        "{ type: string, description: Shown in the system prompt, optional: true, default: Nobody Inc }",
        "{ type: string, enum: [free, pro] }",
    );
    all.push(case(
        "a condition that never holds",
        source(
            "interactive",
            &with_choices,
            &[("system", "{{#if COMPANY_NAME == \"fre\"}}x{{/if}}"), ("user-message", "{{USER_MESSAGE}}")],
        ),
    ));
    let references = vec![reference("Style", "x"), reference("one", ""), reference("two", "x"), reference("two", "x")];
    all.push(case("references with odd parts", Source { references, ..source("interactive", CHAT, CHAT_PROMPTS) }));
    all
}

#[test]
fn all_that_is_wrong_is_told() {
    let mut text = String::new();
    for (name, source) in mistakes() {
        let (agent, faults) = compile(&source);
        let any_error = faults.iter().any(Fault::is_error);
        assert_eq!(agent.is_none(), any_error, "{name}");
        assert!(!faults.is_empty(), "{name}");
        text.push_str(&format!("{name}{}\n", if any_error { "" } else { " (can be used)" }));
        for fault in faults.iter().filter(|fault| !fault.message.starts_with("resources are deprecated")) {
            text.push_str(&format!("  {fault}\n"));
        }
    }
    insta::assert_snapshot!(text);
}

/// The errors of a definition that cannot be used.
fn errors(protocol: &str, prompts: &[(&str, &str)]) -> Vec<String> {
    let (agent, faults) = compile(&source("interactive", protocol, prompts));
    assert_eq!(agent, None);
    faults.iter().filter(|fault| fault.is_error()).map(|fault| fault.message.clone()).collect()
}

#[test]
fn texts_that_are_too_large_are_refused() {
    let long = "x".repeat(300 << 10);
    assert_eq!(errors(&format!("# {long}"), &[]), ["has 307202 bytes, at most 262144 are taken"]);
    let half = "x".repeat(400 << 10);
    let both = [("a", half.as_str()), ("b", half.as_str())];
    let expected = "the definition has 819202 bytes with all prompts and references, at most 786432 are taken";
    assert_eq!(errors("", &both), [expected]);
}

#[test]
fn yaml_that_is_too_deep_is_refused() {
    for depth in [33, 100, 10_000] {
        let deep = format!("a: {}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(errors(&deep, &[]).len(), 1, "{depth}");
    }
}

#[test]
fn yaml_that_unfolds_is_refused() {
    // Ten of ten of ten: a small text that unfolds to a large one.
    let mut tower = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = level - 1;
        tower.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 10].join(", ")));
    }
    assert_eq!(errors(&tower, &[]).len(), 1);
}

#[test]
fn prompts_that_unfold_are_refused() {
    let mut doubled = vec![("p0".to_owned(), "x".repeat(100))];
    for level in 1..20 {
        let before = format!("{{{{@p{}.md}}}}", level - 1);
        doubled.push((format!("p{level}"), before.repeat(4)));
    }
    let doubled: Vec<_> = doubled.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let message = "has more than 262144 bytes with all that it includes".to_owned();
    assert!(errors(CHAT, &doubled).contains(&message));
}

#[test]
fn types_that_unfold_are_refused() {
    let mut types = "types:\n  T0: { a: { type: string } }\n".to_owned();
    for level in 1..40 {
        let of = format!("{{ type: T{} }}", level - 1);
        types.push_str(&format!("  T{level}: {{ a: {of}, b: {of}, c: {of} }}\n"));
    }
    let messages = errors(&format!("{types}{CHAT}"), CHAT_PROMPTS);
    assert_eq!(messages.first().map(String::as_str), Some("`T7` unfolds to more than 5000 parts"));
}

#[test]
fn numbers_of_things_are_bounded() {
    let blocks: String = (0..201).map(|number| format!("    B{number}: {{ block: next-message }}\n")).collect();
    let many = CHAT.replace("    Respond: { block: next-message }\n", &blocks);
    assert_eq!(errors(&many, CHAT_PROMPTS), ["there are 202 blocks, at most 200 are taken"]);
    let wrong: String = (0..1_000).map(|number| format!("k{number}: 1\n")).collect();
    let messages = errors(&format!("{wrong}{CHAT}"), CHAT_PROMPTS);
    assert_eq!((messages.len(), messages.last().map(String::as_str)), (201, Some("801 more are not told")));
}
