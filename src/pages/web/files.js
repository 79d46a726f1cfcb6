// Files of the workspace that a session works in: folders to walk through, texts to read.

import { bytes, fill, h, icon, moment } from "./dom.js";
import { code } from "./markdown.js";
import { openDialog } from "./dialogs.js";
import { address, call, reach } from "./house.js";

/** Largest text that is shown; larger ones can be downloaded. */
const LARGEST = 512_000;

/** The files of a session's workspace at a path. `leave()` is called when somebody closes them. */
export class Files {
  constructor(session, leave) {
    this.session = session;
    this.crumbs = h("nav", { class: "crumbs", "aria-label": "Path" });
    this.search = h("input", {
      class: "field", type: "search", placeholder: "Find a file by name", "aria-label": "Find a file by name", autocomplete: "off",
      oninput: () => {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.#find(), 150);
      },
    });
    this.place = h("div", { class: "files-place" });
    this.dialog = openDialog("Workspace", this.search, this.crumbs, this.place);
    this.dialog.classList.add("wide");
    this.dialog.addEventListener("close", () => !this.gone && leave());
  }

  /** Takes the files away without leaving: another address was gone to. */
  close() {
    this.gone = true;
    this.dialog.close();
  }

  #link(path) {
    const words = path.split("/").map(encodeURIComponent).join("/");
    return `#/sessions/${encodeURIComponent(this.session)}/files/${words}`;
  }

  /** Shows what stands at a path. */
  async show(path) {
    const turn = (this.turn = Symbol(path));
    this.search.value = "";
    const words = path.split("/").filter(Boolean);
    fill(
      this.crumbs,
      h("a", { href: this.#link("") }, "workspace"),
      words.map((word, at) => [h("span", { "aria-hidden": "true" }, "/"), h("a", { href: this.#link(words.slice(0, at + 1).join("/")), "aria-current": at === words.length - 1 ? "page" : null }, word)]),
    );
    try {
      const looked = await call("look", { session: this.session, path });
      if (turn !== this.turn) return;
      if (looked.item.kind === "folder") this.#folder(looked.entries);
      else await this.#file(looked.item, turn);
    } catch (error) {
      if (turn === this.turn) this.#failed(error);
    }
  }

  #failed(error) {
    fill(this.place, h("p", { class: "failure" }, error.message), error.hint && h("p", {}, error.hint));
  }

  #folder(entries) {
    if (entries.length === 0) return fill(this.place, h("p", { class: "hint" }, "This folder is empty."));
    return fill(this.place, h("ul", { class: "listing" }, entries.map((item) => this.#row(item, item.name))));
  }

  #row(item, words) {
    const folder = item.kind === "folder";
    return h(
      "li",
      {},
      h("a", { href: this.#link(item.path) }, icon(folder ? "folder" : "file"), h("span", { class: "name" }, words), h("span", { class: "meta" }, folder ? "" : bytes(item.size)), moment(item.modified, "ago")),
    );
  }

  async #find() {
    const text = this.search.value.trim();
    if (!text) return this.show(decodeURIComponent(location.hash.split("/files/")[1] ?? ""));
    const turn = (this.turn = Symbol(text));
    try {
      const { files } = await call("find", { session: this.session, search: { text, kind: null, limit: 60 } });
      if (turn !== this.turn) return null;
      return files.length === 0
        ? fill(this.place, h("p", { class: "hint" }, "No name holds that."))
        : fill(this.place, h("ul", { class: "listing" }, files.map((item) => this.#row(item, item.path))));
    } catch (error) {
      return this.#failed(error);
    }
  }

  async #file(item, turn) {
    const where = address("file", { session: this.session, path: item.path });
    const links = h(
      "div",
      { class: "dialog-foot" },
      h("span", { class: "meta push" }, bytes(item.size), ", changed ", moment(item.modified, "whole")),
      h("a", { class: "button", href: where, target: "_blank", rel: "noopener" }, "Open"),
      h("a", { class: "button", href: where, download: item.name }, "Download"),
    );
    if (item.size > LARGEST) return fill(this.place, links, h("p", { class: "hint" }, "This file is too large to be shown here."));
    const response = await reach(where);
    if (turn !== this.turn) return null;
    if (!response.ok) {
      const { error } = await response.json().catch(() => ({}));
      return fill(this.place, links, h("p", { class: "failure" }, error?.message ?? `the server answered ${response.status}`));
    }
    const content = new Uint8Array(await response.arrayBuffer());
    if (turn !== this.turn) return null;
    if (content.includes(0)) return fill(this.place, links, h("p", { class: "hint" }, "This file is no text."));
    const text = new TextDecoder().decode(content);
    return fill(this.place, links, text === "" ? h("p", { class: "hint" }, "This file is empty.") : code(text, ""));
  }
}
