// What must outlive a process, two askers at once, and time: each in a house of its own. Driven with the published SDK where
// it can, so that what it is told is what an application sees.

import assert from 'node:assert/strict';
import { OctavusClient } from '@octavus/server-sdk';

import { definition } from '../support/octavus/agents.mjs';
import { octavusHouse } from '../support/octavus/house.mjs';
import { checkLegs, spoken } from '../support/octavus/order.mjs';
import { until } from '../support/report.mjs';

const CHAT = 'suite-chat';
const ONE = 'call get-user {"userId":"42"}';

/** How long sessions live, in seconds, where that is set. */
export const LIFETIME = (seconds) => ({ server: { session_seconds: seconds } });

const collect = async (events) => {
  const all = [];
  for await (const event of events) all.push(event);
  return all;
};
const sdk = (house) => new OctavusClient({ baseUrl: house.url, apiKey: house.key });
const trigger = (text) => ({ type: 'trigger', triggerName: 'user-message', input: { USER_MESSAGE: text } });
const end = (events) => events.findLast(({ type }) => type === 'finish' || type === 'error');

export async function lives({ suite }) {
  const house = await octavusHouse({ suite, agents: [definition('chat'), definition('worker')] });
  await kills({ suite, house });
  await races({ suite, house });
  await house.close();
  await expiry({ suite });
  await long({ suite });
}

async function kills({ suite, house }) {
  const again = async () => {
    await house.kill();
    await house.start();
  };

  await suite.check('killed: a run that waits for tools is gone on with by the SDK', async () => {
    const sessionId = await sdk(house).agentSessions.create(CHAT);
    const first = await collect(sdk(house).agentSessions.attach(sessionId).execute(trigger(`${ONE}\nthen\nsay Found again.`)));
    const request = first.find(({ type }) => type === 'client-tool-request');
    assert.equal(end(first).finishReason, 'client-tool-calls');
    await again();
    const toolResults = request.toolCalls.map(({ toolCallId, toolName }) => ({ toolCallId, toolName, result: { name: 'Ada' } }));
    const second = await collect(sdk(house).agentSessions.attach(sessionId).execute({ type: 'continue', executionId: request.executionId, toolResults }));
    assert.equal(spoken(second), 'Found again.');
    assert.equal(end(second).finishReason, 'stop');
    const { messages } = await sdk(house).agentSessions.getMessages(sessionId);
    assert.deepEqual(messages.map(({ role, status }) => [role, status]), [['user', 'done'], ['assistant', 'done']]);
    const part = messages[1].parts.find(({ type }) => type === 'tool-call');
    assert.deepEqual([part.status, part.result], ['done', { name: 'Ada' }]);
  });

  await suite.check('killed: between a tool and its results, with the handler of an application', async () => {
    const sessionId = await sdk(house).agentSessions.create(CHAT);
    const tools = {
      'get-user': async ({ userId }) => {
        await again();
        return { name: `Ada-${userId}` };
      },
    };
    const events = await collect(sdk(house).agentSessions.attach(sessionId, { tools }).execute(trigger(ONE)));
    assert.equal(end(events).finishReason, 'stop', JSON.stringify(end(events)));
    assert.match(spoken(events), /Ada-42/);
  });

  await suite.check('killed: in the middle of a handler, at the call of a block', async () => {
    const { wire } = house;
    const session = await wire.session(CHAT);
    const leg = await wire.trigger(session, 'look-and-tell', { WHO: '9' });
    await again();
    const next = await wire.answer(session, leg.execution, [{ toolCallId: leg.calls[0].toolCallId, result: { name: 'Grace' } }]);
    assert.match(spoken(checkLegs([leg.events, next.events])), /Grace/);
    assert.deepEqual((await wire.state(session)).variables.LOOKUP, { name: 'Grace' });
  });

  await suite.check('killed: a worker that waits', async () => {
    const { wire } = house;
    const path = `/api/agents/${house.agents['suite-worker']}/execute`;
    const leg = await wire.stream(path, { type: 'start', input: { TASK: `${ONE}\nthen\nsay Done.` } });
    await again();
    const next = await wire.stream(path, {
      type: 'continue', executionId: leg.execution, toolResults: [{ toolCallId: leg.calls[0].toolCallId, result: 1 }],
    });
    assert.equal(checkLegs([leg.events, next.events], { worker: true }).find(({ type }) => type === 'worker-result').output, 'Done.');
  });

  await suite.check('killed: while the model speaks; the session is usable at once, and nothing is lost that was told', async () => {
    const { wire, model } = house;
    const session = await wire.session(CHAT);
    await wire.trigger(session, 'user-message', { USER_MESSAGE: 'say One.' });
    const body = { triggerName: 'user-message', input: { USER_MESSAGE: 'hold killed\nwords 9' } };
    const open = await wire.open(`/api/agent-sessions/${session}/trigger`, body);
    await open.until(({ events }) => spoken(events).includes('w1'), 'the first word');
    const reading = open.whole().catch((error) => error);
    await again();
    model.gate('killed').open();
    await reading;
    const leg = await until('the session is free', async () => {
      const found = await wire.trigger(session, 'user-message', { USER_MESSAGE: 'say Three.' });
      return found.status === 200 && found;
    });
    assert.equal(spoken(checkLegs([leg.events])), 'Three.');
    const messages = await wire.messages(session);
    assert.deepEqual(messages.slice(0, 3).map(({ role }) => role), ['user', 'assistant', 'user']);
    assert.deepEqual(messages.slice(-2).map(({ role, status }) => [role, status]), [['user', 'done'], ['assistant', 'done']]);
    assert.deepEqual(model.wrong(), []);
  });

  await suite.check('killed: keys of start, files and tokens are known afterwards', async () => {
    const { wire } = house;
    const start = { agentId: CHAT, idempotencyKey: 'kept-over-a-kill', trigger: { triggerName: 'user-message', input: { USER_MESSAGE: 'say Hi.' } } };
    const first = await wire.stream('/api/agent-sessions/start', start);
    const session = first.headers.get('x-octavus-session-id');
    const { token } = await wire.ask('POST', '/api/tokens', { agentId: house.agents[CHAT] }, 'token');
    const { files: [file] } = await wire.ask('POST', '/api/files/upload-urls', {
      sessionId: session, files: [{ filename: 'a.txt', mediaType: 'text/plain', size: 5 }],
    }, 'uploads');
    assert.ok((await fetch(file.uploadUrl, { method: 'PUT', body: 'hello', headers: { 'content-type': 'text/plain' } })).ok);
    await again();
    const second = await wire.stream('/api/agent-sessions/start', start);
    assert.equal(second.headers.get('x-octavus-session-id'), session);
    assert.equal(await (await fetch(file.downloadUrl)).text(), 'hello');
    await wire.as({ key: token }).messages(session);
  });
}

async function races({ suite, house }) {
  const { wire, model } = house;

  await suite.check('at once: of two continuations of one request one wins, the other is told', async () => {
    for (let round = 0; round < 8; round += 1) {
      const session = await wire.session(CHAT);
      const leg = await wire.trigger(session, 'user-message', { USER_MESSAGE: `${ONE}\nthen\nslow 5\nwords 12` });
      const results = (result) => [{ toolCallId: leg.calls[0].toolCallId, toolName: 'get-user', result }];
      const before = model.requests.length;
      const both = await Promise.all(['one', 'two'].map((word) => wire.answer(session, leg.execution, results(word))));
      const statuses = both.map(({ status }) => status).sort();
      assert.equal(statuses[0], 200, JSON.stringify(statuses));
      assert.ok([409, 429].includes(statuses[1]), JSON.stringify(statuses));
      const at = both.findIndex(({ status }) => status === 200);
      checkLegs([leg.events, both[at].events]);
      assert.equal(spoken(both[at].events), 'w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12');
      assert.equal(model.requests.length, before + 1, 'the model is asked once');
      const [, message] = await wire.messages(session);
      const part = message.parts.find(({ type }) => type === 'tool-call');
      assert.equal(part.result, ['one', 'two'][at], 'the result is that of the winner');
      assert.equal(message.parts.filter(({ type }) => type === 'text').length, 1);
    }
  });

  await suite.check('at once: of two triggers one wins, the other is told', async () => {
    for (let round = 0; round < 8; round += 1) {
      const session = await wire.session(CHAT);
      const gate = `at-once-${round}`;
      const path = `/api/agent-sessions/${session}/trigger`;
      const body = (word) => ({ triggerName: 'user-message', input: { USER_MESSAGE: `hold ${gate}\nsay ${word}.` } });
      const both = await Promise.all(['One', 'Two'].map((word) => wire.open(path, body(word)).then((open) => {
        if (open.status !== 200) model.gate(gate).open();
        return open.whole();
      })));
      assert.deepEqual(both.map(({ status }) => status).sort(), [200, 429]);
      const won = both.find(({ status }) => status === 200);
      checkLegs([won.events]);
      assert.equal((await wire.messages(session)).length, 2);
    }
  });
}

async function expiry({ suite }) {
  await suite.check('expired: with a lifetime of one second, from the message to its restoring, with the SDK', async () => {
    const house = await octavusHouse({ suite, agents: [definition('chat')], config: LIFETIME(1) });
    const client = sdk(house);
    const sessionId = await client.agentSessions.create(CHAT, { COMPANY_NAME: 'Acme' });
    await collect(client.agentSessions.attach(sessionId).execute(trigger('say One.')));
    const { messages: stored, status } = await client.agentSessions.getMessages(sessionId);
    const kept = status === 'expired' ? [] : stored;
    const over = await until('the session is expired', async () => {
      const found = await client.agentSessions.getMessages(sessionId);
      return found.status === 'expired' && found;
    });
    assert.deepEqual([over.sessionId, over.agentId, 'messages' in over], [sessionId, house.agents[CHAT], false]);
    assert.equal((await client.agentSessions.get(sessionId)).status, 'expired');
    const refused = await collect(client.agentSessions.attach(sessionId).execute(trigger('say No.')));
    assert.deepEqual(refused.map(({ type, source }) => [type, source]), [['error', 'platform']]);
    await assert.rejects(client.agentSessions.getMessages('no-such-session'), { status: 404, code: 'NOT_FOUND' });

    const sent = JSON.parse(JSON.stringify(kept));
    assert.deepEqual(await client.agentSessions.restore(sessionId, sent, { COMPANY_NAME: 'Acme' }), { sessionId, restored: true });
    const events = await collect(client.agentSessions.attach(sessionId).execute(trigger('say Two.')));
    assert.equal(spoken(events), 'Two.');
    assert.equal(end(events).finishReason, 'stop');
    await house.close();
  });

  await suite.check('expired: a run that waits cannot be gone on with', async () => {
    const house = await octavusHouse({ suite, agents: [definition('chat')], config: LIFETIME(1) });
    const session = await house.wire.session(CHAT);
    const leg = await house.wire.trigger(session, 'user-message', { USER_MESSAGE: ONE });
    await until('the session is expired', async () => {
      const response = await house.wire.send('GET', `/api/agent-sessions/${session}?format=ui`);
      return (await response.json()).status === 'expired';
    });
    const results = [{ toolCallId: leg.calls[0].toolCallId, result: 1 }];
    await house.wire.refused('POST', `/api/agent-sessions/${session}/trigger`, { executionId: leg.execution, toolResults: results }, [409, 410]);
    await house.close();
  });
}

async function long({ suite }) {
  await suite.check('restore: 2,000 messages, in order, with their ids', async () => {
    const house = await octavusHouse({ suite, agents: [definition('chat')] });
    const { wire } = house;
    const session = await wire.session(CHAT);
    await wire.ask('DELETE', `/api/agent-sessions/${session}`, undefined, 'cleared');
    const messages = Array.from({ length: 2_000 }, (_, at) => ({
      id: `1767323000000-m${String(at).padStart(6, '0')}`, role: at % 2 ? 'assistant' : 'user', status: 'done',
      createdAt: new Date(Date.UTC(2026, 0, 2) + at * 1000).toISOString(),
      parts: [
        ...(at % 10 === 1 ? [{ type: 'tool-call', toolCallId: `call_${at}`, toolName: 'get-user', args: { userId: `${at}` }, result: { n: at }, status: 'done' }] : []),
        { type: 'text', text: `${at % 2 ? 'Answer' : 'Question'} number ${at}.`, status: 'done' },
      ],
    }));
    const client = sdk(house);
    assert.deepEqual(await client.agentSessions.restore(session, messages), { sessionId: session, restored: true });
    const kept = await wire.messages(session);
    assert.equal(kept.length, 2_000);
    const facts = ({ id, role, createdAt, parts }) => [id, role, createdAt, parts.map(({ type, text, toolCallId }) => [type, text, toolCallId])];
    assert.deepEqual(kept.map(facts), messages.map(facts));
    const before = house.model.requests.length;
    const events = await collect(client.agentSessions.attach(session).execute(trigger('say And on.')));
    assert.equal(spoken(events), 'And on.');
    const seen = house.model.requests[before].body.messages;
    assert.ok(JSON.stringify(seen.slice(-6)).includes('Answer number 1999.'), 'the model sees the newest');
    assert.deepEqual(house.model.wrong(), []);
    assert.equal((await wire.messages(session)).length, 2_002);
    await house.close();
  });
}
