// One session, open: what was said and done, what is being done, and where to ask on.

import { announce, duration, fill, h, icon, iconButton, usageWords } from "./dom.js";
import { Composer } from "./composer.js";
import { openDetails, openShare, tell } from "./dialogs.js";
import { Finder } from "./finder.js";
import { address, call, reach } from "./house.js";
import { Story } from "./story.js";
import { follow } from "./stream.js";
import { Transcript } from "./transcript.js";

/** When nothing came for so long from a run at work, in milliseconds, it is asked whether its process lives. */
const SILENCE = 15_000;
/** Pictures of these types are shown; a browser runs nothing in them. */
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/** An open session. `desk` is what all sessions share: agents, models, questions, and who hears of the connection. */
export class Conversation {
  constructor(id, desk) {
    this.id = id;
    this.desk = desk;
    this.story = new Story();
    this.head = h("header", { class: "head" });
    this.entries = h("div", { class: "transcript", role: "region", "aria-label": "Conversation", tabindex: "-1" });
    this.empty = h("div", { class: "hint", hidden: true }, h("p", {}, "Nothing was said yet."));
    this.activity = h("div", { class: "activity", hidden: true });
    this.scroll = h("div", { class: "scroll" }, this.entries, this.empty, this.activity);
    this.newer = h("button", { class: "button newer", type: "button", hidden: true, onclick: () => this.#bottom() }, "Newest ↓");
    this.interrupted = h("div", { class: "banner", hidden: true });
    this.transcript = new Transcript(this.entries, this.story, {
      question: (call_) => desk.questions.panel(call_),
      picture: (part) => this.#picture(part),
      whole: (call_) => h("a", { href: address("blob", { session: id, blob: call_.blob }), target: "_blank", rel: "noopener" }, "Show all of it"),
    });
    this.finder = new Finder(this.transcript);
    this.composer = new Composer({
      key: id, placeholder: "Ask on", agents: desk.agents, models: desk.models,
      send: (text, agent) => this.#ask(text, agent),
      choose: (model) => this.#change({ model }),
      stop: () => this.stop(),
    });
    this.element = h("div", { class: "conversation" }, this.head, this.scroll, h("div", { class: "foot" }, this.newer, this.interrupted, this.composer.element));
    this.pinned = true;
    this.scroll.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#header();
    this.ticking = setInterval(() => this.#tick(), 1000);
    this.unfollow = follow("subscribe", { session: id }, {
      frame: (frame) => this.#take(frame),
      state: (state) => desk.connection("session", state),
      end: (error) => this.#ended(error),
    });
    this.refresh();
  }

  /** Leaves the session; its run goes on. */
  close() {
    clearInterval(this.ticking);
    cancelAnimationFrame(this.frame);
    this.finder.clear();
    this.unfollow();
    this.desk.connection("session", null);
  }

  /** Reads the row of the session: whether a run was interrupted stands nowhere in its log. */
  async refresh() {
    if (this.story.deleted) return;
    try {
      this.item = await call("session", { session: this.id });
      this.#interrupted(this.item.status === "interrupted");
    } catch {
      // The stream tells what is wrong with it.
    }
  }

  /** A question about a call of this session came or went. */
  asked(question) {
    this.transcript.touchCall(question.call.id);
    this.#later();
  }

  #take(frame) {
    this.heard = Date.now();
    const known = this.story.session.incarnation;
    if (frame.type === "session.created" && known !== undefined && frame.incarnation !== known) {
      // Deleted, and made again under the same id.
      this.story = new Story();
      this.transcript.restart(this.story);
    }
    this.story.take(frame);
    if (frame.type === "run.finished" && this.live) announce(frame.outcome === "completed" ? "The agent has answered" : `The run ${frame.outcome}`);
    this.#later();
  }

  /** Frames come in bursts; the page is changed once for each picture of the screen. */
  #later() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      this.#update();
    });
    // A page in the background gets no pictures, and must not pile up frames either.
    if (document.hidden) setTimeout(() => this.frame && this.#update(), 500);
  }

  #update() {
    this.transcript.update();
    this.live = true;
    this.empty.hidden = this.story.entries.length > 0;
    this.#header();
    this.#activity();
    this.composer.session(this.story.session);
    if (this.story.deleted) {
      this.unfollow();
      this.#ended({ message: "This session was deleted." });
    }
    if (this.pinned) this.#bottom();
    else this.newer.hidden = false;
  }

  #tick() {
    this.#activity();
    if (this.story.activeRuns().length === 0 || Date.now() - (this.heard ?? 0) < SILENCE) return;
    this.heard = Date.now();
    this.refresh();
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroll;
    this.pinned = scrollHeight - scrollTop - clientHeight < 40;
    if (this.pinned) this.newer.hidden = true;
  }

  #bottom() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.newer.hidden = true;
  }

  #header() {
    const { model, agent } = this.story.session;
    const words = this.story.title() || this.id;
    const about = [this.desk.agents.length > 1 && agent, model, usageWords(this.story.usage())].filter(Boolean).join(" · ");
    const state = JSON.stringify([words, about]);
    if (state === this.headState) return;
    this.headState = state;
    document.title = `${words} · ombud`;
    fill(
      this.head,
      h("a", { class: "icon-button back", href: "#/", "aria-label": "All sessions", title: "All sessions" }, icon("back")),
      h("div", { class: "head-words" }, h("h1", {}, words), h("p", { class: "meta" }, about)),
      this.#search(),
      h("a", { class: "icon-button", href: `#/sessions/${encodeURIComponent(this.id)}/files/`, "aria-label": "Files of the workspace", title: "Files of the workspace" }, icon("folder")),
      iconButton("share", "Share", () => openShare(this.id)),
      iconButton("more", "Name, tags, usage, delete", () => this.details()),
    );
  }

  #search() {
    const hits = h("span", { class: "meta", role: "status" });
    const go = (by) => {
      const step = this.finder.step(by);
      step?.scrollIntoView({ block: "center" });
      hits.textContent = this.finder.hits.length === 0 ? "no hit" : `${this.finder.at + 1} of ${this.finder.hits.length}`;
    };
    const field = h("input", {
      class: "field", type: "search", placeholder: "Search here", "aria-label": "Search this session", autocomplete: "off",
      oninput: () => {
        this.finder.look(field.value);
        hits.textContent = field.value.trim() ? `${this.finder.hits.length}` : "";
      },
      onkeydown: (event) => {
        if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
        if (event.key === "Escape") this.findToggle(false);
      },
    });
    const box = h("div", { class: "find", hidden: true }, hits, field);
    this.findToggle = (open) => {
      box.hidden = !open;
      this.head.classList.toggle("finding", open);
      if (open) field.focus();
      else this.finder.clear();
    };
    return [box, iconButton("search", "Search this session (/)", () => this.findToggle(box.hidden), { class: "icon-button find-toggle" })];
  }

  /** What is being done, and since when. */
  #activity() {
    const runs = this.story.activeRuns();
    const asked = this.desk.questions.of(this.id).length;
    this.activity.hidden = runs.length === 0;
    this.composer.working(runs.length > 0);
    fill(this.activity, runs.map((run) => {
      const since = Date.now() - new Date(run.started_at ?? run.queued_at ?? Date.now());
      return h("p", {}, icon(asked > 0 ? "question" : "spinner"), h("span", {}, `${run.agent ?? "agent"} ${this.#doing(run, asked)}`), h("span", { class: "meta" }, duration(Math.max(0, Math.round(since / 1000) * 1000))));
    }));
  }

  #doing(run, asked) {
    if (run.cancelling) return "is stopping";
    if (run.status === "queued") return "waits for its turn";
    if (run.status === "waiting") return "waits for tools of its caller";
    if (asked > 0) return "waits for permission";
    if ([...this.story.open.values()].some((message) => message.run === run.id && message.parts.length > 0)) return "is writing";
    const call_ = [...this.story.calls.values()].find((one) => one.run === run.id && one.status === "called");
    return call_ ? `is using ${call_.name}` : "is thinking";
  }

  async #ask(text, agent) {
    this.pinned = true;
    const answering = agent && agent !== this.story.session.agent ? { one: agent } : "session_agent";
    await call("ask", question({ existing: this.id }, text, answering));
  }

  async #change(change) {
    try {
      await call("update", { session: this.id, change });
    } catch (error) {
      this.composer.fail(error);
    }
  }

  /** Ends what is at work. */
  async stop() {
    if (this.story.activeRuns().length === 0) return;
    try {
      await call("cancel", { session: this.id, reason: "stopped in the console" });
    } catch (error) {
      this.composer.fail(error);
    }
  }

  details() {
    openDetails(this.id, this.story, this.desk);
  }

  #interrupted(is) {
    this.interrupted.hidden = !is;
    if (!is) return;
    const restore = async (orphans) => {
      try {
        await call("restore", { session: this.id, orphans });
        await this.refresh();
      } catch (error) {
        tell("Not restored", error);
      }
    };
    fill(
      this.interrupted,
      h("p", {}, h("strong", {}, "The process of this run died."), " It can go on, or be closed as interrupted."),
      h("div", { class: "banner-foot" },
        h("button", { class: "button", type: "button", onclick: () => restore("resume") }, "Go on"),
        h("button", { class: "button", type: "button", onclick: () => restore("close") }, "Close it")),
    );
  }

  #ended(error) {
    this.composer.element.hidden = true;
    this.activity.hidden = true;
    if (this.story.entries.length > 0) return;
    this.empty.hidden = false;
    fill(this.empty, h("p", {}, error.message), error.hint && h("p", { class: "meta" }, error.hint), h("p", {}, h("a", { href: "#/" }, "All sessions")));
  }

  async #picture(part) {
    if (!PICTURES.includes(part.media_type) || part.size > 8_000_000) return null;
    const response = await reach(address("blob", { session: this.id, blob: part.blob })).catch(() => null);
    if (!response?.ok) return null;
    const bytes = new Blob([await response.arrayBuffer()], { type: part.media_type });
    return h("img", { class: "picture", src: URL.createObjectURL(bytes), alt: part.name ?? "picture" });
  }
}

/** A question as the house wants it: who is asked waits for its turn, and survives a restart of the server. */
export function question(target, text, answering = "session_agent") {
  return {
    target, answering, input: [{ kind: "text", text }], blobs: [], context: [], on_busy: "queue", priority: 0, pins: { on_orphan: "resume" },
  };
}
