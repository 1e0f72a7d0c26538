// The time zone of this browser, for forms that want to know it without asking.

export function start() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const field of document.querySelectorAll("input[data-time-zone]")) field.value ||= zone ?? "";
}
