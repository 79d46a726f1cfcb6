// The replay of a session that is over: shows its steps one after the other, in their own rhythm but without the long
// waits. Nothing is built or thrown away for it: what is still to come is hidden.

import { announce } from "./dom.js";

/** Longest and shortest wait between two steps, in milliseconds at speed 1. */
const WAIT = { least: 250, most: 1500 };
/** How fast a text grows, in letters a second at speed 1, and how long one may take. */
const LETTERS = 320;
const LONGEST_TEXT = 6000;

/** A replay over the steps of a transcript. `changed` is called after every change. */
export class Player {
  constructor(transcript, changed) {
    this.transcript = transcript;
    this.changed = changed;
    this.steps = transcript.steps();
    this.shown = this.steps.length;
    this.current = -1;
    this.speed = 1;
    this.playing = false;
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
  }

  get length() {
    return this.steps.length;
  }

  /** Whether steps are held back. */
  get replaying() {
    return this.shown < this.length;
  }

  /** Shows the first so many steps, and goes to the last of them. */
  seek(shown, { quietly = false } = {}) {
    this.#settle();
    this.shown = Math.max(0, Math.min(shown, this.length));
    this.#hide();
    this.select(this.shown - 1, { quietly });
  }

  /** Goes to a step, by its place; one that is held back is shown, with all before it. */
  select(at, { quietly = false } = {}) {
    this.steps[this.current]?.classList.remove("current");
    this.current = Math.max(-1, Math.min(at, this.length - 1));
    if (this.current >= this.shown) {
      this.shown = this.current + 1;
      this.#hide();
    }
    const step = this.steps[this.current];
    step?.classList.add("current");
    if (!quietly) reveal(step, this.still.matches);
    this.changed();
  }

  /** One step on or back. In a replay what comes after is hidden. */
  move(by) {
    this.pause();
    if (this.replaying) this.seek(this.shown + by);
    else this.select(this.current === -1 && by < 0 ? this.length - 1 : Math.max(0, this.current + by));
  }

  /** Begins, from where it stands; from the end, at the beginning. */
  play() {
    if (this.length === 0) return;
    if (!this.replaying) this.seek(this.current > 0 && this.current < this.length - 1 ? this.current + 1 : 0);
    this.playing = true;
    this.changed();
    this.#next();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.#settle();
    this.changed();
  }

  /** Ends the replay: everything is shown. */
  all() {
    this.pause();
    const current = this.current;
    this.seek(this.length, { quietly: true });
    this.select(current, { quietly: true });
  }

  #hide() {
    this.steps.forEach((step, at) => step.classList.toggle("to-come", at >= this.shown));
    for (const message of this.transcript.element.querySelectorAll(".message")) {
      const steps = message.querySelectorAll(".step");
      message.classList.toggle("to-come", steps.length > 0 && [...steps].every((step) => step.classList.contains("to-come")));
    }
  }

  /** Ends what is on its way: a text that grows is whole, a call that works is done. */
  #settle() {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.finish?.();
    this.finish = null;
  }

  #next() {
    if (!this.playing) return;
    if (this.shown >= this.length) {
      this.playing = false;
      announce("The replay is over");
      this.changed();
      return;
    }
    const step = this.steps[this.shown];
    const before = this.steps[this.shown - 1];
    const gap = before ? new Date(step.at ?? 0) - new Date(before.at ?? 0) : 0;
    const wait = Math.min(WAIT.most, Math.max(WAIT.least, Number.isFinite(gap) ? gap : 0)) / this.speed;
    if (step.matches(".call-entry")) {
      // A call is at work for as long as it took, as far as that is bearable.
      this.#show(step);
      step.classList.add("replaying");
      this.finish = () => step.classList.remove("replaying");
      this.timer = setTimeout(() => this.#done(), wait);
      return;
    }
    this.timer = setTimeout(() => {
      this.#show(step);
      if (step.grow && step.closest(".agent") && !this.still.matches) this.#grow(step);
      else this.#done();
    }, wait);
  }

  #show(step) {
    this.shown += 1;
    step.classList.remove("to-come");
    step.closest(".message")?.classList.remove("to-come");
    this.select(this.shown - 1);
  }

  #done() {
    this.finish?.();
    this.finish = null;
    this.#next();
  }

  #grow(step) {
    const text = step.whole;
    const began = performance.now();
    const time = Math.min(LONGEST_TEXT, (text.length / LETTERS) * 1000) / this.speed;
    this.finish = () => step.grow(text);
    const grow = (now) => {
      const part = (now - began) / time;
      if (part >= 1) return this.#done();
      step.grow(text.slice(0, Math.floor(text.length * part)));
      reveal(step, true);
      this.frame = requestAnimationFrame(grow);
      return undefined;
    };
    step.grow("");
    this.frame = requestAnimationFrame(grow);
  }
}

/** Brings a step into sight, its end when it is longer than the window. */
function reveal(step, still) {
  if (!step) return;
  const far = step.getBoundingClientRect();
  // What is far away has no true size before it is shown.
  if (far.top > innerHeight * 3 || far.bottom < -innerHeight * 2) step.scrollIntoView({ block: "center", behavior: "auto" });
  const { top, bottom } = step.getBoundingClientRect();
  const [above, below] = [56, innerHeight - 88];
  let by = 0;
  if (bottom > below) by = bottom - below;
  if (top - by < above && bottom - top < below - above) by = top - above;
  else if (top > below || bottom < above) by = top - above;
  if (by !== 0) scrollBy({ top: by, behavior: still ? "auto" : "smooth" });
}
