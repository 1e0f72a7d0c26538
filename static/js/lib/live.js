// Live events and what stands in for them. After a lost connection `resync` asks every pane to
// look again; while there is none at all, that happens every half minute.

const POLL_MS = 30000;
const RETRY_MS = 120000;

export function start() {
  const live = document.getElementById("live");
  if (!live) return;
  let connections = 0;
  let polling;
  const resync = () => document.body.dispatchEvent(new CustomEvent("resync", { bubbles: true }));
  const poll = () => {
    if (!document.hidden) resync();
  };
  document.body.addEventListener("htmx:sse:after:connection", () => {
    clearInterval(polling);
    polling = undefined;
    connections += 1;
    if (connections > 1) resync();
  });
  const fallBack = (event) => {
    if (event.target !== document.getElementById("live")) return;
    polling ??= setInterval(poll, POLL_MS);
    // The extension tries again by itself only once it has been connected.
    if (!event.type.startsWith("htmx:sse")) setTimeout(reconnect, RETRY_MS);
  };
  for (const name of ["htmx:sse:error", "htmx:response:error", "htmx:error"]) {
    document.body.addEventListener(name, fallBack);
  }
}

function reconnect() {
  const old = document.getElementById("live");
  if (!old) return;
  const fresh = old.cloneNode(true);
  old.replaceWith(fresh);
  window.htmx.process(fresh);
}
