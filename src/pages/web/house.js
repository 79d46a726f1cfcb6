// The house behind the console: its verbs, as `POST /ombud/v1/VERB`, and addresses of its bytes.

/** Where the server's own paths begin: this file is `console/house.js` below it, also behind a proxy that adds a prefix. */
const ROOT = new URL("../", import.meta.url);

/** What the house answered instead. */
export class Refusal extends Error {
  constructor(status, { code, cause, message, hint } = {}) {
    super(message || `the server answered ${status}`);
    Object.assign(this, { status, code, cause, hint });
  }
}

let unlock = null;
let unlocking = null;

/** Who is asked for a token when the house wants one; answers when there is a new one. */
export function lockedBy(ask) {
  unlock = ask;
}

/** Waits for a token: one prompt, however many requests need it. */
export async function unlocked() {
  unlocking ??= unlock().finally(() => (unlocking = null));
  await unlocking;
}

/** Calls a verb; answers what it gives. */
export async function call(verb, body = {}, { signal } = {}) {
  for (;;) {
    const response = await reach(`ombud/v1/${verb}`, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal,
    });
    if (response.status === 401) {
      await unlocked();
      continue;
    }
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Refusal(response.status, answer.error);
    return answer;
  }
}

/** Fetches below the root of the server. */
export async function reach(path, options = {}) {
  try {
    return await fetch(new URL(path, ROOT), { credentials: "same-origin", cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, { code: "unavailable", message: "The server cannot be reached.", hint: "Is `ombud serve` running?" });
  }
}

/** The address of what a GET of the house gives. */
export function address(name, parameters) {
  const url = new URL(`ombud/v1/${name}`, ROOT);
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null) url.searchParams.set(key, value);
  }
  return url.href;
}

/** Gives a token to the server, which keeps it in a cookie that no script can read; true when it is right. */
export async function present(token) {
  await reach(`?token=${encodeURIComponent(token)}`);
  const response = await reach("ombud/v1/health", {
    method: "POST", headers: { "content-type": "application/json" }, body: "{}",
  });
  return response.status !== 401;
}
