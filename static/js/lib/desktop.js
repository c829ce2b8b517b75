// A notification on the desktop, for those who wished for it on this device.

const WISH = "chat.notify";

// `button` asks for it, and `status` says what came of it: in the words of the button's data-granted,
// data-denied and data-default. Returns { tell(text) }, which says so while the page is out of sight.
export function watchWishes(button, status) {
  if (!("Notification" in globalThis)) return { tell() {} };
  const wants = () => localStorage.getItem(WISH) === "yes" && Notification.permission === "granted";
  if (button && !wants()) {
    button.hidden = false;
    button.onclick = async () => {
      status.textContent = "";
      const answer = await Notification.requestPermission();
      status.textContent = button.dataset[answer];
      if (answer !== "granted") return;
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
