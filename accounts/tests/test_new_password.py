import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils.timezone import now

from accounts.models import User
from accounts.tests.factories import PASSWORD, make_user
from accounts.tests.forms import fill_in

pytestmark = pytest.mark.django_db

NEW = "a wholly new phrase"


def ask(client, email="ana@example.test"):
    return fill_in(client, "/account/password/reset/", email=email)


def open_link(client, message):
    link = re.search(r"http://testserver(\S+)", message.body)[1]
    return client.get(link, follow=True)


def choose(client, message, password=NEW):
    page = open_link(client, message)
    return fill_in(client, page.redirect_chain[-1][0], password1=password)


def test_known_and_unknown_addresses_get_the_same_answer_and_a_mail_each(
    client, client_of_another, buyer, mailoutbox
):
    known, unknown = ask(client), ask(client_of_another, email="who@example.test")

    assert known.status_code == unknown.status_code == 303
    assert known["Location"] == unknown["Location"]
    assert known.cookies.keys() == unknown.cookies.keys()
    pages = [client.get(known["Location"]), client_of_another.get(unknown["Location"])]
    assert pages[0].content == pages[1].content
    assert [message.to for message in mailoutbox] == [["ana@example.test"], ["who@example.test"]]


def test_the_link_lets_choose_a_password_and_says_so_by_mail(client, buyer, mailoutbox):
    ask(client)

    answer = choose(client, mailoutbox[0])

    buyer.refresh_from_db()
    assert answer.status_code == 303
    assert buyer.check_password(NEW)
    assert "changed" in mailoutbox[1].subject
    assert client.get("/account/").status_code == 200


def test_other_devices_are_signed_out(client, client_of_another, buyer, mailoutbox):
    client_of_another.force_login(buyer)
    version = buyer.session_version
    ask(client)

    choose(client, mailoutbox[0])

    buyer.refresh_from_db()
    assert client_of_another.get("/account/").status_code == 302
    assert buyer.session_version > version


def test_a_link_works_once(client, client_of_another, buyer, mailoutbox):
    ask(client)
    choose(client, mailoutbox[0])

    again = open_link(client_of_another, mailoutbox[0])

    assert "This link has expired" in again.content.decode()


def test_a_link_works_for_an_hour(client, buyer, mailoutbox):
    ask(client)

    with time_machine.travel(now() + timedelta(minutes=61)):
        page = open_link(client, mailoutbox[0])

    assert "This link has expired" in page.content.decode()


def test_a_common_password_is_refused_here_too(client, buyer, mailoutbox):
    ask(client)

    answer = choose(client, mailoutbox[0], password="password1")

    buyer.refresh_from_db()
    assert answer.status_code == 422
    assert buyer.check_password(PASSWORD)


def test_it_opens_the_door_that_guesses_have_locked(client, buyer, mailoutbox, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign_in_account": "1/300"}
    guess = {"login": buyer.email, "password": "guess"}
    client.post("/account/login/", guess)
    assert client.post("/account/login/", guess).status_code == 429

    ask(client)
    choose(client, mailoutbox[0])

    assert client.get("/account/").status_code == 200


def test_an_address_that_waits_to_be_confirmed_opens_nothing(client, buyer, mailoutbox):
    EmailAddress.objects.create(user=buyer, email="who@example.test")

    ask(client, email="who@example.test")

    assert mailoutbox[0].to == ["who@example.test"]
    assert "/password/reset/key/" not in mailoutbox[0].body


def test_one_mailbox_is_not_flooded_from_many_places(buyer, mailoutbox, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"password_reset": "2/3600"}
    places = [Client(REMOTE_ADDR=f"192.0.2.{number}") for number in (1, 2, 3)]

    answers = [ask(place) for place in places]

    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert len(mailoutbox) == 2


def test_one_place_does_not_flood_many_mailboxes(client, mailoutbox, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"password_reset": "2/3600"}

    answers = [ask(client, email=f"{name}@example.test") for name in "abc"]

    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert len(mailoutbox) == 2


def test_a_changed_password_ends_the_other_sessions_and_is_said_by_mail(
    client, client_of_another, buyer, mailoutbox
):
    for browser in (client, client_of_another):
        browser.force_login(buyer)

    answer = fill_in(client, "/account/password/change/", oldpassword=PASSWORD, password1=NEW)

    buyer.refresh_from_db()
    assert answer["Location"] == "/account/security/"
    assert buyer.check_password(NEW)
    assert client.get("/account/").status_code == 200
    assert client_of_another.get("/account/").status_code == 302
    assert mailoutbox[0].to == [buyer.email]


def test_the_old_password_is_needed_to_change_it(client, buyer):
    client.force_login(buyer)

    answer = fill_in(client, "/account/password/change/", oldpassword="a guess", password1=NEW)

    assert answer.status_code == 422
    assert User.objects.get(pk=buyer.pk).check_password(PASSWORD)


def test_a_password_is_asked_for_again_before_what_matters(client, buyer):
    client.force_login(buyer)

    wrong = fill_in(client, "/account/reauthenticate/", password="a guess")
    right = fill_in(client, "/account/reauthenticate/", password=PASSWORD)

    assert wrong.status_code == 422
    assert right.status_code == 303


def test_guesses_at_the_old_password_are_limited(client, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"change_account": "1/600"}
    client.force_login(make_user("ana"))
    guess = {"oldpassword": "a guess", "password1": NEW}
    client.post("/account/password/change/", guess)

    assert client.post("/account/password/change/", guess).status_code == 429
