// The badges of the header, live; and a word of what is urgent, unless its page is open.
// A module of its own: only the pages of people who are signed in load it.

import { Socket } from "../lib/socket.js";
import { toast } from "./toasts.js";

// As `at_most` says it on the server.
const MOST = 9;
const LINKS = { notifications: "notifications-link", messages: "messages-link" };

function hearNews() {
  // Only who is signed in has this link.
  const bell = document.getElementById(LINKS.notifications);
  if (!bell) return;
  const socket = new Socket("/ws/notifications/");
  socket.addEventListener("counts", ({ detail }) => {
    for (const [what, id] of Object.entries(LINKS)) show(document.getElementById(id), detail[what]);
  });
  socket.addEventListener("notification", ({ detail }) => tell(detail, bell.dataset.open));
}

function tell({ text, url, path, is_urgent: isUrgent }, action) {
  if (isUrgent && location.pathname !== path) toast({ text, href: url, action });
}

function show(link, count) {
  if (!link) return;
  const words = link.querySelector("[data-new]");
  const badge = link.querySelector(".count");
  words.textContent = count ? `, ${words.dataset.new.replace("{n}", count)}` : "";
  badge.hidden = !count;
  badge.textContent = count > MOST ? `${MOST}+` : count;
}

hearNews();
