// Files and pictures of a mail being written: dropped, pasted, chosen; brought to the server one by
// one, with progress, and refused before that when they are too large for the account's provider.

import { word } from "./client.js";
import { pastedPictures, picturesAmong } from "./pictures.js";
import { toast } from "./toast.js";

const MEGABYTE = 1024 * 1024;
// From here on the writer is told how much room is left.
const TELL_FROM = 0.6;

export class MailFiles {
  #window;
  #onPicture;
  // What is here, pictures included, and what is still coming.
  #bytes;
  underWay = new Set();

  /** `window` is the compose window; `onPicture` takes the address of a picture for the text. */
  constructor(window, { onPicture }) {
    this.#window = window;
    this.#onPicture = onPicture;
    this.#bytes = Number(window.dataset.weight || 0);
    window.addEventListener("dragover", this.#onDrag);
    window.addEventListener("dragleave", this.#onDrag);
    window.addEventListener("drop", this.#onDrop, true);
    window.addEventListener("click", (event) => {
      const button = event.target.closest("[data-remove-file]");
      if (button) this.#remove(button.closest("[data-file]"), button.dataset.removeFile);
    });
    window.querySelector("[data-attach]")?.addEventListener("change", (event) => {
      this.take([...event.target.files]);
      event.target.value = "";
    });
  }

  get #most() {
    const from = this.#window.form.elements.account;
    return Number((from?.selectedOptions?.[0] ?? from)?.dataset.filesBytes ?? Infinity);
  }

  paste(event) {
    const files = pastedPictures(event);
    if (!files.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.take(files, { inline: true });
  }

  #onDrag = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.#window.toggleAttribute("data-dropping", event.type === "dragover");
  };

  /** Before the editor, which would put a picture into its text by itself. */
  #onDrop = (event) => {
    this.#window.removeAttribute("data-dropping");
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    event.stopPropagation();
    this.take(files, { inline: Boolean(event.target.closest?.(".composer__editor")) });
  };

  /** Pictures go into the text where that was meant; everything else is attached. */
  take(files, { inline = false } = {}) {
    const taken = files.filter((file) => this.#fits(file));
    const pictures = inline ? picturesAmong(taken) : [];
    for (const picture of pictures) {
      this.#track(this.#upload(picture, { inline: true }).then((answer) => answer && this.#onPicture(answer.url)));
    }
    for (const file of taken) if (!pictures.includes(file)) this.#attach(file);
  }

  #fits(file) {
    if (this.#bytes + file.size <= this.#most) {
      this.#bytes += file.size;
      this.tell();
      return true;
    }
    const limit = Math.round(this.#most / MEGABYTE);
    toast(word("file_too_big", { name: file.name, limit }), { kind: "error" });
    return false;
  }

  /** What the files weigh, once it is worth knowing. */
  tell() {
    const place = this.#window.querySelector("[data-room]");
    const most = this.#most;
    const used = this.#bytes / MEGABYTE;
    place.hidden = !(this.#bytes > most * TELL_FROM);
    place.toggleAttribute("data-over", this.#bytes > most);
    const text = word("files_room", { used: used.toFixed(1), limit: Math.round(most / MEGABYTE) });
    if (!place.hidden && place.textContent !== text) place.textContent = text;
  }

  #attach(file) {
    const item = document.createElement("li");
    item.className = "chip composer__file";
    const name = document.createElement("span");
    name.className = "chip__text truncate";
    name.dir = "auto";
    name.textContent = file.name;
    const progress = document.createElement("progress");
    progress.max = 100;
    progress.value = 0;
    progress.setAttribute("aria-label", file.name);
    item.append(name, progress);
    this.#window.querySelector("[data-files]").append(item);
    const done = this.#upload(file, { onProgress: (percent) => (progress.value = percent) }).then((answer) => {
      if (answer) item.outerHTML = answer.markup;
      else item.remove();
    });
    this.#track(done);
  }

  /** Files that the server put there by itself. */
  add(markup) {
    const list = this.#window.querySelector("[data-files]");
    for (const one of markup) {
      list.insertAdjacentHTML("beforeend", one);
      this.#bytes += Number(list.lastElementChild.dataset.bytes);
    }
    this.tell();
  }

  #track(work) {
    this.underWay.add(work);
    work.finally(() => this.underWay.delete(work));
  }

  /** Gives the server's answer, or null after having said why not. */
  async #upload(file, { inline = false, onProgress = () => {} } = {}) {
    const answer = await this.#bring(file, inline, onProgress);
    if (!answer) {
      this.#bytes -= file.size;
      this.tell();
    }
    return answer;
  }

  async #bring(file, inline, onProgress) {
    if (!this.#window.key) await this.#window.save();
    if (!this.#window.dataset.files) return null;
    const body = new FormData();
    body.set("file", file);
    if (inline) body.set("inline", "1");
    // fetch tells nothing of an upload's progress.
    const request = new XMLHttpRequest();
    return new Promise((resolve) => {
      request.open("POST", this.#window.dataset.files);
      request.setRequestHeader("X-CSRFToken", this.#window.value("csrfmiddlewaretoken"));
      request.upload.onprogress = ({ loaded, total }) => onProgress((loaded / total) * 100);
      request.onloadend = () => {
        let answer = null;
        try {
          answer = JSON.parse(request.responseText);
        } catch {
          // Not an answer of ours: a proxy's page, or nothing at all.
        }
        if (request.status < 300 && answer) return resolve(answer);
        toast(answer?.text ?? word(request.status === 413 ? "too_large" : "failed"), { kind: "error" });
        resolve(null);
      };
      request.send(body);
    });
  }

  async #remove(item, url) {
    item.hidden = true;
    const response = await fetch(url, {
      method: "POST",
      headers: { "X-CSRFToken": this.#window.value("csrfmiddlewaretoken") },
    }).catch(() => null);
    if (!response?.ok) {
      item.hidden = false;
      return void toast(word("failed"), { kind: "error" });
    }
    this.#bytes -= Number(item.dataset.bytes);
    item.remove();
    this.tell();
  }
}
