"""Pictures of a return, added and read by programs: by the same rules as on the page."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.services import api_keys
from accounts.tests.factories import make_user
from carts.models import Cart, CartLine
from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant
from catalog.tests.pictures import picture, taken_with_a_phone
from marketflow.core.tests.clients import api_for
from orders.models import Order, Return, ReturnPicture
from orders.services import fulfilment, returns
from orders.tests.factories import make_order, pay, place
from orders.tests.test_return_pictures import SVG, files_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private_folder")]


@pytest.fixture
def bowl(shop):
    return make_variant(shop, "Oak bowl", stock=9)


@pytest.fixture
def parcel(buyer, bowl) -> Return:
    return asked_back(make_order(buyer, bowl, quantity=3, paid=True))


def asked_back(order: Order) -> Return:
    part = order.seller_orders.get()
    fulfilment.ship(seller_order=part)
    fulfilment.deliver(seller_order=part)
    return returns.request(part=part, lines={part.lines.get().pk: 1}, reason="Cracked.")


def show(client: APIClient, parcel: Return, data: bytes, **headers):
    file = SimpleUploadedFile("crack.jpg", data, "image/jpeg")
    address = f"/api/v1/returns/{parcel.uuid}/pictures/"
    return client.post(address, {"file": file}, format="multipart", headers=headers)


def test_a_buyer_shows_what_is_wrong_and_the_two_sides_and_staff_see_it(api, parcel, seller):
    answer = show(api, parcel, taken_with_a_phone())

    boss = make_user("boss", is_staff=True, is_superuser=True)
    shown = answer.json()
    assert answer.status_code == 201
    # Turned upright, and without where it was taken.
    assert (shown["width"], shown["height"]) == (300, 400)
    for side in (api, api_for(seller), api_for(boss)):
        assert side.get(f"/api/v1/returns/{parcel.uuid}/").json()["pictures"] == [shown]
        got = side.get(shown["url"])
        assert (got.status_code, got["Content-Type"]) == (200, "image/jpeg")
        assert b"Secret" not in got.content


def test_a_guest_shows_it_by_the_token_of_the_order(bowl, shop):
    make_shipping(shop)
    cart = Cart.objects.create(token_hash="0" * 64)
    CartLine.objects.create(cart=cart, variant=bowl, quantity=2)
    order = place(cart)
    pay(order)
    parcel = asked_back(order)
    guest = APIClient(headers={"X-Order-Token": order.guest_token()})

    answer = show(guest, parcel, picture())

    assert answer.status_code == 201
    assert guest.get(answer.json()["url"]).status_code == 200
    assert APIClient().get(answer.json()["url"]).status_code == 404


def test_to_everybody_else_neither_return_nor_picture_exists(
    api, parcel, buyer, stranger, rival, bowl, private_folder
):
    url = show(api, parcel, picture()).json()["url"]
    others = asked_back(make_order(stranger, bowl, paid=True))
    before = files_in(private_folder)

    for client in (APIClient(), api_for(stranger), api_for(make_user("rita"))):
        assert show(client, parcel, picture()).status_code == 404
        assert client.get(url).status_code == 404
    # It is found at its own return alone.
    elsewhere = url.replace(str(parcel.uuid), str(others.uuid))
    assert api_for(buyer).get(elsewhere).status_code == 404
    assert (ReturnPicture.objects.count(), files_in(private_folder)) == (1, before)


def test_the_shop_looks_and_adds_nothing(parcel, seller, api):
    url = show(api, parcel, picture()).json()["url"]

    assert show(api_for(seller), parcel, picture()).status_code == 404
    assert api_for(seller).get(url).status_code == 200
    assert ReturnPicture.objects.count() == 1


def test_a_program_of_the_shop_sees_it_with_the_scope_of_returns(api, parcel, seller, shop):
    url = show(api, parcel, picture()).json()["url"]

    def answer(*scopes: str) -> int:
        _key, text = api_keys.make(by=seller, shop=shop, name="ERP", scopes=list(scopes))
        return APIClient(headers={"Authorization": f"Bearer {text}"}).get(url).status_code

    assert (answer("returns:read"), answer("orders:read")) == (200, 403)


@pytest.mark.parametrize("bad", [SVG, b"%PDF-1.7 plan", b"GIF89a", b"\xff\xd8\xff", b""])
def test_a_bad_file_is_named_and_nothing_is_lost(api, parcel, bad, private_folder):
    kept = show(api, parcel, picture()).json()
    before = files_in(private_folder)

    answer = show(api, parcel, bad)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["file"])
    assert files_in(private_folder) == before
    assert api.get(f"/api/v1/returns/{parcel.uuid}/").json()["pictures"] == [kept]


def test_without_a_file_the_field_is_named(api, parcel):
    answer = api.post(f"/api/v1/returns/{parcel.uuid}/pictures/", {}, format="multipart")

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["file"])


def test_six_are_too_many(api, parcel, private_folder):
    statuses = [show(api, parcel, picture()).status_code for _ in range(5)]

    answer = show(api, parcel, picture())

    assert statuses == [201] * 5
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_pictures")
    assert answer.json()["most"] == 5
    assert len(files_in(private_folder)) == ReturnPicture.objects.count() == 5


def test_what_the_shop_has_answered_takes_no_more(api, parcel, seller, private_folder):
    returns.approve(parcel=parcel, actor=seller)

    answer = show(api, parcel, picture())

    assert (answer.status_code, answer.json()["code"]) == (409, "return_answered")
    assert (ReturnPicture.objects.count(), files_in(private_folder)) == (0, [])


def test_a_key_sent_twice_keeps_one(api, parcel, private_folder):
    first, again = (show(api, parcel, picture(), **{"Idempotency-Key": "k"}) for _ in range(2))

    assert (first.status_code, again.json()) == (201, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert len(files_in(private_folder)) == ReturnPicture.objects.count() == 1


def test_uploads_are_counted(api, parcel, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"upload": "1/600"}

    assert [show(api, parcel, picture()).status_code for _ in range(2)] == [201, 429]
    assert ReturnPicture.objects.count() == 1


def test_returns_with_pictures_are_listed_with_as_many_questions(
    api, buyer, bowl, parcel, django_assert_num_queries
):
    show(api, parcel, picture())
    with CaptureQueriesContext(connection) as asked:
        api.get("/api/v1/returns/")
    few = len(asked)

    other = asked_back(make_order(buyer, bowl, paid=True))
    for one in (parcel, other, other):
        show(api, one, picture())
    with django_assert_num_queries(few):
        api.get("/api/v1/returns/")
