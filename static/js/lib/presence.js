// In a team's conversation: tells the others that somebody writes an answer, and shows who does.

const EVERY_MS = 20000;

export class Presence {
  #window;
  #url;
  #timer;

  constructor(window) {
    this.#window = window;
    this.#url = window.dataset.writers;
    if (!this.#url) return;
    this.#timer = setInterval(() => document.hidden || this.#tell(), EVERY_MS);
    document.body.addEventListener("presence-changed", this.#onChange);
    this.#tell();
  }

  #onChange = () => this.#tell();

  async #tell() {
    const response = await this.#post(new URLSearchParams());
    const place = this.#window.querySelector("[data-writers-shown]");
    if (response?.ok && place) place.innerHTML = await response.text();
  }

  #post(body) {
    return fetch(this.#url, {
      method: "POST",
      body,
      keepalive: true,
      headers: { "X-CSRFToken": this.#window.value("csrfmiddlewaretoken"), "X-Background": "1" },
    }).catch(() => null);
  }

  end() {
    if (!this.#url) return;
    clearInterval(this.#timer);
    document.body.removeEventListener("presence-changed", this.#onChange);
    this.#post(new URLSearchParams({ gone: "1" }));
  }
}
