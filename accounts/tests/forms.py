"""Filling in the forms of a page as a person does: only what the page offers can be sent."""

from __future__ import annotations

from html.parser import HTMLParser

from django.test import Client


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict] = []
        self.select = ""
        self.textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.forms.append({"action": given.get("action"), "values": {}, "names": set()})
        elif self.forms and tag in {"input", "select", "textarea", "button"}:
            self._field(tag, given)
        elif self.select and tag == "option" and "selected" in given:
            self.forms[-1]["values"][self.select] = given.get("value") or ""

    def _field(self, tag: str, given: dict) -> None:
        name = given.get("name")
        self.select = name or "" if tag == "select" else ""
        self.textarea = name or "" if tag == "textarea" else ""
        if not name:
            return
        form = self.forms[-1]
        form["names"].add(name)
        ticks = given.get("type") in {"checkbox", "radio"}
        if tag == "input" and (not ticks or "checked" in given):
            form["values"][name] = given.get("value") or ("on" if ticks else "")

    def handle_data(self, data: str) -> None:
        if self.textarea:
            # HTML drops the line break that Django writes before the text.
            typed = self.forms[-1]["values"].get(self.textarea, "") + data
            self.forms[-1]["values"][self.textarea] = typed.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.textarea = ""


def fill_in(client: Client, url: str, **values: str):
    """Open `url`, fill in the form that has these fields, send it; return the answer."""
    page = client.get(url)
    assert page.status_code == 200, page
    parser = _Forms()
    parser.feed(page.content.decode())
    fitting = [form for form in parser.forms if set(values) <= form["names"]]
    assert fitting, f"{url} has no form with {sorted(values)}"
    form = fitting[-1]
    return client.post(form["action"] or url, form["values"] | values)
