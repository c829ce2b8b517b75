// <mf-stock variant="…" data-in="In stock" data-low="Only {n} left" data-out="Sold out">In stock</mf-stock>
// The server renders it right; this keeps it right while the page is open. With `announces` a new
// level is spoken, at most once in ten seconds. Tells `mf:stock` on the document.

import { announce } from "../page/announce.js";
import { watchStock } from "../lib/inventory.js";

const SILENCE = 10_000;

class StockElement extends HTMLElement {
  #stop;
  #spoken = 0;

  connectedCallback() {
    this.#stop = watchStock(this.getAttribute("variant"), (hint) => this.#show(hint));
  }

  disconnectedCallback() {
    this.#stop();
  }

  #show({ variant, level, available }) {
    const changed = !this.classList.contains(`stock--${level}`);
    this.className = `stock stock--${level}`;
    this.textContent = this.dataset[level].replace("{n}", available);
    document.dispatchEvent(new CustomEvent("mf:stock", { detail: { variant, level, available } }));
    if (changed && this.hasAttribute("announces")) this.#speak();
  }

  #speak() {
    if (Date.now() - this.#spoken < SILENCE) return;
    this.#spoken = Date.now();
    announce(this.textContent);
  }
}

customElements.define("mf-stock", StockElement);
