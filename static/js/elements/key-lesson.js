// Waits for each of the listed keys to be pressed once. They do nothing else here: the lesson
// hears them before the key table does.

import { isTyping } from "../lib/keys.js";

class KeyLesson extends HTMLElement {
  connectedCallback() {
    addEventListener("keydown", this.#onKey, { capture: true });
  }

  disconnectedCallback() {
    removeEventListener("keydown", this.#onKey, { capture: true });
  }

  #onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
    if (document.querySelector("dialog:modal")) return;
    const keys = [...this.querySelectorAll("[data-press]")];
    const pressed = keys.find((one) => one.dataset.press === event.key.toLowerCase());
    if (!pressed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    pressed.dataset.pressed = "";
    this.#say(keys.filter((one) => "pressed" in one.dataset).length, keys.length);
  };

  #say(count, all) {
    const line = this.querySelector("[data-words]");
    const [, some, every] = line.dataset.words.split("|");
    line.textContent = count === all ? every : some.replace("%(count)s", count).replace("%(all)s", all);
    if (count === all) this.querySelector("button[type=submit]").focus();
  }
}

customElements.define("key-lesson", KeyLesson);
