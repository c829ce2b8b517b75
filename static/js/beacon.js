// How fast a page was and which of our scripts failed, told as it is left; nothing of who left it.

const OWN = new RegExp(`${location.origin}/static/([^?:]+):(\\d+)`);
const vitals = window.LayoutShift ? { cls: 0 } : {};
let burst = {};
let errors = [];
let isFirst = true;

function watch(type, note) {
  new PerformanceObserver((list) => list.getEntries().forEach(note))
    .observe({ type, buffered: true, durationThreshold: 16 });
}

// What opened in the background was not seen when it was drawn.
if (!document.hidden) watch("largest-contentful-paint", ({ startTime }) => { vitals.lcp = startTime; });
watch("event", ({ interactionId, duration }) => {
  if (interactionId) vitals.inp = Math.max(vitals.inp ?? 0, duration);
});
// The worst burst of shifts: each within a second of the last, all within five.
watch("layout-shift", ({ value, startTime, hadRecentInput }) => {
  if (hadRecentInput) return;
  if (!(startTime - burst.last < 1000 && startTime - burst.first < 5000)) burst = { first: startTime, sum: 0 };
  burst.last = startTime;
  burst.sum += value;
  vitals.cls = Math.max(vitals.cls, burst.sum);
});

function failed(message, where) {
  const [, module, line] = OWN.exec(where) ?? [];
  if (module && errors.length < 5) errors.push({ message: `${message}`.slice(0, 200), module, line: +line });
}
addEventListener("error", ({ message, filename, lineno }) => failed(message, `${filename}:${lineno}`));
addEventListener("unhandledrejection", ({ reason }) => failed(reason?.message, reason?.stack));

function tell() {
  if (!isFirst && !errors.length) return;
  const { page } = document.documentElement.dataset;
  const device = innerWidth < 768 ? "phone" : "desktop";
  navigator.sendBeacon("/rum/", JSON.stringify({ page, device, errors, ...(isFirst && vitals) }));
  errors = [];
  isFirst = false;
}
addEventListener("visibilitychange", () => document.hidden && tell());
addEventListener("pagehide", tell);
