// The compose window comes when it is needed: its script is fetched once one is in the page.

export function start() {
  const look = () => {
    if (document.querySelector("compose-form")) import("../elements/compose-form.js");
    if (document.querySelector("rich-text")) import("../elements/rich-text.js");
  };
  document.addEventListener("htmx:after:swap", look);
  look();
}
