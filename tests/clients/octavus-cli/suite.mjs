// The published CLI 2.0.0, unmodified: validate, sync, list, get, their output for people and for programs, and their exits.
//
//   node tests/clients/octavus-cli/suite.mjs [WORD]        only the checks that contain the word

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

import { definition, writeAgent } from '../support/octavus/agents.mjs';
import { octavusHouse } from '../support/octavus/house.mjs';
import { checkLegs } from '../support/octavus/order.mjs';
import { report } from '../support/report.mjs';
import { run } from '../support/scripts.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const program = join(here, 'node_modules', '@octavus', 'cli', 'dist', 'index.js');
const ID = /^[A-Za-z0-9_-]+$/;

const suite = report('octavus-cli');
const folder = mkdtempSync(join(tmpdir(), 'ombud-octavus-cli-'));
suite.atEnd(() => rmSync(folder, { recursive: true, force: true }));
const house = await octavusHouse({ suite });
const { wire } = house;

let folders = 0;
/** A folder with a definition, as somebody keeps it. */
function staged(agent) {
  folders += 1;
  return writeAgent(join(folder, `agent-${folders}`), agent);
}

/** The CLI with arguments: { code, out, err, json }, without colours. */
async function cli(args, env = {}) {
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  const { code, out, err } = await run(process.execPath, [program, ...args], {
    cwd: home,
    env: { HOME: home, OCTAVUS_API_URL: house.url, OCTAVUS_CLI_API_KEY: house.key, ...env },
    patience: 30_000,
  });
  let json = null;
  try {
    json = JSON.parse(out);
  } catch {
    // Output for people.
  }
  return { code, out: stripVTControlCharacters(out), err: stripVTControlCharacters(err), json };
}

const listed = async () => (await cli(['list', '--json'])).json.agents.map(({ slug }) => slug).sort();

await suite.check('list: none at first', async () => {
  const known = await cli(['list', '--json']);
  assert.deepEqual([known.code, known.json], [0, { agents: [] }], known.out + known.err);
  const told = await cli(['list']);
  assert.deepEqual([told.code, told.out.trim()], [0, 'ℹ No agents found']);
});

const chat = staged(definition('chat'));
const worker = staged(definition('worker'));

await suite.check('validate: a good one, of both formats, for programs and for people', async () => {
  for (const [path, slug] of [[chat, 'suite-chat'], [worker, 'suite-worker']]) {
    const { code, json, out, err } = await cli(['validate', path, '--json']);
    assert.deepEqual([code, json?.slug, json?.valid, json?.errors], [0, slug, true, []], out + err);
    const told = await cli(['validate', path]);
    assert.equal(told.code, 0);
    assert.match(told.out, new RegExp(`✓ Agent ${slug} is valid`));
  }
  assert.deepEqual(await listed(), [], 'nothing was made');
});

const edit = (from, to) => ({
  protocol: (text) => {
    assert.ok(text.includes(from), from);
    return text.replace(from, to);
  },
});
/** What is wrong, the change that makes it, what an error must say, and where it must say it to be. */
const BROKEN = [
  ['a protocol that is no YAML', { protocol: (text) => `${text}\n  broken: [\n` }, /yaml|line \d+|expected/i, null],
  ['a trigger without a handler', edit('\n  lookup:\n    Look up:', '\n  elsewhere:\n    Look up:'), /lookup/, /handlers|triggers/],
  ['a prompt that is not there', edit('  system: system', '  system: nowhere'), /nowhere/, /agent\.system/],
  ['a tool that is not there', edit('    - get-weather\n', '    - get-wether\n'), /get-wether/, /agent\.tools/],
  ['a block that there is not', edit('block: set-resource', 'block: keep-resource'), /keep-resource/, /handlers/],
  ['a key that there is not', edit('  maxSteps: 5', '  maxStep: 5'), /maxStep/, /agent/],
  ['a variable that is not declared', edit('output: LOOKUP', 'output: LOKUP'), /LOKUP/, /handlers/],
  ['a type that there is not', edit('type: file[]', 'type: files'), /files/, /triggers/],
  ['a name that is none', edit('  get-weather:', '  Get Weather:'), /Get Weather/, /tools/],
  ['steps in an interactive agent', { protocol: (text) => `${text}\nsteps:\n  Respond:\n    block: next-message\n` }, /steps/, /steps/],
];
for (const [what, change, message, path] of BROKEN) {
  await suite.check(`validate: ${what}`, async () => {
    const broken = staged(definition('chat', change));
    const { code, json, out, err } = await cli(['validate', broken, '--json']);
    assert.deepEqual([code, json?.slug, json?.valid], [1, 'suite-chat', false], out + err);
    const found = json.errors.find((error) => message.test(error.message) || message.test(error.path ?? ''));
    assert.ok(found, `none of ${JSON.stringify(json.errors)} says ${message}`);
    if (path) assert.match(`${found.path} ${found.message}`, path);
    assert.ok(json.errors.every(({ severity }) => severity === 'error'));
    const told = await cli(['validate', broken]);
    assert.equal(told.code, 1);
    assert.match(told.err, /✗ Agent suite-chat has validation errors/);
    assert.ok(told.err.includes(found.message), told.err);
  });
}

await suite.check('validate: each error says where it is', async () => {
  const broken = staged(definition('chat', edit('  system: system', '  system: nowhere')));
  const [error] = (await cli(['validate', broken, '--json'])).json.errors;
  const line = definition('chat').protocol.split('\n').indexOf('  system: system') + 1;
  assert.ok(`${error.path} ${error.message}`.includes(String(line)), `line ${line} in ${JSON.stringify(error)}`);
});

await suite.check('sync: what is wrong is told, and nothing is made', async () => {
  const broken = staged(definition('chat', edit('block: set-resource', 'block: keep-resource')));
  const { code, json } = await cli(['sync', broken, '--json']);
  assert.deepEqual([code, json?.code], [1, 'API_ERROR']);
  assert.match(json.error, /keep-resource/);
  const told = await cli(['sync', broken]);
  assert.equal(told.code, 1);
  assert.match(told.err, /✗ API error: .*keep-resource/);
  assert.match(told.out, /Status: 400/);
  assert.deepEqual(await listed(), []);
});

let made;
await suite.check('sync: makes one', async () => {
  const { code, json, out, err } = await cli(['sync', chat, '--json']);
  assert.deepEqual([code, json?.slug, json?.created], [0, 'suite-chat', true], out + err);
  assert.match(json.agentId, ID);
  made = json.agentId;
  assert.deepEqual(await listed(), ['suite-chat']);
});

await suite.check('sync: changes it, and keeps its id', async () => {
  const other = staged(definition('chat', { prompts: [{ name: 'system', content: 'You are new to {{COMPANY_NAME}}.' }] }));
  const { code, json } = await cli(['sync', other, '--json']);
  assert.deepEqual([code, json], [0, { slug: 'suite-chat', agentId: made, created: false }]);
  const before = house.model.requests.length;
  const session = await wire.session('suite-chat');
  checkLegs([(await wire.trigger(session, 'user-message', { USER_MESSAGE: 'say Hi.' })).events]);
  assert.equal(house.model.requests[before].body.messages[0].content, 'You are new to Nobody Inc.');
  const told = await cli(['sync', chat]);
  assert.equal(told.code, 0);
  assert.match(told.out, new RegExp(`✓ Updated: suite-chat\\n\\s+Agent ID: ${made}`));
});

await suite.check('sync: a change that is wrong is refused, and what was there stays', async () => {
  const kept = (await cli(['get', 'suite-chat', '--json'])).json;
  const { code, json } = await cli(['sync', staged(definition('chat', edit('block: set-resource', 'block: keep-resource'))), '--json']);
  assert.deepEqual([code, json?.code], [1, 'API_ERROR']);
  assert.deepEqual((await cli(['get', 'suite-chat', '--json'])).json, kept);
});

await suite.check('sync: a worker', async () => {
  const { code, json } = await cli(['sync', worker, '--json']);
  assert.deepEqual([code, json?.created], [0, true]);
  assert.deepEqual(await listed(), ['suite-chat', 'suite-worker']);
});

await suite.check('list: for programs and for people', async () => {
  const { code, json } = await cli(['list', '--json']);
  assert.equal(code, 0);
  const found = json.agents.map(({ slug, name, description, format }) => [slug, name, description, format]);
  assert.deepEqual(found.sort(), [
    ['suite-chat', 'Suite chat', 'Everything that an agent has', 'interactive'], ['suite-worker', 'Suite worker', null, 'worker'],
  ]);
  const told = await cli(['list']);
  assert.equal(told.code, 0);
  assert.match(told.out, new RegExp(`suite-chat\\s+Suite chat\\s+interactive\\s+${made}`));
  assert.match(told.out, /2 agent\(s\)/);
});

await suite.check('get: what was sent, word for word', async () => {
  const { code, json } = await cli(['get', 'suite-chat', '--json']);
  const { settings, protocol, prompts } = definition('chat');
  assert.equal(code, 0);
  assert.deepEqual([json.id, json.settings, json.protocol], [made, settings, protocol]);
  const sorted = (of) => [...of].sort((one, two) => (one.name < two.name ? -1 : 1));
  assert.deepEqual(sorted(json.prompts), sorted(prompts));
  const told = await cli(['get', 'suite-chat']);
  assert.equal(told.code, 0);
  assert.match(told.out, /✓ Agent: Suite chat[\s\S]*Slug: suite-chat[\s\S]*Format: interactive/);
});

await suite.check('get: an unknown one', async () => {
  for (const slug of ['nobody', 'a b', 'Straße', '../agents']) {
    const { code, json, out, err } = await cli(['get', slug, '--json']);
    assert.deepEqual([code, json?.code], [1, slug === '../agents' ? json?.code : 'NOT_FOUND'], `${slug}: ${out}${err}`);
  }
  const told = await cli(['get', 'nobody']);
  assert.deepEqual([told.code, told.err.trim()], [1, '✗ Agent not found: nobody']);
});

await suite.check('a wrong key, and none', async () => {
  const wrong = await cli(['list', '--json'], { OCTAVUS_CLI_API_KEY: 'wrong' });
  assert.deepEqual([wrong.code, wrong.json?.code], [1, 'API_ERROR']);
  assert.notEqual(wrong.json.error, '[object Object]');
  const told = await cli(['sync', chat], { OCTAVUS_CLI_API_KEY: 'wrong' });
  assert.equal(told.code, 1);
  assert.match(told.out, /Status: 401/);
  const none = await cli(['list', '--json'], { OCTAVUS_CLI_API_KEY: undefined });
  assert.deepEqual([none.code, none.json?.code], [2, 'CONFIG_ERROR']);
});

await suite.check('an address with a slash at its end, and one below the prefix', async () => {
  for (const end of ['/', '/octavus', '/octavus/']) {
    const env = { OCTAVUS_API_URL: house.url + end };
    const { code, json, out, err } = await cli(['list', '--json'], env);
    assert.deepEqual([code, json?.agents?.length], [0, 2], `${end}: ${out}${err}`);
    assert.deepEqual((await cli(['sync', chat, '--json'], env)).json, { slug: 'suite-chat', agentId: made, created: false }, end);
    assert.equal((await cli(['validate', chat, '--json'], env)).json.valid, true, end);
    assert.equal((await cli(['get', 'suite-chat', '--json'], env)).json.id, made, end);
  }
});

await suite.check('the key and the address from a file', async () => {
  const file = join(folder, 'keys.env');
  writeFileSync(file, `OCTAVUS_API_KEY=${house.key}\nOCTAVUS_API_URL=${house.url}\n`);
  const { code, json } = await cli(['list', '--json', '--env', file], { OCTAVUS_CLI_API_KEY: undefined, OCTAVUS_API_URL: undefined });
  assert.deepEqual([code, json?.agents?.length], [0, 2]);
});

await suite.finish();
