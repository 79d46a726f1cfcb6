// The page of a shared session: reads what stands inside of it, and replays it. It asks nothing of any network.

import { count, duration, fill, h, icon, iconButton, moment, plural, usageWords } from "./dom.js";
import { Finder } from "./finder.js";
import { Player } from "./player.js";
import { Story } from "./story.js";
import { applyTheme, switchTheme } from "./theme.js";
import { Transcript } from "./transcript.js";

const SPEEDS = [0.5, 1, 2, 4, 8];

const KEYS = [
  [["j", "↓"], "next step"],
  [["k", "↑"], "step before"],
  [["space"], "play or pause"],
  [["home"], "first step"],
  [["end"], "last step"],
  [["enter"], "open or close the call"],
  [["e"], "open or close all calls"],
  [["/"], "search"],
  [["n", "N"], "next hit, hit before"],
  [["+", "-"], "faster, slower"],
  [["t"], "light or dark"],
  [["esc"], "show everything"],
  [["?"], "this help"],
];

/** Words for what was taken away before the session was shared. */
const REMOVED = {
  secret: ["secret", "secrets"],
  pattern: ["text that looks like a secret", "texts that look like secrets"],
  path: ["folder name", "folder names"],
  reasoning: ["sealed thought", "sealed thoughts"],
  instructions: ["instruction", "instructions"],
  hidden: ["message for the model only", "messages for the model only"],
  unknown: ["event of a newer version", "events of a newer version"],
};

applyTheme();
const shared = JSON.parse(document.getElementById("session").textContent);
const story = new Story();
for (const event of shared.events ?? []) story.take(event);
const transcript = new Transcript(document.getElementById("transcript"), story);
fill(transcript.element);
transcript.update();
const finder = new Finder(transcript);
const bar = document.getElementById("top");
introduce();
const controls = playerBar();
const player = new Player(transcript, showState);
const search = searchBar();
topBar();
showState();
listen();
openAddress();

function introduce() {
  const head = shared.session ?? {};
  const usage = usageWords(head.usage ?? story.usage());
  const tags = Object.values(head.labels ?? {}).flat();
  const first = story.entries.find((entry) => entry.at)?.at;
  const last = story.entries.at(-1)?.at;
  const length = first && last ? new Date(last) - new Date(first) : 0;
  const facts = [
    head.created_at && moment(head.created_at, "day"),
    head.agent && `agent ${head.agent}`,
    head.model,
    head.runs > 0 && plural(head.runs, "run"),
    length > 0 && duration(length),
    usage && usage.replace(" in · ", " tokens in, "),
  ];
  fill(
    document.getElementById("introduction"),
    h("h1", {}, title(head)),
    h("div", { class: "facts" }, facts.filter(Boolean).map((fact) => h("span", {}, fact))),
    tags.length > 0 && h("ul", { class: "tags", "aria-label": "Tags" }, tags.map((tag) => h("li", {}, tag))),
    removedNote(),
  );
}

function title(head) {
  return head.title || story.title() || `Session ${head.id ?? ""}`;
}

function removedNote() {
  // Fields that only programs need are left out of every page; that tells a reader nothing.
  const removed = (shared.removed ?? []).filter((one) => one.count > 0 && REMOVED[one.kind]);
  if (removed.length === 0) return null;
  const words = removed.map((one) => `${count(one.count)} ${REMOVED[one.kind][one.count === 1 ? 0 : 1]}`);
  return h("p", { class: "removed", role: "note" }, icon("info"), h("span", {}, `Removed before sharing: ${words.join(", ")}.`));
}

function topBar() {
  fill(
    bar,
    h("span", { class: "title", "aria-hidden": "true" }, title(shared.session ?? {})),
    search.element,
    iconButton("search", "Search (/)", () => search.open()),
    iconButton("unfold", "Open or close all calls (e)", toggleAll),
    iconButton("theme", "Light or dark (t)", switchTheme),
    iconButton("question", "Keyboard (?)", help),
  );
  const lift = () => bar.classList.toggle("lifted", scrollY > 90);
  addEventListener("scroll", lift, { passive: true });
  lift();
}

let unfolded = false;
function toggleAll() {
  unfolded = !unfolded;
  transcript.unfold(unfolded);
}

function searchBar() {
  const hits = h("span", { class: "meta hits", role: "status" });
  const field = h("input", {
    class: "field", type: "search", placeholder: "Search", "aria-label": "Search the conversation", autocomplete: "off",
    oninput: () => look(),
    onkeydown: (event) => {
      if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") close();
      event.stopPropagation();
    },
  });
  const element = h(
    "div",
    { class: "search", role: "search", hidden: true },
    hits, field,
    iconButton("back", "Hit before (Shift+Enter)", () => go(-1)),
    iconButton("forward", "Next hit (Enter)", () => go(1)),
    iconButton("close", "End the search (Esc)", () => close()),
  );
  function look() {
    finder.look(field.value);
    tell();
  }
  function tell() {
    const number = finder.hits.length;
    if (!field.value.trim()) hits.textContent = "";
    else if (number === 0) hits.textContent = "no hit";
    else hits.textContent = finder.at === -1 ? plural(number, "hit") : `${finder.at + 1} of ${number}`;
  }
  function go(by) {
    const step = finder.step(by);
    if (step) player.select(player.steps.indexOf(step));
    tell();
  }
  function open() {
    player.all();
    element.hidden = false;
    bar.classList.add("searching");
    field.focus();
    field.select();
  }
  function close() {
    finder.clear();
    element.hidden = true;
    bar.classList.remove("searching");
    document.activeElement?.blur();
  }
  return { element, open, close, go, isOpen: () => !element.hidden };
}

function playerBar() {
  const toggle = iconButton("play", "Play (space)", playOrPause);
  toggle.classList.add("toggle");
  const range = h("input", {
    type: "range", min: 0, step: 1, "aria-label": "Place in the session",
    oninput: () => {
      player.pause();
      player.seek(Number(range.value));
    },
  });
  const place = h("span", { class: "meta place" });
  const speed = h(
    "select",
    { "aria-label": "Speed", onchange: () => (player.speed = Number(speed.value)) },
    SPEEDS.map((value) => h("option", { value }, `${value}×`)),
  );
  speed.value = "1";
  fill(
    document.getElementById("player"),
    h(
      "div",
      { class: "player-bar" },
      iconButton("back", "Step before (k)", () => player.move(-1)),
      toggle,
      iconButton("forward", "Next step (j)", () => player.move(1)),
      range, place, speed,
    ),
  );
  return { toggle, range, place, speed };
}

function playOrPause() {
  if (player.playing) player.pause();
  else player.play();
}

function showState() {
  if (!player) return;
  const { toggle, range, place } = controls;
  const label = player.playing ? "Pause (space)" : "Play (space)";
  if (toggle.title !== label) {
    toggle.title = label;
    toggle.setAttribute("aria-label", label);
    fill(toggle, icon(player.playing ? "pause" : "play"));
  }
  range.max = String(player.length);
  const at = player.replaying || player.current === -1 ? player.shown : player.current + 1;
  range.value = String(at);
  range.setAttribute("aria-valuetext", `step ${at} of ${player.length}`);
  place.textContent = `${at} / ${player.length}`;
}

function changeSpeed(by) {
  const at = Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(player.speed) + by));
  player.speed = SPEEDS[at];
  controls.speed.value = String(player.speed);
}

const ACTIONS = {
  j: () => player.move(1),
  ArrowDown: () => player.move(1),
  ArrowRight: () => player.move(1),
  k: () => player.move(-1),
  ArrowUp: () => player.move(-1),
  ArrowLeft: () => player.move(-1),
  " ": playOrPause,
  Home: () => (player.replaying ? player.seek(1) : player.select(0)),
  End: () => {
    player.all();
    player.select(player.length - 1);
  },
  Enter: () => {
    const details = player.steps[player.current]?.querySelector("details") ?? player.steps[player.current];
    if (details?.tagName !== "DETAILS") return;
    details.open = !details.open;
    // What was opened is brought into sight, once it has its size.
    requestAnimationFrame(() => player.select(player.current));
  },
  e: toggleAll,
  "/": () => search.open(),
  n: () => search.isOpen() && search.go(1),
  N: () => search.isOpen() && search.go(-1),
  "+": () => changeSpeed(1),
  "-": () => changeSpeed(-1),
  t: switchTheme,
  Escape: () => (search.isOpen() ? search.close() : player.all()),
  "?": help,
};

function listen() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const inControl = event.target.closest?.("input, select, textarea, a, button, summary, [tabindex='0']");
    const action = ACTIONS[event.key];
    // A control that has the focus keeps the keys that it understands itself; letters do nothing to most of them.
    const own = inControl && (event.key.length > 1 || event.key === " " || inControl.matches("input, select, textarea"));
    if (!action || (own && event.key !== "Escape")) return;
    event.preventDefault();
    action();
  });
  transcript.element.addEventListener("click", (event) => {
    const step = event.target.closest(".step");
    if (step && !player.playing && !player.replaying) player.select(player.steps.indexOf(step), { quietly: true });
  });
  addEventListener("beforeprint", () => {
    player.all();
    transcript.unfold(true);
  });
  addEventListener("hashchange", openAddress);
}

/** `#e-12` in the address leads to an entry. */
function openAddress() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const step = target && (target.matches(".step") ? target : target.querySelector(".step"));
  if (step) player.select(player.steps.indexOf(step));
}

function help() {
  const dialog = h(
    "dialog",
    { "aria-labelledby": "help-title", onclose: () => dialog.remove() },
    h(
      "div",
      { class: "dialog-head" },
      h("h2", { id: "help-title" }, "Keyboard"),
      iconButton("close", "Close", () => dialog.close()),
    ),
    h(
      "div",
      { class: "dialog-body" },
      h("dl", { class: "keys" }, KEYS.map(([keys, words]) => [h("dt", {}, keys.map((key) => h("kbd", {}, key))), h("dd", {}, words)])),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}
