// Rows of links that scroll sideways on a phone begin where the current one can be seen.

const STRIPS = ".subnav, .catnav__list, .tabs__list, .chips--scroll";

export function showCurrent() {
  for (const strip of document.querySelectorAll(STRIPS)) {
    const link = strip.querySelector("[aria-current]");
    if (!link || strip.scrollWidth <= strip.clientWidth) continue;
    const [outer, inner] = [strip.getBoundingClientRect(), link.getBoundingClientRect()];
    strip.scrollLeft += inner.left + inner.width / 2 - (outer.left + outer.width / 2);
  }
}
