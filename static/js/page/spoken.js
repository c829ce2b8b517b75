// News of the stock is spoken politely, and not too often: what comes sooner waits, and of each
// thing only the latest is said.

import { announce } from "./announce.js";

const SILENCE = 10_000;
const waiting = new Map();
let last = 0;
let timer = 0;

export function speakNow(text, about = "") {
  waiting.set(about, text);
  timer ||= setTimeout(speak, Math.max(0, last + SILENCE - Date.now()));
}

function speak() {
  timer = 0;
  last = Date.now();
  announce([...waiting.values()].join(". "));
  waiting.clear();
}
