"""Everything that is kept about a person, as a file of theirs alone."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.timezone import now

from accounts.models import DataExport
from accounts.services import exports, privacy
from accounts.tests.factories import PASSWORD, make_address
from accounts.tests.forms import fill_in
from catalog.tests.factories import make_variant
from marketflow.core.tests.clients import api_for
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

HERE = "/api/v1/users/me/export/"


def take(client, django_capture_on_commit_callbacks) -> dict[str, object]:
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(HERE).status_code == 202
    answer = client.get(client.get(HERE).json()["file"])
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"].startswith("attachment")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def test_a_person_takes_along_what_is_kept_about_them(
    api, buyer, stranger, shop, django_capture_on_commit_callbacks
):
    make_address(buyer)
    bowl = make_variant(shop, "Oak bowl")
    mine, foreign = make_order(buyer, bowl, paid=True), make_order(stranger, bowl)

    files = take(api, django_capture_on_commit_callbacks)

    assert {f"{name}.json" for name in exports.names()} == set(files)
    assert {"account.json", "addresses.json", "orders.json", "messages.json"} <= set(files)
    assert files["account.json"]["email"] == buyer.email
    assert files["addresses.json"][0]["city"] == "Dublin"
    assert [order["number"] for order in files["orders.json"]] == [mine.number]
    assert foreign.number not in json.dumps(files) and stranger.email not in json.dumps(files)
    assert buyer.password not in json.dumps(files)


def test_nobody_takes_anybody_elses(api, buyer, stranger, django_capture_on_commit_callbacks):
    take(api, django_capture_on_commit_callbacks)
    export = DataExport.objects.get()

    sam = api_for(stranger)

    assert sam.get(f"{HERE}{export.uuid}/file/").status_code == 404
    assert sam.get(HERE).status_code == 404


def test_it_is_made_once_a_day(api, buyer):
    first = api.post(HERE).json()["id"]
    assert api.post(HERE).json()["id"] == first

    DataExport.objects.update(requested_at=now() - timedelta(hours=25))

    assert api.post(HERE).json()["id"] != first


def test_files_are_forgotten_after_a_week_and_with_the_account(
    api, buyer, django_capture_on_commit_callbacks
):
    take(api, django_capture_on_commit_callbacks)
    file = Path(settings.PRIVATE_ROOT) / DataExport.objects.get().stored_as
    assert file.exists() and exports.forget_old() == 0

    DataExport.objects.update(requested_at=now() - timedelta(days=8))
    assert exports.forget_old() == 1
    assert not file.exists() and not DataExport.objects.exists()

    take(api, django_capture_on_commit_callbacks)
    file = Path(settings.PRIVATE_ROOT) / DataExport.objects.get().stored_as
    with django_capture_on_commit_callbacks(execute=True):
        privacy.delete_account(user=buyer)
    assert not file.exists() and not DataExport.objects.exists()


def test_the_page_asks_for_it_and_hands_it_over(client, buyer, django_capture_on_commit_callbacks):
    client.force_login(buyer)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post("/account/privacy/export/").status_code == 303
    export = DataExport.objects.get()
    page = client.get("/account/privacy/").content.decode()

    assert f"/account/privacy/export/{export.uuid}/" in page
    answer = client.get(f"/account/privacy/export/{export.uuid}/")
    assert answer["Content-Type"] == "application/zip"


def test_the_page_deletes_the_account_by_its_password(client, buyer):
    client.force_login(buyer)
    page = "/account/privacy/deletion/"
    assert fill_in(client, page, password="wrong").status_code == 422
    buyer.refresh_from_db()
    assert buyer.is_active

    answer = fill_in(client, page, password=PASSWORD)

    assert (answer.status_code, answer["Location"]) == (303, "/")
    buyer.refresh_from_db()
    assert (buyer.is_active, buyer.name) == (False, "")
    assert client.get("/account/").status_code == 302


def test_who_owns_a_shop_is_told_what_to_do_first(client, seller):
    client.force_login(seller)

    answer = fill_in(client, "/account/privacy/deletion/", password=PASSWORD)

    assert answer.status_code == 422 and "Hand it over" in answer.content.decode()
    seller.refresh_from_db()
    assert seller.is_active
