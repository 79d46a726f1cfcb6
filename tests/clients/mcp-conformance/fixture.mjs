// A tool server with what the scenarios of the conformance suite ask for, over standard input and output, made with the
// published SDK. The bridge of `ombud serve` offers it over HTTP.

import { setTimeout as wait } from 'node:timers/promises';

import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';

// One red pixel, and a sound of no length.
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';

const text = (said) => ({ type: 'text', text: said });
const image = { type: 'image', data: PNG, mimeType: 'image/png' };
const resource = (uri, mimeType, said) => ({ type: 'resource', resource: { uri, mimeType, text: said } });
const nothing = { type: 'object', properties: {} };
const given = (...names) => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  required: names,
});
const choices = (...names) => names.map((name, at) => ({ const: `value${at + 1}`, title: name }));

const server = new Server(
  { name: 'conformance-fixture', version: '1.0.0' },
  {
    capabilities: {
      tools: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      prompts: { listChanged: true },
      logging: {},
      completions: {},
    },
  },
);

async function asked(message, requestedSchema) {
  const answer = await server.elicitInput({ message, requestedSchema });
  return `action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`;
}

const tools = {
  test_simple_text: { does: () => [text('This is a simple text response for testing.')] },
  test_image_content: { does: () => [image] },
  test_audio_content: { does: () => [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] },
  test_embedded_resource: {
    does: () => [resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  },
  test_multiple_content_types: {
    does: () => [
      text('Multiple content types test:'),
      image,
      resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
    ],
  },
  test_tool_with_logging: {
    async does() {
      for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        await server.notification({ method: 'notifications/message', params: { level: 'info', data } });
        await wait(50);
      }
      return [text('Three lines were logged.')];
    },
  },
  test_tool_with_progress: {
    async does(_, request) {
      const progressToken = request._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined) {
          await server.notification({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
        }
        await wait(50);
      }
      return [text('It is done.')];
    },
  },
  test_error_handling: {
    does() {
      throw new Error('This tool intentionally returns an error for testing');
    },
  },
  test_sampling: {
    inputSchema: given('prompt'),
    async does({ prompt }) {
      const messages = [{ role: 'user', content: text(prompt) }];
      const answer = await server.createMessage({ messages, maxTokens: 100 });
      return [text(`LLM response: ${answer.content.text}`)];
    },
  },
  test_elicitation: {
    inputSchema: given('message'),
    async does({ message }) {
      return [text(`User response: ${await asked(message, given('username', 'email'))}`)];
    },
  },
  test_elicitation_sep1034_defaults: {
    async does() {
      const properties = {
        name: { type: 'string', default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true },
      };
      return [text(`Elicitation completed: ${await asked('Who are you?', { type: 'object', properties })}`)];
    },
  },
  test_elicitation_sep1330_enums: {
    async does() {
      const options = ['option1', 'option2', 'option3'];
      const properties = {
        untitledSingle: { type: 'string', enum: options },
        titledSingle: { type: 'string', oneOf: choices('First Option', 'Second Option', 'Third Option') },
        legacyEnum: {
          type: 'string',
          enum: ['opt1', 'opt2', 'opt3'],
          enumNames: ['Option One', 'Option Two', 'Option Three'],
        },
        untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
        titledMulti: { type: 'array', items: { anyOf: choices('First Choice', 'Second Choice', 'Third Choice') } },
      };
      return [text(`Elicitation completed: ${await asked('Which?', { type: 'object', properties })}`)];
    },
  },
  test_reconnection: { does: () => [text('The answer came.')] },
  json_schema_2020_12_tool: {
    description: 'Tool with JSON Schema 2020-12 features',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } },
      },
      properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
      additionalProperties: false,
    },
    does: () => [text('It was called.')],
  },
};

server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: Object.entries(tools).map(([name, { description, inputSchema }]) => ({
    name,
    description: description ?? `The tool of the scenario: ${name}`,
    inputSchema: inputSchema ?? nothing,
  })),
}));

server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
  const tool = tools[params.name];
  try {
    if (!tool) throw new Error(`there is no tool ${params.name}`);
    return { content: await tool.does(params.arguments ?? {}, params) };
  } catch (error) {
    return { isError: true, content: [text(error.message)] };
  }
});

const resources = {
  'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
  'test://static-binary': { mimeType: 'image/png', blob: PNG },
  'test://watched-resource': { mimeType: 'text/plain', text: 'It may change.' },
};

server.setRequestHandler(ListResourcesRequestSchema, () => ({
  resources: Object.entries(resources).map(([uri, { mimeType }]) => ({
    uri,
    name: uri.slice('test://'.length),
    description: `The resource of the scenario: ${uri}`,
    mimeType,
  })),
}));

server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
  resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' }],
}));

server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id) {
    const data = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
    return { contents: [{ uri, mimeType: 'application/json', text: data }] };
  }
  if (!resources[uri]) throw new Error(`there is no resource ${uri}`);
  return { contents: [{ uri, ...resources[uri] }] };
});

server.setRequestHandler(SubscribeRequestSchema, () => ({}));
server.setRequestHandler(UnsubscribeRequestSchema, () => ({}));
server.setRequestHandler(SetLevelRequestSchema, () => ({}));

const said = (...contents) => ({ messages: contents.map((content) => ({ role: 'user', content })) });
const prompts = {
  test_simple_prompt: { does: () => said(text('This is a simple prompt for testing.')) },
  test_prompt_with_arguments: {
    wants: ['arg1', 'arg2'],
    does: ({ arg1, arg2 }) => said(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  },
  test_prompt_with_embedded_resource: {
    wants: ['resourceUri'],
    does: ({ resourceUri }) =>
      said(
        resource(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
        text('Please process the embedded resource above.'),
      ),
  },
  test_prompt_with_image: { does: () => said(image, text('Please analyze the image above.')) },
};

server.setRequestHandler(ListPromptsRequestSchema, () => ({
  prompts: Object.entries(prompts).map(([name, { wants = [] }]) => ({
    name,
    description: `The prompt of the scenario: ${name}`,
    arguments: wants.map((want) => ({ name: want, description: 'An argument', required: true })),
  })),
}));

server.setRequestHandler(GetPromptRequestSchema, ({ params }) => {
  const prompt = prompts[params.name];
  if (!prompt) throw new Error(`there is no prompt ${params.name}`);
  return prompt.does(params.arguments ?? {});
});

server.setRequestHandler(CompleteRequestSchema, ({ params }) => {
  const values = ['paris', 'park', 'party'].filter((value) => value.startsWith(params.argument.value));
  return { completion: { values, total: values.length, hasMore: false } };
});

await server.connect(new StdioServerTransport());
