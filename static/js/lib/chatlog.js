// The rows of a conversation: put in once each, in their order, as the server renders them.

import { showTimes } from "../page/times.js";

const NEAR = 100;
// As many rows as the server gives at once.
const A_PAGE = 50;

export class ChatLog {
  #list;
  #base;
  #last;
  #isAsking = false;
  #isBehind = false;

  // `base` is the page's address, `last` the number of the newest row that it shows.
  constructor(list, base, last) {
    this.#list = list;
    this.#base = base;
    this.#last = last;
  }

  get last() {
    return this.#last;
  }

  get isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    return scrollHeight - scrollTop - clientHeight <= NEAR;
  }

  get isAtStart() {
    return this.#list.scrollTop <= NEAR;
  }

  toEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  // Everything after the last known number. Asked for while it is being asked for, it asks again.
  // Resolves to the new rows, for one caller only: nothing is counted or announced twice.
  async catchUp() {
    this.#isBehind = true;
    if (this.#isAsking) return [];
    this.#isAsking = true;
    try {
      return await this.#ask();
    } finally {
      this.#isAsking = false;
    }
  }

  async #ask() {
    const added = [];
    while (this.#isBehind) {
      this.#isBehind = false;
      const rows = await this.#fetch(`after=${this.#last}`);
      for (const node of rows) if (this.#put(node)) added.push(node);
      if (rows.filter((node) => node.matches(".msg")).length >= A_PAGE) this.#isBehind = true;
    }
    showTimes();
    return added;
  }

  get #first() {
    return this.#list.querySelector(".msg[data-seq]");
  }

  // The page before the first row.
  async fetchOlder() {
    return this.#fetch(`before=${this.#first.dataset.seq}`);
  }

  // `rows` above the others, which stay where they are on the screen. The number of the new first.
  putOlder(rows) {
    const anchor = this.#first;
    const top = anchor.getBoundingClientRect().top;
    // A day that began before has its heading there.
    const day = rows.findLast((node) => node.matches(".log__day"));
    if (day) this.#list.querySelector(`[data-day="${day.dataset.day}"]`)?.remove();
    this.#list.prepend(...rows);
    this.#list.scrollTop += anchor.getBoundingClientRect().top - top;
    showTimes();
    return Number(this.#first.dataset.seq);
  }

  async refresh(seq) {
    const [row] = (await this.#fetch(`seq=${seq}`)).filter((node) => node.matches(".msg"));
    if (row) this.#list.querySelector(`#m${seq}`)?.replaceWith(row);
    showTimes();
  }

  async #fetch(query) {
    const answer = await fetch(`${this.#base}news/?${query}`);
    if (!answer.ok || answer.redirected) throw new Error(`${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return [...page.body.children];
  }

  #put(node) {
    if (node.matches(".log__day")) {
      if (!this.#list.querySelector(`[data-day="${node.dataset.day}"]`)) this.#list.append(node);
      return false;
    }
    const seq = Number(node.dataset.seq);
    if (!seq || seq <= this.#last) return false;
    // What was shown before it was sent gives way to what the server has made of it.
    this.#list.querySelector(`.msg:not([data-seq])[data-client="${node.dataset.client}"]`)?.remove();
    const waiting = this.#list.querySelector(".msg:not([data-seq])");
    this.#list.insertBefore(node, waiting);
    this.#last = seq;
    return true;
  }

  // Own rows up to `seq` have been read.
  markRead(seq) {
    for (const row of this.#list.querySelectorAll(".msg--me[data-seq]")) {
      const state = row.querySelector(".msg__state");
      if (state && Number(row.dataset.seq) <= seq) state.textContent = state.dataset.read;
    }
  }
}
