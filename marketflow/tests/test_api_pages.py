"""The API in a browser: without a script, for those who are signed in, and the reference."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils.html import escape

from catalog.tests.factories import make_variant

pytestmark = pytest.mark.django_db

HTML = {"Accept": "text/html"}


def page(client: Client, url: str) -> str:
    answer = client.get(url, headers=HTML)
    assert answer.headers["Content-Type"].startswith("text/html"), answer.content
    return answer.content.decode()


def is_clean(html: str) -> bool:
    """Nothing that the policy of these pages would block, and nothing of another site."""
    inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", html) + re.findall(r"\son\w+=\"", html)
    foreign = re.findall(r"(?:src|href)=\"(?:https?:)?//(?!testserver)[^\"]*\"", html)
    return not inline and not foreign


@pytest.mark.parametrize("url", ["/api/", "/api/v1/products/", "/api/docs/", "/api/v1/nothing/"])
def test_pages_keep_to_the_policy(client, url):
    answer = client.get(url, headers=HTML)

    assert is_clean(answer.content.decode())
    # The order of the directives differs from process to process.
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert "script-src 'self'" in policy
    assert "style-src 'self' 'unsafe-inline'" in policy


def test_the_beginning_explains_itself_and_leads_on(client):
    html = page(client, "/api/")

    for address in ("/api/docs/", "/api/schema/", "/api/v1/products/", "/api/v1/auth/token/"):
        assert address in html
    assert client.get("/api/").json()["product"].endswith("/api/v1/products/")


def test_a_visitor_reads_and_is_shown_the_way_in(client, shop):
    make_variant(shop, "Oak & elm bowl")

    html = page(client, "/api/v1/products/")

    assert escape("Oak & elm bowl") in html
    assert "data-api" not in html
    assert "?next=/api/v1/products/" in html


def test_what_people_wrote_is_text(client, shop):
    make_variant(shop, "<script>alert(1)</script>")

    assert "<script>alert" not in page(client, "/api/v1/products/")


def test_who_is_signed_in_has_forms_with_a_body_to_begin_with(client, buyer):
    client.force_login(buyer)

    html = page(client, "/api/v1/users/me/addresses/")

    assert 'data-api="POST"' in html
    assert escape('"line1": "1 Mill Lane"') in html
    assert re.search(r'data-token="\w{20,}"', html)
    profile = page(client, "/api/v1/users/me/")
    assert 'data-api="PATCH"' in profile
    assert 'data-api="DELETE"' in profile


@pytest.mark.parametrize(
    "url", ["/api/v1/cart/", "/api/v1/orders/", "/api/v1/products/", "/api/v1/shops/"]
)
def test_every_kind_of_page_can_be_looked_at(client, seller, shop, url):
    make_variant(shop)
    client.force_login(seller)

    assert "200 OK" in page(client, url)


def test_errors_have_a_page_too(client, buyer):
    client.force_login(buyer)

    html = page(client, "/api/v1/orders/MF-NOTHING1/")

    assert "404 Not Found" in html
    assert "not_found" in html
    assert "data-api" not in html


def test_the_reference_says_where_else_to_look_without_a_script(client):
    html = page(client, "/api/docs/")

    (without,) = re.findall(r"<noscript>(.*?)</noscript>", html, re.DOTALL)
    assert 'href="/api/"' in without
    assert 'href="/api/schema/"' in without
