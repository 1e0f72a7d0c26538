// <record-panes>: a list of records beside the one that is open. Marks its row, and says on narrow
// screens which of the two is shown.

class RecordPanes extends HTMLElement {
  connectedCallback() {
    document.addEventListener("htmx:after:swap", this.#mark);
    this.#mark();
  }

  disconnectedCallback() {
    document.removeEventListener("htmx:after:swap", this.#mark);
  }

  #mark = () => {
    const open = this.querySelector("#detail [data-record]")?.dataset.record ?? "";
    this.toggleAttribute("data-open", Boolean(open));
    for (const link of this.querySelectorAll(".row__link")) {
      if (open && link.closest(".row").id === open) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
}

customElements.define("record-panes", RecordPanes);
