// The list of sessions: the newest change first, searched by the house, kept fresh by its notices.

import { fill, h, icon, moment, plural } from "./dom.js";
import { call } from "./house.js";

const PAGE = 40;
const STATUS = { running: "working", waiting: "waiting", interrupted: "interrupted", expired: "expired" };

/** The list. */
export class Roster {
  constructor(questions) {
    this.questions = questions;
    this.items = [];
    this.selected = null;
    this.next = null;
    this.asked = 0;
    this.search = h("input", {
      class: "field", type: "search", id: "roster-search", placeholder: "Search sessions", "aria-label": "Search sessions", autocomplete: "off",
      oninput: () => this.#later(200),
    });
    this.status = h(
      "select",
      { class: "quiet", "aria-label": "Status", onchange: () => this.refresh() },
      h("option", { value: "" }, "All sessions"),
      h("option", { value: "running" }, "Working"),
      h("option", { value: "waiting" }, "Waiting"),
      h("option", { value: "interrupted" }, "Interrupted"),
      h("option", { value: "expired" }, "Expired"),
    );
    this.agent = h("select", { class: "quiet", "aria-label": "Agent", hidden: true, onchange: () => this.refresh() });
    this.list = h("ul", { class: "rows" });
    this.note = h("div", { class: "roster-note" });
    this.more = h("button", { class: "button", type: "button", hidden: true, onclick: () => this.#more() }, "Show more");
    this.element = h(
      "div",
      { class: "roster" },
      h("div", { class: "filters", role: "search" }, this.search, h("div", { class: "filter-row" }, this.status, this.agent)),
      h("nav", { class: "roster-scroll", "aria-label": "Sessions" }, this.list, this.note, this.more),
    );
  }

  /** Which agents can be chosen from. */
  agents(names) {
    this.several = names.length > 1;
    this.agent.hidden = !this.several;
    fill(this.agent, h("option", { value: "" }, "All agents"), names.map((name) => h("option", { value: name }, name)));
    this.show();
  }

  /** Marks the session that is open. */
  select(id) {
    this.selected = id;
    this.show();
    this.list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }

  /** Goes to the session after (`1`) or before (`-1`) the open one. */
  step(by) {
    const at = this.items.findIndex((item) => item.summary.session.id === this.selected);
    const item = this.items[at === -1 ? 0 : Math.max(0, Math.min(this.items.length - 1, at + by))];
    if (!item) return;
    // A key that is held down is faster than the change of the address.
    this.selected = item.summary.session.id;
    location.hash = `#/sessions/${encodeURIComponent(this.selected)}`;
  }

  /** A notice came: many come at once, and the list is asked once. */
  stale() {
    this.#later(150);
  }

  #later(ms) {
    if (this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.refresh();
    }, ms);
  }

  #filter(after, limit) {
    return {
      text: this.search.value.trim() || null, status: this.status.value || null, agent: this.agent.value || null, after, limit,
    };
  }

  /** Reads the list again, as far as it was shown. */
  async refresh() {
    const turn = ++this.asked;
    try {
      const limit = Math.min(500, Math.max(PAGE, this.items.length));
      const page = await call("sessions", this.#filter(null, limit));
      if (turn !== this.asked) return;
      this.items = page.sessions;
      this.next = page.next ?? null;
      this.failure = null;
    } catch (error) {
      if (turn !== this.asked) return;
      this.failure = error;
    }
    this.show();
  }

  async #more() {
    const page = await call("sessions", this.#filter(this.next, PAGE));
    const known = new Set(this.items.map((item) => item.summary.session.id));
    this.items.push(...page.sessions.filter((item) => !known.has(item.summary.session.id)));
    this.next = page.next ?? null;
    this.show();
  }

  show() {
    fill(this.list, this.items.map((item) => this.#row(item)));
    this.more.hidden = !this.next;
    fill(this.note, this.#words());
  }

  #words() {
    if (this.failure) return h("p", { class: "failure" }, this.failure.message);
    if (this.items.length > 0 || this.asked === 0) return null;
    const filtered = this.search.value.trim() || this.status.value || this.agent.value;
    if (filtered) return h("p", {}, "No session fits. Search looks at titles and ids.");
    return [h("p", {}, "No session yet."), h("p", {}, "Ask something here, or at a shell: ", h("code", {}, "ombud oneshot \"…\""))];
  }

  #row({ summary, status }) {
    const { session } = summary;
    const asks = this.questions.of(session.id).length;
    const word = asks > 0 ? "asks for permission" : STATUS[status];
    const tags = session.labels?.tag ?? [];
    const about = [this.several && session.agent, plural(summary.runs, "run"), ...tags].filter(Boolean).join(" · ");
    return h(
      "li",
      {},
      h(
        "a",
        {
          class: "row", href: `#/sessions/${encodeURIComponent(session.id)}`, "aria-current": session.id === this.selected ? "page" : null,
        },
        h("span", { class: "row-title" }, session.title || session.id),
        moment(session.updated_at, "ago"),
        h("span", { class: "row-about" }, word && h("span", { class: `state ${asks > 0 ? "asks" : status}` }, icon(asks > 0 ? "question" : status === "running" ? "spinner" : "info"), word), h("span", {}, about)),
      ),
    );
  }
}
