// Programs that a suite runs beside the house, and the acceptance scripts that are shared with us.
//
//   const { code, out, err } = await run(process.execPath, ['x.js'], { cwd, env, patience })
//   const folder = shared('eliza');                 the copy of what is shared, made by `.ci/clients install`
//   const told = await checked(process.execPath, ['check.mjs'], { folder, env, patience, form });
//   told.lines                                      what the names in `form` stand for, of each line that fits it
//   told.last, told.err, told.error                 its last line, its complaints, why it did not come to its end
//
// A program gets PATH, HOME and what `env` names, and nothing else of ours.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { limited } from './ombud.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Where `.ci/clients install` keeps what it has fetched. */
export const kept = join(process.env.CARGO_TARGET_DIR || join(root, 'target'), 'clients');

/** The copy of what is shared with us under a name. */
export const shared = (name) => process.env.SHARED_COPY || join(kept, 'shared', name);

/** A port that is free now. */
export async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs a program to its end: { code, out, err, error }, where `error` says that it did not end in time. */
export async function run(program, args, { cwd, env = {}, patience }) {
  const child = spawn(program, args, {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
  let code = null;
  let error = null;
  try {
    [code] = await limited(once(child, 'close'), patience, 'it does not end');
  } catch (late) {
    error = String(late);
  }
  child.kill('SIGKILL');
  return { code, out, err, error };
}

/** Runs an acceptance script in its folder: what it says of its checks. */
export async function checked(program, args, { folder, form, ...options }) {
  const { out, err, error } = await run(program, args, { cwd: folder, ...options });
  const all = out.trimEnd().split('\n');
  return { lines: all.flatMap((line) => form.exec(line)?.groups ?? []), last: all.at(-1), err, error };
}
