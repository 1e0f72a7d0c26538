// The sheet behind `?`, drawn from the table of commands when it is asked for.

import { capsMarkup, handle } from "../lib/commands.js";
import { commands } from "../lib/client.js";
import { openDialog } from "../lib/dialogs.js";

class KeyHelp extends HTMLElement {
  connectedCallback() {
    this.release = handle("help", () => this.#open());
  }

  disconnectedCallback() {
    this.release();
  }

  #open() {
    const dialog = this.querySelector("dialog");
    const sheet = this.querySelector(".key-help");
    if (!sheet.children.length) sheet.append(...this.#groups());
    openDialog(dialog, { from: document.activeElement });
    this.querySelector("h2").focus();
  }

  #groups() {
    return [...new Set(commands.map((command) => command.group))].map((name) => {
      const group = document.createElement("section");
      group.className = "key-help__group";
      const heading = document.createElement("h3");
      heading.textContent = name;
      const lines = document.createElement("dl");
      lines.append(...commands.filter((one) => one.group === name).map((one) => this.#line(one)));
      group.append(heading, lines);
      return group;
    });
  }

  #line(command) {
    const line = document.createElement("div");
    line.className = "key-help__line";
    const label = document.createElement("dt");
    label.textContent = command.label;
    const keys = document.createElement("dd");
    keys.className = "cluster";
    keys.append(...command.keys.map(capsMarkup));
    line.append(label, keys);
    return line;
  }
}

customElements.define("key-help", KeyHelp);
