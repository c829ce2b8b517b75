// What was said before, put above the log by its link or by scrolling up; what is read stays put.

// `quietly()` keeps what is put in from being announced. Stops with `signal`.
export function watchOlder(list, log, link, { quietly, signal }) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    // Where it can't be put in, a page of its own has it.
    put().catch(() => location.assign(link.href));
  }, { signal });
  list.addEventListener("scroll", () => {
    if (log.isAtStart && link.isConnected) put().catch(() => {});
  }, { signal });

  async function put() {
    if (list.getAttribute("aria-busy") === "true") return;
    list.setAttribute("aria-busy", "true");
    try {
      const rows = await log.fetchOlder();
      quietly();
      const first = log.putOlder(rows);
      link.href = `?before=${first}#m${first - 1}`;
      if (first === 1) end();
    } finally {
      list.setAttribute("aria-busy", "false");
    }
  }

  function end() {
    if (link === document.activeElement) list.focus({ preventScroll: true });
    link.parentElement.remove();
  }
}
