// A model for tests: a server that speaks OpenAI's chat completions, says what the prompt asks it to say, and holds
// every request to the rules that real providers have.
//
// The last message of a person is the script, one word of command a line; what is no command is answered with
// `You said: …`. Rounds (one for each call of the model) are parted by a line `then`:
//
//   think TEXT              reasons first
//   say TEXT                answers this text, word by word; several lines make one text of several lines
//   call NAME {"json": 1}   calls a tool, before or beside the text; several lines are several calls
//   slow MS                 waits so long before each word
//   hold NAME               waits at the gate NAME after the first word, see `gate`
//   words N                 answers N numbered words
//   fail STATUS TEXT        answers with an error instead; it comes again in every attempt
//   cut N                   closes the connection after N words
//
// A round after the last one that is written tells what the tools returned. A request for JSON gets a title and a slug.
//
//   const model = await startModel();
//   model.baseUrl, model.key         for the configuration of whoever asks it
//   model.gate('x').reached()        a promise: an answer waits there; .open() lets it, and all that come later, go on
//   model.requests                   what it was asked: { path, headers, body, wrong }
//   model.wrong()                    the rules that were broken, in words; a suite checks that there are none
//   await model.close()

import http from 'node:http';
import { once } from 'node:events';

/** Most bytes of a request. */
const REQUEST_BYTES = 64 << 20;

/** Starts a model on a free port of this machine. */
export async function startModel({ key = 'key-of-the-test-model', script = null } = {}) {
  const model = new Model(key, script);
  model.server.listen(0, '127.0.0.1');
  await once(model.server, 'listening');
  return model;
}

class Gate {
  constructor() {
    this.reached_ = new Promise((resolve) => (this.tell = resolve));
    this.opened = new Promise((resolve) => (this.open = resolve));
  }

  /** Ends when an answer waits here. */
  reached() {
    return this.reached_;
  }

  pass(gone) {
    this.tell();
    return Promise.race([this.opened, gone]);
  }
}

class Model {
  constructor(key, script) {
    this.key = key;
    /** Instead of the last message: (request body) => the text that is followed as a script, or null. */
    this.script = script;
    this.requests = [];
    /** Answers that are being sent now. */
    this.answering = 0;
    /** Answers whose reader went away before their end. */
    this.left = 0;
    this.gates = new Map();
    this.server = http.createServer((request, response) => {
      this.answer(request, response).catch((error) => {
        this.requests.push({ path: request.url, headers: request.headers, body: null, wrong: [String(error)] });
        response.destroy();
      });
    });
  }

  get port() {
    return this.server.address().port;
  }

  get baseUrl() {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  gate(name) {
    if (!this.gates.has(name)) this.gates.set(name, new Gate());
    return this.gates.get(name);
  }

  wrong() {
    return this.requests.flatMap(({ wrong }, number) => wrong.map((rule) => `request ${number}: ${rule}`));
  }

  async close() {
    for (const gate of this.gates.values()) gate.open();
    this.server.closeAllConnections();
    this.server.close();
  }

  async answer(request, response) {
    const pieces = [];
    let length = 0;
    for await (const piece of request) {
      length += piece.length;
      if (length > REQUEST_BYTES) throw new Error('the request is too long');
      pieces.push(piece);
    }
    let body = null;
    try {
      body = JSON.parse(Buffer.concat(pieces).toString('utf8'));
    } catch {
      // Told by the rules.
    }
    const wrong = violations(request, body, this.key);
    this.requests.push({ method: request.method, path: request.url, headers: request.headers, body, wrong });
    if (wrong.length > 0) return refuse(response, 400, `the test model refuses: ${wrong.join('; ')}`);
    const round = roundOf(body, this.script, this.requests.length);
    if (round.fail) return refuse(response, round.fail.status, round.fail.text);
    this.answering += 1;
    try {
      await (body.stream ? this.stream(response, body, round) : whole(response, body, round));
    } finally {
      this.answering -= 1;
    }
  }

  async stream(response, body, round) {
    let closed = false;
    const gone = once(response, 'close').then(() => (closed = true));
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.socket.setNoDelay(true);
    const base = { id: `c${this.requests.length}`, object: 'chat.completion.chunk', created: 0, model: body.model };
    const send = (delta, finish = null) => {
      if (closed) return;
      const choices = [{ index: 0, delta, finish_reason: finish }];
      response.write(`data: ${JSON.stringify({ ...base, choices })}\n\n`);
    };
    const wait = async () => {
      if (round.slow) await Promise.race([new Promise((done) => setTimeout(done, round.slow)), gone]);
    };
    send({ role: 'assistant', content: '' });
    for (const word of wordsOf(round.think)) {
      send({ reasoning_content: word });
      await wait();
    }
    const words = wordsOf(round.text);
    for (const [number, word] of words.entries()) {
      if (round.cut === number) return response.destroy();
      send({ content: word });
      if (number === 0 && round.hold) await this.gate(round.hold).pass(gone);
      await wait();
      if (closed) {
        this.left += 1;
        return undefined;
      }
    }
    if (words.length === 0 && round.hold) await this.gate(round.hold).pass(gone);
    for (const [index, call] of round.calls.entries()) {
      send({ tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }] });
      for (const half of halves(call.arguments)) {
        send({ tool_calls: [{ index, function: { arguments: half } }] });
        await wait();
      }
    }
    send({}, round.calls.length > 0 ? 'tool_calls' : 'stop');
    if (closed) {
      this.left += 1;
      return undefined;
    }
    if (body.stream_options?.include_usage) {
      response.write(`data: ${JSON.stringify({ ...base, choices: [], usage: usageOf(words) })}\n\n`);
    }
    response.end('data: [DONE]\n\n');
    return undefined;
  }
}

function refuse(response, status, message) {
  const error = { message, type: status >= 500 ? 'server_error' : 'invalid_request_error', code: null };
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error }));
}

function whole(response, body, round) {
  const message = { role: 'assistant', content: round.text };
  if (round.calls.length > 0) {
    message.tool_calls = round.calls.map(({ id, name, arguments: given }) => {
      return { id, type: 'function', function: { name, arguments: given } };
    });
  }
  const choices = [{ index: 0, message, finish_reason: round.calls.length > 0 ? 'tool_calls' : 'stop' }];
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ id: 'c', object: 'chat.completion', model: body.model, choices, usage: usageOf([]) }));
}

function usageOf(words) {
  return { prompt_tokens: 10, completion_tokens: words.length, total_tokens: 10 + words.length };
}

/** A text in pieces: each word with the blank after it. */
function wordsOf(text) {
  return text.match(/\S+\s*|^\s+/g) ?? [];
}

function halves(text) {
  const middle = Math.floor(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)];
}

function textOf(content) {
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => part.text ?? '').join('');
}

/** What is to be said to a request, which is the `request`th: ids of calls are never used twice. */
function roundOf(body, script, request) {
  const empty = { think: '', text: '', calls: [], slow: 0, hold: null, cut: null, fail: null };
  if (body.response_format && body.response_format.type !== 'text') {
    return { ...empty, text: JSON.stringify({ title: 'A short title', slug: 'a-short-title' }) };
  }
  const place = body.messages.findLastIndex(({ role }) => role === 'user');
  const after = body.messages.slice(place + 1);
  const number = after.filter(({ role }) => role === 'assistant').length;
  const rounds = (script?.(body) ?? textOf(body.messages[place].content)).split(/^then$/m);
  if (number >= rounds.length) {
    const returns = after.filter(({ role }) => role === 'tool').map(({ content }) => textOf(content));
    return { ...empty, text: `The tool returned: ${returns.at(-1) ?? 'nothing'}`.slice(0, 2000) };
  }
  const round = { ...empty, calls: [] };
  const said = [];
  const unknown = [];
  for (const line of rounds[number].split('\n')) {
    const [, command, rest] = /^\s*([a-z]+)(?: (.*))?$/.exec(line) ?? [];
    const call = command === 'call' ? /^(\S+)(?: (.*))?$/.exec(rest ?? '') : null;
    const fail = command === 'fail' ? /^(\d{3})(?: (.*))?$/.exec(rest ?? '') : null;
    const amount = /^\d+$/.test(rest ?? '') ? Number(rest) : null;
    if (command === 'say') said.push(rest ?? '');
    else if (command === 'think') round.think = rest ?? '';
    else if (command === 'hold' && rest) round.hold = rest.trim();
    else if (command === 'slow' && amount !== null) round.slow = amount;
    else if (command === 'cut' && amount !== null) round.cut = amount;
    else if (command === 'words' && amount !== null) said.push(numbered(amount));
    else if (fail) round.fail = { status: Number(fail[1]), text: fail[2] ?? 'as it was told' };
    else if (call) {
      const id = `call_${request}_${round.calls.length}`;
      round.calls.push({ id, name: call[1], arguments: call[2] ?? '{}' });
    } else unknown.push(line);
  }
  const rest = unknown.join('\n').trim();
  if (said.length > 0) round.text = said.join('\n');
  else if (rest && round.calls.length === 0) round.text = `You said: ${rest}`;
  else if (round.calls.length === 0 && !round.think) round.text = 'Nothing was asked.';
  return round;
}

function numbered(count) {
  return Array.from({ length: count }, (_, number) => `w${number + 1}`).join(' ');
}

/** What is wrong with a request; a provider would refuse it, or answer nonsense. */
function violations(request, body, key) {
  const wrong = [];
  const must = (holds, rule) => {
    if (!holds && !wrong.includes(rule)) wrong.push(rule);
  };
  must(request.method === 'POST', 'the method must be POST');
  must(request.url === '/v1/chat/completions', `the path must be /v1/chat/completions, not ${request.url}`);
  must((request.headers['content-type'] ?? '').startsWith('application/json'), 'the content type must be JSON');
  must(request.headers.authorization === `Bearer ${key}`, 'the key must be the one of this model');
  must(body !== null && typeof body === 'object', 'the body must be a JSON object');
  if (wrong.length > 0) return wrong;
  must(typeof body.model === 'string' && body.model !== '', 'the model must be set');
  for (const tool of body.tools ?? []) {
    must(tool.type === 'function' && Boolean(tool.function?.name), 'a tool must have a name');
    must(typeof tool.function?.parameters === 'object', 'a tool must have a schema');
  }
  const messages = Array.isArray(body.messages) ? body.messages : [];
  must(messages.some(({ role }) => role === 'user'), 'somebody must have asked something');
  const seen = new Set();
  let expected = [];
  for (const [place, message] of messages.entries()) {
    const { role, content, tool_calls: calls = [] } = message;
    must(['system', 'user', 'assistant', 'tool'].includes(role), 'a role must be known');
    must(role !== 'system' || place === 0, 'only the first message may be the system’s');
    must(calls.length === 0 || role === 'assistant', 'only the assistant may call tools');
    must(role === 'tool' || expected.length === 0, 'every call must be answered before the next message');
    if (role === 'tool') {
      must(expected.shift() === message.tool_call_id, 'returns must answer the calls, in order, each once');
      must(typeof content === 'string', 'a return must be a text');
    } else if (role === 'assistant') {
      must(Boolean(content) || calls.length > 0, 'an answer must not be empty');
    } else {
      must(isFilled(content), 'a message must not be empty');
    }
    for (const call of calls) {
      must(Boolean(call.id) && !seen.has(call.id), 'a call must have an id of its own');
      must(call.type === 'function' && Boolean(call.function?.name), 'a call must name a function');
      must(isObject(call.function?.arguments), 'arguments must be a JSON object');
      seen.add(call.id);
      expected.push(call.id);
    }
  }
  must(expected.length === 0, 'every call must be answered');
  must(['user', 'tool'].includes(messages.at(-1)?.role), 'the last word must not be the model’s');
  return wrong;
}

function isFilled(content) {
  if (typeof content === 'string') return content !== '';
  const isPart = (part) =>
    (part.type === 'text' && Boolean(part.text)) ||
    (part.type === 'image_url' && String(part.image_url?.url).startsWith('data:image/'));
  return Array.isArray(content) && content.length > 0 && content.every(isPart);
}

function isObject(text) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value);
  } catch {
    return false;
  }
}
