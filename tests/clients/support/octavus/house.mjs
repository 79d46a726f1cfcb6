// A house that speaks Octavus: the program, the scripted model as its `openai`, a key, and the agents of the suites.
//
//   const house = await octavusHouse({ suite, agents: [definition('chat')] });
//   house.wire                       requests of our own, with the key; see `wire.mjs`
//   house.key, house.url, house.model
//   await addKey(house, 'shop', 'sessions,mint')     a further key, with these permissions; removeKey(house, 'shop')
//   house.agents['suite-chat']       the id of the agent

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { startModel } from '../model.mjs';
import { program, startOmbud } from '../ombud.mjs';
import { until } from '../report.mjs';
import { Wire } from './wire.mjs';

/** The model that definitions name. */
export const MODEL = 'openai/mock-model';

/** What the configuration says of a model at an address. */
export function modelConfig(baseUrl, key) {
  return {
    model: MODEL,
    providers: { openai: { base_url: baseUrl, api_key: key } },
    models: { [MODEL]: { images: true } },
  };
}

/** A command of the program beside a house, on its store; what it printed. */
async function command(house, ...args) {
  const { stdout } = await promisify(execFile)(program, ['--config', house.config, ...args], { cwd: house.workspace, env: house.env });
  return stdout;
}

/** Makes a key with permissions, as an operator does, and waits until the server knows it. */
export async function addKey(house, name, permissions = 'sessions,agents,mint') {
  const made = JSON.parse(await command(house, 'keys', 'add', name, '--permission', permissions, '--format', 'json'));
  const wire = new Wire({ url: house.url, key: made.word });
  await until(`the key ${name} is known`, async () => (await wire.send('GET', '/api/agent-sessions/none')).status !== 401);
  return made.word;
}

/** Takes a key away. */
export async function removeKey(house, name) {
  await command(house, 'keys', 'remove', name);
}

/** Options: suite (closes it at the end), agents, and those of `startOmbud`. */
export async function octavusHouse({ suite, agents = [], config = {}, args = [], script = null, ...options } = {}) {
  const model = await startModel({ script });
  const house = await startOmbud({
    config: { ...modelConfig(model.baseUrl, model.key), ...config },
    args: ['--dialects', 'octavus,tarko,agent-tars', ...args],
    ...options,
  }).catch(async (error) => {
    await model.close();
    throw error;
  });
  suite?.atEnd(async () => {
    await house.close();
    await model.close();
  });
  house.model = model;
  house.key = await addKey(house, 'suite');
  house.wire = new Wire({ url: house.url, key: house.key });
  house.agents = {};
  for (const agent of agents) {
    const { agentId } = await house.wire.ask('POST', '/api/agents', agent, 'changed');
    house.agents[agent.settings.slug] = agentId;
  }
  return house;
}
