// HTML mail is white paper, in the dark theme too; a button turns it dark, and all other mail
// with it. Kept in a cookie as the widths of the panes are, so that the first paint is right.

const YEAR = 31536000;

export function start() {
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-dark-view]")) return;
    const isDark = document.documentElement.toggleAttribute("data-dark-mail");
    document.cookie = `dark-mail=${isDark ? "1" : ""}; path=/; max-age=${YEAR}; samesite=lax`;
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
}

function show() {
  const isDark = document.documentElement.hasAttribute("data-dark-mail");
  for (const button of document.querySelectorAll("[data-dark-view]")) button.ariaPressed = String(isDark);
  for (const frame of document.querySelectorAll("mail-body > iframe")) keepPictures(frame);
}

/** Pictures are turned back inside the frame, where the turned paper has turned them too. */
export function keepPictures(frame) {
  const isTurned = getComputedStyle(frame).filter !== "none";
  frame.contentDocument?.documentElement?.toggleAttribute("data-dark", isTurned);
}
