"""Paying by Stripe, on the page and through the API, against a server with books of its own."""

from __future__ import annotations

import pytest
import stripe

from catalog.tests.factories import make_variant
from orders.models import Payment
from orders.services import payments
from orders.tests.factories import make_order
from orders.views.element import policy
from tests.psp_sim.process import KEY

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(buyer, shop, psp):
    return make_order(buyer, make_variant(shop))


@pytest.fixture
def ana(client, buyer):
    client.force_login(buyer)
    return client


def token(psp, number: str) -> str:
    """What the provider's script in the browser makes of a card number."""
    client = stripe.StripeClient(KEY, base_addresses={"api": psp.base})
    card = {"card": {"number": number}}
    return client.raw_request("post", "/v1/confirmation_tokens", **card).data["id"]


def send(client, order, **data):
    return client.post(f"/orders/{order.number}/pay/", {"method": "stripe"} | data)


def state(order) -> str:
    order.refresh_from_db()
    return order.state


def post(api, order, **body):
    return api.post(
        f"/api/v1/orders/{order.number}/payments/",
        {"method": "stripe"} | body,
        # The attempt's id follows from the key, and the provider outlives the test.
        headers={"Idempotency-Key": f"pay {order.number}"},
    )


# --- on the page


def test_the_page_shows_the_providers_fields_and_allows_its_script(ana, order, psp, settings):
    settings.PAYMENT_PROVIDERS = ["stripe"]

    answer = ana.get(f"/orders/{order.number}/pay/")

    html = answer.content.decode()
    assert f'<script src="{psp.base}/v3/" defer></script>' in html
    assert f'amount="{order.total_minor}" currency="eur"' in html
    assert 'key="pk_test_simulated"' in html
    assert f"script-src 'self' {psp.base}" in answer["Content-Security-Policy"]


def test_pages_that_take_no_money_do_not_know_the_script(ana, order, psp):
    for path in ("/", f"/orders/{order.number}/", f"/orders/{order.number}/pay/"):
        answer = ana.get(path)

        assert psp.base not in answer["Content-Security-Policy"], path
        assert "mf-payment" not in answer.content.decode(), path


def test_of_stripe_itself_the_policy_allows_what_it_needs():
    allowed = policy("https://js.stripe.com/v3/")

    assert "https://js.stripe.com" in allowed["script-src"]
    assert "https://hooks.stripe.com" in allowed["frame-src"]
    assert "https://api.stripe.com" in allowed["connect-src"]


def test_a_card_from_the_providers_fields_pays(ana, order, psp):
    answer = send(ana, order, payment_method=token(psp, "4242424242424242"))

    assert (answer.status_code, answer["Location"]) == (303, order.get_absolute_url())
    assert state(order) == "paid"
    assert psp.amounts("capture", order.payments.get().uuid) == [order.total_minor]


def test_without_javascript_the_page_says_what_to_do(ana, order, psp):
    answer = send(ana, order, payment_method="")

    assert answer.status_code == 422
    html = answer.content.decode()
    assert "Enter your card in the fields of the payment provider" in html
    assert "needs JavaScript" in html
    assert "Choose another way to pay" not in html, "it stands above, on this page"
    assert not Payment.objects.exists()


@pytest.mark.parametrize(
    "value", ["4242424242424242", "pm_<script>", "tok_visa", "pm_" + "x" * 201]
)
def test_what_is_no_token_goes_nowhere(ana, order, psp, value):
    before = psp.ask("GET", "health")["requests"]

    assert send(ana, order, payment_method=value).status_code == 422

    assert psp.ask("GET", "health")["requests"] == before
    assert not Payment.objects.exists()


def test_a_declined_card_says_why_and_asks_for_another(ana, order, psp):
    answer = send(ana, order, payment_method=token(psp, "4000000000009995"))

    assert answer["Location"] == f"/orders/{order.number}/pay/"
    html = ana.get(answer["Location"]).content.decode()
    assert "The card does not have enough money." in html
    assert "mf-payment" in html, "the method is kept"
    assert state(order) == "awaiting_payment"


@pytest.mark.parametrize(
    ("succeeds", "to", "then"),
    [(True, "", "paid"), (False, "pay/", "awaiting_payment")],
)
def test_the_bank_asks_and_the_buyer_comes_back(ana, order, psp, succeeds, to, then):
    answer = send(ana, order, payment_method=token(psp, "4000002500003155"))
    assert answer["Location"] == order.get_absolute_url()
    payment = order.payments.get()
    html = ana.get(order.get_absolute_url()).content.decode()
    assert f'href="{psp.base}/_hosted/authenticate/{payment.provider_reference}"' in html

    psp.ask("POST", f"settle/{payment.provider_reference}", {"succeeds": succeeds})
    back = ana.get(f"/orders/{order.number}/payments/{payment.uuid}/return/?redirect_status=x")

    assert back["Location"] == order.get_absolute_url() + to
    assert state(order) == then


def test_coming_back_without_having_answered_changes_nothing(ana, order, psp):
    send(ana, order, payment_method=token(psp, "4000002500003155"))
    payment = order.payments.get()

    ana.get(f"/orders/{order.number}/payments/{payment.uuid}/return/?redirect_status=succeeded")

    assert state(order) == "awaiting_payment"


def test_nobody_comes_back_from_the_bank_for_somebody_else(client, stranger, ana, order, psp):
    payment = payments.start(
        order=order, method="stripe", details={"payment_method": "pm_card_authenticationRequired"}
    )
    psp.ask("POST", f"settle/{payment.provider_reference}", {"succeeds": True})
    client.force_login(stranger)

    answer = client.get(f"/orders/{order.number}/payments/{payment.uuid}/return/")

    assert answer.status_code == 404
    assert state(order) == "awaiting_payment"


# --- through the API


def test_a_payment_method_pays_in_one_request(api, order, psp):
    answer = post(api, order, payment_method="pm_card_visa")

    assert (answer.status_code, answer.json()["status"]) == (201, "captured")
    assert answer.json()["client_secret"] == ""
    assert state(order) == "paid"


def test_where_the_bank_asks_the_answer_has_the_secret_once(api, order, psp):
    answer = post(api, order, payment_method="pm_card_authenticationRequired").json()

    payment = order.payments.get()
    assert answer["status"] == "requires_action"
    assert answer["client_secret"].startswith(payment.provider_reference)
    assert answer["action_url"].startswith(psp.base)
    row = Payment.objects.filter(pk=payment.pk).values().get()
    assert answer["client_secret"] not in str(row)
    assert "client_secret" not in str(api.get(f"/api/v1/orders/{order.number}/").json())


def test_without_a_method_the_buyers_own_program_confirms(api, order, psp):
    answer = post(api, order).json()
    assert answer["status"] == "requires_action"
    reference = order.payments.get().provider_reference
    browser = stripe.StripeClient("pk_test_simulated", base_addresses={"api": psp.base})

    browser.v1.payment_intents.confirm(
        reference,
        {
            "client_secret": answer["client_secret"],
            "payment_method": "pm_card_visa",
            "return_url": "https://shop.example/",
        },
    )

    payments.ask(payment=order.payments.get())
    assert state(order) == "paid"


def test_a_repeated_request_gets_the_same_answer_and_pays_once(api, order, psp):
    first = post(api, order, payment_method="pm_card_visa")

    again = post(api, order, payment_method="pm_card_visa")

    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert psp.amounts("capture", order.payments.get().uuid) == [order.total_minor]


@pytest.mark.parametrize("value", ["4242424242424242", "", "pm_ x"])
def test_what_is_no_payment_method_is_a_mistake_of_form(api, order, psp, value):
    answer = post(api, order, payment_method=value)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert "payment_method" in answer.json()["fields"]
    assert not Payment.objects.exists()
