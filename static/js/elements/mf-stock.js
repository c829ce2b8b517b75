// <mf-stock variant="…" data-in="In stock" data-low="Only {n} left" data-out="Sold out">In stock</mf-stock>
// The server renders it right; this keeps it right while the page is open. With `announces` a new
// level is spoken, after the text of that attribute. Tells `mf:stock` on the document.

import { speakNow } from "../page/spoken.js";
import { watchStock } from "../lib/inventory.js";

class StockElement extends HTMLElement {
  #stop;

  connectedCallback() {
    this.#stop = watchStock(this.getAttribute("variant"), (state) => this.#show(state));
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
    const name = this.getAttribute("announces");
    speakNow(name ? `${name}: ${this.textContent}` : this.textContent, this.getAttribute("variant"));
  }
}

customElements.define("mf-stock", StockElement);
