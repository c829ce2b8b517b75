from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.template import Context, Template
from django.utils.timezone import get_current_timezone_name, localdate

from marketflow.core import time_zones
from marketflow.core.time_zones import TimeZoneMiddleware, in_words

MOMENT = datetime(2026, 12, 1, 22, 35, tzinfo=UTC)


def answer(rf, view, tz: str | None = None, path: str = "/") -> HttpResponse:
    request = rf.get(path)
    if tz is not None:
        request.COOKIES[time_zones.COOKIE] = tz
    return TimeZoneMiddleware(view)(request)


def clock(request) -> HttpResponse:
    return HttpResponse(in_words(MOMENT, "D j M, H:i"))


@pytest.mark.parametrize(
    ("tz", "words"),
    [
        ("Europe/Athens", "Wed 2 Dec, 00:35"),
        ("America/New_York", "Tue 1 Dec, 17:35"),
        (None, "Tue 1 Dec, 22:35 UTC"),
    ],
)
def test_a_time_is_in_the_visitors_zone_or_names_its_own(rf, tz, words):
    shown = answer(rf, clock, tz)

    assert shown.content.decode() == words
    assert shown["Vary"] == "Cookie"


@pytest.mark.parametrize("tz", ["", "Mars/Base", "../../etc/passwd", "/etc/localtime", "x" * 5000])
def test_a_name_that_is_no_zone_counts_as_none(rf, tz):
    shown = answer(rf, clock, tz)

    assert shown.content.decode() == "Tue 1 Dec, 22:35 UTC"


def test_a_day_alone_names_no_zone(rf):
    shown = answer(rf, lambda request: HttpResponse(in_words(MOMENT, "D j M")))

    assert shown.content.decode() == "Tue 1 Dec"


def test_an_answer_without_times_does_not_vary(rf):
    shown = answer(rf, lambda request: HttpResponse("Bowls"), "Europe/Athens")

    assert not shown.has_header("Vary")


def test_rules_go_by_the_markets_day_whatever_the_cookie_says(rf, time_machine):
    time_machine.move_to(MOMENT, tick=False)

    shown = answer(
        rf,
        lambda request: HttpResponse(f"{localdate()} {get_current_timezone_name()}"),
        "Europe/Athens",
    )

    assert shown.content.decode() == "2026-12-01 UTC"


def test_the_next_visitor_does_not_inherit_the_zone(rf):
    answer(rf, clock, "Europe/Athens")

    assert answer(rf, clock).content.decode() == "Tue 1 Dec, 22:35 UTC"
    assert in_words(MOMENT, "H:i") == "22:35 UTC"


def test_a_view_that_breaks_leaves_no_zone_behind(rf):
    def breaks(request):
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        answer(rf, breaks, "Europe/Athens")

    assert in_words(MOMENT, "H:i") == "22:35 UTC"


def test_the_element_tells_the_script_how_it_is_written():
    template = Template('{% load marketflow %}{% moment at "H:i" css="small" %}')

    html = template.render(Context({"at": MOMENT}))

    assert html == (
        '<time class="small" datetime="2026-12-01T22:35:00+00:00" data-form="H:i">22:35 UTC</time>'
    )
    assert template.render(Context({"at": None})) == ""


def test_the_script_knows_every_letter_that_templates_use():
    script = (settings.BASE_DIR / "static/js/page/times.js").read_text()
    known = set(re.search(r"LETTERS = /\[(\w+)\]/g", script)[1])
    pages = [
        page.read_text()
        for folder in settings.BASE_DIR.glob("[a-z]*")
        for page in folder.rglob("*.html")
    ]
    forms = {form for page in pages for form in re.findall(r'{% moment \S+ "([^"]+)"', page)}

    assert "j M Y" in forms
    assert {letter for form in forms for letter in form if letter.isalpha()} <= known
