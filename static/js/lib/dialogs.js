// Native dialogs: those fetched into #dialog-root open by themselves; focus goes in and comes
// back. Anything with data-opens="id" opens a dialog of the page, data-close closes its own.

import { word } from "./client.js";

let opener = null;

export function start() {
  document.addEventListener("htmx:before:request", (event) => {
    const target = event.detail.ctx.target;
    if (target?.id === "dialog-root" && !target.contains(event.target)) {
      opener = document.activeElement === document.body ? event.target : document.activeElement;
    }
  });
  document.addEventListener("htmx:after:swap", () => {
    const dialog = document.querySelector("#dialog-root > dialog:not([open])");
    if (dialog) openDialog(dialog);
  });
  document.addEventListener("htmx:after:request", (event) => {
    const form = event.target.closest?.("form[data-closes-dialog]");
    const status = event.detail.ctx.response?.status ?? 500;
    if (form && status < 400) {
      form.dataset.done = "";
      form.closest("dialog")?.close();
    }
  });
  document.addEventListener("input", (event) => {
    const dialog = event.target.closest?.("dialog:not(.dialog--palette)");
    if (dialog) dialog.dataset.dirty = "";
  });
  document.addEventListener("click", onClick);
}

export function openDialog(dialog, { from = null } = {}) {
  opener = from ?? opener ?? document.activeElement;
  const returnTo = opener;
  opener = null;
  dialog.addEventListener("close", () => onClose(dialog, returnTo), { once: true });
  if (dialog.closest("#dialog-root")) {
    dialog.addEventListener("cancel", (event) => {
      if (!mayLeave(dialog)) event.preventDefault();
    });
  }
  dialog.showModal();
  const first =
    dialog.querySelector("[aria-invalid='true']") ??
    dialog.querySelector("[autofocus]") ??
    dialog.querySelector(".dialog__body :is(input:not([type=hidden]), select, textarea)") ??
    dialog.querySelector("h2");
  first?.focus();
}

function onClose(dialog, returnTo) {
  delete dialog.dataset.dirty;
  if (returnTo?.isConnected && returnTo.checkVisibility?.()) returnTo.focus();
  if (dialog.parentElement?.id === "dialog-root") dialog.remove();
}

function mayLeave(dialog) {
  const saved = dialog.querySelector("form[data-done]");
  return !("dirty" in dialog.dataset) || saved || confirm(word("leave"));
}

function onClick(event) {
  const opens = event.target.closest("[data-opens]");
  if (opens) {
    const dialog = document.getElementById(opens.dataset.opens);
    if (dialog && !dialog.open) openDialog(dialog, { from: opens });
    return;
  }
  const close = event.target.closest("[data-close]");
  if (close) {
    close.closest("app-toast")?.leave();
    const dialog = close.closest("dialog");
    if (dialog && mayLeave(dialog)) dialog.close();
    return;
  }
  // The backdrop belongs to the dialog itself.
  const dialog = event.target;
  if (dialog instanceof HTMLDialogElement && dialog.open && !("dirty" in dialog.dataset)) {
    const box = dialog.getBoundingClientRect();
    const inside =
      event.clientX >= box.left &&
      event.clientX <= box.right &&
      event.clientY >= box.top &&
      event.clientY <= box.bottom;
    if (!inside) dialog.close();
  }
}
