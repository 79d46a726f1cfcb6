// A house that speaks Octavus: the program, the scripted model as its `openai`, a key, and the agents of the suites.
//
//   const house = await octavusHouse({ suite, agents: [definition('chat')] });
//   house.wire                       requests of our own, with the key; see `wire.mjs`
//   house.key, house.url, house.model
//   house.agents['suite-chat']       the id of the agent

import { startModel } from '../model.mjs';
import { startOmbud } from '../ombud.mjs';
import { Wire } from './wire.mjs';

/** The token of the house; it opens every door. */
const TOKEN = 'oct_sk_of_the_octavus_suites';

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

/** Options: suite (closes it at the end), agents, and those of `startOmbud`. */
export async function octavusHouse({ suite, agents = [], config = {}, args = [], script = null, ...options } = {}) {
  const model = await startModel({ script });
  const house = await startOmbud({
    token: TOKEN,
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
  house.key = TOKEN;
  house.wire = new Wire({ url: house.url, key: house.key });
  house.agents = {};
  for (const agent of agents) {
    const { agentId } = await house.wire.ask('POST', '/api/agents', agent, 'changed');
    house.agents[agent.settings.slug] = agentId;
  }
  return house;
}
