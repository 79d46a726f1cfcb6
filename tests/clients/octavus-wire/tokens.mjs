// Keys with permissions; tokens that they mint for a while, for an agent or a session, and take back.

import assert from 'node:assert/strict';

import { definition } from '../support/octavus/agents.mjs';
import { addKey, removeKey } from '../support/octavus/house.mjs';
import { checkLegs } from '../support/octavus/order.mjs';
import { until } from '../support/report.mjs';

export async function tokens({ suite, house }) {
  const { wire, agents } = house;
  const chat = agents['suite-chat'];
  const mint = (body) => wire.ask('POST', '/api/tokens', { agentId: chat, ...body }, 'token');
  const revoke = (token) => wire.ask('POST', '/api/tokens/revoke', { token }, 'revoked');
  const hello = { triggerName: 'user-message', input: { USER_MESSAGE: 'say Hello.' } };

  await suite.check('keys: each opens what it is for', async () => {
    const session = await wire.session(chat);
    const file = { filename: 'a.txt', mediaType: 'text/plain', size: 1 };
    const asked = {
      sessions: [
        ['POST', '/api/agent-sessions', { agentId: chat }], ['GET', `/api/agent-sessions/${session}?format=ui`],
        ['POST', '/api/files/upload-urls', { sessionId: session, files: [file] }],
      ],
      agents: [['POST', '/api/agents/validate', definition('chat')], ['PATCH', '/api/agents/suite-strict?by=slug', {}]],
      mint: [['POST', '/api/tokens', { agentId: chat }]],
    };
    for (const permission of Object.keys(asked)) {
      const holder = wire.as({ key: await addKey(house, permission, permission) });
      assert.match(holder.key, /^oct_sk_/);
      for (const [needed, requests] of Object.entries(asked)) {
        for (const [method, path, body] of requests) {
          if (needed === permission) await holder.ask(method, path, body);
          else await holder.refused(method, path, body, 403, 'FORBIDDEN');
        }
      }
      if (permission !== 'mint') await holder.ask('GET', '/api/agents', undefined, 'agents');
    }
  });

  await suite.check('keys: one that is taken away opens nothing, and neither do its tokens', async () => {
    const holder = wire.as({ key: await addKey(house, 'short') });
    const { token } = await holder.ask('POST', '/api/tokens', { agentId: chat }, 'token');
    const session = await holder.session(chat);
    await removeKey(house, 'short');
    for (const key of [holder.key, token]) {
      const gone = wire.as({ key });
      await until('the key is gone', async () => (await gone.send('GET', `/api/agent-sessions/${session}`)).status === 401);
    }
    assert.equal((await wire.messages(session)).length, 0);
  });

  await suite.check('tokens: one is minted, works, and is taken back once', async () => {
    const { token, jti, expiresAt } = await mint({ ttlSeconds: 60 });
    const life = Date.parse(expiresAt) - Date.now();
    assert.ok(life > 0 && life <= 60_000, `${life} ms`);
    const holder = wire.as({ key: token });
    const session = await holder.session(chat);
    checkLegs([(await holder.trigger(session, 'user-message', hello.input)).events]);
    assert.equal((await holder.messages(session)).length, 2);
    assert.deepEqual(await revoke(token), { revoked: true, jti });
    assert.equal((await revoke(token)).revoked, false);
    assert.equal((await revoke('oct_et_never_was')).revoked, false);
    await holder.refused('GET', `/api/agent-sessions/${session}`, undefined, 401, 'UNAUTHORIZED');
  });

  await suite.check('tokens: their life is an hour by default, and a day at most', async () => {
    const life = ({ expiresAt }) => Math.round((Date.parse(expiresAt) - Date.now()) / 60_000);
    assert.equal(life(await mint({})), 60);
    assert.equal(life(await mint({ ttlSeconds: 90 * 86_400 })), 24 * 60);
  });

  await suite.check('tokens: one is over when its time is', async () => {
    const { token } = await mint({ ttlSeconds: 1 });
    const holder = wire.as({ key: token });
    await until('the token is over', async () => (await holder.send('POST', '/api/agent-sessions', { agentId: chat })).status === 401);
    await holder.refused('POST', '/api/agent-sessions', { agentId: chat }, 401, 'UNAUTHORIZED');
  });

  await suite.check('tokens: one of an agent opens that agent, and nothing else', async () => {
    const { token } = await mint({ ttlSeconds: 60 });
    const holder = wire.as({ key: token });
    const other = await wire.session('suite-strict', { ACCOUNT: 'a' });
    for (const [method, path, body] of [
      ['POST', '/api/agent-sessions', { agentId: 'suite-strict', input: { ACCOUNT: 'a' } }],
      ['GET', `/api/agent-sessions/${other}`], ['POST', `/api/agent-sessions/${other}/trigger`, hello],
      ['DELETE', `/api/agent-sessions/${other}`],
      ['POST', '/api/tokens', { agentId: chat }],
      ['DELETE', '/api/agents/suite-chat?by=slug'], ['PATCH', '/api/agents/suite-chat?by=slug', { prompts: [] }],
      ['POST', '/api/files/upload-urls', { sessionId: other, files: [{ filename: 'a', mediaType: 'text/plain', size: 1 }] }],
    ]) {
      await holder.refused(method, path, body, [403, 404]);
    }
    assert.equal((await wire.messages(other)).length, 0);
  });

  await suite.check('tokens: one of a session opens that session, creates none and runs no worker', async () => {
    const session = await wire.session(chat);
    const { token } = await mint({ sessionId: session, ttlSeconds: 60 });
    const holder = wire.as({ key: token });
    checkLegs([(await holder.trigger(session, 'user-message', hello.input)).events]);
    assert.equal((await holder.messages(session)).length, 2);
    const other = await wire.session(chat);
    await holder.refused('POST', '/api/agent-sessions', { agentId: chat }, 403, 'FORBIDDEN');
    await holder.refused('POST', '/api/agent-sessions/start', { agentId: chat, trigger: hello, idempotencyKey: 'k-of-a-token' }, 403, 'FORBIDDEN');
    await holder.refused('GET', `/api/agent-sessions/${other}`, undefined, [403, 404]);
    await holder.refused('POST', `/api/agents/${agents['suite-worker']}/execute`, { type: 'start', input: { TASK: 'x' } }, [403, 404]);
  });

  await suite.check('tokens: what is asked wrongly is refused', async () => {
    const refuse = (body, status) => wire.refused('POST', '/api/tokens', body, status);
    await refuse({}, 400);
    await refuse({ agentId: 'no-such-agent' }, 404);
    await refuse({ agentId: chat, sessionId: 'no-such-session' }, 404);
    for (const ttlSeconds of [0, -1, 1.5, '60']) await refuse({ agentId: chat, ttlSeconds }, 400);
    await wire.refused('POST', '/api/tokens/revoke', {}, 400, 'VALIDATION_ERROR');
  });
}
