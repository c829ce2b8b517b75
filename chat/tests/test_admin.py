from __future__ import annotations

import pytest

from accounts.tests.factories import make_user
from chat.models import ContactRule, Desk, Report
from chat.services import manners
from chat.tests.factories import answer, make_message, make_rules
from marketflow.core.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(make_user("vera", is_staff=True, is_superuser=True))
    return client


def text(response) -> str:
    return response.content.decode()


def test_staff_read_a_reported_conversation_and_that_is_written_down(staff, buyer, shop, seller):
    rude = answer(make_message(buyer, shop), seller, "Pay me by cheque.")
    report = manners.report(
        conversation=rude.conversation, reporter=buyer, reason="A trick", message=rude
    )

    html = text(staff.get(f"/admin/chat/report/{report.pk}/change/"))
    staff.post(f"/admin/chat/report/{report.pk}/change/", {"decision": "Warned the shop."})

    assert "Is it oak?" in html
    assert "Pay me by cheque." in html
    read = AuditEntry.objects.get(action="chat.report.read")
    assert (read.subject_id, read.reason) == (str(report.pk), "A trick")
    report.refresh_from_db()
    assert (report.decision, report.closed_at is None) == ("Warned the shop.", False)


def test_a_report_is_not_closed_without_a_word(staff, buyer, shop):
    report = manners.report(
        conversation=make_message(buyer, shop).conversation, reporter=buyer, reason="Rude"
    )

    staff.post(f"/admin/chat/report/{report.pk}/change/", {"decision": " "})

    assert Report.objects.get().closed_at is None


def test_staff_see_flagged_messages_and_no_others(staff, buyer, shop, seller):
    make_rules()
    quiet = make_message(buyer, shop)
    flagged = answer(quiet, seller, "Mail me@fern.example")

    html = text(staff.get("/admin/chat/message/"))

    assert "me@fern.example" in html
    assert "Is it oak?" not in html
    assert staff.get(f"/admin/chat/message/{flagged.pk}/change/").status_code == 200
    assert staff.get(f"/admin/chat/message/{quiet.pk}/change/").status_code == 404


def test_staff_edit_the_rule(staff, buyer, shop):
    make_rules()
    rule = ContactRule.objects.get(kind="words")

    staff.post(
        f"/admin/chat/contactrule/{rule.pk}/change/",
        {"is_active": "on", "entries": "pigeon post", "notice": "Stay."},
    )

    assert make_message(buyer, shop, "By Pigeon  Post?").flags == "words"
    assert AuditEntry.objects.filter(subject="chat.contactrule").exists()


def test_a_shop_sets_its_automatic_answer(client, shop, seller, buyer):
    client.force_login(seller)
    client.post(
        "/seller/chat/desk/add/",
        {"shop": shop.pk, "is_away": "on", "away_message": "Back on Monday."},
    )

    assert Desk.objects.get().shop == shop
    conversation = make_message(buyer, shop).conversation
    assert conversation.messages.get(seq=2).body == "Back on Monday."
