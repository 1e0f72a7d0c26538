// The compose window comes when it is needed: its script is fetched once one is in the page, and
// every e-mail address and every link to it opens one beside what is being read.

export function start() {
  const look = () => {
    if (document.querySelector("compose-form")) import("../elements/compose-form.js");
    if (document.querySelector("rich-text")) import("../elements/rich-text.js");
  };
  document.addEventListener("htmx:after:swap", look);
  document.addEventListener("click", onLink);
  look();
}

export function onLink(event) {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("[data-takes-mailto]")) return void takeLinks();
  const link = event.target.closest("a[href]");
  if (link && openWindow(link)) event.preventDefault();
}

/** Links of the whole computer: browsers ask their user before they agree. */
function takeLinks() {
  navigator.registerProtocolHandler("mailto", `${location.origin}${new URL(composeLink().href).pathname}?mailto=%s`);
}

function composeLink() {
  // On a record's page its own link, which brings the record along.
  return document.querySelector("main a[data-key='compose']") ?? document.querySelector("a[data-key='compose']");
}

/** Opens what the link asks for in the dock; false when it is not for us. */
export function openWindow(link) {
  const place = document.getElementById("compose-dock");
  const compose = composeLink();
  if (!place || !compose || link.hasAttribute("hx-get")) return false;
  const url = new URL(compose.href);
  if (link.protocol === "mailto:") {
    if (document.documentElement.dataset.emailLinks === "computer") return false;
    url.searchParams.delete("to");
    url.searchParams.set("mailto", link.href);
  } else if (link.pathname === url.pathname && link.origin === url.origin) {
    url.search = link.search;
  } else return false;
  url.searchParams.set("frame", "dock");
  window.htmx.ajax("GET", `${url.pathname}${url.search}`, { target: place, swap: "beforeend" });
  return true;
}
