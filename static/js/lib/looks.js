// A choice of theme or density shows at once; the server hears of it by the form's own request.

export function start() {
  document.addEventListener("change", (event) => {
    const field = event.target.closest?.("[name='theme'], [name='density']");
    if (field) document.documentElement.dataset[field.name] = field.value;
  });
}
