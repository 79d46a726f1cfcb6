// The console: sessions on one side, the open one on the other. What is shown follows the address:
// `#/` the list and a new question, `#/sessions/ID` a session, `#/sessions/ID/files/PATH` its workspace over it.

import { fill, h, icon } from "./dom.js";
import { About, aboutButtons } from "./about.js";
import { Composer } from "./composer.js";
import { Conversation, question } from "./conversation.js";
import { askToken, openHelp, openShare, tell } from "./dialogs.js";
import { Files } from "./files.js";
import { call, lockedBy } from "./house.js";
import { Questions } from "./questions.js";
import { Roster } from "./roster.js";
import { titleOf } from "./story.js";
import { follow } from "./stream.js";
import { applyTheme, switchTheme } from "./theme.js";

applyTheme();
lockedBy(askToken);

const shell = document.getElementById("shell");
const side = document.getElementById("side");
const main = document.getElementById("main");

/** What all sessions share. */
const desk = { agents: [], models: [], buttons: aboutButtons(openHelp, switchTheme), connection: (name, state) => about.connection(name, state) };
const questions = new Questions((asked) => {
  roster.show();
  if (open?.id === asked.session) open.asked(asked);
});
desk.questions = questions;
const roster = new Roster(questions);
const about = new About(desk);
/** The open session, its files, and a question for a new one. */
let open = null;
let files = null;
let fresh = null;

fill(
  side,
  h(
    "header",
    { class: "brand" },
    h("a", { href: "#/", class: "mark" }, "ombud"),
    h("a", { class: "button", href: "#/new", id: "new" }, icon("plus"), "New"),
  ),
  roster.element,
  about.element,
);

start();

async function start() {
  follow("notices", {}, {
    frame: takeNotice,
    state(state) {
      about.connection("notices", state);
      // What happened while nobody listened is asked for.
      if (state === "live") catchUp();
    },
    end: (error) => tell("The server refuses to tell what changes", error),
  });
  try {
    const [, { models }] = await Promise.all([loadAgents(), call("models").catch(() => ({ models: [] }))]);
    desk.models = models.map((item) => item.model);
  } catch (error) {
    tell("The server does not answer", error);
  }
  addEventListener("hashchange", show);
  show();
}

async function loadAgents() {
  const { agents } = await call("agents");
  desk.agents = Object.entries(agents).filter(([, item]) => item.agent.state !== "inactive").map(([name]) => name);
  roster.agents(desk.agents);
}

function catchUp() {
  loadAgents().catch(() => {});
  roster.refresh();
  open?.refresh();
  questions.load().catch(() => {});
}

function takeNotice(notice) {
  questions.take(notice);
  if (notice.type === "missed") catchUp();
  if (notice.type === "agent.changed" || notice.type === "store.changed") loadAgents().catch(() => {});
  if (notice.type === "session.changed" || notice.type === "store.changed") roster.stale();
}

/** Shows what the address names. */
function show() {
  const [, where, id, what, ...rest] = location.hash.split("/");
  const session = where === "sessions" && id ? decodeURIComponent(id) : null;
  if (session !== (open?.id ?? null) || (!session && !fresh)) {
    open?.close();
    open = session ? new Conversation(session, desk) : null;
    fresh = session ? null : newQuestion();
    fill(main, session ? open.element : fresh.element);
    roster.select(session);
    if (!session) document.title = "ombud";
  }
  // On a narrow screen one of the two is shown.
  shell.dataset.view = session || where === "new" ? "session" : "list";
  if (where === "new") fresh.composer.focus();
  if (session && what === "files") {
    files ??= new Files(session, () => (location.hash = `#/sessions/${id}`));
    files.show(rest.map(decodeURIComponent).join("/"));
  } else {
    files?.close();
    files = null;
  }
}

/** A question that begins a session. */
function newQuestion() {
  let model = null;
  const composer = new Composer({
    key: "new", placeholder: "What is to be done?", agents: desk.agents, models: desk.models, agent: desk.agents.includes("default") ? "default" : desk.agents[0],
    choose: (choice) => (model = choice),
    stop() {},
    async send(text, agent) {
      const asked = await call("ask", question({ new: { title: titleOf(text), agent: agent || null, model } }, text));
      location.hash = `#/sessions/${encodeURIComponent(asked.session)}`;
    },
  });
  const element = h(
    "div",
    { class: "fresh" },
    h("a", { class: "icon-button back", href: "#/", "aria-label": "All sessions", title: "All sessions" }, icon("back")),
    h("div", { class: "fresh-body" }, h("h1", {}, "New session"), h("p", { class: "meta" }, "The agent works in the server’s workspace. What needs permission is asked here."), composer.element),
  );
  return { element, composer };
}

const ACTIONS = {
  n: () => (location.hash = "#/new"),
  j: () => roster.step(1),
  k: () => roster.step(-1),
  "/": () => (open ? open.findToggle(true) : roster.search.focus()),
  c: () => (open ?? fresh)?.composer.focus(),
  f: () => open && (location.hash = `#/sessions/${encodeURIComponent(open.id)}/files/`),
  s: () => open && openShare(open.id),
  e: () => {
    const closed = open?.entries.querySelector("details:not([open])");
    open?.transcript.unfold(Boolean(closed));
  },
  t: switchTheme,
  "?": openHelp,
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const field = event.target.closest?.("input, textarea, select");
  if (event.key === "Escape") {
    if (field) field.blur();
    else open?.stop();
    return;
  }
  if (field || !ACTIONS[event.key]) return;
  event.preventDefault();
  ACTIONS[event.key]();
});
