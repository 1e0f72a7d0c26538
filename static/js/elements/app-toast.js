// One toast: leaves by itself, waits while it is looked at, offers Undo to the key `z`.

import { reducedMotion } from "../lib/client.js";
import { forgetUndo, rememberUndo } from "../lib/toast.js";

const MOST = 3;
const LEAVE_MS = 140;

class AppToast extends HTMLElement {
  #timer;
  #left;
  #since;

  connectedCallback() {
    const form = this.querySelector("form:has([data-undo])");
    if (form) {
      const url = form.getAttribute("action");
      rememberUndo(url);
      form.addEventListener("submit", () => {
        forgetUndo(url);
        this.dataset.leaving = "";
      });
      // The answer is for the page, but htmx drops one whose form is gone.
      this.addEventListener("htmx:finally:request", () => this.remove());
    }
    const undoFor = Number(this.dataset.seconds) || 10;
    this.#left = (form ? undoFor * 1000 : 6000) * (reducedMotion() ? 2 : 1);
    for (const name of ["pointerenter", "focusin"]) this.addEventListener(name, () => this.#pause());
    for (const name of ["pointerleave", "focusout"]) this.addEventListener(name, () => this.#resume());
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#resume();
    const others = [...this.parentElement.querySelectorAll("app-toast:not([data-leaving])")];
    others.slice(0, -MOST).forEach((one) => one.leave());
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#onVisibility);
  }

  leave() {
    this.dataset.leaving = "";
    setTimeout(() => this.remove(), LEAVE_MS);
  }

  #onVisibility = () => (document.hidden ? this.#pause() : this.#resume());

  #pause() {
    clearTimeout(this.#timer);
    if (this.#since) this.#left -= performance.now() - this.#since;
    this.#since = 0;
  }

  #resume() {
    if (["error", "busy"].includes(this.dataset.kind) || this.matches(":hover, :focus-within")) return;
    clearTimeout(this.#timer);
    this.#since = performance.now();
    this.#timer = setTimeout(() => this.leave(), Math.max(this.#left, 1000));
  }
}

customElements.define("app-toast", AppToast);
