// The acceptance script of the API with the published packages, as it is shared with us, against `ombud serve`: on the bare
// paths, and below `/octavus`. What it needs is installed, in a copy of its folder, by `.ci/clients install`.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { addKey, modelConfig } from '../support/octavus/house.mjs';
import { startOmbud } from '../support/ombud.mjs';
import { report } from '../support/report.mjs';
import { checked, freePort, shared } from '../support/scripts.mjs';

const folder = shared('octavus');

/** The whole script may take so long, in milliseconds. */
const PATIENCE = 180_000;
/** What a line of it says of a check. */
const FORM = /^(?<word>ok|not ok|skip) (?<name>[^:\s]+)(?:: (?<why>.*))?$/;

/** What the SDK 2.0.0 does not have, so that the script leaves it out. */
const NOT_IN_THIS_SDK = [
  'start.create-and-trigger', 'start.idempotent', 'trigger.rollback-and-sender', 'trigger.dynamic-tools', 'logs.get',
  'tokens.mint-and-revoke', 'workers.generate', 'workers.execute',
];

const suite = report('octavus');
if (!existsSync(join(folder, 'node_modules', '@octavus', 'server-sdk'))) {
  throw new Error(`${folder} has no packages: .ci/clients install`);
}
for (const prefix of ['', '/octavus']) await accepted(prefix);
await suite.finish();

/** Runs the script below a prefix; each of its checks is one of ours. */
async function accepted(prefix) {
  const where = prefix || 'bare';
  const port = await freePort();
  const house = await startOmbud({
    config: modelConfig(`http://127.0.0.1:${port}/v1`, 'key-of-the-mock'),
    args: ['--dialects', 'octavus,tarko,agent-tars'],
  });
  suite.atEnd(() => house.close());
  const env = { BASE_URL: house.url + prefix, API_KEY: await addKey(house, 'acceptance'), MOCK_PORT: String(port) };
  const told = await checked(process.execPath, ['check.mjs'], { folder, env, patience: PATIENCE, form: FORM });
  await suite.check(`${where}: the script comes to its end`, () => {
    assert.equal(told.error, null);
    assert.match(told.last, /^\d+ passed, \d+ failed$/, told.err);
    assert.ok(told.lines.length > 0, told.err);
  });
  for (const { word, name, why } of told.lines) {
    if (word === 'skip') console.log(`        left out: ${name}: ${why}`);
    else await suite.check(`${where}: ${name}`, () => assert.equal(word, 'ok', why));
  }
  await suite.check(`${where}: nothing is left out but what this SDK does not have`, () => {
    const skipped = told.lines.filter(({ word }) => word === 'skip').map(({ name }) => name);
    assert.deepEqual(skipped, NOT_IN_THIS_SDK);
  });
  await house.close();
}
