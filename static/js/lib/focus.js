// Focus always has a next place: after a row leaves it goes to the next one, else the previous
// one, else to what the list says when it is empty. A refresh in the background never moves it.

import { reducedMotion } from "./client.js";

const LEAVE_MS = 140;
let place = null;

export function start() {
  document.addEventListener("htmx:before:request", (event) => {
    const source = event.target;
    if (source.closest?.("[data-optimistic='leave']")) leave(source);
  });
  for (const name of ["htmx:response:error", "htmx:error"]) {
    document.addEventListener(name, (event) => comeBack(event.target));
  }
  document.addEventListener("htmx:before:swap", () => {
    const row = document.activeElement?.closest(".row");
    place = row ? { list: row.parentElement, index: [...row.parentElement.children].indexOf(row) } : null;
  });
  document.addEventListener("htmx:after:swap", () => {
    if (place && document.activeElement === document.body) focusAt(place);
    place = null;
  });
}

function linkOf(row) {
  return row?.querySelector(".row__link");
}

function focusAt({ list, index }) {
  const root = list.isConnected ? list : document.getElementById(list.id);
  if (!root) return;
  const rows = [...root.children].filter((row) => row.matches(".row:not(.is-leaving)"));
  const target = linkOf(rows[Math.min(index, rows.length - 1)]) ?? root.parentElement?.querySelector(".empty__title");
  target?.focus();
}

/** The row goes at once; what the server says later confirms or undoes it. */
function leave(source) {
  const row = source.closest(".row");
  if (!row || row.classList.contains("is-leaving")) return;
  const hadFocus = row.contains(document.activeElement);
  row.style.blockSize = `${row.offsetHeight}px`;
  if (!reducedMotion()) row.getBoundingClientRect();
  row.classList.add("is-leaving");
  row.style.removeProperty("block-size");
  if (hadFocus) {
    const rows = [...row.parentElement.children].filter((one) => one.matches(".row"));
    const at = rows.indexOf(row);
    const next = rows.slice(at + 1).find((one) => !one.classList.contains("is-leaving"));
    const previous = rows.slice(0, at).reverse().find((one) => !one.classList.contains("is-leaving"));
    linkOf(next ?? previous)?.focus();
  }
  setTimeout(() => row.classList.contains("is-leaving") && (row.inert = true), LEAVE_MS);
}

function comeBack(source) {
  const row = source.closest?.(".row.is-leaving");
  if (!row) return;
  row.inert = false;
  row.classList.remove("is-leaving");
  linkOf(row)?.focus();
}
