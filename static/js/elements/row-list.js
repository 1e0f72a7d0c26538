// <row-list>: several texts in rows. Adds a row like the last one; without script the page has
// one to spare.

class RowList extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this);
  }

  handleEvent(event) {
    if (!event.target.closest(".row-list__add")) return;
    const rows = [...this.querySelectorAll(".row-list__row")];
    const empty = rows.find((row) => !row.querySelector(".input").value);
    (empty ?? this.addRow(rows.at(-1), rows.length)).querySelector(".input").focus();
  }

  addRow(last, number) {
    const row = last.cloneNode(true);
    const input = row.querySelector(".input");
    input.value = "";
    for (const name of ["id", "aria-invalid", "aria-describedby"]) input.removeAttribute(name);
    const main = row.querySelector("[type=radio]");
    if (main) {
      main.value = String(number);
      main.checked = false;
    }
    last.after(row);
    return row;
  }
}

customElements.define("row-list", RowList);
