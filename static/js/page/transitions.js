// The crossing from page to page that base.css asks for is given up where the browser has no time
// for it: the window's size has changed, or the next page is waited for. That is no error of ours.

export function watchTransitions() {
  // Only the newest browsers still name the one that brought us here.
  bear(document.activeViewTransition);
  for (const name of ["pagereveal", "pageswap"]) {
    addEventListener(name, ({ viewTransition }) => bear(viewTransition));
  }
}

function bear(transition) {
  for (const name of ["updateCallbackDone", "ready", "finished"]) transition?.[name].catch(() => {});
}
