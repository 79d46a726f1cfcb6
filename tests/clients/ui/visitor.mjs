// What a visitor of the published UI does and sees, in the words of its page.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { limited } from '../support/ombud.mjs';
import { until } from '../support/report.mjs';

export class Visitor {
  constructor(tab) {
    this.tab = tab;
    this.page = tab.page;
  }

  /** What is seen: the page keeps a second copy of the conversation for narrow screens. */
  seen(locator) {
    return (typeof locator === 'string' ? this.page.locator(locator) : locator).filter({ visible: true });
  }

  get input() {
    return this.seen('textarea').first();
  }

  get stopButton() {
    return this.seen(this.page.getByTitle('Stop generation'));
  }

  /** The bubbles of the agent that hold a text, in any of the words of a pattern. */
  answer(pattern) {
    return this.seen('.message-assistant').filter({ hasText: pattern });
  }

  get question() {
    return this.seen('.message-user');
  }

  /** The line of a task in the sidebar. */
  task(name) {
    return this.page.locator('.group').filter({ has: this.page.getByTitle('Delete task', { exact: true }) }).filter({ hasText: name });
  }

  /** The session that the address names. */
  get session() {
    return new URL(this.page.url()).pathname.slice(1);
  }

  async open(url) {
    await this.page.goto(url, { waitUntil: 'load' });
    await this.input.waitFor();
  }

  async type(text) {
    await this.input.fill(text);
  }

  async send(text) {
    await this.type(text);
    await this.input.press('Control+Enter');
  }

  /**
   * Until nothing works any more. The buttons are no sign of it: where runs are short, their animation gets stuck.
   *
   * The page asks for the status of a run on its own. When that answer was right, but overtaken by the end of the run, the
   * page takes the run for going on, for ever; that is so with any server. Then it is loaded again, and that is told.
   */
  async rests() {
    const open = () => this.input.isEnabled().catch(() => false);
    if (await until('the input is open', open, 5_000).catch(() => false)) return;
    const streams = this.tab.requests.filter(({ path }) => path.endsWith('/query/stream'));
    const text = await limited(streams.at(-1).response.text(), 10_000, 'the stream does not end');
    assert.match(text, /"type":"agent_run_end"[^\n]*\n\n$/, 'the stream ends without the end of its run');
    const told = await Promise.all(
      this.tab.requests.filter(({ path }) => path.includes('/sessions/status')).slice(-2).map(({ response }) => response.text()),
    );
    console.log(`        the page took an old status for the newest, and was loaded again: ${told.join(' ')}`);
    const from = this.tab.requests.length;
    await this.page.reload();
    // Asked when the session is the page's own.
    await this.must(from, 'GET /api/v1/sessions/status');
    await until('the input is open after all', open);
  }

  /** Begins on the first page, as somebody who has not talked yet. */
  async begin(text) {
    await this.send(text);
    await this.page.waitForURL((url) => /^\/[A-Za-z0-9_-]{8,}$/.test(url.pathname) && url.pathname !== '/creating');
    return this.session;
  }

  async openSidebar() {
    const expand = this.page.getByTitle('Expand sidebar');
    if (await expand.isVisible()) await expand.click();
    await this.page.getByText('Recent Tasks').waitFor();
  }

  async closeSidebar() {
    await this.page.mouse.click(1000, 700);
    await this.page.getByText('Recent Tasks').waitFor({ state: 'detached' });
  }

  async openShare() {
    // The only button of its kind without a title: two arrows that leave a point.
    await this.seen('button:has(svg circle[cx="18"][cy="5"])').first().click();
    await this.page.getByText('Share Conversation').waitFor();
  }

  /** The page that the share dialog saves, as text. */
  async downloadShare() {
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.page.getByText('Download HTML').click(),
    ]);
    const path = await download.path();
    await this.page.getByText('HTML file downloaded!').waitFor();
    return { path, name: download.suggestedFilename(), text: readFileSync(path, 'utf8') };
  }

  /** The requests since a place in the list, as `METHOD path`. */
  since(place) {
    return this.tab.requests.slice(place).map(({ method, path }) => `${method} ${path.split('?')[0]}`);
  }

  /** Waits until these were made. */
  async must(place, ...calls) {
    const missing = () => calls.filter((call) => !this.since(place).includes(call));
    await until('all is asked', () => missing().length === 0, 5_000).catch(() => {});
    assert.deepEqual(missing(), [], `not asked; asked were ${this.since(place).join(', ')}`);
  }
}
