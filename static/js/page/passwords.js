// The button that shows a password while it is typed.

export function watchPasswords() {
  for (const button of document.querySelectorAll("[data-reveals]")) button.hidden = false;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-reveals]");
    const input = button && document.getElementById(button.dataset.reveals);
    if (!input) return;
    const shows = input.type === "password";
    input.type = shows ? "text" : "password";
    button.setAttribute("aria-pressed", String(shows));
  });
}
