import re

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail

from accounts.models import User
from accounts.services import registration
from accounts.tests.factories import PASSWORD, make_user
from accounts.tests.forms import fill_in

pytestmark = pytest.mark.django_db


def sign_up(client, email="noor@example.test", password=PASSWORD, name="Noor"):
    return fill_in(client, "/account/signup/", email=email, password1=password, name=name)


def link_in(message):
    return re.search(r"http://\S+", message.body)[0].removeprefix("http://testserver")


def headers_of(answer):
    # Every answer has an id of its own.
    return {name: value for name, value in answer.headers.items() if name != "X-Request-ID"}


def without_token(page):
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page.content.decode())


def test_a_new_person_confirms_the_address_and_is_in(client):
    answer = sign_up(client)

    assert answer.status_code == 303
    assert answer["Location"] == "/account/confirm-email/"
    assert "Check your mail" in client.get(answer["Location"]).content.decode()
    assert mail.outbox[0].to == ["noor@example.test"]

    confirmed = fill_in(client, link_in(mail.outbox[0]))

    assert confirmed.status_code == 303
    assert EmailAddress.objects.get(email="noor@example.test").verified
    assert client.get("/account/").status_code == 200


def test_after_confirming_one_goes_on_where_one_was(client):
    url = "/account/signup/?next=/sell/start/"
    fill_in(client, url, email="noor@example.test", password1=PASSWORD, name="Noor")

    confirmed = fill_in(client, link_in(mail.outbox[0]))

    assert confirmed["Location"] == "/sell/start/"


def test_the_link_in_another_browser_confirms_but_lets_nobody_in(client, client_of_another):
    sign_up(client)

    confirmed = fill_in(client_of_another, link_in(mail.outbox[0]))

    assert confirmed["Location"] == "/account/login/"
    assert EmailAddress.objects.get(email="noor@example.test").verified
    assert client_of_another.get("/account/").status_code == 302


def test_a_link_is_used_once(client, client_of_another):
    sign_up(client)
    link = link_in(mail.outbox[0])
    fill_in(client, link)

    again = client_of_another.get(link)

    assert "This link has expired" in again.content.decode()
    assert client_of_another.post(link).status_code == 404


@time_machine.travel("2026-03-02 09:00", tick=False)  # Expires names a second.
def test_known_and_unknown_addresses_get_the_same_answer_and_a_mail_each(
    client, client_of_another
):
    make_user("ana")

    known = sign_up(client, email="ana@example.test")
    unknown = sign_up(client_of_another, email="noor@example.test")

    assert known.status_code == unknown.status_code == 303
    assert headers_of(known) == headers_of(unknown)
    assert known.cookies.keys() == unknown.cookies.keys()
    pages = [client.get(known["Location"]), client_of_another.get(unknown["Location"])]
    assert without_token(pages[0]) == without_token(pages[1])
    assert [message.to for message in mail.outbox] == [
        ["ana@example.test"],
        ["noor@example.test"],
    ]
    assert "already" in mail.outbox[0].subject


def test_a_known_address_changes_nothing(client):
    ana = make_user("ana")
    before = User.objects.values().get(pk=ana.pk)

    sign_up(client, email="ANA@example.test", password="quite another one", name="Mallory")

    assert User.objects.values().get() == before


def test_a_known_address_costs_the_work_of_the_hasher_too(monkeypatch):
    hashed = []
    monkeypatch.setattr(
        registration, "make_password", lambda password: hashed.append(password) or "!"
    )
    make_user("ana")

    registration.sign_up(email="ana@example.test", password=PASSWORD, name="Ana")

    assert hashed == [PASSWORD]


def test_two_at_the_same_moment_make_one_account(monkeypatch):
    make_user("ana")
    # As if the other sign-up had committed after the look and before the insert.
    monkeypatch.setattr("django.db.models.QuerySet.exists", lambda rows: False)

    assert registration.sign_up(email="ana@example.test", password=PASSWORD, name="A") is None
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("password", "advice"),
    [
        ("password123", "that fewer people use"),
        ("short1", "at least 8 characters"),
        ("noor@example.test", "differs from your name and address"),
    ],
)
def test_a_weak_password_is_refused_and_the_rest_kept(client, password, advice):
    answer = sign_up(client, password=password)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert advice in page
    assert "<title>Error:" in page
    assert "There is a problem" in page
    assert 'value="noor@example.test"' in page
    assert 'value="Noor"' in page
    assert f'value="{password}" autocomplete="new-password"' not in page
    assert not User.objects.exists()


def test_what_is_missing_is_said_beside_its_field_and_above_the_heading(client):
    answer = fill_in(client, "/account/signup/", email="", name="", password1="")

    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("Enter your name") == 2
    assert page.index("There is a problem") < page.index("<h1")
    assert 'aria-invalid="true"' in page


def test_an_address_somebody_else_waits_to_confirm_can_still_sign_up(client):
    squatter = make_user("sam")
    EmailAddress.objects.create(user=squatter, email="noor@example.test")

    sign_up(client)

    assert User.objects.filter(email="noor@example.test").exists()


def test_sign_ups_from_one_place_are_limited(client, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"register": "1/600"}
    sign_up(client, email="one@example.test")

    answer = sign_up(client, email="two@example.test")

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 600
    assert re.search(r"Try again at <time[^>]*>\d\d:\d\d", answer.content.decode())
    assert not User.objects.filter(email="two@example.test").exists()


def test_a_demo_says_where_its_mails_are(client, settings):
    settings.EMAIL_BACKEND = "marketflow.core.console.EmailBackend"
    person = {"email": "nora@example.test", "password": PASSWORD, "name": "Nora"}

    assert "printed in the terminal" in client.get("/account/confirm-email/").content.decode()
    told = client.post("/api/v1/auth/register/", person, content_type="application/json").json()
    assert "printed in the terminal" in told["detail"]


def test_a_printed_mail_is_its_text_alone(client, settings, capsys):
    settings.EMAIL_BACKEND = "marketflow.core.console.EmailBackend"

    sign_up(client)

    printed = capsys.readouterr().out
    assert "Subject: " in printed
    assert "/account/confirm-email/" in printed
    assert "text/html" not in printed
    assert "<a " not in printed


def test_a_mail_is_text_and_html(client):
    sign_up(client)

    message = mail.outbox[0]
    (page,) = [body for body, kind in message.alternatives if kind == "text/html"]
    assert link_in(message) in page
    assert "<" not in message.body
