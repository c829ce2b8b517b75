// <mf-gallery> around a list that scrolls and snaps, and links to its items. Marks the thumbnail of
// what is seen; opens the <dialog class="lightbox"> inside it, if there is one, at that picture.

class GalleryElement extends HTMLElement {
  #ending;
  #observer;

  connectedCallback() {
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    this.addEventListener("click", (event) => this.#click(event), { signal });
    this.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#observer = new IntersectionObserver((entries) => this.#see(entries), { root: this.#view, threshold: 0.6 });
    for (const item of this.#view.children) this.#observer.observe(item);
  }

  disconnectedCallback() {
    this.#ending.abort();
    this.#observer.disconnect();
  }

  get #view() {
    return this.querySelector(".gallery__view");
  }

  get #lightbox() {
    return this.querySelector("dialog");
  }

  #click(event) {
    const thumb = event.target.closest(".gallery__thumb");
    if (thumb) {
      event.preventDefault();
      this.#scroll(this.#view, document.getElementById(thumb.hash.slice(1)));
    } else if (this.#lightbox && event.target.closest(".gallery__zoom")) {
      event.preventDefault();
      this.#zoom(event.target.closest("li"));
    }
  }

  #zoom(item) {
    const place = [...this.#view.children].indexOf(item);
    const list = this.#lightbox.querySelector(".gallery__view");
    this.#lightbox.showModal();
    list.scrollTo({ left: list.clientWidth * place, behavior: "instant" });
    list.focus();
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const list = event.target.closest(".gallery__view");
    if (!step || !list) return;
    event.preventDefault();
    list.scrollBy({ left: step * list.clientWidth });
  }

  #scroll(list, item) {
    list.scrollTo({ left: item.offsetLeft - list.firstElementChild.offsetLeft });
  }

  #see(entries) {
    const seen = entries.find((entry) => entry.isIntersecting)?.target;
    if (!seen) return;
    for (const thumb of this.querySelectorAll(".gallery__thumb")) {
      if (thumb.hash === `#${seen.id}`) thumb.setAttribute("aria-current", "true");
      else thumb.removeAttribute("aria-current");
    }
  }
}

customElements.define("mf-gallery", GalleryElement);
