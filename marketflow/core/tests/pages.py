"""A browser without JavaScript, for tests: it reads pages, fills in forms, presses buttons."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag

from django.http import HttpResponse
from django.test import Client

SILENT = {"script", "style", "title", "option"}
VOID = {"input", "img", "br", "link", "meta", "use", "path", "rect", "hr"}


@dataclass
class Form:
    action: str
    method: str
    id: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Button:
    form: Form | None
    attrs: dict[str, str]
    words: str = ""

    @property
    def label(self) -> str:
        return self.attrs.get("aria-label") or " ".join(self.words.split())


class Page(HTMLParser):
    """What an answer shows: its title, its words, its forms, links and buttons."""

    def __init__(self, response: HttpResponse, url: str) -> None:
        super().__init__()
        self.response, self.url, self.status = response, url, response.status_code
        self.title = self.text = ""
        self.forms: list[Form] = []
        self.buttons: list[Button] = []
        self.links: dict[str, str] = {}
        self._open: list[str] = []
        self._form: Form | None = None
        self._select = self._area = ""
        self._button: Button | None = None
        self._link = ""
        self.feed(response.content.decode())
        self.text = " ".join(self.text.split())
        by_id = {form.id: form for form in self.forms if form.id}
        for button in self.buttons:
            button.form = by_id.get(button.attrs.get("form", ""), button.form)

    def form(self, action: str) -> Form:
        return next(form for form in self.forms if form.action == action)

    def button(self, label: str) -> Button:
        """The button of this name, else the first whose name begins so."""
        named = [button for button in self.buttons if button.label == label]
        named += [button for button in self.buttons if button.label.startswith(label)]
        assert named, f"no button {label!r} among {[b.label for b in self.buttons]} at {self.url}"
        return named[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self._open.append(tag)
        if tag == "form":
            method = values.get("method", "get").lower()
            action = values.get("action") or urldefrag(self.url)[0]
            self._form = Form(action, method, values.get("id", ""))
            self.forms.append(self._form)
        elif tag == "input":
            self._read_input(values)
        elif tag == "select":
            self._select = values.get("name", "")
        elif tag == "option" and self._select and self._form:
            if "selected" in values or self._select not in self._form.fields:
                self._form.fields[self._select] = values.get("value", "")
        elif tag == "textarea" and self._form:
            self._area = values.get("name", "")
            self._form.fields[self._area] = ""
        elif tag == "button" and values.get("type", "submit") == "submit":
            self._button = Button(self._form, values)
            self.buttons.append(self._button)
        elif tag == "a":
            self._link = values.get("href", "")

    def _read_input(self, values: dict[str, str]) -> None:
        name, kind = values.get("name", ""), values.get("type", "text")
        if not (name and self._form):
            return
        if kind not in ("radio", "checkbox") or "checked" in values:
            self._form.fields[name] = values.get("value", "on" if kind == "checkbox" else "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open and self._open.pop() != tag:
                pass
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""
        elif tag == "button":
            self._button = None
        elif tag == "a":
            self._link = ""

    def handle_data(self, data: str) -> None:
        if "title" in self._open and "svg" not in self._open:
            self.title += data.strip()
        if self._area and self._form:
            self._form.fields[self._area] += data
        if SILENT.intersection(self._open):
            return
        self.text += data + " "
        if self._button:
            self._button.words += data
        if self._link:
            self.links.setdefault(" ".join(data.split()), self._link)


class Visitor:
    """Somebody who browses without JavaScript. `page` is what they see."""

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or Client()
        self.page: Page

    def open(self, url: str) -> Page:
        return self._arrive(self.client.get(url), url)

    def follow(self, words: str) -> Page:
        return self.open(self.page.links[words])

    def press(self, label: str, **typed: str) -> Page:
        """Fill in the form around a button and press it. `typed` fields may be on no page."""
        button = self.page.button(label)
        form = button.form
        data = form.fields | typed
        if name := button.attrs.get("name"):
            data[name] = button.attrs.get("value", "")
        url = button.attrs.get("formaction") or form.action
        send = self.client.post if form.method == "post" else self.client.get
        here = {"Referer": f"http://testserver{self.page.url}"}
        return self._arrive(send(url, data, headers=here), url)

    def post(self, url: str, **data: object) -> Page:
        return self._arrive(self.client.post(url, data), url)

    def _arrive(self, response: HttpResponse, url: str) -> Page:
        for _ in range(5):
            if response.status_code not in (301, 302, 303):
                break
            url = response["Location"]
            response = self.client.get(url)
        self.page = Page(response, url)
        return self.page
