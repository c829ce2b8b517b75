import pytest

from accounts.models import Shop
from accounts.services import shops
from accounts.tests.factories import make_user
from accounts.tests.forms import fill_in

pytestmark = pytest.mark.django_db

APPLICATION = {
    "name": "Clay & Kin",
    "slug": "",
    "country": "IE",
    "legal_name": "Sam Potter",
    "legal_address": "1 Kiln Road, Cork",
    "email": "sam@example.test",
    "returns_days": "30",
    "returns_policy": "Send it back within 30 days.",
    "accepts_terms": "on",
}


@pytest.fixture
def sam(client, stranger):
    client.force_login(stranger)
    return stranger


def test_the_landing_says_what_it_costs(client, settings):
    page = client.get("/sell/").content.decode()

    assert "Our commission, 10 %" in page
    assert "€40.00" in page
    assert "€36.00" in page
    assert "/sell/start/" in page


def test_the_commission_is_the_one_of_the_settings(client, settings):
    settings.MARKETPLACE_COMMISSION = type(settings.MARKETPLACE_COMMISSION)("7.5")

    page = client.get("/sell/").content.decode()

    assert "Our commission, 7.5 %" in page
    assert "€37.00" in page


def test_to_apply_one_signs_in_first(client):
    assert client.get("/sell/start/")["Location"] == "/account/login/?next=/sell/start/"


def test_an_application_goes_to_review(client, sam):
    answer = fill_in(client, "/sell/start/", **APPLICATION)

    shop = Shop.objects.get()
    page = client.get("/sell/status/").content.decode()
    assert (answer.status_code, answer["Location"]) == (303, "/sell/status/")
    assert (shop.slug, shop.state, shop.legal_name) == ("clay-kin", "applied", "Sam Potter")
    assert "In review" in page
    assert client.get("/sell/start/")["Location"] == "/sell/status/"


def test_an_application_can_set_nothing_but_its_fields(client, sam):
    client.post("/sell/start/", APPLICATION | {"state": "open", "opened_at": "2026-01-01"})

    assert Shop.objects.get().state == "applied"


def test_what_is_missing_is_said(client, sam):
    answer = fill_in(client, "/sell/start/", **APPLICATION | {"name": "", "legal_address": ""})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("Enter the name of the shop") == 2
    assert page.count("Enter the address of the trader") == 2
    assert "Sam Potter" in page
    assert not Shop.objects.exists()


def test_terms_are_accepted_by_hand(client, sam):
    without = {name: value for name, value in APPLICATION.items() if name != "accepts_terms"}

    answer = fill_in(client, "/sell/start/", **without)

    assert answer.status_code == 422
    assert "Accept the terms for shops" in answer.content.decode()


def test_an_address_that_is_taken_is_said_beside_the_field(client, sam, shop):
    answer = fill_in(client, "/sell/start/", **APPLICATION | {"slug": shop.slug})

    assert answer.status_code == 422
    assert "Another shop has this address" in answer.content.decode()
    assert not sam.shops.exists()


def test_an_address_made_from_the_name_may_be_taken_too(client, sam, shop):
    answer = fill_in(client, "/sell/start/", **APPLICATION | {"name": shop.name})

    assert answer.status_code == 422
    assert "Another shop has this address" in answer.content.decode()


def test_staff_are_told_that_they_cannot_sell(client):
    client.force_login(make_user("stella", is_staff=True))

    answer = fill_in(client, "/sell/start/", **APPLICATION)

    assert answer.status_code == 422
    assert "work for a shop" in answer.content.decode()
    assert not Shop.objects.exists()


def test_a_refused_application_is_changed_and_sent_again(client, sam):
    fill_in(client, "/sell/start/", **APPLICATION)
    shop = Shop.objects.get()
    shops.refuse(shop=shop, by=make_user("stella", is_staff=True), reason="Which kiln?")
    status = client.get("/sell/status/").content.decode()
    assert "Needs changes" in status
    assert "Which kiln?" in status
    assert "Which kiln?" in client.get("/sell/start/").content.decode()

    fill_in(client, "/sell/start/", legal_address="2 Kiln Road, Cork", accepts_terms="on")

    shop.refresh_from_db()
    assert Shop.objects.count() == 1
    assert (shop.state, shop.legal_address) == ("applied", "2 Kiln Road, Cork")


def test_an_open_shop_is_said_to_be_open(client, shop, seller):
    client.force_login(seller)

    assert "Your shop is open" in client.get("/sell/status/").content.decode()


def test_a_status_page_shows_ones_own_shops_only(client, sam, shop):
    page = client.get("/sell/status/").content.decode()

    assert "Fern &amp; Co" not in page
    assert "No application yet" in page


@pytest.mark.parametrize(
    ("asked", "answer"),
    [("name=Clay+%26+Kin", "clay-kin is free"), ("slug=fern-co", "fern-co is taken"), ("", "")],
)
def test_whether_an_address_is_free_is_said_before_it_is_sent(client, shop, asked, answer):
    assert client.get(f"/sell/start/address/?{asked}").content.decode().strip() == (
        f"{answer}." if answer else ""
    )


def test_applications_are_limited(client, sam, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"apply_for_shop": "1/3600"}
    fill_in(client, "/sell/start/", **APPLICATION)

    assert client.post("/sell/start/", APPLICATION | {"name": "Other"}).status_code == 429
