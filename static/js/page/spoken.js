// News of the stock is spoken politely, and not too often.

import { announce } from "./announce.js";

const SILENCE = 10_000;
let last = 0;

export function speakNow(text) {
  if (Date.now() - last < SILENCE) return;
  last = Date.now();
  announce(text);
}
