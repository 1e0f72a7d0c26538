// Lists of addresses as people type and paste them. The server reads them by the same rules
// (inbox/domain/recipients.py) and has the last word.

const ENTRY = /(?:"(?:[^"\\]|\\.){0,300}"|<[^<>]{0,400}>|[^,;\n"<>]|["<>])+/g;
const NAMED = /^\s*(?:"((?:[^"\\]|\\.)*)"|([^"<>]*?))\s*<\s*([^<>]*?)\s*>\s*$/;
const ADDRESS = /^[^\s"(),:;<>@[\\\]]{1,64}@[^\s@<>"]+\.[^\s@<>".]+$/;

/** `Ada <a@x>, b@y` → [["Ada", "a@x"], ["", "b@y"]], each address once. */
export function readList(text) {
  const found = new Map();
  for (const [entry] of text.matchAll(ENTRY)) {
    if (!entry.trim()) continue;
    const named = NAMED.exec(entry);
    const name = named ? (named[1] ?? named[2] ?? "").replace(/\\(.)/g, "$1").trim() : "";
    const address = (named ? named[3] : entry).trim().replace(/^mailto:/, "");
    if (!found.has(address.toLowerCase())) found.set(address.toLowerCase(), [name, address]);
  }
  return [...found.values()];
}

export function writeList(parties) {
  return parties
    .map(([name, address]) => {
      if (!name) return address;
      return /[,;"<>\\]/.test(name) ? `"${name.replace(/["\\]/g, "\\$&")}" <${address}>` : `${name} <${address}>`;
    })
    .join(", ");
}

export function isAddress(text) {
  return ADDRESS.test(text);
}
