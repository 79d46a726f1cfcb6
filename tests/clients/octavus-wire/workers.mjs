// Workers: agents that are carried out, leg by leg, without a chat.

import assert from 'node:assert/strict';

import { definition } from '../support/octavus/agents.mjs';
import { checkLegs, spoken } from '../support/octavus/order.mjs';

/** An agent whose handler calls the worker, which agents cannot here. */
const BOSS = `variables:
  ANSWER:
    type: string

triggers:
  user-message:
    input:
      USER_MESSAGE:
        type: string

workers:
  suite-worker:
    description: Having it written

agent:
  model: openai/mock-model
  system: side

handlers:
  user-message:
    Add user message:
      block: add-message
      role: user
      prompt: user-message
      input:
        - USER_MESSAGE
      display: hidden
    Have it written:
      block: run-worker
      worker: suite-worker
      input:
        TASK: USER_MESSAGE
      output: ANSWER
`;

export async function workers({ suite, house }) {
  const { wire, model, agents } = house;
  const path = (name = agents['suite-worker']) => `/api/agents/${name}/execute`;
  const start = (TASK, more = {}) => ({ type: 'start', input: { TASK }, ...more });
  const order = (events) => events.map(({ type }) => type).filter((type) => ['start', 'worker-start', 'worker-result', 'finish', 'error', 'usage', 'tool-request'].includes(type));

  await suite.check('workers: one begins, tells its result, ends, and tells what it used', async () => {
    for (const name of [agents['suite-worker'], 'suite-worker']) {
      const before = model.requests.length;
      const leg = await wire.stream(path(name), start('say Tea is warm.'));
      const events = checkLegs([leg.events], { worker: true });
      assert.deepEqual(order(events), ['start', 'worker-start', 'worker-result', 'finish', 'usage']);
      const [, begun] = events.filter(({ type }) => ['start', 'worker-start'].includes(type));
      const result = events.find(({ type }) => type === 'worker-result');
      assert.deepEqual([begun.workerSlug, begun.input?.TASK], ['suite-worker', 'say Tea is warm.']);
      assert.deepEqual([result.workerId, result.output, 'error' in result], [begun.workerId, 'Tea is warm.', false]);
      const inner = events.filter(({ type }) => /^(text|block|reasoning)-/.test(type));
      assert.ok(inner.length > 0, 'it is heard');
      assert.deepEqual([...new Set(inner.map(({ workerId }) => workerId))], [begun.workerId], 'what is inside names it');
      assert.equal(spoken(events), 'Tea is warm.');
      const { tokens } = events.at(-1);
      assert.equal(tokens.totalTokens, tokens.inputTokens + tokens.outputTokens);
      assert.ok(tokens.inputTokens > 0);
      assert.equal(model.requests[before].body.messages[0].content, 'You write in the style plain.');
    }
  });

  await suite.check('workers: tools are requested and continued; the execution is the session', async () => {
    const leg = await wire.stream(path(), start('call get-user {"userId":"42"}\nthen\nsay It is Ada.'));
    assert.deepEqual(leg.calls.map(({ toolName, args }) => [toolName, args]), [['get-user', { userId: '42' }]]);
    const next = await wire.stream(path(), {
      type: 'continue', executionId: leg.execution, toolResults: [{ toolCallId: leg.calls[0].toolCallId, toolName: 'get-user', result: 'Ada' }],
    });
    const events = checkLegs([leg.events, next.events], { worker: true });
    assert.equal(events.find(({ type }) => type === 'worker-result').output, 'It is Ada.');
    assert.equal(events.filter(({ type }) => type === 'worker-start').length, 1, 'it begins once');
    const logs = await wire.ask('GET', `/api/agent-sessions/${leg.execution}/logs`, undefined, 'logs');
    assert.ok(logs.entries.some(({ type }) => type === 'tool-result'));
  });

  await suite.check('workers: tools of the moment', async () => {
    const dynamicToolSchemas = [{ name: 'look', description: 'Looks', inputSchema: { type: 'object', properties: {} } }];
    const leg = await wire.stream(path(), start('call look\nthen\nsay Seen.', { dynamicToolSchemas }));
    assert.deepEqual(leg.calls.map(({ toolName }) => toolName), ['look']);
    const next = await wire.stream(path(), {
      type: 'continue', executionId: leg.execution, toolResults: [{ toolCallId: leg.calls[0].toolCallId, result: 1 }],
    });
    assert.equal(checkLegs([leg.events, next.events], { worker: true }).find(({ type }) => type === 'worker-result').output, 'Seen.');
  });

  await suite.check('workers: what fails is an error', async () => {
    const leg = await wire.stream(path(), start('fail 400 the mock says no'));
    checkLegs([leg.events], { worker: true });
    const { end } = leg;
    const result = leg.events.find(({ type }) => type === 'worker-result');
    assert.ok(end.type === 'error' || result?.error, JSON.stringify(leg.events));
    assert.match(end.message ?? result.error, /the mock says no/);
  });

  await suite.check('workers: what is asked wrongly is refused', async () => {
    await wire.refused('POST', path('no-such-agent'), start('x'), 404, 'NOT_FOUND');
    await wire.refused('POST', path(agents['suite-chat']), start('x'), [400, 409]);
    await wire.refused('POST', path(), { type: 'start', input: {} }, 400, 'VALIDATION_ERROR');
    await wire.refused('POST', path(), { type: 'begin' }, 400, 'VALIDATION_ERROR');
    await wire.refused('POST', path(), { type: 'continue', executionId: 'none', toolResults: [{ toolCallId: 'x', result: 1 }] }, [400, 404, 409]);
    await wire.refused('POST', path(), { type: 'continue', toolResults: [] }, 400, 'VALIDATION_ERROR');
    await wire.refused('POST', '/api/agent-sessions', { agentId: 'suite-worker' }, [400, 409]);
  });

  await suite.check('workers: an agent that calls one is refused, with all places', async () => {
    const boss = definition('chat', { slug: 'suite-boss', name: 'Suite boss', protocol: () => BOSS });
    const { valid, errors } = await wire.ask('POST', '/api/agents/validate', boss, 'validated');
    assert.equal(valid, false);
    assert.deepEqual(errors.map(({ path }) => path), ['workers', 'handlers.user-message.Have it written']);
    for (const { message } of errors) assert.match(message, /not supported/);
    const { error } = await wire.refused('POST', '/api/agents', boss, 400, 'VALIDATION_ERROR');
    assert.match(error, /run-worker/);
    await wire.refused('GET', '/api/agents/suite-boss?by=slug', undefined, 404, 'NOT_FOUND');
  });
}
