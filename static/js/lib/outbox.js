// Messages on their way: sent one after another, again and again under the same id, until the
// server has them or says no. Kept in the session, so that a reload loses none.

const AGAIN_AFTER = 5000;

export class Outbox extends EventTarget {
  #url;
  #key;
  #token;
  #waiting;
  #isSending = false;
  #timer;

  // `url` takes the messages, `token` is the one against forgery, `key` names the place they wait.
  constructor({ url, token, key }) {
    super();
    this.#url = url;
    this.#token = token;
    this.#key = key;
    this.#waiting = JSON.parse(sessionStorage.getItem(key) ?? "[]");
  }

  get waiting() {
    return this.#waiting;
  }

  add(body) {
    const letter = { client_id: newId(), body };
    this.#keep([...this.#waiting, letter]);
    return letter;
  }

  drop(id) {
    this.#keep(this.#waiting.filter((letter) => letter.client_id !== id));
  }

  // Also what was refused: whoever calls this wants it tried once more.
  again(id) {
    this.#keep(this.#waiting.map((letter) => letter.client_id === id ? { ...letter, refused: "" } : letter));
    this.flush();
  }

  // Tells "sent", "refused" and "stuck" with the letter.
  async flush() {
    clearTimeout(this.#timer);
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      let letter;
      while ((letter = this.#waiting.find(({ refused }) => !refused))) {
        if (!await this.#send(letter)) break;
      }
    } finally {
      this.#isSending = false;
    }
  }

  close() {
    clearTimeout(this.#timer);
  }

  async #send({ client_id, body }) {
    let answer;
    try {
      answer = await fetch(this.#url, {
        method: "POST",
        headers: { "Accept": "application/json", "Content-Type": "application/json", "X-CSRFToken": this.#token },
        body: JSON.stringify({ client_id, body }),
      });
    } catch {
      return this.#stay(client_id, AGAIN_AFTER);
    }
    if (answer.status === 429 || answer.status >= 500) {
      return this.#stay(client_id, 1000 * (answer.headers.get("Retry-After") || 5));
    }
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) {
      this.drop(client_id);
      this.#tell("sent", { client_id, seq: told.seq });
    } else {
      const why = told.detail ?? String(answer.status);
      this.#keep(this.#waiting.map((letter) => letter.client_id === client_id ? { ...letter, refused: why } : letter));
      this.#tell("refused", { client_id, why });
    }
    return true;
  }

  #stay(client_id, pause) {
    this.#timer = setTimeout(() => this.flush(), pause);
    this.#tell("stuck", { client_id });
    return false;
  }

  #keep(waiting) {
    this.#waiting = waiting;
    sessionStorage.setItem(this.#key, JSON.stringify(waiting));
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

// `crypto.randomUUID` is for secure contexts only.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = bytes[6] & 0x0f | 0x40;
  bytes[8] = bytes[8] & 0x3f | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
