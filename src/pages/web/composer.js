// Where somebody asks: the words, the agent, the model, and what stops a run.

import { fill, h, icon, iconButton } from "./dom.js";

/** Words that were not sent, by session; they outlive a look at another one. */
const drafts = new Map();

/**
 * A form for a question. `send(text, agent)` asks; `choose(model)` sets the session's model; `stop()` ends what is at work.
 */
export class Composer {
  constructor({ key, placeholder, agents, models, agent, model, send, choose, stop }) {
    this.key = key;
    this.send = send;
    this.text = h("textarea", {
      id: "question", rows: 1, placeholder, "aria-label": placeholder, value: drafts.get(key) ?? "",
      oninput: () => this.#grow(),
      onkeydown: (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        this.#submit();
      },
    });
    this.agent = select("Agent", "who answers", agents.map((name) => [name, name]), agent);
    this.agent.hidden = agents.length < 2;
    this.model = select("Model", "which model answers", [["", "default model"], ...models.map((name) => [name, name])], model);
    this.model.addEventListener("change", () => choose(this.model.value || null));
    this.go = h("button", { class: "icon-button go", type: "submit", title: "Ask (Enter)", "aria-label": "Ask" }, icon("send"));
    this.halt = iconButton("stop", "Stop (Esc)", stop, { hidden: true });
    this.halt.classList.add("halt");
    this.failure = h("div", { class: "composer-failure", role: "alert", hidden: true });
    this.element = h(
      "form",
      { class: "composer", onsubmit: (event) => { event.preventDefault(); this.#submit(); } },
      this.failure,
      h("div", { class: "composer-box" }, this.text, h("div", { class: "composer-foot" }, this.agent, this.model, h("span", { class: "spring" }), this.halt, this.go)),
    );
    // Its height can be told only where it stands.
    requestAnimationFrame(() => this.#grow());
  }

  /** Whether something is at work that can be stopped. */
  working(working) {
    this.halt.hidden = !working;
  }

  /** Shows what the session has now. */
  session({ agent, model }) {
    if (agent && !this.agentTouched) this.agent.value = agent;
    ensure(this.model, model);
    this.model.value = model ?? "";
  }

  fail(error) {
    this.failure.hidden = !error;
    if (error) fill(this.failure, h("p", { class: "failure" }, error.message), error.hint && h("p", {}, error.hint));
  }

  focus() {
    this.text.focus();
  }

  #grow() {
    drafts.set(this.key, this.text.value);
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, innerHeight * 0.4)}px`;
    this.go.disabled = this.text.value.trim() === "";
  }

  async #submit() {
    const text = this.text.value.trim();
    if (!text || this.sending) return;
    this.sending = true;
    this.fail(null);
    this.text.value = "";
    this.#grow();
    try {
      await this.send(text, this.agent.value);
    } catch (error) {
      // What was written is not lost.
      this.text.value = this.text.value ? `${text}\n${this.text.value}` : text;
      this.#grow();
      this.fail(error);
    }
    this.sending = false;
  }
}

function select(label, tip, options, value) {
  const element = h("select", { class: "quiet", "aria-label": label, title: tip }, options.map(([name, words]) => h("option", { value: name }, words)));
  ensure(element, value);
  element.value = value ?? "";
  return element;
}

/** A choice that the house does not offer (any more) is shown all the same. */
function ensure(element, value) {
  if (value && ![...element.options].some((option) => option.value === value)) element.append(h("option", { value }, value));
}
