// A text of a form in the mail editor: templates and signatures.

import { openEditor } from "../lib/editor.js";
import { FieldChips } from "../lib/field-chips.js";
import { word } from "../lib/client.js";
import { pastedPictures, picturesAmong } from "../lib/pictures.js";
import { SubjectFields } from "../lib/subject-fields.js";
import { toast } from "../lib/toast.js";
import { Toolbar, editorPlace } from "../lib/toolbar.js";

class RichText extends HTMLElement {
  #editor;

  async connectedCallback() {
    const area = this.querySelector("[data-content]");
    if (area.readOnly || this.#editor) return;
    const { html, labels } = JSON.parse(this.querySelector("script[data-given]").textContent);
    const place = editorPlace(area, this.querySelector("label").textContent);
    let bar;
    try {
      this.#editor = await openEditor(place, {
        source: this.dataset.editor,
        html,
        labels,
        onChange: () => {},
        onState: () => bar?.show(),
        onLeftOut: () => {},
        onFieldWanted: () => bar?.openFields(),
      });
    } catch {
      place.remove();
      area.hidden = false;
      return;
    }
    const form = this.closest("form");
    const line = form.elements.subject;
    const subject = line && new SubjectFields(line, form, { labels, onWanted: () => bar.openFields(line) });
    bar = new Toolbar(this, this.#editor, { onFiles: (files) => this.#take(files), subject });
    place.addEventListener("paste", (event) => this.#takeFrom(event, pastedPictures(event)), true);
    place.addEventListener("drop", (event) => this.#takeFrom(event, [...(event.dataTransfer?.files ?? [])]), true);
    new FieldChips(this.#editor, place, { onChange: () => {} });
    form.addEventListener("submit", () => {
      area.value = this.#editor.getHTML();
      this.querySelector("[name=format]").value = "html";
    });
  }

  #takeFrom(event, files) {
    if (!files.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#take(files);
  }

  /** A text that is not stored yet has no place for files: its pictures travel inside it. */
  async #take(files) {
    const pictures = picturesAmong(files);
    if (pictures.length < files.length) toast(word("pictures_only"), { kind: "error" });
    for (const picture of pictures) {
      if (picture.size > Number(this.dataset.pictureBytes)) toast(word("picture_too_big"), { kind: "error" });
      else this.#editor?.insertImage(await asData(picture));
    }
  }

  disconnectedCallback() {
    this.#editor?.dispose();
    this.#editor = null;
  }
}

function asData(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = failed;
    reader.readAsDataURL(file);
  });
}

customElements.define("rich-text", RichText);
