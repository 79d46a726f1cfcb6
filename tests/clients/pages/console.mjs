// The console, against the program: everything that can be done in it, and what others see of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { until } from '../support/report.mjs';
import { HOSTILE, KEYS } from './hostile.mjs';
import { colours, isContrastGood } from './colours.mjs';
import { ombud } from './share.mjs';

/** What somebody sees of a session, as text. */
export const shown = (page) => page.locator('.transcript .body, .transcript .end').allInnerTexts();

/** Opens the console, at a new question. */
export async function visit(browser, house, options = {}) {
  const tab = await browser.tab(options);
  await tab.page.goto(`${house.url}/#/new`);
  await tab.page.locator('#question').waitFor();
  return tab;
}

/** Asks, and waits until the session is open. */
export async function ask(page, text) {
  await page.locator('#question').fill(text);
  await page.keyboard.press('Enter');
  await page.waitForURL(/#\/sessions\//);
  return decodeURIComponent(/#\/sessions\/([^/]+)/.exec(page.url())[1]);
}

export async function consolePages({ suite, browser, house, model, session }) {
  const check = (what, work) => suite.check(`console: ${what}`, work);
  const native = (verb, body) => house.json('POST', `/ombud/v1/${verb}`, body);
  const finished = (page, count = 1) => until('the runs have ended', async () => (await page.locator('.end').count()) >= count);
  const tabs = [];
  const visitor = async (options) => {
    const tab = await visit(browser, house, options);
    tabs.push(tab);
    return tab;
  };

  await check('two browsers see the same, word by word', async () => {
    const [first, second] = [await visitor(), await visitor()];
    const id = await ask(first.page, 'hold half\nsay The answer has **seven** words in it');
    await model.gate('half').reached();
    await second.page.goto(`${house.url}/#/sessions/${id}`);
    for (const { page } of [first, second]) await page.locator('.message.open', { hasText: 'The' }).waitFor();
    assert.deepEqual(await shown(second.page), await shown(first.page));
    assert.match(await first.page.locator('.activity').innerText(), /default is writing/);
    model.gate('half').open();
    for (const { page } of [first, second]) await finished(page);
    assert.deepEqual(await shown(second.page), await shown(first.page));
    assert.equal(await second.page.locator('.message.agent .prose').innerText(), 'The answer has seven words in it');
    await second.page.reload();
    await finished(second.page);
    assert.deepEqual(await shown(second.page), await shown(first.page));
    // The other one goes on, and the first sees it.
    await second.page.locator('#question').fill('say And more.');
    await second.page.keyboard.press('Enter');
    await first.page.getByText('And more.', { exact: true }).waitFor();
    await finished(first.page, 2);
    await finished(second.page, 2);
    assert.deepEqual(await shown(second.page), await shown(first.page));
  });

  await check('a permission is asked for everywhere, and given in one place', async () => {
    const [first, second] = [await visitor(), await visitor()];
    const id = await ask(first.page, 'call write_file {"path": "made.txt", "content": "made"}');
    await second.page.getByText('asks for permission').waitFor();
    await second.page.goto(`${house.url}/#/sessions/${id}`);
    for (const { page } of [first, second]) await page.getByRole('region', { name: 'Permission for write_file' }).waitFor();
    assert.match(await first.page.locator('.activity').innerText(), /waits for permission/);
    await second.page.getByRole('button', { name: 'Allow' }).click();
    for (const { page } of [first, second]) {
      await finished(page);
      assert.equal(await page.locator('.question').count(), 0);
      assert.equal(await page.locator('details.call').getAttribute('data-status'), 'ok');
    }
    assert.equal(readFileSync(`${house.workspace}/made.txt`, 'utf8'), 'made');
  });

  await check('a permission is denied with a reason that the model is told', async () => {
    const { page } = await visitor();
    await ask(page, 'call write_file {"path": "refused.txt", "content": "x"}');
    await page.getByRole('button', { name: 'Deny…' }).click();
    await page.keyboard.type('not on a Friday');
    await page.keyboard.press('Enter');
    await finished(page);
    assert.equal(await page.locator('details.call').getAttribute('data-status'), 'denied');
    const told = JSON.stringify(model.requests.at(-1).body.messages.at(-1));
    assert.match(told, /not on a Friday/);
  });

  await check('a run is stopped', async () => {
    const { page } = await visitor();
    const id = await ask(page, 'slow 50\nwords 2000');
    await page.locator('.message.open', { hasText: 'w3' }).waitFor();
    await page.getByRole('button', { name: 'Stop (Esc)' }).click();
    await page.locator('.end.cancelled').waitFor();
    assert.equal((await native('session', { session: id })).status, 'idle');
    assert.equal(await page.locator('.activity').isVisible(), false);
  });

  await check('what is hostile stays text: messages, results, names of files, titles', async () => {
    const { page } = await visitor();
    await page.goto(`${house.url}/#/sessions/${session}`);
    await finished(page);
    await page.locator('.head').click();
    await page.keyboard.press('e');
    const text = await page.locator('.transcript').innerText();
    for (const hostile of HOSTILE.filter((one) => one.startsWith('<script') || one.startsWith('<img'))) assert.ok(text.includes(hostile), hostile);
    await page.keyboard.press('f');
    await page.getByRole('dialog', { name: 'Workspace' }).getByText('onerror=alert').waitFor();
    assert.equal(await page.locator(':is(main, dialog, aside) :is(script, img, iframe, svg:not(.icon))').count(), 0);
    assert.equal(await page.evaluate(() => window.alive), undefined);
  });

  await check('a session gets a name and tags, and is found by them', async () => {
    const { page } = await visitor();
    const id = await ask(page, 'say Hello.');
    await finished(page);
    await page.getByRole('button', { name: 'Name, tags, usage, delete' }).click();
    await page.getByLabel('Name', { exact: true }).fill('A new name');
    await page.getByLabel('Tags, with commas between').fill('green, blue');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('h1', { hasText: 'A new name' }).waitFor();
    await page.locator('.row', { hasText: 'A new name' }).getByText('blue · green').waitFor();
    const { summary } = await native('session', { session: id });
    assert.deepEqual([summary.session.title, summary.session.labels], ['A new name', { tag: ['blue', 'green'] }]);
    await page.locator('#roster-search').fill('new name');
    await until('one row', async () => (await page.locator('.row').count()) === 1);
    await page.locator('#roster-search').fill('nothing has this name');
    await page.getByText('No session fits').waitFor();
  });

  await check('a session has a model of its own', async () => {
    const { page } = await visitor();
    const id = await ask(page, 'say Hello.');
    await finished(page);
    await page.getByLabel('Model').selectOption('offline/rules');
    await page.getByText('model set to offline/rules').waitFor();
    assert.equal((await native('session', { session: id })).summary.session.model, 'offline/rules');
    await page.locator('#question').fill('How much is 17 * 3?');
    await page.keyboard.press('Enter');
    await finished(page, 2);
    assert.match(await page.locator('.message.agent').last().innerText(), /51/);
  });

  await check('files of the workspace are walked through, found and read', async () => {
    const { page } = await visitor();
    const id = await ask(page, 'say Hello.');
    await page.getByRole('link', { name: 'Files of the workspace' }).click();
    const dialog = page.getByRole('dialog', { name: 'Workspace' });
    await dialog.getByRole('link', { name: 'plans' }).click();
    await dialog.getByRole('link', { name: 'garden.md' }).click();
    await dialog.getByText('Beans, peas.').waitFor();
    assert.equal(page.url(), `${house.url}/#/sessions/${id}/files/plans/garden.md`);
    await dialog.getByRole('searchbox').fill('notes');
    await dialog.getByRole('link', { name: 'notes.txt' }).click();
    await dialog.getByText('teal').waitFor();
    await page.keyboard.press('Escape');
    await page.waitForURL(new RegExp(`/sessions/${id}$`));
  });

  await check('an HTML file of the workspace, opened, cannot reach the server', async () => {
    const tab = await visitor();
    const { page } = tab;
    await page.goto(`${house.url}/ombud/v1/file?path=page.html`);
    assert.equal(await page.title(), 'untouched');
    assert.equal(await page.evaluate(() => window.origin), 'null');
    assert.match(tab.complaints.splice(0).join(), /^console: Blocked script execution[^,]*$/);
  });

  await check('a session is shared: a page to look at and to download, without the planted keys', async () => {
    const tab = await visitor({ acceptDownloads: true });
    const { page } = tab;
    await page.goto(`${house.url}/#/sessions/${session}`);
    await finished(page);
    await page.getByRole('button', { name: 'Share' }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    const file = await download;
    assert.equal(file.suggestedFilename(), `ombud-share-${session}.html`);
    const text = readFileSync(await file.path(), 'utf8');
    for (const key of [...Object.values(KEYS), model.key]) assert.ok(!text.includes(key), key);
    const popup = page.waitForEvent('popup');
    await page.getByRole('link', { name: 'Look at it' }).click();
    const shared = await popup;
    await shared.locator('.message').first().waitFor();
    assert.equal(await shared.evaluate(() => window.origin), 'null');
    assert.equal(await shared.evaluate(() => window.alive), undefined);
  });

  await check('the server tells how it is', async () => {
    const { page } = await visitor();
    await page.getByRole('button', { name: 'live' }).click();
    const dialog = page.getByRole('dialog', { name: 'This server' });
    await dialog.getByText('sqlite:').waitFor();
    await dialog.getByText('house/small').first().waitFor();
  });

  await check('a session is deleted, after a question', async () => {
    const [first, second] = [await visitor(), await visitor()];
    const id = await ask(first.page, 'say Gone soon.');
    await finished(first.page);
    await second.page.goto(`${house.url}/#/sessions/${id}`);
    await finished(second.page);
    await first.page.getByRole('button', { name: 'Name, tags, usage, delete' }).click();
    await first.page.getByRole('button', { name: 'Delete…' }).click();
    await first.page.getByRole('button', { name: 'Delete', exact: true }).click();
    await first.page.waitForURL(/#\/$/);
    await second.page.getByText('session deleted').waitFor();
    assert.equal(await second.page.locator('#question').isVisible(), false);
    await until('the list lacks it', async () => (await first.page.locator(`.row[href*="${id}"]`).count()) === 0);
  });

  await check('a session that is not there says so', async () => {
    const tab = await visitor();
    await tab.page.goto(`${house.url}/#/sessions/nowhere`);
    await tab.page.getByText('is not known').waitFor();
    tab.complaints = tab.complaints.filter((line) => !/subscribe|v1\/session/.test(line));
  });

  for (const colorScheme of ['light', 'dark']) {
    await check(`${colorScheme}: every text has enough contrast, on a desk and on a telephone`, async () => {
      for (const [width, height] of [[1280, 860], [390, 844]]) {
        const tab = await visitor({ width, height, colorScheme });
        const { page } = tab;
        const look = async (name) => {
          assert.deepEqual((await colours(page)).filter((pair) => !isContrastGood(pair)), [], name);
          assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: wider than the screen`);
          await tab.shot(`console-${name}-${colorScheme}-${width}`);
        };
        await look('new');
        await page.goto(`${house.url}/#/`);
        await page.locator('.row').first().waitFor();
        await look('list');
        await page.goto(`${house.url}/#/sessions/${session}`);
        await finished(page);
        await page.locator('details.call summary').first().click();
        await look('session');
        await page.goto(`${house.url}/#/sessions/${session}/files/`);
        await page.locator('.listing').waitFor();
        await look('files');
      }
    });
  }

  await check('the keyboard is enough', async () => {
    const { page } = await visitor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.waitForURL(/#\/sessions\//);
    const first = page.url();
    await page.keyboard.press('j');
    await until('the next session', () => page.url() !== first);
    await page.keyboard.press('k');
    await until('the first again', () => page.url() === first);
    await until('the words have the focus', async () => {
      await page.keyboard.press('c');
      return (await page.evaluate(() => document.activeElement.id)) === 'question';
    });
    await page.locator('#question').fill('');
    await page.keyboard.press('Escape');
    await page.keyboard.press('n');
    await page.waitForURL(/#\/new$/);
  });

  await check('nobody’s browser complained', () => {
    assert.deepEqual(tabs.flatMap((tab) => tab.complaints), []);
    assert.deepEqual([...browser.elsewhere], []);
  });
  for (const tab of tabs) await tab.close();
}

/** Behind a token, and through a restart. */
export async function guarded({ suite, browser, house, model, token, receiver }) {
  const check = (what, work) => suite.check(`guarded: ${what}`, work);
  let tab;
  await check('the token is asked for until it is right, and is in no address', async () => {
    tab = await browser.tab();
    const { page } = tab;
    await page.goto(`${house.url}/`);
    await page.getByLabel('Token', { exact: true }).last().fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('That is not the token.').waitFor();
    await page.getByLabel('Token', { exact: true }).last().fill(token);
    await page.keyboard.press('Enter');
    await page.getByText('No session yet').waitFor();
    assert.ok(!page.url().includes(token));
    const cookies = await tab.context.cookies();
    assert.deepEqual(cookies.map(({ httpOnly, sameSite }) => [httpOnly, sameSite]), [[true, 'Strict']]);
    assert.equal(await page.evaluate(() => document.cookie), '');
  });

  await check('a restart in mid-answer is told, and nothing is lost or doubled', async () => {
    const { page } = tab;
    await page.goto(`${house.url}/#/new`);
    const id = await ask(page, 'say Before.');
    await page.locator('.end').waitFor();
    await house.stop();
    await page.getByRole('button', { name: 'reconnecting' }).waitFor();
    await house.start();
    await page.getByRole('button', { name: 'live' }).waitFor();
    await page.locator('#question').fill('say After.');
    await page.keyboard.press('Enter');
    await until('both answers', async () => (await page.locator('.end').count()) === 2);
    const texts = await page.locator('.message .prose').allInnerTexts();
    assert.deepEqual(texts, ['say Before.', 'Before.', 'say After.', 'After.']);
    assert.equal((await house.json('POST', '/ombud/v1/session', { session: id })).summary.runs, 2);
  });

  await check('a session is uploaded, from here and from a shell, and its address is told', async () => {
    const { page } = tab;
    const id = decodeURIComponent(/#\/sessions\/([^/]+)/.exec(page.url())[1]);
    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByRole('button', { name: 'Upload for a link' }).click();
    const link = page.getByRole('link', { name: 'http://shared.test/pages/1' });
    await link.waitFor();
    assert.equal(await link.getAttribute('href'), 'http://shared.test/pages/1?replay=1');
    const { stdout } = await ombud(house, 'share', id);
    assert.equal(stdout, 'http://shared.test/pages/2?replay=1\n');
    for (const { fields } of receiver.forms) {
      assert.deepEqual([fields.sessionId, fields.type, fields.file.type], [id, 'html', 'text/html']);
      assert.match(fields.file.text, /^<!DOCTYPE html>[^]*id="session">[^]*say Before\./);
    }
    assert.equal(receiver.forms.length, 2);
    await page.keyboard.press('Escape');
  });
  await check('the model was asked as a model must be', () => assert.deepEqual(model.wrong(), []));
  await tab?.close();
}
