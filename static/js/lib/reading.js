// What was on the screen for a second, most of it, is read.

const LONG_ENOUGH = 1000;

// Calls `tell(seq)` as messages of the other side are read. Returns { look, stop }: `look` finds
// the rows that have come since.
export function watchReading(list, side, tell) {
  const timers = new Map();
  let reached = 0;
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(timers.get(target));
      if (isIntersecting) timers.set(target, setTimeout(() => read(target), LONG_ENOUGH));
    }
  }, { threshold: 0.8 });

  function read(row) {
    if (document.hidden) return;
    observer.unobserve(row);
    const seq = Number(row.dataset.seq);
    if (seq <= reached) return;
    reached = seq;
    tell(seq);
  }

  function look() {
    for (const row of list.querySelectorAll(".msg[data-seq]")) {
      if (row.dataset.side === side || Number(row.dataset.seq) <= reached) continue;
      // Observed anew, it is reported anew: also when the page comes back into view.
      observer.unobserve(row);
      observer.observe(row);
    }
  }

  // What the server rendered with the page it has marked as read.
  const known = [...list.querySelectorAll(".msg[data-seq]")].at(-1);
  reached = Number(known?.dataset.seq ?? 0);
  return {
    look,
    stop() {
      observer.disconnect();
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
