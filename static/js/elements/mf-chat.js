// <mf-chat conversation="uuid" side="buyer" last="7">: the log, the composer, and what makes them
// live. Without this everything is links and a form. The socket is a hint, and the log asks for
// what it lacks; messages go by HTTP, so that nothing is lost with a connection.
//
// `past`: the log ends before the last message, so that news would leave a gap there. It is read,
// not followed: a link leads to the newest, and what is written goes there by the form.

import { ChatLog } from "../lib/chatlog.js";
import { Outbox } from "../lib/outbox.js";
import { Socket } from "../lib/socket.js";
import { watchOlder } from "../lib/older.js";
import { watchReading } from "../lib/reading.js";
import { watchWishes } from "../lib/desktop.js";

const TYPING_EVERY = 3000;
const TYPING_SHOWN = 5000;
const POLL_EVERY = 15_000;
const QUIET_FOR = 500;

class ChatElement extends HTMLElement {
  #log;
  #list;
  #form;
  #socket;
  #outbox;
  #reading;
  #wishes;
  #ending;
  #poll;
  #typed = 0;
  #typing;
  #unseen = 0;
  #title = document.title;

  connectedCallback() {
    this.#ending = new AbortController();
    const id = this.getAttribute("conversation");
    const base = `/messages/${id}/`;
    this.#list = this.querySelector(".log");
    this.#form = this.querySelector(".composer");
    this.#log = new ChatLog(this.#list, base, Number(this.getAttribute("last")));
    this.#socket = this.#listen(`/ws/chat/${id}/`);
    this.#reading = watchReading(this.#list, this.getAttribute("side"), (seq) => this.#socket.send("read", { seq }));
    this.#wishes = watchWishes(this.querySelector("[data-notify]"), this.querySelector("[data-notify-said]"));
    if (this.#form && !this.#isPast) this.#watchComposer(id);
    this.#watchPage();
    this.#poll = setInterval(() => this.#ask(), POLL_EVERY);
    if (!location.hash.startsWith("#m")) this.#log.toEnd();
  }

  disconnectedCallback() {
    this.#ending.abort();
    clearInterval(this.#poll);
    clearTimeout(this.#typing);
    this.#socket.close();
    this.#outbox?.close();
    this.#reading.stop();
  }

  // --- what comes

  #listen(path) {
    const socket = new Socket(path);
    const mine = this.getAttribute("side");
    socket.addEventListener("open", () => {
      if (document.hidden || this.#isPast) socket.send("gone");
      this.#catchUp();
      this.#outbox?.flush();
    });
    socket.addEventListener("message", () => this.#catchUp());
    socket.addEventListener("changed", ({ detail }) => this.#log.refresh(detail.seq).catch(() => {}));
    socket.addEventListener("read", ({ detail }) => {
      if (detail.side !== mine) this.#log.markRead(detail.seq);
    });
    socket.addEventListener("presence", ({ detail }) => {
      if (detail.side !== mine) this.#say("[data-presence]", detail.is_here ? this.dataset.here : "");
    });
    socket.addEventListener("typing", ({ detail }) => {
      if (detail.side !== mine) this.#showTyping(this.dataset.typing);
    });
    return socket;
  }

  #ask() {
    if (!document.hidden && !this.#socket.isOpen) this.#catchUp();
  }

  get #isPast() {
    return this.hasAttribute("past");
  }

  async #catchUp() {
    if (this.#isPast) return;
    const wasAtEnd = this.#log.isAtEnd;
    // Own messages are not announced.
    if (this.#outbox?.waiting.length) this.#quietly(() => {});
    try {
      this.#arrive(await this.#log.catchUp(), wasAtEnd);
    } catch {
      // Away: the next opening of the socket, or the next poll, asks again.
    }
  }

  #arrive(rows, wasAtEnd) {
    if (!rows.length) return;
    this.#reading.look();
    const heard = rows.filter((row) => row.dataset.side !== this.getAttribute("side"));
    if (heard.length) this.#showTyping("");
    if (wasAtEnd) this.#log.toEnd();
    else this.#offerNewest(heard.length);
    if (!heard.length || !document.hidden) return;
    this.#unseen += heard.length;
    document.title = `(${this.#unseen}) ${this.#title}`;
    this.#wishes.tell(this.dataset.title.replace("{name}", this.dataset.name));
  }

  #offerNewest(number) {
    const pill = this.querySelector("[data-newest]");
    const total = Number(pill.dataset.newest || 0) + number;
    if (!total) return;
    pill.dataset.newest = total;
    pill.textContent = this.dataset.new.replace("{n}", total);
    pill.hidden = false;
  }

  #showTyping(text) {
    clearTimeout(this.#typing);
    this.#say("[data-typing]", text);
    if (text) this.#typing = setTimeout(() => this.#say("[data-typing]", ""), TYPING_SHOWN);
  }

  #say(where, text) {
    const element = [...this.querySelectorAll(where)].at(-1);
    if (element) element.textContent = text;
  }

  // --- what goes

  #watchComposer(id) {
    const { signal } = this.#ending;
    const body = this.#form.elements.body;
    const draft = `chat.draft.${id}`;
    this.#outbox = new Outbox({
      url: `/api/v1/conversations/${id}/messages/`,
      token: this.#form.elements.csrfmiddlewaretoken.value,
      key: `chat.outbox.${id}`,
    });
    this.#outbox.addEventListener("sent", ({ detail }) => this.#sent(detail));
    this.#outbox.addEventListener("stuck", ({ detail }) => this.#state(detail.client_id, this.dataset.waiting));
    this.#outbox.addEventListener("refused", ({ detail }) => this.#refused(detail));
    for (const letter of this.#outbox.waiting) this.#show(letter);
    this.#outbox.flush();

    if (!body.value) this.#fill(sessionStorage.getItem(draft) ?? "");
    body.addEventListener("input", () => {
      sessionStorage.setItem(draft, body.value);
      this.#tellTyping();
    }, { signal });
    body.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#form.addEventListener("submit", (event) => {
      sessionStorage.removeItem(draft);
      if (this.#mustGoByForm()) return;
      event.preventDefault();
      const text = body.value.trim();
      if (!text) return;
      this.#fill("");
      this.#show(this.#outbox.add(text));
      this.#log.toEnd();
      this.#outbox.flush();
      body.focus();
    }, { signal });
    this.#form.addEventListener("click", ({ target }) => {
      if (!target.dataset?.reply) return;
      this.#fill([body.value.trim(), target.dataset.reply].filter(Boolean).join("\n\n"));
      body.focus();
    }, { signal });
  }

  // Whoever counts what stands there hears of it as of a change by hand.
  #fill(text) {
    const { body } = this.#form.elements;
    body.value = text;
    body.dispatchEvent(new Event("change"));
  }

  // Files, and what a message is about, travel with the form.
  #mustGoByForm() {
    const { files, product, order } = this.#form.elements;
    return files.files.length > 0 || product.value || order.value;
  }

  #key(event) {
    if (event.key === "ArrowUp" && event.ctrlKey) {
      [...this.#list.querySelectorAll("[data-edit]")].at(-1)?.click();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && matchMedia("(pointer: fine)").matches) {
      event.preventDefault();
      this.#form.requestSubmit();
    }
  }

  #tellTyping() {
    if (Date.now() - this.#typed < TYPING_EVERY) return;
    this.#typed = Date.now();
    this.#socket.send("typing");
  }

  #show({ client_id, body, refused }) {
    const row = this.querySelector("[data-row]").content.firstElementChild.cloneNode(true);
    row.dataset.client = client_id;
    row.querySelector(".msg__text").textContent = body;
    row.querySelector("[data-again]").onclick = () => {
      this.#state(client_id, this.dataset.sending);
      this.#outbox.again(client_id);
    };
    row.querySelector("[data-drop]").onclick = () => {
      this.#outbox.drop(client_id);
      row.remove();
      this.#form.elements.body.focus();
    };
    this.#quietly(() => this.#list.append(row));
    this.#state(client_id, this.dataset.sending);
    if (refused) this.#refused({ client_id, why: refused });
  }

  #state(id, text, isFailed = false) {
    const row = this.#list.querySelector(`.msg:not([data-seq])[data-client="${id}"]`);
    if (!row) return;
    row.querySelector(".msg__state").textContent = text;
    row.classList.toggle("msg--failed", isFailed);
    for (const button of row.querySelectorAll("button")) button.hidden = !isFailed;
    row.setAttribute("aria-busy", String(!isFailed));
  }

  #refused({ client_id, why }) {
    this.#state(client_id, `${this.dataset.failed} ${why}`, true);
  }

  #sent({ client_id }) {
    this.#state(client_id, "");
    // The same words once more, as the server renders them.
    this.#quietly(() => {});
    this.#catchUp();
  }

  #quietly(change) {
    this.#list.setAttribute("aria-live", "off");
    change();
    setTimeout(() => this.#list.setAttribute("aria-live", "polite"), QUIET_FOR);
  }

  // --- the page around it

  #watchPage() {
    const { signal } = this.#ending;
    const pill = this.querySelector("[data-newest]");
    pill.addEventListener("click", () => {
      this.#log.toEnd();
      // The button goes away: who pressed it stays where the news is.
      this.#list.focus({ preventScroll: true });
    }, { signal });
    const older = this.querySelector("[data-older]");
    const quietly = () => this.#quietly(() => {});
    if (older) watchOlder(this.#list, this.#log, older, { quietly, signal });
    this.#list.addEventListener("scroll", () => {
      if (!this.#log.isAtEnd) return;
      pill.hidden = true;
      pill.dataset.newest = "";
    }, { signal });
    addEventListener("online", () => {
      this.#outbox?.flush();
      this.#catchUp();
    }, { signal });
    document.addEventListener("visibilitychange", () => {
      this.#socket.send(document.hidden || this.#isPast ? "gone" : "here");
      if (document.hidden) return;
      this.#unseen = 0;
      document.title = this.#title;
      this.#reading.look();
    }, { signal });
  }
}

customElements.define("mf-chat", ChatElement);
