// Streams of the house: Server-Sent Events that go on where they broke off.
//
// Not the browser's own `EventSource`: that cannot tell a refusal from a lost connection, and gives up on the first.

import { Refusal, address, unlocked } from "./house.js";

/** Waits between attempts, in milliseconds; the last one is kept. */
const WAITS = [250, 500, 1000, 2000, 4000, 8000];
/** The house gives a sign of life more often than this; without one the connection is dead. */
const SILENCE = 60_000;
/** A page that nobody sees gives its connections back after this: a browser has few of them for one server. */
const UNSEEN = 5_000;

/**
 * Follows a stream. `on.frame(data)` gets what comes, `on.state(word)` hears `connecting`, `live` or `lost`,
 * `on.end(error)` is called once, when going on makes no sense. Answers what stops it.
 */
export function follow(name, parameters, on) {
  const stream = { name, parameters, on, cursor: parameters.after ?? null, failures: 0, over: false };
  const look = () => (document.hidden ? sleepSoon(stream) : wake(stream));
  document.addEventListener("visibilitychange", look);
  const online = () => stream.pause?.();
  addEventListener("online", online);
  run(stream);
  return () => {
    stream.over = true;
    document.removeEventListener("visibilitychange", look);
    removeEventListener("online", online);
    clearTimeout(stream.nap);
    stream.abort?.abort();
    stream.pause?.();
    stream.rouse?.();
  };
}

function sleepSoon(stream) {
  clearTimeout(stream.nap);
  stream.nap = setTimeout(() => {
    stream.asleep = true;
    stream.abort?.abort();
  }, UNSEEN);
}

function wake(stream) {
  clearTimeout(stream.nap);
  stream.asleep = false;
  stream.failures = 0;
  stream.rouse?.();
}

async function run(stream) {
  const { on } = stream;
  while (!stream.over) {
    if (stream.asleep) await new Promise((resolve) => (stream.rouse = resolve));
    if (stream.over) return;
    on.state?.(stream.failures === 0 ? "connecting" : "lost");
    try {
      await connect(stream);
      // The server ended it: it leaves, or it has nothing more.
      stream.failures += 1;
    } catch (error) {
      if (stream.over) return;
      if (error instanceof Refusal) {
        if (error.status === 401) {
          await unlocked();
          continue;
        }
        if (error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429) {
          stream.over = true;
          on.end?.(error);
          return;
        }
      }
      if (!stream.asleep) stream.failures += 1;
    }
    if (stream.over || stream.asleep) continue;
    on.state?.("lost");
    const wait = WAITS[Math.min(stream.failures, WAITS.length) - 1] ?? WAITS[0];
    // Spread a little: after a restart not every page comes back in the same moment.
    await new Promise((resolve) => {
      stream.pause = resolve;
      setTimeout(resolve, wait * (0.75 + Math.random() / 2));
    });
  }
}

async function connect(stream) {
  stream.abort = new AbortController();
  const headers = { accept: "text/event-stream" };
  if (stream.cursor) headers["last-event-id"] = stream.cursor;
  const watch = setWatch(stream.abort);
  try {
    const response = await fetch(address(stream.name, { ...stream.parameters, after: undefined }), {
      headers, credentials: "same-origin", cache: "no-store", signal: stream.abort.signal,
    });
    if (!response.ok) {
      const answer = await response.json().catch(() => ({}));
      throw new Refusal(response.status, answer.error);
    }
    stream.on.state?.("live");
    stream.failures = 0;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      watch.reset();
      rest = takeBlocks(stream, rest + value);
    }
  } finally {
    watch.end();
  }
}

/** Takes the whole blocks of what has come; answers the beginning of the next one. */
function takeBlocks(stream, text) {
  const blocks = text.split("\n\n");
  const rest = blocks.pop();
  for (const block of blocks) {
    let event = "message";
    let id = null;
    const data = [];
    for (const line of block.split("\n")) {
      if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
      else if (line.startsWith("id:")) id = line.slice(3).trim();
      else if (line.startsWith("event:")) event = line.slice(6).trim();
    }
    if (data.length === 0) continue;
    const value = JSON.parse(data.join("\n"));
    if (event === "failed") throw new Refusal(503, value.error ?? value);
    stream.on.frame(value);
    if (id) stream.cursor = id;
  }
  return rest;
}

function setWatch(abort) {
  let timer = null;
  const reset = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(), SILENCE);
  };
  reset();
  return { reset, end: () => clearTimeout(timer) };
}
