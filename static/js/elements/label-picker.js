// The popover of labels: they come when it opens, typing narrows them and offers to make what is
// not there, arrows walk, Enter takes the first.

class LabelPicker extends HTMLElement {
  // Enter came before the labels did.
  #isAwaited = false;

  connectedCallback() {
    this.addEventListener("input", this.#narrow);
    this.addEventListener("keydown", this.#onKey);
    this.addEventListener("toggle", this.#onToggle);
    this.addEventListener("htmx:after:swap", this.#onCome);
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
    this.#isAwaited = false;
    window.htmx.trigger(this.querySelector("[data-choices]"), "opened");
  };

  #onCome = () => {
    this.#narrow();
    if (this.#isAwaited) this.#takeFirst();
  };

  #narrow = () => {
    const make = this.querySelector("[data-make]");
    if (!make) return;
    const typed = this.#field.value.trim().replace(/\s+/g, " ");
    const wanted = typed.toLocaleLowerCase();
    let isThere = !wanted;
    for (const item of this.querySelectorAll("[data-name]")) {
      const name = item.dataset.name.toLocaleLowerCase();
      item.hidden = !name.includes(wanted);
      isThere ||= name === wanted;
    }
    make.hidden = isThere;
    make.value = typed;
    make.querySelector("[data-made]").textContent = typed;
    const [first] = this.#items;
    for (const item of this.querySelectorAll(".menu__item")) {
      item.toggleAttribute("data-next", Boolean(wanted) && item === first);
    }
  };

  #takeFirst() {
    this.#isAwaited = !this.querySelector("[data-make]");
    this.#items.find((item) => item.matches("button"))?.click();
  }

  #onKey = (event) => {
    const items = this.#items;
    const at = items.indexOf(document.activeElement);
    if (event.key === "ArrowDown") items[Math.min(at + 1, items.length - 1)]?.focus();
    else if (event.key === "ArrowUp") (items[at - 1] ?? this.#field).focus();
    else if (event.key === "Enter" && at < 0) this.#takeFirst();
    else return;
    event.preventDefault();
  };
}

customElements.define("label-picker", LabelPicker);
