// <mf-payment key amount currency> in a form: the provider's fields, and a token of what was typed
// in them when the form is sent. Without the provider's script it leaves what is written there.

class PaymentElement extends HTMLElement {
  #ending;
  #elements;
  #stripe;

  connectedCallback() {
    this.#ending = new AbortController();
    if (!window.Stripe) return;
    const { amount, currency, key, language } = this.#said;
    this.#stripe = window.Stripe(key, { locale: language });
    this.#elements = this.#stripe.elements({
      mode: "payment",
      amount: Number(amount),
      currency,
      appearance: { theme: isDark() ? "night" : "stripe" },
    });
    this.#elements.create("payment").mount(this.querySelector("[data-place]"));
    this.querySelector("[data-without]").hidden = true;
    const { signal } = this.#ending;
    this.#form.addEventListener("submit", (event) => this.#send(event), { signal });
  }

  disconnectedCallback() {
    this.#ending.abort();
  }

  get #said() {
    const names = ["amount", "currency", "key", "language"];
    return Object.fromEntries(names.map((name) => [name, this.getAttribute(name)]));
  }

  get #form() {
    return this.closest("form");
  }

  get #token() {
    return this.querySelector("input[type=hidden]");
  }

  // Another way of paying may be chosen in the same form.
  get #isChosen() {
    const chosen = this.#form.elements.namedItem("method");
    return !chosen || chosen.value === this.getAttribute("method");
  }

  async #send(event) {
    if (this.#token.value || !this.#isChosen) return;
    // Nobody else hears of it before there is a token: the form has not been sent.
    event.preventDefault();
    event.stopPropagation();
    if (this.hasAttribute("busy")) return;
    const { submitter } = event;
    this.#wait(submitter, true);
    const problem = await this.#ask();
    this.#wait(submitter, false);
    this.#show(problem);
    if (!problem) this.#form.requestSubmit(submitter);
  }

  async #ask() {
    const { error: incomplete } = await this.#elements.submit();
    if (incomplete) return incomplete.message;
    const asked = await this.#stripe.createConfirmationToken({ elements: this.#elements });
    if (asked.error) return asked.error.message;
    this.#token.value = asked.confirmationToken.id;
    return "";
  }

  #show(problem) {
    const place = this.querySelector("[data-problem]");
    place.textContent = problem;
    place.hidden = !problem;
  }

  #wait(button, isWaiting) {
    this.toggleAttribute("busy", isWaiting);
    if (isWaiting) button?.setAttribute("aria-busy", "true");
    else button?.removeAttribute("aria-busy");
  }
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

customElements.define("mf-payment", PaymentElement);
