// A text of a form in the mail editor: templates and signatures.

import { openEditor } from "../lib/editor.js";
import { FieldChips } from "../lib/field-chips.js";
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
    bar = new Toolbar(this, this.#editor);
    new FieldChips(this.#editor, place, { onChange: () => {} });
    this.closest("form").addEventListener("submit", () => {
      area.value = this.#editor.getHTML();
      this.querySelector("[name=format]").value = "html";
    });
  }

  disconnectedCallback() {
    this.#editor?.dispose();
    this.#editor = null;
  }
}

customElements.define("rich-text", RichText);
