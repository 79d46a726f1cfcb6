// The acceptance script of the API with the published packages, as it is shared with us, against `ombud serve`: what the seed
// promises and the names of later versions, without a key and with one, on the bare paths and below `/eliza`; once up to the
// limit of requests. What it needs is installed, in a copy of its folder, by `.ci/clients install`.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { startOmbud } from '../support/ombud.mjs';
import { report } from '../support/report.mjs';
import { checked, freePort, shared } from '../support/scripts.mjs';
import { crowd } from './crowd.mjs';
import { every } from './every.mjs';

const folder = shared('eliza');

/** The whole script may take so long, in milliseconds. */
const PATIENCE = 120_000;
/** What it waits for may take so long. */
const WAIT = 30_000;
/** What a line of it says of a check. */
const FORM = /^(?<word>ok|not ok|# skip) (?<check>.*)$/;

/** What is left out where no key is asked for, and where the limit is not spent. */
const NO_KEY = ['no key is refused', 'a wrong key is refused'];
const NO_LIMIT = ['the general limit refuses'];

const KEY = 'the-key-of-this-api';
const RUNS = [
  { name: 'bare', args: ['--allow-local-admin'], limit: true },
  { name: 'with a key of this API', key: KEY, env: { ELIZA_SERVER_AUTH_TOKEN: KEY } },
  { name: 'below /eliza, with the token of the house', prefix: '/eliza', key: 'the-token-of-the-house', token: true },
];

const suite = report('eliza');
if (!existsSync(join(folder, 'node_modules', '@elizaos', 'api-client'))) {
  throw new Error(`${folder} has no packages: .ci/clients install`);
}
for (const run of RUNS) await accepted(run);
await every(suite, folder);
await crowd(suite, folder);
await suite.finish();

/** Runs the script once; each of its checks is one of ours. */
async function accepted({ name, prefix = '', key = null, token = false, args = [], env: more = {}, limit = false }) {
  const port = await freePort();
  const house = await startOmbud({
    config: {
      model: 'house/small',
      providers: { house: { base_url: `http://127.0.0.1:${port}/v1`, api_key: 'sk-mock' } },
    },
    token: token ? key : null,
    args,
    env: { CORS_ORIGIN: '*', ...more },
  });
  suite.atEnd(() => house.close());
  const env = {
    BASE_URL: house.url + prefix,
    MOCK_PORT: String(port),
    MODE: 'seed',
    NEWER: '1',
    WAIT_MS: String(WAIT),
    ...(key ? { API_KEY: key } : {}),
    ...(limit ? { RATE_LIMIT: '1' } : {}),
  };
  const told = await checked(process.execPath, ['check.mjs'], { folder, env, patience: PATIENCE, form: FORM });
  await suite.check(`${name}: the script comes to its end`, () => {
    assert.equal(told.error, null);
    assert.match(told.last, /^\d+ passed, \d+ failed$/, told.err);
    assert.ok(told.lines.length > 0, told.err);
  });
  for (const { word, check } of told.lines) {
    if (word !== '# skip') await suite.check(`${name}: ${check}`, () => assert.equal(word, 'ok', check));
  }
  await suite.check(`${name}: nothing is left out but what is not asked for`, () => {
    const skipped = told.lines.filter(({ word }) => word === '# skip').map(({ check }) => check);
    assert.deepEqual(skipped, [...(key ? [] : NO_KEY), ...(limit ? [] : NO_LIMIT)]);
  });
  await house.close();
}
