// Requests of our own to the API, byte by byte as the packages send them, with every answer held to its shape.
//
//   const wire = new Wire({ url, key, generation: 6 });
//   const session = await wire.session('agent-slug', { NAME: 'x' });
//   const leg = await wire.trigger(session, 'user-message', { USER_MESSAGE: 'hi' });
//   leg.events, leg.comments, leg.status, leg.headers
//   await wire.refused('GET', '/api/agents/none', undefined, 404, 'NOT_FOUND');

import assert from 'node:assert/strict';

import { limited } from '../ombud.mjs';
import { kinds } from './order.mjs';
import { ANSWERS, chatMessageProblems, messageProblems, problems } from './shapes.mjs';

/** How long one stream may take, in milliseconds. */
const PATIENCE = 30_000;

export class Wire {
  constructor({ url, key = null, generation = 6, headers = {} }) {
    Object.assign(this, { url, key, generation, more: headers });
  }

  /** The same with something changed. */
  as(changes) {
    return new Wire({ url: this.url, key: this.key, generation: this.generation, headers: this.more, ...changes });
  }

  headers() {
    return {
      'content-type': 'application/json',
      ...(this.key ? { authorization: `Bearer ${this.key}` } : {}),
      ...(this.generation >= 4 ? { 'x-octavus-sdk-version': '4' } : {}),
      ...this.more,
    };
  }

  send(method, path, body, options = {}) {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    return fetch(this.url + path, { method, headers: this.headers(), body: text, ...options });
  }

  /** A plain request that is granted: its answer, which has the shape of that name. */
  async ask(method, path, body, shape = null) {
    const response = await this.send(method, path, body);
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`);
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/, `${method} ${path}`);
    const answer = JSON.parse(text);
    if (shape) assert.deepEqual(problems(ANSWERS[shape], answer), [], `${method} ${path}`);
    return answer;
  }

  /** A request that is refused: the flat error. A list of statuses = one of them. */
  async refused(method, path, body, status, code = null) {
    const response = await this.send(method, path, body);
    const text = await response.text();
    const told = `${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`;
    assert.ok([status].flat().includes(response.status), `${told}, not ${status}`);
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/, told);
    const answer = JSON.parse(text);
    assert.deepEqual(problems(ANSWERS.refused, answer), [], told);
    if (code) assert.equal(answer.code, code, told);
    return { ...answer, status: response.status, headers: response.headers };
  }

  async session(agentId, input = undefined) {
    const { sessionId } = await this.ask('POST', '/api/agent-sessions', { agentId, input }, 'created');
    assert.match(sessionId, /^[A-Za-z0-9_-]+$/, 'an id that needs no escapes');
    return sessionId;
  }

  /** The whole state, its messages held to their shape. */
  async state(session) {
    const state = await this.ask('GET', `/api/agent-sessions/${session}`, undefined, 'state');
    assert.deepEqual(state.messages.flatMap((message) => chatMessageProblems(message, this.generation)), []);
    return state;
  }

  /** The messages for users, held to their shape. */
  async messages(session) {
    const answer = await this.ask('GET', `/api/agent-sessions/${session}?format=ui`, undefined, 'messages');
    assert.equal(answer.sessionId, session);
    const found = answer.messages.flatMap((message) => messageProblems(message, this.generation));
    assert.deepEqual(found, [], JSON.stringify(answer.messages).slice(0, 2000));
    const ids = answer.messages.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length, 'each message has an id of its own');
    return answer.messages;
  }

  /** An event stream that is open; refused ones have a status and no events. */
  async open(path, body) {
    const leaving = new AbortController();
    const response = await this.send('POST', path, body, { signal: leaving.signal });
    return new Stream(response, leaving);
  }

  /** An event stream, read to its end. */
  async stream(path, body) {
    const stream = await this.open(path, body);
    return stream.whole();
  }

  trigger(session, triggerName, input = undefined, more = {}) {
    return this.stream(`/api/agent-sessions/${session}/trigger`, { triggerName, input, ...more });
  }

  /** The next leg: results by the id of the call. */
  answer(session, executionId, toolResults, more = {}) {
    return this.stream(`/api/agent-sessions/${session}/trigger`, { executionId, toolResults, ...more });
  }
}

/** An event stream, whose every byte is looked at. */
export class Stream {
  constructor(response, leaving) {
    Object.assign(this, { response, leaving, events: [], comments: [], done: false, left: '', status: response.status });
    this.headers = response.headers;
    if (this.status !== 200) return;
    assert.match(this.headers.get('content-type') ?? '', /^text\/event-stream/);
    this.reader = response.body.getReader();
    this.decoder = new TextDecoder('utf-8', { fatal: true });
  }

  /** The execution that it belongs to. */
  get execution() {
    return this.events.find(({ type }) => type === 'start')?.executionId;
  }

  /** The calls that it asks for. */
  get calls() {
    return this.events.find(({ type }) => type === 'tool-request')?.toolCalls ?? [];
  }

  get end() {
    return this.events.find(({ type }) => type === 'finish' || type === 'error');
  }

  get kinds() {
    return kinds(this.events);
  }

  take(frame) {
    assert.ok(!this.done, `something follows [DONE]: ${frame}`);
    assert.ok(!frame.includes('\n'), `a frame is one line: ${JSON.stringify(frame)}`);
    if (frame.startsWith(':')) this.comments.push(frame);
    else if (frame === 'data: [DONE]') this.done = true;
    else {
      assert.ok(frame.startsWith('data: {'), `a frame begins with \`data: \`: ${JSON.stringify(frame)}`);
      this.events.push(JSON.parse(frame.slice(6)));
    }
  }

  /** Reads on; false at the end. */
  async read() {
    const { done, value } = await this.reader.read();
    this.left += done ? this.decoder.decode() : this.decoder.decode(value, { stream: true });
    const frames = this.left.split('\n\n');
    this.left = frames.pop();
    for (const frame of frames) this.take(frame);
    if (done) assert.equal(this.left, '', 'the last frame ends');
    return !done;
  }

  /** Reads until something holds. */
  async until(holds, what = 'it') {
    const reading = async () => {
      while (!holds(this)) assert.ok(await this.read(), `the stream ends before ${what}: ${JSON.stringify(this.events)}`);
    };
    await limited(reading(), PATIENCE, `${what} does not come`);
    return this;
  }

  /** Reads to the end, which is told. A refusal is kept in `refusal`. */
  async whole() {
    if (this.status !== 200) {
      this.refusal = await this.response.json();
      assert.deepEqual(problems(ANSWERS.refused, this.refusal), []);
      return this;
    }
    const reading = async () => {
      while (await this.read());
    };
    await limited(reading(), PATIENCE, 'the end of a stream does not come');
    assert.ok(this.done, `the stream ends without [DONE]: ${JSON.stringify(this.events.slice(-3))}`);
    return this;
  }

  /** Goes away without a word. */
  leave() {
    this.leaving.abort();
  }
}
