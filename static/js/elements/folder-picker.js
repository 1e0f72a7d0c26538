// The folders in a dialog: typing narrows them, arrows walk, Enter takes the first.

class FolderPicker extends HTMLElement {
  connectedCallback() {
    this.addEventListener("input", this.#narrow);
    this.addEventListener("keydown", this.#onKey);
    // This file comes with the dialog; somebody may have been quicker.
    if (this.#field.value) this.#narrow();
  }

  get #field() {
    return this.querySelector("[data-find]");
  }

  get #items() {
    return [...this.querySelectorAll("[data-name]")].filter((item) => !item.hidden);
  }

  #narrow = (event) => {
    // What is looked for is nothing to lose: the dialog may be closed without a question.
    event?.stopPropagation();
    const words = this.#field.value.toLocaleLowerCase().split(/[\s/]+/).filter(Boolean);
    for (const item of this.querySelectorAll("[data-name]")) {
      const name = item.dataset.name.toLocaleLowerCase();
      item.hidden = !words.every((part) => name.includes(part));
      item.removeAttribute("data-next");
    }
    for (const group of this.querySelectorAll("[data-group]")) {
      group.hidden = !group.querySelector("[data-name]:not([hidden])");
    }
    const [first] = this.#items;
    if (words.length) first?.setAttribute("data-next", "");
    const none = this.querySelector("[data-none]");
    none.textContent = first ? "" : none.dataset.text;
  };

  #onKey = (event) => {
    const items = this.#items;
    const at = items.indexOf(document.activeElement);
    if (event.key === "ArrowDown") items[Math.min(at + 1, items.length - 1)]?.focus();
    else if (event.key === "ArrowUp") (items[at - 1] ?? this.#field).focus();
    else if (event.key === "Enter" && at < 0) {
      // Without a word nothing has been chosen.
      if (this.#field.value.trim()) items[0]?.click();
    } else return;
    event.preventDefault();
  };
}

customElements.define("folder-picker", FolderPicker);
