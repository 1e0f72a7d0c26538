// Finding and carrying out commands. The table itself is common/commands.py.

import { commands, isMac } from "./client.js";

const handlers = new Map();

/** A script that carries out a command itself. Gives a function that takes it back. */
export function handle(id, act) {
  handlers.set(id, act);
  return () => handlers.get(id) === act && handlers.delete(id);
}

/** The bar of a list, for a row that has the focus and is not the open one: what the bar does, it
 * does to this row (see mail-list). */
export function barOf(focused) {
  const row = focused?.closest(".row:has(.row__tick)");
  if (!row || row.querySelector("[aria-current='true']")) return null;
  return row.closest("form")?.querySelector(".bulk-bar");
}

/** The element a command clicks: nearest to where the user is, and only if it can be seen. */
function targetOf(id) {
  const selector = `[data-key="${id}"]:not(.row), [data-act="${id}"]`;
  const enabled = (element) => !element.matches(":disabled, [aria-disabled='true']");
  const usable = (element) => enabled(element) && element.checkVisibility();
  const within = (root) => root && [...root.querySelectorAll(selector)].find(usable);
  // Some of a bar stands in its closed menu.
  const inBar = (bar) => bar && [...bar.querySelectorAll(selector)].find(enabled);
  const focused = document.activeElement;
  return (
    inBar(document.querySelector("[data-selecting] .bulk-bar")) ??
    within(focused?.closest(".row, .card")) ??
    inBar(barOf(focused)) ??
    within(focused?.closest("[data-scope]")) ??
    [...document.querySelectorAll(selector)].find(
      (element) => !element.closest(".row, .card, .bulk-bar") && usable(element),
    ) ??
    within(document.querySelector(".row:has([aria-current='true'])"))
  );
}

export function isAvailable(command) {
  return Boolean(handlers.has(command.id) || targetOf(command.id) || command.href);
}

/** Carries the command out; false when nothing here can. */
export function run(id, event) {
  if (handlers.has(id)) return handlers.get(id)(event) !== false;
  const target = targetOf(id);
  const command = commands.find((one) => one.id === id);
  if (target) {
    if (target.matches("input:not([type=checkbox], [type=radio]), textarea")) target.focus();
    else target.click();
    return true;
  }
  if (command?.href) {
    location.assign(command.href);
    return true;
  }
  return false;
}

/** `Mod+Shift+Enter` → ["Ctrl", "Shift", "Enter"]; `E` → ["Shift", "E"]; `g i` → ["G", "I"]. */
function caps(keys) {
  return keys.split(" ").flatMap((stroke) => {
    const parts = stroke === "+" ? ["+"] : stroke.split("+");
    const key = parts.pop();
    const modifiers = parts.map((part) => (part === "Mod" ? (isMac ? "⌘" : "Ctrl") : part));
    if (/^[A-Z]$/.test(key)) modifiers.push("Shift");
    return [...modifiers, key === "Escape" ? "Esc" : key.length === 1 ? key.toUpperCase() : key];
  });
}

/** The spelling of aria-keyshortcuts; sequences have none there. */
function ariaKeys(command) {
  return command.keys
    .filter((keys) => !keys.includes(" "))
    .map((keys) => caps(keys).join("+").replace("Ctrl", "Control").replace("⌘", "Meta"))
    .join(" ");
}

/** Tells screen readers and tooltips which key clicks an element. */
export function annotate(root = document) {
  for (const command of commands) {
    for (const element of root.querySelectorAll(`[data-key="${command.id}"]:not([aria-keyshortcuts])`)) {
      const keys = ariaKeys(command);
      if (keys) element.setAttribute("aria-keyshortcuts", keys);
      if (element.title) element.title = `${element.title} (${caps(command.keys[0]).join(" ")})`;
    }
  }
}

export function capsMarkup(keys) {
  const holder = document.createElement("span");
  holder.className = "keys";
  for (const cap of caps(keys)) {
    const kbd = document.createElement("kbd");
    kbd.className = "keycap";
    kbd.textContent = cap;
    holder.append(kbd);
  }
  return holder;
}
