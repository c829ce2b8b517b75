"""An application for a shop that is written in several sittings."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import Shop, ShopDraft
from accounts.services import privacy, shop_drafts
from accounts.tests.factories import make_user
from accounts.tests.forms import fill_in
from accounts.tests.test_selling_pages import APPLICATION

pytestmark = pytest.mark.django_db

START, SAVE = "/sell/start/", "/sell/start/draft/"
HALF = {"name": "Clay & Kin", "legal_address": "1 Kiln Road", "returns_days": "soon"}


@pytest.fixture
def sam(client, stranger):
    client.force_login(stranger)
    return stranger


def on_another_day(person) -> str:
    """The page in a browser that knows nothing of the first one."""
    browser = Client()
    browser.force_login(person)
    return browser.get(START).content.decode()


def test_a_draft_is_there_after_the_browser_was_closed(client, sam):
    answer = client.post(SAVE, HALF)

    page = on_another_day(sam)
    assert (answer.status_code, answer["Location"]) == (303, START)
    assert all(
        text in page for text in ["Clay &amp; Kin", "1 Kiln Road", "soon", "Draft saved on"]
    )
    assert "There is a problem" not in page
    assert "Draft saved." in client.get(START).content.decode()
    assert not Shop.objects.exists()


def test_what_can_not_be_sent_is_kept(client, sam):
    answer = fill_in(client, START, **APPLICATION | {"name": "", "city": "Cork"})

    assert answer.status_code == 422
    assert "Cork" in on_another_day(sam)
    assert "1 Kiln Road, Cork" in on_another_day(sam)


def test_with_javascript_it_is_saved_by_itself(client, sam):
    page = client.get(START).content.decode()

    answer = client.post(SAVE, HALF, headers={"HX-Request-Type": "partial"})

    assert f'hx-post="{SAVE}"' in page
    assert (answer.status_code, b"Draft saved on" in answer.content) == (200, True)
    assert b"<html" not in answer.content
    assert ShopDraft.objects.get().values == HALF


def test_sending_it_forgets_the_draft(client, sam):
    client.post(SAVE, HALF)

    fill_in(client, START, **APPLICATION)

    assert Shop.objects.get().state == "applied"
    assert not ShopDraft.objects.exists()


def test_saving_again_replaces_what_was_there(client, sam):
    client.post(SAVE, HALF)

    client.post(SAVE, {"name": "Clay", "legal_address": ""})

    assert ShopDraft.objects.get().values == {"name": "Clay"}


def test_only_the_fields_of_the_form_are_kept(client, sam):
    client.post(SAVE, HALF | {"accepts_terms": "on", "state": "open", "terms": "x" * 20_000})

    values = ShopDraft.objects.get().values
    assert set(values) == {*HALF, "terms"}
    assert len(values["terms"]) == shop_drafts.LONGEST


def test_nobody_sees_the_draft_of_another(client, sam):
    client.post(SAVE, HALF)

    assert "1 Kiln Road" not in on_another_day(make_user("rita"))


def test_who_is_not_signed_in_keeps_nothing(client):
    answer = client.post(SAVE, HALF)

    assert answer["Location"].startswith("/account/login/")
    assert not ShopDraft.objects.exists()
    client.force_login(make_user("sam"))
    assert client.get(SAVE).status_code == 405


def test_a_draft_lasts_ninety_days(client, sam):
    client.post(SAVE, HALF)
    ShopDraft.objects.update(saved_at=now() - timedelta(days=91))

    assert "1 Kiln Road" not in on_another_day(sam)
    assert shop_drafts.forget_old() == 1


def test_who_leaves_leaves_no_draft(client, sam):
    client.post(SAVE, HALF)

    privacy.delete_account(user=sam)

    assert not ShopDraft.objects.exists()


def test_saving_too_often_is_told_when_to_go_on(client, sam, settings):
    settings.RATE_LIMITS = {"save_draft": "1/600"}
    client.post(SAVE, HALF)

    answer = client.post(SAVE, {"name": "Other"})

    assert answer.status_code == 429
    assert ShopDraft.objects.get().values == HALF
