// The published web UIs of ElizaOS 1.4.2 and 1.7.2, unmodified, in a real browser against `ombud serve --webui`: as somebody
// of this machine, with the key of this API, and with the server's token. Needs `npm ci` here, and Chromium.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

import { startBrowser } from '../support/browser.mjs';
import { startModel } from '../support/model.mjs';
import { startOmbud } from '../support/ombud.mjs';
import { report, until } from '../support/report.mjs';
import { Visitor } from './visitor.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const folder = (version) => join(here, 'node_modules', `server-${version}`, 'dist', 'client');

/** The page and the largest script of each package, so that nobody mends them on the way. */
const PUBLISHED = {
  '1.4': ['assets/index-ofROTcnX.js', 'd98dcb3832580060', 'cede14ae93228ef6'],
  '1.7': ['assets/mermaid-4DMBBIKO-WBI514jR.js', '2acc1971e92a5010', 'bc0be54c98775b8c'],
};

const KEY = 'the-key-of-the-eliza-ui-suite';
const SERVER = '00000000-0000-0000-0000-000000000000';

/** A red square of eight by eight. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC',
  'base64',
);

/** What the pages say with every server: of their own logger, of what they look for elsewhere, and without a key of theirs. */
const KNOWN = [
  /^script: TypeError: Transform is not a constructor/,
  /Failed to fetch (plugin registry|from registry)/,
];
const WITHOUT_KEY = [/\/api\/system\/version: 401/, /Error fetching server version/];

const suite = report('eliza-ui');
const browser = await startBrowser(chromium, 'eliza-ui');
suite.atEnd(() => browser.close());

for (const version of (process.env.ONLY ?? '1.4 1.7').split(' ')) {
  const [script, page, code] = PUBLISHED[version];
  const hash = (name) => createHash('sha256').update(readFileSync(join(folder(version), name))).digest('hex').slice(0, 16);
  await suite.check(`${version}: the pages are the published ones`, () => assert.deepEqual([hash('index.html'), hash(script)], [page, code]));
  await local(version);
  await withKey(version);
}
await withToken('1.4');

await suite.check('only registries, releases and reports are looked for elsewhere', () => {
  const hosts = [...browser.elsewhere].map((url) => new URL(url).hostname);
  const known = ['api.github.com', 'raw.githubusercontent.com', /\.ingest\..*sentry\.io$/];
  assert.deepEqual(hosts.filter((host) => !known.some((one) => (one instanceof RegExp ? one.test(host) : one === host))), []);
});
console.log(`screenshots: ${browser.shots}`);
await suite.finish();

/** What the model is to answer: the words of whoever spoke last, of titles and judgements what the suite wants. */
function script(body) {
  const texts = body.messages.map(({ content }) => (typeof content === 'string' ? content : content.map(({ text = '' }) => text).join('')));
  if (/^Find a title for the conversation/.test(texts.at(-1))) return 'say Beans and peas';
  const judged = /^Should (\S+) answer the last message\?/.exec(texts.at(-1));
  const said = texts.findLast((text, place) => body.messages[place].role === 'user' && !/^(\[Environment|Should |Ada: |Bob: )/.test(text));
  if (judged) return `say ${/for nobody/.test(said) || (/only Ada/.test(said) && judged[1] !== 'Ada') ? 'IGNORE' : 'RESPOND'}`;
  return said;
}

/** A server, a tab of a browser, and agents that work there. */
async function settled(version, options, agents = []) {
  const model = await startModel({ script });
  const house = await startOmbud({
    model,
    ...options,
    args: ['--webui', folder(version), ...(options.args ?? [])],
    config: { models: { 'house/small': { images: true } }, server: { limits: { window_requests: 0, requests_per_minute: 0 } } },
  });
  suite.atEnd(async () => {
    await house.close();
    await model.close();
  });
  const headers = options.env ? { 'x-api-key': KEY } : {};
  const ask = async (method, path, body) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' } };
    const answer = await house.fetch(path, { method, headers, ...sent });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text).data : undefined;
  };
  const ids = {};
  for (const name of agents) {
    const characterJson = { name, bio: ['Counts beans.'], system: `You are ${name}.` };
    ids[name] = (await ask('POST', '/api/agents', { characterJson })).id;
    await ask('POST', `/api/agents/${ids[name]}/start`, {});
  }
  // Wide enough that the side panel stands beside the chat.
  const tab = await browser.tab({ width: 1600, height: 900 });
  return { model, house, tab, ids, ask, visitor: new Visitor(tab), page: tab.page };
}

function complaints(tab, more = []) {
  return tab.complaints.filter((line) => ![...KNOWN, ...more].some((known) => known.test(line)));
}

async function local(version) {
  const check = (what, work) => suite.check(`${version}: ${what}`, work);
  const { model, house, tab, ids, ask, visitor, page } = await settled(version, { args: ['--allow-local-admin'] }, ['Ada', 'Bob']);
  const shot = (name) => tab.shot(`${version}-${name}`);
  const { Ada, Bob } = ids;
  const chat = `${house.url}/chat/${Ada}`;
  const channels = () => ask('GET', `/api/messaging/central-servers/${SERVER}/channels`).then((data) => data.channels);
  const said = async (id) => (await ask('GET', `/api/messaging/central-channels/${id}/messages`)).messages.map(({ content }) => content).reverse();
  const inputOf = (request) => request.body.messages.findLast(({ role }) => role === 'user').content;

  await check('the agents are listed', async () => {
    await visitor.open(house.url);
    await visitor.card('Ada').waitFor({ timeout: 30_000 });
    // New visitors are offered a tour.
    await page.getByRole('button', { name: 'Skip' }).click();
    await page.getByText('Welcome to ElizaOS').first().waitFor({ state: 'detached' });
    assert.deepEqual((await visitor.cards.getByRole('heading').allInnerTexts()).sort(), ['Ada', 'Bob', 'default']);
    await shot('01-agents');
  });
  await visitor.withoutTour();

  await check('an agent is made, and works when it is switched on', async () => {
    const from = tab.requests.length;
    await page.getByText('Create New Agent').click();
    await page.locator('input[name=name]').fill('Carol');
    await page.locator('textarea[name=system]').fill('You are Carol.');
    await page.getByRole('button', { name: 'Save' }).last().click();
    await visitor.card('Carol').waitFor();
    await visitor.must(from, 'POST', /^\/api\/agents$/);
    assert.equal(await visitor.toggle('Carol').getAttribute('aria-checked'), 'false');
    await visitor.toggle('Carol').click();
    await until('Carol works', async () => (await visitor.toggle('Carol').getAttribute('aria-checked')) === 'true');
    await shot('02-made');
  });

  await check('an agent is switched off and on', async () => {
    for (const [verb, state] of [['stop', 'false'], ['start', 'true']]) {
      const from = tab.requests.length;
      await visitor.toggle('Carol').click();
      await visitor.must(from, 'POST', new RegExp(`^/api/agents/[^/]+/${verb}$`));
      await until(`it is ${verb}ed`, async () => (await visitor.toggle('Carol').getAttribute('aria-checked')) === state);
      await until('it can be switched again', () => visitor.toggle('Carol').isEnabled());
    }
  });

  let channel;
  await check('a chat begins, and its answer comes', async () => {
    await visitor.joins(() => visitor.go('Ada'));
    channel = (await channels()).find(({ type }) => type === 'DM').id;
    const from = visitor.frames.length;
    await visitor.send('hold first\nsay Seven beans.');
    await model.gate('first').reached();
    await page.getByText('Ada is thinking').first().waitFor();
    assert.equal(await visitor.input.isEnabled(), false);
    await shot('03-thinking');
    model.gate('first').open();
    await visitor.answered('Seven beans.');
    await until('all is told', () => visitor.heard(from).at(-1) === 'controlMessage' && visitor.heard(from).length > 3);
    const order = ['messageBroadcast', 'messageAck', 'controlMessage', 'messageStreamChunk', 'messageBroadcast', 'messageComplete', 'controlMessage'];
    assert.deepEqual(visitor.heard(from), order);
    await shot('04-answered');
  });

  await check('the channel gets a title', async () => {
    const from = tab.requests.length;
    await visitor.asks('say **Four** peas\nsay `and` a pod', 'Four');
    await page.getByText('Beans and peas').first().waitFor();
    await visitor.must(from, 'PATCH', new RegExp(`/${channel}$`));
    const { name, metadata } = (await channels()).find(({ id }) => id === channel);
    assert.deepEqual([name, metadata.forAgent], ['Beans and peas', Ada]);
    await shot('05-title');
  });

  /** Waits until the picture that was sent is seen. */
  const pictured = async () => {
    const shown = visitor.messages.locator('img[src*="/media/uploads/"]').first();
    await until('it is seen', () => shown.evaluate((image) => image.complete && image.naturalWidth === 8));
  };
  await check('a picture is shown, and reaches the model', async () => {
    const picture = join(house.folder, 'red.png');
    writeFileSync(picture, PICTURE);
    const from = tab.requests.length;
    await page.locator('input[type=file]').first().setInputFiles(picture);
    await page.getByAltText('Selected file').or(page.getByAltText('red.png')).first().waitFor();
    await visitor.asks('say A red one.', 'A red one.');
    await visitor.must(from, 'POST', /\/upload-media$/);
    await pictured();
    const parts = model.requests.flatMap(({ body }) => body.messages).flatMap(({ content }) => (Array.isArray(content) ? content : []));
    const image = parts.find(({ type }) => type === 'image_url');
    assert.equal(image.image_url.url, `data:image/png;base64,${PICTURE.toString('base64')}`);
    await shot('06-picture');
  });

  await check('a model that fails leaves the page usable', async () => {
    await visitor.send('fail 400 Too narrow.');
    await until('the model was asked', () => model.requests.some((request) => inputOf(request) === 'fail 400 Too narrow.'));
    await visitor.asks('say Better now.', 'Better now.');
    await shot('07-after-failure');
  });

  await check('a message is deleted', async () => {
    const from = tab.requests.length;
    const bubble = visitor.bubble('fail 400');
    await bubble.hover();
    await bubble.getByRole('button').last().click();
    await visitor.must(from, 'DELETE', new RegExp(`/${channel}/messages/`));
    await visitor.messages.getByText('fail 400').waitFor({ state: 'detached' });
    assert.deepEqual((await said(channel)).filter((text) => text.startsWith('fail')), []);
  });

  await check('the same chat is shown after the server was started anew', async () => {
    await page.goto('about:blank');
    await house.stop();
    await house.start();
    await visitor.joins(() => visitor.open(chat));
    await visitor.messages.getByText('Better now.', { exact: true }).waitFor();
    await pictured();
    const all = ['hold first\nsay Seven beans.', 'Seven beans.', 'say **Four** peas\nsay `and` a pod', '**Four** peas\n`and` a pod', 'say A red one.', 'A red one.', 'say Better now.', 'Better now.'];
    assert.deepEqual(await said(channel), all);
    await visitor.asks('say Still here.', 'Still here.');
    await shot('08-again');
  });

  await check('the side panel shows calls of the model', async () => {
    const from = tab.requests.length;
    await page.locator('button:has(svg.lucide-panel-right)').last().click();
    await page.getByRole('tab', { name: 'Model Calls' }).click();
    await page.getByText('TEXT_LARGE').first().waitFor();
    await visitor.must(from, 'GET', /^\/api\/agents\/[^/]+\/logs/);
    await shot('09-calls');
  });

  if (version === '1.7') {
    await check('the side panel shows runs in time', async () => {
      const from = tab.requests.length;
      await page.getByRole('tab', { name: 'Timeline' }).click();
      await page.getByText('AGENT INVOCATION').first().waitFor();
      await page.getByText('TEXT_LARGE').first().waitFor();
      await visitor.must(from, 'GET', /^\/api\/agents\/[^/]+\/runs\/[^/]+$/);
      await shot('09-timeline');
    });
  }

  await check('a memory is amended, and the model is told it so', async () => {
    await page.getByRole('tab', { name: 'Memories' }).click();
    const card = page.locator('div.border.rounded-lg.group').filter({ hasText: 'Seven beans.' }).filter({ hasNotText: 'hold first' }).first();
    await card.hover();
    await card.getByTitle('Edit memory').click();
    const text = page.getByPlaceholder('Memory content in JSON format...');
    await until('it is there', async () => /Seven beans\./.test(await text.inputValue()));
    await shot('10-memory');
    await text.fill((await text.inputValue()).replace('Seven beans.', 'Nine beans.'));
    await page.getByRole('button', { name: /^Save/ }).last().click();
    await page.getByText('Nine beans.').first().waitFor();
    await visitor.asks('say What I know.', 'What I know.');
    const shown = model.requests.at(-1).body.messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
    assert.ok(shown.includes('Nine beans.') && !shown.includes('Seven beans.'), JSON.stringify(shown));
  });

  await check('a memory is forgotten', async () => {
    const card = page.locator('div.border.rounded-lg.group').filter({ hasText: 'Nine beans.' }).first();
    await card.hover();
    await card.getByTitle('Edit memory').click();
    await page.getByPlaceholder('Memory content in JSON format...').waitFor();
    const from = tab.requests.length;
    await page.getByRole('button', { name: /^Delete/ }).first().click();
    await page.getByRole('button', { name: 'Delete', exact: true }).last().click();
    await visitor.must(from, 'DELETE', /\/memories\//);
    await page.getByText('Nine beans.').waitFor({ state: 'detached' });
    // The channel stays as it was.
    assert.ok((await said(channel)).includes('Seven beans.'));
    await page.locator('button:has(svg.lucide-panel-right-close)').first().click();
  });

  await check('an agent is changed, and answers as it is then', async () => {
    await visitor.settings('Ada');
    await page.locator('textarea[name=system]').fill('You are Ada, the brief.');
    await page.getByRole('tab', { name: 'Secret' }).click();
    await page.getByPlaceholder('VARIABLE_NAME').first().fill('BEAN_KEY');
    await page.getByPlaceholder('Enter value...').first().fill('a-secret-of-beans');
    await page.getByRole('button', { name: 'Add', exact: true }).first().click();
    const from = tab.requests.length;
    await page.getByRole('button', { name: 'Save' }).last().click();
    await visitor.must(from, 'PATCH', new RegExp(`^/api/agents/${Ada}$`));
    const agent = await ask('GET', `/api/agents/${Ada}`);
    assert.equal(agent.system, 'You are Ada, the brief.');
    assert.match(agent.settings.secrets.BEAN_KEY, /^[0-9a-f]{32}:[0-9a-f]+$/);
    await visitor.joins(() => visitor.go('Ada'));
    await visitor.asks('say Brief.', 'Brief.');
    assert.match(model.requests.at(-1).body.messages[0].content, /^You are Ada, the brief\./);
  });

  await check('the chat is cleared, another one begins, and the first is deleted', async () => {
    await visitor.choose('Clear Chat');
    await visitor.confirm('Clear');
    await page.getByText('No messages yet').waitFor();
    assert.deepEqual(await said(channel), []);
    await visitor.asks('say One.', 'One.');
    await page.getByRole('button', { name: 'New Chat' }).click();
    await until('there are two', async () => (await channels()).filter(({ type }) => type === 'DM').length === 2);
    await page.getByText('No messages yet').waitFor();
    await page.locator('button:has(svg.lucide-clock)').first().click();
    await page.getByRole('menuitem').filter({ hasText: 'Beans and peas' }).click();
    await visitor.messages.getByText('One.', { exact: true }).waitFor();
    await visitor.choose('Delete Chat');
    await visitor.confirm('Delete');
    await until('one is left', async () => (await channels()).filter(({ type }) => type === 'DM').length === 1);
    assert.ok(!(await channels()).some(({ id }) => id === channel));
  });

  let group;
  await check('a group is made', async () => {
    await visitor.home();
    await page.getByRole('tab', { name: 'Groups' }).click();
    await page.getByText('Create New Group').click();
    await page.getByPlaceholder('Leave blank').fill('Club');
    await page.getByText('Select agents...').click();
    for (const name of ['Ada', 'Bob']) await page.locator('div.cursor-pointer.p-2').filter({ hasText: new RegExp(`${name}$`) }).click();
    await page.getByText('Create Group Chat').click();
    const from = visitor.frames.length;
    await page.getByRole('button', { name: 'Create Group' }).click();
    // The page goes back home first, and there a moment later.
    await page.waitForURL(/\/group\/[0-9a-f-]{36}/);
    await visitor.input.waitFor();
    group = (await channels()).find(({ type }) => type === 'GROUP').id;
    await until('it is joined', () => visitor.frames.slice(from).some(({ name, value }) => name === 'room_joined' && value.channelId === group));
    await shot('11-group');
  });

  await check('in a group both answer, or one, or none', async () => {
    await visitor.send('say Hello.');
    await until('both have', async () => (await visitor.messages.getByText('Hello.', { exact: true }).count()) === 2);
    await visitor.asks('only Ada, please\nsay I am Ada.', 'I am Ada.');
    await visitor.send('for nobody\nsay Never.');
    await until('both were judged', () => model.requests.filter(({ body }) => /^Should/.test(body.messages.at(-1).content) && JSON.stringify(body).includes('for nobody')).length === 2);
    await visitor.rests();
    await visitor.asks('only Ada again\nsay That is all.', 'That is all.');
    const all = await said(group);
    assert.deepEqual([all.filter((text) => text === 'Hello.').length, all.filter((text) => text === 'I am Ada.').length, all.includes('Never.')], [2, 1, false]);
    await shot('12-group-answers');
  });

  await check('where no agent works the page stays usable', async () => {
    for (const id of [Ada, Bob]) await ask('POST', `/api/agents/${id}/stop`, {});
    await visitor.send('Anybody?');
    await visitor.messages.getByText('Anybody?', { exact: true }).waitFor();
    await visitor.send('Nobody.');
    await visitor.messages.getByText('Nobody.', { exact: true }).waitFor();
    await visitor.rests();
    for (const id of [Ada, Bob]) await ask('POST', `/api/agents/${id}/start`, {});
  });

  await check('the group is renamed, cleared and deleted', async () => {
    await page.getByRole('button', { name: 'Edit Group' }).click();
    await until('its name is there', async () => (await page.getByPlaceholder('Leave blank').inputValue()) === 'Club');
    await page.getByPlaceholder('Leave blank').fill('Pod');
    await page.getByRole('button', { name: 'Update Group' }).click();
    await until('it is renamed', async () => (await channels()).some(({ name }) => name === 'Pod'));
    await page.getByRole('button', { name: 'Update Group' }).waitFor({ state: 'detached' });
    assert.deepEqual((await ask('GET', `/api/messaging/central-channels/${group}/participants`)).filter((id) => [Ada, Bob].includes(id)).length, 2);
    await visitor.choose('Clear Messages');
    await visitor.confirm('Clear');
    await page.getByText('No messages yet').waitFor();
    await visitor.choose('Delete Group');
    await visitor.confirm('Delete');
    await visitor.card('Ada').waitFor();
    assert.ok(!(await channels()).some(({ id }) => id === group));
  });

  await check('the log is readable, and cleared', async () => {
    await visitor.go('Logs');
    await page.getByText(/^answered method=GET ms=\d+ path=\/api\/\S+ status=200$/).first().waitFor({ timeout: 30_000 });
    await shot('13-log');
    const from = tab.requests.length;
    await page.getByRole('button', { name: 'Clear All Logs' }).click();
    await visitor.confirm('Delete');
    await visitor.must(from, 'DELETE', /^\/api\/server\/logs/);
  });

  await check('variables are kept, and their values are shown to nobody', async () => {
    await visitor.go('Settings');
    const add = async (name, value) => {
      await page.locator('#secret-name').fill(name);
      await page.locator('#secret-value').fill(value);
      await page.getByRole('button', { name: 'Add', exact: true }).click();
      const from = tab.requests.length;
      await page.getByRole('button', { name: 'Save Changes' }).click();
      await visitor.must(from, 'POST', /^\/api\/system\/env\/local$/);
    };
    await page.locator('#secret-name').waitFor({ timeout: 30_000 });
    await add('BEANS', 'seven-secret');
    await page.reload({ waitUntil: 'commit' });
    await page.getByText('BEANS', { exact: true }).waitFor({ timeout: 30_000 });
    await add('PEAS', 'four-secret');
    assert.deepEqual(await ask('GET', '/api/system/env/local'), { BEANS: '********', PEAS: '********' });
    await shot('14-variables');
  });

  await check('an agent is deleted', async () => {
    await visitor.settings('Bob');
    await visitor.choose(/Delete Agent/);
    await visitor.confirm('Delete');
    await visitor.card('Ada').waitFor();
    await visitor.card('Bob').waitFor({ state: 'detached' });
    assert.ok(!(await ask('GET', '/api/agents')).agents.some(({ name }) => name === 'Bob'));
    await shot('15-deleted');
  });

  await check('the browser has nothing to complain about', () => {
    // The pages look after what they show every half a minute, also when it was deleted meanwhile.
    const deleted = [channel, group, Bob].map((id) => new RegExp(`${id}.*: 404`));
    assert.deepEqual(complaints(tab, deleted), []);
  });
  await check('every request to the model kept the rules', () => assert.deepEqual(model.wrong(), []));
  await tab.close();
}

/** With a key of this API alone, which the visitor types into the page. */
async function withKey(version) {
  const check = (what, work) => suite.check(`${version}, key: ${what}`, work);
  const { tab, house, ids, visitor, page } = await settled(version, { env: { ELIZA_SERVER_AUTH_TOKEN: KEY } }, ['Ada']);
  await visitor.withoutTour();
  await check('without the key nothing is told', async () => {
    await visitor.open(`${house.url}/settings/`);
    await page.getByRole('button', { name: 'Manage API Key' }).waitFor({ timeout: 30_000 });
    await until('it was refused', () => tab.requests.some(({ path, status }) => path === '/api/agents' && status === 401));
    assert.equal(await page.getByText('Ada').count(), 0);
  });
  await check('with the key that the visitor types, all of it works', async () => {
    await page.getByRole('button', { name: 'Manage API Key' }).click();
    await page.getByRole('dialog').locator('input').fill(KEY);
    await page.getByRole('dialog').getByRole('button', { name: /Save/ }).click();
    await tab.shot(`${version}-key`);
    tab.complaints.length = 0;
    await visitor.joins(() => visitor.open(`${house.url}/chat/${ids.Ada}`));
    await visitor.asks('say Let in.', 'Let in.');
  });
  await check('the browser has nothing to complain about', () => assert.deepEqual(complaints(tab, WITHOUT_KEY), []));
  await tab.close();
}

/** With the server's own token, as the address that its page is opened by. */
async function withToken(version) {
  const check = (what, work) => suite.check(`${version}, token: ${what}`, work);
  const { tab, house, ids, visitor } = await settled(version, { token: KEY }, ['Ada']);
  await visitor.withoutTour();
  await check('the page works once it was opened with the token', async () => {
    await visitor.open(`${house.url}/?token=${KEY}`);
    await visitor.card('Ada').waitFor({ timeout: 30_000 });
    await visitor.joins(() => visitor.go('Ada'));
    await visitor.asks('say Let in.', 'Let in.');
  });
  await check('the browser has nothing to complain about', () => assert.deepEqual(complaints(tab), []));
  await tab.close();
}
