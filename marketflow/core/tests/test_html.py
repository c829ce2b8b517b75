from __future__ import annotations

import time

import pytest

from marketflow.core.html import clean_html, clean_loose_html, text_to_html


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("<p>Good</p>", "<p>Good</p>"),
        ("<script>alert(1)</script>Good", "Good"),
        ("<style>p{}</style>Good", "Good"),
        ('<p onclick="x()" style="x" class="y">Good</p>', "<p>Good</p>"),
        ("<img src=x onerror=alert(1)>Good", "Good"),
        ("<iframe src=//evil.example></iframe>Good", "Good"),
        ("<h1>Good</h1>", "Good"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("<p>One<p>Two", "<p>One</p><p>Two</p>"),
        ("  ", ""),
    ],
)
def test_only_what_is_allowed_stays(written, kept):
    assert clean_html(written) == kept


@pytest.mark.parametrize(
    "address", ["javascript:x", "data:text/html,x", "vbscript:x", " java\nscript:x", "ftp://a"]
)
def test_links_lead_to_the_web_or_nowhere(address):
    assert "href" not in clean_html(f'<a href="{address}">x</a>')


def test_links_are_marked_as_other_peoples():
    assert clean_html('<a href="https://a.example/?b=1&c=2" target="_blank">x</a>') == (
        '<a href="https://a.example/?b=1&amp;c=2" rel="nofollow ugc">x</a>'
    )


def test_cleaning_twice_changes_nothing():
    once = clean_html("<div><p>One &amp; <b>two</b><ul><li>x</ul> &bull; </div><table><td>y")

    assert clean_html(once) == once


@pytest.mark.parametrize(
    "attack",
    ["<div>" * 100_000, "<" * 400_000, "<a><b><i>" * 40_000, "&" * 200_000, "<!--" * 99_999],
)
def test_an_attack_on_the_parser_costs_little_time(attack):
    start = time.monotonic()

    clean_html(attack)

    assert time.monotonic() - start < 5


def test_plain_text_becomes_paragraphs():
    assert text_to_html("a <b>\r\nc\n\n\nd & e") == "<p>a &lt;b&gt;<br>c</p>\n<p>d &amp; e</p>"


def test_line_breaks_count_where_there_are_no_blocks():
    assert clean_loose_html("one\n<b>two</b>") == "<p>one<br><b>two</b></p>"
    assert clean_loose_html("<p>one\ntwo</p>") == "<p>one\ntwo</p>"
