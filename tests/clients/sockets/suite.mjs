// Published clients over their real transports: Socket.IO 4 and 2, raw WebSocket, Server-Sent Events.
//
//   node tests/clients/sockets/suite.mjs [WORD]        only the checks that contain the word

import assert from 'node:assert/strict';
import { EventSource } from 'eventsource';
import { io } from 'socket.io-client';
import io2 from 'socket.io-client-2';
import WebSocket from 'ws';

import { startModel } from '../support/model.mjs';
import { limited, startOmbud } from '../support/ombud.mjs';
import { report } from '../support/report.mjs';

const suite = report('sockets');
const model = await startModel();
suite.atEnd(() => model.close());
const house = await startOmbud({ model, files: { 'colour.txt': 'teal\n' } });
suite.atEnd(() => house.close());

const TRANSPORTS = {
  polling: { transports: ['polling'] },
  websocket: { transports: ['websocket'] },
  'polling that becomes websocket': { transports: ['polling', 'websocket'] },
};

let gates = 0;
const gateName = () => `gate${(gates += 1)}`;

async function newSession(of = house) {
  return (await of.json('POST', '/api/v1/sessions/create', {})).sessionId;
}

/** What comes, kept in order, with a way to wait for something in it. */
class Heard {
  constructor() {
    this.all = [];
    this.waiting = [];
  }

  add(item) {
    this.all.push(item);
    this.waiting = this.waiting.filter((look) => !look());
  }

  /** Waits until one fits; answers the first that does. */
  until(fits, what = 'it', time = 20_000) {
    const found = new Promise((resolve) => {
      const look = () => {
        const item = this.all.find(fits);
        if (item !== undefined) resolve(item);
        return item !== undefined;
      };
      if (!look()) this.waiting.push(look);
    });
    return limited(found, time, `${what} does not come`);
  }
}

/** Holds Tarko's events of one session to what readers count on: each once, in order, every part whole. */
class Reader extends Heard {
  constructor() {
    super();
    this.ids = new Set();
    this.text = new Map();
    this.last = undefined;
    this.ends = 0;
  }

  take(event) {
    if (event.cursor) this.last = event.cursor;
    const { type, messageId, content } = event;
    if (type === 'assistant_streaming_message') {
      this.text.set(messageId, (this.text.get(messageId) ?? '') + content);
    } else if (type !== 'assistant_streaming_thinking_message' && type !== 'assistant_streaming_tool_call') {
      assert.ok(!this.ids.has(event.id), `twice: ${JSON.stringify(event)}`);
      this.ids.add(event.id);
      if (type === 'assistant_message' && event.finishReason === 'stop') {
        assert.equal(this.text.get(messageId) ?? '', content, 'every part is whole');
      }
      if (type === 'agent_run_end') this.ends += 1;
    }
    this.add(event);
  }

  get kinds() {
    return this.all.map(({ type }) => type).filter((type, place, all) => type !== all[place - 1]);
  }

  get grown() {
    return [...this.text.values()].join('');
  }

  ended(runs = 1) {
    return this.until(() => this.ends >= runs, `the end of run ${runs}`);
  }
}

const PLAIN = ['user_message', 'agent_run_start', 'assistant_streaming_message', 'assistant_message', 'agent_run_end'];

function connect(options, of = house) {
  return io(of.url, { reconnectionDelay: 50, reconnectionDelayMax: 200, forceNew: true, ...options });
}

/** A socket that has joined with an object, and what it hears. */
async function joined(options, session, of = house) {
  const socket = connect(options, of);
  const reader = new Reader();
  const statuses = new Heard();
  const errors = [];
  socket.on('agent-event', (event) => reader.take(event));
  socket.on('agent-status', (status) => statuses.add(status));
  socket.on('error', (text) => errors.push(text));
  // As a client that is to lose nothing does it: every connect joins, from where it was.
  socket.on('connect', () => socket.emit('join-session', { sessionId: session, after: reader.last }));
  await statuses.until(() => true, 'the status');
  return { socket, reader, statuses, errors };
}

for (const [name, options] of Object.entries(TRANSPORTS)) {
  await suite.check(`${name}: ping, join, query, events in order`, async () => {
    const session = await newSession();
    const { socket, reader, statuses } = await joined(options, session);
    assert.deepEqual(statuses.all, [{ isProcessing: false, state: 'idle' }]);
    await limited(new Promise((resolve) => socket.emit('ping', resolve)), 5_000, 'the callback is not called');
    socket.emit('send-query', { sessionId: session, query: 'say Grüße, 🦀 and all' });
    await reader.ended();
    assert.deepEqual(reader.kinds, PLAIN);
    assert.equal(reader.grown, 'Grüße, 🦀 and all');
    assert.equal(reader.all[0].content, 'say Grüße, 🦀 and all');
    socket.emit('send-query', { sessionId: session, query: 'call read_file {"path":"colour.txt"}\nthen\nsay It is teal.' });
    await reader.ended(2);
    assert.deepEqual(reader.kinds.slice(PLAIN.length), [
      'user_message', 'agent_run_start', 'assistant_message', 'tool_call', 'tool_result',
      'assistant_streaming_message', 'assistant_message', 'agent_run_end',
    ]);
    assert.match(reader.all.find(({ type }) => type === 'tool_result').content, /teal/);
    socket.disconnect();
  });

  await suite.check(`${name}: a client of the original that joins with the bare id`, async () => {
    const session = await newSession();
    const socket = connect(options);
    const heard = new Heard();
    socket.on('agent-event', (event) => heard.add(event));
    const status = await new Promise((resolve) => {
      socket.on('agent-status', resolve);
      socket.emit('join-session', session);
    });
    assert.deepEqual(status, { isProcessing: false, state: 'idle' });
    // A run that is started over HTTP shows.
    await house.json('POST', '/api/v1/sessions/query', { sessionId: session, query: 'say one two' });
    await heard.until(({ type, data }) => type === 'agent-status' && !data.isProcessing, 'the end');
    const words = heard.all.map(({ type, data }) => [type, data.phase ?? data.state ?? data.text ?? data.content]);
    assert.deepEqual(words.filter(([, word]) => word !== 'first_token_received'), [
      ['agent-status', 'query_preparation'],
      ['agent-status', 'request_processing'],
      ['query', 'say one two'],
      ['agent-status', 'model_initialization'],
      ['streaming_message', 'one '],
      ['streaming_message', 'two'],
      ['answer', 'one two'],
      ['agent-status', 'idle'],
    ]);
    socket.disconnect();
  });

  await suite.check(`${name}: abort`, async () => {
    const session = await newSession();
    const { socket, reader } = await joined(options, session);
    const gate = gateName();
    socket.emit('send-query', { sessionId: session, query: `hold ${gate}\nwords 50` });
    await model.gate(gate).reached();
    await reader.until(({ type }) => type === 'assistant_streaming_message', 'the first word');
    const result = new Promise((resolve) => socket.on('abort-result', resolve));
    socket.emit('abort-query', { sessionId: session });
    assert.deepEqual(await limited(result, 5_000, 'no result'), { success: true });
    const end = await reader.until(({ type }) => type === 'agent_run_end', 'the end');
    assert.equal(end.status, 'aborted');
    socket.disconnect();
  });

  await suite.check(`${name}: a connection that breaks in mid-answer loses and doubles nothing`, async () => {
    const session = await newSession();
    const { socket, reader } = await joined(options, session);
    const gate = gateName();
    socket.emit('send-query', { sessionId: session, query: `hold ${gate}\nwords 40\nslow 2` });
    await model.gate(gate).reached();
    await reader.until(({ type }) => type === 'assistant_streaming_message', 'the first word');
    for (let breaks = 0; breaks < 3; breaks += 1) {
      const again = new Promise((resolve) => socket.once('connect', resolve));
      socket.io.engine.close();
      if (breaks === 1) model.gate(gate).open();
      await limited(again, 20_000, 'it does not connect again');
    }
    await reader.ended();
    assert.deepEqual(reader.kinds, PLAIN);
    assert.equal(reader.grown.split(' ').length, 40);
    socket.disconnect();
  });

  await suite.check(`${name}: the server restarted under a connected client`, async () => {
    const own = await startOmbud({ model });
    try {
      const session = await newSession(own);
      const { socket, reader } = await joined(options, session, own);
      socket.emit('send-query', { sessionId: session, query: 'say before' });
      await reader.ended();
      const left = new Promise((resolve) => socket.once('disconnect', resolve));
      const ended = await own.stop();
      assert.equal(ended.code, 0, ended.stderr);
      const reason = await limited(left, 20_000, 'the client does not notice');
      assert.notEqual(reason, 'io server disconnect', 'after that a client would stay away');
      await own.start();
      await limited(new Promise((resolve) => socket.once('connect', resolve)), 20_000, 'it does not come back');
      socket.emit('send-query', { sessionId: session, query: 'say after' });
      await reader.ended(2);
      assert.deepEqual(reader.kinds, [...PLAIN, ...PLAIN]);
      socket.disconnect();
    } finally {
      await own.close();
    }
  });
}

await suite.check('what is no object harms nothing', async () => {
  const socket = connect(TRANSPORTS.websocket);
  const heard = new Heard();
  socket.on('error', (text) => heard.add(text));
  for (const event of ['join-session', 'send-query', 'abort-query', 'request-status']) {
    for (const payload of [undefined, null, 7, true, [], [1, 2], Buffer.from('bytes')]) socket.emit(event, payload);
  }
  await heard.until(() => heard.all.length === 28, '28 errors');
  assert.ok(heard.all.every((text) => typeof text === 'string' && text.length > 0));
  socket.emit('join-session', 'nobody');
  await heard.until((text) => text === 'Session not found', 'the last error');
  assert.ok(socket.connected);
  const status = new Promise((resolve) => socket.on('server-status', resolve));
  socket.emit('get-server-status');
  const { isExclusive, canAcceptNewRequest } = await limited(status, 5_000, 'no status');
  assert.deepEqual([isExclusive, canAcceptNewRequest], [false, true]);
  socket.disconnect();
});

await suite.check('two sockets see the same, and joining twice doubles nothing', async () => {
  const session = await newSession();
  const one = await joined(TRANSPORTS.websocket, session);
  const two = await joined(TRANSPORTS.polling, session);
  const again = one.statuses.all.length;
  one.socket.emit('join-session', { sessionId: session });
  await one.statuses.until(() => one.statuses.all.length > again, 'the second status');
  one.socket.emit('send-query', { sessionId: session, query: 'words 20' });
  await Promise.all([one.reader.ended(), two.reader.ended()]);
  const kept = ({ all }) => all.filter(({ type }) => !type.includes('streaming'));
  assert.deepEqual(kept(one.reader), kept(two.reader));
  assert.equal(one.reader.grown, two.reader.grown);
  one.socket.disconnect();
  two.socket.disconnect();
});

const guarded = await startOmbud({ model, token: 'correct-horse' });
suite.atEnd(() => guarded.close());

for (const [name, options] of Object.entries(TRANSPORTS)) {
  await suite.check(`${name}: a wrong token is a connect_error with our words, the right one opens`, async () => {
    for (const auth of [{}, { token: 'guess' }, { apiKey: 'guess' }, { token: 7 }]) {
      const socket = connect({ ...options, auth, reconnection: false }, guarded);
      const error = await limited(new Promise((resolve) => socket.on('connect_error', resolve)), 10_000, 'no error');
      assert.match(error.message, /token.*send the token that the server was started with/s);
      socket.disconnect();
    }
    const ways = [
      { auth: { token: 'correct-horse' } },
      { auth: { apiKey: 'correct-horse' } },
      { query: { token: 'correct-horse' } },
      { extraHeaders: { authorization: 'Bearer correct-horse' } },
      { extraHeaders: { 'x-api-key': 'correct-horse' } },
    ];
    for (const way of ways) {
      const socket = connect({ ...options, ...way, reconnection: false }, guarded);
      const opened = new Promise((resolve, reject) => {
        socket.on('connect', resolve);
        socket.on('connect_error', (error) => reject(new Error(`${JSON.stringify(way)}: ${error.message}`)));
      });
      await limited(opened, 10_000, 'it does not connect');
      socket.disconnect();
    }
  });
}

for (const transport of ['polling', 'websocket']) {
  await suite.check(`client 2.x over ${transport}: join, query; refused in words`, async () => {
    const session = await newSession();
    const socket = io2(house.url, { transports: [transport], forceNew: true });
    const heard = new Heard();
    socket.on('agent-event', (event) => heard.add(event));
    await limited(new Promise((resolve) => socket.on('connect', resolve)), 10_000, 'it does not connect');
    // `ping` is a word of the client itself in that version: it is never sent.
    const status = new Promise((resolve) => socket.on('agent-status', resolve));
    socket.emit('join-session', session);
    assert.deepEqual(await limited(status, 5_000, 'no status'), { isProcessing: false, state: 'idle' });
    socket.emit('send-query', { sessionId: session, query: 'say from the past' });
    const answer = await heard.until(({ type }) => type === 'answer', 'the answer');
    assert.equal(answer.data.text, 'from the past');
    socket.disconnect();

    const refused = io2(guarded.url, { transports: [transport], forceNew: true, reconnection: false });
    const error = await limited(new Promise((resolve) => refused.on('error', resolve)), 10_000, 'no error');
    assert.match(JSON.stringify(error.message ?? error), /no token was sent/);
    refused.disconnect();
    const query = { token: 'correct-horse' };
    const opened = io2(guarded.url, { transports: [transport], forceNew: true, reconnection: false, query });
    await limited(new Promise((resolve) => opened.on('connect', resolve)), 10_000, 'it does not connect');
    opened.disconnect();
  });
}

/** A raw WebSocket that is open, and what it hears. */
async function raw(of = house, path = '/api/v1/ws') {
  const socket = new WebSocket(of.url.replace('http', 'ws') + path);
  const heard = new Heard();
  socket.on('message', (data) => heard.add(JSON.parse(data)));
  const closed = new Promise((resolve) => socket.on('close', (code, reason) => resolve([code, reason.toString()])));
  await limited(new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject)), 10_000, 'it does not open');
  let asked = 0;
  const ask = (message) => {
    const id = (asked += 1);
    socket.send(JSON.stringify({ ...message, id }));
    return heard.until((answer) => answer.id === id, message.type);
  };
  return { socket, heard, closed, ask };
}

await suite.check('raw WebSocket: ask, follow, abort, list, and a cursor over a broken connection', async () => {
  let { socket, heard, ask, closed } = await raw();
  assert.equal((await heard.until(({ type }) => type === 'hello')).authenticated, true);
  const gate = gateName();
  const asked = await ask({ type: 'query', new: { title: 'Raw' }, text: `hold ${gate}\nwords 30` });
  const { session } = asked;
  await ask({ type: 'subscribe', session, after: asked.after });
  const grew = ({ type, frame }) => type === 'frame' && frame.type === 'part.grew';
  await heard.until(grew, 'the first piece');
  const frames = () => heard.all.filter(({ type }) => type === 'frame');
  const before = frames();
  socket.terminate();
  await closed;
  model.gate(gate).open();

  ({ socket, heard, ask, closed } = await raw());
  await ask({ type: 'subscribe', session, after: before.at(-1).cursor });
  await heard.until(({ type, frame }) => type === 'frame' && frame.type === 'run.finished', 'the end');
  const all = [...before, ...frames()].map(({ frame }) => frame);
  const seqs = all.filter(({ seq }) => seq).map(({ seq }) => seq);
  assert.deepEqual(seqs, seqs.map((_, place) => place + 1));
  const text = all.filter(({ type }) => type === 'part.grew').map((frame) => frame.text).join('');
  assert.equal(text, all.find(({ type }) => type === 'message.completed').parts[0].text);
  assert.equal(text.split(' ').length, 30);
  const list = await ask({ type: 'list', text: 'Raw' });
  assert.equal(list.sessions[0].id, session);
  assert.deepEqual((await ask({ type: 'abort', session })).runs, []);
  assert.equal((await ask({ type: 'subscribe', session, after: 'yesterday' })).error.code, 'invalid_input');
  socket.send(Buffer.alloc((1 << 20) + 1, 'x').toString());
  const [code, reason] = await limited(closed, 10_000, 'it is not closed');
  assert.equal(code, 1009);
  assert.match(reason, /at most \d+ bytes/);
});

await suite.check('raw WebSocket: who calls', async () => {
  const { heard, ask, closed } = await raw(guarded);
  assert.equal((await heard.until(({ type }) => type === 'hello')).authenticated, false);
  assert.equal((await ask({ type: 'authenticate', token: 'guess' })).error.code, 'unauthorized');
  assert.equal((await closed)[0], 4401);
  const opened = await raw(guarded);
  assert.equal((await opened.ask({ type: 'authenticate', token: 'correct-horse' })).type, 'authenticated');
  assert.equal((await opened.ask({ type: 'list' })).type, 'sessions');
  opened.socket.close(1000);
  assert.equal((await opened.closed)[0], 1000);
  await assert.rejects(raw(guarded, '/api/v1/ws?token=guess'), /401/);
});

await suite.check('raw WebSocket: a server that leaves says so', async () => {
  const own = await startOmbud({ model });
  try {
    const { closed } = await raw(own);
    await own.stop();
    assert.equal((await limited(closed, 10_000, 'it is not closed'))[0], 1001);
  } finally {
    await own.close();
  }
});

function follow(of, session, after) {
  const from = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
  return new EventSource(`${of.url}/api/v1/sessions/events/stream?sessionId=${session}${from}`);
}

await suite.check('eventsource: leaves in mid-answer and goes on from its last id', async () => {
  const session = await newSession();
  const gate = gateName();
  const query = house.json('POST', '/api/v1/sessions/query', { sessionId: session, query: `hold ${gate}\nwords 60\nslow 1` });
  await model.gate(gate).reached();
  const reader = new Reader();
  let last;
  for (let visits = 0; visits < 12 && reader.ends === 0; visits += 1) {
    const source = follow(house, session, last);
    const had = reader.all.length;
    source.onmessage = ({ data, lastEventId }) => {
      // What still comes of a stream that was left is not taken.
      if (source.readyState === EventSource.CLOSED) return;
      const event = JSON.parse(data);
      assert.equal(event.cursor, lastEventId);
      last = lastEventId;
      reader.take(event);
      if (reader.all.length >= had + 2 + visits) source.close();
    };
    await reader.until(() => reader.all.length >= had + Math.min(2 + visits, visits === 0 ? 2 : 1) || reader.ends > 0, 'more');
    if (visits === 1) model.gate(gate).open();
    source.close();
  }
  const source = follow(house, session, last);
  source.onmessage = ({ data }) => reader.take(JSON.parse(data));
  await reader.ended();
  source.close();
  assert.deepEqual(reader.kinds, PLAIN);
  assert.equal(reader.grown.split(' ').length, 60);
  assert.equal((await query).result, reader.grown);
});

await suite.check('eventsource: comes back by itself after a restart, and after kill -9 in mid-answer', async () => {
  const own = await startOmbud({ model });
  try {
    const session = await newSession(own);
    const reader = new Reader();
    const source = follow(own, session);
    source.onmessage = ({ data }) => reader.take(JSON.parse(data));
    await own.json('POST', '/api/v1/sessions/query', { sessionId: session, query: 'say one' });
    await reader.ended();
    assert.equal((await own.stop()).code, 0);
    await own.start();
    await own.json('POST', '/api/v1/sessions/query', { sessionId: session, query: 'say two' });
    await reader.ended(2);
    assert.deepEqual(reader.kinds, [...PLAIN, ...PLAIN]);

    const gate = gateName();
    const query = own.json('POST', '/api/v1/sessions/query', { sessionId: session, query: `hold ${gate}\nsay three four` });
    query.catch(() => {});
    await model.gate(gate).reached();
    await reader.until(({ type, content }) => type === 'assistant_streaming_message' && content.startsWith('three'), 'three');
    await own.kill();
    model.gate(gate).open();
    await own.start();
    // Whoever comes next ends the run, or goes on with it: told once, and whole.
    await own.json('POST', '/api/v1/sessions/restore', { sessionId: session }).catch(() => {});
    await reader.ended(3);
    const end = reader.all.findLast(({ type }) => type === 'agent_run_end');
    assert.ok(['idle', 'error', 'aborted'].includes(end.status), end.status);
    source.close();
  } finally {
    await own.close();
  }
}, 120_000);

await suite.check('eventsource: a bad cursor and an unknown session are refused', async () => {
  const session = await newSession();
  for (const [of, after, code] of [[session, 'yesterday', 400], ['nobody', undefined, 404]]) {
    const source = follow(house, of, after);
    const error = await limited(new Promise((resolve) => (source.onerror = resolve)), 10_000, 'no error');
    assert.equal(error.code, code);
    source.close();
  }
});

await suite.check('the model was asked as it should be', () => {
  assert.deepEqual(model.wrong(), []);
});

await suite.finish();
