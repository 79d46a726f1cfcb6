// Permission questions: which calls wait for a yes, and where it is given. The same on every page that is open: whoever
// answers first has answered.

import { announce, fill, h, icon } from "./dom.js";
import { call } from "./house.js";

/** The questions that wait. `changed(question)` is called when one comes or goes. */
export class Questions {
  constructor(changed) {
    this.open = new Map();
    this.panels = new Map();
    this.changed = changed;
  }

  /** Asks the house which there are. */
  async load() {
    const { questions } = await call("questions");
    const known = [...this.open.values()];
    const ids = new Set(questions.map((question) => question.call.id));
    for (const question of known) if (!ids.has(question.call.id)) this.settle(question.call.id);
    for (const question of questions) this.add(question);
  }

  /** Takes a notice of the house. */
  take(notice) {
    if (notice.type === "question.asked") this.add(notice.question);
    if (notice.type === "question.settled") this.settle(notice.call);
  }

  add(question) {
    if (this.open.has(question.call.id)) return;
    this.open.set(question.call.id, question);
    announce(`${question.call.name} waits for permission`);
    this.changed(question);
  }

  settle(id) {
    const question = this.open.get(id);
    if (!question) return;
    this.open.delete(id);
    this.panels.get(id)?.end();
    this.panels.delete(id);
    this.changed(question);
  }

  /** Those of a session. */
  of(session) {
    return [...this.open.values()].filter((question) => question.session === session);
  }

  /** The element that asks, for a call that waits; it stays the same, so that what was typed into it stays too. */
  panel(id) {
    const question = this.open.get(id);
    if (!question) return null;
    if (!this.panels.has(id)) this.panels.set(id, panel(question, (decision) => this.#decide(id, decision)));
    return this.panels.get(id).element;
  }

  async #decide(id, decision) {
    try {
      await call("decide", { call: id, decision });
    } catch (error) {
      // Somebody else was faster, or the time was over: then it does not wait any more.
      if (error.code !== "not_found") throw error;
    }
    this.settle(id);
  }
}

function panel(question, decide) {
  const left = h("span", { class: "meta" });
  const failure = h("p", { class: "failure", role: "alert", hidden: true });
  const reason = h("input", { class: "field", placeholder: "Why not? The model is told", "aria-label": "Reason", maxlength: 2000 });
  const deny = () => act({ deny: reason.value.trim() || "denied in the console" });
  const why = h(
    "form",
    { class: "why", hidden: true, onsubmit: (event) => { event.preventDefault(); deny(); } },
    reason,
    h("button", { class: "button", type: "submit" }, "Deny"),
  );
  const allow = h("button", { class: "button primary", type: "button", onclick: () => act("allow") }, "Allow");
  const refuse = h("button", {
    class: "button", type: "button",
    onclick: () => {
      why.hidden = false;
      refuse.hidden = true;
      reason.focus();
    },
  }, "Deny…");
  const element = h(
    "section",
    { class: "question", "aria-label": `Permission for ${question.call.name}` },
    h("p", { class: "question-head" }, icon("question"), h("strong", {}, "Allow ", h("code", {}, question.call.name), "?"), left),
    question.subject && h("pre", { class: "question-subject", tabindex: "0" }, question.subject),
    h("div", { class: "question-foot" }, allow, refuse, why),
    failure,
  );
  async function act(decision) {
    for (const button of element.querySelectorAll("button")) button.disabled = true;
    try {
      await decide(decision);
    } catch (error) {
      for (const button of element.querySelectorAll("button")) button.disabled = false;
      failure.hidden = false;
      fill(failure, error.message, error.hint && ` ${error.hint}`);
    }
  }
  const tick = () => {
    const seconds = Math.max(0, Math.round((new Date(question.until) - Date.now()) / 1000));
    left.textContent = seconds > 90 ? `denied in ${Math.round(seconds / 60)} min` : `denied in ${seconds} s`;
  };
  tick();
  const timer = setInterval(tick, 1000);
  return { element, end: () => clearInterval(timer) };
}
