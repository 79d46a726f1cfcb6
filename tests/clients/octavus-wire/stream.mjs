// Triggers without tools: framing, the order of a turn, reasoning, objects, threads, what is hidden, errors in the stream,
// one run per session.

import assert from 'node:assert/strict';

import { checkLegs, spoken } from '../support/octavus/order.mjs';
import { until } from '../support/report.mjs';

export async function stream({ suite, house }) {
  const { wire, model } = house;
  const chat = 'suite-chat';
  const say = (session, text, more = {}) => wire.trigger(session, 'user-message', { USER_MESSAGE: text }, more);

  await suite.check('stream: the head, the frames and the order of a plain turn', async () => {
    const session = await wire.session(chat);
    const leg = await say(session, 'say Good day to you.');
    assert.equal(leg.headers.get('content-encoding'), null);
    assert.match(leg.headers.get('cache-control') ?? '', /no-cache/);
    assert.equal(leg.headers.get('x-accel-buffering'), 'no');
    const events = checkLegs([leg.events]);
    assert.deepEqual(leg.kinds, [
      'start', 'block-start', 'block-end', 'block-start', 'text-start', 'text-delta', 'text-end', 'block-end', 'finish',
    ]);
    assert.equal(spoken(events), 'Good day to you.');
    assert.ok(events.filter(({ type }) => type === 'text-delta').length > 1, 'the text comes in pieces');
    const blocks = events.filter(({ type }) => type === 'block-start');
    assert.deepEqual(blocks.map(({ blockName, blockType, display }) => [blockName, blockType, display]), [
      ['Add user message', 'add-message', 'hidden'], ['Respond', 'next-message', 'stream'],
    ]);
    assert.equal(leg.end.finishReason, 'stop');
  });

  await suite.check('stream: start names the message, and the last one before it', async () => {
    const session = await wire.session(chat);
    const first = (await say(session, 'say One.')).events[0];
    assert.ok(!('lastMessageId' in first), 'a session that is empty has no last message');
    const [, one] = await wire.messages(session);
    assert.equal(first.messageId, one.id);
    const second = (await say(session, 'say Two.')).events[0];
    assert.equal(second.lastMessageId, one.id);
    const messages = await wire.messages(session);
    assert.equal(second.messageId, messages[3].id);
    assert.notEqual(first.executionId, second.executionId);
  });

  await suite.check('stream: the messages of a turn, for users and as the whole state', async () => {
    const session = await wire.session(chat);
    await say(session, 'think Let me see.\nsay Fine.');
    const messages = await wire.messages(session);
    assert.deepEqual(messages.map(({ role, status }) => [role, status]), [['user', 'done'], ['assistant', 'done']]);
    const kept = messages[1].parts.filter(({ type }) => type !== 'step-start');
    assert.deepEqual(kept.map(({ type, text, status }) => [type, text, status]), [
      ['reasoning', 'Let me see.', 'done'], ['text', 'Fine.', 'done'],
    ]);
    const state = await wire.state(session);
    const said = state.messages.filter(({ role }) => role !== 'system');
    assert.deepEqual(said.map(({ role, content }) => [role, content.trim()]), [['user', 'think Let me see.\nsay Fine.'], ['assistant', 'Fine.']]);
    assert.deepEqual(said.map(({ id }) => id), messages.map(({ id }) => id));
  });

  await suite.check('stream: reasoning has events of its own, before the text', async () => {
    const leg = await say(await wire.session(chat), 'think One two three.\nsay Four.');
    const events = checkLegs([leg.events]);
    const kinds = leg.kinds.filter((type) => /^(text|reasoning)/.test(type));
    assert.deepEqual(kinds, ['reasoning-start', 'reasoning-delta', 'reasoning-end', 'text-start', 'text-delta', 'text-end']);
    const thought = events.filter(({ type }) => type === 'reasoning-delta').map(({ delta }) => delta).join('');
    assert.equal(thought, 'One two three.');
  });

  await suite.check('stream: text that is more than ASCII, and more than one piece', async () => {
    const text = 'Grüße, 世界 🎉 \u00a0“quoted” \\ back';
    const leg = await say(await wire.session(chat), `say ${text}`);
    assert.equal(spoken(checkLegs([leg.events])), text);
  });

  await suite.check('stream: it comes while the model speaks', async () => {
    const session = await wire.session(chat);
    const body = { triggerName: 'user-message', input: { USER_MESSAGE: 'hold wire-live\nwords 4' } };
    const open = await wire.open(`/api/agent-sessions/${session}/trigger`, body);
    await open.until(({ events }) => spoken(events).includes('w1'), 'the first word');
    assert.ok(!open.end, 'the end has not come');
    model.gate('wire-live').open();
    checkLegs([(await open.whole()).events]);
    assert.equal(spoken(open.events), 'w1 w2 w3 w4');
  });

  await suite.check('stream: an answer of a type is an object', async () => {
    const session = await wire.session(chat);
    const leg = await wire.trigger(session, 'report', { USER_MESSAGE: 'say {"title":"A short title","slug":"a-short-title"}' });
    const events = checkLegs([leg.events]);
    assert.equal(events.find(({ type }) => type === 'text-start').responseType, 'Report');
    const value = { title: 'A short title', slug: 'a-short-title' };
    assert.deepEqual(JSON.parse(spoken(events)), value);
    const [, answer] = await wire.messages(session);
    const part = answer.parts.find(({ type }) => type === 'object');
    assert.deepEqual([part.typeName, part.object, part.status], ['Report', value, 'done']);
    assert.deepEqual((await wire.state(session)).variables.REPORT, value);
  });

  await suite.check('stream: what only the model is told is in no message', async () => {
    const session = await wire.session(chat);
    const before = model.requests.length;
    checkLegs([(await wire.trigger(session, 'hint', { TEXT: 'say Understood.' })).events]);
    assert.ok(JSON.stringify(model.requests[before].body.messages).includes('say Understood.'));
    const messages = await wire.messages(session);
    assert.deepEqual(messages.map(({ role }) => role), ['assistant']);
    assert.ok(!JSON.stringify(messages).includes('say Understood'));
    const state = await wire.state(session);
    assert.ok(JSON.stringify(state.messages).includes('say Understood'), 'the whole state has it');
  });

  await suite.check('stream: a thread of its own stays out of the chat, and its result is kept', async () => {
    const session = await wire.session(chat);
    await say(session, 'Hello there');
    const before = model.requests.length;
    const leg = await wire.trigger(session, 'summarise');
    const events = checkLegs([leg.events]);
    assert.equal(leg.end.finishReason, 'stop');
    const blocks = events.filter(({ type }) => type === 'block-start');
    const told = blocks.find(({ blockType }) => blockType === 'serialize-thread');
    assert.deepEqual([told?.blockName, told?.display], ['Read the conversation', 'name']);
    const side = blocks.find(({ blockType }) => blockType === 'next-message');
    if (side) assert.ok(side.outputToChat === false || side.thread === 'side', JSON.stringify(side));
    const seen = model.requests[before].body.messages;
    assert.equal(seen[0].content, 'You sum up.');
    assert.match(seen[1].content, /Hello there[\s\S]*You said: Hello there/);
    const update = events.find(({ type }) => type === 'resource-update');
    assert.deepEqual([update.name, update.value], ['LAST_LOOKUP', 'The gist.']);
    const texts = (await wire.messages(session)).flatMap(({ parts }) => parts).filter(({ type, thread }) => type === 'text' && !thread);
    assert.deepEqual(texts.map(({ text }) => text.trim()), ['Hello there', 'You said: Hello there']);
  });

  await suite.check('stream: what the model refuses is an event, and the session goes on', async () => {
    const session = await wire.session(chat);
    const leg = await say(session, 'fail 400 the mock says no');
    checkLegs([leg.events]);
    const { end } = leg;
    assert.deepEqual([end.type, end.source, end.retryable, end.provider?.name], ['error', 'provider', false, 'openai']);
    assert.match(end.message, /the mock says no/);
    checkLegs([(await say(session, 'say And now.')).events]);
  });

  await suite.check('stream: a model that has too much to do is told as such', async () => {
    const session = await wire.session(chat);
    const leg = await say(session, 'fail 429 slow down');
    checkLegs([leg.events]);
    assert.deepEqual([leg.end.errorType, leg.end.source, leg.end.retryable], ['rate_limit_error', 'provider', true]);
    assert.equal(leg.end.provider.statusCode, 429);
    const overloaded = await say(session, 'fail 503 no room');
    assert.ok(['provider_overloaded', 'provider_error'].includes(overloaded.end.errorType), JSON.stringify(overloaded.end));
    assert.equal(overloaded.end.retryable, true);
  });

  await suite.check('stream: a model that breaks off is an error, and what it said is kept', async () => {
    const session = await wire.session(chat);
    const leg = await say(session, 'slow 5\nwords 9\ncut 4');
    checkLegs([leg.events]);
    assert.deepEqual([leg.end.type, leg.end.source], ['error', 'provider']);
    checkLegs([(await say(session, 'say On we go.')).events]);
  });

  await suite.check('stream: an unknown trigger, a wrong input and a wrong body are refused before it begins', async () => {
    const session = await wire.session(chat);
    const path = `/api/agent-sessions/${session}/trigger`;
    const told = await wire.refused('POST', path, { triggerName: 'no-such-trigger' }, [400, 404]);
    assert.match(told.error, /no-such-trigger/);
    assert.match((await wire.refused('POST', path, { triggerName: 'user-message' }, 400, 'VALIDATION_ERROR')).error, /USER_MESSAGE/);
    await wire.refused('POST', path, { triggerName: 'user-message', input: { USER_MESSAGE: 7 } }, 400, 'VALIDATION_ERROR');
    await wire.refused('POST', path, {}, 400, 'VALIDATION_ERROR');
    await wire.refused('POST', path, '{"triggerName"', 400, 'VALIDATION_ERROR');
    assert.deepEqual(await wire.messages(session), [], 'nothing is half-written');
    checkLegs([(await say(session, 'say Fine.')).events]);
  });

  await suite.check('stream: one run per session; the other is told to wait', async () => {
    const session = await wire.session(chat);
    const path = `/api/agent-sessions/${session}/trigger`;
    const first = await wire.open(path, { triggerName: 'user-message', input: { USER_MESSAGE: 'hold wire-busy\nsay First.' } });
    await model.gate('wire-busy').reached();
    const told = await wire.refused('POST', path, { triggerName: 'user-message', input: { USER_MESSAGE: 'say Second.' } }, 429, 'SESSION_BUSY');
    assert.match(told.headers.get('retry-after') ?? '', /^\d+$/);
    model.gate('wire-busy').open();
    assert.equal(spoken(checkLegs([(await first.whole()).events])), 'First.');
    assert.equal((await wire.messages(session)).length, 2);
  });

  await suite.check('stream: who goes away stops the model, and what was said is kept', async () => {
    const session = await wire.session(chat);
    const left = model.left;
    const open = await wire.open(`/api/agent-sessions/${session}/trigger`, {
      triggerName: 'user-message', input: { USER_MESSAGE: 'slow 50\nwords 400' },
    });
    await open.until(({ events }) => spoken(events).includes('w3'), 'the third word');
    open.leave();
    await until('the model is left', () => model.left > left);
    const messages = await until('the run has ended', async () => {
      const found = await wire.messages(session);
      return found.length === 2 && found[1].status === 'done' && found;
    });
    assert.match(messages[1].parts.findLast(({ type }) => type === 'text').text, /^w1 w2 w3/);
    const next = await until('the session is free', async () => {
      const leg = await say(session, 'say Still here.');
      return leg.status === 200 && leg;
    });
    assert.equal(spoken(checkLegs([next.events])), 'Still here.');
  });
}
