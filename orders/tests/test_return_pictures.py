"""Pictures that a buyer adds to a return: developed anew, and seen by the two sides and staff."""

from __future__ import annotations

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.tests.factories import make_user
from catalog.tests.factories import make_variant
from catalog.tests.pictures import picture, taken_with_a_phone
from orders.models import Order, Return, ReturnPicture, SellerOrder
from orders.services import fulfilment, links
from orders.tests.factories import make_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private_folder")]

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"


@pytest.fixture
def order(shop) -> Order:
    """A guest's three bowls, delivered."""
    return delivered(None, shop)


def delivered(buyer, shop) -> Order:
    order = make_order(buyer, make_variant(shop, "Oak bowl", stock=9), quantity=3, paid=True)
    part = order.seller_orders.get()
    fulfilment.ship(seller_order=part)
    fulfilment.deliver(seller_order=part)
    return order


@pytest.fixture
def guest(order) -> Client:
    """Who came by the link of the mail."""
    return came_by_link(order)


def came_by_link(order: Order) -> Client:
    client = Client()
    client.get(links.link_to(order))
    return client


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def ask(client: Client, order: Order, *files: bytes, asked: int = 0):
    part: SellerOrder = order.seller_orders.get()
    named = [SimpleUploadedFile(f"{n}.jpg", data, "image/jpeg") for n, data in enumerate(files)]
    sent = {f"units{part.lines.get().pk}": "1", "reason": "Cracked.", "asked": str(asked)}
    address = f"/orders/{order.number}/parts/{part.number}/return/"
    return client.post(address, sent | {"pictures": named})


def test_a_guest_shows_what_is_wrong(guest, order):
    answer = ask(guest, order, picture(size=(40, 30)), taken_with_a_phone())

    shown = guest.get(answer.url).content.decode()
    pictures = list(ReturnPicture.objects.all())
    assert [one.parcel for one in pictures] == [Return.objects.get()] * 2
    assert all(f'src="{one.get_absolute_url()}"' in shown for one in pictures)
    # Of the phone's picture: turned upright, and without where it was taken.
    got = guest.get(pictures[1].get_absolute_url())
    assert (got["Content-Type"], got["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert "sandbox" in got["Content-Security-Policy"]
    assert (pictures[1].width, pictures[1].height) == (300, 400)
    assert b"Secret" not in got.content


def test_without_pictures_it_is_asked_as_before(guest, order):
    assert ask(guest, order).status_code == 303

    assert (Return.objects.count(), ReturnPicture.objects.count()) == (1, 0)


def test_shop_and_staff_see_them_where_they_decide(guest, order, seller):
    ask(guest, order, picture())
    parcel, address = Return.objects.get(), ReturnPicture.objects.get().get_absolute_url()
    boss = make_user("boss", is_staff=True, is_superuser=True)

    for person, page in [
        (seller, f"/seller/orders/return/{parcel.pk}/change/"),
        (boss, f"/admin/orders/return/{parcel.pk}/change/"),
    ]:
        client = signed_in(person)
        assert f'src="{address}"' in client.get(page).content.decode(), page
        assert client.get(address).status_code == 200


def test_to_everybody_else_they_do_not_exist(guest, order, shop, rival, stranger):
    ask(guest, order, picture())
    address = ReturnPicture.objects.get().get_absolute_url()
    others_guest = came_by_link(delivered(None, shop))
    rita = rival.members.get()

    for client in [Client(), others_guest, signed_in(stranger), signed_in(rita)]:
        assert client.get(address).status_code == 404


def test_a_picture_is_found_at_its_own_return_alone(order, shop, buyer):
    own, client = delivered(buyer, shop), signed_in(buyer)
    ask(client, own, picture())
    ask(came_by_link(order), order, picture())
    theirs = ReturnPicture.objects.get(parcel__seller_order__order=order)
    mine = ReturnPicture.objects.get(parcel__seller_order__order=own)

    address = mine.get_absolute_url().replace(str(mine.uuid), str(theirs.uuid))

    assert client.get(mine.get_absolute_url()).status_code == 200
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("bad", [SVG, b"%PDF-1.7 plan", b"GIF89a", b"\xff\xd8\xff"])
def test_one_bad_file_stops_the_request_and_nothing_is_kept(bad, guest, order, private_folder):
    answer = ask(guest, order, picture(), bad)

    assert answer.status_code == 422
    assert "Cracked." in answer.content.decode()
    assert not Return.objects.exists()
    assert files_in(private_folder) == []


def test_six_are_too_many(guest, order, private_folder):
    answer = ask(guest, order, *[picture()] * 6)

    assert "Choose at most 5 pictures." in answer.content.decode()
    assert not Return.objects.exists()
    assert files_in(private_folder) == []


def test_a_double_click_keeps_the_pictures_of_the_first(guest, order, private_folder):
    ask(guest, order, picture())
    ask(guest, order, picture())

    assert [one.file for one in ReturnPicture.objects.all()] == files_in(private_folder)
    assert len(files_in(private_folder)) == 1


def files_in(folder) -> list[str]:
    assert storages["private"].location == str(folder)
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def test_uploads_are_counted(guest, order, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"upload": "1/600"}
    ask(guest, order, picture())

    answer = ask(guest, order, picture(), asked=1)

    assert answer.status_code == 422
    assert (Return.objects.count(), ReturnPicture.objects.count()) == (1, 1)
