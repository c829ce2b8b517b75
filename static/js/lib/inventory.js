// Live stock for the whole page over one socket, however many elements watch.

import { Socket } from "./socket.js";

// The server takes at most this many variants of one page.
const MOST = 100;
const watchers = new Map();
let socket;
let asking;

// Call `show(hint)` at every change of the variant. Returns a function that stops.
export function watchStock(variant, show) {
  socket ??= connect();
  if (!watchers.has(variant)) watchers.set(variant, new Set());
  watchers.get(variant).add(show);
  askSoon();
  return () => leave(variant, show);
}

function connect() {
  const opening = new Socket("/ws/inventory/");
  // Asking again after every opening brings the levels up to date.
  opening.addEventListener("open", ask);
  opening.addEventListener("stock", ({ detail }) => tell(detail));
  return opening;
}

// Elements arrive one by one, but they are asked for together.
function askSoon() {
  clearTimeout(asking);
  asking = setTimeout(ask);
}

function ask() {
  const variants = [...watchers.keys()].slice(0, MOST);
  if (variants.length) socket.send("subscribe", { variants });
}

function tell(hint) {
  watchers.get(hint.variant)?.forEach((show) => show(hint));
}

function leave(variant, show) {
  const shows = watchers.get(variant);
  shows.delete(show);
  if (!shows.size) watchers.delete(variant);
}
