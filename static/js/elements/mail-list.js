// A list one works through by keyboard: rows, selection, ranges, and the bar for what is
// selected. It holds `.row`s with a `.row__link` and, for selection, a `.row__tick`.

import { handle } from "../lib/commands.js";
import { word } from "../lib/client.js";

const REST_MS = 150;

class MailList extends HTMLElement {
  #anchor = null;
  #rest;
  #releases = [];

  connectedCallback() {
    this.addEventListener("change", this.#onChange);
    this.addEventListener("click", this.#onClick, true);
    this.addEventListener("keydown", this.#onKey);
    document.addEventListener("htmx:after:swap", this.#count);
    this.addEventListener("htmx:after:request", this.#onActed);
    const acts = {
      "row-next": () => this.#move(1),
      "row-previous": () => this.#move(-1),
      "row-open": () => this.#open(),
      "row-select": () => this.#toggle(),
      "extend-next": () => this.#extend(1),
      "extend-previous": () => this.#extend(-1),
      "select-all": () => this.#select(() => true),
      "select-none": () => this.#select(() => false),
      "select-read": () => this.#select((row) => !("unread" in row.dataset)),
      "select-unread": () => this.#select((row) => "unread" in row.dataset),
      "tab-next": () => this.#tab(1),
      "tab-previous": () => this.#tab(-1),
    };
    this.#releases = Object.entries(acts).map(([id, act]) => handle(id, act));
    this.#count();
  }

  disconnectedCallback() {
    this.#releases.forEach((release) => release());
    document.removeEventListener("htmx:after:swap", this.#count);
    clearTimeout(this.#rest);
  }

  /** What was selected has been acted on; the next selection begins anew. */
  #onActed = (event) => {
    const { ctx } = event.detail;
    const isAct = ctx.request.method === "POST" && event.target.closest(".bulk-bar");
    if (isAct && (ctx.response?.status ?? 500) < 300 && !ctx.target?.closest?.("#dialog-root")) {
      this.#select(() => false);
    }
  };

  get rows() {
    return [...this.querySelectorAll(".row:not(.is-leaving)")];
  }

  /** The row with the focus, else the open one. */
  get row() {
    return (
      this.rows.find((row) => row.contains(document.activeElement)) ??
      this.rows.find((row) => row.matches("[aria-current], :has([aria-current='true'])"))
    );
  }

  #neighbour(step) {
    const { rows, row } = this;
    if (!row) return step > 0 ? rows[0] : rows.at(-1);
    return rows[rows.indexOf(row) + step];
  }

  #move(step) {
    const row = this.#neighbour(step);
    if (!row) return;
    const link = row.querySelector(".row__link");
    link.focus();
    row.scrollIntoView({ block: "nearest" });
    clearTimeout(this.#rest);
    // Whoever runs through the list is not reading; only a rest opens.
    if (document.querySelector(".panes [aria-current='true']")) {
      this.#rest = setTimeout(() => document.activeElement === link && link.click(), REST_MS);
    }
  }

  #open() {
    this.row?.querySelector(".row__link").click();
  }

  #toggle() {
    const row = this.row ?? this.rows[0];
    const tick = row?.querySelector(".row__tick");
    if (!tick) return;
    if (!this.row) row.querySelector(".row__link").focus();
    tick.checked = !tick.checked;
    this.#anchor = row;
    this.#count();
  }

  #extend(step) {
    const from = this.row ?? this.#neighbour(step);
    const to = this.#neighbour(step);
    for (const row of [from, to]) {
      const tick = row?.querySelector(".row__tick");
      if (tick) tick.checked = true;
    }
    to?.querySelector(".row__link").focus();
    this.#count();
  }

  #select(wanted) {
    for (const row of this.rows) {
      const tick = row.querySelector(".row__tick");
      if (tick) tick.checked = wanted(row);
    }
    this.#count();
  }

  #tab(step) {
    const tabs = [...this.querySelectorAll(".tabs__tab, .segmented__item")];
    const at = tabs.findIndex((tab) => tab.matches("[aria-current], [aria-pressed='true']"));
    tabs.at((at + step) % tabs.length)?.click();
  }

  #onKey = (event) => {
    // The first Escape empties the field, which the browser does.
    if (event.key === "Escape" && event.target.matches("[type='search']") && !event.target.value) {
      (this.row ?? this.rows[0])?.querySelector(".row__link").focus();
    }
    const inRow = event.target.closest(".row__link, .row__tick");
    if (!inRow || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (event.shiftKey) this.#extend(step);
      else this.#move(step);
      event.preventDefault();
    }
  };

  #onClick = (event) => {
    if (event.target.closest("[data-clear-selection]")) {
      this.#select(() => false);
      this.row?.querySelector(".row__link").focus();
      return;
    }
    if (event.target.closest(".bulk-bar") && !this.matches("[data-selecting]")) {
      // By a key, with nothing selected: it is meant for the row with the focus.
      this.#toggle();
    }
    const tick = event.target.closest(".row__tick");
    if (!tick) return;
    const row = tick.closest(".row");
    const { rows } = this;
    if (event.shiftKey && this.#anchor?.isConnected) {
      const [from, to] = [rows.indexOf(this.#anchor), rows.indexOf(row)].sort((a, b) => a - b);
      for (const one of rows.slice(from, to + 1)) one.querySelector(".row__tick").checked = tick.checked;
      this.#count();
    }
    this.#anchor = row;
  };

  #onChange = (event) => {
    if (event.target.matches("[data-select-page]")) this.#select(() => event.target.checked);
    else if (event.target.matches(".row__tick")) this.#count();
  };

  #count = () => {
    const ticks = [...this.querySelectorAll(".row__tick")];
    const count = ticks.filter((tick) => tick.checked).length;
    this.toggleAttribute("data-selecting", count > 0);
    const all = count > 0 && count === ticks.length;
    // Nothing to offer where every row is in the page.
    const isMore = all && Boolean(this.querySelector(".sentinel"));
    for (const place of this.querySelectorAll("[data-selected-count]")) {
      const text = count ? word("selected", { count }) : "";
      if (place.textContent !== text) place.textContent = text;
    }
    for (const offer of this.querySelectorAll("[data-select-all-matching]")) {
      if (isMore && offer.hidden) window.htmx.trigger(offer, "offered");
      offer.hidden = !isMore;
      if (!isMore) for (const box of offer.querySelectorAll("input")) box.checked = false;
    }
    const page = this.querySelector("[data-select-page]");
    if (page) {
      page.checked = all;
      page.indeterminate = count > 0 && !all;
    }
  };
}

customElements.define("mail-list", MailList);
