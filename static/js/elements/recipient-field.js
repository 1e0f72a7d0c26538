// To, Cc, Bcc: addresses as chips. What the form sends is one line of text, `Ada <a@x>, b@y`,
// the same that one types there without script.

import Combobox from "../../vendor/combobox-nav/3.0.2/index.js";
import { iconMarkup, word } from "../lib/client.js";
import { isAddress, readList, readPasted, writeList } from "../lib/addresses.js";
import { toast } from "../lib/toast.js";

const WAIT_MS = 150;
let numbers = 0;

class RecipientField extends HTMLElement {
  #value;
  #input;
  #list;
  #chips;
  #status;
  #combobox;
  #timer;
  #asked = 0;
  #parties = [];

  connectedCallback() {
    if (this.#value) return;
    this.#value = this.querySelector("input[name]");
    const label = this.querySelector("label");
    const number = (numbers += 1);
    this.#chips = document.createElement("ul");
    this.#chips.className = "recipients__chips";
    this.#chips.setAttribute("aria-label", label.textContent);
    this.#input = this.#value.cloneNode();
    this.#input.removeAttribute("name");
    this.#input.value = "";
    this.#value.type = "hidden";
    this.#value.removeAttribute("id");
    this.#list = document.createElement("div");
    this.#list.className = "suggestions";
    this.#list.id = `recipients-${number}`;
    this.#list.setAttribute("role", "listbox");
    this.#list.setAttribute("aria-label", label.textContent);
    this.#list.hidden = true;
    this.#status = document.createElement("span");
    this.#status.className = "visually-hidden";
    this.#status.setAttribute("role", "status");
    this.#value.before(this.#chips, this.#input);
    this.append(this.#list, this.#status);
    this.#combobox = new Combobox(this.#input, this.#list, { tabInsertsSuggestions: true });
    this.#parties = readList(this.#value.value);
    this.#draw();
    this.#input.addEventListener("input", this.#onInput);
    this.#input.addEventListener("keydown", this.#onKey);
    this.#input.addEventListener("paste", this.#onPaste);
    this.#input.addEventListener("blur", this.#onBlur);
    this.#list.addEventListener("combobox-commit", this.#onCommit);
    // A press on a suggestion must not take the focus, or blur would commit what is half typed.
    this.#list.addEventListener("mousedown", (event) => event.preventDefault());
    this.#chips.addEventListener("click", this.#onChipClick);
    this.#chips.addEventListener("keydown", this.#onChipKey);
    this.addEventListener("click", (event) => {
      if (event.target === this || event.target === this.#chips) this.#input.focus();
    });
  }

  get parties() {
    return this.#parties;
  }

  focus() {
    this.#input?.focus();
  }

  /** Sets what stands here, without telling the form that somebody typed. */
  set text(text) {
    this.#parties = readList(text);
    this.#draw();
  }

  add(text) {
    const known = new Set(this.#parties.map(([, address]) => address.toLowerCase()));
    const found = readPasted(text);
    const fresh = found.filter(([, address]) => !known.has(address.toLowerCase()));
    if (fresh.length < found.length) {
      const twice = found.filter((party) => !fresh.includes(party)).map(([, address]) => address);
      this.#status.textContent = word("already_there", { names: twice.join(", ") });
    }
    if (!fresh.length) return;
    this.#parties.push(...fresh);
    this.#draw();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #draw() {
    this.#value.value = writeList(this.#parties);
    this.toggleAttribute("data-filled", this.#parties.length > 0);
    if (this.#parties.length) delete this.dataset.empty;
    this.#input.placeholder = this.#parties.length ? "" : (this.#value.placeholder ?? "");
    this.#chips.replaceChildren(...this.#parties.map((party, at) => this.#chip(party, at)));
  }

  #chip([name, address], at) {
    const item = document.createElement("li");
    item.className = "chip recipients__chip";
    const shown = document.createElement("span");
    shown.className = "chip__text truncate";
    shown.dir = "auto";
    shown.textContent = name || address;
    item.title = name ? `${name} <${address}>` : address;
    if (!isAddress(address)) {
      item.dataset.bad = "";
      item.title = word("no_address");
      item.prepend(iconMarkup("alert-circle"));
    }
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "chip__remove";
    remove.tabIndex = -1;
    remove.dataset.at = at;
    remove.setAttribute(
      "aria-label",
      `${word("remove", { name: item.title })}${"bad" in item.dataset ? ` (${address})` : ""}`,
    );
    remove.append(iconMarkup("x"));
    item.append(shown, remove);
    return item;
  }

  #remove(at) {
    this.#parties.splice(at, 1);
    this.#draw();
    this.#changed();
    const buttons = this.#buttons;
    (buttons[Math.min(at, buttons.length - 1)] ?? this.#input).focus();
  }

  get #buttons() {
    return [...this.#chips.querySelectorAll("button")];
  }

  /** Back into the line, to be corrected. */
  #edit(at) {
    const [party] = this.#parties.splice(at, 1);
    this.#draw();
    this.#input.value = writeList([party]);
    this.#input.focus();
    this.#changed();
  }

  #take() {
    const text = this.#input.value.trim();
    this.#input.value = "";
    this.#close();
    if (text) this.add(text);
  }

  #onInput = () => {
    const text = this.#input.value;
    if (/[;\n]|,\s*$|>\s*$/.test(text) || (/,/.test(text) && /@/.test(text))) return void this.#take();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#suggest(text.trim()), WAIT_MS);
  };

  async #suggest(text) {
    const form = this.closest("form");
    const record = form.querySelector("[name=record]")?.value ?? "";
    if (!text && !record) return this.#close();
    const asked = (this.#asked += 1);
    const without = this.#parties.map(([, address]) => address).join(",");
    const query = new URLSearchParams({ q: text, record, without, list: this.#list.id });
    const response = await fetch(`${this.dataset.url}?${query}`, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!response?.ok || asked !== this.#asked || document.activeElement !== this.#input) return;
    this.#list.innerHTML = await response.text();
    const any = this.#list.querySelector("[role=option]");
    if (!any) return this.#close();
    this.#combobox.stop();
    this.#list.hidden = false;
    this.#combobox.start();
    if (text) this.#combobox.navigate(1);
  }

  #close() {
    this.#asked += 1;
    clearTimeout(this.#timer);
    if (!this.#list.hidden) this.#combobox.stop();
    this.#list.hidden = true;
  }

  #onCommit = (event) => {
    const { name, address } = event.target.dataset;
    this.#input.value = "";
    this.#close();
    this.add(writeList([[name, address]]));
    this.#input.focus();
  };

  #onKey = (event) => {
    if (event.isComposing) return;
    const open = !this.#list.hidden;
    if (event.key === "Escape" && open) {
      this.#close();
      event.stopPropagation();
      event.preventDefault();
    } else if (event.key === "Enter" && !event.defaultPrevented && !event.ctrlKey && !event.metaKey) {
      if (!open || !this.#list.querySelector("[aria-selected=true]")) this.#take();
      event.preventDefault();
    } else if (event.key === "ArrowDown" && !open) {
      this.#suggest(this.#input.value.trim());
    } else if (!this.#input.value && this.#input.selectionStart === 0) {
      const back = event.key === "Backspace" || event.key === (getComputedStyle(this).direction === "rtl" ? "ArrowRight" : "ArrowLeft");
      if (back && this.#buttons.length) {
        this.#buttons.at(-1).focus();
        event.preventDefault();
      }
    }
  };

  #onPaste = (event) => {
    const text = event.clipboardData.getData("text/plain");
    if (!/[@,;\n]/.test(text)) return;
    event.preventDefault();
    this.add(text);
  };

  #onBlur = () => this.#take();

  #onChipClick = (event) => {
    const button = event.target.closest("button");
    if (button) return void this.#remove(Number(button.dataset.at));
    const chip = event.target.closest("li");
    if (chip) this.#openMenu([...this.#chips.children].indexOf(chip));
  };

  /** What else there is to do with a recipient. */
  #openMenu(at) {
    const [, address] = this.#parties[at];
    const chip = this.#chips.children[at];
    const menu = document.createElement("div");
    menu.className = "popover recipients__menu";
    menu.popover = "auto";
    menu.setAttribute("role", "menu");
    menu.setAttribute("aria-label", chip.title);
    menu.append(this.#menuItem("pencil", word("chip_edit"), () => this.#edit(at)));
    if (isAddress(address)) {
      const copied = () => navigator.clipboard?.writeText(address).then(() => toast(word("chip_copied")));
      menu.append(this.#menuItem("copy", word("chip_copy"), copied));
      for (const field of this.#others) {
        const text = word("chip_move", { field: field.querySelector("label").textContent });
        menu.append(this.#menuItem("arrow-right", text, () => this.#moveTo(field, at)));
      }
      menu.append(this.#contactLink(address));
    }
    this.append(menu);
    menu.showPopover({ source: chip });
    const box = chip.getBoundingClientRect();
    const start = getComputedStyle(this).direction === "rtl" ? innerWidth - box.right : box.left;
    menu.style.insetInlineStart = `${Math.max(8, Math.min(start, innerWidth - menu.offsetWidth - 8))}px`;
    menu.style.insetBlockStart = `${Math.min(box.bottom + 4, innerHeight - menu.offsetHeight - 8)}px`;
    menu.querySelector("[role=menuitem]").focus();
    menu.addEventListener("toggle", ({ newState }) => newState === "closed" && menu.remove());
  }

  get #others() {
    return [...this.closest("form").querySelectorAll("recipient-field")].filter((one) => one !== this);
  }

  #menuItem(icon, text, act, tag = "button") {
    const item = document.createElement(tag);
    item.className = "menu__item";
    item.setAttribute("role", "menuitem");
    item.tabIndex = -1;
    const shown = document.createElement("span");
    shown.textContent = text;
    item.append(iconMarkup(icon), shown);
    if (act) item.addEventListener("click", act);
    if (tag === "button") item.type = "button";
    return item;
  }

  #contactLink(address) {
    const link = this.#menuItem("user", word("chip_contact"), null, "a");
    link.href = `${this.dataset.contacts}?${new URLSearchParams({ q: address })}`;
    link.target = "_blank";
    return link;
  }

  #moveTo(field, at) {
    const [party] = this.#parties.splice(at, 1);
    this.#draw();
    this.#changed();
    field.add(writeList([party]));
    field.focus();
  }

  #onChipKey = (event) => {
    const buttons = this.#buttons;
    const at = buttons.indexOf(document.activeElement);
    if (at < 0) return;
    const rtl = getComputedStyle(this).direction === "rtl";
    const forward = rtl ? "ArrowLeft" : "ArrowRight";
    const backward = rtl ? "ArrowRight" : "ArrowLeft";
    if (event.key === "Backspace" || event.key === "Delete") this.#remove(at);
    else if (event.key === "F2") this.#edit(at);
    else if (event.key === "ArrowDown") this.#openMenu(at);
    else if (event.key === forward) (buttons[at + 1] ?? this.#input).focus();
    else if (event.key === backward) buttons[Math.max(0, at - 1)].focus();
    else return;
    event.preventDefault();
  };
}

customElements.define("recipient-field", RecipientField);
