import pytest

pytestmark = pytest.mark.django_db


def test_a_shop_is_asked_for_the_days_that_buyers_are_promised(client, seller):
    client.force_login(seller)

    page = client.get("/seller/carts/shippingoption/add/").content.decode()

    assert "elivery from, working days" in page
    assert "elivery to, working days" in page
