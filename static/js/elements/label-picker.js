// The popover of labels: typing narrows it and offers to make what is not there, arrows walk it,
// Enter takes the first.

class LabelPicker extends HTMLElement {
  connectedCallback() {
    this.addEventListener("input", this.#narrow);
    this.addEventListener("keydown", this.#onKey);
    this.addEventListener("toggle", this.#onToggle);
    this.addEventListener("click", (event) => event.target.closest("button") && this.hidePopover());
  }

  get #field() {
    return this.querySelector("[data-find]");
  }

  get #items() {
    return [...this.querySelectorAll(".menu__item")].filter((item) => !item.hidden);
  }

  #onToggle = (event) => {
    if (event.newState !== "open") return;
    this.#field.value = "";
    this.#narrow();
  };

  #narrow = () => {
    const typed = this.#field.value.trim().replace(/\s+/g, " ");
    const wanted = typed.toLocaleLowerCase();
    let isThere = !wanted;
    for (const item of this.querySelectorAll("[data-name]")) {
      const name = item.dataset.name.toLocaleLowerCase();
      item.hidden = !name.includes(wanted);
      isThere ||= name === wanted;
    }
    const make = this.querySelector("[data-make]");
    make.hidden = isThere;
    make.value = typed;
    make.querySelector("[data-made]").textContent = typed;
    const [first] = this.#items;
    for (const item of this.querySelectorAll(".menu__item")) {
      item.toggleAttribute("data-next", Boolean(wanted) && item === first);
    }
  };

  #onKey = (event) => {
    const items = this.#items;
    const at = items.indexOf(document.activeElement);
    if (event.key === "ArrowDown") items[Math.min(at + 1, items.length - 1)]?.focus();
    else if (event.key === "ArrowUp") (items[at - 1] ?? this.#field).focus();
    else if (event.key === "Enter" && at < 0) items[0]?.click();
    else return;
    event.preventDefault();
  };
}

customElements.define("label-picker", LabelPicker);
