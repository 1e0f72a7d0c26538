// Smart fields in a subject. A line of text has no chips in it: they stand beneath it, and with what
// is known one reads there what the subject will say.

import { word } from "./client.js";
import { PLACEHOLDER, askFallback, showValue } from "./field-chips.js";

export class SubjectFields {
  #input;
  #labels;
  #list;
  #reads;
  #values = null;
  // Where the next field goes: the line is its place while it was written in last.
  isWanted = false;

  constructor(input, root, { labels, onWanted }) {
    this.#input = input;
    this.#labels = labels;
    this.#list = document.createElement("div");
    this.#list.className = "subject-fields";
    this.#list.hidden = true;
    this.#list.setAttribute("role", "group");
    this.#list.setAttribute("aria-label", word("subject_fields"));
    this.#reads = document.createElement("span");
    this.#reads.className = "subject-fields__reads truncate";
    this.#reads.dir = "auto";
    (input.closest(".composer__line") ?? input).after(this.#list);
    root.addEventListener("focusin", ({ target }) => {
      if (target === input) this.isWanted = true;
      else if (target.closest(".composer__editor, recipient-field")) this.isWanted = false;
    });
    input.addEventListener("focus", () => (this.isWanted = true));
    input.addEventListener("input", () => {
      if (this.#takeBraces()) onWanted(input);
      this.show();
    });
    this.#list.addEventListener("click", (event) => {
      const chip = event.target.closest(".field-chip");
      if (chip) this.#ask(chip);
    });
    this.show();
  }

  get any() {
    return !this.#list.hidden;
  }

  /** As lists show it: fields by their names. */
  get readable() {
    const name = (whole, field) => (this.#labels[field] ? `[${this.#labels[field].split(": ").at(-1)}]` : whole);
    return this.#input.value.replace(PLACEHOLDER, name);
  }

  set values(values) {
    this.#values = values;
    this.show();
  }

  /** As two braces typed into the text: they make room for what they ask for. */
  #takeBraces() {
    const { value, selectionStart: at } = this.#input;
    if (value.slice(at - 2, at) !== "{{") return false;
    this.#input.setRangeText("", at - 2, at, "end");
    return true;
  }

  insertChip(name) {
    const { selectionStart, selectionEnd } = this.#input;
    this.#input.focus();
    this.#input.setRangeText(`{{${name}}}`, selectionStart, selectionEnd, "end");
    this.#tell();
  }

  #tell() {
    this.#input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  show() {
    const found = [...this.#input.value.matchAll(PLACEHOLDER)];
    this.#list.hidden = !found.length;
    const kept = [...this.#list.querySelectorAll(".field-chip")];
    // A chip that has the focus stays the element that it is.
    const chips = found.map((match, at) => this.#chip(kept[at], match));
    this.#list.replaceChildren(...chips, this.#reads);
    const says = (whole, name, fallback) => this.#values?.[name] || (fallback ?? whole);
    this.#reads.textContent = this.#values && found.length ? word("subject_says", { text: this.#input.value.replace(PLACEHOLDER, says) }) : "";
  }

  #chip(kept, [whole, name, fallback]) {
    const chip = kept ?? document.createElement("button");
    chip.type = "button";
    chip.className = "field-chip";
    chip.dataset.field = name;
    if (fallback === undefined) delete chip.dataset.fallback;
    else chip.dataset.fallback = fallback;
    chip.textContent = this.#labels[name] ?? whole;
    if (this.#values) showValue(chip, this.#values[name]);
    return chip;
  }

  #ask(chip) {
    const at = [...this.#list.querySelectorAll(".field-chip")].indexOf(chip);
    askFallback(chip, {
      value: this.#values?.[chip.dataset.field],
      after: this.#list,
      onAnswer: (fallback) => {
        const match = [...this.#input.value.matchAll(PLACEHOLDER)][at];
        if (!match) return;
        const text = fallback ? `{{${match[1]}|${fallback}}}` : `{{${match[1]}}}`;
        this.#input.setRangeText(text, match.index, match.index + match[0].length, "end");
        this.#tell();
        this.#input.focus();
      },
    });
  }
}
