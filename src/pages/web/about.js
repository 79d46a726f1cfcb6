// How the server is: its version, its store, what it works on, the agents and models that it offers.

import { announce, count, duration, fill, h, iconButton } from "./dom.js";
import { openDialog } from "./dialogs.js";
import { call } from "./house.js";

/** The line at the foot of the list, and what it opens to. */
export class About {
  constructor(desk) {
    this.desk = desk;
    this.states = {};
    this.dot = h("span", { class: "dot", "aria-hidden": "true" });
    this.words = h("span", {}, "connecting");
    this.element = h(
      "div",
      { class: "about" },
      h("button", { class: "about-button", type: "button", title: "About this server", onclick: () => this.open() }, this.dot, this.words),
      desk.buttons,
    );
  }

  /** A stream tells how it is; `null` = there is none any more. */
  connection(name, state) {
    if (state === null) delete this.states[name];
    else this.states[name] = state;
    const all = Object.values(this.states);
    const state_ = ["lost", "connecting"].find((word) => all.includes(word)) ?? "live";
    this.dot.dataset.state = state_;
    const words = { live: "live", connecting: "connecting", lost: "reconnecting" }[state_];
    if (this.words.textContent === words) return;
    this.words.textContent = words;
    announce(`The connection is ${words}`);
  }

  /** Shows everything. */
  async open() {
    const place = h("div", { class: "about-body" });
    openDialog("This server", place);
    try {
      const [health, { agents }, { models }] = await Promise.all([call("health"), call("agents"), call("models").catch(() => ({ models: [] }))]);
      const rows = [
        ["Version", health.version],
        ["Up for", duration(health.uptime_ms)],
        ["Store", health.store],
        ["Sessions", count(health.sessions)],
        ["With a run", count(health.active)],
        ["Runs in this process", count(health.runs_here)],
      ];
      fill(
        place,
        health.error && h("p", { class: "failure" }, health.error.message),
        h("dl", { class: "pairs" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
        h("h3", {}, "Agents"),
        h("ul", { class: "plain-list" }, Object.entries(agents).map(([name, { agent, model }]) => h("li", {}, h("strong", {}, name), h("span", { class: "meta" }, [model, agent.description].filter(Boolean).join(" · "))))),
        h("h3", {}, "Models"),
        models.length === 0 && h("p", { class: "meta" }, "none listed"),
        h("ul", { class: "plain-list" }, models.slice(0, 40).map(({ model, context_tokens }) => h("li", {}, h("code", {}, model), h("span", { class: "meta" }, `${count(context_tokens)} tokens`)))),
      );
    } catch (error) {
      fill(place, h("p", { class: "failure" }, error.message), error.hint && h("p", {}, error.hint));
    }
  }
}

/** Buttons beside it. */
export function aboutButtons(help, theme) {
  return [iconButton("theme", "Light or dark (t)", theme), iconButton("question", "Keyboard (?)", help)];
}
