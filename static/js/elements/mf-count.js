// <mf-count for="id of a textarea" most="2000" data-left="Characters left: {n}" data-over="…: {n}" hidden>
// says how much room is left once it gets narrow. What is too long stays as it was typed, and is not
// sent: the field is invalid meanwhile.

import { announce } from "../page/announce.js";

const NEAR = 200;
// Spoken when the typing pauses, not at every letter.
const PAUSE = 1000;

class CountElement extends HTMLElement {
  #ending;
  #speaking;

  connectedCallback() {
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    this.id ||= `${this.getAttribute("for")}_count`;
    const said = this.#field.getAttribute("aria-describedby");
    this.#field.setAttribute("aria-describedby", [said, this.id].filter(Boolean).join(" "));
    for (const type of ["input", "change"]) this.#field.addEventListener(type, () => this.#show(), { signal });
    // What the browser puts back into the field comes without an event.
    addEventListener("pageshow", () => this.#show(), { signal });
    this.#show();
  }

  disconnectedCallback() {
    clearTimeout(this.#speaking);
    this.#ending.abort();
  }

  get #field() {
    return document.getElementById(this.getAttribute("for"));
  }

  // As the server counts: characters, not their halves, and no space around them.
  #show() {
    const left = this.getAttribute("most") - [...this.#field.value.trim()].length;
    const isOver = left < 0;
    const text = left > NEAR ? "" : this.dataset[isOver ? "over" : "left"].replace("{n}", Math.abs(left));
    this.#field.setCustomValidity(isOver ? text : "");
    this.hidden = !text;
    this.className = isOver ? "field__error" : "field__hint";
    if (this.textContent === text) return;
    this.textContent = text;
    clearTimeout(this.#speaking);
    this.#speaking = setTimeout(() => announce(text), PAUSE);
  }
}

customElements.define("mf-count", CountElement);
