// Light or dark: what the system says, unless somebody chose here.

const KEY = "ombud-theme";

/** Takes up an earlier choice. Where nothing can be kept (a file, a private window), the choice lasts as long as the page. */
export function applyTheme() {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
  } catch {
    // Storage is forbidden here.
  }
}

/** The other one of the two. */
export function switchTheme() {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const next = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
  root.dataset.theme = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // As above.
  }
}
