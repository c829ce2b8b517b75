// What htmx leaves to us: the CSRF token, and after every swap the focus and the announcement.

import { announce } from "./announce.js";

const TOKEN = /(?:^|; )(?:__(?:Host|Secure)-)?csrftoken=([^;]+)/;
let focused;

export function watchSwaps() {
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    const token = TOKEN.exec(document.cookie)?.[1];
    if (token) ctx.request.headers["X-CSRFToken"] = token;
    focused = document.activeElement;
  });
  document.addEventListener("htmx:after:swap", settle);
}

function settle() {
  const said = document.querySelector("[data-announce]");
  if (said) {
    announce(said.dataset.announce || said.textContent.trim());
    said.removeAttribute("data-announce");
  }

  const wanted = document.querySelector("main .error-summary, [data-focus]");
  if (wanted) {
    wanted.removeAttribute("data-focus");
    focusOn(wanted);
  } else if (focused && !focused.isConnected && document.activeElement === document.body) {
    focusOn(twin() ?? document.querySelector("main h2, main h1"));
  }
}

// The same control in the fragment that replaced it: by its id; a stepper's button by its input's.
function twin() {
  if (focused.id) return document.getElementById(focused.id);
  const input = document.getElementById(focused.closest("mf-qty")?.querySelector("input").id);
  const button = input?.parentElement.querySelector(`[data-step="${focused.dataset.step}"]`);
  return button?.disabled === false ? button : input;
}

function focusOn(element) {
  if (!element) return;
  if (element.tabIndex < 0) element.tabIndex = -1;
  element.focus();
}
