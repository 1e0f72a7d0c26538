// The frame with a mail's HTML: as high as its content, and no trap for the keyboard.
// Nothing in the frame runs; everything here happens from outside.

import { keepPictures } from "../lib/dark-mail.js";
import { onLink } from "../lib/writing.js";

const MOST = 20000;
// A newsletter made for a wider pane is shrunk to fit, but not below what can be read.
const SMALLEST = 0.55;

class MailBody extends HTMLElement {
  #watch;
  #width = 0;

  connectedCallback() {
    const frame = this.querySelector("iframe");
    frame.addEventListener("load", this.#fit);
    if (frame.contentDocument?.readyState === "complete") this.#fit();
  }

  disconnectedCallback() {
    this.#watch?.disconnect();
  }

  #fit = () => {
    const frame = this.querySelector("iframe");
    const page = frame?.contentDocument;
    if (!page?.body) return;
    keepPictures(frame);
    const offer = this.querySelector("[data-pictures]");
    if (offer) offer.hidden = !page.querySelector("img[data-src]");
    this.#width = 0;
    const measure = () => {
      this.#shrink(frame, page);
      const wanted = Math.min(page.documentElement.offsetHeight, MOST);
      if (wanted && frame.offsetHeight !== wanted) frame.height = wanted;
    };
    measure();
    this.#watch?.disconnect();
    this.#watch = new ResizeObserver(measure);
    this.#watch.observe(page.body);
    // Keys pressed in the frame mean the same as beside it. WebKit may keep them to itself.
    page.addEventListener("keydown", (event) => {
      const same = new KeyboardEvent("keydown", {
        key: event.key,
        code: event.code,
        ctrlKey: event.ctrlKey,
        metaKey: event.metaKey,
        altKey: event.altKey,
        shiftKey: event.shiftKey,
        bubbles: true,
        cancelable: true,
      });
      if (!frame.dispatchEvent(same)) event.preventDefault();
    });
    // An address in a mail is one like any other in the product.
    page.addEventListener("click", onLink);
  };

  #shrink(frame, page) {
    const width = frame.clientWidth;
    const overflows = page.documentElement.scrollWidth > width;
    if (!width || (width === this.#width && !overflows)) return;
    this.#width = width;
    page.body.style.zoom = "";
    const fits = width / page.documentElement.scrollWidth;
    if (fits < 1) page.body.style.zoom = String(Math.max(fits, SMALLEST));
  }
}

customElements.define("mail-body", MailBody);
