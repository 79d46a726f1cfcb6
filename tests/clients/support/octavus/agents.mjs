// The agents of the suites, as definitions of the API: settings, protocol, prompts, references.
//
//   definition('chat')                          what is sent to the API
//   definition('chat', { slug, protocol: (yaml) => yaml })   changed
//   writeAgent(folder, definition('chat'))      the folder that the CLI reads

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const CHAT = `# Everything that an interactive agent has.
input:
  COMPANY_NAME:
    type: string
    description: Who the agent works for
    optional: true
    default: Nobody Inc

variables:
  LOOKUP:
    type: unknown
  SUMMARY:
    type: string
  REPORT:
    type: unknown

resources:
  LAST_LOOKUP:
    type: unknown
    description: What the last lookup found

types:
  Report:
    title:
      type: string
    slug:
      type: string

triggers:
  user-message:
    description: A message of the chat
    input:
      USER_MESSAGE:
        type: string
  with-files:
    description: A message with files
    input:
      USER_MESSAGE:
        type: string
      FILES:
        type: file[]
        optional: true
  lookup:
    description: One call of a tool, without the model
    input:
      WHO:
        type: string
  look-and-tell:
    description: A call of a tool in the middle of a handler
    input:
      WHO:
        type: string
  report:
    description: An answer of a type
    input:
      USER_MESSAGE:
        type: string
  hint:
    description: Something that only the model is told
    input:
      TEXT:
        type: string
  summarise:
    description: A thread of its own

tools:
  get-user:
    description: Looking up a user
    display: stream
    parameters:
      userId:
        type: string
        description: Id of the user
  get-weather:
    description: Asking for the weather
    parameters:
      city:
        type: string
      days:
        type: integer
        optional: true
  ask-person:
    description: Asking the person
    display: name
    parameters:
      question:
        type: string
  whisper:
    description: Something that nobody is shown
    display: hidden
    parameters:
      text:
        type: string

agent:
  model: openai/mock-model
  system: system
  input:
    - COMPANY_NAME
  tools:
    - get-user
    - get-weather
    - ask-person
    - whisper
  agentic: true
  maxSteps: 5

handlers:
  user-message:
    Add user message:
      block: add-message
      role: user
      prompt: user-message
      input:
        - USER_MESSAGE
      display: hidden
    Respond:
      block: next-message
  with-files:
    Add user message:
      block: add-message
      role: user
      prompt: user-message
      input:
        - USER_MESSAGE
      files:
        - FILES
      display: hidden
    Respond:
      block: next-message
  lookup:
    Look up:
      block: tool-call
      tool: get-user
      input:
        userId: WHO
      output: LOOKUP
    Keep it:
      block: set-resource
      resource: LAST_LOOKUP
      value: LOOKUP
  look-and-tell:
    Look up:
      block: tool-call
      tool: get-user
      input:
        userId: WHO
      output: LOOKUP
    Add what was found:
      block: add-message
      role: user
      prompt: found
      input:
        - LOOKUP
      display: hidden
    Respond:
      block: next-message
  report:
    Add user message:
      block: add-message
      role: user
      prompt: user-message
      input:
        - USER_MESSAGE
      display: hidden
    Write the report:
      block: next-message
      responseType: Report
      output: REPORT
  hint:
    Tell the model:
      block: add-message
      role: user
      prompt: hint
      input:
        - TEXT
      visible: false
      display: hidden
    Respond:
      block: next-message
  summarise:
    Read the conversation:
      block: serialize-thread
      format: markdown
      output: SUMMARY
      display: name
    Open a thread:
      block: start-thread
      thread: side
      model: openai/mock-model
      system: side
    Hand it over:
      block: add-message
      thread: side
      role: user
      prompt: summarise
      input:
        - SUMMARY
      display: hidden
    Sum up:
      block: next-message
      thread: side
      independent: true
      output: SUMMARY
      display: hidden
    Keep it:
      block: set-resource
      resource: LAST_LOOKUP
      value: SUMMARY
`;

const WORKER = `input:
  TASK:
    type: string
  STYLE:
    type: string
    optional: true
    default: plain

variables:
  ANSWER:
    type: string

tools:
  get-user:
    description: Looking up a user
    display: stream
    parameters:
      userId:
        type: string

steps:
  Open thread:
    block: start-thread
    thread: work
    model: openai/mock-model
    system: system
    input:
      - STYLE
    tools:
      - get-user
    maxSteps: 5
  Ask:
    block: add-message
    thread: work
    role: user
    prompt: task
    input:
      - TASK
  Answer:
    block: next-message
    thread: work
    output: ANSWER

output: ANSWER
`;

const AGENTS = {
  chat: {
    settings: { slug: 'suite-chat', name: 'Suite chat', description: 'Everything that an agent has', format: 'interactive' },
    protocol: CHAT,
    prompts: [
      { name: 'system', content: 'You answer for {{COMPANY_NAME}}.' },
      { name: 'user-message', content: '{{USER_MESSAGE}}' },
      { name: 'found', content: 'Tell it: {{LOOKUP}}' },
      { name: 'hint', content: '{{TEXT}}' },
      { name: 'side', content: 'You sum up.' },
      { name: 'summarise', content: 'say The gist.\nThis was said:\n{{SUMMARY}}' },
    ],
    references: [],
  },
  worker: {
    settings: { slug: 'suite-worker', name: 'Suite worker', format: 'worker' },
    protocol: WORKER,
    prompts: [
      { name: 'system', content: 'You write in the style {{STYLE}}.' },
      { name: 'task', content: '{{TASK}}' },
    ],
    references: [],
  },
};

/** A definition by its name, with other settings, or a protocol that is made of the old one. */
export function definition(name, { protocol = (text) => text, prompts = [], references = [], ...settings } = {}) {
  const { settings: own, protocol: text, prompts: known } = AGENTS[name];
  const kept = known.filter((prompt) => !prompts.some(({ name: other }) => other === prompt.name));
  return { settings: { ...own, ...settings }, protocol: protocol(text), prompts: [...kept, ...prompts], references };
}

/** The folder that the CLI reads. */
export function writeAgent(folder, { settings, protocol, prompts, references }) {
  const write = (name, text) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  write('settings.json', JSON.stringify(settings, null, 2));
  write('protocol.yaml', protocol);
  for (const { name, content } of prompts) write(`prompts/${name}.md`, content);
  for (const { name, description, content } of references) {
    write(`references/${name}.md`, `---\ndescription: ${description}\n---\n${content}`);
  }
  return folder;
}
