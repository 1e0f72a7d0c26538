// Popovers beside their buttons, and the arrow keys in those that are menus.

const GAP = 4;
// Letters that follow each other within this time are one word.
const WORD_MS = 700;

let typed = "";
let typedAt = 0;

export function start() {
  document.addEventListener("toggle", onToggle, true);
  // Toggle comes a moment after the menu is open, when the first letters may have been typed.
  document.addEventListener("beforetoggle", () => (typed = ""), true);
  document.addEventListener("keydown", onKey);
  document.addEventListener("htmx:after:swap", onContent);
  document.addEventListener("click", (event) => {
    const item = event.target.closest("[role='menuitem']");
    if (item && !item.matches("[aria-haspopup]")) item.closest(":popover-open")?.hidePopover();
  });
}

function buttonOf(popover) {
  const buttons = [...document.querySelectorAll(`[popovertarget="${CSS.escape(popover.id)}"]`)];
  return buttons.find((button) => button.checkVisibility());
}

function onToggle(event) {
  const popover = event.target;
  if (!popover.matches?.(".popover")) return;
  const button = buttonOf(popover);
  const open = event.newState === "open";
  button?.setAttribute("aria-expanded", String(open));
  if (!open) {
    // htmx carries the style of what it replaces over to its namesake as an attribute, which the
    // content policy forbids. Chromium keeps it as an empty one unless it was asked for before.
    if (popover.hasAttribute("style")) popover.removeAttribute("style");
    return;
  }
  if (button) place(popover, event.source ?? button);
  enter(popover);
}

function enter(popover) {
  if (popover.contains(document.activeElement)) return;
  if (popover.matches("[role='menu']")) items(popover)[0]?.focus();
  else popover.querySelector("[autofocus], input:not([type=hidden]), .menu__item")?.focus();
}

/** What came after the popover was open has its own size, and is what it was opened for. */
function onContent(event) {
  const popover = event.target;
  if (!popover.matches?.(".popover:popover-open")) return;
  const button = buttonOf(popover);
  if (button) place(popover, button);
  enter(popover);
}

function place(popover, button) {
  const anchor = button.getBoundingClientRect();
  const box = popover.getBoundingClientRect();
  const below = innerHeight - anchor.bottom;
  const top = below < box.height + GAP && anchor.top > below ? anchor.top - box.height - GAP : anchor.bottom + GAP;
  const rtl = getComputedStyle(button).direction === "rtl";
  const startsAtStart = rtl ? anchor.right - box.width : anchor.left;
  const fits = startsAtStart >= GAP && startsAtStart + box.width <= innerWidth - GAP;
  const aligned = fits ? startsAtStart : rtl ? anchor.left : anchor.right - box.width;
  popover.style.insetBlockStart = `${Math.max(GAP, Math.min(top, innerHeight - box.height - GAP))}px`;
  popover.style.insetInlineStart = "auto";
  popover.style.translate = "none";
  const physical = Math.max(GAP, Math.min(aligned, innerWidth - box.width - GAP));
  // Inline start is the right edge where the writing runs to the left.
  popover.style.insetInlineStart = `${rtl ? innerWidth - physical - box.width : physical}px`;
}

function items(menu) {
  const kind = menu.matches("[role='menu']") ? "[role^='menuitem']" : ".menu__item";
  return [...menu.querySelectorAll(`${kind}:not(:disabled)`)].filter((item) => item.checkVisibility());
}

function onKey(event) {
  if (event.defaultPrevented) return;
  const menu = event.target.closest?.(".popover:popover-open");
  const isMenu = menu?.matches("[role='menu']");
  // A popover with fields has its arrows in them, but for the one that narrows its list.
  if (!menu || !(isMenu || event.target.matches(".menu__item, [type='search']"))) return;
  const all = items(menu);
  const at = all.indexOf(document.activeElement);
  const go = (index) => {
    all[(index + all.length) % all.length]?.focus();
    event.preventDefault();
  };
  if (event.key === "ArrowDown") go(at + 1);
  else if (event.key === "ArrowUp") go(at < 0 ? -1 : at - 1);
  else if (!isMenu) return;
  else if (event.key === "Home") go(0);
  else if (event.key === "End") go(all.length - 1);
  else if (event.key === "Tab") menu.hidePopover();
  else if (event.key.length === 1 && (event.key !== " " || isInWord(event)) && !event.ctrlKey && !event.metaKey && !event.altKey) {
    findTyped(event, all, at);
    event.preventDefault();
  }
}

/** A space within a name does not choose what stands there so far. */
function isInWord(event) {
  return typed && event.timeStamp - typedAt <= WORD_MS;
}

/** Letters in a row are the beginning of a name; the same one again goes on to the next. */
function findTyped(event, all, at) {
  const letter = event.key.toLowerCase();
  if (!isInWord(event)) typed = "";
  typedAt = event.timeStamp;
  typed += letter;
  const isRepeat = [...typed].every((one) => one === letter);
  const wanted = isRepeat ? letter : typed;
  const from = isRepeat ? at + 1 : Math.max(at, 0);
  const order = [...all.slice(from), ...all.slice(0, from)];
  order.find((item) => item.textContent.trim().toLowerCase().startsWith(wanted))?.focus();
}
