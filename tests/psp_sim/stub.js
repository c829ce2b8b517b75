// Stands in for the script of Stripe: the same few calls, its fields drawn without frames.
(() => {
  const base = new URL(document.currentScript.src).origin;

  class Element {
    #input;

    mount(place) {
      const parent = typeof place === "string" ? document.querySelector(place) : place;
      const label = document.createElement("label");
      label.textContent = "Card number";
      this.#input = document.createElement("input");
      this.#input.name = "";
      this.#input.id = "simulated-card";
      this.#input.inputMode = "numeric";
      this.#input.autocomplete = "cc-number";
      label.htmlFor = this.#input.id;
      parent.replaceChildren(label, this.#input);
    }

    on() {
      return this;
    }

    destroy() {
      this.#input?.parentElement?.replaceChildren();
    }

    get number() {
      return this.#input.value;
    }
  }

  class Elements {
    element;

    create() {
      this.element = new Element();
      return this.element;
    }

    async submit() {
      if (this.element.number.trim()) return {};
      return { error: { message: "Your card number is incomplete." } };
    }

    update() {}
  }

  window.Stripe = (key) => ({
    elements: () => new Elements(),

    async createConfirmationToken({ elements }) {
      const body = new URLSearchParams({ "card[number]": elements.element.number });
      const answer = await fetch(`${base}/v1/confirmation_tokens`, {
        method: "POST",
        headers: { Authorization: `Bearer ${key}` },
        body,
      });
      const said = await answer.json();
      return answer.ok ? { confirmationToken: said } : { error: said.error };
    },
  });
})();
