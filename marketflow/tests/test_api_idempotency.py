"""`Idempotency-Key`: sent twice, done once, answered the same twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import get_resolver
from django.utils.timezone import now
from rest_framework.test import APIClient

from accounts.models import Address
from accounts.tests.factories import make_address
from carts.models import CartLine
from catalog.models import ProductImage
from catalog.services import editing
from catalog.tests.factories import make_variant
from catalog.tests.pictures import picture
from marketflow.core.models import IdempotentRequest
from marketflow.core.tests.clients import api_for
from orders.gateways.test import CAPTURED, TestGateway
from orders.models import Payment
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

ADDRESSES = "/api/v1/users/me/addresses/"
# Signing in has no caller yet, and a logout or a second rotation is harmless by itself.
WITHOUT_KEYS = "auth/"


def key(text: str = "k1") -> dict[str, str]:
    return {"Idempotency-Key": text}


@pytest.fixture
def bowl(shop):
    return make_variant(shop, stock=50)


def add(client, variant, quantity=1, headers=None):
    body = {"variant": str(variant.uuid), "quantity": quantity}
    return client.post("/api/v1/cart/items/", body, headers=headers or key())


def pay(client, order, headers=None, card=CAPTURED):
    url = f"/api/v1/orders/{order.number}/payments/"
    return client.post(url, {"method": "test", "card": card}, headers=headers or key())


# --- where it holds


def handlers():
    """Every POST of the API: its address, and whether it takes a key."""
    for pattern in _patterns(get_resolver().url_patterns, ""):
        address, callback = pattern
        view = getattr(callback, "cls", None)
        name = getattr(callback, "actions", None) or {"post": "post"}
        method = getattr(view, name.get("post", ""), None) if view else None
        if address.startswith("api/v1/") and method:
            yield address, method


def _patterns(patterns, prefix):
    for pattern in patterns:
        address = f"{prefix}{pattern.pattern}".replace("^", "")
        if hasattr(pattern, "url_patterns"):
            yield from _patterns(pattern.url_patterns, address)
        else:
            yield address, pattern.callback


def test_every_post_but_signing_in_takes_a_key():
    found = {}
    for address, method in handlers():
        found[address] = getattr(method, "takes_idempotency_key", "")

    assert len(found) > 10
    for address, takes in found.items():
        if WITHOUT_KEYS in address:
            assert not takes, address
        else:
            assert takes == ("required" if _is_money(address) else "honoured"), address


def _is_money(address: str) -> bool:
    return any(part in address for part in ("checkout", "payments", "refunds"))


def test_money_moves_only_under_a_key(api, buyer, bowl):
    order = make_order(buyer, bowl)

    for url in ("/api/v1/checkout/", f"/api/v1/orders/{order.number}/payments/"):
        answer = api.post(url, {"method": "test", "card": CAPTURED})
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")
    assert not Payment.objects.exists()


@pytest.mark.parametrize("text", ["", "x" * 101, "a\tb", "\x7f"])
def test_a_key_is_short_and_printable(api, bowl, text):
    answer = add(api, bowl, headers=key(text))

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["Idempotency-Key"])
    assert not CartLine.objects.exists()


# --- once, and the same answer


def test_a_repeated_request_is_done_once_and_answered_with_the_same_bytes(api, bowl):
    first, second = add(api, bowl), add(api, bowl)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert CartLine.objects.get().quantity == 1


def test_without_a_key_it_is_done_twice(api, bowl):
    for _ in range(2):
        api.post("/api/v1/cart/items/", {"variant": str(bowl.uuid)})

    assert CartLine.objects.get().quantity == 2


def test_the_order_of_the_fields_is_no_difference(api, bowl):
    variant = str(bowl.uuid)
    add(api, bowl)

    again = api.post("/api/v1/cart/items/", {"quantity": 1, "variant": variant}, headers=key())

    assert again.headers["Idempotent-Replayed"] == "true"


def test_another_body_or_address_under_the_same_key_is_refused(api, bowl):
    add(api, bowl)

    body = add(api, bowl, quantity=2)
    address = api.post(ADDRESSES, make_address(), headers=key())

    for answer in (body, address):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert CartLine.objects.get().quantity == 1
    assert not Address.objects.exists()


def test_keys_belong_to_one_caller(api, stranger, buyer, bowl):
    order = make_order(buyer, bowl)
    assert pay(api, order).status_code == 201

    foreign = pay(api_for(stranger), order)
    own = add(api_for(stranger), bowl)

    assert foreign.status_code == 404
    assert (own.status_code, "Idempotent-Replayed" in own.headers) == (201, False)


def test_a_guests_keys_belong_to_the_cart_token(bowl):
    def guest_with_a_cart():
        guest = APIClient()
        guest.credentials(HTTP_X_CART_TOKEN=guest.get("/api/v1/cart/").headers["X-Cart-Token"])
        return guest

    ana, sam = guest_with_a_cart(), guest_with_a_cart()

    assert add(ana, bowl).json()["groups"] == add(ana, bowl).json()["groups"]
    assert "Idempotent-Replayed" not in add(sam, bowl).headers
    assert sorted(CartLine.objects.values_list("quantity", flat=True)) == [1, 1]


def test_a_guests_payment_is_replayed_to_the_order_token_alone(bowl):
    order = make_order(None, bowl)
    token = {"X-Order-Token": order.guest_token()}

    first = pay(APIClient(), order, key() | token)
    second = pay(APIClient(), order, key() | token)
    forged = pay(APIClient(), order, key() | {"X-Order-Token": "forged"})

    assert (first.status_code, first.content) == (201, second.content)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert forged.status_code == 404
    assert Payment.objects.count() == 1


# --- what is not kept


def test_a_refusal_forgets_the_key(api, shop):
    bowl = make_variant(shop, "Rare", stock=1)
    refused = add(api, bowl, quantity=2)
    assert refused.status_code == 409

    allowed = add(api, bowl)

    assert allowed.status_code == 201
    assert "Idempotent-Replayed" not in allowed.headers


def test_a_refusal_of_a_call_outside_forgets_the_key(api, buyer, bowl):
    order = make_order(buyer, bowl, paid=True)

    for _ in range(2):
        answer = pay(api, order)
        assert (answer.status_code, answer.json()["code"]) == (409, "already_paid")
    assert not IdempotentRequest.objects.exists()


def test_an_error_of_shape_forgets_the_key(api):
    assert api.post(ADDRESSES, {}, headers=key()).status_code == 400
    assert api.post(ADDRESSES, make_address(), headers=key()).status_code == 201


@pytest.mark.logs_errors
def test_a_bug_forgets_the_key_and_undoes_the_work(buyer, bowl, monkeypatch):
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(buyer)
    with monkeypatch.context() as patch:
        patch.setattr("carts.services.pricing.price", lambda cart: 1 / 0)
        assert add(client, bowl).status_code == 500
    assert not CartLine.objects.exists()

    assert add(client, bowl).status_code == 201


# --- while the first is still running


def test_a_copy_that_comes_while_the_first_calls_out_is_told_to_wait(
    api, buyer, bowl, monkeypatch
):
    order = make_order(buyer, bowl)
    start, copies = TestGateway.start, []

    def slow(gateway, payment, details):
        copies.append(pay(api, order))
        return start(gateway, payment, details)

    monkeypatch.setattr(TestGateway, "start", slow)

    first = pay(api, order)

    (copy,) = copies
    assert (copy.status_code, copy.json()["code"]) == (409, "in_progress")
    assert int(copy.headers["Retry-After"]) > 0
    assert first.status_code == 201
    assert pay(api, order).content == first.content
    assert Payment.objects.count() == 1


def test_a_claim_whose_process_died_is_taken_over_after_a_while(seller, bowl, monkeypatch):
    client = api_for(seller)

    def send():
        file = SimpleUploadedFile("a.jpg", picture())
        url = f"/api/v1/products/{bowl.product.slug}/images/"
        return client.post(url, {"file": file}, format="multipart", headers=key())

    with monkeypatch.context() as patch:
        patch.setattr(editing, "add_picture", killed)
        with pytest.raises(SystemExit):
            send()

    early = send()
    assert (early.status_code, early.json()["code"]) == (409, "in_progress")
    long_ago = now() - IdempotentRequest.LEASE - timedelta(seconds=1)
    IdempotentRequest.objects.update(leased_at=long_ago)
    late = send()

    assert late.status_code == 201
    assert send().headers["Idempotent-Replayed"] == "true"
    assert ProductImage.objects.count() == 1


def killed(**kwargs):
    raise SystemExit
