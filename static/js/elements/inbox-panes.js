// What happens between the list and the open conversation: the open row is marked, a
// conversation that leaves makes way for the next one, and new mail waits at the top of the list
// until it disturbs nobody.

import { barOf, handle, run } from "../lib/commands.js";

class InboxPanes extends HTMLElement {
  #releases = [];
  #step = 1;
  // The rows when the open conversation was last among them: who its neighbours were.
  #order = [];

  connectedCallback() {
    const acts = {
      "message-next": () => this.#goMessage(1),
      "message-previous": () => this.#goMessage(-1),
      "expand-all": () => this.#fold((name) => name.ariaExpanded === "false"),
      "collapse-all": () => this.#fold((name, last) => name.ariaExpanded === "true" && !last),
      "archive-next": () => this.#archive(1),
      "archive-previous": () => this.#archive(-1),
      mute: () => this.#inMenu("mute"),
      folder: () => this.#inMenu("folder"),
      block: () => this.#inMenu("block"),
      "new-deal": () => this.#inMenu("new-deal"),
      "new-lead": () => this.#inMenu("new-lead"),
    };
    this.#releases = Object.entries(acts).map(([id, act]) => handle(id, act));
    document.body.addEventListener("thread-left", this.#onLeft);
    this.addEventListener("click", this.#onClick);
    document.body.addEventListener("mail-changed", this.#onNews);
    document.body.addEventListener("threads-changed", this.#refresh);
    document.body.addEventListener("resync", this.#onNews);
    document.addEventListener("htmx:after:swap", this.#onSwap);
    this.#mark();
  }

  disconnectedCallback() {
    this.#releases.forEach((release) => release());
    document.body.removeEventListener("thread-left", this.#onLeft);
    document.body.removeEventListener("mail-changed", this.#onNews);
    document.body.removeEventListener("threads-changed", this.#refresh);
    document.body.removeEventListener("resync", this.#onNews);
    document.removeEventListener("htmx:after:swap", this.#onSwap);
  }

  get #list() {
    return this.querySelector("mail-list");
  }

  get #openKey() {
    return this.querySelector("[data-thread]")?.dataset.thread ?? "";
  }

  #onSwap = () => {
    this.#mark();
    const side = this.querySelector("#side");
    if (side && side.dataset.of !== this.#openKey) {
      side.dataset.of = this.#openKey;
      side.replaceChildren();
      const source = this.querySelector("[data-thread]")?.dataset.sideUrl;
      side.hidden = !source;
      if (source) window.htmx.ajax("GET", source, { target: side, swap: "innerHTML" });
    }
  };

  #mark() {
    const key = this.#openKey;
    this.toggleAttribute("data-open", Boolean(key));
    const order = [...this.querySelectorAll(".row")].map((row) => row.dataset.key);
    if (order.includes(key)) this.#order = order;
    for (const link of this.querySelectorAll(".row__link")) {
      if (key && link.closest(".row").dataset.key === key) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  #onClick = (event) => {
    if (event.target.closest("[data-new-pill]") && this.#list) {
      event.preventDefault();
      this.#fetch();
      this.querySelector("#list-scroll").scrollTop = 0;
    }
    const back = event.target.closest("[data-back]");
    // Beside a list, "back" closes the pane; on a page of its own it is a link.
    if (back && this.#list) {
      event.preventDefault();
      this.#close();
    }
  };

  #close() {
    const row = this.querySelector(".row:has([aria-current='true'])");
    const place = this.#list.dataset.url;
    history.pushState(null, "", place);
    const empty = this.querySelector("template[data-nothing-open]");
    this.querySelector("#detail").replaceChildren(empty.content.cloneNode(true));
    this.#onSwap();
    row?.querySelector(".row__link")?.focus();
  }

  /** The open conversation left the list: open the next one, else go back to the list. */
  #onLeft = (event) => {
    if (!event.target.closest?.("#detail, #dialog-root") || !this.#openKey) return;
    if (!this.#list) {
      location.assign(this.querySelector("[data-back]").href);
      return;
    }
    // Its own row has left already.
    const rows = new Map(
      [...this.querySelectorAll(".row:not(.is-leaving)")].map((row) => [row.dataset.key, row]),
    );
    // What a dialog was about may have been another one.
    if (rows.has(this.#openKey)) return;
    const at = this.#order.indexOf(this.#openKey);
    const near = (keys) => keys.map((key) => rows.get(key)).find(Boolean);
    const after = near(this.#order.slice(at + 1));
    const before = near(this.#order.slice(0, Math.max(at, 0)).reverse());
    const next = this.#step > 0 ? (after ?? before) : (before ?? after);
    this.#step = 1;
    if (next && matchMedia("(width >= 768px)").matches) next.querySelector(".row__link").click();
    else this.#close();
  };

  get #names() {
    return [...this.querySelectorAll("[data-message] .message__name")];
  }

  #goMessage(step) {
    const names = this.#names;
    if (!names.length) return false;
    const at = names.findIndex((name) => name.closest("[data-message]").contains(document.activeElement));
    const from = at < 0 ? (step > 0 ? -1 : names.length) : at;
    const name = names[Math.min(Math.max(from + step, 0), names.length - 1)];
    name.focus({ preventScroll: true });
    name.closest("[data-message]").scrollIntoView({ block: "nearest" });
    return true;
  }

  #fold(wanted) {
    const names = this.#names;
    if (!names.length) return false;
    for (const name of names) if (wanted(name, name === names.at(-1))) name.click();
    return true;
  }

  #archive(step) {
    if (!this.#openKey) return false;
    this.#step = step;
    return run("archive");
  }

  /** Commands that stand in a closed menu: of the bar when rows are selected or a row has the
   * focus, else of the thread. */
  #inMenu(id) {
    const bar = barOf(document.activeElement) ?? this.querySelector("[data-selecting] .bulk-bar");
    const item = bar?.querySelector(`[formaction$="/${id}/"]`) ?? this.querySelector(`[data-menu-key="${id}"]`);
    item?.click();
    return Boolean(item);
  }

  #onNews = () => {
    const scroll = this.querySelector("#list-scroll");
    if (!this.#list || !scroll) return;
    const isBusy = scroll.scrollTop > 4 || this.#list.matches("[data-selecting]");
    if (isBusy) this.#offer();
    else this.#refresh();
  };

  #refresh = () => {
    if (!this.#list || this.#list.matches("[data-selecting]:focus-within .row__tick")) return;
    const loaded = this.querySelectorAll(".row").length;
    // A refresh would fold a list that was paged on; then the first page says what is new.
    if (loaded > 50) this.#offer();
    else this.#fetch();
  };

  #fetch() {
    const pill = this.querySelector("[data-new-pill]");
    if (pill) pill.hidden = true;
    window.htmx.ajax("GET", this.#list.dataset.url, { target: "#list-pane", swap: "innerMorph" });
  }

  /** The server says how many are new; without any the pill stays away. */
  #offer() {
    const pill = this.querySelector("[data-new-pill]");
    if (pill) window.htmx.trigger(pill, "offered");
  }
}

customElements.define("inbox-panes", InboxPanes);
