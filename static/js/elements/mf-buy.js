// <mf-buy variant="…" data-out="Sold out"> around the buttons that buy it: off while it is sold out.
// #tell-me, the way to wait for it, shows then and only then.

class BuyElement extends HTMLElement {
  #ending;

  connectedCallback() {
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    document.addEventListener("mf:stock", ({ detail }) => this.#hear(detail), { signal });
  }

  disconnectedCallback() {
    this.#ending.abort();
  }

  #hear({ variant, level }) {
    if (variant !== this.getAttribute("variant")) return;
    const button = this.querySelector("button");
    button.disabled = level === "out";
    button.textContent = this.dataset[level === "out" ? "out" : "in"];
    const waiting = document.getElementById("tell-me");
    if (waiting) waiting.hidden = level !== "out";
  }
}

customElements.define("mf-buy", BuyElement);
