// <a href="…" data-opens="id"> opens the dialog with that id; [data-closes] and the scrim close it.
// A link keeps its address, so that without this module it leads to the same thing as a page.

export function watchDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    const dialog = opener && document.getElementById(opener.dataset.opens);
    if (dialog) {
      event.preventDefault();
      dialog.showModal();
    } else if (event.target.closest("[data-closes]") || event.target.matches("dialog.drawer")) {
      event.target.closest("dialog")?.close();
    }
  });
  // A dialog that arrives in a fragment opens itself; its heading has the focus.
  document.addEventListener("htmx:after:swap", () => {
    document.querySelectorAll("dialog[data-open]").forEach((dialog) => {
      dialog.removeAttribute("data-open");
      dialog.showModal();
      dialog.querySelector("[autofocus]")?.focus();
    });
  });
}
