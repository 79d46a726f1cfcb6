// Sessions without a run: creating, reading, inputs, unknown ones, clearing, restoring, logs.

import assert from 'node:assert/strict';

import { checkLegs } from '../support/octavus/order.mjs';
import { entryProblems, problems, ANSWERS } from '../support/octavus/shapes.mjs';

export async function sessions({ suite, house }) {
  const { wire } = house;
  const chat = 'suite-chat';

  await suite.check('sessions: by the id of an agent, and by its slug', async () => {
    const agent = house.agents[chat];
    for (const name of [agent, chat]) {
      const session = await wire.session(name);
      const state = await wire.state(session);
      assert.deepEqual([state.id, state.agentId, state.messages], [session, agent, []]);
      assert.deepEqual(await wire.messages(session), []);
    }
  });

  await suite.check('sessions: input keeps what was given, and defaults fill the rest', async () => {
    const given = await wire.state(await wire.session(chat, { COMPANY_NAME: 'Acme' }));
    assert.deepEqual(given.input, { COMPANY_NAME: 'Acme' });
    const none = await wire.state(await wire.session(chat));
    assert.deepEqual(none.input.COMPANY_NAME ?? 'Nobody Inc', 'Nobody Inc');
  });

  await suite.check('sessions: an input of another type is refused, and nothing is made', async () => {
    const told = await wire.refused('POST', '/api/agent-sessions', { agentId: chat, input: { COMPANY_NAME: 7 } }, 400, 'VALIDATION_ERROR');
    assert.match(told.error, /COMPANY_NAME/);
  });

  await suite.check('sessions: an input that is required and missing is refused', async () => {
    const told = await wire.refused('POST', '/api/agent-sessions', { agentId: 'suite-strict' }, 400, 'VALIDATION_ERROR');
    assert.match(told.error, /ACCOUNT/);
    await wire.refused('POST', '/api/agent-sessions', { agentId: 'suite-strict', input: { ACCOUNT: 'a', PLAN: 'gold' } }, 400, 'VALIDATION_ERROR');
    await wire.session('suite-strict', { ACCOUNT: 'a', PLAN: 'paid' });
  });

  await suite.check('sessions: what is asked wrongly is told in the flat error', async () => {
    await wire.refused('POST', '/api/agent-sessions', { agentId: 'no-such-agent' }, 404, 'NOT_FOUND');
    await wire.refused('POST', '/api/agent-sessions', {}, 400, 'VALIDATION_ERROR');
    await wire.refused('POST', '/api/agent-sessions', '{"agentId":', 400, 'VALIDATION_ERROR');
    await wire.refused('POST', '/api/agent-sessions', '[]', 400, 'VALIDATION_ERROR');
    for (const [method, rest, body] of [
      ['GET', ''], ['GET', '?format=ui'], ['GET', '/logs'], ['DELETE', ''], ['POST', '/restore', { messages: [] }],
      ['POST', '/trigger', { triggerName: 'user-message', input: { USER_MESSAGE: 'hi' } }],
    ]) {
      await wire.refused(method, `/api/agent-sessions/no-such-session${rest}`, body, 404, 'NOT_FOUND');
    }
    await wire.as({ key: 'wrong' }).refused('POST', '/api/agent-sessions', { agentId: chat }, 401, 'UNAUTHORIZED');
    await wire.as({ key: null }).refused('GET', '/api/agents', undefined, 401, 'UNAUTHORIZED');
  });

  await suite.check('sessions: an address with two slashes is the same address', async () => {
    const session = await wire.session(chat);
    const answer = await wire.ask('GET', `//api/agent-sessions/${session}?format=ui`, undefined, 'messages');
    assert.deepEqual(answer.messages, []);
  });

  await suite.check('sessions: everything is below /octavus too', async () => {
    const below = wire.as({ url: `${house.url}/octavus` });
    const session = await below.session(chat);
    const leg = await below.trigger(session, 'user-message', { USER_MESSAGE: 'say Below.' });
    checkLegs([leg.events]);
    assert.equal((await wire.messages(session)).length, 2);
  });

  await suite.check('sessions: resources and variables stand in the state', async () => {
    const session = await wire.session(chat);
    const first = await wire.trigger(session, 'lookup', { WHO: '7' });
    const [call] = first.calls;
    const second = await wire.answer(session, first.execution, [{ toolCallId: call.toolCallId, result: { id: '7', name: 'Ada' } }]);
    checkLegs([first.events, second.events]);
    const update = second.events.find(({ type }) => type === 'resource-update');
    assert.deepEqual([update.name, update.value], ['LAST_LOOKUP', { id: '7', name: 'Ada' }]);
    const state = await wire.state(session);
    assert.deepEqual(state.resources.LAST_LOOKUP, { id: '7', name: 'Ada' });
    assert.deepEqual(state.variables.LOOKUP, { id: '7', name: 'Ada' });
  });

  await suite.check('clear: the session is expired, again and again, until it is restored with its ids', async () => {
    const session = await wire.session(chat, { COMPANY_NAME: 'Acme' });
    await wire.trigger(session, 'user-message', { USER_MESSAGE: 'say One.' });
    const kept = await wire.messages(session);
    for (let times = 0; times < 2; times += 1) {
      const answer = await wire.ask('DELETE', `/api/agent-sessions/${session}`, undefined, 'cleared');
      assert.deepEqual(answer, { sessionId: session, cleared: true });
    }
    for (const rest of ['', '?format=ui', '/logs']) {
      const answer = await wire.ask('GET', `/api/agent-sessions/${session}${rest}`, undefined, 'expired');
      assert.deepEqual([answer.sessionId, answer.agentId], [session, house.agents[chat]], rest);
    }
    const leg = await wire.trigger(session, 'user-message', { USER_MESSAGE: 'say No.' });
    assert.equal(leg.status, 410);
    assert.equal(leg.refusal.code, 'SESSION_EXPIRED');
    const files = [{ filename: 'a.txt', mediaType: 'text/plain', size: 1 }];
    await wire.refused('POST', '/api/files/upload-urls', { sessionId: session, files }, 410, 'SESSION_EXPIRED');

    const input = { COMPANY_NAME: 'Other Corp' };
    const restored = await wire.ask('POST', `/api/agent-sessions/${session}/restore`, { messages: kept, input }, 'restored');
    assert.deepEqual(restored, { sessionId: session, restored: true });
    assert.deepEqual((await wire.messages(session)).map(({ id, role }) => [id, role]), kept.map(({ id, role }) => [id, role]));
    const before = house.model.requests.length;
    await wire.trigger(session, 'user-message', { USER_MESSAGE: 'say Two.' });
    const seen = house.model.requests[before].body.messages;
    assert.equal(seen[0].content, 'You answer for Other Corp.');
    assert.deepEqual(seen.slice(1).map(({ role, content }) => [role, content]), [
      ['user', 'say One.'], ['assistant', 'One.'], ['user', 'say Two.'],
    ]);
  });

  await suite.check('restore: an active session stays as it is; messages that are none are refused', async () => {
    const session = await wire.session(chat);
    await wire.trigger(session, 'user-message', { USER_MESSAGE: 'say One.' });
    const kept = await wire.messages(session);
    const path = `/api/agent-sessions/${session}/restore`;
    assert.deepEqual(await wire.ask('POST', path, { messages: [] }, 'restored'), { sessionId: session, restored: false });
    assert.deepEqual(await wire.messages(session), kept);
    await wire.ask('DELETE', `/api/agent-sessions/${session}`, undefined, 'cleared');
    for (const messages of [undefined, {}, [{ id: 'x', role: 'system', parts: [] }], [{ role: 'user' }], ['x']]) {
      await wire.refused('POST', path, { messages }, 400, 'VALIDATION_ERROR');
    }
    await wire.ask('GET', `/api/agent-sessions/${session}`, undefined, 'expired');
    assert.deepEqual(await wire.ask('POST', path, { messages: [] }, 'restored'), { sessionId: session, restored: true });
    assert.deepEqual(await wire.messages(session), []);
  });

  await suite.check('restore: tools, files, reasoning and objects come back as they were', async () => {
    const session = await wire.session(chat);
    await wire.ask('DELETE', `/api/agent-sessions/${session}`, undefined, 'cleared');
    const at = '2026-01-02T03:04:05.678Z';
    const messages = [
      { id: '1767323045678-user001', role: 'user', status: 'done', createdAt: at, sender: { id: 'u1', name: 'Ada' },
        parts: [{ type: 'text', text: 'Who is it?', status: 'done' }] },
      { id: '1767323045679-asst001', role: 'assistant', status: 'done', createdAt: at, parts: [
        { type: 'step-start' },
        { type: 'reasoning', text: 'I look.', status: 'done' },
        { type: 'tool-call', toolCallId: 'call_old_1', toolName: 'get-user', displayName: 'Looking up a user', args: { userId: '1' },
          result: { name: 'Ada' }, status: 'done', display: 'stream' },
        { type: 'tool-call', toolCallId: 'call_old_2', toolName: 'get-user', args: { userId: '2' }, error: 'gone', status: 'error' },
        { type: 'tool-call', toolCallId: 'call_old_3', toolName: 'get-weather', args: { city: 'Rome' }, status: 'cancelled' },
        { type: 'step-start' },
        { type: 'text', text: 'It is Ada.', status: 'done' },
      ] },
    ];
    assert.deepEqual(await wire.ask('POST', `/api/agent-sessions/${session}/restore`, { messages }, 'restored'), { sessionId: session, restored: true });
    const kept = await wire.messages(session);
    const without = (message) => ({ ...message, parts: message.parts.filter(({ type }) => type !== 'step-start') });
    const facts = ({ id, role, createdAt, sender, parts }) => ({
      id, role, createdAt, sender, parts: parts.map(({ type, text, toolCallId, toolName, args, status }) => ({ type, text, toolCallId, toolName, args, status })),
    });
    assert.deepEqual(kept.map(without).map(facts), messages.map(without).map(facts));
    const before = house.model.requests.length;
    const leg = await wire.trigger(session, 'user-message', { USER_MESSAGE: 'say Still here.' });
    checkLegs([leg.events]);
    const seen = JSON.stringify(house.model.requests[before].body.messages);
    for (const text of ['Who is it?', 'call_old_1', 'Ada', 'gone', 'It is Ada.']) assert.ok(seen.includes(text), `${text} in ${seen}`);
  });

  await suite.check('logs: what happened, in order, with and without the requests of the model', async () => {
    const session = await wire.session(chat);
    const empty = await wire.ask('GET', `/api/agent-sessions/${session}/logs`, undefined, 'logs');
    assert.equal(empty.sessionId, session);
    const first = await wire.trigger(session, 'user-message', { USER_MESSAGE: 'call get-user {"userId":"42"}\nthen\nsay Done.' });
    const results = [{ toolCallId: first.calls[0].toolCallId, toolName: 'get-user', result: { name: 'Ada' } }];
    await wire.answer(session, first.execution, results);
    const all = await wire.ask('GET', `/api/agent-sessions/${session}/logs`, undefined, 'logs');
    assert.deepEqual(all.entries.flatMap(entryProblems), []);
    const types = all.entries.map(({ type }) => type);
    const inOrder = ['trigger', 'message', 'llm-tool-request', 'tool-result', 'llm-response'];
    assert.deepEqual(types.filter((type, at) => inOrder.includes(type) && types.indexOf(type) === at), inOrder, types.join(' '));
    const trigger = all.entries.find(({ type }) => type === 'trigger');
    assert.deepEqual([trigger.triggerName, trigger.triggerInput?.USER_MESSAGE?.slice(0, 4)], ['user-message', 'call']);
    const request = all.entries.find(({ type }) => type === 'llm-tool-request');
    assert.deepEqual(request.toolCalls.map(({ id, name, arguments: given }) => [id, name, given]), [
      [first.calls[0].toolCallId, 'get-user', { userId: '42' }],
    ]);
    const result = all.entries.find(({ type }) => type === 'tool-result');
    assert.deepEqual([result.toolName, result.toolResult], ['get-user', { name: 'Ada' }]);
    assert.equal(new Set(all.entries.map(({ id }) => id)).size, all.entries.length, 'ids of their own');
    const fewer = await wire.ask('GET', `/api/agent-sessions/${session}/logs?excludeModelRequests=true`, undefined, 'logs');
    assert.deepEqual(fewer.entries, all.entries.filter(({ type }) => type !== 'model-request'));
  });

  await suite.check('what is not there says so in the flat error', async () => {
    const message = { message: 'hi' };
    for (const [method, path, body] of [
      ['POST', '/api/v1/workforce/agents/a/threads', message], ['GET', '/api/v1/workforce/agents/a/threads/t', undefined],
      ['PUT', '/api/skills/s/secrets', { secrets: {} }], ['GET', '/api/agent-sessions/x/none', undefined],
    ]) {
      const response = await wire.send(method, path, body);
      const answer = await response.json();
      assert.ok(response.status >= 400, `${method} ${path} answered ${response.status}`);
      assert.deepEqual(problems(ANSWERS.refused, answer), [], `${method} ${path}: ${JSON.stringify(answer)}`);
    }
  });
}
