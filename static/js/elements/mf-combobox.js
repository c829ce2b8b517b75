// <mf-combobox src="/api/v1/search/suggestions/"> around a search form: an editable combobox with a
// list of links (ARIA 1.2, manual selection). Without an answer the form is a form.

import { announce } from "../page/announce.js";
import { suggestionsFor } from "../lib/suggestions.js";

const PAUSE = 150;
const QUIET = 500;
const SHORTEST = 2;

class ComboboxElement extends HTMLElement {
  #ending;
  #asking;
  #timer;
  #speaking;
  #list;

  connectedCallback() {
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    this.#list = this.#build();
    this.#input.addEventListener("input", () => this.#wait(), { signal });
    this.#input.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.addEventListener("focusout", ({ relatedTarget }) => this.contains(relatedTarget) || this.#close(), { signal });
  }

  disconnectedCallback() {
    this.#ending.abort();
    this.#asking?.abort();
    this.#list.remove();
  }

  get #input() {
    return this.querySelector("input[type=search]");
  }

  get #options() {
    return [...this.#list.querySelectorAll("[role=option]")];
  }

  get #active() {
    return this.#list.querySelector("[aria-selected=true]");
  }

  #build() {
    const list = document.createElement("div");
    Object.assign(list, { id: `${this.#input.id}-suggestions`, className: "suggestions", role: "listbox", hidden: true });
    list.setAttribute("aria-label", this.#input.labels[0].textContent);
    // Pressing the mouse must not take the focus from the input, or the list would close first.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", ({ target }) => this.#follow(target.closest("[role=option]")));
    this.append(list);
    this.#input.setAttribute("role", "combobox");
    this.#input.setAttribute("aria-autocomplete", "list");
    this.#input.setAttribute("aria-controls", list.id);
    this.#input.setAttribute("aria-expanded", "false");
    return list;
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    const text = this.#input.value.trim();
    if (text.length < SHORTEST) this.#close();
    else this.#timer = setTimeout(() => this.#ask(text), PAUSE);
  }

  async #ask(text) {
    this.#asking = new AbortController();
    try {
      this.#show(text, await suggestionsFor(this.getAttribute("src"), text, this.#asking.signal));
    } catch (error) {
      // Suggestions are a help: whatever keeps them away, the form still searches.
      if (error.name !== "AbortError") this.#close();
    }
  }

  #show(text, rows) {
    if (!rows.length) return this.#close();
    const most = matchMedia("(min-width: 48rem)").matches ? 10 : 8;
    const shown = rows.slice(0, most);
    this.#list.replaceChildren(...shown.flatMap((row, i) => [
      ...(row.group === shown[i - 1]?.group ? [] : [this.#heading(row.group)]),
      this.#option(row, text, i),
    ]), this.#last(text, shown.length));
    this.#list.hidden = false;
    this.#input.setAttribute("aria-expanded", "true");
    this.#input.removeAttribute("aria-activedescendant");
    clearTimeout(this.#speaking);
    const words = shown.length === 1 ? this.dataset.one : this.dataset.many;
    this.#speaking = setTimeout(() => announce(words?.replace("{n}", shown.length)), QUIET);
  }

  #heading(group) {
    const heading = document.createElement("div");
    heading.className = "suggestions__group";
    heading.textContent = this.dataset[group] ?? "";
    heading.setAttribute("role", "presentation");
    return heading;
  }

  #option({ text, href, picture }, typed, i) {
    const option = this.#empty(i);
    option.dataset.href = href;
    if (picture) option.append(Object.assign(new Image(36, 36), { alt: "", className: "suggestions__picture", src: picture }));
    const label = document.createElement("span");
    label.append(...marked(text, typed));
    option.append(label);
    return option;
  }

  #last(text, i) {
    const option = this.#empty(i);
    option.textContent = (this.dataset.search ?? "{q}").replace("{q}", text);
    return option;
  }

  #empty(i) {
    const option = document.createElement("div");
    Object.assign(option, { id: `${this.#list.id}-${i}`, className: "suggestions__option", role: "option" });
    option.setAttribute("aria-selected", "false");
    return option;
  }

  #key(event) {
    if (event.isComposing || this.#list.hidden) return;
    if (event.key === "Escape") {
      // The first Escape closes the list; the next one clears the box, which browsers do themselves.
      event.preventDefault();
      this.#close();
    } else if (event.key === "Enter" && this.#active) {
      event.preventDefault();
      this.#follow(this.#active);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.#move(event.key === "ArrowDown" ? 1 : -1);
    }
  }

  // Past either end the text itself is active again.
  #move(step) {
    const options = this.#options;
    const places = options.length + 1;
    const next = (options.indexOf(this.#active) + 1 + step + places) % places;
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i + 1 === next)));
    if (next) this.#input.setAttribute("aria-activedescendant", options[next - 1].id);
    else this.#input.removeAttribute("aria-activedescendant");
  }

  #follow(option) {
    if (!option) return;
    if (option.dataset.href) location.assign(option.dataset.href);
    else this.querySelector("form").requestSubmit();
  }

  #close() {
    clearTimeout(this.#speaking);
    this.#list.hidden = true;
    this.#input.setAttribute("aria-expanded", "false");
    this.#input.removeAttribute("aria-activedescendant");
  }
}

// What was not typed is bold: it is what the eye looks for.
function marked(text, typed) {
  const start = text.toLowerCase().indexOf(typed.toLowerCase());
  if (start < 0) return [bold(text)];
  const end = start + typed.length;
  return [bold(text.slice(0, start)), text.slice(start, end), bold(text.slice(end))];
}

function bold(text) {
  return Object.assign(document.createElement("strong"), { textContent: text });
}

customElements.define("mf-combobox", ComboboxElement);
