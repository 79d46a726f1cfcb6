// Building blocks of every page: elements, icons, words for times and sizes.
//
// All text comes in as text nodes. Nothing here, or anywhere in these pages, turns a string into markup, so what a model,
// a tool or a file says can never become an element.

const SVG = "http://www.w3.org/2000/svg";

/** An element with properties, listeners (`onclick`) and children; nothing is made of `null`, `undefined` and `false`. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...solid(children));
  return element;
}

/** Replaces what is inside of an element. */
export function fill(element, ...children) {
  element.replaceChildren(...solid(children));
  return element;
}

function solid(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

// Strokes on a grid of 16, drawn in the colour of the text around them.
const ICONS = {
  play: ["M5 3.2v9.6L12.6 8z"],
  pause: ["M5.5 3.5v9", "M10.5 3.5v9"],
  back: ["M10 3.5L5.5 8l4.5 4.5"],
  forward: ["M6 3.5L10.5 8 6 12.5"],
  search: ["M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9z", "M10.4 10.4L14 14"],
  close: ["M4 4l8 8", "M12 4l-8 8"],
  plus: ["M8 3v10", "M3 8h10"],
  check: ["M3 8.5l3.2 3.2L13 4.8"],
  cross: ["M4.5 4.5l7 7", "M11.5 4.5l-7 7"],
  barred: ["M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z", "M3.8 3.8l8.4 8.4"],
  circle: ["M8 13A5 5 0 1 0 8 3a5 5 0 0 0 0 10z"],
  spinner: ["M8 2.5A5.5 5.5 0 1 1 2.5 8"],
  question: ["M5.6 6.2A2.4 2.4 0 1 1 8 8.6v1", "M8 12.4v.2"],
  send: ["M8 13V3.4", "M3.8 7.4L8 3.2l4.2 4.2"],
  stop: ["M4.5 4.5h7v7h-7z"],
  share: ["M8 10V2.4", "M5 5l3-3 3 3", "M3 9v4.5h10V9"],
  folder: ["M2 12.5v-9h4l1.5 1.8H14v7.2z"],
  file: ["M4 2h5l3 3v9H4z", "M9 2v3h3"],
  more: ["M3.5 8h.1", "M8 8h.1", "M12.5 8h.1"],
  copy: ["M5.5 5.5h8v8h-8z", "M10.5 5.5v-3h-8v8h3"],
  theme: ["M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z", "M8 2v12", "M8 4.5h4.6", "M8 8h5.8", "M8 11.5h4.6"],
  unfold: ["M4.5 6L8 2.5 11.5 6", "M4.5 10L8 13.5l3.5-3.5"],
  fold: ["M4.5 2.5L8 6l3.5-3.5", "M4.5 13.5L8 10l3.5 3.5"],
  info: ["M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z", "M8 7.3v3.6", "M8 5v.2"],
};

/** A drawing beside words that say the same: hidden from those who listen. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon icon-${name}`);
  for (const line of ICONS[name] ?? []) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", line);
    svg.append(path);
  }
  return svg;
}

/** A button with a drawing; `label` is its name, and its tip. */
export function iconButton(name, label, onclick, props = {}) {
  return h("button", { type: "button", class: "icon-button", title: label, "aria-label": label, onclick, ...props }, icon(name));
}

/** A button that copies a text. */
export function copyButton(text) {
  const button = iconButton("copy", "Copy", async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
      fill(button, icon("check"));
      setTimeout(() => fill(button, icon("copy")), 1500);
    } catch {
      // A page that is no secure context may not write there; the text can still be selected.
      fill(button, icon("cross"));
    }
  });
  button.classList.add("copy");
  return button;
}

/** Tells those who listen, without moving the focus. */
export function announce(text) {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}

const numbers = new Intl.NumberFormat("en");

/** `12,345`. */
export function count(number) {
  return numbers.format(number ?? 0);
}

/** `1 run`, `2 runs`. */
export function plural(number, word, words = `${word}s`) {
  return `${count(number)} ${number === 1 ? word : words}`;
}

/** `850 ms`, `3.2 s`, `2 min 5 s`. */
export function duration(ms) {
  if (ms === undefined || ms === null) return "";
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `640 bytes`, `1.2 MB`. */
export function bytes(number) {
  if (number === undefined || number === null) return "";
  if (number < 1000) return plural(number, "byte");
  const units = ["kB", "MB", "GB", "TB"];
  let size = number / 1000;
  let unit = 0;
  while (size >= 999.95 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size.toFixed(size < 10 ? 1 : 0)} ${units[unit]}`;
}

/** `1,234 in · 56 out · $0.0123`: what was used; empty when nothing was. */
export function usageWords(usage) {
  if (!usage || !(usage.input_tokens || usage.output_tokens)) return "";
  const words = [`${count(usage.input_tokens)} in`, `${count(usage.output_tokens)} out`];
  if (usage.cost_usd) words.push(money(usage.cost_usd));
  return words.join(" · ");
}

/** `$0.0123`. */
export function money(dollars) {
  return `$${dollars < 1 ? dollars.toFixed(4) : dollars.toFixed(2)}`;
}

/** A moment as an element: the time of day, with the whole of it as its tip. */
export function moment(at, form = "time") {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return null;
  const whole = date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const time = { hour: "2-digit", minute: "2-digit" };
  let words = whole;
  if (form === "time") words = date.toLocaleTimeString(undefined, time);
  if (form === "day") words = date.toLocaleDateString(undefined, { dateStyle: "long" });
  if (form === "ago") words = ago(date);
  return h("time", { datetime: at, title: whole }, words);
}

/** `now`, `5 min`, `3 h`, `Tue`, `4 Mar`, `2024`: how long ago, as short as a list needs it. */
function ago(date) {
  const seconds = (Date.now() - date.getTime()) / 1000;
  if (seconds < 60) return "now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  if (seconds < 6 * 86_400) return date.toLocaleDateString(undefined, { weekday: "short" });
  if (seconds < 300 * 86_400) return date.toLocaleDateString(undefined, { day: "numeric", month: "short" });
  return String(date.getFullYear());
}
