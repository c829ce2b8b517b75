// <mf-qty> around a number input and two hidden buttons with data-step. With a `variant` it hears
// `mf:stock` and lowers what can be chosen.

import { announce } from "../page/announce.js";

class QuantityElement extends HTMLElement {
  #ending;

  connectedCallback() {
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    for (const button of this.#buttons) button.hidden = false;
    this.addEventListener("click", (event) => this.#step(event), { signal });
    this.addEventListener("input", () => this.#limit(), { signal });
    document.addEventListener("mf:stock", ({ detail }) => this.#hear(detail), { signal });
    this.#limit();
  }

  disconnectedCallback() {
    this.#ending.abort();
  }

  get #buttons() {
    return this.querySelectorAll("[data-step]");
  }

  get #input() {
    return this.querySelector("input");
  }

  #step(event) {
    const button = event.target.closest("[data-step]");
    if (!button) return;
    const before = this.#input.value;
    if (Number(button.dataset.step) > 0) this.#input.stepUp();
    else this.#input.stepDown();
    if (this.#input.value !== before) this.#changed();
  }

  #changed() {
    this.#input.dispatchEvent(new Event("input", { bubbles: true }));
    this.#input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #limit() {
    const { value, min, max } = this.#input;
    const [less, more] = this.#buttons;
    less.disabled = Number(value) <= Number(min || 1);
    more.disabled = max !== "" && Number(value) >= Number(max);
  }

  #hear({ variant, level, available }) {
    if (variant !== this.getAttribute("variant")) return;
    if (level !== "low") this.#input.removeAttribute("max");
    else this.#input.max = available;
    if (level === "low" && Number(this.#input.value) > available) {
      this.#input.value = available;
      announce(this.dataset.lowered?.replace("{n}", available));
      this.#changed();
    }
    this.#limit();
  }
}

customElements.define("mf-qty", QuantityElement);
