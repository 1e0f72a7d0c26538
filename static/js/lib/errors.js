// What went wrong is said once, in words, with a way to try again.

import { word } from "./client.js";
import { toast } from "./toast.js";

const BY_STATUS = { 403: "forbidden", 404: "gone", 410: "gone", 413: "too_large", 429: "too_many" };

// What was said of each element; it goes when the element fails anew, or no longer fails.
const told = new WeakMap();

export function start() {
  document.addEventListener("htmx:response:error", (event) => {
    const { response } = event.detail.ctx;
    // 422 is a form that says itself what is wrong, as others may for other answers; 401 leads to
    // sign-in.
    const isSaid = event.target.hasAttribute?.(`hx-status:${response.status}`);
    if ([401, 422].includes(response.status) || isSaid || isQuiet(event.target)) return;
    const said = response.headers.get("X-Error-Text");
    const text = said ? decodeURIComponent(said) : word(BY_STATUS[response.status] ?? "failed");
    report(text, event.target);
  });
  document.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx && !isQuiet(event.target)) report(word("unreachable"), event.target);
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { response } = event.detail.ctx;
    if (response && response.status < 400) told.get(event.target)?.remove();
  });
  addEventListener("offline", showState);
  addEventListener("online", showState);
  showState();
}

/** What looks again by itself; what people press inside of it is not quiet. */
function isQuiet(element) {
  return Boolean(element.matches?.("[data-quiet]"));
}

function report(text, source) {
  const again = source.matches?.("form, button, a")
    ? { label: word("again"), act: () => (source.requestSubmit ? source.requestSubmit() : source.click()) }
    : undefined;
  told.get(source)?.remove();
  told.set(source, toast(text, { kind: "error", action: again }));
}

function showState() {
  const bar = document.getElementById("offline");
  if (bar) bar.hidden = navigator.onLine;
}
