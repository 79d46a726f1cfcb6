// What the packages accept, as tables: each stream event, message and answer with its fields. A field that is not in a
// table, is missing, has another type or is null where nothing says so is a problem, in words.
//
//   problems(EVENTS.finish, event)             a list of texts; empty = as it must be
//   eventProblems(event, generation)
//   messageProblems(message, generation)
//
// Generation 6 is a request with `X-Octavus-Sdk-Version: 4`, which releases from 4.0.0 on send. Generation 2 is one
// without: 2.0.0 to 3.x, of which the older strip fields that they do not know, but refuse kinds of parts and values that
// they do not know. So both get the same fields, and generation 2 fewer kinds.

const s = 'string';
const n = 'number';
const b = 'boolean';
const any = 'anything';
const map = 'object';
const opt = (type) => ({ optional: type });
const list = (type) => ({ list: type });
const words = (...of) => ({ words: of });
const is = (value) => ({ words: [value] });
const orNull = (type) => ({ orNull: type });
/** What begins like an ISO date in UTC. */
const date = { pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/ };

/** What is wrong with a value, measured by a shape. */
export function problems(shape, value, place = 'it') {
  const tell = (must) => [`${place} must be ${must}, and is ${JSON.stringify(value)?.slice(0, 200)}`];
  if (shape === any) return value === undefined ? tell('there') : [];
  if (shape === map) return value !== null && typeof value === 'object' && !Array.isArray(value) ? [] : tell('an object');
  if (typeof shape === 'string') return typeof value === shape && !Number.isNaN(value) ? [] : tell(`a ${shape}`);
  if (shape.orNull) return value === null ? [] : problems(shape.orNull, value, place);
  if (shape.words) return shape.words.includes(value) ? [] : tell(`one of ${shape.words.join(', ')}`);
  if (shape.pattern) return typeof value === 'string' && shape.pattern.test(value) ? [] : tell(`like ${shape.pattern}`);
  if (shape.list) {
    if (!Array.isArray(value)) return tell('a list');
    return value.flatMap((item, at) => problems(shape.list, item, `${place}[${at}]`));
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return tell('an object');
  const found = [];
  for (const key of Object.keys(value)) {
    if (!(key in shape)) found.push(`${place}.${key} is no field: ${JSON.stringify(value[key])?.slice(0, 100)}`);
  }
  for (const [key, type] of Object.entries(shape)) {
    const inner = type.optional ?? type;
    if (!(key in value)) {
      if (type.optional === undefined) found.push(`${place}.${key} is missing`);
    } else found.push(...problems(inner, value[key], `${place}.${key}`));
  }
  return found;
}

const worker = { workerId: opt(s) };
const FILE = { id: s, mediaType: s, url: s, filename: opt(s), size: opt(n) };
const CALL = {
  toolCallId: s, toolName: s, args: map, source: opt(words('llm', 'block')), outputVariable: opt(s), blockIndex: opt(n),
  thread: opt(s), ...worker,
};
const DISPLAYS = { 2: words('hidden', 'name', 'description', 'stream'), 6: words('hidden', 'name', 'description', 'stream', 'title') };
const TODOS = list({ id: s, content: s, status: words('pending', 'in_progress', 'completed', 'cancelled') });

export const ERROR_TYPES = [
  'authentication_error', 'permission_error', 'validation_error', 'not_found_error', 'rate_limit_error', 'quota_exceeded_error',
  'provider_error', 'provider_overloaded', 'provider_timeout', 'execution_error', 'tool_error', 'protocol_error',
  'internal_error', 'unknown_error',
];

/** Each event by its type, without `type` itself. `source` is told apart below. */
const events = (display) => ({
  start: { messageId: opt(s), executionId: opt(s), lastMessageId: opt(s), sessionId: opt(s) },
  finish: {
    finishReason: words('stop', 'tool-calls', 'client-tool-calls', 'length', 'content-filter', 'error', 'other'),
    executionId: opt(s),
  },
  error: {
    errorType: words(...ERROR_TYPES), message: s, retryable: b, source: words('platform', 'provider', 'tool', 'client'),
    retryAfter: opt(n), code: opt(s),
    provider: opt({ name: s, model: opt(s), statusCode: opt(n), errorType: opt(s), requestId: opt(s) }),
    tool: opt({ name: s, callId: opt(s) }),
  },
  'text-start': { id: s, responseType: opt(s), ...worker },
  'text-delta': { id: s, delta: s, ...worker },
  'text-end': { id: s, ...worker },
  'reasoning-start': { id: s, ...worker },
  'reasoning-delta': { id: s, delta: s, ...worker },
  'reasoning-end': { id: s, ...worker },
  'tool-input-start': { toolCallId: s, toolName: s, title: opt(s), display: opt(display), ...worker },
  'tool-input-delta': { toolCallId: s, inputTextDelta: s, ...worker },
  'tool-input-end': { toolCallId: s, ...worker },
  'tool-input-available': { toolCallId: s, toolName: s, input: any, ...worker },
  'tool-output-available': { toolCallId: s, output: any, ...worker },
  'tool-output-error': { toolCallId: s, error: s, ...worker },
  'block-start': {
    blockId: s, blockName: s, blockType: s, display, description: opt(s), outputToChat: opt(b), thread: opt(s), ...worker,
  },
  'block-end': { blockId: s, summary: opt(s), ...worker },
  'resource-update': { name: s, value: any },
  'tool-request': { toolCalls: list(CALL), ...worker },
  'file-available': { ...FILE, toolCallId: opt(s), ...worker },
  'worker-start': { workerId: s, workerSlug: s, description: opt(s), input: opt(map) },
  'worker-result': { workerId: s, output: opt(any), error: opt(s) },
  'worker-input-start': { workerId: s, workerSlug: s, description: opt(s) },
  'worker-input-delta': { workerId: s, delta: s },
  'worker-input-ready': { workerId: s, workerSlug: opt(s), description: opt(s), input: map },
  'todo-update': { todos: TODOS, ...worker },
  usage: {
    cost: { currency: s, bandwidthFee: n, providerFee: n, totalFee: n, byok: b, estimatedProviderFee: opt(n) },
    tokens: { inputTokens: n, outputTokens: n, totalTokens: n },
  },
});
export const EVENTS = { 2: events(DISPLAYS[2]), 6: events(DISPLAYS[6]) };

const sources = (more) => ({
  url: { sourceType: is('url'), id: s, url: s, title: opt(s), ...more },
  document: { sourceType: is('document'), id: s, mediaType: s, title: s, filename: opt(s), ...more },
});

/** What is wrong with an event of a stream. */
export function eventProblems(event, generation = 6) {
  const { type, ...fields } = event ?? {};
  const shape = type === 'source' ? sources(worker)[fields.sourceType] : EVENTS[generation][type];
  if (!shape) return [`${JSON.stringify(event)?.slice(0, 200)} is of no kind that there is`];
  return problems(shape, fields, type);
}

const inThread = { thread: opt(s) };
const provider = { providerMetadata: opt(map) };
const parts = (generation) => {
  const late = generation >= 4 ? ['cancelled'] : [];
  const old = {
    text: { text: s, status: words('streaming', 'done'), ...inThread },
    reasoning: { text: s, status: words('streaming', 'done'), ...inThread, ...provider },
    'tool-call': {
      toolCallId: s, toolName: s, displayName: opt(s), args: map, result: opt(any), error: opt(s),
      status: words('pending', 'running', 'done', 'error', ...late), display: opt(DISPLAYS[6]), ...inThread, ...provider,
    },
    operation: { operationId: s, name: s, operationType: s, status: words('running', 'done', ...late), ...inThread },
    file: { ...FILE, toolCallId: opt(s), ...inThread },
    object: {
      id: s, typeName: s, partial: opt(any), object: opt(any), status: words('streaming', 'done', 'error'), error: opt(s), ...inThread,
    },
  };
  if (generation < 4) return old;
  return {
    ...old,
    'step-start': {},
    todo: { todos: TODOS, status: words('streaming', 'done', 'error', 'running'), ...inThread },
    worker: {
      workerId: s, workerSlug: s, description: opt(s), input: opt(map), parts: list(map), output: opt(any), error: opt(s),
      status: words('running', 'done', 'error', 'cancelled'),
    },
  };
};
const PARTS = { 2: parts(2), 6: parts(6) };
const SENDER = { id: opt(s), name: opt(s), image: opt(s) };

const MESSAGE = {
  id: s, role: words('user', 'assistant'), parts: list(map), status: words('streaming', 'done'), createdAt: date, sender: opt(SENDER),
};

/** What is wrong with a message for users. */
export function messageProblems(message, generation = 6) {
  const found = problems(MESSAGE, message, 'message');
  for (const [at, part] of (message?.parts ?? []).entries()) {
    const { type, ...fields } = part;
    const shape = type === 'source' ? sources(inThread)[fields.sourceType] : PARTS[generation][type];
    if (!shape) found.push(`message.parts[${at}] is of a kind that this generation does not know: ${type}`);
    else found.push(...problems(shape, fields, `message.parts[${at}]`));
    if (type === 'worker') {
      if (part.parts?.some((inner) => inner.type === 'worker')) found.push(`message.parts[${at}]: a worker in a worker`);
    }
  }
  return found;
}

const TOOL_CALL = {
  id: s, name: s, description: opt(s), arguments: map, status: words('pending', 'streaming', 'available', 'error'),
  result: opt(any), error: opt(s), display: opt(DISPLAYS[6]),
};
const CHAT_PARTS = ['text', 'reasoning', 'tool-call', 'source', 'file', 'object'];
const chatPart = (generation) => ({
  type: words(...CHAT_PARTS, ...(generation >= 4 ? ['step-start', 'operation', 'worker', 'todo'] : [])),
  visible: b, content: opt(s), toolCall: opt(TOOL_CALL), source: opt(map), file: opt({ ...FILE, toolCallId: opt(s) }),
  object: opt({ id: s, typeName: s, value: any }), ...inThread, operation: opt(map), worker: opt(map), todo: opt(map), ...provider,
});

/** What is wrong with a message of the whole state. */
export function chatMessageProblems(message, generation = 6) {
  return problems({
    id: s, role: words('user', 'assistant', 'system'), parts: list(chatPart(generation)), createdAt: s, content: s,
    toolCalls: opt(list(TOOL_CALL)), visible: opt(b), reasoning: opt(s), reasoningSignature: opt(s), sender: opt(SENDER),
  }, message, 'message');
}

/** Answers of plain requests. */
export const ANSWERS = {
  refused: { error: s, code: { pattern: /^[A-Z][A-Z_]*$/ } },
  created: { sessionId: s },
  expired: { sessionId: s, agentId: s, status: is('expired'), createdAt: date },
  messages: { sessionId: s, agentId: s, messages: list(map), status: opt(is('active')) },
  state: {
    id: s, agentId: s, createdAt: date, updatedAt: date, input: map, variables: map, resources: map, messages: list(map),
    status: opt(is('active')),
  },
  restored: { sessionId: s, restored: b },
  cleared: { sessionId: s, cleared: b },
  logs: { sessionId: s, entries: list(map), total: opt(n), truncated: opt(b) },
  agents: {
    agents: list({
      slug: s, id: s, name: s, description: orNull(s), format: words('interactive', 'worker'), createdAt: date, updatedAt: date,
      projectId: s,
    }),
  },
  agent: {
    id: s, settings: { slug: s, name: s, description: opt(s), format: words('interactive', 'worker') }, protocol: s,
    prompts: list({ name: s, content: s }), references: opt(list({ name: s, description: s, content: s })),
  },
  changed: { agentId: s, message: s },
  validated: {
    valid: b, errors: list({ message: s, path: opt(s), severity: is('error') }),
    warnings: list({ message: s, path: opt(s), severity: is('warning') }),
  },
  uploads: { files: list({ id: s, uploadUrl: { pattern: /^https?:\/\// }, downloadUrl: { pattern: /^https?:\/\// } }) },
  token: { token: s, jti: s, expiresAt: date },
  revoked: { revoked: b, jti: opt(s) },
};

/** The entries of a log that have fields of their own: (type, fields beside the common ones). */
const ENTRIES = [
  'trigger', 'message', 'tool-call', 'tool-result', 'llm-tool-request', 'llm-response', 'reasoning', 'thread-created',
  'block-operation', 'model-request', 'step-stats', 'worker-execution', 'worker-output', 'compaction', 'tool-output-bounded',
  'image-adapted', 'abort', 'error',
];

/** What is wrong with an entry of a log: id, time and a type that there is, and nothing that is null. */
export function entryProblems(entry) {
  const { id, timestamp, type, ...rest } = entry ?? {};
  const found = problems({ id: s, timestamp: date, type: words(...ENTRIES) }, { id, timestamp, type }, 'entry');
  for (const [key, value] of Object.entries(rest)) if (value === null) found.push(`entry.${key} is null`);
  return found;
}
