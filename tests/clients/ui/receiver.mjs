// Where shared pages are uploaded: takes a multipart form, keeps its fields, answers an address.

import http from 'node:http';
import { once } from 'node:events';

export async function startReceiver() {
  const forms = [];
  const server = http.createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const form = await new Response(Buffer.concat(pieces), { headers: { 'content-type': request.headers['content-type'] } }).formData();
    const fields = {};
    for (const [name, value] of form) {
      fields[name] = typeof value === 'string' ? value : { name: value.name, type: value.type, text: await value.text() };
    }
    forms.push({ path: request.url, fields });
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ url: `http://shared.test/pages/${forms.length}` }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { forms, url: `http://127.0.0.1:${server.address().port}/share`, close: () => server.close() };
}
