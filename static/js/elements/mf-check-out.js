// <mf-check-out watches="id" data-in="Check out" data-out="Nothing to check out"> around the link or
// button that leads to checkout: off while everything that stands in that element is sold out. Without
// `data-out` its words stay.

class CheckOutElement extends HTMLElement {
  #ending;

  connectedCallback() {
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    document.addEventListener("mf:stock", () => this.#follow(), { signal });
    this.#follow();
  }

  disconnectedCallback() {
    this.#ending.abort();
  }

  #follow() {
    const levels = [...document.getElementById(this.getAttribute("watches")).querySelectorAll(".stock")];
    this.#turn(levels.every((one) => one.classList.contains("stock--out")));
  }

  #turn(isOff) {
    const way = this.querySelector("a, button");
    if (this.dataset.out) way.textContent = this.dataset[isOff ? "out" : "in"];
    if (way.matches("button")) way.disabled = isOff;
    else turnLink(way, isOff);
  }
}

// A link that leads nowhere keeps its place among what the keyboard reaches, and the focus.
function turnLink(link, isOff) {
  if (isOff) link.removeAttribute("href");
  else link.href = link.dataset.href;
  for (const [name, value] of Object.entries({ role: "link", "aria-disabled": "true", tabindex: "0" })) {
    if (isOff) link.setAttribute(name, value);
    else link.removeAttribute(name);
  }
}

customElements.define("mf-check-out", CheckOutElement);
