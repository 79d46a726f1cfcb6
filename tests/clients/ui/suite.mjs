// The published web UI of Tarko 0.3.0, unmodified, in a real browser against `ombud serve --webui`: once open to this
// machine, once behind a token. Needs `npm ci` here, and Chromium.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

import { startBrowser } from '../support/browser.mjs';
import { startModel } from '../support/model.mjs';
import { startOmbud } from '../support/ombud.mjs';
import { report, until } from '../support/report.mjs';
import { startReceiver } from './receiver.mjs';
import { Visitor } from './visitor.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const webui = join(here, 'node_modules', '@tarko', 'agent-ui-builder', 'static');

/** The page of the published package, so that nobody mends it on the way. */
const PAGE = createHash('sha256').update(readFileSync(join(webui, 'index.html'))).digest('hex');
const PUBLISHED = '483b99769a7785a9916cac87b904f9b55da4053a321be342f2e672f662749bac';

/** A red square. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC',
  'base64',
);

/** What the page says when the editor, which it loads from elsewhere, is cut off. */
const EDITOR = [/^console: Monaco initialization: error: Event/, /^script: (Event)?$/];

const TOKEN = 'the-token-of-the-ui-suite';

const suite = report('ui');
const browser = await startBrowser(chromium, 'ui');
suite.atEnd(() => browser.close());

await suite.check('the page is the published one', () => assert.equal(PAGE, PUBLISHED));

for (const behind of ['open', 'token']) await scenario(behind);

await suite.check('only fonts, the logo and the editor are looked for elsewhere', () => {
  const hosts = [...browser.elsewhere].map((url) => new URL(url).hostname);
  const known = ['cdn.jsdelivr.net', 'fonts.googleapis.com', 'fonts.gstatic.com', 'lf3-static.bytednsdoc.com'];
  assert.deepEqual(hosts.filter((host) => !known.includes(host)), []);
  console.log(`        cut off: ${[...browser.elsewhere].join(' ')}`);
});
console.log(`screenshots: ${browser.shots}`);
await suite.finish();

function complaints(tab) {
  return tab.complaints.filter((line) => !EDITOR.some((known) => known.test(line)));
}

async function scenario(behind) {
  const check = (what, work) => suite.check(`${behind}: ${what}`, work);
  const shot = (tab, name) => tab.shot(`${behind}-${name}`);
  const model = await startModel();
  const receiver = await startReceiver();
  const withToken = behind === 'token';
  const house = await startOmbud({
    model,
    token: withToken ? TOKEN : null,
    args: withToken ? [] : ['--webui', webui],
    config: {
      models: { 'house/small': { images: true } },
      webui: { path: webui, config: { title: 'The suite', enableContextualSelector: true } },
      ...(withToken ? { share: { provider: receiver.url } } : {}),
    },
    files: {
      'notes.txt': 'The colour of the day is teal.\n',
      'plans/garden.md': '# Garden\n\nBeans, peas.\n',
      'page.html': '<script>document.title = "reached"</script>',
    },
  });
  suite.atEnd(async () => {
    await house.close();
    await model.close();
    receiver.close();
  });
  const tab = await browser.tab({ acceptDownloads: true });
  const visitor = new Visitor(tab);
  const { page } = tab;

  if (withToken) {
    await check('without the token the page is refused', async () => {
      const stranger = await browser.tab();
      const answer = await stranger.page.goto(house.url);
      assert.equal(answer.status(), 401);
      const wrong = await stranger.page.goto(`${house.url}/?token=wrong`);
      assert.equal(wrong.status(), 401);
      await stranger.close();
    });
  }

  await check('the page opens', async () => {
    await visitor.open(withToken ? `${house.url}/?token=${TOKEN}` : house.url);
    if (withToken) {
      const [cookie, ...more] = await tab.context.cookies();
      assert.deepEqual([cookie.httpOnly, cookie.sameSite, more.length], [true, 'Strict', 0]);
      assert.ok(!page.url().includes(TOKEN), 'the token stays in the address');
      assert.ok(!cookie.value.includes(TOKEN), 'the token stands in the cookie');
    }
    await visitor.must(0, 'GET /api/v1/health', 'GET /api/v1/agent/options', 'GET /api/v1/sessions', 'GET /api/v1/runtime-settings');
    await shot(tab, '01-home');
  });

  let session;
  await check('the first message streams its answer', async () => {
    const from = tab.requests.length;
    session = await visitor.begin('hold first\nwords 6');
    await model.gate('first').reached();
    await visitor.answer(/w1/).waitFor();
    assert.equal(await visitor.answer(/w6/).count(), 0);
    await visitor.stopButton.waitFor();
    await shot(tab, '02-streaming');
    model.gate('first').open();
    await visitor.answer(/^\s*w1 w2 w3 w4 w5 w6\s*$/).waitFor();
    await visitor.rests();
    assert.equal(await visitor.question.count(), 1);
    await visitor.must(from, 'POST /api/v1/sessions/create', 'POST /api/v1/sessions/update', 'POST /api/v1/sessions/query/stream', 'GET /api/v1/models');
    await shot(tab, '03-answered');
  });

  await check('a call of a tool is shown, and what it returned', async () => {
    await visitor.send('call read_file {"path":"notes.txt"}');
    await visitor.answer(/The tool returned/).waitFor();
    await visitor.rests();
    const call = visitor.seen(page.locator('.message-assistant').getByText(/read file/i)).first();
    await call.waitFor();
    await visitor.seen('.message-assistant svg.text-green-600').first().waitFor();
    await call.click();
    // The editor comes from elsewhere; what it would show is there as it was returned.
    await visitor.seen(page.getByText('RAW', { exact: true })).first().click();
    await visitor.seen(page.locator('xpath=//*[not(ancestor::*[contains(@class, "message-")])][contains(text(), "The colour of the day is teal")]')).first().waitFor();
    await shot(tab, '04-tool');
  });

  await check('reasoning is shown', async () => {
    await visitor.send('think First the beans.\nsay Seven beans.');
    await visitor.answer(/Seven beans\./).waitFor();
    await visitor.rests();
    await page.getByText(/First the beans\./).nth(1).waitFor({ state: 'attached' });
    await shot(tab, '05-reasoning');
  });

  await check('stopping ends the answer, and the next one comes', async () => {
    await visitor.send('hold stopped\nwords 9');
    await model.gate('stopped').reached();
    await visitor.answer(/^\s*w1\s*$/).last().waitFor();
    const from = tab.requests.length;
    await visitor.stopButton.click();
    await visitor.rests();
    await visitor.must(from, 'POST /api/v1/sessions/abort');
    await until('the model is left alone', () => model.answering === 0);
    model.gate('stopped').open();
    await shot(tab, '06-stopped');
    const { status } = await house.json('GET', `/api/v1/sessions/status?sessionId=${session}`);
    assert.equal(status.isProcessing, false);
    await visitor.send('say Back again.');
    await visitor.answer(/Back again\./).waitFor();
    await visitor.rests();
    assert.equal(await visitor.answer(/w9/).count(), 0);
  });

  await check('a page that is loaded again in mid-run shows the run, and its answer once', async () => {
    await visitor.send('hold reload\nwords 12');
    await model.gate('reload').reached();
    await visitor.answer(/^\s*w1\s*$/).last().waitFor();
    const from = tab.requests.length;
    await page.reload();
    await visitor.stopButton.waitFor();
    await visitor.answer(/Seven beans\./).waitFor();
    await visitor.must(from, 'GET /api/v1/sessions/events', 'GET /api/v1/sessions/status', 'GET /api/v1/sessions/details');
    await shot(tab, '07-reloaded');
    model.gate('reload').open();
    await until('the run ends', async () => {
      const { status } = await house.json('GET', `/api/v1/sessions/status?sessionId=${session}`);
      return !status.isProcessing;
    });
    await page.reload();
    await visitor.answer(/w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12/).waitFor();
    assert.equal(await visitor.answer(/w12/).count(), 1);
    await visitor.rests();
    await shot(tab, '08-after-reload');
  });

  await check('the same session is shown after the server was started anew', async () => {
    const bubbles = await visitor.seen('.message-bubble').allInnerTexts();
    await page.goto('about:blank');
    await house.stop();
    await house.start();
    await page.goto(`${house.url}/${session}`);
    await visitor.answer(/w12/).waitFor();
    assert.deepEqual(await visitor.seen('.message-bubble').allInnerTexts(), bubbles);
    await visitor.send('say Still here.');
    await visitor.answer(/Still here\./).waitFor();
    await visitor.rests();
  });

  await check('@ offers the files of the workspace, and the model reads the chosen one', async () => {
    const from = tab.requests.length;
    await visitor.input.click();
    await page.keyboard.type('@');
    await visitor.seen(page.getByText('Select workspace context')).waitFor();
    await visitor.seen(page.getByRole('button', { name: /@dir:plans/ })).waitFor();
    await shot(tab, '09-files');
    await page.keyboard.type('note');
    const found = visitor.seen(page.getByRole('button', { name: /@file:notes\.txt/ }));
    await found.waitFor();
    await found.click();
    await until('the file is named', async () => (await visitor.input.inputValue()) === '@file:notes.txt ');
    await visitor.must(from, 'GET /api/v1/sessions/workspace/search');
    const asked = model.requests.length;
    await page.keyboard.type('say I read it.');
    await visitor.input.press('Control+Enter');
    await visitor.rests();
    await until('the model was asked', () => model.requests.length > asked);
    const sent = JSON.stringify(model.requests.at(-1).body.messages.slice(-3));
    assert.match(sent, /<file path=\\\\?\\?"notes\.txt\\\\?\\?">/);
    assert.match(sent, /The colour of the day is teal\./);
  });

  await check('a picture reaches the model', async () => {
    const picture = join(house.folder, 'red.png');
    writeFileSync(picture, PICTURE);
    await page.locator('input[type=file]').first().setInputFiles(picture);
    await page.getByTitle('Remove image').first().waitFor();
    await visitor.send('say A red one.');
    await visitor.answer(/A red one\./).waitFor();
    await visitor.rests();
    const { content } = model.requests.at(-1).body.messages.findLast(({ role }) => role === 'user');
    const image = content.find(({ type }) => type === 'image_url');
    assert.match(image.image_url.url, /^data:image\/(png|webp);base64,/);
    await shot(tab, '10-picture');
  });

  await check('a model that fails is told, and the next answer comes', async () => {
    await visitor.send('fail 400 The context is too narrow.');
    await visitor.seen(page.locator('.message-system').getByText(/context is too narrow/)).first().waitFor();
    await visitor.rests();
    await shot(tab, '11-failed');
    await visitor.send('say Better now.');
    await visitor.answer(/Better now\./).waitFor();
    await visitor.rests();
  });

  await check('the share dialog saves a page that replays the session', async () => {
    const from = tab.requests.length;
    await visitor.openShare();
    await shot(tab, '12-share');
    const shared = await visitor.downloadShare();
    await visitor.must(from, 'GET /api/v1/share/config', 'POST /api/v1/sessions/share');
    await page.getByRole('button', { name: 'Close' }).click();
    assert.ok(!shared.text.includes(model.key), 'the key of the model stands in the shared page');
    assert.ok(!shared.text.includes(TOKEN), 'the token stands in the shared page');
    await replay(shared.text);
  });

  async function replay(text) {
    const file = join(house.folder, 'shared.html');
    writeFileSync(file, text);
    const reader = await browser.tab();
    await reader.page.goto(pathToFileURL(file).href);
    const viewer = new Visitor(reader);
    await reader.page.getByTitle('Jump to final state').click();
    await viewer.answer(/w1 w2 w3 w4 w5 w6/).first().waitFor();
    await viewer.answer(/Better now\./).waitFor();
    await viewer.seen(reader.page.locator('.message-assistant').getByText(/read file/i)).first().waitFor();
    await shot(reader, '13-replay');
    // A page of its own has no server to ask for models and options.
    const alone = /api\/v1\/(models|agent\/options)|ERR_FILE_NOT_FOUND|getting agent options|load models|available models/;
    assert.deepEqual(complaints(reader).filter((line) => !alone.test(line)), []);
    await reader.close();
  }

  if (withToken) {
    await check('the share dialog uploads to the provider', async () => {
      await page.reload();
      await visitor.answer(/Better now\./).waitFor();
      await visitor.openShare();
      await page.getByText('Get shareable link').click();
      await page.getByText('Share link created!').waitFor();
      const link = await page.locator('input[readonly]').inputValue();
      assert.equal(link, 'http://shared.test/pages/1?replay=1');
      await shot(tab, '14-link');
      await page.getByRole('button', { name: 'Close' }).click();
      const [{ path, fields }] = receiver.forms;
      assert.equal(path, '/share');
      assert.deepEqual([fields.sessionId, fields.type, fields.file.type], [session, 'html', 'text/html']);
      assert.match(fields.file.name, new RegExp(`^agent-replay-${session}-\\d+\\.html$`));
      assert.ok(fields.slug && fields.query.startsWith('hold first') && fields.name, 'slug, query and name are there');
      assert.ok(!fields.file.text.includes(model.key), 'the key of the model stands in the uploaded page');
    });
  }

  await check('a file of the workspace that is opened as a page cannot run', async () => {
    const other = await browser.another(tab.context);
    const answer = await other.page.goto(`${house.url}/page.html`);
    assert.match(answer.headers()['content-security-policy'] ?? '', /sandbox/);
    assert.equal(answer.headers()['x-content-type-options'], 'nosniff');
    assert.notEqual(await other.page.title(), 'reached');
    await other.page.close();
  });

  await check('renaming is kept', async () => {
    await page.goto(`${house.url}/${session}`);
    await visitor.answer(/Better now\./).waitFor();
    await visitor.openSidebar();
    const line = visitor.task('hold first');
    await line.hover();
    await line.getByTitle('Edit task name').click();
    const field = page.locator('input[type=text]:focus');
    await field.fill('The colour teal');
    await field.press('Enter');
    await visitor.task('The colour teal').waitFor();
    await shot(tab, '15-renamed');
    await page.reload();
    await visitor.openSidebar();
    await visitor.task('The colour teal').waitFor();
    const { session: told } = await house.json('GET', `/api/v1/sessions/details?sessionId=${session}`);
    assert.equal(told.metadata.name, 'The colour teal');
    assert.ok(told.metadata.modelConfig.id, 'the rest of the metadata is still there');
    assert.equal(JSON.stringify(told).includes(model.key), false);
  });

  await check('a second session is its own, and both can be opened', async () => {
    await visitor.closeSidebar();
    await page.getByTitle('Back to Home').click();
    const second = await visitor.begin('say Another house.');
    assert.notEqual(second, session);
    await visitor.answer(/Another house\./).waitFor();
    await visitor.rests();
    assert.equal(await visitor.seen('.message-bubble').count(), 2);
    await visitor.openSidebar();
    await visitor.task('say Another house.').waitFor();
    await visitor.task('The colour teal').locator('button').first().click();
    await page.waitForURL(`${house.url}/${session}`);
    await visitor.answer(/Better now\./).waitFor();
    await shot(tab, '16-two');
  });

  await check('deleting takes the session away', async () => {
    const line = visitor.task('The colour teal');
    await line.hover();
    await line.getByTitle('Delete task').click();
    await page.getByText('Delete Task').waitFor();
    await shot(tab, '17-delete');
    await page.getByRole('button', { name: /^Delete/ }).last().click();
    await visitor.task('The colour teal').waitFor({ state: 'detached' });
    const { sessions } = await house.json('GET', '/api/v1/sessions');
    assert.deepEqual(sessions.map(({ metadata }) => metadata.name), ['say Another house.']);
    const gone = await house.fetch(`/api/v1/sessions/details?sessionId=${session}`);
    assert.equal(gone.status, 404);
    await shot(tab, '18-deleted');
  });

  await check('the agent and its version are told', async () => {
    const from = tab.requests.length;
    await visitor.closeSidebar();
    await page.getByTitle('Agent Configuration').click();
    await until('the options were asked', () => visitor.since(from).includes('GET /api/v1/agent/options'));
    await shot(tab, '19-agent');
    assert.ok(!(await page.content()).includes(model.key), 'the key of the model stands in the page');
  });

  await check('the browser has nothing to complain about', () => {
    // The page looks after the session that it shows a moment later, also when that was deleted meanwhile.
    const deleted = [`GET /api/v1/sessions/status?sessionId=${session}: 404`, 'Failed to get session status: Not Found'];
    assert.deepEqual(complaints(tab).filter((line) => !deleted.some((known) => line.includes(known))), []);
  });
  await check('every request to the model kept the rules', () => assert.deepEqual(model.wrong(), []));
  await tab.close();
}
