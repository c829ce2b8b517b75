from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tests.factories import make_user
from carts.models import TaxRate
from carts.tests.factories import fill_cart
from catalog.tests.factories import make_variant
from marketflow.core.tests.clients import api_for
from orders.models import Invoice, InvoiceSeries, Refund
from orders.services import fees, invoices, numbering, refunds
from orders.services.invoices import NotInvoiced
from orders.services.refunds import Wanted
from orders.tests.factories import make_order, pay, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def vat(db):
    """23 % and 13.5 % at home."""
    for name, basis_points in [("standard", 2300), ("reduced", 1350)]:
        TaxRate.objects.create(
            country="IE", tax_class=name, basis_points=basis_points, valid_from=date(2020, 1, 1)
        )


@pytest.fixture
def order(buyer, shop, rival, vat):
    """Two bowls of Fern & Co and two vases of Rival Goods, paid."""
    bowl = make_variant(shop, "Oak bowl", price=1999, sku="OAK-1")
    vase = make_variant(rival, "Vase", price=777)
    return make_order(buyer, bowl, vase, quantity=2, paid=True)


@pytest.fixture
def part(order, shop):
    return order.seller_orders.get(shop=shop)


def refund(part, **wanted) -> Refund:
    line = part.lines.first()
    made = refunds.decide(part=part, lines={line.pk: Wanted(**wanted)}, kind=Refund.Kind.GOODWILL)
    return refunds.send(made)


# --- what they say


def test_each_shop_invoices_its_part_and_they_add_up_to_the_order(order):
    papers = invoices.of_order(order)

    assert [paper.shop.name for paper in papers] == ["Fern & Co", "Rival Goods"]
    assert sum(paper.total_minor for paper in papers) == order.total_minor
    assert sum(paper.tax_minor for paper in papers) == order.tax_included_minor
    for paper in papers:
        content = paper.content
        assert sum(line["amount_minor"] for line in content["lines"]) == paper.total_minor
        assert sum(rate["gross_minor"] for rate in content["rates"]) == paper.total_minor
        assert sum(rate["tax_minor"] for rate in content["rates"]) == paper.tax_minor
    call_command("audit")


def test_an_invoice_names_the_shop_as_supplier_and_what_was_bought(part, shop):
    shop.legal_name, shop.legal_address = "Fern Trading Ltd", "1 Mill Lane\nDublin"
    shop.vat_number = "IE1234567T"
    shop.save()

    content = invoices.of_part(type(part).objects.get(pk=part.pk)).content

    assert content["issuer"] == {
        "name": "Fern Trading Ltd",
        "trades_as": "Fern & Co",
        "lines": ["1 Mill Lane", "Dublin"],
        "vat_number": "IE1234567T",
        "email": shop.email,
    }
    assert content["recipient"]["name"] == part.order.name
    bowl = content["lines"][0]
    assert (bowl["title"], bowl["quantity"], bowl["unit_minor"]) == ("Oak bowl", 2, 1999)
    assert "OAK-1" in bowl["detail"]
    assert content["references"]["order"] == part.number


def test_a_document_stays_as_it_was_issued(part, shop):
    before = invoices.of_part(part)

    shop.legal_name = "Another Ltd"
    shop.save()
    part.lines.update(title="Renamed")

    again = invoices.of_part(type(part).objects.get(pk=part.pk))
    assert (again.pk, again.content) == (before.pk, before.content)


def test_vat_is_told_by_rate_and_delivery_bears_the_standard_one(buyer, shop, vat):
    book = make_variant(shop, "Book", price=1000)
    book.product.tax_class = "reduced"
    book.product.save(update_fields=["tax_class"])
    part = make_order(buyer, book, paid=True).seller_orders.get()
    assert part.shipping_minor

    rates = invoices.of_part(part).content["rates"]

    assert [rate["basis_points"] for rate in rates] == [2300, 1350]
    assert rates[0]["gross_minor"] == part.shipping_minor
    assert rates[0]["tax_minor"] == part.shipping_tax_minor
    assert rates[1] == {
        "basis_points": 1350,
        "net_minor": 881,
        "tax_minor": 119,
        "gross_minor": 1000,
    }


def test_a_refund_has_its_credit_note_below_zero(part):
    done = refund(part, units=1)

    sale, note = invoices.of_order(part.order)[:2]

    assert (sale.kind, note.kind) == ("sale", "credit_note")
    assert (note.total_minor, note.tax_minor) == (-1999, -done.tax_included_minor)
    assert note.content["lines"][0]["quantity"] == 1
    assert note.content["references"]["invoice"] == str(sale)
    call_command("audit")


def test_a_refund_that_is_under_way_has_none_yet(part):
    line = part.lines.get()
    refunds.decide(part=part, lines={line.pk: Wanted(units=1)}, kind=Refund.Kind.GOODWILL)

    papers = invoices.of_order(part.order)

    assert {paper.kind for paper in papers} == {"sale"}


# --- their numbers


def test_what_is_not_paid_has_no_invoice(buyer, shop):
    order = make_order(buyer, make_variant(shop))

    with pytest.raises(NotInvoiced):
        invoices.of_order(order)

    assert not Invoice.objects.exists()
    assert not InvoiceSeries.objects.exists()


def test_each_shop_counts_its_own(buyer, order, shop, rival):
    later = make_order(buyer, make_variant(shop, "Lamp"), paid=True)

    numbers = [str(paper) for paper in invoices.of_order(order) + invoices.of_order(later)]

    assert numbers == [
        f"INV{shop.pk}-000001",
        f"INV{rival.pk}-000001",
        f"INV{shop.pk}-000002",
    ]


def test_asked_for_twice_it_is_issued_once(order):
    first = invoices.of_order(order)

    again = invoices.of_order(order)

    assert [paper.pk for paper in again] == [paper.pk for paper in first]
    assert invoices.issue_due() == 0
    assert Invoice.objects.count() == 2


def test_a_transaction_that_rolls_back_leaves_no_gap(part, order, rival):
    class Crashed(Exception):
        pass

    with pytest.raises(Crashed), transaction.atomic():
        invoices.of_part(part)
        raise Crashed

    assert not Invoice.objects.exists()
    assert invoices.of_part(part).number == 1
    call_command("audit")


def test_a_draft_that_was_issued_meanwhile_is_found_under_the_lock(part, monkeypatch):
    """Two read that nothing is issued; the second waits at the series and finds it there."""
    issued = invoices.of_part(part)
    seen = []
    locked = numbering._locked
    monkeypatch.setattr(numbering, "_locked", lambda draft: seen.append(1) or locked(draft))

    again = invoices.of_part(part)

    assert (again.pk, seen) == (issued.pk, [1])
    assert InvoiceSeries.objects.get().last_number == 1


def test_beat_issues_what_nobody_asked_for(order, part):
    refund(part, units=1)

    count = invoices.issue_due()

    assert count == 3
    assert Invoice.objects.count() == 3
    assert invoices.issue_due() == 0


# --- commission


@pytest.fixture
def october(buyer, shop, vat):
    """Sold for 39.98 in October, and half of it refunded in November."""
    bowl = make_variant(shop, "Oak bowl", price=1999)
    with time_machine.travel(datetime(2026, 10, 5, 12, tzinfo=UTC)):
        part = make_order(buyer, bowl, quantity=2, paid=True).seller_orders.get()
    with time_machine.travel(datetime(2026, 11, 2, 12, tzinfo=UTC)):
        refund(part, units=1)
    return part


def fees_at(*moment: int) -> list[Invoice]:
    with time_machine.travel(datetime(*moment, tzinfo=UTC)):
        fees.issue_due()
    return list(Invoice.objects.filter(kind__startswith="commission").order_by("pk"))


def test_commission_is_invoiced_when_its_month_is_over(october, settings, shop):
    settings.OPERATOR_NAME, settings.OPERATOR_VAT_NUMBER = "Market Ltd", "IE7654321T"
    assert fees_at(2026, 10, 31, 23, 59) == []

    (paper,) = fees_at(2026, 11, 1, 0, 1)

    assert (paper.kind, str(paper), paper.shop) == ("commission", "FEE-000001", shop)
    # 10 % of 39.98, and 23 % VAT on the fee.
    assert (paper.total_minor, paper.tax_minor) == (400 + 92, 92)
    assert paper.content["issuer"]["name"] == "Market Ltd"
    assert paper.content["issuer"]["vat_number"] == "IE7654321T"
    assert paper.content["references"] == {"period": "2026-10"}
    assert paper.content["lines"][0]["title"] == october.number
    assert paper.content["rates"] == [
        {"basis_points": 2300, "net_minor": 400, "tax_minor": 92, "gross_minor": 492}
    ]


def test_commission_taken_back_is_credited_for_the_month_of_the_refund(october):
    fees_at(2026, 11, 1, 0, 1)

    papers = fees_at(2026, 12, 1, 0, 1)

    assert [(paper.kind, str(paper)) for paper in papers] == [
        ("commission", "FEE-000001"),
        ("commission_credit", "FEECN-000001"),
    ]
    commission = october.lines.get().commission
    back = papers[1]
    assert back.total_minor == -(commission.back_minor + commission.vat_back_minor)
    assert back.tax_minor == -commission.vat_back_minor
    assert fees_at(2026, 12, 1, 0, 1) == papers


def test_a_business_abroad_owes_the_vat_itself(buyer, rival, vat):
    rival.country, rival.vat_number = "DE", "DE123456789"
    rival.save()
    vase = make_variant(rival, "Vase", price=1000)
    with time_machine.travel(datetime(2026, 10, 5, tzinfo=UTC)):
        make_order(buyer, vase, paid=True)

    (paper,) = fees_at(2026, 11, 1)

    assert paper.tax_minor == 0
    assert paper.content["is_reverse_charge"] is True


def test_a_shop_at_home_is_charged_vat_not_the_words(october):
    (paper,) = fees_at(2026, 11, 1)

    assert paper.content["is_reverse_charge"] is False


# --- who gets them


def test_the_buyer_keeps_the_invoices_of_all_shops_in_one_file(client, order, buyer):
    client.force_login(buyer)

    answer = client.get(reverse("orders:invoice", args=[order.number]))

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="{order.number}.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    assert answer.content.startswith(b"%PDF")
    assert Invoice.objects.count() == 2


def test_the_order_page_leads_to_them_once_it_is_paid(client, buyer, shop):
    unpaid = make_order(buyer, make_variant(shop))
    client.force_login(buyer)
    link = reverse("orders:invoice", args=[unpaid.number])
    assert link not in client.get(unpaid.get_absolute_url()).text
    assert client.get(link).status_code == 303

    pay(unpaid)

    assert link in client.get(unpaid.get_absolute_url()).text


def test_to_a_stranger_there_is_no_such_order(client, order, stranger):
    client.force_login(stranger)
    foreign = client.get(reverse("orders:invoice", args=[order.number]))
    unknown = client.get(reverse("orders:invoice", args=["MF-NOTHING0"]))

    assert foreign.status_code == unknown.status_code == 404
    assert not Invoice.objects.exists()


def test_a_guest_opens_them_with_the_link_and_the_api_with_the_token(client, shop, vat):
    bowl = make_variant(shop)
    order = place(fill_cart(None, bowl))
    pay(order)
    page = reverse("orders:invoice", args=[order.number])
    assert client.get(page).status_code == 404

    client.get(f"{order.get_absolute_url()}?token={order.guest_token()}")

    assert client.get(page)["Content-Type"] == "application/pdf"
    answer = client.get(
        f"/api/v1/orders/{order.number}/invoice/",
        headers={"X-Order-Token": order.guest_token(), "Accept": "application/pdf"},
    )
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content == client.get(page).content


def test_the_api_hands_them_to_the_buyer_alone(api, order, stranger):
    address = f"/api/v1/orders/{order.number}/invoice/"

    assert api.get(address)["Content-Type"] == "application/pdf"
    refused = api_for(stranger).get(address, headers={"Accept": "application/pdf"})
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


def test_the_api_says_why_there_is_none_yet(api, buyer, shop):
    order = make_order(buyer, make_variant(shop))

    answer = api.get(f"/api/v1/orders/{order.number}/invoice/")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_invoiced")
    assert not Invoice.objects.exists()


def test_a_shop_sees_its_own_documents_and_no_others(client, order, seller, shop, rival):
    invoices.of_order(order)
    own, foreign = (Invoice.objects.get(shop=owner) for owner in (shop, rival))
    client.force_login(seller)

    page = client.get("/seller/orders/invoice/").text

    assert str(own) in page
    assert str(foreign) not in page
    kept = client.get(f"/seller/orders/invoice/{own.pk}/pdf/")
    assert kept["Content-Disposition"] == f'attachment; filename="{own}.pdf"'
    assert kept["X-Content-Type-Options"] == "nosniff"
    assert client.get(f"/seller/orders/invoice/{own.pk}/change/").status_code == 200
    for unseen in (foreign.pk, 999_999):
        assert client.get(f"/seller/orders/invoice/{unseen}/pdf/").status_code == 404
        assert client.get(f"/seller/orders/invoice/{unseen}/change/").status_code == 404


def test_who_packs_parcels_sees_no_invoices(client, order, shop):
    invoices.of_order(order)
    packer = make_user("paul")
    shop.memberships.create(user=packer, role="fulfilment")
    client.force_login(packer)
    own = Invoice.objects.get(shop=shop)

    assert client.get("/seller/orders/invoice/").status_code == 403
    assert client.get(f"/seller/orders/invoice/{own.pk}/pdf/").status_code == 403


def test_staff_see_all_of_them(admin_client, order):
    papers = invoices.of_order(order)

    page = admin_client.get("/admin/orders/invoice/").text

    assert all(str(paper) in page for paper in papers)
    answer = admin_client.get(f"/admin/orders/invoice/{papers[0].pk}/pdf/")
    assert answer["Content-Type"] == "application/pdf"


def test_the_list_costs_the_same_for_one_and_for_five(client, buyer, seller, shop):
    bowl = make_variant(shop, stock=20)
    client.force_login(seller)

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/seller/orders/invoice/")
        return len(captured)

    invoices.of_order(make_order(buyer, bowl, paid=True))
    client.get("/seller/orders/invoice/")
    one = cost()
    for _ in range(4):
        invoices.of_order(make_order(buyer, bowl, paid=True))

    assert cost() == one
