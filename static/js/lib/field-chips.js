// Smart fields in the text: what they will say, amber while nothing is known, and a fallback
// for the reader about whom nothing is known.

import { word } from "./client.js";

export const PLACEHOLDER = /\{\{ ?([a-z_]{1,30}\.[a-z_]{1,30}) ?(?:\|([^{}|\n]{0,200}))?\}\}/g;

export class FieldChips {
  #editor;
  #place;
  #values = null;
  #onChange;

  constructor(editor, place, { onChange }) {
    this.#editor = editor;
    this.#place = place;
    this.#onChange = onChange;
    place.addEventListener("click", (event) => {
      const chip = event.target.closest(".field-chip");
      if (chip) this.#edit(chip);
    });
  }

  get any() {
    return Boolean(this.#place.querySelector(".field-chip"));
  }

  set values(values) {
    this.#values = values;
    this.show();
  }

  show() {
    if (!this.#values) return;
    for (const chip of this.#place.querySelectorAll(".field-chip")) {
      const value = this.#values[chip.dataset.field] ?? "";
      showValue(chip, value);
    }
  }

  #edit(chip) {
    askFallback(chip, {
      value: this.#values?.[chip.dataset.field],
      after: this.#place,
      onAnswer: (fallback) => {
        if (fallback) chip.dataset.fallback = fallback;
        else delete chip.dataset.fallback;
        this.show();
        this.#onChange();
        this.#editor.focus();
      },
    });
  }
}

/** On a chip: what will stand in its place, amber when nothing would. */
export function showValue(chip, value) {
  const unresolved = !value && chip.dataset.fallback === undefined;
  if (chip.hasAttribute("data-unresolved") !== unresolved) chip.toggleAttribute("data-unresolved", unresolved);
  const title = value || (chip.dataset.fallback ?? word("field_unknown"));
  if (chip.title !== title) chip.title = title;
}

/** Says what a field becomes, and asks what to write for who has nothing there. The question stands
 *  in the page behind `after`. */
export function askFallback(chip, { value, after, onAnswer }) {
  const popover = document.createElement("div");
  popover.className = "popover field-popover";
  popover.popover = "auto";
  const shown = document.createElement("p");
  shown.className = "small muted";
  shown.dir = "auto";
  shown.textContent = value ? word("field_says", { value }) : word("field_unknown");
  const label = document.createElement("label");
  label.className = "field";
  const name = document.createElement("span");
  name.className = "field__label";
  name.textContent = word("field_fallback");
  const input = document.createElement("input");
  input.className = "input";
  input.maxLength = 200;
  input.dir = "auto";
  input.value = chip.dataset.fallback ?? "";
  label.append(name, input);
  popover.append(shown, label);
  after.after(popover);
  popover.showPopover();
  const box = chip.getBoundingClientRect();
  popover.style.insetInlineStart = `${Math.max(8, Math.min(box.left, innerWidth - popover.offsetWidth - 8))}px`;
  popover.style.insetBlockStart = `${Math.min(box.bottom + 4, innerHeight - popover.offsetHeight - 8)}px`;
  input.focus();
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    popover.hidePopover();
  });
  popover.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    popover.remove();
    onAnswer(input.value.replace(/[{}|\n]/g, "").trim());
  });
}
