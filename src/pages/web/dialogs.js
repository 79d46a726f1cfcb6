// Dialogs: a token, a yes, a session's details, sharing, the keyboard.

import { bytes, count, duration, fill, h, icon, iconButton, moment, money, plural } from "./dom.js";
import { address, call, present } from "./house.js";

const KEYS = [
  [["n"], "new session"],
  [["j", "k"], "session after, session before"],
  [["/"], "search"],
  [["c"], "ask: to the words"],
  [["esc"], "stop the run; leave a field"],
  [["f"], "files of the workspace"],
  [["s"], "share"],
  [["e"], "open or close all calls"],
  [["t"], "light or dark"],
  [["?"], "this help"],
];

/** A dialog with a title, over everything; it is gone when it is closed. */
export function openDialog(title, ...body) {
  const id = `dialog-${title.replace(/\W+/g, "-").toLowerCase()}`;
  const dialog = h(
    "dialog",
    { "aria-labelledby": id, onclose: () => dialog.remove() },
    h("div", { class: "dialog-head" }, h("h2", { id }, title), iconButton("close", "Close", () => dialog.close())),
    h("div", { class: "dialog-body" }, body),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Tells what went wrong. */
export function tell(title, error) {
  openDialog(title, h("p", { class: "failure" }, error.message), error.hint && h("p", {}, error.hint));
}

/** Asks for a yes to what cannot be taken back. */
function confirm(title, words, verb, action) {
  const dialog = openDialog(
    title,
    h("p", {}, words),
    h(
      "div",
      { class: "dialog-foot" },
      h("button", { class: "button", type: "button", autofocus: true, onclick: () => dialog.close() }, "Keep"),
      h("button", { class: "button danger", type: "button", onclick: async () => {
        dialog.close();
        await action().catch((error) => tell(title, error));
      } }, verb),
    ),
  );
}

/** Asks for the server's token until it is right. */
export function askToken() {
  return new Promise((resolve) => {
    const token = h("input", { class: "field", type: "password", autocomplete: "current-password", "aria-label": "Token", required: true });
    const failure = h("p", { class: "failure", role: "alert", hidden: true }, "That is not the token.");
    const form = h(
      "form",
      { class: "token", onsubmit: async (event) => {
        event.preventDefault();
        const right = await present(token.value).catch(() => false);
        failure.hidden = right;
        if (!right) return token.select();
        dialog.removeEventListener("cancel", stay);
        dialog.close();
        return resolve();
      } },
      h("p", {}, "This server wants a token: the one that ", h("code", {}, "ombud serve --token"), " was given."),
      token, failure,
      h("div", { class: "dialog-foot" }, h("button", { class: "button primary", type: "submit" }, "Open")),
    );
    const dialog = h("dialog", { class: "locked", "aria-label": "Token" }, h("div", { class: "dialog-body" }, h("h2", {}, "ombud"), form));
    // Without a token there is nothing behind it.
    const stay = (event) => event.preventDefault();
    dialog.addEventListener("cancel", stay);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Name, tags, agent and model of a session; what it used; its end. */
export function openDetails(id, story, desk) {
  const { session } = story;
  const title = h("input", { class: "field", value: session.title ?? "", maxlength: 300 });
  const tags = h("input", { class: "field", value: (session.labels?.tag ?? []).join(", "), placeholder: "none" });
  const failure = h("p", { class: "failure", role: "alert", hidden: true });
  const save = async (event) => {
    event.preventDefault();
    const words = tags.value.split(",").map((tag) => tag.trim()).filter(Boolean);
    const labels = { ...session.labels, tag: [...new Set(words)].sort() };
    if (labels.tag.length === 0) delete labels.tag;
    const change = {};
    if (title.value.trim() !== (session.title ?? "")) change.title = title.value.trim() || null;
    if (JSON.stringify(labels) !== JSON.stringify(session.labels ?? {})) change.labels = labels;
    if (agent.value && agent.value !== session.agent) change.agent = agent.value;
    try {
      if (Object.keys(change).length > 0) await call("update", { session: id, change });
      dialog.close();
    } catch (error) {
      failure.hidden = false;
      fill(failure, error.message, error.hint && ` ${error.hint}`);
    }
  };
  const agent = h("select", { class: "field" }, desk.agents.map((name) => h("option", { value: name }, name)));
  if (session.agent && !desk.agents.includes(session.agent)) agent.append(h("option", { value: session.agent }, session.agent));
  agent.value = session.agent ?? "";
  const remove = () => confirm(
    "Delete this session?",
    "Its log is removed for good, also for everybody else who looks at it. A run at work is stopped.",
    "Delete",
    async () => {
      await call("delete", { session: id });
      location.hash = "#/";
    },
  );
  const dialog = openDialog(
    "Session",
    h(
      "form",
      { class: "details", onsubmit: save },
      h("label", { class: "block" }, "Name", title),
      h("label", { class: "block" }, "Tags, with commas between", tags),
      desk.agents.length > 1 && h("label", { class: "block" }, "Agent", agent),
      failure,
      h(
        "div",
        { class: "dialog-foot" },
        h("button", { class: "button danger push", type: "button", onclick: () => { dialog.close(); remove(); } }, "Delete…"),
        h("button", { class: "button primary", type: "submit" }, "Save"),
      ),
    ),
    usageTable(story),
    h("p", { class: "meta" }, "id ", h("code", {}, id), session.workspace && [h("br"), "works in ", h("code", {}, session.workspace)]),
  );
}

function usageTable(story) {
  const runs = [...story.runs.values()].reverse();
  if (runs.length === 0) return null;
  const row = (name, usage, more) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, count(usage?.input_tokens)), h("td", {}, count(usage?.output_tokens)), h("td", {}, usage?.cost_usd ? money(usage.cost_usd) : "–"), h("td", {}, more));
  return h(
    "div",
    { class: "usage", tabindex: "0", role: "region", "aria-label": "Usage" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ["Usage", "in", "out", "cost", "time"].map((word) => h("th", { scope: "col" }, word)))),
      h("tbody", {}, row("all", story.usage(), ""), runs.slice(0, 50).map((run) => row(h("span", {}, moment(run.queued_at ?? run.started_at ?? run.finished_at), ` ${run.outcome ?? run.status}`), run.usage, duration(run.elapsed_ms)))),
    ),
  );
}

/** What of a session goes out, and how. */
export async function openShare(id) {
  const place = h("div", { class: "share-body" }, h("p", { class: "meta" }, "Looking at what can be shared…"));
  openDialog("Share", place);
  try {
    const [shared, offer] = await Promise.all([call("share", { session: id }), call("sharing").catch(() => ({}))]);
    const size = new Blob([JSON.stringify(shared)]).size;
    const removed = shared.removed.filter((one) => one.count > 0).map((one) => `${one.kind}: ${one.count}`).join(", ");
    fill(
      place,
      h("p", {}, "One page that replays the session, without its workspace. Whoever has it can read everything that is in it."),
      h("p", { class: "meta" }, `${plural(shared.events.length, "event")}, ${bytes(size)}. `, removed ? `Removed: ${removed}.` : "Nothing had to be removed; look through it yourself all the same."),
      h(
        "div",
        { class: "dialog-foot" },
        h("a", { class: "button", href: address("page", { session: id }), target: "_blank", rel: "noopener" }, "Look at it"),
        h("a", { class: offer.provider ? "button" : "button primary", href: address("page", { session: id, download: "1" }), download: "" }, "Download"),
        offer.provider && upload(id, offer.provider),
      ),
    );
  } catch (error) {
    fill(place, h("p", { class: "failure" }, error.message), error.hint && h("p", {}, error.hint));
  }
}

function upload(id, provider) {
  const button = h("button", { class: "button primary", type: "button", title: `to ${provider}`, onclick: async () => {
    button.disabled = true;
    fill(button, icon("spinner"), "Uploading");
    try {
      const { url } = await call("publish", { session: id });
      button.parentElement.after(h("p", { class: "link", role: "status" }, h("a", { href: safe(url), target: "_blank", rel: "noopener noreferrer" }, url)));
      button.remove();
    } catch (error) {
      button.parentElement.after(h("p", { class: "failure", role: "alert" }, `${error.message} ${error.hint ?? ""}`));
      button.disabled = false;
      fill(button, "Upload for a link");
    }
  } }, "Upload for a link");
  return button;
}

/** The provider answers an address; only one of the web becomes a link. */
function safe(url) {
  return /^https?:\/\//i.test(url) ? url : null;
}

export function openHelp() {
  openDialog("Keyboard", h("dl", { class: "keys" }, KEYS.map(([keys, words]) => [h("dt", {}, keys.map((key) => h("kbd", {}, key))), h("dd", {}, words)])));
}
