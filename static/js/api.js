// <form data-api="POST" action data-token data-key?>: sends the text in it as JSON and shows the
// page that comes back in place of this one.

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-api]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    show(await (await send(form)).text());
  } finally {
    button.disabled = false;
  }
});

function send(form) {
  const { api: method, token, key } = form.dataset;
  const headers = { Accept: "text/html", "Content-Type": "application/json", "X-CSRFToken": token };
  // One key for each press of the button: a lost answer is asked for by pressing again elsewhere.
  if (key !== undefined) headers["Idempotency-Key"] = [...crypto.getRandomValues(new Uint32Array(4))].join("-");
  return fetch(form.getAttribute("action"), { method, headers, body: form.elements.body?.value });
}

function show(html) {
  const answer = new DOMParser().parseFromString(html, "text/html").querySelector("main");
  const forms = document.querySelector("main form[data-api]")?.parentElement;
  document.querySelector("main").replaceWith(answer);
  // An error has no forms of its own: what was typed stays, to be mended.
  if (forms && !answer.querySelector("form[data-api]")) answer.querySelector(".api").append(forms);
  document.getElementById("answer").focus();
}
