// The line between two panes, to be moved by pointer or arrow keys. Widths are whole steps, so
// that the server can draw the page right at once (data-list="22") without a style attribute.

const YEAR = 365 * 24 * 3600;

class ResizeHandle extends HTMLElement {
  connectedCallback() {
    this.addEventListener("pointerdown", this.#onDown);
    this.addEventListener("keydown", this.#onKey);
    this.#show(this.#width);
  }

  get #steps() {
    return this.dataset.steps.split(" ").map(Number);
  }

  get #width() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    return this.#nearest(this.parentElement.offsetWidth / rem);
  }

  #nearest(width) {
    return this.#steps.reduce((best, step) => (Math.abs(step - width) < Math.abs(best - width) ? step : best));
  }

  #set(width) {
    const name = this.dataset.pane;
    this.closest(".panes").dataset[name] = width;
    document.cookie = `pane-${name}=${width}; path=/; max-age=${YEAR}; samesite=lax`;
    this.#show(width);
  }

  #show(width) {
    this.setAttribute("aria-valuenow", width);
  }

  /** Towards the end of the line is wider for a pane at its start, narrower for one at its end. */
  get #sign() {
    const rtl = getComputedStyle(this).direction === "rtl" ? -1 : 1;
    return rtl * (this.dataset.edge === "start" ? -1 : 1);
  }

  #onKey = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const steps = this.#steps;
    const next = steps.indexOf(this.#width) + step * this.#sign;
    this.#set(steps[Math.max(0, Math.min(next, steps.length - 1))]);
    event.preventDefault();
  };

  #onDown = (event) => {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const from = { x: event.clientX, width: this.parentElement.offsetWidth };
    const sign = this.#sign;
    this.setPointerCapture(event.pointerId);
    this.dataset.dragging = "";
    const move = (moved) => this.#set(this.#nearest((from.width + sign * (moved.clientX - from.x)) / rem));
    const end = () => {
      delete this.dataset.dragging;
      this.removeEventListener("pointermove", move);
    };
    this.addEventListener("pointermove", move);
    this.addEventListener("lostpointercapture", end, { once: true });
    event.preventDefault();
  };
}

customElements.define("resize-handle", ResizeHandle);
