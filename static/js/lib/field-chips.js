// Smart fields in the text: what they will say, amber while nothing is known, and a fallback
// for the reader about whom nothing is known.

import { word } from "./client.js";

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
      const unresolved = !value && chip.dataset.fallback === undefined;
      if (chip.hasAttribute("data-unresolved") !== unresolved) chip.toggleAttribute("data-unresolved", unresolved);
      const title = value || (chip.dataset.fallback ?? word("field_unknown"));
      if (chip.title !== title) chip.title = title;
    }
  }

  #edit(chip) {
    const popover = document.createElement("div");
    popover.className = "popover field-popover";
    popover.popover = "auto";
    const shown = document.createElement("p");
    shown.className = "small muted";
    shown.dir = "auto";
    const value = this.#values?.[chip.dataset.field];
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
    this.#place.after(popover);
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
      const fallback = input.value.replace(/[{}|\n]/g, "").trim();
      if (fallback) chip.dataset.fallback = fallback;
      else delete chip.dataset.fallback;
      popover.remove();
      this.show();
      this.#onChange();
      this.#editor.focus();
    });
  }
}
