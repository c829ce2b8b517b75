from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.test import RequestFactory
from django.urls import reverse

from marketflow.core.admin import seller_site, staff_site
from marketflow.core.csv_cells import guarded
from marketflow.core.money_field import MoneyField

# --- amounts


@pytest.mark.parametrize(
    ("typed", "minor"),
    [
        ("19.99", 1999),
        ("19,99", 1999),
        ("€ 19.99", 1999),
        ("1.234,50", 123450),
        ("20", 2000),
        ("0", 0),
    ],
)
def test_an_amount_is_typed_in_whole_units_and_kept_in_cents(typed, minor):
    assert MoneyField(currency="EUR").clean(typed) == minor


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("-1", "negative"),
        ("12.345.678.901.234", "too_large"),
        ("much", "invalid"),
        ("10 or 20", "invalid"),
        ("$5", "other_currency"),
        ("", "required"),
    ],
)
def test_what_is_no_amount_is_refused(typed, code):
    with pytest.raises(ValidationError) as refused:
        MoneyField(currency="EUR").clean(typed)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("currency", "shown"), [("EUR", "19.99"), ("JPY", "1999"), ("KWD", "1.999")]
)
def test_an_amount_is_shown_as_its_currency_is_written(currency, shown):
    field = MoneyField(currency=currency)

    assert field.prepare_value(1999) == shown
    assert field.clean(shown) == 1999


def test_an_amount_typed_another_way_has_not_changed():
    field = MoneyField(currency="EUR")

    assert not field.has_changed(2000, "20")
    assert not field.has_changed(None, "")
    assert field.has_changed(2000, "20.01")
    assert field.has_changed(2000, "twenty")


# --- cells


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-cmd", "@x", "\tx", "\rx", "\0x"])
def test_a_cell_is_no_formula(cell):
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-5", "+3.50", "-3,5", "oak", "", 12])
def test_numbers_and_words_stay_as_they_are(cell):
    assert guarded(cell) == str(cell)


# --- sites


@pytest.mark.parametrize("site", [staff_site, seller_site])
@pytest.mark.django_db
def test_people_sign_in_on_the_storefront_and_come_back(client, site):
    answer = client.get(reverse(f"{site.name}:index"), follow=True)

    first, last = answer.redirect_chain[0][0], answer.redirect_chain[-1][0]
    assert first == f"/{site.name}/login/?next=/{site.name}/"
    assert last == f"/account/login/?next=/{site.name}/"


@pytest.mark.parametrize("site", [staff_site, seller_site])
def test_the_admins_have_no_page_for_passwords(client, site):
    request = RequestFactory().get(reverse(f"{site.name}:password_change"))

    assert site.password_change(request).url == reverse("account_change_password")


@pytest.mark.parametrize("path", ["/admin/", "/seller/"])
@pytest.mark.django_db
def test_unfold_gets_what_it_needs_under_its_own_prefix_and_no_more(client, path):
    policy = client.get(path)["Content-Security-Policy"]
    strict = client.get("/healthz")["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert "unsafe" not in strict
