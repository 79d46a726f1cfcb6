// Agents through the API: creating, reading by id and by slug, changing, validating, archiving, references.

import assert from 'node:assert/strict';

import { definition } from '../support/octavus/agents.mjs';
import { checkLegs, spoken } from '../support/octavus/order.mjs';

const bySlug = (slug) => `/api/agents/${slug}?by=slug`;
const validate = (wire, agent) => wire.ask('POST', '/api/agents/validate', agent, 'validated');

export async function agents({ suite, house }) {
  const { wire, model } = house;
  const list = async () => (await wire.ask('GET', '/api/agents', undefined, 'agents')).agents;
  const say = (session, text) => wire.trigger(session, 'user-message', { USER_MESSAGE: text });

  await suite.check('agents: the list has all fields, a missing description is null there', async () => {
    const found = await list();
    const slugs = found.map(({ slug }) => slug);
    for (const slug of Object.keys(house.agents)) assert.ok(slugs.includes(slug), slug);
    const chat = found.find(({ slug }) => slug === 'suite-chat');
    assert.deepEqual([chat.id, chat.name, chat.description, chat.format], [
      house.agents['suite-chat'], 'Suite chat', 'Everything that an agent has', 'interactive',
    ]);
    assert.deepEqual([found.find(({ slug }) => slug === 'suite-worker')].map(({ description, format }) => [description, format]), [[null, 'worker']]);
  });

  await suite.check('agents: by id and by slug, word for word; a missing description is absent here', async () => {
    for (const [name, slug] of [['chat', 'suite-chat'], ['worker', 'suite-worker']]) {
      const { settings, protocol, prompts } = definition(name);
      for (const path of [`/api/agents/${house.agents[slug]}`, bySlug(slug)]) {
        const agent = await wire.ask('GET', path, undefined, 'agent');
        assert.equal(agent.id, house.agents[slug]);
        assert.deepEqual(agent.settings, settings);
        assert.equal(agent.protocol, protocol);
        const sorted = (of) => [...of].sort((one, two) => (one.name < two.name ? -1 : 1));
        assert.deepEqual(sorted(agent.prompts), sorted(prompts));
      }
    }
    await wire.refused('GET', '/api/agents/no-such-agent', undefined, 404, 'NOT_FOUND');
    await wire.refused('GET', bySlug('no-such-agent'), undefined, 404, 'NOT_FOUND');
  });

  await suite.check('agents: a slug is taken once', async () => {
    await wire.refused('POST', '/api/agents', definition('chat'), 409, 'CONFLICT');
  });

  await suite.check('agents: a change of some fields leaves the others', async () => {
    const made = definition('chat', { slug: 'suite-change', name: 'Before' });
    const { agentId } = await wire.ask('POST', '/api/agents', made, 'changed');
    const answer = await wire.ask('PATCH', bySlug('suite-change'), { settings: { name: 'After', format: 'interactive' } }, 'changed');
    assert.equal(answer.agentId, agentId);
    const prompts = made.prompts.map((prompt) => (prompt.name === 'system' ? { ...prompt, content: 'Changed for {{COMPANY_NAME}}.' } : prompt));
    await wire.ask('PATCH', bySlug('suite-change'), { prompts }, 'changed');
    const agent = await wire.ask('GET', bySlug('suite-change'), undefined, 'agent');
    assert.deepEqual([agent.settings.name, agent.settings.slug, agent.protocol], ['After', 'suite-change', made.protocol]);
    assert.equal(agent.prompts.find(({ name }) => name === 'system').content, 'Changed for {{COMPANY_NAME}}.');
    const before = model.requests.length;
    await say(await wire.session(agentId), 'say Hi.');
    assert.equal(model.requests[before].body.messages[0].content, 'Changed for Nobody Inc.');
  });

  await suite.check('agents: a change that is wrong is refused, and nothing changes', async () => {
    const kept = await wire.ask('GET', bySlug('suite-change'), undefined, 'agent');
    await wire.refused('PATCH', bySlug('suite-change'), { protocol: 'triggers: [' }, 400, 'VALIDATION_ERROR');
    await wire.refused('PATCH', bySlug('suite-change'), { prompts: [] }, 400, 'VALIDATION_ERROR');
    await wire.refused('PATCH', bySlug('no-such-agent'), { prompts: [] }, 404, 'NOT_FOUND');
    assert.deepEqual(await wire.ask('GET', bySlug('suite-change'), undefined, 'agent'), kept);
  });

  await suite.check('agents: a run that waits goes on as it began, although its agent was changed', async () => {
    const { agentId } = await wire.ask('POST', '/api/agents', definition('chat', { slug: 'suite-pinned' }), 'changed');
    const session = await wire.session(agentId);
    const leg = await wire.trigger(session, 'look-and-tell', { WHO: '1' });
    const protocol = definition('chat').protocol.replace('Add what was found', 'Add it otherwise').replace('prompt: found', 'prompt: user-message');
    await wire.ask('PATCH', bySlug('suite-pinned'), { protocol }, 'changed');
    const next = await wire.answer(session, leg.execution, [{ toolCallId: leg.calls[0].toolCallId, result: { name: 'Ada' } }]);
    const events = checkLegs([leg.events, next.events]);
    assert.ok(events.some(({ blockName }) => blockName === 'Add what was found'), 'the old handler');
    assert.match(spoken(events), /Ada/);
    const later = await wire.trigger(session, 'look-and-tell', { WHO: '1' });
    const last = await wire.answer(session, later.execution, [{ toolCallId: later.calls[0].toolCallId, result: 'x' }]);
    assert.ok([...later.events, ...last.events].some(({ blockName }) => blockName === 'Add it otherwise'), 'the new one');
  });

  await suite.check('agents: references are kept, told, and stand in the instructions', async () => {
    const references = [{ name: 'handbook', description: 'How we work', content: 'We work in the open.' }];
    const protocol = (text) => text.replace('  agentic: true', '  references: [handbook]\n  agentic: true');
    const made = definition('chat', { slug: 'suite-references', references, protocol });
    const { valid, errors } = await validate(wire, made);
    assert.deepEqual([valid, errors], [true, []]);
    const { agentId } = await wire.ask('POST', '/api/agents', made, 'changed');
    const agent = await wire.ask('GET', `/api/agents/${agentId}`, undefined, 'agent');
    assert.deepEqual(agent.references, references);
    const before = model.requests.length;
    const leg = await say(await wire.session(agentId), 'say Read.');
    checkLegs([leg.events]);
    const { messages: [{ role, content }], tools } = model.requests[before].body;
    assert.equal(role, 'system');
    for (const text of ['handbook', 'How we work', 'We work in the open.']) assert.ok(content.includes(text), content);
    assert.deepEqual(tools.filter(({ function: { name } }) => name.startsWith('octavus_')), [], 'there is no tool to look it up');
    await wire.refused('PATCH', bySlug('suite-references'), { references: [] }, 400, 'VALIDATION_ERROR');
  });

  await suite.check('agents: validation says what is wrong, and makes nothing', async () => {
    const good = await validate(wire, definition('chat', { slug: 'suite-none' }));
    assert.deepEqual([good.valid, good.errors], [true, []]);
    assert.ok(good.warnings.some(({ path }) => path?.startsWith('resources')), 'resources are warned of');
    assert.ok(!(await list()).some(({ slug }) => slug === 'suite-none'));
    for (const [what, change, expected] of MISTAKES) {
      const { valid, errors } = await validate(wire, definition('chat', { slug: 'suite-none', ...change }));
      assert.equal(valid, false, what);
      const told = errors.map(({ message, path }) => `${path ?? ''}: ${message}`).join('\n');
      assert.match(told, expected, what);
      const body = definition('chat', { slug: 'suite-none', ...change });
      assert.match((await wire.refused('POST', '/api/agents', body, 400, 'VALIDATION_ERROR')).error, expected, what);
    }
    assert.ok(!(await list()).some(({ slug }) => slug === 'suite-none'));
    for (const body of ['{"settings"', '[]', {}, { settings: { slug: 'x' } }]) {
      await wire.refused('POST', '/api/agents', body, 400, 'VALIDATION_ERROR');
    }
  });

  await suite.check('agents: archiving frees the slug; sessions stay', async () => {
    const { agentId } = await wire.ask('POST', '/api/agents', definition('chat', { slug: 'suite-old' }), 'changed');
    const session = await wire.session(agentId);
    await say(session, 'say One.');
    const gone = await wire.ask('DELETE', bySlug('suite-old'), undefined, 'changed');
    assert.equal(gone.agentId, agentId);
    assert.ok(!(await list()).some(({ id }) => id === agentId));
    await wire.refused('GET', bySlug('suite-old'), undefined, 404, 'NOT_FOUND');
    await wire.refused('DELETE', bySlug('suite-old'), undefined, 404, 'NOT_FOUND');
    await wire.refused('POST', '/api/agent-sessions', { agentId: 'suite-old' }, 404, 'NOT_FOUND');
    assert.equal((await wire.messages(session)).length, 2);
    await wire.refused('POST', `/api/agent-sessions/${session}/trigger`, { triggerName: 'user-message', input: { USER_MESSAGE: 'x' } }, 404, 'NOT_FOUND');
    assert.equal((await wire.messages(session)).length, 2);
    const again = await wire.ask('POST', '/api/agents', definition('chat', { slug: 'suite-old' }), 'changed');
    assert.notEqual(again.agentId, agentId);
  });
}

const protocol = (from, to) => ({ protocol: (text) => text.replace(from, to) });

/** Mistakes in a definition: what, the change that makes it, what the errors must say. */
export const MISTAKES = [
  ['a protocol that is no YAML', { protocol: () => 'triggers:\n  a: [\n' }, /yaml|line|expected/i],
  ['a trigger without a handler', protocol('\n  lookup:\n    Look up:', '\n  elsewhere:\n    Look up:'), /lookup/],
  ['a handler without a trigger', protocol('handlers:\n', 'handlers:\n  nobody:\n    Respond:\n      block: next-message\n'), /nobody/],
  ['a prompt that is not there', protocol('  system: system', '  system: no-such-prompt'), /no-such-prompt/],
  ['a tool that is not there', protocol('    - get-weather\n', '    - get-wether\n'), /get-wether/],
  ['a block that there is not', protocol('block: next-message', 'block: next-massage'), /next-massage/],
  ['a key that there is not', protocol('  agentic: true', '  agentik: true'), /agentik/],
  ['a type that there is not', protocol('type: file[]', 'type: fail[]'), /fail/],
  ['a variable that is not declared', protocol('value: LOOKUP', 'value: LOKUP'), /LOKUP/],
  ['a resource that is not declared', protocol('resource: LAST_LOOKUP', 'resource: LAST'), /LAST/],
  ['no model', protocol('  model: openai/mock-model\n  system: system', '  system: system'), /model/],
  ['a display that there is not', protocol('display: stream', 'display: loud'), /loud|display/],
];
