// The service worker. It keeps one page and the files of it, and answers with them when the
// network does not. No other page is ever kept: carts, accounts, orders and messages are people's
// own, and prices and stock are only true when they are fresh. And it shows what is pushed.

const PREFIX = "offline-";
const CACHE = `${PREFIX}{{ version }}`;
const PAGE = {{ page|safe }};
const FILES = {{ files|safe }};
const ICON = {{ icon|safe }};
const MOVE = {{ move|safe }};
const SERVER_KEY = {{ server_key|safe }};

addEventListener("install", (event) => {
  // What a page sends as it is left would wait for a worker, and end with the page: past it.
  event.addRoutes?.({ condition: { requestMethod: "POST" }, source: "network" });
  event.waitUntil(keep());
});
addEventListener("activate", (event) => event.waitUntil(takeOver()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(visit(event));
  else if (FILES.includes(pathname)) event.respondWith(fetch(request).catch(() => caches.match(pathname)));
});
addEventListener("push", (event) => event.waitUntil(show(event.data.json())));
addEventListener("pushsubscriptionchange", (event) => event.waitUntil(move(event)));
addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(lead(event.notification.data));
});

async function keep() {
  const cache = await caches.open(CACHE);
  await cache.addAll([PAGE, ...FILES].map((path) => new Request(path, { cache: "reload" })));
  await skipWaiting();
}

async function takeOver() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  // The page is asked for while the worker starts: it costs a visit nothing.
  await registration.navigationPreload?.enable();
  await clients.claim();
}

async function visit(event) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    return caches.match(PAGE);
  }
}

async function show({ id, title, text, topic, url, path }) {
  // The same words about the same page take one place. What came twice buzzes once.
  const [shown] = await registration.getNotifications({ tag: topic });
  const renotify = shown?.data.id !== id;
  await registration.showNotification(title, { body: text, tag: topic, renotify, icon: ICON, data: { id, url, path } });
}

async function lead({ url, path }) {
  // Never off the market, whatever was pushed.
  const [to, page] = [url, path].map((address) => new URL(address, location.origin));
  if (to.origin !== location.origin) return;
  const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const open = windows.find((one) => new URL(one.url).pathname === page.pathname);
  if (!open) return clients.openWindow(to.href);
  await open.focus();
  // Asking for the address is how it is read; where that leads is open already.
  await fetch(to, { redirect: "manual" });
}

// The browser has let its subscription go, or changed it. Who doesn't know the former one has
// nothing to show for itself: the page offers the button again.
async function move({ oldSubscription: old, newSubscription: made }) {
  if (!old || !SERVER_KEY) return;
  const options = { userVisibleOnly: true, applicationServerKey: SERVER_KEY };
  const { endpoint, keys } = (made ?? (await registration.pushManager.subscribe(options))).toJSON();
  const former = old.toJSON();
  const body = { endpoint, ...keys, former_endpoint: former.endpoint, former_auth: former.keys.auth };
  await fetch(MOVE, { method: "POST", body: new URLSearchParams(body) });
}
