// A socket that comes back by itself: connect(path, { onFrame, onState }) gives { send, close }.
//
// onFrame(frame)        a frame, parsed
// onState(state, code)  "open"; "lost": it comes back; "closed": it does not, and code says why
// send(type, data)      whether it went out: what must not be lost goes by HTTP
//
// After "open" the page reads again what it may have missed. `Socket` is the same in events: those
// states, and each frame by its type.

const FIRST_DELAY = 500;
const LONGEST_DELAY = 60_000;
const HIDDEN_FOR = 60_000;
// A connection that held so long was a good one.
const SETTLED = 5000;
// Not understood, not signed in, not yours: coming back would not help.
const FINAL_CODES = [4400, 4401, 4403];
const TOO_MANY = 4429;

export class Socket extends EventTarget {
  #path;
  #socket;
  #timer;
  #hiding;
  #delay = FIRST_DELAY;
  #opened = 0;
  #ending = new AbortController();

  constructor(path) {
    super();
    this.#path = path;
    const { signal } = this.#ending;
    document.addEventListener("visibilitychange", () => this.#rest(), { signal });
    addEventListener("online", () => this.#retry(), { signal });
    if (document.readyState === "complete") this.#open();
    else addEventListener("load", () => this.#open(), { once: true, signal });
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  // Says it now or not at all, and tells which.
  send(type, data = {}) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify({ ...data, type }));
    return true;
  }

  close() {
    this.#ending.abort();
    clearTimeout(this.#hiding);
    this.#hangUp();
  }

  #open() {
    if (this.#socket || this.#ending.signal.aborted) return;
    this.#opened = Date.now();
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = new WebSocket(`${scheme}//${location.host}${this.#path}`);
    this.#socket.onopen = () => this.#welcome();
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    this.#socket.onclose = ({ code }) => this.#lose(code);
  }

  #welcome() {
    this.dispatchEvent(new Event("open"));
  }

  #receive(frame) {
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
    this.dispatchEvent(new CustomEvent(frame.type, { detail: frame }));
  }

  #lose(code) {
    this.#socket = null;
    if (FINAL_CODES.includes(code)) {
      this.#ending.abort();
      this.dispatchEvent(new CustomEvent("closed", { detail: { code } }));
      return;
    }
    this.dispatchEvent(new CustomEvent("lost", { detail: { code } }));
    if (Date.now() - this.#opened > SETTLED) this.#delay = FIRST_DELAY;
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
    } else {
      this.#retry();
    }
  }

  #retry() {
    if (this.#socket || document.hidden) return;
    clearTimeout(this.#timer);
    this.#open();
  }

  #hangUp() {
    clearTimeout(this.#timer);
    if (!this.#socket) return;
    this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }
}

export function connect(path, { onFrame, onState = () => {} }) {
  const socket = new Socket(path);
  socket.addEventListener("frame", ({ detail }) => onFrame(detail));
  socket.addEventListener("open", () => onState("open"));
  for (const state of ["lost", "closed"]) {
    socket.addEventListener(state, ({ detail }) => onState(state, detail.code));
  }
  return socket;
}
