// Times in the zone of who reads them: written anew here, and told to the server by a cookie.
//
// `data-form` is the server's own format, of which these letters are known.

const A_YEAR = 365 * 86_400;
const LETTERS = /[DjMYHi]/g;

export function showTimes() {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  if (!timeZone) return;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `tz=${timeZone}; path=/; max-age=${A_YEAR}; samesite=lax${secure}`;
  const times = [...document.querySelectorAll("time[data-form]")];
  // In a row of things the room of "09:35 UTC" stays: what follows must not move up a line.
  const rooms = times.map((element) => isInARow(element) && element.getBoundingClientRect().width);
  times.forEach((element, place) => {
    if (rooms[place]) element.style.minInlineSize = `${rooms[place]}px`;
    element.textContent = inWords(new Date(element.dateTime), element.dataset.form, timeZone);
  });
}

function isInARow(element) {
  return getComputedStyle(element.parentElement).display === "flex";
}

function inWords(moment, form, timeZone) {
  const written = new Intl.DateTimeFormat(document.documentElement.lang, {
    timeZone, weekday: "short", day: "numeric", month: "short", year: "numeric",
    hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });
  const parts = Object.fromEntries(written.formatToParts(moment).map((part) => [part.type, part.value]));
  const letters = {
    D: parts.weekday, j: parts.day, M: parts.month, Y: parts.year, H: parts.hour, i: parts.minute,
  };
  return form.replace(LETTERS, (letter) => letters[letter]);
}
