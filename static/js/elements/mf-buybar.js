// <mf-buybar class="buybar" watches="id of the real button" hidden>: shows while that button is out of view.

class BuyBarElement extends HTMLElement {
  #observer;

  connectedCallback() {
    const button = document.getElementById(this.getAttribute("watches"));
    this.#observer = new IntersectionObserver(([entry]) => {
      this.hidden = entry.isIntersecting;
    });
    if (button) this.#observer.observe(button);
  }

  disconnectedCallback() {
    this.#observer.disconnect();
  }
}

customElements.define("mf-buybar", BuyBarElement);
