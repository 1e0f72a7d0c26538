// <inline-edit>: one fact of a record in place. Opens with its field in focus; Escape is Cancel.

class InlineEdit extends HTMLElement {
  connectedCallback() {
    const field =
      this.querySelector("[aria-invalid='true']") ??
      this.querySelector("input:not([type=hidden]), select, textarea");
    field?.focus();
    field?.select?.();
    this.addEventListener("keydown", this);
  }

  handleEvent(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    this.querySelector("[data-cancel]").click();
  }
}

customElements.define("inline-edit", InlineEdit);
