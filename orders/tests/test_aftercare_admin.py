from __future__ import annotations

import pytest
from django.core.management import call_command

from accounts.models import ShopMember
from accounts.tests.factories import make_user
from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.models import AuditEntry
from orders.gateways.protocol import RefundOutcome
from orders.gateways.test import TestGateway
from orders.models import Dispute, Refund, Return, SellerOrder
from orders.services import disputes, fulfilment, refunds, returns
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def bowl(shop):
    make_shipping(shop, price=500)
    return make_variant(shop, "Oak bowl", price=1000, stock=9)


@pytest.fixture
def part(buyer, bowl) -> SellerOrder:
    return make_order(buyer, bowl, quantity=3, paid=True).seller_orders.get()


@pytest.fixture
def fern(client, seller):
    client.force_login(seller)
    return client


@pytest.fixture
def boss(client, db):
    client.force_login(make_user("boss", is_staff=True, is_superuser=True))
    return client


def page(part: SellerOrder, step: str = "change") -> str:
    return f"/seller/orders/sellerorder/{part.pk}/{step}/"


def line(part: SellerOrder) -> int:
    return part.lines.get().pk


def body(answer) -> str:
    return answer.content.decode()


# --- the shop's order


def test_a_shop_cancels_a_line_with_a_reason(fern, part, bowl):
    sent = {f"cancel-units{line(part)}": "2", "cancel-reason": "Chipped."}

    answer = fern.post(page(part, "cancel"), sent, follow=True)

    assert "€20.00 goes back to the buyer." in body(answer)
    assert (part.lines.get().released, stock_of(bowl)) == (2, (9, 1))
    assert Refund.objects.get().reason == "Chipped."
    assert "of it delivery" not in body(answer)
    call_command("audit")


def test_with_the_last_unit_the_shop_sees_that_the_delivery_goes_back_too(fern, part):
    sent = {f"cancel-units{line(part)}": "3", "cancel-reason": "The kiln broke."}

    answer = fern.post(page(part, "cancel"), sent, follow=True)

    assert "€35.00 goes back to the buyer." in body(answer)
    assert "(€5.00 of it delivery)" in body(answer)


@pytest.mark.parametrize(
    ("units", "reason", "said"),
    [
        ("4", "No.", "less than or equal to 3"),
        ("0", "No.", "not to be sent"),
        ("2", "", "required"),
    ],
)
def test_what_was_typed_stands_there_again(units, reason, said, fern, part):
    sent = {f"cancel-units{line(part)}": units, "cancel-reason": reason}

    answer = fern.post(page(part, "cancel"), sent)

    assert answer.status_code == 422
    assert said in body(answer)
    assert f'value="{units}"' in body(answer)
    assert not Refund.objects.exists()
    assert part.lines.get().released == 0


def refund_of(part: SellerOrder, **changes) -> dict[str, str]:
    return {
        f"refund-units{line(part)}": "1",
        "refund-delivery": "2.50",
        "refund-reason": "Late.",
        "refund-refunds": str(part.refunds.count()),
    } | changes


def test_a_refund_is_calculated_first_and_given_when_agreed_to(fern, part):
    shown = body(fern.post(page(part, "refund"), refund_of(part)))

    # A unit of 10.00 bears a commission of 1.00.
    assert "Refund €12.50" in shown
    assert "€11.50" in shown
    assert not Refund.objects.exists()
    agreed = refund_of(part) | {"refund-agreed": "1250", "agree": "1"}
    answer = fern.post(page(part, "refund"), agreed, follow=True)

    assert "€12.50 goes back to the buyer." in body(answer)
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.shipping_minor, refund.kind) == (1250, 250, "goodwill")
    call_command("audit")


def test_another_sum_than_was_shown_is_calculated_again(fern, part):
    answer = fern.post(
        page(part, "refund"), refund_of(part) | {"refund-agreed": "999", "agree": "1"}
    )

    assert "Refund €12.50" in body(answer)
    assert not Refund.objects.exists()


def test_a_double_click_gives_back_once(fern, part):
    agreed = refund_of(part) | {"refund-agreed": "1250", "agree": "1"}
    fern.post(page(part, "refund"), agreed)

    answer = fern.post(page(part, "refund"), agreed)

    assert "refunded meanwhile" in body(answer)
    assert Refund.objects.count() == 1


def test_an_amount_stands_in_place_of_the_units(fern, part):
    changes = {f"refund-amount{line(part)}": "3,33", "refund-delivery": ""}

    shown = body(fern.post(page(part, "refund"), refund_of(part, **changes)))

    assert "Refund €3.33" in shown


@pytest.mark.parametrize("delivery", ["5.01", "-1", "much"])
def test_more_than_was_paid_is_not_calculated(delivery, fern, part):
    answer = fern.post(page(part, "refund"), refund_of(part, **{"refund-delivery": delivery}))

    assert answer.status_code == 422
    assert 'name="agree"' not in body(answer)
    assert not Refund.objects.exists()


def test_support_looks_and_gives_nothing_back(client, part, shop):
    sue = make_user("sue")
    ShopMember.objects.create(shop=shop, user=sue, role="support")
    client.force_login(sue)

    seen = body(client.get(page(part)))

    assert part.number in seen
    assert "Calculate" not in seen
    for step in ("refund", "cancel"):
        sent = refund_of(part) | {"cancel-reason": "No."}
        assert client.post(page(part, step), sent).status_code == 404
    assert not Refund.objects.exists()


# --- returns and disputes of a shop


@pytest.fixture
def parcel(part) -> Return:
    fulfilment.ship(seller_order=part)
    fulfilment.deliver(seller_order=part)
    return returns.request(part=part, lines={line(part): 3}, reason="Too small.")


def at(thing, step: str = "change") -> str:
    return f"/seller/orders/{thing._meta.model_name}/{thing.pk}/{step}/"


def test_a_return_is_accepted_received_and_refunded(fern, parcel, part, bowl):
    assert "Too small." in body(fern.get(at(parcel)))
    fern.post(at(parcel, "answer"), {"answer": "By post.", "accept": "1"})
    assert "It has arrived" in body(fern.get(at(parcel)))

    sent = {f"units{line(part)}": "2", f"restock{line(part)}": "on", "delivery": "on"}
    answer = fern.post(at(parcel, "receive"), sent, follow=True)

    assert "€25.00 goes back to the buyer." in body(answer)
    parcel.refresh_from_db()
    assert (parcel.state, parcel.answer, stock_of(bowl)) == ("received", "By post.", (8, 0))
    call_command("audit")


def test_who_refuses_says_why(fern, parcel):
    silent = fern.post(at(parcel, "answer"), {"answer": "", "refuse": "1"})
    parcel.refresh_from_db()
    assert (silent.status_code, parcel.state) == (422, "requested")

    fern.post(at(parcel, "answer"), {"answer": "Worn.", "refuse": "1"})

    parcel.refresh_from_db()
    assert (parcel.state, parcel.answer) == ("rejected", "Worn.")


def test_more_than_was_announced_is_not_received(fern, parcel, part):
    returns.approve(parcel=parcel)

    answer = fern.post(at(parcel, "receive"), {f"units{line(part)}": "4"})

    parcel.refresh_from_db()
    assert (answer.status_code, parcel.state) == (422, "approved")
    assert not Refund.objects.exists()


def test_a_dispute_is_answered_once(fern, part):
    dispute = disputes.open_by_buyer(part=part, reason="In pieces.")
    assert "In pieces." in body(fern.get(at(dispute)))

    fern.post(at(dispute, "answer"), {"answer": "It left whole."})
    fern.post(at(dispute, "answer"), {"answer": "Really."})

    dispute.refresh_from_db()
    assert dispute.answer == "It left whole."
    assert "Send the answer" not in body(fern.get(at(dispute)))


def test_another_shop_finds_nothing(client, rival, part, parcel):
    dispute = disputes.open_by_buyer(part=part, reason="In pieces.")
    client.force_login(make_user("rita"))

    for thing, steps in ((parcel, ["answer", "receive"]), (dispute, ["answer"])):
        assert client.get(at(thing)).status_code == 404
        for step in steps:
            assert client.post(at(thing, step), {"answer": "Ha."}).status_code == 404
        listed = client.get(f"/seller/orders/{thing._meta.model_name}/")
        assert part.number not in body(listed)
    parcel.refresh_from_db()
    assert (parcel.state, Dispute.objects.get().answer) == ("requested", "")


@pytest.mark.parametrize("kind", ["return", "dispute"])
@pytest.mark.parametrize("site", ["seller", "admin"])
def test_lists_cost_the_same_for_one_and_three(
    kind, site, client, seller, buyer, bowl, django_assert_max_num_queries
):
    who = seller if site == "seller" else make_user("boss", is_staff=True, is_superuser=True)
    client.force_login(who)

    def happen() -> None:
        part = make_order(buyer, bowl, paid=True).seller_orders.get()
        fulfilment.ship(seller_order=part)
        returns.request(part=part, lines={line(part): 1}, reason="Blue.")
        disputes.open_by_buyer(part=part, reason="In pieces.")

    def cost() -> int:
        with django_assert_max_num_queries(25) as caught:
            assert client.get(f"/{site}/orders/{kind}/").status_code == 200
        return len(caught)

    happen()
    cost()
    one = cost()
    happen()
    happen()

    assert cost() == one


# --- staff


def decide(client, *chosen: Dispute, **said):
    sent = {
        "action": "decide",
        "_selected_action": [dispute.pk for dispute in chosen],
        "confirmed": "1",
        "amount": "10.00",
        "reason": "A third is fair.",
        "word": "decided",
    } | said
    return client.post("/admin/orders/dispute/", sent, follow=True)


def test_staff_decide_a_dispute_by_a_typed_word(boss, part):
    dispute = disputes.open_by_buyer(part=part, reason="In pieces.")

    wrong = decide(boss, dispute, word="yes")
    assert "Type the word" in body(wrong)
    assert Dispute.objects.get().state == "open"
    decide(boss, dispute)

    dispute.refresh_from_db()
    assert (dispute.state, dispute.decision) == ("lost", "A third is fair.")
    assert Refund.objects.get().amount_minor == 1000
    entry = AuditEntry.objects.get(action="orders.dispute.decided")
    assert (entry.reason, entry.after["refund_minor"]) == ("A third is fair.", 1000)
    call_command("audit")


def test_more_than_is_left_is_not_decided(boss, part):
    dispute = disputes.open_by_buyer(part=part, reason="In pieces.")

    answer = decide(boss, dispute, amount="35.01")

    assert "more than can still be refunded" in body(answer)
    assert Dispute.objects.get().state == "open"
    assert not AuditEntry.objects.filter(action="orders.dispute.decided").exists()


def test_a_failed_refund_is_tried_again_with_a_reason(
    boss, part, monkeypatch, django_capture_on_commit_callbacks
):
    refusal = RefundOutcome(status="failed", reference="no", failure="insufficient_funds")
    with monkeypatch.context() as patch:
        patch.setattr(TestGateway, "refund", lambda *args, **kwargs: refusal)
        with django_capture_on_commit_callbacks(execute=True):
            refund = refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL)

    with django_capture_on_commit_callbacks(execute=True):
        boss.post(
            "/admin/orders/refund/",
            {
                "action": "try_again",
                "_selected_action": [refund.pk],
                "confirmed": "1",
                "reason": "The account is filled.",
            },
        )

    refund.refresh_from_db()
    assert refund.state == "succeeded"
    entry = AuditEntry.objects.get(action="orders.refund.tried_again")
    assert entry.before == {"state": "failed", "failure": "insufficient_funds"}
    call_command("audit")


@pytest.mark.parametrize("kind", ["return", "refund", "dispute"])
def test_staff_read_and_never_write_by_hand(kind, boss, part, parcel):
    returns.approve(parcel=parcel)
    returns.receive(parcel=parcel, lines={line(part): returns.Arrived(units=1)})
    disputes.open_by_buyer(part=part, reason="In pieces.")
    thing = {"return": Return, "refund": Refund, "dispute": Dispute}[kind].objects.get()
    address = f"/admin/orders/{kind}/{thing.pk}/change/"

    assert boss.get(address).status_code == 200
    assert boss.post(address, {"reason": "Mine."}).status_code == 403
    assert boss.get(f"/admin/orders/{kind}/add/").status_code == 403


def test_staff_read_the_whole_timeline_with_the_books(boss, part):
    refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL, reason="Late.")

    seen = body(boss.get(f"/admin/orders/order/{part.order_id}/change/"))

    assert "Payment received" in seen
    assert "Commission taken back" in seen
    assert "Refund decided" in seen


def test_the_start_pages_say_what_waits_for_an_answer(client, seller, part, parcel):
    disputes.open_by_buyer(part=part, reason="In pieces.")

    client.force_login(seller)
    own = body(client.get("/seller/"))
    client.force_login(make_user("boss", is_staff=True, is_superuser=True))
    all_of_them = body(client.get("/admin/"))

    assert "Open returns" in own
    assert "Disputes to answer" in own
    assert "Disputes to decide" in all_of_them
    assert "Failed refunds" in all_of_them
