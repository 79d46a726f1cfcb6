//! Definitions as wholes: what becomes of good ones, and everything that is told of broken ones.

mod broken;
mod folders;
mod meaning;
mod walk;

use super::*;

/// A definition of these texts.
fn source(format: &str, protocol: &str, prompts: &[(&str, &str)]) -> Source {
    let settings = Settings { slug: "helper".into(), name: "Helper".into(), description: None, format: format.into() };
    let prompt = |(name, content): &(&str, &str)| Prompt { name: (*name).into(), content: (*content).into() };
    Source { settings, protocol: protocol.into(), prompts: prompts.iter().map(prompt).collect(), references: Vec::new() }
}

const CHAT: &str = "\
input:
  COMPANY_NAME: { type: string, description: Shown in the system prompt, optional: true, default: Nobody Inc }
variables:
  LOOKUP: { type: unknown }
resources:
  LAST_LOOKUP: { type: unknown, description: Result of the last lookup }
triggers:
  user-message: { description: A chat message, input: { USER_MESSAGE: { type: string } } }
  lookup: { input: { WHO: { type: string, optional: true } } }
tools:
  get-user:
    description: Looking up a user
    display: stream
    parameters: { userId: { type: string, description: Id of the user } }
agent:
  model: openai/mock-model
  system: system
  input: [COMPANY_NAME]
  tools: [get-user]
  agentic: true
  maxSteps: 5
handlers:
  user-message:
    Add user message: { block: add-message, role: user, prompt: user-message, input: [USER_MESSAGE], display: hidden }
    Respond: { block: next-message }
  lookup:
    Look up: { block: tool-call, tool: get-user, input: { userId: WHO }, output: LOOKUP }
    Keep it: { block: set-resource, resource: LAST_LOOKUP, value: LOOKUP }
";

const CHAT_PROMPTS: &[(&str, &str)] =
    &[("system", "You answer for {{COMPANY_NAME}}.\n"), ("user-message", "{{USER_MESSAGE}}\n")];

const WORKER: &str = "\
input:
  TOPIC: { type: string }
variables:
  ANSWER: { type: string }
steps:
  Open thread: { block: start-thread, thread: work, model: openai/mock-model, system: system }
  Ask: { block: add-message, thread: work, role: user, prompt: ask, input: [TOPIC] }
  Answer: { block: next-message, thread: work, output: ANSWER }
output: ANSWER
";

#[test]
fn a_chat_becomes_an_agent() {
    let source = source("interactive", CHAT, CHAT_PROMPTS);
    let (agent, faults) = compile(&source);
    let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "protocol.yaml:5: resources: warning: resources are deprecated since Octavus 6: a tool of the application can keep values too"
        ]
    );
    let mut agent = agent.unwrap();
    let kept = Kept::of(&agent).unwrap();
    assert_eq!(kept.source().unwrap(), source);
    assert_eq!((kept.format(), kept.inputs()), (Format::Interactive, vec!["COMPANY_NAME"]));
    assert_eq!((kept.variables(), kept.resources()), (vec!["LOOKUP"], vec!["LAST_LOOKUP"]));
    agent.attributes.clear();
    insta::assert_json_snapshot!(agent);
}

#[test]
fn a_worker_becomes_an_agent() {
    let (agent, faults) =
        compile(&source("worker", WORKER, &[("system", "You write one line.\n"), ("ask", "[plain] {{TOPIC}}\n")]));
    assert_eq!(faults, []);
    let mut agent = agent.unwrap();
    assert_eq!(Kept::of(&agent).unwrap().format(), Format::Worker);
    agent.attributes.clear();
    insta::assert_json_snapshot!(agent);
}
