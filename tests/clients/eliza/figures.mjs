// Figures of the ElizaOS API, as they were taken of the original: `tests/long/run eliza` calls this. The model answers at once,
// so what is measured is the server. Prints a table; ends with 1 when something is not answered.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { limited, startOmbud } from '../support/ombud.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = process.env.SHARED_COPY || join(process.env.CARGO_TARGET_DIR || join(root, 'target'), 'clients', 'shared', 'eliza');
const { io } = createRequire(join(folder, 'check.mjs'))('socket.io-client');
const { startMock } = await import(pathToFileURL(join(folder, 'mock-openai.mjs')).href);

const SERVER = '00000000-0000-0000-0000-000000000000';
const PATIENCE = 30_000;

const asked = (name, usual) => {
  const place = process.argv.indexOf(name);
  return place < 0 ? usual : Number(process.argv[place + 1]);
};
const MESSAGES = asked('--messages', 200);
const STARTS = asked('--starts', 5);

const rows = [];
const row = (what, figure) => {
  rows.push([what, figure]);
  console.log(`${what.padEnd(62)} ${figure}`);
};
const at = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
const ms = (value) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;

/** Latencies as a rate and two points of them. */
function told(times, whole, rateOf = times.length) {
  const sorted = [...times].sort((one, other) => one - other);
  return `${((rateOf * 1_000) / whole).toFixed(0)}/s, p50 ${ms(at(sorted, 0.5))}, p99 ${ms(at(sorted, 0.99))}`;
}

const mock = await startMock({ port: 0, reply: () => 'mock reply' });
const options = {
  config: {
    model: 'house/small',
    providers: { house: { base_url: `http://127.0.0.1:${mock.port}/v1`, api_key: 'sk-mock' } },
    server: { limits: { window_requests: 0, requests_per_minute: 0 } },
  },
  args: ['--allow-local-admin'],
};

/** From the start of the program to its first answer, in milliseconds. */
async function started(house) {
  const begun = performance.now();
  await house.start();
  await house.json('GET', '/api/server/ping');
  return performance.now() - begun;
}

// Starts, with an empty store and with one that is there.
const [empty, again] = [[], []];
for (let number = 0; number < STARTS; number += 1) {
  const begun = performance.now();
  const house = await startOmbud(options);
  await house.json('GET', '/api/server/ping');
  empty.push(performance.now() - begun);
  await house.stop();
  again.push(await started(house));
  await house.close();
}
const middle = (times) => at([...times].sort((one, other) => one - other), 0.5);
row('cold start, empty store, to the first answer', ms(middle(empty)));
row('cold start, existing store', ms(middle(again)));

const house = await startOmbud(options);
const memory = () => {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${house.pid}/status`, 'utf8'));
  return `${(Number(line[1]) / 1_024).toFixed(1)} MiB`;
};

const character = { name: 'Figures', bio: ['Answers.'], system: 'You are brief.' };
const { id: agent } = (await house.json('POST', '/api/agents', { characterJson: character })).data;
await house.json('POST', `/api/agents/${agent}/start`, {});
const person = randomUUID();
const channel = async (participants, type) => (await house.json('POST', '/api/messaging/central-channels', {
  name: 'figures', server_id: SERVER, type, participantCentralUserIds: participants,
})).data.id;
const talk = await channel([person, agent], 'DM');
const quiet = await channel([person], 'GROUP');
await new Promise((done) => setTimeout(done, 10_000));
row('resident memory, one agent, idle for 10 s', memory());

const socket = io(house.url, { transports: ['websocket'], reconnection: false });
const waiting = new Map();
socket.onAny((event, told) => {
  for (const [key, { wants, done }] of waiting) {
    if (wants(event, told)) {
      waiting.delete(key);
      done(told);
    }
  }
});
const hears = (wants, what) => {
  const key = Symbol(what);
  return limited(new Promise((done) => waiting.set(key, { wants, done })), PATIENCE, what);
};
await hears((event) => event === 'connection_established', 'a greeting');
for (const id of [talk, quiet]) {
  const joined = hears((event, told) => event === 'room_joined' && told.channelId === id, 'the channel is joined');
  socket.emit('1', { channelId: id });
  await joined;
}

const post = (id, text) => house.json('POST', `/api/messaging/central-channels/${id}/messages`, {
  author_id: person, content: text, server_id: SERVER,
});
const answer = () => hears((event, told) => event === 'messageBroadcast' && told.senderId === agent, 'an answer comes');
const complete = () => hears((event) => event === 'messageComplete', 'a run ends');

/** So many, one after the other, timed each. */
async function inTurn(count, one) {
  const times = [];
  const begun = performance.now();
  for (let number = 0; number < count; number += 1) {
    const from = performance.now();
    await one(number, () => times.push(performance.now() - from));
  }
  return told(times, performance.now() - begun);
}

row('REST post to the agent\'s broadcast, one at a time', await inTurn(MESSAGES, async (number, done) => {
  const [answered, completed] = [answer(), complete()];
  await post(talk, `message ${number}`);
  await answered;
  done();
  await completed;
}));
row('socket message to the agent\'s broadcast, one at a time', await inTurn(MESSAGES, async (number, done) => {
  const [answered, completed] = [answer(), complete()];
  socket.emit('2', { channelId: talk, senderId: person, senderName: 'Ann', message: `said ${number}`, serverId: SERVER });
  await answered;
  done();
  await completed;
}));
row(`resident memory after ${2 * MESSAGES} messages and their answers`, memory());
row('REST post, no agent, 1 client', await inTurn(MESSAGES * 2, async (number, done) => {
  await post(quiet, `message ${number}`);
  done();
}));
{
  const times = [];
  const begun = performance.now();
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let number = 0; number < MESSAGES; number += 1) {
      const from = performance.now();
      await post(quiet, `message ${number}`);
      times.push(performance.now() - from);
    }
  }));
  row('REST post, no agent, 8 clients', told(times, performance.now() - begun));
}
row('socket message to its acknowledgement, no agent', await inTurn(MESSAGES * 2, async (number, done) => {
  const acknowledged = hears((event) => event === 'messageAck', 'a message is taken');
  socket.emit('2', { channelId: quiet, senderId: person, senderName: 'Ann', message: `said ${number}`, serverId: SERVER });
  await acknowledged;
  done();
}));
{
  const count = MESSAGES * 5;
  let taken = 0;
  const begun = performance.now();
  const all = hears((event) => event === 'messageAck' && ++taken === count, 'all messages are taken');
  for (let number = 0; number < count; number += 1) {
    socket.emit('2', { channelId: quiet, senderId: person, senderName: 'Ann', message: `many ${number}`, serverId: SERVER });
    // No more than may wait for a socket: 16 that are not taken yet, and 16 more.
    if (number % 16 === 15) await hears((event) => event === 'messageAck' && taken >= number - 15, 'some are taken');
  }
  await all;
  row('socket messages, no agent, 32 on their way', `${((count * 1_000) / (performance.now() - begun)).toFixed(0)}/s`);
}
socket.disconnect();
const ended = await house.stop();
await house.close();
await mock.close();
process.exit(ended.code === 0 && rows.length > 0 ? 0 : 1);
