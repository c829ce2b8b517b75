"""Filling in the forms of admin pages, as a browser would."""

from __future__ import annotations

from html.parser import HTMLParser

from django.test import Client


class _Controls(HTMLParser):
    """Names and values of what a form would send, untouched."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.is_inside = form_id, False
        self.values: dict[str, list[str]] = {}
        self.select = self.textarea = None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.is_inside = attributes.get("id") == self.form_id
        if not self.is_inside:
            return
        name = attributes.get("name")
        if tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in attributes:
            self.values.setdefault(self.select, []).append(attributes.get("value", ""))
        elif tag == "textarea" and name:
            self.textarea = name
            self.values[name] = [""]
        elif tag == "input" and name and _is_sent(attributes):
            is_ticked = attributes.get("type") in ("checkbox", "radio")
            value = attributes.get("value", "on" if is_ticked else "")
            self.values.setdefault(name, []).append(value)

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = None
        elif tag == "textarea":
            self.textarea = None
        elif tag == "form":
            self.is_inside = False

    def handle_data(self, data):
        if self.textarea:
            self.values[self.textarea][0] += data.removeprefix("\n")


def _is_sent(attributes: dict) -> bool:
    kind = attributes.get("type", "text")
    if kind in ("checkbox", "radio"):
        return "checked" in attributes
    return kind not in ("submit", "button", "file") and "__prefix__" not in attributes["name"]


def fields_of(client: Client, path: str, form_id: str) -> dict[str, list[str]]:
    """What the form at `path` would send if nothing were touched."""
    answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    controls = _Controls(form_id)
    controls.feed(answer.content.decode())
    return controls.values


def submit(client: Client, path: str, form_id: str, **changes):
    """Open the page, change some fields, send the form."""
    fields = fields_of(client, path, form_id) | changes
    return client.post(path, fields | {"_save": "1"})
