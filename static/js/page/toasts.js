// Toasts: one line, at most one action, six seconds, longer while somebody is at it.

const LIFE = 6000;

export function watchToasts() {
  const region = document.getElementById("toasts");
  region.querySelectorAll(".toast").forEach(live);
  // The server says it with HX-Trigger: {"toast": {"text": "Saved", "href": "…", "action": "…"}},
  // or, where the action is a button of a form: {"press": {"form": "…", "name": "…", "value": "…"}}
  document.addEventListener("toast", ({ detail }) => toast(detail.value ?? detail));
  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
    if (ctx.response.status >= 500) toast({ text: region.dataset.fault });
  });
  document.addEventListener("htmx:error", () => toast({ text: region.dataset.fault }));
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && !document.querySelector("dialog[open]")) region.lastElementChild?.remove();
  });
}

export function toast(what) {
  const { text, href, press, action } = typeof what === "string" ? { text: what } : what;
  const element = document.createElement("div");
  element.className = "toast";
  element.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (href) element.append(Object.assign(document.createElement("a"), { href, textContent: action }));
  if (press) element.append(pressButton(element, press, action));
  document.getElementById("toasts").append(element);
  live(element);
}

function live(element) {
  let timer;
  const start = () => { timer = setTimeout(() => element.remove(), LIFE); };
  const pause = () => clearTimeout(timer);
  element.append(closeButton(element));
  element.addEventListener("pointerenter", pause);
  element.addEventListener("focusin", pause);
  element.addEventListener("pointerleave", start);
  element.addEventListener("focusout", start);
  start();
}

function pressButton(element, press, action) {
  const button = Object.assign(document.createElement("button"), { className: "link", textContent: action });
  for (const [name, value] of Object.entries(press)) button.setAttribute(name, value);
  // Once the form is on its way: back to the control that was undone.
  button.addEventListener("click", () => setTimeout(() => {
    document.querySelector(`main [form="${press.form}"][value="${CSS.escape(press.value)}"]`)?.focus();
    element.remove();
  }));
  return button;
}

function closeButton(element) {
  const button = document.createElement("button");
  button.className = "toast__close";
  button.type = "button";
  button.textContent = "×";
  button.setAttribute("aria-label", document.getElementById("toasts").dataset.close);
  button.addEventListener("click", () => element.remove());
  return button;
}
