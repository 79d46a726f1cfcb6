// The acceptance script of the API, as it is shared with us, against `ombud serve` at its ordinary limits: on the bare paths,
// and below `/agentarea`. What it needs is installed by `.ci/clients install`, into a Python of its own.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { areaHouse, freePort } from '../support/agentarea/house.mjs';
import { limited } from '../support/ombud.mjs';
import { report } from '../support/report.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const kept = join(process.env.CARGO_TARGET_DIR || join(root, 'target'), 'clients');
const folder = process.env.SHARED_COPY || join(kept, 'shared', 'agentarea');
const python = process.env.PYTHON || join(kept, 'venv-agentarea', 'bin', 'python');

/** The whole script may take so long, in milliseconds: it keeps to the limits of a user, so it waits. */
const PATIENCE = 300_000;
/** So many checks it has. */
const CHECKS = 89;

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
  const told = await run({
    BASE_URL: house.url + prefix,
    USERNAME: house.admin.name,
    PASSWORD: house.admin.password,
    USERNAME2: house.viewer.name,
    PASSWORD2: house.viewer.password,
    MOCK_PORT: String(port),
  });
  for (const { word, name, why } of told.lines) await suite.check(`${where}: ${name}`, () => assert.equal(word, 'ok', why));
  await suite.check(`${where}: the script comes to its end, with all its checks`, () => {
    assert.equal(told.error, null);
    assert.equal(told.last, `${CHECKS} passed, 0 failed`, told.err);
  });
  await house.close();
}

/** The script's lines: { word: ok or not ok, name, why }. */
async function run(env) {
  const child = spawn(python, ['check.py'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PYTHONDONTWRITEBYTECODE: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
  const error = await limited(once(child, 'close'), PATIENCE, 'the script does not end').then(() => null, String);
  child.kill('SIGKILL');
  const all = out.trimEnd().split('\n');
  const lines = all.flatMap((line) => {
    const [, word, name, why] = /^(ok|not ok) ([^:\s]+)(?:: (.*))?$/.exec(line) ?? [];
    return word ? [{ word, name, why }] : [];
  });
  return { lines, last: all.at(-1), err, error };
}
