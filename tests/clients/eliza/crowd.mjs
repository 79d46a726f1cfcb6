// Two people and two agents in one channel: 200 messages over REST and sockets at once, and the same with a server that is
// killed in the middle. Every client hears one order, each message once; each message of a person is answered once by each
// agent; and the store agrees.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { startOmbud } from '../support/ombud.mjs';
import { until } from '../support/report.mjs';

const SERVER = '00000000-0000-0000-0000-000000000000';
/** Messages of both people together: `CROWD` says another number, for long runs by hand. */
const MESSAGES = Number(process.env.CROWD) || 200;
/** Most messages that a page has. */
const PAGE = 1_000;
const CLIENTS = 4;
/** How long all of it may take, in milliseconds. */
const PATIENCE = 150_000 + MESSAGES * 100;

export async function crowd(suite, folder) {
  const { io } = createRequire(join(folder, 'check.mjs'))('socket.io-client');
  const { startMock } = await import(pathToFileURL(join(folder, 'mock-openai.mjs')).href);
  for (const dies of [false, true]) {
    const name = dies ? 'a crowd, and a server that is killed in the middle' : 'a crowd';
    const mock = await startMock({ port: 0, reply: () => 'mock reply' });
    const house = await startOmbud({
      config: {
        model: 'house/small',
        providers: { house: { base_url: `http://127.0.0.1:${mock.port}/v1`, api_key: 'sk-mock' } },
        server: { limits: { window_requests: 0, requests_per_minute: 0 } },
      },
      args: ['--allow-local-admin'],
    });
    suite.atEnd(() => house.close());
    await suite.check(name, () => one(house, io, dies), PATIENCE);
    await house.close();
    await mock.close();
  }
}

/** A client that has joined: what it hears, in its order. */
async function join_(io, house, channel) {
  const socket = io(house.url, { transports: ['websocket'], reconnection: false, forceNew: true });
  const heard = [];
  socket.on('messageBroadcast', ({ id }) => heard.push(id));
  const joined = new Promise((done) => socket.on('room_joined', done));
  socket.on('connection_established', () => socket.emit('1', { channelId: channel }));
  await joined;
  return { socket, heard };
}

async function one(house, io, dies) {
  const agents = [];
  for (const name of ['Ada', 'Bob']) {
    const character = { name, bio: ['Answers.'], system: 'You are brief.' };
    const { id } = (await house.json('POST', '/api/agents', { characterJson: character })).data;
    await house.json('POST', `/api/agents/${id}/start`, {});
    agents.push(id);
  }
  const people = [randomUUID(), randomUUID()];
  const channel = (await house.json('POST', '/api/messaging/central-channels', {
    name: 'crowd', server_id: SERVER, type: 'GROUP', participantCentralUserIds: [...people, ...agents],
  })).data.id;
  /** All that was said, in its order. */
  const messages = async () => {
    const all = [];
    let page = [];
    do {
      const before = page.length > 0 ? `&before=${page.at(-1).id}` : '';
      page = (await house.json('GET', `/api/messaging/central-channels/${channel}/messages?limit=${PAGE}${before}`)).data.messages;
      all.push(...page);
    } while (page.length === PAGE);
    return all.reverse();
  };
  const clients = async () => Promise.all(Array.from({ length: CLIENTS }, () => join_(io, house, channel)));
  const told = new Map();

  /** So many messages, half over sockets and half over REST, of both people at once. What was taken is in `told`. */
  const talk = async (all, from, to) => {
    const taken = ({ messageId, clientMessageId }) => told.set(clientMessageId, messageId);
    for (const { socket } of all) socket.on('messageAck', taken);
    const over = async (person, posts) => {
      for (let number = from + person; number < to; number += 2) {
        const text = `message ${number}`;
        if (number % 4 < 2) {
          posts[person % CLIENTS].socket.emit('2', {
            channelId: channel, senderId: people[person], senderName: `Person ${person}`, message: text, serverId: SERVER,
            messageId: text, source: 'client_chat',
          });
        } else {
          const { data } = await house.json('POST', `/api/messaging/central-channels/${channel}/messages`, {
            author_id: people[person], content: text, server_id: SERVER, source_type: 'client_chat',
          });
          told.set(text, data.id);
        }
      }
    };
    await Promise.all(people.map((_, person) => over(person, all)));
    await until(`messages up to ${to} are taken`, () => told.size === to, PATIENCE);
  };
  /** Waits until each message of a person has an answer of each agent; then all that was said, in its order. */
  const answered = async (count) => {
    let all = [];
    await until(`${count} messages are answered`, async () => {
      // To list all of them is work too.
      await new Promise((done) => setTimeout(done, 500));
      all = await messages();
      return all.length >= count * (1 + agents.length);
    }, PATIENCE);
    return all;
  };

  let all = await clients();
  if (dies) {
    await talk(all, 0, MESSAGES / 2);
    await house.kill();
    for (const { socket } of all) socket.disconnect();
    await house.start();
    all = await clients();
    await talk(all, MESSAGES / 2, MESSAGES);
  } else {
    await talk(all, 0, MESSAGES);
  }
  const kept = await answered(MESSAGES);
  const order = kept.map(({ id }) => id);
  assert.equal(new Set(order).size, order.length, 'the store has each message once');
  assert.deepEqual(
    kept.filter(({ authorId }) => people.includes(authorId)).map(({ content }) => content).sort(),
    [...told.keys()].sort(),
    'the store has what was taken, and nothing else of people',
  );
  for (const agent of agents) {
    const replies = kept.filter(({ authorId }) => authorId === agent).map((reply) => reply.inReplyToRootMessageId);
    assert.deepEqual(replies.sort(), [...told.values()].sort(), 'each message is answered once by each agent');
  }
  assert.equal(kept.length, MESSAGES * (1 + agents.length));
  for (const { heard } of all) {
    await until('a client hears the last', () => heard.at(-1) === order.at(-1), PATIENCE);
    // Who came back hears what came from then on: all that people said since, and answers.
    assert.deepEqual(heard, dies ? order.slice(-heard.length) : order, 'every client hears the order of the store');
    assert.ok(heard.length >= (dies ? MESSAGES / 2 : order.length), `${heard.length}`);
  }
  for (const { socket } of all) socket.disconnect();
}
