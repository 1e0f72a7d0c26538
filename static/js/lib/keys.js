// From key strokes to commands. Single keys never act while somebody types, in an open menu or
// dialog, or while an input method composes; and not at all for who switched them off.

import { capsMarkup, isAvailable, run } from "./commands.js";
import { commands, isMac } from "./client.js";

const SEQUENCE_MS = 1200;
const HINT_MS = 400;

let begun = "";
let sequenceTimer;
let hintTimer;

export function start() {
  addEventListener("keydown", onKey);
}

function onKey(event) {
  if (event.defaultPrevented || event.isComposing || event.key === "Dead") return;
  if (["Shift", "Control", "Alt", "Meta", "CapsLock"].includes(event.key)) return;
  const modified = event.ctrlKey || event.metaKey || event.altKey;
  if (!modified && begun) return void finishSequence(event);
  const stroke = strokeOf(event);
  if (!modified && !mayUseSingleKeys(event)) return;
  const fitting = commands.filter((command) => command.keys.includes(stroke));
  for (const command of fitting) {
    if (!command.in_fields && isTyping(event.target)) continue;
    if (isAvailable(command) && run(command.id, event)) return void event.preventDefault();
  }
  if (!modified && commands.some((one) => one.keys.some((keys) => keys.startsWith(`${stroke} `)))) {
    beginSequence(stroke);
    event.preventDefault();
  }
}

function strokeOf(event) {
  if (!(event.ctrlKey || event.metaKey || event.altKey)) return event.key;
  const wanted = isMac ? event.metaKey : event.ctrlKey;
  const other = isMac ? event.ctrlKey : event.metaKey;
  if (!wanted || other || event.altKey) return "";
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return `Mod+${event.shiftKey ? "Shift+" : ""}${key}`;
}

function mayUseSingleKeys(event) {
  const printable = event.key.length === 1;
  if (printable && document.documentElement.dataset.singleKeys === "off") return false;
  if (isTyping(event.target)) return false;
  return !document.querySelector("dialog:modal, .popover:popover-open");
}

export function isTyping(element) {
  return Boolean(
    element?.closest?.(
      "textarea, select, [contenteditable]:not([contenteditable='false']), [role='textbox'], " +
        "input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=range])",
    ),
  );
}

function beginSequence(stroke) {
  begun = stroke;
  sequenceTimer = setTimeout(endSequence, SEQUENCE_MS);
  hintTimer = setTimeout(() => showHint(stroke), HINT_MS);
}

function finishSequence(event) {
  const keys = `${begun} ${event.key}`;
  endSequence();
  const command = commands.find((one) => one.keys.includes(keys));
  if (command && run(command.id, event)) event.preventDefault();
}

function endSequence() {
  begun = "";
  clearTimeout(sequenceTimer);
  clearTimeout(hintTimer);
  document.querySelector(".key-hint")?.remove();
}

function showHint(stroke) {
  const hint = document.createElement("div");
  hint.className = "key-hint";
  hint.append(capsMarkup(stroke), "…");
  const nexts = new Set(
    commands
      .flatMap((one) => one.keys)
      .filter((keys) => keys.startsWith(`${stroke} `))
      .map((keys) => keys.slice(stroke.length + 1)),
  );
  for (const next of nexts) hint.append(capsMarkup(next));
  document.body.append(hint);
}
