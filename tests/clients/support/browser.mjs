// A real browser without a screen, driven by playwright-core, which the suite brings: Debian's Chromium, or $CHROMIUM.
// Nothing outside this machine is loaded: such requests are cut off and listed, and what the page says about them is no
// error of ours. Everything else that the browser complains about is kept in `complaints`.
//
//   const browser = await startBrowser(chromium, 'ui');
//   const tab = await browser.tab({ width: 1280, height: 800 });
//   tab.page                         playwright's page
//   tab.complaints                   console errors, errors of scripts, failed requests, answers from 400 up
//   tab.requests                     { method, path, status, body, response } of this machine, in order
//   await tab.shot('name')           a screenshot into `browser.shots`; the path
//   browser.elsewhere                addresses that were cut off
//   await browser.close()

import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export async function startBrowser(chromium, name) {
  const executablePath = places.find((place) => place && existsSync(place));
  if (!executablePath) throw new Error('there is no Chromium: install the package `chromium`, or set CHROMIUM');
  const inside = await chromium.launch({
    executablePath,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-dev-shm-usage', '--disable-gpu', '--force-prefers-reduced-motion',
    ],
  });
  return new Browser(inside, name);
}

class Browser {
  constructor(inside, name) {
    this.inside = inside;
    this.elsewhere = new Set();
    this.shots = process.env.SCREENSHOTS ? join(process.env.SCREENSHOTS, name) : mkdtempSync(join(tmpdir(), `shots-${name}-`));
    mkdirSync(this.shots, { recursive: true });
  }

  /** A tab of a new visitor: no cookies, nothing stored. `more`: options of playwright's contexts. */
  async tab({ width = 1280, height = 800, ...more } = {}) {
    const context = await this.inside.newContext({ viewport: { width, height }, ...more });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']).catch(() => {});
    return this.another(context);
  }

  /** A further tab of the same visitor. */
  async another(context) {
    const page = await context.newPage();
    const tab = new Tab(this, context, page);
    await tab.watch();
    return tab;
  }

  async close() {
    await this.inside.close();
  }
}

function isHere(url) {
  const { protocol, hostname } = new URL(url);
  return ['data:', 'blob:', 'file:', 'about:'].includes(protocol) || ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}

class Tab {
  constructor(browser, context, page) {
    Object.assign(this, { browser, context, page, complaints: [], requests: [] });
    page.setDefaultTimeout(15_000);
  }

  async watch() {
    const { page } = this;
    await page.route((url) => !isHere(url.href), (route) => {
      this.browser.elsewhere.add(route.request().url().split('?')[0]);
      return route.abort();
    });
    page.on('console', (message) => {
      const { url = '' } = message.location();
      if (message.type() !== 'error' || (url && !isHere(url))) return;
      // Answers from 400 up are told below, with more.
      if (/^Failed to load resource: the server responded/.test(message.text())) return;
      this.complaints.push(`console: ${message.text()}${url ? ` (${url})` : ''}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`script: ${error.stack ?? error}`));
    page.on('requestfailed', (request) => {
      // A stream or a page that is left is cut off by the browser itself.
      const why = request.failure()?.errorText;
      if (isHere(request.url()) && why !== 'net::ERR_ABORTED') {
        this.complaints.push(`request: ${request.method()} ${request.url()}: ${why}`);
      }
    });
    page.on('response', (response) => {
      const request = response.request();
      if (!isHere(request.url()) || !request.url().startsWith('http')) return;
      const { pathname, search } = new URL(request.url());
      const path = pathname + search;
      this.requests.push({ method: request.method(), path, status: response.status(), body: request.postData(), response });
      if (response.status() >= 400) this.complaints.push(`answer: ${request.method()} ${path}: ${response.status()}`);
    });
  }

  async shot(name) {
    const path = join(this.browser.shots, `${name}.png`);
    await this.page.screenshot({ path });
    return path;
  }

  async close() {
    await this.context.close();
  }
}
