// Files: addresses to upload to and to download from, what they refuse, and files as parts of messages.

import assert from 'node:assert/strict';

import { checkLegs } from '../support/octavus/order.mjs';

/** A red square. */
export const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC',
  'base64',
);
const square = { filename: 'square.png', mediaType: 'image/png', size: PICTURE.length };
const note = (size = 5) => ({ filename: 'note.txt', mediaType: 'text/plain', size });

export async function files({ suite, house }) {
  const { wire, model } = house;
  const urls = async (session, of) => (await wire.ask('POST', '/api/files/upload-urls', { sessionId: session, files: of }, 'uploads')).files;
  const put = (url, body, type) => fetch(url, { method: 'PUT', body, headers: type ? { 'content-type': type } : {} });
  const fresh = () => wire.session('suite-chat');
  const upload = async (session, file, body) => {
    const [info] = await urls(session, [file]);
    const answer = await put(info.uploadUrl, body, file.mediaType);
    assert.ok(answer.ok, `PUT answered ${answer.status}: ${await answer.text()}`);
    return { id: info.id, mediaType: file.mediaType, url: info.downloadUrl, filename: file.filename, size: file.size };
  };

  await suite.check('files: one is put and fetched without a key', async () => {
    const session = await fresh();
    const file = await upload(session, square, PICTURE);
    const got = await fetch(file.url);
    assert.deepEqual([got.status, got.headers.get('content-type')], [200, 'image/png']);
    assert.ok(Buffer.from(await got.arrayBuffer()).equals(PICTURE));
    assert.equal(got.headers.get('x-content-type-options'), 'nosniff');
  });

  await suite.check('files: addresses keep the order and are of their own', async () => {
    const wanted = Array.from({ length: 20 }, (_, at) => ({ ...note(), filename: `${at}.txt` }));
    const found = await urls(await fresh(), wanted);
    assert.equal(found.length, 20);
    assert.equal(new Set(found.flatMap(({ id, uploadUrl, downloadUrl }) => [id, uploadUrl, downloadUrl])).size, 60);
    for (const { id } of found) assert.match(id, /^[A-Za-z0-9_-]+$/);
  });

  await suite.check('files: what cannot be a file is refused', async () => {
    const session = await fresh();
    const refuse = (of, status = 400) => wire.refused('POST', '/api/files/upload-urls', { sessionId: session, files: of }, status);
    await refuse([]);
    await refuse(undefined);
    await refuse([{ ...note(), filename: '' }]);
    await refuse([{ ...note(), filename: 'a'.repeat(256) }]);
    await refuse([{ ...note(), mediaType: '' }], [400, 415]);
    for (const size of [0, -1, 1.5, '5']) await refuse([note(size)]);
    await refuse(Array.from({ length: 21 }, () => note()));
    await refuse([note(2 ** 40)], [400, 413]);
    await refuse([{ ...note(), mediaType: 'application/x-msdownload' }], [400, 415]);
    await wire.refused('POST', '/api/files/upload-urls', { sessionId: 'no-such-session', files: [note()] }, 404, 'NOT_FOUND');
    await wire.as({ key: 'wrong' }).refused('POST', '/api/files/upload-urls', { sessionId: session, files: [note()] }, 401, 'UNAUTHORIZED');
  });

  await suite.check('files: more, less and other bytes than announced are refused, and nothing is kept', async () => {
    const [info] = await urls(await fresh(), [note(5)]);
    for (const body of ['hello world', 'hi', '']) {
      const answer = await put(info.uploadUrl, body, 'text/plain');
      assert.ok([400, 413, 422].includes(answer.status), `${body.length} bytes answered ${answer.status}`);
    }
    assert.ok([404, 409, 410, 425].includes((await fetch(info.downloadUrl)).status), 'nothing is there yet');
    assert.ok((await put(info.uploadUrl, 'hello', 'text/plain')).ok);
    assert.equal(await (await fetch(info.downloadUrl)).text(), 'hello');
  });

  await suite.check('files: the type is the one that was announced, whatever the bytes come with', async () => {
    for (const type of ['application/octet-stream', 'text/html']) {
      const [info] = await urls(await fresh(), [note(5)]);
      assert.ok((await put(info.uploadUrl, 'hello', type)).ok, type);
      const got = await fetch(info.downloadUrl);
      assert.match(got.headers.get('content-type') ?? '', /^text\/plain(;|$)/, type);
      assert.equal(await got.text(), 'hello');
    }
  });

  await suite.check('files: a forged address is refused', async () => {
    const session = await fresh();
    const [one, two] = await urls(session, [note(), note()]);
    const forged = (url, change) => {
      const made = new URL(url);
      change(made);
      return made.href;
    };
    const flipped = (url) => forged(url, (made) => {
      const [[key, value]] = [...made.searchParams].sort(([, a], [, b]) => b.length - a.length);
      made.searchParams.set(key, (value[0] === 'A' ? 'B' : 'A') + value.slice(1));
    });
    const bare = (url) => forged(url, (made) => (made.search = ''));
    const swapped = forged(one.uploadUrl, (made) => (made.pathname = new URL(two.uploadUrl).pathname));
    for (const url of [flipped(one.uploadUrl), bare(one.uploadUrl), one.downloadUrl]) {
      const answer = await put(url, 'hello', 'text/plain');
      assert.ok([400, 401, 403, 404, 405].includes(answer.status), `${answer.status}`);
    }
    // The file may stand in the path or in the query; where it is in the query, both paths are the same.
    if (swapped !== one.uploadUrl) assert.ok([400, 401, 403, 404].includes((await put(swapped, 'hello', 'text/plain')).status));
    assert.ok((await put(one.uploadUrl, 'hello', 'text/plain')).ok);
    for (const url of [flipped(one.downloadUrl), bare(one.downloadUrl), one.uploadUrl]) {
      assert.ok([400, 401, 403, 404, 405].includes((await fetch(url)).status));
    }
  });

  await suite.check('files: pages of any origin may put and fetch', async () => {
    const [info] = await urls(await fresh(), [note()]);
    const origin = 'http://app.example';
    const asked = await fetch(info.uploadUrl, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type' },
    });
    assert.ok(asked.ok, `${asked.status}`);
    const allows = (answer) => assert.ok(['*', origin].includes(answer.headers.get('access-control-allow-origin')), JSON.stringify([...answer.headers]));
    allows(asked);
    assert.match(asked.headers.get('access-control-allow-methods') ?? '', /PUT/);
    assert.match((asked.headers.get('access-control-allow-headers') ?? '').toLowerCase(), /content-type|\*/);
    const answer = await fetch(info.uploadUrl, { method: 'PUT', body: 'hello', headers: { origin, 'content-type': 'text/plain' } });
    assert.ok(answer.ok);
    allows(answer);
    const got = await fetch(info.downloadUrl, { headers: { origin } });
    allows(got);
    assert.equal(await got.text(), 'hello');
  });

  await suite.check('files: the API itself is not open to pages of other origins', async () => {
    const answer = await fetch(`${house.url}/api/agents`, { headers: { origin: 'http://app.example', authorization: `Bearer ${house.key}` } });
    assert.notEqual(answer.headers.get('access-control-allow-origin'), '*');
    assert.notEqual(answer.headers.get('access-control-allow-origin'), 'http://app.example');
  });

  await suite.check('files: an image in a trigger is shown to the model, and stands in the message', async () => {
    const session = await fresh();
    const file = await upload(session, square, PICTURE);
    const before = model.requests.length;
    const leg = await wire.trigger(session, 'with-files', { USER_MESSAGE: 'say A square.', FILES: [file] });
    checkLegs([leg.events]);
    const asked = model.requests[before].body.messages.findLast(({ role }) => role === 'user');
    const [image] = asked.content.filter(({ type }) => type === 'image_url');
    assert.equal(image.image_url.url, `data:image/png;base64,${PICTURE.toString('base64')}`);
    const [question] = await wire.messages(session);
    const part = question.parts.find(({ type }) => type === 'file');
    assert.deepEqual([part.id, part.mediaType, part.filename, part.size], [file.id, 'image/png', 'square.png', PICTURE.length]);
    const got = await fetch(part.url);
    assert.ok(Buffer.from(await got.arrayBuffer()).equals(PICTURE), 'the address of the part');
    const again = model.requests.length;
    await wire.trigger(session, 'user-message', { USER_MESSAGE: 'say Still.' });
    assert.ok(JSON.stringify(model.requests[again].body.messages).includes('data:image/png'), 'later turns show it as well');
  });

  await suite.check('files: a text in a trigger is shown to the model', async () => {
    const session = await fresh();
    const file = await upload(session, note(), 'hello');
    const before = model.requests.length;
    checkLegs([(await wire.trigger(session, 'with-files', { USER_MESSAGE: 'say Read.', FILES: [file] })).events]);
    assert.ok(JSON.stringify(model.requests[before].body.messages).includes('hello'));
  });

  await suite.check('files: one that is unknown, of another session or not there yet is refused', async () => {
    const session = await fresh();
    const path = `/api/agent-sessions/${session}/trigger`;
    const body = (file) => ({ triggerName: 'with-files', input: { USER_MESSAGE: 'say No.', FILES: [file] } });
    const foreign = await upload(await fresh(), square, PICTURE);
    const [pending] = await urls(session, [square]);
    const url = `${house.url}/nowhere`;
    const asked = model.requests.length;
    for (const file of [
      { id: 'no-such-file', mediaType: 'image/png', url }, foreign, { id: pending.id, mediaType: 'image/png', url: pending.downloadUrl },
    ]) {
      // Before the stream begins, and so before anything is written.
      const { error } = await wire.refused('POST', path, body(file), 404, 'NOT_FOUND');
      assert.ok(error.includes(file.id), error);
    }
    assert.equal(model.requests.length, asked, 'the model is not asked');
    await wire.refused('POST', path, body({ id: 'x' }), 400, 'VALIDATION_ERROR');
    await wire.refused('POST', path, body('x'), 400, 'VALIDATION_ERROR');
    assert.deepEqual(await wire.messages(session), []);
  });

  await suite.check('files: results of tools may bring some', async () => {
    const session = await fresh();
    const file = await upload(session, square, PICTURE);
    const leg = await wire.trigger(session, 'user-message', { USER_MESSAGE: 'call get-user {"userId":"42"}' });
    const before = model.requests.length;
    const results = [{ toolCallId: leg.calls[0].toolCallId, toolName: 'get-user', result: { name: 'Ada' }, files: [file] }];
    const next = await wire.answer(session, leg.execution, results);
    checkLegs([leg.events, next.events]);
    assert.ok(JSON.stringify(model.requests[before].body.messages).includes('Ada'));
  });
}
