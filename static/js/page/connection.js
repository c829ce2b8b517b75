// A quiet bar when the connection has been gone for five seconds.

const PATIENCE = 5000;

export function watchConnection() {
  const bar = document.getElementById("offline");
  let timer;
  addEventListener("offline", () => { timer = setTimeout(() => { bar.hidden = false; }, PATIENCE); });
  addEventListener("online", () => {
    clearTimeout(timer);
    bar.hidden = true;
  });
}
