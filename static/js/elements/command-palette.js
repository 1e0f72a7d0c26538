// Ctrl/⌘ K: the commands that apply here, places to go, and what the server finds.

import { capsMarkup, handle, isAvailable, run } from "../lib/commands.js";
import { commands, iconMarkup, word } from "../lib/client.js";
import { openDialog } from "../lib/dialogs.js";

const SEARCH_MS = 150;
const MOST_RECENT = 4;

class CommandPalette extends HTMLElement {
  #recent = [];
  #timer;
  #asked;
  #available = [];
  #found = "";

  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.input = this.querySelector("input");
    this.list = this.querySelector("[role='listbox']");
    this.none = this.querySelector(".palette__none");
    this.input.addEventListener("input", () => this.#onInput());
    this.input.addEventListener("keydown", (event) => this.#onKey(event));
    this.list.addEventListener("click", (event) => this.#choose(event.target.closest("[role='option']"), event));
    this.release = handle("palette", () => this.#open());
  }

  disconnectedCallback() {
    this.release();
  }

  #open() {
    if (this.dialog.open) return this.dialog.close();
    if (document.querySelector("dialog:modal")) return false;
    // Asked now: an open dialog makes everything else unreachable.
    this.#available = commands.filter((command) => command.id !== "palette" && isAvailable(command));
    this.#found = "";
    this.input.value = "";
    this.#draw();
    openDialog(this.dialog, { from: document.activeElement });
    this.input.focus();
  }

  #onInput() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.#found = "";
    this.#draw();
    const query = this.input.value.trim();
    if (this.dataset.search && query.length > 1) {
      this.#timer = setTimeout(() => this.#search(query), SEARCH_MS);
    }
  }

  async #search(query) {
    this.#asked = new AbortController();
    try {
      const answer = await fetch(`${this.dataset.search}?q=${encodeURIComponent(query)}`, {
        headers: { "HX-Request": "true" },
        signal: this.#asked.signal,
      });
      this.#found = answer.ok ? await answer.text() : "";
    } catch {
      this.#found = "";
    }
    if (this.input.value.trim() === query) this.#draw();
  }

  #draw() {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (command) => {
      const text = `${command.label} ${command.group}`.toLowerCase();
      return words.every((one) => text.includes(one));
    };
    const fitting = this.#available.filter(fits);
    const recent = words.length ? [] : fitting.filter((one) => this.#recent.includes(one.id));
    const rest = fitting.filter((one) => !recent.includes(one));
    this.list.replaceChildren();
    this.#group(word("recent"), recent);
    this.#group(word("commands"), rest.filter((one) => !one.id.startsWith("go-")));
    this.#group(word("go_to"), rest.filter((one) => one.id.startsWith("go-")));
    if (this.#found.trim()) this.#results();
    this.#options().forEach((option, index) => (option.id = `palette-option-${index}`));
    this.none.hidden = this.#options().length > 0;
    this.#mark(this.#options()[0]);
  }

  #group(label, members) {
    if (!members.length) return;
    const group = this.#heading(label);
    for (const command of members) {
      const option = document.createElement("div");
      option.className = "palette__item";
      option.setAttribute("role", "option");
      option.dataset.command = command.id;
      const text = document.createElement("span");
      text.textContent = command.label;
      option.append(iconMarkup(command.icon), text, capsMarkup(command.keys[0]));
      group.append(option);
    }
  }

  /** The server answers with links `<a class="palette__item" href="…">`. */
  #results() {
    const group = this.#heading(word("results"));
    const parsed = new DOMParser().parseFromString(this.#found, "text/html");
    for (const link of parsed.querySelectorAll("a.palette__item")) {
      link.setAttribute("role", "option");
      link.tabIndex = -1;
      group.append(document.adoptNode(link));
    }
    if (group.children.length === 1) group.remove();
  }

  #heading(label) {
    const group = document.createElement("div");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", label);
    const heading = document.createElement("div");
    heading.className = "palette__group";
    heading.setAttribute("role", "presentation");
    heading.textContent = label;
    group.append(heading);
    this.list.append(group);
    return group;
  }

  #options() {
    return [...this.list.querySelectorAll("[role='option']")];
  }

  #mark(option) {
    for (const one of this.#options()) one.setAttribute("aria-selected", String(one === option));
    if (option) {
      this.input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else this.input.removeAttribute("aria-activedescendant");
  }

  #onKey(event) {
    if (event.isComposing) return;
    const options = this.#options();
    const at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (event.key in steps && options.length) {
      const next = at + steps[event.key];
      const wraps = Math.abs(steps[event.key]) === 1;
      const index = wraps ? (next + options.length) % options.length : Math.max(0, Math.min(next, options.length - 1));
      this.#mark(options[index]);
      event.preventDefault();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.#choose(options[at], event);
    }
  }

  #choose(option, event) {
    if (!option) return;
    if (option.href) {
      if (event.type !== "click") option.click();
      return;
    }
    const id = option.dataset.command;
    this.#recent = [id, ...this.#recent.filter((one) => one !== id)].slice(0, MOST_RECENT);
    this.dialog.close();
    // The close event gives the focus back, and the command may depend on where that is.
    setTimeout(() => run(id));
  }
}

customElements.define("command-palette", CommandPalette);
