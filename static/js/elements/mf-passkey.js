// Asks the browser for a passkey and sends its answer with the form around the button.

const toBytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
};

const toText = (buffer) => {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const withBytes = (list) => list?.map((item) => ({ ...item, id: toBytes(item.id) }));

// What the server wrote as text, as the browser wants it.
function readable(options) {
  const read = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) read.user = { ...options.user, id: toBytes(options.user.id) };
  if (options.allowCredentials) read.allowCredentials = withBytes(options.allowCredentials);
  if (options.excludeCredentials) read.excludeCredentials = withBytes(options.excludeCredentials);
  return read;
}

// What the browser answered, as the server reads it.
function written(credential) {
  const { id, rawId, type, response } = credential;
  const names = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const parts = names.filter((name) => response[name]).map((name) => [name, toText(response[name])]);
  const extensions = credential.getClientExtensionResults();
  return { id, rawId: toText(rawId), type, response: Object.fromEntries(parts), clientExtensionResults: extensions };
}

class PasskeyElement extends HTMLElement {
  #ending;

  connectedCallback() {
    this.#ending = new AbortController();
    this.querySelector("form").addEventListener("submit", (event) => this.#ask(event), { signal: this.#ending.signal });
  }

  disconnectedCallback() {
    this.#ending.abort();
  }

  async #ask(event) {
    event.preventDefault();
    const form = event.target;
    const said = this.querySelector("[role=alert]");
    said.hidden = true;
    try {
      const { publicKey } = JSON.parse(this.querySelector("script").textContent);
      const ask = { publicKey: readable(publicKey), signal: this.#ending.signal };
      const credential = await navigator.credentials[this.getAttribute("kind")](ask);
      form.elements.credential.value = JSON.stringify(written(credential));
      form.submit();
    } catch {
      said.textContent = this.dataset.fault;
      said.hidden = false;
    }
  }
}

customElements.define("mf-passkey", PasskeyElement);
