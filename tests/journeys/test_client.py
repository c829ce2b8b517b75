"""A sale by the generated Python client: Ana buys, Fernhouse sends, Ana reads her order."""

from __future__ import annotations

from uuid import uuid4

import pytest

from marketflow.demo.people import PASSWORD, SELLER
from orders.gateways.test import CAPTURED

CORRECT_HORSE = "correct horse battery"


class Person:
    """Somebody at the market with the client in hand. Operations go by their tag and name."""

    def __init__(self, market, client, email, password):
        self.client, self.models = client, client("models")
        # What the document leaves out is an error, as what the market refuses is.
        self.known_as = client("client").Client(market.url, raise_on_unexpected_status=True)
        credentials = self.models.CredentialsInputRequest(email=email, password=password)
        self.pair = self.does("auth.auth_token_create", body=credentials)
        self.known_as = client("client").AuthenticatedClient(
            market.url, self.pair.access, raise_on_unexpected_status=True
        )

    def does(self, operation, *names, **values):
        answer = self.asks(operation, *names, **values)
        assert answer is not None
        assert not isinstance(answer, self.models.Error), answer
        return answer

    def asks(self, operation, *names, **values):
        return self.client(f"api.{operation}").sync(*names, client=self.known_as, **values)


@pytest.fixture
def ana(market, client):
    email = f"ana-{uuid4().hex}@example.org"
    body = client("models").RegistrationInputRequest(
        email=email, password=CORRECT_HORSE, name="Ana"
    )
    nobody = client("client").Client(market.url)
    signed_up = client("api.auth.auth_register_create").sync_detailed(client=nobody, body=body)
    assert signed_up.status_code == 201
    return Person(market, client, email, CORRECT_HORSE)


@pytest.fixture
def maeve(market, client):
    return Person(market, client, SELLER[0], PASSWORD)


@pytest.mark.processes
def test_a_sale_from_browsing_to_the_parcel(ana, maeve):
    models = ana.models

    found = ana.does("products.products_list", shop=["fernhouse"], in_stock=True).results[0]
    product = ana.does("products.products_retrieve", found.slug)
    # The list names one that has some; of a product, each variant says how many.
    variant = next(one for one in product.variants if one.stock.level != models.LevelEnum.OUT)
    cart = ana.does(
        "cart.cart_items_create", body=models.ItemInputRequest(variant=variant.id, quantity=1)
    )
    assert cart.groups[0].items[0].unit_price.amount == variant.price.amount
    to_ireland = models.PatchedCartInputRequest(country=models.CountryEnum.IE)
    cart = ana.does("cart.cart_partial_update", body=to_ireland)
    order = ana.does(
        "checkout.checkout_create",
        body=models.CheckoutInputRequest(quote=cart.quote, shipping_address=at_home(models)),
        idempotency_key="order-1",
    )
    payment = ana.does(
        "orders.orders_payments_create",
        order.number,
        body=models.PaymentInputRequest(method="test", card=CAPTURED),
        idempotency_key="payment-1",
    )
    part = order.seller_orders[0].number
    sent = maeve.does(
        "seller_orders.seller_orders_shipment_create",
        part,
        body=models.ShipmentInputRequest(carrier="An Post", tracking_number="CE123456789IE"),
    )

    read = ana.does("orders.orders_retrieve", order.number)
    assert payment.status == models.PaymentStatusEnum.CAPTURED
    assert payment.amount.amount == read.totals.total.amount == cart.totals.total.amount
    assert (sent.number, sent.state) == (part, "shipped")
    assert [(row.number, row.state) for row in read.seller_orders] == [(part, "shipped")]
    assert read.seller_orders[0].shipments[0].tracking_number == "CE123456789IE"
    assert read.paid_at > read.placed_at


@pytest.mark.processes
def test_a_refusal_is_an_error_with_its_code(ana):
    body = ana.models.CheckoutInputRequest(quote="old", shipping_address=at_home(ana.models))

    refused = ana.asks("checkout.checkout_create", body=body, idempotency_key="order-1")

    assert isinstance(refused, ana.models.Error)
    assert refused.code == "empty_cart"
    assert ana.does("orders.orders_list").count == 0


def at_home(models):
    return models.AddressFieldsRequest(
        name="Ana Byrne",
        line1="1 Mill Lane",
        postcode="D02 X285",
        city="Dublin",
        country=models.CountryEnum.IE,
    )
