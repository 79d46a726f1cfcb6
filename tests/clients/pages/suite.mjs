// The page of a shared session, and the console, in a real browser against the program. Needs `npm ci` here, and Chromium.

import { chromium } from 'playwright-core';

import { startBrowser } from '../support/browser.mjs';
import { startModel } from '../support/model.mjs';
import { startOmbud } from '../support/ombud.mjs';
import { report } from '../support/report.mjs';
import { startReceiver } from '../ui/receiver.mjs';
import { ask, consolePages, guarded, visit } from './console.mjs';
import { HOSTILE, KEYS } from './hostile.mjs';
import { sharePage } from './share.mjs';

const TOKEN = 'the-token-of-the-pages-suite';

const suite = report('pages');
const browser = await startBrowser(chromium, 'pages');
suite.atEnd(() => browser.close());

const model = await startModel();
const house = await startOmbud({
  model,
  files: {
    'notes.txt': `The colour of the day is teal; this stands only in the file.\n${HOSTILE.join('\n')}\n${KEYS.pattern}\n`,
    'plans/garden.md': '# Garden\n\nBeans, peas.\n',
    'page.html': '<title>untouched</title><script>document.title = "ran"; parent.alive = 1</script>',
    '<img src=x onerror=alert(1)>.txt': 'a name',
  },
});
const receiver = await startReceiver();
const locked = await startOmbud({ model, token: TOKEN, config: { share: { provider: receiver.url } } });
suite.atEnd(async () => {
  await house.close();
  await locked.close();
  await model.close();
  receiver.close();
});

// A session with everything in it, asked for as somebody would.
let session = 'none';
await suite.check('a session with everything in it', async () => {
  const tab = await visit(browser, house);
  const said = `${HOSTILE.join('\n\n')}\n\nMy key is ${KEYS.github}, and the model’s is ${model.key}.`;
  session = await ask(tab.page, [
    'think First I look.', 'say I look at the notes.', 'call read_file {"path": "notes.txt"}', 'call list_files {"path": "."}',
    'then', `say ${said.replaceAll('\n', ' ')}`,
  ].join('\n'));
  await tab.page.locator('.end').waitFor();
  await tab.page.locator('#question').fill(HOSTILE.join('\n'));
  await tab.page.keyboard.press('Enter');
  await tab.page.locator('.end').nth(1).waitFor();
  await tab.close();
});
await sharePage({ suite, browser, house, model, session });
await consolePages({ suite, browser, house, model, session });
await guarded({ suite, browser, house: locked, model, token: TOKEN, receiver });
console.log(`screenshots: ${browser.shots}`);
await suite.finish();
