// Templates in the compose window: put into the text, and made of it.

export class MailTexts {
  #window;
  #onChange;
  #files;

  constructor(window, { onChange, files }) {
    this.#window = window;
    this.#onChange = onChange;
    this.#files = files;
    window.addEventListener("click", (event) => {
      const use = event.target.closest("[data-use-template]");
      const save = event.target.closest("[data-save-template]");
      if (use) this.#use(use);
      else if (save) this.#save(save);
    });
    window.addEventListener("input", (event) => {
      if (event.target.matches("[data-find-template]")) this.#find(event.target);
    });
    // Enter takes the first that is left; it does not send the mail.
    window.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches("[data-find-template]")) return;
      event.preventDefault();
      event.target.closest("[popover]").querySelector("[data-use-template]:not([hidden])")?.click();
    });
  }

  #find(field) {
    const wanted = field.value.trim().toLocaleLowerCase();
    for (const one of field.closest("[popover]").querySelectorAll("[data-use-template]")) {
      one.hidden = !one.textContent.toLocaleLowerCase().includes(wanted);
    }
  }

  async #use(button) {
    button.closest("[popover]").hidePopover();
    const body = new FormData();
    if ("withFiles" in button.dataset) {
      // Its files become the mail's own, so the mail has to be there.
      if (!this.#window.key) await this.#window.save();
      body.set("mail", this.#window.key);
    }
    const answer = await this.#window.ask(button.dataset.useTemplate, body);
    if (!answer) return;
    const { subject } = this.#window.form.elements;
    if (!subject.value.trim()) subject.value = answer.subject;
    this.#window.editor.insertHTML(answer.html);
    this.#files.add(answer.files);
    this.#onChange();
  }

  /** Opens the page of a new template with what is written here. */
  #save(button) {
    const form = document.createElement("form");
    form.method = "post";
    form.action = `${button.dataset.url}?from=mail`;
    const fields = {};
    const add = (name, value) => {
      fields[name] ??= Object.assign(document.createElement("input"), { type: "hidden", name });
      fields[name].value = value;
      form.append(fields[name]);
    };
    add("csrfmiddlewaretoken", this.#window.value("csrfmiddlewaretoken"));
    add("subject", this.#window.value("subject"));
    add("html", this.#window.editor.getHTML());
    add("format", "html");
    document.body.append(form);
    this.#window.save().then(() => {
      add("mail", this.#window.key);
      form.submit();
    });
  }
}
