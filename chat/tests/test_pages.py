from __future__ import annotations

import re
import uuid

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import ShopMember
from accounts.tests.factories import make_user
from catalog.tests.factories import make_variant
from catalog.tests.pictures import picture
from chat.models import Attachment, Conversation, Message, Proposal, QuickReply, Report
from chat.services import manners
from chat.tests.factories import answer, make_message, make_rules
from orders.models import Refund
from orders.tests.factories import make_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private_folder")]


@pytest.fixture
def asked(buyer, shop):
    return make_message(buyer, shop)


@pytest.fixture
def page(client, buyer):
    client.force_login(buyer)
    return client


def here(asked, tail: str = "") -> str:
    return f"/messages/{asked.conversation.uuid}/{tail}"


def text(response) -> str:
    return response.content.decode()


def test_a_question_is_asked_from_the_product_in_two_steps(page, shop):
    bowl = make_variant(shop, "Oak bowl").product
    html = text(page.get(bowl.get_absolute_url()))
    link = re.search(r'href="(/messages/new/[^"]+)"', html).group(1).replace("&amp;", "&")

    form = text(page.get(link))
    assert "Oak bowl" in form
    got = page.post("/messages/new/", {"shop": "fern-co", "product": bowl.slug, "body": "Oak?"})

    message = Message.objects.get()
    assert (got.status_code, got.url) == (303, message.conversation.get_absolute_url())
    assert (message.body, message.product) == ("Oak?", bowl)
    again = page.get(link)
    assert again.status_code == 303
    assert again.url == f"{message.conversation.get_absolute_url()}?product=oak-bowl#write"


def test_who_is_not_signed_in_is_asked_to(client, shop):
    got = client.get("/messages/new/?shop=fern-co")

    assert got.status_code == 302
    assert "/account/login/" in got.url
    assert "shop%3Dfern-co" in got.url


def test_both_sides_begin_from_an_order(page, buyer, shop, seller, client):
    order = make_order(buyer, make_variant(shop))
    part = order.seller_orders.get()
    assert f"/messages/new/?order={part.number}" in text(page.get(order.get_absolute_url()))

    client.force_login(seller)
    studio = text(client.get(f"/seller/orders/sellerorder/{part.pk}/change/"))
    assert f"/messages/new/?order={part.number}" in studio
    client.post("/messages/new/", {"order": part.number, "body": "Which colour?"})

    message = Message.objects.get()
    assert (message.side, message.part, message.author) == ("shop", part, seller)


def test_a_message_is_sent_without_javascript_and_shown(page, asked):
    got = page.post(here(asked), {"body": "How wide?", "client_id": uuid.uuid4()})

    assert (got.status_code, got.url) == (303, here(asked, "#m2"))
    html = text(page.get(here(asked)))
    assert "Is it oak?" in html
    assert 'id="m2"' in html
    assert 'role="log"' in html


def test_a_form_sent_twice_is_one_message(page, asked):
    sent = {"body": "How wide?", "client_id": uuid.uuid4()}

    answers = [page.post(here(asked), sent) for _ in range(2)]

    assert {got.url for got in answers} == {here(asked, "#m2")}
    assert asked.conversation.messages.count() == 2


@pytest.mark.parametrize("body", ["  ", "\u200d", "\ufe0f \u200c\ufeff"])
@pytest.mark.parametrize("form", ["", "1/edit/"])
def test_nothing_is_refused_in_the_form(form, body, page, asked):
    got = page.post(here(asked, form), {"body": body})

    assert got.status_code == 422
    assert "Write something first." in text(got)
    assert [message.body for message in asked.conversation.messages.all()] == ["Is it oak?"]


@pytest.mark.parametrize("form", ["", "1/edit/", "new"])
def test_what_is_too_long_comes_back_as_it_was_typed(form, page, asked, rival):
    address = "/messages/new/" if form == "new" else here(asked, form)
    shown = text(page.get(address, {"shop": rival.slug}))
    assert "maxlength" not in shown.partition("<textarea")[2].partition(">")[0]
    assert 'most="2000"' in shown
    typed = "Long. " * 333 + "The end"

    got = page.post(address, {"body": typed, "shop": rival.slug})

    assert got.status_code == 422
    assert "a message has at most 2000 characters, and this has 2005." in text(got)
    assert f"{typed}</textarea>" in text(got)
    assert [message.body for message in Message.objects.all()] == ["Is it oak?"]


def test_a_message_is_as_long_as_what_is_kept_of_it(page, asked):
    lines = "\r\n".join(["x" * 19] * 100) + "\r\n \u200b"

    got = page.post(here(asked), {"body": lines})

    assert got.status_code == 303
    assert len(asked.conversation.messages.get(seq=2).body) == 1999


def test_what_people_write_is_text_and_links_lead_past_a_warning(page, asked, seller):
    answer(asked, seller, '<script>alert(1)</script> see https://fern.example/a?b="c.')

    html = text(page.get(here(asked)))

    assert "<script>alert" not in html
    assert 'href="/messages/leave/?to=https%3A%2F%2Ffern.example%2Fa%3Fb%3D"' in html
    warning = text(page.get("/messages/leave/?to=https%3A%2F%2Ffern.example%2Fa"))
    assert 'href="https://fern.example/a" rel="nofollow ugc noreferrer"' in warning
    for wrong in ("javascript:alert(1)", "//fern.example", ""):
        assert page.get("/messages/leave/", {"to": wrong}).status_code == 404


def test_reading_the_page_reads_the_messages(page, buyer, asked, seller):
    answer(asked, seller)
    assert ", 1 new" in text(page.get("/messages/"))

    assert "New messages" in text(page.get(here(asked)))

    assert Conversation.objects.unread_count(buyer) == 0
    assert "New messages" not in text(page.get(here(asked)))


def test_the_shops_members_answer_as_the_shop(client, page, asked, shop, seller):
    kim = make_user("kim")
    ShopMember.objects.create(shop=shop, user=kim, role="support")
    answer(asked, kim)

    assert "Kim" not in text(page.get(here(asked)))
    client.force_login(seller)
    assert "Kim" in text(client.get(here(asked)))


def test_a_picture_is_drawn_anew_and_seen_by_the_two_sides_alone(page, client, asked, stranger):
    photo = SimpleUploadedFile("../crack.jpg", picture(size=(40, 30), format="JPEG"))
    page.post(here(asked), {"body": "", "files": [photo]})

    file = Attachment.objects.get()
    assert (file.kind, file.name, file.width) == ("picture", "crack.jpg", 40)
    got = page.get(f"/messages/files/{file.uuid}/")
    assert got["Content-Type"] == "image/jpeg"
    assert got["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got["Content-Security-Policy"]
    client.force_login(stranger)
    assert client.get(f"/messages/files/{file.uuid}/").status_code == 404


def test_a_pdf_is_only_ever_downloaded(page, asked):
    paper = SimpleUploadedFile("Plan\r\nX: y.pdf", b"%PDF-1.7 plan", "text/html")
    page.post(here(asked), {"body": "The plan", "files": [paper]})

    got = page.get(f"/messages/files/{Attachment.objects.get().uuid}/")
    assert got["Content-Type"] == "application/pdf"
    assert got["Content-Disposition"].startswith("attachment;")
    assert "\n" not in got["Content-Disposition"]
    assert got["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "data", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"GIF89a", b"\xff\xd8\xff"]
)
def test_hostile_files_are_refused_and_nothing_is_kept(data, page, asked, tmp_path):
    good = SimpleUploadedFile("plan.pdf", b"%PDF-1.7")
    bad = SimpleUploadedFile("picture.jpg", data, "image/jpeg")

    got = page.post(here(asked), {"body": "Look", "files": [good, bad]})

    assert got.status_code == 422
    assert asked.conversation.messages.count() == 1
    assert not Attachment.objects.exists()
    assert not list(tmp_path.rglob("*.pdf"))
    assert storages["private"].location == str(tmp_path)


def test_six_files_are_too_many(page, asked):
    files = [SimpleUploadedFile(f"{n}.pdf", b"%PDF-1.7") for n in range(6)]

    assert page.post(here(asked), {"body": "Look", "files": files}).status_code == 422
    assert asked.conversation.messages.count() == 1


def test_a_message_is_edited_and_taken_back(page, asked):
    assert page.post(here(asked, "1/edit/"), {"body": "Is it ash?"}).status_code == 303
    assert "Is it ash?" in text(page.get(here(asked)))

    assert "Is it ash?" in text(page.get(here(asked, "1/delete/")))
    page.post(here(asked, "1/delete/"))
    assert "This message was taken back." in text(page.get(here(asked)))


def test_a_change_that_comes_too_late_keeps_what_was_typed(page, asked, settings):
    settings.MESSAGE_EDIT_MINUTES = 0

    got = page.post(here(asked, "1/edit/"), {"body": "Is it ash?"})

    assert got.status_code == 422
    assert "can&#x27;t be changed any more" in text(got)
    assert "Is it ash?</textarea>" in text(got)
    asked.refresh_from_db()
    assert asked.body == "Is it oak?"


def test_nobody_edits_the_words_of_others(page, client, asked, seller):
    client.force_login(seller)

    for step in ("1/edit/", "1/delete/"):
        assert client.get(here(asked, step)).status_code == 404
        assert client.post(here(asked, step), {"body": "No"}).status_code == 404

    asked.refresh_from_db()
    assert asked.body == "Is it oak?"


def test_blocking_closes_the_composer(page, client, asked, seller):
    client.force_login(seller)
    client.post(here(asked, "block/"))
    assert "Unblock Ana" in text(client.get(here(asked)))

    client.force_login(asked.author)
    html = text(client.get(here(asked)))
    assert "You can&#x27;t message this shop." in html
    assert "<textarea" not in html


def test_a_report_reaches_staff(page, asked, seller):
    rude = answer(asked, seller, "Pay me by cheque.")

    assert page.post(here(asked, f"{rude.seq}/report/"), {"reason": ""}).status_code == 422
    page.post(here(asked, f"{rude.seq}/report/"), {"reason": "A trick"})

    assert Report.objects.get().message == rude


def test_the_sender_is_told_gently(page, asked):
    make_rules()

    page.post(here(asked), {"body": "Mail me@ana.example"})

    assert "Stay here." in text(page.get(here(asked)))


def test_an_offer_is_made_and_accepted_on_the_page(page, client, buyer, shop, seller):
    part = make_order(buyer, make_variant(shop, price=2000), paid=True).seller_orders.get()
    asked = make_message(buyer, shop, part=part)
    client.force_login(seller)
    assert "Offer a refund" in text(client.get(here(asked)))
    client.post(
        here(asked, f"orders/{part.number}/offer/"),
        {"offer-amount": "5.00", "offer-reason": "For the crack"},
    )
    proposal = Proposal.objects.get()
    # Nobody accepts their own offer.
    assert client.post(here(asked, "2/answer/"), {"answer": "accept"}).status_code == 404

    client.force_login(buyer)
    assert "Accept €5.00" in text(client.get(here(asked)))
    client.post(here(asked, "2/answer/"), {"answer": "accept"})

    proposal.refresh_from_db()
    assert (proposal.state, Refund.objects.get().amount_minor) == ("accepted", 500)
    assert "Accepted: partial refund, €5.00." in text(client.get(here(asked)))


def test_who_may_not_refund_offers_nothing(client, buyer, shop):
    part = make_order(buyer, make_variant(shop), paid=True).seller_orders.get()
    asked = make_message(buyer, shop, part=part)
    kim = make_user("kim")
    ShopMember.objects.create(shop=shop, user=kim, role="support")
    client.force_login(kim)

    assert "Offer a refund" not in text(client.get(here(asked)))
    got = client.post(
        here(asked, f"orders/{part.number}/offer/"),
        {"offer-amount": "5.00", "offer-reason": "For the crack"},
    )
    assert got.status_code == 404
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("who", ["sam", "rita", "vera"])
def test_what_is_foreign_is_unknown(who, client, asked, rival):
    make_user("vera", is_staff=True, is_superuser=True)
    client.force_login(make_user(who))
    unknown = f"/messages/{uuid.uuid4()}/"

    for tail in ("", "news/", "1/edit/", "report/"):
        assert client.get(here(asked, tail)).status_code == 404
        assert client.get(unknown + tail).status_code == 404
    for tail in ("", "block/", "unblock/", "1/delete/", "1/answer/"):
        assert client.post(here(asked, tail), {"body": "x"}).status_code == 404
    asked.refresh_from_db()
    assert asked.conversation.messages.count() == 1


def test_one_searches_ones_own_words_only(page, asked, seller, shop):
    answer(asked, seller, "Solid oak, oiled.")
    make_message(make_user("sam"), shop, "Is the oak oiled?")

    html = text(page.get("/messages/?q=oak oiled"))

    assert "1 message with" in html
    assert "Solid oak, oiled." in html
    assert "Is the oak oiled?" not in html


def test_the_shop_sees_the_initials_of_who_writes_and_no_name_in_an_address(client, shop, seller):
    for name in ("noor van haddad", "zoë", "…"):
        make_message(make_user(name, email=f"buyer{len(name)}@example.test"), shop)
    client.force_login(seller)

    html = text(client.get("/messages/"))

    seeds = re.findall(r'src="/art/(avatar-[^"]+)\.svg"', html)
    pictures = [client.get(f"/art/{seed}.svg").content.decode() for seed in seeds]
    assert [re.search(r">([^<]*)</text>", one).group(1) for one in pictures] == ["B", "Z", "NH"]
    assert not any("Noor" in seed or "Zo" in seed for seed in seeds)


def test_an_empty_inbox_says_what_it_is_for(page):
    assert "Questions to sellers appear here." in text(page.get("/messages/"))


def test_news_are_what_came_after(page, asked, seller):
    for number in (2, 3):
        answer(asked, seller, f"Answer {number}")

    after, one = (text(page.get(here(asked, f"news/?{query}"))) for query in ("after=1", "seq=3"))

    assert [n for n in (1, 2, 3) if f'id="m{n}"' in after] == [2, 3]
    assert [n for n in (1, 2, 3) if f'id="m{n}"' in one] == [3]


def test_older_messages_are_a_page_before_and_a_link_leads_back_to_the_newest(page, asked, seller):
    Message.objects.filter(pk=asked.pk).update(body="The very first")
    for number in range(2, 121):
        answer(asked, seller, f"Answer {number}")

    newest = text(page.get(here(asked)))
    assert seqs(newest) == list(range(71, 121))
    assert 'href="?before=71#m70"' in newest
    assert "Newest messages" not in newest

    older = text(page.get(here(asked, "?before=71")))
    assert seqs(older) == list(range(21, 71))
    assert 'href="?before=21#m20"' in older
    assert " past " in older
    assert f'href="{asked.conversation.get_absolute_url()}#m120">Newest messages' in older
    assert seqs(text(page.get(here(asked, "news/?before=71")))) == list(range(21, 71))

    oldest = text(page.get(here(asked, "?before=21")))
    assert seqs(oldest) == list(range(1, 21))
    assert "Older messages" not in oldest


def test_a_page_that_ends_with_the_last_message_is_the_newest_one(page, asked):
    """The link of a message that was found: it may be the last."""
    html = text(page.get(here(asked, "?before=2")))

    assert seqs(html) == [1]
    assert "Newest messages" not in html
    assert " past " not in html


def seqs(html: str) -> list[int]:
    return [int(seq) for seq in re.findall(r'id="m(\d+)"', html)]


def test_quick_replies_are_the_shops(client, asked, shop, seller, buyer):
    QuickReply.objects.create(shop=shop, title="Thanks", body="Thank you, we will look.")
    client.force_login(seller)
    assert "Thank you, we will look." in text(client.get(here(asked)))

    client.force_login(buyer)
    assert "Thank you, we will look." not in text(client.get(here(asked)))


def test_the_pages_cost_the_same_for_one_and_for_five(
    client, shop, seller, asked, django_assert_max_num_queries
):
    client.force_login(seller)
    for number in range(5):
        make_message(make_user(f"buyer{number}"), shop)
        answer(asked, seller, f"Answer {number}")
        with django_assert_max_num_queries(12):
            client.get("/messages/")
        with django_assert_max_num_queries(34):
            client.get(here(asked))


def test_badges_count_news_to_nine_and_the_words_say_how_many(page, asked, seller):
    for number in range(12):
        answer(asked, seller, f"Answer {number}")

    html = text(page.get("/messages/"))

    assert re.findall(r">(\d+\+)</span>", html) == ["9+", "9+"]
    assert "12 new messages" in html
    assert ", 12 new" in html


def test_a_conversation_blocked_by_oneself_offers_the_way_back(page, asked, buyer):
    manners.block(conversation=asked.conversation, person=buyer)

    assert "You have blocked this conversation." in text(page.get(here(asked)))
    page.post(here(asked, "unblock/"))
    assert "<textarea" in text(page.get(here(asked)))
