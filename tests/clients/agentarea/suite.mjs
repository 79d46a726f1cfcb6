// The acceptance script of the API, as it is shared with us, against `ombud serve` at its ordinary limits: on the bare paths,
// and below `/agentarea`. What it needs is installed by `.ci/clients install`, into a Python of its own.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { areaHouse } from '../support/agentarea/house.mjs';
import { report } from '../support/report.mjs';
import { checked, freePort, kept, shared } from '../support/scripts.mjs';

const folder = shared('agentarea');
const python = process.env.PYTHON || join(kept, 'venv-agentarea', 'bin', 'python');

/** The whole script may take so long, in milliseconds: it keeps to the limits of a user, so it waits. */
const PATIENCE = 300_000;
/** So many checks it has. */
const CHECKS = 89;
/** What a line of it says of a check. */
const FORM = /^(?<word>ok|not ok) (?<name>[^:\s]+)(?:: (?<why>.*))?$/;

const suite = report('agentarea');
for (const path of [join(folder, 'check.py'), python]) {
  if (!existsSync(path)) throw new Error(`there is no ${path}: .ci/clients install`);
}
await Promise.all(['', '/agentarea'].map(accepted));
await suite.finish();

/** Runs the script below a prefix; each of its checks is one of ours. */
async function accepted(prefix) {
  const where = prefix || 'bare';
  const port = await freePort();
  const house = await areaHouse({ baseUrl: `http://127.0.0.1:${port}/v1` });
  suite.atEnd(() => house.close());
  const env = {
    PYTHONDONTWRITEBYTECODE: '1',
    BASE_URL: house.url + prefix,
    USERNAME: house.admin.name,
    PASSWORD: house.admin.password,
    USERNAME2: house.viewer.name,
    PASSWORD2: house.viewer.password,
    MOCK_PORT: String(port),
  };
  const told = await checked(python, ['check.py'], { folder, env, patience: PATIENCE, form: FORM });
  for (const { word, name, why } of told.lines) await suite.check(`${where}: ${name}`, () => assert.equal(word, 'ok', why));
  await suite.check(`${where}: the script comes to its end, with all its checks`, () => {
    assert.equal(told.error, null);
    assert.equal(told.last, `${CHECKS} passed, 0 failed`, told.err);
  });
  await house.close();
}
