// The window in which mail is written: editor, toolbar, files, and a draft that is saved while
// one writes. Without script it is a form with a text area.

import { word } from "../lib/client.js";
import { openEditor } from "../lib/editor.js";
import { FieldChips } from "../lib/field-chips.js";
import { MailFiles } from "../lib/mail-files.js";
import { MailOptions } from "../lib/mail-options.js";
import { MailTexts } from "../lib/mail-texts.js";
import { Presence } from "../lib/presence.js";
import { SubjectFields } from "../lib/subject-fields.js";
import { toast } from "../lib/toast.js";
import { Toolbar, editorPlace } from "../lib/toolbar.js";
import "./recipient-field.js";

// With the round trip a draft is stored within two seconds of a pause.
const SAVE_MS = 1200;
const AGAIN_MS = 15000;
// Sending and closing wait for what is being saved; an answer that never comes must not hold them.
const LONGEST_MS = 60000;
const ANNOUNCE_MS = 30000;
const MOST_DOCKS = 3;
const NARROWEST_DOCK = 340;

class ComposeForm extends HTMLElement {
  #form;
  #editor;
  #dirty = false;
  #saving = null;
  #timer;
  #announced = 0;
  #files;
  #options;
  #texts;
  #presence;
  #conflict = null;
  #done = false;
  #bar;
  #chips;
  #subject;

  connectedCallback() {
    if (this.#form) return;
    this.#form = this.querySelector("form");
    if (this.#isTwin()) return;
    this.#moveInline();
    this.#form.addEventListener("input", this.#onInput);
    this.#form.addEventListener("change", this.#onInput);
    this.addEventListener("submit", this.#onSubmit, true);
    this.addEventListener("click", this.#onClick);
    this.addEventListener("keydown", this.#onKey);
    this.addEventListener("keydown", this.#onSendKey, true);
    this.#files = new MailFiles(this, { onPicture: (url) => this.#editor?.insertImage(url) });
    this.#options = new MailOptions(this, { onChange: () => this.#touch(), files: this.#files });
    this.#texts = new MailTexts(this, { onChange: () => this.#touch(), files: this.#files });
    this.#presence = new Presence(this);
    this.addEventListener("htmx:after:request", this.#onAnswer);
    this.addEventListener("htmx:after:swap", this.#onAsked);
    addEventListener("beforeunload", this.#onLeave);
    document.addEventListener("visibilitychange", this.#onHide);
    this.#makeRoom();
    this.#start();
  }

  disconnectedCallback() {
    removeEventListener("beforeunload", this.#onLeave);
    document.removeEventListener("visibilitychange", this.#onHide);
    clearTimeout(this.#timer);
    // The conversation made way for another one: what was written in it is kept.
    if (this.#dirty && !this.#done) this.save({ keepalive: true });
    this.#presence?.end();
    this.#editor?.dispose();
    this.#editor = null;
    this.#chips = null;
    if (this.#done) this.#leaveFocus();
  }

  get key() {
    return this.value("draft");
  }

  get form() {
    return this.#form;
  }

  get editor() {
    return this.#editor;
  }

  value(name) {
    return this.#form.elements[name]?.value ?? "";
  }

  #isTwin() {
    const twin = [...document.querySelectorAll("compose-form")].find(
      (one) => one !== this && this.key && one.querySelector("[name=draft]")?.value === this.key,
    );
    if (!twin) return false;
    this.#done = true;
    twin.removeAttribute("data-small");
    twin.querySelector("[role=textbox], textarea")?.focus();
    queueMicrotask(() => this.remove());
    return true;
  }

  /** An answer taken back returns to its conversation, if that is open. */
  #moveInline() {
    const slot = document.querySelector(`[data-thread="${this.dataset.thread}"] #reply-slot`);
    if (this.dataset.frame !== "dock" || !slot || slot.childElementCount) return;
    this.classList.replace("composer--dock", "composer--inline");
    this.dataset.frame = "inline";
    this.removeAttribute("role");
    slot.append(this);
  }

  #makeRoom() {
    const docks = [...document.querySelectorAll("#compose-dock > compose-form")];
    const most = Math.max(1, Math.min(MOST_DOCKS, Math.floor(innerWidth / NARROWEST_DOCK)));
    docks.slice(0, -most).forEach((one) => one.close());
  }

  async #start() {
    const area = this.querySelector("[data-content]");
    const place = editorPlace(area, this.querySelector(`label[for="${area.id}"]`).textContent);
    const given = this.querySelector("script[data-given]");
    const { html, labels } = given ? JSON.parse(given.textContent) : { html: "", labels: {} };
    try {
      this.#editor = await openEditor(place, {
        source: this.dataset.editor,
        html,
        labels,
        onChange: () => this.#touch(),
        onState: () => this.#bar?.show(),
        onFieldWanted: () => this.#bar?.openFields(),
        onLeftOut: () => toast(word("pictures_left_out")),
      });
    } catch {
      place.remove();
      area.hidden = false;
      toast(word("editor_missing"), { kind: "error" });
      return;
    }
    this.#form.elements.format.value = "html";
    place.addEventListener("paste", (event) => this.#files.paste(event), true);
    this.#subject = new SubjectFields(this.#form.elements.subject, this, {
      labels,
      onWanted: (line) => this.#bar.openFields(line),
    });
    this.#bar = new Toolbar(this, this.#editor, {
      onFiles: (files) => this.#files.take(files, { inline: true }),
      subject: this.#subject,
    });
    this.#chips = new FieldChips(this.#editor, place, { onChange: () => this.#touch() });
    this.#fillChips();
    this.#focusFirst();
    if ("begin" in this.dataset) this.save();
  }

  #focusFirst() {
    const box = document.activeElement;
    if (this.contains(box) && box !== this) return;
    const to = this.querySelector("recipient-field[data-role=to]");
    const { subject } = this.#form.elements;
    if (to && !to.parties?.length) to.focus();
    else if (!subject.value && subject.checkVisibility()) subject.focus();
    else this.#editor.focus();
    if (this.dataset.frame === "inline") this.scrollIntoView({ block: "nearest" });
  }

  // --- Saving ---------------------------------------------------------------------------------

  #onInput = (event) => {
    if (event.target.matches("[data-attach], [data-picture-file], [data-fill], [data-records-query], [data-find-template]")) return;
    if (event.target.name === "subject" && this.dataset.frame === "dock") {
      this.querySelector("[data-title]").textContent = this.#subject?.readable || event.target.value || word("new_mail");
    }
    this.#options.follow(event.target);
    if (event.target.name || event.target.closest("recipient-field")) this.#touch();
  };

  #touch() {
    this.#dirty = true;
    this.#chips?.show();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), SAVE_MS);
  }

  #collect() {
    if (this.#editor) this.#form.elements.content.value = this.#editor.getHTML();
  }

  /** Stores what is written. Several calls at once become one after the other. */
  async save({ keepalive = false } = {}) {
    // Of several that waited only one goes on: each sends the version that the one before it made.
    while (this.#saving) await this.#saving;
    if (this.#conflict || this.#done) return;
    clearTimeout(this.#timer);
    this.#saving = this.#send(keepalive).finally(() => (this.#saving = null));
    return this.#saving;
  }

  async #send(keepalive) {
    this.#collect();
    this.#dirty = false;
    const body = new URLSearchParams(new FormData(this.#form));
    body.set("act", "save");
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), LONGEST_MS);
    try {
      const response = await fetch(this.#form.action, {
        method: "POST",
        body,
        signal: limit.signal,
        // A browser lets no more than this outlive its page.
        keepalive: keepalive && body.toString().length < 60000,
        headers: { Accept: "application/json", "X-Background": "1" },
      });
      if (response.status === 409) return void this.#showConflict(await response.json());
      if (!response.ok) throw new Error(response.status);
      const answer = await response.json();
      this.#know(answer.draft, answer.version);
      this.dataset.files = answer.files;
      this.#say(answer.text);
      this.#fillChips();
    } catch {
      this.#dirty = true;
      this.#say(word("not_saved"), { trouble: true });
      this.#timer = setTimeout(() => this.save(), AGAIN_MS);
    } finally {
      clearTimeout(timer);
    }
  }

  #know(draft, version) {
    this.#form.elements.draft.value = draft;
    this.#form.elements.version.value = version;
  }

  #say(text, { trouble = false } = {}) {
    const place = this.querySelector("[data-saved]");
    place.textContent = text;
    place.toggleAttribute("data-trouble", trouble);
    if (performance.now() - this.#announced < ANNOUNCE_MS && this.#announced) return;
    this.#announced = performance.now();
    this.querySelector("[data-announce]").textContent = text;
  }

  #showConflict(conflict) {
    this.#conflict = conflict;
    this.#dirty = true;
    const banner = document.createElement("div");
    banner.className = "banner banner--warning";
    banner.setAttribute("role", "alert");
    const text = document.createElement("span");
    text.className = "banner__text";
    text.textContent = conflict.text;
    banner.append(text);
    if (!conflict.gone) {
      const see = document.createElement("button");
      const keep = document.createElement("button");
      for (const [button, name] of [[see, "see_theirs"], [keep, "keep_mine"]]) {
        button.type = "button";
        button.className = "button button--secondary button--small";
        button.textContent = word(name);
      }
      see.addEventListener("click", () => this.#reopen(conflict.see));
      keep.addEventListener("click", () => {
        this.#conflict = null;
        banner.remove();
        this.#form.elements.version.value = conflict.version;
        this.save();
      });
      banner.append(see, keep);
    }
    this.querySelector("[data-checks]").replaceChildren(banner);
  }

  #reopen(url) {
    this.#done = true;
    if (this.dataset.frame === "page") return void location.assign(url);
    const target = this.dataset.frame === "dock" ? "#compose-dock" : "#reply-slot";
    this.remove();
    window.htmx.ajax("GET", `${url}?frame=${this.dataset.frame}`, { target, swap: target === "#reply-slot" ? "innerHTML" : "beforeend" });
  }

  #onLeave = (event) => {
    if ((this.#dirty || this.#files.underWay.size) && !this.#done) event.preventDefault();
  };

  #onHide = () => {
    if (document.hidden && this.#dirty && !this.#done) this.save({ keepalive: true });
  };

  // --- Sending, closing -----------------------------------------------------------------------

  #onSubmit = async (event) => {
    this.#collect();
    if (!this.#saving && !this.#files.underWay.size) return;
    // First what is under way, so that the version and the files are known.
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    await Promise.allSettled([this.#saving, ...this.#files.underWay]);
    this.#form.requestSubmit(submitter);
  };

  #onAnswer = (event) => {
    const { ctx } = event.detail;
    if (event.target !== this.#form || !ctx.response) return;
    const known = ctx.response.headers.get("X-Draft")?.split(" ");
    if (known) this.#know(...known);
    if (ctx.response.status < 300 && ctx.response.headers.get("HX-Reswap") !== "none") {
      this.#done = true;
      this.#dirty = false;
      clearTimeout(this.#timer);
    }
  };

  /** A question is read before it is answered; on a phone it would stand below the screen. */
  #onAsked = () => this.querySelector(".checks")?.scrollIntoView({ block: "end" });

  /** Keeps what is written and closes; what nobody wrote into leaves no trace. */
  async close() {
    if (this.#dirty) await this.save();
    if (this.#dirty) return;
    this.#done = true;
    this.remove();
    document.body.dispatchEvent(new CustomEvent("outbox-changed", { bubbles: true }));
    document.body.dispatchEvent(new CustomEvent("counts-changed", { bubbles: true }));
  }

  /** To what opens such a window, unless something else has taken the focus. */
  #leaveFocus() {
    if (document.activeElement !== document.body) return;
    document.querySelector(this.dataset.frame === "inline" ? "[data-key=reply]" : "[data-key=compose]")?.focus();
  }

  #onClick = (event) => {
    const on = (selector) => event.target.closest(selector);
    if (on("[data-minimise]")) this.#minimise();
    else if (on(".composer__bar") && this.hasAttribute("data-small") && !on("button")) this.#minimise();
    else if (on("[data-close-composer]")) this.close();
    else if (on("[data-whole-page]")) this.#wholePage();
    else if (on("[data-shows]")) this.#showRole(on("[data-shows]").dataset.shows);
    else if (on("[data-edit-quote]")) this.#editQuote(on("[data-edit-quote]"));
    else if (on("[data-drop-quote]")) this.#drop(on("[data-quote]"));
    else if (on("[data-dismiss-checks]")) this.#dismissChecks();
  };

  #dismissChecks() {
    this.querySelector("[data-checks]").replaceChildren();
    this.#editor?.focus();
  }

  #minimise() {
    const small = this.toggleAttribute("data-small");
    this.querySelector("[data-minimise]").setAttribute("aria-expanded", String(!small));
    if (!small) this.#editor?.focus();
  }

  async #wholePage() {
    await this.save();
    if (this.#dirty || !this.key) return;
    this.#done = true;
    location.assign(`${this.dataset.drafts}${this.key}/`);
  }

  #showRole(role) {
    const field = this.querySelector(`recipient-field[data-role=${role}]`);
    delete field.dataset.empty;
    field.focus();
  }

  /** The quote becomes text like any other. */
  async #editQuote(button) {
    // Its pictures become the mail's own, so the mail has to be there.
    if (!this.key) await this.save();
    const answer = this.key && (await this.ask(`${this.dataset.drafts}${this.key}/quote/`));
    if (!answer) return void toast(word("failed"), { kind: "error" });
    this.#editor.setHTML(`${this.#editor.getHTML() || "<div><br></div>"}<div><br></div>${answer.html}`);
    this.#drop(button.closest("[data-quote]"));
  }

  #drop(element) {
    element.remove();
    this.#touch();
  }

  /** Before the editor sees it, which takes Enter beside a field for itself. */
  #onSendKey = (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.altKey || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    const name = event.shiftKey ? "send-archive" : "send";
    (this.querySelector(`[data-key=${name}]`) ?? this.querySelector("[data-key=send]")).click();
  };

  /** Enter in a line is no wish to send, which a form takes it for. */
  #onEnter(event) {
    if (event.isComposing || event.defaultPrevented) return;
    if (event.target.name === "subject") this.#editor?.focus();
    else if (event.target.name === "later_at") this.querySelector("[name=later][value=own]").click();
    else return;
    event.preventDefault();
  }

  #onKey = (event) => {
    if (event.key === "Enter") return void this.#onEnter(event);
    const inList = this.querySelector(":popover-open");
    if (event.key === "Escape" && this.dataset.frame === "dock" && !inList && !event.defaultPrevented) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    }
  };

  async #fillChips() {
    if (!this.#chips?.any && !this.#subject?.any) return;
    const answer = await this.ask(this.dataset.values, new FormData(this.#form));
    if (!answer || !this.#chips) return;
    this.#chips.values = answer.values;
    this.#subject.values = answer.values;
  }

  /** A POST beside the form's own; gives the answer, or null after having said why not. */
  async ask(url, body = new FormData()) {
    body.set("csrfmiddlewaretoken", this.value("csrfmiddlewaretoken"));
    const response = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(body),
      headers: { Accept: "application/json" },
    }).catch(() => null);
    if (response?.ok) return response.json();
    if (response?.status === 413) toast((await response.json()).text, { kind: "error" });
    return null;
  }
}

customElements.define("compose-form", ComposeForm);
