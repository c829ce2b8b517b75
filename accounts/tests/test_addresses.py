import pytest
from django.core.exceptions import ValidationError

from accounts.models import Address
from accounts.services import addresses
from accounts.services.addresses import AddressBookFull
from accounts.tests.factories import make_address
from accounts.tests.forms import fill_in

pytestmark = pytest.mark.django_db

TYPED = {
    "name": "Ana Buyer",
    "line1": "1 Mill Lane",
    "postcode": "SW1A 1AA",
    "city": "London",
    "country": "GB",
}


@pytest.fixture
def ana(client, buyer):
    client.force_login(buyer)
    return buyer


def default_of(user):
    return Address.objects.get(user=user, is_default=True)


def test_an_empty_book_offers_to_add_an_address(client, ana):
    page = client.get("/account/addresses/").content.decode()

    assert "No addresses yet" in page
    assert "/account/addresses/add/" in page


def test_the_first_address_is_the_default(client, ana):
    answer = fill_in(client, "/account/addresses/add/", **TYPED)

    assert answer.status_code == 303
    assert default_of(ana).lines() == [
        "Ana Buyer",
        "1 Mill Lane",
        "SW1A 1AA London",
        "United Kingdom",
    ]
    assert "1 Mill Lane" in client.get("/account/addresses/").content.decode()


def test_a_new_default_takes_the_place_of_the_old(client, ana):
    old = make_address(ana, is_default=True)

    fill_in(client, "/account/addresses/add/", **TYPED, is_default="on")

    old.refresh_from_db()
    assert default_of(ana).city == "London"
    assert not old.is_default


def test_another_address_can_become_the_default(client, ana):
    make_address(ana, is_default=True)
    other = make_address(ana)

    answer = client.post(f"/account/addresses/{other.uuid}/default/")

    assert answer.status_code == 303
    assert default_of(ana) == other


def test_there_is_always_a_default(ana):
    only = make_address(ana, is_default=True)

    addresses.save(address=only, is_default=False)

    assert default_of(ana) == only


def test_an_address_is_changed(client, ana):
    address = make_address(ana)

    fill_in(client, f"/account/addresses/{address.uuid}/", city="Cork")

    address.refresh_from_db()
    assert address.city == "Cork"
    assert address.line1 == "1 Mill Lane"


def test_what_is_missing_is_said_and_what_was_typed_is_kept(client, ana):
    answer = fill_in(client, "/account/addresses/add/", **TYPED | {"city": "", "postcode": ""})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "<title>Error:" in page
    assert page.count("Enter the town or city") == 2
    assert page.count("Enter the postcode") == 2
    assert 'value="1 Mill Lane"' in page
    assert not Address.objects.exists()


@pytest.mark.parametrize(("country", "is_needed"), [("GB", True), ("HK", False), ("IE", False)])
def test_a_postcode_is_needed_where_there_are_postcodes(buyer, country, is_needed):
    address = make_address(buyer, country=country, postcode="")

    try:
        address.full_clean()
        was_needed = False
    except ValidationError as problem:
        was_needed = set(problem.error_dict) == {"postcode"}

    assert was_needed == is_needed


def test_deleting_asks_first_and_names_the_address(client, ana):
    address = make_address(ana)

    page = client.get(f"/account/addresses/{address.uuid}/delete/").content.decode()
    assert "1 Mill Lane" in page
    assert Address.objects.exists()

    fill_in(client, f"/account/addresses/{address.uuid}/delete/")
    assert not Address.objects.exists()


def test_when_the_default_goes_another_takes_its_place(ana):
    gone = make_address(ana, is_default=True)
    heir = make_address(ana)
    make_address(ana)

    addresses.remove(address=gone)

    assert default_of(ana) == heir


def test_a_book_holds_twenty(client, ana):
    for _ in range(20):
        make_address(ana)

    with pytest.raises(AddressBookFull):
        addresses.save(address=Address(user=ana, **make_address()))
    answer = fill_in(client, "/account/addresses/add/", **TYPED)

    assert answer.status_code == 422
    assert "Your address book is full" in answer.content.decode()
    assert Address.objects.count() == 20
    assert "Add an address" not in client.get("/account/addresses/").content.decode()


def test_a_full_book_can_still_be_changed(ana):
    last = [make_address(ana) for _ in range(20)][-1]
    last.city = "Cork"

    addresses.save(address=last)

    assert Address.objects.filter(city="Cork").count() == 1


@pytest.mark.parametrize("page", ["", "delete/", "default/"])
def test_a_foreign_address_does_not_exist(client, ana, stranger, page):
    foreign = make_address(stranger)
    before = Address.objects.values().get()
    url = f"/account/addresses/{foreign.uuid}/{page}"

    answers = [client.post(url, TYPED)]
    if page != "default/":
        answers.append(client.get(url))

    assert {answer.status_code for answer in answers} == {404}
    assert Address.objects.values().get() == before


def test_a_book_is_seen_by_its_owner_alone(buyer, stranger):
    from django.contrib.auth.models import AnonymousUser

    address = make_address(buyer)

    assert list(Address.objects.visible_to(buyer)) == [address]
    assert not Address.objects.visible_to(stranger)
    assert not Address.objects.visible_to(AnonymousUser())


def test_a_long_book_costs_as_much_as_a_short_one(client, ana, django_assert_num_queries):
    def cost():
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/account/addresses/")
        return len(queries)

    make_address(ana)
    cost()  # what is read once per process
    one = cost()
    for _ in range(4):
        make_address(ana)

    assert cost() == one
