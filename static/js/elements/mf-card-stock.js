// <mf-card-stock class="card__note" variants="… …" announces="Oak bowl" data-low="Only {n} left"
//   data-out="Sold out" data-in="In stock">Only 3 left</mf-card-stock>, inside a card: sold out when
// all its variants are, and few when the only one is.

import { speakNow } from "../page/spoken.js";
import { watchStock } from "../lib/inventory.js";

class CardStockElement extends HTMLElement {
  #stops = [];
  #states = new Map();

  connectedCallback() {
    for (const variant of this.#variants) {
      this.#stops.push(watchStock(variant, (state) => this.#hear(state)));
    }
  }

  disconnectedCallback() {
    for (const stop of this.#stops.splice(0)) stop();
  }

  get #variants() {
    return this.getAttribute("variants").split(" ").filter(Boolean);
  }

  get #card() {
    return this.closest(".card");
  }

  #hear(state) {
    this.#states.set(state.variant, state);
    if (this.#states.size < this.#variants.length) return;
    const states = [...this.#states.values()];
    this.#show(states.every(({ level }) => level === "out"), states.length === 1 ? states[0] : null);
  }

  #show(soldOut, only) {
    const few = only?.level === "low" ? this.dataset.low.replace("{n}", only.available) : "";
    if (this.textContent !== few) this.textContent = few;
    if (this.#card.classList.contains("card--dimmed") === soldOut) return;
    this.#card.classList.toggle("card--dimmed", soldOut);
    this.#flag(soldOut);
    const name = this.getAttribute("announces");
    speakNow(`${name}: ${this.dataset[soldOut ? "out" : "in"]}`, name);
  }

  // Above what the card said before, which shows again when it is back.
  #flag(soldOut) {
    this.#card.querySelector("[data-sold-out]")?.remove();
    if (!soldOut) return;
    const flag = document.createElement("span");
    flag.className = "card__flag badge";
    flag.dataset.soldOut = "";
    flag.textContent = this.dataset.out;
    this.#card.append(flag);
  }
}

customElements.define("mf-card-stock", CardStockElement);
