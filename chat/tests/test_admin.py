from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_user
from catalog.tests.factories import make_variant
from chat.models import Attachment, ContactRule, Desk, Message, Report
from chat.services import filing, manners, messaging, proposals
from chat.tests.factories import answer, make_message, make_rules
from marketflow.core.models import AuditEntry
from orders.tests.factories import make_order

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


@pytest.fixture
def part(buyer, shop):
    return make_order(buyer, make_variant(shop, "Walnut tray"), paid=True).seller_orders.get()


def report_of(said: Message, reporter, **about) -> Report:
    return manners.report(
        conversation=said.conversation, reporter=reporter, reason="A trick", **about
    )


def address(report: Report, tail: str = "change/") -> str:
    return f"/admin/chat/report/{report.pk}/{tail}"


def a_file(name: str = "plan.pdf"):
    return filing.take([SimpleUploadedFile(name, b"%PDF-1.4 the plan")])


def test_staff_read_when_it_was_said_what_the_cards_ask_and_which_files_came(
    staff, buyer, shop, seller, part, private_folder
):
    bowl = make_variant(shop, "Oak bowl")
    asked = make_message(buyer, shop, product=bowl.product, files=a_file())
    proposals.offer_refund(
        conversation=asked.conversation, part=part, amount_minor=500, reason="Crack", author=seller
    )
    back = make_message(buyer, shop, "Never mind")
    messaging.delete(message=back, author=buyer)
    Message.objects.update(created_at=datetime(2026, 3, 1, 14, 35, tzinfo=UTC))
    report = report_of(asked, buyer)

    html = text(staff.get(address(report)))
    staff.cookies["tz"] = "Asia/Tokyo"
    from_tokyo = text(staff.get(address(report)))

    assert "1 Mar 2026, 14:35 UTC</time>" in html
    assert "1 Mar 2026, 23:35</time>" in from_tokyo
    assert "About Oak bowl" in html
    assert "Refund of €5.00 offered" in html
    assert "Waiting for an answer" in html
    assert part.number in html
    file = address(report, f"files/{Attachment.objects.get().uuid}/")
    assert f'href="{file}">plan.pdf</a>' in html
    assert "This message was taken back." in html


def test_a_file_of_a_report_is_for_who_may_read_reports_and_that_is_written_down(
    staff, buyer, shop, rival, private_folder
):
    report = report_of(make_message(buyer, shop, files=a_file()), buyer)
    make_message(buyer, rival, files=a_file("other.pdf"))
    ours, others = Attachment.objects.order_by("pk")
    AuditEntry.objects.all().delete()

    assert staff.get(address(report, f"files/{others.uuid}/")).status_code == 404
    answer = staff.get(address(report, f"files/{ours.uuid}/"))

    assert answer["Content-Type"] == "application/pdf"
    assert answer.content == b"%PDF-1.4 the plan"
    read = AuditEntry.objects.get()
    assert (read.action, read.subject_id) == ("chat.report.read_file", str(report.pk))
    assert (read.after, read.reason) == ({"file": "plan.pdf"}, "A trick")
    # The two sides' own address is no way in for staff.
    assert staff.get(f"/messages/files/{ours.uuid}/").status_code == 404
    for person, status in ((make_user("sven", is_staff=True), 403), (buyer, 302)):
        staff.force_login(person)
        assert staff.get(address(report, f"files/{ours.uuid}/")).status_code == status


def test_staff_turn_the_pages_of_what_was_said_before(staff, buyer, shop, private_folder):
    for number in range(1, 51):
        said = make_message(buyer, shop, f"Number {number}.")
    late = said.conversation.messages.get(seq=50)
    late.attachments.create(kind="pdf", file="x.pdf", name="late.pdf", bytes=1)
    report = report_of(said, buyer, message=said.conversation.messages.get(seq=40))

    def numbers(query: str = "") -> tuple[int, int]:
        page = text(staff.get(address(report) + query)).partition('id="around"')[2]
        found = re.findall(r"Number (\d+)\.", page)
        return int(found[0]), int(found[-1])

    newest = text(staff.get(address(report)))
    assert numbers() == (26, 45)
    assert 'href="?before=26#around">Older entries' in newest
    assert "Newer entries" not in newest
    assert numbers("?before=26") == (6, 25)
    older = text(staff.get(f"{address(report)}?before=26"))
    assert 'href="?before=46#around">Newer entries' in older
    oldest = text(staff.get(f"{address(report)}?before=6"))
    assert numbers("?before=6") == (1, 5)
    assert "Older entries" not in oldest
    assert 'href="?before=26#around">Newer entries' in oldest
    # Long after what was reported, and nonsense.
    assert numbers("?before=51") == numbers("?before=x") == numbers("?before=-1") == (26, 45)
    assert staff.get(address(report, f"files/{late.attachments.get().uuid}/")).status_code == 404


def test_a_reported_conversation_costs_the_same_for_a_few_entries_and_for_twenty(
    staff, buyer, shop, seller, part, private_folder, settings
):
    settings.RATE_LIMIT_MESSAGE = "1000/60"
    bowl = make_variant(shop, "Oak bowl")

    def say_all() -> Message:
        said = make_message(buyer, shop, product=bowl.product, part=part, files=a_file())
        made = proposals.offer_refund(
            conversation=said.conversation, part=part, amount_minor=5, reason="", author=seller
        )
        proposals.decline(proposal=made, actor=buyer)
        return said

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert staff.get(address(report)).status_code == 200
        return len(queries)

    report = report_of(say_all(), buyer)
    cost()
    few = cost()
    for _again in range(6):
        say_all()

    assert cost() == few


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
