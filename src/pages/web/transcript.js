// The view of a story: its entries as elements, changed where the story changed.
//
// It serves the page of a shared session and the console. What only one of them can do comes in by `house`:
// `picture(part)` and `whole(call)` fetch bytes, `question(call)` tells whether a call waits for a yes.

import { bytes, count, duration, fill, h, icon, moment, usageWords } from "./dom.js";
import { code, inline, renderMarkdown } from "./markdown.js";

const STATUS = {
  written: ["spinner", "being written"],
  called: ["spinner", "at work"],
  asked: ["question", "waits for permission"],
  ok: ["check", "done"],
  failed: ["cross", "failed"],
  denied: ["barred", "denied"],
  cancelled: ["barred", "cancelled"],
};

const FINISH = {
  length: "The answer reached its longest length.",
  content_filter: "The provider withheld the answer.",
  cut: "The stream of the model broke off here.",
  cancelled: "Cancelled here.",
};

/** What of the arguments says best what a call is about. */
const SUBJECTS = ["command", "query", "pattern", "path", "file", "url", "name", "text"];

/** The entries of a story in an element. */
export class Transcript {
  constructor(element, story, house = {}) {
    this.element = element;
    this.story = story;
    this.house = house;
    this.shown = new Map();
    this.days = new Set();
  }

  /** Another story in the same place. */
  restart(story) {
    this.story = story;
    this.shown.clear();
    this.element.replaceChildren();
  }

  /** Shows what changed. */
  update() {
    const changed = this.story.changes();
    if (changed.has(null)) this.restart(this.story);
    const entries = [...this.story.entries, ...this.story.open.values()];
    const keys = new Set(entries.map((entry) => entry.key));
    for (const [key, view] of this.shown) {
      if (keys.has(key)) continue;
      view.element.remove();
      this.shown.delete(key);
    }
    let before = null;
    entries.forEach((entry, at) => {
      let view = this.shown.get(entry.key);
      if (!view) {
        view = entry.kind === "message" ? new MessageView(this) : { element: line(entry), update() {} };
        this.shown.set(entry.key, view);
        view.update(entry, entries[at - 1]);
      } else if (changed.has(entry.key)) {
        view.update(entry, entries[at - 1]);
      }
      if (before ? before.nextSibling !== view.element : this.element.firstChild !== view.element) {
        if (before) before.after(view.element);
        else this.element.prepend(view.element);
      }
      before = view.element;
    });
  }

  /** Shows a call again, because a question about it came or went. */
  touchCall(id) {
    const key = this.story.calls.get(id)?.key;
    if (key) this.story.touch(key);
  }

  /** What a reader goes through, in order: parts of messages, and all other entries. */
  steps() {
    return [...this.element.querySelectorAll(".step")];
  }

  /** Opens or closes all calls and thoughts. */
  unfold(open) {
    for (const details of this.element.querySelectorAll("details")) details.open = open;
  }
}

/** A message: its head, and a view for each part. */
class MessageView {
  constructor(transcript) {
    this.transcript = transcript;
    this.parts = [];
    this.head = h("header");
    this.body = h("div", { class: "body" });
    this.element = h("article", { class: "entry message" }, this.head, this.body);
  }

  update(entry, previous) {
    const author = entry.author ?? {};
    const kind = author.kind ?? "agent";
    this.element.className = `entry message ${kind}${entry.open ? " open" : ""}`;
    this.element.classList.toggle("continues", continues(entry, previous));
    if (entry.seq) this.element.id = `e-${entry.seq}`;
    fill(
      this.head,
      h("span", { class: "who" }, kind === "environment" ? `Context: ${author.name ?? ""}` : (author.name ?? "agent")),
      entry.thread && h("span", { class: "meta" }, `thread ${entry.thread}`),
      entry.visibility && entry.visibility !== "all" && h("span", { class: "meta" }, `shown to ${entry.visibility} only`),
      kind === "agent" && entry.model && h("span", { class: "meta" }, entry.model),
      entry.at && moment(entry.at),
    );
    this.head.title = [
      entry.first_token_ms !== undefined && `first word after ${duration(entry.first_token_ms)}`,
      entry.elapsed_ms !== undefined && `answered in ${duration(entry.elapsed_ms)}`,
      usageWords(entry.usage),
    ].filter(Boolean).join(" · ");
    const parts = entry.parts ?? [];
    parts.forEach((part, at) => this.#part(part, at, entry));
    while (this.parts.length > parts.length) this.parts.pop()?.element.remove();
    this.#footnote(FINISH[entry.finish]);
  }

  #part(part, at, entry) {
    let view = this.parts[at];
    if (view && view.kind !== part.kind) {
      view.element.remove();
      view = null;
    }
    if (!view) {
      view = partView(part, this.transcript);
      this.parts[at] = view;
      const next = this.parts.slice(at + 1).find(Boolean);
      if (next) next.element.before(view.element);
      else this.body.insertBefore(view.element, this.foot ?? null);
    }
    view.update(part, entry);
  }

  #footnote(words) {
    this.foot?.remove();
    this.foot = words ? h("p", { class: "footnote" }, words) : null;
    if (this.foot) this.body.append(this.foot);
  }
}

/** Whether a message goes on with what the same agent said before, in the same run. */
function continues(entry, previous) {
  return (
    previous?.kind === "message" && entry.author?.kind === "agent" && previous.author?.kind === "agent" &&
    previous.author.name === entry.author.name && previous.run === entry.run
  );
}

function partView(part, transcript) {
  if (part.kind === "text") return textView();
  if (part.kind === "reasoning") return thoughtView();
  if (part.kind === "tool_call") return new CallView(transcript);
  if (part.kind === "file") return fileView(part, transcript.house);
  return { kind: part.kind, element: h("p", { class: "footnote step" }, `a part of kind “${part.kind}”`), update() {} };
}

function textView() {
  const element = h("div", { class: "prose step" });
  // A replay shows a text as it grows.
  element.grow = (text) => renderMarkdown(element, text);
  return {
    kind: "text",
    element,
    update(part, entry) {
      element.whole = part.text;
      element.classList.toggle("growing", Boolean(part.open));
      element.at = entry.at;
      renderMarkdown(element, part.text, { breaks: entry.author?.kind !== "agent" });
    },
  };
}

function thoughtView() {
  const text = h("p", { class: "thought-text" });
  const element = h("details", { class: "thought step" }, h("summary", {}, h("span", {}, "Thought")), text);
  let touched = false;
  element.addEventListener("click", () => (touched = true));
  return {
    kind: "reasoning",
    element,
    update(part, entry) {
      element.hidden = !part.text;
      element.at = entry.at;
      if (!touched) element.open = Boolean(part.open);
      text.textContent = part.text;
    },
  };
}

function fileView(part, house) {
  const element = h("div", { class: "file step" });
  return {
    kind: "file",
    element,
    update(file, entry) {
      element.at = entry.at;
      if (element.childNodes.length > 0) return;
      fill(
        element,
        icon("file"),
        h("span", { class: "name" }, file.name ?? "file without a name"),
        h("span", { class: "meta" }, [file.media_type, bytes(file.size)].filter(Boolean).join(", ")),
      );
      house.picture?.(file)?.then((picture) => picture && element.after(picture));
    },
  };
}

/** A call of a tool: one line that opens to its input and output. */
class CallView {
  constructor(transcript) {
    this.kind = "tool_call";
    this.transcript = transcript;
    this.status = h("span", { class: "status" });
    this.name = h("span", { class: "name" });
    this.subject = h("span", { class: "subject" });
    this.end = h("span", { class: "meta" });
    this.body = h("div", { class: "call-body" });
    this.question = h("div", { class: "question-place" });
    this.details = h("details", { class: "call" }, h("summary", {}, this.status, this.name, this.subject, this.end), this.body);
    this.element = h("div", { class: "call-entry step" }, this.details, this.question);
    // What is folded away is built when it is opened: a session may hold thousands of outputs.
    this.details.addEventListener("toggle", () => this.#fillBody());
  }

  update(part, entry) {
    const call = this.transcript.story.calls.get(part.id) ?? { status: "called" };
    this.part = part;
    this.call = call;
    const question = this.transcript.house.question?.(part.id);
    const [drawing, words] = STATUS[question ? "asked" : call.status] ?? STATUS.called;
    const name = call.name || part.name || "tool";
    const subject = subjectOf(call.arguments ?? part.arguments, part);
    this.element.at = call.returned_at ?? entry.at;
    this.element.id = `call-${part.id}`;
    this.details.dataset.status = question ? "asked" : call.status;
    fill(this.status, icon(drawing), h("span", { class: "unseen" }, words));
    this.name.textContent = name;
    this.subject.textContent = subject;
    this.subject.title = subject;
    const told = call.status === "ok" || call.status === "called" || call.status === "written" ? "" : words;
    this.end.textContent = [told, duration(call.elapsed_ms)].filter(Boolean).join(" · ");
    this.state = null;
    this.#fillBody();
    if (question) fill(this.question, question);
    else this.question.replaceChildren();
  }

  #fillBody() {
    if (!this.details.open) return;
    const { call, part } = this;
    const state = JSON.stringify([call.status, part.text?.length, call.output?.length]);
    if (this.state === state) return;
    this.state = state;
    fill(
      this.body,
      call.description && h("p", { class: "description" }, call.description),
      section("Input", input(call, part)),
      (call.error || call.output !== undefined) && section("Output", output(call)),
      call.blob && this.#whole(call),
    );
  }

  #whole(call) {
    const { whole } = this.transcript.house;
    if (!whole) return h("p", { class: "footnote" }, "The full output was longer; this is what the model was shown.");
    return h("p", { class: "footnote" }, "The full output is longer than what the model was shown. ", whole(call));
  }
}

function subjectOf(values, part) {
  if (values === null || values === undefined) return oneLine(part.arguments_text ?? part.text ?? "");
  if (typeof values !== "object") return oneLine(String(values));
  const named = SUBJECTS.map((name) => values[name]).find((value) => typeof value === "string");
  const value = named ?? Object.values(values).find((other) => typeof other === "string");
  if (value !== undefined) return oneLine(value);
  return Object.keys(values).length === 0 ? "" : oneLine(JSON.stringify(values));
}

function oneLine(text) {
  const line = text.slice(0, 300).replace(/\s+/g, " ").trim();
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}

function section(title, content) {
  return h("section", { class: "call-section" }, h("h3", {}, title), content);
}

/** Arguments by name; texts of several lines as they are. */
function input(call, part) {
  const values = call.arguments ?? part.arguments;
  if (values === null || values === undefined) return code(part.arguments_text ?? part.text ?? "", "");
  if (typeof values !== "object" || Array.isArray(values)) return code(pretty(values), "");
  const names = Object.keys(values);
  if (names.length === 0) return h("p", { class: "footnote" }, "none");
  return h("dl", { class: "arguments" }, names.map((name) => [h("dt", {}, name), h("dd", {}, argument(values[name]))]));
}

function argument(value) {
  const text = typeof value === "string" ? value : pretty(value);
  return text.includes("\n") || text.length > 200 ? code(text, "") : h("code", {}, text === "" ? "(empty)" : text);
}

function output(call) {
  const text = typeof call.output === "string" ? call.output : call.output === undefined ? "" : pretty(call.output);
  return [
    call.error && h("p", { class: "failure" }, inline(call.error.message ?? String(call.error))),
    text && text !== call.error?.message && code(text, ""),
    !text && !call.error && h("p", { class: "footnote" }, "nothing"),
  ];
}

function pretty(value) {
  return JSON.stringify(value, null, 2) ?? "";
}

/** An entry that is no message. */
function line(entry) {
  const element = make(entry);
  element.classList.add("entry", "step");
  element.id = `e-${entry.seq}`;
  element.at = entry.at;
  return element;
}

function make(entry) {
  if (entry.kind === "end") return end(entry);
  if (entry.kind === "notice") return h("p", { class: "event notice" }, icon("info"), h("span", {}, inline(entry.text ?? entry.code ?? "")));
  const words = entry.kind === "unknown" ? `“${entry.name}”: this page does not know what it is` : entry.text;
  return h("p", { class: "event" }, h("span", {}, words), moment(entry.at));
}

/** The end of a run: quiet when it went well. */
function end(entry) {
  const facts = [
    entry.elapsed_ms !== undefined && duration(entry.elapsed_ms),
    entry.rounds > 1 && `${count(entry.rounds)} rounds`,
    entry.tool_calls > 0 && `${count(entry.tool_calls)} ${entry.tool_calls === 1 ? "call" : "calls"}`,
    usageWords(entry.usage),
  ].filter(Boolean);
  const words = h("span", { class: "meta" }, facts.join(" · "));
  if (entry.outcome === "failed") {
    const error = entry.error ?? {};
    return h(
      "div",
      { class: "end failed", role: "group", "aria-label": "The run failed" },
      h("p", { class: "failure" }, icon("cross"), h("strong", {}, "Failed"), inline(error.message ?? "without a word")),
      error.hint && h("p", {}, inline(error.hint)),
      h("p", { class: "meta" }, [[error.code, error.cause].filter(Boolean).join(": "), ...facts].filter(Boolean).join(" · ")),
    );
  }
  const told = { cancelled: "Cancelled", silent: "Nothing to say" }[entry.outcome];
  const why = entry.outcome === "cancelled" ? entry.error?.message : null;
  return h("div", { class: `end ${entry.outcome}` }, told && h("strong", {}, told), why && h("span", {}, why), words);
}

