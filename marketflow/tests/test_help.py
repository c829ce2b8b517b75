"""Help pages, and what programs and browsers look for at fixed addresses."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings as configured
from django.contrib.staticfiles import finders
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.dateparse import parse_datetime
from django.utils.timezone import now
from PIL import Image

from accounts.tests.factories import make_user
from catalog.models import Product
from catalog.tests.factories import make_category, make_variant
from marketflow.core.tests.pages import Page
from marketflow.help.topics import TOPICS

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"


def opened(client, path: str) -> Page:
    return Page(client.get(path), path)


# --- help


def test_the_help_lists_every_page_and_each_leads_to_the_others(client):
    addresses = {topic.get_absolute_url() for topic in TOPICS.values()}

    assert addresses <= set(opened(client, "/help/").links.values())
    for address in addresses:
        page = opened(client, address)
        assert page.status == 200
        assert addresses | {"/help/"} <= set(page.links.values())


def test_the_help_is_in_the_sitemap(client):
    listed = client.get("/sitemap-help.xml").content.decode()

    assert "/sitemap-help.xml<" in client.get("/sitemap.xml").content.decode()
    assert listed.count("<loc>") == len(TOPICS)


def test_another_topic_is_unknown(client):
    assert client.get("/help/base/").status_code == 404
    assert client.get("/help/prices/").status_code == 404


def test_help_stands_in_the_same_place_of_every_foot(client, shop):
    make_variant(shop, "Oak bowl")
    for path in ("/", "/search/", "/p/oak-bowl/", "/cart/", "/sell/", "/help/terms/"):
        assert opened(client, path).links["Help and contact"] == "/help/contact/"


def test_who_runs_the_market_is_named_by_the_settings(client, settings):
    settings.OPERATOR_NAME = "Market Company Ltd"
    settings.OPERATOR_ADDRESS = "1 Mill Lane, Dublin"
    settings.OPERATOR_EMAIL = "help@market.test"

    for topic in ("contact", "privacy", "terms", "accessibility"):
        page = opened(client, f"/help/{topic}/")
        for words in ("Market Company Ltd", "1 Mill Lane, Dublin", "help@market.test"):
            assert words in page.text, topic
        assert page.links["help@market.test"] == "mailto:help@market.test"


def test_without_an_address_there_is_no_empty_line(client, settings):
    settings.OPERATOR_ADDRESS = ""

    assert "Address" not in opened(client, "/help/contact/").text


@pytest.mark.parametrize(("rate", "words"), [(Fraction(10), "10 %"), (Fraction("7.5"), "7.5 %")])
def test_the_fees_are_those_of_the_settings(client, settings, rate, words):
    settings.MARKETPLACE_COMMISSION = rate

    page = opened(client, "/help/fees/")

    assert words in page.text
    assert "Each payout has a statement in your shop" in page.text


def test_the_texts_carry_this_markets_figures(client, settings):
    settings.ORDER_HOLD_MINUTES = 25
    settings.PAYMENT_PROVIDERS = ["test"]

    page = opened(client, "/help/buying/")

    assert "held for you for 25 minutes" in page.text
    assert "test cards only" in page.text

    settings.PAYMENT_PROVIDERS = ["stripe", "test"]
    assert "test cards only" not in opened(client, "/help/buying/").text


def test_staff_are_told_what_to_do_before_opening(client):
    assert "OPERATOR_NAME" not in opened(client, "/help/terms/").text

    client.force_login(make_user("vera", is_staff=True))

    assert "OPERATOR_NAME" in opened(client, "/help/terms/").text


def test_every_cookie_of_the_code_is_explained(client):
    """One that is set and not named would make the page untrue."""
    ours = {configured.SESSION_COOKIE_NAME, configured.CSRF_COOKIE_NAME, "messages"}
    for path in configured.BASE_DIR.glob("[a-z]*/**/*.py"):
        if "tests" in path.parts or not (path.parent / "__init__.py").exists():
            continue
        ours |= cookies_set_in(path)

    listed = re.findall(
        r'<th scope="row">(\w+)</th>', client.get("/help/privacy/").content.decode()
    )

    assert {"cart", "seen", "country", "theme"} <= ours
    assert set(listed) == ours


def cookies_set_in(path: Path) -> set[str]:
    source = path.read_text()
    names = re.findall(r"\.set_cookie\(\s*(\"\w+\"|\w+)", source)
    return {
        name.strip('"')
        if '"' in name
        else re.search(rf'^{name} = "(\w+)"', source, flags=re.MULTILINE)[1]
        for name in names
    }


# --- at fixed addresses


def test_the_manifest_says_how_the_market_is_installed(client, settings):
    settings.MARKETPLACE_NAME = "Harbour Market"

    answer = client.get("/manifest.webmanifest")
    manifest = answer.json()

    assert answer["Content-Type"] == "application/manifest+json"
    assert (manifest["name"], manifest["display"]) == ("Harbour Market", "standalone")
    assert manifest["start_url"].startswith(manifest["scope"])
    assert 'rel="manifest" href="/manifest.webmanifest"' in client.get("/").content.decode()
    for icon in manifest["icons"]:
        found = finders.find(icon["src"].removeprefix(settings.STATIC_URL))
        with Image.open(found) as picture:
            assert icon["sizes"] == "{}x{}".format(*picture.size)
    for shortcut in manifest["shortcuts"]:
        assert client.get(shortcut["url"]).status_code in (200, 302)


def test_security_txt_names_a_contact_and_has_not_expired(client, settings):
    settings.OPERATOR_EMAIL = "help@market.test"

    answer = client.get("/.well-known/security.txt")
    fields = dict(line.split(": ", 1) for line in answer.content.decode().splitlines())

    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert fields["Contact"] == "mailto:help@market.test"
    assert fields["Canonical"] == f"{settings.SITE_URL}/.well-known/security.txt"
    lasts = parse_datetime(fields["Expires"]) - now()
    assert timedelta(days=170) < lasts < timedelta(days=365)


def test_password_managers_find_where_to_change_a_password(client, buyer):
    answer = client.get("/.well-known/change-password")

    assert (answer.status_code, answer["Location"]) == (302, "/account/security/")
    assert client.get("/.well-known/anything-else").status_code == 404


# --- the feed


def entries(client) -> list[ElementTree.Element]:
    answer = client.get("/feeds/new.atom")
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    return list(ElementTree.fromstring(answer.content).iter(f"{ATOM}entry"))


def test_new_products_are_in_the_feed_the_latest_first(client, shop, settings):
    make_variant(shop, "Ash bowl", price=1500)
    oak = make_variant(shop, "Oak bowl", price=2000, category=make_category("Home", "Bowls"))
    Product.objects.filter(pk=oak.product_id).update(description="<p>Turned from <b>one</b> piece")
    make_variant(shop, "Draft bowl", state="draft")

    first, second = entries(client)

    assert first.findtext(f"{ATOM}title") == "Oak bowl"
    assert first.find(f"{ATOM}link").get("href") == f"{settings.SITE_URL}/p/oak-bowl/"
    assert first.findtext(f"{ATOM}id") == f"{settings.SITE_URL}/p/oak-bowl/"
    assert first.findtext(f"{ATOM}author/{ATOM}name") == "Fern & Co"
    assert first.find(f"{ATOM}category").get("term") == "Bowls"
    summary = first.findtext(f"{ATOM}summary")
    assert summary == "From €20.00, by Fern & Co. Turned from one piece"
    assert second.findtext(f"{ATOM}title") == "Ash bowl"


def test_the_address_of_the_feed_is_the_sites_own_whatever_host_is_asked(client, settings):
    settings.ALLOWED_HOSTS = ["*"]

    feed = client.get("/feeds/new.atom", headers={"Host": "evil.test"}).content.decode()

    assert f'href="{settings.SITE_URL}/feeds/new.atom"' in feed
    assert "evil.test" not in feed


def test_a_character_that_xml_does_not_know_does_not_lose_the_feed(client, shop):
    make_variant(shop, "Oak\x0bbowl")

    [entry] = entries(client)

    assert entry.findtext(f"{ATOM}title") == "Oakbowl"


def test_an_empty_feed_is_a_feed(client):
    assert entries(client) == []


def test_the_feed_costs_the_same_for_one_and_for_five(client, shop):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/feeds/new.atom")
        return len(queries)

    make_variant(shop, "Oak bowl", category=make_category("Home", "Bowls"))
    one = cost()
    for number in range(4):
        make_variant(shop, f"Ash bowl {number}", category=make_category("Home", f"Bowls {number}"))

    assert cost() == one <= 3
