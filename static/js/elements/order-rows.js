// <order-rows>: rows of a form that are put in order by buttons. What is saved is the number in
// each row; without script that is what one types.

class OrderRows extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this);
  }

  handleEvent(event) {
    const button = event.target.closest("[data-step]");
    if (!button) return;
    const row = button.closest("tr");
    const numbered = [...this.querySelectorAll("tr:has([data-step])")];
    const other = numbered[numbered.indexOf(row) + Number(button.dataset.step)];
    if (!other) return;
    if (button.dataset.step === "-1") other.before(row);
    else other.after(row);
    this.querySelectorAll("tr:has([data-step]) [name$='-ORDER']").forEach((input, index) => {
      input.value = index + 1;
    });
    button.focus();
  }
}

customElements.define("order-rows", OrderRows);
