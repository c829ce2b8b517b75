// Lets the market wake this browser: asks for that when its button is pressed, not before, and
// sends what the browser answers with the form. Hidden where it is on already.

class PushElement extends HTMLElement {
  #ending;

  connectedCallback() {
    this.#ending = new AbortController();
    this.#form.addEventListener("submit", (event) => this.#ask(event), { signal: this.#ending.signal });
    this.#show();
  }

  disconnectedCallback() {
    this.#ending.abort();
  }

  get #form() {
    return this.querySelector("form");
  }

  async #show() {
    const isAble = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
    this.#form.querySelector("button").hidden = !isAble;
    if (!isAble) this.#say(this.dataset.unable);
    else if (Notification.permission === "denied") this.#say(this.dataset.denied);
    // The market may think it is on when somebody has cleared the browser.
    else if (this.hasAttribute("active") && (await subscribed())) return;
    this.hidden = false;
  }

  async #ask(event) {
    event.preventDefault();
    this.#say("");
    try {
      const answer = await Notification.requestPermission();
      if (answer !== "granted") this.#say(this.dataset[answer]);
      else this.#send(await subscribe(this.getAttribute("server-key")));
    } catch (problem) {
      console.info("This browser gives no subscription.", problem);
      this.#say(this.dataset.fault);
    }
  }

  #send({ endpoint, keys }) {
    for (const [name, value] of Object.entries({ endpoint, ...keys })) {
      if (this.#form.elements[name]) this.#form.elements[name].value = value;
    }
    this.#form.submit();
  }

  #say(text) {
    this.querySelector("[role=status]").textContent = text;
  }
}

async function subscribed() {
  const registration = await navigator.serviceWorker.getRegistration();
  return registration?.pushManager.getSubscription();
}

async function subscribe(applicationServerKey) {
  await navigator.serviceWorker.register("/sw.js");
  const { pushManager } = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey };
  try {
    return (await pushManager.subscribe(options)).toJSON();
  } catch (problem) {
    if (problem.name !== "InvalidStateError") throw problem;
    // It was made for a former key of the market.
    await (await pushManager.getSubscription())?.unsubscribe();
    return (await pushManager.subscribe(options)).toJSON();
  }
}

customElements.define("mf-push", PushElement);
