// An application as the packages' own examples write it: it keeps the key, makes sessions, and hands the stream of the server
// SDK to the browser with `toSSEStream`. The page is bundled when it starts.

import { build } from 'esbuild';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { OctavusClient, toSSEStream } from '@octavus/server-sdk';

const here = dirname(fileURLToPath(import.meta.url));

/** Options: baseUrl and apiKey of the platform, the agent, tools of the application. */
export async function startApp({ baseUrl, apiKey, agentId, tools }) {
  const bundle = await build({
    entryPoints: [join(here, 'page', 'page.jsx')],
    bundle: true,
    format: 'esm',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
  });
  const files = {
    '/': ['text/html; charset=utf-8', readFileSync(join(here, 'page', 'index.html'))],
    '/page.js': ['text/javascript; charset=utf-8', Buffer.from(bundle.outputFiles[0].contents)],
  };
  const client = new OctavusClient({ baseUrl, apiKey });
  /** Streams that an application could not carry to their end; the browser left. */
  const left = [];

  const answers = {
    'POST /session': async () => ({ sessionId: await client.agentSessions.create(agentId) }),
    'GET /messages': (_, query) => client.agentSessions.getMessages(query.get('session')),
    'POST /restore': ({ sessionId, messages }) => client.agentSessions.restore(sessionId, messages),
    'POST /upload-urls': ({ sessionId, files: wanted }) => client.files.getUploadUrls(sessionId, wanted),
  };

  const server = http.createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://app');
    const json = (status, value) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    try {
      if (request.method === 'GET' && files[pathname]) {
        response.writeHead(200, { 'content-type': files[pathname][0], 'cache-control': 'no-store' });
        response.end(files[pathname][1]);
        return;
      }
      const pieces = [];
      for await (const piece of request) pieces.push(piece);
      const body = pieces.length > 0 ? JSON.parse(Buffer.concat(pieces).toString('utf8')) : {};
      if (`${request.method} ${pathname}` === 'POST /trigger') await relay(body, response);
      else {
        const answer = answers[`${request.method} ${pathname}`];
        if (answer) json(200, await answer(body, searchParams));
        else json(404, { error: 'not here' });
      }
    } catch (error) {
      if (!response.headersSent) json(error.status ?? 500, { error: String(error.message ?? error) });
      else response.destroy();
    }
  });

  async function relay({ sessionId, ...payload }, response) {
    const leaving = new AbortController();
    response.on('close', () => leaving.abort());
    const session = client.agentSessions.attach(sessionId, { tools });
    const events = session.execute(payload, { signal: leaving.signal });
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    await pipeline(Readable.fromWeb(toSSEStream(events)), response).catch((error) => left.push(String(error)));
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    client,
    left,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
