"""Following shops: the button, the page of them, and what of it is kept."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts.models import Shop, ShopFollow
from accounts.services import exports, following, privacy
from accounts.tests.factories import PASSWORD, make_shop
from marketflow.core.tests.pages import Visitor

pytestmark = pytest.mark.django_db

LIST = "/account/following/"
PARTIAL = {"headers": {"HX-Request": "true", "HX-Request-Type": "partial"}}


@pytest.fixture
def ana(client, buyer):
    client.force_login(buyer)
    return client


def visitor(user) -> Visitor:
    somebody = Visitor()
    somebody.client.force_login(user)
    return somebody


def followed(user) -> list[str]:
    follows = ShopFollow.objects.visible_to(user).select_related("shop")
    return [follow.shop.name for follow in follows]


def press(client: Client, shop: Shop, what: str, data: dict | None = None, **extra):
    return client.post(f"{LIST}{shop.slug}/{what}/", data or {}, **extra)


def suspend(shop: Shop) -> None:
    Shop.objects.filter(pk=shop.pk).update(state=Shop.State.SUSPENDED)
    shop.refresh_from_db()


# --- the button


def test_a_shop_is_followed_and_no_longer_without_javascript(buyer, stranger, shop):
    ana = visitor(buyer)
    ana.open("/shops/fern-co/?tab=about")

    page = ana.press("Follow Fern & Co")

    assert page.url == "/shops/fern-co/?tab=about"
    assert "You follow Fern & Co." in page.text
    assert (followed(buyer), followed(stranger)) == (["Fern & Co"], [])

    page = ana.press("Following")

    assert "You no longer follow Fern & Co." in page.text
    assert page.button("Follow Fern & Co")
    assert followed(buyer) == []


def test_a_press_that_comes_twice_does_what_the_first_did(ana, buyer, shop):
    for _twice in range(2):
        assert press(ana, shop, "follow").status_code == 303
    assert followed(buyer) == ["Fern & Co"]

    for _twice in range(2):
        assert press(ana, shop, "mute", {"muted": "yes"}).status_code == 303
    assert ShopFollow.objects.get().is_muted

    press(ana, shop, "follow")
    assert ShopFollow.objects.get().is_muted

    for _twice in range(2):
        assert press(ana, shop, "unfollow").status_code == 303
    assert followed(buyer) == []


def test_the_services_say_whether_they_changed_anything(buyer, shop):
    assert following.mute(user=buyer, shop=shop, is_muted=True) is False
    assert following.follow(user=buyer, shop=shop) is True
    assert following.follow(user=buyer, shop=shop) is False
    assert following.mute(user=buyer, shop=shop, is_muted=True) is True
    assert following.mute(user=buyer, shop=shop, is_muted=True) is False
    assert following.unfollow(user=buyer, shop=shop) is True
    assert following.unfollow(user=buyer, shop=shop) is False


def test_htmx_gets_the_button_and_a_toast(ana, shop):
    answer = press(ana, shop, "follow", **PARTIAL)

    assert f"{LIST}fern-co/unfollow/" in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert json.loads(answer["HX-Trigger"])["toast"] == {
        "text": "You follow Fern & Co.",
        "href": LIST,
        "action": "View",
    }

    answer = press(ana, shop, "unfollow", **PARTIAL)

    assert f"{LIST}fern-co/follow/" in answer.content.decode()
    assert json.loads(answer["HX-Trigger"])["toast"] == {"text": "You no longer follow Fern & Co."}


def test_the_button_leads_nowhere_else(ana, shop):
    answer = press(ana, shop, "follow", {"next": "https://evil.test/"})

    assert (answer.status_code, answer["Location"]) == (303, "/shops/fern-co/")


@pytest.mark.parametrize("what", ["follow", "unfollow", "mute"])
def test_a_shop_that_cannot_be_seen_does_not_exist(ana, what):
    waiting = make_shop("Waiting", members=["rita"], state="applied")
    nothing = Shop(slug="no-such-shop")

    for somebody in (ana, Client()):
        unseen, unknown = press(somebody, waiting, what), press(somebody, nothing, what)
        assert unseen.status_code == unknown.status_code
        assert unseen.status_code == (302 if what == "mute" and somebody is not ana else 404)
    assert not ShopFollow.objects.exists()


def test_what_somebody_else_follows_cannot_be_muted_or_ended(buyer, stranger, shop):
    following.follow(user=buyer, shop=shop)
    sam = Client()
    sam.force_login(stranger)

    assert press(sam, shop, "mute", {"muted": "yes"}).status_code == 404
    assert press(sam, shop, "unfollow").status_code == 303
    assert followed(buyer) == ["Fern & Co"]
    assert not ShopFollow.objects.get().is_muted


def test_a_get_changes_nothing(ana, shop):
    for what in ("follow", "unfollow", "mute"):
        assert ana.get(f"{LIST}fern-co/{what}/").status_code == 405
    assert not ShopFollow.objects.exists()


def test_a_suspended_shop_is_not_followed_and_can_be_left(ana, buyer, shop, rival):
    following.follow(user=buyer, shop=rival)
    suspend(shop)
    suspend(rival)

    with pytest.raises(following.ShopNotOpen):
        following.follow(user=buyer, shop=shop)
    page = press(ana, shop, "follow", follow=True).content.decode()

    assert "This shop is not trading now, so it can&#x27;t be followed." in page
    assert followed(buyer) == ["Rival Goods"]
    assert 'id="follow"' not in ana.get("/shops/fern-co/").content.decode()
    assert 'id="follow"' in ana.get("/shops/rival-goods/").content.decode()

    press(ana, rival, "unfollow")

    assert followed(buyer) == []


def test_a_new_shop_without_items_can_be_followed(client, shop):
    page = client.get("/shops/fern-co/").content.decode()

    assert "Opening soon" in page
    assert 'id="follow"' in page


# --- before signing in


def test_who_signs_in_follows_what_they_pressed(buyer, shop):
    guest = Visitor()
    guest.open("/shops/fern-co/?tab=about")

    page = guest.press("Follow Fern & Co")

    assert page.url.startswith("/account/login/?next=%2Fshops%2Ffern-co%2F%3Ftab%3Dabout")
    assert "Sign in to follow Fern & Co." in page.text
    assert not ShopFollow.objects.exists()

    page = guest.press("Sign in", login=buyer.email, password=PASSWORD)

    assert page.url == "/shops/fern-co/?tab=about"
    assert "You follow Fern & Co." in page.text
    assert page.button("Following")
    assert followed(buyer) == ["Fern & Co"]


def test_htmx_is_led_to_the_sign_in_page(client, shop):
    for what in ("follow", "unfollow"):
        answer = press(client, shop, what, **PARTIAL)

        assert answer.status_code == 204
        assert answer["HX-Redirect"] == "/account/login/?next=%2Fshops%2Ffern-co%2F"


def test_a_shop_that_closed_meanwhile_is_not_followed(client, buyer, shop, rival):
    for one in (shop, rival):
        press(client, one, "follow")
    suspend(shop)

    client.force_login(buyer)

    assert followed(buyer) == ["Rival Goods"]
    following.unfollow(user=buyer, shop=rival)
    client.logout()
    client.force_login(buyer)
    assert followed(buyer) == []


def test_only_the_last_shops_of_a_visitor_wait(shop, rival, monkeypatch):
    monkeypatch.setattr(following, "MOST_WAITING", 2)
    third = make_shop("Third")
    session = {}
    for one in (shop, rival, third, rival):
        following.wait_for_sign_in(session, one)

    assert session == {"follows": [third.pk, rival.pk]}


# --- the page


def test_an_empty_list_leads_on(ana):
    page = ana.get(LIST)

    assert b"No shops followed yet" in page.content
    assert page["Cache-Control"] == "private, no-store"


def test_the_list_mutes_unmutes_and_ends(buyer, shop):
    following.follow(user=buyer, shop=shop)
    ana = visitor(buyer)
    ana.open(LIST)

    page = ana.press("Mute Fern & Co")
    assert page.url == LIST
    assert "Muted: you are not told of new items." in page.text

    page = ana.press("Unmute Fern & Co")
    assert "You hear of new items of Fern & Co again." in page.text
    assert "Muted:" not in page.text

    ana.client.post(f"{LIST}fern-co/unfollow/", {"next": LIST})
    assert "No shops followed yet" in ana.open(LIST).text


def test_the_list_says_what_is_closed_and_who_is_away(ana, buyer, shop, rival):
    for one in (shop, rival):
        following.follow(user=buyer, shop=one)
    suspend(rival)
    shop.away_from, shop.away_until = now().date(), now().date() + timedelta(days=2)
    shop.save(update_fields=["away_from", "away_until"])

    page = ana.get(LIST).content.decode()

    assert page.index("Rival Goods") < page.index("Fern &amp; Co")
    assert page.count("Not trading now") == 1
    assert page.count("On holiday until") == 1


def test_the_list_has_pages(ana, buyer, monkeypatch):
    monkeypatch.setattr("accounts.views.following.PAGE_SIZE", 2)
    for number in range(3):
        following.follow(user=buyer, shop=make_shop(f"Shop {number}"))

    first, second = ana.get(LIST).content.decode(), ana.get(LIST + "?page=2").content.decode()

    assert ("Shop 2" in first, "Shop 0" in first) == (True, False)
    assert ("Shop 2" in second, "Shop 0" in second) == (False, True)
    assert 'name="next" value="/account/following/?page=2"' in second


def test_the_list_costs_the_same_for_one_and_for_five(ana, buyer, shop):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert ana.get(LIST).status_code == 200
        return len(queries)

    following.follow(user=buyer, shop=shop)
    cost()
    one = cost()
    for number in range(4):
        following.follow(user=buyer, shop=make_shop(f"Shop {number}"))

    assert cost() == one


def test_each_shop_knows_whether_somebody_follows_it(buyer, stranger, shop, rival):
    following.follow(user=buyer, shop=shop)

    for user, known in (
        (buyer, [True, False]),
        (stranger, [False] * 2),
        (AnonymousUser(), [False] * 2),
    ):
        shops = Shop.objects.with_followed_by(user).order_by("name")
        assert [one.is_followed for one in shops] == known


def test_follows_are_seen_by_who_follows_alone(buyer, stranger, seller, shop):
    following.follow(user=buyer, shop=shop)

    assert ShopFollow.objects.visible_to(buyer).count() == 1
    for other in (stranger, seller, AnonymousUser()):
        assert not ShopFollow.objects.visible_to(other).exists()


# --- what is kept


def test_a_person_takes_their_follows_along(buyer, stranger, shop, rival):
    following.follow(user=buyer, shop=shop)
    following.follow(user=stranger, shop=rival)

    [follow] = exports._sources["followed_shops"](buyer)

    assert (follow["shop"], follow["muted"]) == ("fern-co", False)


def test_who_leaves_follows_nobody(buyer, stranger, shop):
    for person in (buyer, stranger):
        following.follow(user=person, shop=shop)

    privacy.delete_account(user=buyer)

    assert (followed(buyer), followed(stranger)) == ([], ["Fern & Co"])
