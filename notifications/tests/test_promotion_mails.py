from __future__ import annotations

import pytest

from carts.tests.factories import make_promotion
from catalog.tests.factories import make_variant
from notifications.models import Mail
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


def test_mails_name_what_was_taken_off(buyer, shop, django_capture_on_commit_callbacks):
    make_promotion(shop, percent=10, name="Spring sale", code="")
    with django_capture_on_commit_callbacks(execute=True):
        make_order(buyer, make_variant(shop, price=2000))

    mail = Mail.objects.get(kind="order_placed")

    assert "Spring sale (taken off)  −€2.00" in mail.text
