// Light, dark, or as the system is. The server reads the cookie, so the next page starts right.

const YEAR = 31_536_000;

class ThemeElement extends HTMLElement {
  #ending;

  connectedCallback() {
    this.#ending = new AbortController();
    this.addEventListener("click", (event) => this.#choose(event), { signal: this.#ending.signal });
    this.#show();
  }

  disconnectedCallback() {
    this.#ending.abort();
  }

  #choose(event) {
    const theme = event.target.closest("button")?.value;
    if (theme === undefined) return;
    document.cookie = `theme=${theme}; path=/; max-age=${theme ? YEAR : 0}; samesite=lax`;
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    this.#show();
  }

  #show() {
    const theme = document.documentElement.dataset.theme ?? "";
    for (const button of this.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.value === theme));
    }
  }
}

customElements.define("mf-theme", ThemeElement);
