// A socket that comes back. It tells "open", "closed", and each frame as an event named by its type.

const FIRST_DELAY = 500;
const LONGEST_DELAY = 60_000;
const HIDDEN_FOR = 60_000;
// Not understood, not signed in, not yours: coming back would not help.
const FINAL_CODES = [4400, 4401, 4403];
const TOO_MANY = 4429;

export class Socket extends EventTarget {
  #path;
  #socket;
  #timer;
  #hiding;
  #delay = FIRST_DELAY;
  #ending = new AbortController();

  constructor(path) {
    super();
    this.#path = path;
    const { signal } = this.#ending;
    document.addEventListener("visibilitychange", () => this.#rest(), { signal });
    if (document.readyState === "complete") this.#open();
    else addEventListener("load", () => this.#open(), { once: true, signal });
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  // Say it now or not at all: what must not be lost goes by HTTP.
  send(type, data = {}) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ ...data, type }));
  }

  close() {
    this.#ending.abort();
    clearTimeout(this.#hiding);
    this.#hangUp();
  }

  #open() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = new WebSocket(`${scheme}//${location.host}${this.#path}`);
    this.#socket.onopen = () => this.#welcome();
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    this.#socket.onclose = ({ code }) => this.#lose(code);
  }

  #welcome() {
    this.#delay = FIRST_DELAY;
    this.dispatchEvent(new Event("open"));
  }

  #receive(frame) {
    this.dispatchEvent(new CustomEvent(frame.type, { detail: frame }));
  }

  #lose(code) {
    this.#socket = null;
    if (FINAL_CODES.includes(code)) {
      this.#ending.abort();
      this.dispatchEvent(new CustomEvent("closed", { detail: { code } }));
      return;
    }
    if (code === TOO_MANY) this.#delay = LONGEST_DELAY;
    // Not all at the same moment, when a server comes back.
    const jitter = 1 + (Math.random() - 0.5) * 0.6;
    this.#timer = setTimeout(() => this.#open(), this.#delay * jitter);
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
  }

  // A page that nobody looks at for a minute lets go, and asks again when it is looked at.
  #rest() {
    clearTimeout(this.#hiding);
    if (document.hidden) {
      this.#hiding = setTimeout(() => this.#hangUp(), HIDDEN_FOR);
    } else if (!this.#socket) {
      clearTimeout(this.#timer);
      this.#open();
    }
  }

  #hangUp() {
    clearTimeout(this.#timer);
    if (!this.#socket) return;
    this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }
}
