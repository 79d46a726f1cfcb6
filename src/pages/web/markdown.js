// A small renderer of Markdown into DOM nodes.
//
// What models write: headings, paragraphs, lists, quotes, code, tables, rules, links and emphasis. No HTML: a tag in the
// text is text. Links lead only to http, https and mailto. A picture is a link: showing it would ask another host.
// Nesting and work per text are bounded, since the text comes from anywhere.

import { h, copyButton } from "./dom.js";

/** Deepest nesting of lists and quotes, and of emphasis; what is deeper is text. */
const DEPTH = 8;
/** Longest text that is rendered as Markdown; a longer one is shown as it is. */
const LONGEST = 400_000;

/**
 * Shows a text in an element. When it is called again with a longer text, blocks that have not changed keep their nodes:
 * a selection in them stays, and a stream costs no more than its last block. With `breaks` an end of a line is one: people
 * mean it, models may not.
 */
export function renderMarkdown(element, text, { breaks = false } = {}) {
  const sources = text.length > LONGEST ? null : split(text.replace(/\r\n?/g, "\n").split("\n"));
  element.classList.toggle("breaks", breaks);
  if (!sources) {
    element.replaceChildren(h("pre", { class: "plain" }, text));
    element.blocks = [];
    return;
  }
  const known = element.blocks ?? [];
  let same = 0;
  while (same < known.length && same < sources.length && known[same].source === sources[same]) same += 1;
  for (const block of known.slice(same)) block.node.remove();
  const added = sources.slice(same).map((source) => ({ source, node: block(source.split("\n"), 0) }));
  element.append(...added.map((one) => one.node));
  element.blocks = [...known.slice(0, same), ...added];
}

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^`\s]*)[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})(?:\s+(.*?))?(?:\s+#+)?\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])(?:( +)(.*)|())$/;
const QUOTE = /^ {0,3}> ?/;
const DELIMITERS = /^ {0,3}\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/** Lines as blocks, each the source of one node. */
function split(lines) {
  const blocks = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at].trim() === "") {
      at += 1;
      continue;
    }
    const end = blockEnd(lines, at);
    blocks.push(lines.slice(at, end).join("\n"));
    at = end;
  }
  return blocks;
}

/** Where the block that begins at a line ends. */
function blockEnd(lines, start) {
  const line = lines[start];
  const fence = FENCE.exec(line);
  if (fence) {
    const closing = new RegExp(`^ {0,3}\\${fence[1][0]}{${fence[1].length},}\\s*$`);
    const end = lines.findIndex((other, index) => index > start && closing.test(other));
    return end === -1 ? lines.length : end + 1;
  }
  if (HEADING.test(line) || RULE.test(line)) return start + 1;
  if (isTable(lines, start)) return endWhere(lines, start + 2, (other) => other.trim() === "" || !other.includes("|"));
  if (QUOTE.test(line)) return endWhere(lines, start + 1, (other) => other.trim() === "" || !QUOTE.test(other) && begins(other));
  const item = ITEM.exec(line);
  if (item) return listEnd(lines, start, /\d/.test(item[2]));
  const indented = /^ {4}\S/;
  if (indented.test(line)) return endWhere(lines, start + 1, (other) => !indented.test(other) && other.trim() !== "");
  return endWhere(lines, start + 1, (other, index) => other.trim() === "" || begins(other) || isTable(lines, index));
}

function endWhere(lines, start, ends) {
  let at = start;
  while (at < lines.length && !ends(lines[at], at)) at += 1;
  while (at > start && lines[at - 1].trim() === "") at -= 1;
  return at;
}

/** Whether a line begins a block of its own, also directly after a paragraph. */
function begins(line) {
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line);
}

function isTable(lines, at) {
  const next = lines[at + 1];
  return next !== undefined && lines[at].includes("|") && next.includes("-") && next.includes("|") && DELIMITERS.test(next);
}

/** A list goes on over blank lines as long as what follows is indented, or is an item of the same kind. */
function listEnd(lines, start, ordered) {
  let at = start + 1;
  for (; at < lines.length; at += 1) {
    const line = lines[at];
    const blank = line.trim() === "";
    const item = ITEM.exec(line);
    if (blank || /^ {2,}\S/.test(line)) continue;
    if (item && !RULE.test(line) && /\d/.test(item[2]) === ordered) continue;
    if (lines[at - 1].trim() === "" || begins(line)) break;
  }
  while (lines[at - 1].trim() === "") at -= 1;
  return at;
}

/** The node of one block. */
function block(lines, depth) {
  const fence = FENCE.exec(lines[0]);
  if (fence) {
    const closed = lines.length > 1 && new RegExp(`^ {0,3}\\${fence[1][0]}{${fence[1].length},}\\s*$`).test(lines.at(-1));
    return code(lines.slice(1, closed ? -1 : undefined).join("\n"), fence[2]);
  }
  const heading = HEADING.exec(lines[0]);
  if (heading) {
    // The page has its own first two levels.
    const level = Math.min(6, heading[1].length + 2);
    return h(`h${level}`, { class: `level-${heading[1].length}` }, inline(heading[2] ?? ""));
  }
  if (RULE.test(lines[0])) return h("hr");
  if (isTable(lines, 0)) return table(lines);
  if (depth < DEPTH) {
    if (QUOTE.test(lines[0])) return h("blockquote", {}, nested(lines.map((line) => line.replace(QUOTE, "")), depth));
    if (ITEM.test(lines[0])) return list(lines, depth);
  }
  if (/^ {4}\S/.test(lines[0])) return code(lines.map((line) => line.slice(4)).join("\n"), "");
  return h("p", {}, inline(lines.map((line) => line.trimStart()).join("\n")));
}

function nested(lines, depth) {
  return split(lines).map((source) => block(source.split("\n"), depth + 1));
}

/** A block of code, with its language and a button that copies it. */
export function code(text, language) {
  return h(
    "div",
    { class: "code" },
    language && h("span", { class: "language" }, language),
    copyButton(text),
    h("pre", { tabindex: "0" }, h("code", {}, text)),
  );
}

function list(lines, depth) {
  const first = ITEM.exec(lines[0]);
  const ordered = /\d/.test(first[2]);
  const items = [];
  for (const line of lines) {
    const item = ITEM.exec(line);
    const inner = items.length > 0 && indent(line) >= items.at(-1).width;
    if (item && !inner && !RULE.test(line)) {
      const width = item[1].length + item[2].length + Math.min(4, (item[3] ?? " ").length);
      items.push({ width, lines: [item[4] ?? ""] });
    } else {
      items.at(-1)?.lines.push(line.slice(Math.min(indent(line), items.at(-1).width)));
    }
  }
  const loose = lines.some((line) => line.trim() === "");
  const start = ordered ? Number.parseInt(first[2], 10) : 1;
  return h(
    ordered ? "ol" : "ul",
    { start: start === 1 ? null : start, class: loose ? "loose" : null },
    items.map((item) => listItem(item.lines, depth)),
  );
}

function listItem(lines, depth) {
  const task = /^\[([ xX])\] /.exec(lines[0]);
  if (task) lines = [lines[0].slice(4), ...lines.slice(1)];
  const children = nested(lines, depth);
  // An item of one paragraph is its text.
  const content = children[0]?.tagName === "P" ? [...children[0].childNodes, ...children.slice(1)] : children;
  const box = task && h("input", { type: "checkbox", disabled: true, checked: task[1] !== " " });
  return h("li", { class: task ? "task" : null }, box, content);
}

function indent(line) {
  return line.length - line.trimStart().length;
}

function table(lines) {
  const align = cells(lines[1]).map((cell) => {
    if (/^:-+:$/.test(cell)) return "middle";
    return /-:$/.test(cell) ? "to-end" : null;
  });
  const row = (tag, line) => h("tr", {}, align.map((side, at) => h(tag, { class: side }, inline(cells(line)[at] ?? ""))));
  return h(
    "div",
    { class: "table", tabindex: "0" },
    h("table", {}, h("thead", {}, row("th", lines[0])), h("tbody", {}, lines.slice(2).map((line) => row("td", line)))),
  );
}

/** The cells of a row; `\|` and what stands in code is no border. */
function cells(line) {
  const found = [];
  let cell = "";
  let ticks = false;
  const text = line.trim().replace(/^\|/, "");
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "\\" && text[at + 1] === "|") {
      cell += "|";
      at += 1;
    } else if (text[at] === "|" && !ticks) {
      found.push(cell.trim());
      cell = "";
    } else {
      if (text[at] === "`") ticks = !ticks;
      cell += text[at];
    }
  }
  if (cell.trim() !== "") found.push(cell.trim());
  return found;
}

const MARKS = [
  ["**", "strong"],
  ["__", "strong"],
  ["~~", "s"],
  ["*", "em"],
  ["_", "em"],
];
const BARE_LINK = /^https?:\/\/[^\s<>"'`|\\^{}]+/;
const ESCAPABLE = /[!-/:-@[-`{-~]/;

/** The nodes of a text without blocks. */
export function inline(text, depth = 0) {
  const nodes = [];
  let plain = "";
  // Marks without an end after here: looked for once, so that a text of marks alone costs no square.
  const endless = new Set();
  const push = (node) => {
    if (plain) nodes.push(document.createTextNode(plain));
    plain = "";
    nodes.push(node);
  };
  let at = 0;
  while (at < text.length) {
    const found = depth < DEPTH ? special(text, at, depth, endless) : null;
    if (found) {
      if (found.node) push(found.node);
      else plain += found.text;
      at = found.end;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  if (plain) nodes.push(document.createTextNode(plain));
  return nodes;
}

/** What begins at a place and is more than its letter. */
function special(text, at, depth, endless) {
  const letter = text[at];
  if (letter === "\\") {
    if (text[at + 1] === "\n") return { node: h("br"), end: at + 2 };
    return ESCAPABLE.test(text[at + 1] ?? "") ? { text: text[at + 1], end: at + 2 } : null;
  }
  if (letter === "\n") return text.endsWith("  ", at) ? { node: h("br"), end: at + 1 } : null;
  if (letter === "`") return codeSpan(text, at, endless);
  if (letter === "[" || (letter === "!" && text[at + 1] === "[")) return link(text, at, depth, endless);
  if (letter === "<") {
    const target = /^<((?:https?:\/\/|mailto:)[^\s<>]{1,2000})>/.exec(text.slice(at, at + 2010));
    return target && { node: anchor(target[1], [target[1]]), end: at + target[0].length };
  }
  if (letter === "h" && !/\w/.test(text[at - 1] ?? "")) return bareLink(text, at);
  return emphasis(text, at, depth, endless);
}

function codeSpan(text, at, endless) {
  const ticks = /^`+/.exec(text.slice(at))[0];
  if (!endless.has(ticks)) {
    let end = text.indexOf(ticks, at + ticks.length);
    while (end !== -1 && (text[end + ticks.length] === "`" || text[end - 1] === "`")) {
      while (text[end] === "`") end += 1;
      end = text.indexOf(ticks, end);
    }
    if (end !== -1) {
      const inner = text.slice(at + ticks.length, end).replaceAll("\n", " ");
      const trimmed = /^ .*\S.* $/.test(inner) ? inner.slice(1, -1) : inner;
      return { node: h("code", {}, trimmed), end: end + ticks.length };
    }
    endless.add(ticks);
  }
  return { text: ticks, end: at + ticks.length };
}

/** `[words](target)`; a picture, `![words](target)`, is a link too. */
function link(text, at, depth, endless) {
  if (endless.has("](")) return null;
  const picture = text[at] === "!";
  const begin = at + (picture ? 2 : 1);
  const middle = text.indexOf("](", begin);
  if (middle === -1) {
    endless.add("](");
    return null;
  }
  const words = text.slice(begin, middle);
  if (words.includes("[") && !/^!?\[[^\]]*$/.test(words)) return null;
  const target = /^\]\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/.exec(
    text.slice(middle, middle + 4096),
  );
  if (!target) return null;
  const label = picture ? [words || "picture"] : inline(words, depth + 1);
  return { node: anchor(target[1], label), end: middle + target[0].length };
}

function bareLink(text, at) {
  const found = BARE_LINK.exec(text.slice(at, at + 2000));
  if (!found) return null;
  // A full stop or a bracket after an address belongs to the sentence.
  let address = found[0].replace(/[.,;:!?*_~]+$/, "");
  while (address.endsWith(")") && address.split(")").length > address.split("(").length) address = address.slice(0, -1);
  return { node: anchor(address, [address]), end: at + address.length };
}

/** A link that tells the other side nothing; an address of any other kind stays text. */
function anchor(target, label) {
  let url = null;
  try {
    url = new URL(target);
  } catch {
    // A relative address leads nowhere from here.
  }
  if (!url || !["http:", "https:", "mailto:"].includes(url.protocol)) return h("span", { title: target }, label);
  return h("a", { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" }, label);
}

function emphasis(text, at, depth, endless) {
  const mark = MARKS.find(([sign]) => text.startsWith(sign, at));
  if (!mark || endless.has(mark[0])) return null;
  const [sign, tag] = mark;
  const begin = at + sign.length;
  // `snake_case` is a word, and `2 * 3` is a sum.
  if (/\s/.test(text[begin] ?? " ") || (sign[0] === "_" && /\w/.test(text[at - 1] ?? ""))) return null;
  let end = text.indexOf(sign, begin);
  while (end !== -1 && !closes(text, begin, end, sign)) end = text.indexOf(sign, end + (text[end + 1] === sign[0] ? 2 : 1));
  if (end === -1) {
    endless.add(sign);
    return null;
  }
  return { node: h(tag, {}, inline(text.slice(begin, end), depth + 1)), end: end + sign.length };
}

function closes(text, begin, end, sign) {
  if (end <= begin || /\s/.test(text[end - 1])) return false;
  if (sign.length === 1 && (text[end + 1] === sign || text[end - 1] === sign)) return false;
  return sign[0] !== "_" || !/\w/.test(text[end + sign.length] ?? "");
}
