// Markup with styles of its own, under a content policy that lets no inline style live: the
// browser keeps a parsed `style` attribute but does not apply it, and reports it. Styles set by
// script are allowed, so they travel under another name and are set after parsing.

const NAME = "data-foreign-css";

/** The markup with its styles put aside; `sheets` takes the text of its style sheets. */
export function putAside(html, sheets = []) {
  return html
    .replace(/<style\b[^>]*>([\s\S]*?)<\/style\s*>/gi, (whole, css) => {
      sheets.push(css);
      return "";
    })
    .replace(/(<img\b[^<>]*?\s)src(?=\s*=\s*["']?\s*(?:https?:|file:|\/\/))/gi, "$1data-foreign-src")
    .replace(/(<[a-z][^<>]*?[\s"'])style(?=\s*=)/gi, `$1${NAME}`);
}

/** Gives parsed elements the styles that were put aside. */
export function putBack(root, sheets = []) {
  for (const css of sheets) applySheet(root, css);
  for (const element of root.querySelectorAll(`[${NAME}]`)) {
    const css = element.getAttribute(NAME);
    element.removeAttribute(NAME);
    element.style.cssText += `;${css}`;
    // Word says in properties of its own what is a list; style objects drop what they do not know.
    if (/mso-/i.test(css)) {
      element.getAttribute = (name) =>
        name === "style" ? css : Element.prototype.getAttribute.call(element, name);
    }
  }
}

function applySheet(root, css) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css.replace(/<!--|-->/g, ""));
  for (const rule of sheet.cssRules) {
    if (!rule.selectorText || /:|^(body|html|\*)$/i.test(rule.selectorText)) continue;
    for (const element of root.querySelectorAll(rule.selectorText)) {
      element.style.cssText = `${rule.style.cssText};${element.style.cssText}`;
    }
  }
}

export function parse(html) {
  const sheets = [];
  const page = new DOMParser().parseFromString(putAside(html, sheets), "text/html");
  putBack(page.body, sheets);
  return page.body;
}

/** Markup that `change` may work on as elements, styles and all, from text to text. */
export function rewrite(html, change) {
  const page = new DOMParser().parseFromString(putAside(html), "text/html");
  change(page.body);
  return page.body.innerHTML.replaceAll(` ${NAME}="`, ' style="');
}

/** Style sheets as elements that no browser takes for some, but whose text can be read. */
export function sheetsToRead(sheets) {
  return sheets.map((css) => `<math><style>${css.replace(/<!--|-->|[<&]/g, " ")}</style></math>`).join("");
}
