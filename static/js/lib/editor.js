// The mail editor behind an interface of our own, so that it can be replaced. It is large and
// comes only when somebody writes.

import { PLACEHOLDER } from "./field-chips.js";
import { parse, putAside, putBack, rewrite, sheetsToRead } from "./foreign.js";

let loading;

function load(source) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => {
      setStylesByScript();
      resolve(window.roosterjs);
    };
    script.onerror = () => {
      loading = undefined;
      reject(new Error("editor"));
    };
    document.head.append(script);
  });
  return loading;
}

/** The editor writes styles of its handles as attributes, which the policy refuses; set through the
 *  object, as here, they are a script's own and allowed. */
function setStylesByScript() {
  const { setAttribute } = Element.prototype;
  Element.prototype.setAttribute = function set(name, value) {
    if (name === "style" && this.style) this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };
}

const FIELD = "SmartField";
const CHANGES = new Set(["input", "contentChanged", "keyUp", "mouseUp"]);

/** `labels` maps names of smart fields to what their chips say. */
export async function openEditor(place, { source, ...options }) {
  const rooster = await load(source);
  return new MailEditor(rooster, place, options);
}

class MailEditor {
  #rooster;
  #editor;
  #labels;
  #place;
  #kept = null;
  #sheets = new Map();

  constructor(rooster, place, { html, labels, onChange, onState, onLeftOut, onFieldWanted }) {
    this.#rooster = rooster;
    this.#labels = labels;
    this.#place = place;
    let sheets = [];
    let before = null;
    // Stands before the paste plugin, which looks at the styles.
    const styles = {
      getName: () => "Styles",
      initialize: () => {},
      dispose: () => {},
      onPluginEvent: (event) => {
        if (event.eventType === "beforePaste") {
          putBack(event.fragment, sheets);
          dropRemotePictures(event.fragment, onLeftOut);
          // In it the paste plugin looks for Word's description of its lists.
          before = event.htmlBefore;
        } else if (event.eventType === "contentChanged") {
          before = null;
          sheets = [];
          putBack(place);
        }
      },
    };
    // Stands after it, since a table of Excel is parsed once more there.
    const stylesAgain = {
      getName: () => "StylesAgain",
      initialize: () => {},
      dispose: () => {},
      onPluginEvent: (event) => {
        if (event.eventType === "beforePaste") putBack(event.fragment, sheets);
      },
    };
    const news = {
      getName: () => "News",
      initialize: () => {},
      dispose: () => {},
      onPluginEvent: ({ eventType }) => {
        if (!CHANGES.has(eventType)) return;
        if (eventType === "input" || eventType === "contentChanged") onChange();
        if (eventType === "input" && this.#takeBraces()) onFieldWanted();
        onState();
      },
    };
    // The place takes text from the moment it is seen, and the editor would begin without it.
    const early = place.textContent;
    this.#editor = new rooster.Editor(place, {
      plugins: [
        styles,
        new rooster.PastePlugin(true),
        stylesAgain,
        new rooster.EditPlugin({ handleTabKey: false }),
        new rooster.ShortcutPlugin(),
        new rooster.AutoFormatPlugin({ autoBullet: true, autoNumbering: true, autoLink: true, autoUnlink: true }),
        new rooster.HyperlinkPlugin(),
        new rooster.ImageEditPlugin(),
        news,
      ],
      initialModel: html ? this.#withCaret(this.#model(html)) : undefined,
      defaultSegmentFormat: {},
      coreApiOverride: { setEditorStyle: (core, ...style) => this.#setStyle(...style) },
      trustedHTMLHandler: (text) => (text && text === before ? sheetsToRead(sheets) : putAside(text, sheets)),
    });
    if (early.trim()) this.#insertText(early);
  }

  #insertText(text) {
    const span = document.createElement("span");
    span.textContent = text.replace(/ $/, "\u00a0");
    this.insertHTML(span.outerHTML);
  }

  /** Styles of the editor's own: how a chosen picture looks, say. In a sheet that is made by
   *  script, since the policy lets no style element live. */
  #setStyle(key, rule, selectors) {
    let sheet = this.#sheets.get(key);
    if (!sheet) {
      if (!rule) return;
      sheet = new CSSStyleSheet();
      this.#sheets.set(key, sheet);
      document.adoptedStyleSheets.push(sheet);
    }
    const root = `#${CSS.escape(this.#place.id)}`;
    const places = typeof selectors === "string" ? [`${root}::${selectors}`] : (selectors ?? [""]).map((one) => `${root} ${one}`);
    sheet.replaceSync(rule ? `${places.join(",")} {${rule}}` : "");
  }

  /** Two braces typed are the wish for a field; they make room for it. */
  #takeBraces() {
    const { anchorNode, anchorOffset } = getSelection();
    if (anchorNode?.nodeType !== Node.TEXT_NODE || !this.#place.contains(anchorNode)) return false;
    if (!anchorNode.data.slice(0, anchorOffset).endsWith("{{")) return false;
    anchorNode.deleteData(anchorOffset - 2, 2);
    this.keepSelection();
    return true;
  }

  /** Remembers where the caret is while a list beside the text has the focus. */
  keepSelection() {
    const selection = getSelection();
    this.#kept = selection.rangeCount && this.#place.contains(selection.anchorNode) ? selection.getRangeAt(0).cloneRange() : null;
  }

  #toSelection() {
    this.#editor.focus();
    if (!this.#kept?.startContainer.isConnected) return;
    this.#editor.setDOMSelection({ type: "range", range: this.#kept, isReverted: false });
    this.#kept = null;
  }

  link(url) {
    this.#toSelection();
    const text = getSelection().isCollapsed ? url.replace(/^(https?:\/\/|mailto:)/, "") : undefined;
    this.#rooster.insertLink(this.#editor, url, undefined, text);
  }

  #model(html) {
    const body = parse(html);
    this.#fieldsToChips(body);
    return this.#rooster.domToContentModel(body, this.#rooster.createDomToModelContext());
  }

  /** With the caret at its beginning; a model without one cannot be written into. */
  #withCaret(model) {
    const first = model.blocks.find((block) => block.blockType === "Paragraph");
    if (first) first.segments.unshift(this.#rooster.createSelectionMarker());
    return model;
  }

  /** `{{person.name}}` in text becomes a chip that is deleted and moved as one piece. */
  #fieldsToChips(root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) if (walker.currentNode.data.includes("{{")) texts.push(walker.currentNode);
    for (const text of texts) {
      const pieces = [];
      let at = 0;
      for (const match of text.data.matchAll(PLACEHOLDER)) {
        pieces.push(text.data.slice(at, match.index), this.#chip(match[1], match[2]));
        at = match.index + match[0].length;
      }
      if (pieces.length) text.replaceWith(...pieces, text.data.slice(at));
    }
  }

  #chip(name, fallback) {
    const chip = document.createElement("span");
    chip.className = `_Entity _EType_${FIELD} _EReadonly_1`;
    chip.contentEditable = "false";
    chip.append(this.#chipContent(name, fallback));
    return chip;
  }

  #chipContent(name, fallback) {
    const inner = document.createElement("span");
    inner.className = "field-chip";
    inner.dataset.field = name;
    if (fallback !== undefined) inner.dataset.fallback = fallback;
    inner.textContent = this.#labels[name] ?? name;
    inner.setAttribute("role", "button");
    return inner;
  }

  /** What is stored and sent: no trace of the editor in it. */
  getHTML() {
    let isEmpty = true;
    const html = rewrite(this.#rooster.exportContent(this.#editor, "HTML"), (body) => {
      for (const chip of body.querySelectorAll("[data-field]")) {
        const { field, fallback } = chip.dataset;
        const text = fallback === undefined ? `{{${field}}}` : `{{${field}|${fallback}}}`;
        (chip.closest("._Entity") ?? chip).replaceWith(text);
      }
      // A picture of the web was not loaded here; its readers' programs may.
      for (const picture of body.querySelectorAll("img[data-src]")) {
        picture.setAttribute("src", picture.dataset.src);
        picture.removeAttribute("data-src");
      }
      for (const end of body.querySelectorAll(".entityDelimiterBefore, .entityDelimiterAfter")) end.remove();
      for (const element of body.querySelectorAll("[data-editing-info], [class], [id]")) {
        for (const name of ["data-editing-info", "class", "id"]) element.removeAttribute(name);
      }
      isEmpty = !body.textContent.trim() && !body.querySelector("img, table, hr");
    });
    return isEmpty ? "" : html.replace(/\u200b/g, "");
  }

  getText() {
    return this.#place.innerText;
  }

  setHTML(html) {
    const model = this.#model(html);
    this.#editor.formatContentModel((current) => {
      current.blocks = model.blocks;
      return true;
    });
  }

  insertHTML(html) {
    const model = this.#model(html);
    this.#toSelection();
    this.#editor.formatContentModel((current, context) => {
      this.#rooster.mergeModel(current, model, context);
      return true;
    });
  }

  insertChip(name, fallback) {
    this.#toSelection();
    this.#rooster.insertEntity(this.#editor, FIELD, false, "focus", {
      contentNode: this.#chipContent(name, fallback),
      focusAfterEntity: true,
    });
  }

  insertImage(url) {
    this.#toSelection();
    this.#rooster.insertImage(this.#editor, url);
  }

  format(name, value) {
    const { rooster, editor } = { rooster: this.#rooster, editor: this.#editor };
    editor.focus();
    const acts = {
      bold: () => rooster.toggleBold(editor),
      italic: () => rooster.toggleItalic(editor),
      underline: () => rooster.toggleUnderline(editor),
      strike: () => rooster.toggleStrikethrough(editor),
      bullets: () => rooster.toggleBullet(editor),
      numbers: () => rooster.toggleNumbering(editor),
      indent: () => rooster.setIndentation(editor, "indent"),
      outdent: () => rooster.setIndentation(editor, "outdent"),
      quote: () => rooster.toggleBlockQuote(editor),
      direction: () => rooster.setDirection(editor, value),
      align: () => rooster.setAlignment(editor, value),
      heading: () => rooster.setHeadingLevel(editor, Number(value)),
      colour: () => rooster.setTextColor(editor, value),
      mark: () => rooster.setBackgroundColor(editor, value || null),
      size: () => rooster.setFontSize(editor, value),
      unlink: () => rooster.removeLink(editor),
      clear: () => rooster.clearFormat(editor),
    };
    acts[name]?.();
  }

  state() {
    const found = this.#rooster.getFormatState(this.#editor);
    return {
      bold: found.isBold,
      italic: found.isItalic,
      underline: found.isUnderline,
      strike: found.isStrikeThrough,
      bullets: found.isBullet,
      numbers: found.isNumbering,
      quote: found.isBlockQuote,
      link: found.canUnlink,
    };
  }

  focus() {
    this.#editor.focus();
  }

  dispose() {
    this.#editor.dispose();
    const own = new Set(this.#sheets.values());
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => !own.has(sheet));
  }
}

/** Pictures of the web are not fetched, neither here nor by the server: each would tell its
 *  owner who reads the mail. */
function dropRemotePictures(fragment, onLeftOut) {
  const remote = [...fragment.querySelectorAll("img")].filter((one) => !/^data:image\//i.test(one.getAttribute("src") ?? ""));
  for (const image of remote) image.remove();
  if (remote.length) onLeftOut();
}
