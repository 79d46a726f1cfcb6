// A house that speaks AgentArea: the program, a model as its `openai`, and people with accounts.
//
//   const house = await areaHouse({ baseUrl, config });
//   house.admin, house.viewer        { name, password }
//   await addUser(house, 'dev', 'developer', 'a password')      a further account, as an operator makes one
//   await logIn(house, house.admin)  a token

import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { program, startOmbud } from '../ombud.mjs';

/** The model that is asked unless an agent names another. */
export const MODEL = 'openai/gpt-4';

/** Makes an account beside a house, on its store. */
export async function addUser(house, name, role, password) {
  const args = ['--config', house.config, 'users', 'add', name, '--role', role, '--password-stdin'];
  const child = spawn(program, args, { cwd: house.workspace, env: house.env, stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  child.stdin.end(`${password}\n`);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`users add ${name} ended with ${code}: ${said}`);
  return { name, password };
}

/** A token of an account. */
export async function logIn(house, { name, password }) {
  const response = await fetch(`${house.url}/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: name, password }),
  });
  if (!response.ok) throw new Error(`${name} cannot log in: ${response.status} ${await response.text()}`);
  return (await response.json()).access_token;
}

/** Options: the address of the model, and those of `startOmbud`. */
export async function areaHouse({ baseUrl, key = 'key-of-the-mock', config = {}, ...options }) {
  const house = await startOmbud({
    config: { model: MODEL, providers: { openai: { base_url: baseUrl, api_key: key } }, ...config },
    ...options,
  });
  try {
    house.admin = await addUser(house, 'admin', 'admin', 'correct horse 1');
    house.viewer = await addUser(house, 'viewer', 'viewer', 'correct horse 2');
  } catch (error) {
    await house.close();
    throw error;
  }
  return house;
}
