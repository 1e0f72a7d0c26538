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

/** The same of what was copied elsewhere: rows of a table, with names in front of addresses, and
 *  addresses with nothing but space between them. */
export function readPasted(text) {
  const lines = text.split(/\r\n?|\n/).map((line) => {
    if (line.includes("\t")) return ofCells(line.split("\t").map((cell) => cell.trim()));
    const words = line.trim().split(/\s+/);
    return words.every(isAddress) ? words.join(",") : line;
  });
  return readList(lines.join("\n"));
}

function ofCells(cells) {
  const at = cells.findIndex(isAddress);
  const name = cells.slice(Math.max(0, at - 2), at).filter(Boolean).join(" ");
  if (at < 0) return cells.filter(Boolean).join(",");
  const others = cells.slice(at + 1).filter((cell) => isAddress(cell) || NAMED.test(cell));
  return [writeList([[name, cells[at]]]), ...others].join(",");
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
