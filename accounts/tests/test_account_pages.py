import pytest

from accounts.models import User
from accounts.tests.forms import fill_in

pytestmark = pytest.mark.django_db

PAGES = [
    "/account/",
    "/account/profile/",
    "/account/preferences/",
    "/account/security/",
    "/account/addresses/",
    "/account/addresses/add/",
    "/account/shops/",
    "/account/following/",
    "/account/email/",
    "/account/password/change/",
]


@pytest.mark.parametrize("url", PAGES)
def test_whoever_is_not_signed_in_is_asked_to_and_comes_back(client, url):
    assert client.get(url)["Location"] == f"/account/login/?next={url}"


@pytest.mark.parametrize("url", PAGES)
def test_every_page_has_one_heading_and_stays_out_of_search(client, buyer, url):
    client.force_login(buyer)

    page = client.get(url).content.decode()

    assert page.count("<h1") == 1
    assert 'content="noindex"' in page


def test_the_page_one_is_on_is_marked_in_the_navigation(client, buyer):
    client.force_login(buyer)

    page = client.get("/account/profile/").content.decode()

    assert 'href="/account/profile/" aria-current="page"' in page
    assert page.count('class="subnav__link"') == page.count('class="subnav__link" href="/')


def test_a_name_is_changed(client, buyer):
    client.force_login(buyer)

    answer = fill_in(client, "/account/profile/", name="Ana Maria")

    buyer.refresh_from_db()
    assert answer.status_code == 303
    assert buyer.name == "Ana Maria"
    assert "Your profile is saved" in client.get("/account/profile/").content.decode()


def test_a_name_cannot_be_emptied(client, buyer):
    client.force_login(buyer)

    answer = fill_in(client, "/account/profile/", name="")

    assert answer.status_code == 422
    assert User.objects.get(pk=buyer.pk).name == "Ana"


def test_a_form_changes_only_what_it_shows(client, buyer):
    client.force_login(buyer)

    client.post("/account/profile/", {"name": "Ana", "is_staff": "on", "email": "x@example.test"})

    buyer.refresh_from_db()
    assert (buyer.is_staff, buyer.email) == (False, "ana@example.test")


def test_news_are_wanted_and_unwanted(client, buyer):
    client.force_login(buyer)

    fill_in(client, "/account/preferences/", wants_news="on")
    assert User.objects.get(pk=buyer.pk).wants_news

    client.post("/account/preferences/", {})
    assert not User.objects.get(pk=buyer.pk).wants_news


def test_a_theme_is_remembered_in_a_cookie_and_shown(client, buyer):
    client.force_login(buyer)

    answer = fill_in(client, "/account/preferences/", theme="dark", next="/account/preferences/")

    assert answer["Location"] == "/account/preferences/"
    assert client.cookies["theme"].value == "dark"
    page = client.get("/account/preferences/").content.decode()
    assert 'data-theme="dark"' in page

    fill_in(client, "/account/preferences/", theme="system", next="/account/preferences/")
    assert "data-theme" not in client.get("/account/preferences/").content.decode()


def test_an_unknown_theme_is_not_remembered(client):
    client.post("/account/theme/", {"theme": "'><script>", "next": "/account/login/"})

    assert "theme" not in client.cookies


def test_the_theme_leads_back_to_this_host_only(client):
    answer = client.post("/account/theme/", {"theme": "dark", "next": "//elsewhere.example/"})

    assert answer["Location"] == "/"


def test_the_overview_says_what_is_to_finish(client, buyer):
    client.force_login(buyer)

    assert "Add an address" in client.get("/account/").content.decode()
