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

/** Takes the newest act back, also after its toast has left, or on the next page. */
export function undo() {
  const region = document.getElementById("toasts");
  const button = [...region.querySelectorAll("[data-undo]")].at(-1);
  if (button) {
    button.click();
    return;
  }
  // What was done on the page before this one, the server knows.
  const url = lastUndo ?? region.dataset.newest;
  lastUndo = null;
  if (url) window.htmx.ajax("POST", url, { source: document.body, target: "#toasts", swap: "none" });
}
