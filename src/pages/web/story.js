// The fold of the viewer: native frames in, what is to be shown out. No DOM here.
//
// It takes facts in the order of the log, and deltas where there are any. What it holds after the same facts is the same,
// whether they came live, late or from a file: a message that is being written stands apart (`open`) until it is
// completed, and only then gets its place in the order of the log.

const encoder = new TextEncoder();

/** What a session amounts to, for people. */
export class Story {
  constructor() {
    this.session = {};
    /** In the order of the log: messages, ends of runs, notices, … each with `key`, `kind`, `seq`, `at`. */
    this.entries = [];
    /** Messages that are being written, by id. */
    this.open = new Map();
    /** Calls of tools by id. */
    this.calls = new Map();
    /** Runs by id. */
    this.runs = new Map();
    /** Where to go on after a lost connection. */
    this.seq = 0;
    this.deleted = false;
    this.#changed = new Set();
  }

  #changed;

  /** Takes a frame. */
  take(frame) {
    if (frame.seq !== undefined) {
      // A fact that comes again, after a reconnect, is known.
      if (frame.seq <= this.seq) return;
      this.seq = frame.seq;
    }
    const take = TAKERS[frame.type];
    if (take) take(this, frame);
    else if (frame.seq !== undefined) this.add({ kind: "unknown", name: String(frame.type) }, frame);
  }

  /** Keys of entries that changed since this was asked last; `null` among them = all. */
  changes() {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  /** What is being done now, the oldest first. */
  activeRuns() {
    return [...this.runs.values()].filter((run) => !run.outcome);
  }

  /** The title; without one, what was said first. */
  title() {
    if (this.session.title) return this.session.title;
    const said = this.entries.find((entry) => entry.kind === "message" && entry.author?.kind === "person");
    return titleOf(said?.parts?.find((part) => part.kind === "text")?.text ?? "");
  }

  /** Sum of what the runs used. */
  usage() {
    const sum = { input_tokens: 0, output_tokens: 0, cached_tokens: 0, reasoning_tokens: 0 };
    for (const run of this.runs.values()) {
      for (const name of Object.keys(sum)) sum[name] += run.usage?.[name] ?? 0;
      if (run.usage?.cost_usd) sum.cost_usd = (sum.cost_usd ?? 0) + run.usage.cost_usd;
    }
    return sum;
  }

  /** An entry at the end of the log. */
  add(entry, frame) {
    const full = { key: `f-${frame.seq}`, seq: frame.seq, at: frame.at, run: frame.run, actor: frame.actor, ...entry };
    this.entries.push(full);
    this.touch(full.key);
    return full;
  }

  touch(key) {
    this.#changed.add(key);
  }

  /** A run, known or not: a page may begin in its middle. */
  run(id) {
    if (!this.runs.has(id)) this.runs.set(id, { id, status: "running" });
    return this.runs.get(id);
  }

  /** A call, known or not. */
  call(id) {
    if (!this.calls.has(id)) this.calls.set(id, { id, name: "", status: "called" });
    return this.calls.get(id);
  }
}

const TAKERS = {
  "session.created"(story, fact) {
    const { title, labels, agent, workspace, model, incarnation } = fact;
    story.session = { title, labels: labels ?? {}, agent, workspace, model, incarnation, created_at: fact.at };
    story.touch("session");
  },
  "session.updated"(story, fact) {
    for (const name of ["title", "labels", "agent", "workspace", "model"]) {
      if (fact[name] !== undefined) story.session[name] = fact[name];
    }
    story.touch("session");
    const words = [];
    if (fact.title !== undefined) words.push(fact.title ? `renamed to “${fact.title}”` : "title removed");
    if (fact.model !== undefined) words.push(fact.model ? `model set to ${fact.model}` : "model set back to the agent’s");
    if (fact.agent !== undefined) words.push(`agent set to ${fact.agent}`);
    if (words.length > 0) story.add({ kind: "event", text: words.join(", ") }, fact);
  },
  "session.restored"(story, fact) {
    story.entries = [];
    story.open.clear();
    story.calls.clear();
    story.add({ kind: "event", text: "history replaced" }, fact);
    story.touch(null);
  },
  "session.cleared"(story, fact) {
    story.entries = [];
    story.open.clear();
    story.calls.clear();
    story.add({ kind: "event", text: fact.then === "expired" ? "session expired" : "history cleared" }, fact);
    story.touch(null);
  },
  "session.rewound"(story, fact) {
    const isLeft = (entry) => entry.seq === undefined || entry.seq <= fact.after_seq;
    story.entries = story.entries.filter(isLeft);
    story.open.clear();
    story.add({ kind: "event", text: fact.after ? "went back to here" : "went back to the beginning" }, fact);
    story.touch(null);
  },
  "session.deleted"(story, fact) {
    story.deleted = true;
    story.add({ kind: "event", text: "session deleted" }, fact);
    story.touch("session");
  },
  "run.queued"(story, fact) {
    Object.assign(story.run(fact.run), {
      status: "queued", agent: fact.agent, queued_at: fact.at, input: fact.input, model: fact.pins?.model,
    });
    story.touch("session");
  },
  "run.started"(story, fact) {
    const run = story.run(fact.run);
    Object.assign(run, { status: "running", agent: fact.agent, model: fact.model, attempt: fact.attempt });
    run.started_at ??= fact.at;
    story.touch("session");
  },
  "run.waiting"(story, fact) {
    Object.assign(story.run(fact.run), { status: "waiting", deadline: fact.deadline });
    story.touch("session");
  },
  "run.cancel_requested"(story, fact) {
    story.run(fact.run).cancelling = true;
    story.add({ kind: "event", text: `asked to stop${reason(fact.reason)}` }, fact);
    story.touch("session");
  },
  "run.finished"(story, fact) {
    const { agent, outcome, model, rounds, tool_calls, usage, elapsed_ms, error } = fact;
    const end = { agent, outcome, model, rounds, tool_calls, usage, elapsed_ms, error };
    Object.assign(story.run(fact.run), end, { status: outcome, finished_at: fact.at });
    dropOpen(story, (message) => message.run === fact.run);
    // Calls without an answer will get none.
    for (const call of story.calls.values()) {
      if (call.run !== fact.run || (call.status !== "called" && call.status !== "written")) continue;
      call.status = "cancelled";
      story.touch(call.key);
    }
    story.add({ kind: "end", ...end }, fact);
    story.touch("session");
  },
  "message.posted"(story, fact) {
    addMessage(story, fact, fact.message ?? {});
  },
  "message.imported"(story, fact) {
    addMessage(story, fact, fact.message ?? {});
    for (const returned of fact.returns ?? []) takeReturn(story, { ...returned, call_id: returned.id, at: fact.at });
  },
  "message.completed"(story, fact) {
    dropOpen(story, (message) => message.id === fact.message_id);
    const { parts, agent, finish, usage, model, round, first_token_ms, elapsed_ms, thread } = fact;
    const author = { kind: "agent", name: agent ?? fact.actor?.name };
    addMessage(story, fact, {
      id: fact.message_id, author, parts, finish, usage, model, round, first_token_ms, elapsed_ms, thread,
    });
  },
  "message.abandoned"(story, fact) {
    dropOpen(story, (message) => message.id === fact.message_id);
    story.add({ kind: "event", text: `began again${reason(fact.reason)}` }, fact);
  },
  "tool.called"(story, fact) {
    const call = story.call(fact.call_id);
    Object.assign(call, {
      name: fact.name, arguments: fact.arguments, place: fact.place, description: fact.description, run: fact.run,
      called_at: fact.at, status: call.status === "written" ? "called" : call.status,
    });
    placeCall(story, call, fact);
  },
  "tool.returned"(story, fact) {
    takeReturn(story, fact);
  },
  "step.started"(story, fact) {
    story.add({ kind: "event", text: `step ${Number(fact.step) + 1} (${fact.kind})` }, fact);
  },
  "step.finished"() {},
  notice(story, fact) {
    story.add({ kind: "notice", code: fact.code, text: fact.message }, fact);
  },
  "part.opened"(story, delta) {
    const message = openMessage(story, delta);
    const part = { ...delta.part, text: "", size: 0, open: true };
    if (part.kind === "tool_call") {
      const call = story.call(part.id);
      Object.assign(call, { name: part.name, run: delta.run, key: message.key });
      if (call.status === "called") call.status = "written";
    }
    message.parts[delta.index] = part;
    story.touch(message.key);
  },
  "part.grew"(story, delta) {
    const message = openMessage(story, delta);
    const part = (message.parts[delta.index] ??= { kind: "text", text: "", size: 0, open: true });
    const text = newText(part, delta);
    part.text += text;
    part.size += encoder.encode(text).length;
    story.touch(message.key);
  },
  "part.closed"(story, delta) {
    const message = openMessage(story, delta);
    const part = message.parts[delta.index];
    if (part) part.open = false;
    story.touch(message.key);
  },
};

/** What a text would be called: the beginning of its first line. */
export function titleOf(text) {
  const line = text.trimStart().split("\n", 1)[0].trim();
  return line.length > 80 ? `${line.slice(0, 79).trimEnd()}…` : line;
}

function reason(words) {
  return words ? `: ${words}` : "";
}

/** The part of a piece that is not there yet. Offsets count bytes of UTF-8; a piece comes again only from where one began. */
function newText(part, delta) {
  const offset = delta.offset ?? part.size;
  const text = delta.text ?? "";
  if (offset >= part.size) return text;
  const whole = encoder.encode(text);
  const known = part.size - offset;
  return known >= whole.length ? "" : new TextDecoder().decode(whole.slice(known));
}

function openMessage(story, delta) {
  let message = story.open.get(delta.message_id);
  if (!message) {
    message = {
      key: `m-${delta.message_id}`, kind: "message", id: delta.message_id, run: delta.run, at: delta.at, open: true,
      author: { kind: "agent", name: delta.agent }, parts: [], model: story.runs.get(delta.run)?.model,
    };
    story.open.set(delta.message_id, message);
  }
  return message;
}

function dropOpen(story, which) {
  for (const message of [...story.open.values()].filter(which)) {
    story.open.delete(message.id);
    story.touch(message.key);
  }
}

function addMessage(story, fact, message) {
  const entry = story.add({ kind: "message", ...message, key: `m-${message.id}`, at: message.at ?? fact.at }, fact);
  entry.parts = (message.parts ?? []).filter(Boolean);
  for (const part of entry.parts) {
    if (part.kind !== "tool_call") continue;
    const call = story.call(part.id);
    Object.assign(call, { name: part.name, arguments: part.arguments, run: fact.run, key: entry.key });
    call.status = call.status === "written" ? "called" : call.status;
  }
}

/** A call stands in the message that asked for it; where that is not known, it stands alone. */
function placeCall(story, call, fact) {
  if (!call.key) {
    const entry = story.add({ kind: "message", key: `c-${call.id}`, author: { kind: "agent", name: fact.actor?.name } }, fact);
    entry.parts = [{ kind: "tool_call", id: call.id, name: fact.name, arguments: fact.arguments }];
    call.key = entry.key;
  }
  story.touch(call.key);
}

function takeReturn(story, fact) {
  const call = story.call(fact.call_id);
  const { status, output, error, blob, elapsed_ms } = fact;
  Object.assign(call, { status: status ?? "ok", output, error, blob, elapsed_ms, returned_at: fact.at });
  call.name ||= fact.name;
  call.arguments ??= fact.arguments;
  placeCall(story, call, fact);
}
