// Live stock for the whole page over one socket, however many elements watch. While the socket is
// away the levels are fetched now and then.

import { connect } from "./socket.js";

// What the server takes of one frame, and of one socket.
const MOST = 100;
const MOST_WATCHED = 500;
const PATIENCE = 3000;
const ASK_AGAIN = 15_000;
const watchers = new Map();
const latest = new Map();
let socket;
let asking;
let fetching;

// Call `show(state)` with { variant, level, available } at every change of the variant, and at
// once if it is known. Returns a function that stops.
export function watchStock(variant, show) {
  socket ??= connect("/ws/inventory/", { onFrame: hear, onState: follow });
  if (!watchers.has(variant)) watchers.set(variant, new Set());
  watchers.get(variant).add(show);
  if (latest.has(variant)) show(latest.get(variant));
  else askSoon();
  return () => leave(variant, show);
}

// Elements arrive one by one, but they are asked for together.
function askSoon() {
  clearTimeout(asking);
  asking = setTimeout(() => ask([...watchers.keys()].filter((one) => !latest.has(one))));
}

function ask(variants) {
  const some = variants.slice(0, MOST_WATCHED);
  for (let from = 0; from < some.length; from += MOST) {
    socket.send("subscribe", { variants: some.slice(from, from + MOST) });
  }
}

// Asking for all after every opening brings the levels up to date.
function follow(state) {
  clearTimeout(fetching);
  if (state === "open") ask([...watchers.keys()]);
  else fetching = setTimeout(catchUp, PATIENCE);
}

async function catchUp() {
  if (!document.hidden) {
    const variants = [...watchers.keys()].slice(0, MOST);
    const answer = await fetch(`/stock/?variants=${variants}`).catch(() => null);
    if (answer?.ok) (await answer.json()).results.forEach(hear);
  }
  fetching = setTimeout(catchUp, ASK_AGAIN * (0.7 + Math.random() * 0.6));
}

function hear(frame) {
  if (frame.type !== "stock") return;
  if (watchers.has(frame.variant)) latest.set(frame.variant, frame);
  watchers.get(frame.variant)?.forEach((show) => show(frame));
}

function leave(variant, show) {
  const shows = watchers.get(variant);
  shows.delete(show);
  if (shows.size) return;
  watchers.delete(variant);
  latest.delete(variant);
  socket.send("unsubscribe", { variants: [variant] });
}
