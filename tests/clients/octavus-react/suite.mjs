// The published React package 2.0.0 in a real browser: a small page, an application with the server SDK between it and
// `ombud serve`, as the packages are meant to be used. Files go from the browser to the server itself, over another origin.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

import { PICTURE } from '../octavus-wire/files.mjs';
import { startBrowser } from '../support/browser.mjs';
import { definition } from '../support/octavus/agents.mjs';
import { octavusHouse } from '../support/octavus/house.mjs';
import { report, until } from '../support/report.mjs';
import { startApp } from './app.mjs';

const suite = report('octavus-react');
const browser = await startBrowser(chromium, 'octavus-react');
suite.atEnd(() => browser.close());
const house = await octavusHouse({ suite, agents: [definition('chat')], config: { limits: { model_attempts: 1 } } });
const { model } = house;
const looked = [];
const app = await startApp({
  baseUrl: house.url,
  apiKey: house.key,
  agentId: house.agents['suite-chat'],
  tools: {
    'get-user': async ({ userId }) => {
      looked.push(userId);
      return { id: userId, name: `Ada-${userId}` };
    },
  },
});
suite.atEnd(() => app.close());

const tab = await browser.tab();
const { page } = tab;
const answers = page.locator('article.assistant');
const questions = page.locator('article.user');
const status = (word) => page.locator('#status', { hasText: new RegExp(`^${word}$`) }).waitFor();

async function send(text) {
  await page.locator('#draft').fill(text);
  await page.locator('#send').click();
}

/** The newest answer, when it is done and says something. */
async function answered(pattern) {
  await answers.last().filter({ hasText: pattern }).waitFor();
  await status('idle');
  assert.equal(await answers.last().getAttribute('data-status'), 'done');
}

await suite.check('the page opens with a session of its own', async () => {
  await page.goto(app.url, { waitUntil: 'load' });
  await status('idle');
  assert.equal(await page.locator('#how').textContent(), 'new');
  assert.match(page.url(), /#[A-Za-z0-9_-]+$/);
  assert.equal(await page.locator('article').count(), 0);
});

await suite.check('text streams', async () => {
  await send('hold react\nwords 6');
  await model.gate('react').reached();
  await answers.last().filter({ hasText: 'w1' }).waitFor();
  await status('streaming');
  assert.equal(await answers.filter({ hasText: 'w6' }).count(), 0);
  assert.equal(await answers.last().getAttribute('data-status'), 'streaming');
  await tab.shot('01-streaming');
  model.gate('react').open();
  await answered('w1 w2 w3 w4 w5 w6');
  assert.equal(await questions.count(), 1);
});

await suite.check('reasoning is shown apart from the text', async () => {
  await send('think I weigh it.\nsay Decided.');
  await answered('Decided.');
  assert.equal(await answers.last().locator('.reasoning').textContent(), 'I weigh it.');
  assert.equal(await answers.last().locator('.text').textContent(), 'Decided.');
});

await suite.check('a tool of the application is answered on the way', async () => {
  await send('call get-user {"userId":"42"}');
  await answered(/The tool returned: .*Ada-42/);
  assert.deepEqual(looked, ['42']);
  const tool = answers.last().locator('.tool');
  assert.equal(await tool.getAttribute('data-status'), 'done');
  assert.match(await tool.textContent(), /^Looking up a user {"userId":"42"} .*Ada-42/);
});

await suite.check('a tool is answered by the browser', async () => {
  await send('call get-weather {"city":"Rome"}');
  await answered(/The tool returned: .*Rome.*Chromium/);
  assert.equal(await answers.last().locator('.tool').getAttribute('data-status'), 'done');
  await tab.shot('02-client-tool');
});

await suite.check('a tool is answered by the person, later', async () => {
  await send('call ask-person {"question":"Which colour?"}');
  await status('awaiting-input');
  const question = page.locator('.question');
  assert.match(await question.textContent(), /^Which colour\?/);
  await tab.shot('03-interactive-tool');
  await question.getByText('Teal').click();
  await answered(/The tool returned: .*teal/);
});

await suite.check('tools of both sides at once are one answer', async () => {
  await send('call get-user {"userId":"1"}\ncall get-weather {"city":"Oslo"}\nthen\nsay Both.');
  await answered('Both.');
  const statuses = await answers.last().locator('.tool').evaluateAll((all) => all.map((one) => `${one.dataset.name} ${one.dataset.status}`));
  assert.deepEqual(statuses, ['get-user done', 'get-weather done']);
});

await suite.check('a resource that a handler sets arrives', async () => {
  await page.locator('#lookup').click();
  await page.locator('#resources', { hasText: 'Ada-7' }).waitFor();
  await status('idle');
});

await suite.check('stop stops the model, and what was said stays', async () => {
  const left = model.left;
  await send('slow 40\nwords 400');
  await answers.last().filter({ hasText: 'w5' }).waitFor();
  await page.locator('#stop').click();
  await status('idle');
  await until('the model is left', () => model.left > left);
  const text = await answers.last().locator('.text').textContent();
  assert.match(text, /^w1 w2 w3 w4 w5/);
  assert.ok(!text.includes('w400'));
  await tab.shot('04-stopped');
  await until('the session is free', async () => {
    await send('say Still here.');
    await page.locator('#status', { hasText: /^(idle|error)$/ }).waitFor();
    return (await answers.last().textContent()) === 'Still here.';
  });
});

await suite.check('what fails is told, and the chat goes on', async () => {
  await send('fail 400 the mock says no');
  await page.locator('.error').filter({ hasText: /the mock says no/ }).waitFor();
  await status('error');
  await tab.shot('05-error');
  await send('say On we go.');
  await answered('On we go.');
  assert.equal(await page.locator('.error').count(), 0);
});

/** What the page shows of each message. */
const shown = () => page.locator('article').evaluateAll((all) => all.map((one) => [one.className, [...one.querySelectorAll('.text')].map(({ textContent }) => textContent.trim())]));

/** What was said, without what the browser and the server may have cut off at another word, and what was sent twice. */
const spoken = (all) => all.filter(([, [text]], at) =>
  text !== undefined && !/^slow /.test(all[at - 1]?.[1][0] ?? '') && all[at - 1]?.[1][0] !== text);

await suite.check('after a reload the messages are there, and the next is asked with all of them', async () => {
  const before = spoken(await shown());
  await page.reload({ waitUntil: 'load' });
  await status('idle');
  assert.equal(await page.locator('#how').textContent(), 'active');
  assert.deepEqual(spoken(await shown()), before);
  await tab.shot('06-reloaded');
  const asked = model.requests.length;
  await send('say Remembered.');
  await answered('Remembered.');
  const seen = JSON.stringify(model.requests[asked].body.messages);
  for (const text of ['Decided.', 'Ada-42', 'Rome', 'On we go.']) assert.ok(seen.includes(text), text);
});

await suite.check('an image goes from the browser to the server, to the model and back', async () => {
  const asked = model.requests.length;
  await page.locator('#files').setInputFiles({ name: 'square.png', mimeType: 'image/png', buffer: PICTURE });
  await send('say A red square.');
  await answered('A red square.');
  const put = tab.requests.find(({ method }) => method === 'PUT');
  assert.ok(put && put.response.url().startsWith(house.url), 'it is put at the server itself');
  assert.equal(put.status < 300, true);
  assert.equal(await page.locator('#progress').textContent(), '100');
  const user = model.requests[asked].body.messages.findLast(({ role }) => role === 'user');
  assert.ok(user.content.some(({ image_url: image }) => image?.url === `data:image/png;base64,${PICTURE.toString('base64')}`));
  const drawn = () => page.locator('img.file').evaluateAll((all) => all.map(({ complete, naturalWidth }) => [complete, naturalWidth]));
  await until('the image is drawn', async () => JSON.stringify(await drawn()) === '[[true,8]]');
  await page.reload({ waitUntil: 'load' });
  await status('idle');
  await until('the image is drawn again', async () => JSON.stringify(await drawn()) === '[[true,8]]');
  await questions.last().scrollIntoViewIfNeeded();
  await tab.shot('07-image');
});

/** Images of what was removed. */
let gone = [];

await suite.check('an expired session is restored from what the browser kept', async () => {
  await send('say Kept here.');
  await answered('Kept here.');
  const session = page.url().split('#')[1];
  await until('the browser keeps it', () => page.evaluate((id) => localStorage.getItem(id)?.includes('Kept here.'), session));
  const before = await shown();
  gone = await page.locator('img.file').evaluateAll((all) => all.map(({ src }) => src));
  assert.equal(gone.length, 1);
  await house.wire.ask('DELETE', `/api/agent-sessions/${session}`, undefined, 'cleared');
  for (const src of gone) assert.equal((await fetch(src)).status, 410, 'files go with what was said');
  await page.reload({ waitUntil: 'load' });
  await status('idle');
  assert.equal(await page.locator('#how').textContent(), 'restored');
  assert.deepEqual((await shown()).at(-1), before.at(-1));
  await send('say And on.');
  await answered('And on.');
  await tab.shot('08-restored');
});

await suite.check('nothing complained: neither the page, nor the model, nor the server', () => {
  // A page that restores a session shows its images, which were removed with what was said.
  assert.deepEqual(tab.complaints.filter((text) => !gone.some((src) => text.startsWith(`request: GET ${src}: `))), []);
  assert.deepEqual(model.wrong(), []);
  assert.doesNotMatch(house.stderr, /panicked|internal error/i);
  assert.deepEqual([...browser.elsewhere], []);
});

console.log(`screenshots: ${browser.shots}`);
await suite.finish();
