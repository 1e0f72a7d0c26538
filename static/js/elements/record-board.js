// <record-board>: cards that are dragged, or moved with keys. What a move means is the server's
// business: a card goes where the answer lets it, and back when a colleague was quicker.

const KEYS = { ArrowLeft: -1, ArrowRight: 1 };

class RecordBoard extends HTMLElement {
  connectedCallback() {
    this.addEventListener("keydown", this);
    this.sortables = [];
    // Sortable is a deferred classic script: it is there once the document has been read.
    if (window.Sortable) this.makeSortable();
    else window.addEventListener("load", () => this.makeSortable(), { once: true });
    const waiting = sessionStorage.getItem("board-focus");
    if (waiting) {
      sessionStorage.removeItem("board-focus");
      this.querySelector(`#${CSS.escape(waiting)} .card__link`)?.focus();
    }
  }

  disconnectedCallback() {
    this.sortables.forEach((sortable) => sortable.destroy());
  }

  makeSortable() {
    if (!this.isConnected || !window.Sortable) return;
    const group = `${this.dataset.noun}s`;
    for (const list of this.querySelectorAll(".board__cards")) {
      this.sortables.push(
        window.Sortable.create(list, {
          group,
          draggable: ".card",
          ghostClass: "card--ghost",
          animation: 140,
          delay: 150,
          delayOnTouchOnly: true,
          onStart: () => this.showTargets(true),
          onEnd: (event) => this.dropped(event),
        }),
      );
    }
    for (const target of this.querySelectorAll(".board__target")) {
      this.sortables.push(window.Sortable.create(target, { group: { name: group, put: true } }));
    }
  }

  showTargets(shown) {
    const targets = this.querySelector(".board__targets");
    if (targets) targets.hidden = !shown;
  }

  dropped({ item, from, to, oldDraggableIndex, newDraggableIndex }) {
    this.showTargets(false);
    if (from === to && oldDraggableIndex === newDraggableIndex) return;
    const { target } = to.dataset;
    if (target === "win") this.win(item);
    else if (target === "lose") this.ask(item, "lose");
    else if (target === "pipeline") this.ask(item, "move");
    else if (target === "delete") this.act(item, "delete", new URLSearchParams());
    else this.move(item, to);
  }

  handleEvent(event) {
    const card = event.target.closest(".card");
    if (!card || event.isComposing || event.target.closest("input, select, textarea")) return;
    if (event.ctrlKey && event.key in KEYS) {
      event.preventDefault();
      this.moveBy(card, KEYS[event.key]);
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key.startsWith("Arrow")) this.focusFrom(card, event);
    else if (document.documentElement.dataset.singleKeys === "off") return;
    else if (event.key === "w" && this.isOfDeals) this.win(card);
    else if (event.key === "W" && this.isOfDeals) this.ask(card, "lose");
    else return;
    event.stopPropagation();
  }

  get isOfDeals() {
    return this.dataset.noun === "deal";
  }

  get lists() {
    return [...this.querySelectorAll(".board__cards")];
  }

  focusFrom(card, event) {
    event.preventDefault();
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step) {
      const cards = [...card.parentElement.querySelectorAll(".card")];
      cards[cards.indexOf(card) + step]?.querySelector(".card__link").focus();
      return;
    }
    const place = this.lists.indexOf(card.parentElement);
    const direction = KEYS[event.key];
    for (let index = place + direction; this.lists[index]; index += direction) {
      const link = this.lists[index].querySelector(".card__link");
      if (link) return link.focus();
    }
  }

  moveBy(card, step) {
    const rtl = getComputedStyle(this).direction === "rtl" ? -1 : 1;
    const list = this.lists[this.lists.indexOf(card.parentElement) + step * rtl];
    if (!list) return;
    list.prepend(card);
    card.querySelector(".card__link").focus();
    this.move(card, list);
  }

  async move(card, list) {
    const next = card.nextElementSibling;
    const body = new URLSearchParams({
      [this.isOfDeals ? "stage" : "phase"]: list.dataset.stage,
      version: card.dataset.version,
    });
    if (next?.dataset.key) body.set("before", next.dataset.key);
    await this.act(card, "move", body, () => {
      const stage = list.closest("section").querySelector(".board__name").textContent;
      const title = card.querySelector(".card__link").textContent;
      this.announce(this.dataset.moved.replace("%1", title).replace("%2", stage));
    });
  }

  win(card) {
    return this.act(card, "win", new URLSearchParams());
  }

  /** Opens a dialog about the card, which stays where it was until that is answered. */
  ask(card, act) {
    const next = encodeURIComponent(location.pathname);
    window.htmx.ajax("GET", `${card.dataset.act}${act}/?next=${next}`, { target: "#dialog-root" });
    this.reload();
  }

  async act(card, act, body, done = () => {}) {
    const url = `${card.dataset.act}${act}/`;
    card.setAttribute("aria-busy", "true");
    const headers = { "X-Board": "drag", "X-CSRFToken": this.token };
    let answer;
    try {
      answer = await fetch(url, { method: "POST", headers, body, redirect: "manual" });
    } catch {
      this.announce(this.dataset.offline);
      return this.reload();
    }
    card.removeAttribute("aria-busy");
    if (answer.ok || answer.type === "opaqueredirect") done();
    else this.announce(answer.status === 409 ? this.dataset.conflict : this.dataset.offline);
    if (this.contains(document.activeElement)) sessionStorage.setItem("board-focus", card.id);
    this.reload();
  }

  get token() {
    const given = document.body.getAttribute("hx-headers:inherited") || "{}";
    return JSON.parse(given)["X-CSRFToken"] ?? "";
  }

  announce(text) {
    sessionStorage.setItem("board-said", text);
    this.querySelector("[data-announce]").textContent = text;
  }

  // Sums, counts and the version of the card come from the server.
  reload() {
    // Sortable leaves styles on what it moved; htmx would carry them over to the new elements,
    // and our policy knows no inline style.
    for (const styled of this.querySelectorAll("[style]")) styled.removeAttribute("style");
    // An earlier refresh may have put another element in our place while the answer was on its way.
    const shown = document.getElementById(this.id) ?? this;
    shown.dispatchEvent(new CustomEvent("board-stale"));
  }
}

customElements.define("record-board", RecordBoard);
