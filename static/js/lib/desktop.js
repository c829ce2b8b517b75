// A notification on the desktop, for those who wished for it on this device.

const WISH = "chat.notify";

// `button` asks for it. Returns { tell(text) }, which says so while the page is out of sight.
export function watchWishes(button) {
  if (!("Notification" in globalThis)) return { tell() {} };
  const wants = () => localStorage.getItem(WISH) === "yes" && Notification.permission === "granted";
  if (button && !wants() && Notification.permission !== "denied") {
    button.hidden = false;
    button.onclick = async () => {
      if (await Notification.requestPermission() !== "granted") return;
      localStorage.setItem(WISH, "yes");
      button.hidden = true;
    };
  }
  return {
    // The words stay on the page: a screen is seen by others too.
    tell(text) {
      if (!wants()) return;
      new Notification(text, { tag: location.pathname }).onclick = ({ target }) => {
        focus();
        target.close();
      };
    },
  };
}
