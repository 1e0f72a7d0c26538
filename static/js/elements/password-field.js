// Shows the password on demand; it is hidden again before the form leaves, so that no browser
// keeps it as ordinary text.

class PasswordField extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector("input");
    const toggle = this.querySelector("button");
    const show = (shown) => {
      input.type = shown ? "text" : "password";
      toggle.setAttribute("aria-pressed", String(shown));
    };
    toggle.hidden = false;
    toggle.addEventListener("click", () => show(input.type === "password"));
    input.form?.addEventListener("submit", () => show(false));
  }
}

customElements.define("password-field", PasswordField);
