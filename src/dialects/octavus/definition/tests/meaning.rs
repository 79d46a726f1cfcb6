//! What parts of a definition mean to the engine.

use serde_json::json;

use super::*;
use crate::domain::{Argument, Display, ModelChoice, Procedure, Step, Template};

fn agent(source: &Source) -> Agent {
    let (agent, faults) = compile(source);
    let errors: Vec<_> = faults.iter().filter(|fault| fault.is_error()).map(ToString::to_string).collect();
    assert_eq!(errors, Vec::<String>::new());
    agent.unwrap()
}

/// A chat whose handler of `user-message` has these blocks.
fn chat(before: &str, blocks: &str, prompts: &[(&str, &str)]) -> Agent {
    let protocol = format!(
        "{before}\ntriggers: {{ go: {{ input: {{ TEXT: {{ type: string }}, MAYBE: {{ type: string, optional: true }} }} }} }}\n\
         agent: {{ model: a/b, system: system }}\nhandlers:\n  go:\n{blocks}\n"
    );
    let mut all = vec![("system", "Hi.")];
    all.extend(prompts);
    agent(&source("interactive", &protocol, &all))
}

fn steps(agent: &Agent) -> &[Step] {
    agent.procedures["go"].steps.steps()
}

fn as_json(agent: &Agent) -> Value {
    serde_json::to_value(steps(agent)).unwrap()
}

#[test]
fn types_become_schemas() {
    let types = "\
types:
  Price: { amount: { type: number, description: In cents }, currency: { type: string, enum: [USD, EUR] } }
  Product:
    id: { type: string }
    price: { type: Price, description: What it costs, optional: true }
    tags: { type: array, items: { type: string }, description: Some words }
  Products: { type: array, items: { type: Product }, description: Many }
  Found: { kind: { type: string, const: found }, products: { type: Products } }
  Lost: { kind: { type: string, const: lost }, why: { type: unknown } }
  Result: { anyOf: [Found, Lost], discriminator: kind }
  Answer: { result: { type: Result }, pictures: { type: 'file[]' } }
variables: { ANSWER: { type: Answer } }";
    let agent = chat(types, "    It: { block: next-message, responseType: Answer, output: ANSWER }", &[]);
    assert_eq!(agent.variables["ANSWER"].schema["properties"]["result"]["anyOf"].as_array().map(Vec::len), Some(2));
    insta::assert_json_snapshot!(as_json(&agent));
}

#[test]
fn missing_values_stand_as_the_format_says() {
    let before = "\
input: { A: { type: string, optional: true }, B: { type: string, optional: true, default: '' }, C: { type: string } }
variables: { V: { type: unknown } }";
    let blocks = "    It: { block: add-message, role: user, prompt: p, input: [A, B, C, { V: V }, { T: TEXT }, M: MAYBE] }";
    let agent = chat(before, blocks, &[("p", "{{A}}|{{B}}|{{C}}|{{V}}|{{T}}|{{M}}|{{OTHER}}{{#if A}}!{{/if}}")]);
    let Step::Say(say) = &steps(&agent)[0] else { panic!("{agent:?}") };
    assert_eq!(say.text.fill(|_| None), "NONE||||||NONE|{{OTHER}}".replacen("||||||", "|||||", 1));
    let value = json!({ "x": [1] });
    assert_eq!(
        say.text.fill(|name| (name == "V" || name == "A").then_some(&value)),
        r#"{"x":[1]}|||{"x":[1]}||NONE|{{OTHER}}!"#
    );
}

#[test]
fn includes_are_put_in() {
    let agent = chat(
        "",
        "    It: { block: add-message, role: system, prompt: p, input: { WHO: TEXT } }",
        &[
            ("p", "{{#if WHO}}\n{{@parts/greeting.md}}\n{{/if}}"),
            ("parts/greeting", "Hi {{WHO}}{{@end.md}}\n"),
            ("end", "!\n"),
        ],
    );
    let Step::Say(say) = &steps(&agent)[0] else { panic!("{agent:?}") };
    assert_eq!(say.text.source(), "{{#if WHO}}\nHi {{WHO}}!\n{{/if}}");
}

#[test]
fn blocks_are_shown_as_they_say() {
    let blocks = "
    Open: { block: start-thread, title: Thinking, display: title, description: never shown, system: system }
    Side: { block: next-message, thread: Open, independent: true, description: Looking }
    Hidden: { block: add-message, role: assistant, prompt: system, visible: false, thread: Open }
    Shown: { block: add-message, role: user, prompt: system, uiContent: TEXT, thread: main }";
    let agent = chat("", blocks, &[]);
    let labels: Vec<_> = steps(&agent).iter().map(|step| (step.display(), step.label().description.as_deref())).collect();
    assert_eq!(
        labels,
        [
            (Display::Title, Some("Thinking")),
            (Display::Stream, Some("Looking")),
            (Display::Hidden, None),
            (Display::Hidden, None)
        ]
    );
    let threads: Vec<_> = steps(&agent).iter().map(Step::thread).collect();
    assert_eq!(threads, [Some("Open"), Some("Open"), Some("Open"), None]);
    let Step::Say(shown) = &steps(&agent)[3] else { panic!("{agent:?}") };
    assert_eq!(shown.shown.as_deref(), Some("TEXT"));
}

#[test]
fn a_thread_says_who_answers_in_it() {
    let before = "input: { MODEL: { type: string }, HEAT: { type: number, optional: true } }\n\
        tools: { find: { description: x }, other: { description: y } }";
    let blocks = "
    One: { block: start-thread, thread: one, model: MODEL, system: p, input: [MODEL], temperature: HEAT, thinking: max, tools: [find], maxSteps: '7', maxOutputTokens: 9 }
    Two: { block: start-thread, thread: two, system: system, temperature: off, thinking: off, maxSteps: 1 }
    Say: { block: next-message, thread: one }
    Too: { block: next-message, thread: two }
    Call: { block: tool-call, tool: other, input: {} }";
    let agent = chat(before, blocks, &[("p", "You are {{MODEL}}.")]);
    assert_eq!(agent.tools, Some(Vec::new()));
    assert_eq!(agent.caller_tools.len(), 2);
    insta::assert_json_snapshot!(&as_json(&agent).as_array().unwrap()[..2]);
}

#[test]
fn the_agent_says_who_answers_in_the_main_thread() {
    let of = |keys: &str| {
        let protocol = format!(
            "input: {{ MODEL: {{ type: string }}, STEPS: {{ type: integer }} }}\nagent: {{ model: MODEL, system: system{keys} }}"
        );
        agent(&source("interactive", &protocol, &[("system", "Hi.")]))
    };
    assert_eq!(of("").max_turns, Some(2));
    assert_eq!(of(", agentic: true").max_turns, Some(10));
    assert_eq!(of(", agentic: true, maxSteps: 1").max_turns, Some(2));
    assert_eq!(of(", agentic: true, maxSteps: '30'").max_turns, Some(30));
    let agent = of(", agentic: true, maxSteps: STEPS, temperature: 0.5, thinking: low");
    assert_eq!((agent.model, agent.max_turns), (None, Some(10)));
    assert_eq!((agent.from_state.model.as_deref(), agent.from_state.max_turns.as_deref()), (Some("MODEL"), Some("STEPS")));
    assert_eq!((agent.settings.temperature, agent.settings.reasoning_effort.as_deref()), (Some(0.5), Some("low")));
}

#[test]
fn arguments_are_values_or_stand_for_themselves() {
    let before = "tools: { mail: { description: x, parameters: { to: { type: string }, priority: { type: string }, count: { type: integer, optional: true }, more: { type: unknown, optional: true } } } }";
    let blocks =
        "    It: { block: tool-call, tool: mail, input: { to: TEXT, priority: medium, count: 2, more: { a: [b] } } }";
    let agent = chat(before, blocks, &[]);
    let Step::Call(call) = &steps(&agent)[0] else { panic!("{agent:?}") };
    let expected = [
        ("count", Argument::Literal(json!(2))),
        ("more", Argument::Literal(json!({ "a": ["b"] }))),
        ("priority", Argument::Literal(json!("medium"))),
        ("to", Argument::Variable("TEXT".into())),
    ];
    let given: Vec<_> = call.arguments.iter().map(|(name, argument)| (name.as_str(), argument.clone())).collect();
    assert_eq!(given, expected);
}

#[test]
fn skills_and_references_stand_in_the_instructions() {
    let protocol = "\
input: { WHO: { type: string } }
skills: { writing: { description: How to write } }
agent: { model: a/b, system: system, input: [WHO], skills: [writing], references: [style] }";
    let prompts = [("system", "You help {{WHO}}.\n"), ("skills/writing", "Write {{WHO}} well.\n")];
    let references =
        vec![Reference { name: "style".into(), description: "Our style".into(), content: "Be brief.\n".into() }];
    let agent = agent(&Source { references, ..source("interactive", protocol, &prompts) });
    let who = json!("Ada");
    assert_eq!(
        agent.instructions.fill(|name| (name == "WHO").then_some(&who)),
        "You help Ada.\n\n# Skill: writing\n\nHow to write\n\nWrite {{WHO}} well.\n\n# Reference: style\n\nOur style\n\nBe brief."
    );
}

#[test]
fn a_backup_model_stands_in_for_that_of_the_agent() {
    let compiled = |backup: &str| {
        let protocol =
            format!("input: {{ M: {{ type: string }} }}\nagent: {{ model: a/b, backupModel: {backup}, system: system }}");
        let (agent, faults) = compile(&source("interactive", &protocol, &[("system", "Hi.")]));
        let told: Vec<String> =
            faults.iter().map(ToString::to_string).filter(|fault| fault.contains("backupModel")).collect();
        (agent.map(|agent| agent.fallback), told.concat())
    };
    assert_eq!(compiled("c/d"), (Some(vec![ModelChoice::new("c", "d")]), String::new()));
    let (agent, told) = compiled("M");
    assert!(agent == Some(vec![]) && told.contains("has no effect here when an input names it"), "{told}");
    let (agent, told) = compiled("nonsense text");
    assert!(agent.is_none() && told.contains("is neither of the form `provider/model-id`"), "{told}");
}

#[test]
fn the_order_of_blocks_is_that_of_the_text() {
    let blocks: String = (0..30).rev().map(|number| format!("    {number}: {{ block: next-message }}\n")).collect();
    let agent = chat("", &blocks, &[]);
    let names: Vec<_> = steps(&agent).iter().map(|step| step.label().name.clone()).collect();
    assert_eq!(names, (0..30).rev().map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn what_was_kept_is_compiled_to_the_same_again() {
    let first = agent(&source("interactive", CHAT, CHAT_PROMPTS));
    let kept = Kept::of(&first).unwrap().source().unwrap();
    assert_eq!(agent(&kept), first);
    // Through the store, as JSON.
    let text = serde_json::to_string(&first).unwrap();
    assert_eq!(serde_json::from_str::<Agent>(&text).unwrap(), first);
    assert!(Kept::of(&Agent::default()).is_none());
    assert_eq!((first.procedure, first.instructions == Template::default()), (Procedure::default(), false));
}
