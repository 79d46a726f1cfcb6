// Patience and sizes: signs of life while nothing comes, bodies of 4 MiB, the address below which everything is.

import assert from 'node:assert/strict';

import { checkLegs } from '../support/octavus/order.mjs';
import { octavusHouse } from '../support/octavus/house.mjs';
import { definition } from '../support/octavus/agents.mjs';

const MIB = 1 << 20;

export async function limits({ suite, house }) {
  const { wire, model } = house;
  const input = { USER_MESSAGE: 'call get-user {"userId":"42"}\nthen\nsay Taken.' };

  await suite.check('limits: a result of 4 MiB is taken', async () => {
    const session = await wire.session('suite-chat');
    const leg = await wire.trigger(session, 'user-message', input);
    const [call] = leg.calls;
    const body = (result) => JSON.stringify({ executionId: leg.execution, toolResults: [{ toolCallId: call.toolCallId, toolName: call.toolName, result }] });
    const text = 'x'.repeat(4 * MIB - body('').length);
    assert.equal(Buffer.byteLength(body(text)), 4 * MIB);
    const before = model.requests.length;
    const next = await wire.stream(`/api/agent-sessions/${session}/trigger`, body(text));
    checkLegs([leg.events, next.events]);
    assert.equal(next.end.finishReason, 'stop');
    const shown = model.requests[before].body.messages.find(({ role }) => role === 'tool').content;
    assert.ok(shown.startsWith('xxxx') || shown.startsWith('"xxxx'), shown.slice(0, 100));
  });

  await suite.check('limits: a message of 3 MiB is taken', async () => {
    const session = await wire.session('suite-chat');
    const leg = await wire.trigger(session, 'hint', { TEXT: `say Long.\n${'y'.repeat(3 * MIB)}` });
    checkLegs([leg.events]);
  });

  await suite.check('limits: what is longer than the limit is refused in the flat error', async () => {
    const session = await wire.session('suite-chat');
    const path = `/api/agent-sessions/${session}/trigger`;
    // Of a body that is too long the server takes as much again as it allows, 20 MiB, so that who sends it reads the answer.
    const body = JSON.stringify({ triggerName: 'user-message', input: { USER_MESSAGE: 'z'.repeat(30 * MIB) } });
    await wire.refused('POST', path, body, 413, 'PAYLOAD_TOO_LARGE');
    assert.deepEqual(await wire.messages(session), []);
  });

  await suite.check('limits: while nothing comes there is a sign of life, and nothing else', async () => {
    const quick = await octavusHouse({ suite, agents: [definition('chat')], config: { server: { limits: { heartbeat_seconds: 1 } } } });
    const session = await quick.wire.session('suite-chat');
    const body = { triggerName: 'user-message', input: { USER_MESSAGE: 'hold silence\nsay At last.' } };
    const open = await quick.wire.open(`/api/agent-sessions/${session}/trigger`, body);
    await quick.model.gate('silence').reached();
    await open.until(({ comments }) => comments.length >= 2, 'the second sign of life');
    assert.ok(open.comments.every((comment) => comment.startsWith(': ')), open.comments.join('\n'));
    quick.model.gate('silence').open();
    checkLegs([(await open.whole()).events]);
    await quick.close();
  });

  await suite.check('limits: unless told otherwise, a sign of life comes within 20 seconds', async () => {
    const session = await wire.session('suite-chat');
    const body = { triggerName: 'user-message', input: { USER_MESSAGE: 'hold long-silence\nsay At last.' } };
    const open = await wire.open(`/api/agent-sessions/${session}/trigger`, body);
    await model.gate('long-silence').reached();
    const began = Date.now();
    await open.until(({ comments }) => comments.length >= 1, 'a sign of life');
    model.gate('long-silence').open();
    checkLegs([(await open.whole()).events]);
    assert.ok(Date.now() - began < 20_000, `${Date.now() - began} ms`);
  });
}
