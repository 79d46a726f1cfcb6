// The description of the API: valid by `openapi-spec-validator`, and true by `schemathesis`, which makes requests of all that
// it says and holds the answers to it: no failure of the server, no status that is not told, nothing outside of its schema.
//
//   CASES=150 node tests/clients/agentarea-schema/suite.mjs      so many cases of each operation instead of 16
//   SEED=7 …                                                     other cases

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { areaHouse, logIn } from '../support/agentarea/house.mjs';
import { startModel } from '../support/model.mjs';
import { report } from '../support/report.mjs';
import { kept, run } from '../support/scripts.mjs';

const interpreter = process.env.PYTHON || join(kept, 'venv-agentarea-schema', 'bin', 'python');

/** Cases of each operation, and what they are drawn by. */
const CASES = process.env.CASES || '16';
const SEED = process.env.SEED || '20251120';
/** So many cases it must be in all. */
const LEAST = 500;
/** One run may take so long, in milliseconds. */
const PATIENCE = Number(process.env.PATIENCE || 360_000);

/** What every answer is held to. */
const CHECKS = [
  'not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_headers_conformance',
  'response_schema_conformance', 'negative_data_rejection', 'ignored_auth',
].join(',');

const suite = report('agentarea-schema');
if (!existsSync(interpreter)) throw new Error(`there is no ${interpreter}: .ci/clients install`);

const scratch = mkdtempSync(join(tmpdir(), 'ombud-schema-'));
const model = await startModel();
// Nothing that is made up is started as a program, and no user is held back.
const house = await areaHouse({
  baseUrl: model.baseUrl,
  key: model.key,
  config: {
    server: {
      limits: { user_requests_per_minute: 0, user_requests_per_second: 0 },
      // Logins are guessed at.
      login: { name_failures: 0, address_failures: 0 },
    },
    tools: { mcp: { programs: ['/nowhere/at-all'] } },
  },
});
suite.atEnd(async () => {
  await house.close();
  await model.close();
  rmSync(scratch, { recursive: true, force: true });
});

for (const path of ['/openapi.json', '/agentarea/openapi.json']) {
  const response = await fetch(house.url + path);
  const file = join(scratch, path.replaceAll('/', '_'));
  writeFileSync(file, await response.text());
  await suite.check(`${path} is a valid description`, async () => {
    assert.equal(response.status, 200);
    const { code, out } = await python('-m', 'openapi_spec_validator', file);
    assert.equal(code, 0, out);
  });
}

// Who logs out has no token any more, so that is asked with one of its own.
const logout = ['--include-path', '/v1/auth/logout'];
for (const [what, which, most] of [
  ['every operation', ['--exclude-path', '/v1/auth/logout'], LEAST],
  ['logging out', logout, 1],
]) {
  await suite.check(`${what}: answers as it is described`, async () => {
    const token = await logIn(house, house.admin);
    const { code, out } = await python(
      '-m', 'schemathesis.cli', 'run', `${house.url}/openapi.json`, '--url', house.url, '--no-color',
      '--header', `Authorization: Bearer ${token}`, '--checks', CHECKS, '--phases', 'examples,coverage,fuzzing',
      '--max-examples', CASES, '--seed', SEED, '--generation-database', 'none', '--warnings', 'off', '--continue-on-failure', ...which,
    );
    const cases = Number(/(\d+) generated/.exec(out)?.[1] ?? 0);
    console.log(`        ${cases} cases`);
    assert.equal(code, 0, out);
    assert.ok(cases >= most, out);
  }, PATIENCE);
}
await suite.check('the house is as well as before', async () => {
  assert.equal((await fetch(`${house.url}/health`)).status, 200);
});
await suite.finish();

async function python(...args) {
  const env = { PATH: `${dirname(interpreter)}:${process.env.PATH}`, HOME: scratch, PYTHONDONTWRITEBYTECODE: '1' };
  const { code, out, err, error } = await run(interpreter, args, { cwd: scratch, env, patience: PATIENCE });
  return { code: error ?? code, out: (out + err).slice(-20_000) };
}
