// What a visitor of the published web UIs of ElizaOS does and sees, in the words of their pages.

import assert from 'node:assert/strict';

import { until } from '../support/report.mjs';

export class Visitor {
  constructor(tab) {
    this.tab = tab;
    this.page = tab.page;
    /** What went over sockets: `{ out, name, value }`, in order. */
    this.frames = [];
    this.page.on('websocket', (socket) => {
      socket.on('framesent', ({ payload }) => this.frame(true, payload));
      socket.on('framereceived', ({ payload }) => this.frame(false, payload));
    });
  }

  frame(out, payload) {
    const text = String(payload);
    if (!text.startsWith('42[')) return;
    const [name, value] = JSON.parse(text.slice(2));
    this.frames.push({ out, name, value });
  }

  /** The names of what the page heard since a place in the list; pieces of one answer count once. */
  heard(from) {
    const names = this.frames.slice(from).filter(({ out }) => !out).map(({ name }) => name);
    return names.filter((name, place) => name !== 'messageStreamChunk' || names[place - 1] !== name);
  }

  /** The tour that greets new visitors is not taken. */
  async withoutTour() {
    const done = () => location.protocol.startsWith('http') && localStorage.setItem('eliza-onboarding-completed', 'true');
    await this.page.addInitScript(done);
  }

  async open(url) {
    await this.page.goto(url, { waitUntil: 'commit' });
  }

  get cards() {
    return this.page.getByTestId('agent-card');
  }

  card(name) {
    return this.cards.filter({ has: this.page.getByRole('heading', { name, exact: true }) });
  }

  toggle(name) {
    return this.page.getByLabel(`Toggle ${name}`, { exact: true });
  }

  get input() {
    return this.page.getByTestId('chat-input');
  }

  get messages() {
    return this.page.getByTestId('chat-messages');
  }

  /** The bubble of a message, where the pointer finds its buttons. */
  bubble(text) {
    return this.messages.locator('.group').filter({ hasText: text }).last();
  }

  /** Does something that opens a chat, and waits until its channel is joined. */
  async joins(opening) {
    const from = this.frames.length;
    await opening();
    await this.input.waitFor({ timeout: 30_000 });
    await until('the channel is joined', () => this.heard(from).includes('room_joined'), 30_000);
  }

  /** A place of the page, by the bar at its side. */
  async go(name) {
    await this.page.getByTestId('app-sidebar').getByText(name, { exact: true }).first().click();
  }

  async home() {
    await this.page.getByTestId('app-sidebar').locator('a[href="/"]').first().click();
    await this.cards.first().waitFor();
  }

  /** The settings of an agent, by its card. */
  async settings(name) {
    await this.home();
    await this.card(name).locator('button:has(svg.lucide-settings)').click();
    await this.page.locator('textarea[name=system]').waitFor();
  }

  async send(text) {
    await this.rests();
    await this.input.fill(text);
    await this.input.press('Enter');
  }

  /** Until the page lets its visitor write again. */
  rests() {
    return until('the input is open', () => this.input.isEnabled());
  }

  /** An answer that stands on the page as a line of its own, written to its end. */
  async answered(text) {
    await this.messages.getByText(text, { exact: true }).first().waitFor();
    await this.rests();
  }

  /** Says something, and waits for what is to come of it. */
  async asks(text, answer) {
    await this.send(text);
    await this.answered(answer);
  }

  async choose(name) {
    await this.page.getByText('More options').last().locator('..').click();
    await this.page.getByRole('menuitem', { name }).click();
  }

  async confirm(name) {
    await this.page.getByRole('alertdialog').or(this.page.getByRole('dialog')).getByRole('button', { name, exact: true }).click();
  }

  /** What a toast says: a short notice at the edge of the page. */
  notice(text) {
    return this.page.getByText(text).first().waitFor();
  }

  /** The requests since a place in the list, as `METHOD path`. */
  since(place) {
    return this.tab.requests.slice(place).map(({ method, path }) => `${method} ${path.split('?')[0]}`);
  }

  /** The bodies that were sent to a path since a place in the list. */
  sent(place, method, pattern) {
    const fits = (request) => request.method === method && pattern.test(request.path);
    return this.tab.requests.slice(place).filter(fits).map(({ body }) => JSON.parse(body));
  }

  /** Waits until a request was answered; it must have gone well. */
  async must(place, method, pattern) {
    const fits = (request) => request.method === method && pattern.test(request.path);
    const found = await until(`${method} ${pattern} is answered`, () => this.tab.requests.slice(place).find(fits));
    assert.ok(found.status < 400, `${method} ${found.path}: ${found.status}`);
    return found;
  }
}
