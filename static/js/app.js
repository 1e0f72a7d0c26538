// Starts what every page needs. Each behaviour is a file of its own; elements bind themselves.

import { annotate, handle, run } from "./lib/commands.js";
import { start as startDarkMail } from "./lib/dark-mail.js";
import { start as startDialogs } from "./lib/dialogs.js";
import { start as startErrors } from "./lib/errors.js";
import { start as startFocus } from "./lib/focus.js";
import { start as startKeys } from "./lib/keys.js";
import { start as startLive } from "./lib/live.js";
import { start as startLooks } from "./lib/looks.js";
import { start as startMenus } from "./lib/menus.js";
import { start as startTimes } from "./lib/times.js";
import { undo } from "./lib/toast.js";
import { start as startWriting } from "./lib/writing.js";
import { start as startZones } from "./lib/zones.js";
import "./elements/app-toast.js";
import "./elements/command-palette.js";
import "./elements/inbox-panes.js";
import "./elements/key-help.js";
import "./elements/label-picker.js";
import "./elements/mail-body.js";
import "./elements/mail-list.js";

startKeys();
startDarkMail();
startDialogs();
startMenus();
startFocus();
startErrors();
startLive();
startLooks();
startTimes();
startWriting();
startZones();
handle("undo", undo);

document.addEventListener("click", (event) => {
  const element = event.target.closest("[data-runs]");
  if (element) run(element.dataset.runs);
  const toggle = event.target.closest("[data-toggles-side]");
  if (toggle) toggle.closest(".panes")?.toggleAttribute("data-side-open");
});

function look() {
  annotate();
  // On few pages, so it comes with them.
  if (document.querySelector("password-field")) import("./elements/password-field.js");
  if (document.querySelector("folder-picker")) import("./elements/folder-picker.js");
  if (document.querySelector("resize-handle")) import("./elements/resize-handle.js");
}

look();
document.addEventListener("htmx:after:swap", look);
