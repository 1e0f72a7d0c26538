// Toasts that scripts raise, and Undo, which outlives the toast that offered it.

import { iconMarkup, word } from "./client.js";

let lastUndo = null;

/** Shows a message. `action` is {label, act}. Errors stay until they are closed. */
export function toast(text, { kind = "plain", action } = {}) {
  const element = document.createElement("app-toast");
  element.className = "toast";
  element.dataset.kind = kind;
  if (kind === "error") {
    element.setAttribute("role", "alert");
    element.append(iconMarkup("alert-circle"));
  }
  const span = document.createElement("span");
  span.className = "toast__text";
  span.textContent = text;
  element.append(span);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "toast__action";
    button.textContent = action.label;
    button.addEventListener("click", () => {
      element.remove();
      action.act();
    });
    element.append(button);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.className = "toast__close";
  close.dataset.close = "";
  close.setAttribute("aria-label", word("close"));
  close.append(iconMarkup("x"));
  element.append(close);
  document.getElementById("toasts")?.append(element);
  return element;
}

export function rememberUndo(url) {
  lastUndo = url;
}

export function forgetUndo(url) {
  if (lastUndo === url) lastUndo = null;
}

/** Takes the newest act back, also after its toast has left. */
export function undo() {
  const button = [...document.querySelectorAll("#toasts [data-undo]")].at(-1);
  if (button) button.click();
  else if (lastUndo) {
    const url = lastUndo;
    lastUndo = null;
    window.htmx.ajax("POST", url, { source: document.body, target: "#toasts", swap: "none" });
  } else toast(word("nothing_to_undo"));
}
