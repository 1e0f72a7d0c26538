// Keeps "5 min ago" true.

import { word } from "./client.js";

const EVERY_MS = 30000;

export function start() {
  setInterval(() => {
    if (!document.hidden) refresh();
  }, EVERY_MS);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
}

function refresh() {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const minutes = Math.round((Date.now() - Date.parse(time.dateTime)) / 60000);
    if (minutes < 0 || minutes >= 24 * 60) continue;
    if (minutes < 1) time.textContent = word("now");
    else if (minutes < 60) time.textContent = word("minutes", { count: minutes });
    else time.textContent = word("hours", { count: Math.floor(minutes / 60) });
  }
}
