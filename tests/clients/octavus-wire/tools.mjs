// Tools of the application: requests and continuations, leg by leg, and what is refused on the way.

import assert from 'node:assert/strict';

import { checkLegs, spoken } from '../support/octavus/order.mjs';

const ONE = 'call get-user {"userId":"42"}';
const TWO = 'call get-user {"userId":"42"}\ncall get-user {"userId":"43"}';

export async function tools({ suite, house }) {
  const { wire, model } = house;
  const input = (text) => ({ USER_MESSAGE: text });
  const begin = async (text, session = null) => {
    const of = session ?? (await wire.session('suite-chat'));
    return { session: of, leg: await wire.trigger(of, 'user-message', input(text)) };
  };
  const toolPart = (messages, id) => messages.flatMap(({ parts }) => parts).find((part) => part.toolCallId === id);
  const shown = (at) => model.requests[at].body.messages.filter(({ role }) => role === 'tool').map(({ content }) => content);

  await suite.check('tools: a call is told, requested, answered, and one message has it all', async () => {
    const { session, leg } = await begin(ONE);
    assert.deepEqual(leg.kinds, [
      'start', 'block-start', 'block-end', 'block-start', 'tool-input-start', 'tool-input-delta', 'tool-input-end',
      'tool-input-available', 'tool-request', 'finish',
    ]);
    const [call] = leg.calls;
    assert.deepEqual([call.toolName, call.args, call.source], ['get-user', { userId: '42' }, 'llm']);
    assert.equal(leg.events.find(({ type }) => type === 'tool-input-start').title, 'Looking up a user');
    const waiting = await wire.messages(session);
    assert.ok(['pending', 'running'].includes(toolPart(waiting, call.toolCallId).status), 'the message shows that it waits');
    const before = model.requests.length;
    const result = { name: 'Ada', tags: ['a', null], deep: { n: 1.5 } };
    const next = await wire.trigger(session, 'user-message', input(ONE), {
      executionId: leg.execution, toolResults: [{ toolCallId: call.toolCallId, toolName: 'get-user', result }],
    });
    checkLegs([leg.events, next.events]);
    assert.deepEqual(next.kinds, ['start', 'text-start', 'text-delta', 'text-end', 'block-end', 'finish']);
    assert.equal(next.events[0].messageId, leg.events[0].messageId, 'it is the same message');
    assert.deepEqual(JSON.parse(shown(before)[0]), result);
    const messages = await wire.messages(session);
    assert.deepEqual(messages.map(({ id, role }) => [id, role]).slice(1), [[leg.events[0].messageId, 'assistant']]);
    const { status, args, result: kept, displayName } = toolPart(messages, call.toolCallId);
    assert.deepEqual([status, args, kept, displayName], ['done', { userId: '42' }, result, 'Looking up a user']);
    assert.deepEqual(messages[1].parts.map(({ type }) => type).filter((type) => type !== 'step-start'), ['tool-call', 'text']);
  });

  await suite.check('tools: two at once are one request, answered in any order', async () => {
    const { session, leg } = await begin(TWO);
    assert.deepEqual(leg.calls.map(({ args }) => args.userId), ['42', '43']);
    const before = model.requests.length;
    const results = leg.calls.map(({ toolCallId, args }) => ({ toolCallId, result: `user ${args.userId}` })).reverse();
    const next = await wire.answer(session, leg.execution, results);
    checkLegs([leg.events, next.events]);
    assert.deepEqual(shown(before).map((text) => /user (\d+)/.exec(text)?.[1]), ['42', '43'], 'the model sees its own order');
  });

  await suite.check('tools: rounds follow each other, and the execution keeps its id', async () => {
    const { session, leg } = await begin(`${ONE}\nthen\ncall get-weather {"city":"Rome"}\nthen\nsay All done.`);
    const second = await wire.answer(session, leg.execution, [{ toolCallId: leg.calls[0].toolCallId, result: 1 }]);
    assert.deepEqual(second.calls.map(({ toolName, args }) => [toolName, args]), [['get-weather', { city: 'Rome' }]]);
    const third = await wire.answer(session, second.execution, [{ toolCallId: second.calls[0].toolCallId, result: 'sun' }]);
    assert.equal(spoken(checkLegs([leg.events, second.events, third.events])), 'All done.');
    assert.equal((await wire.messages(session)).length, 2);
  });

  await suite.check('tools: an error is shown to the model and in the message', async () => {
    const { session, leg } = await begin(ONE);
    const before = model.requests.length;
    const next = await wire.answer(session, leg.execution, [{ toolCallId: leg.calls[0].toolCallId, error: 'the store is closed' }]);
    checkLegs([leg.events, next.events]);
    assert.match(shown(before)[0], /the store is closed/);
    const { status, error } = toolPart(await wire.messages(session), leg.calls[0].toolCallId);
    assert.deepEqual([status, error], ['error', 'the store is closed']);
  });

  for (const [what, result] of [['no result', {}], ['null', { result: null }], ['an empty error', { error: '', result: 'fine' }], ['false', { result: false }]]) {
    await suite.check(`tools: ${what} is a success`, async () => {
      const { session, leg } = await begin(ONE);
      const next = await wire.answer(session, leg.execution, [{ toolCallId: leg.calls[0].toolCallId, ...result }]);
      checkLegs([leg.events, next.events]);
      assert.equal(next.end.finishReason, 'stop');
      assert.equal(toolPart(await wire.messages(session), leg.calls[0].toolCallId).status, 'done');
    });
  }

  await suite.check('tools: results without an execution belong to the run that waits', async () => {
    const { session, leg } = await begin(ONE);
    const toolResults = [{ toolCallId: leg.calls[0].toolCallId, toolName: 'get-user', result: 'found' }];
    const next = await wire.trigger(session, 'user-message', input(ONE), { toolResults });
    checkLegs([leg.events, next.events]);
    assert.equal((await wire.messages(session)).length, 2);
  });

  await suite.check('tools: a block calls one itself, and its result is stored by our own copy of the request', async () => {
    const session = await wire.session('suite-chat');
    const leg = await wire.trigger(session, 'lookup', { WHO: '7' });
    const [call] = leg.calls;
    assert.deepEqual([call.source, call.outputVariable, call.blockIndex, call.args], ['block', 'LOOKUP', 0, { userId: '7' }]);
    // The echo names another variable and another block; it is not believed.
    const results = [{ toolCallId: call.toolCallId, result: { name: 'Ada' }, outputVariable: 'SUMMARY', blockIndex: 3 }];
    const next = await wire.answer(session, leg.execution, results);
    checkLegs([leg.events, next.events]);
    const { variables, resources } = await wire.state(session);
    assert.deepEqual([variables.LOOKUP, resources.LAST_LOOKUP], [{ name: 'Ada' }, { name: 'Ada' }]);
    assert.notDeepEqual(variables.SUMMARY, { name: 'Ada' });
  });

  await suite.check('tools: a handler goes on in its middle', async () => {
    const session = await wire.session('suite-chat');
    const leg = await wire.trigger(session, 'look-and-tell', { WHO: '9' });
    const next = await wire.answer(session, leg.execution, [{ toolCallId: leg.calls[0].toolCallId, result: { name: 'Grace' } }]);
    const events = checkLegs([leg.events, next.events]);
    assert.match(spoken(events), /Grace/);
    const names = events.filter(({ type }) => type === 'block-start').map(({ blockName }) => blockName);
    assert.deepEqual([...new Set(names)], ['Look up', 'Add what was found', 'Respond']);
  });

  await suite.check('tools: results for unknown calls are refused, and the run still waits', async () => {
    const { session, leg } = await begin(ONE);
    const path = `/api/agent-sessions/${session}/trigger`;
    const good = [{ toolCallId: leg.calls[0].toolCallId, result: 1 }];
    const wrong = [{ toolCallId: 'call_that_never_was', result: 1 }];
    await wire.refused('POST', path, { executionId: leg.execution, toolResults: wrong }, [400, 404, 409]);
    await wire.refused('POST', path, { executionId: leg.execution, toolResults: [...good, ...wrong] }, [400, 404, 409]);
    await wire.refused('POST', path, { executionId: 'exec-that-never-was', toolResults: good }, [400, 404, 409]);
    await wire.refused('POST', path, { executionId: leg.execution, toolResults: [{ result: 1 }] }, 400, 'VALIDATION_ERROR');
    const next = await wire.answer(session, leg.execution, good);
    checkLegs([leg.events, next.events]);
  });

  await suite.check('tools: only some of the results are not enough', async () => {
    const { session, leg } = await begin(TWO);
    const path = `/api/agent-sessions/${session}/trigger`;
    const [one, two] = leg.calls.map(({ toolCallId }) => ({ toolCallId, result: 'x' }));
    await wire.refused('POST', path, { executionId: leg.execution, toolResults: [one] }, [400, 409]);
    const next = await wire.answer(session, leg.execution, [one, two]);
    checkLegs([leg.events, next.events]);
  });

  await suite.check('tools: results twice are refused, and nothing is written twice', async () => {
    const { session, leg } = await begin(ONE);
    const results = [{ toolCallId: leg.calls[0].toolCallId, result: 'once' }];
    checkLegs([leg.events, (await wire.answer(session, leg.execution, results)).events]);
    const kept = await wire.messages(session);
    await wire.refused('POST', `/api/agent-sessions/${session}/trigger`, {
      executionId: leg.execution, toolResults: [{ ...results[0], result: 'twice' }],
    }, [400, 404, 409]);
    assert.deepEqual(await wire.messages(session), kept);
  });

  await suite.check('tools: an execution of another session is refused', async () => {
    const { leg } = await begin(ONE);
    const other = await begin(ONE);
    await wire.refused('POST', `/api/agent-sessions/${other.session}/trigger`, {
      executionId: leg.execution, toolResults: [{ toolCallId: leg.calls[0].toolCallId, result: 1 }],
    }, [400, 404, 409]);
    const next = await wire.answer(other.session, other.leg.execution, [{ toolCallId: other.leg.calls[0].toolCallId, result: 1 }]);
    checkLegs([other.leg.events, next.events]);
  });

  await suite.check('tools: a new trigger takes the place of a run that waits, and the model sees valid turns', async () => {
    const { session, leg } = await begin(ONE);
    const next = await wire.trigger(session, 'user-message', input('say Never mind.'));
    checkLegs([next.events]);
    assert.deepEqual(model.wrong(), []);
    await wire.refused('POST', `/api/agent-sessions/${session}/trigger`, {
      executionId: leg.execution, toolResults: [{ toolCallId: leg.calls[0].toolCallId, result: 1 }],
    }, [400, 404, 409]);
    const late = toolPart(await wire.messages(session), leg.calls[0].toolCallId);
    assert.equal(late.status, 'cancelled');
    const early = toolPart(await wire.as({ generation: 2 }).messages(session), leg.calls[0].toolCallId);
    assert.ok(['error', 'done'].includes(early.status), early.status);
  });

  await suite.check('tools: who answers and goes away stops that leg only', async () => {
    const { session, leg } = await begin(`${ONE}\nthen\nhold wire-leg\nwords 5`);
    const path = `/api/agent-sessions/${session}/trigger`;
    const open = await wire.open(path, { executionId: leg.execution, toolResults: [{ toolCallId: leg.calls[0].toolCallId, result: 1 }] });
    await open.until(({ events }) => spoken(events).includes('w1'), 'the first word');
    open.leave();
    model.gate('wire-leg').open();
    let next;
    do next = await wire.trigger(session, 'user-message', input('say Back.'));
    while (next.status === 429);
    checkLegs([next.events]);
    const [, cut] = await wire.messages(session);
    assert.equal(toolPart([cut], leg.calls[0].toolCallId).status, 'done');
    assert.match(cut.parts.findLast(({ type }) => type === 'text').text, /^w1/);
  });

  await suite.check('tools: how they are displayed', async () => {
    const calls = 'call get-weather {"city":"Rome"}\ncall ask-person {"question":"Why?"}\ncall whisper {"text":"hush"}\ncall get-user {"userId":"1"}';
    const { session, leg } = await begin(calls);
    assert.deepEqual(leg.calls.map(({ toolName }) => toolName).sort(), ['ask-person', 'get-user', 'get-weather', 'whisper']);
    const told = leg.events.filter(({ type }) => type.startsWith('tool-input')).filter(({ toolCallId }) =>
      leg.calls.some((call) => call.toolName === 'whisper' && call.toolCallId === toolCallId));
    assert.deepEqual(told, [], 'a hidden tool has no events');
    const results = leg.calls.map(({ toolCallId, toolName }) => ({ toolCallId, toolName, result: { of: toolName } }));
    const next = await wire.answer(session, leg.execution, results);
    assert.equal(next.end.finishReason, 'stop');
    const parts = (await wire.messages(session)).flatMap((message) => message.parts).filter(({ type }) => type === 'tool-call');
    const kept = Object.fromEntries(parts.map(({ toolName, result }) => [toolName, result?.of]));
    assert.equal(kept['get-user'], 'get-user', 'what is streamed keeps its result');
    assert.ok(!('whisper' in kept), 'what is hidden is in no message');
    assert.deepEqual([kept['get-weather'], kept['ask-person']], [undefined, undefined], 'others lose theirs after the run');
  });
}
