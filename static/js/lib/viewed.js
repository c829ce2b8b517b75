// The last public pages looked at, kept in this browser alone. Nobody's own pages are among them.

const KEY = "viewed";
const MOST = 8;
const PUBLIC = /^\/(p|c|shops)\/[^/]+\/$/;

export function viewed() {
  try {
    const pages = JSON.parse(localStorage.getItem(KEY)) ?? [];
    return pages.filter(({ path }) => PUBLIC.test(path)).slice(0, MOST);
  } catch {
    // Storage is closed to us, or holds what somebody else wrote: nothing is known.
    return [];
  }
}

export function noteView(path, title) {
  if (!PUBLIC.test(path)) return;
  const others = viewed().filter((page) => page.path !== path);
  try {
    localStorage.setItem(KEY, JSON.stringify([{ path, title }, ...others].slice(0, MOST)));
  } catch (problem) {
    console.info("The list of pages viewed can't be kept.", problem);
  }
}
