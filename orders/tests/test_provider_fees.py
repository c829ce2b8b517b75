"""What a provider keeps of a payment: the marketplace bears it, and the books say so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils.timezone import now

from catalog.tests.factories import make_variant
from orders import tasks
from orders.gateways import stripe_words
from orders.models import LedgerAccount, LedgerTransfer, Order, Payment, Refund
from orders.services import closing, payments, refunds
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

# Of 20.00 and 5.00 for delivery the simulator keeps 1.5 % and 25 cents.
TOTAL, FEE = 2500, 63


@pytest.fixture
def pay(psp, buyer, shop):
    def pay(card: str = "pm_card_visa") -> Payment:
        order = make_order(buyer, make_variant(shop, price=2000))
        details = {"payment_method": card}
        return payments.start(order=order, method="stripe", details=details)

    return pay


def balances() -> dict[str, int]:
    return dict(LedgerAccount.objects.values_list("kind", "balance_minor"))


def test_the_fee_is_booked_with_the_payment_and_the_provider_holds_the_rest(psp, pay):
    payment = pay()

    booked = LedgerTransfer.objects.get(kind="provider_fee")
    assert (payment.fee_minor, booked.amount_minor, booked.payment) == (FEE, FEE, payment)
    assert psp.amounts("charge_fee", payment.uuid) == [FEE]
    assert balances()["provider"] == psp.held(payment.uuid) == TOTAL - FEE
    assert balances()["provider_fee"] == FEE
    call_command("audit")


def test_the_shop_is_owed_as_much_as_if_the_provider_took_nothing(pay):
    payment = pay()

    part = payment.order.seller_orders.get()
    commission = sum(line.commission.amount_minor for line in part.lines.all())
    vat = sum(line.commission.vat_minor for line in part.lines.all())
    assert -balances()["shop_pending"] == part.total_minor - commission - vat


def test_a_fee_that_is_not_reckoned_yet_is_booked_once_the_provider_says_it(psp, pay):
    payment = pay("pm_card_feeLater")
    assert (payment.state, payment.fee_minor) == ("captured", None)
    assert "provider_fee" not in balances()
    call_command("audit")

    assert [tasks.ask_for_fees(), tasks.ask_for_fees()] == [1, 0]

    payment.refresh_from_db()
    assert payment.fee_minor == FEE
    assert balances()["provider"] == psp.held(payment.uuid) == TOTAL - FEE
    call_command("audit")


def test_told_twice_a_late_fee_is_booked_once(pay):
    payment = pay("pm_card_feeLater")

    payments.look_up(payment=payment)
    payments.look_up(payment=payment)

    assert LedgerTransfer.objects.filter(kind="provider_fee").count() == 1


def test_a_provider_that_does_not_answer_is_asked_again(psp, pay):
    payment = pay("pm_card_feeLater")
    psp.fault({"on": "payment_intents.retrieve", "do": "drop", "times": 1})

    tasks.ask_for_fees()
    payment.refresh_from_db()
    assert payment.fee_minor is None

    tasks.ask_for_fees()
    payment.refresh_from_db()
    assert payment.fee_minor == FEE


def test_a_refund_in_full_leaves_nothing_but_the_fee_that_the_provider_keeps(psp, pay):
    payment = pay()

    refund = refunds.decide_all(part=payment.order.seller_orders.get(), kind=Refund.Kind.GOODWILL)
    refunds.send(refund)

    left = {kind: balance for kind, balance in balances().items() if balance}
    assert left == {"provider": -FEE, "provider_fee": FEE}
    assert psp.held(payment.uuid) == -FEE
    call_command("audit")


def test_money_for_an_expired_order_goes_back_whole_and_the_market_bears_the_fee(psp, pay):
    payment = pay("pm_card_authenticationRequired")
    order = payment.order
    Order.objects.filter(pk=order.pk).update(expires_at=now() - timedelta(seconds=1))
    closing.release_expired()
    psp.ask("POST", f"settle/{payment.provider_reference}", {"succeeds": True})

    payments.look_up(payment=payment)
    refunds.send_due()

    left = {kind: balance for kind, balance in balances().items() if balance}
    assert left == {"provider": -FEE, "provider_fee": FEE}
    assert psp.amounts("refund", payment.uuid) == [TOTAL]
    call_command("audit")


@pytest.mark.parametrize(
    ("moved", "fee"),
    [
        (None, None),
        ("txn_1", None),
        ({"fee": 55, "exchange_rate": None}, 55),
        # Settled in dollars at 1.1 for a euro: 61 cents of a dollar are 55 of a euro.
        ({"fee": 61, "exchange_rate": 1.1}, 55),
        ({"fee": 0, "exchange_rate": None}, 0),
    ],
)
def test_stripes_fee_is_read_in_the_currency_of_the_payment(moved, fee):
    intent = {"id": "pi_1", "status": "succeeded", "latest_charge": {"balance_transaction": moved}}

    assert stripe_words.outcome_of(intent).fee_minor == fee
