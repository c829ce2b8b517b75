// The page that the service worker shows while there is no connection.

import { viewed } from "./lib/viewed.js";

const section = document.getElementById("viewed");
const list = document.createElement("ul");
for (const { path, title } of viewed()) {
  const link = document.createElement("a");
  link.href = path;
  link.textContent = title;
  const item = document.createElement("li");
  item.append(link);
  list.append(item);
}
section.append(list);
section.hidden = !list.children.length;

addEventListener("online", () => location.reload());
