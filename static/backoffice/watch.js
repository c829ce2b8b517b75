// A job that is at work: ask for the page again until it is done.
const shown = document.querySelector("[data-watch]");

async function look() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-watch]");
  if (!fresh) return location.reload();
  shown.replaceChildren(...fresh.childNodes);
}

if (shown) setInterval(look, Number(shown.dataset.watch));
