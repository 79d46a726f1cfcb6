// Starts `ombud serve` for a test: an empty home, a workspace of its own, a free port, no inherited environment.
//
//   const house = await startOmbud({ model, args: ['--webui', folder], files: { 'notes.txt': 'teal' } });
//   house.url, house.port            where it listens
//   house.workspace, house.home      its folders, removed by `close`
//   house.stderr                     all that it said so far
//   await house.json('POST', '/api/v1/sessions/create', {})      a request; the answer, or an error for a bad status
//   await house.stop()               SIGTERM; { code, signal, stderr }
//   await house.kill()               SIGKILL
//   await house.start()              again, after either, on the same port and store
//   await house.close()              ends it and removes its folders
//
// Options: model (of `startModel`), config (merged over the small one that names the model), args, env, files (of the
// workspace), token (becomes `--token` and is sent by `json`), store (`sqlite` unless `memory` or `file`).
// The program is $OMBUD, or the debug build of this clone.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** How long it may take to listen, and to end, in milliseconds. */
const PATIENCE = 30_000;

/** Most characters of stderr that are kept. */
const STDERR = 8 << 20;

export const program = process.env.OMBUD || join(process.env.CARGO_TARGET_DIR || join(root, 'target'), 'debug', 'ombud');

/** Houses that are not closed yet, so that none outlives its test. */
const open = new Set();
process.on('exit', () => {
  for (const house of open) house.child?.kill('SIGKILL');
});

export async function startOmbud(options = {}) {
  const house = new House(options);
  try {
    await house.start();
  } catch (error) {
    await house.close();
    throw error;
  }
  return house;
}

class House {
  constructor({ model, config = {}, args = [], env = {}, files = {}, token = null, store = 'sqlite' }) {
    this.folder = mkdtempSync(join(tmpdir(), 'ombud-client-'));
    this.home = join(this.folder, 'home');
    this.workspace = join(this.folder, 'workspace');
    this.token = token;
    this.port = 0;
    this.stderr = '';
    for (const name of ['home', 'workspace', 'tmp']) mkdirSync(join(this.folder, name));
    for (const [name, text] of Object.entries(files)) this.write(name, text);
    const stores = { memory: 'memory:', sqlite: `sqlite:${join(this.folder, 'store.db')}`, file: `file:${join(this.folder, 'store')}` };
    const base = { store: stores[store] };
    if (model) {
      base.model = 'house/small';
      base.providers = { house: { base_url: model.baseUrl, api_key: model.key } };
    }
    this.config = join(this.folder, 'config.json');
    writeFileSync(this.config, JSON.stringify({ ...base, ...config }));
    this.args = ['--config', this.config, '--workspace', this.workspace, 'serve', '--port'];
    this.more = [...(token ? ['--token', token] : []), ...args];
    this.env = {
      PATH: process.env.PATH,
      HOME: this.home,
      XDG_CONFIG_HOME: join(this.home, '.config'),
      XDG_STATE_HOME: join(this.home, '.local', 'state'),
      TMPDIR: join(this.folder, 'tmp'),
      ...env,
    };
  }

  /** Writes a file of the workspace. */
  write(name, text) {
    const path = join(this.workspace, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  get pid() {
    return this.child.pid;
  }

  /** Starts it, on the port that it had if it had one, and waits until it listens. */
  async start() {
    const from = this.stderr.length;
    const child = spawn(program, [...this.args, String(this.port), ...this.more], {
      cwd: this.workspace,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    open.add(this);
    this.ended = Promise.race([
      once(child, 'exit').then(([code, signal]) => ({ code, signal })),
      once(child, 'error').then(([error]) => ({ code: null, signal: null, error })),
    ]);
    child.stdout.resume();
    child.stderr.setEncoding('utf8');
    const listening = new Promise((resolve) => {
      child.stderr.on('data', (text) => {
        this.stderr = (this.stderr + text).slice(-STDERR);
        const said = /listening on (https?:\/\/[^\s]+)/.exec(this.stderr.slice(Math.min(from, this.stderr.length)));
        if (said) resolve(said[1]);
      });
    });
    const url = await limited(Promise.race([listening, this.ended]), PATIENCE, `${program} does not listen`);
    if (typeof url !== 'string') {
      throw new Error(`${program} ended with ${url.error ?? url.code ?? url.signal}: ${this.stderr.slice(from)}`);
    }
    this.url = url.replace(/\/$/, '');
    this.port = Number(new URL(url).port);
    return this;
  }

  async end(signal) {
    this.child.kill(signal);
    const ended = await limited(this.ended, PATIENCE, `${program} does not end on ${signal}`);
    return { ...ended, stderr: this.stderr };
  }

  stop() {
    return this.end('SIGTERM');
  }

  kill() {
    return this.end('SIGKILL');
  }

  async close() {
    if (this.child && this.child.exitCode === null && this.child.signalCode === null) await this.kill();
    open.delete(this);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A request with the token, if there is one. */
  fetch(path, options = {}) {
    const headers = { ...(this.token ? { authorization: `Bearer ${this.token}` } : {}), ...options.headers };
    return fetch(this.url + path, { ...options, headers });
  }

  /** A request with a JSON body, and its JSON answer. */
  async json(method, path, body = undefined) {
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const response = await this.fetch(path, { method, ...sent });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text);
  }
}

/** A promise that fails after so many milliseconds. */
export function limited(promise, time, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${time} ms`)), time);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
