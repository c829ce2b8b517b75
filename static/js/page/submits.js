// A form that was sent is not sent twice: <form data-once> ignores the second submit.

export function watchSubmits() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("aria-busy", "true");
  });
  // Coming back by the back button finds the form alive again, and so does an answer that left
  // the page where it was.
  addEventListener("pageshow", revive);
  document.addEventListener("htmx:finally:request", revive);
}

function revive() {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
}
