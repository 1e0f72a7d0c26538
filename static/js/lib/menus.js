// Popovers beside their buttons, and the arrow keys in those that are menus.

const GAP = 4;

export function start() {
  document.addEventListener("toggle", onToggle, true);
  document.addEventListener("keydown", onKey);
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
  if (popover.contains(document.activeElement)) return;
  if (popover.matches("[role='menu']")) items(popover)[0]?.focus();
  else popover.querySelector("[autofocus], input:not([type=hidden])")?.focus();
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
  return [...menu.querySelectorAll("[role^='menuitem']:not(:disabled)")].filter((item) => item.checkVisibility());
}

function onKey(event) {
  const menu = event.target.closest?.("[role='menu']:popover-open");
  if (!menu) return;
  const all = items(menu);
  const at = all.indexOf(document.activeElement);
  const go = (index) => {
    all[(index + all.length) % all.length]?.focus();
    event.preventDefault();
  };
  if (event.key === "ArrowDown") go(at + 1);
  else if (event.key === "ArrowUp") go(at - 1);
  else if (event.key === "Home") go(0);
  else if (event.key === "End") go(all.length - 1);
  else if (event.key === "Tab") menu.hidePopover();
  else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const letter = event.key.toLowerCase();
    const order = [...all.slice(at + 1), ...all.slice(0, at + 1)];
    const found = order.find((item) => item.textContent.trim().toLowerCase().startsWith(letter));
    found?.focus();
    event.preventDefault();
  }
}
