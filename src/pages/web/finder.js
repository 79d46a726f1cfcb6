// Finding words in a transcript.
//
// Hits are marked by the browser's highlights, which change no nodes; where it has none, the step that holds the hit is
// shown all the same. What is folded away is searched too, and opened when a hit in it is shown.

/** Most hits that are marked; a search for one letter must not stall a long session. */
const MOST = 2000;

/** A search over the steps of a transcript. */
export class Finder {
  constructor(transcript) {
    this.transcript = transcript;
    this.hits = [];
    this.at = -1;
  }

  /** Looks for words; answers how many hits there are. */
  look(words) {
    this.clear();
    this.words = words.trim().toLowerCase();
    if (!this.words) return 0;
    for (const step of this.transcript.steps()) {
      for (const details of step.querySelectorAll("details.call")) openOnce(details, this.words, this.transcript);
      for (const range of ranges(step, this.words, MOST - this.hits.length)) this.hits.push({ step, range });
      if (this.hits.length >= MOST) break;
    }
    this.#mark();
    return this.hits.length;
  }

  /** The next hit (`1`) or the one before (`-1`), around the end; answers its step. */
  step(by) {
    if (this.hits.length === 0) return null;
    this.at = this.at === -1 && by < 0 ? this.hits.length - 1 : (this.at + by + this.hits.length) % this.hits.length;
    const hit = this.hits[this.at];
    for (let node = hit.range.startContainer.parentElement; node && node !== hit.step.parentElement; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
    }
    return hit.step;
  }

  /** Forgets the search. */
  clear() {
    this.hits = [];
    this.at = -1;
    globalThis.CSS?.highlights?.delete("found");
  }

  #mark() {
    if (!globalThis.CSS?.highlights || typeof Highlight === "undefined") return;
    CSS.highlights.set("found", new Highlight(...this.hits.map((hit) => hit.range)));
  }
}

/** The inside of a call is made when it is opened; so one whose data holds the words is opened. */
function openOnce(details, words, transcript) {
  const id = details.parentElement.id.replace(/^call-/, "");
  const call = transcript.story.calls.get(id);
  if (!call || details.open) return;
  const text = JSON.stringify([call.arguments, call.output, call.error]).toLowerCase();
  if (text.includes(JSON.stringify(words).slice(1, -1))) details.open = true;
}

function ranges(step, words, most) {
  const found = [];
  const walker = document.createTreeWalker(step, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node && found.length < most; node = walker.nextNode()) {
    const text = node.data.toLowerCase();
    // Where lower case has another length, places in it are not places in the text.
    if (text.length !== node.data.length) continue;
    for (let at = text.indexOf(words); at !== -1 && found.length < most; at = text.indexOf(words, at + words.length)) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + words.length);
      found.push(range);
    }
  }
  return found;
}
