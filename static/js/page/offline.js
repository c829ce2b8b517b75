// What is there when the connection goes: a page of our own, and the way back to what was viewed.

import { noteView } from "../lib/viewed.js";

export function prepareForOffline() {
  const [title] = document.title.split(" · ");
  if (document.querySelector("link[rel=canonical]")) noteView(location.pathname, title);
  if (!("serviceWorker" in navigator)) return;
  // After the page itself: it needs the connection more.
  addEventListener("load", () => {
    navigator.serviceWorker.register("/sw.js").catch((problem) => {
      console.info("There will be no page for when you are offline.", problem);
    });
  });
}
