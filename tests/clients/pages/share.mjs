// The page of a shared session: made by the program, opened as a file.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { program } from '../support/ombud.mjs';
import { HOSTILE, KEYS } from './hostile.mjs';
import { colours, isContrastGood } from './colours.mjs';

const run = promisify(execFile);

/** Runs the program over the store of a house. */
export function ombud(house, ...args) {
  return run(program, ['--config', house.config, '--workspace', house.workspace, ...args], {
    cwd: house.folder,
    env: { ...house.env, USER: 'anna' },
  });
}

export async function sharePage({ suite, browser, house, model, session }) {
  const file = join(house.folder, 'shared.html');
  const url = pathToFileURL(file).href;
  const check = (what, work) => suite.check(`share: ${what}`, work);
  const open = async (options) => {
    const tab = await browser.tab(options);
    await tab.page.goto(url);
    await tab.page.locator('.message').first().waitFor();
    return tab;
  };
  const selected = (page) => page.evaluate(() => [...document.querySelectorAll('.step')].findIndex((step) => step.classList.contains('current')));
  const visible = (page) => page.evaluate(() => [...document.querySelectorAll('.step')].filter((step) => !step.classList.contains('to-come')).length);

  await check('the program writes a file and prints its name', async () => {
    const { stdout, stderr } = await ombud(house, 'share', session, '-o', file);
    assert.equal(stdout, `${file}\n`);
    assert.match(stderr, /^note: removed: .*look through the page before you give it away\n$/);
  });
  await check('without a place it is a file in the current folder; `-` is standard output', async () => {
    const named = await ombud(house, 'share', session, '--format', 'json');
    const document = JSON.parse(named.stdout);
    assert.deepEqual([document.session, document.file, document.url], [session, `ombud-share-${session}.html`, null]);
    assert.equal(readFileSync(join(house.folder, document.file), 'utf8'), readFileSync(file, 'utf8'));
    assert.equal((await ombud(house, 'share', session, '-o', '-')).stdout, readFileSync(file, 'utf8'));
  });
  await check('planted keys are not in the page, and it tells that something was removed', async () => {
    const text = readFileSync(file, 'utf8');
    for (const key of [...Object.values(KEYS), model.key, house.workspace]) assert.ok(!text.includes(key), key);
    const tab = await open();
    assert.match(await tab.page.locator('.removed').innerText(), /^Removed before sharing: .*\d+ texts? that looks? like a? ?secrets?, \d+ secrets?\.$/);
    await tab.close();
  });
  await check('what is hostile in it stays text, and no network is asked', async () => {
    const tab = await open({ offline: true });
    const { page } = tab;
    await page.keyboard.press('e');
    for (const button of await page.locator('.prose a').all()) assert.match(await button.getAttribute('href'), /^(https?|mailto):/);
    const text = await page.locator('#transcript').innerText();
    for (const hostile of HOSTILE.filter((one) => one.startsWith('<script') || one.startsWith('<img'))) {
      assert.ok(text.includes(hostile), hostile);
    }
    assert.equal(await page.locator('#transcript :is(script, img, iframe, svg:not(.icon), object, embed)').count(), 0);
    assert.equal(await page.evaluate(() => window.alive), undefined);
    assert.deepEqual(tab.requests, []);
    assert.deepEqual(tab.complaints, []);
    await tab.close();
  });
  await check('its policy lets no other script run, and no text become markup', async () => {
    const tab = await open();
    const blocked = await tab.page.evaluate(async () => {
      const told = [];
      document.addEventListener('securitypolicyviolation', (event) => told.push(event.effectiveDirective));
      const script = document.createElement('script');
      let refused = false;
      try {
        document.body.innerHTML += '<b>x</b>';
      } catch {
        refused = true;
      }
      try {
        script.text = 'window.alive = 1';
      } catch {
        script.append('window.alive = 1');
      }
      document.body.append(script);
      await fetch('http://127.0.0.1:9/').catch(() => {});
      await new Promise((done) => setTimeout(done, 50));
      return { refused, alive: window.alive, told };
    });
    assert.equal(blocked.refused, true);
    assert.equal(blocked.alive, undefined);
    assert.ok(blocked.told.includes('connect-src') && blocked.told.includes('require-trusted-types-for'), blocked.told.join());
    await tab.close();
  });
  await check('the keyboard goes through it', async () => {
    const tab = await open();
    const { page } = tab;
    const all = await visible(page);
    assert.ok(all > 6, `${all} steps`);
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowDown');
    assert.equal(await selected(page), 1);
    await page.keyboard.press('k');
    assert.equal(await selected(page), 0);
    await page.keyboard.press('End');
    assert.equal(await selected(page), all - 1);
    await page.keyboard.press('Home');
    assert.equal(await selected(page), 0);
    await page.keyboard.press('?');
    assert.ok(await page.getByRole('dialog', { name: 'Keyboard' }).isVisible());
    await page.keyboard.press('Escape');
    await page.keyboard.press('e');
    assert.equal(await page.locator('details.call:not([open])').count(), 0);
    await tab.close();
  });
  await check('it plays, faster when told, pauses, and shows all again', async () => {
    const tab = await open();
    const { page } = tab;
    const all = await visible(page);
    for (const key of ['+', '+', '+']) await page.keyboard.press(key);
    assert.equal(await page.getByLabel('Speed').inputValue(), '8');
    await page.keyboard.press(' ');
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    assert.ok((await visible(page)) < all);
    await page.keyboard.press(' ');
    const at = await visible(page);
    assert.ok(at < all);
    await page.keyboard.press('j');
    assert.equal(await visible(page), at + 1);
    await page.keyboard.press('Escape');
    assert.equal(await visible(page), all);
    await page.keyboard.press('Home');
    await page.keyboard.press(' ');
    await page.waitForFunction((count) => [...document.querySelectorAll('.step:not(.to-come)')].length === count, all);
    await page.getByRole('button', { name: 'Play' }).waitFor();
    await tab.close();
  });
  await check('it is searched, also in what is folded away', async () => {
    const tab = await open();
    const { page } = tab;
    await page.keyboard.press('/');
    await page.keyboard.type('only in the file');
    await page.locator('.hits', { hasText: '1 hit' }).waitFor();
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('.hits').innerText(), '1 of 1');
    assert.equal(await page.locator('.step.current details[open]').count(), 1);
    await page.keyboard.press('Escape');
    assert.equal(await page.getByRole('searchbox').count(), 0);
    await tab.close();
  });
  for (const colorScheme of ['light', 'dark']) {
    await check(`${colorScheme}: every text has enough contrast, on a desk and on a telephone`, async () => {
      for (const [width, height] of [[1280, 860], [390, 844]]) {
        const tab = await open({ width, height, colorScheme });
        await tab.page.keyboard.press('e');
        assert.deepEqual((await colours(tab.page)).filter((pair) => !isContrastGood(pair)), []);
        assert.ok(await tab.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'wider than the screen');
        await tab.shot(`share-${colorScheme}-${width}`);
        await tab.close();
      }
    });
  }
  await check('light and dark can be chosen', async () => {
    const tab = await open({ colorScheme: 'light' });
    const background = () => tab.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await tab.page.keyboard.press('t');
    assert.notEqual(await background(), light);
    await tab.page.keyboard.press('t');
    assert.equal(await background(), light);
    await tab.close();
  });
  await check('on paper the controls are away and the calls are open', async () => {
    const tab = await open();
    await tab.page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    await tab.page.emulateMedia({ media: 'print' });
    assert.equal(await tab.page.locator('#player').isVisible(), false);
    assert.equal(await tab.page.locator('details.call:not([open])').count(), 0);
    await tab.close();
  });
}
