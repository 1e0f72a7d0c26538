// What is chosen about a mail beside its text: the account and what depends on it, the signature,
// the record that the conversation is linked to.

const LOOK_MS = 200;

export class MailOptions {
  #window;
  #onChange;
  #files;
  #timer;

  constructor(window, { onChange, files }) {
    this.#window = window;
    this.#onChange = onChange;
    this.#files = files;
    this.#showSignature();
    const list = window.querySelector("[data-records]");
    list?.addEventListener("toggle", (event) => event.newState === "open" && this.#look());
    list?.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#look(), LOOK_MS);
    });
    // Enter in the search chooses the first; it does not send the mail.
    list?.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches("[data-records-query]")) return;
      event.preventDefault();
      list.querySelector("[data-link-record]")?.click();
    });
    window.addEventListener("click", (event) => {
      const record = event.target.closest("[data-link-record]");
      if (record) this.#link(record);
      else if (event.target.closest("[data-drop-record]")) this.#unlink();
    });
  }

  /** Something was changed in the form. */
  follow(field) {
    if (field.name === "account") this.#takeAccount(field);
    if (field.name === "signature") this.#showSignature();
  }

  #takeAccount(select) {
    const chosen = select.selectedOptions[0]?.dataset ?? {};
    const { visibility, signature } = this.#window.form.elements;
    const possible = (chosen.visibilities ?? "").split(" ");
    for (const option of visibility.options) {
      option.hidden = option.disabled = Boolean(chosen.visibilities && option.value && !possible.includes(option.value));
    }
    if (chosen.visibility && visibility.options[0].value) visibility.value = chosen.visibility;
    else if (visibility.selectedOptions[0]?.disabled) visibility.value = "";
    signature.value = chosen.signature ?? "";
    this.#showSignature();
    this.#files.tell();
  }

  #showSignature() {
    const place = this.#window.querySelector("[data-signature-text]");
    const text = this.#window.form.elements.signature?.selectedOptions[0]?.dataset.text ?? "";
    place.textContent = text && `-- \n${text}`;
    place.hidden = !text;
  }

  async #look() {
    const list = this.#window.querySelector("[data-records]");
    const field = list.querySelector("[data-records-query]");
    const url = new URL(list.dataset.records, location.href);
    url.searchParams.set("q", field.value.trim());
    url.searchParams.set("to", this.#window.value("to"));
    const response = await fetch(url).catch(() => null);
    if (response?.ok) list.querySelector("[data-records-found]").innerHTML = await response.text();
    if (document.activeElement === document.body || !list.contains(document.activeElement)) field.focus();
  }

  #link(button) {
    const chip = this.#window.querySelector("[data-record-chip]").content.firstElementChild.cloneNode(true);
    chip.prepend(button.querySelector("svg").cloneNode(true));
    chip.querySelector(".chip__text").textContent = button.textContent.trim();
    chip.querySelector("[name=record]").value = button.dataset.linkRecord;
    this.#window.querySelector("[data-record]")?.remove();
    this.#window.querySelector("[data-about]").prepend(chip);
    button.closest("[popover]").hidePopover();
    this.#window.querySelector("[data-choose-record]").toggleAttribute("data-taken", true);
    this.#onChange();
  }

  #unlink() {
    this.#window.querySelector("[data-record]").remove();
    const choose = this.#window.querySelector("[data-choose-record]");
    choose.removeAttribute("data-taken");
    choose.focus();
    this.#onChange();
  }
}
