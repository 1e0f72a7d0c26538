// The formatting bar over a mail editor, and the lists it opens: fields, links. Used by the
// compose window and by the pages of templates and signatures.

export class Toolbar {
  #root;
  #editor;
  #bar;
  #onFiles;
  #subject;

  /** `subject` takes the smart fields that are meant for it. */
  constructor(root, editor, { onFiles, subject } = {}) {
    this.#root = root;
    this.#editor = editor;
    this.#onFiles = onFiles;
    this.#subject = subject;
    this.#bar = root.querySelector("[data-toolbar]");
    for (const element of root.querySelectorAll("[data-needs-editor]")) element.hidden = false;
    this.#roving();
    root.addEventListener("click", this.#onClick);
    // A press on a button must not take the selection out of the text.
    this.#bar.addEventListener("mousedown", (event) => event.target.closest("input") || event.preventDefault());
    const link = root.querySelector("[data-link]");
    link?.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.#setLink();
    });
    root.querySelector("[data-picture-file]")?.addEventListener("change", (event) => {
      this.#onFiles?.([...event.target.files]);
      event.target.value = "";
    });
  }

  #onClick = (event) => {
    const on = (selector) => event.target.closest(selector);
    if (on("[data-format]")) this.#format(on("[data-format]"));
    else if (on("[data-link-set]")) this.#setLink();
    else if (on("[data-picture]")) this.#root.querySelector("[data-picture-file]").click();
    else if (on("[data-insert-field]")) this.#insertField(on("[data-insert-field]").dataset.insertField);
  };

  #insertField(name) {
    (this.#subject?.isWanted ? this.#subject : this.#editor).insertChip(name);
  }

  #format(button) {
    const { format, value } = button.dataset;
    if (format === "link") return void this.#openLink(button);
    this.#editor.format(format, value);
    this.show();
  }

  #openLink(button) {
    if (this.#editor.state().link) return void this.#editor.format("unlink");
    const popover = this.#root.querySelector("[data-link]");
    this.#editor.keepSelection();
    popover.showPopover({ source: button });
    const box = button.getBoundingClientRect();
    popover.style.insetInlineStart = `${Math.max(8, Math.min(box.left, innerWidth - popover.offsetWidth - 8))}px`;
    popover.style.insetBlockStart = `${Math.max(8, box.top - popover.offsetHeight - 8)}px`;
    popover.querySelector("input").focus();
  }

  #setLink() {
    const popover = this.#root.querySelector("[data-link]");
    const field = popover.querySelector("input");
    const url = field.value.trim();
    popover.hidePopover();
    field.value = "";
    if (!url) return;
    const isAddress = /^[^\s@/]+@[^\s@/]+$/.test(url);
    this.#editor.link(/^(https?|mailto|tel):/i.test(url) ? url : `${isAddress ? "mailto:" : "https://"}${url}`);
  }

  /** `source` is what the list opens beside, where it is not its button. */
  openFields(source) {
    const popover = this.#root.querySelector("[data-fields]");
    popover?.showPopover(source && { source });
    // At once and not with the event that follows: the next key may come before it.
    popover?.querySelector("[role='menuitem']")?.focus();
  }

  /** Which formats the selection has. */
  show() {
    const state = this.#editor.state();
    for (const button of this.#bar.querySelectorAll("[aria-pressed]")) {
      button.setAttribute("aria-pressed", String(Boolean(state[button.dataset.format])));
    }
  }

  /** One stop for Tab, arrows between the buttons (APG, toolbar). */
  #roving() {
    const buttons = () =>
      [...this.#bar.querySelectorAll("button:not([role=menuitem], .popover button)")].filter((one) => one.checkVisibility());
    buttons().forEach((button, at) => (button.tabIndex = at ? -1 : 0));
    this.#bar.addEventListener("keydown", (event) => {
      const all = buttons();
      const at = all.indexOf(document.activeElement);
      const rtl = getComputedStyle(this.#bar).direction === "rtl";
      const steps = { ArrowRight: rtl ? -1 : 1, ArrowLeft: rtl ? 1 : -1, Home: -at, End: all.length - 1 - at };
      if (at < 0 || !(event.key in steps)) return;
      const next = all[(at + steps[event.key] + all.length) % all.length];
      all[at].tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
      event.preventDefault();
    });
  }
}

/** The place of the editor in front of its text area, with the area's name. */
export function editorPlace(area, label) {
  const place = document.createElement("div");
  place.className = "composer__editor";
  place.id = `editor-${area.id}`;
  place.contentEditable = "true";
  place.setAttribute("role", "textbox");
  place.setAttribute("aria-multiline", "true");
  place.setAttribute("aria-label", label);
  place.dir = "auto";
  area.hidden = true;
  area.before(place);
  return place;
}
