import re

import pytest
from allauth.account.models import EmailAddress

from accounts.tests.factories import make_user
from accounts.tests.forms import fill_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client, buyer):
    client.force_login(buyer)
    return buyer


def change_to(client, email):
    return fill_in(client, "/account/email/", email=email, action_add="")


def confirm(client, message):
    return fill_in(client, re.search(r"http://testserver(\S+)", message.body)[1])


def test_the_new_address_counts_once_it_is_confirmed(client, ana, mailoutbox):
    change_to(client, "New@example.test")

    ana.refresh_from_db()
    assert ana.email == "ana@example.test"
    assert mailoutbox[0].to == ["new@example.test"]

    confirm(client, mailoutbox[0])

    ana.refresh_from_db()
    assert ana.email == "new@example.test"
    assert mailoutbox[1].to == ["ana@example.test"]
    assert not EmailAddress.objects.filter(email="ana@example.test").exists()


def test_an_address_of_somebody_else_gets_the_same_answer(client, ana, stranger, mailoutbox):
    taken = change_to(client, stranger.email)
    page_of_taken = client.get("/account/email/").content.decode()
    free = change_to(client, "free@example.test")
    page_of_free = client.get("/account/email/").content.decode()

    changes = re.compile(r"csrfmiddlewaretoken\" value=\"\w+|\w+@example\.test")
    assert (taken.status_code, taken["Location"]) == (free.status_code, free["Location"])
    assert changes.sub("", page_of_taken) == changes.sub("", page_of_free)
    assert [message.to for message in mailoutbox] == [[stranger.email], ["free@example.test"]]


def test_an_address_of_somebody_else_cannot_be_taken(client, ana, stranger, mailoutbox):
    change_to(client, stranger.email)

    confirm(client, mailoutbox[0])

    ana.refresh_from_db()
    stranger.refresh_from_db()
    assert (ana.email, stranger.email) == ("ana@example.test", "sam@example.test")


def test_nor_one_that_signed_up_meanwhile(client, ana, mailoutbox):
    change_to(client, "noor@example.test")
    noor = make_user("noor")
    EmailAddress.objects.filter(user=noor).update(verified=False)

    answer = confirm(client, mailoutbox[0])

    ana.refresh_from_db()
    assert answer.status_code == 303
    assert ana.email == "ana@example.test"


def test_the_old_address_can_be_kept(client, ana, mailoutbox):
    change_to(client, "new@example.test")

    fill_in(client, "/account/email/", action_remove="", email="new@example.test")

    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["ana@example.test"]


def test_ones_own_address_is_no_change(client, ana):
    answer = change_to(client, "ana@example.test")

    assert answer.status_code == 422
    assert "your address already" in answer.content.decode()
