// What later releases ask for: rolling back (2.14), tools of the moment (3.0), the version (4.0), senders (5.0), starting a
// session with its first trigger (6.0). The registry has only 2.0.0, so these are requests of our own.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { checkLegs, spoken } from '../support/octavus/order.mjs';

const CHAT = 'suite-chat';
const ONE = 'call get-user {"userId":"42"}';

export async function generations(told) {
  await rollback(told);
  await dynamicTools(told);
  await versions(told);
  await starts(told);
}

const say = (wire, session, text, more = {}) => wire.trigger(session, 'user-message', { USER_MESSAGE: text }, more);
const texts = (messages) => messages.flatMap(({ parts }) => parts.filter(({ type }) => type === 'text').map(({ text }) => text.trim()));

async function rollback({ suite, house: { wire, model } }) {
  await suite.check('rollback: to a message, and to nothing', async () => {
    const session = await wire.session(CHAT);
    await say(wire, session, 'say One.');
    const [, one] = await wire.messages(session);
    await say(wire, session, 'say Two.');
    const third = await say(wire, session, 'say Three.', { rollbackAfterMessageId: one.id });
    assert.equal(third.events[0].lastMessageId, one.id);
    assert.deepEqual(texts(await wire.messages(session)), ['say One.', 'One.', 'say Three.', 'Three.']);
    const before = model.requests.length;
    const fourth = await say(wire, session, 'say Four.', { rollbackAfterMessageId: null });
    assert.ok(!('lastMessageId' in fourth.events[0]), 'nothing came before it');
    assert.deepEqual(texts(await wire.messages(session)), ['say Four.', 'Four.']);
    const seen = model.requests[before].body.messages.filter(({ role }) => role !== 'system');
    assert.deepEqual(seen.map(({ content }) => content), ['say Four.']);
  });

  await suite.check('rollback: to a message of a user, whose turn is asked again', async () => {
    const session = await wire.session(CHAT);
    await say(wire, session, 'say One.');
    await say(wire, session, 'say Two.');
    const [, , asked] = await wire.messages(session);
    await say(wire, session, 'say Three.', { rollbackAfterMessageId: asked.id });
    assert.deepEqual(texts(await wire.messages(session)), ['say One.', 'One.', 'say Two.', 'say Three.', 'Three.']);
  });

  await suite.check('rollback: legs that repeat it do not roll back again', async () => {
    const session = await wire.session(CHAT);
    await say(wire, session, 'say One.');
    const [, one] = await wire.messages(session);
    await say(wire, session, 'say Two.');
    for (const rollbackAfterMessageId of [one.id, null]) {
      const first = await say(wire, session, `${ONE}\nthen\nsay Known.`, { rollbackAfterMessageId });
      const second = await say(wire, session, ONE, {
        rollbackAfterMessageId, executionId: first.execution, toolResults: [{ toolCallId: first.calls[0].toolCallId, result: 'x' }],
      });
      assert.equal(spoken(checkLegs([first.events, second.events])), 'Known.');
      const kept = await wire.messages(session);
      const roles = rollbackAfterMessageId ? ['user', 'assistant', 'user', 'assistant'] : ['user', 'assistant'];
      assert.deepEqual(kept.map(({ role }) => role), roles);
    }
  });

  await suite.check('rollback: over a run that waits, which is over then', async () => {
    const session = await wire.session(CHAT);
    await say(wire, session, 'say One.');
    const [, one] = await wire.messages(session);
    const waiting = await say(wire, session, ONE);
    checkLegs([(await say(wire, session, 'say Again.', { rollbackAfterMessageId: one.id })).events]);
    assert.deepEqual(texts(await wire.messages(session)), ['say One.', 'One.', 'say Again.', 'Again.']);
    await wire.refused('POST', `/api/agent-sessions/${session}/trigger`, {
      executionId: waiting.execution, toolResults: [{ toolCallId: waiting.calls[0].toolCallId, result: 1 }],
    }, [400, 404, 409]);
  });

  await suite.check('rollback: to what is not there is refused, and nothing changes', async () => {
    const session = await wire.session(CHAT);
    await say(wire, session, 'say One.');
    const kept = await wire.messages(session);
    const body = { triggerName: 'user-message', input: { USER_MESSAGE: 'say Two.' } };
    const path = `/api/agent-sessions/${session}/trigger`;
    await wire.refused('POST', path, { ...body, rollbackAfterMessageId: 'no-such-message' }, [400, 404]);
    await wire.refused('POST', path, { ...body, rollbackAfterMessageId: 7 }, 400, 'VALIDATION_ERROR');
    assert.deepEqual(await wire.messages(session), kept);
  });

  await suite.check('rollback: resources and variables go back as well', async () => {
    const session = await wire.session(CHAT);
    await say(wire, session, 'say One.');
    const [, one] = await wire.messages(session);
    const first = await wire.trigger(session, 'lookup', { WHO: '7' });
    await wire.answer(session, first.execution, [{ toolCallId: first.calls[0].toolCallId, result: 'found' }]);
    assert.equal((await wire.state(session)).resources.LAST_LOOKUP, 'found');
    await say(wire, session, 'say Two.', { rollbackAfterMessageId: one.id });
    assert.notEqual((await wire.state(session)).resources.LAST_LOOKUP, 'found');
  });

  await suite.check('sender: it comes back with its message, and on no other', async () => {
    const session = await wire.session(CHAT);
    const sender = { id: 'u1', name: 'Ada', image: 'http://127.0.0.1/ada.png' };
    const first = await say(wire, session, ONE, { sender });
    const toolResults = [{ toolCallId: first.calls[0].toolCallId, result: 'x' }];
    await say(wire, session, ONE, { sender, executionId: first.execution, toolResults });
    await say(wire, session, 'say Two.', { sender: { name: 'Bea' } });
    await say(wire, session, 'say Three.');
    const messages = await wire.messages(session);
    assert.deepEqual(messages.map(({ role, sender: of }) => [role, of]), [
      ['user', sender], ['assistant', undefined], ['user', { name: 'Bea' }], ['assistant', undefined],
      ['user', undefined], ['assistant', undefined],
    ]);
  });
}

async function dynamicTools({ suite, house: { wire, model } }) {
  const schema = {
    name: 'browser_click', description: 'Clicks', inputSchema: { type: 'object', properties: { at: { type: 'string' } }, required: ['at'] },
    outputSchema: { type: 'object' },
  };
  const offered = (at) => (model.requests[at].body.tools ?? []).map(({ function: { name } }) => name);

  await suite.check('dynamic tools: the model is offered them while they are given, with their schema', async () => {
    const session = await wire.session(CHAT);
    let before = model.requests.length;
    const first = await say(wire, session, 'call browser_click {"at":"#go"}\nthen\nsay Clicked.', { dynamicToolSchemas: [schema] });
    const given = model.requests[before].body.tools.find(({ function: { name } }) => name === 'browser_click').function;
    assert.deepEqual([given.description, given.parameters.properties, given.parameters.required], ['Clicks', schema.inputSchema.properties, ['at']]);
    assert.deepEqual(first.calls.map(({ toolName, args }) => [toolName, args]), [['browser_click', { at: '#go' }]]);
    before = model.requests.length;
    const second = await wire.answer(session, first.execution, [{ toolCallId: first.calls[0].toolCallId, result: true }], {
      dynamicToolSchemas: [schema],
    });
    assert.equal(spoken(checkLegs([first.events, second.events])), 'Clicked.');
    assert.ok(offered(before).includes('browser_click'));
    before = model.requests.length;
    await say(wire, session, 'say Without.');
    assert.deepEqual(offered(before).sort(), ['ask-person', 'get-user', 'get-weather', 'whisper']);
  });

  await suite.check('dynamic tools: names with a namespace, and one that is declared already', async () => {
    const session = await wire.session(CHAT);
    const named = { ...schema, name: 'device__screenshot' };
    const own = { ...schema, name: 'get-user', description: 'Of the moment' };
    const before = model.requests.length;
    const leg = await say(wire, session, 'call device__screenshot {"at":"x"}', { dynamicToolSchemas: [named, own] });
    assert.deepEqual(leg.calls.map(({ toolName }) => toolName), ['device__screenshot']);
    assert.equal(offered(before).filter((name) => name === 'get-user').length, 1, 'a name is offered once');
    const next = await wire.answer(session, leg.execution, [{ toolCallId: leg.calls[0].toolCallId, result: 'x' }]);
    checkLegs([leg.events, next.events]);
  });

  await suite.check('dynamic tools: what is no schema is refused, and so are the names of the platform', async () => {
    const session = await wire.session(CHAT);
    const path = `/api/agent-sessions/${session}/trigger`;
    const body = { triggerName: 'user-message', input: { USER_MESSAGE: 'say Hi.' } };
    for (const dynamicToolSchemas of [{}, [{}], [{ ...schema, name: 7 }], [{ ...schema, name: 'octavus_code_run' }], [{ ...schema, inputSchema: 'x' }]]) {
      await wire.refused('POST', path, { ...body, dynamicToolSchemas }, 400, 'VALIDATION_ERROR');
    }
    assert.deepEqual(await wire.messages(session), []);
  });
}

async function versions({ suite, house: { wire } }) {
  await suite.check('versions: without the header, and below 4, only what 2.x knows', async () => {
    const session = await wire.session(CHAT);
    const first = await say(wire, session, `${ONE}\nthen\n${ONE}\nthen\nsay Done.`);
    const second = await wire.answer(session, first.execution, [{ toolCallId: first.calls[0].toolCallId, result: 1 }]);
    await wire.answer(session, first.execution, [{ toolCallId: second.calls[0].toolCallId, result: 2 }]);
    await say(wire, session, ONE);
    await say(wire, session, 'say Left.');
    const now = await wire.messages(session);
    for (const older of [wire.as({ generation: 2 }), wire.as({ generation: 2, headers: { 'x-octavus-sdk-version': '3' } })]) {
      // The shapes of generation 2 are the test.
      const then = await older.messages(session);
      assert.deepEqual(then.map(({ id, role }) => [id, role]), now.map(({ id, role }) => [id, role]));
      const kept = (messages) => messages.flatMap(({ parts }) => parts).filter(({ type }) => type !== 'step-start').map(({ type, text, toolCallId }) => [type, text, toolCallId]);
      assert.deepEqual(kept(then), kept(now));
      await older.state(session);
    }
  });

  await suite.check('versions: a block with a title is told as one with a description to 2.x', async () => {
    for (const [generation, display] of [[2, ['name', 'description']], [6, ['title']]]) {
      const of = wire.as({ generation });
      const session = await of.session('suite-titles');
      const leg = await of.trigger(session, 'lookup', { WHO: '7' });
      const next = await of.answer(session, leg.execution, [{ toolCallId: leg.calls[0].toolCallId, result: 1 }]);
      const events = checkLegs([leg.events, next.events], { generation });
      const block = events.find(({ blockName }) => blockName === 'Keep it');
      assert.ok(display.includes(block.display), JSON.stringify(block));
    }
  });

  await suite.check('versions: a stream for 2.x has only what 2.x takes', async () => {
    const of = wire.as({ generation: 2 });
    const session = await of.session(CHAT);
    const first = await say(of, session, `think Hm.\n${ONE}\nthen\nsay Done.`);
    const second = await of.answer(session, first.execution, [{ toolCallId: first.calls[0].toolCallId, result: 1 }]);
    checkLegs([first.events, second.events], { generation: 2 });
    const failed = await say(of, session, 'fail 400 no');
    checkLegs([failed.events], { generation: 2 });
  });
}

async function starts({ suite, house: { wire, agents } }) {
  const start = (trigger, more = {}) => ({ agentId: CHAT, trigger, idempotencyKey: randomUUID(), ...more });
  const hello = { triggerName: 'user-message', input: { USER_MESSAGE: 'say Hello.' } };

  await suite.check('start: a session and its first trigger in one request', async () => {
    const leg = await wire.stream('/api/agent-sessions/start', start(hello, { input: { COMPANY_NAME: 'Acme' } }));
    const session = leg.headers.get('x-octavus-session-id');
    assert.ok(session, 'the header names the session');
    assert.equal(leg.events[0].sessionId, session);
    assert.equal(spoken(checkLegs([leg.events])), 'Hello.');
    const state = await wire.state(session);
    assert.deepEqual([state.agentId, state.input.COMPANY_NAME, (await wire.messages(session)).length], [agents[CHAT], 'Acme', 2]);
    checkLegs([(await say(wire, session, 'say On.')).events]);
  });

  await suite.check('start: tools, a sender and tools of the moment; later legs go to the trigger', async () => {
    const dynamicToolSchemas = [{ name: 'now', description: 'The time', inputSchema: { type: 'object', properties: {} } }];
    const trigger = { triggerName: 'user-message', input: { USER_MESSAGE: 'call now\nthen\nsay Noon.' }, sender: { id: 'u9' }, dynamicToolSchemas };
    const leg = await wire.stream('/api/agent-sessions/start', start(trigger));
    const session = leg.headers.get('x-octavus-session-id');
    assert.deepEqual(leg.calls.map(({ toolName }) => toolName), ['now']);
    const { triggerName, input, sender } = trigger;
    const next = await wire.trigger(session, triggerName, input, {
      sender, dynamicToolSchemas, executionId: leg.execution, toolResults: [{ toolCallId: leg.calls[0].toolCallId, result: '12:00' }],
    });
    assert.equal(spoken(checkLegs([leg.events, next.events])), 'Noon.');
    assert.deepEqual((await wire.messages(session))[0].sender, { id: 'u9' });
  });

  await suite.check('start: the same key is the same session', async () => {
    const idempotencyKey = randomUUID();
    const first = await wire.stream('/api/agent-sessions/start', start(hello, { idempotencyKey }));
    const second = await wire.stream('/api/agent-sessions/start', start(hello, { idempotencyKey }));
    checkLegs([first.events]);
    const session = first.headers.get('x-octavus-session-id');
    assert.equal(second.headers.get('x-octavus-session-id') ?? second.events[0]?.sessionId, session);
    const other = await wire.stream('/api/agent-sessions/start', start(hello));
    assert.notEqual(other.headers.get('x-octavus-session-id'), session);
  });

  await suite.check('start: the same key at once is one session', async () => {
    const idempotencyKey = randomUUID();
    const all = await Promise.all([1, 2, 3, 4].map(() => wire.stream('/api/agent-sessions/start', start(hello, { idempotencyKey }))));
    const sessions = all.filter(({ status }) => status === 200).map(({ headers }) => headers.get('x-octavus-session-id'));
    assert.ok(sessions.length > 0, JSON.stringify(all.map(({ status, refusal }) => [status, refusal])));
    assert.equal(new Set(sessions).size, 1, sessions.join(' '));
    const refused = all.filter(({ status }) => status !== 200).map(({ status }) => status);
    assert.deepEqual(refused.filter((status) => ![409, 429].includes(status)), []);
  });

  await suite.check('start: what is wrong makes no session', async () => {
    const path = '/api/agent-sessions/start';
    await wire.refused('POST', path, start(hello, { agentId: 'no-such-agent' }), 404, 'NOT_FOUND');
    await wire.refused('POST', path, { agentId: CHAT, idempotencyKey: 'k' }, 400, 'VALIDATION_ERROR');
    await wire.refused('POST', path, start({ triggerName: 'no-such-trigger' }), [400, 404]);
    await wire.refused('POST', path, start({ triggerName: 'user-message' }), 400, 'VALIDATION_ERROR');
    await wire.refused('POST', path, start(hello, { input: { COMPANY_NAME: 7 } }), 400, 'VALIDATION_ERROR');
    await wire.refused('POST', path, start(hello, { agentId: 'suite-worker' }), [400, 409]);
  });
}
