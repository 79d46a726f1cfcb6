// Six published tool servers (MCP), unmodified: each is started by the server, lists its tools, and is called by an agent in
// a run. Those of PyPI run under $PYTHON, which has the packages of requirements.txt.
//
//   node tests/clients/mcp-servers/suite.mjs [WORD]        only the checks that contain the word

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startModel } from '../support/model.mjs';
import { program, startOmbud } from '../support/ombud.mjs';
import { report, until } from '../support/report.mjs';
import { kept, run } from '../support/scripts.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const python = process.env.PYTHON || join(kept, 'venv-mcp-servers', 'bin', 'python');
const npm = (name) => join(here, 'node_modules', '.bin', name);

const suite = report('mcp-servers');
const folder = mkdtempSync(join(tmpdir(), 'ombud-mcp-servers-'));
suite.atEnd(() => rmSync(folder, { recursive: true, force: true }));
const repository = join(folder, 'repository');
mkdirSync(repository);
execFileSync('git', ['init', '-q', repository]);
writeFileSync(join(repository, 'new.txt'), 'new');
writeFileSync(join(folder, 'read me.txt'), 'The colour is teal.');

// For each: how many tools it has, a call, and what its result must hold.
const servers = {
  time: {
    setup: { command: python, args: ['-m', 'mcp_server_time', '--local-timezone', 'UTC'] },
    tools: 2,
    call: ['get_current_time', { timezone: 'America/Lima' }],
    gives: 'America/Lima',
  },
  git: {
    setup: { command: python, args: ['-m', 'mcp_server_git'] },
    tools: 12,
    call: ['git_status', { repo_path: repository }],
    gives: 'new.txt',
  },
  sqlite: {
    setup: { command: join(dirname(python), 'mcp-server-sqlite'), args: ['--db-path', join(folder, 'data.db')] },
    tools: 6,
    call: ['read_query', { query: 'SELECT 6 * 7 AS answer' }],
    gives: '42',
  },
  everything: {
    setup: { command: npm('mcp-server-everything'), args: ['stdio'], env: { CANARY: 'canary-of-the-suite' } },
    // Two of them ask back: in a server, whoever is forwarded to can answer.
    tools: 15,
    call: ['get-sum', { a: 40, b: 2 }],
    gives: '42',
  },
  filesystem: {
    setup: { command: npm('mcp-server-filesystem'), args: [folder] },
    tools: 14,
    call: ['read_text_file', { path: join(folder, 'read me.txt') }],
    gives: 'teal',
  },
  memory: {
    setup: { command: npm('mcp-server-memory'), env: { MEMORY_FILE_PATH: join(folder, 'memory.json') } },
    tools: 9,
    call: ['create_entities', { entities: [{ name: 'Ada', entityType: 'person', observations: ['counts'] }] }],
    gives: 'Ada',
  },
};

const model = await startModel();
suite.atEnd(() => model.close());
const mcp_servers = Object.fromEntries(Object.entries(servers).map(([name, { setup }]) => [name, setup]));
const token = 'token-of-the-suite';
const house = await startOmbud({ model, token, config: { mcp_servers } });
suite.atEnd(() => house.close());

const about = (name) => house.json('POST', '/ombud/v1/tool-server', { server: name });
const lines = async (name) => (await house.json('POST', '/ombud/v1/tool-server-lines', { server: name, limit: 1000 })).lines;

/** The command with a prompt for the model of the suite: { code, out, err }. */
function oneshot(prompt, args) {
  const env = { ...house.env, OMBUD_SERVER_TOKEN: token };
  const all = ['oneshot', prompt, '--no-stdin', '--format', 'json', ...args];
  return run(program, all, { cwd: house.workspace, env, patience: 60_000 });
}

/** The processes that work in a folder of a tool server: id and command line. */
function processes() {
  return readdirSync('/proc').flatMap((id) => {
    try {
      const works = readlinkSync(`/proc/${id}/cwd`).startsWith(join(house.home, '.local', 'state', 'ombud', 'tool-servers'));
      return works ? [`${id} ${readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ')}`] : [];
    } catch {
      return [];
    }
  });
}

for (const [name, { tools, call, gives }] of Object.entries(servers)) {
  const prompt = `call mcp__${name}__${call[0]} ${JSON.stringify(call[1])}`;
  await suite.check(`${name} runs, and an agent of the server calls it`, async () => {
    const ready = await until(`${name} runs`, async () => {
      const item = await about(name);
      return item.state === 'starting' ? null : item;
    }, 60_000);
    assert.equal(ready.state, 'running', `${ready.error}`);
    assert.ok(ready.capabilities.includes('tools'));
    const listed = await house.json('POST', '/ombud/v1/tools-of-server', { server: name });
    assert.equal(listed.tools.length, tools);
    const { code, out, err } = await oneshot(prompt, ['--server', house.url]);
    assert.equal(code, 0, err);
    const result = JSON.parse(out);
    assert.deepEqual(result.tool_calls.map(({ status }) => status), ['ok'], out);
    assert.ok(result.answer.includes(gives), result.answer);
  });
  await suite.check(`${name} is started by a command that needs it`, async () => {
    const config = join(folder, `${name}.json`);
    const own = { ...JSON.parse(readFileSync(house.config, 'utf8')), store: 'memory:', mcp_servers: { [name]: servers[name].setup } };
    writeFileSync(config, JSON.stringify(own));
    const { code, out, err } = await oneshot(prompt, ['--config', config]);
    assert.equal(code, 0, err);
    assert.ok(JSON.parse(out).answer.includes(gives), out);
  });
}

await suite.check('a secret variable arrives, and is nowhere else', async () => {
  const { out } = await oneshot('call mcp__everything__get-env {}', ['--server', house.url]);
  assert.ok(out.includes('canary-of-the-suite'), 'the server has it');
  assert.ok(!JSON.stringify(await about('everything')).includes('canary-of-the-suite'));
  assert.ok(!JSON.stringify(await lines('everything')).includes('canary-of-the-suite'));
  assert.ok(!out.includes(model.key), 'no key of ours');
});

await suite.check('one that is killed runs again', async () => {
  const own = processes().filter((line) => line.includes('mcp-server-memory') && !line.includes('__guard'));
  assert.equal(own.length, 1);
  process.kill(Number(own[0].split(' ')[0]), 'SIGKILL');
  await until('its end is told', async () => (await lines('memory')).some(({ message }) => message.includes('exit code 137')));
  await until('it runs again', async () => (await about('memory')).state === 'running');
});

await suite.check('none outlives the server', async () => {
  await house.stop();
  assert.deepEqual(processes(), []);
});

assert.deepEqual(model.wrong(), []);
await suite.finish();
