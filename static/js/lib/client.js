// What the server tells scripts: the table of commands and the words in the user's language.

const data = JSON.parse(document.getElementById("client")?.textContent ?? '{"commands":[],"words":{}}');

export const commands = data.commands;

export function word(name, values = {}) {
  const text = data.words[name] ?? name;
  return text.replace(/%\((\w+)\)[sd]/g, (whole, key) => values[key] ?? whole);
}

export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

export function iconMarkup(name) {
  const sprite = document.querySelector(".i > use")?.getAttribute("href")?.split("#")[0];
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}
